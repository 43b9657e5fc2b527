/*
 * Garbage on <ns>.blobs: the chunks that no release document names, found by reading the whole topic once.
 */
#ifndef QUOIN_PUBLISHER_GC_CHUNKS_H
#define QUOIN_PUBLISHER_GC_CHUNKS_H

#include "formats/chunk.h"
#include "lib/bus.h"

#define QUOIN_GC_RECORDS_MAX 1000000

/* A record with a key that nothing names. */
struct quoin_gc_chunk {
	char key[QUOIN_CHUNK_KEY_BYTES];
	int64_t offset, timestamp_ms;
	uint32_t bytes;
	bool is_tombstone;
};
struct quoin_gc_chunks {
	char (*named)[QUOIN_CHUNK_KEY_BYTES]; /* sorted by quoin_gc_chunks_read; owned, as all */
	size_t named_count;
	struct quoin_gc_chunk *items; /* after reading: of each key the last, no tombstones, older than the age */
	size_t count;
	size_t young; /* that were younger */
	size_t kept;  /* records that are named */
	int64_t next_offset;
};
void quoin_gc_chunks_clear(struct quoin_gc_chunks *chunks);

/* What this release names is kept. 0, QUOIN_ENOMEM. */
int quoin_gc_chunks_name(struct quoin_gc_chunks *chunks, const struct quoin_release *release);

/* Read the topic to its end. 0, QUOIN_ELIMIT (too many records that nothing names), QUOIN_ENOMEM, the reader's codes. */
int quoin_gc_chunks_read(struct quoin_gc_chunks *chunks, struct quoin_bus_reader *reader, const char *topic, int64_t now_ms,
    int64_t age_ms, int timeout_ms, struct quoin_error *err);

/* Read on behind the tombstones: a chunk of theirs that somebody put again in the meantime is put once more. */
int quoin_gc_chunks_mend(struct quoin_gc_chunks *chunks, const struct quoin_bus_conf *bus, struct quoin_bus_reader *reader,
    const char *topic, int timeout_ms, struct quoin_error *err);

#endif
