/* SPDX-License-Identifier: MIT */
/*
 * Consul's JSON, read and written.
 *
 * Values are base64 inside JSON both ways in a transaction; an empty value is null. Every
 * field is taken with suspicion: a server, or whatever answers in its place, is not trusted to
 * be well-formed.
 */
#include <yyjson.h>

#include "base/arena.h"
#include "store/drivers/consul.h"

static creg_status fail_answer(creg_error *err, const char *what)
{
    return creg_fail(err, CREG_UNAVAILABLE, "consul gave an answer that is not its API's: %s",
                     what);
}

/* ---- base64 ----------------------------------------------------------------------------- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void creg_consul_write_base64(creg_text *text, creg_slice bytes)
{
    size_t whole = (bytes.size + 2) / 3 * 4;
    if (!creg_text_reserve(text, whole))
        return;
    char *out = text->data + text->size;
    const unsigned char *in = (const unsigned char *)bytes.data;
    size_t left = bytes.size;
    for (; left >= 3; left -= 3, in += 3, out += 4) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = base64_digits[bits >> 18];
        out[1] = base64_digits[bits >> 12 & 63];
        out[2] = base64_digits[bits >> 6 & 63];
        out[3] = base64_digits[bits & 63];
    }
    if (left > 0) {
        uint32_t bits = (uint32_t)in[0] << 16 | (left == 2 ? (uint32_t)in[1] << 8 : 0);
        out[0] = base64_digits[bits >> 18];
        out[1] = base64_digits[bits >> 12 & 63];
        out[2] = left == 2 ? base64_digits[bits >> 6 & 63] : '=';
        out[3] = '=';
    }
    text->size += whole;
}

static int base64_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* False when the text is not base64: also for "====" and the like, which encode nothing. `out` has room for size / 4 * 3 bytes. */
static bool read_base64(const char *text, size_t size, char *out, size_t *ret_size)
{
    if (size % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && size > 0 && text[size - 1] == '='; padding++)
        size--;
    size_t made = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 1)
            out[made++] = (char)(bits >> 4);
        else if (i % 4 == 2)
            out[made++] = (char)(bits >> 2);
        else if (i % 4 == 3)
            out[made++] = (char)bits;
    }
    *ret_size = made;
    return true;
}

/* ---- reading ---------------------------------------------------------------------------- */

static void *json_alloc(void *context, size_t size)
{
    return creg_arena_alloc(context, size);
}

static void *json_grow(void *context, void *block, size_t old_size, size_t size)
{
    return creg_arena_grow(context, block, old_size, size);
}

static void json_free(void *context, void *block)
{
    (void)context;
    (void)block;
}

static creg_status parse(creg_slice body, creg_arena *arena, yyjson_val **ret_root,
                         creg_error *err)
{
    *ret_root = NULL;
    yyjson_alc in_arena = {
        .malloc = json_alloc, .realloc = json_grow, .free = json_free, .ctx = arena};
    yyjson_read_err problem;
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)body.data, body.size,
                                            YYJSON_READ_NOFLAG, &in_arena, &problem);
    if (document == NULL && arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    if (document == NULL)
        return fail_answer(err, problem.msg);
    *ret_root = yyjson_doc_get_root(document);
    return CREG_OK;
}

/* Strings stay where yyjson put them, in the arena. */
static creg_slice text_of(yyjson_val *value)
{
    return yyjson_is_str(value) ? creg_slice_make(yyjson_get_str(value), yyjson_get_len(value))
                                : creg_slice_make("", 0);
}

static creg_status read_value(yyjson_val *value, creg_arena *arena, creg_slice *ret_value,
                              creg_error *err)
{
    *ret_value = creg_slice_make("", 0);
    if (yyjson_is_null(value))
        return CREG_OK;
    if (!yyjson_is_str(value))
        return fail_answer(err, "a value that is neither text nor null");
    size_t size = yyjson_get_len(value);
    char *bytes = creg_arena_alloc(arena, size / 4 * 3 + 1);
    if (bytes == NULL)
        return creg_fail_arena(err, arena);
    if (!read_base64(yyjson_get_str(value), size, bytes, &ret_value->size))
        return fail_answer(err, "a value is not base64");
    ret_value->data = bytes;
    return CREG_OK;
}

static creg_status read_entry(yyjson_val *object, creg_arena *arena,
                              creg_consul_entry *ret_entry, creg_error *err)
{
    yyjson_val *key = yyjson_obj_get(object, "Key");
    yyjson_val *index = yyjson_obj_get(object, "ModifyIndex");
    if (!yyjson_is_str(key) || !yyjson_is_uint(index) || yyjson_get_uint(index) == 0)
        return fail_answer(err, "an entry without Key or ModifyIndex");
    ret_entry->pair.key = text_of(key);
    ret_entry->pair.version = (creg_version){.present = true, .major = yyjson_get_uint(index)};
    ret_entry->session = text_of(yyjson_obj_get(object, "Session"));
    return read_value(yyjson_obj_get(object, "Value"), arena, &ret_entry->pair.value, err);
}

creg_status creg_consul_parse_entries(creg_slice body, bool is_transaction, creg_arena *arena,
                                      creg_consul_entries *ret_entries, creg_error *err)
{
    *ret_entries = (creg_consul_entries){NULL, 0};
    yyjson_val *list;
    creg_status status = parse(body, arena, &list, err);
    if (status != CREG_OK)
        return status;
    if (is_transaction) {
        list = yyjson_obj_get(list, "Results");
        if (yyjson_is_null(list))
            return CREG_OK;
    }
    if (!yyjson_is_arr(list))
        return fail_answer(err, "no list of entries");
    creg_consul_entry *items = creg_arena_calloc(arena, yyjson_arr_size(list), sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    size_t size = 0;
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&each)) != NULL;) {
        yyjson_val *object = is_transaction ? yyjson_obj_get(item, "KV") : item;
        if (object == NULL)
            continue; /* the result of another kind of operation */
        status = read_entry(object, arena, &items[size++], err);
        if (status != CREG_OK)
            return status;
    }
    *ret_entries = (creg_consul_entries){items, size};
    return CREG_OK;
}

creg_status creg_consul_parse_names(creg_slice body, creg_arena *arena,
                                    creg_consul_entries *ret_entries, creg_error *err)
{
    yyjson_val *list;
    creg_status status = parse(body, arena, &list, err);
    if (status != CREG_OK)
        return status;
    if (!yyjson_is_arr(list))
        return fail_answer(err, "no list of keys");
    creg_consul_entry *items = creg_arena_calloc(arena, yyjson_arr_size(list), sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    size_t size = 0;
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&each)) != NULL;) {
        if (!yyjson_is_str(item))
            return fail_answer(err, "a key that is no text");
        items[size++].pair = (creg_pair){.key = text_of(item), .value = creg_slice_make("", 0)};
    }
    *ret_entries = (creg_consul_entries){items, size};
    return CREG_OK;
}

creg_status creg_consul_parse_done(creg_slice body, creg_arena *arena, creg_error *err)
{
    yyjson_val *root;
    creg_status status = parse(body, arena, &root, err);
    if (status != CREG_OK)
        return status;
    yyjson_val *results = yyjson_obj_get(root, "Results");
    yyjson_val *errors = yyjson_obj_get(root, "Errors");
    bool is_done = (yyjson_is_arr(results) || yyjson_is_null(results)) &&
                   (errors == NULL || yyjson_is_null(errors) || yyjson_arr_size(errors) == 0);
    return is_done ? CREG_OK : fail_answer(err, "no result of a transaction");
}

creg_status creg_consul_parse_refusal(creg_slice body, creg_arena *arena, size_t *ret_index,
                                      creg_slice *ret_text, creg_error *err)
{
    yyjson_val *root;
    creg_status status = parse(body, arena, &root, err);
    if (status != CREG_OK)
        return status;
    *ret_index = SIZE_MAX;
    *ret_text = creg_slice_make("", 0);
    yyjson_val *errors = yyjson_obj_get(root, "Errors");
    yyjson_arr_iter each = yyjson_arr_iter_with(errors);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&each)) != NULL;) {
        yyjson_val *index = yyjson_obj_get(item, "OpIndex");
        yyjson_val *reason = yyjson_obj_get(item, "What");
        if (!yyjson_is_uint(index) || !yyjson_is_str(reason))
            return fail_answer(err, "a refusal without reasons");
        if (yyjson_get_uint(index) < *ret_index) {
            *ret_index = (size_t)yyjson_get_uint(index);
            *ret_text = text_of(reason);
        }
    }
    return *ret_index == SIZE_MAX ? fail_answer(err, "a refusal without reasons") : CREG_OK;
}

creg_status creg_consul_parse_text(creg_slice body, const char *place, creg_arena *arena,
                                   creg_slice *ret_text, creg_error *err)
{
    yyjson_val *root;
    creg_status status = parse(body, arena, &root, err);
    if (status != CREG_OK)
        return status;
    yyjson_val *member = place[0] == '\0' ? root : yyjson_ptr_get(root, place);
    if (!yyjson_is_str(member))
        return fail_answer(err, place);
    *ret_text = text_of(member);
    return CREG_OK;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Keys and session ids of ours are printable ASCII; anything else is escaped all the same. */
static void write_string(creg_text *text, creg_slice string)
{
    creg_text_byte(text, '"');
    for (size_t i = 0; i < string.size; i++) {
        unsigned char byte = (unsigned char)string.data[i];
        if (byte == '"' || byte == '\\') {
            creg_text_byte(text, '\\');
            creg_text_byte(text, (char)byte);
        } else if (byte < 0x20) {
            creg_text_format(text, "\\u%04x", byte);
        } else {
            creg_text_byte(text, (char)byte);
        }
    }
    creg_text_byte(text, '"');
}

void creg_consul_write_verb(creg_text *text, const creg_consul_verb *verb, bool *is_first)
{
    creg_text_string(text, *is_first ? "{\"KV\":{\"Verb\":\"" : ",{\"KV\":{\"Verb\":\"");
    *is_first = false;
    creg_text_string(text, verb->verb);
    creg_text_string(text, "\",\"Key\":");
    write_string(text, verb->key);
    if (verb->value.data != NULL) {
        creg_text_string(text, ",\"Value\":\"");
        creg_consul_write_base64(text, verb->value);
        creg_text_byte(text, '"');
    }
    if (verb->index > 0)
        creg_text_format(text, ",\"Index\":%llu", (unsigned long long)verb->index);
    if (verb->session.size > 0) {
        creg_text_string(text, ",\"Session\":");
        write_string(text, verb->session);
    }
    creg_text_string(text, "}}");
}
