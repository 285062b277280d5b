/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: base64, digests, UUIDs, JSON in and out.
 */
#include "jinja/builtins.h"
#include "jinja/digest.h"

#include "base/utf8.h"

#define PACK JINJA_PACK_CONFIG

/* ---- base64 ----------------------------------------------------------------------------- */

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static creg_status filter_b64encode(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice text = creg_value_text(call->args[0]);
    creg_status status = CREG_OK;
    if (!creg_value_is(call->args[0], CREG_KIND_BYTES))
        status = jinja_str(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge_bytes(run, text.size / 3 + 1, 4);
    if (status != CREG_OK)
        return status;
    creg_text out;
    jinja_text_init(run, &out);
    creg_text_reserve(&out, (text.size + 2) / 3 * 4);
    for (size_t at = 0; at < text.size; at += 3) {
        size_t left = text.size - at;
        uint32_t bits = (uint32_t)(unsigned char)text.data[at] << 16;
        bits |= left > 1 ? (uint32_t)(unsigned char)text.data[at + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)(unsigned char)text.data[at + 2] : 0;
        char four[4] = {base64_letters[bits >> 18], base64_letters[bits >> 12 & 63],
                        left > 1 ? base64_letters[bits >> 6 & 63] : '=',
                        left > 2 ? base64_letters[bits & 63] : '='};
        creg_text_append(&out, four, 4);
    }
    return jinja_text_value(run, &out, ret_value);
}

static int base64_value(char c)
{
    const char *found = c == '\0' ? NULL : strchr(base64_letters, c);
    return found == NULL ? -1 : (int)(found - base64_letters);
}

/* As Python's b64decode: other characters are skipped, padding ends a group of four. */
static bool decode_base64(creg_slice text, creg_text *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t padding = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (text.data[i] == '=' && count >= 2 && ++padding + count >= 4)
            break;
        if (value < 0)
            continue;
        padding = 0;
        bits = bits << 6 | (uint32_t)value;
        if (++count == 4) {
            char three[3] = {(char)(bits >> 16 & 255), (char)(bits >> 8 & 255),
                             (char)(bits & 255)};
            creg_text_append(out, three, 3);
            bits = 0;
            count = 0;
        }
    }
    if (count == 0)
        return true;
    if (count + padding < 4 || count == 1)
        return false;
    bits <<= 6 * (4 - count);
    char rest[2] = {(char)(bits >> 16 & 255), (char)(bits >> 8 & 255)};
    creg_text_append(out, rest, count - 1);
    return true;
}

static creg_status filter_b64decode(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice text;
    creg_text out;
    jinja_text_init(run, &out);
    creg_status status = jinja_str(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 64 + 1);
    if (status != CREG_OK)
        return status;
    if (!decode_base64(text, &out))
        return jinja_fail(run, "ValueError", "Incorrect padding");
    status = jinja_text_value(run, &out, ret_value);
    if (status == CREG_OK && !creg_utf8_valid(creg_value_text(*ret_value)))
        return jinja_fail(run, "UnicodeDecodeError", "b64decode: the result is not UTF-8 text");
    return status;
}

/* ---- digests, UUIDs --------------------------------------------------------------------- */

static void append_hex(creg_text *out, const unsigned char *bytes, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        creg_text_byte(out, hex[bytes[i] >> 4]);
        creg_text_byte(out, hex[bytes[i] & 15]);
    }
}

static creg_status digest(jinja_call *call, creg_slice name, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice data = creg_value_text(call->args[0]);
    unsigned char bytes[JINJA_DIGEST_MAX];
    creg_status status = CREG_OK;
    if (!creg_value_is(call->args[0], CREG_KIND_BYTES))
        status = jinja_str(run, call->args[0], &data);
    if (status == CREG_OK)
        status = jinja_charge(run, data.size / 16 + 8);
    if (status != CREG_OK)
        return status;
    size_t size = jinja_digest(name, data, bytes);
    if (size == 0)
        return jinja_fail(
            run, "FilterArgumentError",
            "unknown hash '%.*s'; known: md5, sha1, sha224, sha256, sha384, sha512",
            CREG_SHOW(name));
    creg_text out;
    jinja_text_init(run, &out);
    append_hex(&out, bytes, size);
    return jinja_text_value(run, &out, ret_value);
}

static creg_status filter_hash(jinja_call *call, creg_value *ret_value)
{
    creg_slice name;
    creg_status status = jinja_argument_text(call, 1, creg_slice_of("sha1"), &name);
    return status == CREG_OK ? digest(call, name, ret_value) : status;
}

static creg_status filter_md5(jinja_call *call, creg_value *ret_value)
{
    return digest(call, creg_slice_of("md5"), ret_value);
}

static creg_status filter_sha1(jinja_call *call, creg_value *ret_value)
{
    return digest(call, creg_slice_of("sha1"), ret_value);
}

/* The 16 bytes of a UUID's text; false when it is none. */
static bool parse_uuid(creg_slice text, unsigned char out[16])
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        char letter = (char)(c | 0x20);
        if (c == '-' || c == '{' || c == '}')
            continue;
        int value = c >= '0' && c <= '9'             ? c - '0'
                    : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                                     : -1;
        if (value < 0 || digits == 32)
            return false;
        unsigned half = (unsigned)value;
        unsigned byte = digits % 2 == 0 ? half << 4 : out[digits / 2] | half;
        out[digits / 2] = (unsigned char)byte;
        digits++;
    }
    return digits == 32;
}

/* A version 5 UUID: the SHA-1 of namespace and name. */
static creg_status filter_to_uuid(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice space; /* Ansible's own namespace unless told otherwise */
    creg_slice name;
    unsigned char bytes[JINJA_DIGEST_MAX];
    creg_status status = jinja_argument_text(
        call, 1, creg_slice_of("361E6D51-FAEC-444A-9079-341386DA8E2E"), &space);
    if (status == CREG_OK)
        status = jinja_str(run, call->args[0], &name);
    if (status == CREG_OK)
        status = jinja_charge_bytes(run, name.size + 16, 1);
    if (status != CREG_OK)
        return status;
    if (!parse_uuid(space, bytes))
        return jinja_fail(run, "FilterArgumentError", "'%.*s' is not a UUID", CREG_SHOW(space));

    creg_text text;
    jinja_text_init(run, &text);
    creg_text_append(&text, (const char *)bytes, 16);
    creg_text_slice(&text, name);
    creg_value message;
    status = jinja_text_value(run, &text, &message);
    if (status != CREG_OK)
        return status;
    jinja_digest(creg_slice_of("sha1"), creg_value_text(message), bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x50);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);

    creg_text out;
    jinja_text_init(run, &out);
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            creg_text_byte(&out, '-');
        append_hex(&out, bytes + i, 1);
    }
    return jinja_text_value(run, &out, ret_value);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static creg_status write_json(jinja_call *call, jinja_json_style style, creg_value *ret_value)
{
    bool sort_keys = style.sort_keys;
    bool ascii = true;
    creg_status status = jinja_json_indent(call, 1, &style);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 2, sort_keys, &style.sort_keys);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, true, &ascii);
    style.ascii = ascii;
    return status == CREG_OK ? jinja_json_write(call->run, call->args[0], &style, ret_value)
                             : status;
}

static creg_status filter_to_json(jinja_call *call, creg_value *ret_value)
{
    return write_json(call, (jinja_json_style){0}, ret_value);
}

static creg_status filter_to_nice_json(jinja_call *call, creg_value *ret_value)
{
    jinja_json_style style = {
        .sort_keys = true, .has_indent = true, .indent = creg_slice_of("    ")};
    return write_json(call, style, ret_value);
}

static creg_status filter_from_json(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice text;
    creg_error err = {0};
    creg_status status = jinja_str(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 8 + 1);
    if (status != CREG_OK)
        return status;
    status = creg_json_parse(text, NULL, 0, run->arena, ret_value, &err);
    if (status == CREG_INVALID)
        return jinja_fail(run, "JSONDecodeError", "%s: line %u column %u", err.message,
                          (unsigned)err.line, (unsigned)err.column);
    if (status == CREG_LIMIT && run->arena->failed == CREG_LIMIT)
        return jinja_fail_arena(run);
    return status == CREG_OK ? CREG_OK : creg_fail(run->err, status, "%s", err.message);
}

const jinja_builtin jinja_filters_codec[] = {
    {"b64decode", filter_b64decode, "b64decode(encoding='utf-8')", "Text from base64.", PACK,
     0},
    {"b64encode", filter_b64encode, "b64encode(encoding='utf-8')", "Text as base64.", PACK, 0},
    {"checksum", filter_sha1, "checksum()", "The SHA-1 of a text, in hex.", PACK, 0},
    {"from_json", filter_from_json, "from_json()", "The value that a JSON text says.", PACK, 0},
    {"hash", filter_hash, "hash(hashtype='sha1')",
     "A digest in hex: md5, sha1, sha224, sha256, sha384, sha512.", PACK, 0},
    {"md5", filter_md5, "md5()", "The MD5 of a text, in hex.", PACK, 0},
    {"sha1", filter_sha1, "sha1()", "The SHA-1 of a text, in hex.", PACK, 0},
    {"to_json", filter_to_json, "to_json(indent=none, sort_keys=false, ensure_ascii=true)",
     "As JSON.", PACK, 0},
    {"to_nice_json", filter_to_nice_json,
     "to_nice_json(indent=4, sort_keys=true, ensure_ascii=true)", "As JSON for people.", PACK,
     0},
    {"to_uuid", filter_to_uuid, "to_uuid(namespace='361E6D51-FAEC-444A-9079-341386DA8E2E')",
     "A version 5 UUID made from a text.", PACK, 0},
    JINJA_ROW_END,
};
