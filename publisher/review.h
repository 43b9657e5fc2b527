/*
 * Review: what would change, as people read it on a terminal and as programs read it (quoin(1), plan and diff).
 */
#ifndef QUOIN_PUBLISHER_REVIEW_H
#define QUOIN_PUBLISHER_REVIEW_H

#include "lib/json_writer.h"
#include "publisher/decisions.h"
#include "publisher/difference.h"
#include "publisher/problem.h"
#include "publisher/transfer.h"

/* Everything borrowed. */
struct quoin_review {
	uint64_t before; /* release; 0: nothing is there yet */
	uint64_t after;	 /* release; 0: a directory */
	const char *directory;
	const struct quoin_difference *difference;
	const struct quoin_transfer *transfer;
	const struct quoin_decisions *decisions; /* NULL: no contexts were given */
	const char *contexts; /* where they came from */
	const struct quoin_problems *guards; /* NULL: none were tried; else what guards and tests found, among others */
	size_t tests_passed, tests_failed;
	bool is_coloured;
};

/* For people. What does not differ is left out; long lists are cut, and say so. Failures stick in "out". */
void quoin_review_print(const struct quoin_review *review, struct quoin_buf *out);

/* For programs: one object, whole lists. */
void quoin_review_print_json(const struct quoin_review *review, struct quoin_buf *out);

#endif
