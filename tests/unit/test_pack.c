#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/pack.h"
#include "tests/check.h"

/* Repeatable bytes that do not compress. */
static void
fill(uint8_t *out, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(seed >> 56);
	}
}

static struct quoin_buf
packed_of(struct quoin_span body)
{
	struct quoin_buf out;

	quoin_buf_init(&out, SIZE_MAX);
	CHECK_INT(quoin_pack(body, &out), 0);
	return out;
}

static void
round_trip(void)
{
	static const size_t sizes[] = {0, 1, 255, 256, 257, 65791, 65792, 200000, 5000000};
	uint8_t *body = malloc(5000000), *back = malloc(5000001);

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (int is_random = 0; is_random < 2; is_random++) {
			struct quoin_buf packed, again;

			memset(body, 'a', sizes[i]);
			if (is_random)
				fill(body, sizes[i], i);
			packed = packed_of(quoin_span_of(body, sizes[i]));
			CHECK_INT(quoin_unpack(quoin_buf_span(&packed), back, sizes[i]), 0);
			CHECK_MEM(back, sizes[i], body, sizes[i]);
			CHECK_INT(quoin_unpack(quoin_buf_span(&packed), back, sizes[i] + 1), QUOIN_ECORRUPT);
			if (sizes[i] > 0)
				CHECK_INT(quoin_unpack(quoin_buf_span(&packed), back, sizes[i] - 1), QUOIN_ECORRUPT);
			/* The same bytes every time, behind what is there, and whatever room there is. */
			quoin_buf_init(&again, packed.len + 2);
			quoin_buf_put_str(&again, "x:");
			CHECK_INT(quoin_pack(quoin_span_of(body, sizes[i]), &again), 0);
			CHECK_MEM(again.data + 2, again.len - 2, packed.data, packed.len);
			quoin_buf_clear(&again);
			quoin_buf_init(&again, packed.len - 1);
			CHECK_INT(quoin_pack(quoin_span_of(body, sizes[i]), &again), QUOIN_ELIMIT);
			CHECK_INT(again.len, 0);
			quoin_buf_clear(&again);
			quoin_buf_clear(&packed);
		}
	free(body);
	free(back);
}

static void
nothing(void)
{
	struct quoin_buf packed = packed_of(quoin_span_of(NULL, 0));

	CHECK_INT(quoin_unpack(quoin_buf_span(&packed), NULL, 0), 0);
	CHECK_INT(quoin_unpack(quoin_span_of(NULL, 0), NULL, 0), QUOIN_ECORRUPT);
	quoin_buf_clear(&packed);
}

static void
limits(void)
{
	struct quoin_buf out;
	uint8_t byte = 0;

	quoin_buf_init(&out, SIZE_MAX);
	/* Refused before a byte is read. */
	CHECK_INT(quoin_pack(quoin_span_of(&byte, QUOIN_PART_BYTES_MAX + 1), &out), QUOIN_ELIMIT);
	CHECK_INT(quoin_pack_delta(quoin_span_of(&byte, 1), quoin_span_of(&byte, QUOIN_PART_BYTES_MAX + 1), &out),
	    QUOIN_ELIMIT);
	CHECK_INT(quoin_unpack(quoin_span_of(&byte, 1), &byte, SIZE_MAX), QUOIN_ECORRUPT);
	quoin_buf_clear(&out);
}

/* A change of any bit is refused, or changes nothing: a few bits of a block have no meaning. */
static void
every_prefix_and_bit(void)
{
	uint8_t body[3000], back[3000];
	struct quoin_buf packed;
	size_t harmless = 0;

	fill(body, sizeof body, 1);
	memset(body + 1000, 'a', 1500);
	packed = packed_of(quoin_span_of(body, sizeof body));
	for (size_t len = 0; len < packed.len; len++) {
		uint8_t *copy = malloc(len); /* so that a sanitizer sees a byte read too far */

		memcpy(copy, packed.data, len);
		CHECK_INT(quoin_unpack(quoin_span_of(copy, len), back, sizeof back), QUOIN_ECORRUPT);
		free(copy);
	}
	for (size_t bit = 0; bit < packed.len * 8; bit++) {
		packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (quoin_unpack(quoin_buf_span(&packed), back, sizeof back) == 0) {
			CHECK_MEM(back, sizeof back, body, sizeof body);
			harmless++;
		}
		packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(harmless < 8);
	quoin_buf_clear(&packed);
}

static int
unpack_hex(const char *bytes, size_t len, uint8_t *out, size_t out_bytes)
{
	return quoin_unpack(quoin_span_of(bytes, len), out, out_bytes);
}

#define FRAME(text) text, sizeof text - 1

/* What zstd's one-shot decoder takes and we do not. "hello" as one raw block is the start of each. */
static void
traps(void)
{
#define HELLO	  "\x28\xb5\x2f\xfd\x24\x05\x29\x00\x00hello"
#define SUM	  "\xa3\x6d\x9f\x88"
#define SKIPPABLE "\x50\x2a\x4d\x18\x03\x00\x00\x00xyz"
	static const struct {
		const char *name;
		const char *bytes;
		size_t len;
		size_t body_bytes;
	} rows[] = {
	    {"two frames", FRAME(HELLO SUM HELLO SUM), 10},
	    {"two frames, the size of one", FRAME(HELLO SUM HELLO SUM), 5},
	    {"a skippable frame after", FRAME(HELLO SUM SKIPPABLE), 5},
	    {"a skippable frame before", FRAME(SKIPPABLE HELLO SUM), 5},
	    {"only a skippable frame", FRAME(SKIPPABLE), 0},
	    {"a byte after", FRAME(HELLO SUM "x"), 5},
	    {"no checksum", FRAME("\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"), 5},
	    {"a wrong checksum", FRAME(HELLO "\x00\x00\x00\x00"), 5},
	    {"no content size", FRAME("\x28\xb5\x2f\xfd\x04\x00\x29\x00\x00hello" SUM), 5},
	    {"a larger content size", FRAME("\x28\xb5\x2f\xfd\x24\x06\x29\x00\x00hello" SUM), 5},
	    {"a larger content size, expected", FRAME("\x28\xb5\x2f\xfd\x24\x06\x29\x00\x00hello" SUM), 6},
	    {"a dictionary id", FRAME("\x28\xb5\x2f\xfd\x25\x07\x05\x29\x00\x00hello" SUM), 5},
	    {"a dictionary id of 0", FRAME("\x28\xb5\x2f\xfd\x25\x00\x05\x29\x00\x00hello" SUM), 5},
	    {"the unused bit", FRAME("\x28\xb5\x2f\xfd\x34\x05\x29\x00\x00hello" SUM), 5},
	    {"the reserved bit", FRAME("\x28\xb5\x2f\xfd\x2c\x05\x29\x00\x00hello" SUM), 5},
	    {"magicless", FRAME("\x24\x05\x29\x00\x00hello" SUM), 5},
	    {"an old format", FRAME("\x27\xb5\x2f\xfd\x24\x05\x29\x00\x00hello" SUM), 5},
	    /* A block that repeats one byte 128 KiB long: far more than was declared. */
	    {"a bomb", FRAME("\x28\xb5\x2f\xfd\x24\x05\x03\x00\x10z" SUM), 5},
	    {"no last block", FRAME("\x28\xb5\x2f\xfd\x24\x05\x28\x00\x00hello" SUM), 5},
	    {"a reserved block", FRAME("\x28\xb5\x2f\xfd\x24\x05\x2f\x00\x00hello" SUM), 5},
	};
	uint8_t out[16];

	CHECK_INT(unpack_hex(FRAME(HELLO SUM), out, 5), 0);
	CHECK_MEM(out, 5, "hello", 5);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int r = quoin_unpack(quoin_span_of(rows[i].bytes, rows[i].len), out, rows[i].body_bytes);

		if (r != QUOIN_ECORRUPT)
			check_fail(__FILE__, __LINE__, "%s gives %d", rows[i].name, r);
	}
}

/* Nothing is written into a buffer whose size the frame does not declare. */
static void
refused_before_writing(void)
{
	uint8_t out[16], untouched[16];

	memset(out, 0x55, sizeof out);
	memset(untouched, 0x55, sizeof untouched);
	CHECK_INT(unpack_hex(FRAME(HELLO SUM HELLO SUM), out, 5), QUOIN_ECORRUPT);
	CHECK_INT(unpack_hex(FRAME(HELLO SUM), out, 6), QUOIN_ECORRUPT);
	CHECK_INT(unpack_hex(FRAME("\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"), out, 5), QUOIN_ECORRUPT);
	CHECK_MEM(out, sizeof out, untouched, sizeof untouched);
}

static void
delta(void)
{
	const size_t len = 6000000;
	uint8_t *base = malloc(len), *body = malloc(len + 3), *back = malloc(len + 3);
	struct quoin_buf packed, again;

	fill(base, len, 1);
	/* Three bytes inserted, a hundred changed: everything moves. */
	memcpy(body, base, 1000);
	memcpy(body + 1000, "new", 3);
	memcpy(body + 1003, base + 1000, len - 1000);
	for (size_t i = 0; i < 100; i++)
		body[i * 59999 + 17] ^= 0xff;
	quoin_buf_init(&packed, SIZE_MAX);
	CHECK_INT(quoin_pack_delta(quoin_span_of(body, len + 3), quoin_span_of(base, len), &packed), 0);
	if (packed.len > 12000)
		check_fail(__FILE__, __LINE__, "the delta takes %zu bytes", packed.len);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, len), back, len + 3), 0);
	CHECK_MEM(back, len + 3, body, len + 3);
	quoin_buf_init(&again, SIZE_MAX);
	CHECK_INT(quoin_pack_delta(quoin_span_of(body, len + 3), quoin_span_of(base, len), &again), 0);
	CHECK_MEM(again.data, again.len, packed.data, packed.len);
	/* Another base gives an error, never other bytes. */
	for (size_t i = 0; i < 8; i++) {
		const size_t at = len / 8 * i + 12345;

		base[at] ^= 1;
		CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, len), back, len + 3),
		    QUOIN_ECORRUPT);
		base[at] ^= 1;
	}
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, len - 1), back, len + 3),
	    QUOIN_ECORRUPT);
	CHECK_INT(quoin_unpack(quoin_buf_span(&packed), back, len + 3), QUOIN_ECORRUPT);
	quoin_buf_clear(&packed);
	quoin_buf_clear(&again);
	free(base);
	free(body);
	free(back);
}

static void
delta_edges(void)
{
	static const struct {
		const char *base, *body;
	} rows[] = {{"", ""}, {"", "abc"}, {"abc", ""}, {"abc", "abc"}, {"a", "b"}};
	uint8_t back[8];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct quoin_span base = quoin_span_str(rows[i].base), body = quoin_span_str(rows[i].body);
		struct quoin_buf packed;

		quoin_buf_init(&packed, 1000);
		CHECK_INT(quoin_pack_delta(body, base, &packed), 0);
		CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), base, back, body.len), 0);
		CHECK_MEM(back, body.len, body.data, body.len);
		CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), base, back, body.len + 1), QUOIN_ECORRUPT);
		quoin_buf_clear(&packed);
	}
}

static void
delta_every_prefix_and_bit(void)
{
	uint8_t base[2000], body[2000], back[2000];
	struct quoin_buf packed;

	fill(base, sizeof base, 1);
	memcpy(body, base, sizeof body);
	body[1000] ^= 1;
	quoin_buf_init(&packed, 10000);
	CHECK_INT(quoin_pack_delta(quoin_span_of(body, sizeof body), quoin_span_of(base, sizeof base), &packed), 0);
	CHECK(packed.len < 100);
	for (size_t len = 0; len < packed.len; len++)
		CHECK_INT(quoin_unpack_delta(quoin_span_of(packed.data, len), quoin_span_of(base, sizeof base), back,
			      sizeof back),
		    QUOIN_ECORRUPT);
	for (size_t bit = 0; bit < packed.len * 8; bit++) {
		packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, sizeof base), back, sizeof back) ==
		    0)
			CHECK_MEM(back, sizeof back, body, sizeof body);
		packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	quoin_buf_clear(&packed);
}

/* A patch that says nearly nothing is a frame in a frame; each way to be neither is refused. */
static void
delta_twice(void)
{
	const size_t len = 6000000;
	uint8_t *base = malloc(len), *body = malloc(len), *back = malloc(len);
	struct quoin_buf packed, bad;

	fill(base, len, 1);
	memcpy(body, base, len);
	quoin_buf_init(&packed, SIZE_MAX);
	CHECK_INT(quoin_pack_delta(quoin_span_of(body, len), quoin_span_of(base, len), &packed), 0);
	if (packed.len >= 200)
		check_fail(__FILE__, __LINE__, "the delta takes %zu bytes", packed.len);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, len), back, len), 0);
	CHECK_MEM(back, len, base, len);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&packed), quoin_span_of(base, len), back, len - 1), QUOIN_ECORRUPT);
	for (size_t cut = 0; cut < packed.len; cut++)
		CHECK_INT(quoin_unpack_delta(quoin_span_of(packed.data, cut), quoin_span_of(base, len), back, len),
		    QUOIN_ECORRUPT);
	quoin_buf_init(&bad, SIZE_MAX);
	/* Thrice; what is no frame; more than is ever packed twice. */
	CHECK_INT(quoin_pack(quoin_buf_span(&packed), &bad), 0);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&bad), quoin_span_of(base, len), back, len), QUOIN_ECORRUPT);
	quoin_buf_reset(&bad);
	CHECK_INT(quoin_pack(quoin_span_str("no frame"), &bad), 0);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&bad), quoin_span_of(base, len), back, len), QUOIN_ECORRUPT);
	quoin_buf_reset(&bad);
	memset(back, 0, len);
	CHECK_INT(quoin_pack(quoin_span_of(back, QUOIN_PATCH_TWICE_BYTES_MAX + 1), &bad), 0);
	CHECK_INT(quoin_unpack_delta(quoin_buf_span(&bad), quoin_span_of(base, len), back, len), QUOIN_ECORRUPT);
	quoin_buf_clear(&packed);
	quoin_buf_clear(&bad);
	free(base);
	free(body);
	free(back);
}

static const struct check_case cases[] = {
    {"pack/round-trip", round_trip},
    {"pack/nothing", nothing},
    {"pack/limits", limits},
    {"pack/every-prefix-and-bit", every_prefix_and_bit},
    {"pack/traps", traps},
    {"pack/refused-before-writing", refused_before_writing},
    {"pack/delta", delta},
    {"pack/delta-edges", delta_edges},
    {"pack/delta-every-prefix-and-bit", delta_every_prefix_and_bit},
    {"pack/delta-twice", delta_twice},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
