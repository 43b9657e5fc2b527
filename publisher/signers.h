/*
 * Signers: by whose keys a document of the control topic is signed, for people who ask who did it.
 */
#ifndef QUOIN_PUBLISHER_SIGNERS_H
#define QUOIN_PUBLISHER_SIGNERS_H

#include "lib/json_writer.h"
#include "publisher/control.h"

struct quoin_signer {
	char keyid[QUOIN_KEY_ID_TEXT_BYTES]; /* as minisign prints it */
	enum quoin_role role;
	uint64_t root; /* the newest root that lists the key in this role */
};

struct quoin_signers {
	struct quoin_signer items[QUOIN_SIGNATURES_MAX]; /* in the order of the signatures; each key once */
	size_t count;
};

/*
 * Who signed the document of this key ("release/42", "intent/9") with the role that its type asks for. Every signature is
 * verified: anybody may add one to a record, and one that does not count is not shown. A key that the newest root lists
 * no more is looked for in the roots before it, as far as they are held. None, if the document is not held.
 */
void quoin_signers_of(const struct quoin_control *control, const char *kind, uint64_t number,
    struct quoin_signers *ret);

/* "signed by release 1F2E…, release 9A…", and " (root 1)" after a key that a later root does not list. Returns out->error. */
int quoin_signers_print(const struct quoin_signers *signers, uint64_t newest_root, struct quoin_buf *out);
/* The array "signers" of {"keyid", "role", "root"}. */
void quoin_signers_put(const struct quoin_signers *signers, struct quoin_json_writer *writer);

#endif
