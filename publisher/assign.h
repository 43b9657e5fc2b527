/*
 * Assign: which shards load which model, and how a model's traffic is divided among them.
 *
 * A pure function of the ruleset and the base release's placements. Every host of a shard loads all models of the
 * shard, so a shard has room for what one of its hosts can carry. A model goes to as many shards as it asks for, or
 * exactly where its route rule says; only to shards that have the labels it requires, have hosts, and are not
 * draining.
 *
 * Least movement: a model stays where the base has it as long as that is possible; the number of loads that are new is
 * the least for the instances that can be searched within a fixed number of steps, and close to it beyond (within 5 % of
 * all loads on the instances of tests/unit/test_assign_quality.c). What must be placed anew goes where the most room is
 * left. A model that leaves some of its shards stays where its traffic goes. Ties are broken by names. Assigning against
 * one's own result changes nothing.
 */
#ifndef QUOIN_PUBLISHER_ASSIGN_H
#define QUOIN_PUBLISHER_ASSIGN_H

#include "publisher/check.h"

/* One placement of the base release, by name: its models and shards need not exist any more. */
struct quoin_base_placement {
	const char *routing_key;
	const char *shard;
	bool has_traffic; /* a route may have it loaded without any */
};

/*
 * Fill the ruleset's placements. "base" may be in any order, and empty. "places" may be NULL. Models that do not fit
 * are problems (codes capacity, no_shard, no_hosts) that name the resource, how much is missing, and where. With
 * "may_overcommit" (the guard capacity is waived) what fits nowhere is placed all the same: where it is routed, where it was,
 * or where it is the least beyond the capacity.
 * Returns 0, QUOIN_EREFUSED (problems are listed; the ruleset has no placements), QUOIN_ENOMEM.
 */
int quoin_assign(struct quoin_ruleset *ruleset, const struct quoin_base_placement *base, size_t base_count,
    bool may_overcommit, const struct quoin_check_places *places, struct quoin_problems *problems,
    struct quoin_error *err);

/* Equal weights for "count" shards: 100000 in total, the remainder one each to the first. */
uint32_t quoin_assign_weight(size_t count, size_t index);

#endif
