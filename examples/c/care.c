/* SPDX-License-Identifier: MIT */
/*
 * What somebody does who looks after a registry: lint a service template before it is
 * registered, see that the store keeps what it promises, move everything to another store and
 * compare, give instances of other programs their record, and undo what dead writers left.
 * Ctrl-C gives up a call that waits.
 *
 *     cc care.c $(pkg-config --cflags --libs confreg)
 *     ./a.out lmdb:/tmp/confreg-old lmdb:/tmp/confreg-new
 */
#include <signal.h>
#include <stdio.h>

#include <confreg/confreg.h>
#include <confreg/interrupt.h>
#include <confreg/transfer.h>

static volatile sig_atomic_t is_over;

static void note_signal(int number)
{
    (void)number;
    is_over = 1;
}

static bool ask(void *user)
{
    (void)user;
    return is_over != 0;
}

static creg_template mailer(const char *body)
{
    creg_template template_ = {0};
    template_.name = creg_slice_of("mailer");
    template_.version = creg_slice_of("2.1");
    template_.body = creg_slice_of(body);
    template_.options = creg_slice_of("{\"optional\": {\"port\": 25}}");
    return template_;
}

/* Nothing is written by it, so a mistake can be shown to its author at once. */
static creg_status lint(creg_registry *registry, creg_arena *arena, creg_error *err)
{
    const creg_template wrong = mailer("{\"port\": \"{{ opts.prot }}\"}");
    creg_findings findings;
    creg_status status =
        creg_template_lint(registry, &wrong, creg_value_none(), arena, &findings, err);
    for (size_t at = 0; status == CREG_OK && at < findings.size; at++)
        printf("line %u: %.*s\n", (unsigned)findings.items[at].line,
               (int)findings.items[at].rule.size, findings.items[at].rule.data);
    return status;
}

static creg_status fill(creg_registry *registry, creg_arena *arena, creg_error *err)
{
    const creg_template right = mailer("{\"port\": \"{{ opts.port }}\"}");
    creg_status status = creg_template_register(registry, &right, false, err);
    if (status != CREG_OK)
        return status;
    creg_instance_spec spec = {0};
    spec.user = creg_slice_of("jlopez");
    spec.name = right.name;
    spec.version = right.version;
    creg_instance instance;
    status = creg_instantiate(registry, &spec, arena, &instance, err);
    if (status != CREG_OK)
        return status;
    /* As a program would that knows nothing of records. */
    return creg_store_put(creg_registry_store(registry),
                          creg_slice_of("instances/jlopez/mailer/2.1/7/port"),
                          creg_slice_of("26"), err);
}

static creg_status adopt(creg_registry *registry, creg_arena *arena, creg_error *err)
{
    creg_report report;
    creg_status status = creg_adopt(registry, false, arena, &report, err);
    if (status == CREG_OK)
        printf("adopted: %zu\n", report.changed);
    if (status == CREG_OK)
        status = creg_sweep(registry, arena, &report, err);
    if (status == CREG_OK)
        printf("swept: %zu\n", report.changed);
    if (status == CREG_OK)
        status = creg_fsck(registry, false, arena, &report, err);
    if (status == CREG_OK)
        printf("checked: %zu, findings: %zu\n", report.checked, report.findings.size);
    return status;
}

static creg_status move(creg_registry *from, creg_registry *to, creg_arena *arena,
                        creg_error *err)
{
    creg_transfer_options options = {0};
    options.verify = true;
    creg_transfer_report report;
    creg_status status = creg_store_copy(from, to, &options, arena, &report, err);
    if (status != CREG_OK)
        return status;
    printf("copied: %zu templates, %zu instances; digests are %s\n", report.templates,
           report.instances,
           creg_slice_equal(report.source_digest, report.destination_digest) ? "equal"
                                                                             : "not equal");
    return CREG_OK;
}

static creg_status measure(const char *url, creg_arena *arena, creg_error *err)
{
    creg_measure_options options = {0};
    options.is_quick = true;
    creg_measures measures;
    creg_status status = creg_store_measure(url, &options, arena, &measures, err);
    size_t broken = 0;
    for (size_t at = 0; status == CREG_OK && at < measures.size; at++)
        broken += measures.items[at].result == CREG_MEASURE_BROKEN;
    if (status == CREG_OK)
        printf("promises that do not hold: %zu\n", broken);
    return status;
}

int main(int argc, char **argv)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)256 * 1024 * 1024);
    creg_error err;
    creg_registry *from = NULL;
    creg_registry *to = NULL;
    signal(SIGINT, note_signal);
    creg_interrupt_set(ask, NULL);

    creg_status status = CREG_USAGE;
    if (argc != 3) {
        snprintf(err.message, sizeof err.message, "care FROM-URL TO-URL");
        goto done;
    }
    status = creg_open(argv[1], NULL, &from, &err);
    if (status == CREG_OK)
        status = creg_open(argv[2], NULL, &to, &err);
    if (status == CREG_OK)
        status = lint(from, &arena, &err);
    if (status == CREG_OK)
        status = fill(from, &arena, &err);
    if (status == CREG_OK)
        status = adopt(from, &arena, &err);
    if (status == CREG_OK)
        status = move(from, to, &arena, &err);
    if (status == CREG_OK)
        status = measure(argv[2], &arena, &err);
done:
    if (status != CREG_OK)
        fprintf(stderr, "care: %s: %s\n", creg_status_text(status), err.message);
    creg_close(from);
    creg_close(to);
    creg_arena_clear(&arena);
    return creg_status_exit_code(status);
}
