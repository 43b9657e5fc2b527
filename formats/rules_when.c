#include "formats/rules_when.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

static bool
leaf_asks_id(const struct quoin_when *when)
{
	return when->op == QUOIN_OP_IN || when->op == QUOIN_OP_NOT_IN || when->op == QUOIN_OP_EXISTS ||
	    when->op == QUOIN_OP_PREFIX;
}

/* Whether every leaf asks for the value of *attribute, which is found with the first leaf. */
static bool
asks_one(const struct quoin_when *when, const char **attribute)
{
	if (when->kind == QUOIN_WHEN_LEAF) {
		if (*attribute == NULL)
			*attribute = when->attribute;
		return leaf_asks_id(when) && strcmp(*attribute, when->attribute) == 0;
	}
	for (size_t i = 0; i < when->child_count; i++) {
		if (!asks_one(&when->children[i], attribute))
			return false;
	}
	return true;
}

const char *
quoin_rules_when_attribute(const struct quoin_when *when)
{
	const char *attribute = NULL;

	return asks_one(when, &attribute) ? attribute : NULL;
}

bool
quoin_rules_when_has_prefix(const struct quoin_when *when)
{
	for (size_t i = 0; i < when->child_count; i++) {
		if (quoin_rules_when_has_prefix(&when->children[i]))
			return true;
	}
	return when->kind == QUOIN_WHEN_LEAF && when->op == QUOIN_OP_PREFIX;
}

/* ---- Numbers and versions ---- */

static bool
bounds_are_small(const struct quoin_when *leaf)
{
	for (size_t i = 0; i < leaf->bound_count; i++) {
		for (size_t k = 0; k < 4; k++) {
			if (leaf->bounds[i].components[k] > RULES_COMPONENT_MAX)
				return false;
		}
	}
	return leaf->bound_count <= RULES_POINTS_PER_LEAF / 2;
}

static bool
leaf_order(const struct quoin_when *leaf, enum rules_filter_kind *ret)
{
	switch (leaf->op) {
	case QUOIN_OP_GT:
	case QUOIN_OP_GTE:
	case QUOIN_OP_LT:
	case QUOIN_OP_LTE:
		*ret = RULES_FILTER_NUMBER;
		return true;
	case QUOIN_OP_VERSION:
		*ret = RULES_FILTER_VERSION;
		return bounds_are_small(leaf);
	default:
		return false;
	}
}

static bool
orders_one(const struct quoin_when *when, const char **attribute, enum rules_filter_kind *kind)
{
	enum rules_filter_kind have;

	if (when->kind == QUOIN_WHEN_LEAF) {
		if (!leaf_order(when, &have) ||
		    (*attribute != NULL && (have != *kind || strcmp(*attribute, when->attribute) != 0)))
			return false;
		*attribute = when->attribute;
		*kind = have;
		return true;
	}
	for (size_t i = 0; i < when->child_count; i++) {
		if (!orders_one(&when->children[i], attribute, kind))
			return false;
	}
	return true;
}

const char *
quoin_rules_when_order(const struct quoin_when *when, enum rules_filter_kind *ret_kind)
{
	const char *attribute = NULL;

	return orders_one(when, &attribute, ret_kind) ? attribute : NULL;
}

static enum quoin_comparator
comparator_of(enum quoin_operator op)
{
	switch (op) {
	case QUOIN_OP_GT:
		return QUOIN_VERSION_GT;
	case QUOIN_OP_GTE:
		return QUOIN_VERSION_GTE;
	case QUOIN_OP_LT:
		return QUOIN_VERSION_LT;
	default:
		return QUOIN_VERSION_LTE;
	}
}

/* A leaf's comparisons, one by one. */
static size_t
comparison_count(const struct quoin_when *leaf)
{
	return leaf->op == QUOIN_OP_VERSION ? leaf->bound_count : 1;
}

static rules_point
comparison(const struct quoin_when *leaf, size_t index, enum quoin_comparator *ret)
{
	if (leaf->op != QUOIN_OP_VERSION) {
		*ret = comparator_of(leaf->op);
		return rules_number_key(leaf->scalars[0].number == 0 ? 0 : leaf->scalars[0].number);
	}
	*ret = leaf->bounds[index].comparator;
	return rules_version_key(leaf->bounds[index].components);
}

size_t
quoin_rules_when_points(const struct quoin_when *when, rules_point *points)
{
	enum quoin_comparator comparator;
	rules_point point;
	size_t count = 0;

	for (size_t i = 0; i < when->child_count; i++)
		count += quoin_rules_when_points(&when->children[i], points + count);
	if (when->kind != QUOIN_WHEN_LEAF)
		return count;
	for (size_t i = 0; i < comparison_count(when); i++) {
		point = comparison(when, i, &comparator);
		if (comparator == QUOIN_VERSION_EQ || comparator == QUOIN_VERSION_GTE || comparator == QUOIN_VERSION_LT)
			points[count++] = point;
		if (comparator != QUOIN_VERSION_GTE && comparator != QUOIN_VERSION_LT)
			points[count++] = point + 1;
	}
	return count;
}

static bool
leaf_holds_at(const struct quoin_when *leaf, rules_point value)
{
	enum quoin_comparator comparator;
	bool holds = true;

	for (size_t i = 0; holds && i < comparison_count(leaf); i++) {
		const rules_point point = comparison(leaf, i, &comparator);

		holds = comparator == QUOIN_VERSION_EQ ? value == point
		    : comparator == QUOIN_VERSION_GT   ? value > point
		    : comparator == QUOIN_VERSION_GTE  ? value >= point
		    : comparator == QUOIN_VERSION_LT   ? value < point
						       : value <= point;
	}
	return holds;
}

bool
quoin_rules_when_holds_at(const struct quoin_when *when, rules_point value)
{
	if (when->kind == QUOIN_WHEN_LEAF)
		return value != 0 && leaf_holds_at(when, value);
	if (when->kind == QUOIN_WHEN_NOT)
		return !quoin_rules_when_holds_at(&when->children[0], value);
	for (size_t i = 0; i < when->child_count; i++) {
		if (quoin_rules_when_holds_at(&when->children[i], value) != (when->kind == QUOIN_WHEN_ALL))
			return when->kind == QUOIN_WHEN_ANY;
	}
	return when->kind == QUOIN_WHEN_ALL;
}

/* ---- Value ids ---- */

static void
set_invert(struct rules_set *set)
{
	for (size_t i = 0; i < RULES_SET_WORDS; i++)
		set->words[i] = ~set->words[i];
}

static void
set_join(struct rules_set *set, const struct rules_set *other, bool both)
{
	for (size_t i = 0; i < RULES_SET_WORDS; i++)
		set->words[i] = both ? set->words[i] & other->words[i] : set->words[i] | other->words[i];
}

static void
set_add(struct rules_set *set, uint32_t id)
{
	set->words[id / 64] |= (uint64_t)1 << id % 64;
}

/* The ids of constants that begin with one of these. */
static void
prefix_ids(const struct quoin_when *leaf, const struct rules_attribute_ids *attribute, struct rules_set *ret)
{
	for (size_t i = 0; i < attribute->constant_count; i++) {
		const struct rules_constant_id *constant = &attribute->constants[i];

		if (constant->scalar->kind != QUOIN_SCALAR_STRING)
			continue;
		for (size_t k = 0; k < leaf->scalar_count; k++) {
			const char *prefix = leaf->scalars[k].string;

			if (strncmp(constant->scalar->string, prefix, strlen(prefix)) == 0)
				set_add(ret, constant->id);
		}
	}
}

static void
leaf_ids(const struct quoin_when *leaf, const struct rules_attribute_ids *attribute, struct rules_set *ret,
    struct rules_set *mentioned)
{
	uint32_t id;

	*ret = (struct rules_set){0};
	if (leaf->op == QUOIN_OP_EXISTS) {
		set_add(ret, RULES_VALUE_MISSING);
		if (leaf->scalars[0].boolean)
			set_invert(ret);
		return;
	}
	if (leaf->op == QUOIN_OP_PREFIX) {
		prefix_ids(leaf, attribute, ret);
		set_join(mentioned, ret, false);
		return;
	}
	for (size_t i = 0; i < leaf->scalar_count; i++) {
		id = quoin_rules_ids_value(attribute, &leaf->scalars[i]);
		set_add(ret, id);
		set_add(mentioned, id);
	}
	if (leaf->op == QUOIN_OP_NOT_IN) {
		set_add(ret, RULES_VALUE_MISSING);
		set_invert(ret);
	}
}

static void
ids_of(const struct quoin_when *when, const struct rules_attribute_ids *attribute, struct rules_set *ret,
    struct rules_set *mentioned)
{
	struct rules_set child;

	if (when->kind == QUOIN_WHEN_LEAF) {
		leaf_ids(when, attribute, ret, mentioned);
		return;
	}
	if (when->kind == QUOIN_WHEN_NOT) {
		ids_of(&when->children[0], attribute, ret, mentioned);
		set_invert(ret);
		return;
	}
	*ret = (struct rules_set){0};
	if (when->kind == QUOIN_WHEN_ALL)
		set_invert(ret);
	for (size_t i = 0; i < when->child_count; i++) {
		ids_of(&when->children[i], attribute, &child, mentioned);
		set_join(ret, &child, when->kind == QUOIN_WHEN_ALL);
	}
}

void
quoin_rules_when_ids(const struct quoin_when *when, const struct rules_attribute_ids *attribute, struct rules_set *ret,
    struct rules_set *mentioned)
{
	ids_of(when, attribute, ret, mentioned);
	if (quoin_rules_when_has_prefix(when))
		set_add(ret, RULES_VALUE_UNKNOWN);
}

int
quoin_rules_when_constant(const struct quoin_when *when)
{
	int neutral = when->kind == QUOIN_WHEN_ALL, child, all = neutral;

	if (when->kind == QUOIN_WHEN_LEAF)
		return -1;
	for (size_t i = 0; i < when->child_count; i++) {
		child = quoin_rules_when_constant(&when->children[i]);
		if (when->kind == QUOIN_WHEN_NOT)
			return child < 0 ? -1 : !child;
		if (child == !neutral)
			return child;
		if (child < 0)
			all = -1;
	}
	return all;
}

/* ---- Nodes ---- */

static int
compare_u16(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int
put_ids(const struct quoin_when *leaf, const struct rules_ids *ids, struct block_maker *maker, struct rules_node *node)
{
	const struct rules_attribute_ids *attribute = quoin_rules_ids_attribute(ids, leaf->attribute);
	uint16_t *values = calloc(leaf->scalar_count + 1, sizeof *values);
	size_t kept = 0;

	if (values == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < leaf->scalar_count; i++)
		values[i] = (uint16_t)quoin_rules_ids_value(attribute, &leaf->scalars[i]);
	qsort(values, leaf->scalar_count, sizeof *values, compare_u16);
	for (size_t i = 0; i < leaf->scalar_count; i++) {
		if (kept == 0 || values[kept - 1] != values[i])
			values[kept++] = values[i];
	}
	node->count = (uint16_t)kept;
	node->data = quoin_block_maker_put(maker, values, kept * sizeof *values, 2);
	free(values);
	return 0;
}

static int
compare_scalars(const void *a, const void *b)
{
	return strcmp(((const struct quoin_scalar *)a)->string, ((const struct quoin_scalar *)b)->string);
}

/* Ascending, and none that begins with another: so that one look at the greatest that is not above a value tells. */
static int
put_prefixes(const struct quoin_when *leaf, struct block_maker *maker, struct rules_node *node)
{
	struct quoin_scalar *sorted = calloc(leaf->scalar_count + 1, sizeof *sorted);
	struct rules_text *entry;
	struct quoin_span text;
	size_t kept = 0;

	if (sorted == NULL)
		return QUOIN_ENOMEM;
	memcpy(sorted, leaf->scalars, leaf->scalar_count * sizeof *sorted);
	qsort(sorted, leaf->scalar_count, sizeof *sorted, compare_scalars);
	for (size_t i = 0; i < leaf->scalar_count; i++) {
		if (kept == 0 || strncmp(sorted[i].string, sorted[kept - 1].string, strlen(sorted[kept - 1].string)) != 0)
			sorted[kept++] = sorted[i];
	}
	node->count = (uint16_t)kept;
	node->data = quoin_block_maker_put(maker, NULL, kept * sizeof *entry, 4);
	for (size_t i = 0; i < kept; i++) {
		uint32_t at = node->data + (uint32_t)(i * sizeof *entry);

		text = quoin_span_str(sorted[i].string);
		quoin_block_maker_refer(maker, at, quoin_block_maker_text(maker, text));
		entry = quoin_block_maker_at(maker, at);
		entry->bytes = (uint32_t)text.len;
	}
	free(sorted);
	return kept > UINT16_MAX ? QUOIN_ELIMIT : 0;
}

static int
put_bounds(const struct quoin_when *leaf, struct block_maker *maker, struct rules_node *node)
{
	struct rules_bound bound;

	if (leaf->bound_count > UINT16_MAX)
		return QUOIN_ELIMIT;
	node->count = (uint16_t)leaf->bound_count;
	node->data = quoin_block_maker_put(maker, NULL, 0, 4);
	for (size_t i = 0; i < leaf->bound_count; i++) {
		bound.comparator = leaf->bounds[i].comparator;
		memcpy(bound.components, leaf->bounds[i].components, sizeof bound.components);
		quoin_block_maker_put(maker, &bound, sizeof bound, 4);
	}
	return 0;
}

static int
put_leaf(const struct quoin_when *leaf, const struct rules_ids *ids, struct block_maker *maker, struct rules_node *node)
{
	double number;

	node->kind = (uint8_t)(RULES_NODE_LEAF + leaf->op);
	node->attribute = (uint8_t)quoin_rules_ids_attribute(ids, leaf->attribute)->id;
	switch (leaf->op) {
	case QUOIN_OP_IN:
	case QUOIN_OP_NOT_IN:
		return put_ids(leaf, ids, maker, node);
	case QUOIN_OP_PREFIX:
		return put_prefixes(leaf, maker, node);
	case QUOIN_OP_VERSION:
		return put_bounds(leaf, maker, node);
	case QUOIN_OP_EXISTS:
		node->count = leaf->scalars[0].boolean;
		return 0;
	case QUOIN_OP_GT:
	case QUOIN_OP_GTE:
	case QUOIN_OP_LT:
	case QUOIN_OP_LTE:
		number = leaf->scalars[0].number == 0 ? 0 : leaf->scalars[0].number; /* no minus zero */
		node->count = 1;
		node->data = quoin_block_maker_put(maker, &number, sizeof number, 8);
		return 0;
	}
	return QUOIN_EUSAGE;
}

int
quoin_rules_when_put(const struct quoin_when *when, const struct rules_ids *ids, struct block_maker *maker,
    struct rules_nodes *nodes)
{
	const struct quoin_when *last = NULL;
	struct rules_node *node;
	size_t open = 0;
	int rc = 0;

	/* What cannot change the outcome is left out, so that the number of nodes is bounded by that of the leaves. */
	if (when->kind == QUOIN_WHEN_NOT && when->children[0].kind == QUOIN_WHEN_NOT)
		return quoin_rules_when_put(&when->children[0].children[0], ids, maker, nodes);
	if (when->kind == QUOIN_WHEN_ALL || when->kind == QUOIN_WHEN_ANY) {
		for (size_t i = 0; i < when->child_count; i++) {
			if (quoin_rules_when_constant(&when->children[i]) < 0) {
				last = &when->children[i];
				open++;
			}
		}
		QUOIN_ASSERT(open > 0);
		if (open == 1)
			return quoin_rules_when_put(last, ids, maker, nodes);
	}
	if (nodes->count == RULES_NODES_MAX)
		return QUOIN_ELIMIT;
	node = &nodes->items[nodes->count++];
	*node = (struct rules_node){0};
	if (when->kind == QUOIN_WHEN_LEAF)
		rc = put_leaf(when, ids, maker, node);
	else
		node->kind = when->kind == QUOIN_WHEN_ALL ? RULES_NODE_ALL
		    : when->kind == QUOIN_WHEN_ANY	  ? RULES_NODE_ANY
							  : RULES_NODE_NOT;
	for (size_t i = 0; rc == 0 && i < when->child_count; i++) {
		if (quoin_rules_when_constant(&when->children[i]) < 0)
			rc = quoin_rules_when_put(&when->children[i], ids, maker, nodes);
	}
	node->end = (uint32_t)nodes->count;
	return rc;
}
