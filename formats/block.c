#include "formats/block.h"

#include <stdlib.h>
#include <string.h>

#include "formats/image.h"
#include "lib/assert.h"

void
quoin_block_maker_init(struct block_maker *maker)
{
	memset(maker, 0, sizeof *maker);
	quoin_buf_init(&maker->front, QUOIN_SEGMENT_BYTES_MAX);
	quoin_buf_init(&maker->texts, QUOIN_SEGMENT_BYTES_MAX);
}

void
quoin_block_maker_clear(struct block_maker *maker)
{
	quoin_buf_clear(&maker->front);
	quoin_buf_clear(&maker->texts);
	free(maker->patches);
	free(maker->known);
	memset(maker, 0, sizeof *maker);
}

void
quoin_block_maker_reset(struct block_maker *maker)
{
	quoin_buf_reset(&maker->front);
	quoin_buf_reset(&maker->texts);
	maker->patch_count = 0;
	if (maker->known_count > 0)
		memset(maker->known, 0, maker->known_slots * sizeof *maker->known);
	maker->known_count = 0;
}

uint32_t
quoin_block_maker_put(struct block_maker *maker, const void *data, size_t bytes, size_t align)
{
	uint32_t at;

	quoin_buf_put_zeros(&maker->front, (align - maker->front.len % align) % align);
	at = (uint32_t)maker->front.len;
	if (data == NULL)
		quoin_buf_put_zeros(&maker->front, bytes);
	else
		quoin_buf_put(&maker->front, data, bytes);
	return at;
}

/* Keep the table at most half full. */
static bool
grow_known(struct block_maker *maker)
{
	size_t slots = maker->known_slots == 0 ? 64 : maker->known_slots * 2, place;
	struct block_text *known;

	if (2 * (maker->known_count + 1) <= maker->known_slots)
		return true;
	known = calloc(slots, sizeof *known);
	if (known == NULL)
		return false;
	for (size_t i = 0; i < maker->known_slots; i++) {
		if (maker->known[i].at == 0)
			continue;
		for (place = maker->known[i].hash & (slots - 1); known[place].at != 0; place = (place + 1) & (slots - 1))
			;
		known[place] = maker->known[i];
	}
	free(maker->known);
	maker->known = known;
	maker->known_slots = slots;
	return true;
}

uint32_t
quoin_block_maker_text(struct block_maker *maker, struct quoin_span text)
{
	uint32_t hash = quoin_image_hash(text.data, text.len), at;
	struct block_text *known;
	size_t place;

	if (maker->is_out_of_memory || !grow_known(maker)) {
		maker->is_out_of_memory = true;
		return 0;
	}
	for (place = hash & (maker->known_slots - 1); maker->known[place].at != 0;
	     place = (place + 1) & (maker->known_slots - 1)) {
		known = &maker->known[place];
		if (known->hash == hash && known->len == text.len &&
		    (text.len == 0 || memcmp(maker->texts.data + known->at - 1, text.data, text.len) == 0))
			return known->at - 1;
	}
	at = (uint32_t)maker->texts.len;
	quoin_buf_put_span(&maker->texts, text);
	quoin_buf_put_byte(&maker->texts, 0);
	if (maker->texts.error == 0) {
		maker->known[place] = (struct block_text){hash, at + 1, (uint32_t)text.len};
		maker->known_count++;
	}
	return at;
}

uint32_t
quoin_block_maker_add_text(struct block_maker *maker, struct quoin_span text)
{
	const uint32_t at = (uint32_t)maker->texts.len;

	quoin_buf_put_span(&maker->texts, text);
	quoin_buf_put_byte(&maker->texts, 0);
	return at;
}

void
quoin_block_maker_align_texts(struct block_maker *maker, size_t align)
{
	quoin_buf_put_zeros(&maker->texts, (align - maker->texts.len % align) % align);
}

void
quoin_block_maker_refer(struct block_maker *maker, uint32_t field, uint32_t text)
{
	uint32_t *patches;

	if (maker->front.error != 0 || maker->is_out_of_memory)
		return;
	QUOIN_ASSERT(field % 4 == 0 && field + 4 <= maker->front.len);
	if (maker->patch_count == maker->patch_cap) {
		maker->patch_cap = maker->patch_cap == 0 ? 256 : maker->patch_cap * 2;
		patches = realloc(maker->patches, maker->patch_cap * sizeof *patches);
		if (patches == NULL) {
			maker->is_out_of_memory = true;
			return;
		}
		maker->patches = patches;
	}
	maker->patches[maker->patch_count++] = field;
	memcpy(maker->front.data + field, &text, sizeof text);
}

void *
quoin_block_maker_at(struct block_maker *maker, uint32_t at)
{
	/* After a failure writes go where they harm nobody. */
	static _Thread_local _Alignas(16) uint8_t nowhere[256];

	return maker->front.error != 0 ? nowhere : maker->front.data + at;
}

int
quoin_block_maker_finish(struct block_maker *maker, struct quoin_span *ret)
{
	uint32_t base, place, bytes;

	if (maker->is_out_of_memory)
		return QUOIN_ENOMEM;
	if (maker->texts.error != 0)
		return maker->texts.error;
	base = (uint32_t)maker->front.len;
	quoin_buf_put_span(&maker->front, quoin_buf_span(&maker->texts));
	if (maker->front.error != 0)
		return maker->front.error;
	for (size_t i = 0; i < maker->patch_count; i++) {
		memcpy(&place, maker->front.data + maker->patches[i], sizeof place);
		place += base;
		memcpy(maker->front.data + maker->patches[i], &place, sizeof place);
	}
	bytes = (uint32_t)maker->front.len;
	memcpy(maker->front.data, &bytes, sizeof bytes);
	*ret = quoin_buf_span(&maker->front);
	return 0;
}
