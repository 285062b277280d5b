/* SPDX-License-Identifier: MIT */
/*
 * Reading a secret file, and refusing one that is none.
 */
#include "net/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"

enum { SECRET_MAX = 4096 };

static creg_status check_mode(int file, const char *path, creg_error *err)
{
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode))
        return creg_fail(err, CREG_USAGE, "'%s' is not a regular file", path);
    if ((facts.st_mode & 077) == 0)
        return CREG_OK;
    creg_fail(err, CREG_PERMISSION, "others may read the secret in '%s'", path);
    creg_error_hint(err, "chmod 600 '%s'", path);
    return CREG_PERMISSION;
}

creg_status creg_secret_read_file(const char *path, creg_arena *arena, const char **ret_text,
                                  creg_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return creg_fail(err, CREG_USAGE, "the secret file '%s' cannot be read", path);
    char *text = creg_arena_alloc(arena, SECRET_MAX + 1);
    creg_status status =
        text == NULL ? creg_fail_arena(err, arena) : check_mode(file, path, err);
    ssize_t size = 0;
    if (status == CREG_OK)
        size = read(file, text, SECRET_MAX);
    close(file);
    if (status != CREG_OK)
        return status;
    if (size < 0)
        return creg_fail(err, CREG_USAGE, "the secret file '%s' cannot be read", path);
    text[size] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (*text == '\0')
        return creg_fail(err, CREG_USAGE, "the secret file '%s' is empty", path);
    *ret_text = text;
    return CREG_OK;
}

const char *creg_secret_environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}
