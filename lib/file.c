#include "lib/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Directories below each other; deeper ones are refused rather than walked with a descriptor each. */
#define TREE_DEPTH_MAX 64

/* What errno means for the caller of any function here. */
static int
code_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return QUOIN_ENOENT;
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP:
		return QUOIN_EPERM;
	case ENOSPC:
	case EDQUOT:
		return QUOIN_ENOSPC;
	case ENOMEM:
		return QUOIN_ENOMEM;
	case ENAMETOOLONG:
		return QUOIN_ELIMIT;
	default:
		return QUOIN_EIO;
	}
}

static int
set_sys(struct quoin_error *err, const char *verb, const char *path)
{
	return quoin_error_sys(err, code_of_errno(), "cannot %s %s", verb, path);
}

/* Append what "fd" holds up to its end. "size" is what fstat said: files of /proc say 0, and a file may grow. */
static int
read_all(int fd, size_t size, struct quoin_buf *out)
{
	size_t want = size;

	if (out->error != 0)
		return out->error;
	if (want > out->max - out->len)
		return QUOIN_ELIMIT;
	for (;;) {
		const size_t room = out->max - out->len;
		uint8_t extra, *at = &extra;
		ssize_t got;

		if (room > 0) {
			want = want == 0 ? 4096 : want;
			want = want < room ? want : room;
			at = quoin_buf_reserve(out, want);
			if (at == NULL)
				return out->error;
		}
		got = read(fd, at, room > 0 ? want : 1);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return QUOIN_EIO;
		if (got == 0)
			return 0;
		if (room == 0)
			return QUOIN_ELIMIT;
		out->len += (size_t)got;
		want -= (size_t)got;
	}
}

static int
read_file(const char *path, bool is_secret, struct quoin_buf *out, struct quoin_error *err)
{
	const size_t before = out->len;
	/* Not to block on a FIFO; a regular file does not mind. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (is_secret ? O_NOFOLLOW : 0));
	struct stat st;
	int r;

	if (fd == -1 && is_secret && errno == ELOOP)
		return quoin_error_set(err, QUOIN_EPERM, "%s is a symbolic link; give the file itself", path);
	if (fd == -1)
		return set_sys(err, "open", path);
	if (fstat(fd, &st) != 0)
		r = set_sys(err, "look at", path);
	else if (!S_ISREG(st.st_mode))
		r = quoin_error_set(err, QUOIN_ESYNTAX, "%s is not a regular file", path);
	else if (is_secret && st.st_uid != geteuid())
		r = quoin_error_set(err, QUOIN_EPERM, "%s belongs to user %u; a secret must be yours", path,
		    (unsigned)st.st_uid);
	else if (is_secret && (st.st_mode & 077) != 0)
		r = quoin_error_set(err, QUOIN_EPERM,
		    "%s has mode %04o; a secret must be unreadable for others: chmod 600", path,
		    (unsigned)st.st_mode & 07777);
	else {
		r = read_all(fd, (size_t)st.st_size, out);
		if (r == QUOIN_ELIMIT)
			quoin_error_set(err, r, "%s is longer than %zu bytes", path, out->max - before);
		else if (r == QUOIN_EIO)
			quoin_error_sys(err, r, "cannot read %s", path);
		else if (r != 0)
			quoin_error_set(err, r, "no memory to read %s", path);
	}
	close(fd);
	if (r != 0)
		out->len = before;
	return r;
}

int
quoin_file_read(const char *path, struct quoin_buf *out, struct quoin_error *err)
{
	return read_file(path, false, out, err);
}

int
quoin_file_read_secret(const char *path, struct quoin_buf *out, struct quoin_error *err)
{
	return read_file(path, true, out, err);
}

static int
write_all(int fd, struct quoin_span bytes)
{
	while (bytes.len > 0) {
		const ssize_t put = write(fd, bytes.data, bytes.len);

		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		bytes.data += put;
		bytes.len -= (size_t)put;
	}
	return 0;
}

/* The directory that holds "path". */
static int
parent_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);

	if (len >= PATH_MAX)
		return QUOIN_ELIMIT;
	memcpy(out, slash == NULL ? "." : path, len);
	out[len] = '\0';
	return 0;
}

/* Write and sync "path" as a new file. On failure it is not there. */
static int
write_new(const char *path, struct quoin_span bytes, mode_t mode, struct quoin_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int r, fd = open(path, flags, mode & 0700);

	/* Left by a process that died and had our number. */
	if (fd == -1 && errno == EEXIST && unlink(path) == 0)
		fd = open(path, flags, mode & 0700);
	if (fd == -1)
		return set_sys(err, "create", path);
	/* The mode is the caller's, whatever the umask. */
	if (write_all(fd, bytes) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0) {
		r = set_sys(err, "write", path);
		close(fd);
		unlink(path);
		return r;
	}
	if (close(fd) != 0) {
		r = set_sys(err, "close", path);
		unlink(path);
		return r;
	}
	return 0;
}

static int
put_file(const char *path, struct quoin_span bytes, mode_t mode, bool may_replace, struct quoin_error *err)
{
	char temporary[PATH_MAX], parent[PATH_MAX];
	int r;

	if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid()) >= sizeof temporary ||
	    parent_of(path, parent) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %.100s… is too long", path);
	r = write_new(temporary, bytes, mode, err);
	if (r != 0)
		return r;
	if (may_replace && rename(temporary, path) != 0) {
		r = set_sys(err, "replace", path);
		unlink(temporary);
		return r;
	}
	if (!may_replace) {
		/* A link, unlike a rename, never replaces. */
		if (link(temporary, path) != 0)
			r = errno == EEXIST ? quoin_error_set(err, QUOIN_EEXISTS, "%s exists already", path)
					    : set_sys(err, "create", path);
		unlink(temporary);
		if (r != 0)
			return r;
	}
	return quoin_dir_sync(parent, err);
}

int
quoin_file_replace(const char *path, struct quoin_span bytes, mode_t mode, struct quoin_error *err)
{
	return put_file(path, bytes, mode, true, err);
}

int
quoin_file_create(const char *path, struct quoin_span bytes, mode_t mode, struct quoin_error *err)
{
	return put_file(path, bytes, mode, false, err);
}

bool
quoin_file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int
quoin_dir_sync(const char *path, struct quoin_error *err)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd == -1)
		return set_sys(err, "open", path);
	if (fsync(fd) != 0)
		r = set_sys(err, "sync", path);
	close(fd);
	return r;
}

int
quoin_file_exchange(const char *one, const char *other, struct quoin_error *err)
{
	if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot exchange %s and %s", one, other);
	return set_sys(err, "exchange", one);
}

/* Sync a directory, unless it is one that we could not have changed. */
static int
sync_if_ours(const char *path, struct quoin_error *err)
{
	int fd, r = 0;

	if (access(path, W_OK) != 0)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return errno == EACCES ? 0 : set_sys(err, "open", path);
	/* Some file systems have no such thing. */
	if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
		r = set_sys(err, "sync", path);
	close(fd);
	return r;
}

static int
make_one(const char *path, mode_t mode, struct quoin_error *err)
{
	char parent[PATH_MAX];
	struct stat st;

	if (parent_of(path, parent) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %.100s… is too long", path);
	if (mkdir(path, mode) != 0) {
		/* Any error may hide a directory that is there, as EROFS does. */
		const int sys_errno = errno;

		/* It may be the work of a process that was killed before its sync. */
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return sync_if_ours(parent, err);
		errno = sys_errno;
		if (errno == EEXIST)
			return quoin_error_set(err, QUOIN_EEXISTS, "%s exists and is not a directory", path);
		return set_sys(err, "make directory", path);
	}
	return quoin_dir_sync(parent, err);
}

int
quoin_dir_make(const char *path, mode_t mode, struct quoin_error *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int r;

	if (len >= sizeof part)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %.100s… is too long", path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (size_t i = 1; i <= len; i++) {
		if (i < len && (path[i] != '/' || path[i - 1] == '/'))
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = make_one(part, mode, err);
		if (r != 0)
			return r;
	}
	return 0;
}

bool
quoin_dir_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	bool empty = true;

	if (dir == NULL)
		return true;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = false;
	closedir(dir);
	return empty;
}

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int
quoin_tree_remove(const char *path, struct quoin_error *err)
{
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return set_sys(err, "remove", path);
	return 0;
}

int
quoin_path_join(const char *dir, const char *name, char *out, size_t out_bytes)
{
	const size_t len = strlen(dir);
	int put;

	if (name[0] == '/' || len == 0)
		put = snprintf(out, out_bytes, "%s", name);
	else
		put = snprintf(out, out_bytes, "%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
	return put < 0 || (size_t)put >= out_bytes ? QUOIN_ELIMIT : 0;
}

/* The walk of quoin_tree_list: relative paths, each with its NUL, one after the other in "names". */
struct walk {
	const char *root;
	struct quoin_buf names;
	size_t count;
	size_t max;
	struct quoin_error *err;
};

static int walk_dir(struct walk *walk, int dir_fd, const char *prefix, unsigned depth);

static int
walk_entry(struct walk *walk, int dir_fd, const char *prefix, const char *name, unsigned depth)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s%s", prefix, name) >= sizeof path - 1)
		return quoin_error_set(walk->err, QUOIN_ELIMIT, "a path below %s is too long", walk->root);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : set_sys(walk->err, "look at", path);
	if (S_ISREG(st.st_mode)) {
		if (walk->count == walk->max)
			return quoin_error_set(walk->err, QUOIN_ELIMIT, "%s has more than %zu files", walk->root,
			    walk->max);
		walk->count++;
		if (quoin_buf_put(&walk->names, path, strlen(path) + 1) != 0)
			return quoin_error_set(walk->err, walk->names.error, "no memory to list %s", walk->root);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth == TREE_DEPTH_MAX)
		return quoin_error_set(walk->err, QUOIN_ELIMIT, "%s is nested deeper than %u directories", walk->root,
		    TREE_DEPTH_MAX);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return set_sys(walk->err, "open", path);
	path[strlen(path) + 1] = '\0';
	path[strlen(path)] = '/';
	return walk_dir(walk, fd, path, depth + 1);
}

/* Takes the descriptor over. */
static int
walk_dir(struct walk *walk, int dir_fd, const char *prefix, unsigned depth)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	int r = 0;

	if (dir == NULL) {
		r = set_sys(walk->err, "open", prefix);
		close(dir_fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			r = walk_entry(walk, dir_fd, prefix, entry->d_name, depth);
	if (r == 0 && errno != 0)
		r = set_sys(walk->err, "read", walk->root);
	closedir(dir);
	return r;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Pointers and names in one allocation, sorted. */
static char **
array_of(const struct walk *walk)
{
	const size_t head = (walk->count + 1) * sizeof(char *);
	char **paths = malloc(head + walk->names.len);
	char *at;

	if (paths == NULL)
		return NULL;
	at = (char *)paths + head;
	if (walk->names.len != 0)
		memcpy(at, walk->names.data, walk->names.len);
	for (size_t i = 0; i < walk->count; i++) {
		paths[i] = at;
		at += strlen(at) + 1;
	}
	paths[walk->count] = NULL;
	qsort(paths, walk->count, sizeof paths[0], compare_paths);
	return paths;
}

int
quoin_tree_list(const char *root, size_t max, char ***ret_paths, size_t *ret_count, struct quoin_error *err)
{
	struct walk walk = {.root = root, .max = max, .err = err};
	const int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char **paths;
	int r;

	if (fd == -1)
		return set_sys(err, "open", root);
	quoin_buf_init(&walk.names, max > SIZE_MAX / PATH_MAX ? SIZE_MAX : max * PATH_MAX);
	r = walk_dir(&walk, fd, "", 0);
	if (r != 0)
		goto out;
	paths = array_of(&walk);
	if (paths == NULL) {
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory to list %s", root);
		goto out;
	}
	*ret_paths = paths;
	*ret_count = walk.count;
out:
	quoin_buf_clear(&walk.names);
	return r;
}

int
quoin_file_lock(const char *path, int *ret_fd, struct quoin_error *err)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd == -1)
		return set_sys(err, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		r = errno == EWOULDBLOCK
		    ? quoin_error_set(err, QUOIN_ECONFLICT, "%s is locked by another process", path)
		    : set_sys(err, "lock", path);
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

pid_t
quoin_file_lock_holder(const char *path)
{
	FILE *locks = fopen("/proc/locks", "re");
	unsigned major_number, minor_number;
	unsigned long long inode;
	pid_t holder = 0, pid;
	char line[256];
	struct stat st;

	if (locks == NULL)
		return 0;
	if (stat(path, &st) == 0)
		while (holder == 0 && fgets(line, sizeof line, locks) != NULL)
			if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major_number, &minor_number, &inode) == 4 &&
			    inode == st.st_ino && makedev(major_number, minor_number) == st.st_dev)
				holder = pid;
	(void)fclose(locks);
	return holder;
}
