#include "publisher/dev_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define TAIL_BYTES 4096
#define POLL_MS    10

int
quoin_dev_child_add(struct quoin_dev_child *child, const char *arg)
{
	char **argv = realloc(child->argv, (child->argc + 2) * sizeof *argv);

	if (argv == NULL)
		return QUOIN_ENOMEM;
	child->argv = argv;
	argv[child->argc] = strdup(arg);
	if (argv[child->argc] == NULL)
		return QUOIN_ENOMEM;
	argv[++child->argc] = NULL;
	return 0;
}

void
quoin_dev_child_clear(struct quoin_dev_child *child)
{
	for (size_t i = 0; i < child->argc; i++)
		free(child->argv[i]);
	free(child->argv);
	memset(child, 0, sizeof *child);
}

/* In the child between fork and exec: only calls that a forked child of a threaded process may make. */
static _Noreturn void
become(const struct quoin_dev_child *child, pid_t parent)
{
	int in, out = STDERR_FILENO;
	sigset_t none;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	in = open("/dev/null", O_RDONLY);
	if (child->log[0] != '\0')
		out = open(child->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(127);
	if (out > STDERR_FILENO)
		(void)close(out);
	if (in > STDERR_FILENO)
		(void)close(in);
	(void)execv(child->argv[0], child->argv);
	_exit(127);
}

int
quoin_dev_child_start(struct quoin_dev_child *child, struct quoin_error *err)
{
	pid_t pid, parent = getpid();

	if (access(child->argv[0], X_OK) != 0)
		return quoin_error_sys(err, QUOIN_ENOENT, "cannot run %s", child->argv[0]);
	pid = fork();
	if (pid < 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot start %s", child->argv[0]);
	if (pid == 0)
		become(child, parent);
	child->pid = pid;
	child->started_ms = quoin_clock_mono_ms();
	child->start_again_ms = 0;
	return 0;
}

bool
quoin_dev_child_ended(struct quoin_dev_child *child, int *ret_status)
{
	pid_t pid;

	if (child->pid == 0)
		return false;
	do
		pid = waitpid(child->pid, ret_status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid != child->pid)
		return false;
	child->pid = 0;
	return true;
}

void
quoin_dev_child_status_print(int status, char *out, size_t out_bytes)
{
	if (WIFSIGNALED(status))
		snprintf(out, out_bytes, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(out, out_bytes, "exit status %d", WEXITSTATUS(status));
}

void
quoin_dev_child_tail(const struct quoin_dev_child *child)
{
	char text[TAIL_BYTES + 1];
	size_t lines = 0, begin;
	ssize_t bytes;
	off_t end;
	int fd = open(child->log, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	end = lseek(fd, 0, SEEK_END);
	bytes = pread(fd, text, TAIL_BYTES, end > TAIL_BYTES ? end - TAIL_BYTES : 0);
	(void)close(fd);
	if (bytes <= 0)
		return;
	text[bytes] = '\0';
	for (begin = (size_t)bytes - 1; begin > 0; begin--)
		if (text[begin - 1] == '\n' && ++lines == QUOIN_DEV_CHILD_TAIL_LINES)
			break;
	for (char *line = text + begin, *next; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		fprintf(stderr, "    %s\n", line);
	}
}

static size_t
count_running(struct quoin_dev_child *children, size_t count)
{
	size_t running = 0;
	int status;

	for (size_t i = 0; i < count; i++)
		if (children[i].pid != 0 && !quoin_dev_child_ended(&children[i], &status))
			running++;
	return running;
}

static void
signal_all(const struct quoin_dev_child *children, size_t count, int signal_number)
{
	for (size_t i = 0; i < count; i++)
		if (children[i].pid != 0)
			(void)kill(children[i].pid, signal_number);
}

void
quoin_dev_children_stop(struct quoin_dev_child *children, size_t count, int64_t timeout_ms)
{
	int64_t deadline = quoin_clock_mono_ms() + timeout_ms;

	signal_all(children, count, SIGTERM);
	while (count_running(children, count) > 0) {
		if (quoin_clock_mono_ms() >= deadline)
			signal_all(children, count, SIGKILL);
		(void)usleep(POLL_MS * 1000);
	}
	for (size_t i = 0; i < count; i++)
		children[i].start_again_ms = 0;
}
