#include "publisher/check_version.h"

#include <stdio.h>
#include <string.h>

#include "lib/limits.h"

static size_t
refuse(char *why, size_t why_bytes, const char *reason)
{
	snprintf(why, why_bytes, "%s", reason);
	return 0;
}

/* =, >, >=, <, <= at the beginning; returns its length, or 0. */
static size_t
read_comparator(struct quoin_span text, enum quoin_comparator *ret)
{
	bool has_equal = text.len > 1 && text.data[1] == '=';

	if (text.len == 0)
		return 0;
	switch (text.data[0]) {
	case '=':
		*ret = QUOIN_VERSION_EQ;
		return 1;
	case '>':
		*ret = has_equal ? QUOIN_VERSION_GTE : QUOIN_VERSION_GT;
		return has_equal ? 2 : 1;
	case '<':
		*ret = has_equal ? QUOIN_VERSION_LTE : QUOIN_VERSION_LT;
		return has_equal ? 2 : 1;
	default:
		return 0;
	}
}

/* One decimal component from *at on. */
static bool
read_component(struct quoin_span text, size_t *at, uint32_t *ret)
{
	uint64_t value = 0;
	size_t start = *at;

	while (*at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9') {
		value = value * 10 + (uint64_t)(text.data[(*at)++] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)value;
	return *at > start;
}

/* 1 to 4 components separated by dots, then nothing or a suffix from '-' or '+' on. */
static bool
read_version(struct quoin_span text, uint32_t components[4])
{
	size_t at = 0;

	for (size_t i = 0; i < 4; i++) {
		if (!read_component(text, &at, &components[i]))
			return false;
		if (at == text.len || text.data[at] == '-' || text.data[at] == '+')
			return true;
		if (text.data[at++] != '.')
			return false;
	}
	return false;
}

size_t
quoin_check_version_bounds(struct quoin_span text, struct quoin_version_bound *bounds, size_t bounds_max, char *why,
    size_t why_bytes)
{
	size_t count = 0;

	if (text.len > QUOIN_CONDITION_BYTES_MAX)
		return refuse(why, why_bytes, "it is longer than 256 bytes; use fewer comparators");
	for (size_t at = 0;; at++) {
		const uint8_t *blank = at < text.len ? memchr(text.data + at, ' ', text.len - at) : NULL;
		size_t end = blank != NULL ? (size_t)(blank - text.data) : text.len;
		struct quoin_span word = {text.data + at, end - at};
		struct quoin_version_bound bound = {0};
		size_t skip = read_comparator(word, &bound.comparator);

		if (skip == 0) {
			return refuse(why, why_bytes,
			    "each part begins with =, >, >=, < or <=, and single spaces are between them; write "
			    "\">=9.4 <10\"");
		}
		if (!read_version((struct quoin_span){word.data + skip, word.len - skip}, bound.components)) {
			return refuse(why, why_bytes,
			    "after a comparator comes a version of 1 to 4 numbers with dots between them, each up "
			    "to 4294967295");
		}
		if (count == bounds_max)
			return refuse(why, why_bytes, "there are too many comparators");
		bounds[count++] = bound;
		at = end;
		if (at == text.len)
			return count;
	}
}
