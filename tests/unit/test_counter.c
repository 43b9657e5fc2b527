#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/file.h"
#include "publisher/counters.h"
#include "subscriber/store.h"
#include "subscriber/tally.h"
#include "subscriber/view.h"
#include "tests/check.h"
#include "tests/rulesets.h"

/* ---- Releases in memory, one after the other ---- */

struct releases {
	struct quoin_ruleset ruleset;
	struct rulesets_parts parts[2]; /* of the same names, which have other numbers in the second */
	struct quoin_reader *reader;
	struct quoin_context *context;
};

static void
open_releases(struct releases *releases, uint64_t seed)
{
	struct dice dice = {seed * 0x9e3779b97f4a7c15u};
	struct quoin_ruleset other;
	struct quoin_rule *rules;

	rulesets_random(&dice, &releases->ruleset);
	rulesets_encode(&releases->ruleset, NULL, &releases->parts[0]);
	rulesets_random(&dice, &other);
	rules = (struct quoin_rule *)(uintptr_t)other.rules;
	for (size_t i = 0; i < other.rule_count / 2; i++) {
		const char *name = rules[i].name;

		rules[i].name = rules[other.rule_count - 1 - i].name;
		rules[other.rule_count - 1 - i].name = name;
	}
	rulesets_encode(&other, NULL, &releases->parts[1]);
	quoin_ruleset_clear(&other);
	CHECK_INT(quoin_reader_open_parts(&(struct quoin_part_bytes){"rules", releases->parts[0].rules.data,
					      releases->parts[0].rules.len},
		      1, 1, &releases->reader, NULL),
	    0);
	CHECK_INT(quoin_context_new(&releases->context), 0);
}

static void
close_releases(struct releases *releases)
{
	quoin_context_free(releases->context);
	quoin_reader_close(releases->reader);
	rulesets_parts_clear(&releases->parts[0]);
	rulesets_parts_clear(&releases->parts[1]);
	quoin_ruleset_clear(&releases->ruleset);
}

/* As a follower does it: the second release's rules become current. */
static void
switch_release(struct releases *releases)
{
	struct quoin_snapshot *snapshot;
	struct quoin_image image;

	CHECK_INT(quoin_snapshot_new(1, &snapshot), 0);
	CHECK_INT(quoin_image_of(quoin_buf_span(&releases->parts[1].rules), &image, NULL), 0);
	CHECK_INT(quoin_snapshot_add(snapshot, "rules", "rules-v1", &image, true, NULL), 0);
	quoin_reader_publish(releases->reader, snapshot, quoin_reader_generation(releases->reader) + 1);
}

/* ---- The naive way: a list ---- */

struct naive {
	struct quoin_status_hit hits[1024];
	size_t count;
	uint64_t total;
	size_t seen;
};

static struct quoin_status_hit *
naive_find(struct naive *naive, const char *objective, const char *rule, bool has_cell, uint32_t cell)
{
	for (size_t i = 0; i < naive->count; i++) {
		struct quoin_status_hit *hit = &naive->hits[i];

		if (strcmp(hit->objective, objective) == 0 && strcmp(hit->rule, rule) == 0 &&
		    hit->has_cell == has_cell && hit->cell == cell)
			return hit;
	}
	return NULL;
}

static void
naive_count(struct naive *naive, const struct quoin_decision *decision)
{
	const bool has_cell = decision->reason == QUOIN_REASON_AB_TEST;
	const uint32_t cell = has_cell ? decision->cell : 0;
	struct quoin_status_hit *hit = naive_find(naive, decision->objective, decision->rule, has_cell, cell);

	if (hit == NULL) {
		CHECK(naive->count < sizeof naive->hits / sizeof naive->hits[0]);
		hit = &naive->hits[naive->count++];
		(void)snprintf(hit->objective, sizeof hit->objective, "%s", decision->objective);
		(void)snprintf(hit->rule, sizeof hit->rule, "%s", decision->rule);
		hit->has_cell = has_cell;
		hit->cell = cell;
	}
	hit->count++;
	naive->total++;
}

static void
check_hit(void *ctx, const struct quoin_hit *hit)
{
	struct naive *naive = ctx;
	const struct quoin_status_hit *want = naive_find(naive, hit->objective, hit->rule, hit->has_cell, hit->cell);

	CHECK(want != NULL);
	CHECK_INT(hit->count, want->count);
	naive->seen++;
}

static void
check_sums(struct quoin_reader *reader, struct naive *naive)
{
	uint64_t total;

	naive->seen = 0;
	CHECK_INT(quoin_reader_hits(reader, check_hit, naive, &total), 0);
	CHECK_INT(total, naive->total);
	CHECK_INT(naive->seen, naive->count);
}

static void
decide_some(struct releases *releases, const struct quoin_view *view, struct dice *dice, unsigned times,
    struct quoin_counter *counter, struct naive *naive)
{
	struct quoin_decision decision;
	struct rulesets_context values;
	struct quoin_buf line;

	quoin_buf_init(&line, QUOIN_CONTEXT_BYTES_MAX);
	for (unsigned i = 0; i < times; i++) {
		rulesets_context(dice, &releases->ruleset, &values);
		quoin_buf_reset(&line);
		rulesets_context_print(&values, &line);
		if (quoin_resolve_json(view, (const char *)line.data, line.len, releases->context, &decision) == 0)
			naive_count(naive, &decision);
		quoin_counter_add(counter, &decision);
	}
	quoin_buf_clear(&line);
}

/* By name through releases that number differently, an old view held meanwhile; two counters, one of them ended. */
static void
test_sums(void)
{
	static struct naive naive;
	struct releases releases;
	struct quoin_counter *one, *two, *three;
	struct quoin_view old, view;
	struct dice dice = {4};

	for (uint64_t seed = 1; seed <= 20; seed++) {
		memset(&naive, 0, sizeof naive);
		open_releases(&releases, seed);
		CHECK_INT(quoin_counter_new(releases.reader, 0, &one), 0);
		CHECK_INT(quoin_counter_new(releases.reader, 600, &two), 0);
		CHECK_INT(quoin_view_acquire(releases.reader, &old), 0);
		decide_some(&releases, &old, &dice, 50, one, &naive);
		check_sums(releases.reader, &naive);
		switch_release(&releases);
		CHECK_INT(quoin_view_acquire(releases.reader, &view), 0);
		for (unsigned i = 0; i < 4; i++) {
			decide_some(&releases, &view, &dice, 20, i % 2 == 0 ? one : two, &naive);
			decide_some(&releases, &old, &dice, 20, i % 2 == 0 ? two : one, &naive);
			check_sums(releases.reader, &naive);
		}
		quoin_counter_free(one);
		check_sums(releases.reader, &naive);
		CHECK_INT(quoin_counter_new(releases.reader, 0, &three), 0);
		decide_some(&releases, &view, &dice, 20, three, &naive);
		quoin_counter_free(two);
		quoin_counter_free(three);
		quoin_counter_free(NULL);
		check_sums(releases.reader, &naive);
		quoin_view_release(&old);
		quoin_view_release(&view);
		close_releases(&releases);
	}
}

static void
count_row(void *ctx, const struct quoin_hit *hit)
{
	struct naive *naive = ctx;

	naive->seen++;
	naive->total += hit->count;
}

static void
test_bounds(void)
{
	struct releases releases, other;
	static struct naive naive, sums;
	struct quoin_counter *counter, *again;
	struct quoin_decision decision;
	struct quoin_view view;
	struct dice dice = {9};
	uint64_t total;

	open_releases(&releases, 1);
	open_releases(&other, 2);
	CHECK_INT(quoin_counter_new(NULL, 0, &counter), QUOIN_FAILED_USAGE);
	CHECK_INT(quoin_counter_new(releases.reader, 65537, &counter), QUOIN_FAILED_LIMIT);
	CHECK_INT(quoin_counter_new(releases.reader, 2, &counter), 0);
	CHECK_INT(quoin_reader_hits(NULL, count_row, &sums, NULL), QUOIN_FAILED_USAGE);
	/* Another reader's decision, and what is none. */
	CHECK_INT(quoin_view_acquire(other.reader, &view), 0);
	CHECK_INT(quoin_resolve_strings(&view, "Objective0", NULL, 0, &decision), 0);
	quoin_counter_add(counter, &decision);
	CHECK_INT(quoin_resolve_strings(&view, "Unknown", NULL, 0, &decision), QUOIN_FAILED_NOT_FOUND);
	quoin_counter_add(counter, &decision);
	quoin_decision_set_default(&decision, "m", "1", "m@1", NULL);
	quoin_counter_add(counter, &decision);
	quoin_view_release(&view);
	CHECK_INT(quoin_reader_hits(releases.reader, count_row, &sums, &total), 0);
	CHECK_INT(total, 0);
	CHECK_INT(sums.seen, 0);
	/* Two rows, however many there are; everything is in the total. */
	CHECK_INT(quoin_view_acquire(releases.reader, &view), 0);
	decide_some(&releases, &view, &dice, 300, counter, &naive);
	CHECK(naive.count > 2);
	CHECK_INT(quoin_reader_hits(releases.reader, count_row, &sums, &total), 0);
	CHECK_INT(total, naive.total);
	CHECK_INT(sums.seen, 2);
	CHECK(sums.total < total && sums.total > 0);
	/* The first that ends takes in the others as far as it has room. */
	quoin_counter_free(counter);
	CHECK_INT(quoin_counter_new(releases.reader, 0, &again), 0);
	decide_some(&releases, &view, &dice, 300, again, &naive);
	quoin_counter_free(again);
	memset(&sums, 0, sizeof sums);
	CHECK_INT(quoin_reader_hits(releases.reader, count_row, &sums, &total), 0);
	CHECK_INT(total, naive.total);
	CHECK_INT(sums.seen, 2);
	quoin_view_release(&view);
	close_releases(&releases);
	close_releases(&other);
}

/* A child does not tell again what its parent counted. */
static void
test_fork(void)
{
	static struct naive naive, sums;
	struct releases releases;
	struct quoin_counter *counter;
	struct quoin_view view;
	struct dice dice = {3};
	uint64_t total;
	pid_t child;
	int status;

	open_releases(&releases, 1);
	CHECK_INT(quoin_counter_new(releases.reader, 0, &counter), 0);
	CHECK_INT(quoin_view_acquire(releases.reader, &view), 0);
	decide_some(&releases, &view, &dice, 30, counter, &naive);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(quoin_reader_hits(releases.reader, count_row, &sums, &total) != 0 || total != 0 || sums.seen != 0);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	check_sums(releases.reader, &naive);
	quoin_counter_free(counter);
	quoin_view_release(&view);
	close_releases(&releases);
}

/* ---- Threads ---- */

struct shared {
	struct quoin_reader *reader;
	_Atomic bool is_stopping;
	_Atomic uint64_t counted;
};

static void *
count_on(void *arg)
{
	struct shared *shared = arg;
	struct quoin_counter *counter;
	struct quoin_decision decision;
	struct quoin_view view;
	char name[32];

	for (unsigned life = 0; life < 10; life++) {
		CHECK_INT(quoin_counter_new(shared->reader, 64, &counter), 0);
		for (unsigned i = 0; i < 300; i++) {
			CHECK_INT(quoin_view_acquire(shared->reader, &view), 0);
			(void)snprintf(name, sizeof name, "Objective%u", i % 4);
			if (quoin_resolve_strings(&view, name, NULL, 0, &decision) == 0)
				atomic_fetch_add(&shared->counted, 1);
			quoin_counter_add(counter, &decision);
			quoin_view_release(&view);
		}
		quoin_counter_free(counter);
	}
	return NULL;
}

/* Sums only grow while they are read. */
static void *
look_on(void *arg)
{
	struct shared *shared = arg;
	uint64_t total, before = 0;

	while (!atomic_load(&shared->is_stopping)) {
		struct naive *sums = calloc(1, sizeof *sums);

		CHECK(sums != NULL);
		CHECK_INT(quoin_reader_hits(shared->reader, count_row, sums, &total), 0);
		CHECK(total >= before && sums->total <= total);
		before = total;
		free(sums);
	}
	return NULL;
}

static void
test_threads(void)
{
	static struct naive sums;
	struct releases releases;
	struct shared shared = {0};
	pthread_t threads[3], looker;
	uint64_t total;

	open_releases(&releases, 5);
	shared.reader = releases.reader;
	CHECK_INT(pthread_create(&looker, NULL, look_on, &shared), 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, count_on, &shared), 0);
	switch_release(&releases);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&shared.is_stopping, true);
	pthread_join(looker, NULL);
	CHECK_INT(quoin_reader_hits(releases.reader, count_row, &sums, &total), 0);
	CHECK(total > 1000);
	CHECK_INT(total, atomic_load(&shared.counted));
	CHECK_INT(sums.total, total);
	close_releases(&releases);
}

/* ---- Files ---- */

static void
add_row(struct quoin_tally *tally, const char *rule, uint64_t count)
{
	struct quoin_status_hit row = {.count = count};

	(void)snprintf(row.objective, sizeof row.objective, "Objective");
	(void)snprintf(row.rule, sizeof row.rule, "%s", rule);
	CHECK_INT(quoin_tally_add(tally, &row), 0);
	tally->total += count;
}

/* A process that says these counts, until it is killed. */
static pid_t
start_process(uint64_t count)
{
	struct quoin_tally tally = {0};
	int from[2], fd;
	char byte;
	pid_t child;

	CHECK_INT(pipe(from), 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK_INT(quoin_tally_open(check_dir(), &fd), 0);
		add_row(&tally, "a", count);
		add_row(&tally, "b", 2);
		CHECK_INT(quoin_tally_write(fd, &tally), 0);
		CHECK_INT(write(from[1], "+", 1), 1);
		for (;;)
			(void)pause();
	}
	close(from[1]);
	CHECK_INT(read(from[0], &byte, 1), 1);
	close(from[0]);
	return child;
}

static void
end_process(pid_t child)
{
	CHECK_INT(kill(child, SIGKILL), 0);
	CHECK(waitpid(child, NULL, 0) == child);
}

static void
check_collected(struct quoin_tally *ended, uint64_t total, uint64_t of_a)
{
	struct quoin_tally all;

	CHECK_INT(quoin_tally_collect(check_dir(), ended, &all), 0);
	CHECK_INT(all.total, total);
	CHECK_INT(all.count, total == 0 ? 0 : 2);
	if (total > 0)
		CHECK_INT(all.rows[0].count, of_a);
	quoin_tally_clear(&all);
}

static void
test_files(void)
{
	struct quoin_tally ended = {0};
	char path[QUOIN_PATH_BYTES];
	pid_t one, two;
	int fd;

	CHECK_INT(quoin_crypto_init(), 0);
	check_collected(&ended, 0, 0);
	CHECK_INT(quoin_tally_open(check_dir(), &fd), QUOIN_ENOENT);
	CHECK_INT(fd, -1);
	CHECK_INT(quoin_tally_make_room(check_dir(), NULL), 0);
	CHECK_INT(quoin_tally_make_room(check_dir(), NULL), 0);
	one = start_process(5);
	two = start_process(7);
	check_collected(&ended, 16, 12);
	check_collected(&ended, 16, 12);
	CHECK_INT(ended.total, 0);
	/* One goes: what it counted stays, its file does not. */
	(void)snprintf(path, sizeof path, "%s/hits/%ld", check_dir(), (long)one);
	CHECK_INT(access(path, F_OK), 0);
	end_process(one);
	check_collected(&ended, 16, 12);
	CHECK_INT(ended.total, 7);
	CHECK(access(path, F_OK) != 0);
	end_process(two);
	check_collected(&ended, 16, 12);
	check_collected(&ended, 16, 12);
	quoin_tally_clear(&ended);
}

/* A reader that is of the store's group beside its own makes a file which the agent can read. */
static void
test_group(void)
{
	const gid_t store_group = getegid() == 0 ? 54321 : getegid();
	char room[QUOIN_PATH_BYTES];
	struct stat status;
	mode_t before;
	int fd;

	CHECK_INT(quoin_path_join(check_dir(), "hits", room, sizeof room), 0);
	CHECK_INT(quoin_tally_make_room(check_dir(), NULL), 0);
	CHECK_INT(chown(room, (uid_t)-1, store_group), 0);
	before = umask(077);
	CHECK_INT(quoin_tally_open(check_dir(), &fd), 0);
	(void)umask(before);
	CHECK_INT(fstat(fd, &status), 0);
	CHECK_INT(status.st_gid, store_group);
	CHECK((status.st_mode & S_IRGRP) != 0);
	CHECK_INT(close(fd), 0);
}

/* What is in the place of files: nothing of it is counted, all of it is survived, and files of nobody are cleared away. */
static void
test_bad_files(void)
{
	struct quoin_tally ended = {0}, tally = {0}, all;
	char path[QUOIN_PATH_BYTES + 16], room[QUOIN_PATH_BYTES];
	uint8_t bytes[4096];
	ssize_t len;
	int fd;

	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(quoin_tally_make_room(check_dir(), NULL), 0);
	CHECK_INT(quoin_tally_open(check_dir(), &fd), 0);
	add_row(&tally, "a", 5);
	add_row(&tally, "b", 2);
	CHECK_INT(quoin_tally_write(fd, &tally), 0);
	len = pread(fd, bytes, sizeof bytes, 0);
	CHECK(len > 300 && len < (ssize_t)sizeof bytes);
	for (ssize_t i = 0; i < len; i += i < 64 || i > len - 64 ? 1 : 7) {
		bytes[i] ^= 1;
		CHECK_INT(pwrite(fd, bytes, (size_t)len, 0), len);
		CHECK_INT(quoin_tally_collect(check_dir(), &ended, &all), 0);
		CHECK_INT(all.total, 0);
		quoin_tally_clear(&all);
		bytes[i] ^= 1;
		CHECK_INT(ftruncate(fd, i), 0);
		CHECK_INT(quoin_tally_collect(check_dir(), &ended, &all), 0);
		CHECK_INT(all.total, 0);
		quoin_tally_clear(&all);
	}
	CHECK_INT(quoin_tally_write(fd, &tally), 0);
	(void)snprintf(room, sizeof room, "%s/hits", check_dir());
	CHECK_INT(quoin_tally_open(check_dir(), &(int){0}), QUOIN_ECONFLICT);
	(void)snprintf(path, sizeof path, "%s/1", room);
	CHECK_INT(symlink("/dev/zero", path), 0);
	(void)snprintf(path, sizeof path, "%s/2", room);
	CHECK_INT(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof path, "%s/3", room);
	CHECK_INT(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/name", room);
	CHECK_INT(symlink("/dev/zero", path), 0);
	(void)snprintf(path, sizeof path, "%s/4", room);
	CHECK_INT(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	check_collected(&ended, 7, 5);
	CHECK(access(path, F_OK) != 0);
	close(fd);
	check_collected(&ended, 7, 5);
	CHECK_INT(ended.total, 7);
	quoin_tally_clear(&ended);
	quoin_tally_clear(&tally);
}

/* Of many rows the most frequent ones are told; sums stay below their bound. */
static void
test_many(void)
{
	struct quoin_tally ended = {0}, tally = {0}, all, huge = {.total = QUOIN_TALLY_TOTAL_MAX};
	char name[32];
	int fd;

	CHECK_INT(quoin_crypto_init(), 0);
	CHECK_INT(quoin_tally_make_room(check_dir(), NULL), 0);
	CHECK_INT(quoin_tally_open(check_dir(), &fd), 0);
	for (unsigned i = 0; i < 2 * QUOIN_TALLY_FILE_ROWS; i++) {
		(void)snprintf(name, sizeof name, "rule%u", i);
		add_row(&tally, name, 1 + i);
		add_row(&tally, name, 1);
	}
	quoin_tally_merge(&tally);
	CHECK_INT(tally.count, 2 * QUOIN_TALLY_FILE_ROWS);
	CHECK_INT(quoin_tally_write(fd, &tally), 0);
	CHECK_INT(quoin_tally_collect(check_dir(), &ended, &all), 0);
	CHECK_INT(all.total, tally.total);
	CHECK_INT(all.count, QUOIN_TALLY_FILE_ROWS);
	quoin_tally_cut(&all, 3);
	CHECK_INT(all.count, 3);
	CHECK_STR(all.rows[0].rule, "rule1023");
	CHECK_INT(all.rows[2].count, 2 * QUOIN_TALLY_FILE_ROWS - 1);
	CHECK_INT(quoin_tally_add_all(&huge, &all), 0);
	CHECK_INT(huge.total, QUOIN_TALLY_TOTAL_MAX);
	CHECK_INT(huge.count, 0);
	quoin_tally_clear(&all);
	quoin_tally_clear(&tally);
	close(fd);
}

/* ---- What people and programs see of a status ---- */

static void
test_printed(void)
{
	struct quoin_json_writer writer;
	struct quoin_status status;
	struct quoin_buf text, out;

	quoin_buf_init(&text, 1 << 16);
	quoin_buf_init(&out, 1 << 16);
	CHECK_INT(quoin_file_read("tests/vectors/status-counters.txt", &text, NULL), 0);
	CHECK_INT(quoin_status_parse(quoin_buf_span(&text), &status, NULL), 0);
	quoin_counters_print(&status, &out);
	CHECK_STR(quoin_buf_str(&out),
	    "  fetched   41 parts by delta, 3 in full, 918273 bytes; deltas that did not apply: 1\n"
	    "  decided   1200 times, counted by its applications; most often by\n"
	    "           700  ContinueWatchingRanking: cw-ranker-test, cell 2\n"
	    "           400  ContinueWatchingRanking: cw-ranker-test, cell 1\n"
	    "            30  ArtworkSelection: art#default\n"
	    "            30  ArtworkSelection: art-split\n");
	quoin_buf_reset(&out);
	status.hit_count = 3;
	quoin_json_writer_init(&writer, &out);
	quoin_json_begin_object(&writer, NULL);
	quoin_counters_put_fetched(&writer, &status);
	quoin_counters_put_hits(&writer, &status);
	quoin_json_end_object(&writer);
	CHECK_STR(quoin_buf_str(&out),
	    "{\"fetched\":{\"full\":3,\"deltas\":41,\"fell_back\":1,\"bytes\":918273},\"hits\":{\"total\":1200,\"rules\":["
	    "{\"objective\":\"ContinueWatchingRanking\",\"rule\":\"cw-ranker-test\",\"cell\":2,\"count\":700},"
	    "{\"objective\":\"ContinueWatchingRanking\",\"rule\":\"cw-ranker-test\",\"cell\":1,\"count\":400},"
	    "{\"objective\":\"ArtworkSelection\",\"rule\":\"art#default\",\"cell\":null,\"count\":30}]}}");
	quoin_status_clear(&status);
	quoin_buf_reset(&out);
	quoin_counters_print(&status, &out);
	CHECK_INT(out.len, 0);
	quoin_buf_clear(&out);
	quoin_buf_clear(&text);
}

static const struct check_case cases[] = {
    {"counter: sums are what a list has", test_sums},
    {"counter: bounds", test_bounds},
    {"counter: a forked child counts anew", test_fork},
    {"counter: threads count while others look", test_threads},
    {"counter: files of processes", test_files},
    {"counter: the store's group", test_group},
    {"counter: bad files", test_bad_files},
    {"counter: many rows", test_many},
    {"counter: what a status says", test_printed},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
