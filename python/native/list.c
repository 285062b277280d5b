/* SPDX-License-Identifier: MIT */
/* Lists are all made here: who has an array says only what one element becomes. */
#include "native/list.h"

PyObject *confreg_list(const void *elements, size_t count, size_t size, confreg_item make,
                       void *context)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *item = make(context, (const char *)elements + i * size);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(list);
    }
    return list;
}
