/*
 * The bus on real Apache Kafka: what the embedded broker cannot prove. One broker for all cases, each with topics of
 * its own; a case that hurts the broker brings it back. $QUOIN_KAFKA_VERSION chooses among the versions of
 * tests/kafka/broker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bus.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "tests/check.h"

#define WAIT_MS 60000

static char dir[] = "/tmp/quoin-kafka-XXXXXX";
static char bootstrap[64];
static int broker_status; /* of starting it */
static struct quoin_bus_property properties[4];
static struct quoin_bus_conf conf;
static struct quoin_error err;

/* Run tests/kafka/broker VERB DIR; returns its exit status. */
static int
broker(const char *verb)
{
	char command[256];
	int status;

	(void)snprintf(command, sizeof command, "tests/kafka/broker %s %s >%s/out 2>&1", verb, dir, dir);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Every case begins with this. */
static void
need_broker(void)
{
	if (broker_status == 77)
		check_missing("Apache Kafka is not here and cannot be fetched");
	CHECK_INT(broker_status, 0);
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", bootstrap};
	conf = (struct quoin_bus_conf){properties, 1, "test"};
}

static void
make_topic(const char *topic)
{
	static const struct quoin_bus_topic_setting settings[] = {{"cleanup.policy", "compact"}};
	struct quoin_bus_topic_spec spec = {topic, 1, settings, 1};

	need_broker();
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), 0);
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
open_writer(const char *transactional_id)
{
	struct quoin_bus_writer *writer;

	CHECK_INT(quoin_bus_writer_open(&conf, transactional_id, &writer, &err), 0);
	if (transactional_id != NULL)
		CHECK_INT(quoin_bus_writer_init(writer, WAIT_MS, &err), 0);
	return writer;
}

static int
try_put(struct quoin_bus_writer *writer, const char *topic, const char *key, const char *value,
    struct quoin_bus_receipt *receipt)
{
	struct quoin_bus_record record = {.topic = topic};

	if (key != NULL)
		record.key = quoin_span_str(key);
	record.value = quoin_span_str(value != NULL ? value : "");
	record.is_tombstone = value == NULL;
	return quoin_bus_writer_put(writer, &record, receipt, &err);
}

static struct quoin_bus_receipt
put(struct quoin_bus_writer *writer, const char *topic, const char *key, const char *value)
{
	struct quoin_bus_receipt receipt;

	CHECK_INT(try_put(writer, topic, key, value, &receipt), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	CHECK(receipt.is_done);
	return receipt;
}

static void
put_txn(struct quoin_bus_writer *writer, const char *topic, const char *key, const char *value)
{
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	CHECK_INT(try_put(writer, topic, key, value, NULL), 0);
	if (quoin_bus_writer_commit(writer, WAIT_MS, &err) != 0)
		check_fail(__FILE__, __LINE__, "commit: %s", err.message);
}

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

static int64_t
expect_record(struct quoin_bus_reader *reader, const char *key, const char *value)
{
	struct quoin_bus_event event;
	int64_t offset;

	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK_MEM(event.record.key.data, event.record.key.len, key, strlen(key));
	CHECK_MEM(event.record.value.data, event.record.value.len, value != NULL ? value : "",
	    value != NULL ? strlen(value) : 0);
	CHECK_INT(event.record.is_tombstone, value == NULL);
	offset = event.offset;
	quoin_bus_event_clear(&event);
	return offset;
}

static int64_t
expect_end(struct quoin_bus_reader *reader)
{
	struct quoin_bus_event event;
	int64_t offset;

	expect(reader, QUOIN_BUS_END, &event);
	offset = event.offset;
	quoin_bus_event_clear(&event);
	return offset;
}

/* ---- Topics and questions ---- */

static void
test_topics(void)
{
	struct quoin_bus_topic_setting settings[] = {{"cleanup.policy", "compact"}, {"segment.ms", "3600000"}};
	struct quoin_bus_topic_spec spec = {"topics.a", 1, settings, 2};
	struct quoin_bus_topic_spec missing = {"topics.none", 1, NULL, 0};
	bool embedded = true;

	need_broker();
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, WAIT_MS, &err), QUOIN_ENOENT);
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), QUOIN_EEXISTS);
	settings[1].value = "1800000";
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, WAIT_MS, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "segment.ms = 3600000");
	CHECK_CONTAINS(err.message, "1800000");
	settings[1].name = "no.such.setting";
	CHECK_INT(quoin_bus_topic_check(&conf, &spec, WAIT_MS, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "no.such.setting");
	spec.topic = "topics.b";
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), QUOIN_ECONFIG);
	CHECK_CONTAINS(err.message, "no.such.setting");
	spec.setting_count = 1;
	spec.replicas = 3;
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), QUOIN_ECONFIG);
	spec.replicas = -1;
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_topic_check(&conf, &missing, WAIT_MS, &err), QUOIN_ENOENT);
	CHECK_INT(quoin_bus_is_embedded(&conf, WAIT_MS, &embedded, &err), 0);
	CHECK(!embedded);
}

static void
test_questions(void)
{
	static const char topic[] = "questions";
	struct quoin_bus_receipt receipts[3];
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	int64_t first, end, offset;

	make_topic(topic);
	writer = open_writer(NULL);
	for (int i = 0; i < 3; i++) {
		receipts[i] = put(writer, topic, "k", "v");
		CHECK_INT(receipts[i].offset, i);
		/* A time of its own for each. */
		while (quoin_clock_wall_ms() <= receipts[i].timestamp_ms)
			;
	}
	reader = open_reader(topic, 0);
	CHECK_INT(quoin_bus_reader_probe(reader, topic, WAIT_MS, &err), 0);
	CHECK_INT(quoin_bus_reader_probe(reader, "questions.none", WAIT_MS, &err), QUOIN_ENOENT);
	CHECK_INT(quoin_bus_reader_range(reader, topic, WAIT_MS, &first, &end, &err), 0);
	CHECK_INT(first, 0);
	CHECK_INT(end, 3);
	CHECK_INT(quoin_bus_reader_range(reader, "questions.none", WAIT_MS, &first, &end, &err), QUOIN_ENOENT);
	CHECK_INT(quoin_bus_reader_end(reader, topic, WAIT_MS, &end, &err), 0);
	CHECK_INT(end, 3);
	CHECK_INT(quoin_bus_reader_end(reader, "questions.none", WAIT_MS, &end, &err), QUOIN_ENOENT);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(quoin_bus_reader_offset_at(reader, topic, receipts[i].timestamp_ms, WAIT_MS, &offset, &err),
		    0);
		CHECK_INT(offset, i);
	}
	CHECK_INT(quoin_bus_reader_offset_at(reader, topic, 0, WAIT_MS, &offset, &err), 0);
	CHECK_INT(offset, 0);
	CHECK_INT(quoin_bus_reader_offset_at(reader, topic, receipts[2].timestamp_ms + 1, WAIT_MS, &offset, &err), 0);
	CHECK_INT(offset, 3);
	CHECK_INT(try_put(writer, "questions.none", "k", "v", NULL), QUOIN_ENOENT);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
}

/* ---- Transactions ---- */

/* An aborted record is never seen, an open transaction holds the end back, also for records of others. */
static void
test_isolation(void)
{
	static const char topic[] = "isolation";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer, *plain;
	struct quoin_bus_event event;
	int64_t first, end;

	make_topic(topic);
	writer = open_writer("isolation");
	plain = open_writer(NULL);
	reader = open_reader(topic, 0);
	CHECK_INT(expect_end(reader), 0);
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	(void)put(writer, topic, "k", "aborted");
	CHECK_INT(quoin_bus_writer_abort(writer, WAIT_MS, &err), 0);
	put_txn(writer, topic, "k", "committed");
	/* Offset 0 was aborted, 1 is its marker. */
	CHECK_INT(expect_record(reader, "k", "committed"), 2);
	do {
		end = expect_end(reader);
	} while (end < 4);
	CHECK_INT(end, 4);

	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	(void)put(writer, topic, "k", "open");
	(void)put(plain, topic, "p", "plain");
	CHECK_INT(quoin_bus_reader_next(reader, 200, &event), 0);
	CHECK_INT(quoin_bus_reader_range(reader, topic, WAIT_MS, &first, &end, &err), 0);
	CHECK_INT(end, 4);
	CHECK_INT(quoin_bus_writer_commit(writer, WAIT_MS, &err), 0);
	CHECK_INT(expect_record(reader, "k", "open"), 4);
	CHECK_INT(expect_record(reader, "p", "plain"), 5);
	while (expect_end(reader) != 7)
		;
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_writer_close(plain);
}

/* The later init wins, whether the earlier writer had written something or not; what it had written is aborted. */
static void
test_fencing(void)
{
	static const char topic[] = "fencing";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *a, *b;

	make_topic(topic);
	for (int has_written = 0; has_written < 2; has_written++) {
		a = open_writer("fencing");
		CHECK_INT(quoin_bus_writer_begin(a, &err), 0);
		if (has_written)
			(void)put(a, topic, "k", "from a");
		b = open_writer("fencing");
		put_txn(b, topic, "k", has_written ? "from b again" : "from b");
		if (!has_written)
			CHECK_INT(try_put(a, topic, "k", "from a", NULL), 0);
		CHECK_INT(quoin_bus_writer_commit(a, WAIT_MS, &err), QUOIN_EFENCED);
		CHECK_INT(quoin_bus_writer_commit(a, WAIT_MS, &err), QUOIN_EFENCED);
		CHECK_INT(quoin_bus_writer_begin(a, &err), QUOIN_EFENCED);
		CHECK_INT(try_put(a, topic, "k", "late", NULL), QUOIN_EFENCED);
		CHECK_INT(quoin_bus_writer_abort(a, WAIT_MS, &err), QUOIN_EFENCED);
		CHECK_INT(quoin_bus_writer_init(a, WAIT_MS, &err), QUOIN_EFENCED);
		quoin_bus_writer_close(a);
		put_txn(b, topic, "k", "b lives");
		quoin_bus_writer_close(b);
	}
	reader = open_reader(topic, 0);
	(void)expect_record(reader, "k", "from b");
	(void)expect_record(reader, "k", "b lives");
	(void)expect_record(reader, "k", "from b again");
	(void)expect_record(reader, "k", "b lives");
	(void)expect_end(reader);
	quoin_bus_reader_close(reader);
}

/* The number of the last record in the log, read to the end as it is now. */
static int
read_head(const char *topic)
{
	struct quoin_bus_reader *reader;
	struct quoin_bus_event event;
	int64_t first, end;
	char number[16];
	int head = 0;

	CHECK_INT(quoin_bus_reader_open_brief(&conf, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_assign(reader, topic, 0, &err), 0);
	CHECK_INT(quoin_bus_reader_range(reader, topic, WAIT_MS, &first, &end, &err), 0);
	for (;;) {
		CHECK_INT(quoin_bus_reader_next(reader, WAIT_MS, &event), 1);
		if (event.kind == QUOIN_BUS_RECORD) {
			CHECK(event.record.value.len < sizeof number);
			memcpy(number, event.record.value.data, event.record.value.len);
			number[event.record.value.len] = '\0';
			head = atoi(number);
		}
		if (event.kind == QUOIN_BUS_END && event.offset >= end)
			break;
		quoin_bus_event_clear(&event);
	}
	quoin_bus_reader_close(reader);
	return head;
}

/* Three publishers race for twelve numbers, in the order of a compare-and-swap: each number is written once. */
static void
test_compare_and_swap(void)
{
	static const char topic[] = "cas";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	char key[24], value[24];
	pid_t pids[3];
	int status, head, r;

	make_topic(topic);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		do {
			CHECK_INT(quoin_bus_writer_open(&conf, "cas", &writer, &err), 0);
			r = quoin_bus_writer_init(writer, WAIT_MS, &err);
			head = read_head(topic);
			if (r == 0 && head < 12) {
				(void)snprintf(key, sizeof key, "release/%d", head + 1);
				(void)snprintf(value, sizeof value, "%d", head + 1);
				r = quoin_bus_writer_begin(writer, &err);
				if (r == 0)
					r = try_put(writer, topic, key, value, NULL);
				if (r == 0)
					r = quoin_bus_writer_commit(writer, WAIT_MS, &err);
			}
			if (r != 0 && r != QUOIN_EFENCED)
				check_fail(__FILE__, __LINE__, "publisher %d: %s", i, err.message);
			quoin_bus_writer_close(writer);
		} while (head < 12);
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	reader = open_reader(topic, 0);
	for (int i = 1; i <= 12; i++) {
		(void)snprintf(key, sizeof key, "release/%d", i);
		(void)snprintf(value, sizeof value, "%d", i);
		(void)expect_record(reader, key, value);
	}
	(void)expect_end(reader);
	quoin_bus_reader_close(reader);
}

/* A record that the broker refuses aborts its transaction; the next one is as good as any. */
static void
test_refused(void)
{
	static const char topic[] = "refused";
	struct quoin_bus_receipt receipt, other;
	int attempts = 0, r;
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;

	make_topic(topic);
	writer = open_writer("refused");
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	CHECK_INT(try_put(writer, topic, "k", "good", &other), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	/* A compacted topic takes no record without a key. */
	CHECK_INT(try_put(writer, topic, NULL, "bad", &receipt), 0);
	CHECK_INT(quoin_bus_writer_commit(writer, WAIT_MS, &err), QUOIN_ECONFLICT);
	CHECK(receipt.is_done && other.is_done);
	CHECK_INT(receipt.code, QUOIN_EREFUSED);
	/* librdkafka 2.0.2 may notice the gap in its numbers only now, and aborts once more. */
	for (r = QUOIN_ECONFLICT; r == QUOIN_ECONFLICT && attempts < 3; attempts++) {
		CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
		CHECK_INT(try_put(writer, topic, "k", "better", NULL), 0);
		r = quoin_bus_writer_commit(writer, WAIT_MS, &err);
	}
	if (r != 0)
		check_fail(__FILE__, __LINE__, "attempt %d: %s", attempts, err.message);
	quoin_bus_writer_close(writer);

	writer = open_writer(NULL);
	CHECK_INT(try_put(writer, topic, NULL, "bad", &receipt), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), QUOIN_EREFUSED);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	(void)put(writer, topic, "k", "best");
	quoin_bus_writer_close(writer);
	reader = open_reader(topic, 0);
	(void)expect_record(reader, "k", "better");
	(void)expect_record(reader, "k", "best");
	quoin_bus_reader_close(reader);
}

/* ---- The log ---- */

/* The first record that a reader from the start is given. */
static int64_t
first_offset(const char *topic)
{
	struct quoin_bus_reader *reader = open_reader(topic, 0);
	struct quoin_bus_event event;
	int64_t offset;

	expect(reader, QUOIN_BUS_RECORD, &event);
	offset = event.offset;
	quoin_bus_event_clear(&event);
	quoin_bus_reader_close(reader);
	return offset;
}

/* Compaction leaves holes: reading goes on behind them, and a hint into one is only a wrong hint. */
static void
test_compaction(void)
{
	static const struct quoin_bus_topic_setting settings[] = {{"cleanup.policy", "compact"}, {"segment.ms", "500"},
	    {"min.cleanable.dirty.ratio", "0.01"}, {"delete.retention.ms", "100"}};
	static const char topic[] = "compaction";
	const struct quoin_bus_topic_spec spec = {topic, 1, settings, 4};
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_lookup *lookup;
	struct quoin_bus_event event;
	int64_t deadline_ms = quoin_clock_mono_ms() + 50000, first, hole;

	need_broker();
	CHECK_INT(quoin_bus_topic_create(&conf, &spec, WAIT_MS, &err), 0);
	writer = open_writer(NULL);
	for (int i = 0; i < 20; i++)
		(void)put(writer, topic, "same", "old");
	(void)put(writer, topic, "gone", NULL);
	/* A segment is closed by the next append only. */
	do {
		(void)put(writer, topic, "same", "new");
		hole = first_offset(topic);
	} while (hole == 0 && quoin_clock_mono_ms() < deadline_ms);
	CHECK(hole > 3);
	reader = open_reader(topic, 3);
	expect(reader, QUOIN_BUS_RECORD, &event);
	CHECK(event.offset >= hole);
	quoin_bus_event_clear(&event);
	CHECK_INT(quoin_bus_reader_range(reader, topic, WAIT_MS, &first, &hole, &err), 0);
	CHECK_INT(first, 0);
	quoin_bus_reader_close(reader);

	(void)put(writer, topic, "other", "here");
	CHECK_INT(quoin_bus_lookup_open(&conf, topic, 0, &lookup, &err), 0);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("other"), 2, 0, WAIT_MS, &event, &err), 0);
	CHECK(quoin_span_equal_str(event.record.value, "here"));
	quoin_bus_event_clear(&event);
	quoin_bus_lookup_close(lookup);
	quoin_bus_writer_close(writer);
}

static void
test_lookup(void)
{
	static const char topic[] = "lookup";
	struct quoin_bus_receipt receipts[30];
	struct quoin_bus_lookup *lookup;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;
	uint64_t hints, times, scans;
	char key[24];

	make_topic(topic);
	writer = open_writer(NULL);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(key, sizeof key, "chunk/%d", i);
		receipts[i] = put(writer, topic, key, key);
	}
	CHECK_INT(quoin_bus_lookup_open(&conf, topic, 0, &lookup, &err), 0);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(key, sizeof key, "chunk/%d", i);
		CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str(key), receipts[i].offset,
			      receipts[i].timestamp_ms, WAIT_MS, &event, &err),
		    0);
		CHECK(quoin_span_equal_str(event.record.value, key));
		quoin_bus_event_clear(&event);
	}
	quoin_bus_lookup_counts(lookup, &hints, &times, &scans);
	CHECK_INT(hints, 30);
	CHECK_INT(times + scans, 0);
	quoin_bus_lookup_close(lookup);

	/* A wrong offset with the right time, then a wrong time too. */
	CHECK_INT(quoin_bus_lookup_open(&conf, topic, 0, &lookup, &err), 0);
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/25"), 3, receipts[25].timestamp_ms, WAIT_MS,
		      &event, &err),
	    0);
	CHECK_INT(event.offset, 25);
	quoin_bus_event_clear(&event);
	quoin_bus_lookup_counts(lookup, &hints, &times, &scans);
	CHECK_INT(times, 1);
	CHECK_INT(scans, 0);
	for (int i = 20; i < 23; i++) {
		(void)snprintf(key, sizeof key, "chunk/%d", i);
		CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str(key), 1000000, receipts[29].timestamp_ms + 1000,
			      WAIT_MS, &event, &err),
		    0);
		CHECK_INT(event.offset, i);
		quoin_bus_event_clear(&event);
	}
	CHECK_INT(quoin_bus_lookup_get(lookup, quoin_span_str("chunk/77"), 3, 1, WAIT_MS, &event, &err),
	    QUOIN_EMISSING);
	quoin_bus_lookup_counts(lookup, &hints, &times, &scans);
	CHECK_INT(hints, 0);
	CHECK_INT(times, 1);
	CHECK_INT(scans, 1);
	quoin_bus_lookup_close(lookup);
	quoin_bus_writer_close(writer);
}

static void
test_lost(void)
{
	static const char topic[] = "lost";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_event event;

	make_topic(topic);
	writer = open_writer(NULL);
	(void)put(writer, topic, "k", "v");
	reader = open_reader(topic, 50);
	expect(reader, QUOIN_BUS_LOST, &event);
	CHECK_INT(event.offset, 50);
	quoin_bus_event_clear(&event);
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
}

/* ---- Outages: these come last, the broker is killed in them ---- */

/* A reader and a writer live through a crash of the broker: nothing is lost, nothing comes twice. */
static void
test_broker_killed(void)
{
	static const char topic[] = "killed";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct quoin_bus_receipt receipt;
	struct quoin_bus_event event;
	int64_t first, end;

	make_topic(topic);
	writer = open_writer(NULL);
	reader = open_reader(topic, 0);
	(void)put(writer, topic, "k", "before");
	(void)expect_record(reader, "k", "before");
	CHECK_INT(broker("kill"), 0);
	expect(reader, QUOIN_BUS_FAULT, &event);
	CHECK_INT(event.code, QUOIN_EUNREACHABLE);
	quoin_bus_event_clear(&event);
	CHECK_INT(quoin_bus_reader_probe(reader, topic, 200, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(quoin_bus_reader_range(reader, topic, 200, &first, &end, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(try_put(writer, topic, "k", "during", &receipt), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, 200, &err), QUOIN_ETIMEOUT);
	CHECK_INT(broker("restart"), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, WAIT_MS, &err), 0);
	CHECK_INT(receipt.code, 0);
	CHECK_INT(receipt.offset, 1);
	/* The end before it may have been told or not. */
	while (quoin_bus_reader_next(reader, WAIT_MS, &event) == 1 && event.kind != QUOIN_BUS_RECORD)
		quoin_bus_event_clear(&event);
	CHECK_INT(event.kind, QUOIN_BUS_RECORD);
	CHECK_INT(event.offset, 1);
	quoin_bus_event_clear(&event);
	(void)put(writer, topic, "k", "after");
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
	reader = open_reader(topic, 0);
	CHECK_INT(expect_record(reader, "k", "before"), 0);
	CHECK_INT(expect_record(reader, "k", "during"), 1);
	CHECK_INT(expect_record(reader, "k", "after"), 2);
	CHECK_INT(expect_end(reader), 3);
	quoin_bus_reader_close(reader);
}

/* The broker dies between the record and the commit: the outcome is unknown, and the log tells it. */
static void
test_unknown(void)
{
	static const char topic[] = "unknown";
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;

	make_topic(topic);
	writer = open_writer("unknown");
	put_txn(writer, topic, "k", "1");
	CHECK_INT(quoin_bus_writer_begin(writer, &err), 0);
	(void)put(writer, topic, "k", "2");
	CHECK_INT(broker("kill"), 0);
	CHECK_INT(quoin_bus_writer_commit(writer, 500, &err), QUOIN_EUNKNOWN);
	CHECK_INT(quoin_bus_writer_commit(writer, 500, &err), QUOIN_EUNKNOWN);
	CHECK_INT(try_put(writer, topic, "k", "3", NULL), QUOIN_EUNKNOWN);
	CHECK_INT(quoin_bus_writer_begin(writer, &err), QUOIN_EUNKNOWN);
	quoin_bus_writer_close(writer);
	CHECK_INT(quoin_bus_writer_open(&conf, "unknown", &writer, &err), 0);
	CHECK_INT(quoin_bus_writer_init(writer, 300, &err), QUOIN_EUNREACHABLE);
	CHECK_INT(broker("restart"), 0);
	/* Init ends what was left open, so that reading to the end is final. */
	CHECK_INT(quoin_bus_writer_init(writer, WAIT_MS, &err), 0);
	reader = open_reader(topic, 0);
	(void)expect_record(reader, "k", "1");
	(void)expect_end(reader);
	put_txn(writer, topic, "k", "3");
	(void)expect_record(reader, "k", "3");
	quoin_bus_reader_close(reader);
	quoin_bus_writer_close(writer);
}

/* Fenced after an outage: the commit may have got through the first time it was asked for, so it is not called lost. */
static void
test_fenced_after_outage(void)
{
	static const char topic[] = "outage";
	struct quoin_bus_writer *a, *b;

	make_topic(topic);
	a = open_writer("outage");
	CHECK_INT(quoin_bus_writer_begin(a, &err), 0);
	(void)put(a, topic, "k", "from a");
	CHECK_INT(broker("kill"), 0);
	CHECK_INT(broker("restart"), 0);
	b = open_writer("outage");
	CHECK_INT(quoin_bus_writer_commit(a, WAIT_MS, &err), QUOIN_EUNKNOWN);
	CHECK_CONTAINS(err.message, "look at the log");
	CHECK(quoin_bus_writer_is_taken_over(a));
	CHECK(!quoin_bus_writer_is_taken_over(b));
	put_txn(b, topic, "k", "from b");
	quoin_bus_writer_close(a);
	quoin_bus_writer_close(b);
}

static const struct check_case cases[] = {
    {"kafka topics", test_topics},
    {"kafka questions", test_questions},
    {"kafka isolation", test_isolation},
    {"kafka fencing", test_fencing},
    {"kafka compare and swap", test_compare_and_swap},
    {"kafka refused", test_refused},
    {"kafka compaction", test_compaction},
    {"kafka lookup", test_lookup},
    {"kafka lost", test_lost},
    {"kafka broker killed", test_broker_killed},
    {"kafka unknown", test_unknown},
    {"kafka fenced after an outage", test_fenced_after_outage},
};

static int
start_broker(void)
{
	struct quoin_buf file;
	char path[64], pid[24];
	int status;

	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (mkdtemp(dir) == NULL || setenv("QUOIN_BROKER_OWNER", pid, 1) != 0)
		return 1;
	status = broker("start");
	if (status != 0)
		return status;
	(void)snprintf(path, sizeof path, "%s/bootstrap", dir);
	quoin_buf_init(&file, sizeof bootstrap - 1);
	if (quoin_file_read(path, &file, NULL) != 0 || file.len == 0)
		return 1;
	memcpy(bootstrap, file.data, file.len);
	bootstrap[strcspn(bootstrap, "\n")] = '\0';
	quoin_buf_clear(&file);
	return 0;
}

int
main(int argc, char **argv)
{
	int status;

	broker_status = start_broker();
	status = check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
	(void)broker("kill");
	if (status == 0)
		(void)quoin_tree_remove(dir, NULL);
	return status;
}
