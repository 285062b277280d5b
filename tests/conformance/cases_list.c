/* SPDX-License-Identifier: MIT */
/* Lists: whole segments, depth, keys only, pages, order, one moment for several reads. */
#include "suite.h"

static creg_read list_of(const char *prefix)
{
    return (creg_read){.is_list = true, .key = creg_slice_of(prefix), .keys_only = true};
}

static void expect(suite *s, creg_read read, const char *wanted)
{
    const char *is = shown(s, read);
    CHECK(strcmp(is, wanted) == 0, "list of '%.*s' gave '%s', not '%s'", (int)read.key.size,
          read.key.data, is, wanted);
}

static void empty_store(suite *s)
{
    expect(s, list_of(""), "");
    expect(s, list_of("a"), "");
    expect(s, list_of("a/b/c"), "");
}

static void prefix_means_whole_segments(suite *s)
{
    static const char *const keys[] = {"i/1/a", "i/1/b",  "i/10/a", "i/1-x/a", "i/1.5/a",
                                       "i/11",  "i/1a/b", "i/2/a",  NULL};
    put_many(s, keys);
    expect(s, list_of("i/1"), "i/1/a i/1/b ");
    expect(s, list_of("i/10"), "i/10/a ");
    expect(s, list_of("i/11"), "");
    expect(s, list_of("i/1-x"), "i/1-x/a ");
}

static void the_prefix_itself_is_not_below(suite *s)
{
    put(s, "a", "itself");
    put(s, "a/b", "below");
    expect(s, list_of("a"), "a/b ");
    expect(s, list_of("a/b"), "");
    expect(s, list_of(""), "a a/b ");
}

static void bad_prefixes_are_refused(suite *s)
{
    static const char *const bad[] = {"/", "a/", "/a", "a//b", "..", "a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        creg_read read = list_of(bad[i]);
        creg_status status = creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err);
        CHECK(status == CREG_INVALID_NAME, "prefix '%s' gave %s", bad[i],
              creg_status_name(status));
    }
    creg_read read = list_of("a");
    read.after = creg_slice_of("a//b");
    CHECK_STATUS(creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err),
                 CREG_INVALID_NAME);
}

static void order_is_that_of_bytes(suite *s)
{
    static const char *const keys[] = {"b", "a", "a/b", "a-b", "a.b", "a0", "a10", "a2",
                                       "A", "_", "a=b", "a,b", "aa",  "Z",  NULL};
    put_many(s, keys);
    expect(s, list_of(""), "A Z _ a a,b a-b a.b a/b a0 a10 a2 a=b aa b ");
}

static void values_come_along(suite *s)
{
    put(s, "a", "1");
    put(s, "b", "");
    put(s, "c/d", "three");
    creg_read read = list_of("");
    read.keys_only = false;
    expect(s, read, "a=1 b= c/d=three ");
    read.key = creg_slice_of("c");
    expect(s, read, "c/d=three ");
}

static void keys_only_has_no_values(suite *s)
{
    put(s, "a", "1");
    creg_read read = list_of("");
    CHECK_STATUS(creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err), CREG_OK);
    REQUIRE(read.ret_pairs.size == 1, "%zu pairs", read.ret_pairs.size);
    CHECK(read.ret_pairs.items[0].value.size == 0, "a value came along");
    CHECK(read.ret_pairs.items[0].key.data[0] == 'a', "the key is wrong");
}

static void versions_are_those_of_get(suite *s)
{
    put(s, "a", "1");
    put(s, "b", "2");
    put(s, "a", "3");
    creg_pairs pairs = {NULL, 0};
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of(""), &s->arena, &pairs, &s->err),
                 CREG_OK);
    REQUIRE(pairs.size == 2, "%zu pairs", pairs.size);
    creg_version a = version_of(s, "a");
    creg_version b = version_of(s, "b");
    CHECK(pairs.items[0].version.present && pairs.items[0].version.major == a.major &&
              pairs.items[0].version.minor == a.minor,
          "the version of a differs");
    CHECK(pairs.items[1].version.present && pairs.items[1].version.major == b.major &&
              pairs.items[1].version.minor == b.minor,
          "the version of b differs");
    creg_read read = {.key = creg_slice_of("a")};
    CHECK_STATUS(creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err), CREG_OK);
    CHECK(read.ret_pairs.size == 1 && read.ret_pairs.items[0].version.major == a.major,
          "the version of a differs in a read");
}

static void tree(suite *s)
{
    static const char *const keys[] = {"t/a",     "t/a/b",   "t/a/b/c", "t/a/b/d", "t/a-x",
                                       "t/e/f/g", "t/e/f/h", "t/i",     NULL};
    put_many(s, keys);
}

static void depth_cuts(suite *s)
{
    tree(s);
    creg_read read = list_of("t");
    read.depth = 1;
    expect(s, read, "t/a t/a-x t/a/ t/e/ t/i ");
    read.depth = 2;
    expect(s, read, "t/a t/a-x t/a/b t/a/b/ t/e/f/ t/i ");
    read.depth = 3;
    expect(s, read, "t/a t/a-x t/a/b t/a/b/c t/a/b/d t/e/f/g t/e/f/h t/i ");
    read.depth = 4;
    expect(s, read, "t/a t/a-x t/a/b t/a/b/c t/a/b/d t/e/f/g t/e/f/h t/i ");
    read.depth = 1;
    read.key = creg_slice_of("");
    expect(s, read, "t/ ");
    read.key = creg_slice_of("t/e");
    expect(s, read, "t/e/f/ ");
    read.key = creg_slice_of("t/i");
    expect(s, read, "");
}

static void cut_entries_have_nothing(suite *s)
{
    tree(s);
    creg_read read = {.is_list = true, .key = creg_slice_of("t"), .depth = 1};
    CHECK_STATUS(creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err), CREG_OK);
    REQUIRE(read.ret_pairs.size == 5, "%zu pairs", read.ret_pairs.size);
    creg_pair cut = read.ret_pairs.items[2];
    CHECK(creg_slice_equal(cut.key, creg_slice_of("t/a/")), "the order is different");
    CHECK(cut.value.size == 0 && !cut.version.present, "a cut entry has a value or version");
    CHECK(read.ret_pairs.items[0].value.size > 0, "a key beside it lost its value");
}

/* Every page size must give the same whole, each page but the last telling that there is more. */
static void check_pages(suite *s, creg_read read, const char *whole)
{
    for (size_t limit = 1; limit < 12; limit++) {
        char *text = long_text(s, strlen(whole) + 64, '\0');
        size_t size = 0;
        int pages = 0;
        read.limit = limit;
        read.after = creg_slice_of("");
        do {
            if (creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err) != CREG_OK)
                break;
            CHECK(read.ret_pairs.size <= limit, "a page of %zu pairs", read.ret_pairs.size);
            CHECK(!read.ret_more || read.ret_pairs.size == limit, "a short page tells of more");
            for (size_t i = 0; i < read.ret_pairs.size; i++) {
                creg_slice key = read.ret_pairs.items[i].key;
                if (size + key.size + 1 > strlen(whole) + 32)
                    break;
                memcpy(text + size, key.data, key.size);
                size += key.size;
                text[size++] = ' ';
                read.after = key;
            }
        } while (read.ret_more && ++pages < 1000);
        text[size] = '\0';
        CHECK(strcmp(text, whole) == 0, "pages of %zu gave '%.300s', not '%.300s'", limit, text,
              whole);
    }
}

static void pages_make_the_whole(suite *s)
{
    tree(s);
    creg_read read = list_of("t");
    check_pages(s, read, shown(s, read));
    read.depth = 1;
    check_pages(s, read, shown(s, read));
    read.depth = 2;
    check_pages(s, read, shown(s, read));
    read.key = creg_slice_of("");
    read.depth = 0;
    check_pages(s, read, shown(s, read));
}

static void the_limit_is_exact(suite *s)
{
    static const char *const keys[] = {"a", "b", "c", NULL};
    put_many(s, keys);
    creg_read read = list_of("");
    read.limit = 2;
    expect(s, read, "a b +");
    read.limit = 3;
    expect(s, read, "a b c ");
    read.limit = 4;
    expect(s, read, "a b c ");
}

static void a_cut_entry_may_be_the_last_of_a_page(suite *s)
{
    static const char *const keys[] = {"a/1", "a/2", "a/3", NULL};
    put_many(s, keys);
    creg_read read = list_of("");
    read.depth = 1;
    read.limit = 1;
    expect(s, read, "a/ ");
    put(s, "b", "");
    expect(s, read, "a/ +");
    read.after = creg_slice_of("a/");
    expect(s, read, "b ");
}

static void after_any_key(suite *s)
{
    static const char *const keys[] = {"p/b", "p/d", "p/d/e", "q", NULL};
    put_many(s, keys);
    creg_read read = list_of("p");
    read.after = creg_slice_of("a");
    expect(s, read, "p/b p/d p/d/e ");
    read.after = creg_slice_of("p/a");
    expect(s, read, "p/b p/d p/d/e ");
    read.after = creg_slice_of("p/b");
    expect(s, read, "p/d p/d/e ");
    read.after = creg_slice_of("p/c");
    expect(s, read, "p/d p/d/e ");
    read.after = creg_slice_of("p/d");
    expect(s, read, "p/d/e ");
    read.after = creg_slice_of("p/d/");
    expect(s, read, "");
    read.after = creg_slice_of("p/d/e");
    expect(s, read, "");
    read.after = creg_slice_of("z");
    expect(s, read, "");
}

/* Keys past LMDB's 511 bytes are stored otherwise; nobody may see that. */
static void long_keys_in_lists(suite *s)
{
    if (s->limits.key_bytes != 0 && s->limits.key_bytes < 800)
        SKIP("no keys that long");
    char *base = long_text(s, 500, 'k');
    base[240] = '/';
    static const char *const ends[] = {"",   "/",  "/a/9", "/a/10", "/a/1",   "/b",
                                       "-x", ".x", "/a",   "0",     "/c/d/e", "/c/d/f"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char key[600];
        snprintf(key, sizeof key, "%s%s", base, ends[i]);
        if (key[strlen(key) - 1] != '/')
            put(s, key, "v");
    }
    put(s, "a", "first");
    put(s, "z", "last");
    char *wanted = long_text(s, 600 * 14, '\0');
    static const char *const order[] = {"",     "-x", ".x",     "/a",     "/a/1", "/a/10",
                                        "/a/9", "/b", "/c/d/e", "/c/d/f", "0"};
    strcat(wanted, "a ");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        strcat(wanted, base);
        strcat(wanted, order[i]);
        strcat(wanted, " ");
    }
    strcat(wanted, "z ");
    creg_read read = list_of("");
    CHECK(strcmp(shown(s, read), wanted) == 0, "long keys are out of order");
    check_pages(s, read, wanted);
    for (uint32_t depth = 1; depth < 7; depth++) {
        read.depth = depth;
        check_pages(s, read, shown(s, read));
    }
    char below[600];
    snprintf(below, sizeof below, "%s/c", base);
    char both[1300];
    snprintf(both, sizeof both, "%s/d/e %s/d/f ", below, below);
    CHECK(strcmp(shown_keys(s, below), both) == 0, "below a long prefix: '%s'",
          shown_keys(s, below));
    read = list_of(base);
    read.depth = 1;
    char cut[4000];
    snprintf(cut, sizeof cut, "%s/a %s/a/ %s/b %s/c/ ", base, base, base, base);
    CHECK(strcmp(shown(s, read), cut) == 0, "cut by depth: '%s'", shown(s, read));
    creg_operation gone = op_delete_tree(base);
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, base), "") == 0, "left: '%s'", shown_keys(s, base));
    CHECK(!is_absent(s, base), "the key above was deleted, too");
    char sibling[600];
    snprintf(sibling, sizeof sibling, "%s-x", base);
    CHECK(!is_absent(s, sibling), "a sibling was deleted, too");
}

static void many_keys(suite *s)
{
    enum { COUNT = 2000, STEP = 50 };
    char keys[STEP][16];
    creg_operation operations[STEP];
    for (int start = 0; start < COUNT; start += STEP) {
        for (int i = 0; i < STEP; i++) {
            /* A stride that is prime to the count: every number once, in no order. */
            snprintf(keys[i], sizeof keys[i], "n/%05d", (start + i) * 7 % COUNT);
            operations[i] = op_put(keys[i], keys[i]);
        }
        CHECK_STATUS(apply(s, NULL, 0, operations, STEP, NULL), CREG_OK);
    }
    creg_pairs pairs = {NULL, 0};
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of("n"), &s->arena, &pairs, &s->err),
                 CREG_OK);
    REQUIRE(pairs.size == COUNT, "%zu keys", pairs.size);
    size_t wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        char key[16];
        snprintf(key, sizeof key, "n/%05d", i);
        wrong += !creg_slice_equal(pairs.items[i].key, creg_slice_of(key)) ||
                 !creg_slice_equal(pairs.items[i].value, creg_slice_of(key));
    }
    CHECK(wrong == 0, "%zu of %d keys are wrong", wrong, COUNT);
}

/* ---- several reads ---------------------------------------------------------------------- */

static void several_reads(suite *s)
{
    put(s, "a", "1");
    put(s, "b/c", "2");
    put(s, "b/d", "3");
    creg_read reads[] = {{.key = creg_slice_of("a")},
                         {.key = creg_slice_of("none")},
                         {.is_list = true, .key = creg_slice_of("b")},
                         {.is_list = true, .key = creg_slice_of("none")},
                         {.key = creg_slice_of("b/c"), .keys_only = true}};
    uint64_t revision = 0;
    CHECK_STATUS(creg_store_read(s->store, reads, 5, &s->arena, &revision, &s->err), CREG_OK);
    CHECK(reads[0].ret_pairs.size == 1 &&
              creg_slice_equal(reads[0].ret_pairs.items[0].value, creg_slice_of("1")) &&
              creg_slice_equal(reads[0].ret_pairs.items[0].key, creg_slice_of("a")),
          "the key is wrong");
    CHECK(reads[1].ret_pairs.size == 0, "an absent key has a pair");
    CHECK(reads[2].ret_pairs.size == 2, "the list has %zu pairs", reads[2].ret_pairs.size);
    CHECK(reads[3].ret_pairs.size == 0, "an empty list has %zu", reads[3].ret_pairs.size);
    CHECK(reads[4].ret_pairs.size == 1 && reads[4].ret_pairs.items[0].value.size == 0,
          "a key without its value has %zu pairs", reads[4].ret_pairs.size);
    CHECK(revision != 0, "the revision is 0");
}

/* Whatever the caller expects, he is told what is there. */
static void hints_change_nothing(suite *s)
{
    static const char *const keys[] = {"h/a/x", "h/a/y/z", "h/b", "h/b/c", "h/d", NULL};
    put_many(s, keys);
    creg_read names = list_of("h");
    names.depth = 1;
    names.names_only = true;
    expect(s, names, "h/a/ h/b h/b/ h/d ");
    for (int guess = 0; guess <= 1; guess++) {
        creg_read reads[] = {
            {.key = creg_slice_of("h/b"), .is_unlikely = guess == 1},
            {.key = creg_slice_of("h/none"), .is_unlikely = guess == 0},
            names,
            {.key = creg_slice_of("h/d"), .is_unlikely = guess == 0},
        };
        CHECK_STATUS(creg_store_read(s->store, reads, 4, &s->arena, NULL, &s->err), CREG_OK);
        CHECK(reads[0].ret_pairs.size == 1, "h/b has %zu pairs", reads[0].ret_pairs.size);
        CHECK(reads[1].ret_pairs.size == 0, "h/none has %zu pairs", reads[1].ret_pairs.size);
        CHECK(reads[2].ret_pairs.size == 4, "h/ has %zu names", reads[2].ret_pairs.size);
        CHECK(reads[3].ret_pairs.size == 1, "h/d has %zu pairs", reads[3].ret_pairs.size);
        creg_read one = {.key = creg_slice_of("h/d"), .is_unlikely = guess == 1};
        CHECK_STATUS(creg_store_read(s->store, &one, 1, &s->arena, NULL, &s->err), CREG_OK);
        CHECK(one.ret_pairs.size == 1, "h/d alone has %zu pairs", one.ret_pairs.size);
    }
}

/* Siblings need not resemble each other, and one of them may hold nothing any more. */
static void depth_among_unlike_siblings(suite *s)
{
    static const char *const others[] = {"w/n06/other/deep/er", "w/n07/key/below", "w/n08",
                                         NULL};
    for (int i = 0; i < 6; i++) {
        char key[32];
        snprintf(key, sizeof key, "w/n%02d/key", i);
        put(s, key, "1");
        snprintf(key, sizeof key, "w/n%02d/tree/leaf", i);
        put(s, key, "2");
    }
    put_many(s, others);
    put(s, "w/n09/gone", "3");
    creg_operation away = op_delete("w/n09/gone");
    CHECK_STATUS(apply(s, NULL, 0, &away, 1, NULL), CREG_OK);
    creg_read read = list_of("w");
    read.depth = 1;
    expect(s, read, "w/n00/ w/n01/ w/n02/ w/n03/ w/n04/ w/n05/ w/n06/ w/n07/ w/n08 ");
    read.depth = 2;
    read.key = creg_slice_of("w/n07");
    expect(s, read, "w/n07/key/below ");
}

static void no_reads_give_the_revision(suite *s)
{
    uint64_t first = 0;
    uint64_t second = 0;
    CHECK_STATUS(creg_store_read(s->store, NULL, 0, &s->arena, &first, &s->err), CREG_OK);
    put(s, "a", "1");
    CHECK_STATUS(creg_store_read(s->store, NULL, 0, &s->arena, &second, &s->err), CREG_OK);
    CHECK(first != 0 && second > first, "revisions %llu and %llu", (unsigned long long)first,
          (unsigned long long)second);
}

static void one_bad_read_refuses_all(suite *s)
{
    put(s, "a", "1");
    creg_read reads[] = {{.key = creg_slice_of("a")}, {.key = creg_slice_of("a/")}};
    CHECK_STATUS(creg_store_read(s->store, reads, 2, &s->arena, NULL, &s->err),
                 CREG_INVALID_NAME);
}

static void a_failed_transaction_keeps_the_revision(suite *s)
{
    put(s, "a", "1");
    uint64_t first = 0;
    uint64_t second = 0;
    creg_store_read(s->store, NULL, 0, &s->arena, &first, &s->err);
    creg_check check = check_of(CREG_CHECK_ABSENT, "a");
    creg_operation operation = op_put("b", "2");
    CHECK_STATUS(apply(s, &check, 1, &operation, 1, NULL), CREG_CONFLICT);
    creg_store_read(s->store, NULL, 0, &s->arena, &second, &s->err);
    if ((s->capabilities & CREG_STORE_NEEDS_FENCE) == 0)
        CHECK(first == second, "a refused transaction changed the revision");
}

const suite_case cases_list[] = {
    {"list__empty_store", empty_store},
    {"list__the_prefix_itself_is_not_below", the_prefix_itself_is_not_below},
    {"list__bad_prefixes_are_refused", bad_prefixes_are_refused},
    {"list__prefix_means_whole_segments", prefix_means_whole_segments},
    {"list__order_is_that_of_bytes", order_is_that_of_bytes},
    {"list__values_come_along", values_come_along},
    {"list__keys_only_has_no_values", keys_only_has_no_values},
    {"list__versions_are_those_of_get", versions_are_those_of_get},
    {"list__depth_cuts", depth_cuts},
    {"list__cut_entries_have_nothing", cut_entries_have_nothing},
    {"list__pages_make_the_whole", pages_make_the_whole},
    {"list__the_limit_is_exact", the_limit_is_exact},
    {"list__a_cut_entry_may_be_the_last_of_a_page", a_cut_entry_may_be_the_last_of_a_page},
    {"list__after_any_key", after_any_key},
    {"list__long_keys_in_lists", long_keys_in_lists},
    {"list__many_keys", many_keys},
    {"read__several_reads", several_reads},
    {"list__depth_among_unlike_siblings", depth_among_unlike_siblings},
    {"read__hints_change_nothing", hints_change_nothing},
    {"read__no_reads_give_the_revision", no_reads_give_the_revision},
    {"read__one_bad_read_refuses_all", one_bad_read_refuses_all},
    {"read__a_failed_transaction_keeps_the_revision", a_failed_transaction_keeps_the_revision},
    {NULL, NULL},
};
