/* SPDX-License-Identifier: MIT */
/*
 * Objects and functions of the host program, as templates meet them.
 *
 * Everything goes through the table that the host gave for the object. The sandbox's rule on
 * names is asked before the host is.
 */
#include <string.h>

#include "jinja/eval.h"

typedef struct host_object {
    creg_object base; /* its class is `engine_class` below */
    void *user;
    jinja_object_class host;
    jinja_class engine_class;
} host_object;

static const host_object *host_of(const creg_object *object)
{
    return (const host_object *)(const void *)object;
}

/* Only a failure of ours names a node; the host's comes from the place of the call. */
static creg_status enter_host(jinja_run *run)
{
    jinja_state_of(run)->failed_node = NULL;
    return jinja_charge(run, 1);
}

/* ---- calling ------------------------------------------------------------------------------ */

static creg_status attribute(jinja_run *run, creg_object *object, creg_slice name,
                             creg_value *ret_value);

/* Something that iterates and that the host could not read: the engine's own. */
static bool is_engine_sequence(creg_value value)
{
    if (value.kind != CREG_KIND_OBJECT)
        return false;
    const jinja_class *class_ = jinja_class_of(value);
    return class_->attribute != attribute && (class_->next != NULL || class_->iterate != NULL);
}

static creg_status as_list(jinja_run *run, creg_value *value)
{
    creg_list *list;
    if (!is_engine_sequence(*value))
        return CREG_OK;
    creg_status status = jinja_to_list(run, *value, &list);
    if (status == CREG_OK)
        *value = creg_value_list(list);
    return status;
}

static bool has_engine_sequence(const jinja_arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        if (is_engine_sequence(arguments->positional[i]))
            return true;
    for (size_t i = 0; i < arguments->keyword_count; i++)
        if (is_engine_sequence(arguments->keywords[i].value))
            return true;
    return false;
}

/* The same arguments with lists in the place of iterators. */
static creg_status copy_arguments(jinja_run *run, jinja_arguments *arguments)
{
    creg_value *positional =
        creg_arena_calloc(run->arena, arguments->count + 1, sizeof *positional);
    creg_entry *keywords =
        creg_arena_calloc(run->arena, arguments->keyword_count + 1, sizeof *keywords);
    if (positional == NULL || keywords == NULL)
        return jinja_fail_arena(run);

    creg_status status = CREG_OK;
    for (size_t i = 0; i < arguments->count && status == CREG_OK; i++) {
        positional[i] = arguments->positional[i];
        status = as_list(run, &positional[i]);
    }
    for (size_t i = 0; i < arguments->keyword_count && status == CREG_OK; i++) {
        keywords[i] = arguments->keywords[i];
        status = as_list(run, &keywords[i].value);
    }
    arguments->positional = positional;
    arguments->keywords = keywords;
    return status;
}

creg_status jinja_call_function(jinja_run *run, jinja_host_function function, void *user,
                                const creg_value *positional, size_t count,
                                const creg_entry *keywords, size_t keyword_count,
                                creg_value *ret_value)
{
    jinja_arguments arguments = {.positional = positional,
                                 .count = count,
                                 .keywords = keywords,
                                 .keyword_count = keyword_count};
    creg_status status = CREG_OK;
    if (has_engine_sequence(&arguments))
        status = copy_arguments(run, &arguments);
    if (status == CREG_OK)
        status = enter_host(run);
    return status == CREG_OK ? function(user, &arguments, run->arena, ret_value, run->err)
                             : status;
}

static creg_status call(jinja_run *run, creg_object *object, const creg_value *positional,
                        size_t count, const creg_entry *keywords, size_t keyword_count,
                        creg_value *ret_value)
{
    const host_object *self = host_of(object);
    return jinja_call_function(run, self->host.call, self->user, positional, count, keywords,
                               keyword_count, ret_value);
}

/* ---- looking into ------------------------------------------------------------------------- */

static creg_status attribute(jinja_run *run, creg_object *object, creg_slice name,
                             creg_value *ret_value)
{
    const host_object *self = host_of(object);
    if (self->host.attribute == NULL || !jinja_is_safe(run, creg_value_object(object), name))
        return CREG_NOT_FOUND;
    creg_status status = enter_host(run);
    return status == CREG_OK
               ? self->host.attribute(self->user, name, run->arena, ret_value, run->err)
               : status;
}

static creg_status item(jinja_run *run, creg_object *object, creg_value key,
                        creg_value *ret_value)
{
    const host_object *self = host_of(object);
    creg_status status = enter_host(run);
    return status == CREG_OK ? self->host.item(self->user, key, run->arena, ret_value, run->err)
                             : status;
}

static creg_status contains(jinja_run *run, creg_object *object, creg_value needle,
                            bool *ret_contains)
{
    const host_object *self = host_of(object);
    creg_status status = enter_host(run);
    return status == CREG_OK ? self->host.contains(self->user, needle, ret_contains, run->err)
                             : status;
}

static creg_status length(jinja_run *run, creg_object *object, size_t *ret_length)
{
    const host_object *self = host_of(object);
    creg_status status = enter_host(run);
    return status == CREG_OK ? self->host.length(self->user, ret_length, run->err) : status;
}

/* ---- iterating ---------------------------------------------------------------------------- */

static creg_status iterate(jinja_run *run, creg_object *object, creg_value *ret_iterable)
{
    const host_object *self = host_of(object);
    creg_status status = enter_host(run);
    return status == CREG_OK
               ? self->host.iterate(self->user, run->arena, ret_iterable, run->err)
               : status;
}

static creg_status next(jinja_run *run, creg_object *object, creg_value *ret_item)
{
    const host_object *self = host_of(object);
    creg_status status = enter_host(run);
    return status == CREG_OK ? self->host.next(self->user, run->arena, ret_item, run->err)
                             : status;
}

/* ---- what values ask ----------------------------------------------------------------------- */

static creg_status print(const creg_object *object, bool as_repr, creg_arena *arena,
                         creg_slice *ret_text, creg_error *err)
{
    const host_object *self = host_of(object);
    return self->host.print(self->user, as_repr, arena, ret_text, err);
}

static bool equal(const creg_object *left, creg_value right)
{
    const host_object *self = host_of(left);
    if (right.kind != CREG_KIND_OBJECT || jinja_class_of(right)->attribute != attribute)
        return false;
    const host_object *other = host_of(right.as.object);
    return other->host.equal == self->host.equal && self->host.equal(self->user, other->user);
}

static uint64_t hash(const creg_object *object)
{
    const host_object *self = host_of(object);
    return self->host.hash(self->user);
}

static bool truthy(const creg_object *object)
{
    const host_object *self = host_of(object);
    return self->host.truthy(self->user);
}

/* ---- making one ---------------------------------------------------------------------------- */

static void fill_class(host_object *self, const char *type_name)
{
    const jinja_object_class *host = &self->host;
    self->engine_class = (jinja_class){
        .base = {.type_name = type_name,
                 .print = host->print == NULL ? NULL : print,
                 .equal = host->equal == NULL ? NULL : equal,
                 .hash = host->hash == NULL ? NULL : hash,
                 .truthy = host->truthy == NULL ? NULL : truthy},
        .attribute = attribute, /* always: host objects are known by it */
        .item = host->item == NULL ? NULL : item,
        .call = host->call == NULL ? NULL : call,
        .next = host->next == NULL ? NULL : next,
        .iterate = host->iterate == NULL ? NULL : iterate,
        .length = host->length == NULL ? NULL : length,
        .contains = host->contains == NULL ? NULL : contains,
    };
}

creg_status jinja_object_new(const jinja_object_class *object_class, const char *type_name,
                             void *user, creg_arena *arena, creg_value *ret_value,
                             creg_error *err)
{
    host_object *self = creg_arena_new(arena, host_object);
    if (self == NULL)
        return creg_fail_arena(err, arena);
    *self = (host_object){.user = user, .host = *object_class};
    fill_class(self, type_name);
    self->base.object_class = &self->engine_class.base;
    *ret_value = creg_value_object(&self->base);
    return CREG_OK;
}

void *jinja_object_user(creg_value value)
{
    if (value.kind != CREG_KIND_OBJECT || jinja_class_of(value)->attribute != attribute)
        return NULL;
    return host_of(value.as.object)->user;
}
