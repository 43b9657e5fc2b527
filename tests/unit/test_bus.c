/* The bus on the embedded broker, which cannot prove fencing, aborts or compaction: see test_bus_kafka.c. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/bus.h"
#include "lib/clock.h"
#include "tests/check.h"

#define WAIT_MS 60000
#define TOPIC	"t.control"

static struct quoin_bus_mock *mock;
static struct quoin_bus_property properties[4];
static struct quoin_bus_conf conf;
static struct quoin_error err;

static void
open_mock(void)
{
	static const char *const topics[] = {TOPIC, "t.gate"};
	const char *bootstrap;

	CHECK_INT(quoin_bus_mock_open(topics, 2, &mock, &bootstrap, &err), 0);
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", bootstrap};
	properties[1] = (struct quoin_bus_property){"fetch.wait.max.ms", "1"};
	conf = (struct quoin_bus_conf){properties, 2, "test"};
}

static struct quoin_bus_reader *
open_reader(const char *topic, int64_t offset)
{
	struct quoin_bus_reader *reader;

	CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_assign(reader, topic, offset, &err), 0);
	return reader;
}

static struct quoin_bus_writer *
open_writer(void)
{
	struct quoin_bus_writer *writer;

	CHECK_INT(quoin_bus_writer_open(&conf, NULL, &writer, &err), 0);
	return writer;
}

static void
put(struct quoin_bus_writer *writer, const char *key, const char *value)
{
	struct quoin_bus_record record = {.topic = TOPIC};

	record.key = quoin_span_str(key);
	record.value = quoin_span_str(value != NULL ? value : "");
	record.is_tombstone = value == NULL;
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
}

/* The next event of a kind; others in between only if they are faults. */
static void
expect(struct quoin_bus_reader *reader, enum quoin_bus_event_kind kind, struct quoin_bus_event *event)
{
	int r;

	while ((r = quoin_bus_reader_next(reader, WAIT_MS, event)) == 1 && event->kind == QUOIN_BUS_FAULT &&
	    kind != QUOIN_BUS_FAULT)
		quoin_bus_event_clear(event);
	CHECK_INT(r, 1);
	CHECK_INT(event->kind, kind);
}

static void
expect_record(struct quoin_bus_reader *reader, int64_t offset, const char *key, const char *value)
{
	struct quoin_bus_event event;

	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_INT(event.record.offset, offset);
	CHECK_MEM(event.record.key.data, event.record.key.len, key, strlen(key));
	if (value != NULL)
		CHECK_MEM(event.record.value.data, event.record.value.len, value, strlen(value));
	CHECK_INT(event.record.is_tombstone, value == NULL);
	quoin_bus_event_clear(&event);
}

static void
expect_end(struct quoin_bus_reader *reader, int64_t offset)
{
	struct quoin_bus_event event;

	expect(reader, QUOIN_BUS_END, &event);
	CHECK_STR(event.topic, TOPIC);
	CHECK_INT(event.offset, offset);
	quoin_bus_event_clear(&event);
}

static void
test_settings(void)
{
	static const struct {
		const char *name, *value;
		int code;
		const char *part;
	} cases[] = {
	    {"group.id", "x", QUOIN_ECONFIG, "group.id"},
	    {"enable.auto.commit", "true", QUOIN_ECONFIG, "enable.auto.commit"},
	    {"isolation.level", "read_uncommitted", QUOIN_ECONFIG, "isolation.level"},
	    {"transactional.id", "x", QUOIN_ECONFIG, "transactional.id"},
	    {"auto.offset.reset", "earliest", QUOIN_ECONFIG, "auto.offset.reset"},
	    {"enable.idempotence", "false", QUOIN_ECONFIG, "enable.idempotence"},
	    {"acks", "0", QUOIN_ECONFIG, "acks"},
	    {"plugin.library.paths", "evil.so", QUOIN_ECONFIG, "plugin.library.paths"},
	    {"no.such.thing", "1", QUOIN_ECONFIG, "kafka.no.such.thing: librdkafka has no such setting"},
	    {"socket.timeout.ms", "soon", QUOIN_ECONFIG, "socket.timeout.ms"},
	    {"socket.timeout.ms", "9000", 0, NULL},
	    {"queued.min.messages", "1000", 0, NULL},
	    {"max.partition.fetch.bytes", "100000", 0, NULL},
	};
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_lookup *lookup;

	open_mock();
	conf.property_count = 3;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		properties[2] = (struct quoin_bus_property){cases[i].name, cases[i].value};
		reader = NULL;
		writer = NULL;
		lookup = NULL;
		CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), cases[i].code);
		if (cases[i].code != 0)
			CHECK_CONTAINS(err.message, cases[i].part);
		CHECK_INT(quoin_bus_writer_open(&conf, NULL, &writer, &err), cases[i].code);
		CHECK_INT(quoin_bus_lookup_open(&conf, TOPIC, 0, &lookup, &err), cases[i].code);
		if (cases[i].code == 0) {
			quoin_bus_reader_close(reader);
			quoin_bus_writer_close(writer);
			quoin_bus_lookup_close(lookup);
		}
	}
	conf.property_count = 0;
	CHECK_INT(quoin_bus_reader_open(&conf, &reader, &err), QUOIN_ECONFIG);
	CHECK_CONTAINS(err.message, "bootstrap.servers");
	quoin_bus_reader_close(NULL);
	quoin_bus_writer_close(NULL);
	quoin_bus_mock_close(mock);
}

/* A first record does not wait the second that librdkafka takes without metadata. A busy machine may take it: then again. */
static void
test_first_write(void)
{
	int64_t took_ms = INT64_MAX;

	for (int i = 0; i < 5 && took_ms >= 900; i++) {
		struct quoin_bus_writer *writer;
		int64_t before_ms;

		open_mock();
		before_ms = quoin_clock_mono_ms();
		writer = open_writer();
		put(writer, "k", "v");
		took_ms = quoin_clock_mono_ms() - before_ms;
		quoin_bus_writer_close(writer);
		quoin_bus_mock_close(mock);
	}
	CHECK(took_ms < 900);
}

static void
test_write_and_read(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_receipt receipt;
	struct quoin_bus_record record = {.topic = TOPIC};
	struct quoin_bus_event event;

	open_mock();
	writer = open_writer();
	reader = open_reader(TOPIC, 0);
	expect_end(reader, 0);
	record.key = quoin_span_str("release/1");
	record.value = quoin_span_of("a\0b", 3);
	record.headers[0] = (struct quoin_bus_header){"sig", quoin_span_str("one")};
	record.headers[1] = (struct quoin_bus_header){"sig", quoin_span_str("two")};
	record.headers[2] = (struct quoin_bus_header){"empty", quoin_span_str("")};
	record.header_count = 3;
	CHECK_INT(quoin_bus_writer_put(writer, &record, &receipt, &err), 0);
	CHECK(!receipt.is_done || receipt.code == 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	CHECK(receipt.is_done);
	CHECK_INT(receipt.code, 0);
	CHECK_INT(receipt.offset, 0);

	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_STR(event.record.topic, TOPIC);
	CHECK_MEM(event.record.value.data, event.record.value.len, "a\0b", 3);
	CHECK_INT(event.record.header_count, 3);
	CHECK_STR(event.record.headers[1].name, "sig");
	CHECK_MEM(event.record.headers[1].value.data, event.record.headers[1].value.len, "two", 3);
	CHECK_INT(event.record.headers[2].value.len, 0);
	CHECK(!event.record.headers_cut);
	CHECK(event.record.timestamp_ms > 1700000000000);
	quoin_bus_event_clear(&event);
	quoin_bus_event_clear(&event);
	expect_end(reader, 1);

	/* An empty value is not a tombstone; the end is told again after each catching up. */
	put(writer, "k", "");
	expect_record(reader, 1, "k", "");
	expect_end(reader, 2);
	put(writer, "k", NULL);
	expect_record(reader, 2, "k", NULL);
	expect_end(reader, 3);
	CHECK_INT(quoin_bus_reader_next(reader, 0, &event), 0);

	/* Moving back, and to the middle. */
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 1, &err), 0);
	expect_record(reader, 1, "k", "");
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, -1, &err), 0);
	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_INT(event.offset, 0);
	quoin_bus_event_clear(&event);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
test_headers_cut(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_record record = {.topic = TOPIC};
	struct quoin_bus_event event;
	char command[1024];
	size_t bytes;

	open_mock();
	writer = open_writer();
	record.key = quoin_span_str("k");
	for (record.header_count = 0; record.header_count < QUOIN_BUS_HEADERS_MAX; record.header_count++)
		record.headers[record.header_count] = (struct quoin_bus_header){"h", quoin_span_str("v")};
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	reader = open_reader(TOPIC, 0);
	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_INT(event.record.header_count, QUOIN_BUS_HEADERS_MAX);
	CHECK(!event.record.headers_cut);
	quoin_bus_event_clear(&event);

	/* Somebody else's record may have more. */
	bytes =
	    (size_t)snprintf(command, sizeof command, "echo v | kcat -P -b %s -t " TOPIC " -p 0", properties[0].value);
	for (int i = 0; i <= QUOIN_BUS_HEADERS_MAX; i++)
		bytes += (size_t)snprintf(command + bytes, sizeof command - bytes, " -H h=%d", i);
	CHECK(bytes < sizeof command);
	CHECK_INT(system(command), 0);
	expect_end(reader, 1);
	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_INT(event.record.header_count, QUOIN_BUS_HEADERS_MAX);
	CHECK(event.record.headers_cut);
	quoin_bus_event_clear(&event);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
test_limits(void)
{
	static char big[2000000];
	struct quoin_bus_writer *writer;
	struct quoin_bus_reader *reader;
	struct quoin_bus_receipt receipt;
	struct quoin_bus_record record = {.topic = TOPIC};
	char name[24];

	open_mock();
	writer = open_writer();
	record.key = quoin_span_of(big, 5000);
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), QUOIN_ELIMIT);
	record.key = quoin_span_str("k");
	record.value = quoin_span_of(big, sizeof big);
	CHECK_INT(quoin_bus_writer_put(writer, &record, &receipt, &err), QUOIN_ELIMIT);
	record.headers[0] = (struct quoin_bus_header){"h", quoin_span_str("v")};
	record.header_count = 1;
	CHECK_INT(quoin_bus_writer_put(writer, &record, &receipt, &err), QUOIN_ELIMIT);
	quoin_bus_writer_close(writer);

	reader = open_reader(TOPIC, 0);
	for (int i = 1; i < 8; i++) {
		(void)snprintf(name, sizeof name, "t%d", i);
		CHECK_INT(quoin_bus_reader_assign(reader, name, 5, &err), 0);
	}
	CHECK_INT(quoin_bus_reader_assign(reader, "t8", 0, &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_bus_reader_unassign(reader, "t1", &err), 0);
	CHECK_INT(quoin_bus_reader_unassign(reader, "t1", &err), QUOIN_ENOENT);
	CHECK_INT(quoin_bus_reader_assign(reader, "t8", 0, &err), 0);
	quoin_bus_reader_close(reader);
	quoin_bus_mock_close(mock);
}

static void
test_queue_full(void)
{
	static char value[100000];
	struct quoin_bus_writer *writer;
	struct quoin_bus_record record = {.topic = TOPIC};
	int r = 0;

	open_mock();
	properties[2] = (struct quoin_bus_property){"queue.buffering.max.kbytes", "512"};
	conf.property_count = 3;
	quoin_bus_mock_down(mock);
	writer = open_writer();
	record.key = quoin_span_str("k");
	record.value = quoin_span_of(value, sizeof value);
	for (int i = 0; i < 100 && r == 0; i++)
		r = quoin_bus_writer_put(writer, &record, NULL, &err);
	CHECK_INT(r, QUOIN_EAGAIN);
	CHECK_INT(quoin_bus_writer_flush(writer, 10, &err), QUOIN_ETIMEOUT);
	quoin_bus_mock_up(mock);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

/* A writer that is closed fills the receipts of what it never sent. */
static void
test_close_unsent(void)
{
	struct quoin_bus_writer *writer;
	struct quoin_bus_receipt receipt;
	struct quoin_bus_record record = {.topic = TOPIC};

	open_mock();
	quoin_bus_mock_down(mock);
	writer = open_writer();
	record.key = quoin_span_str("k");
	CHECK_INT(quoin_bus_writer_put(writer, &record, &receipt, &err), 0);
	CHECK(!receipt.is_done);
	quoin_bus_writer_close(writer);
	CHECK(receipt.is_done);
	CHECK(receipt.code < 0);
	CHECK_INT(receipt.offset, -1);
	quoin_bus_mock_close(mock);
}

static void
test_lost(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;

	open_mock();
	writer = open_writer();
	put(writer, "k", "v");
	reader = open_reader(TOPIC, 50);
	expect(reader, QUOIN_BUS_LOST, &event);
	CHECK_INT(event.offset, 50);
	CHECK_STR(event.topic, TOPIC);
	quoin_bus_event_clear(&event);
	/* Nothing more until it is assigned again. */
	put(writer, "k", "w");
	CHECK_INT(quoin_bus_reader_next(reader, 50, &event), 0);
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 1, &err), 0);
	expect_record(reader, 1, "k", "w");
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

/* The embedded broker keeps 5 MiB: a reader from the start begins where the log begins now, one at offset 1 is lost. */
static void
test_trimmed(void)
{
	static char value[900000];
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_record record = {.topic = TOPIC};
	struct quoin_bus_event event;
	int64_t first, end;

	open_mock();
	writer = open_writer();
	record.key = quoin_span_str("k");
	record.value = quoin_span_of(value, sizeof value);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
		CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	}
	reader = open_reader(TOPIC, 0);
	CHECK_INT(quoin_bus_reader_range(reader, TOPIC, WAIT_MS, &first, &end, &err), 0);
	CHECK_INT(end, 10);
	CHECK(first > 1 && first < 10);
	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_INT(event.offset, first);
	quoin_bus_event_clear(&event);
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 1, &err), 0);
	expect(reader, QUOIN_BUS_LOST, &event);
	quoin_bus_event_clear(&event);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

struct trimming {
	struct quoin_bus_writer *writer;
	struct quoin_bus_record record;
	size_t count;
	int64_t last;
};

static void
write_five(struct quoin_bus_writer *writer, const struct quoin_bus_record *record)
{
	for (int i = 0; i < 5; i++) {
		CHECK_INT(quoin_bus_writer_put(writer, record, NULL, &err), 0);
		CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	}
}

static int
take_and_trim(void *ctx, const struct quoin_bus_record *record, struct quoin_error *ret_err)
{
	struct trimming *trimming = ctx;

	(void)ret_err;
	if (trimming->count++ == 0)
		write_five(trimming->writer, &trimming->record);
	CHECK(record->offset > trimming->last);
	trimming->last = record->offset;
	return 0;
}

/* What goes from the beginning while a topic is read to its end is no reason to give up. */
static void
test_trimmed_while_drained(void)
{
	static char value[900000];
	const struct quoin_bus_property small[] = {{"bootstrap.servers", NULL}, {"fetch.wait.max.ms", "1"},
	    {"fetch.message.max.bytes", "1000"}, {"queued.max.messages.kbytes", "1"}, {"queued.min.messages", "1"}};
	struct quoin_bus_property own[5];
	struct quoin_bus_conf slow = {own, 5, "test"};
	struct trimming trimming = {.record = {.topic = TOPIC}, .last = -1};
	struct quoin_bus_reader *reader;

	open_mock();
	memcpy(own, small, sizeof own);
	own[0] = properties[0];
	trimming.writer = open_writer();
	trimming.record.key = quoin_span_str("k");
	trimming.record.value = quoin_span_of(value, sizeof value);
	for (int i = 0; i < 2; i++)
		write_five(trimming.writer, &trimming.record); /* so that it does not begin at 0 */
	CHECK_INT(quoin_bus_reader_open(&slow, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_drain(reader, TOPIC, 0, WAIT_MS, take_and_trim, &trimming, &err), 0);
	CHECK_INT(trimming.last, 14);
	CHECK(trimming.count < 10);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(trimming.writer);
	quoin_bus_mock_close(mock);
}

static void
test_questions(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	int64_t first, end, offset;
	bool embedded = false;

	open_mock();
	writer = open_writer();
	put(writer, "a", "1");
	put(writer, "b", "2");
	reader = open_reader(TOPIC, 0);
	CHECK_INT(quoin_bus_reader_probe(reader, TOPIC, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_reader_range(reader, TOPIC, WAIT_MS, &first, &end, &err), 0);
	CHECK_INT(first, 0);
	CHECK_INT(end, 2);
	put(writer, "c", "3");
	CHECK_INT(quoin_bus_reader_end(reader, TOPIC, WAIT_MS, &end, &err), 0);
	CHECK_INT(end, 3);
	/* This broker knows no times. */
	CHECK_INT(quoin_bus_reader_offset_at(reader, TOPIC, 1000, WAIT_MS, &offset, &err), 0);
	CHECK_INT(offset, 3);
	CHECK_INT(quoin_bus_is_embedded(&conf, WAIT_MS, &embedded, &err), 0);
	CHECK(embedded);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
test_outage(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;
	int64_t first, end;
	bool embedded;

	open_mock();
	writer = open_writer();
	put(writer, "a", "1");
	reader = open_reader(TOPIC, 0);
	expect_record(reader, 0, "a", "1");
	expect_end(reader, 1);
	quoin_bus_mock_down(mock);
	expect(reader, QUOIN_BUS_FAULT, &event);
	CHECK_INT(event.code, QUOIN_EUNREACHABLE);
	CHECK(event.text[0] != '\0');
	quoin_bus_event_clear(&event);
	CHECK_INT(quoin_bus_reader_probe(reader, TOPIC, 100, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(quoin_bus_reader_range(reader, TOPIC, 100, &first, &end, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(quoin_bus_is_embedded(&conf, 100, &embedded, &err), QUOIN_EUNREACHABLE);
	quoin_bus_mock_up(mock);
	put(writer, "b", "2");
	expect_record(reader, 1, "b", "2");
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static int
is_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms);
}

static void
test_descriptor(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;
	int fd, seen = 0, rounds = 0;

	open_mock();
	writer = open_writer();
	reader = open_reader(TOPIC, 0);
	fd = quoin_bus_reader_fd(reader);
	CHECK(fd >= 0);
	CHECK_INT(quoin_bus_reader_fd(reader), fd);
	expect_end(reader, 0);
	for (int i = 0; i < 20; i++)
		put(writer, "k", "v");
	/* Never waiting inside: the descriptor alone must bring all of them. */
	while (seen < 20 && rounds++ < 1000) {
		CHECK_INT(is_readable(fd, WAIT_MS), 1);
		if (quoin_bus_reader_next(reader, 0, &event) == 1) {
			seen += event.kind == QUOIN_BUS_RECORD;
			quoin_bus_event_clear(&event);
		}
	}
	CHECK_INT(seen, 20);
	/* When all is taken it becomes quiet. */
	do {
		expect(reader, QUOIN_BUS_END, &event);
	} while (event.offset != 20);
	CHECK_INT(quoin_bus_reader_next(reader, 0, &event), 0);
	CHECK_INT(is_readable(fd, 0), 0);

	/* An offset that is denied is asked for again, and the descriptor says when. */
	CHECK_INT(quoin_bus_reader_assign(reader, TOPIC, 500, &err), 0);
	for (rounds = 0; rounds < 1000; rounds++) {
		CHECK_INT(is_readable(fd, WAIT_MS), 1);
		if (quoin_bus_reader_next(reader, 0, &event) == 1 && event.kind == QUOIN_BUS_LOST)
			break;
	}
	CHECK_INT(event.kind, QUOIN_BUS_LOST);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

/* The calls of a transaction in their order; what they mean only a real broker shows. */
static void
test_transaction_calls(void)
{
	struct quoin_bus_writer *writer;
	struct quoin_bus_reader *reader;
	struct quoin_bus_record record = {.topic = TOPIC};

	open_mock();
	CHECK_INT(quoin_bus_writer_open(&conf, "quoin.t.publish", &writer, &err), 0);
	CHECK_INT(quoin_bus_writer_init(writer, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	record.key = quoin_span_str("k");
	record.value = quoin_span_str("v");
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	CHECK_INT(quoin_bus_writer_commit(writer, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	CHECK_INT(quoin_bus_writer_abort(writer, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_writer_abort(writer, WAIT_MS, &err), 0);
	quoin_bus_writer_close(writer);
	reader = open_reader(TOPIC, 0);
	expect_record(reader, 0, "k", "v");
	quoin_bus_reader_close(reader);

	quoin_bus_mock_down(mock);
	CHECK_INT(quoin_bus_writer_open(&conf, "quoin.t.publish", &writer, &err), 0);
	CHECK_INT(quoin_bus_writer_init(writer, 300, &err), QUOIN_EUNREACHABLE);
	quoin_bus_mock_up(mock);
	CHECK_INT(quoin_bus_writer_init(writer, WAIT_MS, &err), 0);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static int64_t
put_blob(struct quoin_bus_writer *writer, const char *key, const char *value)
{
	struct quoin_bus_record record = {.topic = TOPIC};
	struct quoin_bus_receipt receipt;

	record.key = quoin_span_str(key);
	record.value = quoin_span_str(value != NULL ? value : "");
	record.is_tombstone = value == NULL;
	CHECK_INT(quoin_bus_writer_put(writer, &record, &receipt, &err), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	return receipt.offset;
}

static void
get(struct quoin_bus_lookup *lookup, const char *key, int64_t hint, int64_t offset, const char *value)
{
	struct quoin_bus_event event;

	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str(key), hint, 0, WAIT_MS, &event, &err), 0);
	CHECK_STR(event.topic, TOPIC);
	CHECK_STR(event.record.topic, TOPIC);
	CHECK_INT(event.offset, offset);
	CHECK_MEM(event.record.value.data, event.record.value.len, value, strlen(value));
	quoin_bus_event_clear(&event);
}

static void
check_counts(const struct quoin_bus_lookup *lookup, uint64_t hints, uint64_t times, uint64_t scans)
{
	uint64_t have_hints, have_times, have_scans;

	quoin_bus_lookup_counts(lookup, &have_hints, &have_times, &have_scans);
	CHECK_INT(have_hints, hints);
	CHECK_INT(have_times, times);
	CHECK_INT(have_scans, scans);
}

static void
test_lookup(void)
{
	struct quoin_bus_lookup *lookup;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;
	char key[24], value[24];

	open_mock();
	writer = open_writer();
	for (int i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof key, "chunk/%d", i);
		(void)snprintf(value, sizeof value, "value %d", i);
		CHECK_INT(put_blob(writer, key, value), i);
	}
	CHECK_INT(quoin_bus_lookup_open(&conf, TOPIC, 0, &lookup, &err), 0);
	get(lookup, "chunk/7", 7, 7, "value 7");
	get(lookup, "chunk/3", 3, 3, "value 3");
	check_counts(lookup, 2, 0, 0);
	/* A long run, with a gap, and one step back. */
	for (int i = 10; i < 30; i++) {
		if (i == 20)
			continue;
		(void)snprintf(key, sizeof key, "chunk/%d", i);
		(void)snprintf(value, sizeof value, "value %d", i);
		get(lookup, key, i, i, value);
	}
	get(lookup, "chunk/20", 20, 20, "value 20");
	check_counts(lookup, 22, 0, 0);
	/* Wrong, missing and impossible hints: one scan for all of them. */
	get(lookup, "chunk/35", 5, 35, "value 35");
	get(lookup, "chunk/36", -1, 36, "value 36");
	get(lookup, "chunk/2", 9999, 2, "value 2");
	check_counts(lookup, 22, 0, 1);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/99"), 5, 0, WAIT_MS, &event, &err),
	    QUOIN_EMISSING);
	CHECK_CONTAINS(err.message, "chunk/99");
	/* What came after the scan is found without another one; the last record counts, a tombstone ends it. */
	CHECK_INT(put_blob(writer, "chunk/99", "late"), 40);
	get(lookup, "chunk/99", -1, 40, "late");
	CHECK_INT(put_blob(writer, "chunk/99", "later"), 41);
	CHECK_INT(put_blob(writer, "chunk/98", NULL), 42);
	CHECK_INT(put_blob(writer, "chunk/2", NULL), 43);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/98"), 42, 0, WAIT_MS, &event, &err),
	    QUOIN_EMISSING);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/2"), -1, 0, WAIT_MS, &event, &err),
	    QUOIN_EMISSING);
	get(lookup, "chunk/99", -1, 41, "later");
	check_counts(lookup, 22, 0, 1);

	quoin_bus_mock_down(mock);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/1"), 1, 0, 300, &event, &err), QUOIN_EUNREACHABLE);
	quoin_bus_mock_up(mock);
	get(lookup, "chunk/1", 1, 1, "value 1");
	quoin_bus_lookup_close(lookup);
	quoin_bus_lookup_close(NULL);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

/* What is looked up as it is written, one after the other, comes behind ends that the reader has told of before. */
static void
test_lookup_at_the_end(void)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_lookup *lookup;
	struct quoin_bus_event event = {0};
	char key[32];

	open_mock();
	writer = open_writer();
	CHECK_INT(quoin_bus_lookup_open(&conf, TOPIC, 0, &lookup, &err), 0);
	reader = open_reader(TOPIC, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "chunk/%d", i);
		put(writer, key, "value");
		get(lookup, key, i, i, "value");
		/* A reader beside it meets the end: that of the lookup does, too. */
		do {
			quoin_bus_event_clear(&event);
			CHECK_INT(quoin_bus_reader_next(reader, WAIT_MS, &event), 1);
		} while (event.kind != QUOIN_BUS_END || event.offset <= i);
		quoin_bus_event_clear(&event);
	}
	check_counts(lookup, 20, 0, 0);
	CHECK_INT(quoin_bus_lookup_moves(lookup), 1);
	quoin_bus_lookup_close(lookup);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

/* 100 records of 1,000 bytes at 200,000 bytes a second take half a second; a shorter call goes on at the next. */
static void
test_lookup_rate(void)
{
	static char value[1000];
	struct quoin_bus_lookup *lookup;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;
	int64_t begin_ms = quoin_clock_mono_ms();
	int r, calls = 0;

	open_mock();
	writer = open_writer();
	memset(value, 'v', sizeof value - 1);
	for (int i = 0; i < 100; i++)
		(void)put_blob(writer, i == 99 ? "last" : "other", value);
	CHECK_INT(quoin_bus_lookup_open(&conf, TOPIC, 200000, &lookup, &err), 0);
	do {
		r = quoin_bus_lookup_get(lookup, quoin_span_str("last"), -1, 0, 200, &event, &err);
		calls++;
	} while (r == QUOIN_ETIMEOUT && calls < 100);
	CHECK_INT(r, 0);
	CHECK(calls >= 2);
	CHECK(quoin_clock_mono_ms() - begin_ms >= 400);
	check_counts(lookup, 0, 0, 1);
	quoin_bus_event_clear(&event);
	quoin_bus_lookup_close(lookup);
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
test_topics(void)
{
	static const struct quoin_bus_topic_spec spec = {TOPIC, 1, NULL, 0}, automatic = {"t.auto", 1, NULL, 0};

	open_mock();
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), QUOIN_EEXISTS);
	/* What this broker makes by itself has four partitions. */
	CHECK_INT(quoin_bus_topic_check(&conf, &automatic, WAIT_MS, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "4 partitions");
	quoin_bus_mock_down(mock);
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, 200, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, 200, &err), QUOIN_EUNREACHABLE);
	quoin_bus_mock_close(mock);
}

/* One who listens and says nothing: what is wrong and what to do comes first, librdkafka's words stand at the end. */
static void
test_silent(void)
{
	static const struct quoin_bus_topic_spec spec = {TOPIC, 1, NULL, 0};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t address_bytes = sizeof address;
	char server[32], wanted[256];
	int code, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &address_bytes), 0);
	(void)snprintf(server, sizeof server, "127.0.0.1:%d", ntohs(address.sin_port));
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", server};
	conf = (struct quoin_bus_conf){properties, 1, "test"};
	code = quoin_bus_topic_check(&conf, &spec, 200, &err);
	CHECK(code == QUOIN_EUNREACHABLE || code == QUOIN_ETIMEOUT);
	(void)snprintf(wanted, sizeof wanted, "cannot ask for the topic " TOPIC ": %s (Local: ", quoin_bus_advice(code));
	CHECK_CONTAINS(err.message, wanted);
	CHECK(err.message[strlen(err.message) - 1] == ')');
	(void)close(fd);
}

/* Where nobody listens, waiting longer is in vain; the reason is told in our own words. */
static void
test_refused(void)
{
	struct quoin_bus_reader *reader;
	int64_t first, end, began_ms = quoin_clock_mono_ms();
	bool embedded;

	properties[0] = (struct quoin_bus_property){"bootstrap.servers", "127.0.0.1:1,127.0.0.1:2"};
	conf = (struct quoin_bus_conf){properties, 1, "test"};
	CHECK_INT(quoin_bus_is_embedded(&conf, 60000, &embedded, &err), QUOIN_EUNREACHABLE);
	CHECK_CONTAINS(err.message, "every broker of 127.0.0.1:1,127.0.0.1:2 refuses the connection");
	CHECK_INT(quoin_bus_reader_open_brief(&conf, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_range(reader, TOPIC, 60000, &first, &end, &err), QUOIN_EUNREACHABLE);
	CHECK_CONTAINS(err.message, "every broker of 127.0.0.1:1,127.0.0.1:2 refuses the connection");
	quoin_bus_reader_close(reader);
	CHECK(quoin_clock_mono_ms() - began_ms < 50000);
}

static const struct check_case cases[] = {
    {"refused connections end the wait", test_refused},
    {"a broker that says nothing", test_silent},
    {"lookup", test_lookup},
    {"lookup at the end", test_lookup_at_the_end},
    {"lookup rate", test_lookup_rate},
    {"topics", test_topics},
    {"settings", test_settings},
    {"first write", test_first_write},
    {"write and read", test_write_and_read},
    {"headers", test_headers_cut},
    {"limits", test_limits},
    {"queue full", test_queue_full},
    {"close with unsent records", test_close_unsent},
    {"lost", test_lost},
    {"trimmed", test_trimmed},
    {"trimmed while drained", test_trimmed_while_drained},
    {"questions", test_questions},
    {"outage", test_outage},
    {"descriptor", test_descriptor},
    {"transaction calls", test_transaction_calls},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
