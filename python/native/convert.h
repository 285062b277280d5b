/* SPDX-License-Identifier: MIT */
/*
 * Between Python's objects and the values of the library.
 *
 * A conversion copies: what is in the arena does not change when the program changes its
 * objects, and nothing of Python is touched while the library works without the GIL.
 */
#ifndef CONFREG_PYTHON_CONVERT_H
#define CONFREG_PYTHON_CONVERT_H

#include "native/module.h"

/**
 * The value of an object that JSON could say, or nearly: None, bool, int of any size, float,
 * str, bytes, list, tuple, set, dict, and whatever collections.abc calls a Mapping, Sequence
 * or Set. In the arena.
 *
 * 0, or -1 with an exception: UnsupportedTypeError, LimitExceeded for what nests too deep or
 * contains itself, UnicodeEncodeError for lone surrogates.
 */
int confreg_to_value(confreg_state *state, PyObject *object, creg_arena *arena,
                     creg_value *ret);

/** The Python object of a value; a new reference, or NULL with an exception. */
PyObject *confreg_from_value(confreg_state *state, creg_value value);

/** The str of a slice; NULL with an exception. */
PyObject *confreg_from_slice(creg_slice slice);

/**
 * A slice of a str's bytes: borrowed from the object, as long as the object lives.
 * -1 with TypeError ("`what` must be str, not int") or UnicodeEncodeError.
 */
int confreg_to_slice(PyObject *object, const char *what, creg_slice *ret);

/* ---- for the template engine, which has values of more kinds -------------------------------- */

/** One conversion; `other` is asked for objects that are none of the above (NULL: refused). */
typedef struct confreg_converter confreg_converter;
struct confreg_converter {
    confreg_state *state;
    creg_arena *arena;
    int (*other)(confreg_converter *converter, PyObject *object, creg_value *ret);
    void *user;
    unsigned depth;
};
int confreg_convert(confreg_converter *converter, PyObject *object, creg_value *ret);

/** The way back; `other` makes UNDEFINED, OBJECT and Markup (NULL: None, text, str). */
typedef struct confreg_reader confreg_reader;
struct confreg_reader {
    confreg_state *state;
    PyObject *(*other)(confreg_reader *reader, creg_value value);
    void *user;
};
PyObject *confreg_read(confreg_reader *reader, creg_value value);

#endif
