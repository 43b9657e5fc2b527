#include "formats/resolve.h"

#include <math.h>
#include <stdio.h>

#include "formats/bucket.h"
#include "formats/rules_layout.h"

/* ---- Values ---- */

/* The unit as bytes: a string, or an integer of magnitude up to 2^53 in decimal. */
static bool
unit_of(struct quoin_context *context, uint32_t attribute, char digits[24], struct quoin_span *ret)
{
	const struct quoin_value *value = &context->values[attribute];
	uint64_t magnitude;
	char *at = digits + 24;

	if (!quoin_context_has(context, attribute))
		return false;
	if (value->kind == QUOIN_VALUE_STRING) {
		*ret = quoin_span_of(value->string, value->len);
		return true;
	}
	if (value->kind != QUOIN_VALUE_NUMBER || fabs(value->number) > 9007199254740992.0 ||
	    value->number != floor(value->number))
		return false;
	magnitude = (uint64_t)fabs(value->number);
	do {
		*--at = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude > 0);
	if (value->number < 0)
		*--at = '-';
	*ret = quoin_span_of(at, (size_t)(digits + 24 - at));
	return true;
}

/* 1 to 4 decimal components, then nothing or a suffix from the first '-' or '+' on. */
static bool
version_of(const struct quoin_value *value, uint32_t ret[4])
{
	const char *at = value->string, *end = at + value->len;
	uint64_t component;
	size_t count = 0;

	memset(ret, 0, 4 * sizeof *ret);
	for (;; at++) {
		if (count == 4 || at == end || *at < '0' || *at > '9')
			return false;
		for (component = 0; at < end && *at >= '0' && *at <= '9'; at++) {
			component = component * 10 + (uint64_t)(*at - '0');
			if (component > UINT32_MAX)
				return false;
		}
		ret[count++] = (uint32_t)component;
		if (at == end || *at == '-' || *at == '+')
			return true;
		if (*at != '.')
			return false;
	}
}

/* Whether the value is a version; its components then. */
static inline bool
is_version(struct quoin_value *value)
{
	if (value->kind != QUOIN_VALUE_STRING)
		return false;
	if (value->version_state == QUOIN_VERSION_UNREAD)
		value->version_state = version_of(value, value->version) ? QUOIN_VERSION_READ : QUOIN_VERSION_NONE;
	return value->version_state == QUOIN_VERSION_READ;
}

static bool
version_holds(struct quoin_value *value, const struct rules_bound *bounds, size_t count)
{
	const uint32_t *version = value->version;
	int order;

	if (!is_version(value))
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

static bool
prefix_holds(const struct quoin_value *value, const uint8_t *block, const struct rules_text *texts, size_t count)
{
	if (value->kind != QUOIN_VALUE_STRING)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (texts[i].bytes <= value->len && memcmp(block + texts[i].at, value->string, texts[i].bytes) == 0)
			return true;
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

/* Where "id" is among ascending ids, or "count". */
static size_t
find_id(const uint16_t *ids, size_t count, uint32_t id)
{
	const uint16_t *base = ids;
	size_t left = count, half;

	while (left > 1) {
		half = left / 2;
		base = base[half] <= id ? base + half : base;
		left -= half;
	}
	return left == 1 && *base == id ? (size_t)(base - ids) : count;
}

/* ---- Conditions ---- */

static inline bool
leaf_holds(const struct rules_rule *rule, const struct rules_node *node, struct quoin_context *context)
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
		return (find_id(RULES_AT(rule, uint16_t, node->data), node->count, id) < node->count) ==
		    (node->kind == RULES_NODE_LEAF + QUOIN_OP_IN);
	case RULES_NODE_LEAF + QUOIN_OP_PREFIX:
		return prefix_holds(value, (const uint8_t *)rule, RULES_AT(rule, struct rules_text, node->data), node->count);
	case RULES_NODE_LEAF + QUOIN_OP_VERSION:
		return version_holds(value, RULES_AT(rule, struct rules_bound, node->data), node->count);
	case RULES_NODE_LEAF + QUOIN_OP_EXISTS:
		return node->count != 0;
	default:
		memcpy(&bound, (const uint8_t *)rule + node->data, sizeof bound);
		return number_holds(value, bound, node->kind);
	}
}

static bool
node_holds(const struct rules_rule *rule, const struct rules_node *nodes, uint32_t index, struct quoin_context *context)
{
	const struct rules_node *node = &nodes[index];

	if (node->kind >= RULES_NODE_LEAF)
		return leaf_holds(rule, node, context);
	if (node->kind == RULES_NODE_NOT)
		return !node_holds(rule, nodes, index + 1, context);
	for (uint32_t child = index + 1; child < node->end; child = nodes[child].end) {
		if (node_holds(rule, nodes, child, context) != (node->kind == RULES_NODE_ALL))
			return node->kind == RULES_NODE_ANY;
	}
	return node->kind == RULES_NODE_ALL;
}

static bool
nodes_hold(const struct rules_rule *rule, struct quoin_context *context)
{
	const struct rules_node *nodes = RULES_AT(rule, struct rules_node, rule->nodes);

	for (uint32_t i = 0; i < rule->node_count; i = nodes[i].end) {
		if (nodes[i].kind >= RULES_NODE_LEAF ? !leaf_holds(rule, &nodes[i], context)
						     : !node_holds(rule, nodes, i, context))
			return false;
	}
	return true;
}

/* The rules that a value leaves. */
static inline uint64_t
left_by(const struct rules_objective *objective, const struct rules_filter *filter, uint32_t id)
{
	const uint8_t *block = (const uint8_t *)objective;
	size_t index;

	if (__builtin_expect(filter->kind == RULES_FILTER_DENSE, 1)) {
		index = id < filter->count ? id : RULES_VALUE_UNKNOWN;
	} else {
		index = find_id(RULES_AT(block, uint16_t, filter->keys), filter->count, id);
		index = index < filter->count ? index + RULES_VALUE_FIRST
		    : id == RULES_VALUE_MISSING ? RULES_VALUE_MISSING : RULES_VALUE_UNKNOWN;
	}
	return quoin_load_u64(block + filter->table + (index << objective->mask_shift));
}

/* The same of a number or a version. The keys are few; all are compared, as where to stop is not to be guessed. */
static inline uint64_t
left_by_order(const struct rules_objective *objective, const struct rules_filter *filter, struct quoin_context *context)
{
	const uint8_t *block = (const uint8_t *)objective;
	struct quoin_value *value = &context->values[filter->attribute];
	size_t index = 0;

	if (!quoin_context_has(context, filter->attribute)) {
		index = 0;
	} else if (filter->kind == RULES_FILTER_NUMBER) {
		const uint64_t *keys = RULES_AT(block, uint64_t, filter->keys);

		if (value->kind == QUOIN_VALUE_NUMBER) {
			const uint64_t key = rules_number_key(value->number);

			for (uint32_t i = 0; i < filter->count; i++)
				index += keys[i] <= key;
			index++;
		}
	} else if (is_version(value)) {
		const struct rules_version *keys = RULES_AT(block, struct rules_version, filter->keys);
		const struct rules_version key = rules_version_key(value->version);

		for (uint32_t i = 0; i < filter->count; i++)
			index += (keys[i].high < key.high) | ((keys[i].high == key.high) & (keys[i].low <= key.low));
		index++;
	}
	return quoin_load_u64(block + filter->table + (index << objective->mask_shift));
}

/* The rules that the attributes' values leave. Where ids are there already, all filters are asked: to look at a table is
 * cheaper than to guess wrong whether it matters. Else only those that may exclude what is left. */
static uint64_t
filtered(const struct rules_objective *objective, struct quoin_context *context)
{
	const struct rules_filter *filter = RULES_AT(objective, struct rules_filter, objective->filters);
	const struct rules_filter *end = filter + objective->filter_count, *ordered = end - objective->ordered_count;
	uint64_t mask = objective->mask;

	if (context->is_interned) {
		for (; filter < ordered; filter++)
			mask &= left_by(objective, filter, context->ids[filter->attribute]);
	} else {
		for (; filter < ordered && mask != 0; filter++) {
			if ((mask & filter->asked) != 0 || mask > UINT32_MAX)
				mask &= left_by(objective, filter, quoin_context_id(context, filter->attribute));
		}
	}
	for (filter = ordered; filter < end && mask != 0; filter++) {
		if ((mask & filter->asked) != 0 || mask > UINT32_MAX)
			mask &= left_by_order(objective, filter, context);
	}
	return mask;
}

/* ---- Choosing ---- */

/* The target of the share that the unit's bucket falls into; RULES_NO_OUTCOME without a unit or beyond all shares. Kept
 * apart: its buffer would put a guard on the stack of every decision. */
static __attribute__((noinline)) uint32_t
share_of(const struct rules_rule *rule, struct quoin_context *context)
{
	const struct rules_share *shares = RULES_AT(rule, struct rules_share, rule->shares);
	struct quoin_span unit;
	char digits[24];
	uint32_t bucket;

	if (rule->share_count == 0 || !unit_of(context, rule->unit, digits, &unit))
		return RULES_NO_OUTCOME;
	bucket = quoin_bucket_of(unit, rule->seed);
	for (uint32_t i = 0; i < rule->share_count; i++) {
		if (bucket < shares[i].limit)
			return shares[i].target;
	}
	return RULES_NO_OUTCOME;
}

static uint32_t
cell_outcome(const struct rules_rule *rule, struct quoin_context *context, uint32_t *ret_cell)
{
	const struct rules_cell *cells = RULES_AT(rule, struct rules_cell, rule->cells);
	size_t found = SIZE_MAX;
	uint32_t cell = 0, index;
	bool has_cell;

	/* To the end without a branch: where a test stands is not to be predicted, and the last one counts. */
	for (size_t i = 0; i < context->cell_count; i++)
		found = context->tests[i] == rule->ab_test_id ? i : found;
	has_cell = found != SIZE_MAX;
	if (has_cell)
		cell = context->cells[found];
	else if (__builtin_expect(context->named != NULL, 0))
		has_cell = quoin_context_named_cell(context, rule->ab_test_id, &cell);
	if (has_cell) {
		*ret_cell = cell;
		/* Cells mostly are numbers without a gap. */
		for (uint32_t k = 0; k < rule->cell_count; k++) {
			if (cells[k].cell == cell)
				return cells[k].outcome;
		}
		return RULES_NO_OUTCOME;
	}
	index = share_of(rule, context);
	if (index == RULES_NO_OUTCOME)
		return index;
	*ret_cell = cells[index].cell;
	return cells[index].outcome;
}

static void
choose(const struct rules_objective *objective, const struct rules_outcome *outcome, struct quoin_choice *ret)
{
	const char *texts = (const char *)objective + objective->texts;

	ret->model = texts + outcome->name;
	ret->version = texts + outcome->version;
	ret->routing_key = texts + outcome->routing_key;
	ret->id = outcome->model;
}

static void
select_outcome(const struct rules_objective *objective, const struct rules_rule *rule, uint32_t index,
    struct quoin_result *ret)
{
	const struct rules_outcome *outcome = RULES_AT(rule, struct rules_outcome, rule->outcomes) + index;

	choose(objective, outcome, &ret->selected);
	ret->config = (const char *)rule + outcome->config;
	ret->config_bytes = outcome->config_bytes;
	ret->reason = rule->kind;
}

/* ---- Overrides ---- */

static bool
caller_is_admitted(const struct rules_rule *rule, const struct quoin_context *context)
{
	const struct rules_text *callers = RULES_AT(rule, struct rules_text, rule->callers);

	if ((rule->flags & RULES_ANY_CALLER) != 0)
		return true;
	for (uint32_t i = 0; context->has_override_caller && i < rule->caller_count; i++) {
		if (quoin_span_equal(context->override_caller, quoin_span_of((const uint8_t *)rule + callers[i].at, callers[i].bytes)))
			return true;
	}
	return false;
}

/* The id of the model that the context's override names, or QUOIN_PLACE_NONE. */
static uint32_t
overridden_model(const struct quoin_rules *rules, const struct quoin_context *context)
{
	char key[QUOIN_ROUTING_KEY_BYTES_MAX];
	size_t len = context->override_model.len;

	if (len > QUOIN_NAME_BYTES_MAX || memchr(context->override_model.data, '@', len) != NULL)
		return QUOIN_PLACE_NONE;
	memcpy(key, context->override_model.data, len);
	if (context->has_override_version) {
		if (context->override_version.len > QUOIN_NAME_BYTES_MAX)
			return QUOIN_PLACE_NONE;
		key[len++] = '@';
		memcpy(key + len, context->override_version.data, context->override_version.len);
		len += context->override_version.len;
	}
	return quoin_rules_model(rules, quoin_span_of(key, len));
}

static const struct rules_override *
admitted_entry(const struct rules_rule *rule, uint32_t model)
{
	const struct rules_override *entries = RULES_AT(rule, struct rules_override, rule->overrides);
	size_t low = 0, high = rule->override_count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (entries[middle].model == model)
			return &entries[middle];
		if (entries[middle].model < model)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
model_has_types(const struct rules_objective *objective, const struct rules_model *model)
{
	const char *block = (const char *)objective, *other = (const char *)model;

	return strcmp(block + objective->input_type, other + model->input_type) == 0 &&
	    strcmp(block + objective->model_type, other + model->model_type) == 0;
}

static __attribute__((noinline)) bool
select_override(const struct quoin_rules *rules, const struct rules_objective *objective, const struct rules_rule *rule,
    struct quoin_context *context, struct quoin_result *ret)
{
	const struct rules_outcome *outcome;
	const struct rules_override *entry;
	const struct rules_model *model;
	uint32_t id;

	if (!context->has_override || !caller_is_admitted(rule, context))
		return false;
	id = overridden_model(rules, context);
	if (id == QUOIN_PLACE_NONE)
		return false;
	model = (const void *)quoin_image_at(&rules->image, quoin_places_get(&rules->models, id));
	entry = admitted_entry(rule, id);
	if (entry != NULL) {
		ret->config = (const char *)rule + entry->config;
		ret->config_bytes = entry->config_bytes;
	} else {
		if ((rule->flags & RULES_ANY_MODEL) == 0 || !model_has_types(objective, model))
			return false;
		outcome = RULES_AT(rule, struct rules_outcome, rule->outcomes) + rule->outcome;
		ret->config = (const char *)rule + outcome->config;
		ret->config_bytes = outcome->config_bytes;
	}
	ret->selected.model = (const char *)model + model->name;
	ret->selected.version = (const char *)model + model->version;
	ret->selected.routing_key = (const char *)model + model->routing_key;
	ret->selected.id = id;
	ret->reason = QUOIN_RULE_OVERRIDE;
	return true;
}

/* ---- The decision ---- */

static bool
select_by(const struct quoin_rules *rules, const struct rules_objective *objective, const struct rules_rule *rule,
    struct quoin_context *context, struct quoin_result *ret)
{
	uint32_t outcome, cell = 0;

	if (rule->node_count > 0 && !nodes_hold(rule, context))
		return false;
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		outcome = cell_outcome(rule, context, &cell);
		break;
	case QUOIN_RULE_CONTEXT:
		outcome = rule->outcome;
		break;
	case QUOIN_RULE_OVERRIDE:
		return select_override(rules, objective, rule, context, ret);
	default:
		outcome = share_of(rule, context);
		break;
	}
	if (outcome == RULES_NO_OUTCOME)
		return false;
	select_outcome(objective, rule, outcome, ret);
	ret->ab_test_id = rule->ab_test_id;
	ret->cell = cell;
	return true;
}

static bool
is_named(const struct quoin_result *result, uint32_t model)
{
	bool found = result->selected.id == model;

	for (uint32_t i = 0; i < result->shadow_count; i++)
		found = found || result->shadows[i].id == model;
	return found;
}

static void
add_shadows(const struct rules_objective *objective, uint64_t mask, struct quoin_context *context,
    struct quoin_result *ret)
{
	const struct rules_outcome *outcome;
	const struct rules_rule *rule;
	uint32_t index;

	for (; mask != 0 && ret->shadow_count < QUOIN_SHADOWS_MAX; mask &= mask - 1) {
		rule = rules_rule_at(objective, (uint32_t)__builtin_ctzll(mask));
		if (!nodes_hold(rule, context))
			continue;
		index = share_of(rule, context);
		if (index == RULES_NO_OUTCOME)
			continue;
		outcome = RULES_AT(rule, struct rules_outcome, rule->outcomes) + index;
		if (!is_named(ret, outcome->model))
			choose(objective, outcome, &ret->shadows[ret->shadow_count++]);
	}
}

const uint8_t *
quoin_resolve_objective(const struct quoin_rules *rules, uint32_t id)
{
	uint32_t place = quoin_places_get(&rules->objectives, id);

	return place == QUOIN_PLACE_NONE ? NULL : quoin_image_at(&rules->image, place);
}

void
quoin_resolve_block(const struct quoin_rules *rules, const uint8_t *block, struct quoin_context *context,
    struct quoin_result *ret)
{
	const struct rules_objective *objective = (const void *)block;
	const struct rules_rule *rule;
	uint64_t mask, selecting, shadows;

	/* Filters stand behind the header, the default at the end: have them on their way while the header is read. */
	for (size_t line = 1; line < 10; line++)
		__builtin_prefetch(block + 64 * line);
	__builtin_prefetch(block + objective->default_outcome);
	__builtin_prefetch(block + objective->default_outcome - sizeof *rule);
	mask = filtered(objective, context);
	/* Shifting in two steps: 64 rules may all be shadows. */
	selecting = mask & (((uint64_t)1 << (objective->rule_count - objective->shadow_count) / 2 <<
	    (objective->rule_count - objective->shadow_count + 1) / 2) - 1);
	shadows = mask & ~selecting;
	if (!context->has_override)
		selecting = selecting >> objective->override_count / 2 >> (objective->override_count + 1) / 2
		    << objective->override_count / 2 << (objective->override_count + 1) / 2;
	ret->ab_test_id = 0;
	ret->cell = 0;
	ret->shadow_count = 0;
	for (; selecting != 0; selecting &= selecting - 1) {
		rule = rules_rule_at(objective, (uint32_t)__builtin_ctzll(selecting));
		if (select_by(rules, objective, rule, context, ret))
			break;
	}
	if (selecting == 0) {
		rule = rules_rule_at(objective, objective->rule_count);
		select_outcome(objective, rule, rule->outcome, ret);
	}
	ret->objective = (const char *)block + objective->name;
	ret->objective_id = objective->id;
	ret->rule = (const char *)rule + rule->name;
	ret->rule_number = rule->number;
	if (ret->selected.id != objective->default_model)
		choose(objective, RULES_AT(block, struct rules_outcome, objective->default_outcome), &ret->fallback);
	else
		ret->fallback = (struct quoin_choice){.id = QUOIN_PLACE_NONE};
	if (shadows != 0)
		add_shadows(objective, shadows, context, ret);
}

int
quoin_resolve_named(const struct quoin_rules *rules, struct quoin_span objective, struct quoin_context *context,
    struct quoin_result *ret)
{
	uint32_t id = quoin_rules_objective(rules, objective);

	if (id == QUOIN_PLACE_NONE)
		return QUOIN_ENOENT;
	quoin_resolve_block(rules, quoin_resolve_objective(rules, id), context, ret);
	return 0;
}
