/* SPDX-License-Identifier: MIT */
/*
 * urlize: links around what looks like a URL or an e-mail address (urlize_scan.c tells).
 */
#include "jinja/urlize.h"

#include "base/unicode.h"
#include "base/utf8.h"

typedef struct linking {
    jinja_run *run;
    creg_text *out;
    bool trims;
    creg_value trim_limit;
    creg_status *status; /* of a limit that turns out to be no integer */
    creg_slice rel;      /* ' rel="..."', escaped, or empty */
    creg_slice target;   /* ' target="..."' */
    creg_list *schemes;
} linking;

static creg_slice cut(creg_slice text, size_t start, size_t end)
{
    return creg_slice_make(text.data + start, end - start);
}

static bool starts_with(creg_slice text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

static bool ends_with(creg_slice text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* The offset of a byte from `at` on, or the text's size. */
static size_t find_byte(creg_slice text, size_t at, char byte)
{
    const char *found = at < text.size ? memchr(text.data + at, byte, text.size - at) : NULL;
    return found == NULL ? text.size : (size_t)(found - text.data);
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static size_t count_occurrences(creg_slice text, const char *token)
{
    size_t size = strlen(token);
    size_t count = 0;
    size_t at = find_byte(text, 0, token[0]);
    while (at + size <= text.size) {
        bool found = memcmp(text.data + at, token, size) == 0;
        count += found ? 1 : 0;
        at = find_byte(text, at + (found ? size : 1), token[0]);
    }
    return count;
}

/* ---- one word --------------------------------------------------------------------------- */

/* "(", "<" and "&lt;" in front. */
static size_t head_end(creg_slice word)
{
    size_t at = 0;
    for (;;) {
        creg_slice rest = cut(word, at, word.size);
        if (starts_with(rest, "(") || starts_with(rest, "<"))
            at += 1;
        else if (starts_with(rest, "&lt;"))
            at += 4;
        else
            return at;
    }
}

/* Where ")", ">", ".", "," and "&gt;" behind begin. */
static size_t tail_start(creg_slice word, size_t from)
{
    size_t end = word.size;
    for (;;) {
        creg_slice rest = cut(word, from, end);
        if (rest.size > 0 && is_one_of(rest.data[rest.size - 1], ")>.,"))
            end -= 1;
        else if (ends_with(rest, "&gt;"))
            end -= 4;
        else
            return end;
    }
}

/* Give closing brackets back to a middle that has opened more than it closes. */
static size_t balance(creg_slice word, size_t start, size_t end)
{
    static const char *const pairs[3][2] = {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (size_t i = 0; i < 3; i++) {
        size_t opened = count_occurrences(cut(word, start, end), pairs[i][0]);
        if (opened <= count_occurrences(cut(word, start, end), pairs[i][1]))
            continue;
        size_t closing = count_occurrences(cut(word, end, word.size), pairs[i][1]);
        for (size_t n = opened < closing ? opened : closing; n > 0; n--) {
            while (!starts_with(cut(word, end, word.size), pairs[i][1]))
                end++;
            end += strlen(pairs[i][1]);
        }
    }
    return end;
}

/* text[:limit] if it is longer than the limit, which only now has to be a number. */
static creg_status trimmed(jinja_run *run, creg_value limit, creg_slice *text, bool *ret_longer)
{
    int64_t count = (int64_t)creg_utf8_count(*text);
    creg_status status =
        jinja_compare(run, JINJA_GREATER, creg_value_int(count), limit, ret_longer);
    if (status != CREG_OK || !*ret_longer)
        return status;
    if (creg_value_is(limit, CREG_KIND_FLOAT))
        return jinja_fail(run, "TypeError",
                          "slice indices must be integers or None or have an __index__ method");
    bool small = !creg_value_is(limit, CREG_KIND_BIGINT); /* a large one is negative here */
    int64_t keep = !small                 ? 0
                   : limit.as.integer < 0 ? count + limit.as.integer
                                          : limit.as.integer;
    text->size = keep <= 0 ? 0 : creg_utf8_offset(*text, (size_t)keep);
    return CREG_OK;
}

static void write_trimmed(const linking *link, creg_slice text)
{
    bool trims = link->trims;
    if (trims && *link->status == CREG_OK)
        *link->status = trimmed(link->run, link->trim_limit, &text, &trims);
    creg_text_slice(link->out, text);
    if (trims)
        creg_text_string(link->out, "...");
}

static void write_link(const linking *link, const char *scheme, creg_slice address, bool plain,
                       creg_slice label)
{
    creg_text_string(link->out, "<a href=\"");
    creg_text_string(link->out, scheme);
    creg_text_slice(link->out, address);
    creg_text_byte(link->out, '"');
    if (!plain) {
        creg_text_slice(link->out, link->rel);
        creg_text_slice(link->out, link->target);
    }
    creg_text_byte(link->out, '>');
    if (plain)
        creg_text_slice(link->out, label);
    else
        write_trimmed(link, label);
    creg_text_string(link->out, "</a>");
}

/* Has it one of the caller's schemes? */
static bool has_extra_scheme(const linking *link, creg_slice text)
{
    for (size_t i = 0; link->schemes != NULL && i < link->schemes->size; i++) {
        creg_slice scheme = creg_value_text(link->schemes->items[i]);
        if (text.size > scheme.size && creg_slice_equal(cut(text, 0, scheme.size), scheme))
            return true;
    }
    return false;
}

static void write_extra_link(const linking *link, creg_slice text)
{
    linking untrimmed = *link;
    untrimmed.trims = false;
    write_link(&untrimmed, "", text, false, text);
}

static void write_middle(const linking *link, creg_slice text)
{
    bool schemed = starts_with(text, "https://") || starts_with(text, "http://");
    if (jinja_is_url(text))
        write_link(link, schemed ? "" : "https://", text, false, text);
    else if (starts_with(text, "mailto:") && jinja_is_email(cut(text, 7, text.size)))
        write_link(link, "", text, true, cut(text, 7, text.size));
    else if (!starts_with(text, "www.") && find_byte(text, 0, ':') == text.size &&
             jinja_is_email(text))
        write_link(link, "mailto:", text, true, text);
    else if (has_extra_scheme(link, text))
        write_extra_link(link, text);
    else
        creg_text_slice(link->out, text);
}

static void write_word(const linking *link, creg_slice word)
{
    size_t start = head_end(word);
    size_t end = balance(word, start, tail_start(word, start));
    creg_text_append(link->out, word.data, start);
    write_middle(link, cut(word, start, end));
    creg_text_append(link->out, word.data + end, word.size - end);
}

static void write_words(const linking *link, creg_slice text)
{
    size_t start = 0;
    for (size_t at = 0; at < text.size && link->out->failed == CREG_OK;) {
        size_t width;
        bool blank = creg_unicode_is_space(creg_utf8_decode(text.data + at, &width));
        if (blank) {
            if (at > start)
                write_word(link, cut(text, start, at));
            creg_text_append(link->out, text.data + at, width);
            start = at + width;
        }
        at += width;
    }
    if (start < text.size)
        write_word(link, cut(text, start, text.size));
}

/* ---- arguments -------------------------------------------------------------------------- */

/* Add the words of `text` to a sorted list, each once. */
static creg_status add_words(jinja_run *run, creg_slice text, creg_list *words)
{
    for (size_t at = 0; at < text.size;) {
        size_t end = at;
        while (end < text.size && !is_one_of(text.data[end], " \t\r\n\f\v"))
            end++;
        creg_value word = creg_value_string(cut(text, at, end));
        at = end + 1;
        bool known = word.size == 0;
        for (size_t i = 0; i < words->size && !known; i++)
            known = creg_value_equal(words->items[i], word);
        if (!known && !creg_list_append(run->arena, words, word))
            return jinja_fail_arena(run);
    }
    return CREG_OK;
}

static creg_status sort_words(jinja_run *run, creg_list *words)
{
    for (size_t i = 1; i < words->size; i++) {
        for (size_t j = i; j > 0; j--) {
            bool less = false;
            creg_status status =
                jinja_is_less(run, words->items[j], words->items[j - 1], &less);
            if (status != CREG_OK || !less)
                break;
            creg_value other = words->items[j];
            words->items[j] = words->items[j - 1];
            words->items[j - 1] = other;
        }
    }
    return jinja_charge(run, words->size * words->size);
}

/* ' NAME="VALUE"', the value escaped. */
static creg_status write_attribute(jinja_run *run, const char *name, creg_value value,
                                   creg_slice *ret_attribute)
{
    creg_value escaped;
    creg_text text;
    jinja_text_init(run, &text);
    creg_status status = jinja_escape(run, value, &escaped);
    if (status != CREG_OK)
        return status;
    creg_text_format(&text, " %s=\"", name);
    creg_text_slice(&text, creg_value_text(escaped));
    creg_text_byte(&text, '"');
    status = jinja_text_value(run, &text, &escaped);
    *ret_attribute = creg_value_text(escaped);
    return status;
}

/* rel: what was given, nofollow, and always noopener. */
static creg_status read_rel(jinja_call *call, linking *link)
{
    jinja_run *run = call->run;
    creg_slice rel = {0};
    bool nofollow = false;
    creg_list *words = creg_list_new(run->arena, 4);
    if (words == NULL)
        return jinja_fail_arena(run);
    creg_status status = jinja_argument_bool(call, 2, false, &nofollow);
    bool has_rel = false;
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 4, false, &has_rel);
    if (status == CREG_OK && has_rel && !creg_value_is(call->args[4], CREG_KIND_STRING))
        return jinja_fail(run, "AttributeError", "'%s' object has no attribute 'split'",
                          creg_value_type_name(call->args[4]));
    if (status == CREG_OK && has_rel)
        rel = creg_value_text(call->args[4]);
    if (status == CREG_OK)
        status = add_words(run, rel, words);
    if (status == CREG_OK && nofollow)
        status = add_words(run, creg_slice_of("nofollow"), words);
    if (status == CREG_OK)
        status = add_words(run, creg_slice_of("noopener"), words);
    if (status == CREG_OK)
        status = sort_words(run, words);

    creg_text joined;
    jinja_text_init(run, &joined);
    for (size_t i = 0; i < words->size; i++) {
        creg_text_string(&joined, i > 0 ? " " : "");
        creg_text_slice(&joined, creg_value_text(words->items[i]));
    }
    creg_value value;
    if (status == CREG_OK)
        status = jinja_text_value(run, &joined, &value);
    return status == CREG_OK ? write_attribute(run, "rel", value, &link->rel) : status;
}

/* [\w.+-]{2,}:/{0,2} */
static bool is_scheme(creg_slice text)
{
    for (int slashes = 0; slashes < 2 && ends_with(text, "/"); slashes++)
        text.size--;
    return ends_with(text, ":") && jinja_count_word(cut(text, 0, text.size - 1), ".+-") >= 2;
}

static creg_status read_schemes(jinja_call *call, linking *link)
{
    if (!jinja_has(call, 5) || creg_value_is(call->args[5], CREG_KIND_NONE))
        return CREG_OK;
    creg_status status = jinja_to_list(call->run, call->args[5], &link->schemes);
    for (size_t i = 0; status == CREG_OK && i < link->schemes->size; i++) {
        creg_value scheme = link->schemes->items[i];
        if (!creg_value_is(scheme, CREG_KIND_STRING))
            return jinja_fail(call->run, "TypeError",
                              "expected string or bytes-like object, got '%s'",
                              creg_value_type_name(scheme));
        if (!is_scheme(creg_value_text(scheme)))
            return jinja_fail(call->run, "FilterArgumentError",
                              "%.*s is not a valid URI scheme prefix.",
                              CREG_SHOW(jinja_repr(call->run, scheme)));
    }
    return status;
}

static creg_status read_linking(jinja_call *call, linking *link)
{
    creg_status status = read_rel(call, link);
    if (status == CREG_OK && jinja_has(call, 1) &&
        !creg_value_is(call->args[1], CREG_KIND_NONE)) {
        link->trims = true;
        link->trim_limit = call->args[1];
    }
    bool has_target = false;
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, false, &has_target);
    if (status == CREG_OK && has_target)
        status = write_attribute(call->run, "target", call->args[3], &link->target);
    return status == CREG_OK ? read_schemes(call, link) : status;
}

static creg_status filter_urlize(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_text out;
    jinja_text_init(run, &out);
    creg_status status = CREG_OK;
    linking link = {.run = run, .out = &out, .status = &status};
    creg_value text;
    status = read_linking(call, &link);
    if (status == CREG_OK)
        status = jinja_escape(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 16 + 1);
    if (status != CREG_OK)
        return status;
    write_words(&link, creg_value_text(text));
    if (status == CREG_OK)
        status = jinja_text_value(run, &out, ret_value);
    if (status == CREG_OK && run->autoescape)
        ret_value->flags |= CREG_STRING_MARKUP;
    return status;
}

const jinja_builtin jinja_filters_urlize[] = {
    {"urlize", filter_urlize,
     "urlize(trim_url_limit=none, nofollow=false, target=none, rel=none, extra_schemes=none)",
     "Links around URLs and e-mail addresses.", 0, 0},
    JINJA_ROW_END,
};
