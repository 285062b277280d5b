/* SPDX-License-Identifier: MIT */
/* See away.h. In threads but the main one Python finds no signal, so that all ask alike. */
#include "native/away.h"

#include "confreg/interrupt.h"

/* A handler may call the library, too: then the question is ours again afterwards. */
static bool is_interrupted(void *user)
{
    confreg_away *away = user;
    if (away->is_interrupted)
        return true;
    PyEval_RestoreThread(away->thread);
    away->is_interrupted = PyErr_CheckSignals() != 0;
    away->thread = PyEval_SaveThread();
    creg_interrupt_set(is_interrupted, away);
    return away->is_interrupted;
}

void confreg_leave(confreg_away *away)
{
    creg_interrupt_set(is_interrupted, away);
    away->thread = PyEval_SaveThread();
}

bool confreg_join(confreg_away *away)
{
    PyEval_RestoreThread(away->thread);
    away->thread = NULL;
    creg_interrupt_set(NULL, NULL);
    return !away->is_interrupted;
}
