/* SPDX-License-Identifier: MIT */
/*
 * The GIL given away for a call of the library, and Ctrl-C heard meanwhile.
 *
 * Python runs the handlers of signals when its own code goes on, which is not while the library
 * waits for a server or renders. So the library asks us now and then (confreg/interrupt.h), and
 * an exception of a handler ends the wait.
 */
#ifndef CONFREG_PYTHON_AWAY_H
#define CONFREG_PYTHON_AWAY_H

#include "native/module.h"

typedef struct confreg_away {
    PyThreadState *thread; /* while the GIL is given away; else NULL */
    bool is_interrupted;   /* a handler raised: its exception is set once we are back */
} confreg_away;

/** Begin with {0}. Between leave and join nothing but the library is called. */
void confreg_leave(confreg_away *away);

/** Take the GIL back. False when an exception of a handler is set, now or by an earlier leave. */
bool confreg_join(confreg_away *away);

#endif
