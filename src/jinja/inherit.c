/* SPDX-License-Identifier: MIT */
/*
 * Contexts, and everything that involves a second template: extends, blocks, super, self,
 * include, import.
 *
 * A context is a chain of maps that never change (layers) below the names that the template
 * itself sets. Handing the context on is handing on the chain, with a copy of those names.
 */
#include <assert.h>

#include "jinja/eval.h"
#include "jinja/methods.h"

#include <stdio.h>

#include "value/map.h"

struct jinja_module {
    creg_object base;
    jinja_module *next; /* in the state's list, when imported without context */
    const jinja_template *owner;
    jinja_context *context;
    creg_value text; /* what the body wrote */
    jinja_odd odd;   /* or what it wrote that cannot be joined: fails when the text is wanted */
};

/* ---- contexts ------------------------------------------------------------------------- */

const jinja_layer *jinja_layer_new(jinja_state *st, const creg_map *map,
                                   const jinja_layer *next)
{
    jinja_layer *layer = creg_arena_new(st->run.arena, jinja_layer);
    if (layer != NULL)
        *layer = (jinja_layer){.map = map, .next = next};
    return layer;
}

static bool add_block(jinja_state *st, jinja_context *context, const jinja_block *block,
                      const jinja_template *owner)
{
    jinja_block_stack *stack = NULL;
    for (uint32_t i = 0; i < context->block_count && stack == NULL; i++)
        if (creg_slice_equal(context->blocks[i].name, block->name->text))
            stack = &context->blocks[i];
    if (stack == NULL) {
        size_t size = context->block_count * sizeof *stack;
        void *grown =
            creg_arena_grow(st->run.arena, context->blocks, size, size + sizeof *stack);
        if (grown == NULL)
            return false;
        context->blocks = grown;
        stack = &context->blocks[context->block_count++];
        *stack = (jinja_block_stack){.name = block->name->text};
    }
    size_t size = stack->count * sizeof *stack->entries;
    void *grown =
        creg_arena_grow(st->run.arena, stack->entries, size, size + sizeof *stack->entries);
    if (grown == NULL)
        return false;
    stack->entries = grown;
    stack->entries[stack->count++] = (jinja_block_entry){.block = block, .owner = owner};
    return true;
}

static bool add_blocks(jinja_state *st, jinja_context *context, const jinja_template *owner)
{
    for (uint32_t i = 0; i < owner->block_count; i++)
        if (!add_block(st, context, owner->blocks[i]->as.block, owner))
            return false;
    return true;
}

jinja_context *jinja_context_new(jinja_state *st, const jinja_template *owner,
                                 const jinja_layer *layers)
{
    jinja_context *context = creg_arena_calloc(st->run.arena, 1, sizeof *context);
    if (context == NULL)
        return NULL;
    assert(owner != NULL); /* whoever found no template had a status that said so */
    context->owner = owner;
    context->layers = layers;
    context->autoescape = owner->escapes;
    return add_blocks(st, context, owner) ? context : NULL;
}

creg_value jinja_context_find(const jinja_context *context, creg_slice name)
{
    const creg_value *found = NULL;
    if (context->vars != NULL)
        found = creg_map_get_text(context->vars, name);
    for (const jinja_layer *layer = context->layers; found == NULL && layer != NULL;
         layer = layer->next)
        found = creg_map_get_text(layer->map, name);
    return found == NULL ? jinja_missing() : *found;
}

const jinja_layer *jinja_context_layers(jinja_state *st, const jinja_context *context)
{
    if (context->vars == NULL || context->vars->size == 0)
        return context->layers;
    const creg_map *copy = creg_map_copy(st->run.arena, context->vars);
    return copy == NULL ? NULL : jinja_layer_new(st, copy, context->layers);
}

/* The context's layers with the locals of the place on top. */
static const jinja_layer *layers_with_locals(jinja_state *st, const jinja_locals *locals)
{
    const jinja_layer *below = jinja_context_layers(st, st->context);
    creg_map *map = NULL;
    for (uint32_t i = 0; i < locals->count; i++) {
        creg_value value = *jinja_slot(st, locals->items[i].slot, locals->items[i].up);
        if (jinja_is_missing(value))
            continue;
        if (map == NULL)
            map = creg_map_new(st->run.arena, locals->count);
        if (map == NULL || !creg_map_set(st->run.arena, map,
                                         creg_value_string(locals->items[i].name->text), value))
            return NULL;
    }
    return map == NULL || below == NULL ? below : jinja_layer_new(st, map, below);
}

/* ---- running code of a template ------------------------------------------------------- */

typedef struct surroundings {
    creg_value *slots;
    jinja_frame *frame;
    jinja_context *context;
    const jinja_template *owner;
    const jinja_template *parent;
    bool autoescape;
} surroundings;

static surroundings begin(jinja_state *st, jinja_context *context, const jinja_template *owner)
{
    surroundings before = {st->slots, st->frame,  st->context,
                           st->owner, st->parent, st->run.autoescape};
    st->context = context;
    st->owner = owner;
    st->parent = NULL;
    st->run.autoescape = context->autoescape;
    return before;
}

static void end(jinja_state *st, const surroundings *before)
{
    st->slots = before->slots;
    st->frame = before->frame;
    st->context = before->context;
    st->owner = before->owner;
    st->parent = before->parent;
    st->run.autoescape = before->autoescape;
}

static creg_value self_value(jinja_state *st, jinja_context *context);
static creg_value super_value(jinja_state *st, jinja_context *context, creg_slice name,
                              uint32_t depth);

static creg_status run_unit(jinja_state *st, const jinja_unit *unit, uint32_t depth)
{
    jinja_frame *frame = jinja_enter_unit(st, unit, NULL);
    if (frame == NULL)
        return jinja_fail_arena(&st->run);
    st->frame = frame;
    st->slots = frame->slots;
    if (unit->self_slot != JINJA_NO_SLOT)
        st->slots[unit->self_slot] = self_value(st, st->context);
    if (unit->super_slot != JINJA_NO_SLOT)
        st->slots[unit->super_slot] =
            super_value(st, st->context, unit->block_name->text, depth + 1);
    jinja_enter_scope(st, &unit->scope);
    creg_status status = jinja_exec_body(st, &unit->body);
    jinja_leave_unit(st, unit, frame);
    return status;
}

creg_status jinja_run_root(jinja_state *st, const jinja_template *template_,
                           jinja_context *context)
{
    creg_status status = jinja_enter_call(st);
    if (status != CREG_OK)
        return status;
    surroundings before = begin(st, context, template_);
    status = run_unit(st, &template_->root, 0);
    const jinja_template *parent = st->parent;
    const jinja_stmt *extends = st->extends;
    if (status == CREG_OK && parent != NULL) {
        status = jinja_run_root(st, parent, context);
        if (status != CREG_OK) /* a chain without end has no other place */
            status = jinja_at_line(st, extends->line, extends->at, extends->size, status);
    }
    end(st, &before);
    st->run.call_depth--;
    return status;
}

static creg_status run_block(jinja_state *st, jinja_context *context,
                             const jinja_block_stack *stack, uint32_t depth)
{
    const jinja_block_entry *entry = &stack->entries[depth];
    creg_status status = jinja_enter_call(st);
    if (status != CREG_OK)
        return status;
    surroundings before = begin(st, context, entry->owner);
    status = run_unit(st, &entry->block->unit, depth);
    end(st, &before);
    st->run.call_depth--;
    return status;
}

/* ---- self, super and blocks ----------------------------------------------------------- */

typedef struct block_reference {
    creg_object base;
    jinja_context *context;
    creg_slice name;
    uint32_t depth;
} block_reference;

typedef struct template_reference {
    creg_object base;
    jinja_context *context;
} template_reference;

static const jinja_block_stack *find_stack(const jinja_context *context, creg_slice name)
{
    for (uint32_t i = 0; i < context->block_count; i++)
        if (creg_slice_equal(context->blocks[i].name, name))
            return &context->blocks[i];
    return NULL;
}

static creg_status call_block(jinja_run *run, creg_object *object, const creg_value *positional,
                              size_t count, const creg_entry *keywords, size_t keyword_count,
                              creg_value *ret_value)
{
    jinja_state *st = jinja_state_of(run);
    const block_reference *self = (const block_reference *)(void *)object;
    (void)positional;
    (void)keywords;
    if (count + keyword_count > 0)
        return jinja_fail(run, "TypeError",
                          "BlockReference.__call__() takes 1 positional argument but %zu were "
                          "given",
                          count + keyword_count + 1);
    jinja_output out;
    jinja_output *before = st->out;
    jinja_output_init(st, &out, run->limits.output_bytes);
    st->out = &out;
    creg_status status =
        run_block(st, self->context, find_stack(self->context, self->name), self->depth);
    st->out = before;
    return status == CREG_OK
               ? jinja_output_value(st, &out, self->context->autoescape, ret_value)
               : status;
}

static creg_status block_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                   creg_value *ret_value)
{
    const block_reference *self = (const block_reference *)(void *)object;
    if (creg_slice_equal(name, creg_slice_of("super")))
        *ret_value =
            super_value(jinja_state_of(run), self->context, self->name, self->depth + 1);
    else if (creg_slice_equal(name, creg_slice_of("name")))
        *ret_value = creg_value_string(self->name);
    else
        return CREG_NOT_FOUND;
    return CREG_OK;
}

static const jinja_class block_class = {
    .base = {.type_name = "BlockReference"}, .attribute = block_attribute, .call = call_block};

static creg_value reference(jinja_state *st, jinja_context *context, creg_slice name,
                            uint32_t depth)
{
    block_reference *made = creg_arena_new(st->run.arena, block_reference);
    if (made == NULL)
        return creg_value_undefined(); /* using it says so; the arena has failed by then */
    *made = (block_reference){
        .base = {&block_class.base}, .context = context, .name = name, .depth = depth};
    return creg_value_object(&made->base);
}

static creg_value super_value(jinja_state *st, jinja_context *context, creg_slice name,
                              uint32_t depth)
{
    const jinja_block_stack *stack = find_stack(context, name);
    if (stack == NULL || depth >= stack->count)
        return jinja_make_undefined_hint(&st->run, "there is no parent block called '%.*s'.",
                                         CREG_SHOW(name));
    return reference(st, context, name, depth);
}

static creg_status self_item(jinja_run *run, creg_object *object, creg_value key,
                             creg_value *ret_value)
{
    const template_reference *self = (const template_reference *)(void *)object;
    if (key.kind != CREG_KIND_STRING)
        return CREG_NOT_FOUND;
    const jinja_block_stack *stack = find_stack(self->context, creg_value_text(key));
    if (stack == NULL)
        return CREG_NOT_FOUND;
    *ret_value = reference(jinja_state_of(run), self->context, stack->name, 0);
    return CREG_OK;
}

static creg_status print_self(const creg_object *object, bool as_repr, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    const template_reference *self = (const template_reference *)(const void *)object;
    creg_slice name = self->context->owner->name;
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    if (name.size == 0)
        creg_text_string(&text, "<TemplateReference None>");
    else
        creg_text_format(&text, "<TemplateReference '%.*s'>", CREG_SHOW(name));
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class self_class = {
    .base = {.type_name = "TemplateReference", .print = print_self}, .item = self_item};

static creg_value self_value(jinja_state *st, jinja_context *context)
{
    template_reference *made = creg_arena_new(st->run.arena, template_reference);
    if (made == NULL)
        return creg_value_undefined();
    *made = (template_reference){.base = {&self_class.base}, .context = context};
    return creg_value_object(&made->base);
}

/* A context of its own for a scoped block: the same names, plus the locals of the place. */
static jinja_context *scoped_context(jinja_state *st, const jinja_locals *locals)
{
    jinja_context *derived = creg_arena_new(st->run.arena, jinja_context);
    if (derived == NULL)
        return NULL;
    *derived = *st->context;
    derived->vars = derived->exported = NULL;
    derived->layers = layers_with_locals(st, locals);
    return derived->layers == NULL && locals->count > 0 ? NULL : derived;
}

creg_status jinja_exec_block(jinja_state *st, const jinja_stmt *stmt)
{
    const jinja_block *block = stmt->as.block;
    jinja_context *context = st->context;
    if (stmt->toplevel && st->parent != NULL)
        return CREG_OK;
    if (block->scoped)
        context = scoped_context(st, &block->locals);
    if (context == NULL)
        return jinja_at_line(st, stmt->line, stmt->at, 0, jinja_fail_arena(&st->run));
    const jinja_block_stack *stack = find_stack(context, block->name->text);
    if (block->required && stack->count <= 1)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size,
                             jinja_fail(&st->run, "TemplateRuntimeError",
                                        "Required block '%.*s' not found",
                                        CREG_SHOW(block->name->text)));
    return jinja_at_line(st, stmt->line, stmt->at, stmt->size,
                         run_block(st, context, stack, 0));
}

/* ---- finding templates ---------------------------------------------------------------- */

static creg_status fail_no_loader(jinja_state *st)
{
    return jinja_fail(&st->run, "TypeError", "no loader for this environment specified");
}

/* The message is the name, as in Jinja2, as far as it can be shown: there has to be something. */
static creg_status fail_not_found(jinja_state *st, creg_slice name)
{
    enum { SHOWN_MOST = 200 };
    char shown[SHOWN_MOST];
    size_t size = name.size < SHOWN_MOST ? name.size : SHOWN_MOST;
    for (size_t i = 0; i < size; i++)
        shown[i] = name.data[i] == '\0' ? ' ' : name.data[i];
    if (size == 0)
        return jinja_fail(&st->run, "TemplateNotFound", "a template with an empty name");
    return jinja_fail(&st->run, "TemplateNotFound", "%.*s", (int)size, shown);
}

creg_status jinja_get_template(jinja_state *st, creg_slice name, const jinja_template **ret)
{
    creg_error err;
    creg_error *where = st->run.err == NULL ? NULL : &err;
    if (st->run.options->loader == NULL)
        return fail_no_loader(st);
    creg_status status =
        jinja_load(st->run.options == NULL ? NULL : (jinja_engine *)(uintptr_t)st->run.engine,
                   name, ret, where);
    if (status == CREG_OK)
        return CREG_OK;
    if (status == CREG_NOT_FOUND)
        return fail_not_found(st, name);
    st->failed_node = NULL;
    if (where != NULL)
        *st->run.err = err;
    return status;
}

/* It is handed to the loader as it is; one that is not there comes first. */
static creg_status fail_undefined_name(jinja_state *st, creg_value name)
{
    return st->run.options->loader == NULL ? fail_no_loader(st)
                                           : jinja_fail_undefined(&st->run, name);
}

/* No text and no list: no loader has it, whatever it is. */
static creg_status fail_odd_name(jinja_state *st, creg_value name)
{
    creg_slice text;
    if (st->run.options->loader == NULL)
        return fail_no_loader(st);
    creg_status status = jinja_check_key(&st->run, name);
    if (status == CREG_OK)
        status = jinja_str(&st->run, name, &text);
    if (status == CREG_OK)
        status = fail_not_found(st, text);
    return status;
}

static creg_status fail_none_found(jinja_state *st, const creg_list *names)
{
    char text[400] = "";
    size_t at = 0;
    for (size_t i = 0; i < names->size && at + 1 < sizeof text; i++) {
        creg_slice name = {"", 0};
        if (names->items[i].kind != CREG_KIND_UNDEFINED) {
            creg_status status = jinja_str(&st->run, names->items[i], &name);
            if (status != CREG_OK)
                return status;
        }
        int wrote = snprintf(text + at, sizeof text - at, "%s%.*s", i == 0 ? "" : ", ",
                             CREG_SHOW(name));
        at += wrote < 0 ? 0 : (size_t)wrote;
    }
    return jinja_fail(&st->run, "TemplatesNotFound",
                      names->size == 0 ? "Tried to select from an empty list of templates."
                                       : "none of the templates given were found: %s",
                      text);
}

static creg_status select_template(jinja_state *st, creg_value names,
                                   const jinja_template **ret)
{
    creg_list nothing = {0};
    creg_list *list = &nothing;
    bool some; /* whatever is false counts as an empty list */
    creg_status status = jinja_truthy(&st->run, names, &some);
    if (status == CREG_OK && some)
        status = jinja_to_list(&st->run, names, &list);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < list->size; i++) {
        creg_slice name;
        if (st->run.options->loader == NULL)
            return fail_no_loader(st);
        if (list->items[i].kind == CREG_KIND_UNDEFINED)
            continue; /* no loader has it */
        status = jinja_str(&st->run, list->items[i], &name);
        if (status == CREG_OK)
            status = jinja_get_template(st, name, ret);
        if (status != CREG_TEMPLATE_NOT_FOUND)
            return status;
    }
    return fail_none_found(st, list);
}

static creg_status template_of(jinja_state *st, const jinja_node *node, bool may_be_list,
                               const jinja_template **ret)
{
    creg_value name;
    creg_status status = jinja_evaluate_node(st, node, &name);
    if (status != CREG_OK)
        return status;
    if (name.kind == CREG_KIND_UNDEFINED)
        status = fail_undefined_name(st, name);
    else if (name.kind == CREG_KIND_STRING)
        status = jinja_get_template(st, creg_value_text(name), ret);
    else if (may_be_list)
        status = select_template(st, name, ret);
    else
        status = fail_odd_name(st, name);
    return jinja_at_node(st, node, status);
}

creg_status jinja_exec_extends(jinja_state *st, const jinja_stmt *stmt)
{
    const jinja_template *parent = NULL;
    creg_status status;
    if (st->parent != NULL)
        status = jinja_fail(&st->run, "TemplateRuntimeError", "extended multiple times");
    else
        status = template_of(st, stmt->as.other.name, false, &parent);
    if (status == CREG_OK && !add_blocks(st, st->context, parent))
        status = jinja_fail_arena(&st->run);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    st->parent = parent;
    st->extends = stmt;
    return CREG_OK;
}

/* ---- modules -------------------------------------------------------------------------- */

static creg_status module_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                    creg_value *ret_value)
{
    const jinja_module *module = (const jinja_module *)(void *)object;
    (void)run;
    const jinja_context *context = module->context;
    if (creg_slice_equal(name, creg_slice_of("__name__"))) {
        *ret_value = creg_value_string(module->owner->name);
        return CREG_OK;
    }
    if (context->exported == NULL || creg_map_get_text(context->exported, name) == NULL)
        return CREG_NOT_FOUND;
    *ret_value = *creg_map_get_text(context->vars, name);
    return CREG_OK;
}

static creg_status print_module(const creg_object *object, bool as_repr, creg_arena *arena,
                                creg_slice *ret_text, creg_error *err)
{
    const jinja_module *module = (const jinja_module *)(const void *)object;
    if (!as_repr && module->odd.type != NULL) {
        creg_status status =
            creg_fail(err, CREG_TEMPLATE_RUNTIME,
                      "sequence item 0: expected str instance, %s found", module->odd.type);
        creg_error_type(err, "TypeError");
        return status;
    }
    if (!as_repr) {
        *ret_text = creg_value_text(module->text);
        return CREG_OK;
    }
    creg_text text;
    creg_text_init(&text, arena, SIZE_MAX);
    creg_text_format(&text, "<TemplateModule '%.*s'>", CREG_SHOW(module->owner->name));
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class module_class = {
    .base = {.type_name = "TemplateModule", .print = print_module},
    .attribute = module_attribute};

static creg_status make_module(jinja_state *st, const jinja_template *owner,
                               const jinja_layer *layers, jinja_module **ret_module)
{
    jinja_module *module = creg_arena_calloc(st->run.arena, 1, sizeof *module);
    jinja_context *context = jinja_context_new(st, owner, layers);
    if (module == NULL || context == NULL)
        return jinja_fail_arena(&st->run);
    jinja_output out;
    jinja_output *before = st->out;
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    st->out = &out;
    creg_status status = jinja_run_root(st, owner, context);
    st->out = before;
    module->odd = out.odd;
    if (status == CREG_OK && out.odd.type == NULL)
        status = jinja_output_value(st, &out, context->autoescape, &module->text);
    module->base.object_class = &module_class.base;
    module->owner = owner;
    module->context = context;
    *ret_module = module;
    return status;
}

/* Without context a module depends on nothing but the globals: one for the whole render. */
static creg_status default_module(jinja_state *st, const jinja_template *owner,
                                  jinja_module **ret_module)
{
    for (jinja_module *module = st->modules; module != NULL; module = module->next) {
        if (module->owner == owner) {
            *ret_module = module;
            return CREG_OK;
        }
    }
    creg_status status = make_module(st, owner, st->globals, ret_module);
    if (status == CREG_OK) {
        (*ret_module)->next = st->modules;
        st->modules = *ret_module;
    }
    return status;
}

static creg_status module_of(jinja_state *st, const jinja_stmt *stmt, jinja_module **ret_module)
{
    const jinja_template *owner = NULL;
    creg_status status = template_of(st, stmt->as.other.name, false, &owner);
    if (status != CREG_OK)
        return status;
    if (!stmt->as.other.with_context)
        return default_module(st, owner, ret_module);
    const jinja_layer *layers = layers_with_locals(st, &stmt->as.other.locals);
    if (layers == NULL)
        return jinja_fail_arena(&st->run);
    return make_module(st, owner, layers, ret_module);
}

static creg_status include(jinja_state *st, const jinja_stmt *stmt, const jinja_template *owner)
{
    if (!stmt->as.other.with_context) {
        jinja_module *module;
        creg_status status = default_module(st, owner, &module);
        if (status == CREG_OK && module->odd.type == NULL)
            status = jinja_write_value(st, stmt, module->text);
        else if (status == CREG_OK && st->out->odd.type == NULL)
            st->out->odd = module->odd;
        return status;
    }
    const jinja_layer *layers = layers_with_locals(st, &stmt->as.other.locals);
    jinja_context *context = layers == NULL ? NULL : jinja_context_new(st, owner, layers);
    return context == NULL ? jinja_fail_arena(&st->run) : jinja_run_root(st, owner, context);
}

creg_status jinja_exec_include(jinja_state *st, const jinja_stmt *stmt)
{
    const jinja_template *owner = NULL;
    creg_status status = template_of(st, stmt->as.other.name, true, &owner);
    if (status == CREG_TEMPLATE_NOT_FOUND && stmt->as.other.ignore_missing) {
        st->failed_node = NULL;
        creg_error_clear(st->run.err);
        return CREG_OK;
    }
    if (status == CREG_OK)
        status = include(st, stmt, owner);
    return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}

creg_status jinja_exec_import(jinja_state *st, const jinja_stmt *stmt)
{
    jinja_module *module;
    creg_status status = module_of(st, stmt, &module);
    if (status == CREG_OK)
        status = jinja_assign(st, stmt->as.other.target, creg_value_object(&module->base));
    if (status == CREG_OK && stmt->toplevel)
        status = jinja_export(st, stmt->as.other.target, false);
    return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}

static creg_value not_exported(jinja_state *st, const jinja_stmt *stmt,
                               const jinja_module *module, const jinja_name *name)
{
    creg_slice here = st->owner->name;
    char place[300];
    if (here.size == 0)
        snprintf(place, sizeof place, "line %u", (unsigned)stmt->line);
    else
        snprintf(place, sizeof place, "line %u in '%.*s'", (unsigned)stmt->line,
                 CREG_SHOW(here));
    return jinja_make_undefined_hint(
        &st->run,
        "the template '%.*s' (imported on %s) does not export the requested name "
        "'%.*s'",
        CREG_SHOW(module->owner->name), place, CREG_SHOW(name->text));
}

creg_status jinja_exec_from_import(jinja_state *st, const jinja_stmt *stmt)
{
    jinja_module *module;
    creg_status status = module_of(st, stmt, &module);
    for (uint32_t i = 0; i < stmt->as.other.count && status == CREG_OK; i++) {
        const jinja_import_name *row = &stmt->as.other.names[i];
        creg_value value;
        status = module_attribute(&st->run, &module->base, row->name->text, &value);
        if (status == CREG_NOT_FOUND) {
            value = not_exported(st, stmt, module, row->name);
            status = CREG_OK;
        }
        if (status == CREG_OK)
            status = jinja_assign(st, row->target, value);
        if (status == CREG_OK && stmt->toplevel)
            status = jinja_export(st, row->target, false);
    }
    return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}
