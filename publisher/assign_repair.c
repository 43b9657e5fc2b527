#include "publisher/assign_state.h"

/* How many loads may be looked at: some tens of milliseconds, the same on every machine. */
#define STEPS_MAX 4000000u
/* How many loads one may push on: the first makes room for a load, the second for the first, and so on. */
#define CHAIN_MAX 3u

struct repair {
	struct quoin_assign_state *state;
	unsigned steps;
};

/* What a load there costs in moves. */
static unsigned
cost_of(const struct quoin_assign_state *state, size_t item, uint32_t shard)
{
	return !quoin_assign_was(state, item, shard);
}

static bool
is_open(const struct quoin_assign_state *state, size_t item, uint32_t shard, unsigned moves)
{
	return quoin_assign_can(state, item, shard) && !quoin_assign_has(state, item, shard) &&
	    cost_of(state, item, shard) <= moves;
}

/* Put one more load of the item where there is room: where it was, else where the most room is. */
static bool
put_in_room(struct repair *repair, size_t item, unsigned moves)
{
	struct quoin_assign_state *state = repair->state;
	uint32_t best = QUOIN_ASSIGN_NONE;
	double best_full = 0;

	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++) {
		double full;

		repair->steps++;
		if (!is_open(state, item, shard, moves) || !quoin_assign_fits(state, item, shard))
			continue;
		full = quoin_assign_fullness(state, item, shard) + cost_of(state, item, shard) * 2;
		if (best != QUOIN_ASSIGN_NONE && full >= best_full)
			continue;
		best = shard;
		best_full = full;
	}
	if (best != QUOIN_ASSIGN_NONE)
		quoin_assign_put(state, item, best);
	return best != QUOIN_ASSIGN_NONE;
}

static bool settle(struct repair *repair, size_t item, unsigned moves, unsigned chain);

/* Put the item on the shard in place of another, which finds a place of its own. */
static bool
push_on(struct repair *repair, size_t item, uint32_t shard, size_t other, unsigned moves, unsigned chain)
{
	struct quoin_assign_state *state = repair->state;

	quoin_assign_take(state, other, shard);
	if (quoin_assign_fits(state, item, shard)) {
		quoin_assign_put(state, item, shard);
		/* A load that was new there has its move back. */
		if (settle(repair, other, moves - cost_of(state, item, shard) + cost_of(state, other, shard), chain - 1))
			return true;
		quoin_assign_take(state, item, shard);
	}
	quoin_assign_put(state, other, shard);
	return false;
}

/* Put one more load of the item for at most so many moves, by a chain of at most so many others that are pushed on. If it
 * cannot be, all is as before. */
static bool
settle(struct repair *repair, size_t item, unsigned moves, unsigned chain)
{
	struct quoin_assign_state *state = repair->state;

	if (put_in_room(repair, item, moves))
		return true;
	if (chain == 0 || repair->steps >= STEPS_MAX)
		return false;
	for (uint32_t shard = 0; shard < state->ruleset->shard_count; shard++) {
		if (!is_open(state, item, shard, moves))
			continue;
		for (size_t i = 0; i < state->by_size_count && repair->steps < STEPS_MAX; i++) {
			size_t other = state->by_size[i];

			repair->steps++;
			if (other != item && quoin_assign_has(state, other, shard) &&
			    push_on(repair, item, shard, other, moves, chain))
				return true;
		}
	}
	return false;
}

/* With as few moves, and then as short a chain, as can be. */
static bool
settle_cheaply(struct repair *repair, size_t item)
{
	for (unsigned chain = 0; chain <= CHAIN_MAX && repair->steps < STEPS_MAX; chain++)
		for (unsigned moves = 0; moves <= chain + 1; moves++)
			if (settle(repair, item, moves, chain))
				return true;
	return false;
}

/* Whether a load of the item that is new could go back to where it was, others being pushed on for no move at all. */
static bool
send_back(struct repair *repair, size_t item)
{
	struct quoin_assign_state *state = repair->state;

	for (uint32_t i = 0; i < state->items[item].count; i++) {
		uint32_t shard = state->items[item].chosen[i];

		if (quoin_assign_was(state, item, shard))
			continue;
		quoin_assign_take(state, item, shard);
		for (unsigned chain = 0; chain < CHAIN_MAX; chain++)
			if (settle(repair, item, 0, chain))
				return true;
		quoin_assign_put(state, item, shard);
	}
	return false;
}

void
quoin_assign_repair(struct quoin_assign_state *state)
{
	struct repair repair = {.state = state};
	bool is_better = true;

	for (size_t i = 0; i < state->by_size_count; i++) {
		const struct quoin_assign_item *item = &state->items[state->by_size[i]];

		while (item->count < item->want && settle_cheaply(&repair, state->by_size[i]))
			continue;
	}
	while (is_better && repair.steps < STEPS_MAX) {
		is_better = false;
		for (size_t i = 0; i < state->by_size_count; i++)
			is_better |= send_back(&repair, state->by_size[i]);
	}
}
