#include "publisher/blobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/pack.h"

#define LOOKUP_TIMEOUT_MS 30000
#define FLUSH_TIMEOUT_MS  120000
#define EMBEDDED_BYTES_MAX (3584u << 10)
/* Chunks put before their acknowledgements are awaited: 2 MiB where each is taken at once, else 8 MiB. */
#define IN_FLIGHT_NEAR    4
#define IN_FLIGHT_FAR     16
#define NEAR_CHUNK_MS     6
#define GIVE_WAY_MS_MAX   100

static size_t
chunk_count_of(size_t packed_bytes)
{
	return packed_bytes / QUOIN_CHUNK_BYTES_MAX + (packed_bytes % QUOIN_CHUNK_BYTES_MAX != 0);
}

static struct quoin_span
chunk_of(struct quoin_span packed, size_t index)
{
	size_t from = index * QUOIN_CHUNK_BYTES_MAX, left = packed.len - from;

	return quoin_span_of(packed.data + from, left < QUOIN_CHUNK_BYTES_MAX ? left : QUOIN_CHUNK_BYTES_MAX);
}

/* The full encoding of a part with this content in some retained release, or NULL. */
static const struct quoin_encoding *
find_retained(const struct quoin_release *const *retained, size_t retained_count, const struct quoin_hash *hash)
{
	for (size_t i = 0; i < retained_count; i++)
		for (size_t k = 0; k < retained[i]->part_count; k++) {
			const struct quoin_part *part = &retained[i]->parts[k];

			if (quoin_hash_equal(&part->hash, hash) && part->encoding_count > 0)
				return &part->encodings[0];
		}
	return NULL;
}

/* Whether chunk "index" is on the topic with exactly these bytes; then its place. */
static bool
is_present(struct quoin_bus_lookup *lookup, const struct quoin_part *part, const struct quoin_encoding *encoding,
    size_t index, const struct quoin_chunk_place *hint, struct quoin_chunk_place *place)
{
	char key[QUOIN_CHUNK_KEY_BYTES];
	struct quoin_bus_event event;
	struct quoin_hash hash;
	bool is_same;

	quoin_chunk_key(part, encoding, index, key);
	if (quoin_bus_lookup_get(lookup, quoin_span_str(key), hint->offset, hint->timestamp_ms, LOOKUP_TIMEOUT_MS, &event,
		NULL) != 0)
		return false;
	quoin_hash_of(event.record.value, &hash);
	is_same = quoin_hash_equal(&hash, &place->hash);
	if (is_same) {
		place->offset = event.record.offset;
		place->timestamp_ms = event.record.timestamp_ms;
	}
	quoin_bus_event_clear(&event);
	return is_same;
}

static int
put_chunk(struct quoin_bus_writer *writer, const char *topic, const char *key, struct quoin_span bytes,
    struct quoin_bus_receipt *receipt, struct quoin_error *err)
{
	struct quoin_bus_record record = {.topic = topic, .key = quoin_span_str(key), .value = bytes};
	int64_t deadline_ms = quoin_clock_mono_ms() + FLUSH_TIMEOUT_MS;
	int r;

	while ((r = quoin_bus_writer_put(writer, &record, receipt, err)) == QUOIN_EAGAIN) {
		if (quoin_clock_mono_ms() > deadline_ms)
			return quoin_error_set(err, QUOIN_ETIMEOUT, "the broker takes no more chunks");
		r = quoin_bus_writer_flush(writer, 1000, err);
		if (r != 0 && r != QUOIN_ETIMEOUT)
			return r;
	}
	return r;
}

/* After a batch of a big upload: as long as it took, the broker and this machine are there for others. Without, what is
 * small and urgent waits behind what is big at every step of its way: the brake took more than twice as long; and it waits
 * the shorter the smaller the batch. Where a batch takes long, the network does, and nobody waits for us. Returns how many
 * chunks the next one may have. */
static size_t
give_way(size_t batch, int64_t began_ms)
{
	int64_t took_ms = quoin_clock_mono_ms() - began_ms;
	struct timespec pause = {0, (took_ms < GIVE_WAY_MS_MAX ? took_ms : GIVE_WAY_MS_MAX) * 1000000L};

	(void)nanosleep(&pause, NULL);
	return took_ms <= (int64_t)batch * NEAR_CHUNK_MS ? IN_FLIGHT_NEAR : IN_FLIGHT_FAR;
}

/* Put every chunk that "missing" marks; the receipts give their places. */
static int
put_missing(const struct quoin_bus_conf *conf, const char *topic, const struct quoin_part *part,
    struct quoin_encoding *encoding, struct quoin_span packed, const bool *missing, quoin_blobs_progress *progress,
    void *ctx, struct quoin_error *err)
{
	struct quoin_bus_receipt *receipts = calloc(encoding->chunk_count, sizeof *receipts);
	struct quoin_bus_writer *writer = NULL;
	int64_t began_ms = quoin_clock_mono_ms();
	uint64_t done = 0;
	size_t batch = 0, batch_max = IN_FLIGHT_NEAR;
	int r;

	if (receipts == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory to send a part");
	r = quoin_bus_writer_open(conf, NULL, &writer, err);
	for (size_t i = 0; r == 0 && i < encoding->chunk_count; i++) {
		struct quoin_span chunk = chunk_of(packed, i);
		char key[QUOIN_CHUNK_KEY_BYTES];

		if (missing[i]) {
			quoin_chunk_key(part, encoding, i, key);
			r = put_chunk(writer, topic, key, chunk, &receipts[i], err);
			if (r == 0 && ++batch == batch_max) {
				r = quoin_bus_writer_flush(writer, FLUSH_TIMEOUT_MS, err);
				batch_max = give_way(batch, began_ms);
				began_ms = quoin_clock_mono_ms();
				batch = 0;
			}
		}
		done += chunk.len;
		if (r == 0 && progress != NULL)
			progress(ctx, done, packed.len);
	}
	if (r == 0)
		r = quoin_bus_writer_flush(writer, FLUSH_TIMEOUT_MS, err);
	for (size_t i = 0; r == 0 && i < encoding->chunk_count; i++) {
		if (!missing[i])
			continue;
		if (!receipts[i].is_done || receipts[i].code != 0)
			r = quoin_error_set(err, receipts[i].is_done ? receipts[i].code : QUOIN_ETIMEOUT,
			    "chunk %zu of part %s was not taken by the broker", i, part->name);
		encoding->chunks[i].offset = receipts[i].offset;
		encoding->chunks[i].timestamp_ms = receipts[i].timestamp_ms > 0 ? receipts[i].timestamp_ms : 0;
	}
	quoin_bus_writer_close(writer); /* before the receipts go: it may still fill them */
	free(receipts);
	return r;
}

/* Find out which chunks are there already; their places are filled in. */
static int
find_missing(const struct quoin_bus_conf *conf, const char *topic, const struct quoin_part *part,
    struct quoin_encoding *encoding, const struct quoin_encoding *retained, bool *missing, struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	int r;

	for (size_t i = 0; i < encoding->chunk_count; i++)
		missing[i] = true;
	if (retained == NULL || retained->chunk_count != encoding->chunk_count ||
	    !quoin_hash_equal(&retained->packed_hash, &encoding->packed_hash))
		return 0;
	r = quoin_bus_lookup_open(conf, topic, 0, &lookup, err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < encoding->chunk_count; i++)
		missing[i] = !is_present(lookup, part, encoding, i, &retained->chunks[i], &encoding->chunks[i]);
	quoin_bus_lookup_close(lookup);
	return 0;
}

static int
describe(struct quoin_encoding *encoding, struct quoin_span packed, struct quoin_error *err)
{
	encoding->packed_bytes = packed.len;
	quoin_hash_of(packed, &encoding->packed_hash);
	encoding->chunk_count = chunk_count_of(packed.len);
	if (encoding->chunk_count > QUOIN_CHUNKS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the part packs to more than %d chunks", QUOIN_CHUNKS_MAX);
	encoding->chunks = calloc(encoding->chunk_count, sizeof *encoding->chunks);
	if (encoding->chunks == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory to describe a part");
	for (size_t i = 0; i < encoding->chunk_count; i++) {
		struct quoin_span chunk = chunk_of(packed, i);

		encoding->chunks[i].bytes = (uint32_t)chunk.len;
		quoin_hash_of(chunk, &encoding->chunks[i].hash);
	}
	return 0;
}

/* The embedded broker drops what is too much, without a word; no host would ever get the release. */
static int
check_room(const struct quoin_bus_conf *conf, const char *name, uint64_t bytes, struct quoin_error *err)
{
	bool is_embedded = false;
	int r;

	if (bytes <= EMBEDDED_BYTES_MAX)
		return 0;
	r = quoin_bus_is_embedded(conf, LOOKUP_TIMEOUT_MS, &is_embedded, err);
	if (r == 0 && is_embedded)
		r = quoin_error_set(err, QUOIN_ELIMIT,
		    "with part %s the release needs %llu bytes, and the broker of \"quoin dev\" keeps 5 MiB; publish it to Kafka",
		    name, (unsigned long long)bytes);
	return r;
}

int
quoin_blobs_put_encoding(const struct quoin_bus_conf *conf, const char *topic, const struct quoin_part *part,
    struct quoin_encoding *encoding, struct quoin_span packed, const struct quoin_encoding *retained,
    quoin_blobs_progress *progress, void *ctx, struct quoin_blobs_sent *sent, struct quoin_error *err)
{
	uint64_t *put_bytes = encoding->is_delta ? &sent->delta_bytes : &sent->full_bytes;
	const struct quoin_blobs_sent before = *sent;
	bool *missing = NULL;
	int r;

	r = describe(encoding, packed, err);
	if (r != 0)
		return r;
	missing = calloc(encoding->chunk_count + 1, sizeof *missing);
	if (missing == NULL)
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory to send a part");
	else
		r = find_missing(conf, topic, part, encoding, retained, missing, err);
	for (size_t i = 0; r == 0 && i < encoding->chunk_count; i++)
		*(missing[i] ? put_bytes : &sent->reused_bytes) += encoding->chunks[i].bytes;
	if (r == 0)
		r = check_room(conf, part->name, sent->full_bytes + sent->delta_bytes, err);
	if (r == 0)
		r = put_missing(conf, topic, part, encoding, packed, missing, progress, ctx, err);
	free(missing);
	if (r != 0) {
		free(encoding->chunks);
		encoding->chunks = NULL;
		*sent = before;
	}
	return r;
}

int
quoin_blobs_put(const struct quoin_bus_conf *conf, const char *topic, const char *name, const char *schema,
    struct quoin_span content, const struct quoin_release *const *retained, size_t retained_count,
    quoin_blobs_progress *progress, void *ctx, struct quoin_part *ret_part, struct quoin_blobs_sent *sent,
    struct quoin_error *err)
{
	struct quoin_part part = {0};
	const struct quoin_encoding *held;
	struct quoin_buf packed;
	int r;

	quoin_buf_init(&packed, (size_t)QUOIN_CHUNK_BYTES_MAX * QUOIN_CHUNKS_MAX);
	snprintf(part.name, sizeof part.name, "%s", name);
	snprintf(part.schema, sizeof part.schema, "%s", schema);
	part.bytes = content.len;
	part.encoding_count = 1;
	quoin_hash_of(content, &part.hash);
	r = quoin_pack(content, &packed);
	if (r != 0) {
		quoin_error_set(err, r, "part %s cannot be packed", name);
	} else {
		held = find_retained(retained, retained_count, &part.hash);
		r = quoin_blobs_put_encoding(conf, topic, &part, &part.encodings[0], quoin_buf_span(&packed), held, progress,
		    ctx, sent, err);
	}
	quoin_buf_clear(&packed);
	if (r == 0)
		*ret_part = part;
	return r;
}

int
quoin_blobs_get(struct quoin_bus_lookup *lookup, const struct quoin_part *part, int timeout_ms, struct quoin_buf *out,
    struct quoin_error *err)
{
	struct quoin_assembly assembly;
	uint8_t *into;
	int r;

	if (part->encoding_count == 0 || part->encodings[0].is_delta)
		return quoin_error_set(err, QUOIN_EMISSING, "part %s has no full encoding", part->name);
	r = quoin_assembly_init(&assembly, part, &part->encodings[0]);
	while (r == 0 && !quoin_assembly_is_complete(&assembly)) {
		char key[QUOIN_CHUNK_KEY_BYTES];
		const struct quoin_chunk_place *place = quoin_assembly_wants(&assembly, key);
		struct quoin_bus_event event;

		r = quoin_bus_lookup_get(lookup, quoin_span_str(key), place->offset, place->timestamp_ms, timeout_ms, &event,
		    err);
		if (r != 0)
			break;
		r = quoin_assembly_add(&assembly, event.record.value);
		quoin_bus_event_clear(&event);
		if (r != 0)
			quoin_error_set(err, r, "chunk %s does not have the bytes that the release signed", key);
	}
	if (r == 0) {
		into = quoin_buf_reserve(out, (size_t)part->bytes);
		if (into == NULL && part->bytes > 0)
			r = quoin_error_set(err, out->error, "no room for part %s", part->name);
		else
			r = quoin_assembly_finish(&assembly, quoin_span_of(NULL, 0), into);
		if (r == 0)
			out->len += (size_t)part->bytes;
		else if (r == QUOIN_ECORRUPT)
			quoin_error_set(err, r, "part %s does not unpack to the content that was signed", part->name);
	}
	quoin_assembly_clear(&assembly);
	return r;
}
