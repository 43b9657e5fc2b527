/*
 * Assign explain: why each model of a release is where it is, and why not elsewhere, from the release's source part. The
 * reasons are those of the rules that assign follows (assign.h), looked at when all is placed.
 */
#ifndef QUOIN_PUBLISHER_ASSIGN_EXPLAIN_H
#define QUOIN_PUBLISHER_ASSIGN_EXPLAIN_H

#include "lib/json_writer.h"
#include "publisher/assign.h"

struct quoin_assign_explain {
	const struct quoin_ruleset *ruleset; /* with placements */
	uint64_t base;			     /* the release it was compiled against; 0: none */
	const struct quoin_ruleset *base_ruleset; /* NULL: none, or not to be had */
	const char *model; /* only this model, or this model@version; NULL: all */
};

/* For people: a model with what it needs, then a line for each shard. Appends. Returns 0, QUOIN_ENOENT (no such model in
 * the release), QUOIN_ENOMEM. */
int quoin_assign_explain_print(const struct quoin_assign_explain *explain, struct quoin_buf *out);

/* For programs: the member "assignment": [{model, shards, demand, on: [{shard, weight, because}], not_on: [{shard, because}]}].
 * The same codes. */
int quoin_assign_explain_print_json(const struct quoin_assign_explain *explain, struct quoin_json_writer *writer);

#endif
