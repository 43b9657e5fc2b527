/*
 * Signatures: minisign's .minisig text, prehashed form only ("ED"). The legacy form ("Ed") is refused.
 */
#ifndef QUOIN_FORMATS_SIGNATURE_H
#define QUOIN_FORMATS_SIGNATURE_H

#include "formats/keyfile.h"

struct quoin_signature {
	uint8_t key_id[QUOIN_KEY_ID_BYTES];
	uint8_t bytes[QUOIN_SIGNATURE_BYTES];
	uint8_t global[QUOIN_SIGNATURE_BYTES]; /* over bytes and the trusted comment */
	char trusted_comment[512]; /* printable (stock minisign puts tabs there), without prefix and newline */
};

/* Exactly four lines, printable ASCII comments, nothing after. 0, QUOIN_ESYNTAX, QUOIN_ESIGNATURE (legacy form). */
int quoin_signature_parse(struct quoin_span text, struct quoin_signature *ret, struct quoin_error *err);
int quoin_signature_print(const struct quoin_signature *signature, struct quoin_buf *out);

/* Sign a document; the trusted comment is "<type line> <namespace> <hash of the document>", derived from it.
 * 0, QUOIN_ESYNTAX (it does not begin as a document of ours), QUOIN_EKEY or QUOIN_ESYSTEM from the signing. */
int quoin_signature_make(const struct quoin_signing_key *key, struct quoin_span document, struct quoin_signature *ret);
/* Both signatures hold under this key. The key id is only a hint and is not looked at. */
bool quoin_signature_verify(const struct quoin_signature *signature, const uint8_t key[QUOIN_PUBLIC_KEY_BYTES],
    struct quoin_span document);

#endif
