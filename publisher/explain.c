#include "publisher/explain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/bucket.h"

const char *
quoin_verdict_name(enum quoin_verdict verdict)
{
	static const char *const names[] = {"matches", "condition_fails", "no_cell", "cell_not_listed", "no_unit",
	    "bucket_beyond", "no_override", "caller_not_listed", "model_not_admitted"};

	return names[verdict];
}

/* ---- Buckets ---- */

/* The unit's bucket; false without a unit: a string, or an integer of magnitude up to 2^53. */
static bool
bucket_of(const struct quoin_rule *rule, const struct quoin_json *context, uint32_t *ret)
{
	const struct quoin_json *value = quoin_explain_value(context, rule->by);
	char digits[32];
	double number;

	if (value == NULL)
		return false;
	if (quoin_json_kind(value) == QUOIN_JSON_STRING) {
		*ret = quoin_bucket(quoin_span_str(quoin_json_string(value)), quoin_span_str(rule->salt));
		return true;
	}
	if (quoin_json_kind(value) != QUOIN_JSON_NUMBER)
		return false;
	number = quoin_json_number(value);
	if (number != floor(number) || fabs(number) > 9007199254740992.0)
		return false;
	snprintf(digits, sizeof digits, "%lld", (long long)number);
	*ret = quoin_bucket(quoin_span_str(digits), quoin_span_str(rule->salt));
	return true;
}

/* The range that the bucket falls into: an index into the rule's shares; its count if beyond all. */
static size_t
range_of(const struct quoin_rule *rule, uint32_t bucket)
{
	uint32_t limit = 0;

	for (size_t i = 0; i < rule->share_count; i++) {
		limit += rule->shares[i].share;
		if (bucket < limit)
			return i;
	}
	return rule->share_count;
}

/* Sets bucket and verdict; the range when it matches. */
static size_t
ask_bucket(const struct quoin_json *context, struct quoin_explain_step *step)
{
	size_t range = 0;

	step->has_bucket = bucket_of(step->rule, context, &step->bucket);
	if (step->has_bucket)
		range = range_of(step->rule, step->bucket);
	step->verdict = !step->has_bucket ? QUOIN_VERDICT_NO_UNIT
	    : range == step->rule->share_count ? QUOIN_VERDICT_BEYOND
						: QUOIN_VERDICT_MATCHES;
	return range;
}

/* ---- Kinds ---- */

static void
take_ref(struct quoin_explain_step *step, const struct quoin_ref *ref)
{
	step->verdict = QUOIN_VERDICT_MATCHES;
	step->ref = ref;
	step->model = ref->model;
}

/* A cell of the test that the context gives: a non-negative integer by value. */
static bool
cell_of(const struct quoin_json *context, uint64_t test, double *ret)
{
	const struct quoin_json *ab = quoin_json_get(context, "ab"), *cell;
	char key[24];

	if (ab == NULL || quoin_json_kind(ab) != QUOIN_JSON_OBJECT)
		return false;
	snprintf(key, sizeof key, "%llu", (unsigned long long)test);
	cell = quoin_json_get(ab, key);
	if (cell == NULL || quoin_json_kind(cell) != QUOIN_JSON_NUMBER || quoin_json_number(cell) < 0 ||
	    quoin_json_number(cell) != floor(quoin_json_number(cell)))
		return false;
	*ret = quoin_json_number(cell);
	return true;
}

static void
ask_test(const struct quoin_json *context, struct quoin_explain_step *step)
{
	const struct quoin_rule *rule = step->rule;
	size_t range;

	step->has_cell = cell_of(context, rule->ab_test_id, &step->cell);
	if (!step->has_cell && rule->share_count == 0) {
		step->verdict = QUOIN_VERDICT_NO_CELL;
		return;
	}
	if (!step->has_cell) {
		range = ask_bucket(context, step);
		if (step->verdict != QUOIN_VERDICT_MATCHES)
			return;
		step->has_cell = true;
		step->cell = rule->shares[range].key;
	}
	step->verdict = QUOIN_VERDICT_OTHER_CELL;
	for (size_t i = 0; i < rule->cell_count; i++)
		if (rule->cells[i].cell == step->cell)
			take_ref(step, &rule->cells[i].ref);
}

/* The model in the release that an override names; without a version the current one. */
static const struct quoin_model *
overridden(const struct quoin_ruleset *ruleset, const char *name, const char *version)
{
	for (size_t i = 0; i < ruleset->model_count; i++) {
		const struct quoin_model *model = &ruleset->models[i];

		if (model->is_used && strcmp(model->name, name) == 0 &&
		    (version != NULL ? strcmp(model->version, version) == 0 : model->is_current))
			return model;
	}
	return NULL;
}

static bool
admits_caller(const struct quoin_rule *rule, const struct quoin_json *caller)
{
	if (rule->callers == NULL)
		return true;
	for (size_t i = 0; i < rule->caller_count; i++)
		if (caller != NULL && quoin_json_kind(caller) == QUOIN_JSON_STRING &&
		    strcmp(rule->callers[i], quoin_json_string(caller)) == 0)
			return true;
	return false;
}

static void
ask_override_model(const struct quoin_explain *explain, const struct quoin_model *model, struct quoin_explain_step *step)
{
	const struct quoin_rule *rule = step->rule;

	step->verdict = QUOIN_VERDICT_MODEL;
	if (model == NULL || strcmp(model->input_type, explain->objective->input_type) != 0 ||
	    strcmp(model->model_type, explain->objective->model_type) != 0)
		return;
	step->model = (uint32_t)(model - explain->ruleset->models);
	if (rule->any_model)
		step->verdict = QUOIN_VERDICT_MATCHES;
	for (size_t i = 0; step->verdict != QUOIN_VERDICT_MATCHES && i < rule->ref_count; i++) {
		const struct quoin_model *listed = &explain->ruleset->models[rule->refs[i].model];

		if (listed != model && !(rule->ref_any_version[i] && strcmp(listed->name, model->name) == 0))
			continue;
		step->verdict = QUOIN_VERDICT_MATCHES;
		step->ref = &rule->refs[i];
	}
}

static void
ask_override(const struct quoin_explain *explain, struct quoin_explain_step *step)
{
	const struct quoin_json *override = quoin_json_get(explain->context, "override"), *model, *version;

	step->verdict = QUOIN_VERDICT_NO_OVERRIDE;
	if (override == NULL || quoin_json_kind(override) != QUOIN_JSON_OBJECT)
		return;
	model = quoin_json_get(override, "model");
	version = quoin_json_get(override, "version");
	if (model == NULL || quoin_json_kind(model) != QUOIN_JSON_STRING ||
	    (version != NULL && quoin_json_kind(version) != QUOIN_JSON_STRING)) {
		step->verdict = QUOIN_VERDICT_MODEL;
		return;
	}
	step->verdict = QUOIN_VERDICT_CALLER;
	if (!admits_caller(step->rule, quoin_json_get(override, "caller")))
		return;
	ask_override_model(explain,
	    overridden(explain->ruleset, quoin_json_string(model), version != NULL ? quoin_json_string(version) : NULL), step);
}

/* Ask one rule. */
static void
ask(const struct quoin_explain *explain, const struct quoin_rule *rule, struct quoin_explain_step *step)
{
	size_t range;

	*step = (struct quoin_explain_step){.rule = rule, .verdict = QUOIN_VERDICT_CONDITION};
	step->failed = quoin_explain_failure(rule->when, explain->context);
	if (step->failed != NULL)
		return;
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		ask_test(explain->context, step);
		break;
	case QUOIN_RULE_OVERRIDE:
		ask_override(explain, step);
		break;
	case QUOIN_RULE_CONTEXT:
		take_ref(step, &rule->refs[0]);
		break;
	default: /* split, ramp, shadow */
		range = ask_bucket(explain->context, step);
		if (step->verdict == QUOIN_VERDICT_MATCHES)
			take_ref(step, &rule->refs[rule->kind == QUOIN_RULE_SPLIT ? rule->shares[range].key : 0]);
		break;
	}
}

/* ---- The walk ---- */

static void
choose(struct quoin_explain *explain, const struct quoin_explain_step *step)
{
	const struct quoin_objective *objective = explain->objective;
	const struct quoin_ref *ref = step != NULL ? step->ref : &objective->default_ref;

	explain->rule = step != NULL ? step->rule : NULL;
	explain->model = step != NULL ? step->model : objective->default_ref.model;
	explain->levels[0] = objective->config;
	explain->levels[1] = explain->ruleset->models[explain->model].config;
	explain->levels[2] = ref != NULL ? ref->config : NULL;
	explain->levels[3] = step != NULL ? step->rule->config : objective->default_config;
}

/* Which of the shadows that match go with the decision. */
static void
leave_out_shadows(struct quoin_explain *explain)
{
	size_t kept = 0;

	for (size_t i = 0; i < explain->shadow_count; i++) {
		struct quoin_explain_step *shadow = &explain->shadows[i];

		if (shadow->verdict != QUOIN_VERDICT_MATCHES)
			continue;
		shadow->is_left_out = shadow->model == explain->model || kept == QUOIN_SHADOWS_MAX;
		for (size_t k = 0; k < i; k++)
			shadow->is_left_out |= explain->shadows[k].verdict == QUOIN_VERDICT_MATCHES &&
			    !explain->shadows[k].is_left_out && explain->shadows[k].model == shadow->model;
		kept += !shadow->is_left_out;
	}
}

int
quoin_explain_make(const struct quoin_ruleset *ruleset, const struct quoin_json *context, struct quoin_explain *ret)
{
	const char *name = quoin_json_string(quoin_json_get(context, "objective"));
	uint32_t order[QUOIN_RULES_PER_OBJECTIVE_MAX];
	const struct quoin_explain_step *match = NULL;
	size_t count;

	*ret = (struct quoin_explain){.ruleset = ruleset, .context = context};
	for (size_t i = 0; i < ruleset->objective_count && ret->objective == NULL; i++)
		if (strcmp(ruleset->objectives[i].name, name) == 0)
			ret->objective = &ruleset->objectives[i];
	if (ret->objective == NULL)
		return QUOIN_ENOENT;
	count = quoin_ruleset_order(ruleset, (uint32_t)(ret->objective - ruleset->objectives), order);
	for (size_t i = 0; i < count; i++) {
		const struct quoin_rule *rule = &ruleset->rules[order[i]];

		if (rule->kind == QUOIN_RULE_SHADOW) {
			ask(ret, rule, &ret->shadows[ret->shadow_count++]);
		} else if (match != NULL) {
			ret->unasked_count++;
		} else {
			ask(ret, rule, &ret->steps[ret->step_count]);
			if (ret->steps[ret->step_count].verdict == QUOIN_VERDICT_MATCHES)
				match = &ret->steps[ret->step_count];
			ret->step_count++;
		}
	}
	choose(ret, match);
	leave_out_shadows(ret);
	return 0;
}

const char *
quoin_explain_rule(const struct quoin_explain *explain)
{
	return explain->rule != NULL ? explain->rule->name : explain->objective->default_rule;
}

bool
quoin_explain_agrees(const struct quoin_explain *explain, const char *rule, const char *routing_key, const char *config)
{
	struct quoin_buf merged;
	bool agrees;

	quoin_buf_init(&merged, QUOIN_CONFIG_BYTES_MAX);
	agrees = quoin_config_merge(explain->levels, &merged) == 0 && quoin_span_equal_str(quoin_buf_span(&merged), config) &&
	    strcmp(quoin_explain_rule(explain), rule) == 0 &&
	    strcmp(explain->ruleset->models[explain->model].routing_key, routing_key) == 0;
	quoin_buf_clear(&merged);
	return agrees;
}
