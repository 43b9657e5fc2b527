#include "publisher/dev_keep.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/release.h"
#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/cursor.h"
#include "lib/file.h"
#include "lib/text.h"

#define TIMEOUT_MS   15000
#define RECORD_BYTES (16u << 20)
#define FILE_BYTES   (64u << 20)
/* What the broker's log needs beside what is in a record: batch header, lengths, time. */
#define OVERHEAD_BYTES 128
/* Delay of what dev tells; nobody waits for it. */
#define FETCH_WAIT_MS  "20"
#define SETTLE_POLL_MS 10

/* ---- One record as bytes: u32le key bytes, key, u32le value bytes, value, u32le headers, each two such strings ---- */

static void
put_string(struct quoin_buf *out, struct quoin_span string)
{
	(void)quoin_buf_put_u32le(out, (uint32_t)string.len);
	(void)quoin_buf_put_span(out, string);
}

static int
encode(const struct quoin_bus_record *record, struct quoin_buf *out)
{
	put_string(out, record->key);
	put_string(out, record->value);
	(void)quoin_buf_put_u32le(out, (uint32_t)record->header_count);
	for (size_t i = 0; i < record->header_count; i++) {
		put_string(out, quoin_span_str(record->headers[i].name));
		/* The NUL lets the decoded name be used in place. */
		(void)quoin_buf_put_byte(out, 0);
		put_string(out, record->headers[i].value);
	}
	return out->error;
}

static struct quoin_span
take_string(struct quoin_cursor *cursor)
{
	return quoin_cursor_bytes(cursor, quoin_cursor_u32le(cursor));
}

/* Borrows from "cursor"'s bytes. */
static int
decode(struct quoin_cursor *cursor, struct quoin_bus_record *ret)
{
	uint32_t headers;

	memset(ret, 0, sizeof *ret);
	ret->key = take_string(cursor);
	ret->value = take_string(cursor);
	headers = quoin_cursor_u32le(cursor);
	if (headers > QUOIN_BUS_HEADERS_MAX)
		return QUOIN_ECORRUPT;
	for (uint32_t i = 0; i < headers; i++) {
		struct quoin_span name = take_string(cursor);

		if (quoin_cursor_u8(cursor) != 0)
			return QUOIN_ECORRUPT;
		ret->headers[i].name = (const char *)name.data;
		ret->headers[i].value = take_string(cursor);
	}
	ret->header_count = headers;
	return cursor->failed ? QUOIN_ECORRUPT : 0;
}

static void
decode_own(const struct quoin_dev_record *record, struct quoin_bus_record *ret)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, quoin_buf_span(&record->bytes));
	(void)decode(&cursor, ret);
}

static struct quoin_span
key_of(const struct quoin_dev_record *record)
{
	struct quoin_cursor cursor;

	quoin_cursor_init(&cursor, quoin_buf_span(&record->bytes));
	return take_string(&cursor);
}

/* ---- Remembering ---- */

static struct quoin_dev_record *
find(struct quoin_dev_topic *topic, struct quoin_span key)
{
	for (size_t i = topic->count; i-- > 0;)
		if (quoin_span_equal(key_of(&topic->records[i]), key))
			return &topic->records[i];
	return NULL;
}

static void
forget(struct quoin_dev_topic *topic, struct quoin_dev_record *record)
{
	quoin_buf_clear(&record->bytes);
	*record = topic->records[--topic->count];
}

static struct quoin_dev_record *
add(struct quoin_dev_topic *topic)
{
	if (topic->count == topic->capacity) {
		size_t capacity = topic->capacity != 0 ? topic->capacity * 2 : 64;
		struct quoin_dev_record *records = realloc(topic->records, capacity * sizeof *records);

		if (records == NULL)
			return NULL;
		topic->records = records;
		topic->capacity = capacity;
	}
	QUOIN_ASSERT(topic->records != NULL);
	memset(&topic->records[topic->count], 0, sizeof topic->records[0]);
	quoin_buf_init(&topic->records[topic->count].bytes, RECORD_BYTES);
	return &topic->records[topic->count++];
}

static bool
has_prefix(struct quoin_span key, const char *prefix)
{
	size_t bytes = strlen(prefix);

	return key.len > bytes && memcmp(key.data, prefix, bytes) == 0;
}

/* The number behind "release/"; 0 for any other key. */
static uint64_t
release_number(struct quoin_span key)
{
	uint64_t number = 0;

	if (has_prefix(key, "release/"))
		(void)quoin_u64_parse(quoin_span_of(key.data + 8, key.len - 8), &number);
	return number;
}

/* What dev itself looks at. Nothing is verified here: it is told to people, and put again as it was. */
static bool
look(struct quoin_dev_keep *keep, enum quoin_topic topic, const struct quoin_bus_record *record)
{
	struct quoin_activation activation = {0};
	uint64_t number = topic == QUOIN_TOPIC_CONTROL ? release_number(record->key) : 0;

	if (number > keep->head)
		keep->head = number;
	if (topic != QUOIN_TOPIC_GATE)
		return false;
	if (quoin_span_equal_str(record->key, "heartbeat"))
		keep->has_heartbeat = true;
	if (!has_prefix(record->key, "activation/") ||
	    quoin_activation_parse(record->value, &activation, NULL) != 0)
		return false;
	if (keep->has_activation && (activation.epoch < keep->activation.epoch ||
	    (activation.epoch == keep->activation.epoch && activation.seq <= keep->activation.seq))) {
		quoin_activation_clear(&activation);
		return false;
	}
	quoin_activation_clear(&keep->activation);
	keep->activation = activation;
	keep->has_activation = true;
	return true;
}

static int
take(struct quoin_dev_keep *keep, const struct quoin_bus_record *record, bool *ret_changed, struct quoin_error *err)
{
	struct quoin_dev_record *known;
	enum quoin_topic at = 0;

	while (at < QUOIN_TOPICS && strcmp(keep->topics[at].name, record->topic) != 0)
		at++;
	if (at == QUOIN_TOPICS || record->headers_cut)
		return 0;
	struct quoin_dev_topic *topic = &keep->topics[at];

	topic->next_offset = record->offset + 1;
	known = find(topic, record->key);
	if (record->is_tombstone) {
		if (known != NULL)
			forget(topic, known);
		return 0;
	}
	if (known == NULL) {
		known = add(topic);
		if (known == NULL)
			return quoin_error_set(err, QUOIN_ENOMEM, "no memory for a record");
		known->for_release = keep->head + 1;
	}
	quoin_buf_reset(&known->bytes);
	if (encode(record, &known->bytes) != 0)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory for a record");
	topic->taken_bytes += known->bytes.len + OVERHEAD_BYTES;
	topic->taken_count++;
	known->at_bytes = topic->taken_bytes;
	known->at_count = topic->taken_count;
	*ret_changed |= look(keep, at, record);
	return 0;
}

/* ---- What is live ---- */

static bool
release_is_live(const struct quoin_dev_keep *keep, uint64_t number)
{
	return number == keep->head ||
	    (keep->has_activation && (quoin_activation_live(&keep->activation, number) != NULL ||
	    number == keep->activation.from || number == keep->activation.target));
}

static void
mark(struct quoin_dev_record *record, size_t *room)
{
	size_t bytes = record->bytes.len + OVERHEAD_BYTES;

	if (record->is_live || bytes > *room)
		return;
	record->is_live = true;
	*room -= bytes;
}

/* The chunks of the content that a release names: their keys begin with its hash. */
static void
mark_chunks(struct quoin_dev_keep *keep, struct quoin_span document, size_t *room)
{
	struct quoin_dev_topic *blobs = &keep->topics[QUOIN_TOPIC_BLOBS];
	struct quoin_release release = {0};
	char hash[QUOIN_HASH_HEX_BYTES + 1];

	if (quoin_release_parse(document, &release, NULL) != 0)
		return;
	for (size_t part = 0; part < release.part_count; part++) {
		quoin_hash_print(&release.parts[part].hash, hash);
		for (size_t i = 0; i < blobs->count; i++)
			if (has_prefix(key_of(&blobs->records[i]), hash))
				mark(&blobs->records[i], room);
	}
	quoin_release_clear(&release);
}

/* The live release with the highest number below "below"; NULL if there is none. */
static const struct quoin_dev_record *
next_release(const struct quoin_dev_keep *keep, uint64_t below, uint64_t *ret_number)
{
	const struct quoin_dev_topic *control = &keep->topics[QUOIN_TOPIC_CONTROL];
	const struct quoin_dev_record *found = NULL;

	*ret_number = 0;
	for (size_t i = 0; i < control->count; i++) {
		uint64_t number = release_number(key_of(&control->records[i]));

		if (number > *ret_number && number < below && release_is_live(keep, number)) {
			*ret_number = number;
			found = &control->records[i];
		}
	}
	return found;
}

/* All of them, but of the activations only the newest. */
static bool
is_live_document(const struct quoin_dev_keep *keep, enum quoin_topic topic, struct quoin_span key)
{
	char newest[32];

	if (topic != QUOIN_TOPIC_GATE || !has_prefix(key, "activation/"))
		return true;
	snprintf(newest, sizeof newest, "activation/%llu", (unsigned long long)keep->activation.seq);
	return quoin_span_equal_str(key, newest);
}

/* Say of every record of the topic whether it is live. */
static void
mark_live(struct quoin_dev_keep *keep, enum quoin_topic at)
{
	struct quoin_dev_topic *topic = &keep->topics[at];
	size_t room = QUOIN_DEV_KEEP_LIVE_BYTES;
	uint64_t number = UINT64_MAX;
	const struct quoin_dev_record *release;

	for (size_t i = 0; i < topic->count; i++) {
		topic->records[i].is_live = false;
		if (quoin_span_equal_str(key_of(&topic->records[i]), "incarnation"))
			mark(&topic->records[i], &room);
	}
	for (size_t i = 0; at == QUOIN_TOPIC_BLOBS && i < topic->count; i++)
		if (topic->records[i].for_release > keep->head)
			mark(&topic->records[i], &room);
	while (at == QUOIN_TOPIC_BLOBS && (release = next_release(keep, number, &number)) != NULL) {
		struct quoin_bus_record record;

		decode_own(release, &record);
		mark_chunks(keep, record.value, &room);
	}
	for (size_t i = topic->count; at != QUOIN_TOPIC_BLOBS && i-- > 0;)
		if (is_live_document(keep, at, key_of(&topic->records[i])))
			mark(&topic->records[i], &room);
}

/* ---- Putting again ---- */

static int
put(struct quoin_dev_keep *keep, const struct quoin_dev_topic *topic, const struct quoin_dev_record *kept,
    struct quoin_error *err)
{
	struct quoin_bus_record record;

	decode_own(kept, &record);
	record.topic = topic->name;
	return quoin_bus_writer_put(keep->writer, &record, NULL, err);
}

static bool
is_due(const struct quoin_dev_topic *topic, const struct quoin_dev_record *record)
{
	return topic->taken_bytes - record->at_bytes > QUOIN_DEV_KEEP_AGE_BYTES ||
	    topic->taken_count - record->at_count > QUOIN_DEV_KEEP_AGE_RECORDS;
}

/* What is put now comes back as a record, and is young again then. */
static int
put_due(struct quoin_dev_keep *keep, enum quoin_topic at, struct quoin_error *err)
{
	struct quoin_dev_topic *topic = &keep->topics[at];
	bool has_marks = false;
	int r = 0;

	for (size_t i = topic->count; r == 0 && i-- > 0;) {
		struct quoin_dev_record *record = &topic->records[i];

		if (!is_due(topic, record))
			continue;
		if (!has_marks)
			mark_live(keep, at);
		has_marks = true;
		if (!record->is_live) {
			forget(topic, record);
			continue;
		}
		record->at_bytes = topic->taken_bytes;
		record->at_count = topic->taken_count;
		keep->again++;
		r = put(keep, topic, record, err);
	}
	return r;
}

int
quoin_dev_keep_step(struct quoin_dev_keep *keep, bool *ret_changed, struct quoin_error *err)
{
	struct quoin_bus_event event;
	int r;

	*ret_changed = false;
	while ((r = quoin_bus_reader_next(keep->reader, 0, &event)) > 0) {
		int taken = 0;

		if (event.kind == QUOIN_BUS_RECORD)
			taken = take(keep, &event.record, ret_changed, err);
		else if (event.kind == QUOIN_BUS_LOST)
			taken = quoin_bus_reader_assign(keep->reader, event.topic, 0, err);
		quoin_bus_event_clear(&event);
		if (taken != 0)
			return taken;
	}
	for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++)
		r = put_due(keep, (enum quoin_topic)i, err);
	quoin_bus_writer_poll(keep->writer);
	return r;
}

int
quoin_dev_keep_settle(struct quoin_dev_keep *keep, int64_t timeout_ms, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	bool changed, is_settled = false;
	int r = 0;

	while (r == 0 && !is_settled && quoin_clock_mono_ms() < deadline_ms) {
		struct pollfd fd = {.fd = quoin_dev_keep_fd(keep), .events = POLLIN};

		r = quoin_dev_keep_step(keep, &changed, err);
		is_settled = true;
		for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++) {
			int64_t first, end;

			r = quoin_bus_reader_range(keep->reader, keep->topics[i].name, (int)timeout_ms, &first, &end, err);
			is_settled &= r == 0 && keep->topics[i].next_offset >= end;
		}
		if (r == 0 && !is_settled)
			(void)poll(&fd, 1, SETTLE_POLL_MS);
	}
	return r;
}

int
quoin_dev_keep_fd(const struct quoin_dev_keep *keep)
{
	return quoin_bus_reader_fd(keep->reader);
}

bool
quoin_dev_keep_has_host(const struct quoin_dev_keep *keep, const char *host)
{
	const struct quoin_dev_topic *topic = &keep->topics[QUOIN_TOPIC_STATUS];

	for (size_t i = 0; i < topic->count; i++) {
		struct quoin_span key = key_of(&topic->records[i]);

		if (has_prefix(key, "status/") && quoin_span_equal_str(quoin_span_of(key.data + 7, key.len - 7), host))
			return true;
	}
	return false;
}

/* ---- From one start to the next ---- */

/* Statuses and heartbeats are made anew by those who live; incarnations must be. */
static bool
outlives(const struct quoin_dev_record *record, enum quoin_topic topic)
{
	return record->is_live && topic != QUOIN_TOPIC_STATUS &&
	    !quoin_span_equal_str(key_of(record), "incarnation") && !quoin_span_equal_str(key_of(record), "heartbeat");
}

static int
topic_file(const struct quoin_dev_keep *keep, enum quoin_topic topic, char out[QUOIN_PATH_BYTES_MAX],
    struct quoin_error *err)
{
	if (quoin_path_join(keep->dir, quoin_topic_word(topic), out, QUOIN_PATH_BYTES_MAX) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", keep->dir);
	return 0;
}

int
quoin_dev_keep_save(struct quoin_dev_keep *keep, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX];
	struct quoin_buf text;
	int r = 0;

	if (keep->dir[0] == '\0')
		return 0;
	quoin_buf_init(&text, FILE_BYTES);
	for (unsigned at = 0; r == 0 && at < QUOIN_TOPICS; at++) {
		const struct quoin_dev_topic *topic = &keep->topics[at];

		quoin_buf_reset(&text);
		mark_live(keep, (enum quoin_topic)at);
		for (size_t i = 0; i < topic->count; i++)
			if (outlives(&topic->records[i], (enum quoin_topic)at))
				(void)quoin_buf_put_span(&text, quoin_buf_span(&topic->records[i].bytes));
		r = topic_file(keep, (enum quoin_topic)at, path, err);
		if (r == 0 && text.error != 0)
			r = quoin_error_set(err, text.error, "cannot keep the topic %s", topic->name);
		if (r == 0)
			r = quoin_file_replace(path, quoin_buf_span(&text), 0644, err);
	}
	quoin_buf_clear(&text);
	return r;
}

static int
restore_topic(struct quoin_dev_keep *keep, enum quoin_topic at, const char *path, struct quoin_error *err)
{
	struct quoin_bus_record record;
	struct quoin_cursor cursor;
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, FILE_BYTES);
	r = quoin_file_read(path, &text, err);
	quoin_cursor_init(&cursor, quoin_buf_span(&text));
	while (r == 0 && !quoin_cursor_is_done(&cursor)) {
		if (decode(&cursor, &record) != 0) {
			r = quoin_error_set(err, QUOIN_ECORRUPT, "%s is damaged; begin anew with another --state", path);
			break;
		}
		record.topic = keep->topics[at].name;
		r = quoin_bus_writer_put(keep->writer, &record, NULL, err);
	}
	if (r == 0)
		r = quoin_bus_writer_flush(keep->writer, TIMEOUT_MS, err);
	quoin_buf_clear(&text);
	return r;
}

int
quoin_dev_keep_restore(struct quoin_dev_keep *keep, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX];
	int r = 0;

	for (unsigned at = 0; r == 0 && keep->dir[0] != '\0' && at < QUOIN_TOPICS; at++) {
		r = topic_file(keep, (enum quoin_topic)at, path, err);
		if (r == 0 && quoin_file_exists(path))
			r = restore_topic(keep, (enum quoin_topic)at, path, err);
	}
	return r;
}

/* ---- Life ---- */

int
quoin_dev_keep_open(struct quoin_dev_keep *keep, const struct quoin_conf *conf, const char *dir,
    struct quoin_error *err)
{
	struct quoin_bus_property properties[QUOIN_PROPERTIES_MAX];
	struct quoin_bus_conf bus = {properties, conf->property_count, "quoin-dev"};
	int r = 0;

	memset(keep, 0, sizeof *keep);
	for (size_t i = 0; i < conf->property_count; i++) {
		properties[i] = conf->properties[i];
		if (strcmp(properties[i].name, "fetch.wait.max.ms") == 0)
			properties[i].value = FETCH_WAIT_MS;
	}
	if (dir != NULL) {
		snprintf(keep->dir, sizeof keep->dir, "%s", dir);
		r = quoin_dir_make(dir, 0700, err);
	}
	if (r == 0)
		r = quoin_bus_reader_open(&bus, &keep->reader, err);
	if (r == 0)
		r = quoin_bus_writer_open(&bus, NULL, &keep->writer, err);
	for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++) {
		quoin_topic_name(conf->namespace_name, (enum quoin_topic)i, keep->topics[i].name);
		r = quoin_bus_reader_assign(keep->reader, keep->topics[i].name, 0, err);
	}
	return r;
}

void
quoin_dev_keep_close(struct quoin_dev_keep *keep)
{
	quoin_bus_reader_close(keep->reader);
	quoin_bus_writer_close(keep->writer);
	for (unsigned i = 0; i < QUOIN_TOPICS; i++) {
		for (size_t k = 0; k < keep->topics[i].count; k++)
			quoin_buf_clear(&keep->topics[i].records[k].bytes);
		free(keep->topics[i].records);
	}
	quoin_activation_clear(&keep->activation);
	memset(keep, 0, sizeof *keep);
}
