/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: what every store driver is held to, through the public calls only.
 *
 * A case is a function; it runs once for each URL, on a root of its own that is empty at its
 * start. CHECK goes on after a failure, REQUIRE leaves the case.
 */
#ifndef CREG_TESTS_CONFORMANCE_SUITE_H
#define CREG_TESTS_CONFORMANCE_SUITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confreg/store.h"

typedef struct suite {
    const char *url;   /* as given */
    char root[64];     /* of the running case, unlike any other */
    char folder[256];  /* of "lmdb:" without a path: made for this run */
    creg_store *store; /* open on that root */
    creg_arena arena;  /* cleared after each case */
    creg_error err;
    creg_limits limits;
    unsigned capabilities;
    const char *skipped; /* why the case does not apply here */
} suite;

typedef struct suite_case {
    const char *name;
    void (*run)(suite *s);
} suite_case;

extern const suite_case cases_get[];
extern const suite_case cases_list[];
extern const suite_case cases_apply[];
extern const suite_case cases_wait[];
extern const suite_case cases_liveness[];
extern const suite_case cases_threads[];
extern const suite_case cases_process[];
extern const suite_case cases_open[];

/** Count one check; a failure is printed with its place. Threads: any. */
bool suite_check(bool holds, const char *file, int line, const char *format, ...)
    CREG_PRINTF(4, 5);

#define CHECK(holds, ...) suite_check((holds), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_STATUS(is, wanted) suite_check_status((is), (wanted), __FILE__, __LINE__, #is)
#define REQUIRE(holds, ...)                                                                    \
    do {                                                                                       \
        if (!CHECK(holds, __VA_ARGS__))                                                        \
            return;                                                                            \
    } while (0)
#define SKIP(why)                                                                              \
    do {                                                                                       \
        s->skipped = (why);                                                                    \
        return;                                                                                \
    } while (0)

bool suite_check_status(creg_status is, creg_status wanted, const char *file, int line,
                        const char *what);

/** One more handle on the root of the case, or on another root below the same URL. */
creg_store *suite_open(suite *s, const creg_store_options *options);
creg_store *suite_open_root(suite *s, const char *root, const creg_store_options *options);
/** The URL for a root, in a static buffer of the calling thread. */
const char *suite_url(suite *s, const char *root);

/* Short forms; each checks that the call is CREG_OK. Keys are NUL-terminated. */
void put(suite *s, const char *key, const char *value);
void put_many(suite *s, const char *const *keys); /* NULL-ended; each value is its key */
void delete_key(suite *s, const char *key);
/** The value of a key, or NULL. */
const char *value_of(suite *s, const char *key);
creg_version version_of(suite *s, const char *key);
bool is_absent(suite *s, const char *key);

/** Everything that `read` gives, as "a=1 b= c/ ", with '+' at the end when there is more. */
const char *shown(suite *s, creg_read read);
/** All keys below a prefix, as shown() does with keys_only: "a b c/ ". */
const char *shown_keys(suite *s, const char *prefix);

creg_operation op_put(const char *key, const char *value);
creg_operation op_delete(const char *key);
creg_operation op_delete_tree(const char *key);
creg_check check_of(creg_check_kind kind, const char *key);
creg_check check_version(const char *key, creg_version version);

/** Apply with counts; `failed` may be NULL. Only the status is returned. */
creg_status apply(suite *s, const creg_check *checks, size_t check_count,
                  const creg_operation *operations, size_t operation_count, size_t *failed);

void sleep_ms(unsigned duration);
uint64_t clock_ms(void);

/** A text of `size` bytes of one letter, NUL-terminated, in the arena. */
char *long_text(suite *s, size_t size, char letter);

#endif
