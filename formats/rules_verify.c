/*
 * What a reader of a rules part relies on, checked once. Everything reachable is looked at: after this, resolving
 * follows places without a look.
 */
#include "formats/bucket.h"
#include "formats/rules_layout.h"
#include "formats/rules.h"
#include "lib/text.h"

struct verifier {
	const struct quoin_image *image;
	struct quoin_rules rules;
	struct quoin_error *err;
	/* the block being looked at */
	const char *kind;
	uint32_t id;
	const uint8_t *block;
	uint32_t bytes;
	const struct rules_objective *objective;
};

static int
bad(const struct verifier *verifier, const char *what)
{
	return quoin_error_set(verifier->err, QUOIN_ECORRUPT, "rules part: %s %u: %s", verifier->kind, verifier->id, what);
}

/* ---- Pieces ---- */

static bool
has_array(const struct verifier *verifier, uint32_t at, uint64_t count, size_t size, uint32_t align)
{
	return quoin_block_has_array(verifier->bytes, at, count, (uint32_t)size, align);
}

static bool
has_text(const struct verifier *verifier, uint32_t at, uint32_t len)
{
	return quoin_block_has_text(verifier->block, verifier->bytes, at, len);
}

/* A terminated text of unknown length; *ret without the NUL. */
static bool
find_text(const struct verifier *verifier, uint32_t at, struct quoin_span *ret)
{
	const uint8_t *end;

	if (at >= verifier->bytes)
		return false;
	end = memchr(verifier->block + at, 0, verifier->bytes - at);
	if (end == NULL)
		return false;
	*ret = quoin_span_of(verifier->block + at, (size_t)(end - verifier->block) - at);
	return true;
}

static bool
find_name(const struct verifier *verifier, uint32_t at, struct quoin_span *ret)
{
	return find_text(verifier, at, ret) && quoin_name_is_valid(*ret);
}

static bool
attribute_exists(const struct verifier *verifier, uint32_t id)
{
	return quoin_places_get(&verifier->rules.attributes, id) != QUOIN_PLACE_NONE;
}

static const struct rules_model *
model_of(const struct verifier *verifier, uint32_t id)
{
	uint32_t place = quoin_places_get(&verifier->rules.models, id);

	return place == QUOIN_PLACE_NONE ? NULL : (const void *)quoin_image_at(verifier->image, place);
}

/* The block with this id; false for a hole. The length it says must be there. */
static int
enter_block(struct verifier *verifier, const char *kind, const struct quoin_places *places, uint32_t id)
{
	uint32_t place = quoin_places_get(places, id);

	verifier->kind = kind;
	verifier->id = id;
	if (place == QUOIN_PLACE_NONE)
		return 0;
	verifier->block = quoin_image_at(verifier->image, place);
	verifier->bytes = quoin_load_u32(verifier->block);
	if (verifier->bytes < 32 || quoin_image_block(verifier->image, place, verifier->bytes) == NULL)
		return bad(verifier, "the block is longer than its segment");
	if (quoin_load_u32(verifier->block + 4) != id)
		return bad(verifier, "the block says another id");
	return 1;
}

/* Every id in a names table is that of a thing. */
static int
check_names(struct verifier *verifier, enum rules_field field, const char *kind, const struct quoin_places *places,
    uint32_t *ret_used)
{
	const uint8_t *table = quoin_image_check_names(verifier->image, quoin_image_field(verifier->image, field));
	uint32_t slots, id;

	verifier->kind = kind;
	verifier->id = 0;
	if (table == NULL)
		return bad(verifier, "the table of names is malformed");
	slots = quoin_load_u32(table);
	*ret_used = quoin_load_u32(table + 4);
	for (uint32_t i = 0; i < slots; i++) {
		id = quoin_load_u32(table + 8 + 8 * (size_t)i + 4);
		if (id != 0 && quoin_places_get(places, id - 1) == QUOIN_PLACE_NONE)
			return bad(verifier, "a name leads nowhere");
	}
	return 0;
}

static uint32_t
count_of(const struct quoin_places *places)
{
	uint32_t count = 0;

	for (uint32_t id = 0; id < places->id_count; id++)
		count += places->distances[id] != QUOIN_PLACE_NONE;
	return count;
}

/* ---- Attributes ---- */

static bool
constant_is_sound(const struct verifier *verifier, const struct rules_attribute *head,
    const struct rules_constant *slot)
{
	const uint8_t *text = slot->bytes;
	double number;

	if (slot->id < RULES_VALUE_FIRST || slot->id >= head->id_limit || slot->len > QUOIN_CONDITION_BYTES_MAX ||
	    slot->zero[0] != 0 || slot->zero[1] != 0 || slot->zero[2] != 0)
		return false;
	switch (slot->kind) {
	case QUOIN_SCALAR_STRING:
		if (slot->len <= RULES_INLINE_BYTES)
			break;
		if (!has_text(verifier, slot->text, slot->len))
			return false;
		text = verifier->block + slot->text;
		break;
	case QUOIN_SCALAR_NUMBER:
		memcpy(&number, slot->bytes, sizeof number);
		if (slot->len != sizeof number || number != number)
			return false;
		break;
	case QUOIN_SCALAR_BOOL:
		if (slot->len != 1 || slot->bytes[0] > 1)
			return false;
		break;
	default:
		return false;
	}
	return slot->hash == rules_constant_hash(slot->kind, text, slot->len);
}

static int
check_constants(struct verifier *verifier, const struct rules_attribute *head)
{
	const struct rules_constant *slots = RULES_AT(head, struct rules_constant, head->slots), *slot;
	uint64_t seen[(RULES_VALUES_MAX + 63) / 64] = {0};
	uint32_t count = 0;
	const void *text;

	for (uint32_t i = 0; i < head->slot_count; i++) {
		if (slots[i].id == 0)
			continue;
		if (!constant_is_sound(verifier, head, &slots[i]))
			return bad(verifier, "a constant is malformed");
		if ((seen[slots[i].id / 64] >> slots[i].id % 64 & 1) != 0)
			return bad(verifier, "two constants have one id");
		seen[slots[i].id / 64] |= (uint64_t)1 << slots[i].id % 64;
		count++;
	}
	if (count != head->constant_count)
		return bad(verifier, "the number of constants is wrong");
	for (uint32_t i = 0; i < head->slot_count; i++) {
		slot = &slots[i];
		text = slot->len <= RULES_INLINE_BYTES ? slot->bytes : verifier->block + slot->text;
		if (slot->id != 0 && quoin_rules_constant_find(head, slot->kind, text, slot->len) != slot->id)
			return bad(verifier, "a constant cannot be found");
	}
	return 0;
}

static int
check_attribute(struct verifier *verifier)
{
	const struct rules_attribute *head = (const void *)verifier->block;
	struct quoin_span name = quoin_span_of(verifier->block + head->name, head->name_bytes);

	if (!has_text(verifier, head->name, head->name_bytes) || head->name_bytes > QUOIN_NAME_BYTES_MAX)
		return bad(verifier, "the name is malformed");
	if (quoin_rules_attribute(&verifier->rules, name) != verifier->id)
		return bad(verifier, "the name cannot be found");
	if (head->id_limit < RULES_VALUE_FIRST || head->id_limit > RULES_VALUES_MAX ||
	    (head->slot_count & (head->slot_count - 1)) != 0 || head->constant_count > head->slot_count / 2 ||
	    !has_array(verifier, head->slots, head->slot_count, sizeof(struct rules_constant), 16))
		return bad(verifier, "the table of constants is malformed");
	return check_constants(verifier, head);
}

static int
check_attributes(struct verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.attributes;
	const struct rules_attribute *head;
	uint32_t used;
	int rc = check_names(verifier, RULES_ATTRIBUTE_NAMES, "attribute", places, &used);

	if (rc == 0 && used != count_of(places))
		rc = bad(verifier, "the table of names has another number of entries");
	/* Finding one name may compare with any other: all names first. */
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "attribute", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		rc = has_text(verifier, head->name, head->name_bytes) ? 0 : bad(verifier, "the name is malformed");
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "attribute", places, id)) > 0)
			rc = check_attribute(verifier);
	}
	return rc;
}

/* ---- Models ---- */

static int
check_model_texts(struct verifier *verifier)
{
	const struct rules_model *head = (const void *)verifier->block;
	struct quoin_span name, version, key, types[2];

	if (!find_name(verifier, head->name, &name) || !find_name(verifier, head->version, &version) ||
	    !find_text(verifier, head->routing_key, &key) || !find_text(verifier, head->input_type, &types[0]) ||
	    !find_text(verifier, head->model_type, &types[1]) || head->is_current > 1)
		return bad(verifier, "a text is malformed");
	if (key.len != name.len + 1 + version.len || memcmp(key.data, name.data, name.len) != 0 ||
	    key.data[name.len] != '@' || memcmp(key.data + name.len + 1, version.data, version.len) != 0)
		return bad(verifier, "the routing key is not name@version");
	return 0;
}

static int
check_models(struct verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.models;
	const struct rules_model *head;
	uint32_t used, wanted = 0;
	int rc = check_names(verifier, RULES_MODEL_NAMES, "model", places, &used);

	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "model", places, id)) > 0)
			rc = check_model_texts(verifier);
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "model", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		wanted += 1 + head->is_current;
		rc = 0;
		if (quoin_rules_model(&verifier->rules,
			quoin_span_str((const char *)verifier->block + head->routing_key)) != id ||
		    (head->is_current != 0 &&
			quoin_rules_model(&verifier->rules, quoin_span_str((const char *)verifier->block + head->name)) !=
			    id))
			rc = bad(verifier, "its names cannot be found");
	}
	if (rc == 0 && used != wanted)
		rc = bad(verifier, "the table of names has another number of entries");
	return rc;
}

/* ---- Objectives ---- */

static bool
config_is_sound(const struct verifier *verifier, uint32_t at, uint32_t bytes)
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

static int
check_outcomes(struct verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const struct rules_outcome *outcomes = RULES_AT(head, struct rules_outcome, head->outcomes), *outcome;
	const struct rules_model *model;
	struct quoin_span name, version, key;
	const char *other;

	if (!has_array(verifier, head->outcomes, head->outcome_count, sizeof *outcomes, 4))
		return bad(verifier, "the outcomes are outside");
	for (uint32_t i = 0; i < head->outcome_count; i++) {
		outcome = &outcomes[i];
		if (!find_text(verifier, outcome->name, &name) || !find_text(verifier, outcome->version, &version) ||
		    !find_text(verifier, outcome->routing_key, &key) ||
		    !config_is_sound(verifier, outcome->config, outcome->config_bytes))
			return bad(verifier, "an outcome's text is malformed");
		if (outcome->model == QUOIN_PLACE_NONE)
			continue;
		model = model_of(verifier, outcome->model);
		other = (const char *)model;
		if (model == NULL || !quoin_span_equal_str(name, other + model->name) ||
		    !quoin_span_equal_str(version, other + model->version) ||
		    !quoin_span_equal_str(key, other + model->routing_key))
			return bad(verifier, "an outcome names no model of this part");
	}
	return 0;
}

static bool
outcome_selects(const struct verifier *verifier, uint32_t index)
{
	const struct rules_objective *head = verifier->objective;

	return index < head->outcome_count &&
	    RULES_AT(head, struct rules_outcome, head->outcomes)[index].model != QUOIN_PLACE_NONE;
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
check_filters(struct verifier *verifier)
{
	const struct rules_objective *head = verifier->objective;
	const struct rules_filter *filters = RULES_AT(head, struct rules_filter, head->filters), *filter;
	uint64_t masks;

	if (!has_array(verifier, head->filters, head->filter_count, sizeof *filters, 4))
		return bad(verifier, "the filters are outside");
	for (uint32_t i = 0; i < head->filter_count; i++) {
		filter = &filters[i];
		if (!attribute_exists(verifier, filter->attribute) || filter->zero != 0 ||
		    (i > 0 && filter->attribute <= filters[i - 1].attribute))
			return bad(verifier, "a filter's attribute is wrong");
		masks = filter->count;
		if (filter->kind == RULES_FILTER_SPARSE) {
			masks += RULES_VALUE_FIRST;
			if (!has_array(verifier, filter->keys, filter->count, sizeof(uint16_t), 2) ||
			    !ids_ascend(RULES_AT(head, uint16_t, filter->keys), filter->count))
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
leaf_is_sound(const struct verifier *verifier, const struct rules_node *node)
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
node_is_sound(const struct verifier *verifier, const struct rules_node *nodes, uint32_t index, uint32_t limit,
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
nodes_are_sound(const struct verifier *verifier, const struct rules_rule *rule)
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
cells_are_sound(const struct verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_cell *cells = RULES_AT(verifier->block, struct rules_cell, rule->cells);

	if (!has_array(verifier, rule->cells, rule->cell_count, sizeof *cells, 4) || rule->cell_count > QUOIN_CELLS_MAX)
		return false;
	for (uint32_t i = 0; i < rule->cell_count; i++) {
		if ((i > 0 && cells[i].cell <= cells[i - 1].cell) || cells[i].cell > INT32_MAX ||
		    !outcome_selects(verifier, cells[i].outcome))
			return false;
	}
	return true;
}

static bool
shares_are_sound(const struct verifier *verifier, const struct rules_rule *rule)
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
						     : !outcome_selects(verifier, shares[i].target))
			return false;
	}
	return true;
}

static bool
overrides_are_sound(const struct verifier *verifier, const struct rules_rule *rule)
{
	const struct rules_override *entries = RULES_AT(verifier->block, struct rules_override, rule->overrides);
	const struct rules_text *callers = RULES_AT(verifier->block, struct rules_text, rule->callers);
	bool any = (rule->flags & RULES_ANY_MODEL) != 0;

	if (!has_array(verifier, rule->overrides, rule->override_count, sizeof *entries, 4) ||
	    !has_array(verifier, rule->callers, rule->caller_count, sizeof *callers, 4) ||
	    (any ? rule->outcome >= verifier->objective->outcome_count : rule->outcome != RULES_NO_OUTCOME))
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
kind_is_sound(const struct verifier *verifier, const struct rules_rule *rule)
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
		return rule->share_count == 0 && outcome_selects(verifier, rule->outcome);
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
rule_is_sound(const struct verifier *verifier, const struct rules_rule *rule, uint32_t index)
{
	const struct rules_objective *head = verifier->objective;
	bool is_first = index < head->override_count;
	bool is_last = index + head->shadow_count >= head->rule_count;
	struct quoin_span name;

	if (!find_text(verifier, rule->name, &name) || !quoin_rule_name_is_valid(name) || name.len != rule->name_bytes ||
	    rule->number >= verifier->rules.rule_count || rule->zero != 0)
		return false;
	if (index == head->rule_count)
		return rule->kind == QUOIN_RULE_DEFAULT && rule->node_count == 0 && rule->share_count == 0 &&
		    outcome_selects(verifier, rule->outcome);
	return is_first == (rule->kind == QUOIN_RULE_OVERRIDE) && is_last == (rule->kind == QUOIN_RULE_SHADOW) &&
	    nodes_are_sound(verifier, rule) && cells_are_sound(verifier, rule) && shares_are_sound(verifier, rule) &&
	    kind_is_sound(verifier, rule);
}

static int
check_objective(struct verifier *verifier)
{
	const struct rules_objective *head = (const void *)verifier->block;
	const struct rules_rule *rules = RULES_AT(head, struct rules_rule, head->rules);
	struct quoin_span name, types[2];
	int rc;

	verifier->objective = head;
	if (!find_name(verifier, head->name, &name) || name.len != head->name_bytes ||
	    !find_text(verifier, head->input_type, &types[0]) || !find_text(verifier, head->model_type, &types[1]))
		return bad(verifier, "a text is malformed");
	if (quoin_rules_objective(&verifier->rules, name) != verifier->id)
		return bad(verifier, "the name cannot be found");
	if (head->rule_count > QUOIN_RULES_PER_OBJECTIVE_MAX || head->zero != 0 || head->zeros[0] != 0 ||
	    head->override_count + head->shadow_count > head->rule_count || head->mask_shift > 3 ||
	    head->rule_count > 8u << head->mask_shift ||
	    (head->rule_count < 64 && head->mask >> head->rule_count != 0) ||
	    !has_array(verifier, head->rules, head->rule_count + 1u, sizeof *rules, 8))
		return bad(verifier, "its counts do not fit together");
	rc = check_outcomes(verifier);
	if (rc == 0)
		rc = check_filters(verifier);
	for (uint32_t i = 0; rc == 0 && i <= head->rule_count; i++) {
		if (!rule_is_sound(verifier, &rules[i], i))
			rc = bad(verifier, "a rule is malformed");
	}
	if (rc == 0 &&
	    RULES_AT(head, struct rules_outcome, head->outcomes)[rules[head->rule_count].outcome].model !=
		head->default_model)
		rc = bad(verifier, "the default differs from the default rule's model");
	return rc;
}

static int
check_objectives(struct verifier *verifier)
{
	const struct quoin_places *places = &verifier->rules.objectives;
	const struct rules_objective *head;
	uint32_t used;
	int rc = check_names(verifier, RULES_OBJECTIVE_NAMES, "objective", places, &used);

	if (rc == 0 && used != count_of(places))
		rc = bad(verifier, "the table of names has another number of entries");
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "objective", places, id)) <= 0)
			continue;
		head = (const void *)verifier->block;
		rc = has_text(verifier, head->name, head->name_bytes) ? 0 : bad(verifier, "the name is malformed");
	}
	for (uint32_t id = 0; rc == 0 && id < places->id_count; id++) {
		if ((rc = enter_block(verifier, "objective", places, id)) > 0)
			rc = check_objective(verifier);
	}
	return rc;
}

int
quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err)
{
	struct verifier verifier = {.image = image, .err = err, .kind = "tables", .rules = {.image = *image}};
	int rc = quoin_image_check_header(image, RULES_MAGIC, QUOIN_RULES_VERSION, err);

	if (rc != 0)
		return rc;
	if (quoin_image_field(image, RULES_ATTRIBUTE_IDS) > QUOIN_RULES_ATTRIBUTES_MAX ||
	    quoin_image_field(image, RULES_OBJECTIVE_IDS) > QUOIN_OBJECTIVES_MAX ||
	    quoin_image_field(image, RULES_MODEL_IDS) > QUOIN_MODELS_MAX ||
	    quoin_image_field(image, RULES_NUMBERS) > QUOIN_OBJECTIVES_MAX * (QUOIN_RULES_PER_OBJECTIVE_MAX + 1) + 1)
		return bad(&verifier, "a count is over its limit");
	if (!quoin_image_check_places(image, quoin_image_field(image, RULES_ATTRIBUTES),
		quoin_image_field(image, RULES_ATTRIBUTE_IDS), sizeof(struct rules_attribute), &verifier.rules.attributes) ||
	    !quoin_image_check_places(image, quoin_image_field(image, RULES_OBJECTIVES),
		quoin_image_field(image, RULES_OBJECTIVE_IDS), sizeof(struct rules_objective), &verifier.rules.objectives) ||
	    !quoin_image_check_places(image, quoin_image_field(image, RULES_MODELS),
		quoin_image_field(image, RULES_MODEL_IDS), sizeof(struct rules_model), &verifier.rules.models) ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_OBJECTIVE_NAMES)) == NULL ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_ATTRIBUTE_NAMES)) == NULL ||
	    quoin_image_check_names(image, quoin_image_field(image, RULES_MODEL_NAMES)) == NULL)
		return bad(&verifier, "the places are malformed");
	rc = quoin_rules_attach(image, &verifier.rules, err);
	if (rc == 0)
		rc = check_attributes(&verifier);
	if (rc == 0)
		rc = check_models(&verifier);
	if (rc == 0)
		rc = check_objectives(&verifier);
	if (rc == 0)
		*ret = verifier.rules;
	return rc;
}
