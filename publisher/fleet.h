/*
 * Fleet: the status topic, verified and folded: the newest status of every host. Unauthenticated until verified against
 * its certificate; the highest number wins, and absence says nothing. A host is what its newest certificate on the control
 * topic says: a status under another key, role or shard counts for nothing, however long that certificate is still valid.
 * Where the control topic has none, the status' own valid one counts.
 */
#ifndef QUOIN_PUBLISHER_FLEET_H
#define QUOIN_PUBLISHER_FLEET_H

#include "formats/status.h"
#include "lib/bus.h"
#include "publisher/control.h"

struct quoin_fleet_host {
	struct quoin_cert cert;
	struct quoin_hash cert_hash; /* of its bytes as they came: verified under the root of this version, and not again */
	uint64_t root_version;
	struct quoin_status status;
	int64_t received_ms; /* the reader's wall clock (commands: the record's time) when this status came */
};

struct quoin_fleet {
	struct quoin_fleet_host *hosts; /* ascending by name; owned */
	size_t host_count;
	int64_t next_offset;
	bool drops_hits;  /* set by the caller: what applications counted is not kept of each host */
	uint64_t refused; /* statuses that did not verify or parse, or are under an older certificate */
};

void quoin_fleet_clear(struct quoin_fleet *fleet);

/* Take one record. *ret_host (may be NULL) is the changed host, or NULL if it was older than the held one or refused.
 * Numbers of different certificates are not compared: what was said under an older one is replaced. Returns 0, or why it
 * was refused: the trust's codes, QUOIN_EKEY for a certificate that is not the host's newest, QUOIN_EREPLAY for a lower
 * number. */
int quoin_fleet_admit(struct quoin_fleet *fleet, const struct quoin_control *control,
    const struct quoin_bus_record *record, int64_t now_ms, const struct quoin_fleet_host **ret_host,
    struct quoin_error *err);

/* Read the topic to its end as it is now. */
int quoin_fleet_read(struct quoin_fleet *fleet, const struct quoin_control *control, struct quoin_bus_reader *reader,
    const char *topic, int timeout_ms, struct quoin_error *err);

const struct quoin_fleet_host *quoin_fleet_host(const struct quoin_fleet *fleet, const char *host);

#endif
