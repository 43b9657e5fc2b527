/*
 * How large a store's file becomes: content of 4 MB that changes release by release, the last three kept, while a reader
 * stays with each release for a while. Beside it, the bytes that live: what is kept and what the reader holds.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/crypto.h"
#include "subscriber/store_layout.h"
#include "tests/bench/bench.h"

#define RELEASES   300
#define PART_BYTES (4u << 20)
#define KEPT	   3
#define STAY	   7 /* releases that a reader stays through: together with the kept ones, what lives */

static uint8_t content[PART_BYTES];

static int
fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	(void)ret_hash;
	(void)ctx;
	memcpy(at, content + offset, bytes);
	return 0;
}

static void
make_active(struct quoin_store *store, uint64_t number, const struct quoin_hash *hash)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	struct quoin_store_change change = {.active = &active, .ratchets = &ratchets};
	struct quoin_error err = {0};
	bool is_new;

	quoin_store_ratchets(store, &ratchets, &is_new);
	memset(&active, 0, sizeof active);
	active.generation = ratchets.generation = number;
	active.release.number = number;
	active.part_count = 1;
	snprintf(active.parts[0].name, sizeof active.parts[0].name, "data");
	snprintf(active.parts[0].schema, sizeof active.parts[0].schema, "raw");
	active.parts[0].bytes = PART_BYTES;
	active.parts[0].hash = *hash;
	if (quoin_store_commit(store, &change, &err) != 0)
		bench_die("%s", err.message);
}

int
main(void)
{
	static const struct quoin_origin origin = {.system = {1}, .name = "bench"};
	struct quoin_hash hashes[KEPT] = {0}, hash;
	struct bench_random random = {1};
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_env_usage usage;
	struct quoin_store *store;
	struct quoin_error err = {0};

	if (quoin_crypto_init() != 0 || quoin_store_open(bench_dir(), &origin, &store, &err) != 0)
		bench_die("cannot begin: %s", err.message);
	for (uint64_t number = 1; number <= RELEASES; number++) {
		for (unsigned i = 0; i < 1000; i++)
			content[bench_random_below(&random, PART_BYTES)] = (uint8_t)bench_random_next(&random);
		quoin_hash_of(quoin_span_of(content, PART_BYTES), &hash);
		if (quoin_store_stage(store, &hash, PART_BYTES, fill, NULL, &err) != 0)
			bench_die("%s", err.message);
		make_active(store, number, &hash);
		hashes[number % KEPT] = hash;
		if (quoin_store_collect(store, hashes, KEPT, NULL, &err) != 0)
			bench_die("%s", err.message);
		if (number % STAY == 0) {
			quoin_store_snapshot_close(snapshot);
			if (quoin_store_snapshot_open(store, &snapshot, &err) != 0)
				bench_die("%s", err.message);
		}
	}
	quoin_store_snapshot_close(snapshot);
	if (quoin_env_usage(store->env, &usage, &err) != 0)
		bench_die("%s", err.message);
	bench_print("store.amplification", (double)usage.file_bytes / PART_BYTES / (KEPT + STAY), "x",
	    "bytes kept and held", 1);
	quoin_store_close(store);
	return 0;
}
