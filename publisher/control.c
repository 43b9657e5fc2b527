#include "publisher/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/search.h"
#include "lib/text.h"

/*
 * A verified document under its key. The array is its own index: its room is its count rounded up to a power of two, and as
 * many chains begin in it, one in each place, used or not.
 */
struct quoin_control_body {
	char key[QUOIN_NAME_BYTES_MAX + 16];
	struct quoin_sealed sealed;
	size_t first; /* of the chain of this place: index + 1, or 0 */
	size_t next;  /* after this body, in its own chain: index + 1, or 0 */
};

static size_t
body_room(size_t count)
{
	size_t room = 1;

	while (room < count)
		room *= 2;
	return room;
}

static size_t
body_chain(const char *key, size_t room)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a: all keys are ours or signed */

	for (; *key != '\0'; key++)
		hash = (hash ^ (uint8_t)*key) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32) & (room - 1);
}

static void
chain_body(struct quoin_control *control, size_t i)
{
	struct quoin_control_body *bodies = control->bodies;
	size_t chain = body_chain(bodies[i].key, body_room(control->body_count));

	bodies[i].next = bodies[chain].first;
	bodies[chain].first = i + 1;
}

static void
chain_bodies(struct quoin_control *control)
{
	size_t room = body_room(control->body_count);

	for (size_t i = 0; control->body_count > 0 && i < room; i++)
		control->bodies[i].first = 0;
	for (size_t i = 0; i < control->body_count; i++)
		chain_body(control, i);
}

static int
keep_body(struct quoin_control *control, const char *key, const struct quoin_envelope *envelope)
{
	struct quoin_control_body *bodies, *body;
	size_t count = control->body_count, room = body_room(count + 1);
	const bool grows = count == 0 || room != body_room(count);
	struct quoin_sealed sealed = {0};
	int r;

	if (grows) {
		bodies = reallocarray(control->bodies, room, sizeof *bodies);
		if (bodies == NULL)
			return QUOIN_ENOMEM;
		control->bodies = bodies;
	}
	r = quoin_sealed_copy(envelope, &sealed);
	if (r != 0)
		return r;
	body = &control->bodies[count];
	snprintf(body->key, sizeof body->key, "%s", key);
	body->sealed = sealed;
	control->body_count++;
	if (grows)
		chain_bodies(control);
	else
		chain_body(control, count);
	return 0;
}

int
quoin_control_init(struct quoin_control *control, const struct quoin_conf *conf, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope = {0};
	int r;

	memset(control, 0, sizeof *control);
	if (conf->root[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "no root configured; set \"root = FILE\" in quoin.conf");
	r = quoin_detached_read(conf->root, QUOIN_DOCUMENT_BYTES_MAX, &detached, err);
	if (r == QUOIN_ENOENT)
		return quoin_error_set(err, r,
		    "there is no pinned root %s; copy it from where the namespace was begun, or begin one with \"quoin init\"",
		    conf->root);
	if (r != 0)
		return quoin_error_prefix(err, "the pinned root");
	envelope.document = quoin_buf_span(&detached.file);
	envelope.signature_count = detached.signature_count;
	for (size_t i = 0; i < detached.signature_count; i++)
		envelope.signatures[i] = quoin_buf_span(&detached.signatures[i]);
	quoin_ledger_init(&control->ledger);
	r = quoin_trust_init(&control->trust, &envelope, err);
	if (r == 0 && strcmp(control->trust.root.origin.name, conf->namespace_name) != 0)
		r = quoin_error_set(err, QUOIN_ENAMESPACE, "the pinned root %s is for namespace %s, quoin.conf says %s",
		    conf->root, control->trust.root.origin.name, conf->namespace_name);
	if (r == 0) {
		char key[32];

		snprintf(key, sizeof key, "root/%llu", (unsigned long long)control->trust.root.version);
		r = keep_body(control, key, &envelope);
	}
	quoin_detached_clear(&detached);
	if (r != 0)
		quoin_control_clear(control);
	return r;
}

void
quoin_control_clear(struct quoin_control *control)
{
	for (size_t i = 0; i < control->cert_count; i++)
		quoin_sealed_clear(&control->certs[i].sealed);
	free(control->certs);
	for (size_t i = 0; i < control->body_count; i++)
		quoin_sealed_clear(&control->bodies[i].sealed);
	free(control->bodies);
	quoin_ledger_clear(&control->ledger);
	memset(control, 0, sizeof *control);
}

static struct quoin_control_body *
find_body(const struct quoin_control *control, const char *key)
{
	struct quoin_control_body *bodies = control->bodies;
	size_t i;

	if (control->body_count == 0)
		return NULL;
	for (i = bodies[body_chain(key, body_room(control->body_count))].first; i != 0; i = bodies[i - 1].next)
		if (strcmp(bodies[i - 1].key, key) == 0)
			return &bodies[i - 1];
	return NULL;
}

const struct quoin_envelope *
quoin_control_document(const struct quoin_control *control, const char *key)
{
	const struct quoin_control_body *body = find_body(control, key);

	return body != NULL ? &body->sealed.envelope : NULL;
}

/* The document of this kind and number; NULL, and the error is set. */
static const struct quoin_envelope *
find_document(const struct quoin_control *control, const char *kind, uint64_t number, struct quoin_error *err)
{
	const struct quoin_envelope *envelope;
	char key[32];

	snprintf(key, sizeof key, "%s/%llu", kind, (unsigned long long)number);
	envelope = quoin_control_document(control, key);
	if (envelope == NULL)
		(void)quoin_error_set(err, QUOIN_ENOENT, "there is no %s %llu", kind, (unsigned long long)number);
	return envelope;
}

int
quoin_control_release(const struct quoin_control *control, uint64_t number, struct quoin_release *ret,
    struct quoin_error *err)
{
	const struct quoin_envelope *envelope = find_document(control, "release", number, err);

	return envelope == NULL ? QUOIN_ENOENT : quoin_release_parse(envelope->document, ret, err);
}

int
quoin_control_intent(const struct quoin_control *control, uint64_t number, struct quoin_intent *ret,
    struct quoin_error *err)
{
	const struct quoin_envelope *envelope = find_document(control, "intent", number, err);

	return envelope == NULL ? QUOIN_ENOENT : quoin_intent_parse(envelope->document, ret, err);
}

/* Where "host" is or would be. */
static size_t
cert_index(const struct quoin_control *control, const char *host, bool *ret_found)
{
	if (control->cert_count == 0) {
		*ret_found = false;
		return 0;
	}
	return quoin_search_name(control->certs[0].cert.host, control->cert_count, sizeof control->certs[0], host,
	    ret_found);
}

const struct quoin_control_cert *
quoin_control_cert(const struct quoin_control *control, const char *host)
{
	bool found;
	size_t i = cert_index(control, host, &found);

	QUOIN_ASSERT(!control->is_without_certs);
	return found ? &control->certs[i] : NULL;
}

static int
admit_incarnation(struct quoin_control *control, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_incarnation incarnation;
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify(&control->trust, QUOIN_DOCUMENT_INCARNATION, envelope, &hash, err);
	if (r == 0)
		r = quoin_incarnation_parse(envelope->document, &incarnation, err);
	if (r != 0)
		return r;
	if (incarnation.topic != QUOIN_TOPIC_CONTROL)
		return quoin_error_set(err, QUOIN_ESYNTAX, "an incarnation of the %s topic on the control topic",
		    quoin_topic_word(incarnation.topic));
	if (control->has_incarnation && memcmp(control->incarnation.id, incarnation.id, sizeof incarnation.id) != 0)
		return quoin_error_set(err, QUOIN_EINCARNATION, "the control topic was deleted and made anew");
	control->incarnation = incarnation;
	control->has_incarnation = true;
	return 0;
}

static int
admit_root(struct quoin_control *control, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	uint64_t before = control->trust.root.version;
	char key[32];
	int r;

	r = quoin_trust_advance(&control->trust, envelope, err);
	if (r == QUOIN_EREPLAY)
		return 0; /* the history below the pinned root */
	if (r != 0 || control->trust.root.version == before)
		return r;
	snprintf(key, sizeof key, "root/%llu", (unsigned long long)control->trust.root.version);
	return keep_body(control, key, envelope);
}

static int
admit_release(struct quoin_control *control, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_release release = {0};
	struct quoin_hash hash;
	char key[32];
	int r;

	r = quoin_trust_verify(&control->trust, QUOIN_DOCUMENT_RELEASE, envelope, &hash, err);
	if (r == 0)
		r = quoin_release_parse(envelope->document, &release, err);
	if (r == 0) {
		snprintf(key, sizeof key, "release/%llu", (unsigned long long)release.number);
		r = quoin_ledger_admit_release(&control->ledger, &release, &hash, err);
		if (r == 0 && find_body(control, key) == NULL)
			r = keep_body(control, key, envelope);
	}
	quoin_release_clear(&release);
	return r;
}

static int
admit_intent(struct quoin_control *control, const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_intent intent;
	struct quoin_hash hash;
	char key[32];
	int r;

	r = quoin_trust_verify(&control->trust, QUOIN_DOCUMENT_INTENT, envelope, &hash, err);
	if (r == 0)
		r = quoin_intent_parse(envelope->document, &intent, err);
	if (r != 0)
		return r;
	snprintf(key, sizeof key, "intent/%llu", (unsigned long long)intent.number);
	r = quoin_ledger_admit_intent(&control->ledger, &intent, &hash, err);
	if (r == 0 && find_body(control, key) == NULL)
		r = keep_body(control, key, envelope);
	return r;
}

/* A host is what its newest certificate says, whoever puts an older one on the topic again. */
static int
check_cert_order(const struct quoin_control *control, const struct quoin_cert *cert, struct quoin_error *err)
{
	const struct quoin_control_cert *held = quoin_control_cert(control, cert->host);

	if (held == NULL || cert->not_before_ms >= held->cert.not_before_ms)
		return 0;
	return quoin_error_set(err, QUOIN_EREPLAY,
	    "host %s has a certificate that was made later; does this machine's clock go back?", cert->host);
}

/* One that has expired is kept, and marked: nobody said that the host ended, so it may still run what it ran. */
static int
verify_cert(const struct quoin_trust *trust, const struct quoin_envelope *envelope, int64_t now_ms,
    struct quoin_control_cert *ret, struct quoin_error *err)
{
	struct quoin_error reason = {0};
	struct quoin_cert cert;
	int r;

	r = quoin_trust_verify_cert(trust, envelope, now_ms, &ret->cert, &reason);
	if (r == QUOIN_EEXPIRED && quoin_cert_parse(envelope->document, &cert, NULL) == 0 &&
	    now_ms >= cert.not_after_ms &&
	    quoin_trust_verify_cert(trust, envelope, cert.not_after_ms - 1, &ret->cert, NULL) == 0) {
		ret->is_expired = true;
		return 0;
	}
	if (r != 0 && err != NULL)
		*err = reason;
	return r;
}

static int
admit_cert(struct quoin_control *control, const struct quoin_envelope *envelope, int64_t now_ms,
    struct quoin_error *err)
{
	struct quoin_control_cert *certs, entry = {0};
	bool found;
	size_t at;
	int r;

	r = verify_cert(&control->trust, envelope, now_ms, &entry, err);
	if (r == 0)
		r = check_cert_order(control, &entry.cert, err);
	if (r == 0)
		r = quoin_sealed_copy(envelope, &entry.sealed);
	if (r != 0)
		return r;
	at = cert_index(control, entry.cert.host, &found);
	if (found) {
		quoin_sealed_clear(&control->certs[at].sealed);
		control->certs[at] = entry;
		return 0;
	}
	certs = control->cert_count < QUOIN_HOSTS_MAX
	    ? realloc(control->certs, (control->cert_count + 1) * sizeof *certs)
	    : NULL;
	if (certs == NULL) {
		quoin_sealed_clear(&entry.sealed);
		return control->cert_count < QUOIN_HOSTS_MAX ? QUOIN_ENOMEM : QUOIN_ELIMIT;
	}
	control->certs = certs;
	memmove(certs + at + 1, certs + at, (control->cert_count - at) * sizeof *certs);
	certs[at] = entry;
	control->cert_count++;
	return 0;
}

static int
admit_keyed(struct quoin_control *control, const struct quoin_bus_record *record, int64_t now_ms,
    struct quoin_error *err)
{
	struct quoin_envelope envelope;
	struct quoin_span key = record->key;
	int r;

	r = quoin_envelope_from_record(record, &envelope, err);
	if (r != 0)
		return r;
	if (quoin_span_equal_str(key, "incarnation"))
		return admit_incarnation(control, &envelope, err);
	if (key.len > 5 && memcmp(key.data, "root/", 5) == 0)
		return admit_root(control, &envelope, err);
	if (key.len > 8 && memcmp(key.data, "release/", 8) == 0)
		return admit_release(control, &envelope, err);
	if (key.len > 7 && memcmp(key.data, "intent/", 7) == 0)
		return admit_intent(control, &envelope, err);
	if (key.len > 5 && memcmp(key.data, "cert/", 5) == 0)
		return control->is_without_certs ? 0 : admit_cert(control, &envelope, now_ms, err);
	return quoin_error_set(err, QUOIN_ESYNTAX, "a record with a key that means nothing here");
}

int
quoin_control_admit(struct quoin_control *control, const struct quoin_bus_record *record, int64_t now_ms,
    struct quoin_error *err)
{
	struct quoin_error reason = {0};
	struct quoin_control_refusal *refusal;
	size_t slots = sizeof control->refusals / sizeof control->refusals[0];
	int r;

	control->next_offset = record->offset + 1;
	if (record->is_tombstone)
		return 0;
	r = admit_keyed(control, record, now_ms, &reason);
	if (r == 0)
		return 0;
	if (reason.code == 0)
		quoin_error_set(&reason, r, "%s", quoin_error_text(r));
	refusal = &control->refusals[control->refusal_count % slots];
	quoin_printable_copy(record->key, refusal->key, sizeof refusal->key);
	refusal->offset = record->offset;
	refusal->err = reason;
	control->refusal_count++;
	if (err != NULL)
		*err = reason;
	return r;
}

int
quoin_control_check_root(const struct quoin_control *control, int64_t now_ms, struct quoin_error *err)
{
	const struct quoin_root *root = &control->trust.root;
	char expired[21];

	if (now_ms < root->expires_ms)
		return 0;
	quoin_time_print(root->expires_ms, expired);
	return quoin_error_set(err, QUOIN_EEXPIRED,
	    "root %llu expired at %s: it vouches for no new release and no new host; nothing was written. Hosts serve on, and "
	    "operators can still roll back; let the root keys sign root %llu (\"quoin root prepare\")",
	    (unsigned long long)root->version, expired, (unsigned long long)root->version + 1);
}

static int
vet_signatures(const struct quoin_control *control, const char *key, const struct quoin_envelope *envelope, int64_t now_ms,
    struct quoin_error *err)
{
	const struct quoin_trust *trust = &control->trust;
	struct quoin_hash hash;
	struct quoin_cert cert;
	int r;

	if (strcmp(key, "incarnation") == 0)
		return quoin_trust_verify(trust, QUOIN_DOCUMENT_INCARNATION, envelope, &hash, err);
	if (strncmp(key, "release/", 8) == 0)
		return quoin_trust_verify(trust, QUOIN_DOCUMENT_RELEASE, envelope, &hash, err);
	if (strncmp(key, "intent/", 7) == 0)
		return quoin_trust_verify(trust, QUOIN_DOCUMENT_INTENT, envelope, &hash, err);
	if (strncmp(key, "cert/", 5) == 0) {
		r = quoin_trust_verify_cert(trust, envelope, now_ms, &cert, err);
		return r != 0 ? r : check_cert_order(control, &cert, err);
	}
	return 0; /* a root vouches for itself */
}

int
quoin_control_check_system(const struct quoin_control *control, struct quoin_error *err)
{
	const struct quoin_ledger *ledger = &control->ledger;

	if (control->has_incarnation || control->refusal_count == 0 || ledger->release_count > 0 ||
	    ledger->intent_count > 0 || control->cert_count > 0)
		return 0;
	return quoin_error_set(err, QUOIN_EOTHERSYSTEM,
	    "all %zu documents on the control topic are of another system than the pinned root, none of them counts; is "
	    "\"root\" in quoin.conf that of another system, or \"kafka.bootstrap.servers\" another broker's?",
	    control->refusal_count);
}

int
quoin_control_vet(const struct quoin_control *control, const char *key, const struct quoin_envelope *envelope,
    int64_t now_ms, struct quoin_error *err)
{
	struct quoin_error reason = {0};
	int r;

	if (!control->has_incarnation && strcmp(key, "incarnation") != 0)
		return quoin_error_set(err, QUOIN_EOTHERSYSTEM,
		    "the control topic was not begun by the system of the pinned root; nothing was written: is \"root\" in "
		    "quoin.conf that of another system, or was \"quoin init\" never run?");
	if (strncmp(key, "release/", 8) == 0 || strncmp(key, "cert/", 5) == 0) {
		r = quoin_control_check_root(control, now_ms, err);
		if (r != 0)
			return r;
	}
	r = vet_signatures(control, key, envelope, now_ms, &reason);
	if (r != 0)
		return quoin_error_set(err, r,
		    "nobody would believe %s (%s); nothing was written: are \"keys\" and \"root\" in quoin.conf of one system?",
		    key, reason.message);
	return 0;
}

/* What "gc" removed stays on the topic until it is compacted; commands see it as it will be. A gate does not look at
 * tombstones: nobody signs them, and what it has verified it goes on with. */
static void
forget(struct quoin_control *control, struct quoin_span record_key)
{
	const bool is_release = record_key.len > 8 && memcmp(record_key.data, "release/", 8) == 0;
	const size_t skip = is_release ? 8 : 7;
	struct quoin_control_body *body;
	uint64_t number;
	char key[32];

	if ((!is_release && (record_key.len <= 7 || memcmp(record_key.data, "intent/", 7) != 0)) ||
	    !quoin_u64_parse(quoin_span_of(record_key.data + skip, record_key.len - skip), &number) ||
	    !(is_release ? quoin_ledger_forget_release : quoin_ledger_forget_intent)(&control->ledger, number))
		return;
	snprintf(key, sizeof key, "%s/%llu", is_release ? "release" : "intent", (unsigned long long)number);
	body = find_body(control, key);
	if (body == NULL)
		return;
	quoin_sealed_clear(&body->sealed);
	*body = control->bodies[--control->body_count];
	chain_bodies(control);
}

static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	int r;

	if (record->is_tombstone)
		forget(ctx, record->key);
	r = quoin_control_admit(ctx, record, quoin_clock_wall_ms(), err);
	return r == QUOIN_EINCARNATION || r == QUOIN_ENOMEM ? r : 0;
}

int
quoin_control_read(struct quoin_control *control, struct quoin_bus_reader *reader, int timeout_ms,
    struct quoin_error *err)
{
	char topic[QUOIN_TOPIC_NAME_BYTES];
	int r;

	quoin_topic_name(control->trust.root.origin.name, QUOIN_TOPIC_CONTROL, topic);
	quoin_ledger_wait(&control->ledger);
	r = quoin_bus_reader_drain(reader, topic, control->next_offset, timeout_ms, take, control, err);
	quoin_ledger_fold(&control->ledger);
	return r;
}
