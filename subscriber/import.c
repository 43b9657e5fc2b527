#include "subscriber/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trust.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "subscriber/audit.h"
#include "subscriber/fetch.h"
#include "subscriber/identity.h"
#include "subscriber/trial.h"

#define DOCUMENTS_MAX 3

struct seeding {
	const struct quoin_conf *conf;
	const char *dir;
	struct quoin_trust trust;
	struct quoin_identity identity;
	struct quoin_cert cert; /* the identity's */
	struct quoin_store *store;
	struct quoin_ratchets ratchets;
	struct quoin_release release;
	struct quoin_docref release_ref;
	struct quoin_activation activation;
	struct quoin_position position;
	struct quoin_sealed sealed[DOCUMENTS_MAX]; /* what the commit brings */
	struct quoin_store_document documents[DOCUMENTS_MAX];
	size_t document_count;
};

/* ---- Documents ---- */

static int
read_document(struct seeding *seeding, const char *name, struct quoin_sealed *ret, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope = {0};
	char path[QUOIN_PATH_BYTES];
	int r;

	r = quoin_path_join(seeding->dir, name, path, sizeof path);
	if (r != 0)
		return quoin_error_set(err, r, "the path of %s is too long", name);
	r = quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, &detached, err);
	if (r == QUOIN_ENOENT)
		r = quoin_error_set(err, QUOIN_EMISSING, "%s is missing; make the export anew", path);
	envelope.document = quoin_buf_span(&detached.file);
	envelope.signature_count = detached.signature_count;
	for (size_t i = 0; i < detached.signature_count; i++)
		envelope.signatures[i] = quoin_buf_span(&detached.signatures[i]);
	if (r == 0)
		r = quoin_sealed_copy(&envelope, ret);
	quoin_detached_clear(&detached);
	return r;
}

/* One more document for the commit. */
static struct quoin_sealed *
add_document(struct seeding *seeding, enum quoin_store_kind kind, uint64_t number, struct quoin_sealed *sealed)
{
	struct quoin_sealed *kept = &seeding->sealed[seeding->document_count];

	*kept = *sealed;
	seeding->documents[seeding->document_count++] =
	    (struct quoin_store_document){kind, number, quoin_buf_span(&kept->bytes)};
	return kept;
}

/* The pinned root, and whatever the store has learned since. */
static int
trust_store(struct seeding *seeding, struct quoin_error *err)
{
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_envelope envelope;
	struct quoin_span bytes;
	uint64_t number = 0;
	int r;

	r = quoin_store_snapshot_open(seeding->store, &snapshot, err);
	if (r != 0)
		return r;
	while ((r = quoin_store_snapshot_next(snapshot, QUOIN_STORE_ROOT, number, &number, &bytes, err)) == 1) {
		r = quoin_envelope_decode(bytes, &envelope, err);
		if (r == 0)
			r = quoin_trust_advance(&seeding->trust, &envelope, err);
		if ((r != 0 && r != QUOIN_EREPLAY) || number == UINT64_MAX)
			break;
		number++;
	}
	quoin_store_snapshot_close(snapshot);
	return r == QUOIN_EREPLAY ? 0 : r;
}

static int
take_root(struct seeding *seeding, struct quoin_error *err)
{
	uint64_t before = seeding->trust.root.version;
	struct quoin_sealed sealed = {0};
	int r;

	r = read_document(seeding, "root.txt", &sealed, err);
	if (r == 0)
		r = quoin_trust_advance(&seeding->trust, &sealed.envelope, err);
	if (r == QUOIN_EREPLAY) /* older than ours: ours decides */
		r = 0;
	if (r == 0 && seeding->trust.root.version > before)
		(void)add_document(seeding, QUOIN_STORE_ROOT, seeding->trust.root.version, &sealed);
	else
		quoin_sealed_clear(&sealed);
	if (r == 0 && seeding->trust.root.version < seeding->ratchets.root_version)
		r = quoin_error_set(err, QUOIN_EREPLAY, "this host has seen root %llu, and %llu is the newest at hand; bring the newer",
		    (unsigned long long)seeding->ratchets.root_version, (unsigned long long)seeding->trust.root.version);
	return r;
}

static int
take_release(struct seeding *seeding, struct quoin_error *err)
{
	struct quoin_sealed sealed = {0};
	int r;

	r = read_document(seeding, "release.txt", &sealed, err);
	if (r == 0)
		r = quoin_trust_verify(&seeding->trust, QUOIN_DOCUMENT_RELEASE, &sealed.envelope, &seeding->release_ref.hash, err);
	if (r == 0)
		r = quoin_release_parse(sealed.envelope.document, &seeding->release, err);
	if (r != 0) {
		quoin_sealed_clear(&sealed);
		return r;
	}
	seeding->release_ref.number = seeding->release.number;
	(void)add_document(seeding, QUOIN_STORE_RELEASE, seeding->release.number, &sealed);
	return 0;
}

static int
take_activation(struct seeding *seeding, struct quoin_error *err)
{
	struct quoin_sealed sealed = {0};
	struct quoin_hash hash;
	int r;

	r = read_document(seeding, "activation.txt", &sealed, err);
	if (r == 0)
		r = quoin_trust_verify(&seeding->trust, QUOIN_DOCUMENT_ACTIVATION, &sealed.envelope, &hash, err);
	if (r == 0)
		r = quoin_activation_parse(sealed.envelope.document, &seeding->activation, err);
	if (r != 0) {
		quoin_sealed_clear(&sealed);
		return r;
	}
	seeding->position = (struct quoin_position){seeding->activation.epoch, seeding->activation.seq, hash};
	(void)add_document(seeding, QUOIN_STORE_ACTIVATION, 0, &sealed);
	return 0;
}

/* ---- Whether it may ---- */

static bool
is_revoked(const struct seeding *seeding, uint64_t number)
{
	for (size_t i = 0; i < seeding->ratchets.revoked_count; i++)
		if (seeding->ratchets.revoked[i] == number)
			return true;
	return quoin_activation_has_revoked(&seeding->activation, number);
}

/* Never back, by (epoch, seq). */
static int
check_ratchets(const struct seeding *seeding, struct quoin_error *err)
{
	const struct quoin_position *at = &seeding->position, *held = &seeding->ratchets.obeyed;
	int order = quoin_position_compare(at, held);

	if (order < 0)
		return quoin_error_set(err, QUOIN_EREPLAY,
		    "this host has obeyed activation %llu/%llu, the export has %llu/%llu; nothing was changed: import a newer export",
		    (unsigned long long)held->epoch, (unsigned long long)held->seq, (unsigned long long)at->epoch,
		    (unsigned long long)at->seq);
	if (order == 0 && held->seq != 0 && !quoin_hash_equal(&at->hash, &held->hash))
		return quoin_error_set(err, QUOIN_EFORK, "two different activations %llu/%llu; find out what signed them",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq);
	if (at->epoch < seeding->trust.root.epoch)
		return quoin_error_set(err, QUOIN_EREPLAY, "activation %llu/%llu is of an epoch that root %llu ended",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq, (unsigned long long)seeding->trust.root.version);
	if (at->epoch > seeding->trust.root.epoch)
		return quoin_error_set(err, QUOIN_EMISSING, "activation %llu/%llu is of an epoch that root %llu does not know; bring the "
		    "newer root", (unsigned long long)at->epoch, (unsigned long long)at->seq,
		    (unsigned long long)seeding->trust.root.version);
	return 0;
}

/* The release is what the activation selects for this host, and live: rather no view than another. */
static int
check_selected(const struct seeding *seeding, struct quoin_error *err)
{
	uint64_t number = seeding->release.number,
		 selects = quoin_activation_selects(&seeding->activation, seeding->cert.host, &seeding->cert.labels);
	const struct quoin_live *live = quoin_activation_live(&seeding->activation, number);

	if (is_revoked(seeding, number))
		return quoin_error_set(err, QUOIN_ECONFLICT, "release %llu is revoked; nothing was changed",
		    (unsigned long long)number);
	if (selects != number)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the export's activation selects release %llu for %s, not %llu; nothing was changed: import an export of that one",
		    (unsigned long long)selects, seeding->cert.host, (unsigned long long)number);
	if (live == NULL || !quoin_hash_equal(&live->release.hash, &seeding->release_ref.hash))
		return quoin_error_set(err, QUOIN_EFORK, "the export's activation is about another release %llu",
		    (unsigned long long)number);
	return 0;
}

/* ---- Parts ---- */

static int
fill(void *ctx, uint64_t offset, uint8_t *at, size_t bytes, struct quoin_hash *ret_hash)
{
	const struct quoin_buf *content = ctx;

	(void)ret_hash;
	if (offset + bytes > content->len)
		return QUOIN_ECORRUPT;
	memcpy(at, content->data + offset, bytes);
	return 0;
}

static int
stage_part(const struct seeding *seeding, const struct quoin_part *part, struct quoin_error *err)
{
	struct quoin_buf content;
	struct quoin_hash hash;
	char path[QUOIN_PATH_BYTES + QUOIN_NAME_BYTES_MAX + 8];
	int r;

	snprintf(path, sizeof path, "%s/parts/%s", seeding->dir, part->name);
	quoin_buf_init(&content, QUOIN_PART_BYTES_MAX);
	r = quoin_file_read(path, &content, err);
	if (r == QUOIN_ENOENT)
		r = quoin_error_set(err, QUOIN_EMISSING, "%s is missing; make the export anew", path);
	if (r == 0) {
		quoin_hash_of(quoin_buf_span(&content), &hash);
		if (content.len != part->bytes || !quoin_hash_equal(&hash, &part->hash))
			r = quoin_error_set(err, QUOIN_ECORRUPT, "%s does not have the bytes that were signed; make the export anew", path);
	}
	if (r == 0)
		r = quoin_store_stage(seeding->store, &part->hash, part->bytes, fill, &content, err);
	quoin_buf_clear(&content);
	return r;
}

/* Stage what this host takes, fill in the pointer's table, and try it in a child. */
static int
stage_parts(const struct seeding *seeding, struct quoin_store_active *active, struct quoin_error *err)
{
	const struct quoin_conf *conf = seeding->conf;
	const struct quoin_fetch_parts parts = {seeding->cert.role, conf->parts, conf->part_count};
	const struct quoin_trial trial = {.state = conf->state, .namespace_name = conf->namespace_name, .store = seeding->store,
	    .parts = parts, .shard = "", .objectives_max = conf->limit_objectives, .models_max = conf->limit_models,
	    .attributes_max = conf->limit_attributes};
	struct quoin_agent_model_name *models = NULL;
	size_t model_count = 0;
	uint64_t bytes = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < seeding->release.part_count; i++) {
		const struct quoin_part *part = &seeding->release.parts[i];
		struct quoin_store_part *to = &active->parts[active->part_count];

		if (!quoin_fetch_wants(&parts, part->name))
			continue;
		bytes += part->bytes;
		if (bytes > conf->limit_bytes)
			return quoin_error_set(err, QUOIN_ELIMIT, "the parts have more bytes than limit.bytes, %llu",
			    (unsigned long long)conf->limit_bytes);
		snprintf(to->name, sizeof to->name, "%s", part->name);
		snprintf(to->schema, sizeof to->schema, "%s", part->schema);
		to->bytes = part->bytes;
		to->hash = part->hash;
		active->part_count++;
		r = stage_part(seeding, part, err);
	}
	if (r == 0)
		r = quoin_trial_run(&trial, &seeding->release, &models, &model_count, err);
	free(models);
	return r;
}

/* ---- The whole ---- */

static int
open_store(struct seeding *seeding, struct quoin_error *err)
{
	const struct quoin_conf *conf = seeding->conf;
	bool quarantined = false, is_new;
	int r;

	r = quoin_audit(conf->state, conf->namespace_name, &quarantined, err);
	if (quarantined)
		quoin_log_error(QUOIN_LOG_ERROR, "quarantined", err, "state=%s", conf->state);
	else if (r != 0)
		return r;
	r = quoin_store_open(conf->state, &seeding->trust.root.origin, &seeding->store, err);
	if (r != 0)
		return r;
	quoin_store_ratchets(seeding->store, &seeding->ratchets, &is_new);
	/* As for any new store: statuses are numbered above whatever this host said before (PROTOCOL.md section 3). */
	if (is_new)
		seeding->ratchets.status_number = (uint64_t)quoin_clock_wall_ms();
	return 0;
}

/* Who this host is. A certificate that is over still says it. */
static int
read_identity(struct seeding *seeding, struct quoin_error *err)
{
	struct quoin_detached files = {0};
	struct quoin_envelope root;
	int r;

	if (seeding->conf->namespace_name[0] == '\0' || seeding->conf->state[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"namespace\" and \"state\" must be set");
	r = quoin_pinned_root_read(seeding->conf->root, &files, &root, err);
	if (r == 0)
		r = quoin_trust_init(&seeding->trust, &root, err);
	if (r == 0 && strcmp(seeding->trust.root.origin.name, seeding->conf->namespace_name) != 0)
		r = quoin_error_set(err, QUOIN_ENAMESPACE, "the root %s is of the namespace %s", seeding->conf->root,
		    seeding->trust.root.origin.name);
	if (r == 0)
		r = quoin_identity_read(seeding->conf->identity, &seeding->identity, err);
	if (r == 0)
		r = quoin_cert_parse(seeding->identity.cert.envelope.document, &seeding->cert, err);
	if (r == 0)
		r = quoin_origin_check(&seeding->cert.origin, &seeding->trust.root.origin, err);
	if (r == 0)
		r = quoin_identity_check(&seeding->identity, &seeding->cert, err);
	if (r == 0 && seeding->cert.role != QUOIN_HOST_ROUTER)
		r = quoin_error_set(err, QUOIN_ECONFLICT,
		    "%s is a serving host: only the store of a router is seeded, because /ready must not rest on an old activation",
		    seeding->cert.host);
	quoin_detached_clear(&files);
	return r;
}

static int
commit(struct seeding *seeding, struct quoin_store_active *active, struct quoin_error *err)
{
	struct quoin_store_change change = {.documents = seeding->documents, .document_count = seeding->document_count,
	    .ratchets = &seeding->ratchets, .active = active};
	int r;

	for (size_t i = 0; i < seeding->activation.revoked_count; i++)
		quoin_agent_add_number(seeding->activation.revoked[i], seeding->ratchets.revoked, &seeding->ratchets.revoked_count,
		    QUOIN_HISTORY_MAX);
	seeding->ratchets.root_version = seeding->trust.root.version;
	seeding->ratchets.obeyed = seeding->position;
	seeding->ratchets.generation++;
	active->generation = seeding->ratchets.generation;
	active->release = seeding->release_ref;
	active->obeyed = seeding->position;
	r = quoin_store_commit(seeding->store, &change, err);
	return r != 0 ? r : quoin_store_ratchets_copy(seeding->store, &seeding->ratchets, err);
}

int
quoin_store_import(const struct quoin_conf *conf, const char *dir, uint64_t *ret_release, struct quoin_error *err)
{
	struct seeding *seeding = calloc(1, sizeof *seeding);
	struct quoin_store_active *active = calloc(1, sizeof *active);
	struct quoin_hash hash;
	char path[QUOIN_PATH_BYTES];
	int r = quoin_crypto_init();

	if (r != 0 || seeding == NULL || active == NULL) {
		r = quoin_error_set(err, r != 0 ? r : QUOIN_ENOMEM, "cannot begin");
		goto out;
	}
	seeding->conf = conf;
	seeding->dir = dir;
	if (snprintf(path, sizeof path, "%s/release.txt", dir) >= (int)sizeof path || !quoin_file_exists(path))
		r = quoin_error_set(err, QUOIN_ENOENT, "%s is no export: it has no release.txt", dir);
	if (r == 0)
		r = read_identity(seeding, err);
	if (r == 0)
		r = open_store(seeding, err);
	if (r == 0)
		r = trust_store(seeding, err);
	if (r == 0)
		r = take_root(seeding, err);
	if (r == 0)
		r = quoin_trust_verify(&seeding->trust, QUOIN_DOCUMENT_CERT, &seeding->identity.cert.envelope, &hash, err);
	if (r == 0)
		r = take_release(seeding, err);
	if (r == 0)
		r = take_activation(seeding, err);
	if (r == 0)
		r = check_ratchets(seeding, err);
	if (r == 0)
		r = check_selected(seeding, err);
	if (r == 0)
		r = stage_parts(seeding, active, err);
	if (r == 0)
		r = commit(seeding, active, err);
	if (r == 0)
		*ret_release = seeding->release.number;
out:
	if (seeding != NULL) {
		quoin_identity_clear(&seeding->identity);
		quoin_store_close(seeding->store);
		quoin_release_clear(&seeding->release);
		quoin_activation_clear(&seeding->activation);
		for (size_t i = 0; i < seeding->document_count; i++)
			quoin_sealed_clear(&seeding->sealed[i]);
	}
	free(active);
	free(seeding);
	return r;
}
