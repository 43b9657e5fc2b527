#include "formats/resolve_when.h"

#include "formats/resolve_filters.h"

static bool
version_holds(struct quoin_value *value, const struct rules_bound *bounds, size_t count)
{
	const uint32_t *version = value->version;
	int order;

	if (!quoin_value_version(value))
		return false;
	for (size_t i = 0; i < count; i++) {
		order = 0;
		for (size_t k = 0; k < 4 && order == 0; k++)
			order = (version[k] > bounds[i].components[k]) - (version[k] < bounds[i].components[k]);
		switch (bounds[i].comparator) {
		case QUOIN_VERSION_EQ:
			if (order != 0)
				return false;
			break;
		case QUOIN_VERSION_GT:
			if (order <= 0)
				return false;
			break;
		case QUOIN_VERSION_GTE:
			if (order < 0)
				return false;
			break;
		case QUOIN_VERSION_LT:
			if (order >= 0)
				return false;
			break;
		default:
			if (order > 0)
				return false;
			break;
		}
	}
	return true;
}

/* memcmp() of what both have; a prefix of the value is equal to it. */
static int
compare_prefix(const struct quoin_value *value, const uint8_t *block, const struct rules_text *text)
{
	const size_t len = text->bytes < value->len ? text->bytes : value->len;
	const int order = memcmp(block + text->at, value->string, len);

	return order != 0 ? order : text->bytes > value->len;
}

/* Of ascending texts none of which begins with another, one at most can be a prefix. */
static bool
prefix_holds(const struct quoin_value *value, const uint8_t *block, const struct rules_text *texts, size_t count)
{
	size_t low = 0, high = count, middle;
	int order;

	if (value->kind != QUOIN_VALUE_STRING)
		return false;
	while (low < high) {
		middle = (low + high) / 2;
		order = compare_prefix(value, block, &texts[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool
number_holds(const struct quoin_value *value, double bound, uint32_t kind)
{
	if (value->kind != QUOIN_VALUE_NUMBER)
		return false;
	switch (kind) {
	case RULES_NODE_LEAF + QUOIN_OP_GT:
		return value->number > bound;
	case RULES_NODE_LEAF + QUOIN_OP_GTE:
		return value->number >= bound;
	case RULES_NODE_LEAF + QUOIN_OP_LT:
		return value->number < bound;
	default:
		return value->number <= bound;
	}
}

static inline bool
leaf_holds(const struct rules_body *body, const struct rules_node *node, struct quoin_context *context)
{
	struct quoin_value *value = &context->values[node->attribute];
	double bound;
	uint32_t id;

	if (!quoin_context_has(context, node->attribute))
		return node->kind == RULES_NODE_LEAF + QUOIN_OP_EXISTS && node->count == 0;
	switch (node->kind) {
	case RULES_NODE_LEAF + QUOIN_OP_IN:
	case RULES_NODE_LEAF + QUOIN_OP_NOT_IN:
		id = quoin_context_id(context, node->attribute);
		return (rules_id_find(RULES_AT(body, uint16_t, node->data), node->count, id) < node->count) ==
		    (node->kind == RULES_NODE_LEAF + QUOIN_OP_IN);
	case RULES_NODE_LEAF + QUOIN_OP_PREFIX:
		return prefix_holds(value, (const uint8_t *)body, RULES_AT(body, struct rules_text, node->data), node->count);
	case RULES_NODE_LEAF + QUOIN_OP_VERSION:
		return version_holds(value, RULES_AT(body, struct rules_bound, node->data), node->count);
	case RULES_NODE_LEAF + QUOIN_OP_EXISTS:
		return node->count != 0;
	default:
		memcpy(&bound, (const uint8_t *)body + node->data, sizeof bound);
		return number_holds(value, bound, node->kind);
	}
}

static bool
node_holds(const struct rules_body *body, const struct rules_node *nodes, uint32_t index, struct quoin_context *context)
{
	const struct rules_node *node = &nodes[index];

	if (node->kind >= RULES_NODE_LEAF)
		return leaf_holds(body, node, context);
	if (node->kind == RULES_NODE_NOT)
		return !node_holds(body, nodes, index + 1, context);
	for (uint32_t child = index + 1; child < node->end; child = nodes[child].end) {
		if (node_holds(body, nodes, child, context) != (node->kind == RULES_NODE_ALL))
			return node->kind == RULES_NODE_ANY;
	}
	return node->kind == RULES_NODE_ALL;
}

bool
quoin_resolve_nodes(const struct rules_body *body, struct quoin_context *context)
{
	const struct rules_node *nodes = RULES_AT(body, struct rules_node, body->nodes);

	for (uint32_t i = 0; i < body->node_count; i = nodes[i].end) {
		if (nodes[i].kind >= RULES_NODE_LEAF ? !leaf_holds(body, &nodes[i], context)
						     : !node_holds(body, nodes, i, context))
			return false;
	}
	return true;
}
