/* SPDX-License-Identifier: MIT */
/*
 * Edit distance over three rows: the smallest table that can see two letters swapped.
 */
#include "base/suggest.h"

enum { NAME_MAX_BYTES = 64 };

typedef size_t row[NAME_MAX_BYTES + 1];

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* The distance of the first `i` bytes of left and the first `j` of right. */
static size_t cell(creg_slice left, creg_slice right, size_t i, size_t j, const row before,
                   const row above, const row current)
{
    bool same = left.data[i - 1] == right.data[j - 1];
    size_t best = smaller(above[j] + 1, current[j - 1] + 1);
    best = smaller(best, above[j - 1] + (same ? 0 : 1));
    bool swapped = i > 1 && j > 1 && left.data[i - 1] == right.data[j - 2] &&
                   left.data[i - 2] == right.data[j - 1];
    return swapped ? smaller(best, before[j - 2] + 1) : best;
}

size_t creg_edit_distance(creg_slice left, creg_slice right, size_t most)
{
    size_t gap = left.size > right.size ? left.size - right.size : right.size - left.size;
    if (gap > most || left.size > NAME_MAX_BYTES || right.size > NAME_MAX_BYTES)
        return most + 1;
    row rows[3];
    for (size_t j = 0; j <= right.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= left.size; i++) {
        size_t *current = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        current[0] = i;
        for (size_t j = 1; j <= right.size; j++)
            current[j] = cell(left, right, i, j, before, above, current);
    }
    return smaller(rows[left.size % 3][right.size], most + 1);
}

creg_suggest creg_suggest_begin(creg_slice wanted)
{
    size_t most = wanted.size < 4 ? 1 : 2;
    return (creg_suggest){.wanted = wanted, .best = {NULL, 0}, .distance = most + 1};
}

void creg_suggest_offer(creg_suggest *suggest, creg_slice known)
{
    if (suggest->distance == 0)
        return;
    size_t distance = creg_edit_distance(suggest->wanted, known, suggest->distance - 1);
    if (distance >= suggest->distance)
        return;
    suggest->distance = distance;
    suggest->best = known;
}
