#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/file.h"
#include "subscriber/store_layout.h"

/* ---- The last transaction of a step ---- */

static int
put_meta(struct quoin_store *store, struct quoin_txn *txn, const char *key, struct quoin_buf *value,
    struct quoin_error *err)
{
	int r;

	if (value->error != 0)
		return quoin_error_set(err, value->error, "cannot encode the record \"%s\"", key);
	r = quoin_txn_put(txn, store->databases[QUOIN_STORE_META], quoin_span_str(key), quoin_buf_span(value), err);
	quoin_buf_reset(value);
	return r;
}

static int
put_documents(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_store_change *change,
    struct quoin_error *err)
{
	const unsigned database = store->databases[QUOIN_STORE_DOCUMENTS];
	struct quoin_store_key key;
	int r = 0;

	for (size_t i = 0; i < change->document_count && r == 0; i++) {
		const struct quoin_store_document *document = &change->documents[i];

		quoin_store_document_key(document->kind, document->number, &key);
		if (document->bytes.len == 0)
			r = quoin_txn_del(txn, database, quoin_store_key_span(&key), err);
		else
			r = quoin_txn_put(txn, database, quoin_store_key_span(&key), document->bytes, err);
	}
	return r;
}

int
quoin_store_flips_get(struct quoin_store *store, struct quoin_txn *txn, struct quoin_store_flips *ret,
    struct quoin_error *err)
{
	struct quoin_span bytes;
	int r;

	ret->count = 0;
	r = quoin_store_meta_get(store, txn, "flips", &bytes, err);
	if (r == QUOIN_ENOENT)
		return 0;
	if (r == 0 && quoin_store_flips_decode(bytes, ret) != 0)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "the pointer's history in %s is damaged", store->dir);
	return r;
}

bool
quoin_store_flip_of(const struct quoin_store_flips *flips, uint64_t txn_id, size_t *ret)
{
	size_t i;

	for (i = flips->count; i > 0 && flips->items[i - 1].txn_id > txn_id; i--)
		;
	*ret = i > 0 ? i - 1 : 0;
	return i > 0;
}

/* Forget the flips that no reader can be behind any more, but never the last. */
static int
prune_flips(struct quoin_store *store, struct quoin_store_flips *flips, struct quoin_error *err)
{
	struct quoin_env_reader rows[QUOIN_STORE_READERS_MAX];
	bool used[QUOIN_STORE_FLIPS_MAX] = {false};
	size_t count, kept = 0, flip;
	int r;

	r = quoin_env_readers(store->env, rows, QUOIN_STORE_READERS_MAX, &count, err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < count && i < QUOIN_STORE_READERS_MAX; i++)
		if (rows[i].txn_id != 0 && quoin_store_flip_of(flips, rows[i].txn_id, &flip))
			used[flip] = true;
	for (size_t i = 0; i < flips->count; i++)
		if (used[i] || i + 1 == flips->count)
			flips->items[kept++] = flips->items[i];
	/* More stuck readers than this keep the releases of the oldest and the newest. */
	if (kept == QUOIN_STORE_FLIPS_MAX) {
		memmove(&flips->items[1], &flips->items[2], (kept - 2) * sizeof flips->items[0]);
		kept--;
	}
	flips->count = kept;
	return 0;
}

static int
put_active(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_store_active *active,
    struct quoin_buf *buf, struct quoin_error *err)
{
	struct quoin_store_flips flips;
	struct quoin_store_index index;
	int r;

	QUOIN_ASSERT(active->part_count <= QUOIN_PARTS_MAX);
	for (size_t i = 0; i < active->part_count; i++) {
		r = quoin_store_index_get(store, txn, &active->parts[i].hash, &index, err);
		if (r == QUOIN_ENOENT || (r == 0 && index.bytes != active->parts[i].bytes))
			return quoin_error_set(err, QUOIN_EMISSING, "part %s of release %llu is not held",
			    active->parts[i].name, (unsigned long long)active->release.number);
		if (r != 0)
			return r;
	}
	quoin_store_active_encode(active, buf);
	r = put_meta(store, txn, "active", buf, err);
	if (r != 0)
		return r;
	r = quoin_store_flips_get(store, txn, &flips, err);
	if (r != 0)
		return r;
	r = prune_flips(store, &flips, err);
	if (r != 0)
		return r;
	QUOIN_ASSERT(flips.count < QUOIN_STORE_FLIPS_MAX);
	flips.items[flips.count++] = (struct quoin_store_flip){quoin_txn_id(txn) + 1, active->release.number};
	quoin_store_flips_encode(&flips, buf);
	return put_meta(store, txn, "flips", buf, err);
}

static int
put_offsets(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_store_change *change,
    struct quoin_buf *buf, struct quoin_error *err)
{
	char key[QUOIN_STORE_OFFSET_KEY_BYTES];
	int r = 0;

	for (size_t i = 0; i < QUOIN_TOPICS && r == 0; i++) {
		if (change->offsets[i] == NULL)
			continue;
		quoin_store_offset_encode(change->offsets[i], buf);
		quoin_store_offset_key((enum quoin_topic)i, key);
		r = put_meta(store, txn, key, buf, err);
	}
	return r;
}

static int
put_models(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_store_change *change,
    struct quoin_error *err)
{
	const size_t count = change->model_count < QUOIN_STORE_MODELS_MAX ? change->model_count : QUOIN_STORE_MODELS_MAX;
	struct quoin_buf buf;
	int r;

	quoin_buf_init(&buf, QUOIN_STORE_MODELS_BYTES_MAX);
	quoin_store_models_encode(change->models, count, &buf);
	r = put_meta(store, txn, "models", &buf, err);
	quoin_buf_clear(&buf);
	return r;
}

int
quoin_store_commit(struct quoin_store *store, const struct quoin_store_change *change, struct quoin_error *err)
{
	struct quoin_txn *txn = NULL;
	struct quoin_buf buf;
	int r;

	QUOIN_ASSERT(store->lock_fd != -1);
	quoin_buf_init(&buf, QUOIN_STORE_RATCHET_BYTES_MAX);
	r = quoin_store_move_settle(store, err);
	if (r == 0)
		r = quoin_txn_begin(store->env, true, &txn, err);
	if (r != 0)
		goto out;
	r = put_documents(store, txn, change, err);
	if (r == 0)
		r = put_offsets(store, txn, change, &buf, err);
	if (r == 0 && change->ratchets != NULL) {
		quoin_store_ratchets_encode(change->ratchets, &buf);
		r = put_meta(store, txn, "ratchets", &buf, err);
	}
	if (r == 0 && change->has_fuses) {
		quoin_store_fuses_encode(change->fuses, change->fuse_count, &buf);
		r = put_meta(store, txn, "fuses", &buf, err);
	}
	if (r == 0 && change->has_models)
		r = put_models(store, txn, change, err);
	if (r == 0 && change->active != NULL)
		r = put_active(store, txn, change->active, &buf, err);
	if (r == 0) {
		r = quoin_txn_commit(txn, err);
		txn = NULL;
	}
	if (r != 0)
		goto out;
	if (change->ratchets != NULL)
		store->ratchets = *change->ratchets;
	store->is_new = false;
	if (change->active != NULL)
		quoin_pulse_set_generation(store->pulse, change->active->generation);
out:
	quoin_txn_abort(txn);
	quoin_buf_clear(&buf);
	return r;
}

int
quoin_store_ratchets_copy(struct quoin_store *store, const struct quoin_ratchets *ratchets, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];
	struct quoin_hash hash;
	struct quoin_buf buf;
	int r;

	if (quoin_path_join(store->dir, "ratchets", path, sizeof path) != 0)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", store->dir);
	quoin_buf_init(&buf, QUOIN_STORE_RATCHET_BYTES_MAX);
	(void)quoin_buf_put_zeros(&buf, QUOIN_HASH_BYTES);
	quoin_store_ratchets_encode(ratchets, &buf);
	if (buf.error != 0) {
		r = quoin_error_set(err, buf.error, "cannot encode the ratchets");
	} else {
		quoin_hash_of(quoin_span_of(buf.data + QUOIN_HASH_BYTES, buf.len - QUOIN_HASH_BYTES), &hash);
		memcpy(buf.data, hash.bytes, QUOIN_HASH_BYTES);
		r = quoin_file_replace(path, quoin_buf_span(&buf), 0640, err);
	}
	quoin_buf_clear(&buf);
	return r;
}

/* ---- Staging ---- */

void
quoin_store_distrust(struct quoin_store *store, const struct quoin_hash *hash)
{
	(void)pthread_mutex_lock(&store->staging_lock);
	store->has_distrusted = true;
	store->distrusted = *hash;
	(void)pthread_mutex_unlock(&store->staging_lock);
}

static bool
is_distrusted(struct quoin_store *store, const struct quoin_hash *hash)
{
	bool yes;

	(void)pthread_mutex_lock(&store->staging_lock);
	yes = store->has_distrusted && quoin_hash_equal(&store->distrusted, hash);
	(void)pthread_mutex_unlock(&store->staging_lock);
	return yes;
}

static void
trust_again(struct quoin_store *store, const struct quoin_hash *hash)
{
	(void)pthread_mutex_lock(&store->staging_lock);
	if (store->has_distrusted && quoin_hash_equal(&store->distrusted, hash))
		store->has_distrusted = false;
	(void)pthread_mutex_unlock(&store->staging_lock);
}

bool
quoin_store_part_bytes(struct quoin_store *store, const struct quoin_hash *hash, uint64_t *ret_bytes)
{
	struct quoin_store_index index;
	struct quoin_txn *txn = NULL;
	bool has;

	if (is_distrusted(store, hash) || quoin_txn_begin(store->env, false, &txn, NULL) != 0)
		return false;
	has = quoin_store_index_get(store, txn, hash, &index, NULL) == 0;
	quoin_txn_abort(txn);
	if (has)
		*ret_bytes = index.bytes;
	return has;
}

bool
quoin_store_has_part(struct quoin_store *store, const struct quoin_hash *hash)
{
	uint64_t bytes;

	return quoin_store_part_bytes(store, hash, &bytes);
}

static void
set_staging(struct quoin_store *store, const struct quoin_hash *hash)
{
	(void)pthread_mutex_lock(&store->staging_lock);
	store->is_staging = hash != NULL;
	if (hash != NULL)
		store->staging = *hash;
	(void)pthread_mutex_unlock(&store->staging_lock);
}

static int
put_index(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash,
    const struct quoin_store_index *index, struct quoin_error *err)
{
	struct quoin_buf buf;
	int r;

	quoin_buf_init(&buf, 64);
	quoin_store_index_encode(index, &buf);
	r = buf.error != 0 ? quoin_error_set(err, buf.error, "cannot encode a part's index")
			   : quoin_txn_put(txn, store->databases[QUOIN_STORE_PARTS],
				 quoin_span_of(hash->bytes, sizeof hash->bytes), quoin_buf_span(&buf), err);
	quoin_buf_clear(&buf);
	return r;
}

/* One segment, written where it stays. */
static int
fill_segment(struct quoin_store *store, struct quoin_txn *txn, const struct quoin_hash *hash, uint64_t part_bytes,
    uint32_t i, quoin_store_fill *fill, void *ctx, struct quoin_error *err)
{
	const size_t bytes = quoin_store_segment_bytes(part_bytes, i);
	const size_t room = bytes < QUOIN_STORE_SEGMENT_BYTES_MIN ? QUOIN_STORE_SEGMENT_BYTES_MIN : bytes;
	struct quoin_hash filled = {0};
	struct quoin_store_key key;
	uint8_t *at;
	int r;

	quoin_store_segment_key(hash, i, &key);
	r = quoin_txn_reserve(txn, store->databases[QUOIN_STORE_SEGMENTS], quoin_store_key_span(&key), room, &at, err);
	if (r != 0)
		return r;
	r = fill(ctx, (uint64_t)i * QUOIN_SEGMENT_BYTES_MAX, at, bytes, &filled);
	if (r != 0)
		return quoin_error_set(err, r, "the content of a part broke off: %s", quoin_error_text(r));
	memset(at + bytes, 0, room - bytes);
	if (room == bytes && !quoin_hash_is_zero(&filled))
		quoin_txn_seal_as(at, &filled);
	else
		quoin_txn_seal(at, room);
	return 0;
}

int
quoin_store_stage(struct quoin_store *store, const struct quoin_hash *hash, uint64_t part_bytes,
    quoin_store_fill *fill, void *ctx, struct quoin_error *err)
{
	struct quoin_store_index index;
	struct quoin_txn *txn = NULL;
	int r = 0;

	if (part_bytes > QUOIN_PART_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a part of %llu bytes is over the limit of %u",
		    (unsigned long long)part_bytes, QUOIN_PART_BYTES_MAX);
	if (quoin_store_has_part(store, hash))
		return 0;
	index = (struct quoin_store_index){part_bytes, quoin_store_segment_count(part_bytes)};
	set_staging(store, hash);
	/* The last segment and the index that makes the part visible are one transaction. */
	for (uint32_t i = 0; i == 0 || i < index.segment_count; i++) {
		r = quoin_txn_begin(store->env, true, &txn, err);
		if (r != 0)
			break;
		if (i < index.segment_count)
			r = fill_segment(store, txn, hash, part_bytes, i, fill, ctx, err);
		if (r == 0 && i + 1 >= index.segment_count)
			r = put_index(store, txn, hash, &index, err);
		if (r == 0)
			r = quoin_txn_commit(txn, err);
		else
			quoin_txn_abort(txn);
		if (r != 0)
			break;
	}
	set_staging(store, NULL);
	if (r == 0)
		trust_again(store, hash);
	return r;
}

/* ---- Removing ---- */

struct collection {
	const struct quoin_hash *keep;
	size_t keep_count;
	bool is_staging;
	struct quoin_hash staging;
};

static bool
is_kept(const struct collection *collection, const struct quoin_hash *hash)
{
	if (collection->is_staging && quoin_hash_equal(&collection->staging, hash))
		return true;
	for (size_t i = 0; i < collection->keep_count; i++)
		if (quoin_hash_equal(&collection->keep[i], hash))
			return true;
	return false;
}

/* The first hash at or after "from" (a prefix of keys in this database) that is not kept: 1, 0, or a code. */
static int
next_unkept(struct quoin_store *store, enum quoin_store_database database, const struct collection *collection,
    struct quoin_hash *hash, struct quoin_error *err)
{
	uint8_t from[QUOIN_STORE_KEY_BYTES + 1] = {0};
	struct quoin_txn *txn = NULL;
	struct quoin_span key, value, at = {0};
	int r;

	r = quoin_txn_begin(store->env, false, &txn, err);
	if (r != 0)
		return r;
	while ((r = quoin_txn_next(txn, store->databases[database], at, &key, &value, err)) == 1) {
		if (key.len < QUOIN_HASH_BYTES || key.len > QUOIN_STORE_KEY_BYTES) {
			r = quoin_error_set(err, QUOIN_ECORRUPT, "a part's key in %s is damaged", store->dir);
			break;
		}
		memcpy(hash->bytes, key.data, QUOIN_HASH_BYTES);
		if (!is_kept(collection, hash))
			break;
		/* On behind every key that begins with this hash. */
		memcpy(from, hash->bytes, QUOIN_HASH_BYTES);
		memset(from + QUOIN_HASH_BYTES, 0xff, 3);
		at = quoin_span_of(from, QUOIN_HASH_BYTES + 3);
	}
	quoin_txn_abort(txn);
	return r;
}

/* The index goes with the first transaction, so that no reader ever sees half a part; segments one by one. */
static int
remove_part(struct quoin_store *store, const struct quoin_hash *hash, struct quoin_error *err)
{
	struct quoin_store_key key;
	struct quoin_txn *txn = NULL;
	int r;

	r = quoin_txn_begin(store->env, true, &txn, err);
	if (r != 0)
		return r;
	r = quoin_txn_del(txn, store->databases[QUOIN_STORE_PARTS], quoin_span_of(hash->bytes, sizeof hash->bytes), err);
	for (size_t i = 0; i < QUOIN_SEGMENTS_MAX && r == 0; i++) {
		quoin_store_segment_key(hash, i, &key);
		r = quoin_txn_del(txn, store->databases[QUOIN_STORE_SEGMENTS], quoin_store_key_span(&key), err);
	}
	if (r == 0)
		return quoin_txn_commit(txn, err);
	quoin_txn_abort(txn);
	return r;
}

int
quoin_store_collect(struct quoin_store *store, const struct quoin_hash *keep, size_t keep_count, size_t *ret_removed,
    struct quoin_error *err)
{
	static const enum quoin_store_database places[] = {QUOIN_STORE_PARTS, QUOIN_STORE_SEGMENTS};
	struct collection collection = {.keep = keep, .keep_count = keep_count};
	struct quoin_hash hash;
	size_t removed = 0;
	int r = 0;

	(void)pthread_mutex_lock(&store->staging_lock);
	collection.is_staging = store->is_staging;
	collection.staging = store->staging;
	(void)pthread_mutex_unlock(&store->staging_lock);
	for (size_t i = 0; i < sizeof places / sizeof places[0] && r == 0; i++) {
		while ((r = next_unkept(store, places[i], &collection, &hash, err)) == 1) {
			r = remove_part(store, &hash, err);
			if (r != 0)
				break;
			removed++;
		}
	}
	if (ret_removed != NULL)
		*ret_removed = removed;
	return r;
}

/* ---- The audit's reading ---- */

/* Every value of a database against its hash. */
static int
verify_database(struct quoin_store *store, struct quoin_txn *txn, enum quoin_store_database database,
    struct quoin_error *err)
{
	uint8_t from[QUOIN_STORE_KEY_BYTES + 1];
	struct quoin_span at = {0}, key, value;
	int r;

	while ((r = quoin_txn_next(txn, store->databases[database], at, &key, &value, err)) == 1) {
		if (key.len == 0 || key.len > QUOIN_STORE_KEY_BYTES)
			return quoin_error_set(err, QUOIN_ECORRUPT, "a key in %s is damaged", store->dir);
		r = quoin_txn_get(txn, store->databases[database], key, false, &value, err);
		if (r != 0)
			return r;
		memcpy(from, key.data, key.len);
		from[key.len] = 0;
		at = quoin_span_of(from, key.len + 1);
	}
	return r;
}

/* The parts of the active release are whole, and are what their names say. */
static int
verify_active(struct quoin_store_snapshot *snapshot, struct quoin_error *err)
{
	struct quoin_store_active *active;
	struct quoin_store_content content;
	struct quoin_hasher hasher;
	struct quoin_hash hash;
	int r;

	active = calloc(1, sizeof *active);
	if (active == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_store_snapshot_active(snapshot, active, err);
	for (size_t i = 0; i < active->part_count && r == 0; i++) {
		r = quoin_store_snapshot_part(snapshot, &active->parts[i].hash, true, &content, err);
		if (r == QUOIN_ENOENT)
			r = quoin_error_set(err, QUOIN_ECORRUPT, "part %s of the active release is not there",
			    active->parts[i].name);
		if (r != 0)
			break;
		quoin_hasher_init(&hasher);
		for (size_t k = 0; k < content.segment_count; k++)
			quoin_hasher_add(&hasher, content.segments[k]);
		quoin_hasher_finish(&hasher, &hash);
		if (!quoin_hash_equal(&hash, &active->parts[i].hash))
			r = quoin_error_set(err, QUOIN_ECORRUPT, "part %s of the active release is damaged",
			    active->parts[i].name);
	}
	free(active);
	return r == QUOIN_ENOENT ? 0 : r;
}

int
quoin_store_verify(const char *state, const char *namespace_name, struct quoin_error *err)
{
	struct quoin_store *store = NULL;
	struct quoin_store_snapshot *snapshot = NULL;
	int r;

	r = quoin_store_attach_as(state, namespace_name, false, &store, err);
	if (r != 0)
		return r;
	r = quoin_store_snapshot_open(store, &snapshot, err);
	for (size_t i = 0; i < QUOIN_STORE_DATABASES && r == 0; i++)
		r = verify_database(store, snapshot->txn, (enum quoin_store_database)i, err);
	if (r == 0)
		r = verify_active(snapshot, err);
	quoin_store_snapshot_close(snapshot);
	quoin_store_close(store);
	return r;
}
