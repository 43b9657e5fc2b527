#include "subscriber/store_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/cursor.h"

/* ---- Keys ---- */

/* Numbers in keys are big-endian, so that LMDB's order is theirs. */
static void
put_be(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

void
quoin_store_document_key(enum quoin_store_kind kind, uint64_t number, struct quoin_store_key *ret)
{
	ret->bytes[0] = (uint8_t)kind;
	put_be(ret->bytes + 1, number, 8);
	ret->len = 9;
}

bool
quoin_store_document_key_parse(struct quoin_span key, enum quoin_store_kind *ret_kind, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (key.len != 9 || key.data[0] >= QUOIN_STORE_KINDS)
		return false;
	for (size_t i = 1; i < 9; i++)
		number = number << 8 | key.data[i];
	*ret_kind = (enum quoin_store_kind)key.data[0];
	*ret_number = number;
	return true;
}

void
quoin_store_segment_key(const struct quoin_hash *hash, size_t index, struct quoin_store_key *ret)
{
	memcpy(ret->bytes, hash->bytes, QUOIN_HASH_BYTES);
	put_be(ret->bytes + QUOIN_HASH_BYTES, index, 2);
	ret->len = QUOIN_STORE_KEY_BYTES;
}

struct quoin_span
quoin_store_key_span(const struct quoin_store_key *key)
{
	return quoin_span_of(key->bytes, key->len);
}

void
quoin_store_offset_key(enum quoin_topic topic, char out[QUOIN_STORE_OFFSET_KEY_BYTES])
{
	(void)snprintf(out, QUOIN_STORE_OFFSET_KEY_BYTES, "offset/%s", quoin_topic_word(topic));
}

/* ---- Pieces ---- */

static void
put_hash(struct quoin_buf *out, const struct quoin_hash *hash)
{
	(void)quoin_buf_put(out, hash->bytes, sizeof hash->bytes);
}

static void
get_bytes(struct quoin_cursor *cursor, uint8_t *out, size_t len)
{
	struct quoin_span bytes = quoin_cursor_bytes(cursor, len);

	if (bytes.len == len)
		memcpy(out, bytes.data, len);
}

static void
put_text(struct quoin_buf *out, const char *text)
{
	const size_t len = strlen(text);

	(void)quoin_buf_put_u16le(out, (uint16_t)len);
	(void)quoin_buf_put(out, text, len);
}

/* A text of at most "max" bytes without NULs into "out" (max + 1). */
static void
get_text(struct quoin_cursor *cursor, char *out, size_t max)
{
	const size_t len = quoin_cursor_u16le(cursor);
	struct quoin_span bytes;

	if (len > max) {
		cursor->failed = true;
		return;
	}
	bytes = quoin_cursor_bytes(cursor, len);
	if (bytes.len != len || (len > 0 && memchr(bytes.data, 0, len) != NULL)) {
		cursor->failed = true;
		return;
	}
	if (len > 0)
		memcpy(out, bytes.data, len);
	out[len] = '\0';
}

static void
put_docref(struct quoin_buf *out, const struct quoin_docref *ref)
{
	(void)quoin_buf_put_u64le(out, ref->number);
	put_hash(out, &ref->hash);
}

static void
get_docref(struct quoin_cursor *cursor, struct quoin_docref *ret)
{
	ret->number = quoin_cursor_u64le(cursor);
	get_bytes(cursor, ret->hash.bytes, sizeof ret->hash.bytes);
}

static void
put_position(struct quoin_buf *out, const struct quoin_position *position)
{
	(void)quoin_buf_put_u64le(out, position->epoch);
	(void)quoin_buf_put_u64le(out, position->seq);
	put_hash(out, &position->hash);
}

static void
get_position(struct quoin_cursor *cursor, struct quoin_position *ret)
{
	ret->epoch = quoin_cursor_u64le(cursor);
	ret->seq = quoin_cursor_u64le(cursor);
	get_bytes(cursor, ret->hash.bytes, sizeof ret->hash.bytes);
}

/* A count of things that must not exceed "max". */
static size_t
get_count(struct quoin_cursor *cursor, size_t max)
{
	const uint32_t count = quoin_cursor_u32le(cursor);

	if (count > max) {
		cursor->failed = true;
		return 0;
	}
	return count;
}

static int
finish(const struct quoin_cursor *cursor)
{
	return quoin_cursor_is_done(cursor) ? 0 : QUOIN_ECORRUPT;
}

/* ---- Records ---- */

void
quoin_store_format_encode(const struct quoin_store_format *format, struct quoin_buf *out)
{
	(void)quoin_buf_put_u32le(out, format->format);
	(void)quoin_buf_put(out, format->origin.system, sizeof format->origin.system);
	put_text(out, format->origin.name);
}

int
quoin_store_format_decode(struct quoin_span bytes, struct quoin_store_format *ret)
{
	struct quoin_cursor cursor;

	memset(ret, 0, sizeof *ret);
	quoin_cursor_init(&cursor, bytes);
	ret->format = quoin_cursor_u32le(&cursor);
	/* What another format has behind its number is not ours to judge. */
	if (!cursor.failed && ret->format != QUOIN_STORE_FORMAT)
		return 0;
	get_bytes(&cursor, ret->origin.system, sizeof ret->origin.system);
	get_text(&cursor, ret->origin.name, QUOIN_NAME_BYTES_MAX);
	return finish(&cursor);
}

void
quoin_store_active_encode(const struct quoin_store_active *active, struct quoin_buf *out)
{
	(void)quoin_buf_put_u64le(out, active->generation);
	put_docref(out, &active->release);
	put_position(out, &active->obeyed);
	(void)quoin_buf_put_u32le(out, (uint32_t)active->part_count);
	for (size_t i = 0; i < active->part_count; i++) {
		put_text(out, active->parts[i].name);
		put_text(out, active->parts[i].schema);
		(void)quoin_buf_put_u64le(out, active->parts[i].bytes);
		put_hash(out, &active->parts[i].hash);
	}
}

int
quoin_store_active_decode(struct quoin_span bytes, struct quoin_store_active *ret)
{
	struct quoin_cursor cursor;

	memset(ret, 0, sizeof *ret);
	quoin_cursor_init(&cursor, bytes);
	ret->generation = quoin_cursor_u64le(&cursor);
	get_docref(&cursor, &ret->release);
	get_position(&cursor, &ret->obeyed);
	ret->part_count = get_count(&cursor, QUOIN_PARTS_MAX);
	for (size_t i = 0; i < ret->part_count && !cursor.failed; i++) {
		get_text(&cursor, ret->parts[i].name, QUOIN_NAME_BYTES_MAX);
		get_text(&cursor, ret->parts[i].schema, QUOIN_NAME_BYTES_MAX);
		ret->parts[i].bytes = quoin_cursor_u64le(&cursor);
		get_bytes(&cursor, ret->parts[i].hash.bytes, QUOIN_HASH_BYTES);
	}
	return finish(&cursor);
}

static void
put_numbers(struct quoin_buf *out, const uint64_t *numbers, size_t count)
{
	(void)quoin_buf_put_u32le(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		(void)quoin_buf_put_u64le(out, numbers[i]);
}

static size_t
get_numbers(struct quoin_cursor *cursor, uint64_t *numbers, size_t max)
{
	const size_t count = get_count(cursor, max);

	for (size_t i = 0; i < count && !cursor->failed; i++)
		numbers[i] = quoin_cursor_u64le(cursor);
	return count;
}

void
quoin_store_ratchets_encode(const struct quoin_ratchets *ratchets, struct quoin_buf *out)
{
	(void)quoin_buf_put_u64le(out, ratchets->root_version);
	put_position(out, &ratchets->obeyed);
	(void)quoin_buf_put_u64le(out, ratchets->heartbeat);
	(void)quoin_buf_put_u64le(out, ratchets->status_number);
	(void)quoin_buf_put_u64le(out, ratchets->load_generation);
	(void)quoin_buf_put_u64le(out, ratchets->generation);
	(void)quoin_buf_put_u64le(out, ratchets->environment);
	(void)quoin_buf_put_u64le(out, ratchets->evidence);
	(void)quoin_buf_put_u64le(out, ratchets->intent);
	put_text(out, ratchets->boot);
	(void)quoin_buf_put_u64le(out, (uint64_t)ratchets->lease_boot_ms);
	(void)quoin_buf_put_u64le(out, (uint64_t)ratchets->lease_wall_ms);
	put_numbers(out, ratchets->ready, ratchets->ready_count);
	put_numbers(out, ratchets->revoked, ratchets->revoked_count);
	(void)quoin_buf_put_byte(out, ratchets->is_new ? 1 : 0);
}

int
quoin_store_ratchets_decode(struct quoin_span bytes, struct quoin_ratchets *ret)
{
	struct quoin_cursor cursor;
	uint8_t is_new;

	memset(ret, 0, sizeof *ret);
	quoin_cursor_init(&cursor, bytes);
	ret->root_version = quoin_cursor_u64le(&cursor);
	get_position(&cursor, &ret->obeyed);
	ret->heartbeat = quoin_cursor_u64le(&cursor);
	ret->status_number = quoin_cursor_u64le(&cursor);
	ret->load_generation = quoin_cursor_u64le(&cursor);
	ret->generation = quoin_cursor_u64le(&cursor);
	ret->environment = quoin_cursor_u64le(&cursor);
	ret->evidence = quoin_cursor_u64le(&cursor);
	ret->intent = quoin_cursor_u64le(&cursor);
	get_text(&cursor, ret->boot, QUOIN_BOOT_ID_BYTES);
	ret->lease_boot_ms = (int64_t)quoin_cursor_u64le(&cursor);
	ret->lease_wall_ms = (int64_t)quoin_cursor_u64le(&cursor);
	ret->ready_count = get_numbers(&cursor, ret->ready, QUOIN_STORE_READY_MAX);
	ret->revoked_count = get_numbers(&cursor, ret->revoked, QUOIN_HISTORY_MAX);
	is_new = quoin_cursor_u8(&cursor);
	ret->is_new = is_new == 1;
	return is_new > 1 ? QUOIN_ECORRUPT : finish(&cursor);
}

void
quoin_store_offset_encode(const struct quoin_store_offset *offset, struct quoin_buf *out)
{
	(void)quoin_buf_put_byte(out, offset->has_incarnation ? 1 : 0);
	(void)quoin_buf_put(out, offset->incarnation, sizeof offset->incarnation);
	(void)quoin_buf_put_u64le(out, (uint64_t)offset->next);
}

int
quoin_store_offset_decode(struct quoin_span bytes, struct quoin_store_offset *ret)
{
	struct quoin_cursor cursor;
	uint8_t has;

	memset(ret, 0, sizeof *ret);
	quoin_cursor_init(&cursor, bytes);
	has = quoin_cursor_u8(&cursor);
	get_bytes(&cursor, ret->incarnation, sizeof ret->incarnation);
	ret->next = (int64_t)quoin_cursor_u64le(&cursor);
	ret->has_incarnation = has == 1;
	return has > 1 || ret->next < 0 ? QUOIN_ECORRUPT : finish(&cursor);
}

void
quoin_store_fuses_encode(const struct quoin_fuse *fuses, size_t count, struct quoin_buf *out)
{
	(void)quoin_buf_put_u32le(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		put_docref(out, &fuses[i].release);
		(void)quoin_buf_put_byte(out, (uint8_t)fuses[i].state);
		(void)quoin_buf_put_u64le(out, fuses[i].attempts);
		put_text(out, fuses[i].boot);
		put_text(out, fuses[i].reason);
	}
}

int
quoin_store_fuses_decode(struct quoin_span bytes, struct quoin_fuse *ret, size_t *ret_count)
{
	struct quoin_cursor cursor;
	size_t count;

	quoin_cursor_init(&cursor, bytes);
	count = get_count(&cursor, QUOIN_STORE_FUSES_MAX);
	for (size_t i = 0; i < count && !cursor.failed; i++) {
		uint8_t state;

		memset(&ret[i], 0, sizeof ret[i]);
		get_docref(&cursor, &ret[i].release);
		state = quoin_cursor_u8(&cursor);
		if (state > QUOIN_FUSE_BLOWN)
			cursor.failed = true;
		else
			ret[i].state = (enum quoin_fuse_state)state;
		ret[i].attempts = quoin_cursor_u64le(&cursor);
		get_text(&cursor, ret[i].boot, QUOIN_BOOT_ID_BYTES);
		get_text(&cursor, ret[i].reason, QUOIN_REASON_BYTES_MAX);
	}
	*ret_count = count;
	return finish(&cursor);
}

void
quoin_store_models_encode(const struct quoin_agent_model_name *const *models, size_t count, struct quoin_buf *out)
{
	(void)quoin_buf_put_u32le(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		put_text(out, models[i]->name);
		put_text(out, models[i]->version);
		put_text(out, models[i]->digest);
		put_text(out, models[i]->uri);
	}
}

int
quoin_store_models_decode(struct quoin_span bytes, struct quoin_agent_model_name **ret, size_t *ret_count)
{
	struct quoin_agent_model_name *models = NULL;
	struct quoin_cursor cursor;
	size_t count;
	int r;

	*ret = NULL;
	*ret_count = 0;
	quoin_cursor_init(&cursor, bytes);
	count = get_count(&cursor, QUOIN_STORE_MODELS_MAX);
	/* Four lengths are the least that a model takes. */
	if (count > bytes.len / 8)
		return QUOIN_ECORRUPT;
	if (count > 0) {
		models = calloc(count, sizeof *models);
		if (models == NULL)
			return QUOIN_ENOMEM;
	}
	for (size_t i = 0; i < count && !cursor.failed; i++) {
		get_text(&cursor, models[i].name, sizeof models[i].name - 1);
		get_text(&cursor, models[i].version, sizeof models[i].version - 1);
		get_text(&cursor, models[i].digest, sizeof models[i].digest - 1);
		get_text(&cursor, models[i].uri, sizeof models[i].uri - 1);
	}
	r = finish(&cursor);
	if (r != 0) {
		free(models);
		return r;
	}
	*ret = models;
	*ret_count = count;
	return 0;
}

void
quoin_store_flips_encode(const struct quoin_store_flips *flips, struct quoin_buf *out)
{
	(void)quoin_buf_put_u32le(out, (uint32_t)flips->count);
	for (size_t i = 0; i < flips->count; i++) {
		(void)quoin_buf_put_u64le(out, flips->items[i].txn_id);
		(void)quoin_buf_put_u64le(out, flips->items[i].release);
	}
}

int
quoin_store_flips_decode(struct quoin_span bytes, struct quoin_store_flips *ret)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, bytes);
	ret->count = get_count(&cursor, QUOIN_STORE_FLIPS_MAX);
	for (size_t i = 0; i < ret->count && !cursor.failed; i++) {
		ret->items[i].txn_id = quoin_cursor_u64le(&cursor);
		ret->items[i].release = quoin_cursor_u64le(&cursor);
	}
	return finish(&cursor);
}

void
quoin_store_index_encode(const struct quoin_store_index *index, struct quoin_buf *out)
{
	(void)quoin_buf_put_u64le(out, index->bytes);
	(void)quoin_buf_put_u32le(out, index->segment_count);
}

int
quoin_store_index_decode(struct quoin_span bytes, struct quoin_store_index *ret)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, bytes);
	ret->bytes = quoin_cursor_u64le(&cursor);
	ret->segment_count = quoin_cursor_u32le(&cursor);
	if (ret->bytes > QUOIN_PART_BYTES_MAX || ret->segment_count != quoin_store_segment_count(ret->bytes))
		return QUOIN_ECORRUPT;
	return finish(&cursor);
}

uint32_t
quoin_store_segment_count(uint64_t bytes)
{
	QUOIN_ASSERT(bytes <= QUOIN_PART_BYTES_MAX);
	return (uint32_t)((bytes + QUOIN_SEGMENT_BYTES_MAX - 1) / QUOIN_SEGMENT_BYTES_MAX);
}

size_t
quoin_store_segment_bytes(uint64_t bytes, uint32_t index)
{
	const uint64_t left = bytes - (uint64_t)index * QUOIN_SEGMENT_BYTES_MAX;

	return left < QUOIN_SEGMENT_BYTES_MAX ? (size_t)left : QUOIN_SEGMENT_BYTES_MAX;
}

void
quoin_ratchets_merge(struct quoin_ratchets *into, const struct quoin_ratchets *other)
{
	into->root_version = quoin_store_later(into->root_version, other->root_version);
	if (quoin_position_compare(&other->obeyed, &into->obeyed) > 0)
		into->obeyed = other->obeyed;
	into->heartbeat = quoin_store_later(into->heartbeat, other->heartbeat);
	into->status_number = quoin_store_later(into->status_number, other->status_number);
	into->load_generation = quoin_store_later(into->load_generation, other->load_generation);
	into->generation = quoin_store_later(into->generation, other->generation);
	into->environment = quoin_store_later(into->environment, other->environment);
	into->evidence = quoin_store_later(into->evidence, other->evidence);
	into->intent = quoin_store_later(into->intent, other->intent);
	if (other->revoked_count > into->revoked_count) {
		memcpy(into->revoked, other->revoked, sizeof into->revoked);
		into->revoked_count = other->revoked_count;
	}
}
