#include "publisher/difference_maker.h"

#include <string.h>

#include "lib/assert.h"

void
quoin_difference_clear(struct quoin_difference *difference)
{
	quoin_arena_clear(&difference->arena);
	memset(difference, 0, sizeof *difference);
}

bool
quoin_difference_is_empty(const struct quoin_difference *difference)
{
	size_t shards = 0;

	for (size_t i = 0; i < difference->shard_count; i++)
		shards += difference->shards[i].is_changed;
	return difference->objective_count == 0 && difference->model_count == 0 && difference->route_count == 0 &&
	    shards == 0;
}

const char *
quoin_change_name(enum quoin_change change)
{
	static const char *const names[] = {"added", "removed", "changed"};

	return names[change];
}

const char *
quoin_aspect_name(enum quoin_aspect aspect)
{
	static const char *const names[QUOIN_ASPECTS] = {"kind", "when", "models", "percents", "buckets", "callers", "test",
	    "config", "default", "order", "digest", "uri", "demand", "limits", "requires", "vip", "hosts", "capacity",
	    "labels", "drain", "health_checked"};

	return names[aspect];
}

/* ---- Objectives ---- */

static const struct quoin_rule *
find_rule(const struct quoin_ruleset *ruleset, const uint32_t *order, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ruleset->rules[order[i]].name, name) == 0)
			return &ruleset->rules[order[i]];
	return NULL;
}

/* Whether the rules that both sides have are asked in the same order. */
static bool
is_same_order(const struct difference_maker *maker, const uint32_t *before, size_t before_count, const uint32_t *after,
    size_t after_count)
{
	size_t at = 0;

	for (size_t i = 0; i < after_count; i++) {
		const char *name = maker->after->rules[after[i]].name;

		if (find_rule(maker->before, before, before_count, name) == NULL)
			continue;
		while (find_rule(maker->after, after, after_count, maker->before->rules[before[at]].name) == NULL)
			at++;
		if (strcmp(maker->before->rules[before[at++]].name, name) != 0)
			return false;
	}
	return true;
}

/* The next model from "at" on that an override of any model, or of any version of some, admits for the objective. */
static const struct quoin_model *
next_admitted(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, const struct quoin_objective *objective,
    size_t *at)
{
	while (*at < ruleset->model_count) {
		const struct quoin_model *model = &ruleset->models[(*at)++];
		bool is_listed = rule->any_model;

		if (!model->is_used || strcmp(model->input_type, objective->input_type) != 0 ||
		    strcmp(model->model_type, objective->model_type) != 0)
			continue;
		for (size_t i = 0; !is_listed && i < rule->ref_count; i++)
			is_listed = rule->ref_any_version[i] && strcmp(ruleset->models[rule->refs[i].model].name, model->name) == 0;
		if (is_listed)
			return model;
	}
	return NULL;
}

/* Whether an override that reads the same admits other models, or another one is current. */
static bool
admits_otherwise(const struct difference_maker *maker, uint32_t b, const struct quoin_rule *before, uint32_t a,
    const struct quoin_rule *after)
{
	size_t at_before = 0, at_after = 0;
	const struct quoin_model *old, *new;

	if (before->kind != QUOIN_RULE_OVERRIDE || after->kind != QUOIN_RULE_OVERRIDE)
		return false;
	do {
		old = next_admitted(maker->before, before, &maker->before->objectives[b], &at_before);
		new = next_admitted(maker->after, after, &maker->after->objectives[a], &at_after);
		if (old == NULL || new == NULL)
			return old != new;
	} while (strcmp(old->routing_key, new->routing_key) == 0 && strcmp(old->digest, new->digest) == 0 &&
	    old->is_current == new->is_current && quoin_texts_equal(old->config, new->config));
	return true;
}

static int
compare_rules(struct difference_maker *maker, uint32_t b, uint32_t a, struct quoin_objective_change *change)
{
	const uint32_t *before = maker->order_before.rules[b], *after = maker->order_after.rules[a];
	size_t before_count = maker->order_before.counts[b], after_count = maker->order_after.counts[a];
	struct quoin_rule_change list[2 * QUOIN_RULES_PER_OBJECTIVE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < after_count; i++) {
		const struct quoin_rule *rule = &maker->after->rules[after[i]];
		const struct quoin_rule *old = find_rule(maker->before, before, before_count, rule->name);
		uint32_t aspects = old != NULL ? quoin_difference_rule(maker->before, old, maker->after, rule) : 0;

		if (old != NULL && admits_otherwise(maker, b, old, a, rule))
			aspects |= 1u << QUOIN_ASPECT_MODELS;
		if (old == NULL)
			list[count++] = (struct quoin_rule_change){QUOIN_CHANGE_ADDED, NULL, rule, 0};
		else if (aspects != 0)
			list[count++] = (struct quoin_rule_change){QUOIN_CHANGE_CHANGED, old, rule, aspects};
	}
	for (size_t i = 0; i < before_count; i++) {
		const struct quoin_rule *rule = &maker->before->rules[before[i]];

		if (find_rule(maker->after, after, after_count, rule->name) == NULL)
			list[count++] = (struct quoin_rule_change){QUOIN_CHANGE_REMOVED, rule, NULL, 0};
	}
	if (!is_same_order(maker, before, before_count, after, after_count))
		change->aspects |= 1u << QUOIN_ASPECT_ORDER;
	change->rules = difference_take(maker, count, sizeof list[0]);
	if (change->rules == NULL)
		return QUOIN_ENOMEM;
	memcpy(change->rules, list, count * sizeof list[0]);
	change->rule_count = count;
	return 0;
}

static void
compare_objectives(const struct difference_maker *maker, struct quoin_objective_change *change)
{
	const struct quoin_objective *before = change->before, *after = change->after;

	if (!quoin_difference_refs_equal(maker->before, &before->default_ref, maker->after, &after->default_ref) ||
	    strcmp(before->default_rule, after->default_rule) != 0)
		change->aspects |= 1u << QUOIN_ASPECT_DEFAULT;
	if (!quoin_texts_equal(before->config, after->config) ||
	    !quoin_texts_equal(before->default_config, after->default_config))
		change->aspects |= 1u << QUOIN_ASPECT_CONFIG;
}

static int
make_objectives(struct difference_maker *maker)
{
	const struct quoin_ruleset *before = maker->before, *after = maker->after;
	struct quoin_difference *difference = maker->difference;
	struct quoin_objective_change *list;
	size_t b = 0, a = 0;

	list = difference_take(maker, before->objective_count + after->objective_count, sizeof *list);
	if (list == NULL)
		return QUOIN_ENOMEM;
	difference->objectives = list;
	while (b < before->objective_count || a < after->objective_count) {
		const struct quoin_objective *old = b < before->objective_count ? &before->objectives[b] : NULL;
		const struct quoin_objective *new = a < after->objective_count ? &after->objectives[a] : NULL;
		int order = difference_compare_next(old != NULL ? old->name : NULL, new != NULL ? new->name : NULL);
		struct quoin_objective_change change = {.change = order < 0 ? QUOIN_CHANGE_REMOVED
			: order > 0 ? QUOIN_CHANGE_ADDED : QUOIN_CHANGE_CHANGED,
		    .before = order <= 0 ? old : NULL, .after = order >= 0 ? new : NULL};
		const struct quoin_objective *named = order < 0 ? old : new;

		QUOIN_ASSERT(named != NULL);
		if (order == 0) {
			compare_objectives(maker, &change);
			if (compare_rules(maker, (uint32_t)b, (uint32_t)a, &change) != 0)
				return QUOIN_ENOMEM;
		}
		change.objective = named->name;
		change.owner = named->owner != NULL ? named->owner : "";
		if (order != 0 || change.aspects != 0 || change.rule_count > 0)
			list[difference->objective_count++] = change;
		b += order <= 0;
		a += order >= 0;
	}
	return 0;
}

int
quoin_difference_make(const struct quoin_ruleset *before, const struct quoin_ruleset *after,
    struct quoin_difference *ret)
{
	struct difference_maker maker = {.difference = ret, .before = before, .after = after};
	int rc;

	*ret = (struct quoin_difference){.before = before, .after = after};
	rc = quoin_ruleset_order_all(before, &maker.order_before);
	if (rc == 0)
		rc = quoin_ruleset_order_all(after, &maker.order_after);
	if (rc == 0)
		rc = make_objectives(&maker);
	if (rc == 0)
		rc = quoin_difference_models(&maker);
	if (rc == 0)
		rc = quoin_difference_shards(&maker);
	quoin_rule_order_clear(&maker.order_before);
	quoin_rule_order_clear(&maker.order_after);
	return rc;
}
