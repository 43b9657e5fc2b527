/*
 * Import: a router's store seeded from an exported release (quoin-export(5)), for when everything upstream is dead: the host
 * then resolves, stale, and goes on from there when the broker is back.
 */
#ifndef QUOIN_SUBSCRIBER_IMPORT_H
#define QUOIN_SUBSCRIBER_IMPORT_H

#include "formats/conf.h"
#include "lib/error.h"

/*
 * Seed the store of this configuration, while no agent runs on it, as the agent would have come to it: everything is verified
 * by the pinned root and those that the store has; the release must be the one that the export's activation selects for this
 * host; the parts are tried in a child; and one commit makes it active. Nothing goes back: neither root nor activation are
 * older than the store's ratchets, and nothing that it knows to be revoked is taken.
 *
 * Only for routers: a serving host with a new store must not answer /ready before it has read the gate topic.
 *
 * Returns 0 and the release; QUOIN_ECONFLICT (an agent has the store; the activation selects another release; revoked);
 * QUOIN_EREPLAY (older than the store), QUOIN_EFORK; QUOIN_ENOENT (no export there), QUOIN_EMISSING (a file of it is not);
 * the codes of the trust, of the trial (QUOIN_ECORRUPT, …) and of the store. After a failure what readers get is unchanged.
 */
int quoin_store_import(const struct quoin_conf *conf, const char *dir, uint64_t *ret_release, struct quoin_error *err);

#endif
