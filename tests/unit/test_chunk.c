#include "formats/chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pack.h"
#include "tests/check.h"

#define BODY_BYTES ((1u << 20) + 17)

static uint8_t body[BODY_BYTES], base[BODY_BYTES], out[BODY_BYTES];
static struct quoin_part part;
static struct quoin_chunk_place places[8];
static struct quoin_buf packed;

static struct quoin_span
cut(size_t index)
{
	size_t at = index * QUOIN_CHUNK_BYTES_MAX, left = packed.len - at;

	return quoin_span_of(packed.data + at, left < QUOIN_CHUNK_BYTES_MAX ? left : QUOIN_CHUNK_BYTES_MAX);
}

/* A part of noise, so that it takes several chunks; as a delta it is tiny. */
static void
set_up(bool is_delta)
{
	struct quoin_encoding *encoding = &part.encodings[is_delta];
	unsigned seed = 7;

	CHECK_INT(quoin_crypto_init(), 0);
	for (size_t i = 0; i < BODY_BYTES; i++) {
		seed = seed * 1103515245u + 12345u;
		body[i] = base[i] = (uint8_t)(seed >> 16);
	}
	base[1000] ^= 1;
	quoin_buf_init(&packed, 4u << 20);
	CHECK_INT(is_delta ? quoin_pack_delta(quoin_span_of(body, BODY_BYTES), quoin_span_of(base, BODY_BYTES), &packed)
			   : quoin_pack(quoin_span_of(body, BODY_BYTES), &packed),
	    0);
	part.bytes = BODY_BYTES;
	part.encoding_count = 2;
	quoin_hash_of(quoin_span_of(body, BODY_BYTES), &part.hash);
	quoin_hash_of(quoin_span_of(base, BODY_BYTES), &part.encodings[1].base);
	part.encodings[1].is_delta = true;
	encoding->packed_bytes = packed.len;
	quoin_hash_of(quoin_buf_span(&packed), &encoding->packed_hash);
	encoding->chunks = places;
	encoding->chunk_count = (packed.len + QUOIN_CHUNK_BYTES_MAX - 1) / QUOIN_CHUNK_BYTES_MAX;
	CHECK(encoding->chunk_count <= 8);
	for (size_t i = 0; i < encoding->chunk_count; i++) {
		places[i].bytes = (uint32_t)cut(i).len;
		quoin_hash_of(cut(i), &places[i].hash);
	}
}

static void
test_keys(void)
{
	char key[QUOIN_CHUNK_KEY_BYTES], hash[QUOIN_HASH_HEX_BYTES + 1], base_hash[QUOIN_HASH_HEX_BYTES + 1], want[200];

	set_up(false);
	quoin_hash_print(&part.hash, hash);
	quoin_hash_print(&part.encodings[1].base, base_hash);
	quoin_chunk_key(&part, &part.encodings[0], 7, key);
	snprintf(want, sizeof want, "%s/full/7", hash);
	CHECK_STR(key, want);
	quoin_chunk_key(&part, &part.encodings[1], 1023, key);
	snprintf(want, sizeof want, "%s/delta-%s/1023", hash, base_hash);
	CHECK_STR(key, want);
}

static void
test_choice(void)
{
	struct quoin_hash have[3] = {{{1}}, {{2}}, {{3}}};
	struct quoin_part p = {.encoding_count = 4,
	    .encodings = {{.packed_bytes = 100}, {.is_delta = true, .base = {{2}}, .packed_bytes = 50},
		{.is_delta = true, .base = {{3}}, .packed_bytes = 20},
		{.is_delta = true, .base = {{4}}, .packed_bytes = 1}}};

	CHECK(quoin_part_choose(&p, NULL, 0) == &p.encodings[0]);
	CHECK(quoin_part_choose(&p, have, 1) == &p.encodings[0]);
	CHECK(quoin_part_choose(&p, have, 2) == &p.encodings[1]);
	CHECK(quoin_part_choose(&p, have, 3) == &p.encodings[2]);
	p.encodings[2].packed_bytes = 100; /* not smaller than full */
	CHECK(quoin_part_choose(&p, &have[2], 1) == &p.encodings[0]);
}

static void
test_full(void)
{
	struct quoin_assembly assembly;
	char key[QUOIN_CHUNK_KEY_BYTES];
	uint8_t *changed = malloc(QUOIN_CHUNK_BYTES_MAX);

	set_up(false);
	CHECK_INT(part.encodings[0].chunk_count, 3);
	CHECK_INT(quoin_assembly_init(&assembly, &part, &part.encodings[0]), 0);
	for (size_t i = 0; i < 3; i++) {
		struct quoin_span bytes = cut(i);

		CHECK(!quoin_assembly_is_complete(&assembly));
		CHECK(quoin_assembly_wants(&assembly, key) == &places[i]);
		CHECK_INT(key[strlen(key) - 1], '0' + (int)i);
		/* Another chunk, a shorter one, a changed one: look elsewhere. */
		CHECK_INT(quoin_assembly_add(&assembly, cut((i + 1) % 3)), QUOIN_ECORRUPT);
		CHECK_INT(quoin_assembly_add(&assembly, quoin_span_of(bytes.data, bytes.len - 1)), QUOIN_ECORRUPT);
		CHECK_INT(quoin_assembly_add(&assembly, quoin_span_of(NULL, 0)), QUOIN_ECORRUPT);
		memcpy(changed, bytes.data, bytes.len);
		changed[bytes.len / 2] ^= 1;
		CHECK_INT(quoin_assembly_add(&assembly, quoin_span_of(changed, bytes.len)), QUOIN_ECORRUPT);
		CHECK_INT(quoin_assembly_add(&assembly, bytes), 0);
	}
	CHECK(quoin_assembly_is_complete(&assembly));
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(NULL, 0), out), 0);
	CHECK_MEM(out, BODY_BYTES, body, BODY_BYTES);
	/* What the chunks cannot tell: the whole packed body, and the content. */
	part.encodings[0].packed_hash.bytes[0] ^= 1;
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(NULL, 0), out), QUOIN_ECORRUPT);
	part.encodings[0].packed_hash.bytes[0] ^= 1;
	part.hash.bytes[0] ^= 1;
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(NULL, 0), out), QUOIN_ECORRUPT);
	part.hash.bytes[0] ^= 1;
	part.bytes--;
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(NULL, 0), out), QUOIN_ECORRUPT);
	quoin_assembly_clear(&assembly);
	free(changed);
}

static void
test_delta(void)
{
	struct quoin_assembly assembly;

	set_up(true);
	CHECK(packed.len < 1000);
	CHECK_INT(quoin_assembly_init(&assembly, &part, &part.encodings[1]), 0);
	CHECK_INT(quoin_assembly_add(&assembly, cut(0)), 0);
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(base, BODY_BYTES), out), 0);
	CHECK_MEM(out, BODY_BYTES, body, BODY_BYTES);
	base[500000] ^= 1; /* another base than it was made against */
	CHECK_INT(quoin_assembly_finish(&assembly, quoin_span_of(base, BODY_BYTES), out), QUOIN_ECORRUPT);
	quoin_assembly_clear(&assembly);
	quoin_assembly_clear(&assembly);
}

static const struct check_case cases[] = {
    {"chunk: keys", test_keys},
    {"chunk: the encoding to fetch", test_choice},
    {"chunk: assembly of a full body", test_full},
    {"chunk: assembly of a delta", test_delta},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
