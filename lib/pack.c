#include "lib/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "lib/cursor.h"
#include "lib/limits.h"

#define LEVEL	     3
#define LEVEL_TWICE  19		  /* of a patch that is packed once more: they are small */
#define SLOW_BYTES   (1u << 20) /* from here on at the first level again */

/* The parts of the frame header's descriptor byte (RFC 8878 section 3.1.1.1.1). */
#define FRAME_MAGIC	 0xfd2fb528u
#define FRAME_DICTIONARY 0x03
#define FRAME_CHECKSUM	 0x04
#define FRAME_SINGLE_SEGMENT 0x20
#define FRAME_RESERVED	 0x18 /* the reserved bit and the unused one: a frame has one spelling */

static int
code_of(size_t zstd_result, int otherwise)
{
	return ZSTD_getErrorCode(zstd_result) == ZSTD_error_memory_allocation ? QUOIN_ENOMEM : otherwise;
}

/* The smallest window that reaches from the end of the body to the start of the base. */
static int
window_log(size_t bytes)
{
	int log = 17;

	while (log < 31 && ((size_t)1 << log) < bytes)
		log++;
	return log;
}

static size_t
set_parameters(ZSTD_CCtx *context, struct quoin_span body, const struct quoin_span *base, int level)
{
	size_t z = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);

	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
	if (base == NULL || ZSTD_isError(z))
		return z;
	z = ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log(base->len + body.len));
	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_refPrefix(context, base->data, base->len);
	return z;
}

/* Always with the full bound of room: how much there is must not change the bytes. */
static int
compress(ZSTD_CCtx *context, struct quoin_span body, struct quoin_buf *out)
{
	const size_t bound = ZSTD_compressBound(body.len);
	const bool has_room = out->error == 0 && bound <= out->max - out->len;
	uint8_t *apart = NULL, *to = has_room ? quoin_buf_reserve(out, bound) : (apart = malloc(bound));
	size_t z;
	int r = 0;

	if (to == NULL)
		return out->error != 0 ? out->error : QUOIN_ENOMEM;
	z = ZSTD_compress2(context, to, bound, body.data, body.len);
	if (ZSTD_isError(z))
		r = code_of(z, QUOIN_ELIMIT);
	else if (has_room)
		out->len += z;
	else
		r = quoin_buf_put(out, apart, z);
	free(apart);
	return r;
}

static int
pack(struct quoin_span body, const struct quoin_span *base, int level, struct quoin_buf *out)
{
	ZSTD_CCtx *context;
	size_t z;
	int r;

	if (body.len > QUOIN_PART_BYTES_MAX || (base != NULL && base->len > QUOIN_PART_BYTES_MAX))
		return QUOIN_ELIMIT;
	context = ZSTD_createCCtx();
	if (context == NULL)
		return QUOIN_ENOMEM;
	z = set_parameters(context, body, base, level);
	r = ZSTD_isError(z) ? code_of(z, QUOIN_ELIMIT) : compress(context, body, out);
	ZSTD_freeCCtx(context);
	return r;
}

int
quoin_pack(struct quoin_span body, struct quoin_buf *out)
{
	return pack(body, NULL, LEVEL, out);
}

/* A frame has at least some bytes per block of 128 KiB, most of them the same everywhere: a patch of a large body that
 * says nearly nothing shrinks much when it is packed once more. */
static int
pack_twice(struct quoin_span patch, struct quoin_span body, struct quoin_buf *out)
{
	struct quoin_buf twice;
	int r;

	quoin_buf_init(&twice, QUOIN_PART_BYTES_MAX);
	r = patch.len < body.len && patch.len <= QUOIN_PATCH_TWICE_BYTES_MAX
	    ? pack(patch, NULL, patch.len < SLOW_BYTES ? LEVEL_TWICE : LEVEL, &twice)
	    : QUOIN_ELIMIT;
	if (r == 0 && twice.len < patch.len)
		r = quoin_buf_put_span(out, quoin_buf_span(&twice));
	else if (r == 0 || r == QUOIN_ELIMIT)
		r = quoin_buf_put_span(out, patch);
	quoin_buf_clear(&twice);
	return r;
}

int
quoin_pack_delta(struct quoin_span body, struct quoin_span base, struct quoin_buf *out)
{
	struct quoin_buf patch;
	int r;

	quoin_buf_init(&patch, ZSTD_compressBound(QUOIN_PART_BYTES_MAX));
	r = pack(body, &base, LEVEL, &patch);
	if (r == 0)
		r = pack_twice(quoin_buf_span(&patch), body, out);
	quoin_buf_clear(&patch);
	return r;
}

/* Whether "packed" is exactly one frame of ours that declares "body_bytes". zstd's one-shot decoder by itself joins
 * frames, skips skippable ones, and reads frames without a checksum. */
static bool
is_our_frame(struct quoin_span packed, size_t body_bytes)
{
	struct quoin_cursor cursor;
	uint32_t magic;
	uint8_t descriptor;

	quoin_cursor_init(&cursor, packed);
	magic = quoin_cursor_u32le(&cursor);
	descriptor = quoin_cursor_u8(&cursor);
	if (cursor.failed || magic != FRAME_MAGIC)
		return false;
	if ((descriptor & (FRAME_DICTIONARY | FRAME_RESERVED)) != 0 || (descriptor & FRAME_CHECKSUM) == 0)
		return false;
	if (ZSTD_getFrameContentSize(packed.data, packed.len) != body_bytes)
		return false;
	return ZSTD_findFrameCompressedSize(packed.data, packed.len) == packed.len;
}

static int
unpack(struct quoin_span packed, const struct quoin_span *base, uint8_t *out, size_t body_bytes)
{
	ZSTD_DCtx *context;
	size_t z = 0;

	if (body_bytes > QUOIN_PART_BYTES_MAX || !is_our_frame(packed, body_bytes))
		return QUOIN_ECORRUPT;
	context = ZSTD_createDCtx();
	if (context == NULL)
		return QUOIN_ENOMEM;
	if (base != NULL)
		z = ZSTD_DCtx_refPrefix(context, base->data, base->len);
	if (!ZSTD_isError(z))
		z = ZSTD_decompressDCtx(context, out, body_bytes, packed.data, packed.len);
	ZSTD_freeDCtx(context);
	if (ZSTD_isError(z))
		return code_of(z, QUOIN_ECORRUPT);
	return z == body_bytes ? 0 : QUOIN_ECORRUPT;
}

int
quoin_unpack(struct quoin_span packed, uint8_t *out, size_t body_bytes)
{
	return unpack(packed, NULL, out, body_bytes);
}

int
quoin_unpack_delta(struct quoin_span packed, struct quoin_span base, uint8_t *out, size_t body_bytes)
{
	/* Larger than any size if there is none or it is no frame. */
	const unsigned long long content = ZSTD_getFrameContentSize(packed.data, packed.len);
	uint8_t *patch;
	int r;

	if (content >= body_bytes)
		return unpack(packed, &base, out, body_bytes);
	if (content == 0 || content > QUOIN_PATCH_TWICE_BYTES_MAX)
		return QUOIN_ECORRUPT;
	patch = malloc((size_t)content);
	if (patch == NULL)
		return QUOIN_ENOMEM;
	r = unpack(packed, NULL, patch, (size_t)content);
	if (r == 0)
		r = unpack(quoin_span_of(patch, (size_t)content), &base, out, body_bytes);
	free(patch);
	return r;
}

/* ---- In pieces ---- */

struct quoin_unpacker {
	ZSTD_DCtx *context;
	ZSTD_inBuffer in;
	bool is_done;
};

/* The window's size, from the frame's header (RFC 8878 section 3.1.1.1.2): a single segment is its own window. */
static uint64_t
window_bytes(struct quoin_span packed, size_t body_bytes)
{
	struct quoin_cursor cursor;
	uint8_t descriptor, window;

	quoin_cursor_init(&cursor, packed);
	(void)quoin_cursor_u32le(&cursor);
	descriptor = quoin_cursor_u8(&cursor);
	window = quoin_cursor_u8(&cursor);
	if ((descriptor & FRAME_SINGLE_SEGMENT) != 0)
		return body_bytes;
	return ((uint64_t)1 << (10 + (window >> 3))) / 8 * (8 + (window & 7u));
}

int
quoin_unpacker_open(struct quoin_span packed, size_t body_bytes, struct quoin_unpacker **ret)
{
	struct quoin_unpacker *unpacker;

	if (body_bytes > QUOIN_PART_BYTES_MAX || !is_our_frame(packed, body_bytes))
		return QUOIN_ECORRUPT;
	if (window_bytes(packed, body_bytes) > QUOIN_UNPACKER_WINDOW_MAX)
		return QUOIN_ELIMIT;
	unpacker = calloc(1, sizeof *unpacker);
	if (unpacker == NULL || (unpacker->context = ZSTD_createDCtx()) == NULL) {
		free(unpacker);
		return QUOIN_ENOMEM;
	}
	unpacker->in = (ZSTD_inBuffer){packed.data, packed.len, 0};
	*ret = unpacker;
	return 0;
}

int
quoin_unpacker_next(struct quoin_unpacker *unpacker, uint8_t *out, size_t bytes)
{
	ZSTD_outBuffer to = {out, bytes, 0};
	size_t z, had;

	while (to.pos < bytes) {
		had = to.pos + unpacker->in.pos;
		z = ZSTD_decompressStream(unpacker->context, &to, &unpacker->in);
		if (ZSTD_isError(z))
			return code_of(z, QUOIN_ECORRUPT);
		unpacker->is_done = z == 0;
		/* The frame is over, or all of it was read: what is missing will not come. */
		if (to.pos < bytes && (z == 0 || to.pos + unpacker->in.pos == had))
			return QUOIN_ECORRUPT;
	}
	return 0;
}

int
quoin_unpacker_finish(struct quoin_unpacker *unpacker)
{
	uint8_t more;
	ZSTD_outBuffer to = {&more, 0, 0};
	size_t z = 0;

	/* The checksum behind the last block. */
	if (!unpacker->is_done)
		z = ZSTD_decompressStream(unpacker->context, &to, &unpacker->in);
	if (ZSTD_isError(z))
		return code_of(z, QUOIN_ECORRUPT);
	return z == 0 && unpacker->in.pos == unpacker->in.size ? 0 : QUOIN_ECORRUPT;
}

void
quoin_unpacker_close(struct quoin_unpacker *unpacker)
{
	if (unpacker == NULL)
		return;
	ZSTD_freeDCtx(unpacker->context);
	free(unpacker);
}
