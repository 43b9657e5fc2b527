/*
 * Test file: *.test.json, what authors expect of their rules (quoin-rules(5)). A file is an array of
 *
 *	{"name": "a large amount is in no test", "context": {…}, "expect": {…}}
 *
 * The context is as clients send it; "expect" is a part of the decision: every member must be in the decision, equal to
 * it; objects inside are compared whole, and so are arrays.
 */
#ifndef QUOIN_PUBLISHER_TESTFILE_H
#define QUOIN_PUBLISHER_TESTFILE_H

#include "lib/json_writer.h"
#include "publisher/compile.h"

/* One member that is not as expected. Values are canonical JSON; "got" NULL: the decision has no such member. */
struct quoin_testfile_miss {
	const char *member;
	const char *expected;
	const char *got;
};
struct quoin_testfile_case {
	const char *name;
	struct quoin_place place; /* of the test; the file is the compiled directory's */
	struct quoin_testfile_miss *misses;
	size_t miss_count;    /* 0: it passed */
	const char *context;  /* of one that failed, as JSON; else NULL */
	const char *decision; /* the same */
};
/* All tests, by file and in the order of each. Caller memory, all zero before; clear it also after a failure. */
struct quoin_testfile_result {
	struct quoin_arena arena;
	struct quoin_testfile_case *cases;
	size_t count;
	size_t passed;
	size_t failed;
};
/* Accepts all-zero objects. */
void quoin_testfile_result_clear(struct quoin_testfile_result *result);

/* Read every test file of the directory for its form alone. Problems: bad tests. 0 or QUOIN_ENOMEM. */
int quoin_testfile_check(const struct quoin_directory *directory, struct quoin_problems *problems,
    struct quoin_error *err);

/* Run every test against the compiled parts. Each member that is not as expected is an error at its place. Returns 0 also
 * when tests fail; QUOIN_ENOMEM, QUOIN_ESYSTEM. */
int quoin_testfile_run(const struct quoin_compiled *compiled, struct quoin_testfile_result *ret,
    struct quoin_problems *problems, struct quoin_error *err);

/* testfile_print.c: for people, what failed and the counts, with "is_verbose" also what passed; nothing if there are no
 * tests. For programs, the member "tests". Both append, and failures stick in the buffer. */
void quoin_testfile_print(const struct quoin_testfile_result *result, bool is_verbose, struct quoin_buf *out);
void quoin_testfile_print_json(const struct quoin_testfile_result *result, struct quoin_json_writer *writer);

#endif
