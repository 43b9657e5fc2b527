/*
 * Compiling a directory with every allocation failing in turn: it ends with QUOIN_ENOMEM or as it would have ended, and
 * nothing leaks (the sanitizers look). The linker leads the allocations of our own objects here (Makefile, --wrap).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/guard.h"
#include "publisher/testfile.h"
#include "tests/check.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__real_reallocarray(void *memory, size_t count, size_t bytes);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_reallocarray(void *memory, size_t count, size_t bytes);
char *__wrap_strdup(const char *text);

static size_t allocations;
static size_t fails_at; /* the allocation that fails, from 1; 0: none */

static bool
fails(void)
{
	return ++allocations == fails_at;
}

void *
__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *
__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __real_calloc(count, bytes);
}

void *
__wrap_realloc(void *memory, size_t bytes)
{
	return fails() ? NULL : __real_realloc(memory, bytes);
}

void *
__wrap_reallocarray(void *memory, size_t count, size_t bytes)
{
	return fails() ? NULL : __real_reallocarray(memory, count, bytes);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

struct text_file {
	const char *path;
	const char *text;
};

#define MODELS                                                                                                           \
	"{\"m\": [{\"version\": \"1\", \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\", \"digest\": \"d1\"}," \
	" {\"version\": \"2\", \"current\": true, \"inputType\": \"T\", \"modelType\": \"S\", \"uri\": \"u\","           \
	" \"digest\": \"d2\", \"shards\": 2, \"demand\": {\"memory\": 4}, \"requires\": {\"gpu\": \"yes\"},"             \
	" \"limits\": {\"concurrency\": 3}, \"config\": {\"b\": 1}, \"x-team\": \"t\"}]}"
#define OBJECTIVES                                                                                                     \
	"{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"owner\": \"o\", \"default\": \"m\","                \
	" \"config\": {\"a\": 1}}, \"Other\": {\"inputType\": \"T\", \"modelType\": \"S\"}}"
#define SHARDS                                                                                                            \
	"{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {\"memory\": 9}, \"labels\": {\"gpu\": \"yes\"}}," \
	" \"b\": {\"vip\": \"b:1\", \"hosts\": [\"b1\"], \"capacity\": {\"memory\": 9}, \"labels\": {\"gpu\": \"yes\"}}}"

static const struct text_file good[] = {
    {"a.rules.json",
	"[{\"name\": \"default-of-other\", \"targetObjectives\": [\"Other\"], \"defaultModel\": \"m\", \"config\": {}},"
	"{\"name\": \"test\", \"targetObjectives\": [\"Rank\"], \"abTestId\": 1, \"cellToModel\": {\"1\": \"m\","
	" \"2\": {\"name\": \"m\", \"version\": \"1\", \"config\": {\"c\": 1}}}, \"allocation\": {\"cells\": {\"1\": 5}}},"
	"{\"name\": \"context\", \"targetObjectives\": [\"Rank\"], \"model\": \"m\", \"when\": {\"c\": [\"x\", 1, true],"
	" \"anyOf\": [{\"v\": {\"version\": \">1\"}}, {\"not\": {\"n\": {\"gt\": 1, \"lt\": 5}}}]}},"
	"{\"name\": \"split\", \"targetObjectives\": [\"Rank\"], \"split\": [{\"model\": \"m\", \"percent\": 100}]},"
	"{\"name\": \"ramp\", \"targetObjectives\": [\"Rank\"], \"ramp\": {\"to\": \"m\", \"percent\": 1}},"
	"{\"name\": \"shadow\", \"targetObjectives\": [\"Rank\"], \"shadow\": \"m\", \"percent\": 1},"
	"{\"name\": \"override\", \"targetObjectives\": [\"Rank\"], \"override\": {\"models\": [\"m\"],"
	" \"callers\": [\"qa\"]}},"
	"{\"name\": \"route\", \"route\": {\"a\": 100}, \"model\": {\"name\": \"m\", \"version\": \"1\"}}]"},
    {"a.test.json", "[{\"name\": \"t\", \"context\": {\"objective\": \"Rank\"}, \"expect\": {\"model\": \"m\"}},"
	"{\"name\": \"fails\", \"context\": {\"objective\": \"Rank\"}, \"expect\": {\"model\": \"mm\", \"cell\": 1}}]"},
    {"constants.json", "{\"K\": 1}"},
    {"models.json", MODELS},
    {"objectives.json", OBJECTIVES},
    {"policy.json", "{\"warm_releases\": 2}"},
    {"shards.json", SHARDS},
    {NULL, NULL},
};

static const struct text_file bad[] = {
    {"a.rules.json",
	"[{\"name\": \"a\", \"targetObjectives\": [\"Rnk\"], \"model\": \"mm\", \"when\": {\"c\": null}, \"priorty\": 1},"
	"{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"split\": [{\"model\": \"m\", \"percent\": 99}]}]"},
    {"models.json", MODELS},
    {"objectives.json", OBJECTIVES},
    {"objectves.json", "{}"},
    {"shards.json", SHARDS},
    {NULL, NULL},
};

static const struct text_file crowded[] = {
    {"models.json", MODELS},
    {"objectives.json", "{\"Rank\": {\"inputType\": \"T\", \"modelType\": \"S\", \"default\": \"m\"}}"},
    {"shards.json", "{\"a\": {\"vip\": \"a:1\", \"hosts\": [\"a1\"], \"capacity\": {\"memory\": 3}}}"},
    {NULL, NULL},
};

static int
compile(const struct text_file *files)
{
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_compiled compiled = {0};
	struct quoin_guard_input guard = {.compiled = &compiled};
	struct quoin_testfile_result tests = {0};
	struct quoin_error err = {0};
	int rc = 0;

	allocations = 0;
	quoin_problems_init(&problems);
	for (; rc == 0 && files->path != NULL; files++)
		rc = quoin_directory_add(&directory, files->path, quoin_span_str(files->text), &problems);
	if (rc == 0) {
		quoin_directory_finish(&directory, &problems);
		rc = quoin_compile_directory(&directory, NULL, NULL, &compiled, &problems, &err);
	}
	if (rc == 0)
		rc = quoin_guard(&guard, &problems, &err);
	if (rc == 0)
		rc = quoin_testfile_run(&compiled, &tests, &problems, &err);
	quoin_testfile_result_clear(&tests);
	quoin_directory_clear(&directory);
	quoin_compiled_clear(&compiled);
	quoin_problems_clear(&problems);
	return rc;
}

static void
fail_each(const struct text_file *files, int want)
{
	size_t count, failed = 0;

	CHECK_INT(quoin_crypto_init(), 0);
	fails_at = 0;
	CHECK_INT(compile(files), want);
	count = allocations;
	for (size_t i = 1; i <= count; i++) {
		int rc;

		fails_at = i;
		rc = compile(files);
		if (rc != QUOIN_ENOMEM && rc != want)
			check_fail(__FILE__, __LINE__, "allocation %zu of %zu: %d", i, count, rc);
		failed += rc == QUOIN_ENOMEM;
	}
	/* Few failures can be done without. */
	if (count <= 20 || failed * 10 < count * 9)
		check_fail(__FILE__, __LINE__, "of %zu allocations %zu were missed", count, failed);
}

static void
test_good(void)
{
	fail_each(good, 0);
}

static void
test_bad(void)
{
	fail_each(bad, QUOIN_EREFUSED);
}

static void
test_crowded(void)
{
	fail_each(crowded, QUOIN_EREFUSED);
}

static const struct check_case cases[] = {
    {"memory: a directory that compiles", test_good},
    {"memory: one with problems", test_bad},
    {"memory: one that does not fit its shards", test_crowded},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
