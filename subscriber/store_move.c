/*
 * Moving to a fresh environment (quoin-store(5)): pages that a stuck reader pins cannot be used again, and the file grows
 * with every release. A compact copy of what lives takes the store's name; readers follow by the pulse; the old environment
 * stays aside for as long as anybody reads in it, and what is read there is held like anything else.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "subscriber/store_layout.h"

/* A file that is larger than twice what lives, by more than this. */
#define SLACK_BYTES (16u << 20)
/* Readers that are just opening the old environment have found the new one by then. */
#define OLD_MS	    60000

enum place {
	PLACE_STORE,
	PLACE_NEW, /* the copy in the making; after the exchange, for a moment, the old environment */
	PLACE_OLD,
};

static int
path_of(const struct quoin_store *store, enum place place, char out[QUOIN_PATH_BYTES], struct quoin_error *err)
{
	static const char *const names[] = {"store", "store.new", "store.old"};

	if (quoin_path_join(store->dir, names[place], out, QUOIN_PATH_BYTES) == 0)
		return 0;
	return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", store->dir);
}

bool
quoin_store_is_moving(const struct quoin_store *store)
{
	return store->old != NULL;
}

bool
quoin_store_is_swollen(struct quoin_store *store)
{
	struct quoin_env_usage usage;

	if (store->is_new || quoin_env_usage(store->env, &usage, NULL) != 0)
		return false;
	return usage.file_bytes > SLACK_BYTES && (usage.file_bytes - SLACK_BYTES) / 2 > usage.used_bytes;
}

/* ---- The old environment ---- */

static int
read_flips(struct quoin_env *env, struct quoin_store_flips *ret, struct quoin_error *err)
{
	struct quoin_store *look = calloc(1, sizeof *look);
	struct quoin_txn *txn = NULL;
	int r;

	if (look == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	look->env = env;
	r = quoin_txn_begin(env, false, &txn, err);
	if (r == 0)
		r = quoin_store_databases_open(look, txn, err);
	if (r == 0)
		r = quoin_store_flips_get(look, txn, ret, err);
	quoin_txn_abort(txn);
	free(look);
	return r;
}

/* Whether anybody is in its table; this process only if the application's views are in it. */
static bool
has_readers(const struct quoin_store *store, struct quoin_env *env)
{
	struct quoin_env_reader rows[QUOIN_STORE_READERS_MAX];
	size_t count;

	if (quoin_env_readers(env, rows, QUOIN_STORE_READERS_MAX, &count, NULL) != 0)
		return true;
	for (size_t i = 0; i < count && i < QUOIN_STORE_READERS_MAX; i++)
		if (rows[i].pid != getpid() || store->is_shared)
			return true;
	return false;
}

static void
drop_old(struct quoin_store *store)
{
	quoin_env_close(store->old);
	store->old = NULL;
	(void)quoin_tree_remove(store->old_path, NULL);
}

/* What a move that broke off, or an agent before this one, left. Readers may be in it; a copy that was not finished has
 * none, and nothing in it is read. The names are made durable before anything goes: a power failure could give the store's
 * name back to what was removed under the other. */
int
quoin_store_old_find(struct quoin_store *store, struct quoin_error *err)
{
	char made[QUOIN_PATH_BYTES], *old = store->old_path;
	int r = path_of(store, PLACE_NEW, made, err);

	if (r == 0)
		r = path_of(store, PLACE_OLD, old, err);
	if (r != 0 || (!quoin_file_exists(made) && !quoin_file_exists(old)))
		return r;
	if (quoin_file_exists(made) && !quoin_file_exists(old))
		(void)rename(made, old);
	r = quoin_dir_sync(store->dir, err);
	if (r != 0)
		return r;
	(void)quoin_tree_remove(made, NULL);
	if (!quoin_file_exists(old))
		return 0;
	store->old_since_ms = quoin_clock_mono_ms();
	if (quoin_env_open(old, QUOIN_ENV_WRITE, QUOIN_STORE_DATABASES, &store->old, NULL) != 0)
		store->old = NULL;
	if (store->old == NULL || !has_readers(store, store->old) || read_flips(store->old, &store->old_flips, NULL) != 0)
		drop_old(store);
	return 0;
}

void
quoin_store_old_settle(struct quoin_store *store)
{
	if (store->old != NULL && quoin_clock_mono_ms() - store->old_since_ms >= OLD_MS && !has_readers(store, store->old))
		drop_old(store);
}

/* ---- The move ---- */

static int
put(struct quoin_store *store, struct quoin_txn *txn, const char *key, const struct quoin_buf *value,
    struct quoin_error *err)
{
	if (value->error != 0)
		return quoin_error_set(err, value->error, "cannot encode the record \"%s\"", key);
	return quoin_txn_put(txn, store->databases[QUOIN_STORE_META], quoin_span_str(key), quoin_buf_span(value), err);
}

/* The copy counts its transactions anew: whoever reads in it sees the release that is active now, or a later one. */
static int
finish_copy(struct quoin_store *copy, const struct quoin_ratchets *ratchets, struct quoin_error *err)
{
	struct quoin_store_active *active = calloc(1, sizeof *active);
	struct quoin_store_flips flips = {.count = 1};
	struct quoin_txn *txn = NULL;
	struct quoin_span bytes;
	struct quoin_buf buf;
	int r;

	quoin_buf_init(&buf, QUOIN_STORE_RATCHET_BYTES_MAX);
	if (active == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_txn_begin(copy->env, true, &txn, err);
	if (r == 0)
		r = quoin_store_databases_open(copy, txn, err);
	if (r == 0)
		r = quoin_store_meta_get(copy, txn, "active", &bytes, err);
	if (r == 0 && quoin_store_active_decode(bytes, active) != 0)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "the active pointer in %s is damaged", copy->dir);
	if (r == 0 || r == QUOIN_ENOENT) {
		flips.items[0].release = active->release.number;
		quoin_store_flips_encode(&flips, &buf);
		r = put(copy, txn, "flips", &buf, err);
	}
	quoin_buf_reset(&buf);
	if (r == 0) {
		quoin_store_ratchets_encode(ratchets, &buf);
		r = put(copy, txn, "ratchets", &buf, err);
	}
	if (r == 0) {
		r = quoin_txn_commit(txn, err);
		txn = NULL;
	}
	quoin_txn_abort(txn);
	quoin_buf_clear(&buf);
	free(active);
	return r;
}

/* The copy as an environment of its own, whole and durable, at the path of the copies. */
static int
make_copy(struct quoin_store *store, const char *path, const struct quoin_ratchets *ratchets, struct quoin_store *copy,
    struct quoin_error *err)
{
	int r = quoin_tree_remove(path, err);

	if (r == 0)
		r = quoin_env_copy(store->env, path, err);
	if (r == 0)
		r = quoin_env_open(path, QUOIN_ENV_WRITE, QUOIN_STORE_DATABASES, &copy->env, err);
	memcpy(copy->dir, store->dir, sizeof copy->dir);
	return r == 0 ? finish_copy(copy, ratchets, err) : r;
}

int
quoin_store_move(struct quoin_store *store, struct quoin_error *err)
{
	char at[QUOIN_PATH_BYTES], made[QUOIN_PATH_BYTES], old[QUOIN_PATH_BYTES];
	struct quoin_store *copy = calloc(1, sizeof *copy);
	struct quoin_ratchets ratchets = store->ratchets;
	int r;

	QUOIN_ASSERT(store->lock_fd != -1 && store->old == NULL && !store->is_staging);
	if (copy == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	ratchets.environment = store->environment + 1;
	r = path_of(store, PLACE_STORE, at, err);
	if (r == 0)
		r = path_of(store, PLACE_NEW, made, err);
	if (r == 0)
		r = path_of(store, PLACE_OLD, old, err);
	if (r == 0)
		r = make_copy(store, made, &ratchets, copy, err);
	if (r == 0)
		r = read_flips(store->env, &store->old_flips, err);
	if (r == 0)
		r = quoin_file_exchange(made, at, err);
	if (r != 0) {
		quoin_env_close(copy->env);
		(void)quoin_tree_remove(made, NULL);
		free(copy);
		return r;
	}
	/* From here on the store is the copy, whatever fails. Databases are numbered in the order in which they are opened. */
	QUOIN_ASSERT(memcmp(store->databases, copy->databases, sizeof store->databases) == 0);
	store->old = store->env;
	store->old_since_ms = quoin_clock_mono_ms();
	(void)pthread_mutex_lock(&store->staging_lock);
	store->env = copy->env;
	(void)pthread_mutex_unlock(&store->staging_lock);
	free(copy);
	store->ratchets = ratchets;
	store->environment = ratchets.environment;
	store->is_unsynced = true;
	/* Without the other name it stays where the copies are made: nobody makes one while it is there. */
	memcpy(store->old_path, rename(made, old) == 0 ? old : made, sizeof store->old_path);
	r = quoin_store_move_settle(store, err);
	quoin_pulse_set_environment(store->pulse, store->environment);
	return r;
}

int
quoin_store_move_settle(struct quoin_store *store, struct quoin_error *err)
{
	int r = store->is_unsynced ? quoin_dir_sync(store->dir, err) : 0;

	if (r == 0)
		store->is_unsynced = false;
	return r;
}
