/*
 * Compression: zstd, bounded before it starts.
 *
 * A packed body is exactly one zstd frame with content size and checksum. Decompression is one-shot into a buffer
 * whose size the signed document gave; a frame that declares another size, a dictionary, a second frame or a skippable
 * one is refused before any byte is written.
 */
#ifndef QUOIN_LIB_PACK_H
#define QUOIN_LIB_PACK_H

#include "lib/bytes.h"
#include "lib/error.h"

/* Append the compressed form of "body" to "out". Deterministic for one libzstd version. Returns 0, QUOIN_ENOMEM,
 * QUOIN_ELIMIT. */
int quoin_pack(struct quoin_span body, struct quoin_buf *out);

/* Decompress exactly "body_bytes" bytes into "out". Returns 0, QUOIN_ECORRUPT (not such a frame), QUOIN_ENOMEM. */
int quoin_unpack(struct quoin_span packed, uint8_t *out, size_t body_bytes);

/* The same against a base: a patch. Both must be given the same base bytes. */
int quoin_pack_delta(struct quoin_span body, struct quoin_span base, struct quoin_buf *out);
int quoin_unpack_delta(struct quoin_span packed, struct quoin_span base, uint8_t *out, size_t body_bytes);

#endif
