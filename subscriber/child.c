#include "subscriber/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define ANSWER_FD 3

/* What the child says before it ends. */
struct answer {
	int result;
	struct quoin_error err;
};

static _Noreturn void
be_child(quoin_child_work *work, void *ctx, int timeout_ms, pid_t parent, int answer_fd)
{
	const rlim_t seconds = (rlim_t)(timeout_ms / 1000 + 1);
	const struct rlimit cpu = {seconds, seconds + 1}, core = {0, 0};
	struct answer answer = {0};
	int null;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Nothing of the parent's: above all not the lock of its store, which whoever comes after a parent that was killed is to
	 * have at once. */
	(void)dup2(answer_fd, ANSWER_FD);
	(void)close_range(ANSWER_FD + 1, ~0u, 0);
	(void)setrlimit(RLIMIT_CPU, &cpu);
	(void)setrlimit(RLIMIT_CORE, &core);
	/* A library that finds damage may complain at length; the reason is told by the parent. */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1)
		(void)dup2(null, STDERR_FILENO);
	answer.result = work(ctx, &answer.err);
	if (write(ANSWER_FD, &answer, sizeof answer) != (ssize_t)sizeof answer)
		_exit(1);
	_exit(0);
}

/* Wait until the pipe ends or the time is over. Returns whether a whole answer came. */
static bool
read_answer(int fd, int64_t deadline_ms, struct answer *ret, bool *ret_late)
{
	uint8_t *at = (uint8_t *)ret;
	size_t have = 0;

	*ret_late = false;
	while (have < sizeof *ret) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		const int64_t left_ms = deadline_ms - quoin_clock_mono_ms();
		ssize_t n;

		if (left_ms <= 0 || poll(&poll_fd, 1, (int)left_ms) == 0) {
			*ret_late = true;
			return false;
		}
		n = read(fd, at + have, sizeof *ret - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

int
quoin_child_run(quoin_child_work *work, void *ctx, int timeout_ms, struct quoin_error *err)
{
	const int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	const pid_t parent = getpid();
	struct answer answer = {0};
	bool late, answered;
	int fds[2], status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot make a pipe");
	pid = fork();
	if (pid == -1) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot fork");
	}
	if (pid == 0) {
		(void)close(fds[0]);
		be_child(work, ctx, timeout_ms, parent, fds[1]);
	}
	(void)close(fds[1]);
	answered = read_answer(fds[0], deadline_ms, &answer, &late);
	(void)close(fds[0]);
	if (!answered)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (late)
		return quoin_error_set(err, QUOIN_EREFUSED, "no answer within %d ms", timeout_ms);
	if (!answered)
		return quoin_error_set(err, QUOIN_EREFUSED, "crashed: signal %d (%s)",
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "none");
	if (answer.result == QUOIN_EREFUSED)
		answer.result = answer.err.code = QUOIN_ECORRUPT;
	if (answer.result != 0 && err != NULL)
		*err = answer.err;
	return answer.result;
}
