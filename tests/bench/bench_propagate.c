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
#define REST_MS 200 /* the gate and the router finish with the last release meanwhile */

/* One record from here to here. */
static double
time_raw(struct quoin_bus_writer *writer, struct quoin_bus_reader *reader, const void *data, size_t bytes)
{
	struct quoin_bus_record record = {.topic = "bench.raw", .key = quoin_span_str("key"),
		.value = quoin_span_of(data, bytes)};
	struct quoin_bus_event event;
	struct quoin_error err = {0};
	double begin = bench_wall_ns();
	bool came = false;

	if (quoin_bus_writer_put(writer, &record, NULL, &err) != 0)
		bench_die("%s", err.message);
	while (!came) {
		if (quoin_bus_reader_next(reader, 10000, &event) != 1)
			bench_die("the record did not come");
		came = event.kind == QUOIN_BUS_RECORD;
		quoin_bus_event_clear(&event);
	}
	double end = bench_wall_ns();

	if (quoin_bus_writer_flush(writer, 10000, &err) != 0)
		bench_die("%s", err.message);
	return end - begin;
}

static void
open_raw(struct site *site, struct quoin_bus_writer **writer, struct quoin_bus_reader **reader)
{
	struct quoin_error err = {0};

	if (quoin_bus_writer_open(&site->bus, NULL, writer, &err) != 0 ||
	    quoin_bus_reader_open(&site->bus, reader, &err) != 0 ||
	    quoin_bus_reader_assign(*reader, "bench.raw", 0, &err) != 0)
		bench_die("%s", err.message);
}

static void
fill(uint8_t *data, size_t bytes, unsigned seed)
{
	struct bench_random random = {seed};

	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)bench_random_next(&random);
}

static void
rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = REST_MS * 1000000L}, NULL);
}

struct series {
	double active[ROUNDS], staged[ROUNDS], base[ROUNDS], command[ROUNDS];
};

static void
take(struct site *site, struct series *series)
{
	struct quoin_bus_writer *writer;
	struct quoin_bus_reader *raw;
	struct quoin_reader *reader;
	uint8_t data[10000];
	double begin, raw_ns;
	uint64_t release;
	char file[1024];

	snprintf(file, sizeof file, "%s/data", site->dir);
	open_raw(site, &writer, &raw);
	site_start_router(site, "joined");
	fill(data, sizeof data, 1);
	bench_write_file(file, data, sizeof data);
	site_publish(site, file, true);
	reader = site_reader(site);
	(void)time_raw(writer, raw, data, sizeof data);
	for (unsigned i = 0; i < ROUNDS; i++) {
		rest();
		raw_ns = time_raw(writer, raw, data, sizeof data);
		series->base[i] = (raw_ns + bench_write_sync_ns(data, 4096)) / 1e6;
		fill(data, sizeof data, 2 + 3 * i);
		release = site_announce(site, quoin_span_of(data, sizeof data), true, &begin);
		series->active[i] = (site_wait_release(reader, release) - begin) / 1e6;
		rest();
		fill(data, sizeof data, 3 + 3 * i);
		release = site_announce(site, quoin_span_of(data, sizeof data), false, &begin);
		series->staged[i] = (site_wait_release(reader, release) - begin) / 1e6;
		rest();
		fill(data, sizeof data, 4 + 3 * i);
		bench_write_file(file, data, sizeof data);
		begin = bench_wall_ns();
		site_publish(site, file, false);
		(void)site_wait_release(reader, release + 1);
		series->command[i] = (bench_wall_ns() - begin) / 1e6;
	}
	quoin_reader_close(reader);
	quoin_bus_writer_close(writer);
	quoin_bus_reader_close(raw);
}

static void
measure(const char *broker, bool is_kafka)
{
	static struct series series;
	char name[64];
	struct site site;
	double base;

	snprintf(name, sizeof name, "propagate.%s", broker);
	if (!site_open(&site, broker, is_kafka)) {
		bench_skip(name, "Apache Kafka is not here and cannot be fetched");
		return;
	}
	take(&site, &series);
	site_close(&site);
	base = bench_median(series.base, ROUNDS);
	bench_print(name, bench_median(series.active, ROUNDS), "ms", "one record raw + one sync", base);
	snprintf(name, sizeof name, "propagate.%s.staged", broker);
	bench_print(name, bench_median(series.staged, ROUNDS), "ms", "one record raw + one sync", base);
	snprintf(name, sizeof name, "publish.%s.wait", broker);
	bench_print(name, bench_median(series.command, ROUNDS), "ms", "one record raw + one sync", base);
}

int
main(void)
{
	measure("mock", false);
	measure("kafka", true);
	return 0;
}
