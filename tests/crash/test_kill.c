/*
 * The agent's store, its writer killed again and again: at a call out of a seed, or by another process at any moment,
 * with a reader that stays attached. After each kill a copy is judged, and the next writer goes on where the last one
 * was. What the kernel holds survives a kill; for power failures see test_crash.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/crash/oracle.h"
#include "tests/crash/powerlog.h"

#define ROUNDS	      200
#define CALLS_MAX     60
#define MICROS_MAX    20000
#define LIMIT_SECONDS 30

extern char **environ;

static const struct workload_script *const script = &workload_life;
static char live[256], copied[256];
static struct powerlog_marks *marks; /* shared */

/* ---- Writer and reader ---- */

/* From the step after the last one acknowledged; ends when the script does, if nobody ends it before. */
_Noreturn static void
write_on(uint64_t dies_at)
{
	struct workload workload = {.script = script, .state = live};
	const struct powerlog_fault fault = {.failure = POWERLOG_FAIL_KILL, .at = dies_at};
	uint64_t acked = marks->acked;
	int r = 0;

	(void)alarm(LIMIT_SECONDS);
	powerlog_start(live, -1, 0);
	powerlog_tell(marks);
	powerlog_fail(dies_at != 0 ? &fault : NULL);
	if (acked > 0)
		r = workload_reopen(&workload);
	if (r == 0)
		r = workload_run(&workload, acked + 1, &acked);
	if (r != 0)
		fprintf(stderr, "step %llu: %s\n", (unsigned long long)acked + 1, workload.err.message);
	quoin_store_close(workload.store);
	_exit(r == 0 ? 0 : 1);
}

/* One look: the pointer does not go back, and its parts are there and whole. */
static int
look(struct quoin_store_snapshot *snapshot, uint64_t *generation)
{
	static struct quoin_store_active active;
	struct quoin_store_content content;
	int r = quoin_store_snapshot_active(snapshot, &active, NULL);

	if (r == QUOIN_ENOENT)
		return *generation == 0 ? 0 : QUOIN_ECORRUPT;
	if (r == 0 && active.generation < *generation)
		return QUOIN_EREPLAY;
	for (size_t i = 0; i < active.part_count && r == 0; i++)
		r = quoin_store_snapshot_part(snapshot, &active.parts[i].hash, false, &content, NULL);
	*generation = active.generation;
	return r;
}

/* Until it is told to end, which is a failure if anything was wrong by then. */
_Noreturn static void
read_on(int stop)
{
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	uint64_t generation = 0;
	char byte;
	int r;

	(void)alarm(600);
	(void)fcntl(stop, F_SETFL, O_NONBLOCK);
	/* The writer that makes the store may be killed before there is one. */
	do
		r = quoin_store_attach(live, workload_origin.name, &store, NULL);
	while (r == QUOIN_ENOENT && read(stop, &byte, 1) == -1);
	if (r == 0)
		r = quoin_store_snapshot_open(store, &snapshot, NULL);
	while (r == 0 && read(stop, &byte, 1) == -1) {
		r = look(snapshot, &generation);
		quoin_store_snapshot_reset(snapshot);
		(void)usleep(2000);
		if (r == 0)
			r = quoin_store_snapshot_renew(snapshot, NULL);
	}
	_exit(r == 0 || r == QUOIN_ENOENT ? 0 : 1);
}

static pid_t
start_reader(int *ret_stop)
{
	int ends[2];
	pid_t pid;

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		(void)close(ends[1]);
		read_on(ends[0]);
	}
	(void)close(ends[0]);
	*ret_stop = ends[1];
	return pid;
}

static void
stop_reader(pid_t pid, int stop)
{
	int status;

	(void)close(stop);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

/* ---- Rounds ---- */

static void
copy_live(void)
{
	char *const argv[] = {(char[]){"cp"}, (char[]){"-a"}, live, copied, NULL};
	pid_t pid;
	int status;

	CHECK_INT(quoin_tree_remove(copied, NULL), 0);
	CHECK_INT(posix_spawnp(&pid, "cp", NULL, NULL, argv, environ), 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static void
judge(uint64_t round, uint64_t acked, uint64_t begun)
{
	static struct oracle oracle;

	copy_live();
	oracle.script = script;
	oracle.acked = acked;
	oracle.in_flight = begun;
	if (!oracle_judge(&oracle, copied))
		check_fail(__FILE__, __LINE__, "round %llu, acked %llu of %llu: %s", (unsigned long long)round,
		    (unsigned long long)acked, (unsigned long long)begun, oracle.text);
}

/* Let a writer go on and kill it; true if it came to the end of the script. */
static bool
kill_one(uint64_t *random)
{
	const bool kills_itself = replay_random(random) % 2 == 0;
	const uint64_t dies_at = kills_itself ? 1 + replay_random(random) % CALLS_MAX : 0;
	pid_t pid;
	int status;

	pid = fork();
	CHECK(pid != -1);
	if (pid == 0)
		write_on(dies_at);
	if (!kills_itself) {
		(void)usleep((useconds_t)(replay_random(random) % MICROS_MAX));
		(void)kill(pid, SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	return status == 0;
}

/* Rounds until a script is through. */
static uint64_t
run_script(uint64_t round, uint64_t *random, bool has_reader)
{
	pid_t reader = -1;
	int stop = -1;
	bool done;

	marks->acked = marks->begun = 0;
	CHECK_INT(quoin_tree_remove(live, NULL), 0);
	CHECK_INT(mkdir(live, 0750), 0);
	if (has_reader)
		reader = start_reader(&stop);
	do {
		done = kill_one(random);
		judge(round++, marks->acked, marks->begun);
	} while (!done);
	CHECK_INT(marks->acked, script->count);
	if (has_reader)
		stop_reader(reader, stop);
	return round;
}

static void
killed(bool has_reader, uint64_t seed)
{
	const char *text = getenv("QUOIN_CRASH_SECONDS");
	const time_t end = time(NULL) + (text != NULL ? (time_t)strtol(text, NULL, 10) : 0);
	uint64_t round = 0;

	/* Every process has a limit of its own. */
	(void)alarm(0);
	CHECK_INT(quoin_crypto_init(), 0);
	workload_prepare(script);
	marks = mmap(NULL, sizeof *marks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(marks != MAP_FAILED);
	(void)snprintf(live, sizeof live, "%s/live", check_dir());
	(void)snprintf(copied, sizeof copied, "%s/copied", check_dir());
	while (round < ROUNDS / 2 || time(NULL) < end)
		round = run_script(round, &seed, has_reader);
	fprintf(stderr, "crash/killed: %llu rounds, 0 violations\n", (unsigned long long)round);
}

static void
killed_alone(void)
{
	killed(false, 1);
}

static void
killed_beside_a_reader(void)
{
	killed(true, 2);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"crash/killed", killed_alone},
	    {"crash/killed-beside-a-reader", killed_beside_a_reader},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
