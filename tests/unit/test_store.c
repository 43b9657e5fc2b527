#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "subscriber/audit.h"
#include "subscriber/store_layout.h"
#include "tests/check.h"

#define MEBIBYTE (1u << 20)

static const struct quoin_origin origin = {.system = {1, 2, 3}, .name = "shop"};

static struct quoin_store *
open_store(void)
{
	struct quoin_store *store = NULL;
	struct quoin_error err = {0};

	if (quoin_crypto_init() != 0 || quoin_store_open(check_dir(), &origin, &store, &err) != 0)
		check_fail(__FILE__, __LINE__, "cannot open: %s", err.message);
	return store;
}

/* Content that every offset can be asked for. */
static uint8_t
byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

static int
fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	size_t *calls = ctx;

	(void)ret_hash;
	for (size_t i = 0; i < bytes; i++)
		at[i] = byte_at(offset + i);
	(*calls)++;
	return 0;
}

static void
content_hash(uint64_t bytes, struct quoin_hash *ret)
{
	struct quoin_hasher hasher;
	uint8_t piece[4096];
	uint64_t done = 0;

	quoin_hasher_init(&hasher);
	while (done < bytes) {
		const size_t n = bytes - done < sizeof piece ? (size_t)(bytes - done) : sizeof piece;

		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(done + i);
		quoin_hasher_add(&hasher, quoin_span_of(piece, n));
		done += n;
	}
	quoin_hasher_finish(&hasher, ret);
}

static void
stage(struct quoin_store *store, uint64_t bytes, struct quoin_hash *ret)
{
	struct quoin_error err = {0};
	size_t calls = 0;

	content_hash(bytes, ret);
	CHECK_INT(quoin_store_stage(store, ret, bytes, fill, &calls, &err), 0);
}

/* Make a release with one part active. */
static void
activate(struct quoin_store *store, uint64_t release, const struct quoin_hash *part, uint64_t bytes)
{
	static struct quoin_store_active active;
	static struct quoin_ratchets ratchets;
	struct quoin_error err = {0};
	bool is_new;

	quoin_store_ratchets(store, &ratchets, &is_new);
	memset(&active, 0, sizeof active);
	active.generation = release + 100;
	active.release.number = release;
	active.obeyed = (struct quoin_position){.epoch = 1, .seq = release};
	active.part_count = 1;
	(void)snprintf(active.parts[0].name, sizeof active.parts[0].name, "rules");
	(void)snprintf(active.parts[0].schema, sizeof active.parts[0].schema, "raw");
	active.parts[0].bytes = bytes;
	active.parts[0].hash = *part;
	ratchets.obeyed = active.obeyed;
	ratchets.generation = active.generation;
	if (quoin_store_commit(store, &(struct quoin_store_change){.active = &active, .ratchets = &ratchets}, &err) != 0)
		check_fail(__FILE__, __LINE__, "cannot commit: %s", err.message);
}

static void
keeps_what_was_committed(void)
{
	struct quoin_store *store = open_store();
	static struct quoin_ratchets ratchets, found;
	const struct quoin_store_document documents[] = {
		{QUOIN_STORE_RELEASE, 300, {(const uint8_t *)"r300", 4}},
		{QUOIN_STORE_RELEASE, 2, {(const uint8_t *)"r2", 2}},
		{QUOIN_STORE_INTENT, 1, {(const uint8_t *)"i1", 2}},
	};
	const struct quoin_store_offset offset = {true, {9}, 77};
	struct quoin_store_offset got;
	struct quoin_fuse fuse = {.release = {.number = 5}, .state = QUOIN_FUSE_BLOWN, .attempts = 2, .boot = "b",
		.reason = "crashed"};
	static struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	const struct quoin_agent_model_name model = {.name = "m", .version = "1", .digest = "sha256:1", .uri = "s3://m/1"};
	const struct quoin_agent_model_name *const kept[] = {&model, &model};
	struct quoin_agent_model_name *models;
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_span span;
	struct quoin_hash hash;
	uint64_t number;
	size_t count;
	bool is_new;

	quoin_store_ratchets(store, &ratchets, &is_new);
	CHECK(is_new);
	CHECK_INT(ratchets.environment, 1);
	ratchets.root_version = 4;
	ratchets.status_number = 1000;
	ratchets.ready[0] = 7;
	ratchets.ready_count = 1;
	(void)snprintf(ratchets.boot, sizeof ratchets.boot, "boot");
	CHECK_INT(quoin_store_commit(store,
		      &(struct quoin_store_change){.documents = documents, .document_count = 3, .ratchets = &ratchets,
			  .offsets = {[QUOIN_TOPIC_GATE] = &offset}, .fuses = &fuse, .fuse_count = 1, .has_fuses = true,
			  .models = kept, .model_count = 2, .has_models = true},
		      NULL),
	    0);
	stage(store, 10, &hash);
	activate(store, 300, &hash, 10);
	quoin_store_close(store);

	store = open_store();
	quoin_store_ratchets(store, &found, &is_new);
	CHECK(!is_new);
	CHECK_INT(found.environment, 1);
	CHECK_INT(found.generation, 400);
	CHECK_INT(quoin_store_offset_get(store, QUOIN_TOPIC_GATE, &got, NULL), 0);
	CHECK(got.has_incarnation && got.incarnation[0] == 9);
	CHECK_INT(got.next, 77);
	CHECK_INT(quoin_store_offset_get(store, QUOIN_TOPIC_CONTROL, &got, NULL), 0);
	CHECK_INT(got.next, 0);
	CHECK_INT(quoin_store_fuses_get(store, fuses, &count, NULL), 0);
	CHECK_INT(count, 1);
	CHECK_STR(fuses[0].reason, "crashed");
	CHECK_INT(quoin_store_models_get(store, &models, &count, NULL), 0);
	CHECK_INT(count, 2);
	CHECK_STR(models[1].name, "m");
	CHECK_STR(models[1].version, "1");
	CHECK_STR(models[1].digest, "sha256:1");
	CHECK_STR(models[1].uri, "s3://m/1");
	free(models);
	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
	CHECK_INT(quoin_store_snapshot_next(snapshot, QUOIN_STORE_RELEASE, 0, &number, &span, NULL), 1);
	CHECK_INT(number, 2);
	CHECK_INT(quoin_store_snapshot_next(snapshot, QUOIN_STORE_RELEASE, 3, &number, &span, NULL), 1);
	CHECK_INT(number, 300);
	CHECK_MEM(span.data, span.len, "r300", 4);
	CHECK_INT(quoin_store_snapshot_next(snapshot, QUOIN_STORE_RELEASE, 301, &number, &span, NULL), 0);
	CHECK_INT(quoin_store_snapshot_document(snapshot, QUOIN_STORE_ROOT, 1, &span, NULL), QUOIN_ENOENT);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
}

static void
reads_parts_in_place(void)
{
	static const uint64_t sizes[] = {0, 1, 2047, 2048, 100000, QUOIN_SEGMENT_BYTES_MAX, QUOIN_SEGMENT_BYTES_MAX + 1,
		40 * MEBIBYTE};
	struct quoin_store *store = open_store();
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_hash hashes[sizeof sizes / sizeof sizes[0]];
	size_t calls = 0;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CHECK(sizes[i] == 0 || !quoin_store_has_part(store, &hashes[0]) || i > 0);
		stage(store, sizes[i], &hashes[i]);
		CHECK(quoin_store_has_part(store, &hashes[i]));
		CHECK_INT(quoin_store_stage(store, &hashes[i], sizes[i], fill, &calls, NULL), 0);
	}
	CHECK_INT(calls, 0);
	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct quoin_store_content content;
		uint64_t offset = 0;

		CHECK_INT(quoin_store_snapshot_part(snapshot, &hashes[i], false, &content, NULL), 0);
		CHECK_INT(content.bytes, sizes[i]);
		for (size_t k = 0; k < content.segment_count; k++) {
			CHECK_INT((uintptr_t)content.segments[k].data % 16, 0);
			for (size_t at = 0; at < content.segments[k].len; at += 997)
				CHECK_INT(content.segments[k].data[at], byte_at(offset + at));
			offset += content.segments[k].len;
		}
		CHECK_INT(offset, sizes[i]);
	}
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
}

struct broken {
	size_t calls;
	size_t good;
};

static int
break_off(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	struct broken *broken = ctx;

	(void)ret_hash;
	(void)offset;
	memset(at, 1, bytes);
	return broken->calls++ < broken->good ? 0 : QUOIN_ETIMEOUT;
}

/* After every step of a staging that stops there, the store opens, is sound, and does not show the part. */
static void
survives_a_stop_at_any_point(void)
{
	const uint64_t bytes = 2ull * QUOIN_SEGMENT_BYTES_MAX + 5;
	struct quoin_hash hash, old;
	struct quoin_store *store = open_store();
	size_t removed;

	content_hash(bytes, &hash);
	stage(store, 50, &old);
	activate(store, 1, &old, 50);
	for (size_t good = 0; good < 3; good++) {
		struct broken broken = {.good = good};
		struct quoin_error err = {0};

		CHECK_INT(quoin_store_stage(store, &hash, bytes, break_off, &broken, &err), QUOIN_ETIMEOUT);
		quoin_store_close(store);
		CHECK_INT(quoin_store_verify(check_dir(), "shop", &err), 0);
		store = open_store();
		CHECK(!quoin_store_has_part(store, &hash));
		CHECK(quoin_store_has_part(store, &old));
	}
	CHECK_INT(quoin_store_collect(store, &old, 1, &removed, NULL), 0);
	CHECK_INT(removed, 1);
	CHECK_INT(quoin_store_collect(store, &old, 1, &removed, NULL), 0);
	CHECK_INT(removed, 0);
	CHECK(quoin_store_has_part(store, &old));
	quoin_store_close(store);
}

static void
refuses_a_pointer_to_what_is_not_held(void)
{
	static struct quoin_store_active active = {.generation = 1, .release = {.number = 1}, .part_count = 1};
	struct quoin_store *store = open_store();
	struct quoin_store_snapshot *snapshot = NULL;

	CHECK_INT(quoin_store_commit(store, &(struct quoin_store_change){.active = &active}, NULL), QUOIN_EMISSING);
	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
	CHECK_INT(quoin_store_snapshot_active(snapshot, &active, NULL), QUOIN_ENOENT);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
}

/* A child attaches, takes a snapshot, and keeps it until it is told to end. */
static pid_t
start_reader(const struct quoin_store *of, int *ret_stop)
{
	int ready[2], stop[2];
	char byte;
	pid_t pid;

	CHECK(pipe(ready) == 0 && pipe(stop) == 0);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		struct quoin_store *store = NULL;
		struct quoin_store_snapshot *snapshot = NULL;

		/* The agent's lock is the agent's alone. */
		close(of->lock_fd);
		close(stop[1]);
		if (quoin_store_attach(check_dir(), "shop", &store, NULL) != 0 ||
		    quoin_store_snapshot_open(store, &snapshot, NULL) != 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		(void)!read(stop[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(stop[0]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_stop = stop[1];
	return pid;
}

static void
stop_reader(pid_t pid, int stop)
{
	int status;

	CHECK_INT(write(stop, "s", 1), 1);
	close(stop);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

static void
knows_what_readers_hold(void)
{
	struct quoin_store *store = open_store();
	struct quoin_hash part;
	uint64_t held[QUOIN_HELD_MAX];
	struct quoin_store_reader oldest;
	pid_t readers[3];
	int stops[3];
	size_t count;

	stage(store, 10, &part);
	for (uint64_t release = 1; release <= 3; release++) {
		/* 1, 2, and 1 again: the run in which "the oldest" would hide 2. */
		activate(store, release == 3 ? 1 : release, &part, 10);
		readers[release - 1] = start_reader(store, &stops[release - 1]);
	}
	activate(store, 9, &part, 10);
	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, &oldest, NULL), 0);
	CHECK_INT(count, 2);
	CHECK_INT(held[0], 1);
	CHECK_INT(held[1], 2);
	CHECK_INT(oldest.pid, readers[0]);
	CHECK_INT(oldest.release, 1);
	/* However often the pointer moves, a reader that is stuck keeps its release. */
	for (uint64_t release = 10; release < 10 + 2 * QUOIN_STORE_FLIPS_MAX; release++)
		activate(store, release, &part, 10);
	for (size_t i = 0; i < 2; i++)
		stop_reader(readers[i], stops[i]);
	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, &oldest, NULL), 0);
	CHECK_INT(count, 1);
	CHECK_INT(held[0], 1);
	CHECK_INT(oldest.pid, readers[2]);
	CHECK_INT(oldest.release, 1);
	stop_reader(readers[2], stops[2]);
	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, &oldest, NULL), 0);
	CHECK_INT(count, 0);
	quoin_store_close(store);
}

static uint64_t
bytes_of(const char *name)
{
	char path[320];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/shop/%s/data.mdb", check_dir(), name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static bool
holds(struct quoin_store *store, uint64_t release)
{
	uint64_t held[QUOIN_HELD_MAX];
	size_t count;

	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, NULL, NULL), 0);
	for (size_t i = 0; i < count; i++)
		if (held[i] == release)
			return true;
	return false;
}

/* Releases of 4 MiB from "first" on, the last two kept, until the file is said to be too large, or "count" of them: how many. */
static size_t
change(struct quoin_store *store, uint64_t first, size_t count)
{
	struct quoin_hash kept[2] = {0};
	size_t i;

	for (i = 0; i < count && !quoin_store_is_swollen(store); i++) {
		const uint64_t bytes = 4 * MEBIBYTE + first + i;

		stage(store, bytes, &kept[i % 2]);
		activate(store, first + i, &kept[i % 2], bytes);
		CHECK_INT(quoin_store_collect(store, kept, 2, NULL, NULL), 0);
	}
	return i;
}

/* A reader that is stuck pins a snapshot, and with it all that was freed since: the store moves, and it stays held. */
static void
moves_away_from_stuck_readers(void)
{
	struct quoin_store *store = open_store();
	static struct quoin_store_active active;
	static struct quoin_ratchets before, after;
	struct quoin_store_snapshot *snapshot;
	struct quoin_store_content content;
	struct quoin_store *attached = NULL;
	char path[400], other[320];
	uint64_t environment;
	bool is_new;
	pid_t reader;
	int stop;

	CHECK_INT(change(store, 1, 40), 40);
	reader = start_reader(store, &stop);
	CHECK(change(store, 41, 40) < 40);
	CHECK(holds(store, 40));
	quoin_store_ratchets(store, &before, &is_new);
	environment = quoin_pulse_environment(quoin_store_pulse(store));
	CHECK_INT(quoin_store_move(store, NULL), 0);
	quoin_store_ratchets(store, &after, &is_new);
	CHECK_INT(after.environment, environment + 1);
	CHECK_INT(quoin_pulse_environment(quoin_store_pulse(store)), environment + 1);
	after.environment = before.environment;
	CHECK(memcmp(&before, &after, sizeof before) == 0);
	/* What lives is two parts of 4 MiB. */
	CHECK(bytes_of("store") < 10 * MEBIBYTE && bytes_of("store.old") > 10 * MEBIBYTE);
	CHECK(!quoin_store_is_swollen(store));
	CHECK(holds(store, 40));
	/* Everything is there, in the new one and for a reader who comes by the path. */
	CHECK_INT(quoin_store_verify(check_dir(), "shop", NULL), QUOIN_ECONFLICT);
	CHECK_INT(change(store, 100, 10), 10);
	CHECK(bytes_of("store") < 30 * MEBIBYTE);
	CHECK_INT(quoin_store_snapshot_open(store, &snapshot, NULL), 0);
	CHECK_INT(quoin_store_snapshot_active(snapshot, &active, NULL), 0);
	CHECK_INT(active.release.number, 109);
	CHECK_INT(quoin_store_snapshot_part(snapshot, &active.parts[0].hash, false, &content, NULL), 0);
	quoin_store_snapshot_close(snapshot);
	/* Another agent finds the old one, also where a crash left it before it got its name. */
	quoin_store_close(store);
	CHECK_INT(quoin_store_verify(check_dir(), "shop", NULL), 0);
	(void)snprintf(path, sizeof path, "%s/shop/store.old", check_dir());
	(void)snprintf(other, sizeof other, "%s/shop/store.new", check_dir());
	CHECK_INT(rename(path, other), 0);
	store = open_store();
	CHECK(holds(store, 40) && quoin_file_exists(path) && !quoin_file_exists(other));
	CHECK(!quoin_store_is_swollen(store));
	/* It goes when nobody reads in it, and not at once. */
	quoin_store_old_settle(store);
	CHECK(quoin_file_exists(path));
	stop_reader(reader, stop);
	quoin_store_old_settle(store);
	CHECK(quoin_file_exists(path));
	store->old_since_ms -= 60000;
	quoin_store_old_settle(store);
	CHECK(!quoin_file_exists(path) && !holds(store, 40));
	/* A copy that was not finished is removed, whatever is in it. */
	quoin_store_close(store);
	CHECK_INT(quoin_dir_make(other, 0700, NULL), 0);
	(void)snprintf(path, sizeof path, "%s/data.mdb", other);
	CHECK_INT(quoin_file_replace(path, quoin_span_of(&active, sizeof active), 0600, NULL), 0);
	store = open_store();
	CHECK(!quoin_file_exists(other));
	CHECK_INT(quoin_store_move(store, NULL), 0);
	CHECK_INT(quoin_store_attach(check_dir(), "shop", &attached, NULL), QUOIN_ECONFLICT);
	quoin_store_close(store);
}

/* Another reader gets stuck in the new file while the first is still in the old one: it is not moved again, the file grows,
 * and both are held and named. When the first is gone it moves. */
static void
does_not_move_twice(void)
{
	struct quoin_store *store = open_store();
	struct quoin_store_reader oldest;
	uint64_t held[QUOIN_HELD_MAX];
	pid_t first, second;
	int stop_first, stop_second;
	size_t count;

	CHECK_INT(change(store, 1, 40), 40);
	first = start_reader(store, &stop_first);
	CHECK(change(store, 41, 40) < 40);
	CHECK_INT(quoin_store_move(store, NULL), 0);
	CHECK(quoin_store_is_moving(store));
	CHECK_INT(change(store, 100, 5), 5);
	second = start_reader(store, &stop_second);
	CHECK(change(store, 110, 40) < 40);
	CHECK(quoin_store_is_swollen(store) && quoin_store_is_moving(store));
	CHECK(holds(store, 40) && holds(store, 104));
	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, &oldest, NULL), 0);
	CHECK_INT(oldest.pid, first);
	CHECK_INT(oldest.release, 40);
	stop_reader(first, stop_first);
	store->old_since_ms -= 60000;
	quoin_store_old_settle(store);
	CHECK(!quoin_store_is_moving(store) && !holds(store, 40) && holds(store, 104));
	CHECK_INT(quoin_store_move(store, NULL), 0);
	CHECK_INT(quoin_store_holds(store, held, QUOIN_HELD_MAX, &count, &oldest, NULL), 0);
	CHECK_INT(oldest.pid, second);
	CHECK_INT(oldest.release, 104);
	CHECK(bytes_of("store") < 10 * MEBIBYTE);
	stop_reader(second, stop_second);
	quoin_store_close(store);
	CHECK_INT(quoin_store_verify(check_dir(), "shop", NULL), 0);
}

static void
keeps_ratchets_through_a_quarantine(void)
{
	static struct quoin_ratchets ratchets;
	struct quoin_store *store = open_store();
	struct quoin_hash part;
	bool is_new;

	stage(store, 10, &part);
	activate(store, 5, &part, 10);
	quoin_store_ratchets(store, &ratchets, &is_new);
	ratchets.obeyed = (struct quoin_position){.epoch = 1, .seq = 58};
	ratchets.generation = 105;
	CHECK_INT(quoin_store_ratchets_copy(store, &ratchets, NULL), 0);
	for (unsigned round = 1; round <= 4; round++) {
		quoin_store_close(store);
		CHECK_INT(quoin_store_quarantine(check_dir(), "shop", NULL), 0);
		store = open_store();
		quoin_store_ratchets(store, &ratchets, &is_new);
		CHECK(!is_new);
		CHECK_INT(ratchets.obeyed.seq, 58);
		CHECK_INT(ratchets.environment, 1 + round);
		CHECK_INT(ratchets.generation, 105);
		CHECK_INT(quoin_pulse_generation(quoin_store_pulse(store)), 105);
		CHECK(!quoin_store_has_part(store, &part));
	}
	quoin_store_close(store);
}

static void
tells_readers_of_moves(void)
{
	struct quoin_store *store = open_store();
	struct quoin_pulse *pulse = quoin_store_pulse_writer(store);
	struct quoin_hash part;

	CHECK_INT(quoin_pulse_generation(pulse), 0);
	CHECK(quoin_pulse_is_stale(pulse, 1000));
	CHECK(quoin_pulse_is_stale(NULL, 0));
	stage(store, 10, &part);
	activate(store, 5, &part, 10);
	CHECK_INT(quoin_pulse_generation(pulse), 105);
	quoin_pulse_set_fresh(pulse, 2000);
	CHECK(!quoin_pulse_is_stale(pulse, 1999));
	CHECK(quoin_pulse_is_stale(pulse, 2000));
	CHECK(!quoin_pulse_is_refused(pulse, INT64_MAX, INT64_MAX));
	quoin_pulse_set_lease(pulse, 3000, 5000);
	CHECK(!quoin_pulse_is_refused(pulse, 2999, 4999));
	CHECK(quoin_pulse_is_refused(pulse, 3000, 0));
	CHECK(quoin_pulse_is_refused(pulse, 0, 5000));
	CHECK(!quoin_store_is_replaced(store));
	quoin_pulse_set_environment(pulse, 9);
	CHECK(quoin_store_is_replaced(store));
	quoin_store_close(store);
}

/* A reader in another process, which may only read the page, is woken: for itself it would wait far too long. */
static void
wakes_readers(void)
{
	enum { LONG_MS = 3600000 };
	struct quoin_store *store = open_store();
	struct quoin_pulse *writer = quoin_store_pulse_writer(store), *pulse;
	struct quoin_error err = {0};
	int status, is_over = 0;
	char dir[256];
	pid_t pid;

	snprintf(dir, sizeof dir, "%s/shop", check_dir());
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (quoin_pulse_open(dir, QUOIN_PULSE_READ, &pulse, &err) != 0)
			_exit(1);
		quoin_pulse_wait(pulse, quoin_pulse_generation(pulse), LONG_MS);
		/* A generation that is gone already is not waited for. */
		quoin_pulse_wait(pulse, quoin_pulse_generation(pulse) + 1, LONG_MS);
		_exit(0);
	}
	CHECK(pid > 0);
	for (uint64_t environment = 2; is_over == 0; environment++) {
		quoin_pulse_set_environment(writer, environment);
		(void)poll(NULL, 0, 1);
		is_over = waitpid(pid, &status, WNOHANG);
	}
	CHECK_INT(is_over, pid);
	CHECK_INT(status, 0);
	quoin_pulse_wait(NULL, 0, 1);
	quoin_store_close(store);
}

/* The page of a pulse may be anything after a power failure; no store is given up for that. */
static void
mends_its_pulse(void)
{
	static const char *const damage[] = {"", "short", "Quoinpl2 and more than a page of anything"};
	struct quoin_store *store = open_store();
	struct quoin_error err = {0};
	struct quoin_hash part;
	char path[QUOIN_PATH_BYTES];
	uint8_t page[4096];

	stage(store, 10, &part);
	activate(store, 5, &part, 10);
	CHECK_INT(quoin_path_join(check_dir(), "shop/pulse", path, sizeof path), 0);
	for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
		const size_t bytes = i < 2 ? strlen(damage[i]) : sizeof page;

		quoin_store_close(store);
		store = NULL;
		memset(page, 0x5a, sizeof page);
		memcpy(page, damage[i], strlen(damage[i]));
		CHECK_INT(quoin_file_replace(path, quoin_span_of(page, bytes), 0640, NULL), 0);
		CHECK_INT(quoin_store_attach(check_dir(), "shop", &store, &err), QUOIN_ECORRUPT);
		CHECK_INT(quoin_store_verify(check_dir(), "shop", &err), 0);
		store = open_store();
		CHECK_INT(quoin_pulse_generation(quoin_store_pulse(store)), 105);
		CHECK_INT(quoin_pulse_environment(quoin_store_pulse(store)), 1);
		CHECK(quoin_store_has_part(store, &part));
	}
	quoin_store_close(store);
}

static void
refuses_strangers(void)
{
	struct quoin_store *store = open_store(), *other = NULL;
	struct quoin_origin stranger = origin;
	struct quoin_error err = {0};
	pid_t pid;
	int status;

	/* Another process may not write at the same time. */
	pid = fork();
	if (pid == 0)
		_exit(quoin_store_open(check_dir(), &origin, &other, &err) == QUOIN_ECONFLICT ? 0 : 1);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	quoin_store_close(store);
	stranger.system[0] = 9;
	CHECK_INT(quoin_store_open(check_dir(), &stranger, &other, &err), QUOIN_EOTHERSYSTEM);
	CHECK_INT(quoin_store_attach(check_dir(), "other", &other, &err), QUOIN_ENOENT);
}

/* One flipped byte anywhere in the data file is noticed, or was in nothing that is read. A crash is noticed, too. */
static void
notices_damage(void)
{
	struct quoin_store *store = open_store();
	struct quoin_hash part;
	char path[QUOIN_PATH_BYTES];
	uint8_t byte;
	off_t bytes;
	unsigned noticed = 0;
	int fd;

	stage(store, 200000, &part);
	activate(store, 5, &part, 200000);
	quoin_store_close(store);
	CHECK_INT(quoin_path_join(check_dir(), "shop/store/data.mdb", path, sizeof path), 0);
	fd = open(path, O_RDWR);
	CHECK(fd != -1);
	bytes = lseek(fd, 0, SEEK_END);
	for (off_t at = 8192 + 100; at < bytes; at += 4096) {
		pid_t pid;
		int status;

		CHECK_INT(pread(fd, &byte, 1, at), 1);
		byte ^= 0x40;
		CHECK_INT(pwrite(fd, &byte, 1, at), 1);
		pid = fork();
		if (pid == 0) {
			const int null = open("/dev/null", O_WRONLY);

			(void)dup2(null, STDERR_FILENO);
			_exit(quoin_store_verify(check_dir(), "shop", NULL) == 0 ? 0 : 1);
		}
		CHECK_INT(waitpid(pid, &status, 0), pid);
		noticed += status != 0;
		byte ^= 0x40;
		CHECK_INT(pwrite(fd, &byte, 1, at), 1);
	}
	/* The 200,000 bytes of the part alone lie on 49 pages. */
	CHECK(noticed >= 48);
	CHECK_INT(quoin_store_verify(check_dir(), "shop", NULL), 0);
	close(fd);
}

static void
overwrite_data(uint8_t byte, off_t from)
{
	char path[QUOIN_PATH_BYTES];
	uint8_t page[4096];
	off_t bytes;
	int fd;

	CHECK_INT(quoin_path_join(check_dir(), "shop/store/data.mdb", path, sizeof path), 0);
	fd = open(path, O_RDWR);
	CHECK(fd != -1);
	memset(page, byte, sizeof page);
	bytes = lseek(fd, 0, SEEK_END);
	for (off_t at = from; at < bytes; at += 4096)
		CHECK_INT(pwrite(fd, page, sizeof page, at), sizeof page);
	close(fd);
}

/* Whatever the damage does to its reader, the audit survives it and moves the store aside; ratchets stay. */
static void
is_audited(void)
{
	static const struct {
		uint8_t byte;
		off_t from;
	} harms[] = {{0x5a, 8192}, {0xff, 8192}, {0, 8192}, {0x5a, 0}, {0x10, 8192 + 4096}};
	struct quoin_error err = {0};
	struct quoin_hash part;
	bool quarantined;

	CHECK_INT(quoin_audit(check_dir(), "shop", &quarantined, &err), 0);
	for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
		static struct quoin_ratchets ratchets;
		struct quoin_store *store = open_store();
		bool is_new;

		quoin_store_ratchets(store, &ratchets, &is_new);
		CHECK_INT(is_new, i == 0);
		stage(store, 100000, &part);
		activate(store, i + 1, &part, 100000);
		quoin_store_ratchets(store, &ratchets, &is_new);
		CHECK_INT(quoin_store_ratchets_copy(store, &ratchets, NULL), 0);
		CHECK_INT(quoin_audit(check_dir(), "shop", &quarantined, &err), QUOIN_ECONFLICT);
		CHECK(!quarantined);
		quoin_store_close(store);
		CHECK_INT(quoin_audit(check_dir(), "shop", &quarantined, &err), 0);
		overwrite_data(harms[i].byte, harms[i].from);
		CHECK_INT(quoin_audit(check_dir(), "shop", &quarantined, &err), QUOIN_ECORRUPT);
		CHECK(quarantined);
		CHECK(err.message[0] != '\0');
		CHECK_INT(quoin_audit(check_dir(), "shop", &quarantined, &err), 0);
	}
}

/* Every prefix of every record is refused. */
static void
refuses_cut_records(void)
{
	static struct quoin_ratchets ratchets = {.ready_count = 2, .revoked_count = 3, .boot = "boot"};
	static struct quoin_store_active active = {.part_count = 2};
	static struct quoin_store_flips flips = {.count = 2};
	static struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	struct quoin_store_offset offset = {.next = 4};
	struct quoin_store_format format = {QUOIN_STORE_FORMAT, origin};
	struct quoin_store_index index = {9, 1};
	const struct quoin_agent_model_name name = {.name = "m", .version = "1", .uri = "s3://m/1"};
	const struct quoin_agent_model_name *const names[] = {&name, &name};
	struct quoin_agent_model_name *models = NULL;
	size_t count;

	for (unsigned record = 0; record < 8; record++) {
		struct quoin_buf buf;

		quoin_buf_init(&buf, 1u << 20);
		switch (record) {
		case 0: quoin_store_ratchets_encode(&ratchets, &buf); break;
		case 1: quoin_store_active_encode(&active, &buf); break;
		case 2: quoin_store_flips_encode(&flips, &buf); break;
		case 3: quoin_store_fuses_encode(fuses, 2, &buf); break;
		case 4: quoin_store_offset_encode(&offset, &buf); break;
		case 5: quoin_store_format_encode(&format, &buf); break;
		case 6: quoin_store_models_encode(names, 2, &buf); break;
		default: quoin_store_index_encode(&index, &buf); break;
		}
		CHECK_INT(buf.error, 0);
		for (size_t len = 0; len <= buf.len; len++) {
			const struct quoin_span cut = quoin_span_of(buf.data, len);
			int r;

			switch (record) {
			case 0: r = quoin_store_ratchets_decode(cut, &ratchets); break;
			case 1: r = quoin_store_active_decode(cut, &active); break;
			case 2: r = quoin_store_flips_decode(cut, &flips); break;
			case 3: r = quoin_store_fuses_decode(cut, fuses, &count); break;
			case 4: r = quoin_store_offset_decode(cut, &offset); break;
			case 5: r = quoin_store_format_decode(cut, &format); break;
			case 6: r = quoin_store_models_decode(cut, &models, &count); break;
			default: r = quoin_store_index_decode(cut, &index); break;
			}
			CHECK_INT(r, len == buf.len ? 0 : QUOIN_ECORRUPT);
		}
		quoin_buf_clear(&buf);
	}
	free(models);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		{"store keeps what was committed", keeps_what_was_committed},
		{"store reads parts in place", reads_parts_in_place},
		{"store survives a stop at any point", survives_a_stop_at_any_point},
		{"store refuses a pointer to what is not held", refuses_a_pointer_to_what_is_not_held},
		{"store knows what readers hold", knows_what_readers_hold},
		{"store moves away from stuck readers", moves_away_from_stuck_readers},
		{"store does not move twice", does_not_move_twice},
		{"store keeps ratchets through a quarantine", keeps_ratchets_through_a_quarantine},
		{"store tells readers of moves", tells_readers_of_moves},
		{"store wakes readers", wakes_readers},
		{"store mends its pulse", mends_its_pulse},
		{"store refuses strangers", refuses_strangers},
		{"store notices damage", notices_damage},
		{"store is audited", is_audited},
		{"store refuses cut records", refuses_cut_records},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
