/*
 * Reading is lenient about form and strict about meaning; what was read is printed again and must give the same bytes,
 * so that only what the printer writes is accepted.
 */
#include <string.h>

#include "formats/source.h"
#include "formats/source_words.h"
#include "lib/json.h"
#include "lib/text.h"

struct reader {
	struct quoin_ruleset *ruleset;
	const struct quoin_json_doc *doc;
	struct quoin_error *err;
	struct quoin_buf scratch;
	int rc; /* sticky */
};

static void
refuse(struct reader *reader, const struct quoin_json *node, const char *what)
{
	uint32_t line = 0, column = 0;

	if (reader->rc != 0)
		return;
	if (node != NULL)
		quoin_json_place(reader->doc, node, &line, &column);
	reader->rc = quoin_error_set(reader->err, QUOIN_ESYNTAX, "source part: %s", what);
	quoin_error_at(reader->err, NULL, line, column);
}

static void *
take(struct reader *reader, size_t count, size_t size)
{
	void *memory = count > QUOIN_JSON_BYTES_MAX ? NULL : quoin_arena_take(&reader->ruleset->arena, (count + 1) * size);

	if (memory == NULL && reader->rc == 0)
		reader->rc = quoin_error_set(reader->err, QUOIN_ENOMEM, "source part: out of memory");
	return memory;
}

/* ---- Members ---- */

/* The member if it is there and of this kind; NULL if it is not there; else refused. */
static const struct quoin_json *
member(struct reader *reader, const struct quoin_json *object, const char *name, enum quoin_json_kind kind, bool required)
{
	const struct quoin_json *node = NULL;

	if (quoin_json_kind(object) == QUOIN_JSON_OBJECT)
		node = quoin_json_get(object, name);
	if (node != NULL ? quoin_json_kind(node) != kind : required) {
		refuse(reader, object, name);
		return NULL;
	}
	return node;
}

static const char *
read_text(struct reader *reader, const struct quoin_json *object, const char *name, bool required)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_STRING, required);
	const char *text;

	if (node == NULL)
		return required ? "" : NULL;
	text = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(node)));
	if (text == NULL)
		take(reader, SIZE_MAX / 2, 1);
	return text == NULL ? "" : text;
}

static uint64_t
read_int(struct reader *reader, const struct quoin_json *object, const char *name, int64_t min, int64_t max)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_NUMBER, true);
	int64_t value = 0;

	if (node != NULL && !quoin_json_is_int(node, min, max, &value))
		refuse(reader, node, name);
	return (uint64_t)value;
}

static bool
read_bool(struct reader *reader, const struct quoin_json *object, const char *name)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_BOOL, true);

	return node != NULL && quoin_json_bool(node);
}

/* An object as canonical JSON, or NULL. */
static const char *
read_object(struct reader *reader, const struct quoin_json *object, const char *name)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_OBJECT, false);
	const char *text;

	if (node == NULL)
		return NULL;
	quoin_buf_reset(&reader->scratch);
	quoin_json_print(node, &reader->scratch);
	text = reader->scratch.error != 0
	    ? NULL : quoin_arena_text(&reader->ruleset->arena, quoin_buf_span(&reader->scratch));
	if (text == NULL)
		take(reader, SIZE_MAX / 2, 1);
	return text;
}

/* A list member and its length; NULL (and 0) when refused. */
static const struct quoin_json *
read_list(struct reader *reader, const struct quoin_json *object, const char *name, size_t max, size_t *ret_count)
{
	const struct quoin_json *list = member(reader, object, name, QUOIN_JSON_ARRAY, true);

	*ret_count = list == NULL ? 0 : quoin_json_count(list);
	if (*ret_count > max) {
		refuse(reader, list, "a list is too long");
		*ret_count = 0;
		return NULL;
	}
	return *ret_count == 0 ? NULL : quoin_json_first(list);
}

static const struct quoin_amount *
read_amounts(struct reader *reader, const struct quoin_json *object, const char *name, size_t *ret_count)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_OBJECT, true), *child;
	size_t count = node == NULL ? 0 : quoin_json_count(node), i = 0;
	struct quoin_amount *amounts = take(reader, count, sizeof *amounts);
	int64_t value = 0;

	*ret_count = 0;
	if (node == NULL || amounts == NULL)
		return NULL;
	for (child = quoin_json_first(node); child != NULL; child = quoin_json_next(child), i++) {
		if (!quoin_json_is_int(child, 0, SOURCE_NUMBER_MAX, &value))
			refuse(reader, child, name);
		amounts[i].resource = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(child)));
		amounts[i].amount = (uint64_t)value;
		if (amounts[i].resource == NULL)
			return take(reader, SIZE_MAX / 2, 1);
	}
	*ret_count = count;
	return amounts;
}

static const struct quoin_pair *
read_pairs(struct reader *reader, const struct quoin_json *object, const char *name, size_t *ret_count)
{
	const struct quoin_json *node = member(reader, object, name, QUOIN_JSON_OBJECT, true), *child;
	size_t count = node == NULL ? 0 : quoin_json_count(node), i = 0;
	struct quoin_pair *pairs = take(reader, count, sizeof *pairs);

	*ret_count = 0;
	if (node == NULL || pairs == NULL)
		return NULL;
	for (child = quoin_json_first(node); child != NULL; child = quoin_json_next(child), i++) {
		pairs[i].key = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(child)));
		pairs[i].value = read_text(reader, node, quoin_json_key(child), true);
		if (pairs[i].key == NULL)
			return take(reader, SIZE_MAX / 2, 1);
	}
	*ret_count = count;
	return pairs;
}

static const char *const *
read_texts(struct reader *reader, const struct quoin_json *object, const char *name, size_t *ret_count)
{
	const struct quoin_json *child = read_list(reader, object, name, QUOIN_JSON_BYTES_MAX, ret_count);
	const char **texts = take(reader, *ret_count, sizeof *texts);

	for (size_t i = 0; texts != NULL && child != NULL; child = quoin_json_next(child), i++) {
		if (quoin_json_kind(child) != QUOIN_JSON_STRING) {
			refuse(reader, child, name);
			break;
		}
		texts[i] = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(child)));
		if (texts[i] == NULL)
			return take(reader, SIZE_MAX / 2, 1);
	}
	return texts;
}

/* ---- Names of things ---- */

static int
model_compare(const struct quoin_model *model, struct quoin_span name, struct quoin_span version)
{
	int order = quoin_span_compare(quoin_span_str(model->name), name);

	return order != 0 ? order : quoin_span_compare(quoin_span_str(model->version), version);
}

static uint32_t
read_model_name(struct reader *reader, const struct quoin_json *object, const char *member_name)
{
	const char *key = read_text(reader, object, member_name, true), *at = strchr(key, '@');
	const struct quoin_ruleset *ruleset = reader->ruleset;
	size_t low = 0, high = ruleset->model_count, middle;
	struct quoin_span name = quoin_span_of(key, at == NULL ? 0 : (size_t)(at - key));
	int order;

	while (at != NULL && low < high) {
		middle = (low + high) / 2;
		order = model_compare(&ruleset->models[middle], name, quoin_span_str(at + 1));
		if (order == 0)
			return (uint32_t)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	refuse(reader, object, "names no model");
	return 0;
}

static uint32_t
read_shard_name(struct reader *reader, const struct quoin_json *object)
{
	const char *name = read_text(reader, object, "shard", true);

	for (size_t i = 0; i < reader->ruleset->shard_count; i++) {
		if (strcmp(reader->ruleset->shards[i].name, name) == 0)
			return (uint32_t)i;
	}
	refuse(reader, object, "names no shard");
	return 0;
}

static struct quoin_ref
read_ref(struct reader *reader, const struct quoin_json *node)
{
	struct quoin_ref ref = {0};

	if (node == NULL)
		return ref;
	ref.config = read_object(reader, node, "config");
	ref.model = read_model_name(reader, node, "model");
	return ref;
}

static uint32_t
read_word(struct reader *reader, const struct quoin_json *node, const char *word, const char *const *words,
    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	refuse(reader, node, "an unknown word");
	return 0;
}

/* ---- Conditions ---- */

static void
read_scalar(struct reader *reader, const struct quoin_json *node, struct quoin_scalar *ret)
{
	switch (quoin_json_kind(node)) {
	case QUOIN_JSON_STRING:
		ret->kind = QUOIN_SCALAR_STRING;
		ret->string = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_string(node)));
		if (ret->string == NULL)
			take(reader, SIZE_MAX / 2, 1);
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
		refuse(reader, node, "expected a scalar");
		break;
	}
}

static const char *
read_bound(struct reader *reader, const struct quoin_json *node, const char *at, struct quoin_version_bound *ret)
{
	struct quoin_span digits;
	uint64_t component;
	char comparator[3] = {0};
	size_t len = strspn(at, "<>=");

	if (len == 0 || len > 2) {
		refuse(reader, node, "a version's comparator");
		return "";
	}
	memcpy(comparator, at, len);
	ret->comparator = read_word(reader, node, comparator, quoin_source_comparators, SOURCE_COMPARATORS);
	at += len;
	for (size_t i = 0; i < 4; i++) {
		digits = quoin_span_of(at, strspn(at, "0123456789"));
		at += digits.len;
		if (!quoin_u64_parse(digits, &component) || component > UINT32_MAX || (i < 3 && *at++ != '.')) {
			refuse(reader, node, "a version's components");
			return "";
		}
		ret->components[i] = (uint32_t)component;
	}
	return *at == ' ' ? at + 1 : at;
}

static void
read_bounds(struct reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const char *text = quoin_json_kind(node) == QUOIN_JSON_STRING ? quoin_json_string(node) : "";
	struct quoin_version_bound *bounds = take(reader, strlen(text), sizeof *bounds);

	if (bounds == NULL)
		return;
	while (*text != '\0' && reader->rc == 0)
		text = read_bound(reader, node, text, &bounds[ret->bound_count++]);
	ret->bounds = bounds;
}

static void
read_leaf(struct reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const struct quoin_json *operand, *child;
	struct quoin_scalar *scalars;
	bool is_list;

	ret->kind = QUOIN_WHEN_LEAF;
	ret->attribute = quoin_arena_text(&reader->ruleset->arena, quoin_span_str(quoin_json_key(node)));
	operand = quoin_json_kind(node) == QUOIN_JSON_OBJECT ? quoin_json_first(node) : NULL;
	if (operand == NULL || ret->attribute == NULL) {
		refuse(reader, node, "expected one operator");
		return;
	}
	ret->op = read_word(reader, node, quoin_json_key(operand), quoin_source_operators, SOURCE_OPERATORS);
	if (ret->op == QUOIN_OP_VERSION) {
		read_bounds(reader, operand, ret);
		return;
	}
	is_list = quoin_json_kind(operand) == QUOIN_JSON_ARRAY;
	ret->scalar_count = is_list ? quoin_json_count(operand) : 1;
	ret->scalars = scalars = take(reader, ret->scalar_count, sizeof *scalars);
	if (scalars == NULL)
		return;
	if (!is_list)
		read_scalar(reader, operand, scalars);
	for (child = is_list ? quoin_json_first(operand) : NULL; child != NULL; child = quoin_json_next(child))
		read_scalar(reader, child, scalars++);
	if (ret->scalar_count == 0 || (ret->op == QUOIN_OP_PREFIX && ret->scalars[0].kind != QUOIN_SCALAR_STRING))
		refuse(reader, node, "an operator's value");
}

static void
read_when(struct reader *reader, const struct quoin_json *node, struct quoin_when *ret)
{
	const struct quoin_json *first = quoin_json_kind(node) == QUOIN_JSON_OBJECT ? quoin_json_first(node) : NULL, *child;
	struct quoin_when *children;
	const char *key;

	if (quoin_json_kind(node) != QUOIN_JSON_OBJECT) {
		refuse(reader, node, "a condition is no object");
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
	ret->children = children = take(reader, ret->child_count, sizeof *children);
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
read_targets(struct reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_ruleset *ruleset = reader->ruleset;
	const char *const *names = read_texts(reader, node, "targets", &rule->target_count);
	uint32_t *targets = take(reader, rule->target_count, sizeof *targets);
	size_t objective = 0;

	rule->targets = targets;
	for (size_t i = 0; names != NULL && targets != NULL && reader->rc == 0 && i < rule->target_count; i++) {
		while (objective < ruleset->objective_count && strcmp(ruleset->objectives[objective].name, names[i]) != 0)
			objective++;
		if (objective == ruleset->objective_count)
			refuse(reader, node, "targets an unknown objective, or out of order");
		targets[i] = (uint32_t)objective;
	}
}

static void
read_cells(struct reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = NULL;
	struct quoin_cell *cells;

	if (quoin_json_get(node, "cells") != NULL)
		child = read_list(reader, node, "cells", QUOIN_CELLS_MAX, &rule->cell_count);
	rule->cells = cells = take(reader, rule->cell_count, sizeof *cells);
	for (; cells != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), cells++) {
		cells->cell = (uint32_t)read_int(reader, child, "cell", 0, INT32_MAX);
		cells->ref = read_ref(reader, member(reader, child, "ref", QUOIN_JSON_OBJECT, true));
	}
}

static void
read_refs(struct reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = read_list(reader, node, "refs", QUOIN_MODELS_MAX, &rule->ref_count), *flags;
	struct quoin_ref *refs = take(reader, rule->ref_count, sizeof *refs);
	bool *any_version = NULL;

	rule->refs = refs;
	for (; refs != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), refs++)
		*refs = read_ref(reader, child);
	flags = member(reader, node, "anyVersion", QUOIN_JSON_ARRAY, false);
	if (flags == NULL && rule->kind != QUOIN_RULE_OVERRIDE)
		return;
	any_version = take(reader, rule->ref_count, sizeof *any_version);
	if (flags != NULL && quoin_json_count(flags) != rule->ref_count)
		refuse(reader, flags, "anyVersion has another length than refs");
	if (flags == NULL || any_version == NULL || reader->rc != 0)
		return;
	rule->ref_any_version = any_version;
	child = rule->ref_count == 0 ? NULL : quoin_json_first(flags);
	for (; child != NULL; child = quoin_json_next(child))
		*any_version++ = quoin_json_kind(child) == QUOIN_JSON_BOOL && quoin_json_bool(child);
}

static void
read_shares(struct reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *child = read_list(reader, node, "shares", QUOIN_SHARDS_MAX, &rule->share_count);
	struct quoin_share *shares = take(reader, rule->share_count, sizeof *shares);

	rule->shares = shares;
	for (; shares != NULL && child != NULL && reader->rc == 0; child = quoin_json_next(child), shares++) {
		shares->share = (uint32_t)read_int(reader, child, "share", 0, 100000);
		shares->key = rule->kind == QUOIN_RULE_ROUTE ? read_shard_name(reader, child)
							     : (uint32_t)read_int(reader, child, "key", 0, INT32_MAX);
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
read_rule(struct reader *reader, const struct quoin_json *node, struct quoin_rule *rule)
{
	const struct quoin_json *when;
	struct quoin_when *tree;

	rule->kind = read_word(reader, node, read_text(reader, node, "kind", true), quoin_source_kinds, SOURCE_KINDS);
	rule->name = read_text(reader, node, "name", true);
	rule->file = read_text(reader, node, "file", true);
	rule->line = (uint32_t)read_int(reader, node, "line", 0, UINT32_MAX);
	rule->priority = (int32_t)read_int(reader, node, "priority", INT32_MIN, INT32_MAX);
	rule->is_enabled = read_bool(reader, node, "enabled");
	rule->config = read_object(reader, node, "config");
	rule->extra = read_object(reader, node, "extra");
	rule->by = read_text(reader, node, "by", false);
	rule->salt = read_text(reader, node, "salt", false);
	if (rule->kind == QUOIN_RULE_AB_TEST)
		rule->ab_test_id = read_int(reader, node, "abTestId", 0, SOURCE_NUMBER_MAX);
	if (rule->kind == QUOIN_RULE_OVERRIDE)
		rule->any_model = read_bool(reader, node, "anyModel");
	if (reader->rc != 0)
		return;
	if (quoin_json_get(node, "callers") != NULL)
		rule->callers = read_texts(reader, node, "callers", &rule->caller_count);
	read_targets(reader, node, rule);
	read_cells(reader, node, rule);
	read_refs(reader, node, rule);
	read_shares(reader, node, rule);
	when = member(reader, node, "when", QUOIN_JSON_OBJECT, false);
	rule->when = tree = when == NULL ? NULL : take(reader, 1, sizeof *tree);
	if (tree != NULL)
		read_when(reader, when, tree);
	if (reader->rc == 0 && !rule_is_whole(rule))
		refuse(reader, node, "a rule lacks something");
}

/* ---- Things ---- */

static void
read_model(struct reader *reader, const struct quoin_json *node, struct quoin_model *model)
{
	size_t len;
	char *key;

	model->name = read_text(reader, node, "name", true);
	model->version = read_text(reader, node, "version", true);
	len = strlen(model->name) + strlen(model->version) + 2;
	model->routing_key = key = take(reader, len, 1);
	if (key == NULL)
		return;
	strcpy(key, model->name);
	strcat(key, "@");
	strcat(key, model->version);
	model->is_current = read_bool(reader, node, "current");
	model->is_used = read_bool(reader, node, "used");
	model->input_type = read_text(reader, node, "inputType", true);
	model->model_type = read_text(reader, node, "modelType", true);
	model->uri = read_text(reader, node, "uri", true);
	model->digest = read_text(reader, node, "digest", true);
	model->demand = read_amounts(reader, node, "demand", &model->demand_count);
	model->limits = read_amounts(reader, node, "limits", &model->limit_count);
	model->requires = read_pairs(reader, node, "requires", &model->requires_count);
	model->shard_count = (uint32_t)read_int(reader, node, "shards", 0, UINT32_MAX);
	model->config = read_object(reader, node, "config");
	model->extra = read_object(reader, node, "extra");
}

static void
read_shard(struct reader *reader, const struct quoin_json *node, struct quoin_shard *shard)
{
	shard->name = read_text(reader, node, "name", true);
	shard->vip = read_text(reader, node, "vip", true);
	shard->hosts = read_texts(reader, node, "hosts", &shard->host_count);
	shard->capacity = read_amounts(reader, node, "capacity", &shard->capacity_count);
	shard->labels = read_pairs(reader, node, "labels", &shard->label_count);
	shard->drain = read_bool(reader, node, "drain");
	shard->health_checked = read_bool(reader, node, "health_checked");
	shard->extra = read_object(reader, node, "extra");
}

static void
read_objective(struct reader *reader, const struct quoin_json *node, struct quoin_objective *objective)
{
	objective->name = read_text(reader, node, "name", true);
	objective->owner = read_text(reader, node, "owner", false);
	objective->input_type = read_text(reader, node, "inputType", true);
	objective->model_type = read_text(reader, node, "modelType", true);
	objective->config = read_object(reader, node, "config");
	objective->default_ref = read_ref(reader, member(reader, node, "default", QUOIN_JSON_OBJECT, true));
	objective->default_config = read_object(reader, node, "defaultConfig");
	objective->default_rule = read_text(reader, node, "defaultRule", true);
	objective->extra = read_object(reader, node, "extra");
}

static void
read_policy(struct reader *reader, const struct quoin_json *root)
{
	const struct quoin_json *node = member(reader, root, "policy", QUOIN_JSON_OBJECT, true);
	struct quoin_json_doc *doc = NULL;

	quoin_policy_init(&reader->ruleset->policy);
	if (node == NULL || reader->rc != 0)
		return;
	quoin_buf_reset(&reader->scratch);
	quoin_json_print(node, &reader->scratch);
	reader->rc = quoin_json_parse(quoin_buf_span(&reader->scratch), &doc, reader->err);
	if (reader->rc == 0 && quoin_policy_read(doc, "source", &reader->ruleset->policy, reader->err) != 0)
		reader->rc = quoin_error_set(reader->err, QUOIN_ESYNTAX, "source part: the policy is not valid");
	quoin_json_free(doc);
}

#define READ_THINGS(reader, root, name, max, things, count, read)                                                      \
	do {                                                                                                           \
		const struct quoin_json *child_ = read_list(reader, root, name, max, count);                           \
		things = take(reader, *(count), sizeof *things);                                                       \
		for (size_t i_ = 0; things != NULL && child_ != NULL && (reader)->rc == 0;                             \
		     child_ = quoin_json_next(child_), i_++)                                                           \
			read(reader, child_, &things[i_]);                                                             \
	} while (0)

static void
read_placement(struct reader *reader, const struct quoin_json *node, struct quoin_placement *placement)
{
	placement->model = read_model_name(reader, node, "model");
	placement->shard = read_shard_name(reader, node);
	placement->weight = (uint32_t)read_int(reader, node, "weight", 0, 100000);
}

/* Later lists refer to earlier ones by name. */
static void
read_root(struct reader *reader, const struct quoin_json *root)
{
	struct quoin_ruleset *ruleset = reader->ruleset;
	struct quoin_placement *placements = NULL;
	struct quoin_objective *objectives = NULL;
	struct quoin_model *models = NULL;
	struct quoin_shard *shards = NULL;
	struct quoin_rule *rules = NULL;

	read_int(reader, root, "format", SOURCE_FORMAT, SOURCE_FORMAT);
	if (reader->rc == 0)
		ruleset->constants = read_object(reader, root, "constants");
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
}

int
quoin_source_read(struct quoin_span text, struct quoin_ruleset *ret, struct quoin_error *err)
{
	struct reader reader = {.ruleset = ret, .err = err};
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
			refuse(&reader, root, "is no object");
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
