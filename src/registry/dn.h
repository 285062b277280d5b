/* SPDX-License-Identifier: MIT */
/*
 * DNs and keys: what a caller names, where it lies in the store, and where the books are kept.
 *
 *     jlopez/cdh/5.7.0/1/nodes/slave0                  a DN as people write it
 *     instances/jlopez/cdh/5.7.0/1/nodes/slave0        the same, and the key in the store
 *     |         |<- U/P/V/ID ->|<- rest ---->|
 *     _confreg/v1/c/jlopez,cdh,5.7.0,1                 its books; a ',' in a name is =2C
 *
 * Nothing here touches the store, and nothing is allocated: keys live in fixed buffers on the
 * caller's stack, because every read of a property comes through here.
 */
#ifndef CREG_REGISTRY_DN_H
#define CREG_REGISTRY_DN_H

#include "base/limits.h"
#include "confreg/base.h"
#include "confreg/error.h"

/** Names of the two roots; see ?layout= in confreg/registry.h. */
typedef struct creg_layout {
    creg_slice templates; /* "templates" or "products" */
    creg_slice instances; /* "instances" or "clusters" */
} creg_layout;

extern const creg_layout creg_layout_instances;
extern const creg_layout creg_layout_products;

/** What a DN names, told by its shape alone. */
typedef enum creg_dn_kind {
    CREG_DN_INSTANCE,
    CREG_DN_NODE,    /* nodes/NODE */
    CREG_DN_SERVICE, /* services/SERVICE */
    CREG_DN_DISK,    /* nodes/NODE/disks/DISK */
    CREG_DN_NETWORK, /* nodes/NODE/networks/NETWORK */
    CREG_DN_OTHER    /* a collection, a property, anything else */
} creg_dn_kind;

/** "a node", for messages. Static text. */
const char *creg_dn_kind_text(creg_dn_kind kind);

/** A key in the making; `size` never passes CREG_LIMIT_KEY. */
typedef struct creg_key {
    size_t size;
    char data[CREG_LIMIT_KEY + 1];
} creg_key;

static inline creg_slice creg_key_slice(const creg_key *key)
{
    return creg_slice_make(key->data, key->size);
}

/** Append to a key; false (and unchanged) when it would become longer than a key may be. */
bool creg_key_append(creg_key *key, creg_slice bytes);

/** A thing below an instance: its whole key, and where in it the parts begin. */
typedef struct creg_dn {
    creg_key key;         /* instances/U/P/V/ID[/rest] */
    size_t head_size;     /* "instances/" */
    size_t instance_size; /* "instances/U/P/V/ID" */
    creg_dn_kind kind;
} creg_dn;

/**
 * Take a DN apart, with or without the root's name before it, and append `path` (may be
 * empty), whose segments are in the same escaped form. One closing '/' is forgiven.
 *
 * CREG_INVALID_NAME  fewer than four names, an empty or unescaped segment, or too long
 */
creg_status creg_dn_parse(const creg_layout *layout, creg_slice text, creg_slice path,
                          creg_dn *ret_dn, creg_error *err);

/** The DN of an instance from plain names. CREG_INVALID_NAME says which one is not a name. */
creg_status creg_dn_build(const creg_layout *layout, creg_slice user, creg_slice name,
                          creg_slice version, creg_slice id, creg_dn *ret_dn, creg_error *err);

/** The DN of an instance from X, "U,P,V,ID" as the books have it. CREG_DAMAGED if it is none. */
creg_status creg_dn_of_books(const creg_layout *layout, creg_slice x, creg_dn *ret_dn,
                             creg_error *err);

/** The whole key, "instances/U/P/V/ID/rest". Borrowed from the DN, as all below. */
static inline creg_slice creg_dn_key(const creg_dn *dn)
{
    return creg_key_slice(&dn->key);
}

/** The instance's part of the key, "instances/U/P/V/ID". */
static inline creg_slice creg_dn_instance(const creg_dn *dn)
{
    return creg_slice_make(dn->key.data, dn->instance_size);
}

/** What lies behind the instance, "nodes/slave0", or empty. */
creg_slice creg_dn_rest(const creg_dn *dn);

/** The last segment of a key or DN. */
creg_slice creg_dn_last(creg_slice key);

/** The highest id there can be. */
#define CREG_ID_MAX UINT64_C(999999999999999999)

/**
 * The number that an id is, up to CREG_ID_MAX; 0 for a word, as other programs may have chosen.
 * Longer rows of digits are words, too: nobody may use up the numbers by writing a large one.
 */
uint64_t creg_dn_number(creg_slice id);

/** All but the last segment, without a closing '/'; empty for a single segment. */
creg_slice creg_dn_parent(creg_slice key);

/** Segment `index` (from 0) of a key, or an empty slice. */
creg_slice creg_dn_segment(creg_slice key, size_t index);

/** What a key's part below an instance names: "nodes/slave0" is CREG_DN_NODE. */
creg_dn_kind creg_dn_kind_of(creg_slice rest);

/** The kinds of books; see creg_dn_book(). */
typedef enum creg_book {
    CREG_BOOK_COMMIT,  /* c/U,P,V,ID: the commit record. It exists: the instance exists */
    CREG_BOOK_INTENT,  /* i/U,P,V,ID: somebody is writing or removing it, in pieces */
    CREG_BOOK_EDITED,  /* e/U,P,V,ID: changed since it was made, so its digest may differ */
    CREG_BOOK_COUNTER, /* n/U,P,V: the last id given out */
    CREG_BOOK_REQUEST  /* r/REQUEST: the X that a request id made */
} creg_book;

/** The folder of a book, "_confreg/v1/c", without a closing '/'. Static text. */
creg_slice creg_book_folder(creg_book book);

/** The key of a book about an instance (its version, for the counter). Never too long: see dn.c. */
void creg_dn_book(const creg_dn *dn, creg_book book, creg_key *ret_key);

/** The key of the book about a request. `request` is an encoded segment. */
void creg_request_book(creg_slice request, creg_key *ret_key);

/** X, the last segment of a book's key; empty for sentinels (".keep"). Borrowed from the key. */
creg_slice creg_book_name(creg_slice key);

/** The counter's book for a commit book's X, and the version's part of the instance key. */
creg_slice creg_dn_version_key(const creg_dn *dn);

/** The key templates/NAME/VERSION from plain names. CREG_INVALID_NAME. */
creg_status creg_template_key(const creg_layout *layout, creg_slice name, creg_slice version,
                              creg_key *ret_key, creg_error *err);

#endif
