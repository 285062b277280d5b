/* SPDX-License-Identifier: MIT */
/* Between Python's str and bytes and the library's slices, without a copy where it can be. */
#ifndef CONFREG_PYTHON_TEXT_H
#define CONFREG_PYTHON_TEXT_H

#include "native/module.h"

/** The UTF-8 of a str, borrowed from it. 0, or -1 with a TypeError or UnicodeEncodeError. */
int confreg_text(PyObject *object, creg_slice *ret_text);

/* For "O&" of PyArg_Parse...: a str into a creg_slice; a str or None (empty); a str or a bytes
 * object, borrowed. */
int confreg_text_argument(PyObject *object, void *slice);
int confreg_optional_text_argument(PyObject *object, void *slice);
int confreg_bytes_argument(PyObject *object, void *slice);
/* Seconds, a number or None, into a double; None is -1: for ever. */
int confreg_seconds_argument(PyObject *object, void *seconds);

/** A str of bytes that are UTF-8 as a rule; what is not becomes lone surrogates. */
PyObject *confreg_str(creg_slice text);

/** A list of str. */
PyObject *confreg_str_list(const creg_names *names);

/** {key: value} of pairs. */
PyObject *confreg_pairs_dict(const creg_pairs *pairs);

/** A property's or key's value on its way to the store. */
typedef struct confreg_value_text {
    creg_slice text; /* borrowed from `owner` */
    PyObject *owner;
} confreg_value_text;

/**
 * What the store keeps for a Python value: str and bytes as they are, True and False, numbers
 * as str() says them. UnsupportedTypeError for anything else. Release with
 * confreg_value_text_clear(), also after a failure.
 */
int confreg_value_text_init(confreg_value_text *value, confreg_state *state, PyObject *object);
void confreg_value_text_clear(confreg_value_text *value);

#endif
