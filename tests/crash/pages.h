/*
 * Pages: the book-keeping of an LMDB data file, read from its bytes and not through LMDB: each page belongs to exactly one
 * of the two meta pages, the trees, and the list of free pages. LMDB itself never looks; a page that is both used and
 * free is damage that shows some commits later.
 */
#ifndef QUOIN_TESTS_CRASH_PAGES_H
#define QUOIN_TESTS_CRASH_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* False with what is wrong in "text". For files made on this machine, as the newest meta page shows them. */
bool pages_check(const char *path, char *text, size_t text_bytes);

#endif
