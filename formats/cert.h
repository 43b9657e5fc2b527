/*
 * Certificate: a host is what its certificate says. Key "cert/<host>" on the control topic and a header of every status
 * document; signed by enrol.
 */
#ifndef QUOIN_FORMATS_CERT_H
#define QUOIN_FORMATS_CERT_H

#include "formats/document.h"

enum quoin_host_role {
	QUOIN_HOST_SERVING,
	QUOIN_HOST_ROUTER,
};

/*
 * quoin-cert-v1
 * system <32 hex>
 * namespace <name>
 * host <name>
 * role <serving|router>
 * shard <name|->			serving only
 * labels <key=value>…
 * key <16 hex key id> <64 hex public key>
 * not_before_ms <u64>
 * not_after_ms <u64>
 * end
 */
struct quoin_cert {
	struct quoin_origin origin;
	char host[QUOIN_NAME_BYTES_MAX + 1];
	enum quoin_host_role role;
	char shard[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_labels labels;
	uint8_t key_id[QUOIN_KEY_ID_BYTES];
	uint8_t key[QUOIN_PUBLIC_KEY_BYTES];
	int64_t not_before_ms;
	int64_t not_after_ms;
};

int quoin_cert_print(const struct quoin_cert *cert, struct quoin_buf *out);
int quoin_cert_parse(struct quoin_span text, struct quoin_cert *ret, struct quoin_error *err);
/* Whether both make the host the same: its key, role and shard. Times and labels may differ. */
bool quoin_cert_is_same_host(const struct quoin_cert *a, const struct quoin_cert *b);
const char *quoin_host_role_name(enum quoin_host_role role);

#endif
