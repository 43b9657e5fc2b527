#include "publisher/eval_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/text.h"

/* A running process, from this side. Descriptors that are closed are -1. */
struct run {
	pid_t pid;
	int pidfd;
	int in; /* a socket, so that writing to a dead process is an error and no signal */
	int out;
	int err;
	struct quoin_span input; /* what is still to be written */
	char line[512];		 /* of its standard error, so far; what is beyond is dropped */
	size_t line_len;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---------------------------------------------------------- what it says */

/* "FILE LINE NAME" */
static bool
parse_step(struct quoin_span text, struct quoin_eval_step *ret)
{
	struct quoin_eval_step step = {.known = true};
	const uint8_t *space[2];
	uint64_t file, line;
	size_t len;

	space[0] = text.len > 0 ? memchr(text.data, ' ', text.len) : NULL;
	space[1] = space[0] != NULL ? memchr(space[0] + 1, ' ', text.len - (size_t)(space[0] + 1 - text.data)) : NULL;
	if (space[1] == NULL || !quoin_u64_parse(quoin_span_of(text.data, (size_t)(space[0] - text.data)), &file) ||
	    !quoin_u64_parse(quoin_span_of(space[0] + 1, (size_t)(space[1] - space[0] - 1)), &line) ||
	    file > UINT32_MAX || line > UINT32_MAX)
		return false;
	len = text.len - (size_t)(space[1] + 1 - text.data);
	step.file = (uint32_t)file;
	step.line = (uint32_t)line;
	if (len > sizeof step.name - 1)
		len = sizeof step.name - 1;
	memcpy(step.name, space[1] + 1, len);
	*ret = step;
	return true;
}

static bool
skip_word(struct quoin_span line, const char *word, struct quoin_span *ret_rest)
{
	size_t len = strlen(word);

	if (line.len < len || memcmp(line.data, word, len) != 0)
		return false;
	*ret_rest = quoin_span_of(line.data + len, line.len - len);
	return true;
}

void
quoin_eval_child_hear(struct quoin_eval_child *child, struct quoin_span line)
{
	struct quoin_span rest;

	if (skip_word(line, "at ", &rest) && parse_step(rest, &child->at))
		return;
	if (skip_word(line, "out ", &rest) && parse_step(rest, &child->out))
		return;
	if (line.len > 0)
		quoin_printable_copy(line, child->complaint, sizeof child->complaint);
}

/* ---------------------------------------------------------- start */

static int
pipes_open(int in[2], int out[2], int err[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
		return -1;
	if (pipe2(out, O_CLOEXEC) != 0)
		return -1;
	return pipe2(err, O_CLOEXEC);
}

static int
spawn(const char *program, int in, int out, int err, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char name[] = "quoin-eval";
	char *args[] = {name, NULL};
	char *environment[] = {NULL};
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		posix_spawnattr_setsigmask(&attributes, &none);
		posix_spawnattr_setsigdefault(&attributes, &all);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		rc = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
		if (rc == 0)
			rc = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
		if (rc == 0)
			rc = posix_spawn(ret_pid, program, &actions, &attributes, args, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int
run_start(struct run *run, const char *program, struct quoin_error *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, errs[2] = {-1, -1};
	int rc = 0;

	if (pipes_open(in, out, errs) != 0) {
		rc = quoin_error_sys(err, QUOIN_ESYSTEM, "cannot make a pipe");
	} else {
		errno = spawn(program, in[1], out[1], errs[1], &run->pid);
		if (errno != 0)
			rc = quoin_error_sys(err, QUOIN_ESYSTEM, "cannot run %s", program);
	}
	close_end(&in[1]);
	close_end(&out[1]);
	close_end(&errs[1]);
	run->in = in[0];
	run->out = out[0];
	run->err = errs[0];
	if (rc == 0) {
		run->pidfd = pidfd_open(run->pid, 0);
		if (run->pidfd < 0)
			rc = quoin_error_sys(err, QUOIN_ESYSTEM, "cannot watch %s", program);
	}
	return rc;
}

/* Close what is open and, unless it was waited for, end the process. */
static void
run_stop(struct run *run)
{
	close_end(&run->in);
	close_end(&run->out);
	close_end(&run->err);
	close_end(&run->pidfd);
	if (run->pid > 0) {
		kill(run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		run->pid = 0;
	}
}

/* ---------------------------------------------------------- talk */

static void
give_input(struct run *run)
{
	ssize_t n = send(run->in, run->input.data, run->input.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		run->input = quoin_span_of(run->input.data + n, run->input.len - (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		run->input.len = 0; /* it has ended: its status will say why */
	if (run->input.len == 0)
		close_end(&run->in);
}

static void
take_output(struct run *run, struct quoin_buf *output)
{
	uint8_t bytes[65536];
	ssize_t n = read(run->out, bytes, sizeof bytes);

	if (n > 0)
		quoin_buf_put(output, bytes, (size_t)n);
	else if (n == 0 || errno != EINTR)
		close_end(&run->out);
}

static void
take_errors(struct run *run, struct quoin_eval_child *child)
{
	char bytes[4096];
	ssize_t n = read(run->err, bytes, sizeof bytes);

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			quoin_eval_child_hear(child, quoin_span_of(run->line, run->line_len));
			run->line_len = 0;
		} else if (run->line_len < sizeof run->line) {
			run->line[run->line_len++] = bytes[i];
		}
	}
	if (n == 0 || (n < 0 && errno != EINTR))
		close_end(&run->err);
}

/* Until the process has ended and its pipes are empty, the output is too long, or the time has come. */
static int
run_talk(struct run *run, struct quoin_eval_child *child, int64_t until_ms, struct quoin_error *err)
{
	bool ended = false;

	while (!ended || run->out >= 0 || run->err >= 0) {
		struct pollfd fds[] = {
		    {.fd = run->in, .events = POLLOUT},
		    {.fd = run->out, .events = POLLIN},
		    {.fd = run->err, .events = POLLIN},
		    {.fd = ended ? -1 : run->pidfd, .events = POLLIN},
		};
		int64_t now = quoin_clock_mono_ms();

		if (now >= until_ms) {
			child->end = QUOIN_EVAL_LATE;
			return 0;
		}
		if (poll(fds, 4, until_ms - now < 1000 ? (int)(until_ms - now) : 1000) < 0 && errno != EINTR)
			return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot wait for quoin-eval");
		if (fds[0].revents != 0)
			give_input(run);
		if (fds[1].revents != 0)
			take_output(run, &child->output);
		if (fds[2].revents != 0)
			take_errors(run, child);
		if (fds[3].revents != 0)
			ended = true;
		if (child->output.error != 0)
			return quoin_error_set(err, child->output.error, "quoin-eval writes more than %zu bytes",
			    child->output.max);
	}
	return 0;
}

static int
run_wait(struct run *run, struct quoin_eval_child *child, struct quoin_error *err)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(run->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	run->pid = 0;
	if (pid < 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot wait for quoin-eval");
	QUOIN_ASSERT(WIFEXITED(status) || WIFSIGNALED(status));
	child->end = WIFEXITED(status) ? QUOIN_EVAL_EXITED : QUOIN_EVAL_SIGNALED;
	child->status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	return 0;
}

int
quoin_eval_child_run(const char *program, struct quoin_span input, size_t output_bytes_max, int64_t deadline_ms,
    struct quoin_eval_child *ret, struct quoin_error *err)
{
	struct run run = {.pidfd = -1, .in = -1, .out = -1, .err = -1, .input = input};
	struct quoin_eval_child child = {0};
	int64_t until_ms = quoin_clock_mono_ms() + deadline_ms;
	int rc;

	quoin_buf_init(&child.output, output_bytes_max);
	rc = run_start(&run, program, err);
	if (rc == 0)
		rc = run_talk(&run, &child, until_ms, err);
	if (rc == 0 && child.end != QUOIN_EVAL_LATE)
		rc = run_wait(&run, &child, err);
	run_stop(&run);
	if (rc == 0)
		*ret = child;
	else
		quoin_eval_child_clear(&child);
	return rc;
}

void
quoin_eval_child_clear(struct quoin_eval_child *child)
{
	quoin_buf_clear(&child->output);
}
