/* SPDX-License-Identifier: MIT */
/* The one question of each thread; see confreg/interrupt.h. */
#include "base/interrupt.h"

#include <time.h>

#include "base/fail.h"

static _Thread_local struct {
    creg_interrupt ask;
    void *user;
} current;

void creg_interrupt_set(creg_interrupt ask, void *user)
{
    current.ask = ask;
    current.user = user;
}

bool creg_is_interruptible(void)
{
    return current.ask != NULL;
}

bool creg_is_interrupted(void)
{
    return current.ask != NULL && current.ask(current.user);
}

creg_status creg_fail_interrupted(creg_error *err)
{
    return creg_fail(err, CREG_CANCELLED, "interrupted, nothing was done");
}

static void sleep_ms(uint64_t duration)
{
    struct timespec pause = {.tv_sec = (time_t)(duration / 1000),
                             .tv_nsec = (long)(duration % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

bool creg_interrupt_sleep(uint64_t duration_ms)
{
    while (creg_is_interruptible() && duration_ms > CREG_INTERRUPT_MS) {
        sleep_ms(CREG_INTERRUPT_MS);
        duration_ms -= CREG_INTERRUPT_MS;
        if (creg_is_interrupted())
            return false;
    }
    sleep_ms(duration_ms);
    return !creg_is_interrupted();
}
