#include "formats/image.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "lib/search.h"
#include "lib/text.h"

#define BLOCK_ALIGN 64u
#define SEGMENT_MASK (QUOIN_SEGMENT_BYTES_MAX - 1)

int
quoin_image_of(struct quoin_span bytes, struct quoin_image *ret, struct quoin_error *err)
{
	struct quoin_image image = {0};
	struct quoin_span *segment;

	if (bytes.len > QUOIN_PART_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the part has %zu bytes; at most %u are allowed", bytes.len,
		    QUOIN_PART_BYTES_MAX);
	if ((uintptr_t)bytes.data % 16 != 0)
		return quoin_error_set(err, QUOIN_EUSAGE, "the part is not 16-byte aligned in memory");
	for (size_t at = 0; at < bytes.len; at += segment->len) {
		segment = &image.segments[image.count++];
		segment->data = bytes.data + at;
		segment->len = bytes.len - at < QUOIN_SEGMENT_BYTES_MAX ? bytes.len - at : QUOIN_SEGMENT_BYTES_MAX;
	}
	*ret = image;
	return 0;
}

struct sought {
	const struct quoin_image *image;
	const struct quoin_places *places;
	size_t field;
	const char *text;
};

static int
compare_thing(const void *item, const void *key)
{
	const struct sought *sought = key;
	const uint32_t id = *(const uint32_t *)item;
	const uint8_t *block = quoin_image_at(sought->image, quoin_places_get(sought->places, id));

	return strcmp((const char *)block + quoin_load_u32(block + sought->field), sought->text);
}

bool
quoin_image_find(const struct quoin_image *image, const struct quoin_places *places, const uint32_t *ids, uint32_t count,
    size_t field, const char *text, uint32_t *ret_id)
{
	const struct sought sought = {image, places, field, text};
	bool found;
	const size_t at = quoin_search(ids, count, sizeof *ids, compare_thing, &sought, &found);

	if (found)
		*ret_id = ids[at];
	return found;
}

uint64_t
quoin_image_bytes(const struct quoin_image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->count; i++)
		bytes += image->segments[i].len;
	return bytes;
}

/* ---- Encoding ---- */

int
quoin_image_put_block(struct quoin_buf *out, struct quoin_span block, uint32_t *ret_offset)
{
	size_t at = out->len, pad;

	if (block.len > QUOIN_SEGMENT_BYTES_MAX - BLOCK_ALIGN)
		return out->error = QUOIN_ELIMIT;
	at += (BLOCK_ALIGN - (at + QUOIN_IMAGE_BIAS) % BLOCK_ALIGN) % BLOCK_ALIGN;
	if (block.len > 0 && at / QUOIN_SEGMENT_BYTES_MAX != (at + block.len - 1) / QUOIN_SEGMENT_BYTES_MAX) {
		at = (at / QUOIN_SEGMENT_BYTES_MAX + 1) * QUOIN_SEGMENT_BYTES_MAX;
		at += BLOCK_ALIGN - QUOIN_IMAGE_BIAS;
	}
	pad = at - out->len;
	if (at + block.len > QUOIN_PART_BYTES_MAX)
		return out->error = QUOIN_ELIMIT;
	quoin_buf_put_zeros(out, pad);
	quoin_buf_put_span(out, block);
	*ret_offset = (uint32_t)at;
	return out->error;
}

int
quoin_image_put_places(struct quoin_buf *out, const uint32_t *offsets, uint32_t id_count, uint32_t *ret_offset)
{
	uint32_t group_count = (id_count + QUOIN_PLACE_GROUP - 1) / QUOIN_PLACE_GROUP, *words, base;
	size_t bytes = ((size_t)group_count + id_count) * 4;
	int rc;

	words = malloc(bytes + 4);
	if (words == NULL)
		return out->error = QUOIN_ENOMEM;
	for (uint32_t group = 0; group < group_count; group++) {
		uint32_t first = group * QUOIN_PLACE_GROUP, last = first + QUOIN_PLACE_GROUP;

		last = last < id_count ? last : id_count;
		base = QUOIN_PLACE_NONE;
		for (uint32_t id = first; id < last; id++)
			base = offsets[id] < base ? offsets[id] : base;
		words[group] = base == QUOIN_PLACE_NONE ? 0 : base;
		for (uint32_t id = first; id < last; id++)
			words[group_count + id] = offsets[id] == QUOIN_PLACE_NONE ? offsets[id] : offsets[id] - base;
	}
	rc = quoin_image_put_block(out, quoin_span_of(words, bytes), ret_offset);
	free(words);
	return rc;
}

int
quoin_image_assign_ids(const uint32_t *base_ids, size_t count, uint32_t first, uint32_t *ret_ids,
    uint32_t *ret_id_count)
{
	uint32_t limit = first, next = first;
	bool *is_taken;

	for (size_t i = 0; i < count; i++) {
		if (base_ids[i] != QUOIN_PLACE_NONE && base_ids[i] >= limit)
			limit = base_ids[i] + 1;
	}
	is_taken = calloc((size_t)limit + count + 1, sizeof *is_taken);
	if (is_taken == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ret_ids[i] = QUOIN_PLACE_NONE;
		if (base_ids[i] == QUOIN_PLACE_NONE || base_ids[i] < first || is_taken[base_ids[i]])
			continue;
		ret_ids[i] = base_ids[i];
		is_taken[base_ids[i]] = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (ret_ids[i] != QUOIN_PLACE_NONE)
			continue;
		while (is_taken[next])
			next++;
		is_taken[next] = true;
		ret_ids[i] = next;
		limit = next >= limit ? next + 1 : limit;
	}
	free(is_taken);
	*ret_id_count = limit;
	return 0;
}

int
quoin_image_put_names(struct quoin_buf *out, const struct quoin_name *names, size_t count, uint32_t *ret_offset)
{
	uint32_t slots = 4, hash, at, *words;
	int rc;

	while (slots < 2 * count)
		slots *= 2;
	words = calloc(2 + 2 * (size_t)slots, 4);
	if (words == NULL)
		return out->error = QUOIN_ENOMEM;
	words[0] = slots;
	words[1] = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		hash = quoin_image_hash(names[i].name.data, names[i].name.len);
		for (at = hash & (slots - 1); words[2 + 2 * at + 1] != 0; at = (at + 1) & (slots - 1))
			;
		words[2 + 2 * at] = hash;
		words[2 + 2 * at + 1] = names[i].id + 1;
	}
	rc = quoin_image_put_block(out, quoin_span_of(words, 8 + 8 * (size_t)slots), ret_offset);
	free(words);
	return rc;
}

void
quoin_image_finish(struct quoin_buf *out, const char magic[8], uint32_t version, const uint32_t *fields)
{
	uint64_t bytes = out->len;

	QUOIN_ASSERT(out->error == 0 && out->len >= QUOIN_IMAGE_HEADER_BYTES);
	memcpy(out->data, magic, 8);
	memcpy(out->data + 8, &version, sizeof version);
	memcpy(out->data + 16, &bytes, sizeof bytes);
	memcpy(out->data + 24, fields, 4 * QUOIN_IMAGE_FIELDS);
}

/* ---- Verifying ---- */

static int
check_segments(const struct quoin_image *image, struct quoin_error *err)
{
	if (image->count == 0 || image->count > QUOIN_SEGMENTS_MAX)
		return quoin_error_set(err, QUOIN_ECORRUPT, "the part has %zu segments", image->count);
	for (size_t i = 0; i < image->count; i++) {
		const struct quoin_span *segment = &image->segments[i];
		bool is_last = i + 1 == image->count;

		if ((uintptr_t)segment->data % 16 != 0 || segment->len == 0 || segment->len > QUOIN_SEGMENT_BYTES_MAX ||
		    (!is_last && segment->len != QUOIN_SEGMENT_BYTES_MAX))
			return quoin_error_set(err, QUOIN_ECORRUPT, "segment %zu has a wrong place or length", i);
	}
	return 0;
}

int
quoin_image_check_header(const struct quoin_image *image, const char magic[8], uint32_t version,
    struct quoin_error *err)
{
	const uint8_t *data;
	int rc = check_segments(image, err);

	if (rc != 0)
		return rc;
	data = image->segments[0].data;
	if (image->segments[0].len < QUOIN_IMAGE_HEADER_BYTES || memcmp(data, magic, 8) != 0)
		return quoin_error_set(err, QUOIN_ECORRUPT, "the part is not an image of its kind (%.8s)", magic);
	if (quoin_load_u32(data + 8) != version)
		return quoin_error_set(err, QUOIN_EVERSION, "the part has version %u of its format; this program reads %u",
		    quoin_load_u32(data + 8), version);
	if (quoin_load_u32(data + 12) != 0 || quoin_load_u64(data + 16) != quoin_image_bytes(image))
		return quoin_error_set(err, QUOIN_ECORRUPT, "the part's length differs from its header");
	return 0;
}

const uint8_t *
quoin_image_block(const struct quoin_image *image, uint32_t offset, uint64_t bytes)
{
	size_t segment = offset >> 24;
	uint32_t at = offset & SEGMENT_MASK;

	if ((offset + QUOIN_IMAGE_BIAS) % BLOCK_ALIGN != 0 || offset < QUOIN_IMAGE_HEADER_BYTES)
		return NULL;
	if (segment >= image->count || at > image->segments[segment].len || bytes > image->segments[segment].len - at)
		return NULL;
	return image->segments[segment].data + at;
}

bool
quoin_image_check_places(const struct quoin_image *image, uint32_t offset, uint32_t id_count, uint32_t least,
    struct quoin_places *ret)
{
	uint64_t group_count = ((uint64_t)id_count + QUOIN_PLACE_GROUP - 1) / QUOIN_PLACE_GROUP;
	const uint8_t *block = quoin_image_block(image, offset, (group_count + id_count) * 4);
	struct quoin_places places;
	uint64_t place;

	if (block == NULL)
		return false;
	places.bases = (const uint32_t *)(const void *)block;
	places.distances = places.bases + group_count;
	places.id_count = id_count;
	for (uint32_t id = 0; id < id_count; id++) {
		if (places.distances[id] == QUOIN_PLACE_NONE)
			continue;
		place = (uint64_t)places.bases[id / QUOIN_PLACE_GROUP] + places.distances[id];
		if (place >= QUOIN_PART_BYTES_MAX || quoin_image_block(image, (uint32_t)place, least) == NULL)
			return false;
	}
	*ret = places;
	return true;
}

const uint8_t *
quoin_image_check_names(const struct quoin_image *image, uint32_t offset)
{
	const uint8_t *block = quoin_image_block(image, offset, 8);
	uint32_t slots, used, seen = 0;

	if (block == NULL)
		return NULL;
	slots = quoin_load_u32(block);
	used = quoin_load_u32(block + 4);
	if (slots < 2 || (slots & (slots - 1)) != 0 || slots > 1u << 20 || used > slots / 2 ||
	    quoin_image_block(image, offset, 8 + 8 * (uint64_t)slots) == NULL)
		return NULL;
	for (uint32_t i = 0; i < slots; i++)
		seen += quoin_load_u32(block + 8 + 8 * (size_t)i + 4) != 0;
	return seen == used ? block : NULL;
}

bool
quoin_block_has_text(const uint8_t *block, uint32_t block_bytes, uint32_t at, uint32_t len)
{
	if (at >= block_bytes || len >= block_bytes - at)
		return false;
	return block[at + len] == 0 && (len == 0 || memchr(block + at, 0, len) == NULL);
}

bool
quoin_block_has_array(uint32_t block_bytes, uint32_t at, uint64_t count, uint32_t size, uint32_t align)
{
	return at % align == 0 && at <= block_bytes && count <= (block_bytes - at) / size;
}

uint32_t
quoin_places_count(const struct quoin_places *places)
{
	uint32_t count = 0;

	for (uint32_t id = 0; id < places->id_count; id++)
		count += places->distances[id] != QUOIN_PLACE_NONE;
	return count;
}

int
quoin_block_bad(const struct quoin_block_look *look, const char *what)
{
	return quoin_error_set(look->err, QUOIN_ECORRUPT, "%s part: %s %u: %s", look->part, look->kind, look->id, what);
}

int
quoin_block_enter(struct quoin_block_look *look, const char *kind, const struct quoin_places *places, uint32_t id,
    uint32_t least)
{
	const uint32_t place = quoin_places_get(places, id);

	look->kind = kind;
	look->id = id;
	if (place == QUOIN_PLACE_NONE)
		return 0;
	look->block = quoin_image_at(look->image, place);
	look->bytes = quoin_load_u32(look->block);
	if (look->bytes < least || quoin_image_block(look->image, place, look->bytes) == NULL)
		return quoin_block_bad(look, "the block is longer than its segment");
	if (quoin_load_u32(look->block + 4) != id)
		return quoin_block_bad(look, "the block says another id");
	return 1;
}

bool
quoin_block_find_text(const struct quoin_block_look *look, uint32_t at, struct quoin_span *ret)
{
	const uint8_t *end = at >= look->bytes ? NULL : memchr(look->block + at, 0, look->bytes - at);

	if (end == NULL)
		return false;
	*ret = quoin_span_of(look->block + at, (size_t)(end - look->block) - at);
	return quoin_utf8_is_valid(*ret);
}
