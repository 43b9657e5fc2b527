#include <stdlib.h>
#include <string.h>

#include "lib/search.h"
#include "publisher/guard_try.h"

#define FEW 2 /* things that may always go */

static const struct quoin_place nowhere;

static bool
is_too_many(const struct guard *guard, const struct quoin_guard_input *input, size_t count, size_t all)
{
	return count > FEW && (double)count * 100 > (double)all * quoin_guard_threshold(guard, input);
}

/* ---- Defaults ---- */

/* The objectives of both are ascending by name. */
static const struct quoin_objective *
find_objective(const struct quoin_ruleset *ruleset, const char *name)
{
	bool found;
	const size_t at = quoin_search_text(ruleset->objectives != NULL ? &ruleset->objectives[0].name : NULL,
	    ruleset->objective_count, sizeof *ruleset->objectives, name, &found);

	return found ? &ruleset->objectives[at] : NULL;
}

int
quoin_guard_try_default_changed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const struct quoin_ruleset *base = input->base_ruleset, *now = &input->compiled->ruleset;
	size_t changed = 0;

	(void)err;
	for (size_t i = 0; base != NULL && i < base->objective_count; i++) {
		const struct quoin_objective *before = &base->objectives[i];
		const struct quoin_objective *after = find_objective(now, before->name);

		changed += after != NULL &&
		    strcmp(base->models[before->default_ref.model].routing_key,
			now->models[after->default_ref.model].routing_key) != 0;
	}
	if (base != NULL && is_too_many(guard, input, changed, base->objective_count))
		quoin_guard_object(guard, input, problems, nowhere, "the default of %zu of %zu objectives changes", changed,
		    base->objective_count);
	return 0;
}

/* ---- What is gone ---- */

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Ascending, each once; *ret is to be freed, its texts are the ruleset's. */
static int
sort_texts(const char **texts, size_t count, size_t *ret_count)
{
	size_t kept = 0;

	qsort(texts, count, sizeof *texts, compare_texts);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0)
			texts[kept++] = texts[i];
	*ret_count = kept;
	return 0;
}

static int
model_names(const struct quoin_ruleset *ruleset, const char ***ret, size_t *ret_count)
{
	const char **names = calloc(ruleset->model_count + 1, sizeof *names);
	size_t count = 0;

	if (names == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < ruleset->model_count; i++)
		if (ruleset->models[i].is_used)
			names[count++] = ruleset->models[i].name;
	*ret = names;
	return sort_texts(names, count, ret_count);
}

static int
rule_names(const struct quoin_ruleset *ruleset, const char ***ret, size_t *ret_count)
{
	const char **names = calloc(ruleset->rule_count + 1, sizeof *names);
	size_t count = 0;

	if (names == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < ruleset->rule_count; i++)
		if (ruleset->rules[i].is_enabled)
			names[count++] = ruleset->rules[i].name;
	*ret = names;
	return sort_texts(names, count, ret_count);
}

typedef int names_of(const struct quoin_ruleset *ruleset, const char ***ret, size_t *ret_count);

static int
try_gone(const struct guard *guard, const struct quoin_guard_input *input, names_of *names, const char *what,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const char **before = NULL, **after = NULL, *first = NULL;
	size_t before_count = 0, after_count = 0, gone = 0;
	int rc;

	if (input->base_ruleset == NULL)
		return 0;
	rc = names(input->base_ruleset, &before, &before_count);
	if (rc == 0)
		rc = names(&input->compiled->ruleset, &after, &after_count);
	for (size_t i = 0; rc == 0 && i < before_count; i++) {
		if (after_count > 0 && bsearch(&before[i], after, after_count, sizeof *after, compare_texts) != NULL)
			continue;
		first = first == NULL ? before[i] : first;
		gone++;
	}
	if (rc == 0 && is_too_many(guard, input, gone, before_count))
		quoin_guard_object(guard, input, problems, nowhere, "%zu of %zu %s are gone, \"%s\" the first of them", gone,
		    before_count, what, first);
	free(before);
	free(after);
	return rc == 0 ? 0 : quoin_error_set(err, rc, "out of memory while trying guards");
}

int
quoin_guard_try_models_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	return try_gone(guard, input, model_names, "models", problems, err);
}

int
quoin_guard_try_rules_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	return try_gone(guard, input, rule_names, "rules", problems, err);
}

static bool
has_part(const struct quoin_guard_input *input, const char *name)
{
	if (input->release != NULL)
		return quoin_release_part(input->release, name) != NULL;
	for (size_t i = 0; input->compiled != NULL && i < QUOIN_COMPILED_PARTS; i++)
		if (strcmp(input->compiled->parts[i].name, name) == 0)
			return true;
	return false;
}

int
quoin_guard_try_parts_removed(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const struct quoin_release *base = input->base_release;
	const char *first = NULL;
	size_t gone = 0;

	(void)err;
	for (size_t i = 0; base != NULL && i < base->part_count; i++) {
		if (has_part(input, base->parts[i].name))
			continue;
		first = first == NULL ? base->parts[i].name : first;
		gone++;
	}
	if (base != NULL && (double)gone > quoin_guard_threshold(guard, input))
		quoin_guard_object(guard, input, problems, nowhere,
		    "%zu of the %zu parts of release %llu are gone, \"%s\" the first of them", gone, base->part_count,
		    (unsigned long long)base->number, first);
	return 0;
}

/* ---- Buckets ---- */

/* Which entry of a split is which: by its model and config. "taken" marks entries that stand for others already. */
static size_t
find_entry(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, const struct quoin_ruleset *base,
    const struct quoin_ref *ref, const bool taken[QUOIN_SPLIT_MAX])
{
	const char *key = base->models[ref->model].routing_key;

	for (size_t i = 0; i < rule->ref_count && i < QUOIN_SPLIT_MAX; i++) {
		const char *config = rule->refs[i].config;

		if (!taken[i] && strcmp(ruleset->models[rule->refs[i].model].routing_key, key) == 0 &&
		    (config == NULL) == (ref->config == NULL) && (config == NULL || strcmp(config, ref->config) == 0))
			return i;
	}
	return SIZE_MAX;
}

/* Whether the entries that stay are in another order than they were. */
static bool
is_reordered(const struct quoin_ruleset *base, const struct quoin_rule *before, const struct quoin_ruleset *now,
    const struct quoin_rule *after)
{
	bool taken[QUOIN_SPLIT_MAX] = {false};
	size_t last = 0;

	for (size_t i = 0; i < before->ref_count; i++) {
		size_t at = find_entry(now, after, base, &before->refs[i], taken);

		if (at == SIZE_MAX)
			continue;
		taken[at] = true;
		if (at < last)
			return true;
		last = at;
	}
	return false;
}

/* What moved the units of the rule to other buckets, or NULL. */
static const char *
rebucketed_by(const struct quoin_ruleset *base, const struct quoin_rule *before, const struct quoin_ruleset *now,
    const struct quoin_rule *after)
{
	if (before->salt == NULL || after->salt == NULL || before->share_count == 0 || after->share_count == 0)
		return NULL;
	if (strcmp(before->salt, after->salt) != 0)
		return "salt";
	if (strcmp(before->by, after->by) != 0)
		return "unit (\"by\")";
	if (before->kind == QUOIN_RULE_SPLIT && after->kind == QUOIN_RULE_SPLIT && is_reordered(base, before, now, after))
		return "order of ranges";
	return NULL;
}

struct named_rule {
	const char *name;
	size_t index;
};

static int
compare_rules(const void *a, const void *b)
{
	return strcmp(((const struct named_rule *)a)->name, ((const struct named_rule *)b)->name);
}

int
quoin_guard_try_rebucket(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const struct quoin_ruleset *base = input->base_ruleset, *now = &input->compiled->ruleset;
	struct named_rule *rules = calloc(now->rule_count + 1, sizeof *rules);
	size_t count = 0, moved = 0;

	if (rules == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while trying guards");
	for (size_t i = 0; i < now->rule_count; i++)
		if (now->rules[i].is_enabled)
			rules[count++] = (struct named_rule){now->rules[i].name, i};
	qsort(rules, count, sizeof *rules, compare_rules);
	/* First count, then tell: up to the threshold nothing is to be said. */
	for (int pass = 0; pass < 2 && base != NULL && count > 0; pass++) {
		for (size_t i = 0; i < base->rule_count; i++) {
			const struct quoin_rule *before = &base->rules[i];
			const struct named_rule wanted = {before->name, 0};
			const struct named_rule *found = bsearch(&wanted, rules, count, sizeof *rules, compare_rules);
			const char *what = !before->is_enabled || found == NULL
			    ? NULL
			    : rebucketed_by(base, before, now, &now->rules[found->index]);

			if (what != NULL && pass == 0)
				moved++;
			else if (what != NULL && (double)moved > quoin_guard_threshold(guard, input))
				quoin_guard_object(guard, input, problems, input->compiled->places.rules[found->index],
				    "rule \"%s\" exists in the base with another %s: its users would be divided anew",
				    before->name, what);
		}
	}
	free(rules);
	return 0;
}
