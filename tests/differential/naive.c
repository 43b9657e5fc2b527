#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/differential/naive_rules.h"

#define CONTEXT_BYTES_MAX 65536
#define SHADOWS_MAX	  (WRONG(SHADOW_FIVE) ? 5u : 4u)

enum naive_error naive_error;

const char *
naive_error_text(enum naive_error error)
{
	static const char *const texts[] = {"nothing is wrong",
#define X(name, what) what,
	    NAIVE_ERRORS(X)
#undef X
	};

	return texts[error];
}

struct asked {
	const struct naive *naive;
	const struct naive_objective *objective;
	const struct tree *context;
};

/* ---- Buckets (RULES.md section 5) ---- */

static uint32_t
rotl32(uint32_t x, int r)
{
	return (x << r) | (x >> (32 - r));
}

uint32_t
naive_murmur3(const void *bytes, size_t count, uint32_t seed)
{
	const uint8_t *data = bytes, *tail = data + count / 4 * 4;
	const uint32_t c1 = 0xcc9e2d51, c2 = 0x1b873593;
	uint32_t h1 = seed, k1 = 0;

	for (size_t i = 0; i < count / 4; i++) {
		uint32_t k;

		memcpy(&k, data + 4 * i, 4); /* the tests run on little-endian machines */
		h1 ^= rotl32(k * c1, 15) * c2;
		h1 = rotl32(h1, 13) * 5 + 0xe6546b64;
	}
	switch (WRONG(BUCKET_TAIL) ? 0 : count & 3) {
	case 3:
		k1 ^= (uint32_t)tail[2] << 16;
		__attribute__((fallthrough));
	case 2:
		k1 ^= (uint32_t)tail[1] << 8;
		__attribute__((fallthrough));
	case 1:
		k1 ^= tail[0];
		h1 ^= rotl32(k1 * c1, 15) * c2;
		break;
	default:
		break;
	}
	h1 ^= (uint32_t)count;
	h1 ^= h1 >> 16;
	h1 *= 0x85ebca6b;
	h1 ^= h1 >> 13;
	h1 *= 0xc2b2ae35;
	h1 ^= h1 >> 16;
	return h1;
}

static const struct tree *
value_of(const struct asked *asked, const char *attribute)
{
	const struct tree *value = tree_get(asked->context, attribute);

	if (value == NULL || (value->kind == TREE_NULL && !WRONG(NULL_IS_THERE)) ||
	    ((value->kind == TREE_ARRAY || value->kind == TREE_OBJECT) && !WRONG(ARRAY_IS_THERE)))
		return NULL;
	return value;
}

/* The unit's text, or NULL when there is none. */
static const char *
unit_of(const struct asked *asked, const char *by, char number[64], size_t *ret_bytes)
{
	const struct tree *value = value_of(asked, by);
	double limit = WRONG(UNIT_BIG) ? 1e18 : 9007199254740992.0;

	if (value == NULL)
		return NULL;
	if (value->kind == TREE_STRING) {
		*ret_bytes = value->text_bytes;
		return value->text_bytes == 0 && WRONG(UNIT_EMPTY) ? NULL : value->text;
	}
	if (value->kind == TREE_BOOL && WRONG(UNIT_BOOL)) {
		*ret_bytes = 4;
		return "true";
	}
	if (value->kind != TREE_NUMBER || fabs(value->number) > limit)
		return NULL;
	if (value->number != (double)(long long)value->number && !WRONG(UNIT_FLOAT))
		return NULL;
	*ret_bytes = (size_t)snprintf(number, 64, "%s%lld",
	    WRONG(UNIT_SIGN) && signbit(value->number) && value->number == 0 ? "-" : "", (long long)value->number);
	return number;
}

/* The first range that the unit is in, or -1. */
static int
range_of(const struct asked *asked, const struct naive_rule *rule)
{
	size_t bytes;
	char number[64];
	const char *unit = rule->share_count > 0 ? unit_of(asked, rule->by, number, &bytes) : NULL;
	uint32_t seed, total = 0;
	uint64_t bucket;

	if (unit == NULL)
		return WRONG(UNIT_100) && rule->share_count > 0 && rule->shares[0].share == 100000 ? 0 : -1;
	seed = naive_murmur3(rule->salt, strlen(rule->salt), 0);
	bucket = ((uint64_t)naive_murmur3(unit, bytes, seed) * 100000) >> 32;
	for (size_t i = 0; i < rule->share_count; i++) {
		total += rule->shares[i].share;
		if (total > bucket || (WRONG(BUCKET_EDGE) && total == bucket))
			return (int)i;
	}
	return -1;
}

/* ---- Conditions (RULES.md section 4) ---- */

static bool
equal_texts(const struct tree *value, const struct tree *constant)
{
	if (WRONG(CASE))
		return strcasecmp(value->text, constant->text) == 0;
	if (WRONG(STRING_255))
		return strncmp(value->text, constant->text, 255) == 0;
	return value->text_bytes == constant->text_bytes && memcmp(value->text, constant->text, value->text_bytes) == 0;
}

static bool
equal_numbers(double value, double constant)
{
	if (WRONG(MINUS_ZERO) && value == 0)
		return constant == 0 && signbit(value) == signbit(constant);
	return WRONG(FLOATS) ? (float)value == (float)constant : value == constant;
}

static bool
equal(const struct tree *value, const struct tree *constant)
{
	if (WRONG(TEXT_IS_NUMBER) && value->kind == TREE_STRING && constant->kind == TREE_NUMBER &&
	    isdigit(value->text[0]))
		return strtod(value->text, NULL) == constant->number;
	if (WRONG(BOOL_IS_NUMBER) && value->kind == TREE_BOOL && constant->kind == TREE_NUMBER)
		return (value->boolean ? 1.0 : 0.0) == constant->number;
	if (value->kind != constant->kind)
		return false;
	switch (value->kind) {
	case TREE_STRING:
		return equal_texts(value, constant);
	case TREE_NUMBER:
		return equal_numbers(value->number, constant->number);
	case TREE_BOOL:
		return value->boolean == constant->boolean || WRONG(BOOL_IS_BOOL);
	default:
		return false;
	}
}

static bool
is_one_of(const struct tree *value, const struct tree *constants)
{
	for (const struct tree *constant = constants->first; constant != NULL; constant = constant->next) {
		if (equal(value, constant))
			return true;
	}
	return false;
}

static bool
is_type_of(const struct tree *value, const struct tree *constants)
{
	for (const struct tree *constant = constants->first; constant != NULL; constant = constant->next) {
		if (value->kind == constant->kind)
			return true;
	}
	return false;
}

static bool
has_prefix(const struct tree *value, const struct tree *prefix)
{
	if (prefix->kind == TREE_ARRAY) {
		for (const struct tree *one = prefix->first; one != NULL; one = one->next) {
			if (has_prefix(value, one))
				return true;
			if (WRONG(PREFIX_FIRST))
				return false;
		}
		return false;
	}
	if (value->kind != TREE_STRING && !(WRONG(PREFIX_NUMBER) && value->kind == TREE_NUMBER))
		return false;
	if (WRONG(PREFIX_WHOLE) && value->text_bytes == prefix->text_bytes)
		return false;
	return value->text_bytes >= prefix->text_bytes && memcmp(value->text, prefix->text, prefix->text_bytes) == 0;
}

/* Up to four components; *ret_end is where they end. */
static bool
read_version(const char *text, uint64_t ret[4], const char **ret_end)
{
	int count = 0, max = WRONG(VERSION_FIVE) ? 5 : 4;

	ret[0] = ret[1] = ret[2] = ret[3] = WRONG(VERSION_MISSING) ? 1 : 0;
	for (;;) {
		uint64_t component = 0;

		if (!isdigit((unsigned char)*text) || count == max)
			return false;
		for (; isdigit((unsigned char)*text); text++) {
			component = component * 10 + (uint64_t)(*text - '0');
			if (component > 4294967295u && !WRONG(VERSION_32))
				return false;
			component &= 0xffffffffu;
		}
		if (count++ < 4)
			ret[count - 1] = component;
		if (*text != '.')
			break;
		text++;
	}
	*ret_end = text;
	return true;
}

static int
compare_components(const uint64_t a[4], const uint64_t b[4])
{
	for (int i = 0; i < (WRONG(VERSION_THREE) ? 3 : 4); i++) {
		char left[24], right[24];

		if (a[i] == b[i])
			continue;
		snprintf(left, sizeof left, "%llu", (unsigned long long)a[i]);
		snprintf(right, sizeof right, "%llu", (unsigned long long)b[i]);
		return WRONG(VERSION_TEXT) ? strcmp(left, right) : a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

static bool
version_holds(const struct tree *value, const char *comparators)
{
	uint64_t have[4], want[4];
	const char *end;

	if (value->kind != TREE_STRING || !read_version(value->text, have, &end))
		return false;
	if (WRONG(VERSION_PADDING) && value->text[0] == '0' && isdigit((unsigned char)value->text[1]))
		return false;
	if (*end != '\0' && ((*end != '-' && *end != '+') || WRONG(VERSION_SUFFIX)))
		return false;
	for (const char *at = comparators;; at = end + 1) {
		size_t sign = strcspn(at, "0123456789");
		int order;
		bool holds;

		if (!read_version(at + sign, want, &end))
			abort();
		end += strcspn(end, " ");
		order = compare_components(have, want);
		holds = (order < 0 && at[0] == '<') || (order > 0 && at[0] == '>') ||
		    (order == 0 && (at[0] == '=' || (sign == 2 && at[1] == '=')));
		if (!holds || *end == '\0' || WRONG(VERSION_FIRST))
			return holds;
	}
}

static bool
operator_holds(const struct tree *value, const struct tree *operator)
{
	const char *name = operator->key;
	bool are_numbers = value != NULL && value->kind == TREE_NUMBER && operator->kind == TREE_NUMBER;

	if (strcmp(name, "exists") == 0)
		return operator->boolean ? value != NULL : value == NULL && !WRONG(EXISTS_FALSE);
	if (value == NULL)
		return WRONG(MISSING_HOLDS) || (WRONG(NOT_IN_MISSING) && strcmp(name, "notIn") == 0);
	if (strcmp(name, "in") == 0)
		return is_one_of(value, operator);
	if (strcmp(name, "notIn") == 0)
		return !is_one_of(value, operator) && (!WRONG(NOT_IN_TYPES) || is_type_of(value, operator));
	if (strcmp(name, "prefix") == 0)
		return has_prefix(value, operator);
	if (strcmp(name, "version") == 0)
		return version_holds(value, operator->text);
	if (!are_numbers)
		return false;
	if (strcmp(name, "gt") == 0)
		return value->number > operator->number ||(WRONG(GT_EQUAL) && value->number == operator->number);
	if (strcmp(name, "gte") == 0)
		return value->number > operator->number ||(!WRONG(GTE_EQUAL) && value->number == operator->number);
	if (strcmp(name, "lt") == 0)
		return value->number < operator->number ||(WRONG(LT_EQUAL) && value->number == operator->number);
	if (strcmp(name, "lte") == 0)
		return value->number < operator->number ||(!WRONG(LTE_EQUAL) && value->number == operator->number);
	abort();
}

static bool
condition_holds(const struct tree *value, const struct tree *condition)
{
	bool all = true, any = false;

	if (condition->kind == TREE_ARRAY)
		return value == NULL ? WRONG(MISSING_HOLDS) : is_one_of(value, condition);
	if (condition->kind != TREE_OBJECT)
		return value == NULL ? WRONG(MISSING_HOLDS) : equal(value, condition);
	for (const struct tree *operator= condition->first; operator!= NULL; operator= operator->next) {
		bool holds;

		if (strncmp(operator->key, "x-", 2) == 0)
			continue;
		holds = operator_holds(value, operator);
		all = all && holds;
		any = any || holds;
	}
	return WRONG(OPERATORS_ANY) ? any : all;
}

static bool
names_missing(const struct asked *asked, const struct tree *block)
{
	return block->count == 1 && tree_get(block, "anyOf") == NULL && tree_get(block, "allOf") == NULL &&
	    tree_get(block, "not") == NULL && value_of(asked, block->first->key) == NULL &&
	    tree_get(block->first, "exists") == NULL;
}

static bool
when_holds(const struct asked *asked, const struct tree *when)
{
	bool all = true, any = when->count == 0;

	for (const struct tree *member = when->first; member != NULL; member = member->next) {
		bool is_any = strcmp(member->key, "anyOf") == 0, is_all = strcmp(member->key, "allOf") == 0, holds;

		if (is_any || is_all) {
			holds = is_any ? WRONG(ANY_IS_ALL) : !WRONG(ALL_IS_ANY);
			for (const struct tree *block = member->first; block != NULL; block = block->next) {
				bool one = when_holds(asked, block);

				holds =
				    is_any != (WRONG(ANY_IS_ALL) || WRONG(ALL_IS_ANY)) ? holds || one : holds && one;
			}
		} else if (strcmp(member->key, "not") == 0) {
			holds = !when_holds(asked, member) && !(WRONG(NOT_MISSING) && names_missing(asked, member));
		} else {
			holds = condition_holds(value_of(asked, member->key), member);
		}
		all = all && holds;
		any = any || holds;
	}
	return WRONG(MEMBERS_ANY) ? any : all;
}

/* ---- Rules (RULES.md section 3) ---- */

struct choice {
	const struct naive_rule *rule; /* NULL: the default of objectives.json, or of a default rule */
	struct naive_ref ref;
	uint32_t cell;
};

/* Whether the context has a cell of the test; one that no rule can have is UINT32_MAX. */
static bool
cell_of(const struct asked *asked, uint64_t test, uint32_t *ret)
{
	char key[24];
	const struct tree *cell;

	snprintf(key, sizeof key, "%llu", (unsigned long long)test);
	cell = tree_get(tree_get(asked->context, "ab"), key);
	if (cell != NULL && cell->kind == TREE_STRING && WRONG(CELL_TEXT)) {
		*ret = (uint32_t)strtoul(cell->text, NULL, 10);
		return true;
	}
	if (cell == NULL || cell->kind != TREE_NUMBER)
		return false;
	if (cell->number < 0) {
		*ret = UINT32_MAX;
		return WRONG(CELL_MINUS);
	}
	if (cell->number != floor(cell->number) && !WRONG(CELL_FRACTION))
		return false;
	*ret = cell->number < 2147483648.0 ? (uint32_t)cell->number : UINT32_MAX;
	return true;
}

static bool
select_cell(const struct naive_rule *rule, uint32_t cell, struct choice *ret)
{
	for (size_t i = 0; i < rule->cell_count; i++) {
		if (rule->cells[i].cell != cell)
			continue;
		ret->ref = rule->cells[i].ref;
		ret->cell = cell;
		return true;
	}
	return false;
}

static bool
ab_test_matches(const struct asked *asked, const struct naive_rule *rule, struct choice *ret)
{
	uint32_t cell;
	int range;

	if (cell_of(asked, rule->test, &cell)) {
		bool is_known = select_cell(rule, cell, ret);

		if (is_known || !WRONG(CELL_FALLS))
			return is_known;
	}
	range = range_of(asked, rule);
	return range >= 0 && select_cell(rule, rule->shares[range].cell, ret);
}

/* The model version that the context asks for, if the release has it. */
static const struct naive_model *
model_asked_for(const struct asked *asked)
{
	const struct tree *override = tree_get(asked->context, "override");
	const struct tree *version = tree_get(override, "version");
	const char *name = tree_text(override, "model");

	if (name == NULL || (version != NULL && version->kind != TREE_STRING && !WRONG(OVERRIDE_NUMBER)))
		return NULL;
	for (size_t i = 0; i < asked->naive->model_count; i++) {
		const struct naive_model *model = &asked->naive->models[i];

		if (strcmp(model->name, name) != 0 || (!model->is_used && !WRONG(OVERRIDE_UNUSED)))
			continue;
		if (version != NULL && version->kind == TREE_STRING ? strcmp(model->version, version->text) == 0
								    : model->is_current || WRONG(OVERRIDE_CURRENT))
			return model;
	}
	return NULL;
}

static bool
override_matches(const struct asked *asked, const struct naive_rule *rule, struct choice *ret)
{
	const struct naive_model *model = model_asked_for(asked);
	const struct tree *caller = tree_get(tree_get(asked->context, "override"), "caller");
	bool is_found = false;

	if (rule->callers != NULL) {
		bool is_missing = caller == NULL || caller->kind != TREE_STRING;

		if (is_missing ? !WRONG(OVERRIDE_CALLER) : !is_one_of(caller, rule->callers))
			return false;
	}
	if (model == NULL)
		return false;
	if (rule->is_any_model) {
		ret->ref = (struct naive_ref){.model = model};
		return WRONG(OVERRIDE_ANY_TYPE) ||
		    (strcmp(model->input_type, asked->objective->input_type) == 0 &&
			strcmp(model->model_type, asked->objective->model_type) == 0);
	}
	for (size_t i = 0; i < rule->ref_count && (!is_found || WRONG(OVERRIDE_CONFIG)); i++) {
		const struct naive_ref *ref = &rule->refs[i];

		if (ref->model != model &&
		    (ref->has_version || strcmp(ref->model->name, model->name) != 0 || WRONG(OVERRIDE_VERSION)))
			continue;
		ret->ref = (struct naive_ref){model, ref->config, true};
		is_found = true;
	}
	return is_found;
}

static bool
rule_matches(const struct asked *asked, const struct naive_rule *rule, struct choice *ret)
{
	int range;

	*ret = (struct choice){.rule = rule};
	if (rule->when != NULL && !when_holds(asked, rule->when))
		return false;
	switch (rule->kind) {
	case NAIVE_AB_TEST:
		return ab_test_matches(asked, rule, ret);
	case NAIVE_OVERRIDE:
		return override_matches(asked, rule, ret);
	case NAIVE_CONTEXT:
		ret->ref = rule->refs[0];
		return true;
	default: /* split, ramp, shadow */
		range = range_of(asked, rule);
		if (range >= 0)
			ret->ref = rule->refs[range];
		return range >= 0;
	}
}

static struct choice
choose(const struct asked *asked)
{
	struct choice choice;

	for (size_t i = 0; i < asked->objective->rule_count; i++) {
		if (rule_matches(asked, asked->objective->rules[i], &choice))
			return choice;
		if (WRONG(OVERRIDE_ENDS) && asked->objective->rules[i]->kind == NAIVE_OVERRIDE &&
		    tree_get(asked->context, "override") != NULL)
			break;
	}
	return (struct choice){.ref = asked->objective->fallback};
}

/* ---- The decision (RULES.md sections 3 and 6) ---- */

static void
put(struct quoin_buf *out, const char *key, const char *text)
{
	quoin_buf_printf(out, ",\"%s\":", key);
	tree_print_string(text, strlen(text), out);
}

static void
print_model(struct quoin_buf *out, const struct naive_model *model)
{
	quoin_buf_printf(out, "\"model\":\"%s\",\"version\":\"%s\",\"routingKey\":\"%s@%s\"", model->name,
	    model->version, model->name, model->version);
}

/* The level's member replaces one of the same key; the wrong way it is merged into it. */
static void
put_level(struct pool *scratch, struct tree *merged, const struct tree *level)
{
	for (const struct tree *member = level != NULL ? level->first : NULL; member != NULL; member = member->next) {
		struct tree **at = &merged->first, *copy = pool_take(scratch, sizeof *copy);

		while (*at != NULL && strcmp((*at)->key, member->key) != 0)
			at = &(*at)->next;
		*copy = *member;
		copy->next = *at != NULL ? (*at)->next : NULL;
		if (WRONG(CONFIG_DEEP) && *at != NULL && (*at)->kind == TREE_OBJECT && member->kind == TREE_OBJECT) {
			copy->first = NULL;
			put_level(scratch, copy, *at);
			put_level(scratch, copy, member);
		}
		*at = copy;
		if (WRONG(CONFIG_NULL) && member->kind == TREE_NULL)
			*at = copy->next;
	}
}

static void
print_config(const struct asked *asked, const struct choice *choice, struct pool *scratch, struct quoin_buf *out)
{
	const struct tree *levels[] = {asked->objective->config, choice->ref.model->config, choice->ref.config,
	    choice->rule != NULL ? choice->rule->config : asked->objective->default_config};
	static const int orders[3][4] = {{0, 1, 2, 3}, {0, 1, 3, 2}, {1, 0, 2, 3}};
	const int *order = orders[WRONG(CONFIG_ORDER) ? 1 : WRONG(CONFIG_MODEL) ? 2 : 0];
	struct tree merged = {.kind = TREE_OBJECT};

	for (int i = 0; i < 4; i++)
		put_level(scratch, &merged, levels[order[i]]);
	tree_print(&merged, true, out);
}

static void
print_shadows(const struct asked *asked, const struct naive_model *selected, struct quoin_buf *out)
{
	const struct naive_model *listed[5];
	size_t count = 0;

	quoin_buf_put_str(out, ",\"shadows\":[");
	for (size_t i = 0; i < asked->objective->shadow_count && count < SHADOWS_MAX; i++) {
		struct choice choice;
		bool is_new;

		if (!rule_matches(asked, asked->objective->shadows[i], &choice))
			continue;
		is_new = choice.ref.model != selected || WRONG(SHADOW_SELECTED);
		for (size_t k = 0; k < count && !WRONG(SHADOW_TWICE); k++)
			is_new = is_new && listed[k] != choice.ref.model;
		if (!is_new)
			continue;
		quoin_buf_put_str(out, count > 0 ? ",{" : "{");
		print_model(out, choice.ref.model);
		quoin_buf_put_byte(out, '}');
		listed[count++] = choice.ref.model;
	}
	quoin_buf_put_byte(out, ']');
}

static void
print_routes(const struct naive_model *model, struct quoin_buf *out)
{
	bool is_first = true;

	quoin_buf_put_str(out, ",\"routes\":[");
	for (size_t i = 0; i < model->route_count; i++) {
		if (model->routes[i].weight == 0 && !WRONG(ROUTE_ZERO))
			continue;
		quoin_buf_printf(out, "%s{\"shard\":\"%s\",\"vip\":\"%s\",\"weight\":%u}", is_first ? "" : ",",
		    model->routes[i].shard, model->routes[i].vip, model->routes[i].weight);
		is_first = false;
	}
	quoin_buf_put_byte(out, ']');
}

static bool
needs_fallback(const struct naive_model *selected, const struct naive_model *fallback)
{
	if (WRONG(FALLBACK_NAME) && strcmp(selected->name, fallback->name) == 0)
		return false;
	return selected != fallback || WRONG(FALLBACK_ALWAYS);
}

static void
print_decision(const struct asked *asked, uint64_t release, struct pool *scratch, struct quoin_buf *out)
{
	static const char *const reasons[] = {[NAIVE_DEFAULT] = "default",
	    [NAIVE_AB_TEST] = "ab_test",
	    [NAIVE_CONTEXT] = "context",
	    [NAIVE_SPLIT] = "split",
	    [NAIVE_RAMP] = "ramp",
	    [NAIVE_OVERRIDE] = "override"};
	struct choice choice = choose(asked);
	const struct naive_model *fallback = asked->objective->fallback.model;

	quoin_buf_printf(out, ",\"release\":%llu,", (unsigned long long)release);
	print_model(out, choice.ref.model);
	quoin_buf_put_str(out, ",\"config\":");
	print_config(asked, &choice, scratch, out);
	put(out, "reason", reasons[choice.rule != NULL ? choice.rule->kind : NAIVE_DEFAULT]);
	put(out, "rule", choice.rule != NULL ? choice.rule->name : asked->objective->default_rule);
	if (choice.rule != NULL && choice.rule->kind == NAIVE_AB_TEST)
		quoin_buf_printf(out, ",\"abTestId\":%llu,\"cell\":%u", (unsigned long long)choice.rule->test,
		    choice.cell);
	if (needs_fallback(choice.ref.model, fallback)) {
		quoin_buf_put_str(out, ",\"fallback\":{");
		print_model(out, fallback);
		quoin_buf_put_byte(out, '}');
	}
	print_shadows(asked, choice.ref.model, out);
	print_routes(choice.ref.model, out);
	quoin_buf_put_str(out, ",\"stale\":false}");
}

void
naive_decide(const struct naive *naive, const char *context, size_t bytes, uint64_t release, struct pool *scratch,
    const struct tree **ret_context, struct quoin_buf *out)
{
	struct asked asked = {.naive = naive};
	const char *name;

	pool_reset(scratch);
	if (bytes <= CONTEXT_BYTES_MAX || WRONG(CONTEXT_BYTES))
		asked.context = tree_parse(scratch, context, bytes);
	if (ret_context != NULL)
		*ret_context = asked.context;
	name = tree_text(asked.context, "objective");
	if (name == NULL) {
		quoin_buf_put_str(out, "{\"objective\":null,\"error\":\"bad_context\"}");
		if (ret_context != NULL)
			*ret_context = NULL;
		return;
	}
	for (size_t i = 0; i < naive->objective_count; i++) {
		if (strcmp(naive->objectives[i].name, name) == 0)
			asked.objective = &naive->objectives[i];
	}
	quoin_buf_put_str(out, "{\"objective\":");
	tree_print_string(name, strlen(name), out);
	if (asked.objective == NULL)
		quoin_buf_put_str(out, ",\"error\":\"unknown_objective\"}");
	else
		print_decision(&asked, release, scratch, out);
}
