/* SPDX-License-Identifier: MIT */
/* A Python list of what an array of the library holds, element by element. */
#ifndef CONFREG_PYTHON_LIST_H
#define CONFREG_PYTHON_LIST_H

#include "native/module.h"

/** The object of one element; a new reference, or NULL with an exception. */
typedef PyObject *(*confreg_item)(void *context, const void *element);

/** The list of `count` elements of `size` bytes; NULL with the exception of the first refused. */
PyObject *confreg_list(const void *elements, size_t count, size_t size, confreg_item make,
                       void *context);

/** Of anything with `items` and `size`: creg_names, creg_pairs, creg_templates ... */
#define CONFREG_LIST(array, make, context)                                                     \
    confreg_list((array)->items, (array)->size, sizeof *(array)->items, make, context)

#endif
