/*
 * Root: who may sign what. A chain: version N+1 is signed by thresholds of the root role of N and of N+1. Only it can
 * raise the epoch of activations. Key "root/<version>" on the control topic; the first one is shipped with each host.
 */
#ifndef QUOIN_FORMATS_ROOT_H
#define QUOIN_FORMATS_ROOT_H

#include "formats/document.h"

/*
 * quoin-root-v1
 * system <32 hex>
 * namespace <name>
 * root <version, from 1>
 * prev <docref of the version before; "0 -" for version 1>
 * issued_ms <u64>
 * expires_ms <u64>
 * epoch <u64>
 * key <16 hex key id> <64 hex public key>			repeated, ascending by key id, ids and keys distinct
 * role root <threshold> <key id>…				ids ascending; each has a key line; no key in two roles
 * role release <threshold> <key id>…
 * role operate 1 <key id>…
 * role gate <threshold> <key id>…
 * role enrol <threshold> <key id>…
 * revoked-host <64 hex: BLAKE2b-256 of the host's public key>	repeated, ascending
 * end
 *
 * 1 <= threshold <= number of the role's keys; operate's is 1. The key id is minisign's, in the order of its 8 bytes.
 */
struct quoin_root_key {
	uint8_t id[QUOIN_KEY_ID_BYTES];
	uint8_t key[QUOIN_PUBLIC_KEY_BYTES];
	bool roles[QUOIN_ROOT_ROLES]; /* exactly one is true */
};

struct quoin_root {
	struct quoin_origin origin;
	uint64_t version;
	struct quoin_docref prev;
	int64_t issued_ms;
	int64_t expires_ms;
	uint64_t epoch;
	struct quoin_root_key keys[QUOIN_KEYS_MAX];
	size_t key_count;
	unsigned threshold[QUOIN_ROOT_ROLES];
	struct quoin_hash revoked_hosts[QUOIN_REVOKED_HOSTS_MAX];
	size_t revoked_host_count;
};

/* Why it is no root, whatever signs it; NULL: it is one. Printing asserts it. */
const char *quoin_root_fault(const struct quoin_root *root);
int quoin_root_print(const struct quoin_root *root, struct quoin_buf *out);
int quoin_root_parse(struct quoin_span text, struct quoin_root *ret, struct quoin_error *err);

/* Whether the host with this public key is revoked. */
bool quoin_root_has_revoked(const struct quoin_root *root, const uint8_t key[QUOIN_PUBLIC_KEY_BYTES]);

#endif
