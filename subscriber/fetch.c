#include "subscriber/fetch.h"

#include <string.h>

#include "formats/chunk.h"
#include "formats/envelope.h"
#include "lib/log.h"
#include "lib/pack.h"
#include "subscriber/spool.h"
#include "subscriber/store_layout.h"
#include "subscriber/stream.h"

#define CHUNK_TIMEOUT_MS 15000
#define STREAM_BYTES_MIN (4u << 20) /* what is smaller is done before threads are there */

bool
quoin_fetch_wants(const struct quoin_fetch_parts *parts, const char *name)
{
	const bool is_models = strcmp(name, "models") == 0;

	for (size_t i = 0; i < parts->name_count; i++)
		if (strcmp(parts->names[i], name) == 0)
			return true;
	if (parts->name_count > 0)
		return false;
	return parts->role == QUOIN_HOST_SERVING ? is_models : !is_models && strcmp(name, "source") != 0;
}

int
quoin_release_load(struct quoin_store *store, uint64_t number, struct quoin_release *ret, struct quoin_error *err)
{
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_envelope envelope;
	struct quoin_span bytes;
	int r;

	r = quoin_store_snapshot_open(store, &snapshot, err);
	if (r != 0)
		return r;
	r = quoin_store_snapshot_document(snapshot, QUOIN_STORE_RELEASE, number, &bytes, err);
	if (r == 0)
		r = quoin_envelope_decode(bytes, &envelope, err);
	if (r == 0)
		r = quoin_release_parse(envelope.document, ret, err);
	quoin_store_snapshot_close(snapshot);
	return r;
}

/* ---- Chunks ---- */

static int
fetch_chunk(const struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    size_t index, uint8_t *at, struct quoin_error *err)
{
	const struct quoin_chunk_place *place = &encoding->chunks[index];
	char key[QUOIN_CHUNK_KEY_BYTES];
	struct quoin_bus_event event;
	struct quoin_hash hash;
	int r;

	quoin_chunk_key(part, encoding, index, key);
	r = quoin_bus_lookup_get(fetch->lookup, quoin_span_str(key), place->offset, place->timestamp_ms, CHUNK_TIMEOUT_MS,
	    &event, err);
	if (r != 0)
		return r;
	if (event.record.value.len == place->bytes) {
		quoin_hash_of(event.record.value, &hash);
		if (quoin_hash_equal(&hash, &place->hash))
			memcpy(at, event.record.value.data, place->bytes);
		else
			r = QUOIN_ECORRUPT;
	} else {
		r = QUOIN_ECORRUPT;
	}
	quoin_bus_event_clear(&event);
	return r == 0 ? 0 : quoin_error_set(err, r, "chunk %zu of part %s is not what was signed", index, part->name);
}

/* The packed body, checked, in a spool. */
static int
fetch_packed(const struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    struct quoin_spool *ret, struct quoin_error *err)
{
	struct quoin_hasher hasher;
	struct quoin_hash hash;
	size_t at = 0;
	int r;

	quoin_hasher_init(&hasher);
	r = quoin_spool_open(fetch->store->dir, (size_t)encoding->packed_bytes, ret, err);
	for (size_t i = 0; i < encoding->chunk_count && r == 0; i++) {
		if (fetch->is_interrupted != NULL && fetch->is_interrupted(fetch->ctx))
			return quoin_error_set(err, QUOIN_EAGAIN, "interrupted");
		/* The document's parser checks it; a chunk must not write behind its body in any case. */
		if (encoding->chunks[i].bytes > ret->bytes - at)
			return quoin_error_set(err, QUOIN_ECORRUPT, "the chunks of part %s are longer than the whole", part->name);
		r = fetch_chunk(fetch, part, encoding, i, ret->data + at, err);
		/* While the next chunks are on their way. */
		if (r == 0)
			quoin_hasher_add(&hasher, quoin_span_of(ret->data + at, encoding->chunks[i].bytes));
		at += encoding->chunks[i].bytes;
	}
	if (r != 0)
		return r;
	quoin_hasher_finish(&hasher, &hash);
	if (at != ret->bytes || !quoin_hash_equal(&hash, &encoding->packed_hash))
		return quoin_error_set(err, QUOIN_ECORRUPT, "the packed part %s is not what was signed", part->name);
	return 0;
}

/* ---- Content ---- */

/* The base of a delta in one piece: in place if it is one segment, else copied to a spool. */
static int
load_base(const struct quoin_fetch *fetch, struct quoin_store_snapshot *snapshot, const struct quoin_hash *hash,
    struct quoin_spool *spool, struct quoin_span *ret, struct quoin_error *err)
{
	struct quoin_store_content content;
	size_t at = 0;
	int r;

	r = quoin_store_snapshot_part(snapshot, hash, false, &content, err);
	if (r != 0)
		return r;
	if (content.segment_count <= 1) {
		*ret = content.segment_count == 1 ? content.segments[0] : quoin_span_of(NULL, 0);
		return 0;
	}
	r = quoin_spool_open(fetch->store->dir, (size_t)content.bytes, spool, err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < content.segment_count; i++) {
		memcpy(spool->data + at, content.segments[i].data, content.segments[i].len);
		at += content.segments[i].len;
	}
	*ret = quoin_span_of(spool->data, spool->bytes);
	return 0;
}

static int
unpack(const struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    struct quoin_span packed, struct quoin_spool *ret, struct quoin_error *err)
{
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_spool base_spool = {0};
	struct quoin_span base;
	struct quoin_hash hash;
	int r;

	r = quoin_spool_open(fetch->store->dir, (size_t)part->bytes, ret, err);
	if (r != 0)
		return r;
	if (!encoding->is_delta) {
		r = quoin_unpack(packed, ret->data, ret->bytes);
	} else {
		r = quoin_store_snapshot_open(fetch->store, &snapshot, err);
		if (r == 0)
			r = load_base(fetch, snapshot, &encoding->base, &base_spool, &base, err);
		if (r == 0)
			r = quoin_unpack_delta(packed, base, ret->data, ret->bytes);
		quoin_spool_close(&base_spool);
		quoin_store_snapshot_close(snapshot);
	}
	if (r == 0) {
		quoin_hash_of(quoin_span_of(ret->data, ret->bytes), &hash);
		r = quoin_hash_equal(&hash, &part->hash) ? 0 : QUOIN_ECORRUPT;
	}
	if (r == QUOIN_ECORRUPT)
		return quoin_error_set(err, r, "part %s does not unpack to what was signed", part->name);
	return r == 0 ? 0 : quoin_error_set(err, r, "part %s cannot be unpacked: %s", part->name, quoin_error_text(r));
}

static int
copy_out(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct quoin_spool *content = ctx;

	(void)ret_hash;

	memcpy(at, content->data + offset, bytes);
	return 0;
}

/* Unpacked whole, then stored. */
static int
stage_whole(const struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    struct quoin_spool *packed, struct quoin_error *err)
{
	struct quoin_spool content = {0};
	int r;

	r = unpack(fetch, part, encoding, quoin_span_of(packed->data, packed->bytes), &content, err);
	quoin_spool_close(packed);
	if (r == 0)
		r = quoin_store_stage(fetch->store, &part->hash, part->bytes, copy_out, &content, err);
	quoin_spool_close(&content);
	return r;
}

/* A large body is unpacked while it is stored; only if it is what was signed does it become visible. */
static int
stage_packed(const struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    struct quoin_spool *packed, struct quoin_error *err)
{
	struct quoin_stream *stream = NULL;
	int r;

	if (encoding->is_delta || part->bytes < STREAM_BYTES_MIN ||
	    quoin_stream_open(quoin_span_of(packed->data, packed->bytes), part->bytes, &part->hash, &stream) != 0)
		return stage_whole(fetch, part, encoding, packed, err);
	r = quoin_store_stage(fetch->store, &part->hash, part->bytes, quoin_stream_fill, stream, err);
	quoin_stream_close(stream);
	if (r == QUOIN_ECORRUPT)
		return quoin_error_set(err, r, "part %s does not unpack to what was signed", part->name);
	return r;
}

static int
fetch_encoding(struct quoin_fetch *fetch, const struct quoin_part *part, const struct quoin_encoding *encoding,
    struct quoin_error *err)
{
	struct quoin_spool packed = {0};
	int r;

	r = fetch_packed(fetch, part, encoding, &packed, err);
	if (r == 0)
		fetch->fetched.bytes += encoding->packed_bytes;
	if (r == 0)
		r = stage_packed(fetch, part, encoding, &packed, err);
	quoin_spool_close(&packed);
	return r;
}

/* Whether the full body may succeed where a delta did not: it, or its base in the store, is damaged or gone. */
static bool
is_of_the_delta(int code)
{
	return code == QUOIN_ECORRUPT || code == QUOIN_EMISSING || code == QUOIN_ENOENT || code == QUOIN_ENOMEM;
}

static int
fetch_part(struct quoin_fetch *fetch, const struct quoin_part *part, struct quoin_error *err)
{
	struct quoin_hash have[QUOIN_ENCODINGS_MAX];
	const struct quoin_encoding *encoding;
	size_t have_count = 0;
	uint64_t bytes;
	int r;

	if (quoin_store_part_bytes(fetch->store, &part->hash, &bytes))
		return bytes == part->bytes ? 0
					    : quoin_error_set(err, QUOIN_ECORRUPT,
						  "part %s was signed with %llu bytes, its content has %llu", part->name,
						  (unsigned long long)part->bytes, (unsigned long long)bytes);
	for (size_t i = 0; i < part->encoding_count; i++)
		if (part->encodings[i].is_delta && quoin_store_has_part(fetch->store, &part->encodings[i].base))
			have[have_count++] = part->encodings[i].base;
	encoding = quoin_part_choose(part, have, have_count);
	r = fetch_encoding(fetch, part, encoding, err);
	if (r != 0 && encoding->is_delta && is_of_the_delta(r)) {
		quoin_log(QUOIN_LOG_WARN, "delta-failed", "part=%s code=%d", part->name, r);
		fetch->fetched.fell_back++;
		encoding = &part->encodings[0];
		r = fetch_encoding(fetch, part, encoding, err);
	}
	if (r == 0 && encoding->is_delta)
		fetch->fetched.deltas++;
	else if (r == 0)
		fetch->fetched.full++;
	return r;
}

int
quoin_fetch_release(struct quoin_fetch *fetch, const struct quoin_release *release, struct quoin_error *err)
{
	uint64_t bytes = 0;
	int r = 0;

	for (size_t i = 0; i < release->part_count; i++)
		if (quoin_fetch_wants(&fetch->parts, release->parts[i].name))
			bytes += release->parts[i].bytes;
	if (bytes > fetch->bytes_max || bytes > QUOIN_RELEASE_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "its parts have %llu bytes, this host takes %llu (limit.bytes)",
		    (unsigned long long)bytes, (unsigned long long)fetch->bytes_max);
	for (size_t i = 0; i < release->part_count && r == 0; i++)
		if (quoin_fetch_wants(&fetch->parts, release->parts[i].name))
			r = fetch_part(fetch, &release->parts[i], err);
	return r;
}
