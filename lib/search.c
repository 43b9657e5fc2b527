#include "lib/search.h"

#include <string.h>

size_t
quoin_search_name(const char *items, size_t count, size_t stride, const char *name, bool *ret_found)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(items + middle * stride, name);

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
