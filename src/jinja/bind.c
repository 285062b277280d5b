/* SPDX-License-Identifier: MIT */
/*
 * Bind the arguments of a call to the names of a builtin's usage line.
 *
 * The usage line is what people read in the help, and it is also what binds: so help and
 * behaviour cannot drift apart. It is scanned on each unplanned call (ten or
 * twenty nanoseconds) rather than cached, which keeps the tables constant and the library free of
 * global state; calls whose shape the parser knows go through a plan and scan nothing.
 */
#include "jinja/runtime.h"

typedef struct parameter {
    const char *name;
    size_t size;
    bool required;
} parameter;

typedef struct signature {
    parameter parameters[JINJA_PARAMETERS_MAX];
    size_t count;
    size_t positional;      /* how many may be given by position */
    size_t positional_only; /* how many must be */
    bool takes_rest;        /* *args */
    bool takes_keywords;    /* **kwargs */
} signature;

static bool ends_name(char c)
{
    return c == '\0' || c == ',' || c == '=' || c == ')' || c == ' ';
}

/* Step over a default value: to the ',' or ')' that ends it, past quotes and brackets. */
static const char *skip_default(const char *at)
{
    int depth = 0;
    for (; *at != '\0'; at++) {
        if (*at == '\'' || *at == '"') {
            char quote = *at++;
            while (*at != '\0' && *at != quote)
                at++;
            if (*at == '\0')
                return at;
        } else if (*at == '(' || *at == '[' || *at == '{') {
            depth++;
        } else if (depth > 0 && (*at == ')' || *at == ']' || *at == '}')) {
            depth--;
        } else if (depth == 0 && (*at == ',' || *at == ')')) {
            return at;
        }
    }
    return at;
}

/* One parameter, or one of the marks '/', '*', '*args', '**kwargs'. */
static const char *scan_parameter(const char *at, signature *sig)
{
    const char *name = at;
    while (!ends_name(*at))
        at++;
    size_t size = (size_t)(at - name);
    bool required = *at != '=';
    if (!required)
        at = skip_default(at + 1);

    if (size >= 2 && name[0] == '*' && name[1] == '*') {
        sig->takes_keywords = true;
    } else if (name[0] == '*') {
        sig->takes_rest = size > 1;
        sig->positional = sig->count;
    } else if (name[0] == '/') {
        sig->positional_only = sig->count;
    } else if (size > 0 && sig->count < JINJA_PARAMETERS_MAX) {
        sig->parameters[sig->count++] =
            (parameter){.name = name, .size = size, .required = required};
    }
    return at;
}

static void scan_usage(const char *usage, signature *sig)
{
    sig->count = 0;
    sig->positional = SIZE_MAX;
    sig->positional_only = 0;
    sig->takes_rest = false;
    sig->takes_keywords = false;

    const char *at = strchr(usage, '(');
    at = at == NULL ? "" : at + 1;
    while (*at != '\0' && *at != ')') {
        if (*at == ' ' || *at == ',')
            at++;
        else
            at = scan_parameter(at, sig);
    }
    if (sig->positional > sig->count)
        sig->positional = sig->count;
}

static size_t subjects_of(const jinja_builtin *builtin)
{
    return (builtin->flags & JINJA_ROW_NO_SUBJECT) != 0 ? 0 : 1;
}

/* The index of the parameter that a keyword names, or SIZE_MAX. */
static size_t find_parameter(const signature *sig, creg_slice name)
{
    for (size_t i = sig->positional_only; i < sig->count; i++) {
        const parameter *p = &sig->parameters[i];
        if (p->size == name.size && memcmp(p->name, name.data, name.size) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* ---- what Python says about a call that does not fit ------------------------------------ */

static creg_status fail_too_many(jinja_run *run, const jinja_builtin *builtin,
                                 const signature *sig, size_t given)
{
    size_t subjects = subjects_of(builtin);
    size_t most = sig->positional + subjects;
    size_t least = subjects;
    for (size_t i = 0; i < sig->positional; i++)
        least += sig->parameters[i].required ? 1 : 0;
    const char *were = given == 1 ? "was" : "were";
    if (least != most)
        return jinja_fail(run, "TypeError",
                          "%s() takes from %zu to %zu positional arguments but %zu %s given",
                          builtin->name, least, most, given, were);
    return jinja_fail(run, "TypeError", "%s() takes %zu positional argument%s but %zu %s given",
                      builtin->name, most, most == 1 ? "" : "s", given, were);
}

static creg_status fail_missing(jinja_run *run, const jinja_builtin *builtin,
                                const parameter *missing)
{
    return jinja_fail(run, "TypeError", "%s() missing 1 required positional argument: '%.*s'",
                      builtin->name, (int)missing->size, missing->name);
}

static creg_status fail_repeated(jinja_run *run, const jinja_builtin *builtin, creg_slice name)
{
    return jinja_fail(run, "TypeError", "%s() got multiple values for argument '%.*s'",
                      builtin->name, CREG_SHOW(name));
}

static creg_status fail_unknown(jinja_run *run, const jinja_builtin *builtin, creg_slice name)
{
    return jinja_fail(run, "TypeError", "%s() got an unexpected keyword argument '%.*s'",
                      builtin->name, CREG_SHOW(name));
}

/* ---- binding ---------------------------------------------------------------------------- */

/* The list for **kwargs, made when the first keyword goes there. */
static creg_status keep_keyword(jinja_call *call, creg_entry **kept, size_t most,
                                const creg_entry *keyword)
{
    if (*kept == NULL) {
        *kept = creg_arena_alloc(call->run->arena, most * sizeof(creg_entry));
        if (*kept == NULL)
            return jinja_fail_arena(call->run);
        call->keywords = *kept;
    }
    (*kept)[call->keyword_count++] = *keyword;
    return CREG_OK;
}

static creg_status bind_keywords(jinja_call *call, const signature *sig,
                                 const creg_entry *keywords, size_t keyword_count)
{
    size_t subjects = subjects_of(call->builtin);
    creg_entry *kept = NULL;
    for (size_t i = 0; i < keyword_count; i++) {
        creg_slice name = creg_value_text(keywords[i].key);
        size_t at = find_parameter(sig, name);
        creg_status status = CREG_OK;
        if (at == SIZE_MAX && sig->takes_keywords)
            status = keep_keyword(call, &kept, keyword_count, &keywords[i]);
        else if (at == SIZE_MAX)
            status = fail_unknown(call->run, call->builtin, name);
        else if (!jinja_is_missing(call->args[at + subjects]))
            status = fail_repeated(call->run, call->builtin, name);
        else
            call->args[at + subjects] = keywords[i].value;
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status bind_positional(jinja_call *call, const signature *sig,
                                   const creg_value *positional, size_t count)
{
    size_t subjects = subjects_of(call->builtin);
    size_t named = count;
    if (count > sig->positional + subjects) {
        if (!sig->takes_rest)
            return fail_too_many(call->run, call->builtin, sig, count);
        named = sig->positional + subjects;
        call->rest = positional + named;
        call->rest_count = count - named;
    }
    if (named > 0)
        memcpy(call->args, positional, named * sizeof *positional);
    for (size_t i = named; i < call->count; i++)
        call->args[i] = jinja_missing();
    return CREG_OK;
}

static creg_status check_required(jinja_call *call, const signature *sig)
{
    size_t subjects = subjects_of(call->builtin);
    for (size_t i = 0; i < sig->count; i++)
        if (sig->parameters[i].required && jinja_is_missing(call->args[i + subjects]))
            return fail_missing(call->run, call->builtin, &sig->parameters[i]);
    return CREG_OK;
}

/*
 * Do `given` positional arguments alone fit? Walks no further than that many parameters: the
 * next one must not be required. False also for everything that needs a closer look.
 */
static bool fits_by_position(const char *usage, size_t given)
{
    const char *at = strchr(usage, '(');
    if (at == NULL)
        return false;
    at++;
    for (;;) {
        while (*at == ' ' || *at == ',')
            at++;
        if (*at == '/') {
            at++;
            continue;
        }
        if (*at == ')' || *at == '*' || *at == '\0')
            return given == 0 && *at != '\0';
        while (!ends_name(*at))
            at++;
        bool required = *at != '=';
        if (given == 0)
            return !required;
        given--;
        if (!required)
            at = skip_default(at + 1);
    }
}

static creg_status invoke_by_position(jinja_run *run, const jinja_builtin *builtin,
                                      const creg_value *positional, size_t count,
                                      creg_value *ret_value)
{
    creg_value args[JINJA_PARAMETERS_MAX + 1];
    for (size_t i = 0; i < count; i++)
        args[i] = positional[i];
    jinja_call call = {.run = run, .builtin = builtin, .args = args, .count = count};
    return builtin->function(&call, ret_value);
}

creg_status jinja_invoke(jinja_run *run, const jinja_builtin *builtin,
                         const creg_value *positional, size_t count, const creg_entry *keywords,
                         size_t keyword_count, creg_value *ret_value)
{
    size_t subjects = subjects_of(builtin);
    creg_status status = count > 0 ? jinja_charge_text(run, positional[0]) : CREG_OK;
    if (status != CREG_OK)
        return status;
    if (keyword_count == 0 && count >= subjects && count <= JINJA_PARAMETERS_MAX &&
        fits_by_position(builtin->usage, count - subjects))
        return invoke_by_position(run, builtin, positional, count, ret_value);

    signature sig;
    scan_usage(builtin->usage, &sig);
    creg_value args[JINJA_PARAMETERS_MAX + 1];
    jinja_call call = {.run = run, .builtin = builtin, .args = args};
    call.count = sig.count + subjects;
    status = bind_positional(&call, &sig, positional, count);
    if (status == CREG_OK && keyword_count > 0)
        status = bind_keywords(&call, &sig, keywords, keyword_count);
    if (status == CREG_OK)
        status = check_required(&call, &sig);
    return status == CREG_OK ? builtin->function(&call, ret_value) : status;
}

/* ---- plans ------------------------------------------------------------------------------ */

/* Put the keywords into their slots; `used` marks the parameters that have an argument. */
static bool plan_keywords(const signature *sig, size_t subjects, size_t positional,
                          const creg_slice *keywords, size_t keyword_count, bool *used,
                          jinja_plan *plan)
{
    for (size_t i = 0; i < keyword_count; i++) {
        size_t at = find_parameter(sig, keywords[i]);
        if (at == SIZE_MAX || used[at])
            return false;
        used[at] = true;
        plan->slot[positional + i] = (uint8_t)(at + subjects);
        if (at + subjects >= plan->count) {
            plan->count = (uint8_t)(at + subjects + 1);
            plan->named = plan->count;
        }
    }
    return true;
}

bool jinja_plan_call(const jinja_builtin *builtin, size_t positional,
                     const creg_slice *keywords, size_t keyword_count, jinja_plan *ret_plan)
{
    signature sig;
    scan_usage(builtin->usage, &sig);
    size_t subjects = subjects_of(builtin);
    size_t room = sig.positional + subjects;
    if (positional + keyword_count > JINJA_PLAN_MAX || positional < subjects ||
        (positional > room &&
         (!sig.takes_rest || keyword_count > 0 || sig.count > sig.positional)))
        return false;

    jinja_plan plan = {.builtin = builtin, .count = (uint8_t)positional};
    plan.named = (uint8_t)(positional < room ? positional : room);
    bool used[JINJA_PARAMETERS_MAX] = {false};
    for (size_t i = 0; i < positional; i++) {
        plan.slot[i] = (uint8_t)i;
        if (i >= subjects && i < room)
            used[i - subjects] = true;
    }
    if (!plan_keywords(&sig, subjects, positional, keywords, keyword_count, used, &plan))
        return false;

    for (size_t i = 0; i < sig.count; i++) {
        if (sig.parameters[i].required && !used[i])
            return false;
        if (!used[i] && i + subjects < plan.named)
            plan.has_gaps = true;
    }
    *ret_plan = plan;
    return true;
}

creg_status jinja_invoke_planned(jinja_run *run, const jinja_plan *plan, creg_value *slots,
                                 creg_value *ret_value)
{
    jinja_call call = {.run = run, .builtin = plan->builtin, .args = slots};
    call.count = plan->named;
    call.rest = slots + plan->named;
    call.rest_count = (size_t)(plan->count - plan->named);
    creg_status status = plan->count > 0 ? jinja_charge_text(run, slots[0]) : CREG_OK;
    return status == CREG_OK ? plan->builtin->function(&call, ret_value) : status;
}
