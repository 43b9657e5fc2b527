/*
 * Parts: the content of a release's parts, from the bus into memory, each verified against the hash that was signed.
 */
#ifndef QUOIN_PUBLISHER_PARTS_H
#define QUOIN_PUBLISHER_PARTS_H

#include "formats/ruleset.h"
#include "publisher/control.h"

struct quoin_parts {
	struct quoin_release release; /* number 0: nothing was fetched */
	struct quoin_buf contents[QUOIN_PARTS_MAX]; /* by the release's order of parts; empty where not asked for */
};

/* The blobs topic of the configuration, for any number of fetches; closed with quoin_bus_lookup_close. */
int quoin_parts_open(const struct quoin_conf *conf, struct quoin_bus_lookup **ret, struct quoin_error *err);

/*
 * Fetch release "number" into "ret", to be cleared: the parts of these names (ended by NULL; those that the release does
 * not have are left out), or all of them if "names" is NULL. "timeout_ms" is per part. Returns 0, QUOIN_ENOENT (no such
 * release), QUOIN_EMISSING, QUOIN_ECORRUPT, QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE; on failure "ret" is cleared.
 */
int quoin_parts_fetch(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    const char *const *names, int timeout_ms, struct quoin_parts *ret, struct quoin_error *err);

/* The content of a part that was fetched, 16-byte aligned; empty if the release does not have it. */
struct quoin_span quoin_parts_content(const struct quoin_parts *parts, const char *name);

/* What the authors of release "number" said: its source part, fetched and read. The same codes; QUOIN_EMISSING if it has none,
 * as a release of files. */
int quoin_parts_fetch_ruleset(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    int timeout_ms, struct quoin_ruleset *ret, struct quoin_error *err);

/* Accepts all-zero objects. */
void quoin_parts_clear(struct quoin_parts *parts);

#endif
