/*
 * What the files store*.c share, and nobody else: the layout of quoin-store(5) in C.
 */
#ifndef QUOIN_SUBSCRIBER_STORE_LAYOUT_H
#define QUOIN_SUBSCRIBER_STORE_LAYOUT_H

#include <pthread.h>

#include "subscriber/store.h"

enum quoin_store_database {
	QUOIN_STORE_META,
	QUOIN_STORE_DOCUMENTS,
	QUOIN_STORE_PARTS,
	QUOIN_STORE_SEGMENTS,
	QUOIN_STORE_DATABASES,
};

static inline uint64_t
quoin_store_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A value below LMDB's own page limit has no alignment; small content is stored with zeros up to this. */
#define QUOIN_STORE_SEGMENT_BYTES_MIN 2048
#define QUOIN_STORE_RATCHET_BYTES_MAX (64u << 10)
#define QUOIN_STORE_MODELS_BYTES_MAX  (4 + QUOIN_STORE_MODELS_MAX * (8 + sizeof(struct quoin_agent_model_name)))
/* Changes of the active pointer that are remembered for readers' sake. */
#define QUOIN_STORE_FLIPS_MAX 256

/* The pointer's history: which release readers of a snapshot see. */
struct quoin_store_flip {
	uint64_t txn_id; /* of the commit */
	uint64_t release;
};
struct quoin_store_flips {
	struct quoin_store_flip items[QUOIN_STORE_FLIPS_MAX]; /* ascending */
	size_t count;
};

struct quoin_store {
	struct quoin_env *env;
	unsigned databases[QUOIN_STORE_DATABASES];
	struct quoin_pulse *pulse; /* NULL if there is none */
	uint64_t environment;	   /* of the pulse, when it was opened */
	char dir[QUOIN_PATH_BYTES];

	/* Writers only. */
	int lock_fd;
	struct quoin_ratchets ratchets;
	bool is_new;
	bool is_shared;
	/* The environment before the last move, as long as anybody reads in it; else NULL. */
	struct quoin_env *old;
	struct quoin_store_flips old_flips;
	int64_t old_since_ms;
	char old_path[QUOIN_PATH_BYTES];
	bool is_unsynced; /* a move took place and may not be durable: nothing is committed before it is */
	pthread_mutex_t staging_lock;
	bool is_staging;
	struct quoin_hash staging; /* what another thread is bringing in */
	bool has_distrusted;
	struct quoin_hash distrusted; /* its bytes are damaged: as if it were not held, to whoever would stage it */
};

struct quoin_store_snapshot {
	struct quoin_store *store;
	struct quoin_txn *txn;
};

/* The flip whose release a snapshot shows; false if it is older than all. */
bool quoin_store_flip_of(const struct quoin_store_flips *flips, uint64_t txn_id, size_t *ret);
/* Look for an old environment at open. 0, or why it is not certain that the environment at the store's name stays there. */
int quoin_store_old_find(struct quoin_store *store, struct quoin_error *err);
/* Before a commit: 0, or why what is at the store's name may not be there after a power failure. */
int quoin_store_move_settle(struct quoin_store *store, struct quoin_error *err);

/* Keys. */
#define QUOIN_STORE_KEY_BYTES (QUOIN_HASH_BYTES + 2)
struct quoin_store_key {
	uint8_t bytes[QUOIN_STORE_KEY_BYTES];
	size_t len;
};
void quoin_store_document_key(enum quoin_store_kind kind, uint64_t number, struct quoin_store_key *ret);
void quoin_store_segment_key(const struct quoin_hash *hash, size_t index, struct quoin_store_key *ret);
struct quoin_span quoin_store_key_span(const struct quoin_store_key *key);
/* The kind and number of a document's key; false if it is none. */
bool quoin_store_document_key_parse(struct quoin_span key, enum quoin_store_kind *ret_kind, uint64_t *ret_number);

/* Records, little-endian, in the order of quoin-store(5). Encoders append; decoders return 0 or QUOIN_ECORRUPT. */
struct quoin_store_format {
	uint32_t format;
	struct quoin_origin origin;
};
void quoin_store_format_encode(const struct quoin_store_format *format, struct quoin_buf *out);
int quoin_store_format_decode(struct quoin_span bytes, struct quoin_store_format *ret);
void quoin_store_active_encode(const struct quoin_store_active *active, struct quoin_buf *out);
int quoin_store_active_decode(struct quoin_span bytes, struct quoin_store_active *ret);
void quoin_store_ratchets_encode(const struct quoin_ratchets *ratchets, struct quoin_buf *out);
int quoin_store_ratchets_decode(struct quoin_span bytes, struct quoin_ratchets *ret);
void quoin_store_offset_encode(const struct quoin_store_offset *offset, struct quoin_buf *out);
int quoin_store_offset_decode(struct quoin_span bytes, struct quoin_store_offset *ret);
void quoin_store_fuses_encode(const struct quoin_fuse *fuses, size_t count, struct quoin_buf *out);
int quoin_store_fuses_decode(struct quoin_span bytes, struct quoin_fuse *ret, size_t *ret_count);
void quoin_store_models_encode(const struct quoin_agent_model_name *const *models, size_t count, struct quoin_buf *out);
/* Also QUOIN_ENOMEM; *ret is the caller's, to free. */
int quoin_store_models_decode(struct quoin_span bytes, struct quoin_agent_model_name **ret, size_t *ret_count);
void quoin_store_flips_encode(const struct quoin_store_flips *flips, struct quoin_buf *out);
int quoin_store_flips_decode(struct quoin_span bytes, struct quoin_store_flips *ret);
struct quoin_store_index {
	uint64_t bytes;
	uint32_t segment_count;
};
void quoin_store_index_encode(const struct quoin_store_index *index, struct quoin_buf *out);
int quoin_store_index_decode(struct quoin_span bytes, struct quoin_store_index *ret);

/* Segments that content of so many bytes has, and the bytes of one of them. */
uint32_t quoin_store_segment_count(uint64_t bytes);
size_t quoin_store_segment_bytes(uint64_t bytes, uint32_t index);

/* A value of the meta database into "ret", borrowed: 0, QUOIN_ENOENT, QUOIN_ECORRUPT. */
int quoin_store_meta_get(struct quoin_store *store, struct quoin_txn *txn, const char *key, struct quoin_span *ret,
    struct quoin_error *err);
/* The meta key of a topic's offset. */
#define QUOIN_STORE_OFFSET_KEY_BYTES 24
void quoin_store_offset_key(enum quoin_topic topic, char out[QUOIN_STORE_OFFSET_KEY_BYTES]);
/* Attach, with the pulse or without: the audit judges the environment alone, for damage to a pulse is mended at open. */
int quoin_store_attach_as(const char *state, const char *namespace_name, bool with_pulse, struct quoin_store **ret,
    struct quoin_error *err);
/* Open the databases; in a write transaction missing ones are made. */
int quoin_store_databases_open(struct quoin_store *store, struct quoin_txn *txn, struct quoin_error *err);
int quoin_store_flips_get(struct quoin_store *store, struct quoin_txn *txn, struct quoin_store_flips *ret,
    struct quoin_error *err);
int quoin_store_part_get(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash,
    bool trusted, struct quoin_store_content *ret, struct quoin_error *err);
int quoin_store_index_get(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash,
    struct quoin_store_index *ret, struct quoin_error *err);

#endif
