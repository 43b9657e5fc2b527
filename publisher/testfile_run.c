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

/* Compare the decision with what was expected. Returns whether the test passed. */
static bool
compare(struct runner *runner, const struct quoin_check_source *source, const char *name,
    const struct quoin_json *expect, const struct quoin_json *decision)
{
	bool is_passed = true;

	for (const struct quoin_json *want = quoin_json_first(expect); want != NULL; want = quoin_json_next(want)) {
		const char *key = quoin_json_key(want);
		const struct quoin_json *have = quoin_json_get(decision, key);

		if (strncmp(key, "x-", 2) == 0 || (have != NULL && is_equal(runner, have, want)))
			continue;
		is_passed = false;
		quoin_buf_reset(&runner->want);
		quoin_json_print(want, &runner->want);
		quoin_problem_error(runner->problems, "test_failed", quoin_check_place(source, want),
		    "test \"%.100s\": expected \"%s\" to be %.200s, but the decision is %.600s", name, key,
		    quoin_buf_str(&runner->want), runner->decision);
	}
	return is_passed;
}

static int
run_test(struct runner *runner, const struct quoin_check_source *source, const struct quoin_json *test,
    struct quoin_testfile_result *ret, struct quoin_error *err)
{
	const char *name = quoin_json_string(quoin_json_get(test, "name"));
	struct quoin_json_doc *doc = NULL;
	struct quoin_decision decision = {0};
	int64_t bytes;

	quoin_buf_reset(&runner->line);
	if (quoin_json_print(quoin_json_get(test, "context"), &runner->line) != 0)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while running tests");
	/* A context that is no good gives a decision that says so. */
	quoin_resolve_json(&runner->view, (const char *)runner->line.data, runner->line.len, runner->context,
	    &decision);
	bytes = quoin_decision_json(&decision, runner->decision, DECISION_BYTES);
	if (bytes < 0 || bytes >= (int64_t)DECISION_BYTES)
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot print the decision of test \"%.100s\"", name);
	if (quoin_json_parse(quoin_span_of(runner->decision, (size_t)bytes), &doc, err) != 0)
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot read the decision of test \"%.100s\"", name);
	if (compare(runner, source, name, quoin_json_get(test, "expect"), quoin_json_root(doc)))
		ret->passed++;
	else
		ret->failed++;
	quoin_json_free(doc);
	return 0;
}

int
quoin_testfile_run(const struct quoin_compiled *compiled, struct quoin_testfile_result *ret,
    struct quoin_problems *problems, struct quoin_error *err)
{
	struct runner runner = {.problems = problems};
	int rc = open_runner(&runner, compiled, err);

	*ret = (struct quoin_testfile_result){0};
	for (size_t i = 0; rc == 0 && i < compiled->directory.count; i++) {
		const struct quoin_directory_file *file = &compiled->directory.files[i];
		struct quoin_check_source source = {.doc = file->doc, .file = file->path};

		if (file->kind != QUOIN_DIRECTORY_TEST)
			continue;
		for (const struct quoin_json *test = quoin_json_first(quoin_json_root(file->doc));
		     rc == 0 && test != NULL; test = quoin_json_next(test))
			rc = run_test(&runner, &source, test, ret, err);
	}
	close_runner(&runner);
	if (rc == 0)
		quoin_problems_sort(problems);
	return rc;
}
