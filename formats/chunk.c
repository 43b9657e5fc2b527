#include "formats/chunk.h"

#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/pack.h"

_Static_assert(QUOIN_CHUNK_KEY_BYTES > QUOIN_HASH_HEX_BYTES + sizeof "/delta-" + QUOIN_HASH_HEX_BYTES + sizeof "/1024",
    "the longest key fits");

void
quoin_chunk_key(const struct quoin_part *part, const struct quoin_encoding *encoding, size_t index,
    char out[QUOIN_CHUNK_KEY_BYTES])
{
	char content[QUOIN_HASH_HEX_BYTES + 1], base[QUOIN_HASH_HEX_BYTES + 1];

	QUOIN_ASSERT(index < QUOIN_CHUNKS_MAX);
	quoin_hash_print(&part->hash, content);
	quoin_hash_print(&encoding->base, base);
	if (encoding->is_delta)
		(void)snprintf(out, QUOIN_CHUNK_KEY_BYTES, "%s/delta-%s/%zu", content, base, index);
	else
		(void)snprintf(out, QUOIN_CHUNK_KEY_BYTES, "%s/full/%zu", content, index);
}

const struct quoin_encoding *
quoin_part_choose(const struct quoin_part *part, const struct quoin_hash *have, size_t have_count)
{
	const struct quoin_encoding *best = &part->encodings[0];

	QUOIN_ASSERT(part->encoding_count > 0 && !best->is_delta);
	for (size_t i = 1; i < part->encoding_count; i++) {
		if (part->encodings[i].packed_bytes >= best->packed_bytes)
			continue;
		for (size_t k = 0; k < have_count; k++) {
			if (quoin_hash_equal(&part->encodings[i].base, &have[k])) {
				best = &part->encodings[i];
				break;
			}
		}
	}
	return best;
}

int
quoin_assembly_init(struct quoin_assembly *assembly, const struct quoin_part *part,
    const struct quoin_encoding *encoding)
{
	*assembly = (struct quoin_assembly){.part = part, .encoding = encoding};
	quoin_buf_init(&assembly->packed, (size_t)encoding->packed_bytes);
	return 0;
}

void
quoin_assembly_clear(struct quoin_assembly *assembly)
{
	quoin_buf_clear(&assembly->packed);
	memset(assembly, 0, sizeof *assembly);
}

bool
quoin_assembly_is_complete(const struct quoin_assembly *assembly)
{
	return assembly->next == assembly->encoding->chunk_count;
}

const struct quoin_chunk_place *
quoin_assembly_wants(const struct quoin_assembly *assembly, char key[QUOIN_CHUNK_KEY_BYTES])
{
	QUOIN_ASSERT(!quoin_assembly_is_complete(assembly));
	quoin_chunk_key(assembly->part, assembly->encoding, assembly->next, key);
	return &assembly->encoding->chunks[assembly->next];
}

int
quoin_assembly_add(struct quoin_assembly *assembly, struct quoin_span bytes)
{
	const struct quoin_chunk_place *place;
	struct quoin_hash hash;
	int rc;

	QUOIN_ASSERT(!quoin_assembly_is_complete(assembly));
	place = &assembly->encoding->chunks[assembly->next];
	if (bytes.len != place->bytes)
		return QUOIN_ECORRUPT;
	quoin_hash_of(bytes, &hash);
	if (!quoin_hash_equal(&hash, &place->hash))
		return QUOIN_ECORRUPT;
	rc = quoin_buf_put_span(&assembly->packed, bytes);
	/* The parser made sure that the chunks fit the packed size. */
	QUOIN_ASSERT(rc == 0 || rc == QUOIN_ENOMEM);
	if (rc == 0)
		assembly->next++;
	return rc;
}

int
quoin_assembly_finish(struct quoin_assembly *assembly, struct quoin_span base, uint8_t *out)
{
	const struct quoin_part *part = assembly->part;
	struct quoin_span packed = quoin_buf_span(&assembly->packed);
	struct quoin_hash hash;
	int rc;

	QUOIN_ASSERT(quoin_assembly_is_complete(assembly));
	quoin_hash_of(packed, &hash);
	if (!quoin_hash_equal(&hash, &assembly->encoding->packed_hash))
		return QUOIN_ECORRUPT;
	if (assembly->encoding->is_delta)
		rc = quoin_unpack_delta(packed, base, out, (size_t)part->bytes);
	else
		rc = quoin_unpack(packed, out, (size_t)part->bytes);
	if (rc != 0)
		return rc;
	quoin_hash_of(quoin_span_of(out, (size_t)part->bytes), &hash);
	return quoin_hash_equal(&hash, &part->hash) ? 0 : QUOIN_ECORRUPT;
}
