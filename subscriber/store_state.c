/*
 * What an agent begins from, beside documents and ratchets: where it goes on reading, fuses, and what may be loaded.
 */
#include <string.h>

#include "subscriber/store_layout.h"

/* What "meta" has under this key, in a snapshot that the caller ends, whatever is returned. QUOIN_ENOENT: nothing. */
static int
look(struct quoin_store *store, const char *key, struct quoin_txn **ret_txn, struct quoin_span *ret, struct quoin_error *err)
{
	int r = quoin_txn_begin(store->env, false, ret_txn, err);

	return r != 0 ? r : quoin_store_meta_get(store, *ret_txn, key, ret, err);
}

int
quoin_store_offset_get(struct quoin_store *store, enum quoin_topic topic, struct quoin_store_offset *ret,
    struct quoin_error *err)
{
	char key[QUOIN_STORE_OFFSET_KEY_BYTES];
	struct quoin_txn *txn = NULL;
	struct quoin_span bytes;
	int r;

	memset(ret, 0, sizeof *ret);
	quoin_store_offset_key(topic, key);
	r = look(store, key, &txn, &bytes, err);
	if (r == 0 && quoin_store_offset_decode(bytes, ret) != 0)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "the offset of %s in %s is damaged", quoin_topic_word(topic),
		    store->dir);
	quoin_txn_abort(txn);
	return r == QUOIN_ENOENT ? 0 : r;
}

int
quoin_store_fuses_get(struct quoin_store *store, struct quoin_fuse *fuses, size_t *ret_count, struct quoin_error *err)
{
	struct quoin_txn *txn = NULL;
	struct quoin_span bytes;
	int r;

	*ret_count = 0;
	r = look(store, "fuses", &txn, &bytes, err);
	if (r == 0 && quoin_store_fuses_decode(bytes, fuses, ret_count) != 0)
		r = quoin_error_set(err, QUOIN_ECORRUPT, "the crash fuses in %s are damaged", store->dir);
	quoin_txn_abort(txn);
	return r == QUOIN_ENOENT ? 0 : r;
}

int
quoin_store_models_get(struct quoin_store *store, struct quoin_agent_model_name **ret, size_t *ret_count,
    struct quoin_error *err)
{
	struct quoin_txn *txn = NULL;
	struct quoin_span bytes;
	int r;

	*ret = NULL;
	*ret_count = 0;
	r = look(store, "models", &txn, &bytes, err);
	if (r == 0)
		r = quoin_store_models_decode(bytes, ret, ret_count);
	if (r == QUOIN_ECORRUPT || r == QUOIN_ENOMEM)
		(void)quoin_error_set(err, r, "the models that may be loaded, in %s: %s", store->dir, quoin_error_text(r));
	quoin_txn_abort(txn);
	return r == QUOIN_ENOENT ? 0 : r;
}
