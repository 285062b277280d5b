/* SPDX-License-Identifier: MIT */
/*
 * The progress line.
 */
#include "progress.h"

#include <unistd.h>

enum { QUIET_MS = 500, EVERY_MS = 100 };

void cli_meter_start(cli_meter *meter, cli_context *cli, const char *what)
{
    bool json = cli->progress == CLI_PROGRESS_JSON;
    bool terminal = cli->progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO);
    *meter = (cli_meter){.cli = cli,
                         .what = what,
                         .started_ms = cli_now_ms(),
                         .enabled = !cli->quiet && (json || terminal)};
}

static void show_json(const cli_meter *meter, size_t done, size_t total, double elapsed_ms)
{
    fprintf(stderr,
            "{\"progress\": {\"what\": \"%s\", \"done\": %zu, \"total\": %zu, \"seconds\": "
            "%.3f}}\n",
            meter->what, done, total, elapsed_ms / 1e3);
}

static void show_line(const cli_meter *meter, size_t done, size_t total, double elapsed_ms)
{
    double rate = (double)done / (elapsed_ms / 1e3);
    double left = done == 0 || rate <= 0 ? 0 : (double)(total - done) / rate;
    int percent = total == 0 ? 0 : (int)(100.0 * (double)done / (double)total);
    fprintf(stderr, "\r\033[K%zu/%zu %s (%d%%), %.0f/s, %.0f s left", done, total, meter->what,
            percent, rate, left);
    fflush(stderr);
}

void cli_meter_show(void *user_data, size_t done, size_t total)
{
    cli_meter *meter = user_data;
    double now = cli_now_ms();
    double elapsed = now - meter->started_ms;
    bool json = meter->cli->progress == CLI_PROGRESS_JSON;
    if (!meter->enabled || (!json && elapsed < QUIET_MS))
        return;
    if (done < total && meter->shown_ms > 0 && now - meter->shown_ms < EVERY_MS)
        return;
    meter->shown_ms = now;
    if (json)
        show_json(meter, done, total, elapsed);
    else
        show_line(meter, done, total, elapsed);
}

void cli_meter_end(cli_meter *meter)
{
    if (meter->enabled && meter->shown_ms > 0 && meter->cli->progress == CLI_PROGRESS_AUTO)
        fprintf(stderr, "\r\033[K");
    meter->enabled = false;
}
