#include "lib/search.h"

#include <string.h>

size_t
quoin_search(const void *items, size_t count, size_t stride, int (*compare)(const void *item, const void *key),
    const void *key, bool *ret_found)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare((const char *)items + middle * stride, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
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
compare_number(const void *item, const void *key)
{
	const uint64_t a = *(const uint64_t *)item, b = *(const uint64_t *)key;

	return (a > b) - (a < b);
}

size_t
quoin_search_number(const uint64_t *items, size_t count, size_t stride, uint64_t number, bool *ret_found)
{
	return quoin_search(items, count, stride, compare_number, &number, ret_found);
}
