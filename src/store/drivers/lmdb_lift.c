/* SPDX-License-Identifier: MIT */
/*
 * Full pages for an instance that is written in between others.
 *
 * LMDB fills its pages when new keys are the last ones of theirs, and leaves them half empty
 * when a single key of somebody else stands behind:
 *
 *     | ours ours ours ours | other |   each split halves the page, ours are never the last
 *
 * So before a long run of puts the keys behind it on the same page are taken out, and put back
 * unchanged when the run is done. All that happens inside the one transaction: nobody sees it.
 */
#include "base/arena.h"
#include "store/drivers/lmdb_internal.h"

enum {
    NODE_BYTES = 10, /* what LMDB adds to a key and its data on a page, and more */
    LIFTED_BYTES =
        1024 * 1024, /* of large values that stand there by chance; else it is not worth it */
};

/* The page's size bounds what can stand behind the place on its page. */
static size_t page_bytes(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat facts;
    return mdb_stat(txn, dbi, &facts) == MDB_SUCCESS ? facts.ms_psize : 0;
}

/* A value of its own pages takes only a number on this one. */
static size_t node_size(MDB_val key, MDB_val data, size_t page)
{
    return NODE_BYTES + key.mv_size + (data.mv_size > page / 2 ? sizeof(size_t) : data.mv_size);
}

static bool keep_copy(creg_lmdb_lift *lift, MDB_val key, MDB_val data)
{
    creg_slice key_copy =
        creg_arena_copy(&lift->arena, creg_slice_make(key.mv_data, key.mv_size));
    creg_slice data_copy =
        creg_arena_copy(&lift->arena, creg_slice_make(data.mv_data, data.mv_size));
    if (key_copy.data == NULL || data_copy.data == NULL)
        return false;
    lift->items[lift->size].key = key_copy;
    lift->items[lift->size].data = data_copy;
    lift->size++;
    return true;
}

/* Copies of what stands behind; false when that is more than it is worth. */
static bool copy_followers(MDB_cursor *cursor, size_t page, MDB_val key, MDB_val data,
                           creg_lmdb_lift *lift)
{
    int code = MDB_SUCCESS;
    for (size_t bytes = 0; code == MDB_SUCCESS && bytes < page;) {
        if (lift->size == LMDB_LIFT_MAX || !keep_copy(lift, key, data))
            return false;
        bytes += node_size(key, data, page);
        code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND;
}

void creg_lmdb_lift_init(creg_lmdb_lift *lift)
{
    lift->size = 0;
    creg_arena_init(&lift->arena, LIFTED_BYTES);
}

int creg_lmdb_lift_up(MDB_cursor *cursor, MDB_val key, MDB_val data, creg_lmdb_lift *lift)
{
    MDB_txn *txn = mdb_cursor_txn(cursor);
    MDB_dbi dbi = mdb_cursor_dbi(cursor);
    if (!copy_followers(cursor, page_bytes(txn, dbi), key, data, lift))
        lift->size = 0;
    int code = MDB_SUCCESS;
    for (size_t i = 0; i < lift->size && code == MDB_SUCCESS; i++) {
        MDB_val lifted = creg_lmdb_val(lift->items[i].key);
        code = mdb_del(txn, dbi, &lifted, NULL);
    }
    return code;
}

int creg_lmdb_lift_down(MDB_cursor *cursor, creg_lmdb_lift *lift)
{
    int code = MDB_SUCCESS;
    for (size_t i = 0; i < lift->size && code == MDB_SUCCESS; i++) {
        MDB_val key = creg_lmdb_val(lift->items[i].key);
        MDB_val data = creg_lmdb_val(lift->items[i].data);
        code = mdb_cursor_put(cursor, &key, &data, 0);
    }
    lift->size = 0;
    creg_arena_clear(&lift->arena);
    return code;
}
