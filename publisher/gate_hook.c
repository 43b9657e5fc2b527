#include "publisher/gate_hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/text.h"

#define EXIT_NOT_NOW 75 /* sysexits' EX_TEMPFAIL */

extern char **environ;

void
quoin_gate_hook_init(struct quoin_gate_hook *hook)
{
	memset(hook, 0, sizeof *hook);
	hook->pid_fd = hook->err_fd = -1;
}

static void
close_fds(struct quoin_gate_hook *hook)
{
	if (hook->pid_fd != -1)
		(void)close(hook->pid_fd);
	if (hook->err_fd != -1)
		(void)close(hook->err_fd);
	hook->pid_fd = hook->err_fd = -1;
}

static void
kill_group(struct quoin_gate_hook *hook)
{
	(void)kill(-hook->pid, SIGKILL);
	while (waitpid(hook->pid, NULL, 0) == -1 && errno == EINTR)
		;
	close_fds(hook);
}

void
quoin_gate_hook_stop(struct quoin_gate_hook *hook)
{
	if (hook->is_running && !hook->is_over)
		kill_group(hook);
	hook->is_running = false;
}

/* Returns 0 or errno. */
static int
spawn(const char *program, char *release, int err_fd, pid_t *ret_pid)
{
	union {
		const char *borrowed;
		char *given;
	} path = {.borrowed = program};
	char *const arguments[] = {path.given, release, NULL};
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
start(struct quoin_gate_hook *hook, const char *program, uint64_t release)
{
	char number[24];
	int fds[2], rc;

	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)release);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return errno;
	rc = spawn(program, number, fds[1], &hook->pid);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return rc;
	}
	hook->err_fd = fds[0];
	(void)fcntl(hook->err_fd, F_SETFL, O_NONBLOCK);
	hook->pid_fd = pidfd_open(hook->pid, 0);
	if (hook->pid_fd != -1)
		return 0;
	rc = errno;
	kill_group(hook);
	return rc;
}

void
quoin_gate_hook_start(struct quoin_gate_hook *hook, const char *program, uint64_t release, uint64_t token,
    uint64_t timeout_ms, int64_t mono_ms)
{
	int rc;

	quoin_gate_hook_stop(hook);
	quoin_gate_hook_init(hook);
	hook->is_running = true;
	hook->token = token;
	hook->deadline_ms = timeout_ms > (uint64_t)(INT64_MAX - mono_ms) ? INT64_MAX : mono_ms + (int64_t)timeout_ms;
	rc = start(hook, program, release);
	if (rc == 0)
		return;
	hook->is_over = true;
	(void)snprintf(hook->reason, sizeof hook->reason, "cannot start %.120s: %s", program, strerror(rc));
}

/* Keep the end of what it says. */
static void
read_tail(struct quoin_gate_hook *hook)
{
	char piece[512];
	ssize_t n;

	while (hook->err_fd != -1 && (n = read(hook->err_fd, piece, sizeof piece)) > 0) {
		size_t add = (size_t)n;

		if (hook->tail_bytes + add > sizeof hook->tail) {
			size_t drop = hook->tail_bytes + add - sizeof hook->tail;

			memmove(hook->tail, hook->tail + drop, hook->tail_bytes - drop);
			hook->tail_bytes -= drop;
		}
		memcpy(hook->tail + hook->tail_bytes, piece, add);
		hook->tail_bytes += add;
	}
}

static void
conclude(struct quoin_gate_hook *hook, int status, int *ret_code)
{
	size_t end = hook->tail_bytes, first;

	while (end > 0 && (hook->tail[end - 1] == '\n' || hook->tail[end - 1] == '\r'))
		end--;
	for (first = end; first > 0 && hook->tail[first - 1] != '\n'; first--)
		;
	quoin_printable_copy(quoin_span_of(hook->tail + first, end - first), hook->reason, sizeof hook->reason);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		*ret_code = 0;
	else
		*ret_code = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_NOW ? QUOIN_EAGAIN : QUOIN_EREFUSED;
	if (hook->reason[0] != '\0' || *ret_code == 0)
		return;
	if (WIFEXITED(status))
		(void)snprintf(hook->reason, sizeof hook->reason, "exit %d", WEXITSTATUS(status));
	else
		(void)snprintf(hook->reason, sizeof hook->reason, "ended by signal %d", WTERMSIG(status));
}

bool
quoin_gate_hook_ended(struct quoin_gate_hook *hook, int64_t mono_ms, int *ret_code)
{
	int status = 0;

	if (!hook->is_running)
		return false;
	if (hook->is_over) {
		/* A hook that is not there is the operator's mistake, and no sign of sickness: it is tried again. */
		*ret_code = QUOIN_EAGAIN;
		hook->is_running = false;
		return true;
	}
	read_tail(hook);
	if (waitpid(hook->pid, &status, WNOHANG) == hook->pid) {
		read_tail(hook);
		conclude(hook, status, ret_code);
		close_fds(hook);
	} else if (mono_ms >= hook->deadline_ms) {
		kill_group(hook);
		*ret_code = QUOIN_ETIMEOUT;
		(void)snprintf(hook->reason, sizeof hook->reason, "not done before its deadline; killed");
	} else {
		return false;
	}
	hook->is_running = false;
	return true;
}

int
quoin_gate_hook_fd(const struct quoin_gate_hook *hook)
{
	return hook->is_running ? hook->pid_fd : -1;
}
