/* SPDX-License-Identifier: MIT */
/* Waits that ask whether to go on: a sleep, a render, requests to a server that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "case.h"
#include "confreg/jinja.h"
#include "confreg/store.h"
#include "net/http.h"

/* A caller that gives up when it is asked for the Nth time. */
typedef struct caller {
    int patience;
    int asked;
} caller;

static bool has_enough(void *user)
{
    caller *self = user;
    return ++self->asked > self->patience;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int forget_caller(void **state)
{
    creg_interrupt_set(NULL, NULL);
    return tear_down(state);
}

static void test_interrupt__sleep_ends_when_the_caller_has_enough(void **state)
{
    (void)state;
    caller asked = {.patience = 2};
    creg_interrupt_set(has_enough, &asked);
    int64_t before = now_ms();
    assert_false(creg_interrupt_sleep(60000));
    assert_true(now_ms() - before < 30000);
    assert_int_equal(asked.asked, 3);
}

static void test_interrupt__sleep_lasts_when_nobody_interrupts(void **state)
{
    (void)state;
    caller asked = {.patience = 1000};
    creg_interrupt_set(has_enough, &asked);
    int64_t before = now_ms();
    assert_true(creg_interrupt_sleep(70));
    assert_true(now_ms() - before >= 69);
    assert_true(asked.asked >= 3);
    creg_interrupt_set(NULL, NULL);
    assert_true(creg_interrupt_sleep(1));
    assert_false(creg_is_interrupted());
}

static void *sleep_elsewhere(void *user)
{
    *(bool *)user = creg_interrupt_sleep(60);
    return NULL;
}

static void test_interrupt__is_of_one_thread(void **state)
{
    (void)state;
    caller asked = {.patience = 0};
    creg_interrupt_set(has_enough, &asked);
    bool slept = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_elsewhere, &slept), 0);
    pthread_join(thread, NULL);
    assert_true(slept);
    assert_int_equal(asked.asked, 0);
}

static creg_status render(const char *source, creg_slice *ret_text)
{
    jinja_options options = {.limits = {.fuel = UINT64_MAX}};
    jinja_engine *engine = NULL;
    jinja_template *compiled = NULL;
    assert_int_equal(jinja_engine_new(&options, &engine, &err), CREG_OK);
    assert_int_equal(
        jinja_compile(engine, creg_slice_of("t"), creg_slice_of(source), &compiled, &err),
        CREG_OK);
    creg_status status =
        jinja_render(compiled, creg_value_none(), NULL, &arena, ret_text, &err);
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    return status;
}

static void test_interrupt__render_stops(void **state)
{
    (void)state;
    caller asked = {.patience = 1};
    creg_interrupt_set(has_enough, &asked);
    creg_slice text;
    assert_int_equal(render("{% for a in range(10**9) %}{% for b in range(10**9) %}"
                            "{% endfor %}{% endfor %}",
                            &text),
                     CREG_CANCELLED);
    assert_int_equal(asked.asked, 2);
}

static void test_interrupt__short_render_asks_nobody(void **state)
{
    (void)state;
    caller asked = {.patience = 0};
    creg_interrupt_set(has_enough, &asked);
    creg_slice text;
    assert_int_equal(render("{% for a in range(3) %}{{ a }}{% endfor %}", &text), CREG_OK);
    assert_true(creg_slice_equal(text, creg_slice_of("012")));
}

/* A port that takes connections and never answers; the listener, or -1. */
static int silent_server(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return listener;
}

static creg_status send_to_silence(bool is_repeatable)
{
    uint16_t port;
    int listener = silent_server(&port);
    char authority[32];
    snprintf(authority, sizeof authority, "127.0.0.1:%u", (unsigned)port);
    creg_http_options options = {.service = "silence",
                                 .authority = creg_slice_of(authority),
                                 .default_port = 1,
                                 .timeout_ms = 60000,
                                 .body_max = 1000};
    creg_http *http;
    assert_int_equal(creg_http_new(&options, &http, &err), CREG_OK);
    creg_http_request request = {.method = "PUT", .path = "/", .is_repeatable = is_repeatable};
    creg_http_answer answer;
    int64_t before = now_ms();
    creg_status status = creg_http_send(http, &request, &arena, &answer, &err);
    assert_true(now_ms() - before < 30000);
    creg_http_free(http);
    close(listener);
    return status;
}

static void test_interrupt__request_without_an_answer(void **state)
{
    (void)state;
    caller asked = {.patience = 3};
    creg_interrupt_set(has_enough, &asked);
    assert_int_equal(send_to_silence(true), CREG_CANCELLED);
    assert_int_equal(asked.asked, 4);
    asked.asked = 0;
    assert_int_equal(send_to_silence(false), CREG_UNKNOWN_OUTCOME);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, forget_caller)
    const struct CMUnitTest tests[] = {
        CASE(test_interrupt__sleep_ends_when_the_caller_has_enough),
        CASE(test_interrupt__sleep_lasts_when_nobody_interrupts),
        CASE(test_interrupt__is_of_one_thread),
        CASE(test_interrupt__render_stops),
        CASE(test_interrupt__short_render_asks_nobody),
        CASE(test_interrupt__request_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
