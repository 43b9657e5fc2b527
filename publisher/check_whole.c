#include "publisher/check_whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "file:line" of a rule, for messages. */
static void
print_rule_place(const struct quoin_check_run *run, size_t rule, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "%.200s:%u", run->rule_places[rule].file, run->rule_places[rule].line);
}
#define PLACE_BYTES 224

/* ---- Names ---- */

struct named {
	const char *name;
	size_t rule;
};

static int
compare_named(const void *left, const void *right)
{
	const struct named *a = left;
	const struct named *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static void
check_names(struct quoin_check_run *run)
{
	struct named *names = calloc(run->rule_count + 1, sizeof *names);
	size_t count = 0;
	char place[PLACE_BYTES];

	if (names == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < run->rule_count; i++) {
		if (run->rules[i].name != NULL)
			names[count++] = (struct named){run->rules[i].name, i};
	}
	qsort(names, count, sizeof *names, compare_named);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i - 1].name, names[i].name) != 0)
			continue;
		print_rule_place(run, names[i - 1].rule, place, sizeof place);
		quoin_problem_error(run->problems, "duplicate_name", run->rule_places[names[i].rule],
		    "the name \"%s\" is also that of the rule at %s; every rule has its own", names[i].name, place);
	}
	free(names);
}

/* ---- Defaults ---- */

/* One enabled default rule gives this objective its default, or is one too many. "given" has a rule's index + 1. */
static void
give_default(struct quoin_check_run *run, size_t rule, uint32_t target, size_t *given)
{
	struct quoin_objective *objective = &run->objectives[target];
	char place[PLACE_BYTES];

	if (objective->default_rule != NULL || given[target] > 0) {
		if (given[target] > 0) {
			print_rule_place(run, given[target] - 1, place, sizeof place);
		} else {
			snprintf(place, sizeof place, "%.200s:%u", run->objective_places[target].file,
			    run->objective_places[target].line);
		}
		quoin_problem_error(run->problems, "two_defaults", run->rule_places[rule],
		    "objective \"%s\" has a default already, at %s; remove one of them", objective->name, place);
		return;
	}
	given[target] = rule + 1;
	objective->default_rule = run->rules[rule].name;
	objective->default_config = run->rules[rule].config;
	if (run->rules[rule].ref_count == 1)
		objective->default_ref = run->rules[rule].refs[0];
}

/* An objective that nothing gives a default: say so, and name a disabled rule that would have. */
static void
refuse_missing_default(struct quoin_check_run *run, uint32_t objective)
{
	char hint[PLACE_BYTES + 96] = "; add \"default\" to it, or a rule with \"defaultModel\"";
	char place[PLACE_BYTES];

	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		for (size_t j = 0; j < rule->target_count; j++) {
			if (!run->rule_notes[i].has_kind || rule->kind != QUOIN_RULE_DEFAULT || rule->is_enabled ||
			    rule->targets[j] != objective)
				continue;
			print_rule_place(run, i, place, sizeof place);
			snprintf(hint, sizeof hint, "; the default rule at %s is disabled, enable it or add another",
			    place);
		}
	}
	quoin_problem_error(run->problems, "no_default", run->objective_places[objective],
	    "objective \"%s\" has no default%s%s", run->objectives[objective].name, hint,
	    run->has_eval_errors ? " (functions that failed gave no rules)" : "");
}

static void
check_defaults(struct quoin_check_run *run)
{
	size_t *given = calloc(run->objective_count + 1, sizeof *given);

	if (given == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (!run->rule_notes[i].has_kind || rule->kind != QUOIN_RULE_DEFAULT || !rule->is_enabled)
			continue;
		for (size_t j = 0; j < rule->target_count; j++)
			give_default(run, i, rule->targets[j], given);
	}
	for (size_t i = 0; i < run->objective_count; i++) {
		if (run->objectives[i].default_rule == NULL && given[i] == 0)
			refuse_missing_default(run, (uint32_t)i);
	}
	free(given);
}

/* ---- Tests ---- */

static bool
has_allocation(const struct quoin_check_run *run, size_t rule)
{
	return run->rule_notes[rule].is_sound && run->rules[rule].kind == QUOIN_RULE_AB_TEST &&
	    run->rules[rule].share_count > 0;
}

static bool
is_same_allocation(const struct quoin_rule *a, const struct quoin_rule *b)
{
	if (strcmp(a->by, b->by) != 0 || strcmp(a->salt, b->salt) != 0 || a->share_count != b->share_count)
		return false;
	for (size_t i = 0; i < a->share_count; i++) {
		if (a->shares[i].key != b->shares[i].key || a->shares[i].share != b->shares[i].share)
			return false;
	}
	return true;
}

struct test {
	uint64_t id;
	size_t rule;
};

static int
compare_tests(const void *left, const void *right)
{
	const struct test *a = left;
	const struct test *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

/* One test divides its users one way, in all its rules. */
static void
check_allocations(struct quoin_check_run *run)
{
	struct test *tests = calloc(run->rule_count + 1, sizeof *tests);
	size_t count = 0;
	char place[PLACE_BYTES];

	if (tests == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < run->rule_count; i++) {
		if (has_allocation(run, i))
			tests[count++] = (struct test){run->rules[i].ab_test_id, i};
	}
	qsort(tests, count, sizeof *tests, compare_tests);
	for (size_t i = 1; i < count; i++) {
		if (tests[i].id != tests[i - 1].id ||
		    is_same_allocation(&run->rules[tests[i - 1].rule], &run->rules[tests[i].rule]))
			continue;
		print_rule_place(run, tests[i - 1].rule, place, sizeof place);
		quoin_problem_error(run->problems, "two_allocations", run->rule_places[tests[i].rule],
		    "test %llu is allocated differently by the rule at %s; give both the same allocation, or only "
		    "one of them any",
		    (unsigned long long)tests[i].id, place);
	}
	free(tests);
}

/* ---- Routes ---- */

static void
check_routes(struct quoin_check_run *run)
{
	size_t *routed = calloc(run->model_count + 1, sizeof *routed);
	char place[PLACE_BYTES];

	if (routed == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];
		uint32_t model = rule->ref_count > 0 ? rule->refs[0].model : QUOIN_CHECK_NONE;

		if (!run->rule_notes[i].has_kind || rule->kind != QUOIN_RULE_ROUTE || !rule->is_enabled ||
		    model == QUOIN_CHECK_NONE)
			continue;
		if (routed[model] == 0) {
			routed[model] = i + 1;
			continue;
		}
		print_rule_place(run, routed[model] - 1, place, sizeof place);
		quoin_problem_error(run->problems, "two_routes", run->rule_places[i],
		    "model \"%s\" is routed already by the rule at %s; a model version has at most one route",
		    run->models[model].routing_key != NULL ? run->models[model].routing_key : run->models[model].name,
		    place);
	}
	free(routed);
}

/* ---- Which models a release contains ---- */

static void
mark(struct quoin_check_run *run, struct quoin_ref ref)
{
	if (ref.model != QUOIN_CHECK_NONE)
		run->models[ref.model].is_used = true;
}

static void
mark_models(struct quoin_check_run *run)
{
	for (size_t i = 0; i < run->objective_count; i++)
		mark(run, run->objectives[i].default_ref);
	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (!rule->is_enabled)
			continue;
		for (size_t j = 0; j < rule->ref_count; j++)
			mark(run, rule->refs[j]);
		for (size_t j = 0; j < rule->cell_count; j++)
			mark(run, rule->cells[j].ref);
	}
}

/* Where something could not be read, it may have named the model: nothing is said then. */
static void
warn_unused(struct quoin_check_run *run)
{
	if (run->problems->error_count > 0)
		return;
	for (size_t i = 0; i < run->model_count; i++) {
		const struct quoin_model *model = &run->models[i];

		if (model->is_used)
			continue;
		quoin_problem_warning(run->problems, "unused_model", run->model_places[i],
		    "nothing names model \"%s\", so the release does not contain it; remove it, or name it in a rule",
		    model->routing_key != NULL ? model->routing_key : model->name);
	}
}

/* A version of the model that the release contains but that the objective cannot use. */
static uint32_t
find_misfit(const struct quoin_check_run *run, uint32_t model, const struct quoin_objective *objective)
{
	const char *name;
	uint32_t first = model;

	if (model == QUOIN_CHECK_NONE)
		return QUOIN_CHECK_NONE;
	name = run->models[model].name;
	while (first > 0 && strcmp(run->models[first - 1].name, name) == 0)
		first--;
	for (uint32_t i = first; i < run->model_count && strcmp(run->models[i].name, name) == 0; i++) {
		const struct quoin_model *have = &run->models[i];

		if (have->is_used && have->input_type != NULL && have->model_type != NULL &&
		    objective->input_type != NULL && objective->model_type != NULL &&
		    (strcmp(have->input_type, objective->input_type) != 0 ||
			strcmp(have->model_type, objective->model_type) != 0))
			return i;
	}
	return QUOIN_CHECK_NONE;
}

/* A reference without version in an override admits every version in the release: all must be of the right types. */
static void
check_admitted(struct quoin_check_run *run)
{
	for (size_t i = 0; i < run->rule_count; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (!run->rule_notes[i].is_sound || rule->kind != QUOIN_RULE_OVERRIDE || !rule->is_enabled)
			continue;
		for (size_t j = 0; j < rule->ref_count; j++) {
			for (size_t k = 0; rule->ref_any_version[j] && k < rule->target_count; k++) {
				const struct quoin_objective *objective = &run->objectives[rule->targets[k]];
				uint32_t misfit = find_misfit(run, rule->refs[j].model, objective);

				if (misfit == QUOIN_CHECK_NONE)
					continue;
				quoin_problem_error(run->problems, "type_mismatch", run->rule_places[i],
				    "the override admits every version of \"%s\", but \"%s\" is not of the types of "
				    "objective \"%s\"; name a version",
				    run->models[misfit].name, run->models[misfit].routing_key, objective->name);
			}
		}
	}
}

void
quoin_check_whole(struct quoin_check_run *run)
{
	check_names(run);
	check_defaults(run);
	check_allocations(run);
	check_routes(run);
	mark_models(run);
	warn_unused(run);
	check_admitted(run);
}
