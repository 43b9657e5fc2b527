/* The health hook as a process: every way in which it can end. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "publisher/gate_hook.h"
#include "tests/check.h"

static char script[64];

static void
write_script(const char *text)
{
	FILE *file;

	snprintf(script, sizeof script, "/tmp/quoin-hook-%d", (int)getpid());
	file = fopen(script, "w");
	CHECK(file != NULL && fprintf(file, "#!/bin/sh\n%s\n", text) > 0 && fclose(file) == 0);
	CHECK_INT(chmod(script, 0700), 0);
}

/* Run to its end: the code; the reason stays in "hook". */
static int
run(struct quoin_gate_hook *hook, const char *program, uint64_t timeout_ms)
{
	int64_t end_ms = quoin_clock_mono_ms() + 20000;
	int code = 1;

	quoin_gate_hook_init(hook);
	CHECK(!quoin_gate_hook_ended(hook, 0, &code));
	quoin_gate_hook_start(hook, program, 7, 42, timeout_ms, quoin_clock_mono_ms());
	while (!quoin_gate_hook_ended(hook, quoin_clock_mono_ms(), &code)) {
		struct pollfd fds[2];
		const size_t count = quoin_gate_hook_poll(hook, fds);

		CHECK(quoin_clock_mono_ms() < end_ms);
		(void)poll(fds, count, 100);
	}
	CHECK_INT(hook->token, 42);
	CHECK_INT(quoin_gate_hook_poll(hook, NULL), 0);
	(void)unlink(script);
	return code;
}

static void
answers(void)
{
	static const struct {
		const char *text;
		int code;
		const char *reason;
	} table[] = {
	    {"exit 0", 0, ""},
	    {"echo first >&2; echo release $1 >&2; exit 0", 0, "release 7"},
	    {"echo warming up >&2; exit 75", QUOIN_EAGAIN, "warming up"},
	    {"echo one >&2; echo 'errors \tdoubled' >&2; exit 1", QUOIN_EREFUSED, "errors"},
	    {"exit 3", QUOIN_EREFUSED, "exit 3"},
	    {"kill -9 $$", QUOIN_EREFUSED, "ended by signal 9"},
	    {"i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1", QUOIN_EREFUSED, "line 2999"},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct quoin_gate_hook hook;

		write_script(table[i].text);
		CHECK_INT(run(&hook, script, 60000), table[i].code);
		CHECK(strncmp(hook.reason, table[i].reason, strlen(table[i].reason)) == 0);
		CHECK(table[i].reason[0] != '\0' || hook.reason[0] == '\0');
	}
}

/* Its children go with it. */
static void
late(void)
{
	struct quoin_gate_hook hook;

	write_script("sleep 1000 & sleep 1000");
	CHECK_INT(run(&hook, script, 100), QUOIN_ETIMEOUT);
	CHECK(strstr(hook.reason, "deadline") != NULL);
}

static void
missing(void)
{
	struct quoin_gate_hook hook;

	CHECK_INT(run(&hook, "/nonexistent/hook", 1000), QUOIN_EAGAIN);
	CHECK(strstr(hook.reason, "cannot start") != NULL);
}

/* A new question ends the old one. */
static void
replaced(void)
{
	struct quoin_gate_hook hook;
	int code = 1;

	write_script("sleep 1000");
	quoin_gate_hook_init(&hook);
	quoin_gate_hook_start(&hook, script, 1, 1, 60000, quoin_clock_mono_ms());
	quoin_gate_hook_start(&hook, script, 1, 2, 60000, quoin_clock_mono_ms());
	CHECK(!quoin_gate_hook_ended(&hook, quoin_clock_mono_ms(), &code));
	CHECK_INT(hook.token, 2);
	quoin_gate_hook_stop(&hook);
	CHECK(!quoin_gate_hook_ended(&hook, quoin_clock_mono_ms(), &code));
	(void)unlink(script);
}

static const struct check_case cases[] = {{"answers", answers}, {"late", late}, {"missing", missing},
    {"replaced", replaced}};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
