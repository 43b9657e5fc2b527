/*
 * Where a store stands: who has it, whether it is still there, and out of the way with it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/file.h"
#include "subscriber/store_layout.h"

static int
too_long(const char *path, struct quoin_error *err)
{
	return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", path);
}

int
quoin_store_lock(const char *dir, int *ret_fd, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];
	pid_t holder;
	int r;

	if (quoin_path_join(dir, "lock", path, sizeof path) != 0)
		return too_long(dir, err);
	r = quoin_file_lock(path, ret_fd, err);
	if (r != QUOIN_ECONFLICT)
		return r;
	holder = quoin_file_lock_holder(path);
	if (holder == 0)
		return quoin_error_set(err, r, "the store %s is in use: another agent runs on it", dir);
	return quoin_error_set(err, r, "the store %s is in use: another agent runs on it, process %d", dir, (int)holder);
}

bool
quoin_store_is_gone(const struct quoin_store *store)
{
	char path[QUOIN_PATH_BYTES];
	struct stat held, there;

	QUOIN_ASSERT(store->lock_fd != -1);
	if (quoin_path_join(store->dir, "store/data.mdb", path, sizeof path) != 0)
		return false;
	if (stat(path, &there) != 0)
		return errno == ENOENT;
	if (quoin_path_join(store->dir, "lock", path, sizeof path) != 0 || fstat(store->lock_fd, &held) != 0)
		return false;
	if (stat(path, &there) != 0)
		return errno == ENOENT;
	return held.st_ino != there.st_ino || held.st_dev != there.st_dev;
}

/* An environment moved aside earlier makes room for this one. */
int
quoin_store_quarantine(const char *state, const char *namespace_name, struct quoin_error *err)
{
	char dir[QUOIN_PATH_BYTES], from[QUOIN_PATH_BYTES], to[QUOIN_PATH_BYTES], name[32];

	if (quoin_store_dir(state, namespace_name, dir) != 0 || quoin_path_join(dir, "store", from, sizeof from) != 0)
		return too_long(state, err);
	for (unsigned n = 1; n <= 2; n++) {
		(void)snprintf(name, sizeof name, "quarantine.%u", n);
		if (quoin_path_join(dir, name, to, sizeof to) != 0)
			return too_long(dir, err);
		/* The first one shows how it began and is kept; the second is always the latest. */
		if (n == 2 || !quoin_file_exists(to))
			break;
	}
	if (quoin_file_exists(to)) {
		const int r = quoin_tree_remove(to, err);

		if (r != 0)
			return r;
	}
	if (rename(from, to) != 0)
		return quoin_error_sys(err, errno == ENOSPC || errno == EDQUOT ? QUOIN_ENOSPC : QUOIN_EIO,
		    "cannot move the store %s aside", from);
	return quoin_dir_sync(dir, err);
}
