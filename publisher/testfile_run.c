#include "publisher/testfile.h"

#include <stdlib.h>
#include <string.h>

#include "publisher/check_value.h"
#include "subscriber/quoin.h"

#define DECISION_BYTES (256u << 10)

struct runner {
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_context *context;
	struct quoin_buf line; /* the context's JSON */
	struct quoin_buf have; /* canonical values, for comparing */
	struct quoin_buf want;
	char *decision;
	struct quoin_problems *problems;
	struct quoin_arena *arena; /* the result's */
};

static int
translate(int rc, const struct quoin_message *message, struct quoin_error *err)
{
	return quoin_error_set(err, rc == QUOIN_FAILED_MEMORY ? QUOIN_ENOMEM : QUOIN_ESYSTEM, "cannot run tests: %s",
	    message != NULL && message->text[0] != '\0' ? message->text : quoin_code_text(rc));
}

static int
open_runner(struct runner *runner, const struct quoin_compiled *compiled, struct quoin_error *err)
{
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];
	struct quoin_message message = {0};
	int rc;

	quoin_buf_init(&runner->line, QUOIN_JSON_BYTES_MAX * 2);
	quoin_buf_init(&runner->have, QUOIN_JSON_BYTES_MAX * 2);
	quoin_buf_init(&runner->want, QUOIN_JSON_BYTES_MAX * 2);
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		parts[i] = (struct quoin_part_bytes){compiled->parts[i].name, compiled->parts[i].bytes.data,
		    compiled->parts[i].bytes.len};
	}
	runner->decision = malloc(DECISION_BYTES);
	if (runner->decision == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while running tests");
	rc = quoin_reader_open_parts(parts, QUOIN_COMPILED_PARTS, 0, &runner->reader, &message);
	if (rc == 0)
		rc = quoin_view_acquire(runner->reader, &runner->view);
	if (rc == 0)
		rc = quoin_context_new(&runner->context);
	return rc != 0 ? translate(rc, &message, err) : 0;
}

static void
close_runner(struct runner *runner)
{
	quoin_context_free(runner->context);
	if (runner->view.snapshot != NULL)
		quoin_view_release(&runner->view);
	quoin_reader_close(runner->reader);
	quoin_buf_clear(&runner->line);
	quoin_buf_clear(&runner->have);
	quoin_buf_clear(&runner->want);
	free(runner->decision);
}

/* Whether two values are equal: numbers by value, objects whatever the order of their members. */
static bool
is_equal(struct runner *runner, const struct quoin_json *have, const struct quoin_json *want)
{
	quoin_buf_reset(&runner->have);
	quoin_buf_reset(&runner->want);
	return quoin_json_print(have, &runner->have) == 0 && quoin_json_print(want, &runner->want) == 0 &&
	    quoin_span_equal(quoin_buf_span(&runner->have), quoin_buf_span(&runner->want));
}

/* The value as canonical JSON, in the arena; NULL when memory ran out. */
static const char *
keep(struct quoin_arena *arena, const struct quoin_json *value)
{
	struct quoin_buf text;
	const char *kept = NULL;

	quoin_buf_init(&text, QUOIN_JSON_BYTES_MAX * 2);
	if (quoin_json_print(value, &text) == 0)
		kept = quoin_arena_text(arena, quoin_buf_span(&text));
	quoin_buf_clear(&text);
	return kept;
}

/* One member: what of it is missed goes to the case's list, and to the problems. 0 or QUOIN_ENOMEM. */
static int
compare_member(struct runner *runner, const struct quoin_check_source *source, const struct quoin_json *want,
    const struct quoin_json *have, struct quoin_testfile_case *test)
{
	struct quoin_testfile_miss *miss = &test->misses[test->miss_count];

	if (strncmp(quoin_json_key(want), "x-", 2) == 0 || (have != NULL && is_equal(runner, have, want)))
		return 0;
	miss->member = quoin_json_key(want);
	miss->expected = keep(runner->arena, want);
	miss->got = have != NULL ? keep(runner->arena, have) : NULL;
	if (miss->expected == NULL || (have != NULL && miss->got == NULL))
		return QUOIN_ENOMEM;
	test->miss_count++;
	quoin_problem_error(runner->problems, "test_failed", quoin_check_place(source, want),
	    "test \"%.100s\": expected \"%s\" to be %.300s, but %s%.300s", test->name, miss->member, miss->expected,
	    miss->got != NULL ? "it is " : "the decision has none", miss->got != NULL ? miss->got : "");
	return 0;
}

static int
compare(struct runner *runner, const struct quoin_check_source *source, const struct quoin_json *expect,
    const struct quoin_json *decision, struct quoin_testfile_case *test)
{
	int r = 0;

	test->misses = quoin_arena_take(runner->arena, (quoin_json_count(expect) + 1) * sizeof *test->misses);
	if (test->misses == NULL)
		return QUOIN_ENOMEM;
	for (const struct quoin_json *want = quoin_json_first(expect); r == 0 && want != NULL; want = quoin_json_next(want))
		r = compare_member(runner, source, want, quoin_json_get(decision, quoin_json_key(want)), test);
	if (r != 0 || test->miss_count == 0)
		return r;
	test->context = quoin_arena_text(runner->arena, quoin_buf_span(&runner->line));
	test->decision = quoin_arena_text(runner->arena, quoin_span_str(runner->decision));
	return test->context == NULL || test->decision == NULL ? QUOIN_ENOMEM : 0;
}

static int
run_test(struct runner *runner, const struct quoin_check_source *source, const struct quoin_json *json,
    struct quoin_testfile_case *test, struct quoin_error *err)
{
	struct quoin_json_doc *doc = NULL;
	struct quoin_decision decision = {0};
	int64_t bytes;
	int r;

	test->name = quoin_json_string(quoin_json_get(json, "name"));
	test->place = quoin_check_place(source, json);
	quoin_buf_reset(&runner->line);
	if (quoin_json_print(quoin_json_get(json, "context"), &runner->line) != 0)
		return QUOIN_ENOMEM;
	/* A context that is no good gives a decision that says so. */
	quoin_resolve_json(&runner->view, (const char *)runner->line.data, runner->line.len, runner->context,
	    &decision);
	bytes = quoin_decision_json(&decision, runner->decision, DECISION_BYTES);
	if (bytes == QUOIN_FAILED_MEMORY)
		return QUOIN_ENOMEM;
	if (bytes < 0 || bytes >= (int64_t)DECISION_BYTES)
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot print the decision of test \"%.100s\"", test->name);
	r = quoin_json_parse(quoin_span_of(runner->decision, (size_t)bytes), &doc, err);
	if (r == QUOIN_ENOMEM)
		return r;
	if (r != 0)
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot read the decision of test \"%.100s\"", test->name);
	r = compare(runner, source, quoin_json_get(json, "expect"), quoin_json_root(doc), test);
	quoin_json_free(doc);
	return r;
}

/* How many tests there are. */
static size_t
count_tests(const struct quoin_directory *directory)
{
	size_t count = 0;

	for (size_t i = 0; i < directory->count; i++)
		if (directory->files[i].kind == QUOIN_DIRECTORY_TEST)
			count += quoin_json_count(quoin_json_root(directory->files[i].doc));
	return count;
}

int
quoin_testfile_run(const struct quoin_compiled *compiled, struct quoin_testfile_result *ret,
    struct quoin_problems *problems, struct quoin_error *err)
{
	struct runner runner = {.problems = problems, .arena = &ret->arena};
	size_t count = count_tests(&compiled->directory);
	int rc = open_runner(&runner, compiled, err);

	*ret = (struct quoin_testfile_result){0};
	if (rc == 0 && (ret->cases = quoin_arena_take(&ret->arena, (count + 1) * sizeof *ret->cases)) == NULL)
		rc = QUOIN_ENOMEM;
	for (size_t i = 0; rc == 0 && i < compiled->directory.count; i++) {
		const struct quoin_directory_file *file = &compiled->directory.files[i];
		struct quoin_check_source source = {.doc = file->doc, .file = file->path};

		if (file->kind != QUOIN_DIRECTORY_TEST)
			continue;
		for (const struct quoin_json *test = quoin_json_first(quoin_json_root(file->doc));
		     rc == 0 && test != NULL; test = quoin_json_next(test)) {
			rc = run_test(&runner, &source, test, &ret->cases[ret->count], err);
			ret->passed += rc == 0 && ret->cases[ret->count].miss_count == 0;
			ret->failed += rc == 0 && ret->cases[ret->count].miss_count > 0;
			ret->count += rc == 0;
		}
	}
	close_runner(&runner);
	if (rc == 0)
		quoin_problems_sort(problems);
	return rc == QUOIN_ENOMEM ? quoin_error_set(err, rc, "out of memory while running tests") : rc;
}

void
quoin_testfile_result_clear(struct quoin_testfile_result *result)
{
	quoin_arena_clear(&result->arena);
	*result = (struct quoin_testfile_result){0};
}
