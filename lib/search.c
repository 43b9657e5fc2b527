#include "lib/search.h"

#include <string.h>

size_t
quoin_search(const void *items, size_t count, size_t stride, int (*compare)(const void *item, const void *key),
    const void *key, bool *ret_found)
{
	size_t low = 0, high = count;

	*ret_found = false;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare((const char *)items + middle * stride, key);

		if (order < 0) {
			low = middle + 1;
			continue;
		}
		/* The last that is looked at from here on is the first of those that are not below. */
		*ret_found = order == 0;
		high = middle;
	}
	return low;
}

static int
compare_name(const void *item, const void *key)
{
	return strcmp(item, key);
}

size_t
quoin_search_name(const char *items, size_t count, size_t stride, const char *name, bool *ret_found)
{
	return quoin_search(items, count, stride, compare_name, name, ret_found);
}

static int
compare_text(const void *item, const void *key)
{
	return strcmp(*(const char *const *)item, key);
}

size_t
quoin_search_text(const char *const *items, size_t count, size_t stride, const char *text, bool *ret_found)
{
	return quoin_search(items, count, stride, compare_text, text, ret_found);
}

static int
compare_u32(const void *item, const void *key)
{
	const uint32_t a = *(const uint32_t *)item, b = *(const uint32_t *)key;

	return (a > b) - (a < b);
}

size_t
quoin_search_u32(const uint32_t *items, size_t count, size_t stride, uint32_t number, bool *ret_found)
{
	return quoin_search(items, count, stride, compare_u32, &number, ret_found);
}

static int
compare_u64(const void *item, const void *key)
{
	const uint64_t a = *(const uint64_t *)item, b = *(const uint64_t *)key;

	return (a > b) - (a < b);
}

size_t
quoin_search_u64(const uint64_t *items, size_t count, size_t stride, uint64_t number, bool *ret_found)
{
	return quoin_search(items, count, stride, compare_u64, &number, ret_found);
}
