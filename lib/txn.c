#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/crypto.h"
#include "lib/env_lmdb.h"
#include "lib/limits.h"

/*
 * A value is its BLAKE2b-256 and then the payload. LMDB puts a value that needs pages of its own 16 bytes behind the
 * start of a page, so the payload is 16-byte aligned there; smaller values have no alignment at all.
 */
#define PREFIX_BYTES	QUOIN_HASH_BYTES
#define VALUE_BYTES_MAX (1u << 30) /* LMDB 0.9.24 mishandles 2 GiB */

_Static_assert(PREFIX_BYTES % 16 == 0, "the payload of a large value is 16-byte aligned");
_Static_assert(QUOIN_SEGMENT_BYTES_MAX + PREFIX_BYTES <= VALUE_BYTES_MAX, "a segment is one value");

/* ---- Transactions ---- */

int
quoin_txn_begin(struct quoin_env *env, bool write, struct quoin_txn **ret, struct quoin_error *err)
{
	struct quoin_txn *txn;
	int dead = 0, rc;

	QUOIN_ASSERT(!quoin_env_is_inherited(env));
	txn = calloc(1, sizeof *txn);
	if (txn == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	txn->env = env;
	txn->writes = write;
	rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &txn->mdb);
	if (rc == MDB_READERS_FULL && mdb_reader_check(env->mdb, &dead) == 0 && dead > 0)
		rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn->mdb);
	if (rc != 0) {
		free(txn);
		return quoin_env_fail(env->path, rc, write ? "begin writing" : "begin reading", err);
	}
	*ret = txn;
	return 0;
}

/* Whether LMDB has given the environment up. */
static bool
is_broken(struct quoin_env *env)
{
	MDB_txn *probe = NULL;
	const int rc = mdb_txn_begin(env->mdb, NULL, 0, &probe);

	if (rc == 0)
		mdb_txn_abort(probe);
	return rc == MDB_PANIC;
}

int
quoin_txn_commit(struct quoin_txn *txn, struct quoin_error *err)
{
	struct quoin_env *env = txn->env;
	int rc, r;

	QUOIN_ASSERT(!quoin_env_is_inherited(env));
	rc = mdb_txn_commit(txn->mdb);
	free(txn);
	if (rc == 0)
		return 0;
	r = quoin_env_fail(env->path, rc, "commit", err);
	/* When it was the last write that failed, LMDB will not write again, even on a disk that has room. */
	if (r == QUOIN_ENOSPC && is_broken(env))
		r = quoin_error_set(err, QUOIN_EIO, "cannot commit in %s: the disk was full at the last write; open it again",
		    env->path);
	return r;
}

void
quoin_txn_abort(struct quoin_txn *txn)
{
	if (txn == NULL)
		return;
	if (quoin_env_is_inherited(txn->env)) {
		/* Its slot is the parent's. */
		txn->next_orphan = txn->env->orphans;
		txn->env->orphans = txn;
		return;
	}
	/* Aborting would close the databases that were opened in it; for a reader committing only ends it. */
	if (txn->writes)
		mdb_txn_abort(txn->mdb);
	else
		(void)mdb_txn_commit(txn->mdb);
	free(txn);
}

void
quoin_txn_reset(struct quoin_txn *txn)
{
	QUOIN_ASSERT(!txn->writes);
	QUOIN_ASSERT(!quoin_env_is_inherited(txn->env));
	mdb_txn_reset(txn->mdb);
}

int
quoin_txn_renew(struct quoin_txn *txn, struct quoin_error *err)
{
	int rc;

	QUOIN_ASSERT(!txn->writes);
	QUOIN_ASSERT(!quoin_env_is_inherited(txn->env));
	rc = mdb_txn_renew(txn->mdb);
	return rc == 0 ? 0 : quoin_env_fail(txn->env->path, rc, "renew a snapshot", err);
}

uint64_t
quoin_txn_id(const struct quoin_txn *txn)
{
	/* A writer's own id is that of what it will commit. */
	return mdb_txn_id(txn->mdb) - (txn->writes ? 1 : 0);
}

int
quoin_txn_database(struct quoin_txn *txn, const char *name, unsigned *ret_database, struct quoin_error *err)
{
	MDB_dbi dbi;
	int rc;

	rc = mdb_dbi_open(txn->mdb, name, txn->writes ? MDB_CREATE : 0, &dbi);
	if (rc == MDB_NOTFOUND)
		return quoin_error_set(err, QUOIN_ENOENT, "the store %s has no database \"%s\"", txn->env->path, name);
	if (rc != 0)
		return quoin_env_fail(txn->env->path, rc, "open a database", err);
	*ret_database = dbi;
	return 0;
}

/* ---- Entries ---- */

static MDB_val
val_of(struct quoin_span span)
{
	union {
		const uint8_t *borrowed;
		void *given;
	} data = {.borrowed = span.data};

	return (MDB_val){span.len, data.given};
}

int
quoin_txn_reserve(struct quoin_txn *txn, unsigned database, struct quoin_span key, size_t bytes, uint8_t **ret_payload,
    struct quoin_error *err)
{
	MDB_val k = val_of(key), v;
	int rc;

	if (bytes > VALUE_BYTES_MAX - PREFIX_BYTES)
		return quoin_error_set(err, QUOIN_ELIMIT, "a value of %zu bytes is over the limit of %u", bytes,
		    VALUE_BYTES_MAX - PREFIX_BYTES);
	v = (MDB_val){PREFIX_BYTES + bytes, NULL};
	rc = mdb_put(txn->mdb, database, &k, &v, MDB_RESERVE);
	if (rc != 0)
		return quoin_env_fail(txn->env->path, rc, "put a value", err);
	/* A value that nobody sealed must not pass for a sound one. */
	memset(v.mv_data, 0, PREFIX_BYTES);
	*ret_payload = (uint8_t *)v.mv_data + PREFIX_BYTES;
	return 0;
}

void
quoin_txn_seal(uint8_t *payload, size_t bytes)
{
	struct quoin_hash hash;

	quoin_hash_of(quoin_span_of(payload, bytes), &hash);
	quoin_txn_seal_as(payload, &hash);
}

void
quoin_txn_seal_as(uint8_t *payload, const struct quoin_hash *hash)
{
	memcpy(payload - PREFIX_BYTES, hash->bytes, PREFIX_BYTES);
}

int
quoin_txn_put(struct quoin_txn *txn, unsigned database, struct quoin_span key, struct quoin_span value,
    struct quoin_error *err)
{
	uint8_t *payload = NULL;
	int r;

	r = quoin_txn_reserve(txn, database, key, value.len, &payload, err);
	if (r != 0)
		return r;
	QUOIN_ASSERT(payload != NULL);
	if (value.len > 0)
		memcpy(payload, value.data, value.len);
	quoin_txn_seal(payload, value.len);
	return 0;
}

/* Take the hash off. */
static int
open_value(const struct quoin_txn *txn, MDB_val v, bool trusted, struct quoin_span *ret, struct quoin_error *err)
{
	struct quoin_hash hash;
	struct quoin_span payload;

	if (v.mv_size < PREFIX_BYTES)
		return quoin_error_set(err, QUOIN_ECORRUPT, "a value in %s is cut short", txn->env->path);
	payload = quoin_span_of((const uint8_t *)v.mv_data + PREFIX_BYTES, v.mv_size - PREFIX_BYTES);
	if (!trusted) {
		quoin_hash_of(payload, &hash);
		if (memcmp(hash.bytes, v.mv_data, PREFIX_BYTES) != 0)
			return quoin_error_set(err, QUOIN_ECORRUPT, "a value in %s does not match its hash",
			    txn->env->path);
	}
	*ret = payload;
	return 0;
}

int
quoin_txn_get(struct quoin_txn *txn, unsigned database, struct quoin_span key, bool trusted,
    struct quoin_span *ret_value, struct quoin_error *err)
{
	MDB_val k = val_of(key), v;
	int rc;

	rc = mdb_get(txn->mdb, database, &k, &v);
	if (rc == MDB_NOTFOUND)
		return quoin_error_set(err, QUOIN_ENOENT, "no such key in %s", txn->env->path);
	if (rc != 0)
		return quoin_env_fail(txn->env->path, rc, "get a value", err);
	return open_value(txn, v, trusted, ret_value, err);
}

int
quoin_txn_del(struct quoin_txn *txn, unsigned database, struct quoin_span key, struct quoin_error *err)
{
	MDB_val k = val_of(key);
	int rc;

	rc = mdb_del(txn->mdb, database, &k, NULL);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : quoin_env_fail(txn->env->path, rc, "delete a value", err);
}

int
quoin_txn_next(struct quoin_txn *txn, unsigned database, struct quoin_span from, struct quoin_span *ret_key,
    struct quoin_span *ret_value, struct quoin_error *err)
{
	MDB_val k = val_of(from), v;
	MDB_cursor *cursor;
	int rc, r;

	rc = mdb_cursor_open(txn->mdb, database, &cursor);
	if (rc != 0)
		return quoin_env_fail(txn->env->path, rc, "walk a database", err);
	rc = mdb_cursor_get(cursor, &k, &v, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return quoin_env_fail(txn->env->path, rc, "walk a database", err);
	r = open_value(txn, v, true, ret_value, err);
	if (r != 0)
		return r;
	*ret_key = quoin_span_of(k.mv_data, k.mv_size);
	return 1;
}
