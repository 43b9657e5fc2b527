/* What dev puts again before the embedded broker drops it, and what it keeps for the next start. */
#include <stdio.h>
#include <string.h>

#include "formats/conf.h"
#include "publisher/dev_keep.h"
#include "tests/check.h"

#define FILLER_BYTES (256u << 10)

static struct quoin_bus_mock *mock;
static struct quoin_conf conf;
static struct quoin_bus_conf bus;
static struct quoin_bus_writer *writer;

static void
open_broker(void)
{
	static char names[QUOIN_TOPICS][QUOIN_TOPIC_NAME_BYTES];
	const char *topics[QUOIN_TOPICS], *bootstrap;
	static struct quoin_bus_property property = {"bootstrap.servers", NULL};
	struct quoin_error err = {0};

	for (unsigned i = 0; i < QUOIN_TOPICS; i++) {
		quoin_topic_name("dev", (enum quoin_topic)i, names[i]);
		topics[i] = names[i];
	}
	CHECK_INT(quoin_bus_mock_open(topics, QUOIN_TOPICS, &mock, &bootstrap, &err), 0);
	property.value = bootstrap;
	snprintf(conf.namespace_name, sizeof conf.namespace_name, "dev");
	conf.properties[0] = property;
	conf.property_count = 1;
	bus = (struct quoin_bus_conf){&property, 1, "test"};
	CHECK_INT(quoin_bus_writer_open(&bus, NULL, &writer, &err), 0);
}

static void
close_broker(void)
{
	quoin_bus_writer_close(writer);
	quoin_bus_mock_close(mock);
}

static void
put(const char *topic, const char *key, struct quoin_span value)
{
	struct quoin_bus_record record = {.topic = topic, .key = quoin_span_str(key), .value = value};
	struct quoin_error err = {0};

	record.headers[0].name = "minisig";
	record.headers[0].value = quoin_span_str("a signature");
	record.header_count = 1;
	CHECK_INT(quoin_bus_writer_put(writer, &record, NULL, &err), 0);
	CHECK_INT(quoin_bus_writer_flush(writer, 10000, &err), 0);
}

/* Take until the broker's end as it is now was taken. */
static void
settle(struct quoin_dev_keep *keep, unsigned topic, uint64_t count)
{
	struct quoin_error err = {0};
	bool changed;

	while (keep->topics[topic].taken_count < count)
		CHECK_INT(quoin_dev_keep_step(keep, &changed, &err), 0);
}

struct search {
	const char *key;
	char value[64];
	char header[64];
	unsigned count;
};

static int
look(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct search *search = ctx;

	(void)err;
	if (!quoin_span_equal_str(record->key, search->key))
		return 0;
	search->count++;
	snprintf(search->value, sizeof search->value, "%.*s", (int)record->value.len, (const char *)record->value.data);
	snprintf(search->header, sizeof search->header, "%.*s", (int)record->headers[0].value.len,
	    (const char *)record->headers[0].value.data);
	return 0;
}

/* What somebody who begins now finds on the topic. */
static struct search
find(const char *topic, const char *key)
{
	struct search search = {.key = key};
	struct quoin_bus_reader *reader;
	struct quoin_error err = {0};
	int64_t first, end;

	CHECK_INT(quoin_bus_reader_open(&bus, &reader, &err), 0);
	CHECK_INT(quoin_bus_reader_range(reader, topic, 10000, &first, &end, &err), 0);
	CHECK_INT(quoin_bus_reader_drain(reader, topic, first, 20000, look, &search, &err), 0);
	quoin_bus_reader_close(reader);
	return search;
}

/* Documents of the control topic outlive any number of others. */
static void
put_again(void)
{
	static uint8_t filler[FILLER_BYTES];
	struct quoin_dev_keep keep;
	struct quoin_error err = {0};
	struct search found;

	open_broker();
	put("dev.control", "incarnation", quoin_span_str("first"));
	put("dev.control", "intent/1", quoin_span_str("an intent"));
	put("dev.control", "cert/gone", quoin_span_str("a certificate"));
	put("dev.control", "cert/gone", quoin_span_str("a newer certificate"));
	CHECK_INT(quoin_dev_keep_open(&keep, &conf, NULL, &err), 0);
	settle(&keep, QUOIN_TOPIC_CONTROL, 4);
	/* Twice as much as the broker keeps, all under one key. */
	for (unsigned i = 0; i < 40; i++) {
		put("dev.control", "filler", quoin_span_of(filler, sizeof filler));
		settle(&keep, QUOIN_TOPIC_CONTROL, 5 + i);
	}
	CHECK(keep.again >= 3);
	CHECK_INT(quoin_bus_writer_flush(keep.writer, 10000, &err), 0);
	found = find("dev.control", "intent/1");
	CHECK(found.count >= 1);
	CHECK_STR(found.value, "an intent");
	CHECK_STR(found.header, "a signature");
	CHECK_STR(find("dev.control", "incarnation").value, "first");
	CHECK_STR(find("dev.control", "cert/gone").value, "a newer certificate");
	quoin_dev_keep_close(&keep);
	close_broker();
}

/* Chunks that no live release names go the broker's way. */
static void
let_go(void)
{
	static uint8_t filler[FILLER_BYTES];
	struct quoin_dev_keep keep;
	struct quoin_error err = {0};

	open_broker();
	put("dev.blobs", "incarnation", quoin_span_str("blobs"));
	put("dev.blobs", "0123/full/0", quoin_span_str("a chunk of nothing"));
	CHECK_INT(quoin_dev_keep_open(&keep, &conf, NULL, &err), 0);
	settle(&keep, QUOIN_TOPIC_BLOBS, 2);
	/* Until the next release it might be one that is to come. */
	put("dev.control", "release/1", quoin_span_str("not a release that names it"));
	settle(&keep, QUOIN_TOPIC_CONTROL, 1);
	for (unsigned i = 0; i < 24; i++) {
		put("dev.blobs", "4567/full/0", quoin_span_of(filler, sizeof filler));
		settle(&keep, QUOIN_TOPIC_BLOBS, 3 + i);
	}
	CHECK_INT(quoin_bus_writer_flush(keep.writer, 10000, &err), 0);
	CHECK_INT(find("dev.blobs", "0123/full/0").count, 0);
	CHECK_STR(find("dev.blobs", "incarnation").value, "blobs");
	quoin_dev_keep_close(&keep);
	close_broker();
}

/* Documents are there after the broker forgot all; incarnations, statuses and heartbeats are not. */
static void
next_start(void)
{
	char dir[256];
	struct quoin_dev_keep keep;
	struct quoin_error err = {0};

	snprintf(dir, sizeof dir, "%s/topics", check_dir());
	open_broker();
	put("dev.control", "incarnation", quoin_span_str("old"));
	put("dev.control", "intent/1", quoin_span_str("an intent"));
	put("dev.control", "intent/2", quoin_span_str("to be erased"));
	put("dev.status", "status/host", quoin_span_str("a status"));
	put("dev.gate", "heartbeat", quoin_span_str("a heartbeat"));
	CHECK_INT(quoin_dev_keep_open(&keep, &conf, dir, &err), 0);
	settle(&keep, QUOIN_TOPIC_CONTROL, 3);
	settle(&keep, QUOIN_TOPIC_STATUS, 1);
	settle(&keep, QUOIN_TOPIC_GATE, 1);
	CHECK(quoin_dev_keep_has_host(&keep, "host"));
	CHECK(!quoin_dev_keep_has_host(&keep, "hos"));
	CHECK(keep.has_heartbeat);
	CHECK_INT(quoin_dev_keep_save(&keep, &err), 0);
	quoin_dev_keep_close(&keep);
	close_broker();

	open_broker();
	CHECK_INT(quoin_dev_keep_open(&keep, &conf, dir, &err), 0);
	CHECK_INT(quoin_dev_keep_restore(&keep, &err), 0);
	CHECK_STR(find("dev.control", "intent/1").value, "an intent");
	CHECK_STR(find("dev.control", "intent/1").header, "a signature");
	CHECK_INT(find("dev.control", "incarnation").count, 0);
	CHECK_INT(find("dev.status", "status/host").count, 0);
	CHECK_INT(find("dev.gate", "heartbeat").count, 0);
	quoin_dev_keep_close(&keep);
	close_broker();
}

/* A file that was cut is refused with its name, not half restored in silence. */
static void
damaged(void)
{
	char dir[256], path[300];
	struct quoin_dev_keep keep;
	struct quoin_error err = {0};
	FILE *file;

	snprintf(dir, sizeof dir, "%s/topics", check_dir());
	open_broker();
	CHECK_INT(quoin_dev_keep_open(&keep, &conf, dir, &err), 0);
	snprintf(path, sizeof path, "%s/control", dir);
	file = fopen(path, "w");
	CHECK(file != NULL);
	CHECK_INT(fwrite("\x05\x00\x00\x00int", 1, 7, file), 7);
	CHECK_INT(fclose(file), 0);
	CHECK_INT(quoin_dev_keep_restore(&keep, &err), QUOIN_ECORRUPT);
	CHECK_CONTAINS(err.message, path);
	quoin_dev_keep_close(&keep);
	close_broker();
}

static const struct check_case cases[] = {
    {"dev_keep/put-again", put_again},
    {"dev_keep/let-go", let_go},
    {"dev_keep/next-start", next_start},
    {"dev_keep/damaged", damaged},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
