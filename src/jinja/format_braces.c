/* SPDX-License-Identifier: MIT */
/*
 * text.format() and text.format_map(): "{0.name[key]!r:>{width}}".
 *
 * In a sandbox every look-up inside a field goes the way that a template's own look-ups go,
 * so that a format string reaches nothing that the template could not reach.
 */
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/eval.h"
#include "jinja/formatting.h"

typedef enum numbering { UNDECIDED, AUTOMATIC, MANUAL } numbering;

typedef struct formatter {
    jinja_run *run;
    const jinja_format_source *source;
    numbering numbering;
    size_t next_index;
    bool is_markup; /* escape what is inserted */
    bool trusted;   /* so far */
} formatter;

/* One replacement field: {NAME!CONVERSION:SPEC}. */
typedef struct field {
    creg_slice name;
    uint32_t conversion; /* 0: none */
    creg_slice spec;
    bool spec_has_fields;
} field;

static creg_status fail_format(formatter *self, const char *message)
{
    return jinja_fail(self->run, "ValueError", "%s", message);
}

/* ---- taking a format string apart ------------------------------------------------------- */

/* From behind "!" or ":" to behind the "}" that ends the field. */
static creg_status read_spec(formatter *self, creg_slice format, size_t *at, field *ret)
{
    size_t start = *at;
    size_t open = 1;
    while (*at < format.size) {
        char byte = format.data[(*at)++];
        if (byte == '{') {
            ret->spec_has_fields = true;
            open++;
        } else if (byte == '}' && --open == 0) {
            ret->spec = creg_slice_make(format.data + start, *at - 1 - start);
            return CREG_OK;
        }
    }
    return fail_format(self, "unmatched '{' in format spec");
}

static creg_status read_conversion(formatter *self, creg_slice format, size_t *at, field *ret)
{
    if (*at == format.size)
        return fail_format(self, "end of string while looking for conversion specifier");
    size_t width;
    ret->conversion = creg_utf8_decode(format.data + *at, &width);
    *at += width;
    if (*at == format.size)
        return read_spec(self, format, at, ret);
    char byte = format.data[(*at)++];
    if (byte == '}')
        return CREG_OK;
    if (byte != ':')
        return fail_format(self, "expected ':' after conversion specifier");
    return read_spec(self, format, at, ret);
}

/* `*at` is behind the "{" and goes behind the "}". */
static creg_status read_field(formatter *self, creg_slice format, size_t *at, field *ret)
{
    *ret = (field){0};
    size_t start = *at;
    char byte = 0;
    while (*at < format.size) {
        byte = format.data[(*at)++];
        if (byte == '{')
            return fail_format(self, "unexpected '{' in field name");
        if (byte == '}' || byte == ':' || byte == '!')
            break;
        while (byte == '[' && *at < format.size && format.data[*at] != ']')
            ++*at;
    }
    ret->name = creg_slice_make(format.data + start, *at - start);
    if (byte != '}' && byte != ':' && byte != '!')
        return fail_format(self, "expected '}' before end of string");
    ret->name.size--;
    if (byte == '!')
        return read_conversion(self, format, at, ret);
    return byte == ':' ? read_spec(self, format, at, ret) : CREG_OK;
}

/* ---- finding the value ------------------------------------------------------------------ */

/* All digits: the number; -1 when it is a name; -2 when too large. */
static int64_t as_index(creg_slice name)
{
    int64_t number = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < '0' || name.data[i] > '9')
            return -1;
        if (number > (INT64_MAX - 9) / 10)
            return -2;
        number = number * 10 + (name.data[i] - '0');
    }
    return name.size == 0 ? -1 : number;
}

static bool is_sandboxed(const formatter *self)
{
    return self->run->options->sandbox != JINJA_SANDBOX_NONE;
}

/* Sandboxes and Markup format with Python's string.Formatter instead of str.format(); it
 * differs in a few corners. */
static bool is_formatter_class(const formatter *self)
{
    return is_sandboxed(self) || self->is_markup;
}

static creg_status fail_numbering(formatter *self, numbering wanted)
{
    return fail_format(self, wanted == AUTOMATIC || is_formatter_class(self)
                                 ? "cannot switch from manual field specification to "
                                   "automatic field numbering"
                                 : "cannot switch from automatic field numbering to "
                                   "manual field specification");
}

static creg_status get_positional(formatter *self, int64_t index, creg_value *ret_value)
{
    if (!jinja_is_missing(self->source->mapping) && !is_formatter_class(self))
        return fail_format(self, "Format string contains positional fields");
    numbering wanted = index < 0 ? AUTOMATIC : MANUAL;
    if (self->numbering != UNDECIDED && self->numbering != wanted)
        return fail_numbering(self, wanted);
    self->numbering = wanted;
    size_t place = index < 0 ? self->next_index++ : (size_t)index;
    if (place >= self->source->count && is_formatter_class(self))
        return jinja_fail(self->run, "IndexError", "tuple index out of range");
    if (place >= self->source->count)
        return jinja_fail(self->run, "IndexError",
                          "Replacement index %zu out of range for positional args tuple",
                          place);
    *ret_value = self->source->positional[place];
    return CREG_OK;
}

static creg_status get_list_item(formatter *self, creg_value object, creg_value key,
                                 creg_value *ret_value)
{
    const char *name = creg_value_type_name(object);
    if (!creg_value_is(key, CREG_KIND_INT))
        return jinja_fail(self->run, "TypeError",
                          "%s indices must be integers or slices, not %s", name,
                          creg_value_type_name(key));
    if ((uint64_t)key.as.integer >= object.as.list->size)
        return jinja_fail(self->run, "IndexError", "%s index out of range", name);
    *ret_value = object.as.list->items[key.as.integer];
    return CREG_OK;
}

/* object[key] as Python alone would do it: no attributes instead, no undefined. */
static creg_status get_plain_item(formatter *self, creg_value object, creg_value key,
                                  creg_value *ret_value)
{
    if (creg_value_is(object, CREG_KIND_UNDEFINED))
        return jinja_get_item(self->run, object, key, ret_value);
    if (creg_value_is(object, CREG_KIND_LIST) || creg_value_is(object, CREG_KIND_TUPLE))
        return get_list_item(self, object, key, ret_value);
    if (creg_value_is(object, CREG_KIND_MAP)) {
        const creg_value *found = creg_map_get(object.as.map, key);
        if (found == NULL)
            return jinja_fail_key(self->run, key);
        *ret_value = *found;
        return CREG_OK;
    }
    creg_status status = jinja_get_item(self->run, object, key, ret_value);
    if (status != CREG_OK || !creg_value_is(*ret_value, CREG_KIND_UNDEFINED))
        return status;
    if (creg_value_is(object, CREG_KIND_STRING) && creg_value_is(key, CREG_KIND_INT))
        return jinja_fail(self->run, "IndexError", "string index out of range");
    if (creg_value_is(object, CREG_KIND_RANGE) && creg_value_is(key, CREG_KIND_INT))
        return jinja_fail(self->run, "IndexError", "range object index out of range");
    if (creg_value_is(object, CREG_KIND_STRING))
        return jinja_fail(self->run, "TypeError", "string indices must be integers, not '%s'",
                          creg_value_type_name(key));
    return jinja_fail(self->run, "TypeError", "'%s' object is not subscriptable",
                      creg_value_type_name(object));
}

static creg_status get_item(formatter *self, creg_value object, creg_slice name,
                            creg_value *ret_value)
{
    int64_t index = as_index(name);
    if (index == -2)
        return fail_format(self, "Too many decimal digits in format string");
    creg_value key = index >= 0 ? creg_value_int(index) : creg_value_string(name);
    if (is_sandboxed(self))
        return jinja_get_item(self->run, object, key, ret_value);
    return get_plain_item(self, object, key, ret_value);
}

/* Python asks for attributes of its own by such names, so that only a chainable one has them. */
static creg_status get_of_undefined(formatter *self, creg_value object, creg_slice name,
                                    creg_value *ret_value)
{
    bool is_inner = name.size >= 2 && name.data[0] == '_' && name.data[1] == '_';
    if (is_inner && jinja_undefined_mode(object) != JINJA_UNDEFINED_CHAINABLE)
        return jinja_fail(self->run, "AttributeError", "%.*s", CREG_SHOW(name));
    return jinja_get_item(self->run, object, creg_value_string(name), ret_value);
}

static creg_status get_attribute(formatter *self, creg_value object, creg_slice name,
                                 creg_value *ret_value)
{
    if (creg_value_is(object, CREG_KIND_UNDEFINED) && !is_sandboxed(self))
        return get_of_undefined(self, object, name, ret_value);
    bool items_hide = !is_sandboxed(self) && creg_value_is(object, CREG_KIND_MAP) &&
                      jinja_find_method(object, name) == NULL;
    creg_status status = CREG_OK;
    if (!items_hide)
        status = jinja_get_attribute(self->run, object, name, ret_value);
    if (status != CREG_OK || is_sandboxed(self))
        return status;
    if (!items_hide && !creg_value_is(*ret_value, CREG_KIND_UNDEFINED))
        return CREG_OK;
    return jinja_fail(self->run, "AttributeError", "'%s' object has no attribute '%.*s'",
                      creg_value_type_name(object), CREG_SHOW(name));
}

/* The parts behind the first name: ".attribute" and "[item]". */
static creg_status follow(formatter *self, creg_slice path, creg_value *value)
{
    size_t at = 0;
    while (at < path.size) {
        char kind = path.data[at++];
        size_t start = at;
        if (kind != '.' && kind != '[')
            return fail_format(self,
                               "Only '.' or '[' may follow ']' in format field specifier");
        while (at < path.size && (kind == '[' ? path.data[at] != ']'
                                              : path.data[at] != '.' && path.data[at] != '['))
            at++;
        if (kind == '[' && at == path.size)
            return fail_format(self, "Missing ']' in format string");
        creg_slice name = creg_slice_make(path.data + start, at - start);
        at += kind == '[';
        if (name.size == 0)
            return fail_format(self, "Empty attribute in format string");
        creg_status status = kind == '[' ? get_item(self, *value, name, value)
                                         : get_attribute(self, *value, name, value);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status get_keyword(formatter *self, creg_slice name, creg_value *ret_value)
{
    const jinja_format_source *source = self->source;
    if (!jinja_is_missing(source->mapping))
        return get_plain_item(self, source->mapping, creg_value_string(name), ret_value);
    for (size_t i = 0; i < source->keyword_count; i++) {
        if (creg_slice_equal(creg_value_text(source->keywords[i].key), name)) {
            *ret_value = source->keywords[i].value;
            return CREG_OK;
        }
    }
    return jinja_fail_key(self->run, creg_value_string(name));
}

static creg_status get_value(formatter *self, creg_slice name, creg_value *ret_value)
{
    size_t first = 0;
    while (first < name.size && name.data[first] != '.' && name.data[first] != '[')
        first++;
    creg_slice head = creg_slice_make(name.data, first);
    int64_t index = as_index(head);
    creg_status status;
    if (index == -2)
        status = fail_format(self, "Too many decimal digits in format string");
    else if (index >= 0 || (first == 0 && (name.size == 0 || !is_formatter_class(self))))
        status = get_positional(self, index, ret_value);
    else
        status = get_keyword(self, head, ret_value);
    if (status != CREG_OK)
        return status;
    return follow(self, creg_slice_make(name.data + first, name.size - first), ret_value);
}

/* ---- inserting it ----------------------------------------------------------------------- */

static creg_status convert(formatter *self, uint32_t conversion, creg_value *value)
{
    creg_text text;
    jinja_text_init(self->run, &text);
    creg_status status;
    if (conversion == 'a')
        status = jinja_append_ascii(self->run, &text, *value);
    else if (conversion == 'r' || conversion == 's')
        status = jinja_append_printed(self->run, &text, *value, conversion == 'r');
    else if (conversion > 32 && conversion < 127)
        return jinja_fail(self->run, "ValueError", "Unknown conversion specifier %c",
                          (char)conversion);
    else
        return jinja_fail(self->run, "ValueError", "Unknown conversion specifier \\x%x",
                          (unsigned)conversion);
    uint8_t flags = 0;
    if (conversion == 's' && creg_value_is(*value, CREG_KIND_STRING))
        flags = value->flags;
    if (status == CREG_OK)
        status = jinja_text_value(self->run, &text, value);
    value->flags = flags;
    return status;
}

/* What Markup inserts: formatted, then escaped. Markup itself takes no format spec. */
static creg_status insert_escaped(formatter *self, creg_text *text, creg_value value,
                                  creg_slice spec)
{
    if (jinja_is_markup(value)) {
        if (spec.size > 0)
            return fail_format(self, "Unsupported format specification for Markup.");
        creg_text_slice(text, creg_value_text(value));
        return CREG_OK;
    }
    creg_text formatted;
    jinja_text_init(self->run, &formatted);
    creg_value escaped;
    creg_status status = jinja_format_value(self->run, &formatted, value, spec);
    if (status == CREG_OK)
        status = jinja_text_value(self->run, &formatted, &escaped);
    if (status == CREG_OK)
        status = jinja_escape(self->run, escaped, &escaped);
    if (status == CREG_OK)
        creg_text_slice(text, creg_value_text(escaped));
    return status;
}

static creg_status build(formatter *self, creg_slice format, unsigned depth, creg_text *text);

static creg_status expand_spec(formatter *self, field *found, unsigned depth)
{
    creg_text text;
    creg_value spec;
    jinja_text_init(self->run, &text);
    creg_status status = build(self, found->spec, depth - 1, &text);
    if (status == CREG_OK)
        status = jinja_text_value(self->run, &text, &spec);
    if (status == CREG_OK)
        found->spec = creg_value_text(spec);
    return status;
}

static creg_status insert(formatter *self, field *found, unsigned depth, creg_text *text)
{
    creg_value value = creg_value_none();
    creg_status status = get_value(self, found->name, &value);
    if (status == CREG_OK)
        self->trusted = self->trusted && jinja_keeps_trust(value);
    if (status == CREG_OK && found->conversion != 0)
        status = convert(self, found->conversion, &value);
    if (status == CREG_OK && found->spec_has_fields)
        status = expand_spec(self, found, depth);
    if (status == CREG_OK)
        status = jinja_charge(self->run, 1);
    if (status != CREG_OK)
        return status;
    if (self->is_markup)
        return insert_escaped(self, text, value, found->spec);
    return jinja_format_value(self->run, text, value, found->spec);
}

/* Copy literal text up to and including the next brace; tells whether a field begins. */
static creg_status copy_literal(formatter *self, creg_slice format, size_t *at, creg_text *text,
                                bool *ret_field)
{
    size_t start = *at;
    *ret_field = false;
    while (*at < format.size && format.data[*at] != '{' && format.data[*at] != '}')
        ++*at;
    creg_text_append(text, format.data + start, *at - start);
    if (*at == format.size)
        return CREG_OK;
    char brace = format.data[(*at)++];
    bool doubled = *at < format.size && format.data[*at] == brace;
    if (doubled) {
        creg_text_byte(text, brace);
        ++*at;
        return CREG_OK;
    }
    if (brace == '}')
        return fail_format(self, "Single '}' encountered in format string");
    if (*at == format.size)
        return fail_format(self, "Single '{' encountered in format string");
    *ret_field = true;
    return CREG_OK;
}

static creg_status build(formatter *self, creg_slice format, unsigned depth, creg_text *text)
{
    if (depth == 0)
        return fail_format(self, "Max string recursion exceeded");
    for (size_t at = 0; at < format.size;) {
        bool is_field;
        field found;
        creg_status status = copy_literal(self, format, &at, text, &is_field);
        if (status == CREG_OK && is_field)
            status = read_field(self, format, &at, &found);
        if (status == CREG_OK && is_field)
            status = insert(self, &found, depth, text);
        if (status != CREG_OK)
            return status;
        if (text->failed != CREG_OK)
            break; /* whoever takes the text says so */
    }
    return CREG_OK;
}

creg_status jinja_format_fields(jinja_run *run, creg_value format,
                                const jinja_format_source *source, creg_value *ret_text)
{
    formatter self = {.run = run, .source = source};
    self.is_markup = jinja_is_markup(format);
    self.trusted = (format.flags & CREG_STRING_TRUSTED) != 0;
    creg_text text;
    jinja_text_init(run, &text);
    creg_status status = jinja_charge(run, format.size / 64);
    if (status == CREG_OK)
        status = build(&self, creg_value_text(format), 2, &text);
    if (status == CREG_OK)
        status = jinja_text_value(run, &text, ret_text);
    if (status == CREG_OK)
        ret_text->flags = (uint8_t)((self.is_markup ? CREG_STRING_MARKUP : 0) |
                                    (self.trusted ? CREG_STRING_TRUSTED : 0));
    return status;
}

creg_status jinja_format_braces(jinja_run *run, creg_value format, const creg_value *positional,
                                size_t count, const creg_entry *keywords, size_t keyword_count,
                                creg_value *ret_text)
{
    jinja_format_source source = {positional, count, keywords, keyword_count, jinja_missing()};
    return jinja_format_fields(run, format, &source, ret_text);
}
