/*
 * Keyring: the secret keys of a person or a gate, one directory of minisign key files ("keys" in quoin.conf):
 * <role>.key and <role>.pub; further keys of a role are <role>-<anything>.key. Files are 0600.
 */
#ifndef QUOIN_PUBLISHER_KEYRING_H
#define QUOIN_PUBLISHER_KEYRING_H

#include "formats/conf.h"
#include "formats/keyfile.h"
#include "formats/root.h"

struct quoin_keyring {
	struct quoin_signing_key keys[QUOIN_SIGNATURES_MAX];
	size_t count;
};

/* All keys of one role. Encrypted ones need conf->passphrase_file, or are asked for on the terminal (may_ask).
 * Returns 0; QUOIN_ECONFIG (no "keys" configured); QUOIN_EKEY (none for this role, wrong passphrase, damaged);
 * QUOIN_EPERM (readable by others). */
int quoin_keyring_load(const struct quoin_conf *conf, enum quoin_role role, bool may_ask, struct quoin_keyring *ret,
    struct quoin_error *err);
void quoin_keyring_clear(struct quoin_keyring *keyring);
/* Whether the root names as many of these keys for the role as it asks for: what they sign together is believed. */
bool quoin_keyring_is_believed(const struct quoin_keyring *keyring, const struct quoin_root *root,
    enum quoin_role role);

/* Make a new key pair of a role in "dir"; never over an existing one (QUOIN_EEXISTS). passphrase NULL: unencrypted. */
int quoin_keyring_make(const char *dir, enum quoin_role role, const char *passphrase, struct quoin_public_key *ret,
    struct quoin_error *err);
/* The passphrase for new or existing keys: from the file, else asked on the terminal (twice if is_new). "out" is secret
 * memory of the caller. */
int quoin_passphrase_get(const struct quoin_conf *conf, const char *what, bool is_new, char *out, size_t out_bytes,
    struct quoin_error *err);

#endif
