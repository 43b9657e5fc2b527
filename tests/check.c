#include "tests/check.h"

#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Under a sanitizer too, memory that cannot be had is NULL: how that is met is what some cases are about. */
const char *__asan_default_options(void) __attribute__((visibility("default")));

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static const char *current;
static char dir[64];

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
remove_dir(void)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

const char *
check_dir(void)
{
	if (dir[0] == '\0') {
		snprintf(dir, sizeof dir, "/tmp/quoin-check-XXXXXX");
		if (mkdtemp(dir) == NULL)
			check_fail(__FILE__, __LINE__, "mkdtemp failed");
	}
	return dir;
}

void
check_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("not ok %s: %s:%d: ", current, file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	remove_dir();
	_exit(1);
}

void
check_skip(const char *fmt, ...)
{
	va_list ap;

	printf("skip %s: ", current);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	remove_dir();
	_exit(0);
}

void
check_missing(const char *what)
{
	const char *ci = getenv("QUOIN_CI");

	if (ci != NULL && strcmp(ci, "1") == 0)
		check_fail(__FILE__, __LINE__, "%s", what);
	check_skip("%s", what);
}

void
check_str(const char *file, int line, const char *what, const char *have, const char *want)
{
	if (have == NULL && want == NULL)
		return;
	if (have == NULL || want == NULL || strcmp(have, want) != 0)
		check_fail(file, line, "%s is \"%s\", expected \"%s\"", what, have != NULL ? have : "(null)",
		    want != NULL ? want : "(null)");
}

void
check_contains(const char *file, int line, const char *what, const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		check_fail(file, line, "%s is \"%s\", expected it to contain \"%s\"", what,
		    text != NULL ? text : "(null)", part);
}

void
check_mem(const char *file, int line, const char *what, const void *have, size_t have_bytes, const void *want,
    size_t want_bytes)
{
	const unsigned char *a = have, *b = want;

	if (have_bytes != want_bytes)
		check_fail(file, line, "%s has %zu bytes, expected %zu", what, have_bytes, want_bytes);
	for (size_t i = 0; i < have_bytes; i++)
		if (a[i] != b[i])
			check_fail(file, line, "%s differs at byte %zu: %02x, expected %02x", what, i, a[i], b[i]);
}

static void
run_here(const struct check_case *c)
{
	current = c->name;
	c->run();
	remove_dir();
	printf("ok %s\n", c->name);
	fflush(stdout);
}

/* Returns whether the case passed or was skipped. */
static bool
run_child(const struct check_case *c, unsigned seconds)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == -1) {
		printf("not ok %s: fork failed\n", c->name);
		return false;
	}
	if (pid == 0) {
		alarm(seconds);
		run_here(c);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status)) {
		printf("not ok %s: ended by signal %d (%s)\n", c->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
		return false;
	}
	if (WEXITSTATUS(status) > 1) { /* a sanitizer's own status, or an exit() inside the code under test */
		printf("not ok %s: exit status %d\n", c->name, WEXITSTATUS(status));
		return false;
	}
	return WEXITSTATUS(status) == 0;
}

static bool
is_wanted(const char *name, char **words, int count)
{
	for (int i = 0; i < count; i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return count == 0;
}

int
check_main(int argc, char **argv, const struct check_case *cases, size_t count)
{
	bool here = false, passed = true;
	unsigned seconds = 240;
	int opt;

	while ((opt = getopt(argc, argv, "nt:")) != -1) {
		if (opt == 'n')
			here = true;
		else if (opt == 't')
			seconds = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(cases[i].name, argv + optind, argc - optind))
			continue;
		if (here)
			run_here(&cases[i]);
		else
			passed = run_child(&cases[i], seconds) && passed;
	}
	return passed ? 0 : 1;
}
