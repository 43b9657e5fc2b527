/*
 * Identity: who this host is. A directory with host.key (an unencrypted minisign secret key, mode 0600) and cert.txt with
 * its signature beside it (cert.txt.minisig); "quoin enrol" makes it.
 */
#ifndef QUOIN_SUBSCRIBER_IDENTITY_H
#define QUOIN_SUBSCRIBER_IDENTITY_H

#include "formats/trust.h"
#include "lib/detached.h"

struct quoin_identity {
	struct quoin_signing_key key;
	struct quoin_detached files;
	struct quoin_sealed cert; /* as it travels with statuses */
};
void quoin_identity_clear(struct quoin_identity *identity);

/*
 * Read the directory. Returns 0; QUOIN_ECONFIG (not set), QUOIN_ENOENT, QUOIN_EMISSING, QUOIN_EPERM (the key can be read by
 * others), QUOIN_EKEY (encrypted or damaged), QUOIN_ESYNTAX, QUOIN_ENOMEM.
 */
int quoin_identity_read(const char *dir, struct quoin_identity *ret, struct quoin_error *err);

/* The pinned root: a document file with its signatures beside it. "ret" borrows from "files". */
int quoin_pinned_root_read(const char *path, struct quoin_detached *files, struct quoin_envelope *ret,
    struct quoin_error *err);

/* Whether the key is the one that the certificate names: 0 or QUOIN_EKEY. */
int quoin_identity_check(const struct quoin_identity *identity, const struct quoin_cert *cert, struct quoin_error *err);

#endif
