/*
 * In front of libc's writes (LD_PRELOAD): while there is a file DISK_FULL names, what is larger than 64 KiB meets a full disk.
 */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT	  __attribute__((visibility("default")))
#define SMALL_MAX 65536

static bool
is_refused(size_t bytes)
{
	const char *path = getenv("DISK_FULL");

	if (bytes <= SMALL_MAX || path == NULL || access(path, F_OK) != 0)
		return false;
	errno = ENOSPC;
	return true;
}

static size_t
total(const struct iovec *iov, int count)
{
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return is_refused(len) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, offset);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	return is_refused(len) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, offset);
}

EXPORT ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	return is_refused(total(iov, count)) ? -1 : syscall(SYS_writev, fd, iov, count);
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	return is_refused(total(iov, count)) ? -1 : syscall(SYS_pwritev, fd, iov, count, offset, 0L);
}
