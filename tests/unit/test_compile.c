#include "publisher/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/source.h"
#include "publisher/guard.h"
#include "publisher/testfile.h"
#include "tests/check.h"
#include "tests/evaluate.h"

/* Compile a directory on the disk; its problems as text in "text". */
static int
compile(const char *root, const struct quoin_compile_base *base, struct quoin_compiled *ret, struct quoin_buf *console,
    char *text, size_t text_bytes)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	CHECK_INT(quoin_crypto_init(), 0);
	evaluate_use_own_program();
	quoin_problems_init(&problems);
	quoin_buf_init(&out, 1 << 20);
	rc = quoin_compile(root, base, console, ret, &problems, &err);
	CHECK_INT(quoin_problems_print(&problems, &out), 0);
	snprintf(text, text_bytes, "%s", quoin_buf_str(&out));
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	return rc;
}

static void
check_same_parts(const struct quoin_compiled_part a[QUOIN_COMPILED_PARTS],
    const struct quoin_compiled_part b[QUOIN_COMPILED_PARTS])
{
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		CHECK_MEM(a[i].bytes.data, a[i].bytes.len, b[i].bytes.data, b[i].bytes.len);
		CHECK(quoin_hash_equal(&a[i].hash, &b[i].hash));
	}
}

static struct quoin_compile_base
base_of(const struct quoin_compiled *compiled)
{
	return (struct quoin_compile_base){quoin_buf_span(&compiled->parts[QUOIN_COMPILED_RULES].bytes),
	    quoin_buf_span(&compiled->parts[QUOIN_COMPILED_MODELS].bytes), false};
}

/* The directory's own tests pass. */
static void
run_tests(const struct quoin_compiled *compiled, size_t count)
{
	struct quoin_testfile_result result;
	struct quoin_problems problems;
	struct quoin_error err = {0};

	quoin_problems_init(&problems);
	CHECK_INT(quoin_testfile_run(compiled, &result, &problems, &err), 0);
	CHECK_INT(result.failed, 0);
	CHECK_INT(result.passed, count);
	quoin_testfile_result_clear(&result);
	quoin_problems_clear(&problems);
}

/* The same bytes again, also against its own result. */
static void
check_example(const char *root, size_t objectives, size_t models, size_t shards, size_t rules, size_t tests)
{
	struct quoin_compiled one, two, again;
	struct quoin_compile_base base;
	char text[8192];

	CHECK_INT(compile(root, NULL, &one, NULL, text, sizeof text), 0);
	CHECK_STR(text, "");
	CHECK_INT(one.objective_count, objectives);
	CHECK_INT(one.model_count, models);
	CHECK_INT(one.shard_count, shards);
	CHECK_INT(one.rule_count, rules);
	CHECK_INT(compile(root, NULL, &two, NULL, text, sizeof text), 0);
	check_same_parts(one.parts, two.parts);
	base = base_of(&one);
	CHECK_INT(compile(root, &base, &again, NULL, text, sizeof text), 0);
	check_same_parts(one.parts, again.parts);
	run_tests(&again, tests);
	quoin_compiled_clear(&one);
	quoin_compiled_clear(&two);
	quoin_compiled_clear(&again);
}

static void
test_payments(void)
{
	check_example("examples/payments", 4, 9, 2, 9, 4);
}

static void
test_streaming(void)
{
	check_example("examples/streaming", 50, 162, 12, 141, 32);
}

static void
test_bad(void)
{
	struct quoin_compiled compiled;
	char text[8192];

	CHECK_INT(compile("examples/bad", NULL, &compiled, NULL, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: objectives.json:9:28: objective \"PaymentFraudDetection\" has no default; the default rule at "
	    "no_default.js:2 "
	    "is disabled, enable it or add another (functions that failed gave no rules)\n"
	    "quoin: percents.js:5:5: rule \"definePercents\": the percents of the split add up to 99, not 100; 1 is "
	    "missing\n"
	    "quoin: throws.js:7:29: defineThrows: TypeError: undefined is not an object (evaluating "
	    "'segments.europe')\n"
	    "quoin: two_defaults.js:2: objective \"ContinueWatchingRanking\" has a default already, at "
	    "objectives.json:2; remove "
	    "one of them\n"
	    "quoin: typo.js:7:5: rule \"defineTypo\": \"priorty\" is no key of a context rule; did you mean "
	    "\"priority\"?\n"
	    "quoin: unknown_model.js:8:18: rule \"defineUnknownModel\": cell 2: there is no model "
	    "\"continue-watching-transfomer\"; did "
	    "you mean \"continue-watching-transformer\"?\n"
	    "quoin: unknown_objective.js:4:34: defineUnknownObjective: unknown objective "
	    "\"ContinueWatchingRankin\"; the nearest in "
	    "objectives.json is \"ContinueWatchingRanking\"\n"
	    "quoin: wrong_types.js:5:5: rule \"defineWrongTypes\": model \"continue-watching-transformer@1\" takes "
	    "inputType "
	    "\"TITLE_INPUT\", but objective \"SearchRanking\" has \"QUERY_INPUT\"; name a model of that type\n");
	CHECK(compiled.parts[0].bytes.data == NULL);
}

/* The source part is all that the other three are made from. */
static void
test_source(void)
{
	struct quoin_compiled compiled;
	struct quoin_ruleset ruleset = {0};
	struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS];
	struct quoin_error err = {0};
	char text[8192];

	CHECK_INT(compile("examples/streaming", NULL, &compiled, NULL, text, sizeof text), 0);
	CHECK_INT(quoin_source_read(quoin_buf_span(&compiled.parts[QUOIN_COMPILED_SOURCE].bytes), &ruleset, &err), 0);
	CHECK_INT(quoin_compile_parts(&ruleset, NULL, parts, &err), 0);
	check_same_parts(compiled.parts, parts);
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		quoin_buf_clear(&parts[i].bytes);
	quoin_ruleset_clear(&ruleset);
	quoin_compiled_clear(&compiled);
}

/* ---- Directories from strings ---- */

#define OBJECTIVES "{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": \"m\"}}"
#define MODEL(version, more)                                                                                           \
	"{\"version\": \"" version                                                                                     \
	"\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"sha256:1" version "\"" more "}"
#define SHARDS                                                                                                         \
	"{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\", \"a2\"], \"capacity\": {\"memory_mb\": 100}},"                 \
	" \"b\": {\"vip\": \"b:1\", \"hosts\": [\"b1\"], \"capacity\": {\"memory_mb\": 100}}}"

struct text_file {
	const char *path;
	const char *text;
};

/* Compile files given in the order of their paths, ended by a NULL path. Problems as text in "text". */
static int
compile_texts(const struct text_file *files, const struct quoin_compile_base *base, struct quoin_compiled *ret,
    char *text, size_t text_bytes)
{
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	CHECK_INT(quoin_crypto_init(), 0);
	quoin_problems_init(&problems);
	quoin_buf_init(&out, 1 << 20);
	for (; files->path != NULL; files++)
		CHECK_INT(quoin_directory_add(&directory, files->path, quoin_span_str(files->text), &problems), 0);
	quoin_directory_finish(&directory, &problems);
	rc = quoin_compile_directory(&directory, base, NULL, ret, &problems, &err);
	CHECK(directory.files == NULL);
	CHECK_INT(quoin_problems_print(&problems, &out), 0);
	snprintf(text, text_bytes, "%s", quoin_buf_str(&out));
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	return rc;
}

/* A model stays where the base has it, although another shard has as much room. */
static void
test_base(void)
{
	static const struct text_file first[] = {{"models.json",
						     "{\"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 60}") "}"},
	    {"objectives.json", OBJECTIVES},
	    {"shards.json", "{\"b\": {\"vip\": \"b:1\", \"hosts\": [\"b1\"], \"capacity\": {\"memory_mb\": 100}}}"},
	    {NULL, NULL}};
	static const struct text_file second[] = {first[0], {"objectives.json", OBJECTIVES}, {"shards.json", SHARDS},
	    {NULL, NULL}};
	static const _Alignas(16) uint8_t damaged[64];
	struct quoin_compiled before, alone, after;
	struct quoin_compile_base base;
	char text[1024];

	CHECK_INT(compile_texts(first, NULL, &before, text, sizeof text), 0);
	base = base_of(&before);
	CHECK_INT(compile_texts(second, NULL, &alone, text, sizeof text), 0);
	CHECK_STR(alone.ruleset.shards[alone.ruleset.placements[0].shard].name, "a");
	CHECK_INT(compile_texts(second, &base, &after, text, sizeof text), 0);
	CHECK_STR(after.ruleset.shards[after.ruleset.placements[0].shard].name, "b");
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&alone);
	quoin_compiled_clear(&after);
	base = (struct quoin_compile_base){.models = {damaged, sizeof damaged}};
	CHECK_INT(compile_texts(second, &base, &after, text, sizeof text), QUOIN_ECORRUPT);
}

/* A base gives ids and places, never a decision: with a strange one the directory's own tests pass, and the result is
 * as steady as without. */
static void
test_strange_base(void)
{
	struct quoin_compiled other, one, again;
	struct quoin_compile_base base;
	char text[1024];

	CHECK_INT(compile("examples/payments", NULL, &other, NULL, text, sizeof text), 0);
	base = base_of(&other);
	CHECK_INT(compile("examples/streaming", &base, &one, NULL, text, sizeof text), 0);
	run_tests(&one, 32);
	base = base_of(&one);
	CHECK_INT(compile("examples/streaming", &base, &again, NULL, text, sizeof text), 0);
	check_same_parts(one.parts, again.parts);
	quoin_compiled_clear(&other);
	quoin_compiled_clear(&one);
	quoin_compiled_clear(&again);
}

/* What assignment and policy find has its place in the files, too. */
static void
test_places(void)
{
	struct text_file files[] = {{"models.json", "{\n \"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 101}") "}"},
	    {"objectives.json", OBJECTIVES},
	    {"policy.json", "{\"serving\": {\"ready_percent\": 90,\n \"ready_hosts_min\": 2}}"},
	    {"shards.json", SHARDS}, {NULL, NULL}};
	struct quoin_compiled compiled;
	char text[4096];

	CHECK_INT(compile_texts(files, NULL, &compiled, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: models.json:2:7: model \"m@1\" fits on 0 of 1 shards: shard \"a\" lacks 1 memory_mb (101 "
	    "needed, 100 of 100 "
	    "left), shard \"b\" lacks 1 memory_mb (101 needed, 100 of 100 left); add capacity, let it or others "
	    "need less, or publish with --waive capacity\n");
	files[0].text = "{\"m\": " MODEL("1", ", \"shards\": 2") "}";
	CHECK_INT(compile_texts(files, NULL, &compiled, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: policy.json:1:31: \"ready_percent\" is 90, but shard \"a\" is not health_checked: its vip would "
	    "reach hosts "
	    "that are not ready; write 100, or let health checks take hosts out of the vip\n"
	    "quoin: policy.json:1:31: \"ready_percent\" is 90, but shard \"b\" is not health_checked: its vip would "
	    "reach hosts "
	    "that are not ready; write 100, or let health checks take hosts out of the vip\n"
	    "quoin: policy.json:2:21: \"ready_hosts_min\" is 2, but shard \"b\" has 1; no release could become "
	    "active\n");
	/* A shard without models is not asked. */
	files[0].text = "{\"m\": " MODEL("1", "") "}";
	files[2].text = "{\"serving\": {\"ready_hosts_min\": 2}}";
	CHECK_INT(compile_texts(files, NULL, &compiled, text, sizeof text), 0);
	CHECK_STR(text, "");
	quoin_compiled_clear(&compiled);
}

static void
test_console(void)
{
	struct quoin_compiled compiled = {0};
	struct quoin_buf console;
	char path[512], text[1024];
	FILE *file;

	snprintf(path, sizeof path, "%s/a.js", check_dir());
	file = fopen(path, "w");
	CHECK(file != NULL);
	fputs("\nconsole.log('seen', {a: 1}, '\\u001b[31m');\nfunction defineNothing() { return []; }\n", file);
	CHECK(fclose(file) == 0);
	snprintf(path, sizeof path, "%s/objectives.json", check_dir());
	file = fopen(path, "w");
	CHECK(file != NULL);
	fputs("{}", file);
	CHECK(fclose(file) == 0);
	quoin_buf_init(&console, 4096);
	CHECK_INT(compile(check_dir(), NULL, &compiled, &console, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "models.json: the file is missing");
	CHECK_STR(quoin_buf_str(&console), "a.js:2: seen {\"a\":1} ?[31m\n");
	quoin_buf_clear(&console);
	CHECK_INT(compile("/nonexistent", NULL, &compiled, NULL, text, sizeof text), QUOIN_ENOENT);
}

/* The owner's own keys are kept, wherever they stand. */
static void
test_extra(void)
{
	static const struct text_file files[] = {
	    {"a.rules.json",
		"[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"x-ticket\": 7,"
		" \"split\": [{\"model\": {\"name\": \"m\", \"x-why\": {\"b\": 1, \"a\": 2}, \"config\": "
		"{\"x-mine\": 1}}, \"percent\": 100}],"
		" \"when\": {\"x-attribute\": {\"gt\": 1, \"x-old\": 2}, \"anyOf\": [{\"x-b\": 1}, {\"a\": {\"in\": "
		"[1], \"x-n/m\": null}}]}}]"},
	    {"models.json", "{\"m\": " MODEL("1", ", \"limits\": {\"x-team\": \"t\"}") "}"},
	    {"objectives.json",
		"{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": {\"name\": \"m\", \"x-note\": "
		"\"n\"}, \"x-z\": 1}}"},
	    {"policy.json",
		"{\"x-owner\": \"me\", \"serving\": {\"x-why\": 1}, \"reach\": [{\"label\": {\"x-canary\": \"y\"}}, "
		"{\"percent\": 100, \"x-all\": true}]}"},
	    {"shards.json",
		"{\"x-a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {\"x-r\": 1}, \"x-rack\": [1]}}"},
	    {NULL, NULL}};
	struct quoin_compiled compiled;
	struct quoin_ruleset read = {0};
	struct quoin_error err = {0};
	char text[1024];

	CHECK_INT(compile_texts(files, NULL, &compiled, text, sizeof text), 0);
	CHECK_STR(text, "");
	CHECK_STR(compiled.ruleset.rules[0].extra,
	    "{\"/split/0/model/x-why\":{\"a\":2,\"b\":1},\"/when/anyOf/1/a/x-n~1m\":null,\"/when/x-attribute/x-old\":2,"
	    "\"x-ticket\":7}");
	CHECK_STR(compiled.ruleset.models[0].extra, "{\"/limits/x-team\":\"t\"}");
	CHECK_STR(compiled.ruleset.objectives[0].extra, "{\"/default/x-note\":\"n\",\"x-z\":1}");
	CHECK_STR(compiled.ruleset.shards[0].extra, "{\"x-rack\":[1]}");
	CHECK_CONTAINS(quoin_buf_str(&compiled.parts[QUOIN_COMPILED_SOURCE].bytes), "\"/when/x-attribute/x-old\":2");
	CHECK_INT(quoin_source_read(quoin_buf_span(&compiled.parts[QUOIN_COMPILED_SOURCE].bytes), &read, &err), 0);
	CHECK_STR(read.policy_extra, "{\"/reach/1/x-all\":true,\"/serving/x-why\":1,\"x-owner\":\"me\"}");
	quoin_ruleset_clear(&read);
	quoin_compiled_clear(&compiled);
}

/* ---- The manual ---- */

/* Write the line of a literal block as mandoc would show it. */
static void
put_shown(const char *line, FILE *out)
{
	for (; *line != '\0'; line++) {
		if (line[0] == '\\' && line[1] == 'e') {
			fputc('\\', out);
			line++;
		} else {
			CHECK(line[0] != '\\');
			fputc(*line, out);
		}
	}
}

/* The blocks of the manual that are marked as files become a directory. Returns how many there are. */
static size_t
write_manual(void)
{
	FILE *page = fopen("man/quoin-rules.5", "r"), *out = NULL;
	char line[1024], path[512], name[128] = "";
	size_t count = 0;

	CHECK(page != NULL);
	while (fgets(line, sizeof line, page) != NULL) {
		if (sscanf(line, ".\\\" example: %127s", name) == 1)
			continue;
		if (strncmp(line, ".Bd", 3) == 0 && name[0] != '\0') {
			snprintf(path, sizeof path, "%s/%s", check_dir(), name);
			out = fopen(path, "w");
			CHECK(out != NULL);
			name[0] = '\0';
			count++;
		} else if (strncmp(line, ".Ed", 3) == 0 && out != NULL) {
			CHECK(fclose(out) == 0);
			out = NULL;
		} else if (out != NULL) {
			put_shown(line, out);
		}
	}
	CHECK(fclose(page) == 0);
	return count;
}

/* Every rule of the page's is in what its tests expect. */
static void
check_manual_tests(const struct quoin_compiled *compiled)
{
	const struct quoin_directory_file *tests = quoin_directory_find(&compiled->directory, QUOIN_DIRECTORY_TEST);
	const struct quoin_ruleset *ruleset = &compiled->ruleset;

	CHECK(tests != NULL);
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct quoin_rule *rule = &ruleset->rules[i];
		char want[160];

		if (rule->kind == QUOIN_RULE_SHADOW)
			snprintf(want, sizeof want, "\"shadows\": [{\"model\": \"%s\"", ruleset->models[rule->refs[0].model].name);
		else if (rule->kind == QUOIN_RULE_ROUTE)
			snprintf(want, sizeof want, "\"routes\": [{\"shard\": \"%s\"", ruleset->shards[rule->shares[0].key].name);
		else
			snprintf(want, sizeof want, "\"rule\": \"%s\"", rule->name);
		if (memmem(tests->text, tests->text_bytes, want, strlen(want)) == NULL)
			check_fail(__FILE__, __LINE__, "no test of the manual's expects %s", want);
	}
}

static void
test_manual(void)
{
	struct quoin_compiled compiled = {0};
	char text[4096];

	CHECK_INT(write_manual(), 14);
	compile(check_dir(), NULL, &compiled, NULL, text, sizeof text);
	CHECK_STR(text, "");
	CHECK_INT(compiled.objective_count, 2);
	CHECK_INT(compiled.model_count, 4);
	/* One of each kind, one more context rule, and the default of objectives.json. */
	CHECK_INT(compiled.rule_count, 10);
	run_tests(&compiled, 16);
	check_manual_tests(&compiled);
	quoin_compiled_clear(&compiled);
}

/* ---- Guards ---- */

/* Try the guards; their problems as text in "text". */
static int
guard(const struct quoin_guard_input *input, char *text, size_t text_bytes)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc;

	quoin_problems_init(&problems);
	quoin_buf_init(&out, 1 << 16);
	rc = quoin_guard(input, &problems, &err);
	CHECK_INT(quoin_problems_print(&problems, &out), 0);
	snprintf(text, text_bytes, "%s", quoin_buf_str(&out));
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
	return rc;
}

static void
test_guards(void)
{
	static const char *const waived[] = {"empty", "version_reused"}, *const capacity = "capacity";
	struct text_file files[] = {{"models.json", "{\"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 60}") "}"},
	    {"objectives.json", OBJECTIVES}, {"shards.json", SHARDS}, {NULL, NULL}};
	struct quoin_compiled before, after;
	struct quoin_guard_retained retained = {.release = 41};
	struct quoin_guard_input input = {.compiled = &after, .retained = &retained, .retained_count = 1};
	struct quoin_shard *shards;
	struct quoin_amount little = {"memory_mb", 59};
	char text[2048];

	CHECK_INT(compile_texts(files, NULL, &before, text, sizeof text), 0);
	retained.models = quoin_buf_span(&before.parts[QUOIN_COMPILED_MODELS].bytes);
	CHECK_INT(compile_texts(files, NULL, &after, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), 0);
	CHECK_STR(text, "");
	input.base_objective_count = 4;
	input.base_part_bytes[QUOIN_COMPILED_RULES] = 1;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: objectives.json: there are 1 objectives, and there were 4 in the base; mend it, or "
	    "publish with --waive empty\n");
	input.base_objective_count = 2;
	quoin_compiled_clear(&after);

	/* Another digest under the same version. */
	files[0].text =
	    "{\n\"m\": {\"version\": \"1\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": "
	    "\"sha256:22\"}}";
	CHECK_INT(compile_texts(files, NULL, &after, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: models.json:2:6: model \"m@1\" has digest \"sha256:22\", but release 41 has \"sha256:11\" under "
	    "the same version: "
	    "give it a new version; mend it, or publish with --waive version_reused\n");
	input.waived = waived;
	input.waived_count = 2;
	CHECK_INT(guard(&input, text, sizeof text), 0);
	CHECK_CONTAINS(text, "models.json:2:6: warning: model \"m@1\" has digest");
	CHECK_CONTAINS(text, "(guard version_reused is waived)");
	retained.models.len = 64;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_ECORRUPT);
	input.retained_count = 0;

	/* What assign and compile already see to: the guards look again. */
	after.parts[QUOIN_COMPILED_ROUTES].bytes.data[0] ^= 1;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "the guard closed_world cannot be waived: a request for what has no route");
	after.parts[QUOIN_COMPILED_ROUTES].bytes.data[0] ^= 1;
	quoin_compiled_clear(&after);
	shards = malloc(before.shard_count * sizeof *shards);
	CHECK(shards != NULL);
	memcpy(shards, before.ruleset.shards, before.shard_count * sizeof *shards);
	shards[0].capacity = &little;
	before.ruleset.shards = shards;
	input.compiled = &before;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: shards.json:1:7: the models on shard \"a\" need 60 memory_mb, and a host has 59; mend it, or publish with "
	    "--waive capacity\n");
	input.waived = &capacity;
	input.waived_count = 1;
	CHECK_INT(guard(&input, text, sizeof text), 0);
	CHECK_CONTAINS(text, "warning: the models on shard \"a\" need 60 memory_mb, and a host has 59 (guard capacity is waived)");
	free(shards);
	quoin_compiled_clear(&before);
}

/* During a change a host holds what both releases place on it. */
static void
test_overlap(void)
{
	struct text_file files[] = {{"models.json", "{\"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 60}") "}"},
	    {"objectives.json", OBJECTIVES},
	    {"shards.json", "{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {\"memory_mb\": 100}}}"},
	    {NULL, NULL}};
	struct quoin_compiled before, after, warm;
	struct quoin_guard_retained live[3];
	struct quoin_guard_input input = {.compiled = &after};
	char text[1024];

	CHECK_INT(compile_texts(files, NULL, &before, text, sizeof text), 0);
	input.base_models = quoin_buf_span(&before.parts[QUOIN_COMPILED_MODELS].bytes);
	CHECK_INT(compile_texts(files, NULL, &after, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), 0);
	quoin_compiled_clear(&after);
	files[0].text = "{\"m\": " MODEL("2", ", \"demand\": {\"memory_mb\": 41}") "}";
	CHECK_INT(compile_texts(files, NULL, &after, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_STR(text,
	    "quoin: shards.json:1:7: during the change a host of shard \"a\" holds models of this release and of the live ones, which need 41 and 60 "
	    "memory_mb, and has 100; mend it, or publish with --waive overlap\n");
	quoin_compiled_clear(&after);
	files[0].text = "{\"m\": " MODEL("2", ", \"demand\": {\"memory_mb\": 40}") "}";
	CHECK_INT(compile_texts(files, NULL, &after, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), 0);
	/* What is live beside the base counts, each model once. */
	files[0].text = "{\"m\": " MODEL("3", ", \"demand\": {\"memory_mb\": 1}") "}";
	CHECK_INT(compile_texts(files, NULL, &warm, text, sizeof text), 0);
	live[0] = live[1] = (struct quoin_guard_retained){40, quoin_buf_span(&warm.parts[QUOIN_COMPILED_MODELS].bytes)};
	live[2] = (struct quoin_guard_retained){41, input.base_models};
	input.live = live;
	input.live_count = 3;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "which need 40 and 61 memory_mb, and has 100");
	input.live_count = 0;
	CHECK_INT(guard(&input, text, sizeof text), 0);
	quoin_compiled_clear(&warm);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

/* A host of a shard that is too full, by a waiver, is taken to carry that, and no more. */
static void
test_overlap_overcommitted(void)
{
	static const char *const waived[] = {"capacity"};
	char guards[1][QUOIN_NAME_BYTES_MAX + 1] = {"capacity"};
	struct text_file files[] = {{"models.json", "{\"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 101}") "}"},
	    {"objectives.json", OBJECTIVES},
	    {"shards.json", "{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {\"memory_mb\": 100}}}"},
	    {NULL, NULL}};
	const struct quoin_compile_base base = {.may_overcommit = true};
	struct quoin_release base_release = {.waived = guards};
	struct quoin_compiled full, other, back;
	struct quoin_guard_input input = {.compiled = &full, .waived = waived, .waived_count = 1};
	char text[1024];

	CHECK_INT(compile_texts(files, NULL, &full, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "lacks 1 memory_mb (101 needed, 100 of 100 left); add capacity");
	CHECK_INT(compile_texts(files, &base, &full, text, sizeof text), 0);
	CHECK_INT(guard(&input, text, sizeof text), 0);
	CHECK_CONTAINS(text, "need 101 memory_mb, and a host has 100 (guard capacity is waived)");
	/* Beside another it is too much even so. */
	files[0].text = "{\"m\": " MODEL("2", ", \"demand\": {\"memory_mb\": 1}") "}";
	CHECK_INT(compile_texts(files, NULL, &other, text, sizeof text), 0);
	input.base_models = quoin_buf_span(&other.parts[QUOIN_COMPILED_MODELS].bytes);
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "which need 101 and 1 memory_mb, and has 101; mend it, or publish with --waive overlap");
	/* The way back from it, which adds nothing, is open if it is known to be too full; what adds something is not. */
	files[0].text = "{\"m\": " MODEL("1", ", \"demand\": {\"memory_mb\": 100}") "}";
	CHECK_INT(compile_texts(files, NULL, &back, text, sizeof text), 0);
	input.compiled = &other;
	input.base_models = quoin_buf_span(&full.parts[QUOIN_COMPILED_MODELS].bytes);
	input.base_release = &base_release;
	input.waived_count = 0;
	base_release.waived_count = 1;
	CHECK_INT(guard(&input, text, sizeof text), QUOIN_EREFUSED);
	CHECK_CONTAINS(text, "which need 1 and 101 memory_mb, and has 101");
	input.compiled = &back;
	CHECK_INT(guard(&input, text, sizeof text), 0);
	quoin_compiled_clear(&full);
	quoin_compiled_clear(&other);
	quoin_compiled_clear(&back);
}

static void
test_guard_names(void)
{
	const char *const *names = quoin_guard_names();

	for (size_t i = 0; names[i] != NULL; i++) {
		CHECK(quoin_guard_is_known(names[i]));
		CHECK(i == 0 || strcmp(names[i - 1], names[i]) < 0);
	}
	CHECK(quoin_guard_is_waivable("version_reused"));
	CHECK(quoin_guard_is_waivable("capacity"));
	for (size_t i = 0; names[i] != NULL; i++)
		CHECK_INT(quoin_guard_is_waivable(names[i]), quoin_guard_why_never(names[i]) == NULL);
	CHECK(!quoin_guard_is_waivable("closed_world") && !quoin_guard_is_waivable("sizes"));
	CHECK(!quoin_guard_is_waivable("nonsense") && !quoin_guard_is_known("nonsense"));
}

static const struct check_case cases[] = {
    {"compile: examples/payments", test_payments},
    {"compile: examples/streaming", test_streaming},
    {"compile: examples/bad is refused, each mistake in its place", test_bad},
    {"compile: the source part gives the same parts", test_source},
    {"compile: the base keeps models where they are", test_base},
    {"compile: a strange base changes no decision", test_strange_base},
    {"compile: places of what assignment and policy find", test_places},
    {"compile: the console", test_console},
    {"compile: the owner's keys are kept", test_extra},
    {"compile: the manual's examples", test_manual},
    {"guard: each one", test_guards},
    {"guard: overlap", test_overlap},
    {"guard: overlap of what is too full", test_overlap_overcommitted},
    {"guard: names", test_guard_names},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
