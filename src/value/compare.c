/* SPDX-License-Identifier: MIT */
/*
 * Equality, hash and order as Python has them.
 *
 * Numbers of all kinds compare by their exact value, so 1 == 1.0 == True and they hash alike.
 * Inside containers an item also equals itself when it is a NaN. Depth is counted down: a
 * list that holds itself must not take the stack with it. So is work: a list of twice the
 * same list, forty times over, has a trillion leaves.
 */
#include "value/compare.h"

#include <math.h>

#include "base/hash.h"
#include "base/limits.h"
#include "value/integer.h"
#include "value/map.h"

/* ---- equality ------------------------------------------------------------------------- */

/* What a comparison may still cost. */
typedef struct walk {
    unsigned depth;
    uint64_t *work;
} walk;

enum { DEFAULT_WORK = 4000000, HASHED_ITEMS = 100000 };

static bool equal_at(creg_value left, creg_value right, walk allowed);

static walk one_deeper(walk allowed)
{
    return (walk){allowed.depth - 1, allowed.work};
}

static bool identical_at(creg_value left, creg_value right)
{
    if (left.kind != right.kind)
        return false;
    switch ((creg_kind)left.kind) {
    case CREG_KIND_UNDEFINED: /* of which there are kinds */
        return creg_value_type_name(left) == creg_value_type_name(right);
    case CREG_KIND_NONE:
        return true;
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        return creg_slice_equal(creg_value_text(left), creg_value_text(right));
    default:
        /* Numbers by their bits, everything else by its address. */
        return memcmp(&left.as, &right.as, sizeof left.as) == 0;
    }
}

/* Comparing long texts of one size costs by their size, hashing long ones too. */
static void pay_for_text(creg_value left, creg_value right, walk allowed)
{
    enum { FREE = 4096, BYTES_OF_A_STEP = 512 };
    if (left.kind != CREG_KIND_STRING || left.size < FREE || left.kind != right.kind ||
        left.as.text == right.as.text)
        return;
    uint64_t price = (left.size < right.size ? left.size : right.size) / BYTES_OF_A_STEP;
    *allowed.work = *allowed.work > price ? *allowed.work - price : 0;
}

static bool same_at(creg_value left, creg_value right, walk allowed)
{
    pay_for_text(left, right, allowed);
    return identical_at(left, right) || equal_at(left, right, allowed);
}

static bool equal_lists(const creg_list *left, const creg_list *right, walk allowed)
{
    if (left->size != right->size)
        return false;
    for (size_t i = 0; i < left->size; i++)
        if (!same_at(left->items[i], right->items[i], allowed))
            return false;
    return true;
}

static bool equal_maps(const creg_map *left, const creg_map *right, walk allowed)
{
    if (left->size != right->size)
        return false;
    for (size_t i = 0; i < left->filled; i++) {
        const creg_entry *entry = &left->entries[i];
        if (!entry->used)
            continue;
        const creg_value *other = creg_map_get(right, entry->key);
        if (other == NULL || !same_at(entry->value, *other, allowed))
            return false;
    }
    return true;
}

static bool equal_ranges(const creg_range *left, const creg_range *right)
{
    if (left->size != right->size || left->size == 0)
        return left->size == right->size;
    return left->start == right->start && (left->size == 1 || left->step == right->step);
}

static bool equal_numbers(creg_value left, creg_value right)
{
    if (left.kind == CREG_KIND_FLOAT && right.kind == CREG_KIND_FLOAT)
        return left.as.real == right.as.real;
    if (left.kind == CREG_KIND_FLOAT)
        return creg_integer_compare_double(creg_value_to_integer(right), left.as.real) == 0;
    if (right.kind == CREG_KIND_FLOAT)
        return creg_integer_compare_double(creg_value_to_integer(left), right.as.real) == 0;
    return creg_integer_compare(creg_value_to_integer(left), creg_value_to_integer(right)) == 0;
}

static bool equal_objects(creg_value left, creg_value right)
{
    if (left.kind == CREG_KIND_OBJECT && right.kind == CREG_KIND_OBJECT &&
        left.as.object == right.as.object)
        return true;
    if (left.kind == CREG_KIND_OBJECT && left.as.object->object_class->equal != NULL)
        return left.as.object->object_class->equal(left.as.object, right);
    if (right.kind == CREG_KIND_OBJECT && right.as.object->object_class->equal != NULL)
        return right.as.object->object_class->equal(right.as.object, left);
    return false;
}

/* Take the price of looking into a container; false when that is more than is left. */
static bool pay(creg_value value, walk allowed)
{
    uint64_t price = 1;
    if (value.kind == CREG_KIND_LIST || value.kind == CREG_KIND_TUPLE)
        price += value.as.list->size;
    else if (value.kind == CREG_KIND_MAP || value.kind == CREG_KIND_SET)
        price += value.as.map->size;
    bool enough = *allowed.work >= price;
    *allowed.work = enough ? *allowed.work - price : 0;
    return enough;
}

static bool equal_at(creg_value left, creg_value right, walk allowed)
{
    if (creg_value_is_number(left) && creg_value_is_number(right))
        return equal_numbers(left, right);
    if (left.kind == CREG_KIND_OBJECT || right.kind == CREG_KIND_OBJECT)
        return equal_objects(left, right);
    if (left.kind != right.kind)
        return false;
    pay_for_text(left, right, allowed);
    if (identical_at(left, right))
        return true;
    if (allowed.depth == 0 || !pay(left, allowed))
        return false;
    switch ((creg_kind)left.kind) {
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return equal_lists(left.as.list, right.as.list, one_deeper(allowed));
    case CREG_KIND_MAP:
        return equal_maps(left.as.map, right.as.map, one_deeper(allowed));
    case CREG_KIND_SET:
        return left.as.map->size == right.as.map->size &&
               creg_map_keys_within(left.as.map, right.as.map);
    case CREG_KIND_RANGE:
        return equal_ranges(left.as.range, right.as.range);
    default:
        return false;
    }
}

bool creg_value_equal_within(creg_value left, creg_value right, uint64_t *work)
{
    return equal_at(left, right, (walk){CREG_LIMIT_DEPTH, work});
}

bool creg_value_same_within(creg_value left, creg_value right, uint64_t *work)
{
    return same_at(left, right, (walk){CREG_LIMIT_DEPTH, work});
}

bool creg_value_equal(creg_value left, creg_value right)
{
    uint64_t work = DEFAULT_WORK;
    return creg_value_equal_within(left, right, &work);
}

bool creg_value_same(creg_value left, creg_value right)
{
    uint64_t work = DEFAULT_WORK;
    return creg_value_same_within(left, right, &work);
}

bool creg_map_keys_within(const creg_map *left, const creg_map *right)
{
    for (size_t i = 0; i < left->filled; i++)
        if (left->entries[i].used && creg_map_find(right, left->entries[i].key) == NULL)
            return false;
    return true;
}

/* ---- hash ----------------------------------------------------------------------------- */

static bool hashable_at(creg_value value, walk allowed)
{
    if (value.kind == CREG_KIND_LIST || value.kind == CREG_KIND_MAP ||
        value.kind == CREG_KIND_SET)
        return false;
    if (value.kind == CREG_KIND_OBJECT)
        return !value.as.object->object_class->unhashable;
    if (value.kind != CREG_KIND_TUPLE)
        return true;
    if (allowed.depth == 0 || !pay(value, allowed))
        return false;
    for (size_t i = 0; i < value.as.list->size; i++)
        if (!hashable_at(value.as.list->items[i], one_deeper(allowed)))
            return false;
    return true;
}

bool creg_value_hashable(creg_value value)
{
    uint64_t work = HASHED_ITEMS;
    return hashable_at(value, (walk){CREG_LIMIT_DEPTH, &work});
}

enum { SALT_INT = 1, SALT_FLOAT, SALT_ITEM, SALT_RANGE, SALT_OBJECT, SALT_NOTHING };

static uint64_t hash_double(double real)
{
    if (real >= -9223372036854775808.0 && real < 9223372036854775808.0 && trunc(real) == real)
        return creg_hash_number((uint64_t)(int64_t)real, SALT_INT);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return creg_hash_number(bits, SALT_FLOAT);
}

/* A big integer that is exactly a double hashes as that double. */
static uint64_t hash_big(creg_value value)
{
    double real;
    creg_integer integer = creg_value_to_integer(value);
    if (creg_integer_to_double(integer, &real) &&
        creg_integer_compare_double(integer, real) == 0)
        return hash_double(real);
    return creg_bigint_hash(value.as.big);
}

static uint64_t hash_items(const creg_list *items, walk allowed);

static uint64_t hash_at(creg_value value, walk allowed)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
        return creg_hash_number((uint64_t)value.as.integer, SALT_INT);
    case CREG_KIND_FLOAT:
        return hash_double(value.as.real);
    case CREG_KIND_BIGINT:
        return hash_big(value);
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        return creg_hash_bytes(value.as.text, value.size);
    case CREG_KIND_TUPLE:
        if (allowed.depth == 0 || !pay(value, allowed))
            return 0;
        return hash_items(value.as.list, one_deeper(allowed));
    case CREG_KIND_RANGE:
        return creg_hash_number((uint64_t)value.as.range->size, SALT_RANGE);
    case CREG_KIND_OBJECT:
        if (value.as.object->object_class->hash != NULL)
            return value.as.object->object_class->hash(value.as.object);
        return creg_hash_number((uint64_t)(uintptr_t)value.as.object, SALT_OBJECT);
    default:
        return creg_hash_number(value.kind, SALT_NOTHING);
    }
}

static uint64_t hash_items(const creg_list *items, walk allowed)
{
    uint64_t hash = items->size;
    for (size_t i = 0; i < items->size; i++)
        hash = creg_hash_number(hash ^ hash_at(items->items[i], allowed), SALT_ITEM);
    return hash;
}

uint64_t creg_value_hash(creg_value value)
{
    uint64_t work = HASHED_ITEMS;
    return hash_at(value, (walk){CREG_LIMIT_DEPTH, &work});
}

/* ---- order ---------------------------------------------------------------------------- */

typedef struct offenders {
    creg_value *left;
    creg_value *right;
} offenders;

static creg_order refuse(creg_value left, creg_value right, offenders told)
{
    if (told.left != NULL)
        *told.left = left;
    if (told.right != NULL)
        *told.right = right;
    return CREG_ORDER_IMPOSSIBLE;
}

static creg_order order_doubles(double left, double right)
{
    if (isnan(left) || isnan(right))
        return CREG_ORDER_NEITHER;
    return (creg_order)((left > right) - (left < right));
}

static creg_order order_numbers(creg_value left, creg_value right)
{
    if (left.kind == CREG_KIND_FLOAT && right.kind == CREG_KIND_FLOAT)
        return order_doubles(left.as.real, right.as.real);
    if (right.kind == CREG_KIND_FLOAT)
        return (creg_order)creg_integer_compare_double(creg_value_to_integer(left),
                                                       right.as.real);
    if (left.kind != CREG_KIND_FLOAT)
        return (creg_order)creg_integer_compare(creg_value_to_integer(left),
                                                creg_value_to_integer(right));
    int reversed = creg_integer_compare_double(creg_value_to_integer(right), left.as.real);
    return reversed == 2 ? CREG_ORDER_NEITHER : (creg_order)-reversed;
}

/* Code points in UTF-8 order as their bytes do. */
static creg_order order_bytes(creg_slice left, creg_slice right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;
    int order = shorter == 0 ? 0 : memcmp(left.data, right.data, shorter);
    if (order != 0)
        return order < 0 ? CREG_ORDER_LESS : CREG_ORDER_GREATER;
    return (creg_order)((left.size > right.size) - (left.size < right.size));
}

static creg_order order_at(creg_value left, creg_value right, walk allowed, offenders told);

/* The first pair that differs decides. */
static creg_order order_lists(const creg_list *left, const creg_list *right, walk allowed,
                              offenders told)
{
    size_t shorter = left->size < right->size ? left->size : right->size;
    for (size_t i = 0; i < shorter; i++)
        if (!same_at(left->items[i], right->items[i], allowed))
            return order_at(left->items[i], right->items[i], allowed, told);
    return (creg_order)((left->size > right->size) - (left->size < right->size));
}

static creg_order order_at(creg_value left, creg_value right, walk allowed, offenders told)
{
    if (creg_value_is_number(left) && creg_value_is_number(right))
        return order_numbers(left, right);
    if (left.kind != right.kind || allowed.depth == 0)
        return refuse(left, right, told);
    switch ((creg_kind)left.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
        pay_for_text(left, right, allowed);
        return order_bytes(creg_value_text(left), creg_value_text(right));
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        if (!pay(left, allowed))
            return refuse(left, right, told);
        return order_lists(left.as.list, right.as.list, one_deeper(allowed), told);
    default:
        return refuse(left, right, told);
    }
}

creg_order creg_value_order(creg_value left, creg_value right, uint64_t *work,
                            creg_value *ret_left, creg_value *ret_right)
{
    offenders told = {ret_left, ret_right};
    uint64_t enough = DEFAULT_WORK;
    walk allowed = {CREG_LIMIT_DEPTH, work == NULL ? &enough : work};
    return order_at(left, right, allowed, told);
}
