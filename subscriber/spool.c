#include "subscriber/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/file.h"

#define FILE_BYTES_MIN (4u << 20)

/* A file without a name, in full: a hole that cannot be filled later would be a bus error, not a code. */
static int
open_file(const char *dir, size_t bytes, struct quoin_error *err)
{
	char path[PATH_MAX];
	int fd, rc;

	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1) {
		if (quoin_path_join(dir, "spool.XXXXXX", path, sizeof path) != 0)
			return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd == -1)
			return quoin_error_sys(err, errno == ENOSPC ? QUOIN_ENOSPC : QUOIN_EIO, "cannot make a file in %s",
			    dir);
		(void)unlink(path);
	}
	rc = posix_fallocate(fd, 0, (off_t)bytes);
	if (rc == 0)
		return fd;
	(void)close(fd);
	errno = rc;
	return quoin_error_sys(err, rc == ENOSPC || rc == EDQUOT || rc == EFBIG ? QUOIN_ENOSPC : QUOIN_EIO,
	    "cannot reserve %zu bytes in %s", bytes, dir);
}

int
quoin_spool_open(const char *dir, size_t bytes, struct quoin_spool *ret, struct quoin_error *err)
{
	const size_t room = bytes > 0 ? bytes : 1;
	int fd = -1;
	void *data;

	if (room >= FILE_BYTES_MIN) {
		fd = open_file(dir, room, err);
		if (fd < 0)
			return fd;
	}
	data = mmap(NULL, room, PROT_READ | PROT_WRITE, fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (fd != -1)
		(void)close(fd);
	if (data == MAP_FAILED)
		return quoin_error_sys(err, QUOIN_ENOMEM, "cannot map %zu bytes", room);
	ret->data = data;
	ret->bytes = bytes;
	return 0;
}

void
quoin_spool_close(struct quoin_spool *spool)
{
	if (spool->data != NULL)
		(void)munmap(spool->data, spool->bytes > 0 ? spool->bytes : 1);
	*spool = (struct quoin_spool){0};
}
