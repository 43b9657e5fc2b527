#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/file.h"
#include "tests/check.h"

static const char *
in_dir(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	CHECK_INT(quoin_path_join(check_dir(), name, path, PATH_MAX), 0);
	return path;
}

static void
put(const char *name, const char *text)
{
	CHECK_INT(quoin_file_replace(in_dir(name), quoin_span_str(text), 0644, NULL), 0);
}

static size_t
entries(const char *path)
{
	char command[PATH_MAX + 32];
	FILE *pipe;
	unsigned count = 0;

	snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
	pipe = popen(command, "r");
	CHECK(pipe != NULL && fscanf(pipe, "%u", &count) == 1);
	pclose(pipe);
	return count;
}

static void
read_back(void)
{
	struct quoin_buf out;
	struct quoin_error err = {0};

	quoin_buf_init(&out, 10);
	put("f", "hello");
	quoin_buf_put_str(&out, "> ");
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "> hello");
	put("f", "");
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "> hello");
	/* Exactly full, and one byte more. */
	put("f", "123");
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "> hello123");
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), QUOIN_ELIMIT);
	CHECK_INT(err.code, QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "longer than 0 bytes");
	CHECK_STR(quoin_buf_str(&out), "> hello123");
	quoin_buf_clear(&out);
}

static void
read_refusals(void)
{
	struct quoin_buf out;
	struct quoin_error err = {0};

	quoin_buf_init(&out, 1000);
	CHECK_INT(quoin_file_read(in_dir("missing"), &out, &err), QUOIN_ENOENT);
	CHECK_CONTAINS(err.message, "No such file");
	CHECK_INT(err.sys_errno, ENOENT);
	CHECK_INT(quoin_file_read(check_dir(), &out, &err), QUOIN_ESYNTAX);
	CHECK_CONTAINS(err.message, "not a regular file");
	CHECK_INT(mkfifo(in_dir("fifo"), 0600), 0);
	CHECK_INT(quoin_file_read(in_dir("fifo"), &out, &err), QUOIN_ESYNTAX);
	put("f", "x");
	CHECK_INT(quoin_file_read(in_dir("f/below"), &out, &err), QUOIN_ENOENT);
	quoin_buf_clear(&out);
	/* Files of /proc have no size, and are read to their end all the same. */
	quoin_buf_init(&out, 1 << 20);
	CHECK_INT(quoin_file_read("/proc/self/status", &out, &err), 0);
	CHECK(out.len > 100);
	quoin_buf_clear(&out);
	quoin_buf_init(&out, 20);
	CHECK_INT(quoin_file_read("/proc/self/status", &out, &err), QUOIN_ELIMIT);
	CHECK_INT(out.len, 0);
	quoin_buf_clear(&out);
}

static void
secrets(void)
{
	static const mode_t bad[] = {0640, 0604, 0610, 0601, 0666, 0620};
	struct quoin_buf out;
	struct quoin_error err = {0};

	quoin_buf_init(&out, 1000);
	CHECK_INT(quoin_file_replace(in_dir("key"), quoin_span_str("k"), 0600, NULL), 0);
	CHECK_INT(quoin_file_read_secret(in_dir("key"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "k");
	CHECK_INT(chmod(in_dir("key"), 0400), 0);
	CHECK_INT(quoin_file_read_secret(in_dir("key"), &out, &err), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(chmod(in_dir("key"), bad[i]), 0);
		CHECK_INT(quoin_file_read_secret(in_dir("key"), &out, &err), QUOIN_EPERM);
		CHECK_CONTAINS(err.message, "chmod 600");
	}
	CHECK_INT(chmod(in_dir("key"), 0600), 0);
	CHECK_INT(symlink("key", in_dir("link")), 0);
	CHECK_INT(quoin_file_read_secret(in_dir("link"), &out, &err), QUOIN_EPERM);
	CHECK_CONTAINS(err.message, "symbolic link");
	CHECK_INT(quoin_file_read(in_dir("link"), &out, &err), 0);
	CHECK_INT(quoin_file_read_secret(in_dir("missing"), &out, &err), QUOIN_ENOENT);
	if (geteuid() == 0) {
		CHECK_INT(chown(in_dir("key"), 12345, 12345), 0);
		CHECK_INT(quoin_file_read_secret(in_dir("key"), &out, &err), QUOIN_EPERM);
		CHECK_CONTAINS(err.message, "user 12345");
	}
	quoin_buf_clear(&out);
}

static void
replace(void)
{
	struct quoin_buf out;
	struct quoin_error err = {0};
	struct stat st;

	umask(077);
	CHECK_INT(quoin_file_replace(in_dir("f"), quoin_span_str("one"), 0644, &err), 0);
	CHECK_INT(stat(in_dir("f"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0644);
	CHECK_INT(quoin_file_replace(in_dir("f"), quoin_span_str("two"), 0600, &err), 0);
	CHECK_INT(stat(in_dir("f"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	quoin_buf_init(&out, 10);
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "two");
	quoin_buf_clear(&out);
	CHECK_INT(quoin_file_replace(in_dir("no/such"), quoin_span_str("x"), 0644, &err), QUOIN_ENOENT);
	/* A directory is in the way: nothing changes and nothing is left. */
	CHECK_INT(mkdir(in_dir("d"), 0700), 0);
	CHECK(quoin_file_replace(in_dir("d"), quoin_span_str("x"), 0644, &err) != 0);
	CHECK_INT(entries(check_dir()), 2);
}

static void
stale_temporary(void)
{
	char name[64];
	struct quoin_error err = {0};

	snprintf(name, sizeof name, "f.tmp.%ld", (long)getpid());
	put(name, "left by a dead process of our number");
	CHECK_INT(quoin_file_replace(in_dir("f"), quoin_span_str("new"), 0644, &err), 0);
	CHECK_INT(entries(check_dir()), 1);
}

static void
create(void)
{
	struct quoin_buf out;
	struct quoin_error err = {0};

	CHECK(!quoin_file_exists(in_dir("f")));
	CHECK_INT(quoin_file_create(in_dir("f"), quoin_span_str("one"), 0600, &err), 0);
	CHECK(quoin_file_exists(in_dir("f")));
	CHECK_INT(quoin_file_create(in_dir("f"), quoin_span_str("two"), 0600, &err), QUOIN_EEXISTS);
	CHECK_CONTAINS(err.message, "exists already");
	/* A dangling link counts as existing. */
	CHECK_INT(symlink("nowhere", in_dir("l")), 0);
	CHECK(quoin_file_exists(in_dir("l")));
	CHECK_INT(quoin_file_create(in_dir("l"), quoin_span_str("two"), 0600, &err), QUOIN_EEXISTS);
	quoin_buf_init(&out, 10);
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "one");
	quoin_buf_clear(&out);
	CHECK_INT(entries(check_dir()), 2);
}

/* The write fails in the middle: the old contents stay, and nothing else is there. */
static void
failed_write(void)
{
	struct quoin_buf out;
	struct quoin_error err = {0};
	static char big[20000];

	put("f", "old");
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 10000, .rlim_max = 10000}), 0);
	CHECK_INT(quoin_file_replace(in_dir("f"), quoin_span_of(big, sizeof big), 0600, &err), QUOIN_EIO);
	CHECK_INT(err.sys_errno, EFBIG);
	CHECK_INT(entries(check_dir()), 1);
	quoin_buf_init(&out, 10);
	CHECK_INT(quoin_file_read(in_dir("f"), &out, &err), 0);
	CHECK_STR(quoin_buf_str(&out), "old");
	quoin_buf_clear(&out);
}

static void
directories(void)
{
	struct quoin_error err = {0};
	struct stat st;

	CHECK_INT(quoin_dir_make(in_dir("a/b//c/"), 0700, &err), 0);
	CHECK_INT(stat(in_dir("a/b/c"), &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_INT(st.st_mode & 0777, 0700);
	CHECK_INT(quoin_dir_make(in_dir("a/b/c"), 0700, &err), 0);
	CHECK_INT(quoin_dir_make("/", 0700, &err), 0);
	CHECK_INT(quoin_dir_sync(in_dir("a"), &err), 0);
	CHECK_INT(quoin_dir_sync(in_dir("x"), &err), QUOIN_ENOENT);
	put("a/f", "");
	CHECK_INT(quoin_dir_make(in_dir("a/f"), 0700, &err), QUOIN_EEXISTS);
	CHECK_CONTAINS(err.message, "not a directory");
	CHECK_INT(quoin_dir_make(in_dir("a/f/g"), 0700, &err), QUOIN_EEXISTS);
	CHECK_INT(chdir(check_dir()), 0);
	CHECK_INT(quoin_dir_make("rel/ative", 0700, &err), 0);
	CHECK(quoin_file_exists(in_dir("rel/ative")));
}

static void
tree_remove(void)
{
	struct quoin_error err = {0};

	CHECK_INT(quoin_dir_make(in_dir("t/u/v"), 0700, &err), 0);
	put("t/u/f", "x");
	put("keep", "x");
	CHECK_INT(symlink("../keep", in_dir("t/link")), 0);
	CHECK_INT(symlink("t", in_dir("top")), 0);
	CHECK_INT(quoin_tree_remove(in_dir("top"), &err), 0);
	CHECK(quoin_file_exists(in_dir("t")));
	CHECK_INT(quoin_tree_remove(in_dir("t"), &err), 0);
	CHECK(!quoin_file_exists(in_dir("t")));
	CHECK(quoin_file_exists(in_dir("keep")));
	CHECK_INT(quoin_tree_remove(in_dir("keep"), &err), 0);
	CHECK_INT(quoin_tree_remove(in_dir("keep"), &err), 0);
	CHECK_INT(entries(check_dir()), 0);
}

static void
path_join(void)
{
	static const struct {
		const char *dir, *name, *want;
	} rows[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"a", "/b", "/b"}, {"", "b", "b"},
	    {"a", "b/c", "a/b/c"}, {"abc", "def", "abc/def"}};
	char out[8];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_INT(quoin_path_join(rows[i].dir, rows[i].name, out, sizeof out), 0);
		CHECK_STR(out, rows[i].want);
	}
	CHECK_INT(quoin_path_join("abc", "defg", out, sizeof out), QUOIN_ELIMIT);
	CHECK_INT(quoin_path_join("", "/3456789", out, sizeof out), QUOIN_ELIMIT);
}

static void
tree_list(void)
{
	static const char *const want[] = {"Z", "a-b", "a.b/x", "a/b", "a/c/d", "a0", "\xc3\xa9"};
	struct quoin_error err = {0};
	char **paths;
	size_t count;

	CHECK_INT(quoin_tree_list(check_dir(), 10, &paths, &count, &err), 0);
	CHECK_INT(count, 0);
	CHECK(paths[0] == NULL);
	free(paths);
	CHECK_INT(quoin_dir_make(in_dir("a/c"), 0700, &err), 0);
	CHECK_INT(quoin_dir_make(in_dir("a.b"), 0700, &err), 0);
	CHECK_INT(quoin_dir_make(in_dir(".git/x"), 0700, &err), 0);
	CHECK_INT(quoin_dir_make(in_dir("empty"), 0700, &err), 0);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		put(want[i], "");
	put(".hidden", "");
	put(".git/x/y", "");
	put("a/.hidden", "");
	CHECK_INT(symlink("a", in_dir("link")), 0);
	CHECK_INT(symlink("Z", in_dir("a/link")), 0);
	CHECK_INT(mkfifo(in_dir("fifo"), 0600), 0);
	CHECK_INT(quoin_tree_list(check_dir(), 7, &paths, &count, &err), 0);
	CHECK_INT(count, 7);
	for (size_t i = 0; i < count; i++)
		CHECK_STR(paths[i], want[i]);
	CHECK(paths[count] == NULL);
	free(paths);
	CHECK_INT(quoin_tree_list(check_dir(), 6, &paths, &count, &err), QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "more than 6 files");
	CHECK_INT(quoin_tree_list(in_dir("missing"), 6, &paths, &count, &err), QUOIN_ENOENT);
}

static void
tree_too_deep(void)
{
	struct quoin_error err = {0};
	char name[200] = "d";
	char **paths;
	size_t count;

	for (int i = 0; i < 70; i++)
		strcat(name, "/d");
	CHECK_INT(quoin_dir_make(in_dir(name), 0700, &err), 0);
	CHECK_INT(quoin_tree_list(check_dir(), 6, &paths, &count, &err), QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "deeper");
}

static void
lock(void)
{
	struct quoin_error err = {0};
	int fd, other = -1, status;
	pid_t pid;

	CHECK_INT(quoin_file_lock(in_dir("lock"), &fd, &err), 0);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	pid = fork();
	if (pid == 0)
		_exit(quoin_file_lock(in_dir("lock"), &other, NULL) == QUOIN_ECONFLICT && other == -1 ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	/* Some file systems have other numbers in the kernel's list than in stat: then nobody is named, and nobody wrong. */
	CHECK(quoin_file_lock_holder(in_dir("lock")) == getpid() || quoin_file_lock_holder(in_dir("lock")) == 0);
	close(fd);
	CHECK(quoin_file_lock_holder(in_dir("lock")) == 0);
	CHECK_INT(quoin_file_lock(in_dir("lock"), &fd, &err), 0);
	close(fd);
	CHECK_INT(quoin_file_lock(in_dir("no/lock"), &fd, &err), QUOIN_ENOENT);
}

static const struct check_case cases[] = {
    {"file/read-back", read_back},
    {"file/read-refusals", read_refusals},
    {"file/secrets", secrets},
    {"file/replace", replace},
    {"file/stale-temporary", stale_temporary},
    {"file/create", create},
    {"file/failed-write", failed_write},
    {"file/directories", directories},
    {"file/tree-remove", tree_remove},
    {"file/path-join", path_join},
    {"file/tree-list", tree_list},
    {"file/tree-too-deep", tree_too_deep},
    {"file/lock", lock},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
