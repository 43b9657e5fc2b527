/* Who reads in a store, and which releases are held by that (PROTOCOL.md section 4). */
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "subscriber/store_layout.h"

static void
add_release(uint64_t release, uint64_t *releases, size_t *count)
{
	size_t i;

	for (i = 0; i < *count && releases[i] < release; i++)
		;
	if (i < *count && releases[i] == release)
		return;
	memmove(&releases[i + 1], &releases[i], (*count - i) * sizeof releases[0]);
	releases[i] = release;
	(*count)++;
}

/* What is held in one environment, by its table and its pointer's history. */
static void
add_holds(const struct quoin_store *store, const struct quoin_env_reader *rows, size_t count,
    const struct quoin_store_flips *flips, size_t max, uint64_t *releases, size_t *held)
{
	size_t flip;

	for (size_t i = 0; i < count && i < QUOIN_STORE_READERS_MAX; i++) {
		if (rows[i].txn_id == 0 || (rows[i].pid == getpid() && !store->is_shared))
			continue;
		if (quoin_store_flip_of(flips, rows[i].txn_id, &flip) && flips->items[flip].release != 0 && *held < max)
			add_release(flips->items[flip].release, releases, held);
	}
}

/* The process with the oldest snapshot, if there is one. */
static struct quoin_store_reader
oldest_of(const struct quoin_store *store, const struct quoin_env_reader *rows, size_t count,
    const struct quoin_store_flips *flips)
{
	struct quoin_store_reader reader = {0};
	uint64_t oldest = UINT64_MAX;
	size_t flip;

	for (size_t i = 0; i < count && i < QUOIN_STORE_READERS_MAX; i++) {
		if (rows[i].txn_id == 0 || (rows[i].pid == getpid() && !store->is_shared) || rows[i].txn_id >= oldest)
			continue;
		oldest = rows[i].txn_id;
		reader.pid = rows[i].pid;
		reader.release = quoin_store_flip_of(flips, oldest, &flip) ? flips->items[flip].release : 0;
	}
	return reader;
}

int
quoin_store_holds(struct quoin_store *store, uint64_t *releases, size_t max, size_t *ret_count,
    struct quoin_store_reader *ret_oldest, struct quoin_error *err)
{
	struct quoin_env_reader rows[QUOIN_STORE_READERS_MAX];
	struct quoin_store_flips flips;
	struct quoin_txn *txn = NULL;
	size_t count, held = 0;
	struct quoin_store_reader oldest = {0};
	int r;

	QUOIN_ASSERT(max >= QUOIN_HELD_MAX);
	/* Whoever reads in the environment before a move is older than anybody in this one. */
	if (store->old != NULL) {
		r = quoin_env_readers(store->old, rows, QUOIN_STORE_READERS_MAX, &count, err);
		if (r != 0)
			return r;
		add_holds(store, rows, count, &store->old_flips, max, releases, &held);
		oldest = oldest_of(store, rows, count, &store->old_flips);
	}
	r = quoin_env_readers(store->env, rows, QUOIN_STORE_READERS_MAX, &count, err);
	if (r != 0)
		return r;
	/* After the table: a snapshot listed in it cannot be newer than the history read now. */
	r = quoin_txn_begin(store->env, false, &txn, err);
	if (r != 0)
		return r;
	r = quoin_store_flips_get(store, txn, &flips, err);
	quoin_txn_abort(txn);
	if (r != 0)
		return r;
	add_holds(store, rows, count, &flips, max, releases, &held);
	*ret_count = held;
	if (ret_oldest != NULL)
		*ret_oldest = oldest.pid != 0 ? oldest : oldest_of(store, rows, count, &flips);
	return 0;
}
