#include "publisher/testfile.h"

#include "publisher/check_value.h"

static const char *const test_keys[] = {"name", "context", "expect", NULL};
static const char *const decision_keys[] = {"objective", "release", "model", "version", "routingKey", "config",
    "reason", "rule", "abTestId", "cell", "fallback", "shadows", "routes", "stale", "error", NULL};

static void
check_test(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *test)
{
	const struct quoin_json *expect;

	if (!quoin_check_is(run, source, test, QUOIN_JSON_OBJECT, "a test"))
		return;
	quoin_check_keys(run, source, test, test_keys, "a test");
	quoin_check_text_member(run, source, test, "name", QUOIN_CHECK_REQUIRED, QUOIN_TEXT_BYTES_MAX);
	quoin_check_member(run, source, test, "context", QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);
	expect = quoin_check_member(run, source, test, "expect", QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);
	if (expect == NULL)
		return;
	quoin_check_keys(run, source, expect, decision_keys, "a decision");
	if (quoin_json_count(expect) == 0)
		quoin_check_error(run, source, expect, "bad_value",
		    "\"expect\" is empty; expect something of the decision");
}

int
quoin_testfile_check(const struct quoin_directory *directory, struct quoin_problems *problems, struct quoin_error *err)
{
	struct quoin_check_run run = {.problems = problems};

	for (size_t i = 0; i < directory->count; i++) {
		const struct quoin_directory_file *file = &directory->files[i];
		struct quoin_check_source source = {.doc = file->doc, .file = file->path};
		const struct quoin_json *root;

		if (file->kind != QUOIN_DIRECTORY_TEST || file->doc == NULL)
			continue;
		root = quoin_json_root(file->doc);
		if (!quoin_check_is(&run, &source, root, QUOIN_JSON_ARRAY, "the file"))
			continue;
		for (const struct quoin_json *test = quoin_json_first(root); test != NULL; test = quoin_json_next(test))
			check_test(&run, &source, test);
	}
	quoin_arena_clear(&run.arena);
	if (run.is_out_of_memory || problems->error != 0)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory while reading tests");
	return 0;
}
