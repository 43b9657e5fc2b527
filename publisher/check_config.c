#include "publisher/check_config.h"

#include <string.h>

/* Objective, model, reference, rule: later wins, by top-level key. */
#define LEVELS 4

/* The bytes of a member in canonical form, appended to "scratch" for counting. */
static size_t
member_bytes(const struct quoin_json *member, struct quoin_buf *scratch)
{
	quoin_buf_reset(scratch);
	quoin_json_print_string(quoin_span_str(quoin_json_key(member)), scratch);
	quoin_buf_put_byte(scratch, ':');
	quoin_json_print(member, scratch);
	return scratch->len;
}

/* The least key among the heads of the levels; all heads with this key step on, and the last of them is returned. */
static const struct quoin_json *
next_member(const struct quoin_json *heads[LEVELS])
{
	const struct quoin_json *last = NULL;

	for (size_t i = 0; i < LEVELS; i++) {
		if (heads[i] != NULL && (last == NULL || strcmp(quoin_json_key(heads[i]), quoin_json_key(last)) <= 0))
			last = heads[i];
	}
	for (size_t i = 0; last != NULL && i < LEVELS; i++) {
		if (heads[i] != NULL && strcmp(quoin_json_key(heads[i]), quoin_json_key(last)) == 0)
			heads[i] = quoin_json_next(heads[i]);
	}
	return last;
}

/* The bytes of the merged config. Canonical objects are sorted, so one walk over all of them merges. */
static size_t
merged_bytes(struct quoin_check_run *run, const char *const configs[LEVELS])
{
	struct quoin_json_doc *docs[LEVELS] = {0};
	const struct quoin_json *heads[LEVELS] = {0};
	const struct quoin_json *member;
	struct quoin_buf scratch;
	size_t bytes = 2, members = 0;

	quoin_buf_init(&scratch, QUOIN_JSON_BYTES_MAX * 2);
	for (size_t i = 0; i < LEVELS; i++) {
		if (configs[i] == NULL)
			continue;
		if (quoin_json_parse(quoin_span_str(configs[i]), &docs[i], NULL) != 0)
			run->is_out_of_memory = true;
		else
			heads[i] = quoin_json_first(quoin_json_root(docs[i]));
	}
	while ((member = next_member(heads)) != NULL)
		bytes += member_bytes(member, &scratch) + (members++ > 0 ? 1 : 0);
	if (scratch.error != 0)
		run->is_out_of_memory = true;
	for (size_t i = 0; i < LEVELS; i++)
		quoin_json_free(docs[i]);
	quoin_buf_clear(&scratch);
	return bytes;
}

static size_t
text_bytes(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

/* Whether the decision of this objective for this model is small enough; adds a problem at "place" otherwise. A reference
 * has no model when models.json could not be read: then there is nothing to measure. */
static bool
check_decision(struct quoin_check_run *run, const struct quoin_objective *objective, uint32_t model,
    const char *ref_config, const char *rule_config, struct quoin_place place)
{
	const char *configs[LEVELS] = {objective->config, NULL, ref_config, rule_config};
	size_t bytes = 0;

	if (model == QUOIN_CHECK_NONE)
		return true;
	configs[1] = run->models[model].config;
	for (size_t i = 0; i < LEVELS; i++)
		bytes += text_bytes(configs[i]);
	if (bytes <= QUOIN_CONFIG_BYTES_MAX)
		return true;
	bytes = merged_bytes(run, configs);
	if (bytes <= QUOIN_CONFIG_BYTES_MAX)
		return true;
	quoin_problem_error(run->problems, "limit", place,
	    "the config of objective \"%s\" with model \"%s\" has %zu bytes; at most %u are allowed", objective->name,
	    run->models[model].routing_key != NULL ? run->models[model].routing_key : run->models[model].name, bytes,
	    QUOIN_CONFIG_BYTES_MAX);
	return false;
}

/* Whether an override may lead to this model although it is not named by version. */
static bool
is_admitted(const struct quoin_check_run *run, const struct quoin_rule *rule, size_t ref,
    const struct quoin_objective *objective, uint32_t model)
{
	const struct quoin_model *have = &run->models[model];

	if (!have->is_used || have->input_type == NULL || have->model_type == NULL)
		return false;
	if (!rule->any_model && rule->refs[ref].model == QUOIN_CHECK_NONE)
		return false;
	if (!rule->any_model)
		return strcmp(run->models[rule->refs[ref].model].name, have->name) == 0;
	return objective->input_type != NULL && objective->model_type != NULL &&
	    strcmp(have->input_type, objective->input_type) == 0 &&
	    strcmp(have->model_type, objective->model_type) == 0;
}

/* An override's reference that admits several models: "ref" is its index, or 0 when any model is allowed. */
static bool
check_admitted(struct quoin_check_run *run, const struct quoin_rule *rule, size_t ref,
    const struct quoin_objective *objective, struct quoin_place place)
{
	const char *config = rule->any_model ? NULL : rule->refs[ref].config;

	for (uint32_t i = 0; i < run->model_count; i++) {
		if (is_admitted(run, rule, ref, objective, i) &&
		    !check_decision(run, objective, i, config, rule->config, place))
			return false;
	}
	return true;
}

/* All decisions of one rule for one objective, up to the first that is too large. */
static void
check_rule(struct quoin_check_run *run, const struct quoin_rule *rule, const struct quoin_objective *objective,
    struct quoin_place place)
{
	bool is_good = true;

	for (size_t i = 0; is_good && i < rule->cell_count; i++)
		is_good = check_decision(run, objective, rule->cells[i].ref.model, rule->cells[i].ref.config,
		    rule->config, place);
	for (size_t i = 0; is_good && i < rule->ref_count; i++) {
		if (rule->kind == QUOIN_RULE_OVERRIDE && rule->ref_any_version[i])
			is_good = check_admitted(run, rule, i, objective, place);
		else
			is_good = check_decision(run, objective, rule->refs[i].model, rule->refs[i].config,
			    rule->config, place);
	}
	if (is_good && rule->kind == QUOIN_RULE_OVERRIDE && rule->any_model)
		check_admitted(run, rule, 0, objective, place);
}

static bool
selects(const struct quoin_rule *rule)
{
	return rule->kind != QUOIN_RULE_DEFAULT && rule->kind != QUOIN_RULE_SHADOW && rule->kind != QUOIN_RULE_ROUTE;
}

void
quoin_check_configs(struct quoin_check_run *run)
{
	for (size_t i = 0; i < run->objective_count; i++) {
		const struct quoin_objective *objective = &run->objectives[i];

		if (objective->default_ref.model != QUOIN_CHECK_NONE) {
			check_decision(run, objective, objective->default_ref.model, objective->default_ref.config,
			    objective->default_config, run->objective_places[i]);
		}
	}
	for (size_t i = 0; i < run->rule_count && !run->is_out_of_memory; i++) {
		const struct quoin_rule *rule = &run->rules[i];

		if (!run->rule_notes[i].is_sound || !rule->is_enabled || !selects(rule))
			continue;
		for (size_t j = 0; j < rule->target_count; j++)
			check_rule(run, rule, &run->objectives[rule->targets[j]], run->rule_places[i]);
	}
}
