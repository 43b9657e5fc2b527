/*
 * Release: an immutable, numbered set of parts. Key "release/<n>" on the control topic, signed by the release role.
 *
 * A part is named by the hash of its content. Each encoding of it says in which chunks on <ns>.blobs it is found; their
 * place (offset, time) is only a hint. Chunk i has the key "<content hash>/<encoding>/<i>" (formats/chunk.h).
 */
#ifndef QUOIN_FORMATS_RELEASE_H
#define QUOIN_FORMATS_RELEASE_H

#include "formats/document.h"
#include "formats/policy.h"

/*
 * quoin-release-v1
 * system <32 hex>
 * namespace <name>
 * release <n, from 1>
 * head <docref of release n-1; "0 -" for the first>
 * intent <docref of the last intent; "0 -" if none>
 * created_ms <u64>
 * base <number of the release it was compiled against; 0>
 * message <text>
 * meta <key> <text>						repeated, ascending by key
 * waived <guard>						repeated, ascending
 * policy …  reach …						(formats/policy.h)
 * part <name> <schema> <bytes>					repeated, ascending by name; each followed by
 * BLAKE2b-256 (parts/<name>) = <hash>				its content hash, a line that b2sum -c understands, and
 * encoding <full|delta> <base hash|-> <packed bytes> <packed hash> <chunks>	full first, then deltas by base
 * chunk <hash> <bytes> <offset> <timestamp_ms>			"chunks" of them, in order
 * end
 *
 * In an exported release (quoin-export(5)) "b2sum -l 256 -c release.txt" checks the parts with stock tools.
 * Schemas: rules-v1, routes-v1, models-v1, source-v1, raw. There is at least one part; a part's name does not begin
 * with a dot; chunks are cut every QUOIN_CHUNK_BYTES_MAX bytes; base is older than the release; a place not known
 * is 0 0.
 */
struct quoin_chunk_place {
	struct quoin_hash hash; /* of the chunk's bytes */
	uint32_t bytes;
	int64_t offset;
	int64_t timestamp_ms;
};

struct quoin_encoding {
	bool is_delta;
	struct quoin_hash base; /* of a delta: the content hash it applies to */
	uint64_t packed_bytes;
	struct quoin_hash packed_hash;
	struct quoin_chunk_place *chunks; /* owned by the release */
	size_t chunk_count;
};

struct quoin_part {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	char schema[QUOIN_NAME_BYTES_MAX + 1];
	uint64_t bytes;
	struct quoin_hash hash; /* of the content */
	struct quoin_encoding encodings[QUOIN_ENCODINGS_MAX];
	size_t encoding_count;
};

struct quoin_meta {
	char key[QUOIN_NAME_BYTES_MAX + 1];
	char value[QUOIN_TEXT_BYTES_MAX + 1];
};

struct quoin_release {
	struct quoin_origin origin;
	uint64_t number;
	struct quoin_docref head;
	struct quoin_docref intent;
	int64_t created_ms;
	uint64_t base;
	char message[QUOIN_TEXT_BYTES_MAX + 1];
	struct quoin_meta *meta; /* owned; meta_count entries */
	size_t meta_count;
	char (*waived)[QUOIN_NAME_BYTES_MAX + 1]; /* owned */
	size_t waived_count;
	struct quoin_policy policy;
	struct quoin_part *parts; /* owned */
	size_t part_count;
};

int quoin_release_print(const struct quoin_release *release, struct quoin_buf *out);
int quoin_release_parse(struct quoin_span text, struct quoin_release *ret, struct quoin_error *err);
void quoin_release_clear(struct quoin_release *release);

/* The part with this name, or NULL. Borrowed from the release. */
const struct quoin_part *quoin_release_part(const struct quoin_release *release, const char *name);
/* The hash over all parts' names, schemas and content hashes and the policy: two releases with the same content are the
 * same for revocation and "unchanged". */
void quoin_release_content(const struct quoin_release *release, struct quoin_hash *ret);

#endif
