/*
 * Check policy: what policy.json asks of shards must be possible on those that get models (INTERFACES.md section 4).
 */
#ifndef QUOIN_PUBLISHER_CHECK_POLICY_H
#define QUOIN_PUBLISHER_CHECK_POLICY_H

#include "publisher/check.h"

/* Comes after assign: a shard without models is not asked. Problems (code policy) are at the policy's values. */
void quoin_check_policy(const struct quoin_directory *directory, const struct quoin_ruleset *ruleset,
    struct quoin_problems *problems);

#endif
