/* SPDX-License-Identifier: MIT */
/*
 * Names to key segments and back, the rules for names, and the order in which people count.
 *
 * The one escape character is '=', because it is the only one that Consul, etcd, ZooKeeper,
 * LMDB and URL paths all leave alone. Encoding is total, so no text can make a key that one
 * of the stores refuses; decoding accepts exactly what encoding writes, so that two different
 * keys never mean the same name.
 */
#include "store/key.h"

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "confreg/store.h"

/* What a byte is for us. Bits, so that one table serves every rule. */
enum {
    PLAIN = 1,   /* [A-Za-z0-9_-]: stands for itself everywhere */
    DOT = 2,     /* stands for itself, but never twice in a row */
    MARK = 4,    /* '=' and ',': only in keys, never from a name */
    CONTROL = 8, /* refused wherever it is met */
    DIGIT = 16,
    SLASH = 32,
    OTHER = 64 /* has to be escaped to be written */
};

/* A table, because each read of a property looks at every byte of its key. */
#define C CONTROL
#define P PLAIN
#define D (PLAIN | DIGIT)
#define M MARK
#define O OTHER
#define O16 O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O
/* clang-format off */
static const unsigned char classes[256] = {
    C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,     /* 00 */
    C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,     /* 10 */
    O, O, O, O, O, O, O, O, O, O, O, O, M, P, DOT, SLASH, /* 20  ,-./ */
    D, D, D, D, D, D, D, D, D, D, O, O, O, M, O, O,     /* 30  0-9 = */
    O, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,     /* 40  A-O */
    P, P, P, P, P, P, P, P, P, P, P, O, O, O, O, P,     /* 50  P-Z _ */
    O, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,     /* 60  a-o */
    P, P, P, P, P, P, P, P, P, P, P, O, O, O, O, C,     /* 70  p-z DEL */
    O16, O16, O16, O16, O16, O16, O16, O16              /* 80-FF */
};
/* clang-format on */
#undef C
#undef P
#undef D
#undef M
#undef O
#undef O16

static inline unsigned char_class(char byte)
{
    return classes[(unsigned char)byte];
}

/* ---- encode and decode ------------------------------------------------------------------ */

static char *write_escape(char *out, unsigned char byte)
{
    static const char hex[] = "0123456789ABCDEF";
    *out++ = '=';
    *out++ = hex[byte >> 4];
    *out++ = hex[byte & 15];
    return out;
}

/* Writes the encoding of `text` to `out`, which has room for three bytes a byte. */
static char *encode_bytes(creg_slice text, char *out)
{
    bool after_dot = text.size == 1; /* a lone "." counts as the second of its run */
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        unsigned class = char_class(byte);
        bool is_kept = (class & PLAIN) != 0 || (class == DOT && !after_dot);
        if (is_kept)
            *out++ = byte;
        else
            out = write_escape(out, (unsigned char)byte);
        after_dot = class == DOT && is_kept;
    }
    return out;
}

static bool is_plain(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((char_class(text.data[i]) & PLAIN) == 0)
            return false;
    return true;
}

creg_slice creg_key_encode(creg_slice text, creg_arena *arena)
{
    if (is_plain(text))
        return creg_arena_copy(arena, text);
    if (text.size > (SIZE_MAX - 1) / 3) {
        arena->failed = CREG_LIMIT;
        return creg_slice_make(NULL, 0);
    }
    char *start = creg_arena_take(arena, text.size * 3 + 1);
    if (start == NULL)
        return creg_slice_make(NULL, 0);
    char *end = encode_bytes(text, start);
    *end = '\0';
    return creg_slice_make(start, (size_t)(end - start));
}

/* The value of an upper-case hex digit, or -1: "=2e" is not what we write. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Undoes the escapes; the size of the text, or SIZE_MAX when an escape is not one. */
static size_t decode_bytes(creg_slice segment, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < segment.size; i++) {
        char byte = segment.data[i];
        if (byte == '=') {
            if (segment.size - i < 3)
                return SIZE_MAX;
            int high = hex_value(segment.data[i + 1]);
            int low = hex_value(segment.data[i + 2]);
            if (high < 0 || low < 0)
                return SIZE_MAX;
            byte = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        out[size++] = byte;
    }
    return size;
}

/*
 * One pass over both forms: is `segment` the encoding of `text`? Comparing with a second
 * encoding is the simplest proof that decoding accepts exactly what encoding writes.
 */
static bool is_encoding_of(creg_slice segment, creg_slice text, creg_arena *arena)
{
    creg_slice again = creg_key_encode(text, arena);
    return again.data != NULL && creg_slice_equal(again, segment);
}

creg_status creg_key_decode(creg_slice segment, creg_arena *arena, creg_slice *ret_text,
                            creg_error *err)
{
    char *start = creg_arena_take(arena, segment.size + 1);
    if (start == NULL)
        return creg_fail_arena(err, arena);
    size_t size = segment.size == 0 ? SIZE_MAX : decode_bytes(segment, start);
    if (size == SIZE_MAX)
        return creg_fail(err, CREG_INVALID_NAME, "'%.*s' is not a segment of a key",
                         CREG_SHOW(segment));
    start[size] = '\0';
    creg_slice text = creg_slice_make(start, size);
    if (!is_plain(segment) && !is_encoding_of(segment, text, arena)) {
        if (arena->failed != CREG_OK)
            return creg_fail_arena(err, arena);
        return creg_fail(err, CREG_INVALID_NAME,
                         "'%.*s' is not a segment of a key as this registry writes it",
                         CREG_SHOW(segment));
    }
    *ret_text = text;
    return CREG_OK;
}

/* ---- names and keys that are let in ----------------------------------------------------- */

static bool is_dots(creg_slice text)
{
    return (text.size == 1 && text.data[0] == '.') ||
           (text.size == 2 && text.data[0] == '.' && text.data[1] == '.');
}

static bool has_control(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (char_class(text.data[i]) == CONTROL)
            return true;
    return false;
}

creg_status creg_key_text_check(creg_slice text, const char *what, creg_error *err)
{
    if (text.size == 0)
        return creg_fail(err, CREG_INVALID_NAME, "%s is empty", what);
    if (text.size > CREG_LIMIT_NAME)
        return creg_fail(err, CREG_INVALID_NAME,
                         "%s '%.*s...' is %zu bytes long, %d are allowed", what, 40, text.data,
                         text.size, CREG_LIMIT_NAME);
    if (is_dots(text))
        return creg_fail(err, CREG_INVALID_NAME, "%s may not be '%.*s'", what, CREG_SHOW(text));
    if (!creg_utf8_valid(text))
        return creg_fail(err, CREG_INVALID_NAME, "%s is not valid UTF-8", what);
    if (has_control(text))
        return creg_fail(err, CREG_INVALID_NAME, "%s '%.*s' holds a control character", what,
                         CREG_SHOW(text));
    return CREG_OK;
}

creg_status creg_name_check(creg_slice name, const char *what, creg_error *err)
{
    creg_status status = creg_key_text_check(name, what, err);
    if (status == CREG_OK && memchr(name.data, '/', name.size) != NULL)
        return creg_fail(err, CREG_INVALID_NAME, "%s '%.*s' holds a '/'", what,
                         CREG_SHOW(name));
    return status;
}

/* What is wrong with the bytes of one class, `before` being the byte in front; or NULL. */
static const char *byte_fault(unsigned class, char before, bool for_writing)
{
    if (class == CONTROL)
        return "holds a control character";
    if (for_writing && class == OTHER)
        return "holds a character outside A-Z a-z 0-9 . _ - = ,";
    if (for_writing && class == DOT && before == '.')
        return "holds '..'";
    return NULL;
}

static const char *segment_fault(creg_slice segment)
{
    if (segment.size == 0)
        return "has an empty segment";
    return is_dots(segment) ? "has '.' or '..' as a segment" : NULL;
}

/* The reason why a key may not be used, or NULL. One pass, since reading does it each time. */
static const char *key_fault(creg_slice key, bool for_writing)
{
    if (key.size == 0)
        return "is empty";
    const char *fault = NULL;
    size_t start = 0;
    for (size_t i = 0; i < key.size && fault == NULL; i++) {
        unsigned class = char_class(key.data[i]);
        if ((class & (PLAIN | MARK)) != 0)
            continue;
        if (class == SLASH) {
            fault = segment_fault(creg_slice_make(key.data + start, i - start));
            start = i + 1;
        } else {
            fault = byte_fault(class, i > start ? key.data[i - 1] : '/', for_writing);
        }
    }
    if (fault == NULL)
        fault = segment_fault(creg_slice_make(key.data + start, key.size - start));
    return fault;
}

static creg_status check_key(creg_slice key, bool for_writing, creg_error *err)
{
    const char *fault = key_fault(key, for_writing);
    if (fault == NULL)
        return CREG_OK;
    creg_fail(err, CREG_INVALID_NAME, "key '%.*s' %s", CREG_SHOW(key), fault);
    creg_error_hint(err, "join names with '/', each one encoded (a space is =20)");
    return CREG_INVALID_NAME;
}

/*
 * Is there surely nothing wrong with reading this key? Each property that is read comes by
 * here, so there is no branch within the loop. False for a segment that begins with a dot,
 * too, which may be fine: the exact answer is key_fault()'s.
 */
static bool is_surely_readable(creg_slice key)
{
    unsigned doubts = key.size == 0;
    unsigned after_slash = 1;
    for (size_t i = 0; i < key.size; i++) {
        unsigned class = char_class(key.data[i]);
        unsigned is_slash = (class / SLASH) & 1;
        unsigned is_dot = (class / DOT) & 1;
        doubts |= (class & CONTROL) | (after_slash & (is_slash | is_dot));
        after_slash = is_slash;
    }
    return (doubts | after_slash) == 0;
}

creg_status creg_key_check_read(creg_slice key, creg_error *err)
{
    return is_surely_readable(key) ? CREG_OK : check_key(key, false, err);
}

creg_status creg_key_check_write(creg_slice key, creg_error *err)
{
    return check_key(key, true, err);
}

creg_status creg_key_check_write_behind(creg_slice key, size_t shared, creg_error *err)
{
    /* From the beginning of the segment in which they part. */
    while (shared > 0 && key.data[shared - 1] != '/')
        shared--;
    if (shared == 0)
        return check_key(key, true, err);
    creg_slice rest = creg_slice_make(key.data + shared, key.size - shared);
    return key_fault(rest, true) == NULL ? CREG_OK : check_key(key, true, err);
}

size_t creg_key_shared(creg_slice left, creg_slice right)
{
    size_t most = left.size < right.size ? left.size : right.size;
    size_t shared = 0;
    uint64_t one;
    uint64_t two;
    for (; shared + sizeof one <= most; shared += sizeof one) {
        memcpy(&one, left.data + shared, sizeof one);
        memcpy(&two, right.data + shared, sizeof two);
        if (one != two)
            break;
    }
    while (shared < most && left.data[shared] == right.data[shared])
        shared++;
    return shared;
}

/* ---- order ------------------------------------------------------------------------------ */

static bool is_digit_at(creg_slice text, size_t at)
{
    return at < text.size && (char_class(text.data[at]) & DIGIT) != 0;
}

/* The run of digits at `*at` without its leading zeros; `*at` moves behind the run. */
static creg_slice take_number(creg_slice text, size_t *at)
{
    while (*at < text.size && text.data[*at] == '0')
        ++*at;
    size_t start = *at;
    while (is_digit_at(text, *at))
        ++*at;
    return creg_slice_make(text.data + start, *at - start);
}

static int compare_numbers(creg_slice left, creg_slice right)
{
    if (left.size != right.size)
        return left.size < right.size ? -1 : 1;
    return left.size == 0 ? 0 : memcmp(left.data, right.data, left.size);
}

/* '/' goes first, so that whole keys come out as a tree: "a/b" before "a-b". */
static int rank(char byte)
{
    return byte == '/' ? -1 : (int)(unsigned char)byte;
}

static int compare_bytes(creg_slice left, creg_slice right)
{
    size_t shared = left.size < right.size ? left.size : right.size;
    int order = shared == 0 ? 0 : memcmp(left.data, right.data, shared);
    if (order != 0)
        return order;
    return (left.size > right.size) - (left.size < right.size);
}

int creg_name_compare(creg_slice left, creg_slice right)
{
    size_t i = 0;
    size_t k = 0;
    while (i < left.size && k < right.size) {
        int order;
        if (is_digit_at(left, i) && is_digit_at(right, k)) {
            creg_slice number = take_number(left, &i);
            order = compare_numbers(number, take_number(right, &k));
        } else {
            order = rank(left.data[i++]) - rank(right.data[k++]);
        }
        if (order != 0)
            return order;
    }
    if (i < left.size || k < right.size)
        return i < left.size ? 1 : -1;
    return compare_bytes(left, right);
}
