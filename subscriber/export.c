#include "subscriber/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/keyfile.h"
#include "formats/root.h"
#include "formats/signature.h"
#include "lib/file.h"
#include "subscriber/identity.h"
#include "subscriber/store.h"

struct export {
	const struct quoin_conf *conf;
	const char *out;
	struct quoin_store *store;
	struct quoin_store_snapshot *snapshot;
	struct quoin_store_active active;
};

/* ---- Documents ---- */

static int
write_document(const struct export *export, const char *name, const struct quoin_envelope *envelope,
    struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES], ids[QUOIN_SIGNATURES_MAX][QUOIN_KEY_ID_TEXT_BYTES];
	const char *names[QUOIN_SIGNATURES_MAX];
	struct quoin_signature signature;
	int r = quoin_path_join(export->out, name, path, sizeof path);

	for (size_t i = 0; r == 0 && i < envelope->signature_count; i++) {
		r = quoin_signature_parse(envelope->signatures[i], &signature, err);
		quoin_key_id_print(signature.key_id, ids[i]);
		names[i] = ids[i];
	}
	return r != 0
	    ? r
	    : quoin_detached_write(path, envelope->document, envelope->signatures, names, envelope->signature_count, err);
}

/* A document as the store has it. */
static int
write_stored(const struct export *export, const char *name, struct quoin_span bytes, struct quoin_error *err)
{
	struct quoin_envelope envelope;
	int r = quoin_envelope_decode(bytes, &envelope, err);

	return r == 0 ? write_document(export, name, &envelope, err) : r;
}

/* The public keys of a root, for minisign. */
static int
write_keys(const struct export *export, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_root *root = calloc(1, sizeof *root);
	char path[QUOIN_PATH_BYTES], id[QUOIN_KEY_ID_TEXT_BYTES];
	struct quoin_buf text;
	int r = root != NULL ? quoin_root_parse(envelope->document, root, err)
			     : quoin_error_set(err, QUOIN_ENOMEM, "out of memory");

	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	if (r == 0)
		r = quoin_path_join(export->out, "keys", path, sizeof path);
	if (r == 0)
		r = quoin_dir_make(path, 0755, err);
	for (size_t i = 0; r == 0 && i < root->key_count; i++) {
		struct quoin_public_key key;

		memcpy(key.id, root->keys[i].id, sizeof key.id);
		memcpy(key.key, root->keys[i].key, sizeof key.key);
		quoin_key_id_print(key.id, id);
		quoin_buf_reset(&text);
		r = quoin_public_key_print(&key, NULL, &text);
		if (snprintf(path, sizeof path, "%s/keys/%s.pub", export->out, id) >= (int)sizeof path)
			r = QUOIN_ELIMIT;
		if (r == 0)
			r = quoin_file_replace(path, quoin_buf_span(&text), 0644, err);
	}
	quoin_buf_clear(&text);
	free(root);
	return r;
}

/* The newest root that the host has learned, or the pinned one. */
static int
write_root(const struct export *export, struct quoin_error *err)
{
	struct quoin_detached files = {0};
	struct quoin_envelope envelope;
	struct quoin_span bytes, newest = {0};
	uint64_t number = 0;
	int r;

	while ((r = quoin_store_snapshot_next(export->snapshot, QUOIN_STORE_ROOT, number, &number, &bytes, err)) == 1) {
		newest = bytes;
		if (number++ == UINT64_MAX)
			break;
	}
	if (r < 0)
		return r;
	r = newest.len > 0 ? quoin_envelope_decode(newest, &envelope, err)
			   : quoin_pinned_root_read(export->conf->root, &files, &envelope, err);
	if (r == 0)
		r = write_keys(export, &envelope, err);
	if (r == 0)
		r = write_document(export, "root.txt", &envelope, err);
	quoin_detached_clear(&files);
	return r;
}

static int
write_intents(const struct export *export, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES], name[48];
	struct quoin_span bytes;
	uint64_t number = 0;
	int r = quoin_path_join(export->out, "intents", path, sizeof path);

	if (r == 0)
		r = quoin_dir_make(path, 0755, err);
	if (r != 0)
		return r;
	while ((r = quoin_store_snapshot_next(export->snapshot, QUOIN_STORE_INTENT, number, &number, &bytes, err)) == 1) {
		snprintf(name, sizeof name, "intents/%llu.txt", (unsigned long long)number);
		r = write_stored(export, name, bytes, err);
		if (r != 0 || number++ == UINT64_MAX)
			break;
	}
	return r;
}

static int
write_one(const struct export *export, enum quoin_store_kind kind, uint64_t number, const char *name,
    struct quoin_error *err)
{
	struct quoin_span bytes;
	int r = quoin_store_snapshot_document(export->snapshot, kind, number, &bytes, err);

	if (r == QUOIN_ENOENT)
		return quoin_error_set(err, QUOIN_EMISSING, "the store does not have %s", name);
	return r == 0 ? write_stored(export, name, bytes, err) : r;
}

/* ---- Parts ---- */

static int
write_part(const struct export *export, const struct quoin_store_part *part, struct quoin_error *err)
{
	struct quoin_store_content content;
	char path[QUOIN_PATH_BYTES];
	struct quoin_buf bytes;
	int r = 0;

	if (snprintf(path, sizeof path, "%s/parts/%s", export->out, part->name) >= (int)sizeof path)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path is too long");
	quoin_buf_init(&bytes, QUOIN_PART_BYTES_MAX);
	r = quoin_store_snapshot_part(export->snapshot, &part->hash, false, &content, err);
	for (size_t i = 0; r == 0 && i < content.segment_count; i++)
		r = quoin_buf_put_span(&bytes, content.segments[i]);
	if (r == 0)
		r = quoin_file_replace(path, quoin_buf_span(&bytes), 0644, err);
	quoin_buf_clear(&bytes);
	return r;
}

static int
write_parts(const struct export *export, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES];
	int r = quoin_path_join(export->out, "parts", path, sizeof path);

	if (r == 0)
		r = quoin_dir_make(path, 0755, err);
	for (size_t i = 0; r == 0 && i < export->active.part_count; i++)
		r = write_part(export, &export->active.parts[i], err);
	return r;
}

/* ---- The whole ---- */

static int
open_store(struct export *export, struct quoin_error *err)
{
	int r;

	if (export->conf->state[0] == '\0' || export->conf->namespace_name[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"namespace\" and \"state\" must be set: name the host's quoin.conf");
	r = quoin_store_attach(export->conf->state, export->conf->namespace_name, &export->store, err);
	if (r == 0)
		r = quoin_store_snapshot_open(export->store, &export->snapshot, err);
	if (r == 0)
		r = quoin_store_snapshot_active(export->snapshot, &export->active, err);
	if (r == QUOIN_ENOENT && export->snapshot != NULL)
		quoin_error_set(err, r, "nothing is active in the store of this host");
	return r;
}

int
quoin_store_export(const struct quoin_conf *conf, const char *out, uint64_t *ret_release, struct quoin_error *err)
{
	struct export export = {.conf = conf, .out = out};
	uint64_t number;
	int r = open_store(&export, err);

	number = export.active.release.number;
	if (r == 0 && !quoin_dir_is_empty(out))
		r = quoin_error_set(err, QUOIN_EEXISTS, "%s is not empty; name a new directory", out);
	if (r == 0)
		r = quoin_dir_make(out, 0755, err);
	if (r == 0)
		r = write_parts(&export, err);
	if (r == 0)
		r = write_root(&export, err);
	if (r == 0)
		r = write_intents(&export, err);
	if (r == 0)
		r = write_one(&export, QUOIN_STORE_ACTIVATION, 0, "activation.txt", err);
	if (r == 0)
		r = write_one(&export, QUOIN_STORE_RELEASE, number, "release.txt", err);
	if (r == 0)
		*ret_release = number;
	quoin_store_snapshot_close(export.snapshot);
	quoin_store_close(export.store);
	return r;
}
