/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the registry's tests.
 */
#include "suite.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

creg_registry *registry;
creg_arena arena;
creg_error err;
char store_url[URL_SIZE];

static const char *base_url; /* of this run of the group */
static char folder[URL_SIZE];
static unsigned test_number;

static void remove_folder(const char *path)
{
    DIR *handle = opendir(path);
    if (handle == NULL) {
        unlink(path);
        return;
    }
    for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        char inside[2 * URL_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        remove_folder(inside);
    }
    closedir(handle);
    rmdir(path);
}

/* A store of its own for each test: a new folder, a new name, or a new root on a server. */
static void make_url(void)
{
    folder[0] = '\0';
    test_number++;
    if (strcmp(base_url, "lmdb:") == 0) {
        const char *temporary = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/confreg-test-XXXXXX",
                 temporary == NULL ? "/tmp" : temporary);
        assert_non_null(mkdtemp(folder));
        snprintf(store_url, sizeof store_url, "lmdb:%.1000s", folder);
    } else if (strcmp(base_url, "memory:") == 0) {
        snprintf(store_url, sizeof store_url, "memory:test%u", test_number);
    } else {
        snprintf(store_url, sizeof store_url, "%.900s/t%ld-%u", base_url, (long)getpid(),
                 test_number);
    }
}

int suite_open(void **state)
{
    (void)state;
    make_url();
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_error_clear(&err);
    ok(creg_open(store_url, NULL, &registry, &err));
    return 0;
}

int suite_close(void **state)
{
    (void)state;
    creg_close(registry);
    registry = NULL;
    creg_arena_clear(&arena);
    if (folder[0] != '\0')
        remove_folder(folder);
    return 0;
}

void suite_reopen(void)
{
    creg_registry *again = suite_open_other("");
    creg_close(registry);
    registry = again;
}

creg_registry *suite_open_other(const char *parameters)
{
    char url[2 * URL_SIZE];
    snprintf(url, sizeof url, "%s%s%s", store_url,
             parameters[0] == '\0'            ? ""
             : strchr(store_url, '?') == NULL ? "?"
                                              : "&",
             parameters);
    creg_registry *other = NULL;
    /* LMDB may not be opened twice by one process through two names; the driver shares it. */
    ok(creg_open(url, NULL, &other, &err));
    return other;
}

static int run_on(const char *url, const char *name, const struct CMUnitTest *tests,
                  size_t count)
{
    char title[URL_SIZE];
    base_url = url;
    snprintf(title, sizeof title, "%.200s on %.700s", name, url);
    return _cmocka_run_group_tests(title, tests, count, NULL, NULL);
}

int suite_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
    const char *url = getenv("CONFREG_TEST_STORE");
    if (url != NULL && url[0] != '\0')
        return run_on(url, name, tests, count);
    return run_on("memory:", name, tests, count) + run_on("lmdb:", name, tests, count);
}

/* ---- checks ------------------------------------------------------------------------------ */

void suite_expect(creg_status wanted, creg_status got, const char *call, const char *file,
                  int line)
{
    if (wanted == got)
        return;
    print_error("%s\n  wanted %s, got %s: %s (%s) line %u\n", call, creg_status_name(wanted),
                creg_status_name(got), got == CREG_OK ? "" : err.message,
                got == CREG_OK ? "" : err.hint, got == CREG_OK ? 0 : err.line);
    _fail(file, line);
}

void suite_text(const char *wanted, creg_slice got, const char *file, int line)
{
    if (creg_slice_equal(S(wanted), got))
        return;
    print_error("wanted \"%s\"\n   got \"%.*s\"\n", wanted, SHOW(got));
    _fail(file, line);
}

void suite_said(const char *part, const char *file, int line)
{
    if (strstr(err.message, part) != NULL || strstr(err.hint, part) != NULL)
        return;
    print_error("wanted to read \"%s\" in:\n  %s (%s)\n", part, err.message, err.hint);
    _fail(file, line);
}

/* ---- service templates ---------------------------------------------------------------------- */

void given_template(const char *name, const char *version, const char *body,
                    const char *options)
{
    creg_template template_ = {
        .name = S(name), .version = S(version), .body = S(body), .options = S(options)};
    ok(creg_template_register(registry, &template_, false, &err));
}

void given_web(void)
{
    given_template("web", "1.0",
                   "{\n"
                   "  \"status\": \"registered\",\n"
                   "  \"step\": 0,\n"
                   "  \"nodes\": {\n"
                   "    \"slave1\": {\n"
                   "      \"name\": \"slave1\", \"status\": \"_\", \"host\": \"_\", "
                   "\"disks_required\": 2,\n"
                   "      \"cpu\": {{ opts.cpu }}, \"clustername\": \"{{ instancename }}\",\n"
                   "      \"disks\": {\"disk1\": {\"origin\": \"/data/{{ instancename "
                   "}}/slave1/disk1\"}},\n"
                   "      \"networks\": {\"eth0\": {\"address\": \"dynamic\"}},\n"
                   "      \"tags\": [\"a\", \"b\"],\n"
                   "      \"services\": [\"http\"]\n"
                   "    },\n"
                   "    \"slave10\": {\n"
                   "      \"name\": \"slave10\", \"status\": \"_\", \"ports\": \"80, 443\",\n"
                   "      \"services\": [\"http\"]\n"
                   "    }\n"
                   "  },\n"
                   "  \"services\": {\n"
                   "    \"http\": {\"name\": \"http\", \"dfs.blocksize\": 64,\n"
                   "               \"nodes\": [\"slave1\", \"slave10\"]}\n"
                   "  }\n"
                   "}\n",
                   "{\"required\": {}, \"optional\": {\"cpu\": 2}}");
}

creg_instance_spec spec_of(const char *user, const char *name, const char *version)
{
    return (creg_instance_spec){
        .user = S(user), .name = S(name), .version = S(version), .options = creg_value_none()};
}

creg_slice given_instance(const char *user, const char *name, const char *version)
{
    creg_instance_spec spec = spec_of(user, name, version);
    creg_instance instance;
    ok(creg_instantiate(registry, &spec, &arena, &instance, &err));
    return instance.dn;
}

creg_value options_of(const char *json)
{
    creg_value options;
    ok(creg_json_parse(S(json), "options", 0, &arena, &options, &err));
    return options;
}

/* ---- looking ----------------------------------------------------------------------------------- */

const char *property_of(creg_slice dn, const char *path)
{
    creg_slice value;
    creg_status status = creg_get(registry, dn, S(path), &arena, &value, NULL, &err);
    if (status == CREG_OK)
        return creg_arena_copy(&arena, value).data;
    char *text = creg_arena_alloc(&arena, 64);
    snprintf(text, 64, "(%s)", creg_status_name(status));
    return text;
}

const char *names_of(creg_names names)
{
    size_t size = 1;
    for (size_t i = 0; i < names.size; i++)
        size += names.items[i].size + 1;
    char *text = creg_arena_calloc(&arena, size, 1);
    for (size_t i = 0; i < names.size; i++) {
        if (i > 0)
            strcat(text, " ");
        strncat(text, names.items[i].data, names.items[i].size);
    }
    return text;
}

const char *tree_of(creg_slice dn)
{
    creg_value tree;
    creg_slice text;
    ok(creg_tree(registry, dn, 0, &arena, &tree, &err));
    ok(creg_json_print(tree, NULL, &arena, &text, &err));
    return creg_arena_copy(&arena, text).data;
}

size_t keys_below(const char *prefix)
{
    creg_pairs pairs;
    ok(creg_store_list(creg_registry_store(registry), S(prefix), &arena, &pairs, &err));
    return pairs.size;
}

const char *dump(void)
{
    creg_pairs pairs;
    ok(creg_store_list(creg_registry_store(registry), S(""), &arena, &pairs, &err));
    size_t size = 1;
    for (size_t i = 0; i < pairs.size; i++)
        size += pairs.items[i].key.size + pairs.items[i].value.size + 2;
    char *text = creg_arena_alloc(&arena, size);
    char *at = text;
    for (size_t i = 0; i < pairs.size; i++)
        at += sprintf(at, "%.*s=%.*s\n", SHOW(pairs.items[i].key), SHOW(pairs.items[i].value));
    *at = '\0';
    return text;
}

void put_raw(const char *key, const char *value)
{
    ok(creg_store_put(creg_registry_store(registry), S(key), S(value), &err));
}

void delete_raw(const char *key)
{
    creg_operation operation = {.kind = CREG_OPERATION_DELETE, .key = S(key)};
    creg_transaction transaction = {.operations = &operation, .operation_count = 1};
    ok(creg_store_apply(creg_registry_store(registry), &transaction, NULL, &err));
}

size_t findings_of(const creg_findings *findings, const char *rule)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->size; i++)
        count += creg_slice_equal(findings->items[i].rule, S(rule));
    return count;
}

creg_slice below(creg_slice dn, const char *rest)
{
    char *text = creg_arena_alloc(&arena, dn.size + strlen(rest) + 2);
    sprintf(text, "%.*s/%s", SHOW(dn), rest);
    return S(text);
}
