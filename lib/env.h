/*
 * A store's file: an LMDB environment behind our own words (environment, transaction, database, key, value).
 *
 * Default sync mode only. One writer process; any number of readers on the same machine and pid namespace. The map is
 * QUOIN_STORE_MAP_BYTES of address space in every process. Every value is stored with its BLAKE2b-256 in front, padded
 * so that the payload of a large value is 16-byte aligned; get verifies it unless told otherwise.
 * Not thread-safe: one thread per transaction at a time; read transactions are not tied to a thread.
 */
#ifndef QUOIN_LIB_ENV_H
#define QUOIN_LIB_ENV_H

#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/crypto.h"
#include "lib/error.h"

struct quoin_env;
struct quoin_txn;

enum quoin_env_mode {
	QUOIN_ENV_READ,	 /* existing environment; refuses (QUOIN_EREADERS) when no reader slot can be had */
	QUOIN_ENV_WRITE, /* existing or new; creation is crash-safe: made beside, synced, renamed into place */
};

/*
 * Open the environment in directory "path" with up to "database_max" named databases. A process must not open the
 * same environment twice (QUOIN_ECONFLICT). "mode" QUOIN_ENV_WRITE clears dead reader slots.
 * Returns 0, QUOIN_ENOENT, QUOIN_ECORRUPT, QUOIN_EREADERS, QUOIN_EPERM, QUOIN_ENOSPC, QUOIN_EIO, QUOIN_ENOMEM.
 */
int quoin_env_open(const char *path, enum quoin_env_mode mode, unsigned database_max, struct quoin_env **ret,
    struct quoin_error *err);
void quoin_env_close(struct quoin_env *env);
/* After fork(): forget the environment in the child without touching the parent's slots. */
void quoin_env_abandon(struct quoin_env *env);

/* Begin; commit or abort ends the transaction and frees it. A failed commit aborts. QUOIN_ENOSPC tells a full disk from
 * other QUOIN_EIO: the environment can be used again when there is room. After QUOIN_EIO it may refuse to write until it
 * is opened anew, and no longer knows whether the transaction that failed is there. */
int quoin_txn_begin(struct quoin_env *env, bool write, struct quoin_txn **ret, struct quoin_error *err);
int quoin_txn_commit(struct quoin_txn *txn, struct quoin_error *err);
void quoin_txn_abort(struct quoin_txn *txn);
/* Of a read transaction: give up its snapshot but keep its slot; take a new snapshot. */
void quoin_txn_reset(struct quoin_txn *txn);
int quoin_txn_renew(struct quoin_txn *txn, struct quoin_error *err);
/* The id of the snapshot (the last committed transaction it sees). */
uint64_t quoin_txn_id(const struct quoin_txn *txn);

/*
 * A named database, made if the transaction writes and it is missing. Returns 0, QUOIN_ENOENT, QUOIN_ELIMIT (more than
 * database_max). A handle is good for other transactions once this one has ended, until the environment is closed;
 * aborting a write transaction takes back those it opened first. So open all at start.
 */
int quoin_txn_database(struct quoin_txn *txn, const char *name, unsigned *ret_database, struct quoin_error *err);

/* Replace or add. Returns 0, QUOIN_EMAPFULL, QUOIN_ENOSPC, QUOIN_EIO, QUOIN_ELIMIT. */
int quoin_txn_put(struct quoin_txn *txn, unsigned database, struct quoin_span key, struct quoin_span value,
    struct quoin_error *err);
/* Reserve a value of "bytes" bytes to be filled before the commit. *ret_payload is valid until the next put or the end
 * of the transaction; call quoin_txn_seal with it when filled, which computes the hash. */
int quoin_txn_reserve(struct quoin_txn *txn, unsigned database, struct quoin_span key, size_t bytes,
    uint8_t **ret_payload, struct quoin_error *err);
void quoin_txn_seal(uint8_t *payload, size_t bytes);
/* The same with a hash that was computed while the bytes were made. */
void quoin_txn_seal_as(uint8_t *payload, const struct quoin_hash *hash);
/* The value, borrowed until the transaction ends (or its next write). Returns 0, QUOIN_ENOENT, QUOIN_ECORRUPT (the hash
 * does not match). "trusted" skips the hash. */
int quoin_txn_get(struct quoin_txn *txn, unsigned database, struct quoin_span key, bool trusted,
    struct quoin_span *ret_value, struct quoin_error *err);
/* Returns 0 also when there was none. */
int quoin_txn_del(struct quoin_txn *txn, unsigned database, struct quoin_span key, struct quoin_error *err);
/* The first entry with a key >= "from" (empty: the first of all). Walk by calling again with the last key + one zero
 * byte. The hash is not checked. Returns 1 (an entry), 0 (end), or a negative code. */
int quoin_txn_next(struct quoin_txn *txn, unsigned database, struct quoin_span from, struct quoin_span *ret_key,
    struct quoin_span *ret_value, struct quoin_error *err);

/* Readers: one row per slot in use. */
struct quoin_env_reader {
	pid_t pid;
	uint64_t txn_id; /* the snapshot it pins; 0 if none */
};
/* Fill at most "max" rows; *ret_count is how many there are. Dead readers' slots are cleared first. */
int quoin_env_readers(struct quoin_env *env, struct quoin_env_reader *rows, size_t max, size_t *ret_count,
    struct quoin_error *err);

/* Write a compact copy of what is committed now into the new directory "path": live pages alone, whatever readers hold. It is
 * durable. 0, QUOIN_ENOSPC, QUOIN_EIO, QUOIN_EREADERS, …; then "path" may be there, and is of no use. */
int quoin_env_copy(struct quoin_env *env, const char *path, struct quoin_error *err);

struct quoin_env_usage {
	uint64_t file_bytes;	/* size of the data file */
	uint64_t used_bytes;	/* pages in use */
	uint64_t last_txn_id;
};
int quoin_env_usage(struct quoin_env *env, struct quoin_env_usage *ret, struct quoin_error *err);

#endif
