/*
 * Reading from the start of a log that loses its beginning all the time: the embedded broker keeps 5 MiB, and somebody
 * goes on writing. What is wanted may be gone before it is asked for; nothing that is still there is passed over.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bus_aim.h"
#include "tests/check.h"

#define WAIT_MS	     60000
#define TOPIC	     "t.status"
#define KEPT_BYTES   (5u << 20)
#define FILLER_BYTES 25000
#define SMALL_BYTES  2000
/* Every so often what is live is written again, as "quoin dev" does. */
#define LIVE_EVERY   32
#define DRAINS	     5
#define STARTS	     5

static struct quoin_bus_mock *mock;
static struct quoin_bus_property properties[2];
static struct quoin_bus_conf conf;

static void
open_mock(void)
{
	static const char *const topics[] = {TOPIC};
	struct quoin_error err = {0};
	const char *bootstrap;

	CHECK_INT(quoin_bus_mock_open(topics, 1, &mock, &bootstrap, &err), 0);
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", bootstrap};
	properties[1] = (struct quoin_bus_property){"fetch.wait.max.ms", "1"};
	conf = (struct quoin_bus_conf){properties, 2, "test"};
}

/* ---- Whoever writes ---- */

struct filling {
	pthread_t thread;
	int stop[2]; /* a pipe: closed to end it */
	size_t value_bytes;
	int pause_ms; /* between two records */
	atomic_ullong bytes;
	atomic_ullong live; /* how often the live record is written by now */
};

static void
put(struct quoin_bus_writer *writer, const char *key, const void *value, size_t bytes)
{
	struct quoin_bus_record record = {.topic = TOPIC,
	    .key = quoin_span_str(key),
	    .value = quoin_span_of(value, bytes)};
	struct quoin_error err = {0};

	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
}

static void *
fill(void *ctx)
{
	struct filling *filling = ctx;
	struct pollfd fd = {.fd = filling->stop[0]};
	static char value[FILLER_BYTES];
	struct quoin_bus_writer *writer;
	struct quoin_error err = {0};
	unsigned long long live = 0;
	char number[32];

	CHECK_INT(quoin_bus_writer_open(&conf, NULL, &writer, &err), 0);
	for (unsigned i = 0; poll(&fd, 1, filling->pause_ms) == 0; i++) {
		if (i % LIVE_EVERY == 0) {
			snprintf(number, sizeof number, "%llu", ++live);
			put(writer, "live", number, strlen(number));
			atomic_store(&filling->live, live);
		}
		put(writer, "filler", value, filling->value_bytes);
		atomic_fetch_add(&filling->bytes, filling->value_bytes);
	}
	quoin_bus_writer_close(writer);
	return NULL;
}

/* Returns when the log is full and loses its beginning. */
static void
fill_begin(struct filling *filling, size_t value_bytes, int pause_ms)
{
	memset(filling, 0, sizeof *filling);
	filling->value_bytes = value_bytes;
	filling->pause_ms = pause_ms;
	CHECK_INT(pipe(filling->stop), 0);
	CHECK_INT(pthread_create(&filling->thread, NULL, fill, filling), 0);
	while (atomic_load(&filling->bytes) < KEPT_BYTES + KEPT_BYTES / 4)
		(void)poll(NULL, 0, 1);
}

static void
fill_end(struct filling *filling)
{
	CHECK_INT(close(filling->stop[1]), 0);
	CHECK_INT(pthread_join(filling->thread, NULL), 0);
	CHECK_INT(close(filling->stop[0]), 0);
}

/* ---- Whoever reads ---- */

struct reading {
	struct quoin_bus_reader *asker;
	int64_t last;
	unsigned long long live;
};

/* What is passed over must be gone. */
static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *ret_err)
{
	struct reading *reading = ctx;
	struct quoin_error err = {0};
	int64_t first, end;
	char number[32];

	(void)ret_err;
	CHECK(record->offset > reading->last);
	if (record->offset != reading->last + 1) {
		CHECK_INT(quoin_bus_reader_range(reading->asker, TOPIC, WAIT_MS, &first, &end, &err), 0);
		CHECK(first >= record->offset);
	}
	reading->last = record->offset;
	if (quoin_span_equal_str(record->key, "live")) {
		snprintf(number, sizeof number, "%.*s", (int)record->value.len, (const char *)record->value.data);
		reading->live = strtoull(number, NULL, 10);
	}
	return 0;
}

/* The next event of a reader that stays. */
static void
take_next(struct reading *reading, struct quoin_bus_reader *reader)
{
	struct quoin_bus_event event;
	struct quoin_error err = {0};

	CHECK_INT(quoin_bus_reader_next(reader, WAIT_MS, &event), 1);
	CHECK(event.kind != QUOIN_BUS_LOST);
	if (event.kind == QUOIN_BUS_RECORD)
		(void)take(reading, &event.record, &err);
	quoin_bus_event_clear(&event);
}

static void
drain(const struct filling *filling, struct quoin_bus_reader *asker)
{
	struct reading reading = {.asker = asker, .last = -1};
	unsigned long long live = atomic_load(&filling->live);
	struct quoin_bus_reader *reader;
	struct quoin_error err = {0};

	CHECK_INT(quoin_bus_reader_open_brief(&conf, &reader, &err), 0);
	if (quoin_bus_reader_drain(reader, TOPIC, 0, WAIT_MS, take, &reading, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
	CHECK(reading.live >= live);
	quoin_bus_reader_close(reader);
}

/* A command finds its way to an end, and what is live, however the beginning moves. */
static void
test_drained(void)
{
	struct quoin_bus_reader *asker;
	struct quoin_error err = {0};
	struct filling filling;

	open_mock();
	CHECK_INT(quoin_bus_reader_open(&conf, &asker, &err), 0);
	fill_begin(&filling, FILLER_BYTES, 2);
	for (int i = 0; i < DRAINS; i++)
		drain(&filling, asker);
	fill_end(&filling);
	quoin_bus_reader_close(asker);
	quoin_bus_mock_close(mock);
}

/* So does one that stays. */
static void
test_followed(void)
{
	struct reading reading = {.last = -1};
	struct quoin_bus_reader *reader;
	struct quoin_error err = {0};
	struct filling filling;
	unsigned long long live;

	open_mock();
	CHECK_INT(quoin_bus_reader_open(&conf, &reading.asker, &err), 0);
	fill_begin(&filling, FILLER_BYTES, 2);
	live = atomic_load(&filling.live);
	CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 0, &err), 0);
	while (reading.live <= live)
		take_next(&reading, reader);
	fill_end(&filling);
	quoin_bus_reader_close(reader);
	quoin_bus_reader_close(reading.asker);
	quoin_bus_mock_close(mock);
}

/* Nor is anything passed over when the beginning moves so fast that the reader has to aim ahead of it. */
static void
test_ahead(void)
{
	struct reading reading = {.last = -1};
	struct quoin_bus_reader *reader;
	struct quoin_error err = {0};
	struct filling filling;

	open_mock();
	CHECK_INT(quoin_bus_reader_open(&conf, &reading.asker, &err), 0);
	CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), 0);
	fill_begin(&filling, SMALL_BYTES, 0);
	for (int i = 0; i < STARTS; i++) {
		CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 0, &err), 0);
		reading.last = -1;
		while (reading.last < 0)
			take_next(&reading, reader);
	}
	fill_end(&filling);
	quoin_bus_reader_close(reader);
	quoin_bus_reader_close(reading.asker);
	quoin_bus_mock_close(mock);
}

/* On a busy machine an answer may come too late: then it is asked again. */
static void
aim_take(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader)
{
	const struct quoin_bus_aim begun = *aim;

	do {
		*aim = begun;
		quoin_bus_aim_take(aim, reader, TOPIC);
	} while (aim->at < 0);
}

static bool
aim_passed(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader)
{
	const struct quoin_bus_aim begun = *aim;
	bool passed;

	do {
		*aim = begun;
		passed = quoin_bus_aim_passed(aim, reader, TOPIC);
	} while (aim->at < 0);
	return passed;
}

/* A beginning that stands still is met where it is; one that has come as far as was aimed is behind what was found. */
static void
test_stands(void)
{
	static char value[FILLER_BYTES];
	struct quoin_bus_aim aim = {0};
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_error err = {0};
	int64_t first, end;

	open_mock();
	CHECK_INT(quoin_bus_writer_open(&conf, NULL, &writer, &err), 0);
	for (unsigned i = 0; i < 2 * KEPT_BYTES / FILLER_BYTES; i++)
		put(writer, "filler", value, sizeof value);
	CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_range(reader, TOPIC, WAIT_MS, &first, &end, &err), 0);
	CHECK(first > 10 && end > first + 100);

	aim_take(&aim, reader);
	CHECK_INT(aim.at, first);
	CHECK_INT(aim.lead, 0);
	/* Missed: it has moved by ten since. */
	aim.at = first - 10;
	aim_take(&aim, reader);
	CHECK_INT(aim.at, first + 10);
	CHECK_INT(aim.lead, 10);
	CHECK(!aim_passed(&aim, reader));
	CHECK_INT(aim.at, first);
	CHECK_INT(aim.lead, 0);
	aim = (struct quoin_bus_aim){.is_taken = true, .at = first, .lead = 10};
	CHECK(aim_passed(&aim, reader));
	/* Never so far that nothing would be left to read. */
	aim = (struct quoin_bus_aim){.is_taken = true, .at = 0};
	aim_take(&aim, reader);
	CHECK(aim.at > first && aim.at < end);
	/* A broker that does not answer says nothing. */
	quoin_bus_mock_down(mock);
	quoin_bus_aim_take(&aim, reader, TOPIC);
	CHECK(aim.at < 0 && aim.lead == 0);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static const struct check_case cases[] = {
    {"bus_start/drained", test_drained},
    {"bus_start/followed", test_followed},
    {"bus_start/ahead", test_ahead},
    {"bus_start/stands", test_stands},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
