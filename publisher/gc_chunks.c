#include "publisher/gc_chunks.h"

#include <stdlib.h>
#include <string.h>

#include "lib/search.h"

void
quoin_gc_chunks_clear(struct quoin_gc_chunks *chunks)
{
	free(chunks->named);
	free(chunks->items);
	memset(chunks, 0, sizeof *chunks);
}

/* Room for one more where the capacity is the count rounded up to a power of two. */
static void *
grow(void *array, size_t count, size_t item_bytes)
{
	if (count > 0 && (count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count == 0 ? 1 : count * 2, item_bytes);
}

int
quoin_gc_chunks_name(struct quoin_gc_chunks *chunks, const struct quoin_release *release)
{
	for (size_t i = 0; i < release->part_count; i++)
		for (size_t k = 0; k < release->parts[i].encoding_count; k++) {
			const struct quoin_encoding *encoding = &release->parts[i].encodings[k];

			for (size_t c = 0; c < encoding->chunk_count; c++) {
				void *named = grow(chunks->named, chunks->named_count, sizeof *chunks->named);

				if (named == NULL)
					return QUOIN_ENOMEM;
				chunks->named = named;
				quoin_chunk_key(&release->parts[i], encoding, c, chunks->named[chunks->named_count++]);
			}
		}
	return 0;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* By key, then by offset. */
static int
compare_items(const void *a, const void *b)
{
	const struct quoin_gc_chunk *one = a, *two = b;
	int order = strcmp(one->key, two->key);

	return order != 0 ? order : one->offset < two->offset ? -1 : one->offset > two->offset;
}

/* A chunk's key as we write them: anything else on the topic is not ours to remove. */
static bool
is_chunk_key(struct quoin_span key)
{
	if (key.len < QUOIN_HASH_HEX_BYTES + sizeof "/full/0" - 1 || key.len >= QUOIN_CHUNK_KEY_BYTES ||
	    key.data[QUOIN_HASH_HEX_BYTES] != '/' || memchr(key.data, '\0', key.len) != NULL)
		return false;
	for (size_t i = 0; i < QUOIN_HASH_HEX_BYTES; i++)
		if (strchr("0123456789abcdef", key.data[i]) == NULL)
			return false;
	return true;
}

static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct quoin_gc_chunks *chunks = ctx;
	struct quoin_gc_chunk item = {.offset = record->offset, .timestamp_ms = record->timestamp_ms,
	    .bytes = (uint32_t)record->value.len, .is_tombstone = record->is_tombstone};
	void *items;

	chunks->next_offset = record->offset + 1;
	if (!is_chunk_key(record->key))
		return 0;
	memcpy(item.key, record->key.data, record->key.len);
	if (chunks->named_count > 0 &&
	    bsearch(item.key, chunks->named, chunks->named_count, sizeof *chunks->named, compare_keys) != NULL) {
		chunks->kept++;
		return 0;
	}
	if (chunks->count == QUOIN_GC_RECORDS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d records on %s that no release names; no chunk was removed",
		    QUOIN_GC_RECORDS_MAX, record->topic);
	items = grow(chunks->items, chunks->count, sizeof *chunks->items);
	if (items == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	chunks->items = items;
	chunks->items[chunks->count++] = item;
	return 0;
}

int
quoin_gc_chunks_read(struct quoin_gc_chunks *chunks, struct quoin_bus_reader *reader, const char *topic, int64_t now_ms,
    int64_t age_ms, int timeout_ms, struct quoin_error *err)
{
	size_t count = 0;
	int r;

	if (chunks->named_count > 0)
		qsort(chunks->named, chunks->named_count, sizeof *chunks->named, compare_keys);
	r = quoin_bus_reader_drain(reader, topic, 0, timeout_ms, take, chunks, err);
	if (r != 0 || chunks->count == 0)
		return r;
	qsort(chunks->items, chunks->count, sizeof *chunks->items, compare_items);
	for (size_t i = 0; i < chunks->count; i++) {
		const struct quoin_gc_chunk item = chunks->items[i];

		if ((i + 1 < chunks->count && strcmp(item.key, chunks->items[i + 1].key) == 0) || item.is_tombstone)
			continue;
		if (now_ms - item.timestamp_ms < age_ms)
			chunks->young++;
		else
			chunks->items[count++] = item;
	}
	chunks->count = count;
	return 0;
}

/* ---- Mending ---- */

struct mending {
	const struct quoin_gc_chunks *chunks;
	struct quoin_bus_writer *writer;
	const char *topic;
};

static int
put_again(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct mending *mending = ctx;
	struct quoin_bus_record copy = {.topic = mending->topic, .key = record->key, .value = record->value};
	struct quoin_gc_chunk wanted = {0};
	bool found;

	if (record->is_tombstone || !is_chunk_key(record->key) || mending->chunks->count == 0)
		return 0;
	memcpy(wanted.key, record->key.data, record->key.len);
	(void)quoin_search_name(mending->chunks->items[0].key, mending->chunks->count, sizeof *mending->chunks->items,
	    wanted.key, &found);
	return found ? quoin_bus_writer_put(mending->writer, &copy, NULL, err) : 0;
}

int
quoin_gc_chunks_mend(struct quoin_gc_chunks *chunks, const struct quoin_bus_conf *bus, struct quoin_bus_reader *reader,
    const char *topic, int timeout_ms, struct quoin_error *err)
{
	struct mending mending = {chunks, NULL, topic};
	int r;

	r = quoin_bus_writer_open(bus, NULL, &mending.writer, err);
	if (r == 0)
		r = quoin_bus_reader_drain(reader, topic, chunks->next_offset, timeout_ms, put_again, &mending, err);
	if (r == 0)
		r = quoin_bus_writer_flush(mending.writer, timeout_ms, err);
	quoin_bus_writer_close(mending.writer);
	return r;
}
