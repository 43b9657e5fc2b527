/*
 * Search: where a key is, or would be put, in an array of structures that is ascending by it.
 *
 * "items" points at the key inside the first of "count" structures of "stride" bytes, and may be NULL if there are none.
 * Each returns the index of the first whose key is not below the sought one; *ret_found says whether it has that key.
 */
#ifndef QUOIN_LIB_SEARCH_H
#define QUOIN_LIB_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By any order: "compare" says <0, 0 or >0 of an item (where "items" points in it) against the key. */
size_t quoin_search(const void *items, size_t count, size_t stride, int (*compare)(const void *item, const void *key),
    const void *key, bool *ret_found);
/* By a name, a character array inside the structure, or by a text that it points at; in byte order as strcmp. */
size_t quoin_search_name(const char *items, size_t count, size_t stride, const char *name, bool *ret_found);
size_t quoin_search_text(const char *const *items, size_t count, size_t stride, const char *text, bool *ret_found);
size_t quoin_search_u32(const uint32_t *items, size_t count, size_t stride, uint32_t number, bool *ret_found);
size_t quoin_search_u64(const uint64_t *items, size_t count, size_t stride, uint64_t number, bool *ret_found);

#endif
