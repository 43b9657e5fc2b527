#include "tests/crash/pages.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* lmdb 0.9, mdb.c: MDB_meta, MDB_page, MDB_node, MDB_db on a 64-bit little-endian machine. */
#define PAGE	       4096u
#define HEAD	       16u
#define META_MAGIC     0xbeefc0deu
#define META_FREE_DB   (HEAD + 24)
#define META_MAIN_DB   (HEAD + 72)
#define META_LAST_PAGE (HEAD + 120)
#define META_TXN       (HEAD + 128)
#define DB_ROOT	       40u
#define NO_PAGE	       UINT64_MAX
#define BRANCH	       1u
#define LEAF	       2u
#define OVERFLOW       4u
#define NODE_BIG       1u
#define NODE_DB	       2u
#define DEPTH_MAX      32

struct book {
	const uint8_t *data;
	uint64_t pages; /* in the file */
	uint64_t count; /* in use or free */
	uint8_t *seen;
	char *text;
	size_t text_bytes;
};

static uint64_t
number(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

__attribute__((format(printf, 2, 3))) static bool
wrong(struct book *book, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(book->text, book->text_bytes, fmt, ap);
	va_end(ap);
	return false;
}

static bool
take(struct book *book, uint64_t page, const char *what)
{
	if (page < 2 || page >= book->count)
		return wrong(book, "page %llu (%s) is none of the %llu", (unsigned long long)page, what,
		    (unsigned long long)book->count);
	if (book->seen[page]++ != 0)
		return wrong(book, "page %llu (%s) is in use twice, or free and in use", (unsigned long long)page,
		    what);
	return true;
}

/* The pages that are free, as one value of the free database lists them. */
static bool
take_free(struct book *book, const uint8_t *value, uint64_t bytes)
{
	const uint64_t count = number(value, 8);

	if (count > bytes / 8 - 1)
		return wrong(book, "a list of free pages is cut");
	for (uint64_t i = 0; i < count; i++)
		if (!take(book, number(value + 8 + 8 * i, 8), "free"))
			return false;
	return true;
}

/* A value's bytes, which may lie on pages of their own. */
static bool
value_of(struct book *book, const uint8_t *node, const uint8_t **ret, uint64_t *ret_bytes)
{
	const uint8_t *value = node + 8 + number(node + 6, 2);
	uint64_t page, count;

	*ret = value;
	*ret_bytes = number(node, 2) | number(node + 2, 2) << 16;
	if ((number(node + 4, 2) & NODE_BIG) == 0)
		return true;
	page = number(value, 8);
	if (page >= book->pages)
		return wrong(book, "a value lies on page %llu, behind the file's end", (unsigned long long)page);
	count = number(book->data + page * PAGE + 12, 4);
	if (number(book->data + page * PAGE + 10, 2) != OVERFLOW || count > book->pages - page ||
	    *ret_bytes > count * PAGE - HEAD)
		return wrong(book, "page %llu is no value's", (unsigned long long)page);
	for (uint64_t i = 0; i < count; i++)
		if (!take(book, page + i, "value"))
			return false;
	*ret = book->data + page * PAGE + HEAD;
	return true;
}

static bool walk(struct book *book, uint64_t page, bool is_free_list, unsigned depth);

static bool
walk_leaf_node(struct book *book, const uint8_t *node, bool is_free_list, unsigned depth)
{
	const uint8_t *value;
	uint64_t bytes;

	if (!value_of(book, node, &value, &bytes))
		return false;
	if (is_free_list)
		return take_free(book, value, bytes);
	if ((number(node + 4, 2) & NODE_DB) != 0)
		return walk(book, number(value + DB_ROOT, 8), false, depth + 1);
	return true;
}

static bool
walk(struct book *book, uint64_t page, bool is_free_list, unsigned depth)
{
	const uint8_t *at = book->data + page * PAGE;
	uint64_t flags, nodes;

	if (page == NO_PAGE)
		return true;
	if (depth > DEPTH_MAX || page >= book->pages)
		return wrong(book, "a tree leads to page %llu", (unsigned long long)page);
	if (!take(book, page, "tree"))
		return false;
	flags = number(at + 10, 2);
	nodes = (number(at + 12, 2) - HEAD) / 2;
	if (number(at, 8) != page || (flags != BRANCH && flags != LEAF) || nodes > PAGE / 10)
		return wrong(book, "page %llu is no page of a tree", (unsigned long long)page);
	for (uint64_t i = 0; i < nodes; i++) {
		const uint8_t *node = at + number(at + HEAD + 2 * i, 2);
		const uint64_t below = number(node, 2) | number(node + 2, 2) << 16 | number(node + 4, 2) << 32;

		if (flags == BRANCH ? !walk(book, below, is_free_list, depth + 1)
				    : !walk_leaf_node(book, node, is_free_list, depth))
			return false;
	}
	return true;
}

static bool
check(struct book *book)
{
	const uint8_t *newest = NULL;

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *meta = book->data + i * PAGE;

		if (number(meta + HEAD, 4) != META_MAGIC)
			return wrong(book, "meta page %u is none", i);
		if (newest == NULL || number(meta + META_TXN, 8) > number(newest + META_TXN, 8))
			newest = meta;
	}
	book->count = number(newest + META_LAST_PAGE, 8) + 1;
	if (book->count > book->pages)
		return wrong(book, "the file has %llu pages of %llu", (unsigned long long)book->pages,
		    (unsigned long long)book->count);
	book->seen = calloc(book->count, 1);
	if (book->seen == NULL)
		return wrong(book, "out of memory");
	if (!walk(book, number(newest + META_FREE_DB + DB_ROOT, 8), true, 0) ||
	    !walk(book, number(newest + META_MAIN_DB + DB_ROOT, 8), false, 0))
		return false;
	for (uint64_t page = 2; page < book->count; page++)
		if (book->seen[page] == 0)
			return wrong(book, "page %llu is neither in use nor free", (unsigned long long)page);
	return true;
}

bool
pages_check(const char *path, char *text, size_t text_bytes)
{
	struct book book = {.text = text, .text_bytes = text_bytes};
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool good;
	void *map;

	if (fd == -1 || fstat(fd, &st) != 0 || st.st_size < (off_t)(2 * PAGE))
		return wrong(&book, "there is no file of pages");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (map == MAP_FAILED)
		return wrong(&book, "the file cannot be mapped");
	book.data = map;
	book.pages = (uint64_t)st.st_size / PAGE;
	good = check(&book);
	free(book.seen);
	(void)munmap(map, (size_t)st.st_size);
	return good;
}
