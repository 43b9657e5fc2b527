#include "lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/error.h"
#include "lib/text.h"

#define EXIT_NOT_NOW 75 /* sysexits' EX_TEMPFAIL */
#define LOOK_BYTES   (128u << 10)
#define REASON_BYTES (QUOIN_REASON_BYTES_MAX + 1)

extern char **environ;

static void
close_fds(struct quoin_process *process)
{
	if (process->pid_fd != -1)
		(void)close(process->pid_fd);
	if (process->err_fd != -1)
		(void)close(process->err_fd);
	process->pid_fd = process->err_fd = -1;
}

/* The whole group; and wait for its leader. */
static void
kill_group(struct quoin_process *process)
{
	(void)kill(-process->pid, SIGKILL);
	while (waitpid(process->pid, NULL, 0) == -1 && errno == EINTR)
		;
	close_fds(process);
	process->runs = false;
}

void
quoin_process_stop(struct quoin_process *process)
{
	if (process->runs)
		kill_group(process);
}

/* ---- Starting ---- */

/* 0 or errno. */
static int
set_files(posix_spawn_file_actions_t *files, int err_fd)
{
	int rc;

	rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, err_fd, STDERR_FILENO);
	/* Nothing else of ours reaches it, not even a descriptor that a library forgot to mark. */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(files, 3);
	return rc;
}

static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int rc;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attributes, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &all);
	return rc;
}

static int
spawn(const char *const *arguments, int err_fd, pid_t *ret_pid)
{
	/* Arguments of a program are not const by an old mistake of POSIX; they are not written to. */
	const union {
		const char *const *borrowed;
		char *const *given;
	} words = {.borrowed = arguments};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int rc;

	QUOIN_ASSERT(words.given != NULL);
	if ((rc = posix_spawn_file_actions_init(&files)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attributes)) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return rc;
	}
	rc = set_files(&files, err_fd);
	if (rc == 0)
		rc = set_attributes(&attributes);
	if (rc == 0)
		rc = posix_spawn(ret_pid, arguments[0], &files, &attributes, words.given, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* 0 or errno. */
static int
start(struct quoin_process *process, const char *const *arguments)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return errno;
	rc = spawn(arguments, fds[1], &process->pid);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return rc;
	}
	process->runs = true;
	process->err_fd = fds[0];
	(void)fcntl(process->err_fd, F_SETFL, O_NONBLOCK);
	process->pid_fd = pidfd_open(process->pid, 0);
	if (process->pid_fd != -1)
		return 0;
	rc = errno;
	kill_group(process);
	return rc;
}

int
quoin_process_start(struct quoin_process *process, const char *const *arguments, int64_t deadline_ms, char *reason)
{
	int rc;

	memset(process, 0, sizeof *process);
	process->pid_fd = process->err_fd = -1;
	process->deadline_ms = deadline_ms;
	rc = start(process, arguments);
	if (rc == 0)
		return 0;
	(void)snprintf(reason, REASON_BYTES, "cannot start %.120s: %s", arguments[0], strerror(rc));
	return rc == ENOENT ? QUOIN_ENOENT : QUOIN_ESYSTEM;
}

/* ---- Ending ---- */

static void
keep_tail(struct quoin_process *process, const char *piece, size_t bytes)
{
	if (process->tail_bytes + bytes > sizeof process->tail) {
		const size_t drop = process->tail_bytes + bytes - sizeof process->tail;

		memmove(process->tail, process->tail + drop, process->tail_bytes - drop);
		process->tail_bytes -= drop;
	}
	memcpy(process->tail + process->tail_bytes, piece, bytes);
	process->tail_bytes += bytes;
}

/* At most two pipes full in one look: one that never stops talking must not stop us. */
static void
read_tail(struct quoin_process *process)
{
	char piece[512];

	for (unsigned i = 0; i < LOOK_BYTES / sizeof piece && process->err_fd != -1; i++) {
		const ssize_t n = read(process->err_fd, piece, sizeof piece);

		if (n == -1)
			break;
		if (n == 0) {
			(void)close(process->err_fd);
			process->err_fd = -1;
			break;
		}
		keep_tail(process, piece, (size_t)n);
	}
}

/* The last line that is not empty. */
static void
last_line(const struct quoin_process *process, char *out)
{
	const char *tail = process->tail;
	size_t end = process->tail_bytes, first;

	while (end > 0 && (tail[end - 1] == '\n' || tail[end - 1] == '\r'))
		end--;
	for (first = end; first > 0 && tail[first - 1] != '\n'; first--)
		;
	quoin_printable_copy(quoin_span_of(tail + first, end - first), out, REASON_BYTES);
}

/* What the status means; and the reason, if it gave none. */
static int
code_of(int status, char *reason)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (reason[0] == '\0' && WIFEXITED(status))
		(void)snprintf(reason, REASON_BYTES, "exit %d", WEXITSTATUS(status));
	else if (reason[0] == '\0')
		(void)snprintf(reason, REASON_BYTES, "ended by signal %d", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_NOW ? QUOIN_EAGAIN : QUOIN_EREFUSED;
}

bool
quoin_process_ended(struct quoin_process *process, int64_t mono_ms, int *ret_code, char *reason)
{
	int status = 0;

	QUOIN_ASSERT(process->runs);
	read_tail(process);
	if (waitpid(process->pid, &status, WNOHANG) == process->pid) {
		read_tail(process);
		last_line(process, reason);
		*ret_code = code_of(status, reason);
		close_fds(process);
		process->runs = false;
		return true;
	}
	if (mono_ms < process->deadline_ms)
		return false;
	kill_group(process);
	*ret_code = QUOIN_ETIMEOUT;
	(void)snprintf(reason, REASON_BYTES, "not done before its deadline; killed");
	return true;
}

size_t
quoin_process_poll(const struct quoin_process *process, struct pollfd *fds)
{
	size_t count = 0;

	if (!process->runs)
		return 0;
	fds[count++] = (struct pollfd){.fd = process->pid_fd, .events = POLLIN};
	if (process->err_fd != -1)
		fds[count++] = (struct pollfd){.fd = process->err_fd, .events = POLLIN};
	return count;
}
