/*
 * Reading is lenient about form and strict about meaning; what was read is printed again and must give the same bytes,
 * so that only what the printer writes is accepted.
 */
#include <stdio.h>
#include <string.h>

#include "formats/source_reader.h"
#include "lib/text.h"

/* ---- Conditions ---- */

static void
read_scalar(struct source_reader *reader, const struct quoin_json *node, struct quoin_scalar *ret)
{
	switch (quoin_json_kind(node)) {
	case QUOIN_JSON_STRING:
		ret->kind = QUOIN_SCALAR_STRING;
		ret->string = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(node)));
		if (ret->string == NULL)
			quoin_source_take(reader, SIZE_MAX / 2, 1);
		break;
	case QUOIN_JSON_NUMBER:
		ret->kind = QUOIN_SCALAR_NUMBER;
		ret->number = quoin_json_number(node);
		break;
	case QUOIN_JSON_BOOL:
		ret->kind = QUOIN_SCALAR_BOOL;
		ret->boolean = quoin_json_bool(node);
		break;
	default:
		quoin_source_refuse(reader, node, "expected a scalar");
		break;
	}
}

static const char *
read_bound(struct source_reader *reader, const struct quoin_json *node, const char *at, struct quoin_version_bound *ret)
{
	struct quoin_span digits;
	uint64_t component;
	char comparator[3] = {0};
	size_t len = strspn(at, "<>=");

	if (len == 0 || len > 2) {
		quoin_source_refuse(reader, node, "a version's comparator");
		return "";
	}
	memcpy(comparator, at, len);
	ret->comparator = quoin_source_read_word(reader, node, comparator, quoin_source_comparators, SOURCE_COMPARATORS);
	at += len;
	for (size_t i = 0; i < 4; i++) {
		digits = quoin_span_of(at, strspn(at, "0123456789"));
		at += digits.len;
		if (!quoin_u64_parse(digits, &component) || component > UINT32_MAX || (i < 3 && *at++ != '.')) {
			quoin_source_refuse(reader, node, "a version's components");
			return "";
		}
		ret->components[i] = (uint32_t)component;
	}
	return *at == ' ' ? at + 1 : at;
}

static void
read_bounds(struct source_reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const char *text = quoin_json_kind(node) == QUOIN_JSON_STRING ? quoin_json_string(node) : "";
	struct quoin_version_bound *bounds = quoin_source_take(reader, strlen(text), sizeof *bounds);

	if (bounds == NULL)
		return;
	while (*text != '\0' && reader->rc == 0)
		text = read_bound(reader, node, text, &bounds[ret->bound_count++]);
	ret->bounds = bounds;
}

static void
read_leaf(struct source_reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const struct quoin_json *operand, *child;
	struct quoin_scalar *scalars;
	bool is_list;

	ret->kind = QUOIN_WHEN_LEAF;
	ret->attribute = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(node)));
	operand = quoin_json_kind(node) == QUOIN_JSON_OBJECT ? quoin_json_first(node) : NULL;
	if (operand == NULL || ret->attribute == NULL) {
		quoin_source_refuse(reader, node, "expected one operator");
		return;
	}
	ret->op = quoin_source_read_word(reader, node, quoin_json_key(operand), quoin_source_operators, SOURCE_OPERATORS);
	if (ret->op == QUOIN_OP_VERSION) {
		read_bounds(reader, operand, ret);
		return;
	}
	is_list = quoin_json_kind(operand) == QUOIN_JSON_ARRAY;
	ret->scalar_count = is_list ? quoin_json_count(operand) : 1;
	ret->scalars = scalars = quoin_source_take(reader, ret->scalar_count, sizeof *scalars);
	if (scalars == NULL)
		return;
	if (!is_list)
		read_scalar(reader, operand, scalars);
	for (child = is_list ? quoin_json_first(operand) : NULL; child != NULL; child = quoin_json_next(child))
		read_scalar(reader, child, scalars++);
	if (ret->scalar_count == 0 || (ret->op == QUOIN_OP_PREFIX && ret->scalars[0].kind != QUOIN_SCALAR_STRING))
		quoin_source_refuse(reader, node, "an operator's value");
}

static void
read_when(struct source_reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const struct quoin_json *first = quoin_json_kind(node) == QUOIN_JSON_OBJECT ? quoin_json_first(node) : NULL, *child;
	struct quoin_when *children;
	const char *key;

	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT) {
		quoin_source_refuse(reader, node, "a condition is no object");
		return;
	}
	if (first == NULL)
		return;
	key = quoin_json_key(first);
	if (strcmp(key, "allOf") != 0 && strcmp(key, "anyOf") != 0 && strcmp(key, "not") != 0) {
		read_leaf(reader, first, ret);
		return;
	}
	ret->kind = key[0] == 'n' ? QUOIN_WHEN_NOT : key[1] == 'l' ? QUOIN_WHEN_ALL : QUOIN_WHEN_ANY;
	ret->child_count = ret->kind == QUOIN_WHEN_NOT ? 1
	    : quoin_json_kind(first) == QUOIN_JSON_ARRAY ? quoin_json_count(first) : 0;
	ret->children = children = quoin_source_take(reader, ret->child_count, sizeof *children);
	if (children == NULL)
		return;
	if (ret->kind == QUOIN_WHEN_NOT) {
		read_when(reader, first, children);
		return;
	}
	for (child = ret->child_count == 0 ? NULL : quoin_json_first(first); child != NULL; child = quoin_json_next(child))
		read_when(reader, child, children++);
}

/* ---- Rules ---- */

static void
read_targets(struct source_reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_ruleset *ruleset = reader->ruleset;
	const char *const *names = quoin_source_read_texts(reader, node, "targets", &rule->target_count);
	uint32_t *targets = quoin_source_take(reader, rule->target_count, sizeof *targets);
	size_t objective = 0;

	rule->targets = targets;
	for (size_t i = 0; names != NULL && targets != NULL && reader->rc == 0 && i < rule->target_count; i++) {
		while (objective < ruleset->objective_count && strcmp(ruleset->objectives[objective].name, names[i]) != 0)
			objective++;
		if (objective == ruleset->objective_count)
			quoin_source_refuse(reader, node, "targets an unknown objective, or out of order");
		targets[i] = (uint32_t)objective;
	}
}

static void
read_cells(struct source_reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = NULL;
	struct quoin_cell *cells;

	if (quoin_json_get(node, "cells") != NULL)
		child = quoin_source_read_list(reader, node, "cells", QUOIN_CELLS_MAX, &rule->cell_count);
	rule->cells = cells = quoin_source_take(reader, rule->cell_count, sizeof *cells);
	for (; cells != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), cells++) {
		cells->cell = (uint32_t)quoin_source_read_int(reader, child, "cell", 0, INT32_MAX);
		cells->ref = quoin_source_read_ref(reader, quoin_source_member(reader, child, "ref", QUOIN_JSON_OBJECT, true));
	}
}

static void
read_refs(struct source_reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = quoin_source_read_list(reader, node, "refs", QUOIN_MODELS_MAX, &rule->ref_count), *flags;
	struct quoin_ref *refs = quoin_source_take(reader, rule->ref_count, sizeof *refs);
	bool *any_version = NULL;

	rule->refs = refs;
	for (; refs != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), refs++)
		*refs = quoin_source_read_ref(reader, child);
	flags = quoin_source_member(reader, node, "anyVersion", QUOIN_JSON_ARRAY, false);
	if (flags == NULL && rule->kind != QUOIN_RULE_OVERRIDE)
		return;
	any_version = quoin_source_take(reader, rule->ref_count, sizeof *any_version);
	if (flags != NULL && quoin_json_count(flags) != rule->ref_count)
		quoin_source_refuse(reader, flags, "anyVersion has another length than refs");
	if (flags == NULL || any_version == NULL || reader->rc != 0)
		return;
	rule->ref_any_version = any_version;
	child = rule->ref_count == 0 ? NULL : quoin_json_first(flags);
	for (; child != NULL; child = quoin_json_next(child))
		*any_version++ = quoin_json_kind(child) == QUOIN_JSON_BOOL && quoin_json_bool(child);
}

static void
read_shares(struct source_reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = quoin_source_read_list(reader, node, "shares", QUOIN_SHARDS_MAX, &rule->share_count);
	struct quoin_share *shares = quoin_source_take(reader, rule->share_count, sizeof *shares);

	rule->shares = shares;
	for (; shares != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), shares++) {
		shares->share = (uint32_t)quoin_source_read_int(reader, child, "share", 0, 100000);
		shares->key = rule->kind == QUOIN_RULE_ROUTE
		    ? quoin_source_read_shard_name(reader, child)
		    : (uint32_t)quoin_source_read_int(reader, child, "key", 0, INT32_MAX);
	}
}

/* What an encoder of the rule relies on. */
static bool
rule_is_whole(const struct quoin_rule *rule)
{
	bool has_share = rule->share_count > 0;

	if (has_share && rule->kind != QUOIN_RULE_ROUTE && (rule->by == NULL || rule->salt == NULL))
		return false;
	for (size_t i = 0; i < rule->share_count; i++) {
		size_t k = 0;

		if (rule->kind == QUOIN_RULE_SPLIT && rule->shares[i].key >= rule->ref_count)
			return false;
		while (rule->kind == QUOIN_RULE_AB_TEST && k < rule->cell_count && rule->cells[k].cell != rule->shares[i].key)
			k++;
		if (rule->kind == QUOIN_RULE_AB_TEST && k == rule->cell_count)
			return false;
	}
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		return rule->cell_count > 0;
	case QUOIN_RULE_CONTEXT:
		return rule->ref_count == 1 && !has_share;
	case QUOIN_RULE_SPLIT:
		return rule->ref_count == rule->share_count && has_share;
	case QUOIN_RULE_RAMP:
	case QUOIN_RULE_SHADOW:
		return rule->ref_count == 1 && rule->share_count == 1;
	case QUOIN_RULE_OVERRIDE:
		return (rule->any_model || rule->ref_any_version != NULL) && !has_share;
	default:
		return true;
	}
}

static void
read_rule(struct source_reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *when;
	struct quoin_when *tree;

	rule->kind = quoin_source_read_word(reader, node, quoin_source_read_text(reader, node, "kind", true),
	    quoin_source_kinds, SOURCE_KINDS);
	rule->name = quoin_source_read_text(reader, node, "name", true);
	rule->file = quoin_source_read_text(reader, node, "file", true);
	rule->line = (uint32_t)quoin_source_read_int(reader, node, "line", 0, UINT32_MAX);
	rule->priority = (int32_t)quoin_source_read_int(reader, node, "priority", INT32_MIN, INT32_MAX);
	rule->is_enabled = quoin_source_read_bool(reader, node, "enabled");
	rule->config = quoin_source_read_object(reader, node, "config");
	rule->extra = quoin_source_read_object(reader, node, "extra");
	rule->by = quoin_source_read_text(reader, node, "by", false);
	rule->salt = quoin_source_read_text(reader, node, "salt", false);
	if (rule->kind == QUOIN_RULE_AB_TEST)
		rule->ab_test_id = quoin_source_read_int(reader, node, "abTestId", 0, SOURCE_NUMBER_MAX);
	if (rule->kind == QUOIN_RULE_OVERRIDE)
		rule->any_model = quoin_source_read_bool(reader, node, "anyModel");
	if (reader->rc != 0)
		return;
	if (quoin_json_get(node, "callers") != NULL)
		rule->callers = quoin_source_read_texts(reader, node, "callers", &rule->caller_count);
	read_targets(reader, node, rule);
	read_cells(reader, node, rule);
	read_refs(reader, node, rule);
	read_shares(reader, node, rule);
	when = quoin_source_member(reader, node, "when", QUOIN_JSON_OBJECT, false);
	rule->when = tree = when == NULL ? NULL : quoin_source_take(reader, 1, sizeof *tree);
	if (tree != NULL)
		read_when(reader, when, tree);
	if (reader->rc == 0 && !rule_is_whole(rule))
		quoin_source_refuse(reader, node, "a rule lacks something");
}

/* ---- Things ---- */

static void
read_model(struct source_reader *reader, const struct quoin_json *node, struct quoin_model *model)
{
	size_t len;
	char *key;

	model->name = quoin_source_read_text(reader, node, "name", true);
	model->version = quoin_source_read_text(reader, node, "version", true);
	len = strlen(model->name) + strlen(model->version) + 2;
	model->routing_key = key = quoin_source_take(reader, len, 1);
	if (key == NULL)
		return;
	snprintf(key, len, "%s@%s", model->name, model->version);
	model->is_current = quoin_source_read_bool(reader, node, "current");
	model->is_used = quoin_source_read_bool(reader, node, "used");
	model->input_type = quoin_source_read_text(reader, node, "inputType", true);
	model->model_type = quoin_source_read_text(reader, node, "modelType", true);
	model->uri = quoin_source_read_text(reader, node, "uri", true);
	model->digest = quoin_source_read_text(reader, node, "digest", true);
	model->demand = quoin_source_read_amounts(reader, node, "demand", &model->demand_count);
	model->limits = quoin_source_read_amounts(reader, node, "limits", &model->limit_count);
	model->requires = quoin_source_read_pairs(reader, node, "requires", &model->requires_count);
	model->shard_count = (uint32_t)quoin_source_read_int(reader, node, "shards", 0, UINT32_MAX);
	model->config = quoin_source_read_object(reader, node, "config");
	model->extra = quoin_source_read_object(reader, node, "extra");
}

static void
read_shard(struct source_reader *reader, const struct quoin_json *node, struct quoin_shard *shard)
{
	shard->name = quoin_source_read_text(reader, node, "name", true);
	shard->vip = quoin_source_read_text(reader, node, "vip", true);
	shard->hosts = quoin_source_read_texts(reader, node, "hosts", &shard->host_count);
	shard->capacity = quoin_source_read_amounts(reader, node, "capacity", &shard->capacity_count);
	shard->labels = quoin_source_read_pairs(reader, node, "labels", &shard->label_count);
	shard->drain = quoin_source_read_bool(reader, node, "drain");
	shard->health_checked = quoin_source_read_bool(reader, node, "health_checked");
	shard->extra = quoin_source_read_object(reader, node, "extra");
}

static void
read_objective(struct source_reader *reader, const struct quoin_json *node, struct quoin_objective *objective)
{
	objective->name = quoin_source_read_text(reader, node, "name", true);
	objective->owner = quoin_source_read_text(reader, node, "owner", false);
	objective->input_type = quoin_source_read_text(reader, node, "inputType", true);
	objective->model_type = quoin_source_read_text(reader, node, "modelType", true);
	objective->config = quoin_source_read_object(reader, node, "config");
	objective->default_ref = quoin_source_read_ref(reader, quoin_source_member(reader, node, "default", QUOIN_JSON_OBJECT, true));
	objective->default_config = quoin_source_read_object(reader, node, "defaultConfig");
	objective->default_rule = quoin_source_read_text(reader, node, "defaultRule", true);
	objective->extra = quoin_source_read_object(reader, node, "extra");
}

static void
read_policy(struct source_reader *reader, const struct quoin_json *root)
{
	const struct quoin_json *node = quoin_source_member(reader, root, "policy", QUOIN_JSON_OBJECT, true);
	struct quoin_json_doc *doc = NULL;

	quoin_policy_init(&reader->ruleset->policy);
	if (node == NULL || reader->rc != 0)
		return;
	quoin_buf_reset(&reader->scratch);
	reader->rc = quoin_json_print(node, &reader->scratch);
	if (reader->rc == 0)
		reader->rc = quoin_json_parse(quoin_buf_span(&reader->scratch), &doc, reader->err);
	if (reader->rc == 0 && quoin_policy_read(doc, "source", &reader->ruleset->policy, reader->err) != 0)
		reader->rc = quoin_error_set(reader->err, QUOIN_ESYNTAX, "source part: the policy is not valid");
	quoin_json_free(doc);
}

#define READ_THINGS(reader, root, name, max, things, count, read)                                                      \
	do {                                                                                                           \
		const struct quoin_json *child_ =                                                                      \
		    quoin_source_read_list((reader), (root), (name), (max), (count));                                  \
		(things) = quoin_source_take((reader), *(count), sizeof *(things));                                    \
		for (size_t i_ = 0; (things) != NULL && child_ != NULL && (reader)->rc == 0;                           \
		     child_ = quoin_json_next(child_), i_++)                                                           \
			read((reader), child_, &(things)[i_]);                                                         \
	} while (0)

static void
read_placement(struct source_reader *reader, const struct quoin_json *node, struct quoin_placement *placement)
{
	placement->model = quoin_source_read_model_name(reader, node, "model");
	placement->shard = quoin_source_read_shard_name(reader, node);
	placement->weight = (uint32_t)quoin_source_read_int(reader, node, "weight", 0, 100000);
}

/* Later lists refer to earlier ones by name. */
static void
read_root(struct source_reader *reader, const struct quoin_json *root)
{
	struct quoin_ruleset *ruleset = reader->ruleset;
	struct quoin_placement *placements = NULL;
	struct quoin_objective *objectives = NULL;
	struct quoin_model *models = NULL;
	struct quoin_shard *shards = NULL;
	struct quoin_rule *rules = NULL;

	quoin_source_read_int(reader, root, "format", SOURCE_FORMAT, SOURCE_FORMAT);
	if (reader->rc == 0)
		ruleset->constants = quoin_source_read_object(reader, root, "constants");
	if (reader->rc == 0)
		READ_THINGS(reader, root, "models", QUOIN_JSON_BYTES_MAX, models, &ruleset->model_count, read_model);
	ruleset->models = models;
	if (reader->rc == 0)
		READ_THINGS(reader, root, "shards", QUOIN_SHARDS_MAX, shards, &ruleset->shard_count, read_shard);
	ruleset->shards = shards;
	if (reader->rc == 0)
		READ_THINGS(reader, root, "objectives", QUOIN_OBJECTIVES_MAX, objectives, &ruleset->objective_count,
		    read_objective);
	ruleset->objectives = objectives;
	if (reader->rc == 0)
		READ_THINGS(reader, root, "rules", QUOIN_JSON_BYTES_MAX, rules, &ruleset->rule_count, read_rule);
	ruleset->rules = rules;
	if (reader->rc == 0)
		READ_THINGS(reader, root, "placements", QUOIN_JSON_BYTES_MAX, placements, &ruleset->placement_count,
		    read_placement);
	ruleset->placements = placements;
	if (reader->rc == 0)
		read_policy(reader, root);
	if (reader->rc == 0)
		ruleset->policy_extra = quoin_source_read_object(reader, root, "policyExtra");
}

int
quoin_source_read(struct quoin_span text, struct quoin_ruleset *ret, struct quoin_error *err)
{
	struct source_reader reader = {.ruleset = ret, .err = err};
	struct quoin_json_doc *doc = NULL;
	const struct quoin_json *root;

	quoin_buf_init(&reader.scratch, QUOIN_RELEASE_BYTES_MAX);
	reader.rc = quoin_json_parse(text, &doc, err);
	reader.doc = doc;
	if (reader.rc == 0) {
		root = quoin_json_root(doc);
		if (quoin_json_kind(root) == QUOIN_JSON_OBJECT)
			read_root(&reader, root);
		else
			quoin_source_refuse(&reader, root, "is no object");
	}
	quoin_json_free(doc);
	if (reader.rc == 0) {
		quoin_buf_reset(&reader.scratch);
		reader.rc = quoin_source_print(ret, &reader.scratch);
		if (reader.rc == 0 && !quoin_span_equal(quoin_buf_span(&reader.scratch), text))
			reader.rc = quoin_error_set(err, QUOIN_ESYNTAX, "source part: is not in the canonical form");
	}
	quoin_buf_clear(&reader.scratch);
	if (reader.rc != 0)
		quoin_ruleset_clear(ret);
	return reader.rc;
}
