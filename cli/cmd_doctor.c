/* SPDX-License-Identifier: MIT */
/*
 * confreg doctor: what may be wrong here, each with what to do about it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "errors.h"
#include "output.h"

typedef struct examination {
    cli_context *cli;
    creg_list *rows;
    creg_status worst; /* of the first check that failed */
} examination;

static void note(examination *doctor, const char *check, const char *result, const char *text,
                 const char *hint)
{
    cli_context *cli = doctor->cli;
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "check", creg_value_cstring(check));
    cli_map_put(cli, row, "result", creg_value_cstring(result));
    cli_map_put_slice(cli, row, "text", creg_slice_of(cli_format_text(cli, "%s", text)));
    /* Copied: it may be the text of an error that is cleared later. */
    cli_map_put_slice(cli, row, "hint", creg_slice_of(cli_format_text(cli, "%s", hint)));
    cli_list_add(cli, doctor->rows, creg_value_map(row));
}

static void well(examination *doctor, const char *check, const char *text)
{
    note(doctor, check, "ok", text, "");
}

static void fail(examination *doctor, const char *check, creg_status status)
{
    cli_context *cli = doctor->cli;
    note(doctor, check, "fail", cli->err.message, cli->err.hint);
    if (doctor->worst == CREG_OK)
        doctor->worst = status;
}

/* ---- the machine ------------------------------------------------------------------------ */

static void check_clock(examination *doctor)
{
    enum { YEAR_2024 = 1704067200 };
    time_t now = time(NULL);
    if (now < YEAR_2024)
        note(doctor, "clock", "warn",
             "the clock of this machine is wrong; commit records carry its time",
             "set it, by NTP for instance");
    else
        well(doctor, "clock", "plausible");
}

static void check_terminal(examination *doctor)
{
    cli_context *cli = doctor->cli;
    if (cli->utf8)
        well(doctor, "characters", "UTF-8");
    else
        note(doctor, "characters", "warn", "the locale is not UTF-8; trees are drawn in ASCII",
             "export LC_ALL=C.UTF-8");
}

/* Two libraries in one process, or a stale one on the path, give strange errors later. */
static void check_version(examination *doctor)
{
    const char *built = cli_format_text(doctor->cli, "%d.%d.%d", CREG_VERSION_MAJOR,
                                        CREG_VERSION_MINOR, CREG_VERSION_PATCH);
    if (strcmp(built, creg_version_text()) == 0)
        well(doctor, "version", built);
    else
        note(doctor, "version", "warn",
             cli_format_text(doctor->cli, "built for %s, running with library %s", built,
                             creg_version_text()),
             "look for an old libconfreg on the library path");
}

/* ---- the store -------------------------------------------------------------------------- */

static creg_status check_open(examination *doctor)
{
    cli_context *cli = doctor->cli;
    const char *origin = cli_option_given(cli, OPT_STORE)  ? "--store"
                         : getenv("CONFREG_STORE") != NULL ? "CONFREG_STORE"
                                                           : "the default";
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_NOT_FOUND) {
        note(doctor, "store", "warn", cli_format_text(cli, "none yet (named by %s)", origin),
             cli->err.hint);
        return status;
    }
    if (status != CREG_OK) {
        fail(doctor, "store", status);
        return status;
    }
    well(doctor, "store",
         cli_format_text(cli, "%s, named by %s", creg_store_driver_name(cli_store(cli)),
                         origin));
    return CREG_OK;
}

static const char *fact(cli_context *cli, const char *name)
{
    creg_pairs facts;
    if (creg_store_info(cli_store(cli), &cli->arena, &facts, NULL) != CREG_OK)
        return NULL;
    for (size_t at = 0; at < facts.size; at++)
        if (creg_slice_equal(facts.items[at].key, creg_slice_of(name)))
            return cli_text(cli, facts.items[at].value);
    return NULL;
}

static void check_disk(examination *doctor)
{
    enum { LOW = 64 };
    cli_context *cli = doctor->cli;
    const char *path = fact(cli, "path");
    struct statvfs disk;
    if (path == NULL || statvfs(path, &disk) != 0)
        return;
    unsigned long long free_mib =
        (unsigned long long)disk.f_bavail * disk.f_frsize / (1024 * 1024);
    const char *text =
        cli_format_text(cli, "%s MiB free at %s", cli_count(cli, (size_t)free_mib), path);
    if (free_mib < LOW)
        note(doctor, "disk", "warn", text, "make room before the store is full");
    else
        well(doctor, "disk", text);
    if (access(path, W_OK) != 0)
        note(doctor, "permission", "warn",
             cli_format_text(cli, "%s is not writable for you", path),
             "reading works, changes do not");
    else
        well(doctor, "permission", "readable and writable");
}

static void check_answer(examination *doctor)
{
    cli_context *cli = doctor->cli;
    creg_templates templates;
    creg_instances instances;
    creg_slice any = creg_slice_of("");
    double started = cli_now_ms();
    creg_status status =
        creg_template_list(cli->registry, any, &cli->arena, &templates, &cli->err);
    if (status == CREG_OK)
        status = creg_instance_list(cli->registry, any, any, any, &cli->arena, &instances,
                                    &cli->err);
    if (status != CREG_OK) {
        fail(doctor, "contents", status);
        return;
    }
    well(doctor, "contents",
         cli_format_text(cli, "%zu service templates, %zu instances, listed in %.1f ms",
                         templates.size, instances.size, cli_now_ms() - started));
}

static void check_sound(examination *doctor)
{
    cli_context *cli = doctor->cli;
    creg_status status = creg_store_check(cli_store(cli), &cli->err);
    if (status == CREG_UNSUPPORTED)
        return;
    if (status == CREG_OK)
        well(doctor, "soundness", "the store finds no damage");
    else
        fail(doctor, "soundness", status);
}

static void check_books(examination *doctor)
{
    cli_context *cli = doctor->cli;
    creg_report report;
    creg_status status = creg_fsck(cli->registry, false, &cli->arena, &report, &cli->err);
    if (status != CREG_OK) {
        fail(doctor, "books", status);
        return;
    }
    const char *text = cli_format_text(cli, "%zu instances checked, %zu findings",
                                       report.checked, report.findings.size);
    if (report.findings.size == 0)
        well(doctor, "books", text);
    else
        note(doctor, "books", "warn", text, "see: confreg store fsck");
}

/* ---- the page --------------------------------------------------------------------------- */

static const cli_column doctor_columns[] = {{"check", "CHECK", CLI_COLUMN_NAME},
                                            {"result", "RESULT", 0},
                                            {"text", "FOUND", 0},
                                            {"hint", "WHAT TO DO", 0},
                                            {NULL, NULL, 0}};

creg_status cmd_doctor(cli_context *cli)
{
    examination doctor = {.cli = cli, .rows = cli_list(cli), .worst = CREG_OK};
    check_version(&doctor);
    check_clock(&doctor);
    check_terminal(&doctor);
    if (check_open(&doctor) == CREG_OK) {
        check_disk(&doctor);
        check_answer(&doctor);
        check_sound(&doctor);
        check_books(&doctor);
    }
    creg_error_clear(&cli->err); /* every complaint is in the table */
    creg_status status = cli_print_list(cli, doctor_columns, doctor.rows);
    return status == CREG_OK ? doctor.worst : status;
}
