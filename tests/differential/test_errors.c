/*
 * That the comparison can fail: the naive evaluator is made wrong in one point after the other (naive.h), and each must be
 * seen. What the tested evaluator would look like with the same error differs from the right one for the same pairs.
 */
#include <stdio.h>

#include "lib/crypto.h"
#include "tests/check.h"
#include "tests/differential/subject.h"

#define SETS	 160
#define CONTEXTS 420

static struct generated generated[SETS];
static struct subject subjects[SETS];

/* How many pairs were compared until one differed; 0: none did. */
static size_t
find(enum naive_error error)
{
	struct quoin_buf context;
	size_t pairs = 0;
	bool is_found = false;

	quoin_buf_init(&context, 1u << 20);
	for (size_t i = 0; i < SETS && !is_found; i++) {
		struct dice dice = {(i + 1) * 0x9e3779b97f4a7c15u};

		naive_error = error;
		subject_reload(&subjects[i], generated[i].files, generated[i].file_count);
		for (size_t k = 0; k < CONTEXTS && !is_found; k++, pairs++) {
			quoin_buf_reset(&context);
			generate_context(&dice, &generated[i], &context);
			is_found =
			    subject_differs(&subjects[i], (const char *)context.data, context.len, SUBJECT_JSON, false);
		}
	}
	naive_error = NAIVE_NONE;
	quoin_buf_clear(&context);
	return is_found ? pairs : 0;
}

static void
open_all(void)
{
	CHECK_INT(quoin_crypto_init(), 0);
	for (size_t i = 0; i < SETS; i++) {
		struct dice dice = {(i + 1) * 0xbf58476d1ce4e5b9u};
		const char *why;

		generate_directory(&dice, false, &generated[i]);
		if (!subject_open(generated[i].files, generated[i].file_count, NULL, &subjects[i], &why))
			check_fail(__FILE__, __LINE__, "set %zu is refused: %s", i, why);
	}
}

static void
test_errors(void)
{
	size_t missed = 0;

	open_all();
	CHECK_INT(find(NAIVE_NONE), 0);
	for (int error = NAIVE_NONE + 1; error < NAIVE_ERRORS_COUNT; error++) {
		size_t pairs = find((enum naive_error)error);

		fprintf(stderr, "%s: %s after %zu pairs\n", pairs > 0 ? "seen" : "MISSED",
		    naive_error_text((enum naive_error)error), pairs);
		missed += pairs == 0;
	}
	CHECK_INT(missed, 0);
}

static const struct check_case cases[] = {
    {"differential: every error of the naive evaluator is seen", test_errors},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
