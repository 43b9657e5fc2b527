#include "publisher/deltas.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pack.h"

#define CHUNK_TIMEOUT_MS 5000
#define DEADLINE_MS	 20000 /* for all deltas of a publication; none is begun later */
#define FULL_BYTES_MIN	 4096  /* what is smaller in full is sent in full: a delta's lines in the release take as much */
#define LARGE_BYTES	 (16u << 20)
#define LARGE_BASES	 2 /* of a large part: what is active, and one more */

void
quoin_deltas_init(struct quoin_deltas *deltas, const struct quoin_bus_conf *bus, const char *topic,
    const struct quoin_release *const *bases, size_t base_count)
{
	*deltas = (struct quoin_deltas){.bus = bus, .topic = topic, .bases = bases, .base_count = base_count};
	deltas->deadline_ms = quoin_clock_mono_ms() + DEADLINE_MS;
}

void
quoin_deltas_clear(struct quoin_deltas *deltas)
{
	quoin_bus_lookup_close(deltas->lookup);
	*deltas = (struct quoin_deltas){0};
}

static bool
is_worth(const struct quoin_deltas *deltas, const struct quoin_part *part)
{
	if (strcmp(part->schema, "source-v1") == 0 || part->encodings[0].packed_bytes < FULL_BYTES_MIN)
		return false;
	for (size_t i = 0; i < deltas->base_count; i++) {
		const struct quoin_part *base = quoin_release_part(deltas->bases[i], part->name);

		if (base != NULL && quoin_hash_equal(&base->hash, &part->hash))
			return false;
	}
	return true;
}

int
quoin_deltas_pack(struct quoin_span content, struct quoin_span base, uint64_t full_bytes, struct quoin_buf *out)
{
	int r;

	if (full_bytes < FULL_BYTES_MIN || base.len == 0)
		return 0;
	r = quoin_pack_delta(content, base, out);
	if (r == 0 && out->len >= full_bytes / 2)
		quoin_buf_reset(out);
	return r;
}

static bool
has_delta(const struct quoin_part *part, const struct quoin_hash *base)
{
	for (size_t i = 1; i < part->encoding_count; i++)
		if (quoin_hash_equal(&part->encodings[i].base, base))
			return true;
	return false;
}

static int
fetch_base(struct quoin_deltas *deltas, const struct quoin_part *base, struct quoin_buf *out, struct quoin_error *err)
{
	int r = 0;

	if (deltas->lookup == NULL)
		r = quoin_bus_lookup_open(deltas->bus, deltas->topic, 0, &deltas->lookup, err);
	return r == 0 ? quoin_blobs_get(deltas->lookup, base, CHUNK_TIMEOUT_MS, out, err) : r;
}

/* One delta. Returns 0 also where it is not worth its bytes. */
static int
put_delta(struct quoin_deltas *deltas, struct quoin_span content, const struct quoin_part *base, struct quoin_part *part,
    struct quoin_blobs_sent *sent, struct quoin_error *err)
{
	struct quoin_encoding encoding = {.is_delta = true, .base = base->hash};
	struct quoin_buf old, patch;
	int r;

	quoin_buf_init(&old, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&patch, (size_t)QUOIN_CHUNK_BYTES_MAX * QUOIN_CHUNKS_MAX);
	r = fetch_base(deltas, base, &old, err);
	if (r == 0)
		r = quoin_deltas_pack(content, quoin_buf_span(&old), part->encodings[0].packed_bytes, &patch);
	if (r == 0 && patch.len > 0) {
		r = quoin_blobs_put_encoding(deltas->bus, deltas->topic, part, &encoding, quoin_buf_span(&patch), NULL, NULL,
		    NULL, sent, err);
		if (r == 0)
			part->encodings[part->encoding_count++] = encoding;
	}
	quoin_buf_clear(&old);
	quoin_buf_clear(&patch);
	return r;
}

static int
compare_bases(const void *a, const void *b)
{
	const struct quoin_encoding *one = a, *two = b;

	return memcmp(&one->base, &two->base, sizeof one->base);
}

void
quoin_deltas_put(struct quoin_deltas *deltas, struct quoin_span content, struct quoin_part *part,
    struct quoin_blobs_sent *sent)
{
	const size_t most = part->bytes > LARGE_BYTES ? 1 + LARGE_BASES : QUOIN_ENCODINGS_MAX;

	if (!is_worth(deltas, part))
		return;
	for (size_t i = 0; i < deltas->base_count && part->encoding_count < most && !deltas->is_over; i++) {
		const struct quoin_part *base = quoin_release_part(deltas->bases[i], part->name);
		struct quoin_error err = {0};
		int r;

		if (base == NULL || base->bytes == 0 || has_delta(part, &base->hash))
			continue;
		if (quoin_clock_mono_ms() > deltas->deadline_ms)
			deltas->is_over = true;
		else if ((r = put_delta(deltas, content, base, part, sent, &err)) != 0) {
			/* A base whose chunks are gone says nothing about the next; a broker that does not answer does. */
			deltas->is_over = r != QUOIN_EMISSING && r != QUOIN_ECORRUPT;
			quoin_log_error(QUOIN_LOG_DEBUG, "no-delta", &err, "part=%s base=%llu", part->name,
			    (unsigned long long)deltas->bases[i]->number);
		}
	}
	/* The document lists them in ascending order. */
	if (part->encoding_count > 2)
		qsort(&part->encodings[1], part->encoding_count - 1, sizeof part->encodings[0], compare_bases);
}
