/* The fortified headers would put inline functions of libc's in our way. */
#undef _FORTIFY_SOURCE

#include "tests/crash/powerlog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT		 __attribute__((visibility("default")))
#define FDS_MAX		 1024
#define PATH_ROOM	 4096
#define MAPPED_BYTES_MAX 8192

/* What is known of an open descriptor below the root. */
struct tracked {
	bool is_open;
	bool is_dsync;
	bool is_dir;
};

static char root[PATH_ROOM]; /* empty: switched off */
static size_t root_len;
static int journal = -1;
static unsigned mutes;
static struct tracked fds[FDS_MAX];
static struct powerlog_fault fault;
static uint64_t calls, failures;
static bool failed_durable;
static struct powerlog_marks *marks;
static uint8_t mapped[MAPPED_BYTES_MAX];
static size_t mapped_bytes;

/* ---- The journal ---- */

static void
put(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		const long n = syscall(SYS_write, journal, at, len);

		if (n <= 0) {
			fprintf(stderr, "powerlog: the journal cannot be written\n");
			abort();
		}
		at += n;
		len -= (size_t)n;
	}
}

static void
record(enum powerlog_op op, int fd, unsigned flags, uint64_t offset, const void *payload, size_t bytes)
{
	const struct powerlog_record head = {.op = op, .fd = fd, .flags = flags, .offset = offset, .bytes = bytes};

	if (journal == -1)
		return;
	put(&head, sizeof head);
	put(payload, bytes);
}

/* Two strings in one payload. */
static void
record_two(enum powerlog_op op, const char *a, const void *b, size_t b_bytes)
{
	const size_t a_bytes = strlen(a) + 1;
	const struct powerlog_record head = {.op = op, .fd = -1, .bytes = a_bytes + b_bytes};

	if (journal == -1)
		return;
	put(&head, sizeof head);
	put(a, a_bytes);
	put(b, b_bytes);
}

/* The part of "path" below the root, or NULL for a path that is not ours to watch. */
static const char *
below(const char *path)
{
	const char *lock;

	if (root_len == 0 || strncmp(path, root, root_len) != 0 || (path[root_len] != '/' && path[root_len] != '\0'))
		return NULL;
	lock = strrchr(path, '/');
	if (strcmp(lock, "/lock.mdb") == 0)
		return NULL;
	path += root_len;
	while (*path == '/')
		path++;
	return path;
}

static struct tracked *
tracked(int fd)
{
	return root_len != 0 && fd >= 0 && fd < FDS_MAX && fds[fd].is_open ? &fds[fd] : NULL;
}

/* ---- Faults ---- */

enum verdict {
	GO_ON,
	REFUSE, /* errno is set */
	CUT,
};

static enum verdict
judge(bool has_bytes, bool is_durable)
{
	calls++;
	if (fault.failure == POWERLOG_FAIL_NONE || (fault.lasts ? calls < fault.at : calls != fault.at))
		return GO_ON;
	if (failures++ == 0)
		failed_durable = is_durable;
	switch (fault.failure) {
	case POWERLOG_FAIL_KILL:
		(void)kill(getpid(), SIGKILL);
		break;
	case POWERLOG_FAIL_EIO:
		errno = EIO;
		return REFUSE;
	case POWERLOG_FAIL_SHORT:
		/* A full disk takes the first half and then nothing. */
		if (has_bytes && calls == fault.at)
			return CUT;
		break;
	case POWERLOG_FAIL_ENOSPC:
	case POWERLOG_FAIL_NONE:
		break;
	}
	errno = ENOSPC;
	return REFUSE;
}

/* ---- Control ---- */

void
powerlog_start(const char *new_root, int new_journal, unsigned new_mutes)
{
	memset(fds, 0, sizeof fds);
	root_len = strlen(new_root);
	memcpy(root, new_root, root_len + 1);
	journal = new_journal;
	mutes = new_mutes;
	mapped_bytes = 0;
	powerlog_fail(NULL);
}

void
powerlog_mute(unsigned new_mutes)
{
	mutes = new_mutes;
}

void
powerlog_tell(struct powerlog_marks *new_marks)
{
	marks = new_marks;
}

void
powerlog_begin(uint64_t step)
{
	if (marks != NULL)
		marks->begun = step;
	record(POWERLOG_BEGIN, -1, 0, step, NULL, 0);
}

void
powerlog_ack(uint64_t step)
{
	if (marks != NULL)
		marks->acked = step;
	record(POWERLOG_ACK, -1, 0, step, NULL, 0);
}

void
powerlog_look(void)
{
	record(POWERLOG_LOOK, -1, 0, 0, NULL, 0);
}

void
powerlog_read(int from, uint64_t *ret_acked, uint64_t *ret_begun)
{
	struct powerlog_record head;
	off_t at = 0;

	*ret_acked = *ret_begun = 0;
	while (pread(from, &head, sizeof head, at) == (ssize_t)sizeof head) {
		at += (off_t)(sizeof head + head.bytes);
		if (head.op == POWERLOG_ACK)
			*ret_acked = head.offset;
		else if (head.op == POWERLOG_BEGIN)
			*ret_begun = head.offset;
	}
}

void
powerlog_mapped(const char *path)
{
	uint8_t bytes[MAPPED_BYTES_MAX];
	const char *inside = below(path);
	long n, fd;

	if (inside == NULL)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd == -1)
		return;
	n = syscall(SYS_read, (int)fd, bytes, sizeof bytes);
	(void)syscall(SYS_close, (int)fd);
	if (n <= 0 || ((size_t)n == mapped_bytes && memcmp(bytes, mapped, mapped_bytes) == 0))
		return;
	mapped_bytes = (size_t)n;
	memcpy(mapped, bytes, mapped_bytes);
	record_two(POWERLOG_MAPPED, inside, bytes, mapped_bytes);
}

void
powerlog_fail(const struct powerlog_fault *new_fault)
{
	fault = new_fault != NULL ? *new_fault : (struct powerlog_fault){0};
	calls = 0;
	failures = 0;
	failed_durable = false;
}

uint64_t
powerlog_failures(void)
{
	return failures;
}

bool
powerlog_failed_durable(void)
{
	return failed_durable;
}

/* ---- Descriptors ---- */

static int
open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	const char *inside = dir_fd == AT_FDCWD || path[0] == '/' ? below(path) : NULL;
	const bool changes = inside != NULL && (flags & (O_CREAT | O_TRUNC)) != 0;
	struct stat st;
	bool existed = true;
	int fd;

	if (changes) {
		existed = lstat(path, &st) == 0;
		if ((!existed || (flags & O_TRUNC) != 0) && judge(false, false) != GO_ON)
			return -1;
	}
	/* Nothing here needs to survive more than our process. */
	fd = (int)syscall(SYS_openat, dir_fd, path, inside != NULL ? flags & ~(O_DSYNC | O_SYNC) : flags, mode);
	if (fd == -1 || inside == NULL || fd >= FDS_MAX)
		return fd;
	fds[fd] = (struct tracked){.is_open = true,
	    .is_dsync = (flags & O_DSYNC) != 0,
	    .is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)};
	record(POWERLOG_OPEN, fd,
	    (existed ? 0 : POWERLOG_CREATED) | ((flags & O_TRUNC) != 0 && existed ? POWERLOG_EMPTIED : 0), 0, inside,
	    strlen(inside) + 1);
	return fd;
}

EXPORT int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_at(AT_FDCWD, path, flags, mode);
}

EXPORT int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_at(AT_FDCWD, path, flags, mode);
}

EXPORT int
openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_at(dir_fd, path, flags, mode);
}

int __open_2(const char *path, int flags);
EXPORT int
__open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir_fd, const char *path, int flags);
EXPORT int
__openat_2(int dir_fd, const char *path, int flags)
{
	return open_at(dir_fd, path, flags, 0);
}

EXPORT int
creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

EXPORT int
close(int fd)
{
	struct tracked *t = tracked(fd);

	if (t != NULL) {
		t->is_open = false;
		record(POWERLOG_CLOSE, fd, 0, 0, NULL, 0);
	}
	return (int)syscall(SYS_close, fd);
}

/* ---- Contents ---- */

/* "offset" -1: where the descriptor stands. */
static ssize_t
write_at(int fd, const void *bytes, size_t len, off_t offset)
{
	const struct tracked *t = tracked(fd);
	const off_t at = t != NULL && offset == -1 ? (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) : offset;
	ssize_t n;

	if (t != NULL) {
		const enum verdict verdict = judge(true, t->is_dsync);

		if (verdict == REFUSE)
			return -1;
		if (verdict == CUT)
			len /= 2;
	}
	n = offset == -1 ? syscall(SYS_write, fd, bytes, len) : syscall(SYS_pwrite64, fd, bytes, len, offset);
	if (t != NULL && n > 0)
		record(POWERLOG_WRITE, fd, t->is_dsync && (mutes & POWERLOG_MUTE_DSYNC) == 0 ? POWERLOG_DURABLE : 0,
		    (uint64_t)at, bytes, (size_t)n);
	return n;
}

/* A vector is written down as one write, as the kernel takes it. */
static ssize_t
write_vector(int fd, const struct iovec *iov, int count, off_t offset)
{
	size_t total = 0, done = 0;
	uint8_t *all;
	ssize_t n;

	if (tracked(fd) == NULL)
		return offset == -1 ? syscall(SYS_writev, fd, iov, count)
				    : syscall(SYS_pwritev, fd, iov, count, offset, 0L);
	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	all = malloc(total > 0 ? total : 1);
	if (all == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (int i = 0; i < count; i++) {
		memcpy(all + done, iov[i].iov_base, iov[i].iov_len);
		done += iov[i].iov_len;
	}
	n = write_at(fd, all, total, offset);
	free(all);
	return n;
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	return write_at(fd, bytes, len, -1);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return write_at(fd, bytes, len, offset);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	return write_at(fd, bytes, len, offset);
}

EXPORT ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	return write_vector(fd, iov, count, -1);
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	return write_vector(fd, iov, count, offset);
}

EXPORT int
ftruncate(int fd, off_t bytes)
{
	int r;

	if (tracked(fd) != NULL && judge(false, false) != GO_ON)
		return -1;
	r = (int)syscall(SYS_ftruncate, fd, bytes);
	if (r == 0 && tracked(fd) != NULL)
		record(POWERLOG_TRUNCATE, fd, 0, (uint64_t)bytes, NULL, 0);
	return r;
}

static int
sync_fd(int fd, long number, unsigned file_mute)
{
	const struct tracked *t = tracked(fd);

	if (t == NULL)
		return root_len != 0 ? 0 : (int)syscall(number, fd);
	if (judge(false, false) != GO_ON) {
		const int sys_errno = errno;

		record(POWERLOG_LOST, fd, 0, 0, NULL, 0);
		errno = sys_errno;
		return -1;
	}
	if ((mutes & (t->is_dir ? POWERLOG_MUTE_DIRECTORY : file_mute)) == 0)
		record(POWERLOG_SYNC, fd, 0, 0, NULL, 0);
	return 0;
}

EXPORT int
fsync(int fd)
{
	return sync_fd(fd, SYS_fsync, POWERLOG_MUTE_FSYNC);
}

EXPORT int
fdatasync(int fd)
{
	return sync_fd(fd, SYS_fdatasync, POWERLOG_MUTE_FDATASYNC);
}

/* ---- Names ---- */

static int
two_names(enum powerlog_op op, long number, const char *from, const char *to)
{
	const char *inside = below(from), *inside_to = below(to);
	int r;

	if (inside != NULL && inside_to != NULL && judge(false, false) != GO_ON)
		return -1;
	r = (int)syscall(number, from, to);
	if (r == 0 && inside != NULL && inside_to != NULL)
		record_two(op, inside, inside_to, strlen(inside_to) + 1);
	return r;
}

EXPORT int
rename(const char *from, const char *to)
{
	return two_names(POWERLOG_RENAME, SYS_rename, from, to);
}

/* Only the exchange of two names is used. */
EXPORT int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	const char *inside = below(from), *inside_to = below(to);
	int r;

	if (inside != NULL && inside_to != NULL && judge(false, false) != GO_ON)
		return -1;
	r = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
	if (r == 0 && inside != NULL && inside_to != NULL)
		record_two(flags == RENAME_EXCHANGE ? POWERLOG_EXCHANGE : POWERLOG_RENAME, inside, inside_to,
		    strlen(inside_to) + 1);
	return r;
}

EXPORT int
link(const char *from, const char *to)
{
	return two_names(POWERLOG_LINK, SYS_link, from, to);
}

static int
one_name(enum powerlog_op op, long number, const char *path, mode_t mode)
{
	const char *inside = below(path);
	struct stat st;
	int r;

	/* What cannot be done anyhow is no call: making directories tries every step of a path. */
	if (inside != NULL && (lstat(path, &st) == 0) == (op == POWERLOG_UNLINK) && judge(false, false) != GO_ON)
		return -1;
	r = (int)syscall(number, path, mode);
	if (r == 0 && inside != NULL)
		record(op, -1, 0, 0, inside, strlen(inside) + 1);
	return r;
}

EXPORT int
unlink(const char *path)
{
	return one_name(POWERLOG_UNLINK, SYS_unlink, path, 0);
}

EXPORT int
rmdir(const char *path)
{
	return one_name(POWERLOG_UNLINK, SYS_rmdir, path, 0);
}

EXPORT int
remove(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	return one_name(POWERLOG_MKDIR, SYS_mkdir, path, mode);
}

/* ---- How full the disk is ---- */

EXPORT int
statvfs(const char *path, struct statvfs *ret)
{
	const char *inside = below(path);

	memset(ret, 0, sizeof *ret);
	if (inside == NULL) {
		errno = ENOSYS;
		return -1;
	}
	ret->f_bsize = ret->f_frsize = 4096;
	if ((fault.failure != POWERLOG_FAIL_ENOSPC && fault.failure != POWERLOG_FAIL_SHORT) ||
	    (fault.lasts ? calls < fault.at : calls != fault.at))
		ret->f_bavail = ret->f_bfree = ret->f_blocks = 1u << 20;
	return 0;
}
