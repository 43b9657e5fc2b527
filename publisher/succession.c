#include "publisher/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "publisher/announce.h"

#define ROOT_LIFE_MS (10ll * 365 * 24 * 3600 * 1000)

/* ---- Making one ---- */

void
quoin_succession_begin(const struct quoin_trust *trust, int64_t now_ms, struct quoin_root *ret)
{
	*ret = trust->root;
	ret->version++;
	ret->prev = (struct quoin_docref){trust->root.version, trust->root_hash};
	ret->issued_ms = now_ms;
	ret->expires_ms = now_ms + ROOT_LIFE_MS;
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct quoin_root_key *)a)->id, ((const struct quoin_root_key *)b)->id, QUOIN_KEY_ID_BYTES);
}

int
quoin_succession_add(struct quoin_root *root, enum quoin_role role, const struct quoin_public_key *key,
    struct quoin_error *err)
{
	struct quoin_root_key *item = &root->keys[root->key_count];
	char id[QUOIN_KEY_ID_TEXT_BYTES];

	quoin_key_id_print(key->id, id);
	for (size_t i = 0; i < root->key_count; i++)
		if (memcmp(root->keys[i].id, key->id, sizeof key->id) == 0 ||
		    memcmp(root->keys[i].key, key->key, sizeof key->key) == 0)
			return quoin_error_set(err, QUOIN_EUSAGE, "key %s is in the root already; no key serves two roles", id);
	if (root->key_count == QUOIN_KEYS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a root has at most %d keys", QUOIN_KEYS_MAX);
	*item = (struct quoin_root_key){.roles = {false}};
	item->roles[role] = true;
	memcpy(item->id, key->id, sizeof item->id);
	memcpy(item->key, key->key, sizeof item->key);
	root->key_count++;
	qsort(root->keys, root->key_count, sizeof root->keys[0], compare_keys);
	return 0;
}

int
quoin_succession_remove(struct quoin_root *root, const char *keyid, struct quoin_error *err)
{
	char id[QUOIN_KEY_ID_TEXT_BYTES];

	for (size_t i = 0; i < root->key_count; i++) {
		quoin_key_id_print(root->keys[i].id, id);
		if (strcmp(id, keyid) != 0)
			continue;
		root->key_count--;
		memmove(&root->keys[i], &root->keys[i + 1], (root->key_count - i) * sizeof root->keys[0]);
		return 0;
	}
	return quoin_error_set(err, QUOIN_EUSAGE, "root %llu has no key %s; \"quoin key list\" shows key ids",
	    (unsigned long long)root->prev.number, keyid);
}

static int
compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, QUOIN_HASH_BYTES);
}

int
quoin_succession_revoke(struct quoin_root *root, const struct quoin_cert *host, struct quoin_error *err)
{
	if (quoin_root_has_revoked(root, host->key))
		return quoin_error_set(err, QUOIN_EUSAGE, "the key of host %s is revoked already", host->host);
	if (root->revoked_host_count == QUOIN_REVOKED_HOSTS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a root revokes at most %d hosts", QUOIN_REVOKED_HOSTS_MAX);
	quoin_hash_of(quoin_span_of(host->key, sizeof host->key), &root->revoked_hosts[root->revoked_host_count++]);
	qsort(root->revoked_hosts, root->revoked_host_count, sizeof root->revoked_hosts[0], compare_hashes);
	return 0;
}

int
quoin_succession_print(const struct quoin_root *root, struct quoin_buf *out, struct quoin_error *err)
{
	const char *fault = quoin_root_fault(root);
	int r;

	if (fault != NULL)
		return quoin_error_set(err, QUOIN_EUSAGE, "this makes no root: %s", fault);
	r = quoin_root_print(root, out);
	return r != 0 ? quoin_error_set(err, r, "cannot make the root document") : 0;
}

/* ---- Whether it may be ---- */

static int
refuse(const struct quoin_trust *next, const char *key, const char *why, struct quoin_error *err)
{
	return quoin_error_set(err, QUOIN_ECONFLICT,
	    "under root %llu nobody would believe %s any more (%s); nothing was written: keep its keys until it is gone",
	    (unsigned long long)next->root.version, key, why);
}

static int
check_document(const struct quoin_control *control, const struct quoin_trust *next, enum quoin_document_type type,
    const char *kind, uint64_t number, struct quoin_error *err)
{
	const struct quoin_envelope *envelope;
	struct quoin_error why = {0};
	struct quoin_hash hash;
	char key[32];

	snprintf(key, sizeof key, "%s/%llu", kind, (unsigned long long)number);
	envelope = quoin_control_document(control, key);
	if (envelope == NULL || quoin_trust_verify(next, type, envelope, &hash, &why) == 0)
		return 0;
	return refuse(next, key, why.message, err);
}

/* A certificate that has expired already, or whose host is to be revoked, may go. */
static int
check_cert(const struct quoin_control_cert *cert, const struct quoin_trust *next, struct quoin_error *err)
{
	struct quoin_error why = {0};
	char key[QUOIN_NAME_BYTES_MAX + 16];
	struct quoin_hash hash;

	if (cert->is_expired || quoin_root_has_revoked(&next->root, cert->cert.key) ||
	    quoin_trust_verify(next, QUOIN_DOCUMENT_CERT, &cert->sealed.envelope, &hash, &why) == 0)
		return 0;
	snprintf(key, sizeof key, "cert/%s", cert->cert.host);
	return refuse(next, key, why.message, err);
}

/* Whether "after" has the newest activation of "before", or a later one: gates go on meanwhile. */
static bool
is_seen(const struct quoin_activations *before, const struct quoin_activations *after)
{
	const struct quoin_position a = quoin_activations_position(before), b = quoin_activations_position(after);
	const int order = quoin_position_compare(&a, &b);

	return order < 0 || (order == 0 && quoin_hash_equal(&a.hash, &b.hash));
}

/* As somebody who has only the next root reads the topics: their incarnations, and the newest activation. */
static int
read_as_newcomer(const struct quoin_control *control, const struct quoin_trust *next, struct quoin_bus_reader *reader,
    int timeout_ms, struct quoin_error *err)
{
	struct quoin_control *fresh = calloc(1, sizeof *fresh);
	struct quoin_activations *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
	int r = fresh == NULL || before == NULL || after == NULL ? quoin_error_set(err, QUOIN_ENOMEM, "out of memory") : 0;

	if (r == 0) {
		fresh->trust = *next;
		fresh->is_without_certs = true;
		quoin_ledger_init(&fresh->ledger);
		r = quoin_control_read(fresh, reader, timeout_ms, err);
	}
	if (r == 0 && control->has_incarnation && !fresh->has_incarnation)
		r = refuse(next, "the incarnation of the control topic", "it has not enough signatures of the role root", err);
	if (r == 0)
		r = quoin_activations_read(before, &control->trust, reader, timeout_ms, NULL, NULL, err);
	if (r == 0)
		r = quoin_activations_read(after, next, reader, timeout_ms, NULL, NULL, err);
	if (r == 0 && before->has_incarnation && !after->has_incarnation)
		r = refuse(next, "the incarnation of the gate topic", "it has not enough signatures of the role root", err);
	if (r == 0 && before->has_newest && !is_seen(before, after))
		r = refuse(next, "the newest activation", "no gate that it names has signed it; let one that it names act first", err);
	if (before != NULL)
		quoin_activations_clear(before);
	if (after != NULL)
		quoin_activations_clear(after);
	if (fresh != NULL)
		quoin_control_clear(fresh);
	free(fresh);
	free(before);
	free(after);
	return r;
}

static int
check_documents(const struct quoin_control *control, const struct quoin_trust *next, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = &control->ledger;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ledger->release_count; i++)
		r = check_document(control, next, QUOIN_DOCUMENT_RELEASE, "release", ledger->releases[i].ref.number, err);
	for (size_t i = 0; r == 0 && i < ledger->intent_count; i++)
		r = check_document(control, next, QUOIN_DOCUMENT_INTENT, "intent", ledger->intents[i].number, err);
	for (size_t i = 0; r == 0 && i < control->cert_count; i++)
		r = check_cert(&control->certs[i], next, err);
	return r;
}

int
quoin_succession_check(const struct quoin_control *control, const struct quoin_trust *next,
    struct quoin_bus_reader *reader, int timeout_ms, struct quoin_error *err)
{
	const int r = check_documents(control, next, err);

	return r == 0 ? read_as_newcomer(control, next, reader, timeout_ms, err) : r;
}

/* ---- Onto the topic ---- */

/* The trust after it. QUOIN_ECONFLICT: another root came meanwhile. */
static int
advance(const struct quoin_control *control, const struct quoin_envelope *root, struct quoin_trust *ret,
    struct quoin_error *err)
{
	int r;

	*ret = control->trust;
	r = quoin_trust_advance(ret, root, err);
	if (r == QUOIN_EREPLAY || r == QUOIN_EMISSING || r == QUOIN_EFORK) {
		err->code = r = QUOIN_ECONFLICT;
		(void)quoin_error_prefix(err, "nothing was written");
	}
	return r;
}

struct succession {
	const struct quoin_envelope *root;
};

static int
decide(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	const struct succession *succession = ctx;
	struct quoin_trust *next = calloc(1, sizeof *next);
	int r;

	if (next == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = advance(control, succession->root, next, err);
	/* Once more: by now there is a fence, and what came before it has been read. */
	if (r == 0)
		r = check_documents(control, next, err);
	if (r == 0)
		snprintf(key, key_bytes, "root/%llu", (unsigned long long)next->root.version);
	free(next);
	return r != 0 ? r : quoin_sealed_copy(succession->root, ret_sealed);
}

int
quoin_succession_publish(const struct quoin_conf *conf, struct quoin_control *control,
    struct quoin_bus_reader *reader, const struct quoin_envelope *root, int timeout_ms, bool *ret_is_there,
    struct quoin_error *err)
{
	struct succession succession = {.root = root};
	struct quoin_trust *next = calloc(1, sizeof *next);
	int r;

	*ret_is_there = false;
	if (next == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = advance(control, root, next, err);
	if (r == 0 && next->root.version == control->trust.root.version) {
		*ret_is_there = true;
		goto out;
	}
	if (r == 0 && next->root.expires_ms <= quoin_clock_wall_ms())
		r = quoin_error_set(err, QUOIN_EEXPIRED, "this root has expired already; prepare it anew");
	if (r == 0)
		r = quoin_succession_check(control, next, reader, timeout_ms, err);
	if (r == 0)
		r = quoin_announce(conf, control, reader, decide, &succession, timeout_ms, err);
out:
	free(next);
	return r;
}
