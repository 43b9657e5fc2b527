#include "publisher/assign_state.h"

#include <stdlib.h>
#include <string.h>

/* How many times a shard may be tried: some tens of milliseconds, the same on every machine. */
#define STEPS_MAX 3000000u
/* Loads and models: the search goes one call deeper with each of them. */
#define DEPTH_MAX 8192u

struct search {
	struct quoin_assign_state *state;
	size_t best_moves;
	size_t moves;	/* of what is put so far */
	size_t *least;	/* [position in by_size]: moves that this item and all after it need at least */
	uint32_t *best; /* a copy of state->room */
	size_t room_count;
	unsigned steps;
	bool is_found;
};

/* Moves that the item cannot avoid. */
static size_t
least_moves(const struct quoin_assign_item *item)
{
	return item->want - item->kept_most;
}

static void place(struct search *search, size_t position, uint32_t from);

static void
keep_best(struct search *search)
{
	search->is_found = true;
	search->best_moves = search->moves;
	memcpy(search->best, search->state->room, search->room_count * sizeof *search->best);
}

/* Put the item on the shard, go on, and take it back. */
static void
try_shard(struct search *search, size_t position, uint32_t index)
{
	struct quoin_assign_state *state = search->state;
	size_t item = state->by_size[position];
	uint32_t shard_count = (uint32_t)state->ruleset->shard_count;
	uint32_t shard = shard_count > 0 ? index % shard_count : 0;
	bool is_first_round = index < shard_count;

	search->steps++;
	/* The shards where it was come first, then the others: each is in one of the two rounds. */
	if (quoin_assign_was(state, item, shard) != is_first_round || !quoin_assign_can(state, item, shard) ||
	    !quoin_assign_fits(state, item, shard))
		return;
	search->moves += !is_first_round;
	quoin_assign_put(state, item, shard);
	place(search, position, index + 1);
	quoin_assign_take_back(state, item);
	search->moves -= !is_first_round;
}

/* Find places for the item at this position, from the shard "from" on, and for all after it. */
static void
place(struct search *search, size_t position, uint32_t from)
{
	struct quoin_assign_state *state = search->state;
	uint32_t rounds = 2 * (uint32_t)state->ruleset->shard_count;
	const struct quoin_assign_item *item;

	if (position == state->by_size_count) {
		if (search->moves < search->best_moves)
			keep_best(search);
		return;
	}
	item = &state->items[state->by_size[position]];
	if (item->count == item->want) {
		place(search, position + 1, 0);
		return;
	}
	for (uint32_t i = from; i < rounds && search->steps < STEPS_MAX; i++) {
		size_t least = search->moves + search->least[position + 1];

		if (i >= rounds / 2)
			least += item->want - item->count;
		if (least >= search->best_moves)
			return;
		try_shard(search, position, i);
	}
}

static void
put_all(struct quoin_assign_state *state, const uint32_t *room, const uint32_t *counts)
{
	for (size_t i = 0; i < state->by_size_count; i++) {
		size_t item = state->by_size[i];
		const uint32_t *chosen = room + (state->items[item].chosen - state->room);
		uint32_t count = counts != NULL ? counts[i] : state->items[item].want;

		for (uint32_t j = 0; j < count; j++)
			quoin_assign_put(state, item, chosen[j]);
	}
}

static size_t
count_room(const struct quoin_assign_state *state)
{
	size_t total = 0;

	for (size_t i = 0; i < state->item_count; i++)
		total += state->items[i].want;
	return total;
}

int
quoin_assign_search(struct quoin_assign_state *state, size_t moves)
{
	struct search search = {.state = state, .best_moves = moves, .room_count = count_room(state)};
	uint32_t *before = calloc(search.room_count + 1, sizeof *before);
	uint32_t *counts = calloc(state->by_size_count + 1, sizeof *counts);
	int rc = QUOIN_ENOMEM;

	search.best = calloc(search.room_count + 1, sizeof *search.best);
	search.least = calloc(state->by_size_count + 2, sizeof *search.least);
	if (before == NULL || counts == NULL || search.best == NULL || search.least == NULL)
		goto out;
	rc = 0;
	if (search.room_count + state->by_size_count > DEPTH_MAX || state->ruleset->shard_count == 0)
		goto out;
	for (size_t i = state->by_size_count; i-- > 0;)
		search.least[i] = search.least[i + 1] + least_moves(&state->items[state->by_size[i]]);
	memcpy(before, state->room, search.room_count * sizeof *before);
	for (size_t i = 0; i < state->by_size_count; i++)
		counts[i] = state->items[state->by_size[i]].count;
	quoin_assign_take_all_back(state);
	place(&search, 0, 0);
	put_all(state, search.is_found ? search.best : before, search.is_found ? NULL : counts);
out:
	free(before);
	free(counts);
	free(search.best);
	free(search.least);
	return rc;
}
