/*
 * Fetch: the parts of one release from <ns>.blobs into the store (DESIGN.md section 4).
 *
 * What the store has is not fetched; a delta is taken if its base is held, the full body otherwise or when the delta
 * fails. Chunks are checked one by one, then the packed body, then the content: nothing unverified becomes visible.
 * Big bodies lie in an unlinked file while they are put together, so that memory stays small whatever their size.
 */
#ifndef QUOIN_SUBSCRIBER_FETCH_H
#define QUOIN_SUBSCRIBER_FETCH_H

#include "formats/cert.h"
#include "formats/release.h"
#include "formats/status.h"
#include "lib/bus.h"
#include "subscriber/store.h"

/* Which parts a host takes. */
struct quoin_fetch_parts {
	enum quoin_host_role role;
	const char (*names)[QUOIN_NAME_BYTES_MAX + 1]; /* "parts" of quoin.conf; borrowed */
	size_t name_count;			       /* 0: what the role needs */
};
/* Serving hosts need "models"; routers all but "models" and "source". */
bool quoin_fetch_wants(const struct quoin_fetch_parts *parts, const char *name);

struct quoin_fetch {
	struct quoin_store *store;
	struct quoin_bus_lookup *lookup;
	struct quoin_fetch_parts parts;
	uint64_t bytes_max;	    /* limit.bytes: of all wanted parts of a release */
	/* Asked between chunks; true ends the fetch with QUOIN_EAGAIN. */
	bool (*is_interrupted)(void *ctx);
	void *ctx;
	struct quoin_status_fetched fetched; /* counted up with what is fetched, also where the fetch fails later */
};

/* A stored release document, parsed; the caller clears it. 0, QUOIN_ENOENT, QUOIN_ECORRUPT, QUOIN_ENOMEM. */
int quoin_release_load(struct quoin_store *store, uint64_t number, struct quoin_release *ret, struct quoin_error *err);

/*
 * Bring every wanted part of the release into the store. Returns 0; QUOIN_EAGAIN (interrupted); QUOIN_ELIMIT (more bytes
 * than this host takes); QUOIN_ECORRUPT (what is there is not what was signed); QUOIN_EMISSING (not on the topic);
 * QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE; QUOIN_ENOSPC, QUOIN_EMAPFULL, QUOIN_ENOMEM, QUOIN_EIO.
 */
int quoin_fetch_release(struct quoin_fetch *fetch, const struct quoin_release *release, struct quoin_error *err);

#endif
