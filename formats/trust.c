#include "formats/trust.h"

#include <stdio.h>
#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

/* What a signature is worth. */
enum worth {
	COUNTS,
	OF_OTHER_ROLE,
	AGAIN, /* its key has signed already */
	OF_OTHER_BYTES,
	OF_UNKNOWN_KEY,
	LEGACY,
	UNREADABLE,
};
#define WORTHS (UNREADABLE + 1)

static const char *const doubts[WORTHS] = {
    [OF_OTHER_ROLE] = "by a key of another role",
    [AGAIN] = "by a key that has signed already",
    [OF_OTHER_BYTES] = "not of these bytes",
    [OF_UNKNOWN_KEY] = "by a key that the root does not list",
    [LEGACY] = "in the legacy form: sign with minisign -S -H",
    [UNREADABLE] = "not a minisign signature",
};

/*
 * A key id only says which key to try; identity is the public key, and the root's keys are pairwise distinct, so counting
 * keys of the root is counting public keys. A signature that cannot be read counts for nothing: anybody may add one to a
 * record.
 */
static enum worth
judge(const struct quoin_root *root, enum quoin_role role, struct quoin_span document, struct quoin_span text,
    bool signed_by[QUOIN_KEYS_MAX])
{
	enum worth worth = OF_UNKNOWN_KEY;
	struct quoin_signature signature;
	int r = quoin_signature_parse(text, &signature, NULL);

	if (r != 0)
		return r == QUOIN_ESIGNATURE ? LEGACY : UNREADABLE;
	for (size_t k = 0; k < root->key_count; k++) {
		if (memcmp(root->keys[k].id, signature.key_id, QUOIN_KEY_ID_BYTES) != 0)
			continue;
		if (signed_by[k]) {
			worth = AGAIN;
			continue;
		}
		if (!quoin_signature_verify(&signature, root->keys[k].key, document)) {
			worth = OF_OTHER_BYTES;
			continue;
		}
		signed_by[k] = true;
		return root->keys[k].roles[role] ? COUNTS : OF_OTHER_ROLE;
	}
	return worth;
}

const struct quoin_root_key *
quoin_trust_signer(const struct quoin_root *root, enum quoin_role role, struct quoin_span document, struct quoin_span text)
{
	bool signed_by[QUOIN_KEYS_MAX] = {false};

	QUOIN_ASSERT(role < QUOIN_ROOT_ROLES);
	if (judge(root, role, document, text, signed_by) != COUNTS)
		return NULL;
	for (size_t k = 0; k < root->key_count; k++)
		if (signed_by[k])
			return &root->keys[k];
	return NULL;
}

/* " (2 by a key that…, 1 not of…)", what is wrong with those that do not count; "" if none is there. */
static void
print_doubts(const unsigned counts[WORTHS], char *out, size_t out_bytes)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = COUNTS + 1; i < WORTHS && at < out_bytes; i++)
		if (counts[i] > 0)
			at += (size_t)snprintf(out + at, out_bytes - at, "%s%u %s", at == 0 ? " (" : ", ", counts[i],
			    doubts[i]);
	if (at > 0 && at < out_bytes)
		(void)snprintf(out + at, out_bytes - at, ")");
}

static int
check_signatures(const struct quoin_root *root, enum quoin_role role, const struct quoin_envelope *envelope,
    struct quoin_error *err)
{
	bool signed_by[QUOIN_KEYS_MAX] = {false};
	unsigned counts[WORTHS] = {0};
	char why[320];

	QUOIN_ASSERT(role < QUOIN_ROOT_ROLES && root->threshold[role] >= 1);
	for (size_t i = 0; i < envelope->signature_count; i++)
		counts[judge(root, role, envelope->document, envelope->signatures[i], signed_by)]++;
	if (counts[COUNTS] >= root->threshold[role])
		return 0;
	if (counts[COUNTS] == 0 && counts[OF_OTHER_ROLE] > 0)
		return quoin_error_set(err, QUOIN_EROLE, "signed by a key that has not the role %s in root %llu",
		    quoin_role_name(role), (unsigned long long)root->version);
	print_doubts(counts, why, sizeof why);
	return quoin_error_set(err, QUOIN_ESIGNATURE, "%u of %u signatures needed of the role %s in root %llu%s",
	    counts[COUNTS], root->threshold[role], quoin_role_name(role), (unsigned long long)root->version, why);
}

static int
check_size(enum quoin_document_type type, struct quoin_span document, struct quoin_error *err)
{
	if (document.len > quoin_document_bytes_max(type))
		return quoin_error_set(err, QUOIN_ELIMIT, "the document has %zu bytes, at most %zu are allowed",
		    document.len, quoin_document_bytes_max(type));
	return 0;
}

int
quoin_trust_init(struct quoin_trust *trust, const struct quoin_envelope *root, struct quoin_error *err)
{
	int rc;

	memset(trust, 0, sizeof *trust);
	rc = quoin_root_parse(root->document, &trust->root, err);
	if (rc == 0)
		rc = check_signatures(&trust->root, QUOIN_ROLE_ROOT, root, err);
	if (rc != 0) {
		memset(trust, 0, sizeof *trust);
		return rc;
	}
	quoin_envelope_hash(root, &trust->root_hash);
	return 0;
}

/* The version that a root claims, before anything about it is believed; 0 if it cannot be read. */
static int
peek_root(const struct quoin_trust *trust, struct quoin_span document, uint64_t *ret_version, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	struct quoin_origin origin;

	*ret_version = 0;
	quoin_line_reader_init(&reader, document, QUOIN_DOCUMENT_ROOT, &origin, err);
	*ret_version = quoin_line_field_u64(&reader, "root");
	if (reader.failed != 0)
		return reader.failed;
	return quoin_origin_check(&origin, &trust->root.origin, err);
}

static int
check_root_version(const struct quoin_trust *trust, uint64_t version, struct quoin_error *err)
{
	uint64_t held = trust->root.version;

	if (version < held)
		return quoin_error_set(err, QUOIN_EREPLAY, "root %llu is older than the held root %llu",
		    (unsigned long long)version, (unsigned long long)held);
	if (version - held > 1)
		return quoin_error_set(err, QUOIN_EMISSING, "root %llu needs root %llu first",
		    (unsigned long long)version, (unsigned long long)(held + 1));
	return 0;
}

/* What the successor must be, beyond its signatures. */
static int
check_successor(const struct quoin_trust *trust, const struct quoin_root *next, struct quoin_error *err)
{
	if (next->version == trust->root.version)
		return quoin_error_set(err, QUOIN_EFORK,
		    "another root %llu is held already; keep both and find out who signed",
		    (unsigned long long)next->version);
	if (!quoin_hash_equal(&next->prev.hash, &trust->root_hash))
		return quoin_error_set(err, QUOIN_EFORK, "root %llu does not follow the held root %llu",
		    (unsigned long long)next->version, (unsigned long long)trust->root.version);
	if (next->epoch < trust->root.epoch)
		return quoin_error_set(err, QUOIN_EREPLAY, "root %llu goes back to epoch %llu from %llu",
		    (unsigned long long)next->version, (unsigned long long)next->epoch,
		    (unsigned long long)trust->root.epoch);
	return 0;
}

int
quoin_trust_advance(struct quoin_trust *trust, const struct quoin_envelope *root, struct quoin_error *err)
{
	struct quoin_root next;
	struct quoin_hash hash;
	uint64_t version;
	int rc;

	rc = check_size(QUOIN_DOCUMENT_ROOT, root->document, err);
	if (rc != 0)
		return rc;
	quoin_envelope_hash(root, &hash);
	if (quoin_hash_equal(&hash, &trust->root_hash))
		return 0;
	rc = peek_root(trust, root->document, &version, err);
	if (rc == 0)
		rc = check_root_version(trust, version, err);
	if (rc == 0)
		rc = check_signatures(&trust->root, QUOIN_ROLE_ROOT, root, err);
	if (rc == 0)
		rc = quoin_root_parse(root->document, &next, err);
	if (rc == 0)
		rc = check_successor(trust, &next, err);
	if (rc == 0)
		rc = check_signatures(&next, QUOIN_ROLE_ROOT, root, err);
	if (rc != 0)
		return rc;
	trust->root = next;
	trust->root_hash = hash;
	return 0;
}

/* Type line, system and namespace, after the signatures. */
static int
check_head(const struct quoin_trust *trust, enum quoin_document_type type, struct quoin_span document,
    struct quoin_error *err)
{
	struct quoin_line_reader reader;
	struct quoin_origin origin;

	quoin_line_reader_init(&reader, document, type, &origin, err);
	if (reader.failed != 0)
		return reader.failed;
	return quoin_origin_check(&origin, &trust->root.origin, err);
}

int
quoin_trust_verify(const struct quoin_trust *trust, enum quoin_document_type type,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err)
{
	int rc;

	QUOIN_ASSERT(type != QUOIN_DOCUMENT_STATUS);
	rc = check_size(type, envelope->document, err);
	if (rc == 0)
		rc = check_signatures(&trust->root, quoin_document_role(type), envelope, err);
	if (rc == 0)
		rc = check_head(trust, type, envelope->document, err);
	if (rc == 0)
		quoin_envelope_hash(envelope, ret_hash);
	return rc;
}

static int
check_cert(const struct quoin_trust *trust, const struct quoin_cert *cert, int64_t now_ms, struct quoin_error *err)
{
	if (quoin_root_has_revoked(&trust->root, cert->key))
		return quoin_error_set(err, QUOIN_EKEY, "the key of host %s is revoked in root %llu", cert->host,
		    (unsigned long long)trust->root.version);
	for (size_t i = 0; i < trust->root.key_count; i++) {
		if (memcmp(trust->root.keys[i].key, cert->key, QUOIN_PUBLIC_KEY_BYTES) == 0)
			return quoin_error_set(err, QUOIN_EKEY, "the key of host %s is a key of the root", cert->host);
	}
	if (now_ms < cert->not_before_ms)
		return quoin_error_set(err, QUOIN_EEXPIRED,
		    "the certificate of host %s is not valid yet; compare the clocks", cert->host);
	if (now_ms >= cert->not_after_ms)
		return quoin_error_set(err, QUOIN_EEXPIRED, "the certificate of host %s has expired; enrol it again",
		    cert->host);
	return 0;
}

int
quoin_trust_verify_cert(const struct quoin_trust *trust, const struct quoin_envelope *envelope, int64_t now_ms,
    struct quoin_cert *ret, struct quoin_error *err)
{
	struct quoin_hash hash;
	int rc;

	memset(ret, 0, sizeof *ret);
	rc = quoin_trust_verify(trust, QUOIN_DOCUMENT_CERT, envelope, &hash, err);
	if (rc == 0)
		rc = quoin_cert_parse(envelope->document, ret, err);
	if (rc == 0)
		rc = check_cert(trust, ret, now_ms, err);
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}

static bool
is_signed_by(const struct quoin_envelope *envelope, const struct quoin_cert *cert)
{
	for (size_t i = 0; i < envelope->signature_count; i++) {
		struct quoin_signature signature;

		if (quoin_signature_parse(envelope->signatures[i], &signature, NULL) == 0 &&
		    memcmp(signature.key_id, cert->key_id, QUOIN_KEY_ID_BYTES) == 0 &&
		    quoin_signature_verify(&signature, cert->key, envelope->document))
			return true;
	}
	return false;
}

/* A host speaks for itself alone: its name is the line after the namespace. */
static int
check_status_host(const struct quoin_trust *trust, const struct quoin_cert *cert, struct quoin_span document,
    struct quoin_error *err)
{
	char host[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_line_reader reader;
	struct quoin_origin origin;
	int rc;

	quoin_line_reader_init(&reader, document, QUOIN_DOCUMENT_STATUS, &origin, err);
	if (reader.failed != 0)
		return reader.failed;
	rc = quoin_origin_check(&origin, &trust->root.origin, err);
	if (rc != 0)
		return rc;
	quoin_line_expect(&reader, "host");
	quoin_line_name(&reader, host, false);
	if (reader.failed != 0)
		return reader.failed;
	if (strcmp(host, cert->host) != 0)
		return quoin_error_set(err, QUOIN_EROLE, "a status of host %s signed by host %s", host, cert->host);
	return 0;
}

int
quoin_trust_verify_status(const struct quoin_trust *trust, const struct quoin_cert *cert,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err)
{
	int rc;

	rc = check_size(QUOIN_DOCUMENT_STATUS, envelope->document, err);
	if (rc != 0)
		return rc;
	if (!is_signed_by(envelope, cert))
		return quoin_error_set(err, QUOIN_ESIGNATURE, "not signed by the key of host %s", cert->host);
	rc = check_status_host(trust, cert, envelope->document, err);
	if (rc == 0)
		quoin_envelope_hash(envelope, ret_hash);
	return rc;
}

int
quoin_seal(struct quoin_span document, const struct quoin_signing_key *keys, size_t key_count, struct quoin_sealed *ret)
{
	struct quoin_envelope envelope = {.document = document, .signature_count = key_count};
	struct quoin_buf texts[QUOIN_SIGNATURES_MAX];
	int rc = 0;

	memset(ret, 0, sizeof *ret);
	if (key_count > QUOIN_SIGNATURES_MAX || document.len > QUOIN_DOCUMENT_BYTES_MAX)
		return QUOIN_ELIMIT;
	for (size_t i = 0; i < key_count; i++)
		quoin_buf_init(&texts[i], QUOIN_MINISIG_BYTES_MAX);
	for (size_t i = 0; i < key_count && rc == 0; i++) {
		struct quoin_signature signature;

		rc = quoin_signature_make(&keys[i], document, &signature);
		if (rc == 0)
			rc = quoin_signature_print(&signature, &texts[i]);
		envelope.signatures[i] = quoin_buf_span(&texts[i]);
	}
	if (rc == 0)
		rc = document.len == 0 ? QUOIN_ESYNTAX : quoin_sealed_copy(&envelope, ret);
	for (size_t i = 0; i < key_count; i++)
		quoin_buf_clear(&texts[i]);
	return rc;
}
