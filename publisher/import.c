#include "publisher/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "lib/pack.h"
#include "lib/text.h"
#include "publisher/announce.h"
#include "publisher/export.h"
#include "publisher/import_gate.h"
#include "publisher/parts.h"

#define PATH_BYTES 2048

struct import {
	const struct quoin_conf *conf;
	struct quoin_control *control;
	struct quoin_bus_reader *reader;
	const char *dir;
	int timeout_ms;
	struct quoin_import_done *done;
	struct quoin_release release;
};

/* A document of the export. QUOIN_ENOENT: it has none. */
static int
read_document(const struct import *import, const char *name, struct quoin_detached *ret, struct quoin_error *err)
{
	char path[PATH_BYTES];
	int r = quoin_path_join(import->dir, name, path, sizeof path);

	if (r != 0)
		return quoin_error_set(err, r, "the path of %s is too long", name);
	if (!quoin_file_exists(path))
		return QUOIN_ENOENT;
	r = quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, ret, err);
	if (r != 0)
		quoin_error_at(err, path, 0, 0);
	return r;
}

/* ---- Parts ---- */

/* The chunks are named by the signed hash of the packed bytes: only a packing that gives the same bytes can replace them. */
static int
put_part(const struct import *import, const struct quoin_part *part, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {import->conf->properties, import->conf->property_count, "quoin"};
	struct quoin_buf content, packed;
	struct quoin_encoding put = {0};
	char path[PATH_BYTES], topic[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_hash hash;
	int r;

	quoin_topic_name(import->conf->namespace_name, QUOIN_TOPIC_BLOBS, topic);
	quoin_buf_init(&content, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&packed, (size_t)QUOIN_CHUNK_BYTES_MAX * QUOIN_CHUNKS_MAX);
	snprintf(path, sizeof path, "%s/parts/%s", import->dir, part->name);
	r = quoin_file_read(path, &content, err);
	if (r == 0) {
		/* It was verified, but that was another reading. */
		quoin_hash_of(quoin_buf_span(&content), &hash);
		if (!quoin_hash_equal(&hash, &part->hash))
			r = quoin_error_set(err, QUOIN_ECORRUPT, "%s does not have the bytes that were signed", path);
	}
	if (r == 0 && (r = quoin_pack(quoin_buf_span(&content), &packed)) != 0)
		quoin_error_set(err, r, "part %s cannot be packed", part->name);
	if (r == 0) {
		quoin_hash_of(quoin_buf_span(&packed), &hash);
		if (part->encoding_count == 0 || !quoin_hash_equal(&hash, &part->encodings[0].packed_hash))
			r = quoin_error_set(err, QUOIN_EVERSION,
			    "part %s packs to other bytes here than were signed (another version of zstd made them); import it with the "
			    "build that published it, or publish the content anew",
			    part->name);
	}
	if (r == 0)
		r = quoin_blobs_put_encoding(&bus, topic, part, &put, quoin_buf_span(&packed), &part->encodings[0], NULL, NULL,
		    &import->done->sent, err);
	free(put.chunks);
	quoin_buf_clear(&content);
	quoin_buf_clear(&packed);
	return r;
}

/* A part that an export of a host's store does not have must be on the bus. */
static int
find_part(const struct import *import, const struct quoin_part *part, struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_buf content;
	int r = quoin_parts_open(import->conf, &lookup, err);

	quoin_buf_init(&content, QUOIN_PART_BYTES_MAX);
	if (r == 0)
		r = quoin_blobs_get(lookup, part, import->timeout_ms, &content, err);
	if (r != 0)
		(void)quoin_error_prefix(err, "part %s is not in the export, and cannot be had from the bus", part->name);
	else
		import->done->sent.reused_bytes += part->encodings[0].packed_bytes;
	quoin_buf_clear(&content);
	quoin_bus_lookup_close(lookup);
	return r;
}

static bool
has_part(const struct import *import, const struct quoin_part *part)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/parts/%s", import->dir, part->name);
	return quoin_file_exists(path);
}

/* ---- Documents ---- */

struct announcement {
	struct quoin_control *control; /* the one that is announced with */
	const char *key;
	const struct quoin_envelope *envelope;
	const struct quoin_release *release; /* or */
	const struct quoin_intent *intent;   /* or neither: a root */
	bool is_there;
};

/* Behind the fence: whether it is there by now, and whether the chains would take it. Admitted to the ledger here, it is
 * found there when it is read back. */
static int
decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	struct announcement *announcement = ctx;
	const struct quoin_envelope *held = quoin_control_document(control, announcement->key);
	struct quoin_hash hash, have;
	int r = 0;

	quoin_envelope_hash(announcement->envelope, &hash);
	if (held != NULL) {
		quoin_envelope_hash(held, &have);
		announcement->is_there = quoin_hash_equal(&hash, &have);
		return announcement->is_there ? quoin_error_set(err, QUOIN_EEXISTS, "it is there")
					      : quoin_error_set(err, QUOIN_ECONFLICT,
						    "%s on the control topic is another one (a fork); nothing of it was written: "
						    "keep both and find out who signed them",
						    announcement->key);
	}
	if (announcement->release != NULL)
		r = quoin_ledger_admit_release(&announcement->control->ledger, announcement->release, &hash, err);
	else if (announcement->intent != NULL)
		r = quoin_ledger_admit_intent(&announcement->control->ledger, announcement->intent, &hash, err);
	if (r == QUOIN_EFORK) {
		err->code = r = QUOIN_ECONFLICT;
		(void)quoin_error_prefix(err, "%s does not fit what the control topic has (a fork)", announcement->key);
	}
	snprintf(key, key_bytes, "%s", announcement->key);
	return r != 0 ? r : quoin_sealed_copy(announcement->envelope, ret_sealed);
}

/* *ret_written: it was not there before. */
static int
announce(const struct import *import, struct announcement *announcement, bool *ret_written, struct quoin_error *err)
{
	struct quoin_error ignored = {0};
	int r;

	announcement->control = import->control;
	r = quoin_control_document(import->control, announcement->key) != NULL
	    ? decide(announcement, import->control, (char[1]){0}, 1, NULL, &ignored)
	    : quoin_announce(import->conf, import->control, import->reader, decide, announcement, import->timeout_ms, err);
	*ret_written = r == 0;
	if (announcement->is_there)
		return 0;
	if (ignored.code != 0)
		*err = ignored;
	return r;
}

static int
put_root(const struct import *import, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_root *root = calloc(1, sizeof *root);
	struct announcement announcement = {0};
	struct quoin_envelope envelope;
	char key[32];
	int r;

	if (root == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = read_document(import, "root.txt", &detached, err);
	envelope = quoin_export_envelope(&detached);
	if (r == 0)
		r = quoin_root_parse(envelope.document, root, err);
	/* What is held, or is older, needs no writing; the export was verified, so a newer one is the next. */
	if (r == 0 && root->version > import->control->trust.root.version) {
		snprintf(key, sizeof key, "root/%llu", (unsigned long long)root->version);
		announcement = (struct announcement){.key = key, .envelope = &envelope};
		r = announce(import, &announcement, &import->done->root_is_written, err);
	}
	quoin_detached_clear(&detached);
	free(root);
	return r;
}

static int
put_intent(const struct import *import, uint64_t number, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	struct quoin_intent intent;
	struct announcement announcement;
	struct quoin_hash hash;
	char name[64], key[32];
	bool written = false;
	int r;

	snprintf(name, sizeof name, "intents/%llu.txt", (unsigned long long)number);
	snprintf(key, sizeof key, "intent/%llu", (unsigned long long)number);
	r = read_document(import, name, &detached, err);
	envelope = quoin_export_envelope(&detached);
	if (r == 0)
		r = quoin_trust_verify(&import->control->trust, QUOIN_DOCUMENT_INTENT, &envelope, &hash, err);
	if (r == 0)
		r = quoin_intent_parse(envelope.document, &intent, err);
	if (r == 0 && intent.number != number)
		r = quoin_error_set(err, QUOIN_ESYNTAX, "%s holds another intent", name);
	if (r == 0) {
		announcement = (struct announcement){.key = key, .envelope = &envelope, .intent = &intent};
		r = announce(import, &announcement, &written, err);
		import->done->intents_written += written;
	}
	quoin_detached_clear(&detached);
	return r;
}

/* What operators said and still holds, in the order of numbers. */
static int
put_intents(const struct import *import, struct quoin_error *err)
{
	uint64_t *numbers = NULL;
	size_t count = 0;
	int r = quoin_export_intents(import->dir, &numbers, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = put_intent(import, numbers[i], err);
	free(numbers);
	return r;
}

static int
put_release(const struct import *import, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct announcement announcement = {.envelope = envelope, .release = &import->release};
	char key[32];
	int r;

	snprintf(key, sizeof key, "release/%llu", (unsigned long long)import->release.number);
	announcement.key = key;
	r = announce(import, &announcement, &import->done->release_is_written, err);
	import->done->release_was_there = announcement.is_there;
	return r;
}

static int
put_activation(const struct import *import, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	bool written = false;
	int r;

	r = read_document(import, "activation.txt", &detached, err);
	if (r == QUOIN_ENOENT)
		return 0;
	envelope = quoin_export_envelope(&detached);
	if (r == 0)
		r = quoin_import_gate(import->conf, import->control, import->reader, &envelope, import->timeout_ms, &written, err);
	if (r == 0)
		import->done->activation = written ? QUOIN_IMPORT_ACTIVATION_WRITTEN : QUOIN_IMPORT_ACTIVATION_HELD;
	quoin_detached_clear(&detached);
	return r;
}

/* Looked at before a byte is sent: what would be refused at the end, in front of all. */
static int
check_before(const struct import *import, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct announcement announcement = {.envelope = envelope, .release = &import->release};
	struct quoin_error ignored = {0};
	char key[32];

	if (!import->control->has_incarnation)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the control topic is not begun; nothing was written: run \"quoin init\" first, with the root key");
	snprintf(key, sizeof key, "release/%llu", (unsigned long long)import->release.number);
	announcement.key = key;
	if (quoin_control_document(import->control, key) == NULL)
		return quoin_control_check_root(import->control, quoin_clock_wall_ms(), err);
	if (decide(&announcement, import->control, (char[1]){0}, 1, NULL, &ignored) == QUOIN_ECONFLICT) {
		*err = ignored;
		return QUOIN_ECONFLICT;
	}
	return 0;
}

int
quoin_import(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const char *dir, int timeout_ms, struct quoin_import_done *ret, struct quoin_error *err)
{
	struct import import = {.conf = conf, .control = control, .reader = reader, .dir = dir, .timeout_ms = timeout_ms,
	    .done = ret};
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	uint64_t number;
	int r;

	memset(ret, 0, sizeof *ret);
	r = quoin_export_verify_held(dir, &control->trust, &number, err);
	if (r == 0)
		r = read_document(&import, "release.txt", &detached, err);
	envelope = quoin_export_envelope(&detached);
	if (r == 0)
		r = quoin_release_parse(envelope.document, &import.release, err);
	if (r == 0)
		r = check_before(&import, &envelope, err);
	if (r != 0)
		goto out;
	ret->release = import.release.number;
	for (size_t i = 0; r == 0 && i < import.release.part_count; i++)
		r = has_part(&import, &import.release.parts[i]) ? put_part(&import, &import.release.parts[i], err)
							       : find_part(&import, &import.release.parts[i], err);
	ret->parts_are_there = r == 0;
	if (r == 0)
		r = put_root(&import, err);
	if (r == 0)
		r = put_intents(&import, err);
	if (r == 0)
		r = put_release(&import, &envelope, err);
	if (r == 0)
		r = put_activation(&import, err);
out:
	quoin_release_clear(&import.release);
	quoin_detached_clear(&detached);
	return r;
}
