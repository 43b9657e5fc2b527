/*
 * Transfer: how many bytes each host fetches for a release that another one is active before.
 */
#ifndef QUOIN_PUBLISHER_TRANSFER_H
#define QUOIN_PUBLISHER_TRANSFER_H

#include "formats/cert.h"
#include "formats/release.h"

struct quoin_transfer_part {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	uint64_t bytes;	       /* of the content */
	uint64_t packed_bytes; /* to be fetched: 0 if the base has the same content */
	bool is_delta;
};

struct quoin_transfer {
	struct quoin_transfer_part parts[QUOIN_PARTS_MAX];
	size_t part_count;
	uint64_t router_bytes, serving_bytes; /* what a host of the role fetches */
};

/* Whether a host of the role fetches the part if its configuration does not say otherwise (quoin.conf(5), parts). */
bool quoin_transfer_wants(enum quoin_host_role role, const char *part);

/* From release to release, by the smallest encoding that a host which holds "before" (may be NULL) can use. */
void quoin_transfer_of_release(const struct quoin_release *before, const struct quoin_release *after,
    struct quoin_transfer *ret);

/* One part that is not published yet, with this content, where a host has "base" (empty: nothing); adds to *ret. 0,
 * QUOIN_ENOMEM, QUOIN_ELIMIT. */
int quoin_transfer_add(const char *name, struct quoin_span content, struct quoin_span base, struct quoin_transfer *ret);

#endif
