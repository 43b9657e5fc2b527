/*
 * Random instances of the assignment (publisher/assign.h) that surely have a solution, because one was planted, and bounds
 * that no assignment can be better than. What the test of its quality and its figures share.
 */
#ifndef QUOIN_TESTS_INSTANCES_H
#define QUOIN_TESTS_INSTANCES_H

#include "publisher/assign.h"

#define INSTANCE_RESOURCES 2

struct instance;

/* The same number gives the same instance: 3 to 24 shards that are 60 to 97 percent full, 3 to 15 models per shard, each on
 * one to three shards, some of which require a label. Of the base, the release before, most is where the planted solution
 * has it; the rest is elsewhere, where it may not even fit any more. To be freed. */
struct instance *instance_new(uint32_t number);
void instance_free(struct instance *instance);

/* Assign. With "is_fresh" there is no base. Returns what quoin_assign does, having checked that the result is an assignment:
 * every model on as many shards as it asks for, all of which can have it, and no host overloaded. */
int instance_assign(struct instance *instance, bool is_fresh);

/* Of the last result: how many loads are new; how full the fullest shard is, 0 to 1. */
size_t instance_moves(const struct instance *instance);
double instance_fullest(const struct instance *instance);
/* No assignment has fewer new loads, by a flow from models to the shards that have them; nor a less full fullest shard. */
size_t instance_moves_least(const struct instance *instance);
double instance_fullest_least(const struct instance *instance);
/* The last result becomes the base. */
void instance_rebase(struct instance *instance);
/* How many loads there are. */
size_t instance_loads(const struct instance *instance);

#endif
