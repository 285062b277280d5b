/* SPDX-License-Identifier: MIT */
/* Short forms for the cases. */
#include <time.h>

#include "suite.h"

void sleep_ms(unsigned duration)
{
    struct timespec pause = {.tv_sec = (time_t)(duration / 1000),
                             .tv_nsec = (long)(duration % 1000) * 1000000};
    while (nanosleep(&pause, &pause) != 0)
        continue;
}

uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

char *long_text(suite *s, size_t size, char letter)
{
    char *text = creg_arena_alloc(&s->arena, size + 1);
    memset(text, letter, size);
    text[size] = '\0';
    return text;
}

void put(suite *s, const char *key, const char *value)
{
    creg_status status =
        creg_store_put(s->store, creg_slice_of(key), creg_slice_of(value), &s->err);
    CHECK(status == CREG_OK, "put %.60s gave %s: %s", key, creg_status_name(status),
          s->err.message);
}

void put_many(suite *s, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        put(s, *keys, *keys);
}

void delete_key(suite *s, const char *key)
{
    creg_operation gone = op_delete(key);
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
}

const char *value_of(suite *s, const char *key)
{
    creg_slice value;
    creg_status status =
        creg_store_get(s->store, creg_slice_of(key), &s->arena, &value, NULL, &s->err);
    if (status == CREG_NOT_FOUND)
        return NULL;
    CHECK(status == CREG_OK, "get %.60s gave %s: %s", key, creg_status_name(status),
          s->err.message);
    return status == CREG_OK ? creg_arena_copy(&s->arena, value).data : NULL;
}

creg_version version_of(suite *s, const char *key)
{
    creg_slice value;
    creg_version version = {false, 0, 0};
    creg_status status =
        creg_store_get(s->store, creg_slice_of(key), &s->arena, &value, &version, &s->err);
    if (status != CREG_OK)
        memset(&version, 0, sizeof version);
    return version;
}

bool is_absent(suite *s, const char *key)
{
    return value_of(s, key) == NULL;
}

const char *shown(suite *s, creg_read read)
{
    read.is_list = true;
    creg_status status = creg_store_read(s->store, &read, 1, &s->arena, NULL, &s->err);
    if (!CHECK(status == CREG_OK, "list gave %s: %s", creg_status_name(status), s->err.message))
        return "";
    size_t size = 2;
    for (size_t i = 0; i < read.ret_pairs.size; i++)
        size += read.ret_pairs.items[i].key.size + read.ret_pairs.items[i].value.size + 2;
    char *text = creg_arena_alloc(&s->arena, size);
    size_t at = 0;
    for (size_t i = 0; i < read.ret_pairs.size; i++) {
        creg_pair pair = read.ret_pairs.items[i];
        memcpy(text + at, pair.key.data, pair.key.size);
        at += pair.key.size;
        bool is_cut = pair.key.size > 0 && pair.key.data[pair.key.size - 1] == '/';
        if (!is_cut && !read.keys_only) {
            text[at++] = '=';
            memcpy(text + at, pair.value.data, pair.value.size);
            at += pair.value.size;
        }
        text[at++] = ' ';
    }
    if (read.ret_more)
        text[at++] = '+';
    text[at] = '\0';
    return text;
}

const char *shown_keys(suite *s, const char *prefix)
{
    return shown(s, (creg_read){.key = creg_slice_of(prefix), .keys_only = true});
}

creg_operation op_put(const char *key, const char *value)
{
    return (creg_operation){
        .kind = CREG_OPERATION_PUT, .key = creg_slice_of(key), .value = creg_slice_of(value)};
}

creg_operation op_delete(const char *key)
{
    return (creg_operation){.kind = CREG_OPERATION_DELETE, .key = creg_slice_of(key)};
}

creg_operation op_delete_tree(const char *key)
{
    return (creg_operation){.kind = CREG_OPERATION_DELETE_TREE, .key = creg_slice_of(key)};
}

creg_check check_of(creg_check_kind kind, const char *key)
{
    return (creg_check){.kind = kind, .key = creg_slice_of(key)};
}

creg_check check_version(const char *key, creg_version version)
{
    return (creg_check){
        .kind = CREG_CHECK_VERSION, .key = creg_slice_of(key), .version = version};
}

creg_status apply(suite *s, const creg_check *checks, size_t check_count,
                  const creg_operation *operations, size_t operation_count, size_t *failed)
{
    creg_transaction transaction = {.checks = checks,
                                    .check_count = check_count,
                                    .operations = operations,
                                    .operation_count = operation_count};
    creg_error_clear(&s->err);
    return creg_store_apply(s->store, &transaction, failed, &s->err);
}
