/*
 * Decisions: the same contexts decided by two releases, and what moved. Contexts are JSON lines, as clients send them.
 */
#ifndef QUOIN_PUBLISHER_DECISIONS_H
#define QUOIN_PUBLISHER_DECISIONS_H

#include <stdio.h>

#include "formats/ruleset.h"
#include "subscriber/quoin.h"

/* Decisions of one objective that go from one routing key to another; NULL: there is no decision. */
struct quoin_flow {
	const char *objective; /* NULL: a context that says none */
	const char *from, *to;
	uint64_t count;
};
struct quoin_flow_total {
	const char *objective;
	uint64_t total, moved, reconfigured;
};

struct quoin_decisions {
	struct quoin_arena arena; /* the texts */
	uint64_t total;
	uint64_t moved;	       /* to another routing key, or to or from none */
	uint64_t reconfigured; /* to the same routing key with another config */
	uint64_t bad;	       /* contexts that are not valid */
	struct quoin_flow *flows; /* most first; owned */
	size_t flow_count;
	struct quoin_flow_total *objectives; /* ascending by name; owned */
	size_t objective_count;
};

/* Decide every line of "in" by both views; an empty view decides nothing. Returns 0, QUOIN_EIO, QUOIN_ENOMEM. Clear "ret"
 * also after a failure. */
int quoin_decisions_compare(const struct quoin_view *before, const struct quoin_view *after, FILE *in,
    struct quoin_decisions *ret, struct quoin_error *err);
/* Accepts all-zero objects. */
void quoin_decisions_clear(struct quoin_decisions *decisions);

/* How many of the objective's contexts there were. */
uint64_t quoin_decisions_of(const struct quoin_decisions *decisions, const char *objective);

#endif
