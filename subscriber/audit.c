#include "subscriber/audit.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "subscriber/child.h"
#include "subscriber/store.h"

/* Damaged pages may lead in circles; so much time has a sound store at least, and so much more for its size, on a disk that
 * reads 20 MB/s. */
#define AUDIT_BASE_MS	   5000
#define AUDIT_BYTES_PER_MS 20000

struct audit {
	const char *state;
	const char *namespace_name;
};

static int
verify(void *ctx, struct quoin_error *err)
{
	const struct audit *audit = ctx;

	return quoin_store_verify(audit->state, audit->namespace_name, err);
}

/* The environment's file: whether it is there, and how much there is to read. */
static bool
find_data(const char *state, const char *namespace_name, off_t *ret_bytes)
{
	char dir[QUOIN_PATH_BYTES], path[QUOIN_PATH_BYTES];
	struct stat st;

	if (quoin_store_dir(state, namespace_name, dir) != 0 ||
	    quoin_path_join(dir, "store/data.mdb", path, sizeof path) != 0 || stat(path, &st) != 0)
		return false;
	*ret_bytes = st.st_size;
	return true;
}

static int
timeout_ms(off_t bytes)
{
	if (bytes / AUDIT_BYTES_PER_MS > INT_MAX - AUDIT_BASE_MS)
		return INT_MAX;
	return AUDIT_BASE_MS + (int)(bytes / AUDIT_BYTES_PER_MS);
}

/* The agent's lock: a store that another agent is writing is none of our business. */
static int
lock_store(const char *state, const char *namespace_name, int *ret_fd, struct quoin_error *err)
{
	char dir[QUOIN_PATH_BYTES];

	if (quoin_store_dir(state, namespace_name, dir) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", state);
	return quoin_store_lock(dir, ret_fd, err);
}

static int
audit_locked(const char *state, const char *namespace_name, off_t bytes, bool *ret_quarantined,
    struct quoin_error *err)
{
	struct audit audit = {state, namespace_name};
	int r, moved;

	r = quoin_child_run(verify, &audit, timeout_ms(bytes), err);
	if (r == 0)
		return 0;
	/* A file in which nothing can be found is damaged, or was never finished: then nothing is lost with it. */
	if (r == QUOIN_ENOENT)
		r = QUOIN_ECORRUPT;
	/* EREFUSED: the child crashed or hung. A store of another format is no use to this program either. */
	if (r != QUOIN_ECORRUPT && r != QUOIN_EREFUSED && r != QUOIN_EVERSION)
		return r;
	moved = quoin_store_quarantine(state, namespace_name, NULL);
	if (moved != 0)
		return quoin_error_set(err, moved, "the store is damaged and cannot be moved aside");
	*ret_quarantined = true;
	if (err != NULL)
		err->code = QUOIN_ECORRUPT;
	return QUOIN_ECORRUPT;
}

int
quoin_audit(const char *state, const char *namespace_name, bool *ret_quarantined, struct quoin_error *err)
{
	off_t bytes = 0;
	int fd = -1, r;

	*ret_quarantined = false;
	if (!find_data(state, namespace_name, &bytes))
		return 0;
	r = lock_store(state, namespace_name, &fd, err);
	if (r != 0)
		return r;
	r = audit_locked(state, namespace_name, bytes, ret_quarantined, err);
	(void)close(fd);
	return r;
}
