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

#include "publisher/compile.h"

struct quoin_testfile_result {
	size_t passed;
	size_t failed;
};

/* Read every test file of the directory for its form alone. Problems: bad tests. 0 or QUOIN_ENOMEM. */
int quoin_testfile_check(const struct quoin_directory *directory, struct quoin_problems *problems,
    struct quoin_error *err);

/* Run every test against the compiled parts. A test that fails is an error at its place, with what was expected and
 * what the decision is. Returns 0 also when tests fail; QUOIN_ENOMEM, QUOIN_ESYSTEM. */
int quoin_testfile_run(const struct quoin_compiled *compiled, struct quoin_testfile_result *ret,
    struct quoin_problems *problems, struct quoin_error *err);

#endif
