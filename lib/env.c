#include "lib/env_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/file.h"
#include "lib/limits.h"

/* An environment begins with two pages of its own; a shorter file was torn or is something else. */
#define DATA_BYTES_MIN	8192
/* LMDB turns a short write into EIO. A disk with less than this left is what we then call full. */
#define DISK_FULL_BYTES (4u << 20)

/*
 * LMDB's locks belong to a process and vanish when any descriptor of the lock file is closed in it, so the process
 * must know what it has open. Entries of another generation are the parent's: kept only so that their memory, which
 * the child can neither use nor free, has an owner.
 */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static struct quoin_env *registry;
static unsigned forks;

static void
fork_prepare(void)
{
	(void)pthread_mutex_lock(&registry_lock);
}

static void
fork_parent(void)
{
	(void)pthread_mutex_unlock(&registry_lock);
}

static void
fork_child(void)
{
	forks++;
	(void)pthread_mutex_unlock(&registry_lock);
}

static void
watch_forks(void)
{
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

bool
quoin_env_is_inherited(const struct quoin_env *env)
{
	return env->generation != forks;
}

static bool
disk_is_full(const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) != 0)
		return false;
	return (unsigned long long)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

/* LMDB's or the system's code as one of ours. */
static int
code_of(const char *path, int rc)
{
	switch (rc) {
	case MDB_NOTFOUND:
	case ENOENT:
	case ENOTDIR:
		return QUOIN_ENOENT;
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return QUOIN_ECORRUPT;
	case MDB_MAP_FULL:
		return QUOIN_EMAPFULL;
	case MDB_READERS_FULL:
	case EAGAIN:
		return QUOIN_EREADERS;
	case MDB_DBS_FULL:
	case MDB_TXN_FULL:
	case MDB_BAD_VALSIZE:
		return QUOIN_ELIMIT;
	case ENOSPC:
	case EDQUOT:
		return QUOIN_ENOSPC;
	case EACCES:
	case EPERM:
	case EROFS:
		return QUOIN_EPERM;
	case ENOMEM:
		return QUOIN_ENOMEM;
	case EIO:
		return disk_is_full(path) ? QUOIN_ENOSPC : QUOIN_EIO;
	case MDB_PANIC: /* no room will help: only opening again does */
		return QUOIN_EIO;
	default:
		return QUOIN_ESYSTEM;
	}
}

int
quoin_env_fail(const char *path, int rc, const char *what, struct quoin_error *err)
{
	int code = code_of(path, rc);

	(void)quoin_error_set(err, code, "cannot %s in %s: %s", what, path,
	    code == QUOIN_ENOSPC ? "no space left on the disk" : mdb_strerror(rc));
	if (err != NULL)
		err->sys_errno = rc > 0 ? rc : 0;
	return code;
}

/* ---- Opening ---- */

/* Configure and open; on failure nothing stays open. */
static int
open_mdb(const char *dir, unsigned flags, unsigned database_max, MDB_env **ret, struct quoin_error *err)
{
	MDB_env *mdb = NULL;
	mdb_filehandle_t fd;
	int rc;

	rc = mdb_env_create(&mdb);
	if (rc != 0)
		return quoin_env_fail(dir, rc, "create an environment", err);
	rc = mdb_env_set_mapsize(mdb, QUOIN_STORE_MAP_BYTES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(mdb, QUOIN_STORE_READERS_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(mdb, database_max);
	if (rc == 0)
		rc = mdb_env_open(mdb, dir, MDB_NOTLS | flags, 0660);
	/* LMDB opens its lock file close-on-exec, but not its data file. */
	if (rc == 0)
		rc = mdb_env_get_fd(mdb, &fd);
	if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		rc = errno;
	if (rc != 0) {
		mdb_env_close(mdb);
		return quoin_env_fail(dir, rc, "open the environment", err);
	}
	*ret = mdb;
	return 0;
}

/* Sync a file that is not open in LMDB. */
static int
sync_file(const char *path, struct quoin_error *err)
{
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return quoin_error_sys(err, QUOIN_EIO, "cannot open %s", path);
	if (fsync(fd) != 0)
		r = quoin_error_sys(err, errno == ENOSPC ? QUOIN_ENOSPC : QUOIN_EIO, "cannot sync %s", path);
	(void)close(fd);
	return r;
}

/*
 * LMDB writes the first pages of a new file without a sync, and a torn pair of them is invalid for ever. So they are
 * made in a directory beside, synced, and renamed into place.
 */
static int
create_data(const char *dir, const char *data, struct quoin_error *err)
{
	char made[PATH_MAX], made_data[PATH_MAX];
	MDB_env *mdb = NULL;
	int r;

	if (quoin_path_join(dir, "new", made, sizeof made) != 0 ||
	    quoin_path_join(made, "data.mdb", made_data, sizeof made_data) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	r = quoin_dir_make(dir, 0750, err);
	if (r != 0)
		return r;
	r = quoin_tree_remove(made, err);
	if (r != 0)
		return r;
	r = quoin_dir_make(made, 0700, err);
	if (r != 0)
		return r;
	r = open_mdb(made, 0, 0, &mdb, err);
	if (r != 0)
		goto out;
	mdb_env_close(mdb);
	if (chmod(made_data, 0640) != 0)
		r = quoin_error_sys(err, QUOIN_EPERM, "cannot set the mode of %s", made_data);
	if (r == 0)
		r = sync_file(made_data, err);
	if (r == 0 && rename(made_data, data) != 0)
		r = quoin_error_sys(err, code_of(dir, errno), "cannot rename %s to %s", made_data, data);
	if (r == 0)
		r = quoin_dir_sync(dir, err);
out:
	if (r != 0)
		(void)quoin_tree_remove(made, NULL);
	else
		r = quoin_tree_remove(made, err);
	return r;
}

/* The data file exists and may be one; in write mode it is made if it is missing. */
static int
prepare_data(const char *dir, enum quoin_env_mode mode, struct quoin_error *err)
{
	char data[PATH_MAX];
	struct stat st;

	if (quoin_path_join(dir, "data.mdb", data, sizeof data) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	if (stat(data, &st) != 0) {
		if (errno == ENOENT && mode == QUOIN_ENV_WRITE)
			return create_data(dir, data, err);
		return quoin_error_sys(err, code_of(dir, errno), "cannot find the store %s", data);
	}
	if (!S_ISREG(st.st_mode) || st.st_size < DATA_BYTES_MIN)
		return quoin_error_set(err, QUOIN_ECORRUPT, "%s is no store: it is cut short", data);
	/* Whoever made it may have been killed between the rename and its sync. */
	return mode == QUOIN_ENV_WRITE ? quoin_dir_sync(dir, err) : 0;
}

/* The lock file is made by whoever opens first, with the umask applied; readers of our group must write to it. */
static int
open_lock(const char *dir, struct quoin_error *err)
{
	char lock[PATH_MAX];
	struct stat st;

	if (quoin_path_join(dir, "lock.mdb", lock, sizeof lock) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	if (stat(lock, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 0777) == 0660)
		return 0;
	if (chmod(lock, 0660) != 0)
		return quoin_error_sys(err, QUOIN_EPERM, "cannot set the mode of %s", lock);
	return 0;
}

/*
 * LMDB makes the table of readers as a hole. On a full disk, whoever takes the first slot of a page of it, or looks there,
 * is killed by SIGBUS: services and the agent. So the table gets its blocks while there are some. Not while this process has
 * it open, because closing any descriptor of the file ends the locks that LMDB has on it. Returns whether there was a hole.
 * Without room, or a file system that can do this, it stays.
 */
static bool
fill_lock(const char *dir, MDB_env **mdb)
{
	char lock[PATH_MAX];
	struct stat st;
	int fd;

	if (quoin_path_join(dir, "lock.mdb", lock, sizeof lock) != 0 || stat(lock, &st) != 0 ||
	    st.st_blocks * (blkcnt_t)512 >= st.st_size)
		return false;
	mdb_env_close(*mdb);
	*mdb = NULL;
	fd = open(lock, O_RDWR | O_CLOEXEC);
	if (fd != -1) {
		(void)fallocate(fd, 0, 0, st.st_size);
		(void)close(fd);
	}
	return true;
}

struct reader_rows {
	struct quoin_env_reader *rows;
	size_t max;
	size_t count;
};

/* One line of LMDB's table: "pid thread txn", txn being "-" for a slot without a snapshot. */
static int
read_row(const char *line, void *ctx)
{
	struct reader_rows *table = ctx;
	struct quoin_env_reader row = {0};
	unsigned long long txn_id = 0;
	int pid, fields;

	fields = sscanf(line, "%d %*x %llu", &pid, &txn_id);
	if (fields < 1)
		return 0;
	row.pid = pid;
	row.txn_id = fields == 2 ? txn_id : 0;
	if (table->count < table->max)
		table->rows[table->count] = row;
	table->count++;
	return 0;
}

/*
 * LMDB opens happily without locks on a read-only file system; the writer would then overwrite what we read. Only
 * seeing our own process in the table proves that we are counted.
 */
static int
check_slot(const char *dir, MDB_env *mdb, struct quoin_error *err)
{
	struct quoin_env_reader rows[QUOIN_STORE_READERS_MAX];
	struct reader_rows table = {rows, QUOIN_STORE_READERS_MAX, 0};
	MDB_txn *txn = NULL;
	int dead = 0, rc;
	bool seen = false;

	rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn);
	if (rc == MDB_READERS_FULL && mdb_reader_check(mdb, &dead) == 0 && dead > 0)
		rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return quoin_env_fail(dir, rc, "take a reader slot", err);
	(void)mdb_reader_list(mdb, read_row, &table);
	for (size_t i = 0; i < table.count && i < table.max; i++)
		seen = seen || rows[i].pid == getpid();
	mdb_txn_abort(txn);
	if (seen)
		return 0;
	return quoin_error_set(err, QUOIN_EREADERS,
	    "no reader slot in %s: its lock file cannot be written; give this process write access to lock.mdb", dir);
}

/* Enter the registry, unless the directory is open in this process already. */
static int
claim(struct quoin_env *env, struct quoin_error *err)
{
	struct quoin_env *other;
	struct stat st;
	int r = 0;

	if (stat(env->path, &st) != 0)
		return quoin_error_sys(err, code_of(env->path, errno), "cannot find the store %s", env->path);
	env->dev = st.st_dev;
	env->ino = st.st_ino;
	(void)pthread_mutex_lock(&registry_lock);
	env->generation = forks;
	for (other = registry; other != NULL; other = other->next)
		if (other->dev == env->dev && other->ino == env->ino && !quoin_env_is_inherited(other))
			r = QUOIN_ECONFLICT;
	if (r == 0) {
		env->next = registry;
		registry = env;
	}
	(void)pthread_mutex_unlock(&registry_lock);
	if (r != 0)
		return quoin_error_set(err, r, "the store %s is open in this process already; share it", env->path);
	return 0;
}

static void
release(struct quoin_env *env)
{
	struct quoin_env **at;

	(void)pthread_mutex_lock(&registry_lock);
	for (at = &registry; *at != NULL && *at != env; at = &(*at)->next)
		;
	if (*at != NULL)
		*at = env->next;
	(void)pthread_mutex_unlock(&registry_lock);
}

int
quoin_env_open(const char *path, enum quoin_env_mode mode, unsigned database_max, struct quoin_env **ret,
    struct quoin_error *err)
{
	struct quoin_env *env;
	bool claimed = false;
	int dead, r;

	(void)pthread_once(&registry_once, watch_forks);
	env = calloc(1, sizeof *env + strlen(path) + 1);
	if (env == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	memcpy(env->path, path, strlen(path) + 1);
	if (mode == QUOIN_ENV_WRITE && !quoin_file_exists(path)) {
		r = quoin_dir_make(path, 0750, err);
		if (r != 0)
			goto out;
	}
	r = claim(env, err);
	if (r != 0)
		goto out;
	claimed = true;
	r = prepare_data(path, mode, err);
	if (r != 0)
		goto out;
	r = open_mdb(path, mode == QUOIN_ENV_READ ? MDB_RDONLY : 0, database_max, &env->mdb, err);
	if (r == 0 && mode == QUOIN_ENV_WRITE && fill_lock(path, &env->mdb))
		r = open_mdb(path, 0, database_max, &env->mdb, err);
	if (r != 0)
		goto out;
	if (mode == QUOIN_ENV_WRITE) {
		(void)mdb_reader_check(env->mdb, &dead);
		r = open_lock(path, err);
		if (r != 0)
			goto out;
	}
	r = check_slot(path, env->mdb, err);
	if (r != 0)
		goto out;
	*ret = env;
	env = NULL;
out:
	if (env != NULL) {
		if (env->mdb != NULL)
			mdb_env_close(env->mdb);
		if (claimed)
			release(env);
		free(env);
	}
	return r;
}

void
quoin_env_close(struct quoin_env *env)
{
	if (env == NULL)
		return;
	if (quoin_env_is_inherited(env)) {
		quoin_env_abandon(env);
		return;
	}
	mdb_env_close(env->mdb);
	release(env);
	free(env);
}

void
quoin_env_abandon(struct quoin_env *env)
{
	mdb_filehandle_t fd;

	if (env == NULL || env->mdb == NULL)
		return;
	QUOIN_ASSERT(quoin_env_is_inherited(env));
	/*
	 * Closing properly would free the parent's slots, which carry its process id. The map and the lock file's
	 * descriptor stay until this process ends; the registry keeps the memory.
	 */
	if (mdb_env_get_fd(env->mdb, &fd) == 0)
		(void)close(fd);
}

/* ---- What the environment says about itself ---- */

int
quoin_env_readers(struct quoin_env *env, struct quoin_env_reader *rows, size_t max, size_t *ret_count,
    struct quoin_error *err)
{
	struct reader_rows table = {rows, max, 0};
	int dead, rc;

	rc = mdb_reader_check(env->mdb, &dead);
	if (rc != 0)
		return quoin_env_fail(env->path, rc, "check for dead readers", err);
	rc = mdb_reader_list(env->mdb, read_row, &table);
	if (rc < 0)
		return quoin_env_fail(env->path, rc, "list the readers", err);
	*ret_count = table.count;
	return 0;
}

/* The database without a name where LMDB keeps its free pages: each value is a count and then the page numbers. */
static int
count_free_pages(MDB_txn *txn, uint64_t *ret)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	uint64_t total = 0;
	size_t count;
	int rc;

	rc = mdb_cursor_open(txn, 0, &cursor);
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
		if (v.mv_size < sizeof count) {
			rc = MDB_CORRUPTED;
			break;
		}
		memcpy(&count, v.mv_data, sizeof count);
		total += count;
	}
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND)
		return rc;
	*ret = total;
	return 0;
}

int
quoin_env_copy(struct quoin_env *env, const char *path, struct quoin_error *err)
{
	char data[PATH_MAX];
	int rc, r;

	if (quoin_path_join(path, "data.mdb", data, sizeof data) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", path);
	r = quoin_dir_make(path, 0750, err);
	if (r != 0)
		return r;
	rc = mdb_env_copy2(env->mdb, path, MDB_CP_COMPACT);
	/* It reads on one thread and writes on another; without memory for that one there is none. */
	if (rc == EAGAIN)
		rc = ENOMEM;
	if (rc != 0)
		return quoin_env_fail(path, rc, "write a copy", err);
	if (chmod(data, 0640) != 0)
		return quoin_error_sys(err, QUOIN_EPERM, "cannot set the mode of %s", data);
	r = sync_file(data, err);
	return r != 0 ? r : quoin_dir_sync(path, err);
}

int
quoin_env_usage(struct quoin_env *env, struct quoin_env_usage *ret, struct quoin_error *err)
{
	MDB_envinfo info;
	MDB_stat stat;
	MDB_txn *txn = NULL;
	mdb_filehandle_t fd;
	struct stat st;
	uint64_t free_pages = 0, pages;
	int rc;

	rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_env_info(env->mdb, &info);
	if (rc == 0)
		rc = mdb_env_stat(env->mdb, &stat);
	if (rc == 0)
		rc = count_free_pages(txn, &free_pages);
	if (rc == 0)
		rc = mdb_env_get_fd(env->mdb, &fd);
	if (rc == 0 && fstat(fd, &st) != 0)
		rc = errno;
	mdb_txn_abort(txn);
	if (rc != 0)
		return quoin_env_fail(env->path, rc, "look at the usage", err);
	pages = (uint64_t)info.me_last_pgno + 1;
	/* A commit between the two looks can have freed more than we counted pages for. */
	free_pages = free_pages < pages ? free_pages : pages;
	ret->file_bytes = (uint64_t)st.st_size;
	ret->used_bytes = (pages - free_pages) * stat.ms_psize;
	ret->last_txn_id = info.me_last_txnid;
	return 0;
}
