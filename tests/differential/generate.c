#include "tests/differential/generate.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/differential/naive.h"

#define FILE_BYTES_MAX (8u << 20)
#define SHARDS_MAX     5
#define CELLS_MAX      8

/* What one directory's rules have in common while they are written. */
struct writer {
	struct dice *dice;
	struct generated *generated;
	struct quoin_buf *out;
	char allocations[GENERATED_TESTS][512]; /* "": the test has none yet */
	uint32_t allocated[GENERATED_TESTS][CELLS_MAX];
	uint32_t allocated_count[GENERATED_TESTS];
	uint32_t leaves; /* that the rule may still have */
	uint32_t number; /* of the rule */
	bool is_shadowy; /* many rules are shadows */
};

static bool
coin(struct writer *writer, uint32_t percent)
{
	return generate_coin(writer->dice, percent);
}

static uint32_t
below(struct writer *writer, uint32_t sides)
{
	return dice_throw(writer->dice, sides);
}

static void
say(struct writer *writer, const char *text)
{
	quoin_buf_put_str(writer->out, text);
}

/* ---- Pieces ---- */

static void
write_config(struct writer *writer)
{
	static const char *const keys[] = {"a", "b", "timeoutMs", "k.1", "\\u00fc"};
	static const char *const values[] = {"1", "2", "null", "true", "\"text\"", "[1,{\"z\":1,\"a\":null}]",
	    "{\"x\":1}", "{\"y\":2}", "{}", "1.50", "-0", "1e2", "\"\""};
	bool is_first = true;

	say(writer, "{");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (coin(writer, 60))
			continue;
		quoin_buf_printf(writer->out, "%s\"%s\":", is_first ? "" : ",", keys[i]);
		/* Merged by key: five of the long ones are within the limit. */
		if (coin(writer, 1))
			quoin_buf_printf(writer->out, "\"%02500u\"", below(writer, 10));
		else
			say(writer, values[below(writer, sizeof values / sizeof values[0])]);
		is_first = false;
	}
	say(writer, "}");
}

static const struct generated_model *
pick_model(struct writer *writer, uint32_t type)
{
	for (;;) {
		const struct generated_model *model =
		    &writer->generated->models[below(writer, writer->generated->model_count)];

		if (model->type == type)
			return model;
	}
}

/* A reference; without version the current one is meant, and in an override any. */
static void
write_ref(struct writer *writer, uint32_t type, bool is_override)
{
	const struct generated_model *model = pick_model(writer, type);
	bool has_version = !model->is_current || (is_override && !model->is_pure) || coin(writer, 50);

	if (is_override && model->is_pure && coin(writer, 40))
		has_version = false;
	if (!has_version && coin(writer, 40)) {
		quoin_buf_printf(writer->out, "\"%s\"", model->name);
		return;
	}
	quoin_buf_printf(writer->out, "{\"name\":\"%s\"", model->name);
	if (has_version)
		quoin_buf_printf(writer->out, ",\"version\":\"%s\"", model->version);
	if (coin(writer, 30)) {
		say(writer, ",\"config\":");
		write_config(writer);
	}
	say(writer, "}");
}

/* Thousandths as a percent, in one of the ways to write it. */
static void
write_percent(struct writer *writer, uint32_t share)
{
	if (share % 1000 == 0 && coin(writer, 80))
		quoin_buf_printf(writer->out, "%u", share / 1000);
	else if (coin(writer, 90))
		quoin_buf_printf(writer->out, "%u.%03u", share / 1000, share % 1000);
	else
		quoin_buf_printf(writer->out, "%ue-3", share);
}

static uint32_t
pick_share(struct writer *writer, uint32_t left)
{
	static const uint32_t usual[] = {0, 1, 500, 1000, 10000, 33333, 50000, 99999, 100000};
	uint32_t share = coin(writer, 50) ? usual[below(writer, 9)] : below(writer, left + 1);

	return share < left ? share : left;
}

/* By and salt, drawn before the percents: a range may end exactly at somebody's bucket. */
struct bucketing {
	const char *by; /* NULL: left out */
	char salt[40];	/* "": left out */
};

static void
draw_bucketing(struct writer *writer, bool needs_salt, struct bucketing *ret)
{
	static const char *const bys[] = {"userId", "accountId", "mixed", "age", "nobody"};

	*ret = (struct bucketing){0};
	if (coin(writer, 40))
		ret->by = bys[coin(writer, 80) ? below(writer, 2) : below(writer, 5)];
	if (needs_salt || coin(writer, 40))
		snprintf(ret->salt, sizeof ret->salt, "s%u%s", below(writer, 5), coin(writer, 10) ? "\xc3\xbc" : "");
}

static void
write_bucketing(struct writer *writer, const struct bucketing *bucketing)
{
	if (bucketing->by != NULL)
		quoin_buf_printf(writer->out, ",\"by\":\"%s\"", bucketing->by);
	if (bucketing->salt[0] != '\0')
		quoin_buf_printf(writer->out, ",\"salt\":\"%s\"", bucketing->salt);
}

/* A first range: often it ends just before or just after the bucket of a unit that contexts have. */
static uint32_t
pick_first_share(struct writer *writer, const char *salt)
{
	char unit[16];
	int bytes;
	uint32_t hash;

	if (salt[0] == '\0' || !coin(writer, 50))
		return pick_share(writer, 100000);
	bytes = snprintf(unit, sizeof unit, "user-%u", below(writer, GENERATED_EDGES));
	hash = naive_murmur3(unit, (size_t)bytes, naive_murmur3(salt, strlen(salt), 0));
	return (uint32_t)((uint64_t)hash * 100000 >> 32) + below(writer, 2);
}

/* ---- Conditions ---- */

static void
write_list(struct writer *writer, uint32_t attribute)
{
	uint32_t count = 1 + below(writer, coin(writer, 5) ? coin(writer, 5) ? 1000 : 80 : 4);

	say(writer, "[");
	for (uint32_t i = 0; i < count; i++) {
		say(writer, i > 0 ? "," : "");
		if (count > 20 && coin(writer, 80))
			quoin_buf_printf(writer->out, coin(writer, 50) ? "%u" : "\"user-%u\"", below(writer, 4000));
		else
			generate_scalar(writer->dice, attribute, writer->out);
	}
	say(writer, "]");
}

static void
write_prefix(struct writer *writer)
{
	static const char *const prefixes[] = {"\"U\"", "\"US\"", "\"\"", "\"tv\"", "\"tv-\"", "\"aaaaaaaaaaaaaaaa\"",
	    "\"user-1\"", "\"J\"", "\"1.\""};
	uint32_t count = coin(writer, 60) ? 0 : 1 + below(writer, 3);

	say(writer, count > 0 ? "[" : "");
	for (uint32_t i = 0; i < (count > 0 ? count : 1); i++) {
		say(writer, i > 0 ? "," : "");
		if (coin(writer, 70))
			say(writer, prefixes[below(writer, sizeof prefixes / sizeof prefixes[0])]);
		else
			generate_string(writer->dice, writer->out);
	}
	say(writer, count > 0 ? "]" : "");
}

static void
write_version(struct writer *writer)
{
	static const char *const comparators[] = {"=", ">", ">=", "<", "<="};
	uint32_t count = 1 + below(writer, coin(writer, 5) ? 6 : 2);

	say(writer, "\"");
	for (uint32_t i = 0; i < count; i++)
		quoin_buf_printf(writer->out, "%s%s%s", i > 0 ? " " : "", comparators[below(writer, 5)],
		    generate_version(writer->dice));
	say(writer, "\"");
}

static void
write_operand(struct writer *writer, uint32_t attribute, const char *name)
{
	if (strcmp(name, "in") == 0 || strcmp(name, "notIn") == 0)
		write_list(writer, attribute);
	else if (strcmp(name, "prefix") == 0)
		write_prefix(writer);
	else if (strcmp(name, "version") == 0)
		write_version(writer);
	else if (strcmp(name, "exists") == 0)
		say(writer, coin(writer, 50) ? "true" : "false");
	else
		generate_number(writer->dice, writer->out);
}

static void
write_operators(struct writer *writer, uint32_t attribute)
{
	uint32_t count = coin(writer, 70) ? 1 : 1 + below(writer, 3), written = 0;
	const char *names[3];

	say(writer, "{");
	while (written < count) {
		bool is_new = true;

		names[written] = generate_operator(writer->dice, attribute);
		for (uint32_t i = 0; i < written; i++)
			is_new = is_new && strcmp(names[i], names[written]) != 0;
		if (!is_new) {
			count--;
			continue;
		}
		quoin_buf_printf(writer->out, "%s\"%s\":", written > 0 ? "," : "", names[written]);
		write_operand(writer, attribute, names[written++]);
	}
	say(writer, coin(writer, 3) ? ",\"x-note\":[1]}" : "}");
}

static void
write_condition(struct writer *writer, uint32_t attribute)
{
	/* Sometimes constants of another attribute: they rarely have its type. */
	uint32_t values = coin(writer, 92) ? attribute : below(writer, writer->generated->attribute_count);

	writer->leaves--;
	if (coin(writer, 30))
		generate_scalar(writer->dice, values, writer->out);
	else if (coin(writer, 30))
		write_list(writer, values);
	else
		write_operators(writer, values);
}

static void write_when(struct writer *writer, uint32_t depth, bool is_empty_allowed);

static void
write_blocks(struct writer *writer, uint32_t depth)
{
	uint32_t count = 1 + below(writer, 3);

	say(writer, "[");
	for (uint32_t i = 0; i < count; i++) {
		say(writer, i > 0 ? "," : "");
		write_when(writer, depth - 1, true);
	}
	say(writer, "]");
}

/* A block that may hold "depth" levels, itself included. */
static void
write_when(struct writer *writer, uint32_t depth, bool is_empty_allowed)
{
	uint32_t attributes = writer->generated->attribute_count, attribute = below(writer, attributes);
	uint32_t count = is_empty_allowed && coin(writer, 5) ? 0 : 1 + below(writer, coin(writer, 70) ? 1 : 3);
	static const char *const words[] = {"anyOf", "allOf", "not"};
	bool is_first = true;

	say(writer, "{");
	for (uint32_t i = 0; i < count && (writer->leaves > 0 || (is_first && !is_empty_allowed)); i++) {
		char name[24];

		attribute = (attribute + 1) % attributes;
		quoin_buf_printf(writer->out, "%s\"%s\":", is_first ? "" : ",", generated_attribute(attribute, name));
		write_condition(writer, attribute);
		is_first = false;
	}
	for (uint32_t i = 0; i < 3 && depth > 1 && writer->leaves > 0; i++) {
		if (!coin(writer, depth > 4 ? 45 : 22))
			continue;
		quoin_buf_printf(writer->out, "%s\"%s\":", is_first ? "" : ",", words[i]);
		if (i < 2)
			write_blocks(writer, depth);
		else
			write_when(writer, depth - 1, true);
		is_first = false;
	}
	say(writer, "}");
}

/* ---- Kinds ---- */

/* A test's allocation is the same wherever it is written. */
static void
make_allocation(struct writer *writer, uint32_t test)
{
	struct quoin_buf *rest = writer->out, text;
	uint32_t left = 100000, cell = 9 + below(writer, 3), cells[CELLS_MAX], count = 1 + below(writer, 4);
	struct bucketing bucketing;
	char salt[40];

	draw_bucketing(writer, false, &bucketing);
	snprintf(salt, sizeof salt, "ab:%s", generated_tests[test]);
	quoin_buf_init(&text, sizeof writer->allocations[0]);
	writer->out = &text;
	say(writer, ",\"allocation\":{\"cells\":{");
	/* Descending: the order in which they are written means nothing. */
	for (uint32_t i = 0; i < count; i++, cell -= 1 + below(writer, 3))
		cells[i] = cell;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = pick_first_share(writer, bucketing.salt[0] != '\0' ? bucketing.salt : salt);
		uint32_t share = i == 0 && coin(writer, 10) ? left : count == 1 ? first : pick_share(writer, left);

		quoin_buf_printf(&text, "%s\"%u\":", i > 0 ? "," : "", cells[i]);
		write_percent(writer, share);
		left -= share;
	}
	say(writer, "}");
	write_bucketing(writer, &bucketing);
	say(writer, "}");
	snprintf(writer->allocations[test], sizeof writer->allocations[test], "%s", quoin_buf_str(&text));
	memcpy(writer->allocated[test], cells, sizeof cells);
	writer->allocated_count[test] = count;
	quoin_buf_clear(&text);
	writer->out = rest;
}

static void
write_ab_test(struct writer *writer, uint32_t type)
{
	uint32_t test = below(writer, GENERATED_TESTS), more = below(writer, coin(writer, 2) ? 250 : 3), count = 0;
	bool has_allocation = coin(writer, 55);

	if (writer->allocations[test][0] == '\0')
		make_allocation(writer, test);
	quoin_buf_printf(writer->out, ",\"abTestId\":%s,\"cellToModel\":{", generated_tests[test]);
	for (uint32_t i = 0; i < writer->allocated_count[test]; i++) {
		if (!has_allocation && coin(writer, 30))
			continue;
		quoin_buf_printf(writer->out, "%s\"%u\":", count++ > 0 ? "," : "", writer->allocated[test][i]);
		write_ref(writer, type, false);
	}
	for (uint32_t i = 0; i < more || count == 0; i++) {
		quoin_buf_printf(writer->out, "%s\"%u\":", count++ > 0 ? "," : "", i == 0 ? 2147483647u : 100 + i);
		write_ref(writer, type, false);
	}
	say(writer, "}");
	if (has_allocation)
		say(writer, writer->allocations[test]);
}

static void
write_split(struct writer *writer, uint32_t type, bool needs_salt)
{
	uint32_t count = 1 + below(writer, coin(writer, 3) ? 64 : 4), left = 100000;
	struct bucketing bucketing;

	draw_bucketing(writer, needs_salt, &bucketing);
	say(writer, ",\"split\":[");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t share = i + 1 == count ? left
		    : i == 0			? pick_first_share(writer, bucketing.salt)
						: pick_share(writer, left);

		say(writer, i > 0 ? ",{\"model\":" : "{\"model\":");
		write_ref(writer, type, false);
		say(writer, ",\"percent\":");
		write_percent(writer, share);
		say(writer, "}");
		left -= share;
	}
	say(writer, "]");
	write_bucketing(writer, &bucketing);
}

static void
write_override(struct writer *writer, uint32_t type)
{
	uint32_t models = coin(writer, 35) ? 0 : 1 + below(writer, 3),
		 callers = coin(writer, 60) ? 0 : 1 + below(writer, 3);

	say(writer, models == 0 ? ",\"override\":{\"models\":\"any\"" : ",\"override\":{\"models\":[");
	for (uint32_t i = 0; i < models; i++) {
		say(writer, i > 0 ? "," : "");
		write_ref(writer, type, true);
	}
	say(writer, models == 0 ? "" : "]");
	say(writer, callers == 0 ? ",\"callers\":\"any\"}" : ",\"callers\":[");
	for (uint32_t i = 0; i < callers; i++)
		quoin_buf_printf(writer->out, "%s\"%s\"", i > 0 ? "," : "",
		    generated_callers[below(writer, GENERATED_CALLERS)]);
	say(writer, callers == 0 ? "" : "]}");
}

static void
write_targets(struct writer *writer, uint32_t objective)
{
	uint32_t count = writer->generated->objective_count;

	quoin_buf_printf(writer->out, "\"targetObjectives\":[\"%s\"", generated_objectives[objective]);
	for (uint32_t i = objective + GENERATED_TYPES; i < count && coin(writer, 25); i += GENERATED_TYPES)
		quoin_buf_printf(writer->out, ",\"%s\"", generated_objectives[i]);
	say(writer, "]");
}

/* The members that many kinds have. */
static void
write_common(struct writer *writer, bool needs_when)
{
	static const int priorities[] = {0, 0, 0, 1, -1, 5, 1000, -1000};

	writer->leaves = 60;
	if (needs_when || coin(writer, 35)) {
		say(writer, ",\"when\":");
		write_when(writer, coin(writer, 10) ? 8 : 3, !needs_when);
	}
	if (coin(writer, 40))
		quoin_buf_printf(writer->out, ",\"priority\":%d", priorities[below(writer, 8)]);
	if (coin(writer, 7))
		say(writer, ",\"enabled\":false");
	else if (coin(writer, 5))
		say(writer, ",\"enabled\":true");
	if (coin(writer, 30)) {
		say(writer, ",\"config\":");
		write_config(writer);
	}
	if (coin(writer, 3))
		say(writer, ",\"x-owner\":\"me\"");
}

/* One selecting or shadow rule without its name and braces. */
static void
write_rule(struct writer *writer, bool needs_salt)
{
	uint32_t kind = below(writer, 11), objective = below(writer, writer->generated->objective_count);
	uint32_t type = objective % GENERATED_TYPES;
	struct bucketing bucketing;

	if (writer->is_shadowy && coin(writer, 60))
		kind = 7;
	draw_bucketing(writer, needs_salt, &bucketing);
	write_targets(writer, objective);
	write_common(writer, kind < 3);
	if (kind < 3) {
		say(writer, ",\"model\":");
		write_ref(writer, type, false);
	} else if (kind < 5) {
		write_ab_test(writer, type);
	} else if (kind < 6) {
		write_split(writer, type, needs_salt);
	} else if (kind < 7) {
		say(writer, ",\"ramp\":{\"to\":");
		write_ref(writer, type, false);
		say(writer, ",\"percent\":");
		write_percent(writer, pick_first_share(writer, bucketing.salt));
		say(writer, "}");
		write_bucketing(writer, &bucketing);
	} else if (kind < 9) {
		say(writer, ",\"shadow\":");
		write_ref(writer, type, false);
		say(writer, ",\"percent\":");
		write_percent(writer, coin(writer, 60) ? 100000 : pick_first_share(writer, bucketing.salt));
		write_bucketing(writer, &bucketing);
	} else {
		write_override(writer, type);
	}
}

/* The default of an objective that has none in objectives.json, or a disabled one of an objective that has. */
static void
write_default(struct writer *writer, uint32_t objective, bool is_enabled)
{
	quoin_buf_printf(writer->out,
	    "\"targetObjectives\":[\"%s\"],\"defaultModel\":", generated_objectives[objective]);
	write_ref(writer, objective % GENERATED_TYPES, false);
	if (coin(writer, 50)) {
		say(writer, ",\"config\":");
		write_config(writer);
	}
	say(writer, is_enabled ? "" : ",\"enabled\":false");
}

static void
write_route(struct writer *writer, const struct generated_model *model)
{
	uint32_t count = 1 + below(writer, writer->generated->shard_count), left = 100000;

	quoin_buf_printf(writer->out, "\"model\":{\"name\":\"%s\",\"version\":\"%s\"},\"route\":{", model->name,
	    model->version);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t share = i + 1 == count ? left : pick_share(writer, left);

		quoin_buf_printf(writer->out, "%s\"rank-%c\":", i > 0 ? "," : "", 'e' - (char)i);
		write_percent(writer, share);
		left -= share;
	}
	say(writer, "}");
}

/* ---- Files ---- */

static struct quoin_buf *
add_file(struct generated *generated, const char *path)
{
	struct generated_file *file = &generated->files[generated->file_count++];

	file->path = path;
	quoin_buf_init(&file->text, FILE_BYTES_MAX);
	quoin_buf_init(&file->rules, FILE_BYTES_MAX);
	return &file->text;
}

static void
put_member(struct quoin_buf *to, bool is_first, const char *front, const char *body)
{
	quoin_buf_put_str(to, is_first ? "[{" : ",\n {");
	quoin_buf_put_str(to, front);
	quoin_buf_put_str(to, body);
	quoin_buf_put_byte(to, '}');
}

/* The body of the next rule: routes and defaults first, then as many others as there are to be. */
static bool
next_body(struct writer *writer, uint32_t *default_at, uint32_t *model_at, uint32_t *left, bool needs_salt)
{
	struct generated *generated = writer->generated;

	for (; *default_at < generated->objective_count; (*default_at)++) {
		/* The second half of objectives has its default in a rule (write_objectives). */
		bool is_enabled = *default_at * 2 >= generated->objective_count;

		if (is_enabled || coin(writer, 5)) {
			write_default(writer, (*default_at)++, is_enabled);
			return true;
		}
	}
	for (; *model_at < generated->model_count; (*model_at)++) {
		if (generated->models[*model_at].has_route) {
			write_route(writer, &generated->models[(*model_at)++]);
			return true;
		}
	}
	if (*left == 0)
		return false;
	(*left)--;
	write_rule(writer, needs_salt);
	return true;
}

static void
write_rules(struct writer *writer, const char *path, uint32_t count, uint32_t *default_at, uint32_t *model_at)
{
	struct quoin_buf *text = add_file(writer->generated, path), body;
	size_t written = 0;

	quoin_buf_init(&body, FILE_BYTES_MAX);
	writer->out = &body;
	for (; next_body(writer, default_at, model_at, &count, false); written++) {
		char name[80];

		snprintf(name, sizeof name, "\"name\":\"%s%u\",", coin(writer, 80) ? "rule-" : "R.#_",
		    writer->number++);
		put_member(text, written == 0, name, quoin_buf_str(&body));
		quoin_buf_reset(&body);
	}
	quoin_buf_put_str(text, written == 0 ? "[]\n" : "]\n");
	quoin_buf_clear(&body);
}

/* The same in functions, one rule each or arrays; and under their names in "rules". */
static void
write_script(struct writer *writer, const char *path, uint32_t count, uint32_t *default_at, uint32_t *model_at)
{
	struct quoin_buf *text = add_file(writer->generated, path), body;
	struct quoin_buf *rules = &writer->generated->files[writer->generated->file_count - 1].rules;
	size_t written = 0;

	quoin_buf_init(&body, FILE_BYTES_MAX);
	writer->out = &body;
	for (uint32_t function = 0, is_more = 1; is_more; function++) {
		uint32_t length = 1 + below(writer, 4), element = 0;
		bool is_array = coin(writer, 50);

		quoin_buf_printf(text, "function define%u() {\n\treturn ", function);
		while (element < (is_array ? length : 1)) {
			char name[80], front[100] = "";

			is_more = next_body(writer, default_at, model_at, &count, is_array);
			if (!is_more)
				break;
			snprintf(name, sizeof name, is_array ? "define%u#%u" : "define%u", function, element + 1);
			if (coin(writer, 20)) {
				snprintf(name, sizeof name, "own-%u", writer->number++);
				snprintf(front, sizeof front, "\"name\":\"%s\",", name);
			}
			if (is_array)
				put_member(text, element == 0, front, quoin_buf_str(&body));
			else
				quoin_buf_printf(text, "{%s%s}", front, quoin_buf_str(&body));
			snprintf(front, sizeof front, "\"name\":\"%s\",", name);
			put_member(rules, written++ == 0, front, quoin_buf_str(&body));
			quoin_buf_reset(&body);
			element++;
		}
		if (element == 0)
			quoin_buf_put_str(text, "[");
		quoin_buf_put_str(text, is_array || element == 0 ? "];\n}\n" : ";\n}\n");
	}
	quoin_buf_put_str(rules, written == 0 ? "[]" : "]");
	quoin_buf_clear(&body);
}

static void
make_models(struct writer *writer)
{
	static const char *const names[] = {"m0", "row", "m1", "m", "m0-b", "z_9",
	    "modelWithTheLongestNameThatIsAllowedWhichIsSixtyFourBytesLong.", "5", "m0.b", "M0"};
	static const char *const versions[] = {"1", "2", "10", "1.0-b"};
	struct generated *generated = writer->generated;
	uint32_t count = GENERATED_TYPES + below(writer, 8);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t version_count = 1 + below(writer, 4), current = below(writer, version_count);
		/* The first of each type are of that type alone, so that every objective has a model. */
		bool is_pure = i < GENERATED_TYPES || coin(writer, 60);

		for (uint32_t k = 0; k < version_count; k++) {
			struct generated_model *model = &generated->models[generated->model_count++];

			snprintf(model->name, sizeof model->name, "%s", names[i]);
			snprintf(model->version, sizeof model->version, "%s", versions[k]);
			model->type = is_pure ? i % GENERATED_TYPES : below(writer, GENERATED_TYPES);
			model->is_pure = is_pure;
			model->is_current = k == current;
			model->has_route = coin(writer, 8);
			model->has_requires = !model->has_route && coin(writer, 8);
		}
	}
}

static void
write_types(struct writer *writer, uint32_t type)
{
	static const char *const types[GENERATED_TYPES] = {"\"inputType\":\"T\",\"modelType\":\"S\"",
	    "\"inputType\":\"Q\",\"modelType\":\"S\"", "\"inputType\":\"T\",\"modelType\":\"R\""};

	say(writer, types[type]);
}

static void
write_models(struct writer *writer)
{
	struct generated *generated = writer->generated;

	writer->out = add_file(generated, "models.json");
	say(writer, "{");
	for (uint32_t i = 0; i < generated->model_count; i++) {
		const struct generated_model *model = &generated->models[i];
		bool is_first = i == 0 || strcmp(model->name, generated->models[i - 1].name) != 0;
		bool is_last =
		    i + 1 == generated->model_count || strcmp(model->name, generated->models[i + 1].name) != 0;

		if (is_first)
			quoin_buf_printf(writer->out, "%s\"%s\":%s", i > 0 ? ",\n" : "", model->name,
			    is_last ? "" : "[");
		quoin_buf_printf(writer->out, "%s{\"version\":\"%s\",", is_first ? "" : ",", model->version);
		if (!is_first || !is_last)
			quoin_buf_printf(writer->out, "\"current\":%s,", model->is_current ? "true" : "false");
		write_types(writer, model->type);
		quoin_buf_printf(writer->out, ",\"uri\":\"s3://m/%u\",\"digest\":\"sha256:%02u\"", i, i);
		if (coin(writer, 40)) {
			say(writer, ",\"config\":");
			write_config(writer);
		}
		if (model->has_requires)
			say(writer, ",\"requires\":{\"gpu\":\"true\"}");
		else
			quoin_buf_printf(writer->out, ",\"shards\":%u", 1 + below(writer, generated->shard_count));
		say(writer, is_last && !is_first ? "}]" : "}");
	}
	say(writer, "}\n");
}

static void
write_objectives(struct writer *writer)
{
	uint32_t count = writer->generated->objective_count;

	writer->out = add_file(writer->generated, "objectives.json");
	for (uint32_t i = 0; i < count; i++) {
		quoin_buf_printf(writer->out, "%s\"%s\":{", i > 0 ? ",\n" : "{", generated_objectives[i]);
		write_types(writer, i % GENERATED_TYPES);
		if (i * 2 < count) {
			say(writer, ",\"default\":");
			write_ref(writer, i % GENERATED_TYPES, false);
		}
		if (coin(writer, 40)) {
			say(writer, ",\"config\":");
			write_config(writer);
		}
		say(writer, "}");
	}
	say(writer, "}\n");
}

/* The last in the order of names can have models; those before drain. */
static void
write_shards(struct writer *writer)
{
	uint32_t drained = SHARDS_MAX - writer->generated->shard_count;

	writer->out = add_file(writer->generated, "shards.json");
	for (uint32_t i = 0; i < SHARDS_MAX; i++)
		quoin_buf_printf(writer->out,
		    "%s\"rank-%c\":{\"vip\":\"rank-%c.vip:7001\",\"hosts\":[\"h%u\"],\"capacity\":{\"memory_mb\":%u},"
		    "\"labels\":{\"gpu\":\"true\"},\"drain\":%s}",
		    i > 0 ? ",\n" : "{", 'a' + (char)i, 'a' + (char)i, i, 1000 + below(writer, 9),
		    i < drained ? "true" : "false");
	say(writer, "}\n");
}

void
generate_directory(struct dice *dice, bool wants_script, struct generated *ret)
{
	struct writer writer = {.dice = dice, .generated = ret};
	uint32_t rules, default_at = 0, model_at = 0;

	memset(ret, 0, sizeof *ret);
	ret->has_script = wants_script;
	ret->objective_count = 1 + below(&writer, GENERATED_OBJECTIVES);
	ret->attribute_count = 12 + (coin(&writer, 10) ? below(&writer, GENERATED_EXTRAS_MAX + 1) : 0);
	ret->shard_count = 1 + below(&writer, SHARDS_MAX);
	/* The limit of 64 rules per objective holds whatever the targets are. */
	rules = coin(&writer, 10) ? 30 + below(&writer, 30) : below(&writer, 24);
	writer.is_shadowy = coin(&writer, 10);
	make_models(&writer);
	write_rules(&writer, "B.rules.json", rules / 3, &default_at, &model_at);
	rules -= rules / 3;
	if (!wants_script)
		write_rules(&writer, "a.rules.json", rules / 2, &default_at, &model_at);
	if (!wants_script)
		write_rules(&writer, "a/z.rules.json", rules - rules / 2, &default_at, &model_at);
	write_models(&writer);
	write_objectives(&writer);
	if (wants_script)
		write_script(&writer, "s.js", rules, &default_at, &model_at);
	write_shards(&writer);
	for (size_t i = 0; i < ret->file_count; i++)
		CHECK(quoin_buf_str(&ret->files[i].text) != NULL && quoin_buf_str(&ret->files[i].rules) != NULL);
}

void
generated_clear(struct generated *generated)
{
	for (size_t i = 0; i < generated->file_count; i++) {
		quoin_buf_clear(&generated->files[i].text);
		quoin_buf_clear(&generated->files[i].rules);
	}
	generated->file_count = 0;
}
