/*
 * Chunks: how a part's packed bytes travel on <ns>.blobs, and the assembly that puts them together again.
 *
 * Key "<content hash>/<encoding>/<i>", encoding "full" or "delta-<base hash>"; value: at most QUOIN_CHUNK_BYTES_MAX
 * bytes of the packed encoding, cut every QUOIN_CHUNK_BYTES_MAX. No header: key, size and hash come from the signed
 * release.
 */
#ifndef QUOIN_FORMATS_CHUNK_H
#define QUOIN_FORMATS_CHUNK_H

#include "formats/release.h"

#define QUOIN_CHUNK_KEY_BYTES (QUOIN_HASH_HEX_BYTES * 2 + 24)
void quoin_chunk_key(const struct quoin_part *part, const struct quoin_encoding *encoding, size_t index,
    char out[QUOIN_CHUNK_KEY_BYTES]);

/* The encoding to fetch: the delta whose base is among "have" with the fewest packed bytes if smaller than full, else
 * full. Borrowed from the part. */
const struct quoin_encoding *quoin_part_choose(const struct quoin_part *part, const struct quoin_hash *have,
    size_t have_count);

/*
 * Assembly: collects the chunks of one encoding in order. The caller asks which chunk is wanted, brings its bytes, and
 * at the end has the packed bytes, verified.
 */
struct quoin_assembly {
	const struct quoin_part *part; /* borrowed, as encoding */
	const struct quoin_encoding *encoding;
	size_t next; /* the chunk wanted now */
	struct quoin_buf packed;
};
int quoin_assembly_init(struct quoin_assembly *assembly, const struct quoin_part *part,
    const struct quoin_encoding *encoding);
void quoin_assembly_clear(struct quoin_assembly *assembly);
bool quoin_assembly_is_complete(const struct quoin_assembly *assembly);
/* The wanted chunk's key and place. */
const struct quoin_chunk_place *quoin_assembly_wants(const struct quoin_assembly *assembly,
    char key[QUOIN_CHUNK_KEY_BYTES]);
/* Its bytes: 0, QUOIN_ECORRUPT (size or hash differ: look elsewhere), QUOIN_ENOMEM. */
int quoin_assembly_add(struct quoin_assembly *assembly, struct quoin_span bytes);
/* Of a complete assembly: check the packed hash, unpack into exactly part->bytes bytes at "out" (base: the content of
 * encoding->base, or empty for full) and check the content hash. 0, QUOIN_ECORRUPT, QUOIN_ENOMEM. */
int quoin_assembly_finish(struct quoin_assembly *assembly, struct quoin_span base, uint8_t *out);

#endif
