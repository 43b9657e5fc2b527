/*
 * Assign state: the tables of one assignment, shared by assign (what is placed), assign_repair and assign_search (what
 * greed did not find) and assign_report (why it does not fit). An item is a used model; amounts are per host.
 */
#ifndef QUOIN_PUBLISHER_ASSIGN_STATE_H
#define QUOIN_PUBLISHER_ASSIGN_STATE_H

#include "publisher/assign.h"

#define QUOIN_ASSIGN_NONE UINT32_MAX

struct quoin_assign_item {
	uint32_t model;
	uint32_t want;	    /* on how many shards it must be */
	uint32_t route;	    /* index of its route rule, or QUOIN_ASSIGN_NONE */
	uint32_t *chosen;   /* room for "want" shards */
	uint32_t count;	    /* of chosen */
	uint32_t kept_most; /* on how many of its shards it could stay, at best */
	double size;	    /* the largest share of any resource that it takes of the largest host */
	uint64_t demand[QUOIN_RESOURCES_MAX];
};

struct quoin_assign_state {
	const struct quoin_ruleset *ruleset;
	const char *resources[QUOIN_RESOURCES_MAX];
	size_t resource_count;
	struct quoin_assign_item *items; /* in the order of models */
	size_t item_count;
	uint32_t *by_size; /* items without a route, largest first */
	size_t by_size_count;
	uint64_t (*capacity)[QUOIN_RESOURCES_MAX]; /* of each shard */
	uint64_t (*load)[QUOIN_RESOURCES_MAX];
	bool *can;	/* [item][shard]: it may be there: labels, hosts, not draining */
	uint8_t *was;	/* [item][shard]: the base has it there: 1 without traffic, 2 with */
	uint32_t *room; /* what the items' chosen point into */
};

/* Fill the tables; nothing is placed. 0 or QUOIN_ENOMEM. */
int quoin_assign_state_init(struct quoin_assign_state *state, const struct quoin_ruleset *ruleset,
    const struct quoin_base_placement *base, size_t base_count);
void quoin_assign_state_clear(struct quoin_assign_state *state);

/* Whether the shard may have the item at all; had it in the base; has it now. */
bool quoin_assign_can(const struct quoin_assign_state *state, size_t item, uint32_t shard);
bool quoin_assign_was(const struct quoin_assign_state *state, size_t item, uint32_t shard);
bool quoin_assign_has(const struct quoin_assign_state *state, size_t item, uint32_t shard);
/* Whether the base sends traffic for it there. */
bool quoin_assign_had_traffic(const struct quoin_assign_state *state, size_t item, uint32_t shard);
/* Whether the shard has room for the item. */
bool quoin_assign_fits(const struct quoin_assign_state *state, size_t item, uint32_t shard);
/* How full the shard would be with the item: the largest share of any resource. */
double quoin_assign_fullness(const struct quoin_assign_state *state, size_t item, uint32_t shard);
/* Put the item on the shard; take it off; take the last one that was put off again. */
void quoin_assign_put(struct quoin_assign_state *state, size_t item, uint32_t shard);
void quoin_assign_take(struct quoin_assign_state *state, size_t item, uint32_t shard);
void quoin_assign_take_back(struct quoin_assign_state *state, size_t item);
/* Take every item without a route off its shards. */
void quoin_assign_take_all_back(struct quoin_assign_state *state);

/* The resource of which the shard lacks the most for the item, in proportion; how much is there and missing. */
size_t quoin_assign_scarcest(const struct quoin_assign_state *state, size_t item, uint32_t shard, uint64_t *ret_left,
    uint64_t *ret_missing);

/* How many loads are new, of items without a route; whether every item is on as many shards as it wants. */
size_t quoin_assign_moves(const struct quoin_assign_state *state);
bool quoin_assign_is_whole(const struct quoin_assign_state *state);

/* Push others on, so that items find places that greed did not find for them, or go back to where they were. Within a
 * fixed number of steps. */
void quoin_assign_repair(struct quoin_assign_state *state);

/* Look for a whole assignment with fewer new loads than "moves" (SIZE_MAX: for any), within a fixed number of steps. If
 * one is found the state has it; otherwise the state is as before. 0 or QUOIN_ENOMEM. */
int quoin_assign_search(struct quoin_assign_state *state, size_t moves);

/* Add a problem for every item that is not where it must be. Items without a route are taken off their shards. */
void quoin_assign_report(struct quoin_assign_state *state, const struct quoin_check_places *places,
    struct quoin_problems *problems);

#endif
