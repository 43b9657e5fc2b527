/*
 * Trust: the attack table. Every way to be believed without being signed by enough of the right keys.
 */
#include "formats/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/heartbeat.h"
#include "formats/incarnation.h"
#include "formats/intent.h"
#include "formats/status.h"
#include "tests/check.h"

#define KEYS 16

/* keys[0..2] root (two of three), [3..4] release (two of two), [5] operate, [6] gate, [7] enrol, the rest strangers. */
static struct quoin_signing_key keys[KEYS];
static struct quoin_root root1;
static struct quoin_sealed sealed1;
static struct quoin_trust trust;
static struct quoin_error err;

/* As quoin_seal; the bytes live as long as the case. */
static int
seal(struct quoin_span document, const struct quoin_signing_key *signers, size_t count, struct quoin_sealed *ret)
{
	static uint8_t *kept[256];
	static size_t kept_count;
	int rc = quoin_seal(document, signers, count, ret);

	CHECK(kept_count < sizeof kept / sizeof kept[0]);
	kept[kept_count++] = ret->bytes.data;
	return rc;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, QUOIN_KEY_ID_BYTES);
}

static void
add_key(struct quoin_root *root, const struct quoin_signing_key *key, enum quoin_role role)
{
	struct quoin_root_key *item = &root->keys[root->key_count++];

	memset(item, 0, sizeof *item);
	memcpy(item->id, key->public_key.id, sizeof item->id);
	memcpy(item->key, key->public_key.key, sizeof item->key);
	item->roles[role] = true;
	qsort(root->keys, root->key_count, sizeof root->keys[0], by_id);
}

static void
remove_key(struct quoin_root *root, const struct quoin_signing_key *key)
{
	for (size_t i = 0; i < root->key_count; i++) {
		if (memcmp(root->keys[i].id, key->public_key.id, QUOIN_KEY_ID_BYTES) != 0)
			continue;
		root->key_count--;
		memmove(&root->keys[i], &root->keys[i + 1], (root->key_count - i) * sizeof root->keys[0]);
		return;
	}
}

static void
seal_root(const struct quoin_root *root, const struct quoin_signing_key *signers, size_t count,
    struct quoin_sealed *ret)
{
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_root_print(root, &text), 0);
	CHECK_INT(seal(quoin_buf_span(&text), signers, count, ret), 0);
	quoin_buf_clear(&text);
}

static void
set_up(void)
{
	static const enum quoin_role roles[] = {QUOIN_ROLE_ROOT, QUOIN_ROLE_ROOT, QUOIN_ROLE_ROOT, QUOIN_ROLE_RELEASE,
	    QUOIN_ROLE_RELEASE, QUOIN_ROLE_OPERATE, QUOIN_ROLE_GATE, QUOIN_ROLE_ENROL};

	CHECK_INT(quoin_crypto_init(), 0);
	for (size_t i = 0; i < KEYS; i++)
		CHECK_INT(quoin_signing_key_new(&keys[i]), 0);
	root1 = (struct quoin_root){.origin = {.system = {1, 2, 3}, .name = "home"},
	    .version = 1,
	    .issued_ms = 1,
	    .expires_ms = 1000,
	    .epoch = 1,
	    .threshold = {2, 2, 1, 1, 1}};
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		add_key(&root1, &keys[i], roles[i]);
	seal_root(&root1, keys, 2, &sealed1);
	CHECK_INT(quoin_trust_init(&trust, &sealed1.envelope, &err), 0);
}

/* A heartbeat of this origin, signed by these keys. */
static void
seal_heartbeat(const struct quoin_origin *origin, const struct quoin_signing_key *signers, size_t count,
    struct quoin_sealed *ret)
{
	struct quoin_heartbeat heartbeat = {.origin = *origin, .number = 1, .expires_ms = 1, .interval_ms = 1};
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_heartbeat_print(&heartbeat, &text), 0);
	CHECK_INT(seal(quoin_buf_span(&text), signers, count, ret), 0);
	quoin_buf_clear(&text);
}

static void
seal_intent(const struct quoin_signing_key *signers, size_t count, struct quoin_sealed *ret)
{
	struct quoin_intent intent = {.origin = root1.origin, .number = 1, .action = QUOIN_ACTION_FREEZE};
	struct quoin_buf text;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_intent_print(&intent, &text), 0);
	CHECK_INT(seal(quoin_buf_span(&text), signers, count, ret), 0);
	quoin_buf_clear(&text);
}

/* Release documents are large; what trust looks at is only the head. */
static void
seal_release_head(const struct quoin_signing_key *signers, size_t count, struct quoin_sealed *ret)
{
	static const char text[] = "quoin-release-v1\nsystem 01020300000000000000000000000000\nnamespace home\n";

	CHECK_INT(seal(quoin_span_str(text), signers, count, ret), 0);
}

static int
verify(enum quoin_document_type type, const struct quoin_sealed *sealed)
{
	struct quoin_hash hash = {0};
	int rc = quoin_trust_verify(&trust, type, &sealed->envelope, &hash, &err);

	CHECK(rc == 0 ? quoin_hash_equal(&hash, &sealed->hash) : quoin_hash_is_zero(&hash));
	return rc;
}

static void
test_signers(void)
{
	struct quoin_sealed sealed;

	set_up();
	seal_heartbeat(&root1.origin, &keys[6], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), 0);
	seal_heartbeat(&root1.origin, &keys[6], 0, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	seal_heartbeat(&root1.origin, &keys[9], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	/* Every other role is the wrong one, root too. */
	for (size_t i = 0; i < 8; i++) {
		if (i == 6)
			continue;
		seal_heartbeat(&root1.origin, &keys[i], 1, &sealed);
		CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_EROLE);
	}
	seal_intent(&keys[6], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_INTENT, &sealed), QUOIN_EROLE);
	seal_intent(&keys[5], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_INTENT, &sealed), 0);
	/* A good document under another key of the topic is still what its first line says. */
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_EROLE);
}

/* What was wrong with what does not count is said, each by its number. */
static void
test_tells_what_does_not_count(void)
{
	struct quoin_sealed sealed, other;
	char legacy[1024];
	size_t bytes;

	set_up();
	seal_heartbeat(&root1.origin, &keys[9], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	CHECK_STR(err.message,
	    "0 of 1 signatures needed of the role gate in root 1 (1 by a key that the root does not list)");
	/* Of another document, and rubbish. */
	seal_intent(&keys[6], 1, &other);
	sealed.envelope.signatures[1] = other.envelope.signatures[0];
	sealed.envelope.signatures[2] = quoin_span_str("rubbish");
	sealed.envelope.signature_count = 3;
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	CHECK_CONTAINS(err.message,
	    " (1 not of these bytes, 1 by a key that the root does not list, 1 not a minisign signature)");
	/* The legacy form. */
	seal_heartbeat(&root1.origin, &keys[6], 1, &sealed);
	bytes = sealed.envelope.signatures[0].len;
	CHECK(bytes < sizeof legacy);
	memcpy(legacy, sealed.envelope.signatures[0].data, bytes);
	legacy[bytes] = '\0';
	memcpy(strstr(legacy, "\nRU"), "\nRW", 3); /* "ED" becomes "Ed" */
	sealed.envelope.signatures[0] = quoin_span_of(legacy, bytes);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	CHECK_STR(err.message,
	    "0 of 1 signatures needed of the role gate in root 1 (1 in the legacy form: sign with minisign -S -H)");
	/* None at all. */
	seal_heartbeat(&root1.origin, &keys[6], 0, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	CHECK_STR(err.message, "0 of 1 signatures needed of the role gate in root 1");
}

static void
test_thresholds(void)
{
	struct quoin_signing_key twice[2] = {keys[0], keys[0]};
	struct quoin_sealed sealed;

	set_up();
	seal_release_head(&keys[3], 2, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), 0);
	seal_release_head(&keys[3], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), QUOIN_ESIGNATURE);
	/* The same key twice is one key. */
	twice[0] = twice[1] = keys[3];
	seal_release_head(twice, 2, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), QUOIN_ESIGNATURE);
	/* And under another key id it is no key of the root. */
	memset(twice[1].public_key.id, 0xee, QUOIN_KEY_ID_BYTES);
	seal_release_head(twice, 2, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), QUOIN_ESIGNATURE);
	/* One of the role and one of another are one. */
	twice[1] = keys[5];
	seal_release_head(twice, 2, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), QUOIN_ESIGNATURE);
	CHECK_CONTAINS(err.message, "1 of 2 signatures needed");
	CHECK_CONTAINS(err.message, " (1 by a key of another role)");
	/* A stranger's signature, or rubbish, beside enough good ones does no harm. */
	seal_release_head(&keys[3], 2, &sealed);
	sealed.envelope.signatures[sealed.envelope.signature_count++] = quoin_span_str("rubbish");
	CHECK_INT(verify(QUOIN_DOCUMENT_RELEASE, &sealed), 0);
}

/* Every bit of the document and of the signature's two signatures matters. */
static void
test_tampering(void)
{
	struct quoin_sealed sealed;
	uint8_t *bytes;
	size_t body;

	set_up();
	seal_heartbeat(&root1.origin, &keys[6], 1, &sealed);
	bytes = sealed.bytes.data;
	body = 8 + sealed.envelope.document.len;
	for (size_t i = 8; i < sealed.bytes.len; i++) {
		struct quoin_envelope envelope;
		struct quoin_hash hash;
		int rc;

		if (i == body) /* the count and the size of the signature are the envelope's */
			i += 3;
		/* The untrusted comment is just that. */
		if (i == body + 3)
			i += (size_t)((uint8_t *)memchr(bytes + i, '\n', sealed.bytes.len - i) - (bytes + i));
		bytes[i] ^= 1;
		CHECK_INT(quoin_envelope_decode(quoin_buf_span(&sealed.bytes), &envelope, &err), 0);
		rc = quoin_trust_verify(&trust, QUOIN_DOCUMENT_HEARTBEAT, &envelope, &hash, &err);
		if (rc != QUOIN_ESIGNATURE)
			check_fail(__FILE__, __LINE__, "byte %zu of %zu changed: %d", i, sealed.bytes.len, rc);
		bytes[i] ^= 1;
	}
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), 0);
}

/* Replay across tenants and installations. */
static void
test_origins(void)
{
	struct quoin_origin origin;
	struct quoin_sealed sealed;

	set_up();
	origin = root1.origin;
	origin.system[15] = 1;
	seal_heartbeat(&origin, &keys[6], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_EOTHERSYSTEM);
	origin = root1.origin;
	memcpy(origin.name, "homes", sizeof "homes");
	seal_heartbeat(&origin, &keys[6], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ENAMESPACE);
}

/* Good signatures of the right role over something that is not the document it should be. */
static void
test_types(void)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
	    {"quoin-heartbeat-v2\nsystem 01020300000000000000000000000000\nnamespace home\n", QUOIN_EVERSION},
	    {"quoin-activation-v1\nsystem 01020300000000000000000000000000\nnamespace home\n", QUOIN_ESYNTAX},
	    {"quoin-heartbeat-v1\nsystem 0102030000000000000000000000000\nnamespace home\n", 0},
	};
	struct quoin_sealed sealed;

	set_up();
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(seal(quoin_span_str(rows[i].text), &keys[6], 1, &sealed), 0);
		CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), rows[i].code);
	}
	CHECK_INT(seal(quoin_span_str(rows[2].text), &keys[6], 1, &sealed), 0);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESYNTAX);
	CHECK_INT(seal(quoin_span_str("anything else"), &keys[6], 1, &sealed), QUOIN_ESYNTAX);
	CHECK_INT(seal(quoin_span_str(""), &keys[6], 1, &sealed), QUOIN_ESYNTAX);
}

static void
test_sizes(void)
{
	size_t bytes = quoin_document_bytes_max(QUOIN_DOCUMENT_HEARTBEAT) + 1;
	char *text = malloc(bytes + 1);
	struct quoin_sealed sealed;
	int head =
	    snprintf(text, bytes, "quoin-heartbeat-v1\nsystem 01020300000000000000000000000000\nnamespace home\n");

	memset(text + head, '\n', bytes - (size_t)head);
	text[bytes] = '\0';
	set_up();
	CHECK_INT(seal(quoin_span_str(text), &keys[6], 1, &sealed), 0);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ELIMIT);
	free(text);
}

static void
test_pinned_root(void)
{
	struct quoin_trust other;
	struct quoin_sealed sealed;
	struct quoin_signing_key signers[2];

	set_up();
	seal_root(&root1, keys, 1, &sealed);
	CHECK_INT(quoin_trust_init(&other, &sealed.envelope, &err), QUOIN_ESIGNATURE);
	signers[0] = signers[1] = keys[0];
	seal_root(&root1, signers, 2, &sealed);
	CHECK_INT(quoin_trust_init(&other, &sealed.envelope, &err), QUOIN_ESIGNATURE);
	seal_root(&root1, &keys[3], 2, &sealed);
	CHECK_INT(quoin_trust_init(&other, &sealed.envelope, &err), QUOIN_EROLE);
	seal_root(&root1, &keys[1], 2, &sealed);
	CHECK_INT(quoin_trust_init(&other, &sealed.envelope, &err), 0);
	CHECK_INT(other.root.version, 1);
	seal_heartbeat(&root1.origin, &keys[6], 1, &sealed);
	CHECK_INT(quoin_trust_init(&other, &sealed.envelope, &err), QUOIN_ESYNTAX);
}

static struct quoin_root
successor(const struct quoin_root *root, const struct quoin_sealed *sealed)
{
	struct quoin_root next = *root;

	next.version++;
	next.prev.number = root->version;
	next.prev.hash = sealed->hash;
	return next;
}

static int
advance(const struct quoin_sealed *sealed)
{
	struct quoin_trust before = trust;
	int rc = quoin_trust_advance(&trust, &sealed->envelope, &err);

	if (rc != 0)
		CHECK_MEM(&trust, sizeof trust, &before, sizeof before);
	return rc;
}

/* Rotation: the old root keys go out one by one; signed by thresholds of both. */
static void
test_rotation(void)
{
	struct quoin_signing_key signers[4];
	struct quoin_sealed sealed2, sealed3, sealed;
	struct quoin_root root2, root3;

	set_up();
	root2 = successor(&root1, &sealed1);
	remove_key(&root2, &keys[0]);
	remove_key(&root2, &keys[1]);
	add_key(&root2, &keys[10], QUOIN_ROLE_ROOT);
	root2.threshold[QUOIN_ROLE_ROOT] = 2; /* keys[2], keys[10] */

	signers[0] = keys[0], signers[1] = keys[2];
	seal_root(&root2, signers, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_ESIGNATURE); /* enough of the old, one of the new */
	signers[0] = keys[2], signers[1] = keys[10];
	seal_root(&root2, signers, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_ESIGNATURE); /* enough of the new, one of the old */
	signers[0] = keys[0], signers[1] = keys[2], signers[2] = keys[10];
	seal_root(&root2, signers, 3, &sealed2);
	CHECK_INT(advance(&sealed2), 0);
	CHECK_INT(trust.root.version, 2);
	CHECK_INT(advance(&sealed2), 0); /* the held one again */

	/* The old version is a replay; what the removed keys sign counts no more. */
	CHECK_INT(advance(&sealed1), QUOIN_EREPLAY);
	root3 = successor(&root2, &sealed2);
	seal_root(&root3, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_ESIGNATURE);
	seal_root(&root3, &keys[2], 1, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_ESIGNATURE);

	/* The gate's key is replaced. */
	remove_key(&root3, &keys[6]);
	add_key(&root3, &keys[11], QUOIN_ROLE_GATE);
	root3.epoch = 2;
	signers[0] = keys[2], signers[1] = keys[10];
	seal_root(&root3, signers, 2, &sealed3);
	seal_heartbeat(&root1.origin, &keys[6], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), 0);
	CHECK_INT(advance(&sealed3), 0);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
	seal_heartbeat(&root1.origin, &keys[11], 1, &sealed);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), 0);
}

static void
test_chain(void)
{
	struct quoin_sealed sealed2, sealed3, sealed;
	struct quoin_root root2, root3, other;

	set_up();
	root2 = successor(&root1, &sealed1);
	seal_root(&root2, keys, 2, &sealed2);
	root3 = successor(&root2, &sealed2);
	root3.epoch = 2;
	seal_root(&root3, keys, 2, &sealed3);
	CHECK_INT(advance(&sealed3), QUOIN_EMISSING);
	CHECK_CONTAINS(err.message, "needs root 2 first");
	CHECK_INT(advance(&sealed2), 0);
	CHECK_INT(advance(&sealed3), 0);

	/* A second root 3, well signed; and a root 4 that follows it. */
	other = root3;
	other.expires_ms = 2000;
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_EFORK);
	other = successor(&other, &sealed);
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_EFORK);

	/* The epoch never goes back; system and namespace never change. */
	other = successor(&root3, &sealed3);
	other.epoch = 1;
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_EREPLAY);
	other.epoch = 2;
	other.origin.system[0] = 9;
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_EOTHERSYSTEM);
	other.origin = root1.origin;
	other.origin.name[0] = 'H';
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), QUOIN_ENAMESPACE);
	other.origin = root1.origin;
	seal_root(&other, keys, 2, &sealed);
	CHECK_INT(advance(&sealed), 0);
}

/* Twenty steps, each with another root key and threshold. */
static void
test_long_chain(void)
{
	struct quoin_sealed sealed = {0};
	struct quoin_root root;

	set_up();
	root = root1;
	sealed = sealed1;
	for (int i = 0; i < 20; i++) {
		struct quoin_signing_key signers[4];
		const struct quoin_signing_key *out = &keys[i % 2 == 0 ? 2 : 12], *in = &keys[i % 2 == 0 ? 12 : 2];
		struct quoin_root next = successor(&root, &sealed);

		remove_key(&next, out);
		add_key(&next, in, QUOIN_ROLE_ROOT);
		next.threshold[QUOIN_ROLE_ROOT] = i % 3 == 0 ? 3 : 2;
		signers[0] = keys[0], signers[1] = keys[1], signers[2] = *in, signers[3] = *out;
		seal_root(&next, signers, 4, &sealed);
		CHECK_INT(advance(&sealed), 0);
		root = next;
	}
	CHECK_INT(trust.root.version, 21);
}

static void
seal_cert(const struct quoin_signing_key *host, const struct quoin_signing_key *signer, struct quoin_sealed *ret)
{
	struct quoin_cert cert = {.origin = root1.origin,
	    .host = "edge-1",
	    .role = QUOIN_HOST_ROUTER,
	    .not_before_ms = 100,
	    .not_after_ms = 200};
	struct quoin_buf text;

	memcpy(cert.key_id, host->public_key.id, sizeof cert.key_id);
	memcpy(cert.key, host->public_key.key, sizeof cert.key);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_cert_print(&cert, &text), 0);
	CHECK_INT(seal(quoin_buf_span(&text), signer, 1, ret), 0);
	quoin_buf_clear(&text);
}

static void
test_certificates(void)
{
	struct quoin_sealed sealed;
	struct quoin_cert cert;

	set_up();
	seal_cert(&keys[13], &keys[7], &sealed);
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), 0);
	CHECK_STR(cert.host, "edge-1");
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 199, &cert, &err), 0);
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 99, &cert, &err), QUOIN_EEXPIRED);
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 200, &cert, &err), QUOIN_EEXPIRED);
	CHECK_STR(cert.host, "");
	quoin_hash_of(quoin_span_of(keys[13].public_key.key, QUOIN_PUBLIC_KEY_BYTES), &trust.root.revoked_hosts[0]);
	trust.root.revoked_host_count = 1;
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), QUOIN_EKEY);
	trust.root.revoked_host_count = 0;
	seal_cert(&keys[6], &keys[7], &sealed); /* a host with the gate's key */
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), QUOIN_EKEY);
	seal_cert(&keys[13], &keys[5], &sealed);
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), QUOIN_EROLE);
	seal_cert(&keys[13], &keys[13], &sealed); /* signed by itself */
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), QUOIN_ESIGNATURE);
}

static void
seal_status(const struct quoin_origin *origin, const char *host, const struct quoin_signing_key *signer,
    struct quoin_sealed *ret)
{
	struct quoin_status status = {.origin = *origin,
	    .number = 1,
	    .interval_ms = 1,
	    .boot = "00000000-0000-0000-0000-000000000000"};
	struct quoin_buf text;

	memcpy(status.host, host, strlen(host));
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_status_print(&status, &text), 0);
	CHECK_INT(seal(quoin_buf_span(&text), signer, 1, ret), 0);
	quoin_buf_clear(&text);
}

static void
test_statuses(void)
{
	struct quoin_origin origin;
	struct quoin_sealed sealed;
	struct quoin_cert cert;
	struct quoin_hash hash;

	set_up();
	seal_cert(&keys[13], &keys[7], &sealed);
	CHECK_INT(quoin_trust_verify_cert(&trust, &sealed.envelope, 100, &cert, &err), 0);
	seal_status(&root1.origin, "edge-1", &keys[13], &sealed);
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), 0);
	CHECK(quoin_hash_equal(&hash, &sealed.hash));
	seal_status(&root1.origin, "edge-1", &keys[14], &sealed); /* another key */
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), QUOIN_ESIGNATURE);
	seal_status(&root1.origin, "edge-1", &keys[6], &sealed); /* the gate itself may not speak for a host */
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), QUOIN_ESIGNATURE);
	seal_status(&root1.origin, "edge-2", &keys[13], &sealed); /* for another host */
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), QUOIN_EROLE);
	origin = root1.origin;
	origin.name[0] = 'H';
	seal_status(&origin, "edge-1", &keys[13], &sealed);
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), QUOIN_ENAMESPACE);
	/* What a host signs counts for nothing else. */
	seal_heartbeat(&root1.origin, &keys[13], 1, &sealed);
	CHECK_INT(quoin_trust_verify_status(&trust, &cert, &sealed.envelope, &hash, &err), QUOIN_ESYNTAX);
	CHECK_INT(verify(QUOIN_DOCUMENT_HEARTBEAT, &sealed), QUOIN_ESIGNATURE);
}

static const struct check_case cases[] = {
    {"trust: signers and roles", test_signers},
    {"trust: thresholds count distinct keys", test_thresholds},
    {"trust: what does not count is told", test_tells_what_does_not_count},
    {"trust: every changed byte is noticed", test_tampering},
    {"trust: other systems and namespaces", test_origins},
    {"trust: types and versions", test_types},
    {"trust: sizes", test_sizes},
    {"trust: the pinned root", test_pinned_root},
    {"trust: rotation needs the old and the new", test_rotation},
    {"trust: the chain of roots", test_chain},
    {"trust: a long chain", test_long_chain},
    {"trust: certificates", test_certificates},
    {"trust: statuses", test_statuses},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
