/*
 * Subject: one authoring directory, compiled and opened by what is tested, and loaded by the naive evaluator; and the
 * comparison of what both decide.
 */
#ifndef QUOIN_TESTS_DIFFERENTIAL_SUBJECT_H
#define QUOIN_TESTS_DIFFERENTIAL_SUBJECT_H

#include "publisher/compile.h"
#include "subscriber/quoin.h"
#include "tests/differential/generate.h"
#include "tests/differential/naive.h"

#define SUBJECT_RELEASE 7
#define SUBJECT_SLOTS	(12 + GENERATED_EXTRAS_MAX)

/* The ways to ask for a decision (quoin.h); all must say the same. */
enum subject_way {
	SUBJECT_JSON,
	SUBJECT_REBOUND,  /* JSON, read once and bound again */
	SUBJECT_SET,	  /* values set one by one */
	SUBJECT_PREPARED, /* and looked up at once */
	SUBJECT_BORROWED, /* arrays of the caller */
	SUBJECT_BORROWED_PREPARED,
	SUBJECT_BATCH,	 /* borrowed, all objectives with one call */
	SUBJECT_STRINGS, /* names and strings, no context object */
	SUBJECT_WAYS,
};
extern const char *const subject_ways[SUBJECT_WAYS];

struct subject {
	struct quoin_compiled compiled;
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_context *context;
	int slots[SUBJECT_SLOTS]; /* of generated_attribute(i) */
	int objectives[GENERATED_OBJECTIVES];
	struct pool pool;
	struct naive *authored;
	struct naive *from_source;
	struct pool scratch;
	struct pool parsed;
	struct quoin_buf have;
	struct quoin_buf want;
};

/* Compile and load. False when the files are refused: *ret_why (of this function, until its next call) says why. The
 * files must outlive the subject. Close it only if it was opened. */
bool subject_open(const struct generated_file *files, size_t count, const struct quoin_compile_base *base,
    struct subject *ret, const char **ret_why);
void subject_close(struct subject *subject);
/* Load the naive evaluator anew: naive_error has changed. */
void subject_reload(struct subject *subject, const struct generated_file *files, size_t count);

/* Whether the two disagree about a context; "have" and "want" are what they said. Ways that cannot express the context
 * agree. "by_source": the naive evaluator that read the source part is asked. */
bool subject_differs(struct subject *subject, const char *context, size_t bytes, enum subject_way way, bool by_source);

#endif
