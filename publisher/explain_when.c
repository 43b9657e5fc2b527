#include <string.h>

#include "publisher/explain.h"

const struct quoin_json *
quoin_explain_value(const struct quoin_json *context, const char *attribute)
{
	const struct quoin_json *value = quoin_json_get(context, attribute);

	if (value == NULL)
		return NULL;
	switch (quoin_json_kind(value)) {
	case QUOIN_JSON_STRING:
	case QUOIN_JSON_NUMBER:
	case QUOIN_JSON_BOOL:
		return value;
	default:
		return NULL;
	}
}

static bool
is_equal(const struct quoin_json *value, const struct quoin_scalar *scalar)
{
	switch (quoin_json_kind(value)) {
	case QUOIN_JSON_STRING:
		return scalar->kind == QUOIN_SCALAR_STRING && strcmp(quoin_json_string(value), scalar->string) == 0;
	case QUOIN_JSON_NUMBER:
		return scalar->kind == QUOIN_SCALAR_NUMBER && quoin_json_number(value) == scalar->number;
	default:
		return scalar->kind == QUOIN_SCALAR_BOOL && quoin_json_bool(value) == scalar->boolean;
	}
}

static bool
is_among(const struct quoin_json *value, const struct quoin_when *leaf)
{
	for (size_t i = 0; i < leaf->scalar_count; i++)
		if (is_equal(value, &leaf->scalars[i]))
			return true;
	return false;
}

static bool
has_prefix(const struct quoin_json *value, const struct quoin_when *leaf)
{
	if (quoin_json_kind(value) != QUOIN_JSON_STRING)
		return false;
	for (size_t i = 0; i < leaf->scalar_count; i++)
		if (strncmp(quoin_json_string(value), leaf->scalars[i].string, strlen(leaf->scalars[i].string)) == 0)
			return true;
	return false;
}

/* 1 to 4 decimal components up to 4294967295, then nothing or a suffix from '-' or '+' on. */
static bool
read_version(const char *text, uint64_t ret[4])
{
	memset(ret, 0, 4 * sizeof *ret);
	for (size_t i = 0; i < 4; i++) {
		if (*text < '0' || *text > '9')
			return false;
		for (; *text >= '0' && *text <= '9'; text++) {
			ret[i] = ret[i] * 10 + (uint64_t)(*text - '0');
			if (ret[i] > UINT32_MAX)
				return false;
		}
		if (*text == '\0' || *text == '-' || *text == '+')
			return true;
		if (*text++ != '.')
			return false;
	}
	return false;
}

static bool
is_version(const struct quoin_json *value, const struct quoin_when *leaf)
{
	uint64_t version[4];

	if (quoin_json_kind(value) != QUOIN_JSON_STRING || !read_version(quoin_json_string(value), version))
		return false;
	for (size_t i = 0; i < leaf->bound_count; i++) {
		int order = 0;

		for (size_t k = 0; k < 4 && order == 0; k++)
			order = (version[k] > leaf->bounds[i].components[k]) - (version[k] < leaf->bounds[i].components[k]);
		if (order < 0 ? leaf->bounds[i].comparator != QUOIN_VERSION_LT && leaf->bounds[i].comparator != QUOIN_VERSION_LTE
		    : order > 0
			? leaf->bounds[i].comparator != QUOIN_VERSION_GT && leaf->bounds[i].comparator != QUOIN_VERSION_GTE
			: leaf->bounds[i].comparator == QUOIN_VERSION_LT || leaf->bounds[i].comparator == QUOIN_VERSION_GT)
			return false;
	}
	return true;
}

static bool
is_in_range(const struct quoin_json *value, const struct quoin_when *leaf)
{
	double have, bound = leaf->scalars[0].number;

	if (quoin_json_kind(value) != QUOIN_JSON_NUMBER)
		return false;
	have = quoin_json_number(value);
	switch (leaf->op) {
	case QUOIN_OP_GT:
		return have > bound;
	case QUOIN_OP_GTE:
		return have >= bound;
	case QUOIN_OP_LT:
		return have < bound;
	default:
		return have <= bound;
	}
}

static bool
leaf_holds(const struct quoin_when *leaf, const struct quoin_json *context)
{
	const struct quoin_json *value = quoin_explain_value(context, leaf->attribute);

	if (leaf->op == QUOIN_OP_EXISTS)
		return (value != NULL) == leaf->scalars[0].boolean;
	if (value == NULL)
		return false;
	switch (leaf->op) {
	case QUOIN_OP_IN:
		return is_among(value, leaf);
	case QUOIN_OP_NOT_IN:
		return !is_among(value, leaf);
	case QUOIN_OP_PREFIX:
		return has_prefix(value, leaf);
	case QUOIN_OP_VERSION:
		return is_version(value, leaf);
	default:
		return is_in_range(value, leaf);
	}
}

/* Of several that must hold the first that does not decides; of alternatives all together. The nesting is bounded by
 * QUOIN_NESTING_MAX. */
const struct quoin_when *
quoin_explain_failure(const struct quoin_when *when, const struct quoin_json *context)
{
	const struct quoin_when *failure;

	if (when == NULL)
		return NULL;
	switch (when->kind) {
	case QUOIN_WHEN_LEAF:
		return leaf_holds(when, context) ? NULL : when;
	case QUOIN_WHEN_NOT:
		return quoin_explain_failure(&when->children[0], context) != NULL ? NULL : when;
	case QUOIN_WHEN_ANY:
		for (size_t i = 0; i < when->child_count; i++)
			if (quoin_explain_failure(&when->children[i], context) == NULL)
				return NULL;
		return when;
	default:
		for (size_t i = 0; i < when->child_count; i++) {
			failure = quoin_explain_failure(&when->children[i], context);
			if (failure != NULL)
				return failure;
		}
		return NULL;
	}
}
