/* SPDX-License-Identifier: MIT */
/*
 * Taking DNs apart and putting keys together.
 *
 * A DN may begin with the root's name ("instances/") or not. A user may be called "instances",
 * too, so the rule must be simple: when the first segment is the root's name and at least four
 * more follow, it is the root. What the library prints always has the root, hence is never
 * misread.
 *
 * The books' keys are a little shorter than the instance's own ("_confreg/v1/c/" against the
 * longest root, and ',' for '/'), but not always: so an instance DN is refused when its books
 * would not fit, and creg_dn_book() cannot fail.
 */
#include "registry/dn.h"

#include "base/fail.h"
#include "confreg/store.h"
#include "store/key.h"

#define SLICE(text)                                                                            \
    {                                                                                          \
        (text), sizeof(text) - 1                                                               \
    }

const creg_layout creg_layout_instances = {SLICE("templates"), SLICE("instances")};
const creg_layout creg_layout_products = {SLICE("products"), SLICE("clusters")};

enum {
    ID_DIGITS = 18, /* of CREG_ID_MAX */
    BOOK_PREFIX = sizeof("_confreg/v1/c/") - 1,
    INSTANCE_NAMES = 4,       /* U, P, V and ID */
    SCRATCH_BYTES = 64 * 1024 /* for decoding one segment */
};

const char *creg_dn_kind_text(creg_dn_kind kind)
{
    switch (kind) {
    case CREG_DN_INSTANCE:
        return "an instance";
    case CREG_DN_NODE:
        return "a node";
    case CREG_DN_SERVICE:
        return "a service";
    case CREG_DN_DISK:
        return "a disk";
    case CREG_DN_NETWORK:
        return "a network";
    case CREG_DN_OTHER:
        break;
    }
    return "a property or collection";
}

/* ---- pieces of keys ---------------------------------------------------------------------- */

bool creg_key_append(creg_key *key, creg_slice bytes)
{
    if (bytes.size > CREG_LIMIT_KEY - key->size)
        return false;
    if (bytes.size != 0)
        memcpy(key->data + key->size, bytes.data, bytes.size);
    key->size += bytes.size;
    return true;
}

static bool append_byte(creg_key *key, char byte)
{
    return creg_key_append(key, creg_slice_make(&byte, 1));
}

static bool append_segment(creg_key *key, creg_slice segment)
{
    return append_byte(key, '/') && creg_key_append(key, segment);
}

creg_slice creg_dn_last(creg_slice key)
{
    size_t start = key.size;
    while (start > 0 && key.data[start - 1] != '/')
        start--;
    return creg_slice_make(key.data + start, key.size - start);
}

creg_slice creg_dn_parent(creg_slice key)
{
    size_t last = creg_dn_last(key).size;
    return creg_slice_make(key.data, last == key.size ? 0 : key.size - last - 1);
}

creg_slice creg_dn_segment(creg_slice key, size_t index)
{
    size_t start = 0;
    for (size_t i = 0; i <= key.size; i++) {
        if (i < key.size && key.data[i] != '/')
            continue;
        if (index-- == 0)
            return creg_slice_make(key.data + start, i - start);
        start = i + 1;
    }
    return creg_slice_make(NULL, 0);
}

/* The size of the first `count` segments of a key; SIZE_MAX when it has fewer. */
static size_t segments_size(creg_slice key, size_t count)
{
    for (size_t i = 0; i <= key.size; i++) {
        bool is_end = i == key.size || key.data[i] == '/';
        if (is_end && --count == 0)
            return i;
    }
    return SIZE_MAX;
}

static bool segment_is(creg_slice segment, const char *text)
{
    return creg_slice_equal(segment, creg_slice_of(text));
}

creg_dn_kind creg_dn_kind_of(creg_slice rest)
{
    if (rest.size == 0)
        return CREG_DN_INSTANCE;
    size_t count = 1;
    for (size_t i = 0; i < rest.size; i++)
        count += rest.data[i] == '/';

    creg_slice top = creg_dn_segment(rest, 0);
    if (count == 2 && segment_is(top, "nodes"))
        return CREG_DN_NODE;
    if (count == 2 && segment_is(top, "services"))
        return CREG_DN_SERVICE;
    if (count != 4 || !segment_is(top, "nodes"))
        return CREG_DN_OTHER;
    creg_slice part = creg_dn_segment(rest, 2);
    return segment_is(part, "disks")      ? CREG_DN_DISK
           : segment_is(part, "networks") ? CREG_DN_NETWORK
                                          : CREG_DN_OTHER;
}

/* ---- checking ---------------------------------------------------------------------------- */

/* The bytes [A-Za-z0-9_-], a bit each: every read of a property looks at some fifty of them. */
static const uint64_t name_bytes[4] = {0x03ff200000000000, 0x07fffffe87fffffe, 0, 0};

static bool is_name_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return (name_bytes[byte >> 6] >> (byte & 63) & 1) != 0;
}

static bool is_plain_end(creg_slice key, size_t start, size_t end)
{
    size_t size = end - start;
    return size > 1 ? size <= CREG_LIMIT_NAME : size == 1 && key.data[start] != '.';
}

/* The usual case, in one pass without memory: letters, digits, '-', '_', single dots. */
static bool is_plain_key(creg_slice key)
{
    size_t start = 0;
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        if (is_name_byte(c))
            continue;
        if (c == '/' && is_plain_end(key, start, i))
            start = i + 1;
        else if (c != '.' || (i > start && key.data[i - 1] == '.'))
            return false;
    }
    return is_plain_end(key, start, key.size);
}

static creg_status fail_segment(creg_slice dn, creg_slice segment, creg_arena *arena,
                                creg_error *err)
{
    creg_fail(err, CREG_INVALID_NAME, "'%.*s' in '%.*s' is not written as in a DN",
              CREG_SHOW(segment), CREG_SHOW(dn));
    creg_slice encoded = creg_key_encode(segment, arena);
    if (encoded.data != NULL)
        creg_error_hint(err, "write the name as '%.*s'", CREG_SHOW(encoded));
    return CREG_INVALID_NAME;
}

/* The unusual case: decode a segment, and hold the text to the rules for names. */
static creg_status check_escaped(creg_slice dn, creg_slice segment, creg_error *err)
{
    if (segment.size == 0)
        return creg_fail(err, CREG_INVALID_NAME, "'%.*s' has an empty segment", CREG_SHOW(dn));
    creg_arena scratch;
    creg_arena_init(&scratch, SCRATCH_BYTES);
    creg_slice text;
    creg_status status = creg_key_decode(segment, &scratch, &text, NULL);
    if (status == CREG_OK)
        status = creg_key_text_check(text, "a name in the DN", err);
    else
        status = creg_key_text_check(segment, "a name in the DN", err) == CREG_OK
                     ? fail_segment(dn, segment, &scratch, err)
                     : CREG_INVALID_NAME;
    creg_arena_clear(&scratch);
    return status;
}

static creg_status check_segments(creg_slice dn, creg_error *err)
{
    if (is_plain_key(dn))
        return CREG_OK;
    creg_status status = CREG_OK;
    size_t start = 0;
    for (size_t i = 0; status == CREG_OK && i <= dn.size; i++) {
        if (i < dn.size && dn.data[i] != '/')
            continue;
        status = check_escaped(dn, creg_slice_make(dn.data + start, i - start), err);
        start = i + 1;
    }
    return status;
}

static creg_status fail_too_long(creg_slice dn, creg_error *err)
{
    return creg_fail(err, CREG_INVALID_NAME, "'%.*s...' is longer than a key may be (%d bytes)",
                     dn.size > 60 ? 60 : (int)dn.size, dn.data == NULL ? "" : dn.data,
                     CREG_LIMIT_KEY);
}

/* ---- DNs --------------------------------------------------------------------------------- */

static creg_slice without_closing_slash(creg_slice text)
{
    if (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    return text;
}

static bool has_root(creg_slice text, creg_slice root)
{
    return text.size > root.size && text.data[root.size] == '/' &&
           memcmp(text.data, root.data, root.size) == 0 &&
           segments_size(text, 1 + INSTANCE_NAMES) != SIZE_MAX;
}

/* Finds the borders in a whole key; the instance must be named by its first `own` bytes. */
static creg_status measure(creg_slice root, creg_dn *dn, size_t own, creg_error *err)
{
    creg_slice key = creg_dn_key(dn);
    dn->head_size = root.size + 1;
    dn->instance_size = segments_size(creg_slice_make(key.data, own), 1 + INSTANCE_NAMES);
    if (dn->instance_size == SIZE_MAX) {
        creg_fail(err, CREG_INVALID_NAME, "'%.*s' does not name an instance or a part of one",
                  CREG_SHOW(key));
        creg_error_hint(err, "a DN is USER/NAME/VERSION/ID, and what lies below");
        return CREG_INVALID_NAME;
    }
    if (dn->instance_size - dn->head_size + BOOK_PREFIX > CREG_LIMIT_KEY)
        return fail_too_long(key, err);
    dn->kind = creg_dn_kind_of(creg_dn_rest(dn));
    return CREG_OK;
}

creg_status creg_dn_parse(const creg_layout *layout, creg_slice text, creg_slice path,
                          creg_dn *ret_dn, creg_error *err)
{
    creg_slice bare = without_closing_slash(text);
    creg_key *key = &ret_dn->key;
    key->size = 0;
    bool fits = has_root(bare, layout->instances) ||
                (creg_key_append(key, layout->instances) && append_byte(key, '/'));
    fits = fits && creg_key_append(key, bare);
    size_t own = key->size;
    if (path.size != 0)
        fits = fits && append_segment(key, path);
    if (!fits)
        return fail_too_long(text, err);
    if (bare.size == 0)
        return creg_fail(err, CREG_INVALID_NAME, "the DN is empty");

    creg_status status = check_segments(creg_dn_key(ret_dn), err);
    if (status != CREG_OK)
        return status;
    return measure(layout->instances, ret_dn, own, err);
}

/* Appends a name that a caller gave as plain text. */
static creg_status append_name(creg_key *key, creg_slice name, const char *what,
                               creg_error *err)
{
    creg_status status = creg_name_check(name, what, err);
    if (status != CREG_OK)
        return status;
    creg_arena scratch;
    creg_arena_init(&scratch, SCRATCH_BYTES);
    creg_slice encoded = creg_key_encode(name, &scratch);
    if (encoded.data == NULL)
        status = creg_fail_arena(err, &scratch);
    else if (!append_segment(key, encoded))
        status = fail_too_long(creg_key_slice(key), err);
    creg_arena_clear(&scratch);
    return status;
}

creg_status creg_dn_build(const creg_layout *layout, creg_slice user, creg_slice name,
                          creg_slice version, creg_slice id, creg_dn *ret_dn, creg_error *err)
{
    creg_key *key = &ret_dn->key;
    key->size = 0;
    creg_key_append(key, layout->instances);
    creg_status status = append_name(key, user, "user", err);
    if (status == CREG_OK)
        status = append_name(key, name, "service template name", err);
    if (status == CREG_OK)
        status = append_name(key, version, "service template version", err);
    if (status == CREG_OK)
        status = append_name(key, id, "instance id", err);
    if (status == CREG_OK)
        status = measure(layout->instances, ret_dn, key->size, err);
    return status;
}

creg_status creg_dn_of_books(const creg_layout *layout, creg_slice x, creg_dn *ret_dn,
                             creg_error *err)
{
    creg_key *key = &ret_dn->key;
    key->size = 0;
    bool fits = creg_key_append(key, layout->instances) && append_segment(key, x);
    size_t commas = 0;
    for (size_t i = layout->instances.size + 1; fits && i < key->size; i++)
        if (key->data[i] == ',') {
            key->data[i] = '/';
            commas++;
        }
    if (!fits || commas != INSTANCE_NAMES - 1 ||
        check_segments(creg_dn_key(ret_dn), NULL) != CREG_OK ||
        measure(layout->instances, ret_dn, key->size, NULL) != CREG_OK)
        return creg_fail(err, CREG_DAMAGED, "'%.*s' in the registry's books names no instance",
                         CREG_SHOW(x));
    return CREG_OK;
}

creg_slice creg_dn_rest(const creg_dn *dn)
{
    if (dn->key.size <= dn->instance_size)
        return creg_slice_make(NULL, 0);
    return creg_slice_make(dn->key.data + dn->instance_size + 1,
                           dn->key.size - dn->instance_size - 1);
}

creg_slice creg_dn_version_key(const creg_dn *dn)
{
    return creg_dn_parent(creg_dn_instance(dn));
}

/* ---- books ------------------------------------------------------------------------------- */

creg_slice creg_book_folder(creg_book book)
{
    static const creg_slice folders[] = {
        [CREG_BOOK_COMMIT] = SLICE("_confreg/v1/c"),
        [CREG_BOOK_INTENT] = SLICE("_confreg/v1/i"),
        [CREG_BOOK_EDITED] = SLICE("_confreg/v1/e"),
        [CREG_BOOK_COUNTER] = SLICE("_confreg/v1/n"),
        [CREG_BOOK_REQUEST] = SLICE("_confreg/v1/r"),
    };
    return folders[book];
}

void creg_dn_book(const creg_dn *dn, creg_book book, creg_key *ret_key)
{
    creg_slice whole =
        book == CREG_BOOK_COUNTER ? creg_dn_version_key(dn) : creg_dn_instance(dn);
    creg_slice folder = creg_book_folder(book);
    memcpy(ret_key->data, folder.data, folder.size);
    ret_key->data[folder.size] = '/';
    ret_key->size = folder.size + 1;
    for (size_t i = dn->head_size; i < whole.size; i++)
        ret_key->data[ret_key->size++] = whole.data[i] == '/' ? ',' : whole.data[i];
}

void creg_request_book(creg_slice request, creg_key *ret_key)
{
    ret_key->size = 0;
    creg_key_append(ret_key, creg_book_folder(CREG_BOOK_REQUEST));
    append_segment(ret_key, request);
}

uint64_t creg_dn_number(creg_slice id)
{
    uint64_t number = 0;
    if (id.size > ID_DIGITS)
        return 0;
    for (size_t i = 0; i < id.size; i++) {
        if (id.data[i] < '0' || id.data[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(id.data[i] - '0');
    }
    return number;
}

creg_slice creg_book_name(creg_slice key)
{
    creg_slice name = creg_dn_last(key);
    return segment_is(name, ".keep") ? creg_slice_make(NULL, 0) : name;
}

creg_status creg_template_key(const creg_layout *layout, creg_slice name, creg_slice version,
                              creg_key *ret_key, creg_error *err)
{
    ret_key->size = 0;
    creg_key_append(ret_key, layout->templates);
    creg_status status = append_name(ret_key, name, "service template name", err);
    if (status == CREG_OK)
        status = append_name(ret_key, version, "service template version", err);
    return status;
}
