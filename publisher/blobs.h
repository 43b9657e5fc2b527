/*
 * Blobs: parts to and from <ns>.blobs. Chunks are content-addressed: identical content is never sent twice, orphans are
 * harmless, a present chunk is never put again.
 */
#ifndef QUOIN_PUBLISHER_BLOBS_H
#define QUOIN_PUBLISHER_BLOBS_H

#include "formats/chunk.h"
#include "lib/bus.h"

/* Told as work goes on, for a progress bar; may be NULL. */
typedef void quoin_blobs_progress(void *ctx, uint64_t bytes_done, uint64_t bytes_total);

struct quoin_blobs_sent {
	uint64_t full_bytes;  /* put on the bus now */
	uint64_t delta_bytes;
	uint64_t reused_bytes; /* packed bytes that were there already */
};

/*
 * Make part "name" of "schema" from "content": pack it, find out whether its chunks are there (in "retained": releases
 * that may name the same content; each chunk is looked up and its bytes' hash compared), put what is missing with a plain
 * idempotent writer, and fill ret_part with encodings and places. Nothing is signed or announced here.
 */
int quoin_blobs_put(const struct quoin_bus_conf *conf, const char *topic, const char *name, const char *schema,
    struct quoin_span content, const struct quoin_release *const *retained, size_t retained_count,
    quoin_blobs_progress *progress, void *ctx, struct quoin_part *ret_part, struct quoin_blobs_sent *sent,
    struct quoin_error *err);

/*
 * One encoding of a part: fills size, hash and chunks of "encoding" (the rest is the caller's) from its packed bytes, and
 * puts the chunks that are missing; "retained" is what may be there already (NULL: nothing). Both are counted in "sent".
 * On failure it has no chunks and nothing is counted.
 */
int quoin_blobs_put_encoding(const struct quoin_bus_conf *conf, const char *topic, const struct quoin_part *part,
    struct quoin_encoding *encoding, struct quoin_span packed, const struct quoin_encoding *retained,
    quoin_blobs_progress *progress, void *ctx, struct quoin_blobs_sent *sent, struct quoin_error *err);

/* Fetch and verify one part's content; appends part->bytes bytes to "out". 0, QUOIN_EMISSING, QUOIN_ECORRUPT,
 * QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE. */
int quoin_blobs_get(struct quoin_bus_lookup *lookup, const struct quoin_part *part, int timeout_ms,
    struct quoin_buf *out, struct quoin_error *err);

#endif
