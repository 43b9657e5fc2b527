/*
 * Random access to a compacted topic. A hint is tried, then the place that the time leads to, then one scan is made.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/bus_rdkafka.h"
#include "lib/clock.h"
#include "lib/crypto.h"

/* Where keys were seen. Beyond this many only the key asked for is followed, and a scan must be made again. */
#define INDEX_KEYS_MAX	  (1u << 18)
#define INDEX_SLOTS_FIRST 256u
/* Reading ahead pays from the third of consecutive records on, and skipping a few is cheaper than moving. */
#define STREAK_MIN	  3
#define SKIP_MAX	  8
/* Several records may carry the time that was asked for. */
#define TIME_RECORDS_MAX  8

struct slot {
	uint64_t digest[2]; /* of the key */
	int64_t place;	    /* offset + 1 of a record, negated for a tombstone; 0: a free slot */
};

struct quoin_bus_lookup {
	struct quoin_bus_reader *pick; /* reads what is asked for and nothing else */
	struct quoin_bus_reader *tail; /* reads ahead: scans and long runs */
	uint64_t scan_bytes_per_s;

	int64_t first, end; /* of the log, when it was last asked */
	int64_t tail_next;  /* the offset at which the reader ahead stands, or -1 */
	int64_t last_found;
	unsigned streak; /* of records found one right behind the other */

	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t key_count;
	bool index_overflowed;
	int64_t scan_next;
	bool has_scanned;

	uint64_t hint_count, time_count, scan_count, move_count;
	char topic[QUOIN_BUS_TOPIC_BYTES];
};

/* ---- The index ---- */

static void
digest_of(struct quoin_span key, uint64_t ret[2])
{
	struct quoin_hash hash;

	quoin_hash_of(key, &hash);
	memcpy(ret, hash.bytes, 2 * sizeof ret[0]);
}

/* The slot of a key, or the free one where it would go. The table is never full. */
static struct slot *
slot_of(struct slot *slots, size_t slot_count, const uint64_t digest[2])
{
	size_t i = (size_t)digest[0] & (slot_count - 1);

	while (slots[i].place != 0 && (slots[i].digest[0] != digest[0] || slots[i].digest[1] != digest[1]))
		i = (i + 1) & (slot_count - 1);
	return &slots[i];
}

static bool
grow_index(struct quoin_bus_lookup *lookup)
{
	size_t count = lookup->slot_count == 0 ? INDEX_SLOTS_FIRST : lookup->slot_count * 2;
	struct slot *slots;

	slots = calloc(count, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < lookup->slot_count; i++)
		if (lookup->slots[i].place != 0)
			*slot_of(slots, count, lookup->slots[i].digest) = lookup->slots[i];
	free(lookup->slots);
	lookup->slots = slots;
	lookup->slot_count = count;
	return true;
}

static int64_t
offset_of(int64_t place)
{
	return (place < 0 ? -place : place) - 1;
}

/* Records are not always seen in order; the later one counts. */
static void
remember(struct quoin_bus_lookup *lookup, const struct quoin_bus_record *record)
{
	int64_t place = record->is_tombstone ? -(record->offset + 1) : record->offset + 1;
	uint64_t digest[2];
	struct slot *slot;

	if (lookup->key_count * 2 >= lookup->slot_count &&
	    (lookup->slot_count >= 2 * (size_t)INDEX_KEYS_MAX || !grow_index(lookup))) {
		lookup->index_overflowed = true;
		return;
	}
	digest_of(record->key, digest);
	slot = slot_of(lookup->slots, lookup->slot_count, digest);
	if (slot->place == 0)
		lookup->key_count++;
	else if (offset_of(slot->place) >= record->offset)
		return;
	memcpy(slot->digest, digest, sizeof slot->digest);
	slot->place = place;
}

/* The place of a key; 0 if it was not seen. */
static int64_t
recall(const struct quoin_bus_lookup *lookup, struct quoin_span key)
{
	uint64_t digest[2];

	if (lookup->slot_count == 0)
		return 0;
	digest_of(key, digest);
	return slot_of(lookup->slots, lookup->slot_count, digest)->place;
}

/* ---- Open and close ---- */

int
quoin_bus_lookup_open(const struct quoin_bus_conf *conf, const char *topic, uint64_t scan_bytes_per_s,
    struct quoin_bus_lookup **ret, struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup;
	int r;

	if (strlen(topic) >= sizeof lookup->topic)
		return quoin_error_set(err, QUOIN_ELIMIT, "the topic's name is too long");
	lookup = calloc(1, sizeof *lookup);
	if (lookup == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	memcpy(lookup->topic, topic, strlen(topic) + 1);
	lookup->scan_bytes_per_s = scan_bytes_per_s;
	lookup->tail_next = lookup->last_found = -1;
	r = quoin_bus_reader_open_for(conf, QUOIN_BUS_PICK, &lookup->pick, err);
	if (r == 0)
		r = quoin_bus_reader_open_for(conf, QUOIN_BUS_TAIL, &lookup->tail, err);
	if (r != 0) {
		quoin_bus_lookup_close(lookup);
		return r;
	}
	*ret = lookup;
	return 0;
}

void
quoin_bus_lookup_close(struct quoin_bus_lookup *lookup)
{
	if (lookup == NULL)
		return;
	quoin_bus_reader_close(lookup->pick);
	quoin_bus_reader_close(lookup->tail);
	free(lookup->slots);
	free(lookup);
}

void
quoin_bus_lookup_counts(const struct quoin_bus_lookup *lookup, uint64_t *ret_hints, uint64_t *ret_times,
    uint64_t *ret_scans)
{
	*ret_hints = lookup->hint_count;
	*ret_times = lookup->time_count;
	*ret_scans = lookup->scan_count;
}

uint64_t
quoin_bus_lookup_moves(const struct quoin_bus_lookup *lookup)
{
	return lookup->move_count;
}

/* ---- Reading ---- */

/*
 * The next record of a reader. An end at "old_end" or before is one of then: the log goes on behind it. Returns 1 and the
 * record, 0 (none: the end, or the place is gone), QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE.
 */
static int
next_record(struct quoin_bus_lookup *lookup, struct quoin_bus_reader *reader, int64_t old_end, int64_t deadline_ms,
    struct quoin_bus_event *ret, struct quoin_error *err)
{
	char heard[sizeof ret->text] = "";
	bool is_down = false;
	int r, fault = 0;

	do {
		r = quoin_bus_reader_next(reader, quoin_bus_left_ms(deadline_ms), ret);
		if (r < 0)
			return quoin_error_set(err, r, "cannot read the topic %s", lookup->topic);
		if (r == 1 && ret->kind == QUOIN_BUS_RECORD) {
			remember(lookup, &ret->record);
			return 1;
		}
		if (r == 1 && ret->kind == QUOIN_BUS_FAULT) {
			is_down = is_down || ret->code == QUOIN_EUNREACHABLE;
			fault = ret->code;
			memcpy(heard, ret->text, sizeof heard);
		} else if (r == 1 && (ret->kind != QUOIN_BUS_END || ret->offset > old_end)) {
			quoin_bus_event_clear(ret);
			return 0;
		}
		quoin_bus_event_clear(ret);
	} while (quoin_bus_left_ms(deadline_ms) > 0);
	if (heard[0] == '\0')
		return quoin_error_set(err, QUOIN_ETIMEOUT, "the topic %s cannot be read now: nothing came in time",
		    lookup->topic);
	return quoin_error_set(err, is_down ? QUOIN_EUNREACHABLE : QUOIN_ETIMEOUT,
	    "the topic %s cannot be read now: %s (%.250s)", lookup->topic, quoin_bus_advice(fault), heard);
}

static void
leave_tail(struct quoin_bus_lookup *lookup)
{
	if (lookup->tail_next != -1)
		(void)quoin_bus_reader_unassign(lookup->tail, lookup->topic, NULL);
	lookup->tail_next = -1;
}

static int
move_tail(struct quoin_bus_lookup *lookup, int64_t offset, struct quoin_error *err)
{
	int r;

	lookup->move_count++;
	r = quoin_bus_reader_assign(lookup->tail, lookup->topic, offset, err);
	lookup->tail_next = r == 0 ? offset : -1;
	return r;
}

/*
 * The record at "offset", or the first one behind it, from the reader that reads ahead; the log is known to reach beyond it.
 * A reader that has stood at the end has told of that end, and the record comes behind it: to move would take as long as
 * the broker holds back the answer to what the reader asked last, half a second.
 */
static int
read_ahead(struct quoin_bus_lookup *lookup, int64_t offset, int64_t deadline_ms, struct quoin_bus_event *ret,
    struct quoin_error *err)
{
	int r;

	for (;;) {
		r = next_record(lookup, lookup->tail, offset, deadline_ms, ret, err);
		if (r != 1) {
			leave_tail(lookup);
			return r;
		}
		lookup->tail_next = ret->offset + 1;
		if (ret->offset >= offset)
			return 1;
		quoin_bus_event_clear(ret);
	}
}

/* The same by whichever reader is right for it. */
static int
read_at(struct quoin_bus_lookup *lookup, int64_t offset, int64_t deadline_ms, struct quoin_bus_event *ret,
    struct quoin_error *err)
{
	int r;

	if (lookup->tail_next != -1 && offset >= lookup->tail_next && offset - lookup->tail_next <= SKIP_MAX) {
		r = read_ahead(lookup, offset, deadline_ms, ret, err);
		/* Nothing is there for it: the place is gone. */
		if (r != 0)
			return r;
	}
	if (lookup->streak >= STREAK_MIN && offset == lookup->last_found + 1) {
		r = move_tail(lookup, offset, err);
		return r != 0 ? r : read_ahead(lookup, offset, deadline_ms, ret, err);
	}
	leave_tail(lookup);
	r = quoin_bus_reader_assign(lookup->pick, lookup->topic, offset, err);
	if (r != 0)
		return r;
	r = next_record(lookup, lookup->pick, -1, deadline_ms, ret, err);
	/* Nothing more is fetched. */
	(void)quoin_bus_reader_unassign(lookup->pick, lookup->topic, NULL);
	return r;
}

static bool
is_wanted(const struct quoin_bus_event *event, struct quoin_span key)
{
	return !event->record.is_tombstone && quoin_span_equal(event->record.key, key);
}

/* Try one place. Returns 1 (it is there, in *ret), 0, or a negative code. */
static int
try_offset(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t offset, int64_t deadline_ms,
    struct quoin_bus_event *ret, struct quoin_error *err)
{
	int r;

	/* Reading outside the log takes seconds to be denied for certain. Mostly what is wanted was just written. */
	if (lookup->end > 0 && offset >= lookup->end) {
		r = quoin_bus_reader_end(lookup->pick, lookup->topic, quoin_bus_left_ms(deadline_ms), &lookup->end, err);
		if (r != 0)
			return r;
	}
	if (offset < lookup->first || offset >= lookup->end) {
		r = quoin_bus_reader_range(lookup->pick, lookup->topic, quoin_bus_left_ms(deadline_ms), &lookup->first,
		    &lookup->end, err);
		if (r != 0)
			return r;
		if (offset < lookup->first || offset >= lookup->end)
			return 0;
	}
	r = read_at(lookup, offset, deadline_ms, ret, err);
	if (r != 1)
		return r;
	if (is_wanted(ret, key))
		return 1;
	quoin_bus_event_clear(ret);
	return 0;
}

static int
try_time(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t wall_ms, int64_t deadline_ms,
    struct quoin_bus_event *ret, struct quoin_error *err)
{
	int64_t offset = 0;
	bool is_later = false;
	int r;

	r = quoin_bus_reader_offset_at(lookup->pick, lookup->topic, wall_ms, quoin_bus_left_ms(deadline_ms), &offset,
	    err);
	if (r != 0)
		return r;
	for (int i = 0; i < TIME_RECORDS_MAX && offset < lookup->end && !is_later; i++) {
		r = read_at(lookup, offset, deadline_ms, ret, err);
		if (r != 1 || is_wanted(ret, key))
			return r;
		offset = ret->offset + 1;
		is_later = ret->record.timestamp_ms > wall_ms;
		quoin_bus_event_clear(ret);
	}
	return 0;
}

/* ---- Scanning ---- */

/* Wait as long as the rate asks for what was read since "begin_ms". */
static void
keep_rate(const struct quoin_bus_lookup *lookup, uint64_t bytes, int64_t begin_ms, int64_t deadline_ms)
{
	int64_t ahead_ms;
	int left_ms = quoin_bus_left_ms(deadline_ms);

	if (lookup->scan_bytes_per_s == 0)
		return;
	ahead_ms =
	    (int64_t)((double)bytes * 1000.0 / (double)lookup->scan_bytes_per_s) - (quoin_clock_mono_ms() - begin_ms);
	if (ahead_ms > 0)
		(void)poll(NULL, 0, ahead_ms < left_ms ? (int)ahead_ms : left_ms);
}

/* Where the scan goes on. What a full index could not remember must be read again. */
static int
begin_scan(struct quoin_bus_lookup *lookup, int64_t deadline_ms, struct quoin_error *err)
{
	int r;

	if (lookup->index_overflowed) {
		lookup->has_scanned = false;
		lookup->scan_next = 0;
	}
	if (!lookup->has_scanned && lookup->scan_next == 0)
		lookup->scan_count++;
	r = quoin_bus_reader_range(lookup->pick, lookup->topic, quoin_bus_left_ms(deadline_ms), &lookup->first,
	    &lookup->end, err);
	if (r != 0)
		return r;
	if (lookup->scan_next < lookup->first)
		lookup->scan_next = lookup->first;
	return 0;
}

/*
 * Read from where the last scan stopped to the end; a scan that runs out of time goes on at the next call.
 * Returns 0 and the place of the key (0: not there).
 */
static int
scan(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t deadline_ms, int64_t *ret_place,
    struct quoin_error *err)
{
	int64_t begin_ms = quoin_clock_mono_ms(), place;
	struct quoin_bus_event event;
	uint64_t bytes = 0;
	int r;

	r = begin_scan(lookup, deadline_ms, err);
	if (r != 0)
		return r;
	place = recall(lookup, key);
	if (lookup->scan_next < lookup->end) {
		r = move_tail(lookup, lookup->scan_next, err);
		if (r != 0)
			return r;
	}
	while (lookup->scan_next < lookup->end) {
		r = next_record(lookup, lookup->tail, -1, deadline_ms, &event, err);
		if (r != 1)
			break;
		if (quoin_span_equal(event.record.key, key) && event.offset >= offset_of(place))
			place = event.record.is_tombstone ? -(event.offset + 1) : event.offset + 1;
		bytes += event.record.key.len + event.record.value.len;
		lookup->scan_next = event.offset + 1;
		quoin_bus_event_clear(&event);
		keep_rate(lookup, bytes, begin_ms, deadline_ms);
		/* Records that wait already would otherwise go by without regard to the rate. */
		if (lookup->scan_next < lookup->end && quoin_bus_left_ms(deadline_ms) == 0) {
			r = quoin_error_set(err, QUOIN_ETIMEOUT, "the topic %s is scanned up to %lld of %lld",
			    lookup->topic, (long long)lookup->scan_next, (long long)lookup->end);
			break;
		}
	}
	leave_tail(lookup);
	if (r < 0)
		return r;
	lookup->scan_next = lookup->end > lookup->scan_next ? lookup->end : lookup->scan_next;
	lookup->has_scanned = true;
	*ret_place = place;
	return 0;
}

/* ---- Getting ---- */

static int
find_record(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t hint_offset, int64_t hint_wall_ms,
    int64_t deadline_ms, struct quoin_bus_event *ret, struct quoin_error *err)
{
	int64_t place;
	int r = 0;

	if (hint_offset >= 0)
		r = try_offset(lookup, key, hint_offset, deadline_ms, ret, err);
	if (r != 0) {
		lookup->hint_count += r == 1;
		return r;
	}
	place = recall(lookup, key);
	if (place > 0 && offset_of(place) != hint_offset)
		r = try_offset(lookup, key, offset_of(place), deadline_ms, ret, err);
	if (r == 0 && place == 0 && hint_wall_ms > 0 && !lookup->has_scanned) {
		r = try_time(lookup, key, hint_wall_ms, deadline_ms, ret, err);
		lookup->time_count += r == 1;
	}
	/* A record that is compacted away between the scan and the reading has a successor further on. */
	for (int attempt = 0; attempt < 2 && r == 0; attempt++) {
		r = scan(lookup, key, deadline_ms, &place, err);
		if (r != 0)
			return r;
		if (place <= 0)
			break;
		r = try_offset(lookup, key, offset_of(place), deadline_ms, ret, err);
	}
	if (r == 0)
		return quoin_error_set(err, QUOIN_EMISSING, "the topic %s has no record with the key %.*s",
		    lookup->topic, (int)(key.len < 200 ? key.len : 200),
		    key.data != NULL ? (const char *)key.data : "");
	return r;
}

int
quoin_bus_lookup_get(struct quoin_bus_lookup *lookup, struct quoin_span key, int64_t hint_offset, int64_t hint_wall_ms,
    int timeout_ms, struct quoin_bus_event *ret, struct quoin_error *err)
{
	struct quoin_bus_event event = {0};
	int r;

	r = find_record(lookup, key, hint_offset, hint_wall_ms, quoin_clock_mono_ms() + timeout_ms, &event, err);
	if (r != 1) {
		QUOIN_ASSERT(r < 0);
		lookup->streak = 0;
		return r;
	}
	lookup->streak = event.offset == lookup->last_found + 1 ? lookup->streak + 1 : 1;
	lookup->last_found = event.offset;
	/* The readers forget a topic when they leave it; the lookup keeps its name. */
	event.topic = event.record.topic = lookup->topic;
	*ret = event;
	return 0;
}
