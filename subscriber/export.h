/*
 * Export: what a host's store holds as files (quoin-export(5)), for when a topic was lost and nobody has an export: every
 * host has the newest activation that it obeyed. Of the release's parts the store has only what the host needs.
 */
#ifndef QUOIN_SUBSCRIBER_EXPORT_H
#define QUOIN_SUBSCRIBER_EXPORT_H

#include "formats/conf.h"
#include "lib/error.h"

/*
 * Write the active release of this configuration's store, its activation, root and intents into "out", which must not exist
 * or be empty (QUOIN_EEXISTS). The store is read, as by any reader: an agent may be running. release.txt is written last.
 *
 * Returns 0 and the release; QUOIN_ECONFIG; QUOIN_ENOENT (no store, or nothing is active); QUOIN_ECORRUPT; the codes of
 * files. What was written before a failure stays, without release.txt.
 */
int quoin_store_export(const struct quoin_conf *conf, const char *out, uint64_t *ret_release, struct quoin_error *err);

#endif
