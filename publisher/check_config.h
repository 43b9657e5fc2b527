/*
 * Check config: the largest config that a decision can have (RULES.md sections 3 and 7).
 */
#ifndef QUOIN_PUBLISHER_CHECK_CONFIG_H
#define QUOIN_PUBLISHER_CHECK_CONFIG_H

#include "publisher/check_run.h"

/* Every decision that some context can lead to has a config of at most QUOIN_CONFIG_BYTES_MAX in canonical form. */
void quoin_check_configs(struct quoin_check_run *run);

#endif
