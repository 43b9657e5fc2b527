/*
 * Search: where a name is, or would be put, in an array of structures that is ascending by a name inside them.
 */
#ifndef QUOIN_LIB_SEARCH_H
#define QUOIN_LIB_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* "items": "count" structures of "stride" bytes; the first points at the name (a character array) of the first. Returns
 * the index; *ret_found says whether it is there. Byte order, as strcmp. */
size_t quoin_search_name(const char *items, size_t count, size_t stride, const char *name, bool *ret_found);

#endif
