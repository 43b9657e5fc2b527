#include "formats/signature.h"

#include <stdio.h>
#include <string.h>

#include "formats/minisign.h"
#include "lib/text.h"

#define BLOB_BYTES  (2 + QUOIN_KEY_ID_BYTES + QUOIN_SIGNATURE_BYTES)
#define BLOB_BASE64 100
#define SIG_BASE64  88

_Static_assert((BLOB_BYTES + 2) / 3 * 4 == BLOB_BASE64 && (QUOIN_SIGNATURE_BYTES + 2) / 3 * 4 == SIG_BASE64,
    "base64 sizes");

int
quoin_signature_parse(struct quoin_span text, struct quoin_signature *ret, struct quoin_error *err)
{
	struct quoin_span untrusted, blob64, trusted, global64;
	uint8_t blob[BLOB_BYTES];

	memset(ret, 0, sizeof *ret);
	if (!quoin_minisign_line(&text, QUOIN_MINISIGN_UNTRUSTED, &untrusted) ||
	    !quoin_minisign_line(&text, "", &blob64) || !quoin_minisign_line(&text, QUOIN_MINISIGN_TRUSTED, &trusted) ||
	    !quoin_minisign_line(&text, "", &global64) || text.len != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign signature of four lines");
	if (trusted.len >= sizeof ret->trusted_comment)
		return quoin_error_set(err, QUOIN_ESYNTAX, "the trusted comment is longer than %zu bytes",
		    sizeof ret->trusted_comment - 1);
	if (!quoin_base64_parse(blob64, blob, sizeof blob))
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign signature: the second line is malformed");
	if (memcmp(blob, "Ed", 2) == 0)
		return quoin_error_set(err, QUOIN_ESIGNATURE, "a legacy signature; sign with minisign -S -H");
	if (memcmp(blob, "ED", 2) != 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign signature: unknown algorithm");
	if (!quoin_base64_parse(global64, ret->global, sizeof ret->global)) {
		memset(ret, 0, sizeof *ret);
		return quoin_error_set(err, QUOIN_ESYNTAX, "not a minisign signature: the fourth line is malformed");
	}
	memcpy(ret->key_id, blob + 2, QUOIN_KEY_ID_BYTES);
	memcpy(ret->bytes, blob + 2 + QUOIN_KEY_ID_BYTES, QUOIN_SIGNATURE_BYTES);
	memcpy(ret->trusted_comment, trusted.data, trusted.len);
	return 0;
}

int
quoin_signature_print(const struct quoin_signature *signature, struct quoin_buf *out)
{
	uint8_t blob[BLOB_BYTES] = "ED";
	char blob64[BLOB_BASE64 + 1], global64[SIG_BASE64 + 1], id[QUOIN_KEY_ID_TEXT_BYTES];

	memcpy(blob + 2, signature->key_id, QUOIN_KEY_ID_BYTES);
	memcpy(blob + 2 + QUOIN_KEY_ID_BYTES, signature->bytes, QUOIN_SIGNATURE_BYTES);
	quoin_base64_print(blob, sizeof blob, blob64);
	quoin_base64_print(signature->global, sizeof signature->global, global64);
	quoin_key_id_print(signature->key_id, id);
	return quoin_buf_printf(out,
	    QUOIN_MINISIGN_UNTRUSTED "quoin signature by key %s\n%s\n" QUOIN_MINISIGN_TRUSTED "%s\n%s\n", id, blob64,
	    signature->trusted_comment, global64);
}

/* What the global signature covers: the signature and the trusted comment. */
static struct quoin_span
global_input(const struct quoin_signature *signature,
    uint8_t out[QUOIN_SIGNATURE_BYTES + sizeof signature->trusted_comment])
{
	size_t comment_bytes = strnlen(signature->trusted_comment, sizeof signature->trusted_comment);

	memcpy(out, signature->bytes, QUOIN_SIGNATURE_BYTES);
	memcpy(out + QUOIN_SIGNATURE_BYTES, signature->trusted_comment, comment_bytes);
	return quoin_span_of(out, QUOIN_SIGNATURE_BYTES + comment_bytes);
}

/* "<type line> <namespace> <hash>" of a document of ours. */
static int
make_comment(struct quoin_span document, char *out, size_t out_bytes)
{
	struct quoin_span rest = document, type, system, name;
	char hex[QUOIN_HASH_HEX_BYTES + 1];
	struct quoin_hash hash;

	if (!quoin_minisign_line(&rest, "quoin-", &type) || !quoin_minisign_line(&rest, "system ", &system) ||
	    !quoin_minisign_line(&rest, "namespace ", &name) || type.len > QUOIN_NAME_BYTES_MAX ||
	    !quoin_name_is_valid(name))
		return QUOIN_ESYNTAX;
	quoin_hash_of(document, &hash);
	quoin_hash_print(&hash, hex);
	(void)snprintf(out, out_bytes, "quoin-%.*s %.*s %s", (int)type.len, (const char *)type.data, (int)name.len,
	    (const char *)name.data, hex);
	return 0;
}

int
quoin_signature_make(const struct quoin_signing_key *key, struct quoin_span document, struct quoin_signature *ret)
{
	uint8_t input[QUOIN_SIGNATURE_BYTES + sizeof ret->trusted_comment];
	struct quoin_signature made = {0};
	int rc = make_comment(document, made.trusted_comment, sizeof made.trusted_comment);

	if (rc != 0)
		return rc;
	memcpy(made.key_id, key->public_key.id, QUOIN_KEY_ID_BYTES);
	rc = quoin_sign_prehashed(key->secret, document, made.bytes);
	if (rc == 0)
		rc = quoin_sign_plain(key->secret, global_input(&made, input), made.global);
	if (rc == 0)
		*ret = made;
	return rc;
}

bool
quoin_signature_verify(const struct quoin_signature *signature, const uint8_t key[QUOIN_PUBLIC_KEY_BYTES],
    struct quoin_span document)
{
	uint8_t input[QUOIN_SIGNATURE_BYTES + sizeof signature->trusted_comment];

	return quoin_verify_prehashed(key, document, signature->bytes) &&
	    quoin_verify_plain(key, global_input(signature, input), signature->global);
}
