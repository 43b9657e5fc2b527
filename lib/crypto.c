#include "lib/crypto.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/text.h"

#define SCRYPT_OPS_MAX	  (1ull << 26)
#define SCRYPT_MEMORY_MAX (1ull << 30)

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct quoin_hasher), "a hasher holds libsodium's state");
_Static_assert(crypto_sign_PUBLICKEYBYTES == QUOIN_PUBLIC_KEY_BYTES, "Ed25519");
_Static_assert(crypto_sign_SECRETKEYBYTES == QUOIN_SECRET_KEY_BYTES, "Ed25519");
_Static_assert(crypto_sign_BYTES == QUOIN_SIGNATURE_BYTES, "Ed25519");
_Static_assert(crypto_pwhash_scryptsalsa208sha256_SALTBYTES == 32, "minisign's salt");

struct quoin_secret {
	uint8_t *data; /* between guard pages */
	size_t bytes;
};

int
quoin_crypto_init(void)
{
	return sodium_init() < 0 ? QUOIN_ESYSTEM : 0;
}

void
quoin_hash_of(struct quoin_span bytes, struct quoin_hash *ret)
{
	crypto_generichash(ret->bytes, sizeof ret->bytes, bytes.data, bytes.len, NULL, 0);
}

bool
quoin_hash_equal(const struct quoin_hash *a, const struct quoin_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
quoin_hash_is_zero(const struct quoin_hash *hash)
{
	static const struct quoin_hash zero;

	return quoin_hash_equal(hash, &zero);
}

void
quoin_hash_print(const struct quoin_hash *hash, char out[QUOIN_HASH_HEX_BYTES + 1])
{
	quoin_hex_print(hash->bytes, sizeof hash->bytes, out);
}

static crypto_generichash_state *
state_of(struct quoin_hasher *hasher)
{
	return (crypto_generichash_state *)(void *)hasher->state;
}

void
quoin_hasher_init(struct quoin_hasher *hasher)
{
	crypto_generichash_init(state_of(hasher), NULL, 0, QUOIN_HASH_BYTES);
}

void
quoin_hasher_add(struct quoin_hasher *hasher, struct quoin_span bytes)
{
	crypto_generichash_update(state_of(hasher), bytes.data, bytes.len);
}

void
quoin_hasher_finish(struct quoin_hasher *hasher, struct quoin_hash *ret)
{
	crypto_generichash_final(state_of(hasher), ret->bytes, sizeof ret->bytes);
}

int
quoin_secret_new(size_t bytes, struct quoin_secret **ret)
{
	struct quoin_secret *secret = malloc(sizeof *secret);

	if (secret == NULL)
		return QUOIN_ENOMEM;
	secret->bytes = bytes;
	secret->data = sodium_malloc(bytes);
	if (secret->data == NULL) {
		free(secret);
		return QUOIN_ENOMEM;
	}
	sodium_memzero(secret->data, bytes);
	*ret = secret;
	return 0;
}

void
quoin_secret_free(struct quoin_secret *secret)
{
	if (secret == NULL)
		return;
	sodium_free(secret->data); /* wipes first */
	free(secret);
}

uint8_t *
quoin_secret_data(struct quoin_secret *secret)
{
	return secret->data;
}

void
quoin_wipe(void *data, size_t bytes)
{
	sodium_memzero(data, bytes);
}

void
quoin_random(uint8_t *out, size_t bytes)
{
	randombytes_buf(out, bytes);
}

int
quoin_keypair_new(uint8_t ret_public[QUOIN_PUBLIC_KEY_BYTES], struct quoin_secret **ret_secret)
{
	struct quoin_secret *secret;
	const int r = quoin_secret_new(QUOIN_SECRET_KEY_BYTES, &secret);

	if (r != 0)
		return r;
	crypto_sign_keypair(ret_public, secret->data);
	*ret_secret = secret;
	return 0;
}

bool
quoin_keypair_is_sound(struct quoin_secret *secret, const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES])
{
	uint8_t derived[QUOIN_PUBLIC_KEY_BYTES], again[QUOIN_SECRET_KEY_BYTES];
	bool is_sound;

	if (secret->bytes != QUOIN_SECRET_KEY_BYTES)
		return false;
	/* The first half of the secret key is the seed. */
	crypto_sign_seed_keypair(derived, again, secret->data);
	is_sound = sodium_memcmp(again, secret->data, sizeof again) == 0 &&
	    sodium_memcmp(derived, public_key, sizeof derived) == 0;
	sodium_memzero(again, sizeof again);
	return is_sound;
}

#define DIGEST_BYTES 64

static void
digest(struct quoin_span bytes, uint8_t out[DIGEST_BYTES])
{
	crypto_generichash(out, DIGEST_BYTES, bytes.data, bytes.len, NULL, 0);
}

int
quoin_sign_plain(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES])
{
	uint8_t signature[QUOIN_SIGNATURE_BYTES], *public_key;

	QUOIN_ASSERT(secret->bytes == QUOIN_SECRET_KEY_BYTES);
	public_key = secret->data + QUOIN_SECRET_KEY_BYTES - QUOIN_PUBLIC_KEY_BYTES;
	crypto_sign_detached(signature, NULL, bytes.data, bytes.len, secret->data);
	/* A signature made with a flipped bit gives the key away; it must not leave. */
	if (!quoin_verify_plain(public_key, bytes, signature))
		return QUOIN_ESYSTEM;
	memcpy(ret, signature, sizeof signature);
	return 0;
}

bool
quoin_verify_plain(const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES])
{
	return crypto_sign_verify_detached(signature, bytes.data, bytes.len, public_key) == 0;
}

int
quoin_sign_prehashed(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES])
{
	uint8_t hash[DIGEST_BYTES];

	digest(bytes, hash);
	return quoin_sign_plain(secret, quoin_span_of(hash, sizeof hash), ret);
}

bool
quoin_verify_prehashed(const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES])
{
	uint8_t hash[DIGEST_BYTES];

	digest(bytes, hash);
	return quoin_verify_plain(public_key, quoin_span_of(hash, sizeof hash), signature);
}

int
quoin_scrypt(const char *passphrase, const uint8_t salt[32], uint64_t opslimit, uint64_t memlimit, uint8_t *out,
    size_t out_bytes)
{
	QUOIN_ASSERT(out_bytes >= crypto_pwhash_scryptsalsa208sha256_BYTES_MIN);
	if (opslimit > SCRYPT_OPS_MAX || memlimit > SCRYPT_MEMORY_MAX)
		return QUOIN_ELIMIT;
	/* Within these limits it fails only for want of memory. */
	if (crypto_pwhash_scryptsalsa208sha256(out, out_bytes, passphrase, strlen(passphrase), salt, opslimit,
		(size_t)memlimit) != 0)
		return QUOIN_ENOMEM;
	return 0;
}

bool
quoin_secret_equal(const uint8_t *a, const uint8_t *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}
