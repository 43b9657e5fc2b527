#include "subscriber/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/text.h"

#define EXIT_NOT_NOW 75 /* sysexits' EX_TEMPFAIL */
#define TAIL_BYTES   1024
#define LOOK_BYTES   (128u << 10)

extern char **environ;

struct run {
	bool is_used;
	bool is_over; /* could not be started: "outcome" says why */
	struct quoin_hook_outcome outcome;
	pid_t pid;
	int pid_fd;
	int err_fd;
	int64_t deadline_ms;
	char tail[TAIL_BYTES]; /* the end of standard error */
	size_t tail_bytes;
};

struct quoin_hooks {
	struct run runs[QUOIN_AGENT_HOOKS_MAX];
};

int
quoin_hooks_new(struct quoin_hooks **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret == NULL ? QUOIN_ENOMEM : 0;
}

static void
close_fds(struct run *run)
{
	if (run->pid_fd != -1)
		(void)close(run->pid_fd);
	if (run->err_fd != -1)
		(void)close(run->err_fd);
	run->pid_fd = run->err_fd = -1;
}

/* Kill the whole group and wait for its leader. */
static void
kill_run(struct run *run)
{
	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

void
quoin_hooks_stop(struct quoin_hooks *hooks)
{
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		struct run *run = &hooks->runs[i];

		if (run->is_used && !run->is_over) {
			kill_run(run);
			close_fds(run);
		}
		run->is_used = false;
	}
}

void
quoin_hooks_free(struct quoin_hooks *hooks)
{
	if (hooks == NULL)
		return;
	quoin_hooks_stop(hooks);
	free(hooks);
}

/* ---- Starting ---- */

/* Arguments of a program are not const by an old mistake of POSIX; they are not written to. */
static char *
argument(const char *text)
{
	union {
		const char *borrowed;
		char *given;
	} pointer = {.borrowed = text};

	return pointer.given;
}

/* Returns 0 or errno. */
static int
spawn(const char *program, const struct quoin_agent_model_name *name, int err_fd, pid_t *ret_pid)
{
	char *const arguments[] = {argument(program), argument(name->name), argument(name->version), argument(name->uri),
		argument(name->digest), NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int rc;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if ((rc = posix_spawn_file_actions_init(&files)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attributes)) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return rc;
	}
	rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	/* Nothing else of ours reaches the hook, not even a descriptor that a library forgot to mark. */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&attributes,
		    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(&attributes, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(&attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&attributes, &all);
	if (rc == 0)
		rc = posix_spawn(ret_pid, program, &files, &attributes, arguments, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* 0 or errno. */
static int
start_run(struct run *run, const char *program, const struct quoin_agent_model_name *name)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return errno;
	rc = spawn(program, name, fds[1], &run->pid);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return rc;
	}
	run->err_fd = fds[0];
	(void)fcntl(run->err_fd, F_SETFL, O_NONBLOCK);
	run->pid_fd = pidfd_open(run->pid, 0);
	if (run->pid_fd != -1)
		return 0;
	rc = errno;
	kill_run(run);
	close_fds(run);
	return rc;
}

void
quoin_hooks_start(struct quoin_hooks *hooks, const char *program, enum quoin_hook hook, uint64_t model,
    const struct quoin_agent_model_name *name, int timeout_ms, int64_t mono_ms)
{
	struct run *run = NULL;
	int rc;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX && run == NULL; i++)
		if (!hooks->runs[i].is_used)
			run = &hooks->runs[i];
	QUOIN_ASSERT(run != NULL);
	memset(run, 0, sizeof *run);
	run->is_used = true;
	run->outcome.model = model;
	run->outcome.hook = hook;
	run->pid_fd = run->err_fd = -1;
	run->deadline_ms = mono_ms + timeout_ms;
	rc = start_run(run, program, name);
	if (rc == 0)
		return;
	run->is_over = true;
	run->outcome.code = rc == ENOENT ? QUOIN_ENOENT : QUOIN_ESYSTEM;
	(void)snprintf(run->outcome.reason, sizeof run->outcome.reason, "cannot start %.120s: %s", program, strerror(rc));
}

/* ---- Ending ---- */

/* Keep the end of what the hook says. At most two pipes full in one look: one that never stops must not stop the agent. */
static void
read_tail(struct run *run)
{
	char piece[512];

	for (unsigned i = 0; i < LOOK_BYTES / sizeof piece && run->err_fd != -1; i++) {
		const ssize_t n = read(run->err_fd, piece, sizeof piece);
		const size_t add = n > 0 ? (size_t)n : 0;

		if (n == -1)
			break;
		if (n == 0) {
			(void)close(run->err_fd);
			run->err_fd = -1;
			break;
		}
		if (run->tail_bytes + add > sizeof run->tail) {
			const size_t drop = run->tail_bytes + add - sizeof run->tail;

			memmove(run->tail, run->tail + drop, run->tail_bytes - drop);
			run->tail_bytes -= drop;
		}
		memcpy(run->tail + run->tail_bytes, piece, add);
		run->tail_bytes += add;
	}
}

/* The last line that is not empty. */
static void
last_line(const struct run *run, char *out, size_t out_bytes)
{
	size_t end = run->tail_bytes, start;

	while (end > 0 && (run->tail[end - 1] == '\n' || run->tail[end - 1] == '\r'))
		end--;
	for (start = end; start > 0 && run->tail[start - 1] != '\n'; start--)
		;
	quoin_printable_copy(quoin_span_of(run->tail + start, end - start), out, out_bytes);
}

static void
conclude(struct run *run, int status)
{
	struct quoin_hook_outcome *outcome = &run->outcome;

	last_line(run, outcome->reason, sizeof outcome->reason);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		outcome->code = 0;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_NOW)
		outcome->code = QUOIN_EAGAIN;
	else
		outcome->code = QUOIN_EREFUSED;
	if (outcome->code == 0)
		outcome->reason[0] = '\0';
	else if (outcome->reason[0] == '\0' && WIFEXITED(status))
		(void)snprintf(outcome->reason, sizeof outcome->reason, "exit %d", WEXITSTATUS(status));
	else if (outcome->reason[0] == '\0')
		(void)snprintf(outcome->reason, sizeof outcome->reason, "ended by signal %d", WTERMSIG(status));
}

/* Whether the hook is over, one way or the other. */
static bool
is_over(struct run *run, int64_t mono_ms)
{
	int status = 0;
	pid_t pid;

	if (run->is_over)
		return true;
	read_tail(run);
	pid = waitpid(run->pid, &status, WNOHANG);
	if (pid == run->pid) {
		read_tail(run);
		conclude(run, status);
		close_fds(run);
		return true;
	}
	if (mono_ms < run->deadline_ms)
		return false;
	kill_run(run);
	close_fds(run);
	run->outcome.code = QUOIN_ETIMEOUT;
	(void)snprintf(run->outcome.reason, sizeof run->outcome.reason, "not done before its deadline; killed");
	return true;
}

bool
quoin_hooks_next(struct quoin_hooks *hooks, int64_t mono_ms, struct quoin_hook_outcome *ret)
{
	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		struct run *run = &hooks->runs[i];

		if (!run->is_used || !is_over(run, mono_ms))
			continue;
		*ret = run->outcome;
		run->is_used = false;
		return true;
	}
	return false;
}

size_t
quoin_hooks_poll(const struct quoin_hooks *hooks, struct pollfd *fds)
{
	size_t count = 0;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		const struct run *run = &hooks->runs[i];

		if (!run->is_used || run->is_over)
			continue;
		fds[count++] = (struct pollfd){.fd = run->pid_fd, .events = POLLIN};
		if (run->err_fd != -1)
			fds[count++] = (struct pollfd){.fd = run->err_fd, .events = POLLIN};
	}
	return count;
}

int64_t
quoin_hooks_deadline(const struct quoin_hooks *hooks)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < QUOIN_AGENT_HOOKS_MAX; i++) {
		const struct run *run = &hooks->runs[i];

		if (run->is_used && run->is_over)
			return 0;
		if (run->is_used && run->deadline_ms < at)
			at = run->deadline_ms;
	}
	return at;
}
