/* SPDX-License-Identifier: MIT */
/*
 * confreg instance watch, instance wait, kv watch: tell what changes, as it happens.
 *
 * Results come one by one and without an end, so they are printed here and flushed at once;
 * cli/output.c prints what is complete. Ctrl-C simply ends the program: nothing is half done.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "errors.h"
#include "output.h"

extern char **environ;

enum {
    ROUND_MS = 10000,                 /* so soon a person is told that the store is away */
    ENVIRONMENT_VALUE_MAX = 64 * 1024 /* Linux refuses variables over 128 KiB */
};

/* One watch on its way. */
typedef struct watching {
    cli_context *cli;
    creg_watch *watch;
    creg_watch_scope scope;
    creg_event event;
    creg_slice cursor;
    const char *exec; /* NULL: only print */
    bool prints;
    bool has_deadline;
    double deadline_ms;
    long long count; /* events left to tell; 0: any number */
} watching;

/* ---- one event as data -------------------------------------------------------------------- */

static creg_map *event_row(watching *work)
{
    cli_context *cli = work->cli;
    const creg_event *event = &work->event;
    creg_map *row = cli_map(cli);
    bool has_path = work->scope != CREG_WATCH_INSTANCES &&
                    (event->kind == CREG_EVENT_SNAPSHOT || event->kind == CREG_EVENT_PUT ||
                     event->kind == CREG_EVENT_DELETE);
    cli_map_put(cli, row, "event", creg_value_cstring(creg_event_kind_text(event->kind)));
    if (event->dn.size > 0)
        cli_map_put_slice(cli, row, "dn", event->dn);
    if (has_path)
        cli_map_put_slice(cli, row, "path", event->path);
    if (has_path && event->kind != CREG_EVENT_DELETE)
        cli_map_put(cli, row, "value", cli_bytes(cli, event->value));
    bool had_value = event->kind == CREG_EVENT_DELETE || event->kind == CREG_EVENT_PUT;
    if (has_path && had_value && !event->was_absent)
        cli_map_put(cli, row, "old", cli_bytes(cli, event->old_value));
    cli_map_put(cli, row, "more", creg_value_bool(event->more));
    cli_map_put_slice(cli, row, "cursor", work->cursor);
    return row;
}

static creg_status event_json(watching *work, creg_slice *ret_text)
{
    creg_value row = creg_value_map(event_row(work));
    return creg_json_print(row, NULL, &work->cli->arena, ret_text, &work->cli->err);
}

/* ---- printing ----------------------------------------------------------------------------- */

static creg_slice event_name(const creg_event *event)
{
    return event->path.size > 0 ? event->path : event->dn;
}

static void print_row(watching *work)
{
    cli_context *cli = work->cli;
    const creg_event *event = &work->event;
    bool has_value = work->scope != CREG_WATCH_INSTANCES &&
                     (event->kind == CREG_EVENT_PUT || event->kind == CREG_EVENT_SNAPSHOT);
    const char *kind = creg_event_kind_text(event->kind);
    cli_write_text(cli, cli_format_text(cli, "%-12s", kind));
    cli_write_text(cli, "  ");
    cli_write(cli, cli_printable(cli, event_name(event)));
    if (has_value) {
        cli_write_text(cli, "  ");
        cli_write(cli, cli_cell(cli, cli_bytes(cli, event->value)));
    }
    cli_write_text(cli, "\n");
}

static creg_status print_event(watching *work)
{
    cli_context *cli = work->cli;
    creg_slice text;
    creg_status status = CREG_OK;
    if (cli->format == CLI_NAME) {
        if (event_name(&work->event).size > 0) {
            cli_write(cli, cli_printable(cli, event_name(&work->event)));
            cli_write_text(cli, "\n");
        }
    } else if (cli->format == CLI_JSON || cli->format == CLI_JSONL) {
        status = event_json(work, &text);
        if (status == CREG_OK) {
            cli_write(cli, text);
            cli_write_text(cli, "\n");
        }
    } else {
        print_row(work);
    }
    cli_output_finish(cli);
    return status;
}

/* ---- running a command -------------------------------------------------------------------- */

static void set_variable(const char *name, creg_slice value, cli_context *cli)
{
    bool fits = value.size <= ENVIRONMENT_VALUE_MAX && value.data != NULL &&
                memchr(value.data, '\0', value.size) == NULL;
    if (fits)
        setenv(name, cli_text(cli, value), 1);
    else
        unsetenv(name);
}

static void set_environment(watching *work)
{
    cli_context *cli = work->cli;
    const creg_event *event = &work->event;
    set_variable("CONFREG_EVENT", creg_slice_of(creg_event_kind_text(event->kind)), cli);
    set_variable("CONFREG_EVENT_DN", event->dn, cli);
    set_variable("CONFREG_EVENT_PATH", event->path, cli);
    set_variable("CONFREG_EVENT_VALUE", event->value, cli);
    set_variable("CONFREG_EVENT_OLD", event->old_value, cli);
    set_variable("CONFREG_EVENT_MORE", creg_slice_of(event->more ? "1" : ""), cli);
    set_variable("CONFREG_EVENT_CURSOR", work->cursor, cli);
}

/* The event for the command's stdin. A file: a pipe that nobody reads would stop us. */
static creg_status event_file(watching *work, FILE **ret_file)
{
    creg_slice text;
    creg_status status = event_json(work, &text);
    if (status != CREG_OK)
        return status;
    FILE *file = tmpfile();
    if (file == NULL)
        return cli_fail_errno(work->cli, "cannot make a temporary file", errno);
    fwrite(text.data, 1, text.size, file);
    fputc('\n', file);
    if (fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0) {
        status = cli_fail_errno(work->cli, "cannot write a temporary file", errno);
        fclose(file);
        return status;
    }
    *ret_file = file;
    return CREG_OK;
}

static int spawn_shell(const char *command, FILE *input, pid_t *ret_child)
{
    char shell[] = "sh", option[] = "-c";
    char *copy = strdup(command);
    if (copy == NULL)
        return ENOMEM;
    char *words[] = {shell, option, copy, NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, fileno(input), STDIN_FILENO);
        if (code == 0)
            code = posix_spawn(ret_child, "/bin/sh", &actions, NULL, words, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(copy);
    return code;
}

/* Run the command for one event, and wait for it. That it failed is told, and no more. */
static creg_status run_command(watching *work)
{
    cli_context *cli = work->cli;
    FILE *input = NULL;
    creg_status status = event_file(work, &input);
    if (status != CREG_OK)
        return status;
    set_environment(work);
    pid_t child;
    int code = spawn_shell(work->exec, input, &child);
    fclose(input);
    if (code != 0)
        return cli_fail_errno(cli, "cannot start /bin/sh", code);
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(ended))
        cli_warn(cli, "the command was ended by signal %d", WTERMSIG(ended));
    else if (WEXITSTATUS(ended) != 0)
        cli_warn(cli, "the command exited with %d", WEXITSTATUS(ended));
    return CREG_OK;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void start_clock(watching *work)
{
    const char *given = cli_option_value(work->cli, OPT_FOR_TIME);
    unsigned ms = 0;
    work->has_deadline = given != NULL && cli_duration_parse(given, &ms);
    work->deadline_ms = cli_now_ms() + ms;
}

/* CREG_OK and an event; CREG_TIMEOUT when the time of the command is over. */
static creg_status next_event(watching *work)
{
    cli_context *cli = work->cli;
    bool was_told = false;
    for (;;) {
        double left = work->has_deadline ? work->deadline_ms - cli_now_ms() : ROUND_MS;
        uint32_t wait_ms = left <= 0 ? 0 : left < ROUND_MS ? (uint32_t)left : ROUND_MS;
        creg_status status =
            creg_watch_next(work->watch, wait_ms, &cli->arena, &work->event, &cli->err);
        if (status == CREG_OK)
            return creg_watch_cursor(work->watch, &cli->arena, &work->cursor, &cli->err);
        bool is_over = work->has_deadline && work->deadline_ms <= cli_now_ms();
        bool is_away = creg_status_retry(status) == CREG_RETRY_SAFE && status != CREG_TIMEOUT &&
                       status != CREG_NO_MEMORY && status != CREG_CANCELLED;
        if (is_over || (status != CREG_TIMEOUT && !is_away))
            return status;
        /* The watch goes on by itself; a person should know why it is silent. */
        if (is_away && !was_told)
            cli_warn(cli, "the store does not answer, still trying: %s", cli->err.message);
        was_told = is_away;
    }
}

static creg_status tell_event(watching *work)
{
    creg_status status = work->prints ? print_event(work) : CREG_OK;
    if (status == CREG_OK && work->exec != NULL)
        status = run_command(work);
    return status;
}

/* All memory of one event goes with it: a watch may run for months. */
static creg_status one_event(watching *work, creg_status (*take)(watching *work))
{
    creg_arena program = work->cli->arena;
    creg_arena_init(&work->cli->arena, (size_t)1 << 31);
    creg_status status = next_event(work);
    if (status == CREG_OK)
        status = take(work);
    creg_arena_clear(&work->cli->arena);
    work->cli->arena = program;
    return status;
}

static creg_status watch_on(watching *work)
{
    creg_status status = CREG_OK;
    while (status == CREG_OK && !work->cli->output_failed) {
        status = one_event(work, tell_event);
        if (status == CREG_OK && work->count > 0 && --work->count == 0)
            return CREG_OK;
        /* Of an instance that is the last event there will ever be. */
        if (work->scope == CREG_WATCH_DN && work->event.kind == CREG_EVENT_REMOVED)
            return status;
    }
    return status == CREG_TIMEOUT ? CREG_OK : status;
}

static creg_status run_watch(cli_context *cli, creg_slice target, creg_watch_scope scope)
{
    const char *cursor = cli_option_value(cli, OPT_CURSOR);
    watching work = {.cli = cli,
                     .scope = scope,
                     .exec = cli_option_value(cli, OPT_EXEC),
                     .count = cli_option_number(cli, OPT_COUNT, 0)};
    work.prints = work.exec == NULL || cli->format_given;
    creg_watch_options options = {.scope = scope,
                                  .with_snapshot = cli_option_given(cli, OPT_SNAPSHOT),
                                  .cursor = creg_slice_of(cursor)};
    if (cli->format == CLI_YAML || cli->format == CLI_TREE)
        return cli_fail(cli, CREG_USAGE, "a watch prints table, name, json or jsonl");
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    start_clock(&work);
    if (status == CREG_OK)
        status = creg_watch_open(cli->registry, target, &options, &work.watch, &cli->err);
    if (status == CREG_OK)
        status = watch_on(&work);
    creg_watch_close(work.watch);
    return status;
}

creg_status cmd_instance_watch(cli_context *cli)
{
    bool all = cli_option_given(cli, OPT_ALL);
    if (!all && cli->word_count == 0) {
        cli_fail(cli, CREG_USAGE, "instance watch: which one?");
        cli_hint(cli, "give a DN, or --all for instances as they come and go");
        return CREG_USAGE;
    }
    return run_watch(cli, cli_word(cli, 0), all ? CREG_WATCH_INSTANCES : CREG_WATCH_DN);
}

creg_status cmd_kv_watch(cli_context *cli)
{
    return run_watch(cli, cli_word(cli, 0), CREG_WATCH_KEYS);
}

/* ---- wait ---------------------------------------------------------------------------------- */

/* What is waited for; `is_met` follows the events. */
typedef struct condition {
    creg_slice path;
    creg_slice value;
    bool is_met;
} condition;

typedef struct awaiting {
    watching work; /* first: the loop hands out its address */
    condition *conditions;
    size_t count;
    bool until_removed;
} awaiting;

static creg_status read_conditions(cli_context *cli, awaiting *wait)
{
    wait->conditions = cli_alloc(cli, (cli->given_count + 1) * sizeof *wait->conditions);
    for (size_t i = 0; i < cli->given_count; i++) {
        const char *text = cli->given[i].value;
        if (cli->given[i].id != OPT_FOR)
            continue;
        const char *equals = strchr(text, '=');
        if (strcmp(text, "removed") == 0)
            wait->until_removed = true;
        else if (equals == NULL || equals == text)
            return cli_fail(cli, CREG_USAGE, "--for %s: PATH=VALUE or removed is wanted", text);
        else
            wait->conditions[wait->count++] =
                (condition){.path = creg_slice_make(text, (size_t)(equals - text)),
                            .value = creg_slice_of(equals + 1)};
    }
    if (wait->until_removed && wait->count > 0)
        return cli_fail(cli, CREG_USAGE, "--for removed stands alone");
    return CREG_OK;
}

/* The DN itself, when it is a property, is known by its own value: --for =... is no path. */
static creg_status take_condition(watching *work)
{
    awaiting *wait = (awaiting *)work;
    const creg_event *event = &work->event;
    for (size_t i = 0; i < wait->count; i++) {
        condition *one = &wait->conditions[i];
        if (event->kind == CREG_EVENT_SNAPSHOT_END || event->kind == CREG_EVENT_RESYNC ||
            !creg_slice_equal(one->path, event->path))
            continue;
        one->is_met =
            event->kind != CREG_EVENT_DELETE && creg_slice_equal(one->value, event->value);
    }
    return CREG_OK;
}

static bool all_met(const awaiting *wait)
{
    for (size_t i = 0; i < wait->count; i++)
        if (!wait->conditions[i].is_met)
            return false;
    return !wait->until_removed;
}

static creg_status fail_unmet(cli_context *cli, const awaiting *wait)
{
    for (size_t i = 0; i < wait->count; i++)
        if (!wait->conditions[i].is_met)
            return cli_fail(cli, CREG_NO, "%s: %.*s did not become %.*s in time", cli->words[0],
                            (int)wait->conditions[i].path.size, wait->conditions[i].path.data,
                            (int)wait->conditions[i].value.size,
                            wait->conditions[i].value.data);
    return cli_fail(cli, CREG_NO, "%s was not removed in time", cli->words[0]);
}

/* Conditions count only in a state that the store had: when no more events of a look follow. */
static creg_status wait_on(awaiting *wait)
{
    cli_context *cli = wait->work.cli;
    for (;;) {
        creg_status status = one_event(&wait->work, take_condition);
        if (status == CREG_TIMEOUT)
            return fail_unmet(cli, wait);
        if (status != CREG_OK)
            return status;
        if (wait->work.event.kind == CREG_EVENT_REMOVED)
            return wait->until_removed ? CREG_OK
                                       : cli_fail(cli, CREG_NOT_FOUND,
                                                  "%s was removed meanwhile", cli->words[0]);
        if (!wait->work.event.more && all_met(wait))
            return CREG_OK;
    }
}

creg_status cmd_instance_wait(cli_context *cli)
{
    awaiting wait = {.work = {.cli = cli}};
    creg_watch_options options = {.scope = CREG_WATCH_DN, .with_snapshot = true};
    creg_status status = read_conditions(cli, &wait);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_READ);
    start_clock(&wait.work);
    if (status == CREG_OK)
        status = creg_watch_open(cli->registry, cli_word(cli, 0), &options, &wait.work.watch,
                                 &cli->err);
    if (status == CREG_NOT_FOUND && wait.until_removed)
        return CREG_OK;
    if (status == CREG_OK)
        status = wait_on(&wait);
    creg_watch_close(wait.work.watch);
    return status;
}
