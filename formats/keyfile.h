/*
 * Key files: minisign's public and secret key files, byte for byte (research: security-storage section 1.7).
 */
#ifndef QUOIN_FORMATS_KEYFILE_H
#define QUOIN_FORMATS_KEYFILE_H

#include "formats/document.h"

struct quoin_public_key {
	uint8_t id[QUOIN_KEY_ID_BYTES];
	uint8_t key[QUOIN_PUBLIC_KEY_BYTES];
};

/* A secret key in memory. "secret" is owned; clear it. */
struct quoin_signing_key {
	struct quoin_public_key public_key;
	struct quoin_secret *secret;
};
void quoin_signing_key_clear(struct quoin_signing_key *key);

/* A fresh key with a random id. 0, QUOIN_ENOMEM. */
int quoin_signing_key_new(struct quoin_signing_key *ret);

/* minisign's printed id: the 8 bytes as a little-endian number, upper-case hex, 16 digits and NUL. */
#define QUOIN_KEY_ID_TEXT_BYTES 17
void quoin_key_id_print(const uint8_t id[QUOIN_KEY_ID_BYTES], char out[QUOIN_KEY_ID_TEXT_BYTES]);

/* "untrusted comment: …" and one base64 line. "comment" NULL: "minisign public key <id>". */
int quoin_public_key_print(const struct quoin_public_key *key, const char *comment, struct quoin_buf *out);
int quoin_public_key_parse(struct quoin_span text, struct quoin_public_key *ret, struct quoin_error *err);

/* passphrase NULL: stored unencrypted. New files use 128 MiB for scrypt. */
int quoin_signing_key_print(const struct quoin_signing_key *key, const char *comment, const char *passphrase,
    struct quoin_buf *out);
/* Returns 0, QUOIN_ESYNTAX, QUOIN_EKEY (wrong passphrase, or passphrase missing, or halves that do not match),
 * QUOIN_ELIMIT (KDF parameters). "is_encrypted" tells before asking for a passphrase. */
int quoin_signing_key_parse(struct quoin_span text, const char *passphrase, struct quoin_signing_key *ret,
    struct quoin_error *err);
int quoin_signing_key_is_encrypted(struct quoin_span text, bool *ret, struct quoin_error *err);

#endif
