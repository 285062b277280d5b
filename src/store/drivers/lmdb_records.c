/* SPDX-License-Identifier: MIT */
/*
 * Keys and records as they lie in the file.
 *
 * LMDB's keys end at 511 bytes and ours at 2,048. A key of up to 494 bytes is stored as it is;
 * a longer one as its first 494 bytes, the byte 0xFF (which is in no key) and the XXH3-128 of
 * the whole, with the whole key inside the record:
 *
 *     | 494 bytes of the key | FF | 16 bytes of hash |   -> record with the key
 *
 * So the order of LMDB is the order of the keys, but among long keys that share 494 bytes;
 * those are sorted when they are listed.
 *
 * A record, numbers in little-endian:
 *
 *     | revision u64 | flags u8 | owner u64 if OWNED | size u16 and key if LONG | value |
 */
#include "base/hash.h"
#include "store/drivers/lmdb_internal.h"

enum { FLAG_OWNED = 1, FLAG_LONG = 2, HEADER_BYTES = 9, LONG_MARK = 0xFF };

uint64_t creg_lmdb_load_u64(const void *bytes)
{
    const unsigned char *at = bytes;
    uint64_t number = 0;
    for (int i = 7; i >= 0; i--)
        number = number << 8 | at[i];
    return number;
}

void creg_lmdb_store_u64(void *bytes, uint64_t number)
{
    unsigned char *at = bytes;
    for (int i = 0; i < 8; i++, number >>= 8)
        at[i] = (unsigned char)(number & 0xFF);
}

/* LMDB wants pointers to bytes that it may write to and never does. */
static void *unconst(const char *data)
{
    union {
        const char *given;
        void *wanted;
    } pointer = {.given = data};
    return pointer.wanted;
}

MDB_val creg_lmdb_val(creg_slice bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = unconst(bytes.data)};
}

void creg_lmdb_key_set(lmdb_key *stored, creg_slice key)
{
    if (key.size <= LMDB_PLAIN_BYTES) {
        stored->val.mv_data = unconst(key.data);
        stored->val.mv_size = key.size;
        return;
    }
    memcpy(stored->bytes, key.data, LMDB_PLAIN_BYTES);
    stored->bytes[LMDB_PLAIN_BYTES] = (char)LONG_MARK;
    creg_hash_digest(key.data, key.size, stored->bytes + LMDB_PLAIN_BYTES + 1);
    stored->val.mv_data = stored->bytes;
    stored->val.mv_size = LMDB_KEY_BYTES;
}

bool creg_lmdb_key_is_long(MDB_val stored)
{
    return stored.mv_size == LMDB_KEY_BYTES &&
           ((const unsigned char *)stored.mv_data)[LMDB_PLAIN_BYTES] == LONG_MARK;
}

size_t creg_lmdb_record_size(const lmdb_record *record)
{
    size_t size = HEADER_BYTES + record->value.size;
    if (record->owner != 0)
        size += 8;
    if (record->long_key.data != NULL)
        size += 2 + record->long_key.size;
    return size;
}

void creg_lmdb_record_write(const lmdb_record *record, char *out)
{
    bool is_owned = record->owner != 0;
    bool is_long = record->long_key.data != NULL;
    creg_lmdb_store_u64(out, record->revision);
    out[8] = (char)((is_owned ? FLAG_OWNED : 0) | (is_long ? FLAG_LONG : 0));
    out += HEADER_BYTES;
    if (is_owned) {
        creg_lmdb_store_u64(out, record->owner);
        out += 8;
    }
    if (is_long) {
        *out++ = (char)(unsigned char)(record->long_key.size & 0xFF);
        *out++ = (char)(unsigned char)(record->long_key.size >> 8);
        memcpy(out, record->long_key.data, record->long_key.size);
        out += record->long_key.size;
    }
    if (record->value.size > 0)
        memcpy(out, record->value.data, record->value.size);
}

static bool take_bytes(creg_slice *rest, size_t size, creg_slice *ret_taken)
{
    if (rest->size < size)
        return false;
    *ret_taken = creg_slice_make(rest->data, size);
    *rest = creg_slice_make(rest->data + size, rest->size - size);
    return true;
}

bool creg_lmdb_record_read(MDB_val stored_key, MDB_val data, lmdb_record *ret_record)
{
    creg_slice rest = creg_slice_make(data.mv_data, data.mv_size);
    creg_slice part;
    if (!take_bytes(&rest, HEADER_BYTES, &part))
        return false;
    unsigned flags = (unsigned char)part.data[8];
    bool is_long = (flags & FLAG_LONG) != 0;
    if ((flags & ~(unsigned)(FLAG_OWNED | FLAG_LONG)) != 0 ||
        is_long != creg_lmdb_key_is_long(stored_key))
        return false;
    *ret_record = (lmdb_record){.revision = creg_lmdb_load_u64(part.data)};
    if ((flags & FLAG_OWNED) != 0) {
        if (!take_bytes(&rest, 8, &part))
            return false;
        ret_record->owner = creg_lmdb_load_u64(part.data);
    }
    if (is_long) {
        if (!take_bytes(&rest, 2, &part))
            return false;
        size_t size = (unsigned char)part.data[0] | (size_t)(unsigned char)part.data[1] << 8;
        if (size <= LMDB_PLAIN_BYTES || !take_bytes(&rest, size, &ret_record->long_key))
            return false;
    }
    ret_record->value = rest;
    return true;
}

static MDB_val own_key(const char *name)
{
    return (MDB_val){.mv_size = 2, .mv_data = unconst(name)};
}

int creg_lmdb_get_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t *ret_number)
{
    MDB_val key = own_key(name);
    MDB_val data;
    int code = mdb_get(txn, dbi, &key, &data);
    *ret_number = 0;
    if (code == MDB_NOTFOUND)
        return MDB_SUCCESS;
    if (code == MDB_SUCCESS && data.mv_size != 8)
        return MDB_CORRUPTED;
    if (code == MDB_SUCCESS)
        *ret_number = creg_lmdb_load_u64(data.mv_data);
    return code;
}

int creg_lmdb_put_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t number)
{
    char bytes[8];
    creg_lmdb_store_u64(bytes, number);
    MDB_val key = own_key(name);
    MDB_val data = {.mv_size = sizeof bytes, .mv_data = bytes};
    return mdb_put(txn, dbi, &key, &data, 0);
}
