/*
 * The naive evaluator's two readers: of what authors wrote, and of a source part.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/differential/naive_rules.h"

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static struct naive_model *
find_model(const struct naive *naive, const char *name, size_t name_bytes, const char *version)
{
	for (size_t i = 0; i < naive->model_count; i++) {
		struct naive_model *model = &naive->models[i];

		if (strlen(model->name) == name_bytes && memcmp(model->name, name, name_bytes) == 0 &&
		    (version == NULL ? model->is_current : strcmp(model->version, version) == 0))
			return model;
	}
	abort();
}

/* A reference of an author: a name, or {name, version?, config?}. */
static struct naive_ref
read_ref(const struct naive *naive, const struct tree *tree)
{
	const char *name = tree->kind == TREE_STRING ? tree->text : tree_text(tree, "name");
	const char *version = tree_text(tree, "version");

	return (struct naive_ref){find_model(naive, name, strlen(name), version), tree_get(tree, "config"),
	    version != NULL};
}

/* One of a source part: {config?, model: "name@version"}. */
static struct naive_ref
read_source_ref(const struct naive *naive, const struct tree *tree)
{
	const char *key = tree_text(tree, "model"), *at = strchr(key, '@');

	return (struct naive_ref){find_model(naive, key, (size_t)(at - key), at + 1), tree_get(tree, "config"), true};
}

static uint32_t
thousandths(const struct tree *percent)
{
	return (uint32_t)(percent->number * 1000 + 0.5);
}

static bool
flag(const struct tree *object, const char *key, bool otherwise)
{
	const struct tree *member = tree_get(object, key);

	return member == NULL ? otherwise : member->boolean;
}

/* ---- Models ---- */

static void
add_model(struct naive *naive, const char *name, const struct tree *record, bool is_current)
{
	naive->models[naive->model_count++] = (struct naive_model){.name = name,
	    .version = tree_text(record, "version"),
	    .input_type = tree_text(record, "inputType"),
	    .model_type = tree_text(record, "modelType"),
	    .config = tree_get(record, "config"),
	    .is_current = is_current,
	    .is_used = flag(record, "used", false)};
}

static void
load_models(struct naive *naive, const struct tree *models)
{
	size_t count = 0;

	for (const struct tree *model = models->first; model != NULL; model = model->next)
		count += model->kind == TREE_ARRAY ? model->count : 1;
	naive->models = pool_take(naive->pool, count * sizeof *naive->models);
	for (const struct tree *model = models->first; model != NULL; model = model->next) {
		if (models->kind == TREE_ARRAY) /* of a source part */
			add_model(naive, tree_text(model, "name"), model, flag(model, "current", false));
		else if (model->kind == TREE_OBJECT)
			add_model(naive, model->key, model, true);
		for (const struct tree *record = model->kind == TREE_ARRAY ? model->first : NULL; record != NULL;
		     record = record->next)
			add_model(naive, model->key, record, flag(record, "current", false));
	}
}

/* ---- Rules ---- */

static struct naive_ref *
take_refs(const struct naive *naive, struct naive_rule *rule, size_t count)
{
	rule->ref_count = count;
	return rule->refs = pool_take(naive->pool, count * sizeof *rule->refs);
}

static struct naive_share *
take_shares(const struct naive *naive, struct naive_rule *rule, size_t count)
{
	rule->share_count = count;
	return rule->shares = pool_take(naive->pool, count * sizeof *rule->shares);
}

static void
read_bucketing(const struct naive *naive, struct naive_rule *rule, const struct tree *object, const char *salt)
{
	const char *by = tree_text(object, "by"), *own = tree_text(object, "salt");

	(void)naive;
	rule->by = by != NULL && !WRONG(BY_USER) ? by : "userId";
	rule->salt = WRONG(SALT_PLAIN) ? "" : own != NULL ? own : salt;
}

static void
read_ab_test(const struct naive *naive, struct naive_rule *rule, const struct tree *tree)
{
	const struct tree *cells = tree_get(tree, "cellToModel"), *allocation = tree_get(tree, "allocation");
	char *salt = pool_take(naive->pool, 32);
	size_t count = 0;

	rule->test = strtoull(tree_get(tree, "abTestId")->text, NULL, 10);
	rule->cells = pool_take(naive->pool, cells->count * sizeof *rule->cells);
	for (const struct tree *cell = cells->first; cell != NULL; cell = cell->next)
		rule->cells[rule->cell_count++] =
		    (struct naive_cell){(uint32_t)strtoul(cell->key, NULL, 10), read_ref(naive, cell)};
	if (allocation == NULL)
		return;
	strcpy(salt, "ab:");
	strcat(salt, tree_get(tree, "abTestId")->text);
	read_bucketing(naive, rule, allocation, salt);
	take_shares(naive, rule, tree_get(allocation, "cells")->count);
	for (const struct tree *cell = tree_get(allocation, "cells")->first; cell != NULL; cell = cell->next) {
		struct naive_share share = {(uint32_t)strtoul(cell->key, NULL, 10), thousandths(cell)};
		size_t at = count++;

		for (; at > 0 && rule->shares[at - 1].cell > share.cell && !WRONG(CELLS_LISTED); at--)
			rule->shares[at] = rule->shares[at - 1];
		rule->shares[at] = share;
	}
}

static void
read_override(const struct naive *naive, struct naive_rule *rule, const struct tree *override)
{
	const struct tree *models = tree_get(override, "models"), *callers = tree_get(override, "callers");
	size_t i = 0;

	rule->is_any_model = models->kind == TREE_STRING;
	rule->callers = callers->kind == TREE_STRING ? NULL : callers;
	if (!rule->is_any_model)
		take_refs(naive, rule, models->count);
	for (const struct tree *ref = rule->is_any_model ? NULL : models->first; ref != NULL; ref = ref->next)
		rule->refs[i++] = read_ref(naive, ref);
}

static void
read_split(const struct naive *naive, struct naive_rule *rule, const struct tree *split)
{
	size_t i = 0;

	take_refs(naive, rule, split->count);
	take_shares(naive, rule, split->count);
	for (const struct tree *entry = split->first; entry != NULL; entry = entry->next, i++) {
		rule->refs[i] = read_ref(naive, tree_get(entry, "model"));
		rule->shares[i].share = thousandths(tree_get(entry, "percent"));
	}
}

static void
read_kind(const struct naive *naive, struct naive_rule *rule, const struct tree *tree)
{
	static const char *const fields[] = {[NAIVE_DEFAULT] = "defaultModel",
	    [NAIVE_AB_TEST] = "abTestId",
	    [NAIVE_SPLIT] = "split",
	    [NAIVE_RAMP] = "ramp",
	    [NAIVE_SHADOW] = "shadow",
	    [NAIVE_OVERRIDE] = "override",
	    [NAIVE_ROUTE] = "route",
	    [NAIVE_CONTEXT] = "model"};
	const struct tree *field = tree_get(tree, "route");

	rule->kind = NAIVE_ROUTE;
	for (int kind = NAIVE_DEFAULT; field == NULL && kind < NAIVE_ROUTE; kind++) {
		field = tree_get(tree, fields[kind]);
		rule->kind = (enum naive_kind)kind;
	}
	read_bucketing(naive, rule, tree, WRONG(SALT_NAME) ? "" : rule->name);
	switch (rule->kind) {
	case NAIVE_AB_TEST:
		read_ab_test(naive, rule, tree);
		break;
	case NAIVE_SPLIT:
		read_split(naive, rule, field);
		break;
	case NAIVE_OVERRIDE:
		read_override(naive, rule, field);
		break;
	case NAIVE_RAMP:
	case NAIVE_SHADOW:
		take_refs(naive, rule, 1)[0] =
		    read_ref(naive, rule->kind == NAIVE_RAMP ? tree_get(field, "to") : field);
		take_shares(naive, rule, 1)[0].share =
		    thousandths(tree_get(rule->kind == NAIVE_RAMP ? field : tree, "percent"));
		break;
	default:
		take_refs(naive, rule, 1)[0] =
		    read_ref(naive, rule->kind == NAIVE_ROUTE ? tree_get(tree, "model") : field);
		break;
	}
}

static void
read_rule(struct naive *naive, const struct tree *tree)
{
	struct naive_rule *rule = &naive->rules[naive->rule_count++];
	const struct tree *priority = tree_get(tree, "priority");

	rule->name = tree_text(tree, "name");
	rule->is_enabled = flag(tree, "enabled", true);
	rule->priority = priority == NULL ? 0 : (long)priority->number;
	rule->targets = tree_get(tree, "targetObjectives");
	rule->when = tree_get(tree, "when");
	rule->config = tree_get(tree, "config");
	read_kind(naive, rule, tree);
}

static void
read_source_rule(struct naive *naive, const struct tree *tree)
{
	static const char *const kinds[] = {"default", "ab_test", "context", "split", "ramp", "shadow", "override",
	    "route"};
	struct naive_rule *rule = &naive->rules[naive->rule_count++];
	const struct tree *refs = tree_get(tree, "refs"), *shares = tree_get(tree, "shares"),
			  *cells = tree_get(tree, "cells");
	const struct tree *any = tree_get(tree, "anyVersion"), *is_any = any != NULL ? any->first : NULL;
	size_t i = 0;

	while (!tree_is_text(tree_get(tree, "kind"), kinds[rule->kind]))
		rule->kind++;
	rule->name = tree_text(tree, "name");
	rule->is_enabled = flag(tree, "enabled", false);
	rule->priority = (long)tree_get(tree, "priority")->number;
	rule->targets = tree_get(tree, "targets");
	rule->when = tree_get(tree, "when");
	rule->config = tree_get(tree, "config");
	rule->by = tree_text(tree, "by");
	rule->salt = tree_text(tree, "salt");
	rule->callers = tree_get(tree, "callers");
	rule->is_any_model = flag(tree, "anyModel", false);
	rule->test = rule->kind == NAIVE_AB_TEST ? strtoull(tree_get(tree, "abTestId")->text, NULL, 10) : 0;
	take_refs(naive, rule, refs->count);
	for (const struct tree *ref = refs->first; ref != NULL;
	     ref = ref->next, is_any = is_any != NULL ? is_any->next : NULL) {
		rule->refs[i] = read_source_ref(naive, ref);
		rule->refs[i++].has_version = is_any == NULL || !is_any->boolean;
	}
	take_shares(naive, rule, shares->count);
	i = 0;
	for (const struct tree *share = shares->first; share != NULL; share = share->next) {
		const struct tree *key = tree_get(share, "key");

		rule->shares[i++] = (struct naive_share){key != NULL ? (uint32_t)key->number : 0,
		    (uint32_t)tree_get(share, "share")->number};
	}
	rule->cells = cells != NULL ? pool_take(naive->pool, cells->count * sizeof *rule->cells) : NULL;
	for (const struct tree *cell = cells != NULL ? cells->first : NULL; cell != NULL; cell = cell->next)
		rule->cells[rule->cell_count++] = (struct naive_cell){(uint32_t)tree_get(cell, "cell")->number,
		    read_source_ref(naive, tree_get(cell, "ref"))};
}

/* ---- Objectives ---- */

static bool
targets(const struct naive_rule *rule, const char *objective)
{
	for (const struct tree *target = rule->targets != NULL ? rule->targets->first : NULL; target != NULL;
	     target = target->next) {
		if (tree_is_text(target, objective))
			return true;
	}
	return false;
}

static void
read_objective(struct naive *naive, const char *name, const struct tree *tree)
{
	struct naive_objective *objective = &naive->objectives[naive->objective_count++];
	const struct tree *ref = tree_get(tree, "default");

	objective->name = name;
	objective->input_type = tree_text(tree, "inputType");
	objective->model_type = tree_text(tree, "modelType");
	objective->config = tree_get(tree, "config");
	objective->default_rule = tree_text(tree, "defaultRule");
	objective->default_config = tree_get(tree, "defaultConfig");
	if (objective->default_rule != NULL) { /* of a source part */
		objective->fallback = read_source_ref(naive, ref);
		return;
	}
	objective->default_rule = "default";
	if (ref != NULL) {
		objective->fallback = read_ref(naive, ref);
		return;
	}
	for (size_t i = 0; i < naive->rule_count; i++) {
		const struct naive_rule *rule = &naive->rules[i];

		if (rule->kind != NAIVE_DEFAULT || !rule->is_enabled || !targets(rule, name))
			continue;
		objective->fallback = rule->refs[0];
		objective->default_rule = WRONG(DEFAULT_RULE) ? "default" : rule->name;
		objective->default_config = WRONG(DEFAULT_CONFIG) ? NULL : rule->config;
	}
}

/* Overrides first, then by priority, then as they stand in the files. */
static bool
is_before(const struct naive_rule *a, const struct naive_rule *b)
{
	bool a_overrides = a->kind == NAIVE_OVERRIDE && !WRONG(OVERRIDE_ORDER);
	bool b_overrides = b->kind == NAIVE_OVERRIDE && !WRONG(OVERRIDE_ORDER);

	if (a_overrides != b_overrides)
		return a_overrides;
	if (a->priority != b->priority)
		return (a->priority > b->priority) != WRONG(PRIORITY);
	return WRONG(TIE);
}

static void
insert(const struct naive_rule **rules, size_t *count, const struct naive_rule *rule)
{
	size_t at = (*count)++;

	for (; at > 0 && is_before(rule, rules[at - 1]); at--)
		rules[at] = rules[at - 1];
	rules[at] = rule;
}

void
naive_order(struct naive *naive)
{
	for (size_t i = 0; i < naive->objective_count; i++) {
		struct naive_objective *objective = &naive->objectives[i];

		objective->rules = pool_take(naive->pool, naive->rule_count * sizeof *objective->rules);
		objective->shadows = pool_take(naive->pool, naive->rule_count * sizeof *objective->shadows);
		objective->rule_count = objective->shadow_count = 0;
		for (size_t k = 0; k < naive->rule_count; k++) {
			const struct naive_rule *rule = &naive->rules[k];

			if ((!rule->is_enabled && !WRONG(DISABLED)) || rule->kind == NAIVE_DEFAULT ||
			    rule->kind == NAIVE_ROUTE || !targets(rule, objective->name))
				continue;
			if (rule->kind == NAIVE_SHADOW)
				insert(objective->shadows, &objective->shadow_count, rule);
			else
				insert(objective->rules, &objective->rule_count, rule);
		}
	}
}

/* ---- The whole ---- */

static void
mark_used(struct naive *naive, const struct naive_ref *ref)
{
	naive->models[ref->model - naive->models].is_used = true;
}

/* A release has the versions that enabled rules and defaults name. */
static void
mark_all_used(struct naive *naive)
{
	for (size_t i = 0; i < naive->rule_count; i++) {
		const struct naive_rule *rule = &naive->rules[i];

		for (size_t k = 0; k < rule->ref_count && rule->is_enabled; k++)
			mark_used(naive, &rule->refs[k]);
		for (size_t k = 0; k < rule->cell_count && rule->is_enabled; k++)
			mark_used(naive, &rule->cells[k].ref);
	}
	for (size_t i = 0; i < naive->objective_count; i++)
		mark_used(naive, &naive->objectives[i].fallback);
}

static void
add_route(struct naive *naive, struct naive_model *model, const char *shard, const char *vip, uint32_t weight)
{
	size_t at = model->route_count++;

	if (model->routes == NULL)
		model->routes = pool_take(naive->pool, 64 * sizeof *model->routes);
	must(at < 64 && vip != NULL);
	for (; at > 0 && strcmp(model->routes[at - 1].shard, shard) > 0; at--)
		model->routes[at] = model->routes[at - 1];
	model->routes[at] = (struct naive_route){shard, vip, weight};
}

static void
load_placements(struct naive *naive, const struct tree *source)
{
	for (const struct tree *place = tree_get(source, "placements")->first; place != NULL; place = place->next) {
		struct naive_ref ref = read_source_ref(naive, place);
		struct naive_model *model = &naive->models[ref.model - naive->models];
		const struct tree *shard = tree_get(source, "shards")->first;

		while (!tree_is_text(tree_get(shard, "name"), tree_text(place, "shard")))
			shard = shard->next;
		add_route(naive, model, tree_text(place, "shard"), tree_text(shard, "vip"),
		    (uint32_t)tree_get(place, "weight")->number);
	}
}

/* Equal weights of 100000 in total, the remainder one each to the first; a route rule says otherwise. */
static void
weigh_routes(struct naive *naive, const struct tree *rules)
{
	for (size_t i = 0; i < naive->model_count; i++) {
		struct naive_model *model = &naive->models[i];
		size_t extra = model->route_count > 0 ? 100000 % model->route_count : 0;

		for (size_t k = 0; k < model->route_count; k++) {
			bool gets_one = WRONG(ROUTE_LAST) ? k + extra >= model->route_count : k < extra;

			model->routes[k].weight = (uint32_t)(100000 / model->route_count) + gets_one;
		}
	}
	for (size_t i = 0; i < naive->rule_count; i++, rules = rules->next) {
		struct naive_model *model;

		if (naive->rules[i].kind != NAIVE_ROUTE || !naive->rules[i].is_enabled)
			continue;
		model = &naive->models[naive->rules[i].refs[0].model - naive->models];
		/* Another set of shards than the rule's stays as it is, and the decision differs. */
		for (size_t k = 0; k < model->route_count; k++) {
			const struct tree *percent = tree_get(tree_get(rules, "route"), model->routes[k].shard);

			if (percent != NULL && model->route_count == tree_get(rules, "route")->count)
				model->routes[k].weight = thousandths(percent);
		}
	}
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

struct naive *
naive_load_authored(struct pool *pool, const struct naive_file *files, size_t count, struct quoin_span source)
{
	struct naive *naive = pool_take(pool, sizeof *naive);
	struct tree rules = {.kind = TREE_ARRAY}, **last = &rules.first;
	const struct tree *objectives = NULL, *models = NULL,
			  *parsed = tree_parse(pool, (const char *)source.data, source.len);

	naive->pool = pool;
	for (size_t i = 0; i < count; i++) {
		struct tree *tree = tree_parse(pool, files[i].text, strlen(files[i].text));

		must(tree != NULL);
		if (strcmp(files[i].path, "models.json") == 0)
			models = tree;
		else if (strcmp(files[i].path, "objectives.json") == 0)
			objectives = tree;
		else if (ends_with(files[i].path, ".rules.json") || ends_with(files[i].path, ".js")) {
			*last = tree->first;
			rules.count += tree->count;
			while (*last != NULL)
				last = &(*last)->next;
		}
	}
	must(models != NULL && objectives != NULL && parsed != NULL);
	load_models(naive, models);
	naive->rules = pool_take(pool, rules.count * sizeof *naive->rules);
	for (const struct tree *rule = rules.first; rule != NULL; rule = rule->next)
		read_rule(naive, rule);
	naive->objectives = pool_take(pool, objectives->count * sizeof *naive->objectives);
	for (const struct tree *objective = objectives->first; objective != NULL; objective = objective->next)
		read_objective(naive, objective->key, objective);
	mark_all_used(naive);
	load_placements(naive, parsed);
	weigh_routes(naive, rules.first);
	naive_order(naive);
	return naive;
}

struct naive *
naive_load_source(struct pool *pool, struct quoin_span text)
{
	struct naive *naive = pool_take(pool, sizeof *naive);
	const struct tree *source = tree_parse(pool, (const char *)text.data, text.len);
	const struct tree *rules, *objectives;

	must(source != NULL);
	naive->pool = pool;
	rules = tree_get(source, "rules");
	objectives = tree_get(source, "objectives");
	load_models(naive, tree_get(source, "models"));
	naive->rules = pool_take(pool, rules->count * sizeof *naive->rules);
	for (const struct tree *rule = rules->first; rule != NULL; rule = rule->next)
		read_source_rule(naive, rule);
	naive->objectives = pool_take(pool, objectives->count * sizeof *naive->objectives);
	for (const struct tree *objective = objectives->first; objective != NULL; objective = objective->next)
		read_objective(naive, tree_text(objective, "name"), objective);
	load_placements(naive, source);
	naive_order(naive);
	return naive;
}
