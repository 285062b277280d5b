/* SPDX-License-Identifier: MIT */
/*
 * jinja-docs: write docs/JINJA.md, the list of builtins, from their registration rows.
 *
 *     jinja-docs                prints the page
 *     jinja-docs --check FILE   fails when FILE is not what would be printed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confreg/jinja.h"

typedef struct page {
    char *text;
    size_t size;
    size_t capacity;
} page;

static void add(page *p, const char *text)
{
    size_t size = strlen(text);
    if (p->size + size + 1 > p->capacity) {
        p->capacity = (p->size + size + 1) * 2;
        p->text = realloc(p->text, p->capacity);
        if (p->text == NULL)
            abort();
    }
    memcpy(p->text + p->size, text, size + 1);
    p->size += size;
}

/* In a table cell '|' ends the cell. */
static void add_cell(page *p, const char *text)
{
    for (; *text != '\0'; text++) {
        char one[3] = {*text, '\0', '\0'};
        if (*text == '|')
            memcpy(one, "\\|", 3);
        add(p, one);
    }
}

static void add_rows(page *p, jinja_builtin_kind kind, unsigned pack)
{
    size_t count;
    const jinja_builtin_info *rows = jinja_builtins(kind, &count);
    add(p, "| usage | what it does |\n| --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        if (rows[i].pack != pack)
            continue;
        add(p, "| `");
        add_cell(p, rows[i].usage);
        add(p, "` | ");
        add_cell(p, rows[i].text);
        add(p, " |\n");
    }
    add(p, "\n");
}

static void fill_page(page *p)
{
    add(p, "# The template language: filters, tests, functions\n\n"
           "This page is made by `tools/jinja_docs.c` from the rows that also bind the arguments\n"
           "and feed `confreg help filters`; do not edit it. The value that a filter or test\n"
           "applies to is not named. Statements and expressions are Jinja2 3.1's.\n\n");
    add(p, "## Filters of Jinja2\n\n");
    add_rows(p, JINJA_FILTERS, 0);
    add(p, "## Tests of Jinja2\n\n");
    add_rows(p, JINJA_TESTS, 0);
    add(p, "## Functions\n\nThose of the gettext family need the i18n extension.\n\n");
    add_rows(p, JINJA_FUNCTIONS, 0);
    add(p, "## Filters of the configuration pack\n\n"
           "What Ansible's and Salt's templates expect; on with `JINJA_PACK_CONFIG`.\n\n");
    add_rows(p, JINJA_FILTERS, JINJA_PACK_CONFIG);
    add(p, "## Tests of the configuration pack\n\n");
    add_rows(p, JINJA_TESTS, JINJA_PACK_CONFIG);
    p->text[--p->size] = '\0'; /* the page ends with one line break */
}

static int check(const page *p, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    char *text = calloc(1, p->size + 2);
    size_t size = text == NULL ? 0 : fread(text, 1, p->size + 1, file);
    fclose(file);
    int differs = size != p->size || memcmp(text, p->text, size) != 0;
    if (differs)
        fprintf(stderr, "%s is not what jinja-docs prints: jinja-docs > %s\n", path, path);
    free(text);
    return differs;
}

int main(int count, char **words)
{
    page p = {0};
    fill_page(&p);
    int result = 0;
    if (count == 3 && strcmp(words[1], "--check") == 0)
        result = check(&p, words[2]);
    else
        fputs(p.text, stdout);
    free(p.text);
    return result;
}
