/*
 * Check limits: the bounds of RULES.md section 7 that only the whole directory can exceed.
 */
#ifndef QUOIN_PUBLISHER_CHECK_LIMITS_H
#define QUOIN_PUBLISHER_CHECK_LIMITS_H

#include "publisher/check_run.h"

/* Rules per objective, attributes, constants per attribute, resources, and the largest config of any decision. Comes
 * last. */
void quoin_check_limits(struct quoin_check_run *run);

#endif
