/*
 * Trust: which documents count. Verify, then parse: a document's bytes reach its parser only after a threshold of valid
 * signatures of the right role over exactly these bytes (invariant I1 of PROTOCOL.md).
 */
#ifndef QUOIN_FORMATS_TRUST_H
#define QUOIN_FORMATS_TRUST_H

#include "formats/cert.h"
#include "formats/envelope.h"
#include "formats/keyfile.h"
#include "formats/root.h"
#include "formats/signature.h"

/* The trusted root. Plain memory, no clear. */
struct quoin_trust {
	struct quoin_root root;
	struct quoin_hash root_hash;
};

/* Begin with a pinned root (the file named by "root" in quoin.conf, or one kept in a store): its own root role must
 * have signed it. 0, QUOIN_ESIGNATURE, QUOIN_ESYNTAX, QUOIN_EVERSION, QUOIN_ELIMIT. */
int quoin_trust_init(struct quoin_trust *trust, const struct quoin_envelope *root, struct quoin_error *err);

/* Step to version N+1, signed by thresholds of N and N+1, same system and namespace, prev naming the held one. The
 * held version again: 0 and nothing changes. QUOIN_EREPLAY (lower, or its epoch is), QUOIN_EMISSING (a version
 * between is missing: get it first), QUOIN_EFORK (the held version with another hash, or prev is not the held one;
 * both well signed), QUOIN_ESIGNATURE, QUOIN_ENAMESPACE, QUOIN_EOTHERSYSTEM. On failure nothing changes. */
int quoin_trust_advance(struct quoin_trust *trust, const struct quoin_envelope *root, struct quoin_error *err);

/*
 * Verify a document of this type: size, signatures by at least the role's threshold of distinct keys, type line,
 * system and namespace. Does not parse further. Returns 0 and its hash, QUOIN_ESIGNATURE (none, bad, too few),
 * QUOIN_EROLE (good signatures, but of keys of another role), QUOIN_ESYNTAX, QUOIN_EVERSION, QUOIN_ENAMESPACE,
 * QUOIN_EOTHERSYSTEM, QUOIN_ELIMIT.
 */
int quoin_trust_verify(const struct quoin_trust *trust, enum quoin_document_type type,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err);

/* Whose signature this text is: the key of the root that has the role and has signed exactly these bytes; borrowed from the
 * root. NULL: of none. For people: whether a document counts is said by quoin_trust_verify. */
const struct quoin_root_key *quoin_trust_signer(const struct quoin_root *root, enum quoin_role role,
    struct quoin_span document, struct quoin_span text);

/* Verify and parse a certificate; also its key is neither revoked in the root nor one of the root's (QUOIN_EKEY),
 * and it is valid at "now_ms" (QUOIN_EEXPIRED). */
int quoin_trust_verify_cert(const struct quoin_trust *trust, const struct quoin_envelope *envelope, int64_t now_ms,
    struct quoin_cert *ret, struct quoin_error *err);

/* Verify a status by the key of a verified certificate. As quoin_trust_verify; QUOIN_EROLE: of another host. */
int quoin_trust_verify_status(const struct quoin_trust *trust, const struct quoin_cert *cert,
    const struct quoin_envelope *envelope, struct quoin_hash *ret_hash, struct quoin_error *err);

/* Sign with one or more keys and own the result. 0, QUOIN_ESYNTAX (not a document of ours), QUOIN_ELIMIT,
 * QUOIN_ENOMEM, QUOIN_ESYSTEM, QUOIN_EKEY. */
int quoin_seal(struct quoin_span document, const struct quoin_signing_key *keys, size_t key_count,
    struct quoin_sealed *ret);

#endif
