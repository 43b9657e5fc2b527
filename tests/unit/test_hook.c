#include "subscriber/hook.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "tests/check.h"

static const struct quoin_agent_model_name model = {"ranker", "7", "sha256:abc", "s3://models/ranker 7"};
static struct quoin_hooks *hooks;

static const char *
script(const char *name, const char *body)
{
	static char path[320];
	char text[2048];

	(void)snprintf(path, sizeof path, "%s/%s", check_dir(), name);
	(void)snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
	CHECK_INT(quoin_file_replace(path, quoin_span_str(text), 0755, NULL), 0);
	return path;
}

/* Wait for the next outcome as the agent's loop would. */
static struct quoin_hook_outcome
next_outcome(void)
{
	struct quoin_hook_outcome outcome;

	while (!quoin_hooks_next(hooks, quoin_clock_mono_ms(), &outcome)) {
		struct pollfd fds[2 * QUOIN_AGENT_HOOKS_MAX];
		const size_t count = quoin_hooks_poll(hooks, fds);
		const int64_t left = quoin_hooks_deadline(hooks) - quoin_clock_mono_ms();

		CHECK(count > 0);
		(void)poll(fds, (nfds_t)count, left > 0 ? (int)left : 0);
	}
	return outcome;
}

static struct quoin_hook_outcome
run(const char *program, int timeout_ms)
{
	quoin_hooks_start(hooks, program, QUOIN_HOOK_LOAD, 5, &model, timeout_ms, quoin_clock_mono_ms());
	return next_outcome();
}

static void
tells_outcomes(void)
{
	static const struct {
		const char *body;
		int code;
		const char *reason;
	} cases[] = {
		{"exit 0", 0, ""},
		{"echo fine >&2; exit 0", 0, ""},
		{"echo first >&2; echo 'no memory left' >&2; exit 75", QUOIN_EAGAIN, "no memory left"},
		{"printf 'last line\\n\\n' >&2; exit 1", QUOIN_EREFUSED, "last line"},
		{"printf 'no newline' >&2; exit 2", QUOIN_EREFUSED, "no newline"},
		{"exit 3", QUOIN_EREFUSED, "exit 3"},
		{"kill -9 $$", QUOIN_EREFUSED, "ended by signal 9"},
		{"printf 'tab\\tbell\\007' >&2; exit 1", QUOIN_EREFUSED, "tab?bell?"},
		{"echo to the output; exit 1", QUOIN_EREFUSED, "exit 1"},
	};

	CHECK_INT(quoin_hooks_new(&hooks), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct quoin_hook_outcome outcome = run(script("hook", cases[i].body), 20000);

		CHECK_INT(outcome.code, cases[i].code);
		CHECK_STR(outcome.reason, cases[i].reason);
		CHECK_INT(outcome.model, 5);
		CHECK_INT(outcome.hook, QUOIN_HOOK_LOAD);
	}
	quoin_hooks_free(hooks);
}

/* Arguments arrive as they are, and nothing is a shell's business. */
static void
passes_arguments(void)
{
	const char *program = script("hook", "printf '%s|%s|%s|%s|%s' \"$1\" \"$2\" \"$3\" \"$4\" $# >&2; exit 1");
	struct quoin_agent_model_name strange = model;

	CHECK_INT(quoin_hooks_new(&hooks), 0);
	CHECK_STR(run(program, 20000).reason, "ranker|7|s3://models/ranker 7|sha256:abc|4");
	(void)snprintf(strange.uri, sizeof strange.uri, "$(touch /tmp/x); `id` > y");
	quoin_hooks_start(hooks, program, QUOIN_HOOK_CHECK, 6, &strange, 20000, quoin_clock_mono_ms());
	CHECK_STR(next_outcome().reason, "ranker|7|$(touch /tmp/x); `id` > y|sha256:abc|4");
	quoin_hooks_free(hooks);
}

/* Ten thousand lines: only the end is kept, and the hook is never held up. */
static void
keeps_the_end_of_much(void)
{
	struct quoin_hook_outcome outcome;

	CHECK_INT(quoin_hooks_new(&hooks), 0);
	outcome = run(script("hook", "i=0; while [ $i -lt 10000 ]; do echo \"line $i\" >&2; i=$((i+1)); done; exit 1"), 60000);
	CHECK_STR(outcome.reason, "line 9999");
	outcome = run(script("hook", "head -c 5000 /dev/zero | tr '\\0' x >&2; exit 1"), 60000);
	CHECK_INT(strlen(outcome.reason), QUOIN_REASON_BYTES_MAX);
	quoin_hooks_free(hooks);
}

/* The whole group dies at the deadline: the child that it left behind, too. */
static void
kills_the_group_at_its_deadline(void)
{
	char pid_path[320], body[1200], text[32];
	struct quoin_hook_outcome outcome;
	struct quoin_buf pid;

	(void)snprintf(pid_path, sizeof pid_path, "%s/pid", check_dir());
	(void)snprintf(body, sizeof body, "sleep 1000 &\necho $! > %s.new; mv %s.new %s; echo working >&2; wait", pid_path,
	    pid_path, pid_path);
	CHECK_INT(quoin_hooks_new(&hooks), 0);
	/* The deadline begins to count when the child is there. */
	quoin_hooks_start(hooks, script("hook", body), QUOIN_HOOK_LOAD, 1, &model, 60000, quoin_clock_mono_ms());
	while (!quoin_file_exists(pid_path))
		(void)poll(NULL, 0, 1);
	CHECK(!quoin_hooks_next(hooks, quoin_clock_mono_ms(), &outcome));
	CHECK(quoin_hooks_next(hooks, quoin_clock_mono_ms() + 60001, &outcome));
	CHECK_INT(outcome.code, QUOIN_ETIMEOUT);
	quoin_buf_init(&pid, 64);
	CHECK_INT(quoin_file_read(pid_path, &pid, NULL), 0);
	(void)snprintf(text, sizeof text, "%s", quoin_buf_str(&pid));
	/* It is gone, or a zombie that init has not looked at yet. */
	for (unsigned i = 0; kill(atoi(text), 0) == 0; i++) {
		char stat_path[64], line[256] = "";
		FILE *file;

		(void)snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", atoi(text));
		file = fopen(stat_path, "r");
		if (file == NULL)
			break;
		(void)!fgets(line, sizeof line, file);
		fclose(file);
		if (strstr(line, ") Z ") != NULL)
			break;
		CHECK(i < 5000);
		(void)poll(NULL, 0, 1);
	}
	quoin_buf_clear(&pid);
	quoin_hooks_free(hooks);
}

static void
tells_what_cannot_start(void)
{
	struct quoin_hook_outcome outcome;

	CHECK_INT(quoin_hooks_new(&hooks), 0);
	outcome = run("/nowhere/hook", 1000);
	CHECK_INT(outcome.code, QUOIN_ENOENT);
	CHECK_CONTAINS(outcome.reason, "/nowhere/hook");
	quoin_hooks_free(hooks);
}

/* As many as there may be, each with its own outcome. */
static void
runs_many_at_once(void)
{
	char body[64];
	bool seen[QUOIN_AGENT_HOOKS_MAX] = {false};

	CHECK_INT(quoin_hooks_new(&hooks), 0);
	(void)snprintf(body, sizeof body, "exit 75");
	for (uint64_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++)
		quoin_hooks_start(hooks, script("hook", body), QUOIN_HOOK_UNLOAD, i, &model, 60000, quoin_clock_mono_ms());
	for (uint64_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		const struct quoin_hook_outcome outcome = next_outcome();

		CHECK(!seen[outcome.model]);
		seen[outcome.model] = true;
		CHECK_INT(outcome.code, QUOIN_EAGAIN);
	}
	CHECK_INT(quoin_hooks_deadline(hooks), INT64_MAX);
	/* What still runs is killed with them. */
	quoin_hooks_start(hooks, script("hook", "sleep 1000"), QUOIN_HOOK_LOAD, 1, &model, 60000, quoin_clock_mono_ms());
	quoin_hooks_free(hooks);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		{"hook tells outcomes", tells_outcomes},
		{"hook passes arguments", passes_arguments},
		{"hook keeps the end of much", keeps_the_end_of_much},
		{"hook kills the group at its deadline", kills_the_group_at_its_deadline},
		{"hook tells what cannot start", tells_what_cannot_start},
		{"hook runs many at once", runs_many_at_once},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
