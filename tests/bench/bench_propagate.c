/*
 * From publishing to a new release in a router's readers: on the embedded broker, and on real Apache Kafka. The release
 * asks for nothing to be waited for, so that what is measured is the road: the release's transaction, the gate's, and the
 * router's fetch, trial and commit. Beside it, in turn, one record from a producer to a consumer that waits for it, and
 * one small write that is synced.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench.h"
#include "tests/bench/site.h"

#define ROUNDS	15
#define BYTES	10000
#define REST_MS 200 /* the gate and the router finish with the last release meanwhile */

/* ---- Kafka alone ---- */

struct raw {
	struct quoin_bus_writer *plain;
	struct quoin_bus_writer *txn; /* as everything is written that hosts act on */
	struct quoin_bus_reader *reader;
};

static void
open_raw(struct site *site, struct raw *raw)
{
	struct quoin_error err = {0};

	if (quoin_bus_writer_open(&site->bus, NULL, &raw->plain, &err) != 0 ||
	    quoin_bus_writer_open(&site->bus, "bench.raw", &raw->txn, &err) != 0 ||
	    quoin_bus_writer_init(raw->txn, 10000, &err) != 0 || quoin_bus_reader_open(&site->bus, &raw->reader, &err) != 0 ||
	    quoin_bus_reader_assign(raw->reader, "bench.raw", 0, &err) != 0)
		bench_die("%s", err.message);
}

static void
close_raw(struct raw *raw)
{
	quoin_bus_writer_close(raw->plain);
	quoin_bus_writer_close(raw->txn);
	quoin_bus_reader_close(raw->reader);
}

/* One record from here to here. */
static double
time_raw(struct raw *raw, bool is_committed, const void *data, size_t bytes)
{
	struct quoin_bus_record record = {.topic = "bench.raw", .key = quoin_span_str("key"),
		.value = quoin_span_of(data, bytes)};
	struct quoin_bus_writer *writer = is_committed ? raw->txn : raw->plain;
	struct quoin_bus_event event;
	struct quoin_error err = {0};
	double begin = bench_wall_ns(), end;
	bool came = false;
	int rc = 0;

	if (is_committed)
		rc = quoin_bus_writer_begin(writer, &err);
	if (rc == 0)
		rc = quoin_bus_writer_put(writer, &record, NULL, &err);
	if (rc == 0 && is_committed)
		rc = quoin_bus_writer_commit(writer, 10000, &err);
	while (rc == 0 && !came) {
		if (quoin_bus_reader_next(raw->reader, 10000, &event) != 1)
			bench_die("the record did not come");
		came = event.kind == QUOIN_BUS_RECORD;
		quoin_bus_event_clear(&event);
	}
	end = bench_wall_ns();
	if (rc == 0 && !is_committed)
		rc = quoin_bus_writer_flush(writer, 10000, &err);
	if (rc != 0)
		bench_die("%s", err.message);
	return (end - begin) / 1e6;
}

/* ---- The road ---- */

enum figure {
	PLAIN,	   /* a record, and a sync */
	COMMITTED, /* a record in a transaction, and a sync */
	FREE,	   /* published to active; nothing is waited for */
	FREE_ALL,  /* the same from where the release's own transaction begins */
	STAGED,	   /* published to active; until it is staged it is waited for */
	COMMAND,   /* "quoin publish --wait", from its start to its end */
	FIGURES
};

static double series[FIGURES][ROUNDS];

static void
rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = REST_MS * 1000000L}, NULL);
}

static void
fill(uint8_t *data, unsigned seed)
{
	struct bench_random random = {seed};

	for (size_t i = 0; i < BYTES; i++)
		data[i] = (uint8_t)bench_random_next(&random);
}

/* New content, so that there is something to fetch, each time. */
static void
take_command(struct site *site, unsigned round)
{
	uint8_t data[BYTES];
	char file[1024];
	double begin;

	snprintf(file, sizeof file, "%s/data", site->dir);
	fill(data, 1 + 3 * round);
	bench_write_file(file, data, BYTES);
	rest();
	begin = bench_wall_ns();
	site_publish(site, file, false);
	series[COMMAND][round] = (bench_wall_ns() - begin) / 1e6;
}

static void
take_announcements(struct site *site, struct raw *raw, struct quoin_reader *reader, unsigned round)
{
	struct site_times times;
	uint8_t data[BYTES];
	uint64_t release;
	double active;

	fill(data, 2 + 3 * round);
	rest();
	series[PLAIN][round] = time_raw(raw, false, data, BYTES) + bench_write_sync_ns(data, 4096) / 1e6;
	series[COMMITTED][round] = time_raw(raw, true, data, BYTES) + bench_write_sync_ns(data, 4096) / 1e6;
	release = site_announce(site, quoin_span_of(data, BYTES), true, &times);
	active = site_wait_release(reader, release);
	series[FREE][round] = (active - times.published_ns) / 1e6;
	series[FREE_ALL][round] = (active - times.begin_ns) / 1e6;
	fill(data, 3 + 3 * round);
	rest();
	release = site_announce(site, quoin_span_of(data, BYTES), false, &times);
	series[STAGED][round] = (site_wait_release(reader, release) - times.published_ns) / 1e6;
}

static void
take(struct site *site)
{
	struct quoin_reader *reader;
	uint8_t data[BYTES] = {0};
	struct raw raw;

	site_start_router(site, "joined");
	for (unsigned i = 0; i < ROUNDS; i++)
		take_command(site, i);
	reader = site_reader(site);
	open_raw(site, &raw);
	(void)time_raw(&raw, false, data, BYTES);
	(void)time_raw(&raw, true, data, BYTES);
	for (unsigned i = 0; i < ROUNDS; i++)
		take_announcements(site, &raw, reader, i);
	close_raw(&raw);
	quoin_reader_close(reader);
}

static void
print(const char *what, const char *broker, const char *more, enum figure figure, const char *baseline,
    enum figure base)
{
	char name[64];

	snprintf(name, sizeof name, "%s.%s%s", what, broker, more);
	bench_print(name, bench_median(series[figure], ROUNDS), "ms", baseline, bench_median(series[base], ROUNDS));
}

static void
measure(const char *broker, bool is_kafka)
{
	static const char plain[] = "a record, produced to consumed + a sync";
	static const char committed[] = "the same in a transaction";
	char name[64];
	struct site site;

	if (!site_open(&site, broker, is_kafka)) {
		snprintf(name, sizeof name, "propagate.%s", broker);
		bench_skip(name, "Apache Kafka is not here and cannot be fetched");
		return;
	}
	take(&site);
	site_close(&site);
	print("propagate", broker, "", FREE, plain, PLAIN);
	print("propagate", broker, ".committed", FREE, committed, COMMITTED);
	print("propagate", broker, ".all", FREE_ALL, committed, COMMITTED);
	print("propagate", broker, ".staged", STAGED, committed, COMMITTED);
	print("publish", broker, ".wait", COMMAND, committed, COMMITTED);
}

int
main(void)
{
	measure("mock", false);
	measure("kafka", true);
	return 0;
}
