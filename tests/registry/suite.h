/* SPDX-License-Identifier: MIT */
/*
 * What the registry's tests share: a fresh registry for each test on every store that is asked
 * for, small service templates, and checks that print both sides.
 *
 * CONFREG_TEST_STORE names one store by URL; without it each program runs on memory and on
 * LMDB. Only public headers: these tests are a client.
 */
#ifndef SUITE_H
#define SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "confreg/confreg.h"

#define S(text) creg_slice_of(text)
#define SHOW(slice) (int)(slice).size, ((slice).data == NULL ? "" : (slice).data)

enum { URL_SIZE = 1024 };

/** One test's registry. Plain globals: a test program is one thread until a test says other. */
extern creg_registry *registry;
extern creg_arena arena;
extern creg_error err;
extern char store_url[URL_SIZE]; /* of the store of this test */

/** Set up and tear down of a test, for cmocka. */
int suite_open(void **state);
int suite_close(void **state);

/** Close the registry and open it again, as another program would. */
void suite_reopen(void);

/** Open the same store once more, with parameters for its query ("layout=products"). */
creg_registry *suite_open_other(const char *parameters);

/** Run a group on each store; returns failures. */
int suite_run(const char *name, const struct CMUnitTest *tests, size_t count);
#define SUITE_RUN(tests) suite_run(#tests, tests, sizeof(tests) / sizeof(tests)[0])

/** A row of the table of tests. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, suite_open, suite_close)

/** Check a status; a failure prints the error's words. */
#define expect(wanted, call) suite_expect((wanted), (call), #call, __FILE__, __LINE__)
#define ok(call) expect(CREG_OK, call)
void suite_expect(creg_status wanted, creg_status got, const char *call, const char *file,
                  int line);

/** Check a text. */
#define expect_text(wanted, got) suite_text((wanted), (got), __FILE__, __LINE__)
void suite_text(const char *wanted, creg_slice got, const char *file, int line);

/** Check that the message (or hint) holds a text. */
#define expect_said(part) suite_said((part), __FILE__, __LINE__)
void suite_said(const char *part, const char *file, int line);

/* ---- service templates ---------------------------------------------------------------- */

/** Register a body of json+jinja2 with options; must succeed. */
void given_template(const char *name, const char *version, const char *body,
                    const char *options);
/** The usual one: "web" 1.0, two nodes, one service; option `cpu`. 21 keys. */
void given_web(void);
enum { WEB_KEYS = 21 };

/** Instantiate for a user; must succeed. The DN is in the arena. */
creg_slice given_instance(const char *user, const char *name, const char *version);

creg_instance_spec spec_of(const char *user, const char *name, const char *version);

/** A MAP of options from JSON. */
creg_value options_of(const char *json);

/* ---- looking ---------------------------------------------------------------------------- */

/** A property's text, or "(STATUS)" when it cannot be read. */
const char *property_of(creg_slice dn, const char *path);

/** Names joined by a space. */
const char *names_of(creg_names names);

/** The tree below a DN as one line of JSON. */
const char *tree_of(creg_slice dn);

/** How many keys the store holds below a prefix. */
size_t keys_below(const char *prefix);

/** Everything in the store as text: two equal texts are two equal stores. */
const char *dump(void);

/** Write a key behind the registry's back. */
void put_raw(const char *key, const char *value);
void delete_raw(const char *key);

/** How many findings have this rule. */
size_t findings_of(const creg_findings *findings, const char *rule);

/** `dn` + "/" + `rest`, in the arena. */
creg_slice below(creg_slice dn, const char *rest);

#endif
