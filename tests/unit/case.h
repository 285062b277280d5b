/* SPDX-License-Identifier: MIT */
/*
 * What a case of a unit test starts from: an arena of its own and no error. For programs whose
 * cases need nothing else; give set_up and tear_down to cmocka for each case.
 */
#ifndef CREG_TEST_CASE_H
#define CREG_TEST_CASE_H

#include "confreg/base.h"
#include "confreg/error.h"

static creg_arena arena;
static creg_error err;

static int set_up(void **state)
{
    (void)state;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_error_clear(&err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    creg_arena_clear(&arena);
    return 0;
}

#endif
