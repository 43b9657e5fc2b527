/*
 * What a producer or consumer without keys can do to a namespace, as a program for the tests on real Kafka.
 *
 *	rogue BOOTSTRAP topic NAME [SETTING=VALUE]...			make a topic with one partition
 *	rogue BOOTSTRAP range TOPIC					"FIRST END", END being the last stable offset
 *	rogue BOOTSTRAP list TOPIC					"OFFSET KEY BYTES" per committed record; BYTES - is a tombstone
 *	rogue BOOTSTRAP get TOPIC KEY|@OFFSET OUT			the last such record: its value to OUT, headers to OUT.NAME
 *	rogue BOOTSTRAP copy TOPIC KEY|@OFFSET NEWTOPIC NEWKEY		the last such record again, as it is
 *	rogue BOOTSTRAP put TOPIC KEY FILE [HEADER=FILE]...
 *	rogue BOOTSTRAP delete TOPIC KEY				a tombstone
 *	rogue BOOTSTRAP fill TOPIC COUNT BYTES				COUNT records over ten keys "junk/…"
 *	rogue BOOTSTRAP pack FILE BYTES OUT				FILE and then zeros, BYTES in all, compressed as parts are
 *	rogue BOOTSTRAP abort ID TOPIC KEY FILE [HEADER=FILE]...	in a transaction with this id, aborted
 *	rogue BOOTSTRAP hang ID TOPIC KEY FILE [HEADER=FILE]...		the same, left open: says "open" and waits for a signal
 *
 * Exit status: 0 done, 1 not (a line says why), 2 usage, 3 there is no such record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bus.h"
#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/pack.h"
#include "lib/text.h"

#define TIMEOUT_MS	20000
#define VALUE_BYTES_MAX (4u << 20)

static struct quoin_bus_property properties[1];
static const struct quoin_bus_conf conf = {properties, 1, "rogue"};
static struct quoin_error err;

static int
fail(const char *what)
{
	fprintf(stderr, "rogue: %s: %s\n", what, err.message[0] != '\0' ? err.message : quoin_error_text(err.code));
	return 1;
}

static int
usage(void)
{
	fprintf(stderr, "usage: rogue BOOTSTRAP VERB ARGUMENT...; the verbs are in tests/kafka/rogue.c\n");
	return 2;
}

/* ---- Topics ---- */

static int
make_topic(int argc, char **argv)
{
	struct quoin_bus_topic_setting settings[16] = {0};
	struct quoin_bus_topic_spec spec = {argv[0], 1, settings, 0};

	for (int i = 1; i < argc && i <= 16; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals == NULL)
			return usage();
		*equals = '\0';
		settings[spec.setting_count++] = (struct quoin_bus_topic_setting){argv[i], equals + 1};
	}
	return quoin_bus_topic_create(&conf, &spec, TIMEOUT_MS, &err) == 0 ? 0 : fail(argv[0]);
}

static int
print_range(char **argv)
{
	struct quoin_bus_reader *reader = NULL;
	int64_t first = 0, end = 0;
	int r;

	r = quoin_bus_reader_open_brief(&conf, &reader, &err);
	if (r == 0)
		r = quoin_bus_reader_range(reader, argv[0], TIMEOUT_MS, &first, &end, &err);
	quoin_bus_reader_close(reader);
	if (r != 0)
		return fail(argv[0]);
	printf("%lld %lld\n", (long long)first, (long long)end);
	return 0;
}

/* ---- Reading ---- */

/* The record that is looked for, with what it borrows copied. */
struct found {
	const char *wanted; /* a key, or "@OFFSET"; NULL: print all */
	struct quoin_bus_record record;
	struct quoin_buf key, value, headers[QUOIN_BUS_HEADERS_MAX];
	char names[QUOIN_BUS_HEADERS_MAX][64];
	bool is_found;
};

static bool
is_wanted(const struct found *found, const struct quoin_bus_record *record)
{
	if (found->wanted[0] == '@')
		return record->offset == strtoll(found->wanted + 1, NULL, 10);
	return quoin_span_equal_str(record->key, found->wanted) && !record->is_tombstone;
}

static int
keep(struct found *found, const struct quoin_bus_record *record)
{
	struct quoin_bus_record *copy = &found->record;

	*copy = *record;
	copy->topic = NULL;
	quoin_buf_reset(&found->key);
	quoin_buf_reset(&found->value);
	(void)quoin_buf_put_span(&found->key, record->key);
	(void)quoin_buf_put_span(&found->value, record->value);
	copy->key = quoin_buf_span(&found->key);
	copy->value = quoin_buf_span(&found->value);
	for (size_t i = 0; i < record->header_count; i++) {
		quoin_buf_reset(&found->headers[i]);
		(void)quoin_buf_put_span(&found->headers[i], record->headers[i].value);
		snprintf(found->names[i], sizeof found->names[i], "%s", record->headers[i].name);
		copy->headers[i] = (struct quoin_bus_header){found->names[i], quoin_buf_span(&found->headers[i])};
	}
	found->is_found = true;
	return 0;
}

static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *error)
{
	struct found *found = ctx;
	char key[256];

	(void)error;
	if (found->wanted != NULL)
		return is_wanted(found, record) ? keep(found, record) : 0;
	quoin_printable_copy(record->key, key, sizeof key);
	if (record->is_tombstone)
		printf("%lld %s -\n", (long long)record->offset, key);
	else
		printf("%lld %s %zu\n", (long long)record->offset, key, record->value.len);
	return 0;
}

/* Owned by the caller until the process ends. 0, 1 (failed, said), 3 (not there). */
static int
find(const char *topic, const char *wanted, struct found *ret)
{
	struct quoin_bus_reader *reader = NULL;
	int r;

	memset(ret, 0, sizeof *ret);
	ret->wanted = wanted;
	quoin_buf_init(&ret->key, 1024);
	quoin_buf_init(&ret->value, VALUE_BYTES_MAX);
	for (size_t i = 0; i < QUOIN_BUS_HEADERS_MAX; i++)
		quoin_buf_init(&ret->headers[i], 1u << 16);
	r = quoin_bus_reader_open_brief(&conf, &reader, &err);
	if (r == 0)
		r = quoin_bus_reader_drain(reader, topic, 0, TIMEOUT_MS, take, ret, &err);
	quoin_bus_reader_close(reader);
	if (r != 0)
		return fail(topic);
	return wanted == NULL || ret->is_found ? 0 : 3;
}

static int
get(char **argv)
{
	static struct found found;
	char path[1024];
	int r = find(argv[0], argv[1], &found);

	if (r != 0)
		return r;
	r = quoin_file_replace(argv[2], found.record.value, 0644, &err);
	for (size_t i = 0; r == 0 && i < found.record.header_count; i++) {
		snprintf(path, sizeof path, "%s.%s", argv[2], found.names[i]);
		r = quoin_file_replace(path, found.record.headers[i].value, 0644, &err);
	}
	return r == 0 ? 0 : fail(argv[2]);
}

/* ---- Writing ---- */

static int
send_one(const struct quoin_bus_record *record)
{
	struct quoin_bus_writer *writer = NULL;
	int r;

	r = quoin_bus_writer_open(&conf, NULL, &writer, &err);
	if (r == 0)
		r = quoin_bus_writer_put(writer, record, NULL, &err);
	if (r == 0)
		r = quoin_bus_writer_flush(writer, TIMEOUT_MS, &err);
	quoin_bus_writer_close(writer);
	return r == 0 ? 0 : fail(record->topic);
}

static int
copy(char **argv)
{
	static struct found found;
	int r = find(argv[0], argv[1], &found);

	if (r != 0)
		return r;
	found.record.topic = argv[2];
	found.record.key = quoin_span_str(argv[3]);
	return send_one(&found.record);
}

/* TOPIC KEY FILE [HEADER=FILE]... What it borrows lives until the process ends. 0, or as an exit status. */
static int
read_record(int argc, char **argv, struct quoin_bus_record *ret)
{
	static struct quoin_buf files[QUOIN_BUS_HEADERS_MAX + 1];

	memset(ret, 0, sizeof *ret);
	for (int i = 2; i < argc && i - 3 < QUOIN_BUS_HEADERS_MAX; i++) {
		char *path = i == 2 ? argv[i] : strchr(argv[i], '=');

		if (path == NULL)
			return usage();
		if (i > 2)
			*path++ = '\0';
		quoin_buf_init(&files[i - 2], VALUE_BYTES_MAX);
		if (quoin_file_read(path, &files[i - 2], &err) != 0)
			return fail(path);
		if (i > 2)
			ret->headers[ret->header_count++] =
			    (struct quoin_bus_header){argv[i], quoin_buf_span(&files[i - 2])};
	}
	ret->topic = argv[0];
	ret->key = quoin_span_str(argv[1]);
	ret->value = quoin_buf_span(&files[0]);
	return 0;
}

static int
put(int argc, char **argv)
{
	struct quoin_bus_record record;
	int r = read_record(argc, argv, &record);

	return r != 0 ? r : send_one(&record);
}

static int
fill(char **argv)
{
	long count = strtol(argv[1], NULL, 10), bytes = strtol(argv[2], NULL, 10);
	struct quoin_bus_record record = {.topic = argv[0]};
	struct quoin_bus_writer *writer = NULL;
	uint8_t *value;
	int r;

	if (count < 1 || bytes < 1 || bytes > (long)VALUE_BYTES_MAX || (value = calloc(1, (size_t)bytes)) == NULL)
		return usage();
	quoin_random(value, (size_t)bytes);
	record.value = quoin_span_of(value, (size_t)bytes);
	r = quoin_bus_writer_open(&conf, NULL, &writer, &err);
	for (long i = 0; r == 0 && i < count; i++) {
		char key[32];

		snprintf(key, sizeof key, "junk/%ld", i % 10);
		record.key = quoin_span_str(key);
		while ((r = quoin_bus_writer_put(writer, &record, NULL, &err)) == QUOIN_EAGAIN)
			(void)quoin_bus_writer_flush(writer, 1000, NULL);
	}
	if (r == 0)
		r = quoin_bus_writer_flush(writer, TIMEOUT_MS, &err);
	quoin_bus_writer_close(writer);
	free(value);
	return r == 0 ? 0 : fail(argv[0]);
}

static int
pack(char **argv)
{
	size_t bytes = (size_t)strtoul(argv[1], NULL, 10);
	struct quoin_buf body, packed;
	int r;

	quoin_buf_init(&body, 256u << 20);
	quoin_buf_init(&packed, VALUE_BYTES_MAX);
	r = quoin_file_read(argv[0], &body, &err);
	if (r == 0 && body.len < bytes)
		r = quoin_buf_put_zeros(&body, bytes - body.len);
	if (r == 0)
		r = quoin_pack(quoin_buf_span(&body), &packed);
	if (r == 0)
		r = quoin_file_replace(argv[2], quoin_buf_span(&packed), 0644, &err);
	quoin_buf_clear(&packed);
	quoin_buf_clear(&body);
	return r == 0 ? 0 : fail(argv[0]);
}

/* A transaction that is aborted, or left open. */
static int
transact(int argc, char **argv, bool is_left_open)
{
	struct quoin_bus_writer *writer = NULL;
	struct quoin_bus_record record;
	int r = read_record(argc - 1, argv + 1, &record);

	if (r != 0)
		return r;
	r = quoin_bus_writer_open(&conf, argv[0], &writer, &err);
	if (r == 0)
		r = quoin_bus_writer_init(writer, TIMEOUT_MS, &err);
	if (r == 0)
		r = quoin_bus_writer_begin(writer, &err);
	if (r == 0)
		r = quoin_bus_writer_put(writer, &record, NULL, &err);
	if (r == 0)
		r = quoin_bus_writer_flush(writer, TIMEOUT_MS, &err);
	if (r == 0 && is_left_open) {
		printf("open\n");
		fflush(stdout);
		pause();
	}
	if (r == 0)
		r = quoin_bus_writer_abort(writer, TIMEOUT_MS, &err);
	quoin_bus_writer_close(writer);
	return r == 0 ? 0 : fail(argv[0]);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct found found;

	if (argc < 4)
		return usage();
	properties[0] = (struct quoin_bus_property){"bootstrap.servers", argv[1]};
	argc -= 3;
	argv += 3;
	if (strcmp(verb, "topic") == 0)
		return make_topic(argc, argv);
	if (strcmp(verb, "range") == 0)
		return print_range(argv);
	if (strcmp(verb, "list") == 0)
		return find(argv[0], NULL, &found);
	if (strcmp(verb, "get") == 0 && argc == 3)
		return get(argv);
	if (strcmp(verb, "copy") == 0 && argc == 4)
		return copy(argv);
	if (strcmp(verb, "put") == 0 && argc >= 3)
		return put(argc, argv);
	if (strcmp(verb, "delete") == 0 && argc == 2) {
		struct quoin_bus_record record = {.topic = argv[0], .key = quoin_span_str(argv[1]), .is_tombstone = true};

		return send_one(&record);
	}
	if (strcmp(verb, "fill") == 0 && argc == 3)
		return fill(argv);
	if (strcmp(verb, "pack") == 0 && argc == 3)
		return pack(argv);
	if (strcmp(verb, "abort") == 0 && argc >= 4)
		return transact(argc, argv, false);
	if (strcmp(verb, "hang") == 0 && argc >= 4)
		return transact(argc, argv, true);
	return usage();
}
