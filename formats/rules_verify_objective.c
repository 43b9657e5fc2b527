#include "formats/rules_verify.h"

#include "formats/bucket.h"

static bool
config_is_sound(const struct rules_verifier *verifier, uint32_t at, uint32_t bytes)
{
	const uint8_t *text = verifier->block + at;

	if (bytes < 2 || bytes > QUOIN_CONFIG_BYTES_MAX || !has_text(verifier, at, bytes) || text[0] != '{' ||
	    text[bytes - 1] != '}')
		return false;
	for (uint32_t i = 0; i < bytes; i++) {
		if (text[i] < ' ')
			return false;
	}
	return quoin_utf8_is_valid(quoin_span_of(text, bytes));
}

/* A text of a model, behind the objective's texts. */
static bool
model_text_is(const struct rules_verifier *verifier, uint32_t at, const struct rules_model *model, uint32_t want)
{
	const struct rules_objective *head = verifier->objective;
	const char *text = (const char *)model + want;
	size_t bytes = strlen(text) + 1;

	return at < head->bytes - head->texts && bytes <= head->bytes - head->texts - at &&
	    memcmp((const char *)head + head->texts + at, text, bytes) == 0;
}

static bool
outcomes_are_sound(const struct rules_verifier *verifier, const struct rules_body *body)
{
	const struct rules_outcome *outcomes = rules_outcomes_of(body), *outcome;
	const struct rules_model *model;

	if (!has_array(verifier, sizeof *body, body->outcome_count, sizeof *outcomes, 4))
		return false;
	for (uint32_t i = 0; i < body->outcome_count; i++) {
		outcome = &outcomes[i];
		if (!config_is_sound(verifier, outcome->config, outcome->config_bytes))
			return false;
		if (outcome->model == QUOIN_PLACE_NONE)
			continue;
		model = model_of(verifier, outcome->model);
		if (model == NULL || !model_text_is(verifier, outcome->name, model, model->name) ||
		    !model_text_is(verifier, outcome->version, model, model->version) ||
		    !model_text_is(verifier, outcome->routing_key, model, model->routing_key))
			return false;
	}
	return true;
}

static bool
outcome_selects(const struct rules_body *body, uint32_t index)
{
	return index < body->outcome_count && rules_outcomes_of(body)[index].model != QUOIN_PLACE_NONE;
}

static bool
ids_ascend(const uint16_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] < RULES_VALUE_FIRST || (i > 0 && ids[i] <= ids[i - 1]))
			return false;
	}
	return true;
}

static bool
has_keys(const struct rules_verifier *verifier, const struct rules_filter *filter, uint32_t size)
{
	const uint32_t bytes = filter->count * size;

	return filter->table >= bytes && has_array(verifier, filter->table - bytes, filter->count, size, size);
}

/* The keys of numbers or versions: the first is 1, they ascend, and what fills up the last eight is beyond all values.
 * *ret_masks: one more than there are of them. */
static bool
keys_are_sound(const struct rules_verifier *verifier, const struct rules_filter *filter, uint64_t *ret_masks)
{
	const uint64_t *keys;
	uint32_t count = 1;

	if (filter->count == 0 || filter->count % RULES_KEYS_EACH != 0 || !has_keys(verifier, filter, sizeof *keys))
		return false;
	keys = rules_filter_keys(verifier->block, filter);
	if (keys[0] != 1)
		return false;
	for (uint32_t i = 1; i < filter->count; i++) {
		if (keys[i] <= keys[i - 1] && (keys[i] != UINT64_MAX || keys[i - 1] != UINT64_MAX))
			return false;
		count += keys[i] != UINT64_MAX;
	}
	*ret_masks = count + 1;
	return true;
}

static int
check_filter(struct rules_verifier *verifier, const struct rules_filter *filter, bool is_ordered)
{
	const struct rules_objective *head = verifier->objective;
	uint64_t masks = filter->count;

	if (!attribute_exists(verifier, filter->attribute))
		return bad(verifier, "a filter's attribute is wrong");
	if (is_ordered) {
		if ((filter->kind != RULES_FILTER_NUMBER && filter->kind != RULES_FILTER_VERSION) ||
		    !keys_are_sound(verifier, filter, &masks))
			return bad(verifier, "a filter's keys are malformed");
	} else if (filter->kind == RULES_FILTER_SPARSE) {
		masks += RULES_VALUE_FIRST;
		if (!has_keys(verifier, filter, sizeof(uint16_t)) ||
		    !ids_ascend(rules_filter_ids(verifier->block, filter), filter->count))
			return bad(verifier, "a filter's keys are malformed");
	} else if (filter->kind != RULES_FILTER_DENSE || filter->count < RULES_VALUE_FIRST) {
		return bad(verifier, "a filter is malformed");
	}
	if (!has_array(verifier, filter->table, masks * head->mask_bytes + 7, 1, 1))
		return bad(verifier, "a filter's table is outside");
	return 0;
}

/* One that is there to be asked in vain: as the encoder makes it. */
static int
check_neutral(struct rules_verifier *verifier, const struct rules_filter *filter, bool is_ordered)
{
	const struct rules_objective *head = verifier->objective;
	const uint32_t bytes = (uint32_t)(RULES_KEYS_EACH + 1) * head->mask_bytes;

	if (filter->attribute != 0 || (is_ordered && !has_keys(verifier, filter, sizeof(uint64_t))) ||
	    filter->kind != (is_ordered ? RULES_FILTER_NUMBER : RULES_FILTER_DENSE) ||
	    filter->count != (is_ordered ? RULES_KEYS_EACH : RULES_VALUE_FIRST) ||
	    !has_array(verifier, filter->table, bytes + 7, 1, 1))
		return bad(verifier, "a filter that excludes nothing is malformed");
	for (uint32_t i = 0; i < bytes; i++) {
		if (verifier->block[filter->table + i] != UINT8_MAX)
			return bad(verifier, "a filter that excludes nothing excludes something");
	}
	return 0;
}

static int
check_filters(struct rules_verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const struct rules_filter *ids = rules_id_filters(head), *ordered = rules_ordered_filters(head), *end;
	int rc = 0;

	end = ordered + (head->ordered_count < RULES_ORDERED_FILTERS ? RULES_ORDERED_FILTERS : head->ordered_count);
	if (!has_array(verifier, sizeof *head, (uint64_t)(end - ids), sizeof *ids, 4))
		return bad(verifier, "the filters are outside");
	for (const struct rules_filter *filter = ids; rc == 0 && filter < end; filter++) {
		const bool is_ordered = filter >= ordered;

		rc = filter - (is_ordered ? ordered : ids) < (is_ordered ? head->ordered_count : head->id_count)
		    ? check_filter(verifier, filter, is_ordered)
		    : check_neutral(verifier, filter, is_ordered);
	}
	return rc;
}

/* Ascending, and none that begins with another. */
static bool
prefixes_are_sound(const struct rules_verifier *verifier, const struct rules_node *node)
{
	const struct rules_text *texts = RULES_AT(verifier->block, struct rules_text, node->data);

	if (!has_array(verifier, node->data, node->count, sizeof *texts, 4) || node->count == 0)
		return false;
	for (uint32_t i = 0; i < node->count; i++) {
		if (texts[i].bytes > QUOIN_CONDITION_BYTES_MAX || !has_text(verifier, texts[i].at, texts[i].bytes))
			return false;
		if (i > 0 && strncmp((const char *)verifier->block + texts[i - 1].at,
				 (const char *)verifier->block + texts[i].at, texts[i - 1].bytes) >= 0)
			return false;
	}
	return true;
}

static bool
leaf_is_sound(const struct rules_verifier *verifier, const struct rules_node *node)
{
	const struct rules_bound *bounds;
	double number;

	if (!attribute_exists(verifier, node->attribute))
		return false;
	switch (node->kind - RULES_NODE_LEAF) {
	case QUOIN_OP_IN:
	case QUOIN_OP_NOT_IN:
		return has_array(verifier, node->data, node->count, sizeof(uint16_t), 2) &&
		    ids_ascend(RULES_AT(verifier->block, uint16_t, node->data), node->count);
	case QUOIN_OP_PREFIX:
		return prefixes_are_sound(verifier, node);
	case QUOIN_OP_VERSION:
		if (!has_array(verifier, node->data, node->count, sizeof *bounds, 4))
			return false;
		bounds = RULES_AT(verifier->block, struct rules_bound, node->data);
		for (uint32_t i = 0; i < node->count; i++) {
			if (bounds[i].comparator > QUOIN_VERSION_LTE)
				return false;
		}
		return true;
	case QUOIN_OP_EXISTS:
		return node->count <= 1 && node->data == 0;
	default:
		if (node->count != 1 || !has_array(verifier, node->data, 1, sizeof number, 8))
			return false;
		memcpy(&number, verifier->block + node->data, sizeof number);
		return number == number;
	}
}

/* Node "index" and its children fill exactly the nodes up to its end, which is at most "limit". */
static bool
node_is_sound(const struct rules_verifier *verifier, const struct rules_node *nodes, uint32_t index, uint32_t limit,
    unsigned depth)
{
	const struct rules_node *node = &nodes[index];
	uint32_t child, children = 0;

	if (depth > RULES_NODE_DEPTH || node->kind >= RULES_NODE_KINDS || node->end <= index || node->end > limit)
		return false;
	if (node->kind >= RULES_NODE_LEAF)
		return node->end == index + 1 && leaf_is_sound(verifier, node);
	for (child = index + 1; child < node->end; child = nodes[child].end, children++) {
		if (!node_is_sound(verifier, nodes, child, node->end, depth + 1))
			return false;
	}
	return node->attribute == 0 && node->count == 0 && node->data == 0 &&
	    (node->kind == RULES_NODE_NOT ? children == 1 : children > 0);
}

static bool
nodes_are_sound(const struct rules_verifier *verifier, const struct rules_body *body)
{
	const struct rules_node *nodes = RULES_AT(body, struct rules_node, body->nodes);

	if (body->node_count > RULES_NODES_MAX * 2 ||
	    !has_array(verifier, body->nodes, body->node_count, sizeof *nodes, 4))
		return false;
	for (uint32_t i = 0; i < body->node_count; i = nodes[i].end) {
		if (!node_is_sound(verifier, nodes, i, body->node_count, 1))
			return false;
	}
	return true;
}

/* Outcome i is that of cell i, and all select. */
static bool
cells_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, const struct rules_body *body)
{
	const uint32_t *cells = RULES_AT(body, uint32_t, body->cells);

	if (rule->cell_count == 0 || rule->cell_count > QUOIN_CELLS_MAX || body->outcome_count != rule->cell_count ||
	    rule->first_cell > INT32_MAX)
		return false;
	for (uint32_t i = 0; i < rule->cell_count; i++) {
		if (!outcome_selects(body, i))
			return false;
	}
	if ((rule->flags & RULES_NO_GAPS) != 0)
		return body->cells == 0 && rule->first_cell + rule->cell_count - 1u <= INT32_MAX;
	if (!has_array(verifier, body->cells, rule->cell_count, sizeof *cells, 4) || cells[0] != rule->first_cell)
		return false;
	for (uint32_t i = 1; i < rule->cell_count; i++) {
		if (cells[i] <= cells[i - 1] || cells[i] > INT32_MAX)
			return false;
	}
	return true;
}

static bool
shares_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, const struct rules_body *body)
{
	const struct rules_share *shares = RULES_AT(body, struct rules_share, body->shares);

	if (rule->share_count == 0)
		return rule->bucketing == 0 && rule->unit == RULES_NO_ATTRIBUTE && rule->seed == 0 && body->shares == 0;
	if (rule->bucketing != RULES_MURMUR3 || !attribute_exists(verifier, rule->unit) ||
	    !has_array(verifier, body->shares, rule->share_count, sizeof *shares, 4) ||
	    shares[rule->share_count - 1].limit > QUOIN_BUCKETS)
		return false;
	for (uint32_t i = 0; i < rule->share_count; i++) {
		if ((i > 0 && shares[i].limit < shares[i - 1].limit) || !outcome_selects(body, shares[i].outcome))
			return false;
	}
	return true;
}

static bool
overrides_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, const struct rules_body *body)
{
	const struct rules_overrides *overrides = RULES_AT(body, struct rules_overrides, body->overrides);
	const struct rules_override *entries;
	const struct rules_text *callers;

	if (!has_array(verifier, body->overrides, 1, sizeof *overrides, 4) || body->overrides < sizeof *body)
		return false;
	entries = RULES_AT(body, struct rules_override, overrides->entries);
	callers = RULES_AT(body, struct rules_text, overrides->callers);
	if (!has_array(verifier, overrides->entries, overrides->entry_count, sizeof *entries, 4) ||
	    !has_array(verifier, overrides->callers, overrides->caller_count, sizeof *callers, 4) ||
	    body->outcome_count != ((rule->flags & RULES_ANY_MODEL) != 0))
		return false;
	for (uint32_t i = 0; i < overrides->entry_count; i++) {
		if ((i > 0 && entries[i].model <= entries[i - 1].model) || model_of(verifier, entries[i].model) == NULL ||
		    !config_is_sound(verifier, entries[i].config, entries[i].config_bytes))
			return false;
	}
	for (uint32_t i = 0; i < overrides->caller_count; i++) {
		if (!has_text(verifier, callers[i].at, callers[i].bytes))
			return false;
	}
	return true;
}

/* What each kind must have, and nothing else. */
static bool
kind_is_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, const struct rules_body *body)
{
	const unsigned flags = rule->kind == QUOIN_RULE_OVERRIDE ? RULES_ANY_MODEL | RULES_ANY_CALLER
	    : rule->kind == QUOIN_RULE_AB_TEST			 ? RULES_NO_GAPS
								 : 0;

	if ((rule->flags & ~flags) != (body->node_count > 0 ? RULES_HAS_NODES : 0) ||
	    (rule->kind != QUOIN_RULE_OVERRIDE && body->overrides != 0) ||
	    (rule->kind != QUOIN_RULE_AB_TEST &&
		(rule->cell_count != 0 || rule->first_cell != 0 || body->cells != 0 || rule->ab_test_id != 0)))
		return false;
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		return cells_are_sound(verifier, rule, body);
	case QUOIN_RULE_DEFAULT:
	case QUOIN_RULE_CONTEXT:
		return rule->share_count == 0 && outcome_selects(body, 0);
	case QUOIN_RULE_SPLIT:
		return rule->share_count > 0 && rule->share_count <= QUOIN_SPLIT_MAX;
	case QUOIN_RULE_RAMP:
	case QUOIN_RULE_SHADOW:
		return rule->share_count == 1;
	case QUOIN_RULE_OVERRIDE:
		return rule->share_count == 0 && overrides_are_sound(verifier, rule, body);
	default:
		return false;
	}
}

static bool
rule_is_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, const struct rules_body *body,
    uint32_t index)
{
	const struct rules_objective *head = verifier->objective;
	bool is_first = index < head->override_count;
	bool is_last = index + head->shadow_count >= head->rule_count;
	struct quoin_span name;

	if (!find_text(verifier, body->name, &name) || !quoin_rule_name_is_valid(name) ||
	    name.len != body->name_bytes || body->number >= verifier->rules.rule_count || body->zero != 0)
		return false;
	if (index == head->rule_count)
		return rule->kind == QUOIN_RULE_DEFAULT && body->node_count == 0 && body->outcome_count == 1 &&
		    outcomes_are_sound(verifier, body) && shares_are_sound(verifier, rule, body) &&
		    kind_is_sound(verifier, rule, body);
	return rule->kind != QUOIN_RULE_DEFAULT && is_first == (rule->kind == QUOIN_RULE_OVERRIDE) &&
	    is_last == (rule->kind == QUOIN_RULE_SHADOW) && outcomes_are_sound(verifier, body) &&
	    nodes_are_sound(verifier, body) && shares_are_sound(verifier, rule, body) &&
	    kind_is_sound(verifier, rule, body);
}

/* Look at one rule's body as if it were the block: nothing of it leads out of it but to the models' texts. */
static int
check_rule(const struct rules_verifier *verifier, uint32_t index)
{
	const struct rules_objective *head = verifier->objective;
	const uint32_t place = quoin_load_u32((const uint8_t *)head + head->bodies + 4 * (size_t)index);
	const struct rules_body *body;
	struct rules_verifier inside = *verifier;

	if (!has_array(verifier, place, 1, sizeof *body, 8))
		return bad(verifier, "a rule is outside");
	body = rules_body_at(head, index);
	if (body->bytes < sizeof *body || body->bytes > head->bytes - place)
		return bad(verifier, "a rule is outside");
	inside.block = (const uint8_t *)body;
	inside.bytes = body->bytes;
	return rule_is_sound(&inside, rules_rule_at(head, index), body, index) ? 0 : bad(verifier, "a rule is malformed");
}

static int
check_default(const struct rules_verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const uint8_t *body = (const uint8_t *)rules_body_at(head, head->rule_count);

	if (head->default_outcome != (uint32_t)(body - verifier->block) + sizeof(struct rules_body))
		return bad(verifier, "the default's outcome is elsewhere");
	return 0;
}

int
quoin_rules_verify_objective(struct rules_verifier *verifier)
{
	const struct rules_objective *head = (const void *)verifier->block;
	struct quoin_span name, types[2];
	int rc;

	verifier->objective = head;
	if (!find_name(verifier, head->name, &name) || name.len != head->name_bytes ||
	    !find_text(verifier, head->input_type, &types[0]) || !find_text(verifier, head->model_type, &types[1]))
		return bad(verifier, "a text is malformed");
	if (quoin_rules_objective(&verifier->rules, name) != verifier->id)
		return bad(verifier, "the name cannot be found");
	if (head->rule_count > QUOIN_RULES_PER_OBJECTIVE_MAX || head->ordered != rules_ordered_place(head->id_count) ||
	    head->default_mask != (head->rule_count < 64 ? (uint64_t)1 << head->rule_count : 0) ||
	    head->override_count + head->shadow_count > head->rule_count || head->rule_count > 8 * head->mask_bytes ||
	    (head->mask_bytes != 1 && head->mask_bytes != 2 && head->mask_bytes != 4 && head->mask_bytes != 8) ||
	    (head->rule_count < 64 && head->mask >> head->rule_count != 0) ||
	    !has_array(verifier, head->rules, head->rule_count + 1u, sizeof(struct rules_rule), 8) ||
	    !has_array(verifier, head->bodies, head->rule_count + 1u, sizeof(uint32_t), 4) ||
	    !has_array(verifier, head->texts, 1, 1, 1))
		return bad(verifier, "its counts do not fit together");
	rc = check_filters(verifier);
	for (uint32_t i = 0; rc == 0 && i <= head->rule_count; i++)
		rc = check_rule(verifier, i);
	return rc == 0 ? check_default(verifier) : rc;
}
