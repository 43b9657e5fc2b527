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

/*
 * The same in pieces, in order: memory for the frame's window only, which may be QUOIN_UNPACKER_WINDOW_MAX. open returns
 * 0, QUOIN_ECORRUPT, QUOIN_ELIMIT (a larger window), QUOIN_ENOMEM; "packed" is borrowed until close. next gives exactly
 * "bytes" bytes: 0, QUOIN_ECORRUPT, QUOIN_ENOMEM. finish, after the last: 0, QUOIN_ECORRUPT (the checksum).
 */
#define QUOIN_UNPACKER_WINDOW_MAX (8u << 20)
struct quoin_unpacker;
int quoin_unpacker_open(struct quoin_span packed, size_t body_bytes, struct quoin_unpacker **ret);
int quoin_unpacker_next(struct quoin_unpacker *unpacker, uint8_t *out, size_t bytes);
int quoin_unpacker_finish(struct quoin_unpacker *unpacker);
/* Accepts NULL. */
void quoin_unpacker_close(struct quoin_unpacker *unpacker);

/*
 * The same against a base: a patch. Both must be given the same base bytes. A patch is one frame, made with the base as
 * zstd's prefix; or, where that is smaller, this frame packed once more as if it were a body, without a base. Which of
 * both it is the content size in its header tells: the body's, or less than that. A patch longer than
 * QUOIN_PATCH_TWICE_BYTES_MAX is never packed twice, which bounds the memory that is taken to unpack one.
 */
#define QUOIN_PATCH_TWICE_BYTES_MAX (4u << 20)
int quoin_pack_delta(struct quoin_span body, struct quoin_span base, struct quoin_buf *out);
int quoin_unpack_delta(struct quoin_span packed, struct quoin_span base, uint8_t *out, size_t body_bytes);

#endif
