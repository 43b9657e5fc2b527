/*
 * Hashes, signatures and secrets: libsodium behind our own words.
 *
 * Content is named by BLAKE2b-256. A document is signed in minisign's prehashed form: Ed25519 over the 64 bytes of
 * BLAKE2b-512(document). Secrets live only in a struct quoin_secret: guarded memory, wiped when freed.
 */
#ifndef QUOIN_LIB_CRYPTO_H
#define QUOIN_LIB_CRYPTO_H

#include "lib/bytes.h"
#include "lib/error.h"

#define QUOIN_HASH_BYTES       32
#define QUOIN_HASH_HEX_BYTES   64
#define QUOIN_PUBLIC_KEY_BYTES 32
#define QUOIN_SECRET_KEY_BYTES 64	/* seed and public key */
#define QUOIN_SIGNATURE_BYTES  64
#define QUOIN_KEY_ID_BYTES     8

/* A content hash: BLAKE2b-256. */
struct quoin_hash {
	uint8_t bytes[QUOIN_HASH_BYTES];
};

/* Must be called once before anything else here, by every program and by libquoin. Returns 0 or QUOIN_ESYSTEM. */
int quoin_crypto_init(void);

void quoin_hash_of(struct quoin_span bytes, struct quoin_hash *ret);
bool quoin_hash_equal(const struct quoin_hash *a, const struct quoin_hash *b);
bool quoin_hash_is_zero(const struct quoin_hash *hash);
/* 64 lower-case hex digits and a NUL. */
void quoin_hash_print(const struct quoin_hash *hash, char out[QUOIN_HASH_HEX_BYTES + 1]);

/* The same hash over pieces. Plain caller memory, no clear needed. */
struct quoin_hasher {
	_Alignas(64) uint8_t state[448];
};
void quoin_hasher_init(struct quoin_hasher *hasher);
void quoin_hasher_add(struct quoin_hasher *hasher, struct quoin_span bytes);
void quoin_hasher_finish(struct quoin_hasher *hasher, struct quoin_hash *ret);

/* Memory of "bytes" zeros: guarded, locked if the system allows, wiped on free (which takes NULL). Returns 0 or QUOIN_ENOMEM. */
struct quoin_secret;
int quoin_secret_new(size_t bytes, struct quoin_secret **ret);
void quoin_secret_free(struct quoin_secret *secret);
uint8_t *quoin_secret_data(struct quoin_secret *secret);
/* Wipe memory that held a secret. */
void quoin_wipe(void *data, size_t bytes);

void quoin_random(uint8_t *out, size_t bytes);

/* A new key pair; *ret_secret (QUOIN_SECRET_KEY_BYTES) is the caller's to free. */
int quoin_keypair_new(uint8_t ret_public[QUOIN_PUBLIC_KEY_BYTES], struct quoin_secret **ret_secret);
/* The public key derived from the seed, compared with the stored half: false means a damaged or forged key file. */
bool quoin_keypair_is_sound(struct quoin_secret *secret, const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES]);

/* Ed25519 over BLAKE2b-512(bytes): minisign's "ED". The signature is verified before it is returned. */
int quoin_sign_prehashed(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES]);
bool quoin_verify_prehashed(const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES]);
/* Ed25519 over the bytes themselves: minisign's global signature over signature and trusted comment. */
int quoin_sign_plain(struct quoin_secret *secret, struct quoin_span bytes, uint8_t ret[QUOIN_SIGNATURE_BYTES]);
bool quoin_verify_plain(const uint8_t public_key[QUOIN_PUBLIC_KEY_BYTES], struct quoin_span bytes,
    const uint8_t signature[QUOIN_SIGNATURE_BYTES]);

/* scrypt (salsa20/8, SHA-256) as minisign's key files use it. The parameters come from a file: over 2^26 operations or
 * 1 GiB of memory is refused with QUOIN_ELIMIT. Returns 0, QUOIN_ELIMIT, QUOIN_ENOMEM. */
int quoin_scrypt(const char *passphrase, const uint8_t salt[32], uint64_t opslimit, uint64_t memlimit, uint8_t *out,
    size_t out_bytes);

/* Equal in time independent of the contents. */
bool quoin_secret_equal(const uint8_t *a, const uint8_t *b, size_t bytes);

#endif
