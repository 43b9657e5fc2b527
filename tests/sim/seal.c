/*
 * Keys, and a seal in place of Ed25519: signing and verifying are replaced at link time (--wrap) by a keyed sum, so that
 * the cores verify every document by their own rules, roles and thresholds, in a microsecond. Nobody in this world who
 * lacks a key computes the sum; forgeries are made by altering bytes or by keys of other roles.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/trust.h"
#include "lib/assert.h"
#include "tests/sim/world.h"

int __wrap_quoin_sign_prehashed(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES]);
int __wrap_quoin_sign_plain(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES]);
bool __wrap_quoin_verify_prehashed(const uint8_t key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES]);
bool __wrap_quoin_verify_plain(const uint8_t key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES]);
void __wrap_quoin_hash_of(struct quoin_span bytes, struct quoin_hash *ret);
int __wrap_quoin_trust_verify(const struct quoin_trust *trust, enum quoin_document_type type,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err);
int __real_quoin_trust_verify(const struct quoin_trust *trust, enum quoin_document_type type,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err);
void __wrap_quoin_random(uint8_t *out, size_t bytes);
int __wrap_quoin_keypair_new(uint8_t ret_public[QUOIN_PUBLIC_KEY_BYTES], struct quoin_secret **ret_secret);

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static void
sum(const uint8_t key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES])
{
	uint64_t state = bytes.len, word;
	size_t i = 0;

	for (; i < QUOIN_PUBLIC_KEY_BYTES; i += 8) {
		memcpy(&word, key + i, 8);
		state = mix(state ^ word);
	}
	for (i = 0; i + 8 <= bytes.len; i += 8) {
		memcpy(&word, bytes.data + i, 8);
		state = (state ^ word) * 0x9e3779b97f4a7c15u;
		state ^= state >> 32;
	}
	for (word = 0; i < bytes.len; i++)
		word = word << 8 | bytes.data[i];
	state = mix(state ^ word);
	for (i = 0; i < QUOIN_SIGNATURE_BYTES; i += 8) {
		word = mix(state + i);
		memcpy(ret + i, &word, 8);
	}
}

int
__wrap_quoin_sign_prehashed(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES])
{
	/* The second half of a secret key is the public one. */
	sum(quoin_secret_data(secret) + QUOIN_SECRET_KEY_BYTES - QUOIN_PUBLIC_KEY_BYTES, bytes, ret);
	return 0;
}

int
__wrap_quoin_sign_plain(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES])
{
	return __wrap_quoin_sign_prehashed(secret, bytes, ret);
}

bool
__wrap_quoin_verify_prehashed(const uint8_t key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES])
{
	uint8_t want[QUOIN_SIGNATURE_BYTES];

	sum(key, bytes, want);
	return memcmp(want, signature, sizeof want) == 0;
}

bool
__wrap_quoin_verify_plain(const uint8_t key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES])
{
	return __wrap_quoin_verify_prehashed(key, bytes, signature);
}

/* Hashes are compared, and nothing more: a sum that spreads as well and costs a tenth. */
void
__wrap_quoin_hash_of(struct quoin_span bytes, struct quoin_hash *ret)
{
	static const uint8_t key[QUOIN_PUBLIC_KEY_BYTES] = "hash";
	uint8_t wide[QUOIN_SIGNATURE_BYTES];

	_Static_assert(sizeof ret->bytes <= sizeof wide, "a hash is a part of a sum");
	sum(key, bytes, wide);
	memcpy(ret->bytes, wide, sizeof ret->bytes);
}

/*
 * Verifying is a pure function of root, type and envelope; eight hosts ask the same of every document. What it answered is
 * remembered by a sum of all of these: each document is verified once under each root by the real rules.
 */
#define MEMO_SLOTS 8192
static struct memo {
	uint64_t key[2]; /* both 0: free */
	struct quoin_hash hash;
	struct quoin_error err;
	int code;
} memo[MEMO_SLOTS];

static void
memo_key(const struct quoin_trust *trust, enum quoin_document_type type, const struct quoin_envelope *envelope,
    uint64_t ret[2])
{
	uint8_t key[QUOIN_PUBLIC_KEY_BYTES] = {0}, wide[QUOIN_SIGNATURE_BYTES];

	memcpy(key, trust->root_hash.bytes, 16);
	key[16] = (uint8_t)type;
	for (size_t i = 0; i < envelope->signature_count; i++) {
		key[17] = (uint8_t)i;
		sum(key, envelope->signatures[i], wide);
		memcpy(key + 18, wide, 14);
	}
	sum(key, envelope->document, wide);
	memcpy(ret, wide, 2 * sizeof ret[0]);
	ret[0] |= 1;
}

int
__wrap_quoin_trust_verify(const struct quoin_trust *trust, enum quoin_document_type type,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err)
{
	struct quoin_error own = {0};
	struct memo *at;
	uint64_t key[2];

	memo_key(trust, type, envelope, key);
	at = &memo[key[1] % MEMO_SLOTS];
	if (memcmp(at->key, key, sizeof key) != 0) {
		memset(at, 0, sizeof *at);
		at->code = __real_quoin_trust_verify(trust, type, envelope, &at->hash, &own);
		at->err = own;
		memcpy(at->key, key, sizeof key);
	}
	if (at->code == 0)
		*ret_hash = at->hash;
	else if (err != NULL)
		*err = at->err;
	return at->code;
}

/* The same numbers in every process: a run must not differ from its replay. */
void
__wrap_quoin_random(uint8_t *out, size_t bytes)
{
	static uint64_t state = 42;

	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(mix(state += 0x9e3779b97f4a7c15u) >> 56);
}

int
__wrap_quoin_keypair_new(uint8_t ret_public[QUOIN_PUBLIC_KEY_BYTES], struct quoin_secret **ret_secret)
{
	const int r = quoin_secret_new(QUOIN_SECRET_KEY_BYTES, ret_secret);

	if (r != 0)
		return r;
	__wrap_quoin_random(quoin_secret_data(*ret_secret), QUOIN_SECRET_KEY_BYTES);
	memcpy(ret_public, quoin_secret_data(*ret_secret) + QUOIN_SECRET_KEY_BYTES - QUOIN_PUBLIC_KEY_BYTES,
	    QUOIN_PUBLIC_KEY_BYTES);
	return 0;
}

/* ---- Keys, made once per process ---- */

static struct {
	struct quoin_origin origin;
	struct quoin_signing_key keys[QUOIN_ROOT_ROLES];
	struct quoin_signing_key host_key;
	struct quoin_sealed roots[SIM_ROOTS + 1];
	struct quoin_sealed incarnations[SIM_LIVES][QUOIN_TOPICS];
	uint8_t incarnation[SIM_LIVES][QUOIN_INCARNATION_BYTES];
} house;

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct quoin_root_key *)a)->id, ((const struct quoin_root_key *)b)->id,
	    QUOIN_KEY_ID_BYTES);
}

void
sim_seal(enum quoin_role role, struct quoin_buf *text, struct quoin_sealed *ret)
{
	const struct quoin_signing_key *key = role == QUOIN_ROLE_HOST ? &house.host_key : &house.keys[role];

	QUOIN_ASSERT(text->error == 0);
	QUOIN_ASSERT(quoin_seal(quoin_buf_span(text), key, 1, ret) == 0);
	quoin_buf_clear(text);
}

static void
make_roots(void)
{
	struct quoin_root root = {.origin = house.origin, .issued_ms = 1, .expires_ms = 4000000000000};
	struct quoin_buf text;

	for (size_t i = 0; i < QUOIN_ROOT_ROLES; i++) {
		struct quoin_root_key *key = &root.keys[root.key_count++];

		QUOIN_ASSERT(quoin_signing_key_new(&house.keys[i]) == 0);
		memcpy(key->id, house.keys[i].public_key.id, sizeof key->id);
		memcpy(key->key, house.keys[i].public_key.key, sizeof key->key);
		key->roles[i] = true;
		root.threshold[i] = 1;
	}
	qsort(root.keys, root.key_count, sizeof root.keys[0], compare_keys);
	for (root.version = 1; root.version <= SIM_ROOTS; root.version++) {
		root.epoch = root.version;
		quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
		QUOIN_ASSERT(quoin_root_print(&root, &text) == 0);
		sim_seal(QUOIN_ROLE_ROOT, &text, &house.roots[root.version]);
		root.prev = (struct quoin_docref){root.version, house.roots[root.version].hash};
	}
}

static void
make_incarnations(void)
{
	struct quoin_incarnation incarnation = {.origin = house.origin, .created_ms = 1};
	struct quoin_buf text;

	for (size_t i = 0; i < SIM_LIVES * QUOIN_TOPICS; i++) {
		const size_t life = i / QUOIN_TOPICS, topic = i % QUOIN_TOPICS;

		memset(house.incarnation[life], (int)(7 + life), sizeof house.incarnation[0]);
		memcpy(incarnation.id, house.incarnation[life], sizeof incarnation.id);
		incarnation.topic = (enum quoin_topic)topic;
		quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
		QUOIN_ASSERT(quoin_incarnation_print(&incarnation, &text) == 0);
		sim_seal(QUOIN_ROLE_ROOT, &text, &house.incarnations[life][topic]);
	}
}

void
sim_keys_init(void)
{
	QUOIN_ASSERT(quoin_crypto_init() == 0);
	(void)snprintf(house.origin.name, sizeof house.origin.name, "sim");
	quoin_random(house.origin.system, sizeof house.origin.system);
	make_roots();
	make_incarnations();
	QUOIN_ASSERT(quoin_signing_key_new(&house.host_key) == 0);
}

const struct quoin_origin *
sim_origin(void)
{
	return &house.origin;
}

const struct quoin_sealed *
sim_root(uint64_t version)
{
	QUOIN_ASSERT(version >= 1 && version <= SIM_ROOTS);
	return &house.roots[version];
}

const uint8_t *
sim_incarnation(unsigned life)
{
	QUOIN_ASSERT(life < SIM_LIVES);
	return house.incarnation[life];
}

const struct quoin_sealed *
sim_incarnation_sealed(enum quoin_topic topic, unsigned life)
{
	QUOIN_ASSERT(life < SIM_LIVES);
	return &house.incarnations[life][topic];
}

void
sim_cert(int host, struct quoin_cert *cert, struct quoin_sealed *ret)
{
	static const char *const names[SIM_HOSTS] = {"a1", "a2", "a3", "b1", "b2", "r1", "r2", "r3"};
	struct quoin_buf text;

	*cert = (struct quoin_cert){.origin = house.origin,
	    .role = host < SIM_SERVING ? QUOIN_HOST_SERVING : QUOIN_HOST_ROUTER,
	    .not_before_ms = 1,
	    .not_after_ms = 4000000000000};
	(void)snprintf(cert->host, sizeof cert->host, "%s", names[host]);
	if (host < SIM_SERVING)
		(void)snprintf(cert->shard, sizeof cert->shard, "%s", host < 3 ? "A" : "B");
	if (host == SIM_SERVING)
		QUOIN_ASSERT(quoin_labels_add(&cert->labels, quoin_span_str("canary=yes")) == 0);
	memcpy(cert->key_id, house.host_key.public_key.id, sizeof cert->key_id);
	memcpy(cert->key, house.host_key.public_key.key, sizeof cert->key);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	QUOIN_ASSERT(quoin_cert_print(cert, &text) == 0);
	sim_seal(QUOIN_ROLE_ENROL, &text, ret);
}
