/*
 * Deltas: patches of a part against the contents that hosts are likely to have: what is active, and the newest releases.
 *
 * A delta saves hosts bytes and nothing depends on it: whatever fails or takes too long while one is made, the part goes
 * out with what it has. Not made: where the content is there already, for "source" (which is for people and tools), for
 * what is small anyhow, and where a patch is not less than half of the full encoding.
 */
#ifndef QUOIN_PUBLISHER_DELTAS_H
#define QUOIN_PUBLISHER_DELTAS_H

#include "publisher/blobs.h"

/* Opened when the first delta is made; one for all parts of a publication. */
struct quoin_deltas {
	const struct quoin_bus_conf *bus; /* borrowed, as all below */
	const char *topic;
	const struct quoin_release *const *bases; /* the likeliest first */
	size_t base_count;
	struct quoin_bus_lookup *lookup;
	int64_t deadline_ms;
	bool is_over; /* no further one is tried */
};
void quoin_deltas_init(struct quoin_deltas *deltas, const struct quoin_bus_conf *bus, const char *topic,
    const struct quoin_release *const *bases, size_t base_count);
void quoin_deltas_clear(struct quoin_deltas *deltas);

/* The patch from "base" to "content", whose full encoding has "full_bytes", into the empty "out", which stays empty where none
 * is made. 0, QUOIN_ENOMEM, QUOIN_ELIMIT. */
int quoin_deltas_pack(struct quoin_span content, struct quoin_span base, uint64_t full_bytes, struct quoin_buf *out);

/* Add what deltas there are to a part that has its full encoding, and put their chunks. "content" is the part's. */
void quoin_deltas_put(struct quoin_deltas *deltas, struct quoin_span content, struct quoin_part *part,
    struct quoin_blobs_sent *sent);

#endif
