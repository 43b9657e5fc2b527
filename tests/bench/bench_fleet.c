/*
 * The brake, pulled for a thousand hosts: from the start of "quoin rollback" to the last router on the release before.
 *
 * Real are: the command, quoin-gate, and one router's quoind, as processes of their own; the embedded broker; and a
 * thousand hosts (tests/bench/fleet.h says what of them is theirs and what is shared): 800 routers and 200 serving hosts
 * on ten shards, all of which verify what they obey, commit it, and report it signed. Policy and lease are the defaults,
 * but for the drain. Everything, the fleet too, shares this machine: what a host has for itself elsewhere (a processor, a
 * disk) is waited for here.
 *
 * The baseline is what of it nobody can leave out: on all processors, a thousand times, the signatures of an intent, an
 * activation and a heartbeat verified and one status signed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/signature.h"
#include "tests/bench/bench.h"
#include "tests/bench/fleet.h"

#define ROUTERS 800
#define SERVING 200
#define SHARDS	10
#define CLIENTS 4
#define ROUNDS	7
#define REST_MS 1000 /* until the statuses of what came before are read */

/* ---- What is published ---- */

static void
put_shards(struct quoin_buf *out)
{
	char name[FLEET_NAME_BYTES];

	quoin_buf_put_str(out, "{\n");
	for (unsigned s = 0; s < SHARDS; s++) {
		fleet_shard_name(s, name);
		quoin_buf_printf(out, "%s\"%s\": {\"vip\": \"%s.vip:7000\", \"hosts\": [", s > 0 ? ",\n" : "", name,
		    name);
		for (unsigned h = s; h < SERVING; h += SHARDS) {
			fleet_serving_name(h, name);
			quoin_buf_printf(out, "%s\"%s\"", h > s ? ", " : "", name);
		}
		quoin_buf_printf(out, "], \"capacity\": {\"memory_mb\": 65536}, \"labels\": {\"pool\": \"p%u\"}}", s);
	}
	quoin_buf_put_str(out, "\n}\n");
}

static void
write_text(const char *dir, const char *file, struct quoin_buf *text)
{
	char path[1200];

	snprintf(path, sizeof path, "%s/%s", dir, file);
	bench_write_file(path, text->data, text->len);
	quoin_buf_reset(text);
}

/* One model and one objective on each shard; "round" changes what the objectives' callers are told. */
static void
write_rules(const char *dir, unsigned round)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 1u << 20);
	put_shards(&text);
	write_text(dir, "shards.json", &text);
	quoin_buf_put_str(&text, "{\n");
	for (unsigned i = 0; i < SHARDS; i++)
		quoin_buf_printf(&text,
		    "%s\"model-%u\": {\"version\": \"1\", \"inputType\": \"X\", \"modelType\": \"SCORER\", "
		    "\"uri\": \"s3://models/%u/1\", \"digest\": \"sha256:%064u\", \"demand\": {\"memory_mb\": 2048}, "
		    "\"shards\": 1, \"requires\": {\"pool\": \"p%u\"}}",
		    i > 0 ? ",\n" : "", i, i, i + 1, i);
	quoin_buf_put_str(&text, "\n}\n");
	write_text(dir, "models.json", &text);
	quoin_buf_put_str(&text, "{\n");
	for (unsigned i = 0; i < SHARDS; i++)
		quoin_buf_printf(&text,
		    "%s\"Objective%u\": {\"owner\": \"bench\", \"inputType\": \"X\", \"modelType\": \"SCORER\", "
		    "\"default\": {\"name\": \"model-%u\"}, \"config\": {\"timeoutMs\": %u}}",
		    i > 0 ? ",\n" : "", i, i, 50 + round);
	quoin_buf_put_str(&text, "\n}\n");
	write_text(dir, "objectives.json", &text);
	quoin_buf_put_str(&text, "{\"drain_ms\": 0}\n");
	write_text(dir, "policy.json", &text);
	quoin_buf_clear(&text);
}

static void
publish(struct site *site, unsigned round)
{
	char dir[1024];

	snprintf(dir, sizeof dir, "%s/rules", site->dir);
	(void)mkdir(dir, 0700);
	write_rules(dir, round);
	site_run(site, "quoin", "publish", dir, "--wait=120", NULL);
}

/* ---- Rounds ---- */

enum figure {
	ALL,	      /* from the command's start to the last router */
	FIRST,	      /* to the first */
	MEDIAN,	      /* to the median one */
	PROCESS,      /* to the real quoind */
	INTENT,	      /* from the command's start to the intent, as the fleet reads it */
	SELECTED,     /* from there to the activation */
	FLIPPED,      /* from there to the last router */
	COMMAND,      /* from the command's start to its end */
	WORK_COMMAND, /* processor time until the last router flipped: of the command */
	WORK_GATE,
	WORK_HOSTS,
	FIGURES
};
static double series[FIGURES][ROUNDS];

/* Processor time that a process has used; -1: the commands that it has run. */
static double
work_of(pid_t pid)
{
	struct rusage usage;
	struct timespec used;
	clockid_t clock;

	if (pid == -1 && getrusage(RUSAGE_CHILDREN, &usage) == 0)
		return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e9 +
		    ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) * 1e3;
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		bench_die("cannot tell what process %ld has used", (long)pid);
	return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static void
rest(void)
{
	nanosleep(&(struct timespec){.tv_sec = REST_MS / 1000, .tv_nsec = REST_MS % 1000 * 1000000L}, NULL);
}

static void
take(struct site *site, struct fleet *fleet, struct quoin_reader *reader, unsigned round)
{
	/* What was published last is active; the first of all, which is warm, is gone back to each time. */
	struct site_watch process;
	struct fleet_seen seen;
	double begin, end, work[3];

	publish(site, round + 1);
	rest();
	fleet_expect(fleet, 1);
	site_watch_begin(&process, reader, 1);
	work[0] = work_of(-1);
	work[1] = work_of(site->gate);
	work[2] = fleet_work_ns(fleet);
	begin = bench_wall_ns();
	site_run(site, "quoin", "rollback", "1", NULL);
	end = bench_wall_ns();
	fleet_wait(fleet, &seen);
	series[WORK_COMMAND][round] = work_of(-1) - work[0];
	series[WORK_GATE][round] = work_of(site->gate) - work[1];
	series[WORK_HOSTS][round] = fleet_work_ns(fleet) - work[2];
	series[ALL][round] = seen.last_ns - begin;
	series[FIRST][round] = seen.first_ns - begin;
	series[MEDIAN][round] = seen.median_ns - begin;
	series[PROCESS][round] = site_watch_end(&process) - begin;
	series[INTENT][round] = seen.intent_ns - begin;
	series[SELECTED][round] = seen.selected_ns - seen.intent_ns;
	series[FLIPPED][round] = seen.last_ns - seen.selected_ns;
	series[COMMAND][round] = end - begin;
}

/* Milliseconds of one processor for the signatures that a fleet of this size cannot do without. */
static double
time_signatures(const struct site *site)
{
	const struct quoin_signing_key *key = &site->keys.keys[0];
	struct quoin_span document = quoin_control_document(&site->control, "root/1")->document;
	struct quoin_signature signature;
	double begin = bench_work_ns();

	for (unsigned i = 0; i < 100; i++) {
		if (quoin_signature_make(key, document, &signature) != 0)
			bench_die("cannot sign");
		for (unsigned k = 0; k < 3; k++)
			if (!quoin_signature_verify(&signature, key->public_key.key, document))
				bench_die("cannot verify");
	}
	return (bench_work_ns() - begin) / 100 * (ROUTERS + SERVING) / 1e6;
}

static void
print(const char *name, enum figure figure, const char *baseline, double value)
{
	bench_print(name, bench_median(series[figure], ROUNDS) / 1e6, "ms", baseline, value);
}

int
main(void)
{
	struct quoin_reader *reader;
	double signatures, all;
	struct fleet *fleet;
	struct site site;

	if (!site_open(&site, "fleet", false))
		bench_die("no embedded broker");
	site_start_router(&site, "joined");
	fleet = fleet_start(&site, ROUTERS, SERVING, SHARDS, CLIENTS);
	publish(&site, 0);
	reader = site_reader(&site);
	signatures = time_signatures(&site);
	for (unsigned i = 0; i < ROUNDS; i++)
		take(&site, fleet, reader, i);
	quoin_reader_close(reader);
	fleet_stop(fleet);
	site_close(&site);
	all = bench_median(series[ALL], ROUNDS) / 1e6;
	print("rollback.fleet", ALL, "the signatures alone, on all processors",
	    signatures / (double)sysconf(_SC_NPROCESSORS_ONLN));
	print("rollback.fleet.first", FIRST, "rollback.fleet", all);
	print("rollback.fleet.median", MEDIAN, "rollback.fleet", all);
	print("rollback.fleet.quoind", PROCESS, "rollback.fleet", all);
	print("rollback.fleet.intent", INTENT, "rollback.fleet", all);
	print("rollback.fleet.selected", SELECTED, "rollback.fleet", all);
	print("rollback.fleet.flipped", FLIPPED, "rollback.fleet", all);
	print("rollback.fleet.command", COMMAND, "rollback.fleet", all);
	print("rollback.fleet.work.command", WORK_COMMAND, "the signatures alone", signatures);
	print("rollback.fleet.work.gate", WORK_GATE, "the signatures alone", signatures);
	print("rollback.fleet.work.hosts", WORK_HOSTS, "the signatures alone", signatures);
	return 0;
}
