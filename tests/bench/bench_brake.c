/*
 * The brake on real Apache Kafka while gigabytes are being uploaded: one "quoin publish" of 250 MB after the other (a
 * release has at most 256 MiB), each a process of its own on the same broker and the same machine, whose chunks pour into
 * the blobs topic. From the start of "quoin rollback" to the release before in the readers of a router; beside it, in
 * turn, the same with nothing going on. What is uploaded lies in memory ($QUOIN_BENCH_SHM, /dev/shm): the disk is the
 * broker's and the router's.
 *
 * What is gone back from is published while the chunks are on their way, too: the big publication finds another head than
 * it began with, and ends with a conflict once everything is uploaded, so that no round changes what the next one meets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/site.h"

#define ROUNDS	     5
#define UPLOAD_BYTES (250u << 20)
#define SMALL_BYTES  10000
#define BEGUN_BYTES  (16u << 20) /* on the topic before anything is done */
#define REST_MS	     300
#define TIMEOUT_S    120
#define CONFLICT     5

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static void
write_random(const char *path, size_t bytes, uint64_t seed)
{
	struct bench_random random = {seed};
	uint64_t *data = malloc(bytes + 8);

	if (data == NULL)
		bench_die("out of memory");
	for (size_t i = 0; i <= bytes / 8; i++)
		data[i] = bench_random_next(&random);
	bench_write_file(path, data, bytes);
	free(data);
}

/* ---- The upload ---- */

/* Chunks on the topic: all of one size, but for the last of each part. */
static int64_t
count_chunks(struct quoin_bus_reader *reader)
{
	struct quoin_error err = {0};
	int64_t end;

	if (quoin_bus_reader_end(reader, "bench.blobs", TIMEOUT_S * 1000, &end, &err) != 0)
		bench_die("%s", err.message);
	return end;
}

static pid_t
upload_begin(struct site *site, struct quoin_bus_reader *reader, unsigned round)
{
	const char *base = getenv("QUOIN_BENCH_SHM");
	double deadline = bench_wall_ns() + TIMEOUT_S * 1e9;
	int64_t before = count_chunks(reader);
	char file[1100], part[1200];
	pid_t pid;

	snprintf(file, sizeof file, "%.900s/quoin-bench.%ld.bulk", base != NULL ? base : "/dev/shm", (long)getpid());
	snprintf(part, sizeof part, "data=%s", file);
	write_random(file, UPLOAD_BYTES, 1000 + round);
	pid = site_spawn(site, "quoin", "publish", "--part", part, NULL);
	while ((count_chunks(reader) - before) * (int64_t)QUOIN_CHUNK_BYTES_MAX < BEGUN_BYTES) {
		if (bench_wall_ns() > deadline || !site_is_running(pid))
			bench_die("the upload does not begin");
		pause_ms(5);
	}
	(void)unlink(file); /* the command has read it */
	return pid;
}

/* ---- The brake ---- */

/* A new release, to go back from. */
static void
arm(struct site *site, unsigned round)
{
	char file[1200];

	snprintf(file, sizeof file, "%s/small", site->dir);
	write_random(file, SMALL_BYTES, round);
	site_publish(site, file, false);
	pause_ms(REST_MS);
}

static double
pull(struct site *site, struct quoin_reader *reader)
{
	struct site_watch watch;
	double begin;

	site_watch_begin(&watch, reader, 1);
	begin = bench_wall_ns();
	site_run(site, "quoin", "rollback", "1", NULL);
	return site_watch_end(&watch) - begin;
}

/* Nanoseconds; also the rate at which the upload went on meanwhile, in MB/s. */
static double
pull_under_bulk(struct site *site, struct quoin_reader *reader, struct quoin_bus_reader *asker, unsigned round,
    double *ret_rate)
{
	pid_t upload = upload_begin(site, asker, round);
	double brake_ns, begin;
	int64_t chunks;

	arm(site, 2 * round + 1);
	chunks = count_chunks(asker);
	begin = bench_wall_ns();
	brake_ns = pull(site, reader);
	*ret_rate =
	    (double)(count_chunks(asker) - chunks) * QUOIN_CHUNK_BYTES_MAX / 1e6 / ((bench_wall_ns() - begin) / 1e9);
	if (!site_is_running(upload))
		bench_die("the upload was over before the brake was; UPLOAD_BYTES is too little for this machine");
	if (site_wait_exit(upload) != CONFLICT)
		bench_die("the upload did not end as it should");
	pause_ms(2000); /* the broker writes out what it took */
	return brake_ns;
}

static void
measure(struct site *site, struct quoin_reader *reader)
{
	double idle[ROUNDS], busy[ROUNDS], rate[ROUNDS];
	struct quoin_bus_reader *asker;
	struct quoin_error err = {0};

	if (quoin_bus_reader_open(&site->bus, &asker, &err) != 0)
		bench_die("%s", err.message);
	for (unsigned i = 0; i < ROUNDS; i++) {
		arm(site, 2 * i);
		idle[i] = pull(site, reader) / 1e6;
		busy[i] = pull_under_bulk(site, reader, asker, i, &rate[i]) / 1e6;
	}
	quoin_bus_reader_close(asker);
	bench_print("brake.under_bulk", bench_median(busy, ROUNDS), "ms", "the same with nothing going on",
	    bench_median(idle, ROUNDS));
	bench_print("brake.under_bulk.upload", bench_median(rate, ROUNDS), "MB/s", "(what went on meanwhile)", 0);
}

int
main(void)
{
	struct quoin_reader *reader;
	struct site site;

	if (!site_open(&site, "brake", true)) {
		bench_skip("brake.under_bulk", "Apache Kafka is not here and cannot be fetched");
		return 0;
	}
	site_start_router(&site, "joined");
	arm(&site, 2 * ROUNDS);
	reader = site_reader(&site);
	measure(&site, reader);
	quoin_reader_close(reader);
	site_close(&site);
	return 0;
}
