#include "publisher/check_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/check_extra.h"
#include "publisher/check_kind.h"
#include "publisher/check_value.h"
#include "publisher/check_when.h"

#define PRIORITY_MAX 1000

/* The name that a rule has by itself: its function's, with "#n" in an array. */
static const char *
given_name(struct quoin_check_rule *read)
{
	char name[QUOIN_NAME_BYTES_MAX + 32];
	int len;

	if (read->element > 0)
		len = snprintf(name, sizeof name, "%s#%zu", read->function, read->element);
	else
		len = snprintf(name, sizeof name, "%s", read->function);
	if (len > 0 && (size_t)len < sizeof name && quoin_rule_name_is_valid(quoin_span_str(name)))
		return quoin_check_copy(read->run, name);
	quoin_check_error(read->run, &read->source, read->node, "bad_name",
	    "the function's name \"%.64s\" cannot be the name of a rule; give the rule a \"name\" of its own",
	    read->function);
	return NULL;
}

static const char *
own_name(struct quoin_check_rule *read, const struct quoin_json *node)
{
	const char *name;

	read->has_own_name = true;
	if (!quoin_check_is(read->run, &read->source, node, QUOIN_JSON_STRING, "\"name\""))
		return NULL;
	name = quoin_json_string(node);
	if (strcmp(name, "default") == 0) {
		quoin_check_error(read->run, &read->source, node, "bad_name",
		    "no rule may be called \"default\", which is the default of objectives.json; choose another name");
		return NULL;
	}
	if (quoin_rule_name_is_valid(quoin_span_str(name)))
		return quoin_check_copy(read->run, name);
	quoin_check_error(read->run, &read->source, node, "bad_name",
	    "\"name\" is \"%.128s\"; a name of a rule is 1 to %d of the characters A-Z a-z 0-9 . _ - #", name,
	    QUOIN_NAME_BYTES_MAX);
	return NULL;
}

static void
read_name(struct quoin_check_rule *read)
{
	const struct quoin_json *node = quoin_json_get(read->node, "name");

	if (node != NULL)
		read->rule->name = own_name(read, node);
	else if (read->function != NULL)
		read->rule->name = given_name(read);
	else
		quoin_check_error(read->run, &read->source, read->node, "missing_key",
		    "\"name\" is missing; rules of *.rules.json need names");
	if (read->source.line != 0 && read->rule->name != NULL)
		read->source.rule = read->rule->name;
}

static int
compare_indexes(const void *left, const void *right)
{
	const uint32_t *a = left;
	const uint32_t *b = right;

	return (*a > *b) - (*a < *b);
}

/* One target; QUOIN_CHECK_NONE with a problem if there is no such objective. */
static uint32_t
find_target(struct quoin_check_rule *read, const struct quoin_json *node)
{
	struct quoin_check_run *run = read->run;
	char advice[QUOIN_CHECK_ADVICE_BYTES];
	uint32_t index;

	if (!quoin_check_is(run, &read->source, node, QUOIN_JSON_STRING, "a target objective"))
		return QUOIN_CHECK_NONE;
	index = quoin_check_find(run->objective_names, run->objective_count, quoin_json_string(node));
	if (index == QUOIN_CHECK_NONE && run->has_objectives) {
		quoin_check_advise(quoin_json_string(node), run->objective_names, run->objective_count,
		    "add it to objectives.json", advice, sizeof advice);
		quoin_check_error(run, &read->source, node, "unknown_objective", "there is no objective \"%.128s\"%s",
		    quoin_json_string(node), advice);
	}
	return index;
}

static bool
has_target(const struct quoin_rule *rule, uint32_t index)
{
	for (size_t i = 0; i < rule->target_count; i++) {
		if (rule->targets[i] == index)
			return true;
	}
	return false;
}

static void
read_targets(struct quoin_check_rule *read)
{
	struct quoin_check_run *run = read->run;
	struct quoin_rule *rule = read->rule;
	const struct quoin_json *array = quoin_check_member(run, &read->source, read->node, "targetObjectives",
	    QUOIN_JSON_ARRAY, QUOIN_CHECK_REQUIRED);
	size_t count = array != NULL ? quoin_json_count(array) : 0;
	uint32_t *targets;

	if (array != NULL && count == 0) {
		quoin_check_error(run, &read->source, array, "no_targets",
		    "\"targetObjectives\" is empty; name at least one objective");
	}
	if (count > QUOIN_OBJECTIVES_MAX) {
		quoin_check_error(run, &read->source, array, "limit",
		    "the rule has %zu target objectives; at most %d are allowed", count, QUOIN_OBJECTIVES_MAX);
		return;
	}
	targets = count > 0 ? quoin_check_take(run, count, sizeof *targets) : NULL;
	if (targets == NULL)
		return;
	rule->targets = targets;
	for (const struct quoin_json *item = quoin_json_first(array); item != NULL; item = quoin_json_next(item)) {
		uint32_t index = find_target(read, item);

		if (index == QUOIN_CHECK_NONE)
			continue;
		if (has_target(rule, index)) {
			quoin_check_error(run, &read->source, item, "duplicate_target",
			    "objective \"%s\" is a target twice; name it once", run->objective_names[index]);
			continue;
		}
		targets[rule->target_count++] = index;
	}
	qsort(targets, rule->target_count, sizeof *targets, compare_indexes);
}

/* modelInputType or modelType: if given, that of every target. Returns it, or NULL. */
static const char *
read_type(struct quoin_check_rule *read, const char *key, bool is_input)
{
	struct quoin_check_run *run = read->run;
	const char *type = quoin_check_text_member(run, &read->source, read->node, key, QUOIN_CHECK_OPTIONAL,
	    QUOIN_CHECK_TYPE_BYTES_MAX);

	for (size_t i = 0; type != NULL && i < read->rule->target_count; i++) {
		const struct quoin_objective *objective = &run->objectives[read->rule->targets[i]];
		const char *want = is_input ? objective->input_type : objective->model_type;

		if (want == NULL || strcmp(want, type) == 0)
			continue;
		quoin_check_error(run, &read->source, quoin_json_get(read->node, key), "type_mismatch",
		    "\"%s\" is \"%s\", but objective \"%s\" has \"%s\"; they must be equal", key, type, objective->name,
		    want);
		/* Models are compared with the objective; a second problem for each of them would say the same. */
		return NULL;
	}
	return type;
}

static void
read_when(struct quoin_check_rule *read)
{
	const struct quoin_json *node = quoin_json_get(read->node, "when");
	struct quoin_when *when;

	if (node == NULL)
		return;
	when = quoin_check_take(read->run, 1, sizeof *when);
	if (when == NULL || !quoin_check_when(read->run, &read->source, node, when))
		return;
	/* A block without conditions holds always, like none at all. */
	read->rule->when = quoin_check_when_is_empty(when) ? NULL : when;
}

static bool
has_key(enum quoin_rule_kind kind, const char *key)
{
	for (const char *const *keys = quoin_check_kind_keys(kind); *keys != NULL; keys++) {
		if (strcmp(*keys, key) == 0)
			return true;
	}
	return false;
}

static void
read_common(struct quoin_check_rule *read)
{
	struct quoin_check_run *run = read->run;
	struct quoin_rule *rule = read->rule;

	if (quoin_check_kind_has_targets(rule->kind))
		read_targets(read);
	rule->is_enabled = quoin_check_bool_member(run, &read->source, read->node, "enabled", true);
	if (has_key(rule->kind, "priority")) {
		rule->priority = (int32_t)quoin_check_int_member(run, &read->source, read->node, "priority",
		    -PRIORITY_MAX, PRIORITY_MAX, 0);
	}
	read->input_type = read_type(read, "modelInputType", true);
	read->model_type = read_type(read, "modelType", false);
	if (has_key(rule->kind, "when"))
		read_when(read);
	rule->config = quoin_check_config(run, &read->source, read->node);
	rule->extra = quoin_check_extra(run, read->node);
}

void
quoin_check_rule(struct quoin_check_rule *read)
{
	struct quoin_rule *rule = read->rule;

	rule->is_enabled = true;
	if (!quoin_check_is(read->run, &read->source, read->node, QUOIN_JSON_OBJECT, "a rule"))
		return;
	read_name(read);
	if (!quoin_check_kind_find(read, &rule->kind))
		return;
	read->has_kind = true;
	quoin_check_keys(read->run, &read->source, read->node, quoin_check_kind_keys(rule->kind),
	    quoin_check_kind_words(rule->kind));
	read_common(read);
	quoin_check_kind_read(read);
}
