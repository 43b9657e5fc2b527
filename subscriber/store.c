#include "subscriber/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/file.h"
#include "subscriber/store_layout.h"

#define DATABASE_MAX 8

static const char *const database_names[QUOIN_STORE_DATABASES] = {"meta", "documents", "parts", "segments"};

_Static_assert(QUOIN_STORE_KEY_BYTES <= 511, "LMDB's longest key");

/* ---- Places ---- */

int
quoin_store_dir(const char *state, const char *namespace_name, char out[QUOIN_PATH_BYTES])
{
	return quoin_path_join(state, namespace_name, out, QUOIN_PATH_BYTES);
}

static int
too_long(const char *path, struct quoin_error *err)
{
	return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", path);
}

/* ---- Opening ---- */

int
quoin_store_databases_open(struct quoin_store *store, struct quoin_txn *txn, struct quoin_error *err)
{
	int r = 0;

	for (size_t i = 0; i < QUOIN_STORE_DATABASES && r == 0; i++)
		r = quoin_txn_database(txn, database_names[i], &store->databases[i], err);
	return r;
}

static struct quoin_store *
store_new(const char *state, const char *namespace_name, struct quoin_error *err)
{
	struct quoin_store *store = calloc(1, sizeof *store);

	if (store == NULL) {
		(void)quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
		return NULL;
	}
	store->lock_fd = -1;
	(void)pthread_mutex_init(&store->staging_lock, NULL);
	if (quoin_store_dir(state, namespace_name, store->dir) != 0) {
		(void)too_long(state, err);
		quoin_store_close(store);
		return NULL;
	}
	return store;
}

static int
open_env(struct quoin_store *store, enum quoin_env_mode mode, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];

	if (quoin_path_join(store->dir, "store", path, sizeof path) != 0)
		return too_long(store->dir, err);
	return quoin_env_open(path, mode, DATABASE_MAX, &store->env, err);
}

/* The format record must be there and be of this format; "want" (may be NULL) is what it must be for. */
static int
check_format(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_origin *want,
    struct quoin_error *err)
{
	struct quoin_store_format format;
	struct quoin_span bytes;
	int r;

	r = quoin_store_meta_get(store, txn, "format", &bytes, err);
	if (r != 0)
		return r;
	if (quoin_store_format_decode(bytes, &format) != 0)
		return quoin_error_set(err, QUOIN_ECORRUPT, "the format record of the store in %s is damaged", store->dir);
	if (format.format != QUOIN_STORE_FORMAT)
		return quoin_error_set(err, QUOIN_EVERSION, "the store in %s has format %u; this program knows %u",
		    store->dir, format.format, QUOIN_STORE_FORMAT);
	return want == NULL ? 0 : quoin_origin_check(&format.origin, want, err);
}

int
quoin_store_attach_as(const char *state, const char *namespace_name, bool with_pulse, struct quoin_store **ret,
    struct quoin_error *err)
{
	struct quoin_store *store;
	struct quoin_txn *txn = NULL;
	int r = QUOIN_ENOENT;

	store = store_new(state, namespace_name, err);
	if (store == NULL)
		return err != NULL ? err->code : QUOIN_ENOMEM;
	/* The pulse first: an environment that is replaced meanwhile is then noticed. */
	if (with_pulse)
		r = quoin_pulse_open(store->dir, QUOIN_PULSE_READ, &store->pulse, err);
	if (r != 0 && r != QUOIN_ENOENT)
		goto out;
	store->environment = quoin_pulse_environment(store->pulse);
	r = open_env(store, QUOIN_ENV_READ, err);
	if (r != 0)
		goto out;
	r = quoin_txn_begin(store->env, false, &txn, err);
	if (r != 0)
		goto out;
	r = quoin_store_databases_open(store, txn, err);
	if (r != 0)
		goto out;
	r = check_format(store, txn, NULL, err);
out:
	quoin_txn_abort(txn);
	if (r == 0)
		*ret = store;
	else
		quoin_store_close(store);
	return r;
}

int
quoin_store_attach(const char *state, const char *namespace_name, struct quoin_store **ret, struct quoin_error *err)
{
	return quoin_store_attach_as(state, namespace_name, true, ret, err);
}

/* Make the databases and the format record of a new environment; check those of one that exists. */
static int
prepare_env(struct quoin_store *store, const struct quoin_origin *origin, bool *ret_made, struct quoin_error *err)
{
	const struct quoin_store_format format = {QUOIN_STORE_FORMAT, *origin};
	struct quoin_txn *txn = NULL;
	struct quoin_buf buf;
	struct quoin_span bytes;
	int r;

	quoin_buf_init(&buf, 256);
	*ret_made = false;
	r = quoin_txn_begin(store->env, true, &txn, err);
	if (r != 0)
		goto out;
	r = quoin_store_databases_open(store, txn, err);
	if (r != 0)
		goto out;
	r = quoin_store_meta_get(store, txn, "format", &bytes, err);
	if (r == 0) {
		r = check_format(store, txn, origin, err);
	} else if (r == QUOIN_ENOENT) {
		quoin_store_format_encode(&format, &buf);
		r = buf.error != 0 ? quoin_error_set(err, buf.error, "cannot make the format record")
				   : quoin_txn_put(txn, store->databases[QUOIN_STORE_META], quoin_span_str("format"),
					 quoin_buf_span(&buf), err);
		*ret_made = true;
	}
	if (r == 0) {
		r = quoin_txn_commit(txn, err);
		txn = NULL;
	}
out:
	quoin_txn_abort(txn);
	quoin_buf_clear(&buf);
	return r;
}

/* The copy beside the environment. A damaged one counts as none: the environment's is newer in any case. */
static bool
read_copy(const struct quoin_store *store, struct quoin_ratchets *ret)
{
	char path[QUOIN_PATH_BYTES];
	struct quoin_buf buf;
	struct quoin_hash hash;
	bool good = false;

	quoin_buf_init(&buf, QUOIN_STORE_RATCHET_BYTES_MAX);
	if (quoin_path_join(store->dir, "ratchets", path, sizeof path) == 0 && quoin_file_read(path, &buf, NULL) == 0 &&
	    buf.len > QUOIN_HASH_BYTES) {
		const struct quoin_span body = quoin_span_of(buf.data + QUOIN_HASH_BYTES, buf.len - QUOIN_HASH_BYTES);

		quoin_hash_of(body, &hash);
		good = memcmp(hash.bytes, buf.data, QUOIN_HASH_BYTES) == 0 &&
		    quoin_store_ratchets_decode(body, ret) == 0;
	}
	quoin_buf_clear(&buf);
	return good;
}

static int
load_ratchets(struct quoin_store *store, struct quoin_error *err)
{
	struct quoin_ratchets *copy;
	struct quoin_txn *txn = NULL;
	struct quoin_span bytes;
	bool has_copy, has_own = false;
	int r;

	copy = calloc(1, sizeof *copy);
	if (copy == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	has_copy = read_copy(store, copy);
	r = quoin_txn_begin(store->env, false, &txn, err);
	if (r != 0)
		goto out;
	r = quoin_store_meta_get(store, txn, "ratchets", &bytes, err);
	if (r == 0) {
		has_own = true;
		if (quoin_store_ratchets_decode(bytes, &store->ratchets) != 0)
			r = quoin_error_set(err, QUOIN_ECORRUPT, "the ratchets in %s are damaged", store->dir);
	} else if (r == QUOIN_ENOENT) {
		r = 0;
	}
	if (r != 0)
		goto out;
	if (!has_own && has_copy)
		store->ratchets = *copy;
	else if (has_own && has_copy)
		quoin_ratchets_merge(&store->ratchets, copy);
	store->is_new = !has_own && !has_copy;
out:
	quoin_txn_abort(txn);
	free(copy);
	return r;
}

/* Tell readers what stands here now. */
static int
start_pulse(struct quoin_store *store, bool is_new_env, struct quoin_error *err)
{
	struct quoin_store_active *active;
	struct quoin_store_snapshot *snapshot = NULL;
	uint64_t environment;
	int r;

	active = calloc(1, sizeof *active);
	if (active == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_pulse_open(store->dir, QUOIN_PULSE_WRITE, &store->pulse, err);
	if (r != 0)
		goto out;
	environment = quoin_store_later(store->ratchets.environment, quoin_pulse_environment(store->pulse));
	store->environment = is_new_env ? environment + 1 : environment;
	store->ratchets.environment = store->environment;
	store->ratchets.generation = quoin_store_later(store->ratchets.generation, quoin_pulse_generation(store->pulse));
	r = quoin_store_snapshot_open(store, &snapshot, err);
	if (r != 0)
		goto out;
	QUOIN_ASSERT(snapshot != NULL);
	r = quoin_store_snapshot_active(snapshot, active, err);
	if (r == 0)
		store->ratchets.generation = quoin_store_later(store->ratchets.generation, active->generation);
	else if (r != QUOIN_ENOENT)
		goto out;
	r = 0;
	quoin_pulse_set_environment(store->pulse, store->environment);
	quoin_pulse_set_generation(store->pulse, active->generation);
	/* What the last writer had heard is not what this one has. */
	quoin_pulse_set_fresh(store->pulse, 0);
out:
	quoin_store_snapshot_close(snapshot);
	free(active);
	return r;
}

int
quoin_store_open(const char *state, const struct quoin_origin *origin, struct quoin_store **ret,
    struct quoin_error *err)
{
	struct quoin_store *store;
	bool made = false;
	int r = 0;

	store = store_new(state, origin->name, err);
	if (store == NULL)
		return err != NULL ? err->code : QUOIN_ENOMEM;
	/* One that is there is synced by whoever makes the environment in it. */
	if (!quoin_file_exists(store->dir))
		r = quoin_dir_make(store->dir, 0750, err);
	if (r != 0)
		goto out;
	r = quoin_store_lock(store->dir, &store->lock_fd, err);
	if (r != 0)
		goto out;
	r = open_env(store, QUOIN_ENV_WRITE, err);
	if (r != 0)
		goto out;
	r = prepare_env(store, origin, &made, err);
	if (r != 0)
		goto out;
	r = load_ratchets(store, err);
	if (r != 0)
		goto out;
	r = quoin_store_old_find(store, err);
	if (r == 0)
		r = start_pulse(store, made, err);
out:
	if (r == 0)
		*ret = store;
	else
		quoin_store_close(store);
	return r;
}

void
quoin_store_close(struct quoin_store *store)
{
	if (store == NULL)
		return;
	quoin_env_close(store->env);
	quoin_env_close(store->old);
	quoin_pulse_close(store->pulse);
	if (store->lock_fd != -1)
		(void)close(store->lock_fd);
	(void)pthread_mutex_destroy(&store->staging_lock);
	free(store);
}

void
quoin_store_abandon(struct quoin_store *store)
{
	if (store == NULL)
		return;
	quoin_env_abandon(store->env);
	if (store->old != NULL)
		quoin_env_abandon(store->old);
	store->env = store->old = NULL;
	quoin_store_close(store);
}

const struct quoin_pulse *
quoin_store_pulse(const struct quoin_store *store)
{
	return store->pulse;
}

struct quoin_pulse *
quoin_store_pulse_writer(struct quoin_store *store)
{
	QUOIN_ASSERT(store->lock_fd != -1);
	return store->pulse;
}

void
quoin_store_share(struct quoin_store *store)
{
	store->is_shared = true;
}

bool
quoin_store_is_replaced(const struct quoin_store *store)
{
	return quoin_pulse_environment(store->pulse) != store->environment;
}

void
quoin_store_ratchets(const struct quoin_store *store, struct quoin_ratchets *ret, bool *ret_is_new)
{
	QUOIN_ASSERT(store->lock_fd != -1);
	*ret = store->ratchets;
	*ret_is_new = store->is_new;
}

/* ---- Getting ---- */

int
quoin_store_meta_get(struct quoin_store *store, struct quoin_txn *txn, const char *key, struct quoin_span *ret,
    struct quoin_error *err)
{
	return quoin_txn_get(txn, store->databases[QUOIN_STORE_META], quoin_span_str(key), false, ret, err);
}

int
quoin_store_snapshot_open(struct quoin_store *store, struct quoin_store_snapshot **ret, struct quoin_error *err)
{
	struct quoin_store_snapshot *snapshot = calloc(1, sizeof *snapshot);
	int r;

	if (snapshot == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	snapshot->store = store;
	/* In a store that is shared, the agent's thread may be moving it. */
	(void)pthread_mutex_lock(&store->staging_lock);
	r = quoin_txn_begin(store->env, false, &snapshot->txn, err);
	(void)pthread_mutex_unlock(&store->staging_lock);
	if (r != 0) {
		free(snapshot);
		return r;
	}
	*ret = snapshot;
	return 0;
}

void
quoin_store_snapshot_close(struct quoin_store_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	quoin_txn_abort(snapshot->txn);
	free(snapshot);
}

void
quoin_store_snapshot_reset(struct quoin_store_snapshot *snapshot)
{
	quoin_txn_reset(snapshot->txn);
}

int
quoin_store_snapshot_renew(struct quoin_store_snapshot *snapshot, struct quoin_error *err)
{
	return quoin_txn_renew(snapshot->txn, err);
}

int
quoin_store_snapshot_active(struct quoin_store_snapshot *snapshot, struct quoin_store_active *ret,
    struct quoin_error *err)
{
	struct quoin_span bytes;
	int r;

	r = quoin_store_meta_get(snapshot->store, snapshot->txn, "active", &bytes, err);
	if (r != 0)
		return r;
	if (quoin_store_active_decode(bytes, ret) != 0)
		return quoin_error_set(err, QUOIN_ECORRUPT, "the active pointer in %s is damaged", snapshot->store->dir);
	if (ret->release.number == 0)
		return quoin_error_set(err, QUOIN_ENOENT, "nothing is active in %s", snapshot->store->dir);
	return 0;
}

int
quoin_store_index_get(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash,
    struct quoin_store_index *ret, struct quoin_error *err)
{
	struct quoin_span bytes;
	int r;

	r = quoin_txn_get(txn, store->databases[QUOIN_STORE_PARTS], quoin_span_of(hash->bytes, sizeof hash->bytes), false,
	    &bytes, err);
	if (r != 0)
		return r;
	if (quoin_store_index_decode(bytes, ret) != 0)
		return quoin_error_set(err, QUOIN_ECORRUPT, "the index of a part in %s is damaged", store->dir);
	return 0;
}

int
quoin_store_part_get(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash, bool trusted,
    struct quoin_store_content *ret, struct quoin_error *err)
{
	struct quoin_store_index index;
	struct quoin_store_key key;
	struct quoin_span bytes;
	int r;

	r = quoin_store_index_get(store, txn, hash, &index, err);
	if (r != 0)
		return r;
	for (uint32_t i = 0; i < index.segment_count; i++) {
		const size_t want = quoin_store_segment_bytes(index.bytes, i);

		quoin_store_segment_key(hash, i, &key);
		r = quoin_txn_get(txn, store->databases[QUOIN_STORE_SEGMENTS], quoin_store_key_span(&key), trusted, &bytes,
		    err);
		if (r == QUOIN_ENOENT || (r == 0 && (bytes.len < want || (uintptr_t)bytes.data % 16 != 0)))
			return quoin_error_set(err, QUOIN_ECORRUPT, "segment %u of a part in %s is missing or cut", i,
			    store->dir);
		if (r != 0)
			return r;
		ret->segments[i] = quoin_span_of(bytes.data, want);
	}
	ret->bytes = index.bytes;
	ret->segment_count = index.segment_count;
	return 0;
}

int
quoin_store_snapshot_part(struct quoin_store_snapshot *snapshot, const struct quoin_hash *hash, bool trusted,
    struct quoin_store_content *ret, struct quoin_error *err)
{
	return quoin_store_part_get(snapshot->store, snapshot->txn, hash, trusted, ret, err);
}

int
quoin_store_snapshot_document(struct quoin_store_snapshot *snapshot, enum quoin_store_kind kind, uint64_t number,
    struct quoin_span *ret, struct quoin_error *err)
{
	struct quoin_store_key key;

	quoin_store_document_key(kind, number, &key);
	return quoin_txn_get(snapshot->txn, snapshot->store->databases[QUOIN_STORE_DOCUMENTS],
	    quoin_store_key_span(&key), false, ret, err);
}

int
quoin_store_snapshot_next(struct quoin_store_snapshot *snapshot, enum quoin_store_kind kind, uint64_t from,
    uint64_t *ret_number, struct quoin_span *ret, struct quoin_error *err)
{
	struct quoin_store_key key;
	struct quoin_span found, value;
	enum quoin_store_kind found_kind;
	uint64_t number;
	int r;

	quoin_store_document_key(kind, from, &key);
	r = quoin_txn_next(snapshot->txn, snapshot->store->databases[QUOIN_STORE_DOCUMENTS], quoin_store_key_span(&key),
	    &found, &value, err);
	if (r != 1)
		return r;
	if (!quoin_store_document_key_parse(found, &found_kind, &number))
		return quoin_error_set(err, QUOIN_ECORRUPT, "a document's key in %s is damaged", snapshot->store->dir);
	if (found_kind != kind)
		return 0;
	/* Walking does not look at hashes; getting does. */
	r = quoin_store_snapshot_document(snapshot, kind, number, ret, err);
	if (r != 0)
		return r == QUOIN_ENOENT ? QUOIN_ECORRUPT : r;
	*ret_number = number;
	return 1;
}
