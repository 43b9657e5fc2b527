#include "tests/bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "publisher/compile.h"
#include "subscriber/store.h"
#include "tests/bench/bench.h"

#define SEED		  42
#define TESTS		  60
#define SHARDS		  12
#define STRINGS		  8
#define VALUES_MAX	  60
#define USER		  12

const char *const workload_attributes[WORKLOAD_ATTRIBUTES] = {"country", "deviceType", "language", "region", "plan",
	"platform", "surface", "signupChannel", "appVersion", "osVersion", "accountAgeDays", "watchHours", "userId"};
/* How many strings there are of each. */
static const uint32_t value_counts[STRINGS] = {60, 40, 30, 12, 6, 8, 20, 10};

static uint32_t models_each;
static bool is_long; /* models have longer configs */

static char value_names[STRINGS][VALUES_MAX][24];

static void
make_values(void)
{
	for (unsigned i = 0; i < STRINGS; i++) {
		for (unsigned j = 0; j < value_counts[i]; j++)
			snprintf(value_names[i][j], sizeof value_names[i][j], "%.6s-%02u", workload_attributes[i], j);
	}
}

void
workload_objective(unsigned number, char out[WORKLOAD_NAME_BYTES])
{
	static const char *const places[] = {"Home", "Search", "Continue", "Trending", "Billboard", "Kids", "Live"};
	static const char *const kinds[] = {"Ranking", "Artwork", "Trailer", "Evidence", "Row", "Message"};

	snprintf(out, WORKLOAD_NAME_BYTES, "%s%s%04u", places[number % 7], kinds[number / 7 % 6], number);
}

/* ---- The authoring directory ---- */

static void
put_list(struct quoin_buf *out, struct bench_random *random, unsigned attribute, uint32_t count)
{
	uint32_t first = bench_random_below(random, value_counts[attribute]);

	quoin_buf_put_byte(out, '[');
	for (uint32_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "",
		    value_names[attribute][(first + i * 7) % value_counts[attribute]]);
	quoin_buf_put_byte(out, ']');
}

static void
put_range(struct quoin_buf *out, struct bench_random *random)
{
	uint32_t low = 10 * bench_random_below(random, 100);

	quoin_buf_printf(out, "{gte: %u, lt: %u}", low, low + 10 * (1 + bench_random_below(random, 40)));
}

/* One condition on the attribute of its kind: "kind" is of 100. */
static void
put_condition(struct quoin_buf *out, struct bench_random *random, uint32_t kind, unsigned attribute)
{
	quoin_buf_printf(out, "%s: ", workload_attributes[attribute]);
	if (kind < 30) {
		quoin_buf_printf(out, "\"%s\"",
		    value_names[attribute][bench_random_below(random, value_counts[attribute])]);
	} else if (kind < 60) {
		/* No more than there are of the smallest, each once. */
		put_list(out, random, attribute, 2 + bench_random_below(random, 4));
	} else if (kind < 72) {
		quoin_buf_printf(out, "{prefix: \"%.6s-%u\"}", workload_attributes[attribute],
		    bench_random_below(random, value_counts[attribute] / 10 + 1));
	} else if (kind < 86) {
		put_range(out, random);
	} else if (kind < 97) {
		quoin_buf_printf(out, "{version: \">=%u.%u <%u.0\"}", 3 + bench_random_below(random, 3),
		    bench_random_below(random, 10), 7 + bench_random_below(random, 4));
	} else {
		quoin_buf_put_str(out, "[");
		for (unsigned i = 0; i < 5; i++)
			quoin_buf_printf(out, "%s\"user-%07u\"", i > 0 ? ", " : "",
			    bench_random_below(random, 500));
		quoin_buf_put_str(out, "]");
	}
}

static unsigned
attribute_of_kind(struct bench_random *random, uint32_t kind)
{
	if (kind < 72)
		return bench_random_below(random, STRINGS);
	if (kind < 86)
		return 10 + bench_random_below(random, 2);
	return kind < 97 ? 8 + bench_random_below(random, 2) : USER;
}

static void
put_when(struct quoin_buf *out, struct bench_random *random, uint32_t count)
{
	bool is_taken[WORKLOAD_ATTRIBUTES] = {false};
	bool is_first = true;

	quoin_buf_put_str(out, ", when: {");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t kind = bench_random_below(random, 100);
		unsigned attribute = attribute_of_kind(random, kind);

		if (is_taken[attribute])
			continue;
		is_taken[attribute] = true;
		if (!is_first)
			quoin_buf_put_str(out, ", ");
		is_first = false;
		put_condition(out, random, kind, attribute);
	}
	quoin_buf_put_byte(out, '}');
}

static void
put_model(struct quoin_buf *out, const char *objective, uint32_t number, uint32_t rule)
{
	quoin_buf_printf(out, "{name: \"%s-m%u\", config: {beam: %u, blend: \"b%u\", timeoutMs: %u", objective, number,
	    8 + rule, rule, 40 + 10 * number);
	if (is_long)
		quoin_buf_printf(out, ", weights: [%u, %u, %u, %u, %u]", 1000 + 7 * rule, 1000 + 11 * number,
		    1000 + 13 * (rule + number), 1000 + 17 * rule, 1000 + 19 * number);
	quoin_buf_put_str(out, "}}");
}

static void
put_action(struct quoin_buf *out, struct bench_random *random, const char *objective, uint32_t rule)
{
	uint32_t kind = bench_random_below(random, 100), cells;

	if (kind < 45) {
		cells = 2 + bench_random_below(random, 4);
		quoin_buf_printf(out, ", abTestId: %u, cellToModel: {", 20000 + bench_random_below(random, TESTS));
		for (uint32_t i = 0; i < cells; i++) {
			quoin_buf_printf(out, "%s%u: ", i > 0 ? ", " : "", i + 1);
			put_model(out, objective, (rule + i) % models_each, rule);
		}
		quoin_buf_put_byte(out, '}');
	} else if (kind < 70) {
		quoin_buf_put_str(out, ", split: [{percent: 30, model: ");
		put_model(out, objective, rule % models_each, rule);
		quoin_buf_put_str(out, "}, {percent: 70, model: ");
		put_model(out, objective, (rule + 1) % models_each, rule);
		quoin_buf_put_str(out, "}]");
	} else {
		quoin_buf_put_str(out, ", model: ");
		put_model(out, objective, rule % models_each, rule);
	}
}

static void
put_rules(struct quoin_buf *out, struct bench_random *random, unsigned number, uint32_t rules_min)
{
	uint32_t rules = rules_min + bench_random_below(random, 9), conditions;
	char name[WORKLOAD_NAME_BYTES];

	workload_objective(number, name);
	quoin_buf_printf(out, "function define%s() {\n\treturn [\n", name);
	for (uint32_t i = 0; i < rules; i++) {
		conditions = bench_random_below(random, 5);
		quoin_buf_printf(out, "\t\t{name: \"%s.%u\", targetObjectives: [Objectives.%s]", name, i, name);
		/* A rule that is only a model needs a condition; so all have one. */
		put_when(out, random, conditions == 0 ? 1 : conditions);
		put_action(out, random, name, i);
		quoin_buf_put_str(out, "},\n");
	}
	quoin_buf_put_str(out, "\t];\n}\n");
}

static void
save(const char *dir, const char *name, struct quoin_buf *text)
{
	char path[2 * BENCH_PATH_BYTES];

	if (text->error != 0)
		bench_die("no memory for %s", name);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	bench_write_file(path, text->data, text->len);
	quoin_buf_reset(text);
}

static void
write_objectives(const char *dir, struct quoin_buf *out, unsigned objectives)
{
	char name[WORKLOAD_NAME_BYTES];

	for (unsigned i = 0; i < objectives; i++) {
		workload_objective(i, name);
		quoin_buf_printf(out,
		    "%s\n\"%s\": {\"owner\": \"team-%u\", \"inputType\": \"TITLE_INPUT\", \"modelType\": \"SCORER\", "
		    "\"default\": {\"name\": \"%s-m0\"}, \"config\": {\"timeoutMs\": 80, \"rows\": %u}}",
		    i > 0 ? "," : "{", name, i % 17, name, 10 + i % 40);
	}
	quoin_buf_put_str(out, "\n}\n");
	save(dir, "objectives.json", out);
}

static void
write_models(const char *dir, struct quoin_buf *out, unsigned objectives)
{
	char name[WORKLOAD_NAME_BYTES];

	for (unsigned i = 0; i < objectives * models_each; i++) {
		workload_objective(i / models_each, name);
		quoin_buf_printf(out,
		    "%s\n\"%s-m%u\": {\"version\": \"%u\", \"inputType\": \"TITLE_INPUT\", \"modelType\": \"SCORER\", "
		    "\"uri\": \"s3://models/%s/%u\", \"digest\": \"sha256:%064x\", \"demand\": {\"memory_mb\": %u}}",
		    i > 0 ? "," : "{", name, i % models_each, 1 + i % 9, name, i % models_each, i, 100 + i % 400);
	}
	quoin_buf_put_str(out, "\n}\n");
	save(dir, "models.json", out);
}

static void
write_shards(const char *dir, struct quoin_buf *out)
{
	for (unsigned i = 0; i < SHARDS; i++)
		quoin_buf_printf(out,
		    "%s\n\"shard-%02u\": {\"vip\": \"shard-%02u.vip:7001\", \"hosts\": [\"host-%02u-a\", \"host-%02u-b\"], "
		    "\"capacity\": {\"memory_mb\": 4000000}}",
		    i > 0 ? "," : "{", i, i, i, i);
	quoin_buf_put_str(out, "\n}\n");
	save(dir, "shards.json", out);
}

void
workload_write(const char *dir, unsigned objectives)
{
	workload_write_more(dir, objectives, 5, 0);
}

void
workload_write_more(const char *dir, unsigned objectives, unsigned models, unsigned rules_min)
{
	struct bench_random random = {SEED};
	struct quoin_buf out;
	char name[32];

	models_each = models;
	is_long = rules_min >= WORKLOAD_LONG;
	make_values();
	quoin_buf_init(&out, 64u << 20);
	if (mkdir(dir, 0700) != 0)
		bench_die("cannot make %s", dir);
	write_objectives(dir, &out, objectives);
	write_models(dir, &out, objectives);
	write_shards(dir, &out);
	for (unsigned i = 0; i < objectives; i++) {
		put_rules(&out, &random, i, rules_min);
		if ((i + 1) % WORKLOAD_OBJECTIVES_A_FILE == 0 || i + 1 == objectives) {
			snprintf(name, sizeof name, "rules-%02u.js", i / WORKLOAD_OBJECTIVES_A_FILE);
			save(dir, name, &out);
		}
	}
	quoin_buf_clear(&out);
}

/* ---- The release ---- */

static int
fill_segment(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct quoin_buf *part = ctx;

	(void)ret_hash;
	memcpy(at, part->data + offset, bytes);
	return 0;
}

void
workload_activate(struct quoin_store *store, uint64_t number, const struct quoin_compiled *compiled)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	struct quoin_error err = {0};
	bool is_new;
	int rc = 0;

	quoin_store_ratchets(store, &ratchets, &is_new);
	memset(&active, 0, sizeof active);
	active.generation = number;
	active.release.number = number;
	active.obeyed = (struct quoin_position){.epoch = 1, .seq = number};
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS && rc == 0; i++) {
		const struct quoin_compiled_part *part = &compiled->parts[i];
		struct quoin_store_part *kept = &active.parts[active.part_count++];

		snprintf(kept->name, sizeof kept->name, "%s", part->name);
		snprintf(kept->schema, sizeof kept->schema, "%s", part->schema);
		kept->bytes = part->bytes.len;
		kept->hash = part->hash;
		if (!quoin_store_has_part(store, &part->hash))
			rc = quoin_store_stage(store, &part->hash, part->bytes.len, fill_segment,
			    (void *)(uintptr_t)&part->bytes, &err);
	}
	ratchets.obeyed = active.obeyed;
	ratchets.generation = number;
	if (rc == 0)
		rc = quoin_store_commit(store, &(struct quoin_store_change){.active = &active, .ratchets = &ratchets},
		    &err);
	if (rc != 0)
		bench_die("%s", err.message);
}

struct quoin_store *
workload_store(const char *state)
{
	static const struct quoin_origin origin = {.system = {1}, .name = "bench"};
	struct quoin_store *store;
	struct quoin_error err = {0};

	if (quoin_store_open(state, &origin, &store, &err) != 0)
		bench_die("%s", err.message);
	return store;
}

void
workload_begin(void)
{
	if (quoin_crypto_init() != 0 || setenv("QUOIN_EVAL", bench_program("quoin-eval"), 1) != 0)
		bench_die("cannot begin");
}

void
workload_compiled(const char *dir, struct quoin_compiled *ret)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf text;

	workload_begin();
	quoin_problems_init(&problems);
	if (quoin_compile(dir, NULL, NULL, ret, &problems, &err) != 0) {
		quoin_buf_init(&text, 1 << 20);
		(void)quoin_problems_print(&problems, &text);
		bench_die("%s\n%s", err.message, quoin_buf_str(&text));
	}
	quoin_problems_clear(&problems);
}

void
workload_compile(const char *dir, const char *state, struct workload_parts *ret)
{
	struct quoin_compiled compiled;
	struct quoin_store *store;

	workload_compiled(dir, &compiled);
	if (state != NULL) {
		store = workload_store(state);
		workload_activate(store, 1, &compiled);
		quoin_store_close(store);
	}
	ret->total_bytes = 0;
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		ret->total_bytes += compiled.parts[i].bytes.len;
	quoin_buf_init(&ret->rules, QUOIN_PART_BYTES_MAX);
	if (quoin_buf_put_span(&ret->rules, quoin_buf_span(&compiled.parts[QUOIN_COMPILED_RULES].bytes)) != 0)
		bench_die("no memory");
	quoin_compiled_clear(&compiled);
}

/* ---- Requests ---- */

static struct workload_value
text_value(const char *text)
{
	return (struct workload_value){.string = text, .len = (uint32_t)strlen(text)};
}

static void
make_request(struct bench_random *random, struct workload_request *request)
{
	static const char *const unknown[] = {"country-zz", "deviceType-unheard-of"};
	uint32_t first = bench_random_below(random, TESTS);

	for (unsigned i = 0; i < STRINGS; i++) {
		uint32_t chance = bench_random_below(random, 100);

		request->values[i] = text_value(value_names[i][bench_random_below(random, value_counts[i])]);
		if ((i == 0 && chance < 3) || (i == 1 && chance < 10))
			request->values[i] = text_value(unknown[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		snprintf(request->versions[i], sizeof request->versions[i], "%u.%u.%u", 2 + bench_random_below(random, 9),
		    bench_random_below(random, 20), bench_random_below(random, 10));
		request->values[8 + i] = text_value(request->versions[i]);
		request->values[10 + i] = (struct workload_value){.number = bench_random_below(random, 1400)};
	}
	snprintf(request->user, sizeof request->user, "user-%07u", bench_random_below(random, 1000000));
	request->values[USER] = text_value(request->user);
	/* 20 tests out of 60: steps of 7 never meet. */
	for (unsigned i = 0; i < WORKLOAD_CELLS; i++) {
		request->tests[i] = 20000 + (first + i * 7) % TESTS;
		request->cells[i] = 1 + bench_random_below(random, 5);
	}
}

void
workload_print(const struct workload_request *request, struct quoin_buf *out)
{
	char objective[WORKLOAD_NAME_BYTES];

	workload_objective(request->objective, objective);
	quoin_buf_printf(out, "{\"objective\": \"%s\"", objective);
	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++) {
		const struct workload_value *value = &request->values[i];

		quoin_buf_printf(out, ", \"%s\": ", workload_attributes[i]);
		if (value->string != NULL)
			quoin_buf_printf(out, "\"%s\"", value->string);
		else
			quoin_buf_printf(out, "%.0f", value->number);
	}
	quoin_buf_put_str(out, ", \"ab\": {");
	for (unsigned i = 0; i < WORKLOAD_CELLS; i++)
		quoin_buf_printf(out, "%s\"%llu\": %u", i > 0 ? ", " : "", (unsigned long long)request->tests[i],
		    (unsigned)request->cells[i]);
	quoin_buf_put_str(out, "}}");
}

struct workload_request *
workload_requests(unsigned objectives)
{
	struct workload_request *requests = aligned_alloc(64, sizeof *requests * WORKLOAD_REQUESTS);
	struct bench_random random = {SEED + 1};

	if (requests == NULL)
		bench_die("no memory");
	make_values();
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		requests[i].objective = bench_random_below(&random, objectives);
		make_request(&random, &requests[i]);
	}
	return requests;
}
