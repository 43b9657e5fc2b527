/*
 * A second evaluator, written from the rules language alone: it walks the ruleset as it is, copies and concatenates, and
 * shares nothing with the images and the resolver but the frozen buckets.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/bucket.h"
#include "tests/rulesets.h"

struct asked {
	const struct quoin_ruleset *ruleset;
	const struct rulesets_context *context;
	uint32_t objective;
};

static const struct rulesets_value *
value_of(const struct asked *asked, const char *attribute)
{
	for (size_t i = 0; i < RULESETS_ATTRIBUTES; i++) {
		const struct rulesets_value *value = &asked->context->values[i];

		if (strcmp(rulesets_attributes[i], attribute) == 0)
			return value->kind == RULESETS_ABSENT || value->kind == RULESETS_NULL ? NULL : value;
	}
	return NULL;
}

static bool
equal(const struct rulesets_value *value, const struct quoin_scalar *scalar)
{
	switch (scalar->kind) {
	case QUOIN_SCALAR_STRING:
		return value->kind == RULESETS_STRING && strcmp(value->string, scalar->string) == 0;
	case QUOIN_SCALAR_NUMBER:
		return value->kind == RULESETS_NUMBER && value->number == scalar->number;
	default:
		return value->kind == RULESETS_BOOL && value->boolean == scalar->boolean;
	}
}

static bool
parse_version(const char *text, uint64_t out[4])
{
	memset(out, 0, 4 * sizeof *out);
	for (int i = 0; i < 4; i++) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 15)
			return false;
		out[i] = strtoull(text, NULL, 10);
		if (out[i] > 4294967295u)
			return false;
		text += digits;
		if (*text == '\0' || *text == '-' || *text == '+')
			return true;
		if (*text++ != '.')
			return false;
	}
	return false;
}

static bool
version_is(const char *text, const struct quoin_version_bound *bound)
{
	uint64_t have[4];
	int order = 0;

	if (!parse_version(text, have))
		return false;
	for (int i = 3; i >= 0; i--) {
		if (have[i] != bound->components[i])
			order = have[i] > bound->components[i] ? 1 : -1;
	}
	return (bound->comparator == QUOIN_VERSION_EQ && order == 0) ||
	    (bound->comparator == QUOIN_VERSION_GT && order > 0) || (bound->comparator == QUOIN_VERSION_GTE && order >= 0) ||
	    (bound->comparator == QUOIN_VERSION_LT && order < 0) || (bound->comparator == QUOIN_VERSION_LTE && order <= 0);
}

static bool
leaf_is(const struct asked *asked, const struct quoin_when *leaf)
{
	const struct rulesets_value *value = value_of(asked, leaf->attribute);
	bool any = false;

	if (leaf->op == QUOIN_OP_EXISTS)
		return (value != NULL) == leaf->scalars[0].boolean;
	if (value == NULL)
		return false;
	if (leaf->op == QUOIN_OP_VERSION) {
		for (size_t i = 0; i < leaf->bound_count; i++) {
			if (value->kind != RULESETS_STRING || !version_is(value->string, &leaf->bounds[i]))
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < leaf->scalar_count; i++) {
		const struct quoin_scalar *scalar = &leaf->scalars[i];

		switch (leaf->op) {
		case QUOIN_OP_PREFIX:
			any |= value->kind == RULESETS_STRING &&
			    strncmp(value->string, scalar->string, strlen(scalar->string)) == 0;
			break;
		case QUOIN_OP_GT:
			return value->kind == RULESETS_NUMBER && value->number > scalar->number;
		case QUOIN_OP_GTE:
			return value->kind == RULESETS_NUMBER && value->number >= scalar->number;
		case QUOIN_OP_LT:
			return value->kind == RULESETS_NUMBER && value->number < scalar->number;
		case QUOIN_OP_LTE:
			return value->kind == RULESETS_NUMBER && value->number <= scalar->number;
		default:
			any |= equal(value, scalar);
			break;
		}
	}
	return leaf->op == QUOIN_OP_NOT_IN ? !any : any;
}

static bool
when_is(const struct asked *asked, const struct quoin_when *when)
{
	bool all = true, any = false;

	if (when == NULL)
		return true;
	if (when->kind == QUOIN_WHEN_LEAF)
		return leaf_is(asked, when);
	for (size_t i = 0; i < when->child_count; i++) {
		bool child = when_is(asked, &when->children[i]);

		all = all && child;
		any = any || child;
	}
	return when->kind == QUOIN_WHEN_ALL ? all : when->kind == QUOIN_WHEN_ANY ? any : !all;
}

static bool
bucket_is(const struct asked *asked, const struct quoin_rule *rule, uint32_t *ret)
{
	const struct rulesets_value *value = rule->share_count == 0 ? NULL : value_of(asked, rule->by);
	char unit[320];

	if (value == NULL || value->kind == RULESETS_BOOL)
		return false;
	if (value->kind == RULESETS_STRING)
		strcpy(unit, value->string);
	else if (value->number == trunc(value->number) && fabs(value->number) <= 9007199254740992.0)
		snprintf(unit, sizeof unit, "%.0f", value->number == 0 ? 0.0 : value->number);
	else
		return false;
	*ret = quoin_bucket(quoin_span_str(unit), quoin_span_str(rule->salt));
	return true;
}

/* The first share whose running total is above the bucket, or -1. */
static int
share_is(const struct asked *asked, const struct quoin_rule *rule)
{
	uint32_t bucket, total = 0;

	if (!bucket_is(asked, rule, &bucket))
		return -1;
	for (size_t i = 0; i < rule->share_count; i++) {
		total += rule->shares[i].share;
		if (total > bucket)
			return (int)i;
	}
	return -1;
}

/* 1 and *ret when the rule decides. */
static bool
rule_decides(const struct asked *asked, const struct quoin_rule *rule, struct quoin_ref *ret, uint32_t *ret_cell)
{
	const struct quoin_model *models = asked->ruleset->models;
	const struct quoin_objective *objective = &asked->ruleset->objectives[asked->objective];
	const struct rulesets_context *context = asked->context;
	uint32_t cell = 0;
	bool has_cell = false;
	int share;

	if (!when_is(asked, rule->when))
		return false;
	switch (rule->kind) {
	case QUOIN_RULE_CONTEXT:
		*ret = rule->refs[0];
		return true;
	case QUOIN_RULE_SPLIT:
	case QUOIN_RULE_RAMP:
	case QUOIN_RULE_SHADOW:
		share = share_is(asked, rule);
		if (share >= 0)
			*ret = rule->refs[rule->kind == QUOIN_RULE_SPLIT ? share : 0];
		return share >= 0;
	case QUOIN_RULE_AB_TEST:
		if (context->cells[rule->ab_test_id - 100].is_there) {
			double number = context->cells[rule->ab_test_id - 100].cell;

			has_cell = !isnan(number) && number >= 0 && number == trunc(number);
			cell = has_cell && number < 2147483648.0 ? (uint32_t)number : 4000000000u;
		}
		if (!has_cell) {
			share = share_is(asked, rule);
			if (share < 0)
				return false;
			cell = rule->shares[share].key;
		}
		for (size_t i = 0; i < rule->cell_count; i++) {
			if (rule->cells[i].cell == cell) {
				*ret = rule->cells[i].ref;
				*ret_cell = cell;
				return true;
			}
		}
		return false;
	case QUOIN_RULE_OVERRIDE:
		if (!context->has_override)
			return false;
		if (rule->callers != NULL) {
			bool admitted = false;

			for (size_t i = 0; i < rule->caller_count; i++)
				admitted |= context->override_caller[0] != '\0' &&
				    strcmp(rule->callers[i], context->override_caller) == 0;
			if (!admitted)
				return false;
		}
		for (uint32_t i = 0; i < asked->ruleset->model_count; i++) {
			if (strcmp(models[i].name, context->override_model) != 0 || !models[i].is_used ||
			    strcmp(models[i].input_type, objective->input_type) != 0 ||
			    strcmp(models[i].model_type, objective->model_type) != 0)
				continue;
			if (context->override_version[0] != '\0' ? strcmp(models[i].version, context->override_version) != 0
								 : !models[i].is_current)
				continue;
			*ret = (struct quoin_ref){i, NULL};
			if (rule->any_model)
				return true;
			for (size_t k = 0; k < rule->ref_count; k++) {
				if (rule->refs[k].model == i ||
				    (rule->ref_any_version[k] && strcmp(models[rule->refs[k].model].name, models[i].name) == 0)) {
					ret->config = rule->refs[k].config;
					return true;
				}
			}
		}
		return false;
	default:
		return false;
	}
}

/* Configs have keys a to c with one digit or null each. */
static void
merge(struct quoin_buf *out, const char *const levels[4])
{
	bool is_first = true;

	quoin_buf_put_byte(out, '{');
	for (char key = 'a'; key <= 'c'; key++) {
		char needle[5] = {'"', key, '"', ':', 0};
		const char *found = NULL;

		for (int i = 0; i < 4; i++) {
			if (levels[i] != NULL && strstr(levels[i], needle) != NULL)
				found = strstr(levels[i], needle);
		}
		if (found == NULL)
			continue;
		quoin_buf_printf(out, "%s%.*s", is_first ? "" : ",", (int)strcspn(found, ",}"), found);
		is_first = false;
	}
	quoin_buf_put_byte(out, '}');
}

static void
print_model(struct quoin_buf *out, const struct quoin_model *model)
{
	quoin_buf_printf(out, "\"model\":\"%s\",\"version\":\"%s\",\"routingKey\":\"%s@%s\"", model->name, model->version,
	    model->name, model->version);
}

static void
print_routes(struct quoin_buf *out, const struct quoin_ruleset *ruleset, uint32_t model)
{
	bool is_first = true;

	quoin_buf_put_str(out, ",\"routes\":[");
	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_placement *placement = &ruleset->placements[i];

		if (placement->model != model || placement->weight == 0)
			continue;
		quoin_buf_printf(out, "%s{\"shard\":\"%s\",\"vip\":\"%s\",\"weight\":%u}", is_first ? "" : ",",
		    ruleset->shards[placement->shard].name, ruleset->shards[placement->shard].vip, placement->weight);
		is_first = false;
	}
	quoin_buf_put_byte(out, ']');
}

/* Selecting rules in order: overrides first, then by priority, then file order; -1 when none decides. */
static int
first_rule(const struct asked *asked, struct quoin_ref *ret, uint32_t *ret_cell)
{
	const struct quoin_ruleset *ruleset = asked->ruleset;

	for (int overrides = 1; overrides >= 0; overrides--) {
		for (int priority = 1000; priority >= -1000; priority--) {
			for (size_t i = 0; i < ruleset->rule_count; i++) {
				const struct quoin_rule *rule = &ruleset->rules[i];
				bool targets = false;

				if (rule->priority != priority || !rule->is_enabled || rule->kind == QUOIN_RULE_SHADOW ||
				    (rule->kind == QUOIN_RULE_OVERRIDE) != overrides)
					continue;
				for (size_t k = 0; k < rule->target_count; k++)
					targets |= rule->targets[k] == asked->objective;
				if (targets && rule_decides(asked, rule, ret, ret_cell))
					return (int)i;
			}
		}
	}
	return -1;
}

static void
print_shadows(struct quoin_buf *out, const struct asked *asked, uint32_t selected)
{
	const struct quoin_ruleset *ruleset = asked->ruleset;
	uint32_t seen[4], count = 0, cell;
	struct quoin_ref ref;

	quoin_buf_put_str(out, ",\"shadows\":[");
	for (int priority = 1000; priority >= -1000; priority--) {
		for (size_t i = 0; i < ruleset->rule_count; i++) {
			const struct quoin_rule *rule = &ruleset->rules[i];
			bool targets = false, is_new = true;

			if (rule->priority != priority || !rule->is_enabled || rule->kind != QUOIN_RULE_SHADOW || count == 4)
				continue;
			for (size_t k = 0; k < rule->target_count; k++)
				targets |= rule->targets[k] == asked->objective;
			if (!targets || !rule_decides(asked, rule, &ref, &cell) || ref.model == selected)
				continue;
			for (uint32_t k = 0; k < count; k++)
				is_new = is_new && seen[k] != ref.model;
			if (!is_new)
				continue;
			quoin_buf_put_str(out, count > 0 ? ",{" : "{");
			print_model(out, &ruleset->models[ref.model]);
			quoin_buf_put_byte(out, '}');
			seen[count++] = ref.model;
		}
	}
	quoin_buf_put_byte(out, ']');
}

void
naive_decide(const struct quoin_ruleset *ruleset, const struct rulesets_context *context, struct quoin_buf *out)
{
	static const char *const reasons[] = {"default", "ab_test", "context", "split", "ramp", "", "override"};
	struct asked asked = {ruleset, context, UINT32_MAX};
	const struct quoin_objective *objective;
	const struct quoin_rule *rule = NULL;
	struct quoin_ref ref;
	uint32_t cell = 0;
	int index;

	for (uint32_t i = 0; i < ruleset->objective_count; i++) {
		if (strcmp(ruleset->objectives[i].name, context->objective) == 0)
			asked.objective = i;
	}
	quoin_buf_printf(out, "{\"objective\":\"%s\"", context->objective);
	if (asked.objective == UINT32_MAX) {
		quoin_buf_put_str(out, ",\"error\":\"unknown_objective\"}");
		return;
	}
	objective = &ruleset->objectives[asked.objective];
	ref = objective->default_ref;
	index = first_rule(&asked, &ref, &cell);
	if (index >= 0)
		rule = &ruleset->rules[index];
	else
		ref = objective->default_ref;
	quoin_buf_put_str(out, ",\"release\":7,");
	print_model(out, &ruleset->models[ref.model]);
	quoin_buf_put_str(out, ",\"config\":");
	merge(out, (const char *const[4]){objective->config, ruleset->models[ref.model].config, ref.config,
		       rule == NULL ? objective->default_config : rule->config});
	quoin_buf_printf(out, ",\"reason\":\"%s\",\"rule\":\"%s\"", reasons[rule == NULL ? 0 : (int)rule->kind],
	    rule == NULL ? objective->default_rule : rule->name);
	if (rule != NULL && rule->kind == QUOIN_RULE_AB_TEST)
		quoin_buf_printf(out, ",\"abTestId\":%llu,\"cell\":%u", (unsigned long long)rule->ab_test_id, cell);
	if (ref.model != objective->default_ref.model) {
		quoin_buf_put_str(out, ",\"fallback\":{");
		print_model(out, &ruleset->models[objective->default_ref.model]);
		quoin_buf_put_byte(out, '}');
	}
	print_shadows(out, &asked, ref.model);
	print_routes(out, ruleset, ref.model);
	quoin_buf_put_str(out, ",\"stale\":false}");
}
