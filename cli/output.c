/* SPDX-License-Identifier: MIT */
/*
 * Formats of results. The columns of a terminal are counted by libunistring, which needs
 * no locale: setlocale() alone would cost a tenth of our start-up.
 */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <unistr.h>
#include <uniwidth.h>

#include "errors.h"

enum { GAP = 2, NARROWEST = 8 };

/* ---- writing --------------------------------------------------------------------------- */

void cli_write(cli_context *cli, creg_slice bytes)
{
    if (cli->output_failed || bytes.size == 0)
        return;
    if (fwrite(bytes.data, 1, bytes.size, stdout) == bytes.size)
        return;
    cli->output_failed = true;
    cli->output_closed = errno == EPIPE;
    if (!cli->output_closed)
        cli_fail_errno(cli, "cannot write the output", errno);
}

void cli_write_text(cli_context *cli, const char *text)
{
    cli_write(cli, creg_slice_of(text));
}

static void write_spaces(cli_context *cli, size_t count)
{
    static const char spaces[] =
        "                                                                ";
    while (count > 0) {
        size_t part = count < sizeof spaces - 1 ? count : sizeof spaces - 1;
        cli_write(cli, creg_slice_make(spaces, part));
        count -= part;
    }
}

static void write_line(cli_context *cli, creg_slice text)
{
    cli_write(cli, text);
    cli_write_text(cli, "\n");
}

void cli_output_finish(cli_context *cli)
{
    if (cli->output_failed || fflush(stdout) == 0)
        return;
    cli->output_failed = true;
    cli->output_closed = errno == EPIPE;
    if (!cli->output_closed)
        cli_fail_errno(cli, "cannot write the output", errno);
}

static creg_status written(const cli_context *cli)
{
    return cli->output_failed && !cli->output_closed ? cli->err.status : CREG_OK;
}

/* ---- the terminal ---------------------------------------------------------------------- */

size_t cli_output_width(void)
{
    if (!isatty(STDOUT_FILENO))
        return 0;
    const char *columns = getenv("COLUMNS");
    long width = columns == NULL ? 0 : strtol(columns, NULL, 10);
    struct winsize size;
    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    return width > 0 ? (size_t)width : 80;
}

static bool wants_color(const char *choice, int descriptor)
{
    if (choice != NULL && strcmp(choice, "auto") != 0)
        return strcmp(choice, "always") == 0;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(descriptor) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        const char *value = getenv(names[at]);
        if (value != NULL && value[0] != '\0')
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL ||
                   strstr(value, "utf-8") != NULL || strstr(value, "UTF8") != NULL;
    }
    return false;
}

static cli_format format_named(const char *name)
{
    static const char *const names[] = {"table", "wide", "json", "yaml",
                                        "jsonl", "name", "tree"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (strcmp(names[at], name) == 0)
            return (cli_format)at;
    return CLI_TABLE;
}

creg_status cli_output_setup(cli_context *cli)
{
    const char *color = cli_option_value(cli, OPT_COLOR);
    const char *format = cli_option_value(cli, OPT_OUTPUT);
    cli->color_out = wants_color(color, STDOUT_FILENO);
    cli->color_err = wants_color(color, STDERR_FILENO);
    cli->utf8 = speaks_utf8();
    cli->headers = !cli_option_given(cli, OPT_NO_HEADERS);
    cli->format_given = format != NULL;
    cli->format = cli->command == NULL ? CLI_TABLE : cli->command->format;
    if (format != NULL)
        cli->format = format_named(format);
    return CREG_OK;
}

/* ---- cells ----------------------------------------------------------------------------- */

static bool is_control(unsigned char byte)
{
    return byte < 0x20 || byte == 0x7F;
}

/* U+0080..U+009F are control characters, too, and some terminals obey them. */
static bool is_c1_control(const unsigned char *at, const unsigned char *end)
{
    return at[0] == 0xC2 && at + 1 < end && at[1] >= 0x80 && at[1] < 0xA0;
}

static bool is_plain(creg_slice text)
{
    const unsigned char *at = (const unsigned char *)text.data;
    const unsigned char *end = at + text.size;
    for (; at < end; at++)
        if (is_control(*at) || is_c1_control(at, end))
            return false;
    return true;
}

static char *put_escape(char *to, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    *to++ = '\\';
    if (byte == '\n' || byte == '\t' || byte == '\r') {
        *to++ = byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        return to;
    }
    *to++ = 'x';
    *to++ = hex[byte >> 4];
    *to++ = hex[byte & 15];
    return to;
}

creg_slice cli_printable(cli_context *cli, creg_slice text)
{
    if (is_plain(text))
        return text;
    char *made = cli_alloc(cli, text.size * 4 + 1);
    char *to = made;
    const unsigned char *at = (const unsigned char *)text.data;
    const unsigned char *end = at + text.size;
    for (; at < end; at++) {
        bool c1 = is_c1_control(at, end);
        if (is_control(*at) || c1)
            to = put_escape(to, *at);
        else
            *to++ = (char)*at;
        if (c1)
            to = put_escape(to, *++at);
    }
    return creg_slice_make(made, (size_t)(to - made));
}

static creg_slice join_list(cli_context *cli, const creg_list *list)
{
    creg_slice *items = cli_alloc(cli, (list->size + 1) * sizeof *items);
    size_t size = 0;
    for (size_t at = 0; at < list->size; at++) {
        items[at] = cli_cell(cli, list->items[at]);
        size += items[at].size + 1;
    }
    char *joined = cli_alloc(cli, size + 1);
    char *to = joined;
    for (size_t at = 0; at < list->size; at++) {
        if (at > 0)
            *to++ = ',';
        if (items[at].size > 0)
            memcpy(to, items[at].data, items[at].size);
        to += items[at].size;
    }
    return creg_slice_make(joined, (size_t)(to - joined));
}

static creg_slice cell_of_map(cli_context *cli, creg_value value)
{
    const creg_value *b64 = creg_map_get_text(value.as.map, creg_slice_of("b64"));
    if (b64 != NULL && value.as.map->size == 1)
        return creg_slice_of(
            cli_format_text(cli, "b64:%s", cli_text(cli, creg_value_text(*b64))));
    creg_slice text;
    creg_json_style style = {0};
    if (creg_json_print(value, &style, &cli->arena, &text, NULL) != CREG_OK)
        return creg_slice_of("{...}");
    return cli_printable(cli, text);
}

creg_slice cli_cell(cli_context *cli, creg_value value)
{
    creg_slice text;
    switch (value.kind) {
    case CREG_KIND_STRING:
        return cli_printable(cli, creg_value_text(value));
    case CREG_KIND_NONE:
        return creg_slice_of("");
    case CREG_KIND_BOOL:
        return creg_slice_of(value.as.integer ? "yes" : "no");
    case CREG_KIND_LIST:
        return join_list(cli, value.as.list);
    case CREG_KIND_MAP:
        return cell_of_map(cli, value);
    default:
        if (creg_value_str(value, &cli->arena, &text, NULL) != CREG_OK)
            return creg_slice_of("?");
        return cli_printable(cli, text);
    }
}

const char *cli_count(cli_context *cli, size_t count)
{
    const char *digits = cli_format_text(cli, "%zu", count);
    size_t size = strlen(digits);
    char *made = cli_alloc(cli, size + size / 3 + 1);
    char *to = made;
    for (size_t at = 0; at < size; at++) {
        if (at > 0 && (size - at) % 3 == 0)
            *to++ = ',';
        *to++ = digits[at];
    }
    *to = '\0';
    return made;
}

static size_t width_of(creg_slice text)
{
    size_t at = 0;
    while (at < text.size && (unsigned char)text.data[at] < 0x80)
        at++;
    if (at == text.size)
        return at;
    int width = u8_width((const uint8_t *)text.data, text.size, "UTF-8");
    return width < 0 ? text.size : (size_t)width;
}

/* The beginning of the text that takes at most `width` columns. */
static creg_slice cut(creg_slice text, size_t width)
{
    const uint8_t *at = (const uint8_t *)text.data;
    const uint8_t *end = at + text.size;
    size_t used = 0;
    while (at < end) {
        ucs4_t point;
        int size = u8_mbtoucr(&point, at, (size_t)(end - at));
        int columns = size < 0 ? 1 : uc_width(point, "UTF-8");
        used += columns < 0 ? 1 : (size_t)columns;
        if (used > width)
            break;
        at += size < 0 ? 1 : size;
    }
    return creg_slice_make(text.data, (size_t)((const char *)at - text.data));
}

/* ---- tables ---------------------------------------------------------------------------- */

typedef struct table_layout {
    const cli_column *columns[32];
    size_t width[32];
    size_t column_count;
    creg_slice *cells; /* row by row */
    size_t row_count;
} table_layout;

static bool is_shown(const cli_context *cli, const cli_column *column)
{
    if (column->flags & CLI_COLUMN_HIDDEN)
        return false;
    return cli->format == CLI_WIDE || !(column->flags & CLI_COLUMN_WIDE);
}

static void choose_columns(const cli_context *cli, table_layout *table,
                           const cli_column *columns)
{
    for (; columns->key != NULL; columns++)
        if (is_shown(cli, columns) && table->column_count < 32)
            table->columns[table->column_count++] = columns;
}

static void fill_row(cli_context *cli, table_layout *table, const creg_map *row,
                     creg_slice *cells)
{
    for (size_t at = 0; at < table->column_count; at++) {
        const creg_value *value =
            creg_map_get_text(row, creg_slice_of(table->columns[at]->key));
        cells[at] = value == NULL ? creg_slice_of("") : cli_cell(cli, *value);
        if (cells[at].size == 0)
            cells[at] = creg_slice_of("-");
        size_t width = width_of(cells[at]);
        if (width > table->width[at])
            table->width[at] = width;
    }
}

static void fill_table(cli_context *cli, table_layout *table, const creg_list *rows)
{
    table->row_count = rows->size;
    table->cells =
        cli_alloc(cli, (rows->size * table->column_count + 1) * sizeof *table->cells);
    for (size_t at = 0; at < table->column_count; at++)
        table->width[at] = cli->headers ? strlen(table->columns[at]->title) : 0;
    for (size_t at = 0; at < rows->size; at++)
        fill_row(cli, table, rows->items[at].as.map, table->cells + at * table->column_count);
}

/* Take columns from the widest cell until the table fits; never below what names need. */
static void fit_table(table_layout *table, size_t terminal)
{
    if (terminal == 0 || table->column_count == 0)
        return;
    size_t total = (table->column_count - 1) * GAP;
    for (size_t at = 0; at < table->column_count; at++)
        total += table->width[at];
    while (total > terminal) {
        size_t widest = 0;
        for (size_t at = 1; at < table->column_count; at++)
            if (table->width[at] >= table->width[widest])
                widest = at;
        if (table->width[widest] <= NARROWEST)
            return;
        table->width[widest]--;
        total--;
    }
}

static void print_cell(cli_context *cli, const table_layout *table, size_t at, creg_slice text)
{
    size_t width = width_of(text);
    if (width > table->width[at]) {
        size_t mark = cli->utf8 ? 1 : 2;
        text = creg_slice_of(cli_format_text(cli, "%s%s",
                                             cli_text(cli, cut(text, table->width[at] - mark)),
                                             cli->utf8 ? "\u2026" : ".."));
        width = width_of(text);
    }
    bool right = table->columns[at]->flags & CLI_COLUMN_RIGHT;
    size_t padding = table->width[at] > width ? table->width[at] - width : 0;
    if (right)
        write_spaces(cli, padding);
    cli_write(cli, text);
    if (at + 1 == table->column_count)
        return;
    write_spaces(cli, right ? GAP : padding + GAP);
}

static void print_row(cli_context *cli, const table_layout *table, const creg_slice *cells)
{
    for (size_t at = 0; at < table->column_count; at++)
        print_cell(cli, table, at, cells[at]);
    cli_write_text(cli, "\n");
}

static void print_headers(cli_context *cli, const table_layout *table)
{
    creg_slice titles[32];
    for (size_t at = 0; at < table->column_count; at++)
        titles[at] = creg_slice_of(table->columns[at]->title);
    if (cli->color_out)
        cli_write_text(cli, "\033[1m");
    for (size_t at = 0; at < table->column_count; at++)
        print_cell(cli, table, at, titles[at]);
    cli_write_text(cli, cli->color_out ? "\033[0m\n" : "\n");
}

static void print_table(cli_context *cli, const cli_column *columns, const creg_list *rows)
{
    if (rows->size == 0)
        return;
    table_layout table = {.column_count = 0};
    choose_columns(cli, &table, columns);
    fill_table(cli, &table, rows);
    fit_table(&table, cli_output_width());
    if (cli->headers)
        print_headers(cli, &table);
    for (size_t at = 0; at < table.row_count && !cli->output_failed; at++)
        print_row(cli, &table, table.cells + at * table.column_count);
}

/* ---- for programs ---------------------------------------------------------------------- */

static creg_status print_json(cli_context *cli, creg_value value, int indent)
{
    creg_json_style style = {.indent = indent};
    creg_slice text;
    creg_status status = creg_json_print(value, &style, &cli->arena, &text, &cli->err);
    if (status == CREG_OK)
        write_line(cli, text);
    return status;
}

static creg_status print_yaml(cli_context *cli, creg_value value)
{
    creg_slice text;
    creg_status status = creg_yaml_print(value, &cli->arena, &text, &cli->err);
    if (status == CREG_OK)
        cli_write(cli, text);
    if (status == CREG_OK && (text.size == 0 || text.data[text.size - 1] != '\n'))
        cli_write_text(cli, "\n");
    return status;
}

static creg_status print_lines(cli_context *cli, const creg_list *rows)
{
    for (size_t at = 0; at < rows->size && !cli->output_failed; at++) {
        creg_status status = print_json(cli, rows->items[at], 0);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static const cli_column *name_column(const cli_column *columns)
{
    for (const cli_column *column = columns; column->key != NULL; column++)
        if (column->flags & CLI_COLUMN_NAME)
            return column;
    return columns;
}

static creg_slice name_of(cli_context *cli, const cli_column *columns, const creg_map *row)
{
    const creg_value *value = creg_map_get_text(row, creg_slice_of(name_column(columns)->key));
    return value == NULL ? creg_slice_of("") : cli_cell(cli, *value);
}

static void print_names(cli_context *cli, const cli_column *columns, const creg_list *rows)
{
    for (size_t at = 0; at < rows->size && !cli->output_failed; at++)
        write_line(cli, name_of(cli, columns, rows->items[at].as.map));
}

/* ---- trees ----------------------------------------------------------------------------- */

static const char *branch(const cli_context *cli, bool last)
{
    if (cli->utf8)
        return last ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 ";
    return last ? "`-- " : "|-- ";
}

static const char *below(const cli_context *cli, bool last)
{
    if (last)
        return "    ";
    return cli->utf8 ? "\u2502   " : "|   ";
}

static void print_branch(cli_context *cli, const char *prefix, bool last, creg_slice name,
                         bool inner)
{
    cli_write_text(cli, prefix);
    cli_write_text(cli, branch(cli, last));
    bool painted = inner && cli->color_out;
    cli_write_text(cli, painted ? "\033[1;34m" : "");
    cli_write(cli, cli_printable(cli, name));
    cli_write_text(cli, painted ? "\033[0m" : "");
}

static void print_children(cli_context *cli, const char *prefix, creg_value value,
                           bool with_values);

static void print_child(cli_context *cli, const char *prefix, bool last, creg_slice name,
                        creg_value value, bool with_values)
{
    bool inner = creg_value_is(value, CREG_KIND_MAP) || creg_value_is(value, CREG_KIND_LIST);
    print_branch(cli, prefix, last, name, inner);
    if (!inner && with_values && !creg_value_is(value, CREG_KIND_NONE)) {
        cli_write_text(cli, " = ");
        cli_write(cli, cli_cell(cli, value));
    }
    cli_write_text(cli, "\n");
    if (inner)
        print_children(cli, cli_format_text(cli, "%s%s", prefix, below(cli, last)), value,
                       with_values);
}

static void print_items(cli_context *cli, const char *prefix, const creg_list *list)
{
    for (size_t at = 0; at < list->size && !cli->output_failed; at++) {
        print_branch(cli, prefix, at + 1 == list->size, cli_cell(cli, list->items[at]), false);
        cli_write_text(cli, "\n");
    }
}

static void print_children(cli_context *cli, const char *prefix, creg_value value,
                           bool with_values)
{
    if (creg_value_is(value, CREG_KIND_LIST)) {
        print_items(cli, prefix, value.as.list);
        return;
    }
    const creg_map *map = value.as.map;
    size_t left = map->size;
    for (size_t at = 0; at < map->filled && !cli->output_failed; at++)
        if (map->entries[at].used)
            print_child(cli, prefix, --left == 0, cli_cell(cli, map->entries[at].key),
                        map->entries[at].value, with_values);
}

static void print_root(cli_context *cli, const char *root, creg_value tree, bool with_values)
{
    if (root != NULL && cli->color_out)
        cli_write_text(cli, "\033[1m");
    if (root != NULL) {
        cli_write_text(cli, root);
        cli_write_text(cli, cli->color_out ? "\033[0m\n" : "\n");
    }
    if (creg_value_is(tree, CREG_KIND_MAP) || creg_value_is(tree, CREG_KIND_LIST))
        print_children(cli, "", tree, with_values);
}

/* The names of a list ("a/b/c"), folded into a tree. */
static void fold_name(cli_context *cli, creg_map *map, creg_slice name)
{
    for (;;) {
        const char *slash = memchr(name.data, '/', name.size);
        creg_slice part =
            creg_slice_make(name.data, slash == NULL ? name.size : (size_t)(slash - name.data));
        creg_value *child = creg_map_get_text(map, part);
        if (slash == NULL) {
            if (child == NULL)
                cli_map_put(cli, map, cli_text(cli, part), creg_value_none());
            return;
        }
        if (child == NULL || !creg_value_is(*child, CREG_KIND_MAP)) {
            creg_map *made = cli_map(cli);
            cli_map_put(cli, map, cli_text(cli, part), creg_value_map(made));
            map = made;
        } else {
            map = child->as.map;
        }
        name = creg_slice_make(slash + 1, name.size - part.size - 1);
    }
}

static void print_folded(cli_context *cli, const cli_column *columns, const creg_list *rows)
{
    creg_map *root = cli_map(cli);
    for (size_t at = 0; at < rows->size; at++)
        fold_name(cli, root, name_of(cli, columns, rows->items[at].as.map));
    print_root(cli, NULL, creg_value_map(root), false);
}

/* ---- a tree as rows --------------------------------------------------------------------- */

static void add_row(cli_context *cli, creg_list *rows, const char *path, creg_value value)
{
    creg_map *row = cli_map(cli);
    cli_map_put_slice(cli, row, "path", creg_slice_of(path));
    cli_map_put(cli, row, "value", value);
    cli_list_add(cli, rows, creg_value_map(row));
}

static void flatten(cli_context *cli, creg_list *rows, const char *prefix, creg_value value)
{
    if (creg_value_is(value, CREG_KIND_LIST)) {
        for (size_t at = 0; at < value.as.list->size; at++)
            add_row(cli, rows,
                    cli_format_text(cli, "%s/%s", prefix,
                                    cli_text(cli, cli_cell(cli, value.as.list->items[at]))),
                    creg_value_cstring(""));
        return;
    }
    if (!creg_value_is(value, CREG_KIND_MAP)) {
        add_row(cli, rows, prefix, value);
        return;
    }
    const creg_map *map = value.as.map;
    for (size_t at = 0; at < map->filled; at++)
        if (map->entries[at].used)
            flatten(cli, rows,
                    cli_format_text(cli, "%s%s%s", prefix, prefix[0] == '\0' ? "" : "/",
                                    cli_text(cli, creg_value_text(map->entries[at].key))),
                    map->entries[at].value);
}

static const cli_column path_columns[] = {
    {"path", "PATH", CLI_COLUMN_NAME}, {"value", "VALUE", 0}, {NULL, NULL, 0}};

/* ---- the formats ------------------------------------------------------------------------ */

creg_status cli_print_list(cli_context *cli, const cli_column *columns, const creg_list *rows)
{
    creg_list *list = cli_list(cli);
    *list = *rows;
    creg_status status = CREG_OK;
    switch (cli->format) {
    case CLI_TABLE:
    case CLI_WIDE:
        print_table(cli, columns, rows);
        break;
    case CLI_JSON:
        status = print_json(cli, creg_value_list(list), 2);
        break;
    case CLI_YAML:
        status = print_yaml(cli, creg_value_list(list));
        break;
    case CLI_JSONL:
        status = print_lines(cli, rows);
        break;
    case CLI_NAME:
        print_names(cli, columns, rows);
        break;
    case CLI_TREE:
        print_folded(cli, columns, rows);
        break;
    }
    return status == CREG_OK ? written(cli) : status;
}

static void print_fields(cli_context *cli, const cli_column *columns, const creg_map *row)
{
    size_t widest = 0;
    for (const cli_column *column = columns; column->key != NULL; column++)
        if (is_shown(cli, column) && strlen(column->title) > widest)
            widest = strlen(column->title);
    for (const cli_column *column = columns; column->key != NULL; column++) {
        const creg_value *value = creg_map_get_text(row, creg_slice_of(column->key));
        if (!is_shown(cli, column) || value == NULL)
            continue;
        creg_slice cell = cli_cell(cli, *value);
        if (cell.size == 0)
            continue;
        cli_write_text(cli, cli_format_text(cli, "%s%s%s", cli->color_out ? "\033[1m" : "",
                                            column->title, cli->color_out ? "\033[0m" : ""));
        write_spaces(cli, widest - strlen(column->title) + GAP);
        write_line(cli, cell);
    }
}

creg_status cli_print_record(cli_context *cli, const cli_column *columns, const creg_map *row)
{
    creg_map *map = cli_map(cli);
    *map = *row;
    creg_status status = CREG_OK;
    switch (cli->format) {
    case CLI_TABLE:
    case CLI_WIDE:
        print_fields(cli, columns, row);
        break;
    case CLI_JSON:
        status = print_json(cli, creg_value_map(map), 2);
        break;
    case CLI_YAML:
        status = print_yaml(cli, creg_value_map(map));
        break;
    case CLI_JSONL:
        status = print_json(cli, creg_value_map(map), 0);
        break;
    case CLI_NAME:
        write_line(cli, name_of(cli, columns, row));
        break;
    case CLI_TREE:
        print_root(cli, cli_text(cli, name_of(cli, columns, row)), creg_value_map(map), true);
        break;
    }
    return status == CREG_OK ? written(cli) : status;
}

creg_status cli_print_done(cli_context *cli, const cli_column *columns, const creg_map *row)
{
    if (cli->format != CLI_TABLE && cli->format != CLI_WIDE && cli->format != CLI_TREE)
        return cli_print_record(cli, columns, row);
    write_line(cli, name_of(cli, columns, row));
    return written(cli);
}

static creg_status print_tree_rows(cli_context *cli, creg_value tree)
{
    creg_list *rows = cli_list(cli);
    flatten(cli, rows, "", tree);
    return cli_print_list(cli, path_columns, rows);
}

creg_status cli_print_tree(cli_context *cli, const char *root, creg_value tree,
                           bool with_values)
{
    creg_status status = CREG_OK;
    switch (cli->format) {
    case CLI_JSON:
        status = print_json(cli, tree, 2);
        break;
    case CLI_YAML:
        status = print_yaml(cli, tree);
        break;
    case CLI_TREE:
        print_root(cli, root, tree, with_values);
        break;
    default:
        return print_tree_rows(cli, tree);
    }
    return status == CREG_OK ? written(cli) : status;
}

creg_status cli_print_text(cli_context *cli, const char *key, creg_slice text)
{
    if (cli->format == CLI_JSON || cli->format == CLI_YAML || cli->format == CLI_JSONL) {
        creg_map *map = cli_map(cli);
        cli_map_put(cli, map, key, cli_bytes(cli, text));
        const cli_column columns[] = {{key, key, CLI_COLUMN_NAME}, {NULL, NULL, 0}};
        return cli_print_record(cli, columns, map);
    }
    cli_write(cli, text);
    return written(cli);
}
