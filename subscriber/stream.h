/*
 * Stream: a packed body unpacked piece by piece, ahead of whoever stores it. Two threads of its own work while the store
 * writes and syncs: one unpacks and hashes what will be a segment, one hashes the whole. Memory stays at a few pieces,
 * whatever the body's size.
 */
#ifndef QUOIN_SUBSCRIBER_STREAM_H
#define QUOIN_SUBSCRIBER_STREAM_H

#include "lib/bytes.h"
#include "lib/crypto.h"
#include "lib/error.h"

struct quoin_stream;

/*
 * Begin to unpack "packed" (borrowed until close) to "bytes" bytes that hash to "hash". Returns 0; QUOIN_ECORRUPT (no such
 * frame); QUOIN_ELIMIT (its window is too large to unpack it in pieces: unpack it whole); QUOIN_ENOMEM, QUOIN_ESYSTEM.
 */
int quoin_stream_open(struct quoin_span packed, uint64_t bytes, const struct quoin_hash *hash,
    struct quoin_stream **ret);
/* Accepts NULL; may be called at any time. */
void quoin_stream_close(struct quoin_stream *stream);

/*
 * A quoin_store_fill: the next segment's bytes, with their hash. For the last one 0 means that the whole is what was asked
 * for; QUOIN_ECORRUPT otherwise.
 */
int quoin_stream_fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash);

#endif
