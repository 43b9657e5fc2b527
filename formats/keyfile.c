#include "formats/keyfile.h"

#include <stdio.h>
#include <string.h>

#include "formats/minisign.h"
#include "lib/text.h"

/* The 42 bytes of a public key file and the 158 of a secret one, by offset. */
#define PUBLIC_BYTES	42
#define SECRET_BYTES	158
#define AT_KDF		2
#define AT_CHECK_ALG	4
#define AT_SALT		6
#define AT_OPSLIMIT	38
#define AT_MEMLIMIT	46
#define AT_KEY_ID	54 /* from here on encrypted, when a KDF is named */
#define AT_SECRET	62
#define AT_CHECK	126
#define ENCRYPTED_BYTES (SECRET_BYTES - AT_KEY_ID)
#define PUBLIC_BASE64	56
#define SECRET_BASE64	212

/* 128 MiB: a quarter of a second. minisign's own 1 GiB dies in a small container. */
#define NEW_OPSLIMIT (4u << 20)
#define NEW_MEMLIMIT (128u << 20)

void
quoin_signing_key_clear(struct quoin_signing_key *key)
{
	quoin_secret_free(key->secret);
	memset(key, 0, sizeof *key);
}

int
quoin_signing_key_new(struct quoin_signing_key *ret)
{
	struct quoin_signing_key key = {0};
	int rc = quoin_keypair_new(key.public_key.key, &key.secret);

	if (rc != 0)
		return rc;
	quoin_random(key.public_key.id, sizeof key.public_key.id);
	*ret = key;
	return 0;
}

void
quoin_key_id_print(const uint8_t id[QUOIN_KEY_ID_BYTES], char out[QUOIN_KEY_ID_TEXT_BYTES])
{
	for (size_t i = 0; i < QUOIN_KEY_ID_BYTES; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", id[QUOIN_KEY_ID_BYTES - 1 - i]);
}

static int
print_comment(const char *comment, const char *what, const uint8_t id[QUOIN_KEY_ID_BYTES], struct quoin_buf *out)
{
	char text[QUOIN_KEY_ID_TEXT_BYTES];

	quoin_key_id_print(id, text);
	(void)quoin_buf_put_str(out, QUOIN_MINISIGN_UNTRUSTED);
	if (comment != NULL)
		(void)quoin_buf_put_str(out, comment);
	else
		(void)quoin_buf_printf(out, "minisign %s key %s", what, text);
	return quoin_buf_put_byte(out, '\n');
}

int
quoin_public_key_print(const struct quoin_public_key *key, const char *comment, struct quoin_buf *out)
{
	uint8_t bytes[PUBLIC_BYTES] = "Ed";
	char base64[PUBLIC_BASE64 + 1];

	memcpy(bytes + 2, key->id, QUOIN_KEY_ID_BYTES);
	memcpy(bytes + 2 + QUOIN_KEY_ID_BYTES, key->key, QUOIN_PUBLIC_KEY_BYTES);
	quoin_base64_print(bytes, sizeof bytes, base64);
	(void)print_comment(comment, "public", key->id, out);
	(void)quoin_buf_put_str(out, base64);
	return quoin_buf_put_byte(out, '\n');
}

int
quoin_public_key_parse(struct quoin_span text, struct quoin_public_key *ret, struct quoin_error *err)
{
	uint8_t bytes[PUBLIC_BYTES];
	struct quoin_span comment, base64;

	memset(ret, 0, sizeof *ret);
	if (!quoin_minisign_line(&text, QUOIN_MINISIGN_UNTRUSTED, &comment) ||
	    !quoin_minisign_line(&text, "", &base64) || text.len != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX,
		    "not a minisign public key: a comment line and one line of base64");
	if (!quoin_base64_parse(base64, bytes, sizeof bytes) || memcmp(bytes, "Ed", 2) != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign public key: the second line is malformed");
	memcpy(ret->id, bytes + 2, QUOIN_KEY_ID_BYTES);
	memcpy(ret->key, bytes + 2 + QUOIN_KEY_ID_BYTES, QUOIN_PUBLIC_KEY_BYTES);
	return 0;
}

static void
put_u64le(uint8_t *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_u64le(const uint8_t *in)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | in[i];
	return value;
}

/* BLAKE2b-256 of algorithm, key id and secret key: tells a wrong passphrase from a right one. */
static void
compute_check(const uint8_t *bytes, struct quoin_hash *ret)
{
	struct quoin_hasher hasher;

	quoin_hasher_init(&hasher);
	quoin_hasher_add(&hasher, quoin_span_of(bytes, 2));
	quoin_hasher_add(&hasher, quoin_span_of(bytes + AT_KEY_ID, AT_CHECK - AT_KEY_ID));
	quoin_hasher_finish(&hasher, ret);
	quoin_wipe(&hasher, sizeof hasher);
}

/* Encrypts and decrypts: the file's parameters make a stream that is XORed over it. */
static int
apply_passphrase(uint8_t *bytes, const char *passphrase)
{
	uint8_t stream[ENCRYPTED_BYTES];
	int rc = quoin_scrypt(passphrase, bytes + AT_SALT, get_u64le(bytes + AT_OPSLIMIT),
	    get_u64le(bytes + AT_MEMLIMIT), stream, sizeof stream);

	for (size_t i = 0; i < sizeof stream && rc == 0; i++)
		bytes[AT_KEY_ID + i] ^= stream[i];
	quoin_wipe(stream, sizeof stream);
	return rc;
}

int
quoin_signing_key_print(const struct quoin_signing_key *key, const char *comment, const char *passphrase,
    struct quoin_buf *out)
{
	uint8_t bytes[SECRET_BYTES] = "Ed";
	char base64[SECRET_BASE64 + 1];
	struct quoin_hash check;
	int rc = 0;

	memcpy(bytes + AT_CHECK_ALG, "B2", 2);
	memcpy(bytes + AT_KEY_ID, key->public_key.id, QUOIN_KEY_ID_BYTES);
	memcpy(bytes + AT_SECRET, quoin_secret_data(key->secret), QUOIN_SECRET_KEY_BYTES);
	compute_check(bytes, &check);
	memcpy(bytes + AT_CHECK, check.bytes, sizeof check.bytes);
	if (passphrase != NULL) {
		memcpy(bytes + AT_KDF, "Sc", 2);
		quoin_random(bytes + AT_SALT, AT_OPSLIMIT - AT_SALT);
		put_u64le(bytes + AT_OPSLIMIT, NEW_OPSLIMIT);
		put_u64le(bytes + AT_MEMLIMIT, NEW_MEMLIMIT);
		rc = apply_passphrase(bytes, passphrase);
	}
	if (rc == 0) {
		quoin_base64_print(bytes, sizeof bytes, base64);
		(void)print_comment(comment, passphrase != NULL ? "encrypted secret" : "secret", key->public_key.id,
		    out);
		(void)quoin_buf_put_str(out, base64);
		rc = quoin_buf_put_byte(out, '\n');
	}
	quoin_wipe(bytes, sizeof bytes);
	quoin_wipe(base64, sizeof base64);
	quoin_wipe(&check, sizeof check);
	return rc;
}

/* The file's bytes, still encrypted if they are. */
static int
decode_secret(struct quoin_span text, uint8_t bytes[SECRET_BYTES], bool *ret_encrypted, struct quoin_error *err)
{
	struct quoin_span comment, base64;

	if (!quoin_minisign_line(&text, QUOIN_MINISIGN_UNTRUSTED, &comment) ||
	    !quoin_minisign_line(&text, "", &base64) || text.len != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX,
		    "not a minisign secret key: a comment line and one line of base64");
	if (!quoin_base64_parse(base64, bytes, SECRET_BYTES) || memcmp(bytes, "Ed", 2) != 0 ||
	    memcmp(bytes + AT_CHECK_ALG, "B2", 2) != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign secret key: the second line is malformed");
	if (memcmp(bytes + AT_KDF, "Sc", 2) == 0)
		*ret_encrypted = true;
	else if (memcmp(bytes + AT_KDF, "\0\0", 2) == 0)
		*ret_encrypted = false;
	else
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign secret key: unknown key derivation");
	return 0;
}

static int
decrypt_secret(uint8_t *bytes, bool encrypted, const char *passphrase, struct quoin_error *err)
{
	static const uint8_t no_check[QUOIN_HASH_BYTES];
	struct quoin_hash check;
	bool equal;
	int rc;

	/* minisign writes no check into a key that is not encrypted. */
	if (!encrypted && memcmp(bytes + AT_CHECK, no_check, sizeof no_check) == 0)
		return 0;
	if (encrypted && passphrase == NULL)
		return quoin_error_set(err, QUOIN_EKEY, "the key file is encrypted; give its passphrase");
	if (encrypted) {
		rc = apply_passphrase(bytes, passphrase);
		if (rc == QUOIN_ELIMIT)
			return quoin_error_set(err, rc,
			    "the key file asks for more work than 2^26 operations or 1 GiB");
		if (rc != 0)
			return quoin_error_set(err, rc, "cannot derive the key from the passphrase");
	}
	compute_check(bytes, &check);
	equal = quoin_secret_equal(check.bytes, bytes + AT_CHECK, sizeof check.bytes);
	quoin_wipe(&check, sizeof check);
	if (!equal)
		return quoin_error_set(err, QUOIN_EKEY, "%s",
		    encrypted ? "wrong passphrase, or the key file is damaged" : "the key file is damaged");
	return 0;
}

int
quoin_signing_key_parse(struct quoin_span text, const char *passphrase, struct quoin_signing_key *ret,
    struct quoin_error *err)
{
	struct quoin_signing_key key = {0};
	uint8_t bytes[SECRET_BYTES] = {0};
	bool encrypted = false;
	int rc;

	memset(ret, 0, sizeof *ret);
	rc = decode_secret(text, bytes, &encrypted, err);
	if (rc == 0)
		rc = decrypt_secret(bytes, encrypted, passphrase, err);
	if (rc != 0)
		goto out;
	rc = quoin_secret_new(QUOIN_SECRET_KEY_BYTES, &key.secret);
	if (rc != 0) {
		(void)quoin_error_set(err, rc, "no guarded memory for a secret key");
		goto out;
	}
	memcpy(quoin_secret_data(key.secret), bytes + AT_SECRET, QUOIN_SECRET_KEY_BYTES);
	memcpy(key.public_key.id, bytes + AT_KEY_ID, QUOIN_KEY_ID_BYTES);
	memcpy(key.public_key.key, bytes + AT_SECRET + QUOIN_SECRET_KEY_BYTES / 2, QUOIN_PUBLIC_KEY_BYTES);
	/* A forged public half would make every signature leak the secret. */
	if (!quoin_keypair_is_sound(key.secret, key.public_key.key)) {
		rc = quoin_error_set(err, QUOIN_EKEY, "the secret and the public half of the key do not match");
		goto out;
	}
	*ret = key;
	memset(&key, 0, sizeof key);
out:
	quoin_wipe(bytes, sizeof bytes);
	quoin_signing_key_clear(&key);
	return rc;
}

int
quoin_signing_key_is_encrypted(struct quoin_span text, bool *ret, struct quoin_error *err)
{
	uint8_t bytes[SECRET_BYTES];
	bool encrypted = false;
	int rc = decode_secret(text, bytes, &encrypted, err);

	quoin_wipe(bytes, sizeof bytes);
	if (rc == 0)
		*ret = encrypted;
	return rc;
}
