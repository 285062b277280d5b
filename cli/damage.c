/* SPDX-License-Identifier: MIT */
/*
 * What a damaged LMDB file does to the command: a message and an exit code in place of a dump.
 *
 * LMDB reads its file as memory and trusts what stands there. A page that lies leads it beyond the
 * file (SIGBUS), beyond its map (SIGSEGV) or into one of its assertions (SIGABRT), and no call
 * comes back from there. So the command ends here, with nothing written that was not acknowledged.
 * A fault of ours looks the same from in here, and the message says so. 'store check' and 'store
 * fsck' look at the file in a child process and tell the one from the other.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char message[] =
    "confreg: error: working on the store's file ended in a fault: it seems to be damaged\n"
    "  hint: 'confreg store check' tells what is wrong with it; a file that is sound means a\n"
    "  bug in confreg, which we would like to hear of\n";

static void on_fault(int number)
{
    (void)number;
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    _exit(creg_status_exit_code(CREG_DAMAGED));
}

void cli_damage_expect(const char *url)
{
    static const int faults[] = {SIGBUS, SIGSEGV, SIGABRT};
    bool is_file = url == NULL || url[0] == '\0' || strncmp(url, "lmdb:", 5) == 0 ||
                   strncmp(url, "trace+lmdb:", 11) == 0;
    for (size_t i = 0; is_file && i < sizeof faults / sizeof faults[0]; i++) {
        struct sigaction before;
        struct sigaction action;
        memset(&action, 0, sizeof action);
        sigemptyset(&action.sa_mask);
        action.sa_handler = on_fault;
        /* A sanitizer, or a debugger's preload, that asks for it has it already. */
        if (sigaction(faults[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            sigaction(faults[i], &action, NULL);
    }
}
