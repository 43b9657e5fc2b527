#include "subscriber/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/pack.h"
#include "tests/check.h"

/* Neither too simple nor incompressible, and different at every place. */
static uint8_t *
make_body(size_t bytes)
{
	uint8_t *body = malloc(bytes + 1);

	CHECK(body != NULL);
	for (size_t i = 0; i < bytes; i++)
		body[i] = (uint8_t)(i % 7 == 0 ? i * 2654435761u >> 11 : i >> 12);
	return body;
}

static void
pack(const uint8_t *body, size_t bytes, struct quoin_buf *ret, struct quoin_hash *ret_hash)
{
	CHECK_INT(quoin_crypto_init(), 0);
	quoin_buf_init(ret, QUOIN_PART_BYTES_MAX);
	CHECK_INT(quoin_pack(quoin_span_of(body, bytes), ret), 0);
	quoin_hash_of(quoin_span_of(body, bytes), ret_hash);
}

/* Take segment after segment; the code of the first that fails, or 0 and the body in "out". */
static int
take_all(struct quoin_stream *stream, size_t bytes, uint8_t *out)
{
	struct quoin_hash hash, want;
	int rc = 0;

	for (size_t at = 0; at < bytes && rc == 0; at += QUOIN_SEGMENT_BYTES_MAX) {
		size_t piece = bytes - at < QUOIN_SEGMENT_BYTES_MAX ? bytes - at : QUOIN_SEGMENT_BYTES_MAX;

		rc = quoin_stream_fill(stream, at, out + at, piece, &hash);
		if (rc == 0) {
			quoin_hash_of(quoin_span_of(out + at, piece), &want);
			CHECK(quoin_hash_equal(&hash, &want));
		}
	}
	return rc;
}

static void
gives_the_body(void)
{
	static const size_t sizes[] = {1, 1u << 20, (1u << 20) + 1, QUOIN_SEGMENT_BYTES_MAX - 1, QUOIN_SEGMENT_BYTES_MAX,
		QUOIN_SEGMENT_BYTES_MAX + 1, 2 * QUOIN_SEGMENT_BYTES_MAX + 12345};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t *body = make_body(sizes[i]), *out = calloc(1, sizes[i]);
		struct quoin_stream *stream = NULL;
		struct quoin_hash hash;
		struct quoin_buf packed;

		CHECK(out != NULL);
		pack(body, sizes[i], &packed, &hash);
		CHECK_INT(quoin_stream_open(quoin_buf_span(&packed), sizes[i], &hash, &stream), 0);
		CHECK_INT(take_all(stream, sizes[i], out), 0);
		CHECK_MEM(out, sizes[i], body, sizes[i]);
		quoin_stream_close(stream);
		quoin_buf_clear(&packed);
		free(body);
		free(out);
	}
}

/* Another hash than was signed; a bit of the frame turned, near its beginning, its middle and its checksum; a frame cut
 * short; another size. Nothing of it is ever taken for whole. */
static void
refuses_what_was_not_signed(void)
{
	const size_t bytes = QUOIN_SEGMENT_BYTES_MAX + (3u << 20);
	uint8_t *body = make_body(bytes), *out = malloc(bytes);
	struct quoin_stream *stream = NULL;
	struct quoin_hash hash, other;
	struct quoin_buf packed;

	CHECK(out != NULL);
	pack(body, bytes, &packed, &hash);
	other = hash;
	other.bytes[31] ^= 1;
	CHECK_INT(quoin_stream_open(quoin_buf_span(&packed), bytes, &other, &stream), 0);
	CHECK_INT(take_all(stream, bytes, out), QUOIN_ECORRUPT);
	quoin_stream_close(stream);
	CHECK_INT(quoin_stream_open(quoin_buf_span(&packed), bytes - 1, &hash, &stream), QUOIN_ECORRUPT);
	CHECK_INT(quoin_stream_open(quoin_span_of(packed.data, packed.len - 1), bytes, &hash, &stream), QUOIN_ECORRUPT);
	for (int i = 0; i < 3; i++) {
		size_t at = i == 0 ? 20 : i == 1 ? packed.len / 2 : packed.len - 2;

		packed.data[at] ^= 4;
		if (quoin_stream_open(quoin_buf_span(&packed), bytes, &hash, &stream) == 0) {
			CHECK(take_all(stream, bytes, out) != 0);
			quoin_stream_close(stream);
		}
		packed.data[at] ^= 4;
	}
	quoin_buf_clear(&packed);
	free(body);
	free(out);
}

/* Whoever stores may stop anywhere. */
static void
ends_at_any_time(void)
{
	const size_t bytes = 3 * QUOIN_SEGMENT_BYTES_MAX;
	uint8_t *body = make_body(bytes), *out = malloc(bytes);
	struct quoin_hash hash, segment;
	struct quoin_stream *stream = NULL;
	struct quoin_buf packed;

	CHECK(out != NULL);
	pack(body, bytes, &packed, &hash);
	CHECK_INT(quoin_stream_open(quoin_buf_span(&packed), bytes, &hash, &stream), 0);
	quoin_stream_close(stream);
	CHECK_INT(quoin_stream_open(quoin_buf_span(&packed), bytes, &hash, &stream), 0);
	CHECK_INT(quoin_stream_fill(stream, 0, out, QUOIN_SEGMENT_BYTES_MAX, &segment), 0);
	quoin_stream_close(stream);
	quoin_stream_close(NULL);
	quoin_buf_clear(&packed);
	free(body);
	free(out);
}

static const struct check_case cases[] = {
    {"stream/gives_the_body", gives_the_body},
    {"stream/refuses_what_was_not_signed", refuses_what_was_not_signed},
    {"stream/ends_at_any_time", ends_at_any_time},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
