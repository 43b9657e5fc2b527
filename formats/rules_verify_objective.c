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
outcomes_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_outcome *outcomes = RULES_AT(rule, struct rules_outcome, rule->outcomes), *outcome;
	const struct rules_model *model;

	if (!has_array(verifier, rule->outcomes, rule->outcome_count, sizeof *outcomes, 4))
		return false;
	for (uint32_t i = 0; i < rule->outcome_count; i++) {
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
outcome_selects(const struct rules_rule *rule, uint32_t index)
{
	return index < rule->outcome_count &&
	    RULES_AT(rule, struct rules_outcome, rule->outcomes)[index].model != QUOIN_PLACE_NONE;
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

static int
check_filters(struct rules_verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const struct rules_filter *filters = RULES_AT(head, struct rules_filter, head->filters), *filter;
	uint64_t masks;

	if (!has_array(verifier, head->filters, head->filter_count, sizeof *filters, 4) ||
	    head->ordered_count > head->filter_count)
		return bad(verifier, "the filters are outside");
	for (uint32_t i = 0; i < head->filter_count; i++) {
		filter = &filters[i];
		if (!attribute_exists(verifier, filter->attribute) ||
		    (head->rule_count > 32 && filter->asked != UINT32_MAX))
			return bad(verifier, "a filter's attribute is wrong");
		masks = filter->count;
		if (filter->kind == RULES_FILTER_SPARSE && i + head->ordered_count < head->filter_count) {
			masks += RULES_VALUE_FIRST;
			if (!has_array(verifier, filter->keys, filter->count, sizeof(uint16_t), 2) ||
			    !ids_ascend(RULES_AT(head, uint16_t, filter->keys), filter->count))
				return bad(verifier, "a filter's keys are malformed");
		} else if (i + head->ordered_count >= head->filter_count) {
			masks += 2;
			if ((filter->kind != RULES_FILTER_NUMBER && filter->kind != RULES_FILTER_VERSION) ||
			    !has_array(verifier, filter->keys, filter->count,
				filter->kind == RULES_FILTER_NUMBER ? sizeof(uint64_t) : sizeof(struct rules_version), 8))
				return bad(verifier, "a filter's keys are malformed");
		} else if (filter->kind != RULES_FILTER_DENSE || filter->count < RULES_VALUE_FIRST || filter->keys != 0) {
			return bad(verifier, "a filter is malformed");
		}
		if (!has_array(verifier, filter->table, (masks << head->mask_shift) + 7, 1, 1))
			return bad(verifier, "a filter's table is outside");
	}
	return 0;
}

static bool
leaf_is_sound(const struct rules_verifier *verifier, const struct rules_node *node)
{
	const struct rules_text *texts;
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
		if (!has_array(verifier, node->data, node->count, sizeof *texts, 4))
			return false;
		texts = RULES_AT(verifier->block, struct rules_text, node->data);
		for (uint32_t i = 0; i < node->count; i++) {
			if (!has_text(verifier, texts[i].at, texts[i].bytes))
				return false;
		}
		return true;
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
nodes_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_node *nodes = RULES_AT(verifier->block, struct rules_node, rule->nodes);

	if (rule->node_count > RULES_NODES_MAX * 2 ||
	    !has_array(verifier, rule->nodes, rule->node_count, sizeof *nodes, 4))
		return false;
	for (uint32_t i = 0; i < rule->node_count; i = nodes[i].end) {
		if (!node_is_sound(verifier, nodes, i, rule->node_count, 1))
			return false;
	}
	return true;
}

static bool
cells_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_cell *cells = RULES_AT(verifier->block, struct rules_cell, rule->cells);

	if (!has_array(verifier, rule->cells, rule->cell_count, sizeof *cells, 4) || rule->cell_count > QUOIN_CELLS_MAX)
		return false;
	for (uint32_t i = 0; i < rule->cell_count; i++) {
		if ((i > 0 && cells[i].cell <= cells[i - 1].cell) || cells[i].cell > INT32_MAX ||
		    !outcome_selects(rule, cells[i].outcome))
			return false;
	}
	return true;
}

static bool
shares_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_share *shares = RULES_AT(verifier->block, struct rules_share, rule->shares);

	if (rule->share_count == 0)
		return rule->bucketing == 0 && rule->unit == RULES_NO_ATTRIBUTE;
	if (rule->bucketing != RULES_MURMUR3 || !attribute_exists(verifier, rule->unit) ||
	    !has_array(verifier, rule->shares, rule->share_count, sizeof *shares, 4) ||
	    shares[rule->share_count - 1].limit > QUOIN_BUCKETS)
		return false;
	for (uint32_t i = 0; i < rule->share_count; i++) {
		if (i > 0 && shares[i].limit < shares[i - 1].limit)
			return false;
		if (rule->kind == QUOIN_RULE_AB_TEST ? shares[i].target >= rule->cell_count
						     : !outcome_selects(rule, shares[i].target))
			return false;
	}
	return true;
}

static bool
overrides_are_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_override *entries = RULES_AT(verifier->block, struct rules_override, rule->overrides);
	const struct rules_text *callers = RULES_AT(verifier->block, struct rules_text, rule->callers);
	bool any = (rule->flags & RULES_ANY_MODEL) != 0;

	if (!has_array(verifier, rule->overrides, rule->override_count, sizeof *entries, 4) ||
	    !has_array(verifier, rule->callers, rule->caller_count, sizeof *callers, 4) ||
	    (any ? rule->outcome >= rule->outcome_count : rule->outcome != RULES_NO_OUTCOME))
		return false;
	for (uint32_t i = 0; i < rule->override_count; i++) {
		if ((i > 0 && entries[i].model <= entries[i - 1].model) || model_of(verifier, entries[i].model) == NULL ||
		    !config_is_sound(verifier, entries[i].config, entries[i].config_bytes))
			return false;
	}
	for (uint32_t i = 0; i < rule->caller_count; i++) {
		if (!has_text(verifier, callers[i].at, callers[i].bytes))
			return false;
	}
	return true;
}

/* What each kind must have, and nothing else. */
static bool
kind_is_sound(const struct rules_verifier *verifier, const struct rules_rule *rule)
{
	bool is_override = rule->kind == QUOIN_RULE_OVERRIDE;

	if (is_override ? (rule->flags & ~(RULES_ANY_MODEL | RULES_ANY_CALLER)) != 0
			: rule->flags != 0 || rule->override_count != 0 || rule->caller_count != 0)
		return false;
	if (rule->kind != QUOIN_RULE_AB_TEST && (rule->cell_count != 0 || rule->ab_test_id != 0))
		return false;
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		return rule->cell_count > 0;
	case QUOIN_RULE_CONTEXT:
		return rule->share_count == 0 && outcome_selects(rule, rule->outcome);
	case QUOIN_RULE_SPLIT:
		return rule->share_count > 0 && rule->share_count <= QUOIN_SPLIT_MAX;
	case QUOIN_RULE_RAMP:
	case QUOIN_RULE_SHADOW:
		return rule->share_count == 1;
	case QUOIN_RULE_OVERRIDE:
		return rule->share_count == 0 && overrides_are_sound(verifier, rule);
	default:
		return false;
	}
}

static bool
rule_is_sound(const struct rules_verifier *verifier, const struct rules_rule *rule, uint32_t index)
{
	const struct rules_objective *head = verifier->objective;
	bool is_first = index < head->override_count;
	bool is_last = index + head->shadow_count >= head->rule_count;
	struct quoin_span name;

	if (!find_text(verifier, rule->name, &name) || !quoin_rule_name_is_valid(name) || name.len != rule->name_bytes ||
	    rule->number >= verifier->rules.rule_count || rule->zero != 0 || rule->zeros[0] != 0)
		return false;
	if (index == head->rule_count)
		return rule->kind == QUOIN_RULE_DEFAULT && rule->node_count == 0 && rule->share_count == 0 &&
		    outcomes_are_sound(verifier, rule) && rule->outcome == 0 && outcome_selects(rule, 0);
	return is_first == (rule->kind == QUOIN_RULE_OVERRIDE) && is_last == (rule->kind == QUOIN_RULE_SHADOW) &&
	    outcomes_are_sound(verifier, rule) && nodes_are_sound(verifier, rule) && cells_are_sound(verifier, rule) &&
	    shares_are_sound(verifier, rule) && kind_is_sound(verifier, rule);
}

/* Look at one rule as if it were the block: nothing of it leads out of it but to the models' texts. */
static int
check_rule(const struct rules_verifier *verifier, uint32_t index)
{
	const struct rules_objective *head = verifier->objective;
	const uint32_t place = quoin_load_u32((const uint8_t *)head + head->rules + 4 * (size_t)index);
	const struct rules_rule *rule;
	struct rules_verifier inside = *verifier;

	if (!has_array(verifier, place, 1, sizeof *rule, 8))
		return bad(verifier, "a rule is outside");
	rule = rules_rule_at(head, index);
	if (rule->bytes < sizeof *rule || rule->bytes > head->bytes - place)
		return bad(verifier, "a rule is outside");
	inside.block = (const uint8_t *)rule;
	inside.bytes = rule->bytes;
	return rule_is_sound(&inside, rule, index) ? 0 : bad(verifier, "a rule is malformed");
}

static int
check_default(const struct rules_verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const struct rules_rule *rule = rules_rule_at(head, head->rule_count);

	if (head->default_outcome != (uint32_t)((const uint8_t *)rule - verifier->block) + rule->outcomes)
		return bad(verifier, "the default's outcome is elsewhere");
	if (RULES_AT(rule, struct rules_outcome, rule->outcomes)->model != head->default_model)
		return bad(verifier, "the default differs from the default rule's model");
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
	if (head->rule_count > QUOIN_RULES_PER_OBJECTIVE_MAX || head->zeros[0] != 0 ||
	    head->override_count + head->shadow_count > head->rule_count || head->mask_shift > 3 ||
	    head->rule_count > 8u << head->mask_shift ||
	    (head->rule_count < 64 && head->mask >> head->rule_count != 0) ||
	    !has_array(verifier, head->rules, head->rule_count + 1u, sizeof(uint32_t), 4) ||
	    !has_array(verifier, head->texts, 1, 1, 1))
		return bad(verifier, "its counts do not fit together");
	rc = check_filters(verifier);
	for (uint32_t i = 0; rc == 0 && i <= head->rule_count; i++)
		rc = check_rule(verifier, i);
	return rc == 0 ? check_default(verifier) : rc;
}
