#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/cursor.h"
#include "lib/pack.h"
#include "tests/fuzz/fuzz.h"

#define BODY_BYTES_MAX (1u << 20)

/* The bytes as a packed body: refused, or filled exactly. The first four say what size the document would give. */
static void
unpack(struct quoin_span input, struct quoin_span base)
{
	struct quoin_cursor cursor;
	size_t body_bytes;
	uint8_t *out;

	quoin_cursor_init(&cursor, input);
	body_bytes = quoin_cursor_u32le(&cursor);
	if (cursor.failed || body_bytes > BODY_BYTES_MAX)
		return;
	out = malloc(body_bytes + 1);
	QUOIN_ASSERT(out != NULL);
	out[body_bytes] = 0x55;
	for (int is_delta = 0; is_delta < 2; is_delta++) {
		const struct quoin_span packed = quoin_span_of(cursor.at, cursor.left);
		const int r = is_delta ? quoin_unpack_delta(packed, base, out, body_bytes)
				       : quoin_unpack(packed, out, body_bytes);

		QUOIN_ASSERT(r == 0 || r == QUOIN_ECORRUPT);
		QUOIN_ASSERT(out[body_bytes] == 0x55);
	}
	free(out);
}

/* The bytes as a body: they come back, with and without a base. */
static void
round_trip(struct quoin_span body, struct quoin_span base)
{
	uint8_t *out = malloc(body.len + 1);
	struct quoin_buf packed;

	QUOIN_ASSERT(out != NULL);
	quoin_buf_init(&packed, SIZE_MAX);
	QUOIN_ASSERT(quoin_pack(body, &packed) == 0);
	QUOIN_ASSERT(quoin_unpack(quoin_buf_span(&packed), out, body.len) == 0);
	QUOIN_ASSERT(quoin_span_equal(quoin_span_of(out, body.len), body));
	quoin_buf_reset(&packed);
	QUOIN_ASSERT(quoin_pack_delta(body, base, &packed) == 0);
	QUOIN_ASSERT(quoin_unpack_delta(quoin_buf_span(&packed), base, out, body.len) == 0);
	QUOIN_ASSERT(quoin_span_equal(quoin_span_of(out, body.len), body));
	quoin_buf_clear(&packed);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct quoin_span input = quoin_span_of(data, size), base = quoin_span_of(data, size / 2);

	unpack(input, base);
	round_trip(input, base);
	return 0;
}
