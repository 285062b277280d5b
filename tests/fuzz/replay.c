/* SPDX-License-Identifier: MIT */
/*
 * Run files through a fuzz target once each, where libFuzzer is not there.
 *
 *     replay FOLDER|FILE...
 *
 * A crash names its input, because the name is printed before the input is run.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUT_MAX = 4 * 1024 * 1024, PATH_MAX_BYTES = 4096 };

static size_t inputs_run;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    uint8_t *data = malloc(INPUT_MAX);
    MUST(data != NULL);
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);

    /* Exactly as large as the input: reading past its end is seen by the sanitizers. */
    uint8_t *input = malloc(size == 0 ? 1 : size);
    MUST(input != NULL);
    memcpy(input, data, size);
    free(data);
    fprintf(stderr, "%s (%zu bytes)\n", path, size);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    inputs_run++;
}

static void run_path(const char *path)
{
    struct stat facts;
    if (stat(path, &facts) != 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(facts.st_mode)) {
        run_file(path);
        return;
    }
    DIR *folder = opendir(path);
    MUST(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inside[PATH_MAX_BYTES];
        int size = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && size > 0 && (size_t)size < sizeof inside)
            run_file(inside);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int at = 1; at < argc; at++)
        run_path(argv[at]);
    if (inputs_run == 0) {
        fprintf(stderr, "no inputs\n");
        return 2;
    }
    printf("%zu passed, 0 failed\n", inputs_run);
    return 0;
}
