/*
 * The store on a disk that refuses: in one run of the workload the first call that changes anything fails, in the next
 * the second, and so on, until a run ends without a failure. Each way of failing, once and lasting. Nothing is promised
 * that is not durable, nobody crashes, the code says what happened, and when the disk is well again everything goes on.
 * And: killed at every call, started again, and then the power fails.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/crash/oracle.h"
#include "tests/crash/powerlog.h"

#define CALLS_MAX     2000
#define LIMIT_SECONDS 20
/* Processes are slow to make under a sanitizer: some of the calls there, all of them otherwise. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 5
#else
#define STRIDE 1
#endif
/* The child's ways to end: it met no failure; it did and went on as it should; it complained on stderr. */
#define ENDED_CLEAN 0
#define ENDED_WELL  10
#define ENDED_BADLY 11

static const struct workload_script *const script = &workload_brief;

/* ---- In the child ---- */

_Noreturn static void
complain(const struct workload *workload, uint64_t number, int code, const char *what)
{
	fprintf(stderr, "step %llu: %s: %s (%s)\n", (unsigned long long)number, what,
	    code != 0 ? quoin_error_name(code) : "no error", code != 0 ? workload->err.message : "");
	_exit(ENDED_BADLY);
}

static int
step(struct workload *workload, uint64_t number)
{
	memset(&workload->err, 0, sizeof workload->err);
	return workload_step(workload, number, &script->steps[number - 1]);
}

static bool
is_expected(enum powerlog_failure failure, int code)
{
	if (failure == POWERLOG_FAIL_EIO || powerlog_failed_durable())
		return code == QUOIN_EIO;
	return code == QUOIN_ENOSPC;
}

/* The rest of the script, on a disk that is well. */
static void
finish(struct workload *workload, uint64_t number)
{
	for (; number <= script->count; number++) {
		const int r = step(workload, number);

		if (r != 0)
			complain(workload, number, r, "on a disk that is well again");
	}
	quoin_store_close(workload->store);
}

/* What the agent does before it opens: what is there is sound. */
static void
audit(struct workload *workload, uint64_t number)
{
	const int r = quoin_store_verify(workload->state, workload_origin.name, &workload->err);

	if (r != 0 && r != QUOIN_ENOENT)
		complain(workload, number, r, "the audit after a failure");
}

/* As a process that begins; what it does next opens the store itself if that is the script's first step. */
static void
begin_again(struct workload *workload, uint64_t number)
{
	int r;

	quoin_store_close(workload->store);
	workload->store = NULL;
	audit(workload, number);
	r = workload_reopen(workload);
	if (r != 0)
		complain(workload, number, r, "opening again");
	if (script->steps[number - 1].op == WORKLOAD_OPEN)
		quoin_store_close(workload->store);
}

/* Step "number" failed with "code". */
static void
go_on(struct workload *workload, const struct powerlog_fault *fault, uint64_t number, int code)
{
	int r;

	if (!is_expected(fault->failure, code))
		complain(workload, number, code, "an unexpected code");
	powerlog_look();
	if (fault->lasts) {
		r = step(workload, number);
		if (r != 0 && r != QUOIN_EIO && (r != QUOIN_ENOSPC || fault->failure == POWERLOG_FAIL_EIO))
			complain(workload, number, r, "an unexpected code, the second time");
		code = r == QUOIN_EIO ? r : code;
		powerlog_look();
	}
	powerlog_fail(NULL);
	/* After EIO the writer stops and begins anew; a full disk is waited for. */
	if (code == QUOIN_EIO || workload->store == NULL)
		begin_again(workload, number);
	finish(workload, number);
}

_Noreturn static void
run_child(const char *live, int journal, const struct powerlog_fault *fault)
{
	struct workload workload = {.script = script, .state = live};
	uint64_t last = 0;
	int r;

	(void)alarm(LIMIT_SECONDS);
	powerlog_start(live, journal, 0);
	powerlog_fail(fault);
	r = workload_run(&workload, 1, &last);
	if (r != 0) {
		go_on(&workload, fault, last + 1, r);
		_exit(ENDED_WELL);
	}
	quoin_store_close(workload.store);
	_exit(powerlog_failures() == 0 ? ENDED_CLEAN : ENDED_WELL);
}

/* After a kill: the next process. */
_Noreturn static void
run_next(const char *live, int journal, uint64_t acked)
{
	struct workload workload = {.script = script, .state = live};

	(void)alarm(LIMIT_SECONDS);
	powerlog_start(live, journal, 0);
	if (acked == script->count)
		_exit(ENDED_WELL);
	begin_again(&workload, acked + 1);
	powerlog_look();
	finish(&workload, acked + 1);
	_exit(ENDED_WELL);
}

/* ---- In the parent ---- */

/* The directory of one run, empty. */
static const char *
make_live(void)
{
	static char live[256];

	(void)snprintf(live, sizeof live, "%s/live", check_dir());
	CHECK_INT(quoin_tree_remove(live, NULL), 0);
	CHECK_INT(mkdir(live, 0750), 0);
	return live;
}

/* What the power would have left at the points of interest. */
static void
judge(int journal, uint64_t at)
{
	const struct replay_options options = {.seed = at,
	    .mixes = 1,
	    .choices_max = 1,
	    .sector_bytes = 512,
	    .looks_only = true};
	static struct oracle oracle;
	char images[256];
	struct stat st;
	int64_t count;
	uint8_t *bytes;
	bool good;

	CHECK_INT(fstat(journal, &st), 0);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, journal, 0);
	CHECK(bytes != MAP_FAILED);
	(void)snprintf(images, sizeof images, "%s/images", check_dir());
	(void)mkdir(images, 0750);
	oracle.script = script;
	count = replay_run(bytes, (size_t)st.st_size, images, &options, oracle_judge_image, &oracle, &good);
	CHECK(count >= 0);
	if (!good)
		check_fail(__FILE__, __LINE__, "call %llu failed, then the power %s, acked %llu of %llu: %s",
		    (unsigned long long)at, oracle.image, (unsigned long long)oracle.acked,
		    (unsigned long long)oracle.in_flight, oracle.text);
	(void)munmap(bytes, (size_t)st.st_size);
}

static void
prepare(void)
{
	/* Every run has a limit of its own. */
	(void)alarm(0);
	CHECK_INT(quoin_crypto_init(), 0);
	workload_prepare(script);
}

static int
status_of(pid_t pid)
{
	int status;

	CHECK(pid != -1);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
fails_at_every_call(enum powerlog_failure failure, bool lasts)
{
	uint64_t at;
	int status = ENDED_WELL;

	prepare();
	for (at = 1; at < CALLS_MAX && status == ENDED_WELL; at += STRIDE) {
		const struct powerlog_fault fault = {.failure = failure, .at = at, .lasts = lasts};
		const char *live = make_live();
		const int journal = memfd_create("journal", MFD_CLOEXEC);
		pid_t pid;

		CHECK(journal != -1);
		pid = fork();
		if (pid == 0)
			run_child(live, journal, &fault);
		status = status_of(pid);
		if (WIFSIGNALED(status))
			check_fail(__FILE__, __LINE__, "failure at call %llu: ended by signal %d (%s)",
			    (unsigned long long)at, WTERMSIG(status), strsignal(WTERMSIG(status)));
		status = WEXITSTATUS(status);
		if (status != ENDED_WELL && status != ENDED_CLEAN)
			check_fail(__FILE__, __LINE__, "failure at call %llu: see above", (unsigned long long)at);
		judge(journal, at);
		(void)close(journal);
	}
	CHECK_INT(status, ENDED_CLEAN);
	CHECK(at > 50);
}

static void
eio_once(void)
{
	fails_at_every_call(POWERLOG_FAIL_EIO, false);
}

static void
eio_lasting(void)
{
	fails_at_every_call(POWERLOG_FAIL_EIO, true);
}

static void
enospc_once(void)
{
	fails_at_every_call(POWERLOG_FAIL_ENOSPC, false);
}

static void
enospc_lasting(void)
{
	fails_at_every_call(POWERLOG_FAIL_ENOSPC, true);
}

static void
short_once(void)
{
	fails_at_every_call(POWERLOG_FAIL_SHORT, false);
}

static void
short_lasting(void)
{
	fails_at_every_call(POWERLOG_FAIL_SHORT, true);
}

/* What a killed process had not synced, the next one relies on: it must be durable before anything built on it is. */
static void
killed_then_power(void)
{
	bool was_killed = true;
	uint64_t at;

	prepare();
	for (at = 1; at < CALLS_MAX && was_killed; at += STRIDE) {
		const struct powerlog_fault fault = {.failure = POWERLOG_FAIL_KILL, .at = at};
		const char *live = make_live();
		const int journal = memfd_create("journal", MFD_CLOEXEC);
		uint64_t acked, begun;
		pid_t pid;
		int status;

		CHECK(journal != -1);
		pid = fork();
		if (pid == 0)
			run_child(live, journal, &fault);
		status = status_of(pid);
		was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		CHECK(was_killed || status == 0);
		powerlog_read(journal, &acked, &begun);
		pid = fork();
		if (pid == 0)
			run_next(live, journal, acked);
		status = status_of(pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != ENDED_WELL)
			check_fail(__FILE__, __LINE__, "killed at call %llu: the next process ended with status %d",
			    (unsigned long long)at, status);
		judge(journal, at);
		(void)close(journal);
	}
	CHECK(at > 50 && !was_killed);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"fault/eio-once", eio_once},
	    {"fault/eio-lasting", eio_lasting},
	    {"fault/enospc-once", enospc_once},
	    {"fault/enospc-lasting", enospc_lasting},
	    {"fault/short-once", short_once},
	    {"fault/short-lasting", short_lasting},
	    {"fault/killed-then-power", killed_then_power},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
