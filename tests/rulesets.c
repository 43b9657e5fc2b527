#include "tests/rulesets.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/models.h"
#include "formats/routes.h"
#include "formats/rules.h"
#include "formats/source.h"
#include "lib/json.h"
#include "tests/check.h"

#define OBJECTIVES 6
#define NAMES	   6
#define VERSIONS   3
#define SHARDS	   4

const char *const rulesets_attributes[RULESETS_ATTRIBUTES] = {
    "age", "app.version", "country", "device", "mixed", "plan", "userId"};

uint32_t
dice_throw(struct dice *dice, uint32_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (uint32_t)((dice->state >> 32) * sides >> 32);
}

static bool
coin(struct dice *dice, uint32_t percent)
{
	return dice_throw(dice, 100) < percent;
}

static void *
take(struct quoin_ruleset *ruleset, size_t count, size_t bytes)
{
	void *memory = quoin_arena_take(&ruleset->arena, (count + 1) * bytes);

	CHECK(memory != NULL);
	return memory;
}

static const char *
text(struct quoin_ruleset *ruleset, const char *fmt, ...)
{
	char buffer[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buffer, sizeof buffer, fmt, ap);
	va_end(ap);
	return quoin_arena_text(&ruleset->arena, quoin_span_str(buffer));
}

/* Keys a, b, c with a digit, null or nothing. */
static const char *
config(struct dice *dice, struct quoin_ruleset *ruleset)
{
	char out[64] = "{";
	size_t len = 1;

	if (coin(dice, 50))
		return NULL;
	for (char key = 'a'; key <= 'c'; key++) {
		if (coin(dice, 50))
			continue;
		len += (size_t)snprintf(out + len, sizeof out - len, "%s\"%c\":", len > 1 ? "," : "", key);
		len += (size_t)(coin(dice, 20) ? snprintf(out + len, sizeof out - len, "null")
					       : snprintf(out + len, sizeof out - len, "%u", dice_throw(dice, 10)));
	}
	return text(ruleset, "%s}", out);
}

/* ---- Values: conditions and contexts draw from the same few ---- */

static const char *const countries[] = {"US", "DE", "FR", "", "a-country-with-a-long-name", "J\xc3\xbc", "us", "BR"};
static const char *const versions[] = {"1", "1.2", "1.2.3", "1.2.3.4", "01.2", "1.2-beta", "1.2+x.y", "2", "1.2.", "x",
    "4294967295", "4294967296", "1.2.3.4.5", ""};
static const double numbers[] = {0, -0.0, 1, 5, 5.5, -3, 9007199254740992.0, 1e300, 0.1};

static void
random_value(struct dice *dice, uint32_t attribute, struct rulesets_value *ret)
{
	*ret = (struct rulesets_value){.kind = RULESETS_STRING};
	switch (attribute) {
	case 0:
		ret->kind = RULESETS_NUMBER;
		break;
	case 1:
		strcpy(ret->string, versions[dice_throw(dice, 14)]);
		break;
	case 5:
		ret->kind = RULESETS_BOOL;
		break;
	case 4:
		ret->kind = RULESETS_STRING + dice_throw(dice, 3);
		strcpy(ret->string, countries[dice_throw(dice, 8)]);
		break;
	case 6:
		snprintf(ret->string, sizeof ret->string, "user-%u", dice_throw(dice, 60));
		if (coin(dice, 20))
			ret->kind = RULESETS_NUMBER;
		break;
	default:
		strcpy(ret->string, countries[dice_throw(dice, 8)]);
		break;
	}
	ret->number = numbers[dice_throw(dice, 9)];
	ret->boolean = coin(dice, 50);
}

static void
random_scalar(struct dice *dice, struct quoin_ruleset *ruleset, uint32_t attribute, struct quoin_scalar *ret)
{
	struct rulesets_value value;

	random_value(dice, attribute, &value);
	ret->kind = value.kind == RULESETS_STRING ? QUOIN_SCALAR_STRING
	    : value.kind == RULESETS_NUMBER	  ? QUOIN_SCALAR_NUMBER
						  : QUOIN_SCALAR_BOOL;
	if (ret->kind == QUOIN_SCALAR_STRING)
		ret->string = text(ruleset, "%s", value.string);
	else if (ret->kind == QUOIN_SCALAR_NUMBER)
		ret->number = value.number;
	else
		ret->boolean = value.boolean;
}

static void
random_leaf(struct dice *dice, struct quoin_ruleset *ruleset, struct quoin_when *ret)
{
	uint32_t attribute = dice_throw(dice, RULESETS_ATTRIBUTES);
	struct quoin_scalar *scalars;
	struct quoin_version_bound *bounds;

	ret->kind = QUOIN_WHEN_LEAF;
	ret->attribute = rulesets_attributes[attribute];
	ret->op = coin(dice, 60) ? QUOIN_OP_IN : (enum quoin_operator)dice_throw(dice, 9);
	if (ret->op == QUOIN_OP_VERSION) {
		ret->bound_count = 1 + dice_throw(dice, 2);
		ret->bounds = bounds = take(ruleset, ret->bound_count, sizeof *bounds);
		for (size_t i = 0; i < ret->bound_count; i++) {
			bounds[i].comparator = (enum quoin_comparator)dice_throw(dice, 5);
			bounds[i].components[0] = 1 + dice_throw(dice, 2);
			bounds[i].components[1] = dice_throw(dice, 3);
		}
		return;
	}
	ret->scalar_count = ret->op <= QUOIN_OP_PREFIX ? 1 + dice_throw(dice, coin(dice, 5) ? 40 : 4) : 1;
	ret->scalars = scalars = take(ruleset, ret->scalar_count, sizeof *scalars);
	for (size_t i = 0; i < ret->scalar_count; i++) {
		if (ret->op == QUOIN_OP_EXISTS) {
			scalars[i].kind = QUOIN_SCALAR_BOOL;
			scalars[i].boolean = coin(dice, 50);
		} else if (ret->op == QUOIN_OP_PREFIX) {
			scalars[i].kind = QUOIN_SCALAR_STRING;
			scalars[i].string = text(ruleset, "%.*s", (int)(dice_throw(dice, 3) * 3 / 2), countries[dice_throw(dice, 8)]);
		} else if (ret->op >= QUOIN_OP_GT && ret->op <= QUOIN_OP_LTE) {
			scalars[i].kind = QUOIN_SCALAR_NUMBER;
			scalars[i].number = numbers[dice_throw(dice, 9)];
		} else {
			random_scalar(dice, ruleset, attribute, &scalars[i]);
		}
	}
}

static void
random_when(struct dice *dice, struct quoin_ruleset *ruleset, unsigned depth, struct quoin_when *ret)
{
	struct quoin_when *children;

	if (depth == 0 || coin(dice, 45)) {
		random_leaf(dice, ruleset, ret);
		return;
	}
	ret->kind = (enum quoin_when_kind)dice_throw(dice, 3);
	ret->child_count = ret->kind == QUOIN_WHEN_NOT ? 1 : ret->kind == QUOIN_WHEN_ANY ? 1 + dice_throw(dice, 3)
											 : dice_throw(dice, 4);
	ret->children = children = take(ruleset, ret->child_count, sizeof *children);
	for (size_t i = 0; i < ret->child_count; i++)
		random_when(dice, ruleset, depth - 1, &children[i]);
}

/* ---- Rules ---- */

static uint32_t
model_of_types(struct dice *dice, const struct quoin_ruleset *ruleset, uint32_t objective)
{
	for (;;) {
		uint32_t model = dice_throw(dice, (uint32_t)ruleset->model_count);

		if (strcmp(ruleset->models[model].input_type, ruleset->objectives[objective].input_type) == 0)
			return model;
	}
}

static const struct quoin_ref *
random_refs(struct dice *dice, struct quoin_ruleset *ruleset, uint32_t objective, size_t count)
{
	struct quoin_ref *refs = take(ruleset, count, sizeof *refs);

	for (size_t i = 0; i < count; i++)
		refs[i] = (struct quoin_ref){model_of_types(dice, ruleset, objective), config(dice, ruleset)};
	return refs;
}

/* Shares that add up to "total", with keys 0.., or of the cells. */
static void
random_shares(struct dice *dice, struct quoin_ruleset *ruleset, struct quoin_rule *rule, size_t count, uint32_t total)
{
	struct quoin_share *shares = take(ruleset, count, sizeof *shares);
	uint32_t left = total;

	for (size_t i = 0; i < count; i++) {
		shares[i].key = rule->kind == QUOIN_RULE_AB_TEST ? rule->cells[i].cell : (uint32_t)i;
		shares[i].share = i + 1 == count ? left : dice_throw(dice, left + 1);
		left -= shares[i].share;
	}
	rule->shares = shares;
	rule->share_count = count;
	rule->by = rulesets_attributes[coin(dice, 80) ? 6 : dice_throw(dice, RULESETS_ATTRIBUTES)];
	rule->salt = text(ruleset, "salt-%u", dice_throw(dice, 1000));
}

static void
random_ab_test(struct dice *dice, struct quoin_ruleset *ruleset, uint32_t objective, struct quoin_rule *rule)
{
	size_t count = 1 + dice_throw(dice, 4);
	struct quoin_cell *cells = take(ruleset, count, sizeof *cells);
	const struct quoin_ref *refs = random_refs(dice, ruleset, objective, count);
	uint32_t cell = 0;

	rule->ab_test_id = 100 + dice_throw(dice, RULESETS_CELLS);
	for (size_t i = 0; i < count; i++, cell += 1 + dice_throw(dice, 2)) {
		cells[i].cell = cell;
		cells[i].ref = refs[i];
	}
	rule->cells = cells;
	rule->cell_count = count;
	if (coin(dice, 50))
		random_shares(dice, ruleset, rule, 1 + dice_throw(dice, (uint32_t)count), dice_throw(dice, 100001));
}

static void
random_override(struct dice *dice, struct quoin_ruleset *ruleset, uint32_t objective, struct quoin_rule *rule)
{
	const char **callers;
	bool *any_version;

	rule->any_model = coin(dice, 40);
	if (!rule->any_model) {
		rule->ref_count = 1 + dice_throw(dice, 3);
		rule->refs = random_refs(dice, ruleset, objective, rule->ref_count);
		rule->ref_any_version = any_version = take(ruleset, rule->ref_count, sizeof *any_version);
		for (size_t i = 0; i < rule->ref_count; i++)
			any_version[i] = coin(dice, 50);
	}
	if (coin(dice, 50))
		return;
	rule->caller_count = 1 + dice_throw(dice, 2);
	rule->callers = callers = take(ruleset, rule->caller_count, sizeof *callers);
	for (size_t i = 0; i < rule->caller_count; i++)
		callers[i] = text(ruleset, "caller-%u", dice_throw(dice, 3));
}

static void
random_rule(struct dice *dice, struct quoin_ruleset *ruleset, uint32_t number, struct quoin_rule *rule)
{
	static const enum quoin_rule_kind kinds[] = {QUOIN_RULE_AB_TEST, QUOIN_RULE_AB_TEST, QUOIN_RULE_CONTEXT,
	    QUOIN_RULE_CONTEXT, QUOIN_RULE_SPLIT, QUOIN_RULE_RAMP, QUOIN_RULE_SHADOW, QUOIN_RULE_OVERRIDE};
	uint32_t objective = dice_throw(dice, OBJECTIVES), *targets = take(ruleset, 2, sizeof *targets);
	struct quoin_when *when = take(ruleset, 1, sizeof *when);

	rule->kind = kinds[dice_throw(dice, 8)];
	rule->name = text(ruleset, "defineRule%u", number);
	rule->file = "rules.js";
	rule->line = number;
	rule->priority = (int32_t)dice_throw(dice, 3) - 1;
	rule->is_enabled = coin(dice, 95);
	rule->config = config(dice, ruleset);
	targets[0] = objective;
	rule->targets = targets;
	rule->target_count = 1;
	/* Objectives of the same parity have the same types. */
	if (objective + 2 < OBJECTIVES && coin(dice, 20))
		targets[rule->target_count++] = objective + 2;
	if (rule->kind == QUOIN_RULE_CONTEXT || coin(dice, 40)) {
		random_when(dice, ruleset, 3, when);
		rule->when = when;
	}
	switch (rule->kind) {
	case QUOIN_RULE_AB_TEST:
		random_ab_test(dice, ruleset, objective, rule);
		break;
	case QUOIN_RULE_OVERRIDE:
		random_override(dice, ruleset, objective, rule);
		break;
	default:
		rule->ref_count = rule->kind == QUOIN_RULE_SPLIT ? 1 + dice_throw(dice, 4) : 1;
		rule->refs = random_refs(dice, ruleset, objective, rule->ref_count);
		if (rule->kind != QUOIN_RULE_CONTEXT)
			random_shares(dice, ruleset, rule, rule->ref_count,
			    rule->kind == QUOIN_RULE_SPLIT ? 100000 : dice_throw(dice, 100001));
		break;
	}
}

/* ---- Things ---- */

static void
make_models(struct dice *dice, struct quoin_ruleset *ruleset)
{
	struct quoin_model *models = take(ruleset, NAMES * VERSIONS, sizeof *models);
	struct quoin_amount *demand, *limits;

	for (uint32_t i = 0; i < NAMES * VERSIONS; i++) {
		struct quoin_model *model = &models[i];

		model->name = text(ruleset, "model%u%s", i / VERSIONS, i / VERSIONS == 2 ? "-b" : "");
		model->version = text(ruleset, "%u", i % VERSIONS + 1);
		model->routing_key = text(ruleset, "%s@%s", model->name, model->version);
		model->is_current = i % VERSIONS == 1;
		/* One version has other types than its siblings. */
		model->input_type = (i / VERSIONS + (i == 2)) % 2 == 0 ? "TITLE" : "ROW";
		model->model_type = "SCORER";
		model->uri = text(ruleset, "s3://models/%u", i);
		model->digest = "sha256:00";
		model->config = config(dice, ruleset);
		model->shard_count = 1;
		model->demand = demand = take(ruleset, 2, sizeof *demand);
		demand[0] = (struct quoin_amount){"cpu_millis", dice_throw(dice, 2000)};
		demand[1] = (struct quoin_amount){"memory_mb", 1000};
		model->demand_count = 2;
		model->limits = limits = take(ruleset, 1, sizeof *limits);
		limits[0] = (struct quoin_amount){"requests_per_s", 5};
		model->limit_count = 1;
	}
	ruleset->models = models;
	ruleset->model_count = NAMES * VERSIONS;
}

static void
make_shards(struct dice *dice, struct quoin_ruleset *ruleset)
{
	struct quoin_shard *shards = take(ruleset, SHARDS, sizeof *shards);
	struct quoin_amount *capacity;
	struct quoin_pair *labels;
	const char **hosts;

	for (uint32_t i = 0; i < SHARDS; i++) {
		shards[i].name = text(ruleset, "rank-%c", 'a' + i);
		shards[i].vip = text(ruleset, "rank-%c.vip:7001", 'a' + i);
		shards[i].host_count = 1 + dice_throw(dice, 3);
		shards[i].hosts = hosts = take(ruleset, shards[i].host_count, sizeof *hosts);
		for (size_t k = 0; k < shards[i].host_count; k++)
			hosts[k] = text(ruleset, "rank-%c-%02zu", 'a' + i, k);
		shards[i].capacity = capacity = take(ruleset, 1, sizeof *capacity);
		capacity[0] = (struct quoin_amount){"memory_mb", 65536 + i};
		shards[i].capacity_count = 1;
		shards[i].labels = labels = take(ruleset, 1, sizeof *labels);
		labels[0] = (struct quoin_pair){"region", "us"};
		shards[i].label_count = 1;
		shards[i].health_checked = i % 2 == 0;
		shards[i].drain = i == 3;
	}
	ruleset->shards = shards;
	ruleset->shard_count = SHARDS;
}

static void
make_objectives(struct dice *dice, struct quoin_ruleset *ruleset)
{
	struct quoin_objective *objectives = take(ruleset, OBJECTIVES, sizeof *objectives);

	ruleset->objectives = objectives;
	ruleset->objective_count = OBJECTIVES;
	for (uint32_t i = 0; i < OBJECTIVES; i++) {
		objectives[i].name = text(ruleset, "Objective%u", i);
		objectives[i].owner = i % 2 == 0 ? "home" : NULL;
		objectives[i].input_type = i % 2 == 0 ? "TITLE" : "ROW";
		objectives[i].model_type = "SCORER";
		objectives[i].config = config(dice, ruleset);
		objectives[i].default_ref = random_refs(dice, ruleset, i, 1)[0];
		objectives[i].default_rule = "default";
	}
}

static void
use(struct quoin_ruleset *ruleset, const struct quoin_ref *ref)
{
	((struct quoin_model *)(uintptr_t)&ruleset->models[ref->model])->is_used = true;
}

static void
place(struct dice *dice, struct quoin_ruleset *ruleset)
{
	struct quoin_placement *placements = take(ruleset, ruleset->model_count * SHARDS, sizeof *placements);
	size_t count = 0;

	for (size_t i = 0; i < ruleset->objective_count; i++)
		use(ruleset, &ruleset->objectives[i].default_ref);
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct quoin_rule *rule = &ruleset->rules[i];

		for (size_t k = 0; rule->is_enabled && k < rule->ref_count; k++)
			use(ruleset, &rule->refs[k]);
		for (size_t k = 0; rule->is_enabled && k < rule->cell_count; k++)
			use(ruleset, &rule->cells[k].ref);
	}
	for (uint32_t i = 0; i < ruleset->model_count; i++) {
		uint32_t shards = 1 + dice_throw(dice, SHARDS - 1), first = dice_throw(dice, SHARDS - shards + 1);
		uint32_t left = 100000;

		for (uint32_t k = 0; ruleset->models[i].is_used && k < shards; k++) {
			uint32_t weight = k + 1 == shards ? left : coin(dice, 20) ? 0 : dice_throw(dice, left + 1);

			placements[count++] = (struct quoin_placement){i, first + k, weight};
			left -= weight;
		}
	}
	ruleset->placements = placements;
	ruleset->placement_count = count;
}

void
rulesets_random(struct dice *dice, struct quoin_ruleset *ret)
{
	size_t count = dice_throw(dice, 40);
	struct quoin_rule *rules;

	memset(ret, 0, sizeof *ret);
	make_models(dice, ret);
	make_shards(dice, ret);
	make_objectives(dice, ret);
	rules = take(ret, count, sizeof *rules);
	for (uint32_t i = 0; i < count; i++)
		random_rule(dice, ret, i, &rules[i]);
	ret->rules = rules;
	ret->rule_count = count;
	quoin_policy_init(&ret->policy);
	ret->constants = "{\"x\":1}";
	place(dice, ret);
}

void
rulesets_change(struct dice *dice, struct quoin_ruleset *ruleset)
{
	struct quoin_rule *rules = take(ruleset, ruleset->rule_count + 1, sizeof *rules);
	struct quoin_objective *objectives = take(ruleset, ruleset->objective_count, sizeof *objectives);

	/* The new rule is the first: numbers that followed the order would all move. */
	memcpy(rules + 1, ruleset->rules, ruleset->rule_count * sizeof *rules);
	memcpy(objectives, ruleset->objectives, ruleset->objective_count * sizeof *objectives);
	objectives[0].default_ref = random_refs(dice, ruleset, 0, 1)[0];
	random_rule(dice, ruleset, 1000, &rules[0]);
	ruleset->objectives = objectives;
	ruleset->rules = rules;
	ruleset->rule_count++;
	place(dice, ruleset);
}

/* ---- Parts ---- */

void
rulesets_encode(const struct quoin_ruleset *ruleset, const struct rulesets_parts *base, struct rulesets_parts *ret)
{
	struct quoin_error err = {0};
	struct quoin_span none = {0};

	quoin_buf_init(&ret->rules, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&ret->routes, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&ret->models, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&ret->source, QUOIN_PART_BYTES_MAX);
	if (quoin_rules_encode(ruleset, base == NULL ? none : quoin_buf_span(&base->rules), &ret->rules, &err) != 0 ||
	    quoin_models_encode(ruleset, quoin_buf_span(&ret->rules), base == NULL ? none : quoin_buf_span(&base->models),
		&ret->models, &err) != 0 ||
	    quoin_routes_encode(quoin_buf_span(&ret->models), &ret->routes, &err) != 0 ||
	    quoin_source_print(ruleset, &ret->source) != 0)
		check_fail(__FILE__, __LINE__, "encoding: %s", err.message);
}

void
rulesets_parts_clear(struct rulesets_parts *parts)
{
	quoin_buf_clear(&parts->rules);
	quoin_buf_clear(&parts->routes);
	quoin_buf_clear(&parts->models);
	quoin_buf_clear(&parts->source);
}

/* ---- Contexts ---- */

void
rulesets_context(struct dice *dice, const struct quoin_ruleset *ruleset, struct rulesets_context *ret)
{
	static const double cells[] = {0, 1, 2, 3, 2.0, -1, 1.5, 1e12, 2147483648.0, -0.0};
	const struct quoin_model *model;

	memset(ret, 0, sizeof *ret);
	snprintf(ret->objective, sizeof ret->objective, "Objective%u", dice_throw(dice, OBJECTIVES + coin(dice, 3)));
	for (uint32_t i = 0; i < RULESETS_ATTRIBUTES; i++) {
		random_value(dice, coin(dice, 95) ? i : dice_throw(dice, RULESETS_ATTRIBUTES), &ret->values[i]);
		if (coin(dice, 15))
			ret->values[i].kind = coin(dice, 70) ? RULESETS_ABSENT : RULESETS_NULL;
	}
	for (size_t i = 0; i < RULESETS_CELLS; i++) {
		ret->cells[i].is_there = coin(dice, 40);
		ret->cells[i].cell = coin(dice, 5) ? NAN : cells[dice_throw(dice, coin(dice, 80) ? 5 : 10)];
	}
	ret->has_override = coin(dice, 30);
	model = &ruleset->models[dice_throw(dice, (uint32_t)ruleset->model_count)];
	strcpy(ret->override_model, coin(dice, 95) ? model->name : "nobody");
	if (coin(dice, 60))
		strcpy(ret->override_version, coin(dice, 95) ? model->version : "99");
	if (coin(dice, 70))
		snprintf(ret->override_caller, sizeof ret->override_caller, "caller-%u", dice_throw(dice, 3));
}

static void
print_value(const char *name, const struct rulesets_value *value, struct quoin_buf *out)
{
	if (value->kind == RULESETS_ABSENT)
		return;
	quoin_buf_printf(out, ",\"%s\":", name);
	if (value->kind == RULESETS_STRING)
		quoin_json_print_string(quoin_span_str(value->string), out);
	else if (value->kind == RULESETS_NUMBER)
		quoin_buf_printf(out, "%.17g", value->number);
	else
		quoin_buf_put_str(out, value->kind == RULESETS_NULL ? "null" : value->boolean ? "true" : "false");
}

void
rulesets_context_print(const struct rulesets_context *context, struct quoin_buf *out)
{
	bool is_first = true;

	quoin_buf_printf(out, "{\"objective\":\"%s\"", context->objective);
	for (size_t i = 0; i < RULESETS_ATTRIBUTES; i++)
		print_value(rulesets_attributes[i], &context->values[i], out);
	quoin_buf_put_str(out, ",\"ab\":{");
	for (size_t i = 0; i < RULESETS_CELLS; i++) {
		if (!context->cells[i].is_there)
			continue;
		quoin_buf_printf(out, "%s\"%zu\":", is_first ? "" : ",", 100 + i);
		if (isnan(context->cells[i].cell))
			quoin_buf_put_str(out, "\"2\"");
		else
			quoin_buf_printf(out, "%.17g", context->cells[i].cell);
		is_first = false;
	}
	quoin_buf_put_byte(out, '}');
	if (context->has_override) {
		quoin_buf_printf(out, ",\"override\":{\"model\":\"%s\"", context->override_model);
		if (context->override_version[0] != '\0')
			quoin_buf_printf(out, ",\"version\":\"%s\"", context->override_version);
		if (context->override_caller[0] != '\0')
			quoin_buf_printf(out, ",\"caller\":\"%s\"", context->override_caller);
		quoin_buf_put_byte(out, '}');
	}
	quoin_buf_put_byte(out, '}');
}
