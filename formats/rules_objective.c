#include "formats/rules_objective.h"

#include <stdlib.h>
#include <string.h>

#include "formats/bucket.h"
#include "formats/config.h"
#include "formats/rules_filters.h"
#include "formats/rules_when.h"
#include "lib/assert.h"

/* Where the texts of a model are in the block, if "made" is the maker's. */
struct model_texts {
	uint32_t made;
	uint32_t name;
	uint32_t version;
	uint32_t routing_key;
};
/* A version that gets a digit more moves nothing, mostly. */
#define MODEL_TEXTS_ALIGN 16

#define RULE_ALIGN 16

struct rules_objective_maker {
	const struct quoin_ruleset *ruleset;
	const struct rules_ids *ids;
	struct block_maker block;
	struct block_maker area; /* a rule's body and what it alone uses */
	const struct quoin_objective *objective;
	struct rules_filters filters;
	struct rules_nodes nodes;
	struct model_texts *model_texts; /* by index of the model */
	uint32_t made;			 /* counts the objectives */
	struct rules_outcome *outcomes;	 /* of a rule */
	size_t outcome_count;
	size_t outcome_cap;
	struct quoin_buf config; /* scratch */
	uint64_t never; /* rules whose condition cannot hold */
};

/* A rule in the making. */
struct making {
	struct rules_rule rule;
	struct rules_body body;
};

int
quoin_rules_objective_maker_new(const struct quoin_ruleset *ruleset, const struct rules_ids *ids,
    struct rules_objective_maker **ret)
{
	struct rules_objective_maker *maker = calloc(1, sizeof *maker);

	if (maker == NULL)
		return QUOIN_ENOMEM;
	maker->ruleset = ruleset;
	maker->ids = ids;
	quoin_block_maker_init(&maker->block);
	quoin_block_maker_init(&maker->area);
	quoin_buf_init(&maker->config, QUOIN_JSON_BYTES_MAX);
	maker->model_texts = calloc(ruleset->model_count + 1, sizeof *maker->model_texts);
	if (maker->model_texts == NULL) {
		quoin_rules_objective_maker_free(maker);
		return QUOIN_ENOMEM;
	}
	*ret = maker;
	return 0;
}

void
quoin_rules_objective_maker_free(struct rules_objective_maker *maker)
{
	if (maker == NULL)
		return;
	quoin_block_maker_clear(&maker->block);
	quoin_block_maker_clear(&maker->area);
	free(maker->model_texts);
	quoin_buf_clear(&maker->config);
	free(maker->outcomes);
	free(maker);
}

/* ---- Outcomes ---- */

static const struct model_texts *
model_texts(struct rules_objective_maker *maker, uint32_t index)
{
	const struct quoin_model *model = &maker->ruleset->models[index];
	struct model_texts *texts = &maker->model_texts[index];

	if (texts->made == maker->made)
		return texts;
	texts->made = maker->made;
	texts->name = quoin_block_maker_add_text(&maker->block, quoin_span_str(model->name));
	texts->version = quoin_block_maker_add_text(&maker->block, quoin_span_str(model->version));
	texts->routing_key = quoin_block_maker_add_text(&maker->block, quoin_span_str(model->routing_key));
	quoin_block_maker_align_texts(&maker->block, MODEL_TEXTS_ALIGN);
	return texts;
}

/* The merged config as a text of the rule; *ret_bytes its length. */
static int
put_config(struct rules_objective_maker *maker, const char *model, const char *reference, const char *rule,
    uint32_t *ret_text, uint32_t *ret_bytes)
{
	const char *levels[QUOIN_CONFIG_LEVELS] = {maker->objective->config, model, reference, rule};
	int rc;

	quoin_buf_reset(&maker->config);
	rc = quoin_config_merge(levels, &maker->config);
	if (rc != 0)
		return rc;
	*ret_text = quoin_block_maker_text(&maker->area, quoin_buf_span(&maker->config));
	*ret_bytes = (uint32_t)maker->config.len;
	return 0;
}

static int
add_outcome(struct rules_objective_maker *maker, const struct quoin_ref *ref, const char *rule_config)
{
	const struct quoin_model *model = ref == NULL ? NULL : &maker->ruleset->models[ref->model];
	struct rules_outcome outcome = {.model = QUOIN_PLACE_NONE}, *outcomes;
	const struct model_texts *texts;
	int rc;

	if (maker->outcome_count == maker->outcome_cap) {
		maker->outcome_cap = maker->outcome_cap == 0 ? 64 : maker->outcome_cap * 2;
		outcomes = realloc(maker->outcomes, maker->outcome_cap * sizeof *outcomes);
		if (outcomes == NULL)
			return QUOIN_ENOMEM;
		maker->outcomes = outcomes;
	}
	if (model != NULL) {
		texts = model_texts(maker, ref->model);
		outcome.model = maker->ids->models[ref->model];
		outcome.name = texts->name;
		outcome.version = texts->version;
		outcome.routing_key = texts->routing_key;
	}
	rc = put_config(maker, model == NULL ? NULL : model->config, ref == NULL ? NULL : ref->config, rule_config,
	    &outcome.config, &outcome.config_bytes);
	if (rc != 0)
		return rc;
	maker->outcomes[maker->outcome_count++] = outcome;
	return 0;
}

/* They stand right behind the body, for which there is room. */
static void
put_outcomes(struct rules_objective_maker *maker, struct making *making)
{
	uint32_t at;

	making->body.outcome_count = (uint32_t)maker->outcome_count;
	for (size_t i = 0; i < maker->outcome_count; i++) {
		at = quoin_block_maker_put(&maker->area, &maker->outcomes[i], sizeof maker->outcomes[i], 4);
		quoin_block_maker_refer(&maker->area, at + offsetof(struct rules_outcome, config), maker->outcomes[i].config);
	}
}

/* ---- Conditions ---- */

/* Called twice for each rule: first to gather what filters say, then to put the nodes for what they cannot say, or not of
 * every value. */
static int
split_when(struct rules_objective_maker *maker, const struct quoin_when *when, uint32_t rule, bool gathers)
{
	enum rules_filter_kind kind = RULES_FILTER_DENSE;
	const char *attribute;
	int constant = quoin_rules_when_constant(when), rc = 0;

	if (constant >= 0) {
		if (constant == 0)
			maker->never |= (uint64_t)1 << rule;
		return 0;
	}
	attribute = quoin_rules_when_attribute(when);
	if (attribute == NULL)
		attribute = quoin_rules_when_order(when, &kind);
	if (attribute != NULL && gathers)
		return quoin_rules_filters_add(&maker->filters, kind, quoin_rules_ids_attribute(maker->ids, attribute), when,
		    rule);
	if (attribute != NULL)
		return quoin_rules_when_has_prefix(when)
		    ? quoin_rules_when_put(when, maker->ids, &maker->area, &maker->nodes) : 0;
	if (when->kind != QUOIN_WHEN_ALL)
		return gathers ? 0 : quoin_rules_when_put(when, maker->ids, &maker->area, &maker->nodes);
	for (size_t i = 0; rc == 0 && i < when->child_count; i++)
		rc = split_when(maker, &when->children[i], rule, gathers);
	return rc;
}

static int
gather_conjuncts(struct rules_objective_maker *maker, const uint32_t *order, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct quoin_rule *rule = &maker->ruleset->rules[order[i]];

		if (rule->when != NULL)
			rc = split_when(maker, rule->when, (uint32_t)i, true);
	}
	return rc;
}

static int
put_nodes(struct rules_objective_maker *maker, const struct quoin_rule *rule, uint32_t bit, struct making *making)
{
	int rc = rule->when == NULL ? 0 : split_when(maker, rule->when, bit, false);

	making->body.node_count = (uint16_t)maker->nodes.count;
	making->rule.flags |= maker->nodes.count > 0 ? RULES_HAS_NODES : 0;
	making->body.nodes = quoin_block_maker_put(&maker->area, maker->nodes.items,
	    maker->nodes.count * sizeof maker->nodes.items[0], 4);
	return rc;
}

/* ---- What a rule chooses ---- */

/* Cells mostly are numbers without a gap: then the first says all. */
static void
put_cells(struct rules_objective_maker *maker, const struct quoin_rule *rule, struct making *making)
{
	making->rule.ab_test_id = rule->ab_test_id;
	making->rule.cell_count = (uint16_t)rule->cell_count;
	making->rule.first_cell = rule->cells[0].cell;
	if (rule->cells[rule->cell_count - 1].cell - rule->cells[0].cell == rule->cell_count - 1) {
		making->rule.flags |= RULES_NO_GAPS;
		return;
	}
	making->body.cells = quoin_block_maker_put(&maker->area, NULL, 0, 4);
	for (size_t i = 0; i < rule->cell_count; i++)
		quoin_block_maker_put(&maker->area, &rule->cells[i].cell, sizeof rule->cells[i].cell, 4);
}

static uint32_t
cell_index(const struct quoin_rule *rule, uint32_t cell)
{
	for (size_t i = 0; i < rule->cell_count; i++) {
		if (rule->cells[i].cell == cell)
			return (uint32_t)i;
	}
	QUOIN_ASSERT(!"an allocation's cell has a model");
	return 0;
}

/* Shares as limits of buckets. A ramp and a shadow have one outcome. */
static void
put_shares(struct rules_objective_maker *maker, const struct quoin_rule *rule, struct making *making)
{
	struct rules_share share = {0};

	if (rule->share_count == 0)
		return;
	making->rule.bucketing = RULES_MURMUR3;
	making->rule.unit = (uint8_t)quoin_rules_ids_attribute(maker->ids, rule->by)->id;
	making->rule.seed = quoin_bucket_seed(quoin_span_str(rule->salt));
	making->rule.share_count = (uint16_t)rule->share_count;
	making->body.shares = quoin_block_maker_put(&maker->area, NULL, 0, 8);
	for (size_t i = 0; i < rule->share_count; i++) {
		share.limit += rule->shares[i].share;
		share.outcome = rule->kind == QUOIN_RULE_AB_TEST ? cell_index(rule, rule->shares[i].key)
		    : rule->kind == QUOIN_RULE_SPLIT	     ? rule->shares[i].key
							     : 0;
		quoin_block_maker_put(&maker->area, &share, sizeof share, 8);
	}
}

/* What the rule may select, in the order of its cells or models; of an override of any model, its config. */
static int
make_outcomes(struct rules_objective_maker *maker, const struct quoin_rule *rule)
{
	int rc = 0;

	if (rule->kind == QUOIN_RULE_OVERRIDE)
		return rule->any_model ? add_outcome(maker, NULL, rule->config) : 0;
	for (size_t i = 0; rc == 0 && i < rule->cell_count; i++)
		rc = add_outcome(maker, &rule->cells[i].ref, rule->config);
	for (size_t i = 0; rc == 0 && i < rule->ref_count; i++)
		rc = add_outcome(maker, &rule->refs[i], rule->config);
	return rc;
}

/* ---- Overrides ---- */

static bool
model_is_admitted(const struct rules_objective_maker *maker, const struct quoin_rule *rule, uint32_t index,
    const struct quoin_ref **ret_ref)
{
	const struct quoin_model *models = maker->ruleset->models, *model = &models[index];

	if (!model->is_used || strcmp(model->input_type, maker->objective->input_type) != 0 ||
	    strcmp(model->model_type, maker->objective->model_type) != 0)
		return false;
	*ret_ref = NULL;
	if (rule->any_model)
		return true;
	for (size_t i = 0; i < rule->ref_count; i++) {
		if (rule->refs[i].model == index ||
		    (rule->ref_any_version[i] && strcmp(models[rule->refs[i].model].name, model->name) == 0)) {
			*ret_ref = &rule->refs[i];
			return true;
		}
	}
	return false;
}

struct admitted {
	struct rules_override entry;
	uint32_t text;
};

static int
admitted_compare(const void *a, const void *b)
{
	uint32_t one = ((const struct admitted *)a)->entry.model, two = ((const struct admitted *)b)->entry.model;

	return (one > two) - (one < two);
}

/* A list names every model that it admits; for "any", those with a config of their own. */
static int
put_admitted(struct rules_objective_maker *maker, const struct quoin_rule *rule, struct rules_overrides *overrides)
{
	const struct quoin_ruleset *ruleset = maker->ruleset;
	struct admitted *admitted = calloc(ruleset->model_count + 1, sizeof *admitted);
	const struct quoin_ref *ref;
	size_t count = 0;
	uint32_t at;
	int rc = admitted == NULL ? QUOIN_ENOMEM : 0;

	for (uint32_t i = 0; rc == 0 && i < ruleset->model_count; i++) {
		if (!model_is_admitted(maker, rule, i, &ref) || (rule->any_model && ruleset->models[i].config == NULL))
			continue;
		admitted[count].entry.model = maker->ids->models[i];
		rc = put_config(maker, ruleset->models[i].config, ref == NULL ? NULL : ref->config, rule->config,
		    &admitted[count].text, &admitted[count].entry.config_bytes);
		count++;
	}
	if (rc == 0) {
		qsort(admitted, count, sizeof *admitted, admitted_compare);
		overrides->entry_count = (uint32_t)count;
		overrides->entries = quoin_block_maker_put(&maker->area, NULL, 0, 8);
		for (size_t i = 0; i < count; i++) {
			at = quoin_block_maker_put(&maker->area, &admitted[i].entry, sizeof admitted[i].entry, 4);
			quoin_block_maker_refer(&maker->area, at + offsetof(struct rules_override, config), admitted[i].text);
		}
	}
	free(admitted);
	return rc;
}

static int
put_override(struct rules_objective_maker *maker, const struct quoin_rule *rule, struct making *making)
{
	struct rules_overrides overrides = {.caller_count = (uint32_t)rule->caller_count};
	struct rules_text *text;
	struct quoin_span caller;
	uint32_t at;
	int rc;

	making->body.overrides = quoin_block_maker_put(&maker->area, NULL, sizeof overrides, 4);
	rc = put_admitted(maker, rule, &overrides);
	if (rc != 0)
		return rc;
	making->rule.flags |= (uint8_t)((rule->any_model ? RULES_ANY_MODEL : 0) |
	    (rule->callers == NULL ? RULES_ANY_CALLER : 0));
	overrides.callers = quoin_block_maker_put(&maker->area, NULL, rule->caller_count * sizeof *text, 8);
	for (size_t i = 0; i < rule->caller_count; i++) {
		at = overrides.callers + (uint32_t)(i * sizeof *text);
		QUOIN_ASSERT(rule->callers != NULL);
		caller = quoin_span_str(rule->callers[i]);
		quoin_block_maker_refer(&maker->area, at, quoin_block_maker_text(&maker->area, caller));
		text = quoin_block_maker_at(&maker->area, at);
		text->bytes = (uint32_t)caller.len;
	}
	memcpy(quoin_block_maker_at(&maker->area, making->body.overrides), &overrides, sizeof overrides);
	return 0;
}

/* ---- The block ---- */

static void
begin_rule(struct rules_objective_maker *maker)
{
	maker->nodes.count = 0;
	maker->outcome_count = 0;
	quoin_block_maker_reset(&maker->area);
	quoin_block_maker_put(&maker->area, NULL, sizeof(struct rules_body), 8);
}

/* The rule and its body into the block, as rule "index" there. */
static int
finish_rule(struct rules_objective_maker *maker, struct making *making, const char *name,
    const struct rules_objective *head, size_t index, uint32_t *ret_at)
{
	struct quoin_span text = quoin_span_str(name), area;
	int rc;

	making->body.name_bytes = (uint16_t)text.len;
	memcpy(quoin_block_maker_at(&maker->area, 0), &making->body, sizeof making->body);
	quoin_block_maker_refer(&maker->area, offsetof(struct rules_body, name), quoin_block_maker_text(&maker->area, text));
	rc = quoin_block_maker_finish(&maker->area, &area);
	if (rc != 0)
		return rc;
	*ret_at = quoin_block_maker_put(&maker->block, area.data, area.len, RULE_ALIGN);
	memcpy(quoin_block_maker_at(&maker->block, head->bodies + 4 * (uint32_t)index), ret_at, sizeof *ret_at);
	memcpy(quoin_block_maker_at(&maker->block, head->rules + (uint32_t)(index * sizeof making->rule)), &making->rule,
	    sizeof making->rule);
	return 0;
}

static int
put_rule(struct rules_objective_maker *maker, uint32_t index, uint32_t bit, const struct rules_objective *head)
{
	const struct quoin_rule *rule = &maker->ruleset->rules[index];
	struct making making = {.rule = {.kind = (uint8_t)rule->kind, .unit = RULES_NO_ATTRIBUTE},
	    .body = {.number = maker->ids->numbers[index]}};
	uint32_t at;
	int rc;

	begin_rule(maker);
	rc = make_outcomes(maker, rule);
	if (rc == 0) {
		put_outcomes(maker, &making);
		rc = put_nodes(maker, rule, bit, &making);
	}
	if (rc == 0 && rule->kind == QUOIN_RULE_OVERRIDE)
		rc = put_override(maker, rule, &making);
	if (rc != 0)
		return rc;
	if (rule->kind == QUOIN_RULE_AB_TEST)
		put_cells(maker, rule, &making);
	put_shares(maker, rule, &making);
	return finish_rule(maker, &making, rule->name, head, bit, &at);
}

static uint32_t
default_number(const struct rules_objective_maker *maker, const struct quoin_objective *objective)
{
	for (size_t i = 0; i < maker->ruleset->rule_count; i++) {
		const struct quoin_rule *rule = &maker->ruleset->rules[i];

		if (rule->kind == QUOIN_RULE_DEFAULT && strcmp(rule->name, objective->default_rule) == 0)
			return maker->ids->numbers[i];
	}
	return 0;
}

static int
put_default(struct rules_objective_maker *maker, size_t index, struct rules_objective *head)
{
	const struct quoin_objective *objective = maker->objective;
	struct making making = {.rule = {.kind = QUOIN_RULE_DEFAULT, .unit = RULES_NO_ATTRIBUTE}};
	uint32_t at = 0;
	int rc;

	begin_rule(maker);
	making.body.number = default_number(maker, objective);
	rc = add_outcome(maker, &objective->default_ref, objective->default_config);
	if (rc != 0)
		return rc;
	put_outcomes(maker, &making);
	rc = finish_rule(maker, &making, objective->default_rule, head, index, &at);
	head->default_outcome = at + (uint32_t)sizeof(struct rules_body);
	return rc;
}

/* The default's body first: it is always looked at. */
static int
put_bodies(struct rules_objective_maker *maker, const uint32_t *order, size_t count, struct rules_objective *head)
{
	int rc = put_default(maker, count, head);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_rule(maker, order[i], (uint32_t)i, head);
	return rc;
}

static void
count_classes(const struct rules_objective_maker *maker, const uint32_t *order, size_t count,
    struct rules_objective *head)
{
	const struct quoin_rule *rules = maker->ruleset->rules;

	for (size_t i = 0; i < count; i++) {
		head->override_count = (uint8_t)(head->override_count + (rules[order[i]].kind == QUOIN_RULE_OVERRIDE));
		head->shadow_count = (uint8_t)(head->shadow_count + (rules[order[i]].kind == QUOIN_RULE_SHADOW));
	}
	head->rule_count = (uint8_t)count;
	head->mask = count == 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
	head->default_mask = count == 64 ? 0 : (uint64_t)1 << count;
	head->mask_bytes = count <= 8 ? 1 : count <= 16 ? 2 : count <= 32 ? 4 : 8;
}

/* All but what refers to texts; the first of these is where they begin. */
static void
put_head(struct rules_objective_maker *maker, struct rules_objective *head)
{
	struct rules_objective *there = quoin_block_maker_at(&maker->block, 0);

	head->name = there->name;
	head->input_type = there->input_type;
	head->model_type = there->model_type;
	memcpy(there, head, sizeof *head);
	quoin_block_maker_refer(&maker->block, offsetof(struct rules_objective, texts), 0);
}

int
quoin_rules_objective_make(struct rules_objective_maker *maker, uint32_t objective, const uint32_t *order, size_t count,
    struct quoin_span *ret, struct quoin_error *err)
{
	const struct quoin_objective *thing = &maker->ruleset->objectives[objective];
	struct rules_objective head = {.id = maker->ids->objectives[objective]};
	int rc;

	maker->objective = thing;
	maker->filters.count = 0;
	maker->made++;
	maker->never = 0;
	quoin_block_maker_reset(&maker->block);
	quoin_block_maker_put(&maker->block, NULL, sizeof head, 8);
	count_classes(maker, order, count, &head);
	head.name_bytes = (uint16_t)strlen(thing->name);
	quoin_block_maker_refer(&maker->block, offsetof(struct rules_objective, name),
	    quoin_block_maker_text(&maker->block, quoin_span_str(thing->name)));
	quoin_block_maker_refer(&maker->block, offsetof(struct rules_objective, input_type),
	    quoin_block_maker_text(&maker->block, quoin_span_str(thing->input_type)));
	quoin_block_maker_refer(&maker->block, offsetof(struct rules_objective, model_type),
	    quoin_block_maker_text(&maker->block, quoin_span_str(thing->model_type)));
	/* In the order in which resolving looks. */
	rc = gather_conjuncts(maker, order, count);
	if (rc == 0) {
		quoin_rules_filters_begin(&maker->filters, &maker->block, &head);
		head.rules = quoin_block_maker_put(&maker->block, NULL, (count + 1) * sizeof(struct rules_rule), 8);
		quoin_rules_filters_put(&maker->filters, &maker->block, &head);
		head.bodies = quoin_block_maker_put(&maker->block, NULL, (count + 1) * sizeof(uint32_t), 4);
		rc = put_bodies(maker, order, count, &head);
	}
	if (rc == 0) {
		head.mask &= ~maker->never;
		put_head(maker, &head);
		rc = quoin_block_maker_finish(&maker->block, ret);
	}
	if (rc == QUOIN_ELIMIT)
		return quoin_error_set(err, rc,
		    "objective %s: its rules and configs do not fit one block of %u bytes; use smaller configs", thing->name,
		    QUOIN_SEGMENT_BYTES_MAX);
	return rc;
}
