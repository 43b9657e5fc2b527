#include "subscriber/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/limits.h"
#include "lib/pack.h"

#define PIECE_BYTES (1u << 20)
#define PIECES	    8 /* unpacked at most ahead of what was taken */

_Static_assert(QUOIN_SEGMENT_BYTES_MAX % PIECE_BYTES == 0, "a piece belongs to one segment");

/* Pieces are counted from the body's beginning; piece i is at ring[i % PIECES]. */
struct quoin_stream {
	struct quoin_unpacker *unpacker;
	struct quoin_hash want;
	uint64_t bytes;
	uint8_t *ring;
	pthread_t threads[2];
	size_t thread_count;

	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t piece_count;
	uint64_t unpacked, hashed, taken; /* pieces */
	bool is_hashed;			  /* the whole, and it is what was wanted */
	bool is_closing;
	int code;
	struct quoin_hash segments[QUOIN_SEGMENTS_MAX];
};

static size_t
piece_bytes(const struct quoin_stream *stream, uint64_t piece)
{
	uint64_t left = stream->bytes - piece * PIECE_BYTES;

	return left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
}

static uint8_t *
piece_at(const struct quoin_stream *stream, uint64_t piece)
{
	return stream->ring + piece % PIECES * PIECE_BYTES;
}

static bool
is_over(const struct quoin_stream *stream)
{
	return stream->is_closing || stream->code != 0;
}

/* Wait, with the lock held, until "counter" is above "piece"; false if that will not be. */
static bool
wait_for(struct quoin_stream *stream, const uint64_t *counter, uint64_t piece)
{
	while (!is_over(stream) && *counter <= piece)
		(void)pthread_cond_wait(&stream->moved, &stream->lock);
	return !is_over(stream);
}

static void
move(struct quoin_stream *stream, uint64_t *counter, int code)
{
	(void)pthread_mutex_lock(&stream->lock);
	if (code == 0)
		(*counter)++;
	else if (stream->code == 0)
		stream->code = code;
	(void)pthread_cond_broadcast(&stream->moved);
	(void)pthread_mutex_unlock(&stream->lock);
}

/* Room for this piece: what was there is both hashed and taken. */
static bool
wait_for_room(struct quoin_stream *stream, uint64_t piece)
{
	bool is_free = true;

	(void)pthread_mutex_lock(&stream->lock);
	if (piece >= PIECES)
		is_free = wait_for(stream, &stream->hashed, piece - PIECES) &&
		    wait_for(stream, &stream->taken, piece - PIECES);
	is_free = is_free && !is_over(stream);
	(void)pthread_mutex_unlock(&stream->lock);
	return is_free;
}

static void *
unpack_all(void *ctx)
{
	struct quoin_stream *stream = ctx;
	struct quoin_hasher hasher;
	int code = 0;

	for (uint64_t piece = 0; piece < stream->piece_count && code == 0 && wait_for_room(stream, piece); piece++) {
		const uint64_t end = piece * PIECE_BYTES + piece_bytes(stream, piece);
		uint8_t *at = piece_at(stream, piece);

		code = quoin_unpacker_next(stream->unpacker, at, piece_bytes(stream, piece));
		if (code == 0 && end == stream->bytes)
			code = quoin_unpacker_finish(stream->unpacker);
		if (code == 0) {
			if (piece * PIECE_BYTES % QUOIN_SEGMENT_BYTES_MAX == 0)
				quoin_hasher_init(&hasher);
			quoin_hasher_add(&hasher, quoin_span_of(at, piece_bytes(stream, piece)));
			if (end % QUOIN_SEGMENT_BYTES_MAX == 0 || end == stream->bytes)
				quoin_hasher_finish(&hasher, &stream->segments[(end - 1) / QUOIN_SEGMENT_BYTES_MAX]);
		}
		move(stream, &stream->unpacked, code);
	}
	return NULL;
}

static void *
hash_all(void *ctx)
{
	struct quoin_stream *stream = ctx;
	struct quoin_hasher hasher;
	struct quoin_hash hash;
	bool goes_on = true;

	quoin_hasher_init(&hasher);
	for (uint64_t piece = 0; piece < stream->piece_count && goes_on; piece++) {
		(void)pthread_mutex_lock(&stream->lock);
		goes_on = wait_for(stream, &stream->unpacked, piece);
		(void)pthread_mutex_unlock(&stream->lock);
		if (!goes_on)
			return NULL;
		quoin_hasher_add(&hasher, quoin_span_of(piece_at(stream, piece), piece_bytes(stream, piece)));
		if (piece + 1 == stream->piece_count) {
			quoin_hasher_finish(&hasher, &hash);
			(void)pthread_mutex_lock(&stream->lock);
			stream->is_hashed = quoin_hash_equal(&hash, &stream->want);
			(void)pthread_mutex_unlock(&stream->lock);
		}
		move(stream, &stream->hashed, 0);
	}
	return NULL;
}

/* ---- Life ---- */

static int
start(struct quoin_stream *stream)
{
	static void *(*const runs[2])(void *) = {unpack_all, hash_all};

	for (; stream->thread_count < 2; stream->thread_count++)
		if (pthread_create(&stream->threads[stream->thread_count], NULL, runs[stream->thread_count], stream) != 0)
			return QUOIN_ESYSTEM;
	return 0;
}

int
quoin_stream_open(struct quoin_span packed, uint64_t bytes, const struct quoin_hash *hash, struct quoin_stream **ret)
{
	struct quoin_stream *stream;
	int r;

	if (bytes == 0 || bytes > QUOIN_PART_BYTES_MAX)
		return QUOIN_ELIMIT;
	stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return QUOIN_ENOMEM;
	(void)pthread_mutex_init(&stream->lock, NULL);
	(void)pthread_cond_init(&stream->moved, NULL);
	stream->want = *hash;
	stream->bytes = bytes;
	stream->piece_count = (bytes + PIECE_BYTES - 1) / PIECE_BYTES;
	r = quoin_unpacker_open(packed, (size_t)bytes, &stream->unpacker);
	if (r == 0) {
		stream->ring = malloc((size_t)PIECES * PIECE_BYTES);
		r = stream->ring != NULL ? start(stream) : QUOIN_ENOMEM;
	}
	if (r != 0) {
		quoin_stream_close(stream);
		return r;
	}
	*ret = stream;
	return 0;
}

void
quoin_stream_close(struct quoin_stream *stream)
{
	if (stream == NULL)
		return;
	(void)pthread_mutex_lock(&stream->lock);
	stream->is_closing = true;
	(void)pthread_cond_broadcast(&stream->moved);
	(void)pthread_mutex_unlock(&stream->lock);
	for (size_t i = 0; i < stream->thread_count; i++)
		(void)pthread_join(stream->threads[i], NULL);
	quoin_unpacker_close(stream->unpacker);
	(void)pthread_cond_destroy(&stream->moved);
	(void)pthread_mutex_destroy(&stream->lock);
	free(stream->ring);
	free(stream);
}

/* ---- Taking ---- */

int
quoin_stream_fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	struct quoin_stream *stream = ctx;
	uint64_t piece = offset / PIECE_BYTES;
	bool goes_on = true;
	int code;

	QUOIN_ASSERT(offset % PIECE_BYTES == 0 && piece == stream->taken && offset + bytes <= stream->bytes);
	for (size_t done = 0; done < bytes && goes_on; done += piece_bytes(stream, piece++)) {
		(void)pthread_mutex_lock(&stream->lock);
		goes_on = wait_for(stream, &stream->unpacked, piece);
		(void)pthread_mutex_unlock(&stream->lock);
		if (goes_on) {
			memcpy(at + done, piece_at(stream, piece), piece_bytes(stream, piece));
			move(stream, &stream->taken, 0);
		}
	}
	(void)pthread_mutex_lock(&stream->lock);
	if (offset + bytes == stream->bytes && goes_on && wait_for(stream, &stream->hashed, stream->piece_count - 1) &&
	    !stream->is_hashed)
		stream->code = QUOIN_ECORRUPT;
	code = stream->code;
	(void)pthread_mutex_unlock(&stream->lock);
	if (code == 0)
		*ret_hash = stream->segments[offset / QUOIN_SEGMENT_BYTES_MAX];
	return code;
}
