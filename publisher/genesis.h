/*
 * Genesis: the first root of a new system: a random system id, a key for every role, version 1 signed by the root role.
 */
#ifndef QUOIN_PUBLISHER_GENESIS_H
#define QUOIN_PUBLISHER_GENESIS_H

#include "formats/conf.h"

/*
 * Make keys that are missing in conf->keys (with a passphrase unless no_passphrase) and write the first root at
 * conf->root with its signature beside it. Never overwrites: QUOIN_EEXISTS when there is a root already.
 */
int quoin_genesis(const struct quoin_conf *conf, bool no_passphrase, struct quoin_error *err);

#endif
