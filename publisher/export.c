#include "publisher/export.h"

#include <stdio.h>
#include <string.h>

#include "lib/file.h"
#include "publisher/parts.h"

#define PATH_BYTES       2048
#define FETCH_TIMEOUT_MS 60000

struct quoin_envelope
quoin_export_envelope(const struct quoin_detached *detached)
{
	struct quoin_envelope envelope = {0};

	envelope.document = quoin_buf_span(&detached->file);
	envelope.signature_count = detached->signature_count;
	for (size_t i = 0; i < detached->signature_count; i++)
		envelope.signatures[i] = quoin_buf_span(&detached->signatures[i]);
	return envelope;
}

static int
write_document(const char *out, const char *name, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	char path[PATH_BYTES], ids[QUOIN_SIGNATURES_MAX][QUOIN_KEY_ID_TEXT_BYTES];
	const char *names[QUOIN_SIGNATURES_MAX];
	struct quoin_signature signature;
	int r;

	r = quoin_path_join(out, name, path, sizeof path);
	for (size_t i = 0; r == 0 && i < envelope->signature_count; i++) {
		r = quoin_signature_parse(envelope->signatures[i], &signature, err);
		quoin_key_id_print(signature.key_id, ids[i]);
		names[i] = ids[i];
	}
	if (r != 0)
		return r;
	return quoin_detached_write(path, envelope->document, envelope->signatures, names, envelope->signature_count, err);
}

static int
write_keys(const struct quoin_root *root, const char *out, struct quoin_error *err)
{
	char path[PATH_BYTES], id[QUOIN_KEY_ID_TEXT_BYTES];
	struct quoin_public_key key;
	struct quoin_buf text;
	int r;

	snprintf(path, sizeof path, "%s/keys", out);
	r = quoin_dir_make(path, 0755, err);
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	for (size_t i = 0; r == 0 && i < root->key_count; i++) {
		memcpy(key.id, root->keys[i].id, sizeof key.id);
		memcpy(key.key, root->keys[i].key, sizeof key.key);
		quoin_key_id_print(key.id, id);
		quoin_buf_reset(&text);
		r = quoin_public_key_print(&key, NULL, &text);
		snprintf(path, sizeof path, "%s/keys/%s.pub", out, id);
		if (r == 0)
			r = quoin_file_replace(path, quoin_buf_span(&text), 0644, err);
	}
	quoin_buf_clear(&text);
	return r;
}

static int
write_parts(const struct quoin_conf *conf, const struct quoin_control *control, uint64_t number, const char *out,
    struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_parts parts = {0};
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof path, "%s/parts", out);
	r = quoin_dir_make(path, 0755, err);
	if (r == 0)
		r = quoin_parts_open(conf, &lookup, err);
	if (r == 0)
		r = quoin_parts_fetch(lookup, control, number, NULL, FETCH_TIMEOUT_MS, &parts, err);
	for (size_t i = 0; r == 0 && i < parts.release.part_count; i++) {
		snprintf(path, sizeof path, "%s/parts/%s", out, parts.release.parts[i].name);
		r = quoin_file_replace(path, quoin_buf_span(&parts.contents[i]), 0644, err);
	}
	quoin_parts_clear(&parts);
	quoin_bus_lookup_close(lookup);
	return r;
}

/* What operators said: an activation that follows their intents is believed only where these are. */
static int
write_intents(const struct quoin_control *control, const char *out, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = &control->ledger;
	char path[PATH_BYTES], name[48], key[32];
	int r;

	if (ledger->intent_count == 0)
		return 0;
	snprintf(path, sizeof path, "%s/intents", out);
	r = quoin_dir_make(path, 0755, err);
	for (size_t i = 0; r == 0 && i < ledger->intent_count; i++) {
		const struct quoin_envelope *document;

		snprintf(key, sizeof key, "intent/%llu", (unsigned long long)ledger->intents[i].number);
		snprintf(name, sizeof name, "intents/%llu.txt", (unsigned long long)ledger->intents[i].number);
		document = quoin_control_document(control, key);
		if (document != NULL)
			r = write_document(out, name, document, err);
	}
	return r;
}

int
quoin_export_write(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_activations *activations, uint64_t number, const char *out, struct quoin_error *err)
{
	const struct quoin_envelope *root, *document;
	struct quoin_release release = {0};
	char key[32];
	int r;

	if (!quoin_dir_is_empty(out))
		return quoin_error_set(err, QUOIN_EEXISTS, "%s is not empty; name a new directory", out);
	r = quoin_control_release(control, number, &release, err);
	if (r == 0)
		r = quoin_dir_make(out, 0755, err);
	if (r == 0)
		r = write_parts(conf, control, number, out, err);
	if (r == 0)
		r = write_keys(&control->trust.root, out, err);
	if (r == 0)
		r = write_intents(control, out, err);
	snprintf(key, sizeof key, "root/%llu", (unsigned long long)control->trust.root.version);
	root = quoin_control_document(control, key);
	if (r == 0 && root != NULL)
		r = write_document(out, "root.txt", root, err);
	if (r == 0 && activations->has_newest)
		r = write_document(out, "activation.txt", &activations->newest_sealed.envelope, err);
	snprintf(key, sizeof key, "release/%llu", (unsigned long long)number);
	document = quoin_control_document(control, key);
	if (r == 0)
		r = write_document(out, "release.txt", document, err);
	quoin_release_clear(&release);
	return r;
}
