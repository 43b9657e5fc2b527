/*
 * The walls of quoin-eval, from inside: each case puts them up in a child of its own and tries one thing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "publisher/eval_sandbox.h"
#include "tests/check.h"

enum {
	REFUSED = 40, /* exit statuses of the child: the call failed, or it worked */
	WORKED = 41,
	NO_WALLS = 42,
};

/* What the child does inside: true if it worked, false if it was refused. */
typedef bool attempt(void);

static bool
open_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES;
}

static bool
create_file(void)
{
	return open("/tmp/quoin-eval-sandbox", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES;
}

static bool
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
make_pipe(void)
{
	int fds[2];

	return pipe(fds) == 0;
}

static bool
make_process(void)
{
	return fork() >= 0;
}

static bool
run_program(void)
{
	char *args[] = {NULL};

	return execve("/bin/true", args, args) == 0;
}

static bool
signal_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
map_little(void)
{
	return mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
map_much(void)
{
	return mmap(NULL, 65u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
reserve_much(void)
{
	return mmap(NULL, 65u << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
raise_limit(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_DATA, &limit) == 0;
}

static bool
talk(void)
{
	return write(STDERR_FILENO, "", 0) == 0 && getpid() > 0;
}

static const struct {
	const char *name;
	attempt *try;
	int status; /* exit status, or minus the signal */
} TABLE[] = {
    {"talk", talk, WORKED},
    {"map_little", map_little, WORKED},
    {"map_much", map_much, REFUSED},
    {"reserve_much", reserve_much, REFUSED},
    {"open_file", open_file, REFUSED},
    {"create_file", create_file, REFUSED},
    {"make_socket", make_socket, -SIGSYS},
    {"make_pipe", make_pipe, -SIGSYS},
    {"make_process", make_process, -SIGSYS},
    {"run_program", run_program, -SIGSYS},
    {"signal_parent", signal_parent, -SIGSYS},
    {"map_executable", map_executable, -SIGSYS},
    {"make_executable", make_executable, -SIGSYS},
    {"raise_limit", raise_limit, -SIGSYS},
};

static int
status_of(attempt *try)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		const char *step;

		if (quoin_eval_sandbox_enter(1000, 64, &step) != 0)
			_exit(NO_WALLS);
		_exit(try() ? WORKED : REFUSED);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
attempts(void)
{
	for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
		int status = status_of(TABLE[i].try);

		if (status != TABLE[i].status)
			check_fail(__FILE__, __LINE__, "%s ends with %d, expected %d", TABLE[i].name, status,
			    TABLE[i].status);
	}
}

/* Every one of these works without the walls, so that the table above can fail. */
static void
without_walls(void)
{
	CHECK(open_file());
	CHECK(make_socket());
	CHECK(make_pipe());
	CHECK(map_executable());
	CHECK(make_executable());
	CHECK(map_much());
	CHECK(reserve_much());
	CHECK(signal_parent());
}

/* Read "name" of a file of /proc about a process. */
static void
proc_line(pid_t pid, const char *file, const char *name, char *out, size_t out_bytes)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	CHECK(f != NULL);
	out[0] = '\0';
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			snprintf(out, out_bytes, "%s", line + strlen(name));
	}
	fclose(f);
}

/* What the kernel says about a process inside. */
static void
as_the_kernel_sees_it(void)
{
	int up[2], down[2];
	char byte, line[256];
	unsigned seconds = 0;
	pid_t pid;

	CHECK(pipe(up) == 0 && pipe(down) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		const char *step;

		/* If the case fails, the child must see the end of its pipe and go, too. */
		close(up[0]);
		close(down[1]);
		if (quoin_eval_sandbox_enter(5000, 64, &step) != 0 || write(up[1], "", 1) != 1)
			_exit(NO_WALLS);
		_exit(read(down[0], &byte, 1) == 1 ? 0 : 1);
	}
	CHECK(read(up[0], &byte, 1) == 1);
	proc_line(pid, "status", "Seccomp:", line, sizeof line);
	CHECK_STR(line, "\t2\n");
	proc_line(pid, "status", "NoNewPrivs:", line, sizeof line);
	CHECK_STR(line, "\t1\n");
	proc_line(pid, "limits", "Max cpu time", line, sizeof line);
	CHECK(sscanf(line, "%u", &seconds) == 1);
	CHECK(seconds >= 6 && seconds <= 8);
	proc_line(pid, "limits", "Max core file size", line, sizeof line);
	CHECK(sscanf(line, "%u", &seconds) == 1);
	CHECK_INT(seconds, 0);
	CHECK(write(down[1], "", 1) == 1);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static const struct check_case cases[] = {
    {"attempts", attempts},
    {"without_walls", without_walls},
    {"as_the_kernel_sees_it", as_the_kernel_sees_it},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
