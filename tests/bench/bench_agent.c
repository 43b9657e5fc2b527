/*
 * What an agent costs on its host, on real Apache Kafka: its memory with a 10 MB release, idle and while 100 MB come; its
 * processor time when nothing happens; how long content of 100 MB takes once it is fetched (verify, decompress, commit),
 * beside writing and syncing the same bytes; and, with everything upstream dead, how long until there are decisions.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "subscriber/fetch.h"
#include "tests/bench/bench.h"
#include "tests/bench/site.h"

#define SMALL_BYTES (10u << 20)
#define LARGE_BYTES (100u << 20)
#define IDLE_S	    10
#define ROUNDS	    5
#define COLD_ROUNDS 21

/* ---- Content ---- */

/* Words, about as compressible as rules are; "seed" makes it another one. */
static uint8_t *
make_content(size_t bytes, unsigned seed)
{
	struct bench_random random = {seed};
	uint8_t *content = malloc(bytes + 16);
	size_t at = 0;

	if (content == NULL)
		bench_die("no memory");
	while (at < bytes) {
		uint64_t word = bench_random_next(&random);

		/* One in four words is new; the others are of 4,096. */
		if ((word & 3) != 0)
			word = (word >> 8 & 4095) * 0x9e3779b97f4a7c15u;
		memcpy(content + at, &word, 8);
		at += 8;
	}
	return content;
}

static void
sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- Memory ---- */

struct watch {
	pid_t pid;
	_Atomic bool is_over;
	long kb_max;
};

/* Anonymous memory of the process and of the children it reads new releases in, which share pages with it: counted twice,
 * so that the figure is an upper bound. */
static long
anonymous_kb(pid_t pid)
{
	char path[128], text[256] = "";
	long kb = site_process_kb(pid, "RssAnon:"), child;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	file = fopen(path, "r");
	if (file != NULL) {
		if (fgets(text, sizeof text, file) != NULL)
			for (char *at = text, *end; (child = strtol(at, &end, 10)) > 0; at = end)
				kb += site_process_kb_if((pid_t)child, "RssAnon:");
		fclose(file);
	}
	return kb;
}

static void *
watch_memory(void *arg)
{
	struct watch *watch = arg;
	long kb;

	while (!watch->is_over) {
		kb = anonymous_kb(watch->pid);
		watch->kb_max = kb > watch->kb_max ? kb : watch->kb_max;
		sleep_ms(2);
	}
	return NULL;
}

static void
measure_memory(struct site *site, const char *large)
{
	struct watch watch = {.pid = site->router};
	pthread_t thread;
	double before, after;

	sleep_ms(2000);
	bench_print("agent.rss_anon", (double)anonymous_kb(site->router) / 1024, "MB", "the release's bytes",
	    SMALL_BYTES / 1048576.0);
	before = site_process_cpu_s(site->router);
	sleep_ms(IDLE_S * 1000);
	after = site_process_cpu_s(site->router);
	bench_print("agent.idle_cpu", (after - before) * 100 / IDLE_S, "%", "one core", 100);
	if (pthread_create(&thread, NULL, watch_memory, &watch) != 0)
		bench_die("no thread");
	site_publish(site, large, false);
	watch.is_over = true;
	pthread_join(thread, NULL);
	bench_print("agent.rss_anon.apply", (double)watch.kb_max / 1024, "MB", "the release's bytes",
	    LARGE_BYTES / 1048576.0);
}

/* ---- Applying ---- */

/* Asked before every chunk: the last answer is where fetching ends and applying begins. */
static bool
note_time(void *ctx)
{
	*(double *)ctx = bench_wall_ns();
	return false;
}

/* Fetch the release into a new store with what the agent fetches with, as a host does that has nothing yet. */
static double
time_apply(struct site *site, const struct quoin_release *release, unsigned round)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	const char *state = bench_path("apply-%u", round);
	struct quoin_fetch fetch = {.parts.role = QUOIN_HOST_ROUTER, .bytes_max = QUOIN_RELEASE_BYTES_MAX,
		.is_interrupted = note_time};
	struct quoin_store_change change = {.active = &active, .ratchets = &ratchets};
	struct quoin_error err = {0};
	double begin = 0, end;
	bool is_new;
	int rc;

	fetch.ctx = &begin;
	if (mkdir(state, 0700) != 0 || quoin_store_open(state, &release->origin, &fetch.store, &err) != 0 ||
	    quoin_bus_lookup_open(&site->bus, "bench.blobs", 0, &fetch.lookup, &err) != 0)
		bench_die("cannot begin: %s", err.message);
	quoin_store_ratchets(fetch.store, &ratchets, &is_new);
	rc = quoin_fetch_release(&fetch, release, &err);
	if (rc == 0) {
		memset(&active, 0, sizeof active);
		active.generation = ratchets.generation = 1;
		active.release.number = release->number;
		active.part_count = 1;
		snprintf(active.parts[0].name, sizeof active.parts[0].name, "data");
		snprintf(active.parts[0].schema, sizeof active.parts[0].schema, "raw");
		active.parts[0].bytes = release->parts[0].bytes;
		active.parts[0].hash = release->parts[0].hash;
		rc = quoin_store_commit(fetch.store, &change, &err);
	}
	if (rc != 0)
		bench_die("cannot apply: %s", err.message);
	end = bench_wall_ns();
	quoin_bus_lookup_close(fetch.lookup);
	quoin_store_close(fetch.store);
	return (end - begin) / 1e6;
}

static void
measure_apply(struct site *site, const uint8_t *content)
{
	double apply[ROUNDS], base[ROUNDS];
	struct quoin_release release = {0};
	struct quoin_error err = {0};

	if (quoin_control_read(&site->control, site->control_reader, 60000, &err) != 0 ||
	    quoin_control_release(&site->control, site->control.ledger.head.number, &release, &err) != 0)
		bench_die("%s", err.message);
	for (unsigned i = 0; i < ROUNDS; i++) {
		base[i] = bench_write_sync_ns(content, LARGE_BYTES) / 1e6;
		apply[i] = time_apply(site, &release, i);
	}
	quoin_release_clear(&release);
	bench_print("apply.100mb", bench_median(apply, ROUNDS), "ms", "write and sync the same bytes",
	    bench_median(base, ROUNDS));
}

/* ---- Cold start ---- */

/* Attach, pin, and look at the first and the last byte. */
static double
time_attach(const char *state)
{
	struct quoin_message message = {0};
	struct quoin_reader *reader;
	struct quoin_view view;
	uint8_t byte;
	double begin = bench_wall_ns(), end;

	if (quoin_reader_open_store(state, NULL, &reader, &message) != 0 || quoin_view_acquire(reader, &view) != 0 ||
	    quoin_view_part_read(&view, "data", 0, &byte, 1) != 1 ||
	    quoin_view_part_read(&view, "data", SMALL_BYTES - 1, &byte, 1) != 1)
		bench_die("nothing to read: %s", message.text);
	end = bench_wall_ns();
	quoin_view_release(&view);
	quoin_reader_close(reader);
	return (end - begin) / 1e6;
}

static double
time_read(const char *path, uint8_t *buffer)
{
	double begin = bench_wall_ns();
	FILE *file = fopen(path, "r");

	if (file == NULL || fread(buffer, 1, SMALL_BYTES, file) != SMALL_BYTES)
		bench_die("cannot read %s", path);
	fclose(file);
	return (bench_wall_ns() - begin) / 1e6;
}

/* The agent is gone, the broker is gone; then the agent comes back. */
static void
measure_coldstart(struct site *site, const char *small, uint8_t *buffer)
{
	double attach[COLD_ROUNDS], base[COLD_ROUNDS], ready[ROUNDS], begin;
	char state[1024];

	snprintf(state, sizeof state, "%s/state", site->dir);
	site_stop_router(site);
	site_stop_broker(site);
	for (unsigned i = 0; i < COLD_ROUNDS; i++) {
		base[i] = time_read(small, buffer);
		attach[i] = time_attach(state);
	}
	bench_print("coldstart.10mb", bench_median(attach, COLD_ROUNDS), "ms", "read the same bytes",
	    bench_median(base, COLD_ROUNDS));
	for (unsigned i = 0; i < ROUNDS; i++) {
		begin = bench_wall_ns();
		site_start_router(site, "event=serving");
		ready[i] = (bench_wall_ns() - begin) / 1e6;
		site_stop_router(site);
	}
	bench_print("coldstart.agent.10mb", bench_median(ready, ROUNDS), "ms", "read the same bytes",
	    bench_median(base, COLD_ROUNDS));
}

int
main(void)
{
	static const char *const names[] = {"agent.rss_anon", "agent.idle_cpu", "agent.rss_anon.apply", "apply.100mb",
		"coldstart.10mb"};
	char small[1024], large[1024];
	uint8_t *content;
	struct site site;

	if (!site_open(&site, "agent", true)) {
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			bench_skip(names[i], "Apache Kafka is not here and cannot be fetched");
		return 0;
	}
	snprintf(small, sizeof small, "%s/small", site.dir);
	snprintf(large, sizeof large, "%s/large", site.dir);
	content = make_content(LARGE_BYTES, 1);
	bench_write_file(large, content, LARGE_BYTES);
	bench_write_file(small, content + LARGE_BYTES - SMALL_BYTES, SMALL_BYTES);
	site_start_router(&site, "joined");
	site_publish(&site, small, false);
	measure_memory(&site, large);
	measure_apply(&site, content);
	site_run(&site, "quoin", "rollback", "--wait=60", NULL);
	measure_coldstart(&site, small, content);
	site_close(&site);
	free(content);
	return 0;
}
