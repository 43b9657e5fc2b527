#include "formats/resolve.h"

#include <math.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "formats/bucket.h"
#include "formats/resolve_filters.h"
#include "formats/resolve_when.h"

/* ---- Buckets ---- */

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

/* The outcome of the share that the unit's bucket falls into; RULES_NO_OUTCOME without a unit or beyond all shares. */
static inline uint32_t
share_of_unit(const struct rules_rule *rule, const struct rules_body *body, struct quoin_span unit)
{
	const struct rules_share *shares = RULES_AT(body, struct rules_share, body->shares);
	const uint32_t bucket = quoin_bucket_of(unit, rule->seed);

	for (uint32_t i = 0; i < rule->share_count; i++) {
		if (bucket < shares[i].limit)
			return shares[i].outcome;
	}
	return RULES_NO_OUTCOME;
}

/* Kept apart: its buffer would put a guard on the stack of every decision. */
static __attribute__((noinline)) uint32_t
share_of_any(const struct rules_rule *rule, const struct rules_body *body, struct quoin_context *context)
{
	struct quoin_span unit;
	char digits[24];

	if (rule->share_count == 0 || !unit_of(context, rule->unit, digits, &unit))
		return RULES_NO_OUTCOME;
	return share_of_unit(rule, body, unit);
}

static inline uint32_t
share_of(const struct rules_rule *rule, const struct rules_body *body, struct quoin_context *context)
{
	const struct quoin_value *value = &context->values[rule->unit & (QUOIN_RULES_ATTRIBUTES_MAX - 1)];

	if (rule->share_count == 0 || !quoin_context_has(context, rule->unit) || value->kind != QUOIN_VALUE_STRING)
		return share_of_any(rule, body, context);
	return share_of_unit(rule, body, quoin_span_of(value->string, value->len));
}

/* ---- Cells ---- */

/* Where the test is among the context's, the last of several; SIZE_MAX if it is not there. To the end without a branch:
 * where a test stands is not to be predicted. */
static inline size_t
find_test(const struct quoin_context *context, uint64_t test)
{
	const uint64_t *tests = context->tests;
	const size_t count = context->cell_count;
	size_t found = SIZE_MAX, i = 0;

	for (; i + 4 <= count; i += 4) {
#pragma GCC unroll 4
		for (size_t k = i; k < i + 4; k++)
			found = tests[k] == test ? k : found;
	}
	for (; i < count; i++)
		found = tests[i] == test ? i : found;
	return found;
}

/* The outcome of a cell; RULES_NO_OUTCOME if the rule has none for it. */
static inline uint32_t
outcome_of_cell(const struct rules_rule *rule, const struct rules_body *body, uint32_t cell)
{
	const uint32_t *cells;

	if (__builtin_expect((rule->flags & RULES_NO_GAPS) != 0, 1))
		return cell - rule->first_cell < rule->cell_count ? cell - rule->first_cell : RULES_NO_OUTCOME;
	cells = RULES_AT(body, uint32_t, body->cells);
	for (uint32_t i = 0; i < rule->cell_count; i++) {
		if (cells[i] == cell)
			return i;
	}
	return RULES_NO_OUTCOME;
}

/* Of a test that is not among the context's: by a cell that has a name, or by an allocation. */
static __attribute__((noinline)) uint32_t
outcome_without_cell(const struct rules_rule *rule, const struct rules_body *body, struct quoin_context *context)
{
	uint32_t cell;

	if (context->named != NULL && quoin_context_named_cell(context, rule->ab_test_id, &cell))
		return outcome_of_cell(rule, body, cell);
	return share_of(rule, body, context);
}

static inline uint32_t
outcome_of_test(const struct rules_rule *rule, const struct rules_body *body, struct quoin_context *context)
{
	const size_t found = find_test(context, rule->ab_test_id);

	if (found != SIZE_MAX)
		return outcome_of_cell(rule, body, context->cells[found]);
	if (rule->share_count == 0 && context->named == NULL)
		return RULES_NO_OUTCOME;
	return outcome_without_cell(rule, body, context);
}

/* The cell whose outcome it is; 0 for what is no test. */
static inline uint32_t
cell_of(const struct rules_rule *rule, const struct rules_body *body, uint32_t outcome)
{
	if (__builtin_expect(body->cells != 0, 0))
		return RULES_AT(body, uint32_t, body->cells)[outcome];
	return (rule->first_cell + outcome) & (0 - (uint32_t)(rule->kind == QUOIN_RULE_AB_TEST));
}

/* ---- Overrides ---- */

static bool
caller_is_admitted(const struct rules_rule *rule, const struct rules_body *body, const struct quoin_context *context)
{
	const struct rules_overrides *overrides = RULES_AT(body, struct rules_overrides, body->overrides);
	const struct rules_text *callers = RULES_AT(body, struct rules_text, overrides->callers);

	if ((rule->flags & RULES_ANY_CALLER) != 0)
		return true;
	for (uint32_t i = 0; context->has_override_caller && i < overrides->caller_count; i++) {
		if (quoin_span_equal(context->override_caller, quoin_span_of((const uint8_t *)body + callers[i].at, callers[i].bytes)))
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
admitted_entry(const struct rules_body *body, uint32_t model)
{
	const struct rules_overrides *overrides = RULES_AT(body, struct rules_overrides, body->overrides);
	const struct rules_override *entries = RULES_AT(body, struct rules_override, overrides->entries);
	size_t low = 0, high = overrides->entry_count, middle;

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
    const struct rules_body *body, struct quoin_context *context, struct quoin_result *ret)
{
	const struct rules_outcome *outcome;
	const struct rules_override *entry;
	const struct rules_model *model;
	uint32_t id;

	if (!context->has_override || !caller_is_admitted(rule, body, context))
		return false;
	id = overridden_model(rules, context);
	if (id == QUOIN_PLACE_NONE)
		return false;
	model = (const void *)quoin_image_at(&rules->image, quoin_places_get(&rules->models, id));
	entry = admitted_entry(body, id);
	if (entry != NULL) {
		ret->config = (const char *)body + entry->config;
		ret->config_bytes = entry->config_bytes;
	} else {
		if ((rule->flags & RULES_ANY_MODEL) == 0 || !model_has_types(objective, model))
			return false;
		outcome = rules_outcomes_of(body);
		ret->config = (const char *)body + outcome->config;
		ret->config_bytes = outcome->config_bytes;
	}
	ret->selected.model = (const char *)model + model->name;
	ret->selected.version = (const char *)model + model->version;
	ret->selected.routing_key = (const char *)model + model->routing_key;
	ret->selected.id = id;
	return true;
}

/* ---- The decision ---- */

static inline void
choose(const struct rules_objective *objective, const struct rules_outcome *outcome, struct quoin_choice *ret)
{
	const char *texts = (const char *)objective + objective->texts;

	ret->model = texts + outcome->name;
	ret->version = texts + outcome->version;
	ret->routing_key = texts + outcome->routing_key;
	ret->id = outcome->model;
}

/* The default, if another model is selected; without a branch, as either may be. */
static inline void
choose_fallback(const struct rules_objective *objective, struct quoin_result *ret)
{
	const struct rules_outcome *outcome = RULES_AT(objective, struct rules_outcome, objective->default_outcome);
	const uintptr_t texts = (uintptr_t)objective + objective->texts;
	const uintptr_t differs = 0 - (uintptr_t)(outcome->model != ret->selected.id);

	ret->fallback.model = (const char *)((texts + outcome->name) & differs);
	ret->fallback.version = (const char *)((texts + outcome->version) & differs);
	ret->fallback.routing_key = (const char *)((texts + outcome->routing_key) & differs);
	ret->fallback.id = outcome->model | (uint32_t)~differs;
}

static bool
is_named(const struct quoin_result *result, uint32_t model)
{
	bool found = result->selected.id == model;

	for (uint32_t i = 0; i < result->shadow_count; i++)
		found = found || result->shadows[i].id == model;
	return found;
}

static __attribute__((noinline)) void
add_shadows(const struct rules_objective *objective, uint64_t mask, struct quoin_context *context,
    struct quoin_result *ret)
{
	const struct rules_outcome *outcome;
	const struct rules_rule *rule;
	const struct rules_body *body;
	uint32_t index;

	for (; mask != 0 && ret->shadow_count < QUOIN_SHADOWS_MAX; mask &= mask - 1) {
		rule = rules_rule_at(objective, (uint32_t)__builtin_ctzll(mask));
		body = rules_body_at(objective, (uint32_t)__builtin_ctzll(mask));
		if ((rule->flags & RULES_HAS_NODES) != 0 && !quoin_resolve_nodes(body, context))
			continue;
		index = share_of(rule, body, context);
		if (index == RULES_NO_OUTCOME)
			continue;
		outcome = rules_outcomes_of(body) + index;
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

/* The shadows, which are the last rules. Shifting in two steps: all 64 may be some. */
static inline uint64_t
shadows_of(const struct rules_objective *objective, uint64_t left)
{
	const unsigned others = (unsigned)objective->rule_count - objective->shadow_count;

	return left >> others / 2 >> (others + 1) / 2 << others / 2 << (others + 1) / 2;
}

/* Without the overrides, which are the first rules. */
static inline uint64_t
without_overrides(const struct rules_objective *objective, uint64_t left)
{
	const unsigned count = objective->override_count;

	return left >> count / 2 >> (count + 1) / 2 << count / 2 << (count + 1) / 2;
}

void
quoin_resolve_block(const struct quoin_rules *rules, const uint8_t *block, struct quoin_context *context,
    struct quoin_result *ret)
{
	const struct rules_objective *objective = (const void *)block;
	const struct rules_outcome *outcome;
	const struct rules_rule *rule;
	const struct rules_body *body;
	uint64_t selecting, shadows = 0;
	uint32_t index, chosen;

	/* Rules and filters stand behind the header: have them on their way while it is read. */
#pragma GCC unroll 9
	for (size_t line = 1; line < 8; line++)
		__builtin_prefetch(block + 64 * line);
	/* The default's body, and its outcome behind that: mostly two lines. */
	__builtin_prefetch(block + objective->default_outcome - sizeof *body);
	__builtin_prefetch(block + objective->default_outcome);
	selecting = resolve_filter(objective, context);
	if (__builtin_expect((objective->shadow_count | objective->override_count) != 0, 0)) {
		shadows = shadows_of(objective, selecting);
		selecting ^= shadows;
		if (!context->has_override)
			selecting = without_overrides(objective, selecting);
	}
	/* The default is a candidate like others, so that nobody has to guess whether a rule is left. */
	for (selecting |= objective->default_mask;; selecting &= selecting - 1) {
		index = __builtin_expect(selecting != 0, 1) ? (uint32_t)__builtin_ctzll(selecting) : objective->rule_count;
		rule = rules_rule_at(objective, index);
		body = rules_body_at(objective, index);
		chosen = 0;
		if ((rule->flags & RULES_HAS_NODES) != 0 && !quoin_resolve_nodes(body, context))
			continue;
		if (rule->kind == QUOIN_RULE_DEFAULT || rule->kind == QUOIN_RULE_CONTEXT)
			break;
		if (rule->kind == QUOIN_RULE_AB_TEST)
			chosen = outcome_of_test(rule, body, context);
		else if (__builtin_expect(rule->kind == QUOIN_RULE_OVERRIDE, 0))
			chosen = select_override(rules, objective, rule, body, context, ret) ? 0 : RULES_NO_OUTCOME;
		else
			chosen = share_of(rule, body, context);
		if (chosen != RULES_NO_OUTCOME)
			break;
	}
	ret->objective = (const char *)block + objective->name;
	ret->objective_id = objective->id;
	ret->rule = (const char *)body + body->name;
	ret->rule_number = body->number;
	ret->reason = rule->kind;
	ret->ab_test_id = rule->ab_test_id;
	ret->cell = cell_of(rule, body, chosen);
	ret->shadow_count = 0;
	if (__builtin_expect(rule->kind != QUOIN_RULE_OVERRIDE, 1)) {
		outcome = rules_outcomes_of(body) + chosen;
		choose(objective, outcome, &ret->selected);
		ret->config = (const char *)body + outcome->config;
		ret->config_bytes = outcome->config_bytes;
	}
	choose_fallback(objective, ret);
	if (__builtin_expect(shadows != 0, 0))
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
