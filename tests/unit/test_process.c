/* What hooks have in common; how they end, and what they are told, is tried in test_hook and test_gate_hook. */
#include "lib/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "tests/check.h"

static char reason[QUOIN_REASON_BYTES_MAX + 1];

/* One that never stops talking: each look ends, and its last line is there when its time is over. */
static void
talks_without_end(void)
{
	const char *const arguments[] = {"/bin/sh", "-c", "while :; do echo again >&2; done", NULL};
	struct quoin_process process;
	struct pollfd fds[2];
	int code = 1;

	CHECK_INT(quoin_process_start(&process, arguments, INT64_MAX, reason), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(quoin_process_poll(&process, fds), 2);
		CHECK(poll(fds, 2, 60000) > 0);
		CHECK(!quoin_process_ended(&process, 0, &code, reason));
	}
	CHECK_CONTAINS(process.tail, "again\n");
	CHECK(quoin_process_ended(&process, INT64_MAX, &code, reason));
	CHECK_INT(code, QUOIN_ETIMEOUT);
	CHECK(!process.runs);
	CHECK_INT(quoin_process_poll(&process, fds), 0);
}

/* Its standard error is closed before it ends: then only its end is waited for. */
static void
falls_silent(void)
{
	const char *const arguments[] = {"/bin/sh", "-c", "echo done >&2; exec 2>&-; read nothing; exit 0", NULL};
	const int64_t end_ms = quoin_clock_mono_ms() + 60000;
	struct quoin_process process;
	int code = 1;

	CHECK_INT(quoin_process_start(&process, arguments, INT64_MAX, reason), 0);
	while (!quoin_process_ended(&process, 0, &code, reason)) {
		struct pollfd fds[2];
		const size_t count = quoin_process_poll(&process, fds);

		CHECK(count > 0 && quoin_clock_mono_ms() < end_ms);
		(void)poll(fds, (nfds_t)count, 60000);
	}
	CHECK_INT(code, 0);
	CHECK_STR(reason, "done");
}

static void
does_not_start(void)
{
	static const struct {
		const char *program;
		int code;
		const char *reason;
	} cases[] = {{"/nonexistent/hook", QUOIN_ENOENT, "cannot start /nonexistent/hook: "},
	    {"/dev/null", QUOIN_ESYSTEM, "cannot start /dev/null: "}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *const arguments[] = {cases[i].program, NULL};
		struct quoin_process process;

		CHECK_INT(quoin_process_start(&process, arguments, 0, reason), cases[i].code);
		CHECK_CONTAINS(reason, cases[i].reason);
		CHECK(!process.runs);
		quoin_process_stop(&process);
	}
}

static void
stops(void)
{
	const char *const arguments[] = {"/bin/sleep", "1000", NULL};
	struct quoin_process process;

	CHECK_INT(quoin_process_start(&process, arguments, INT64_MAX, reason), 0);
	quoin_process_stop(&process);
	CHECK(kill(process.pid, 0) == -1 && errno == ESRCH);
	quoin_process_stop(&process);
}

static const struct check_case cases[] = {
	{"process/talks without end", talks_without_end},
	{"process/falls silent", falls_silent},
	{"process/does not start", does_not_start},
	{"process/stops", stops},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
