/*
 * Check version: the comparators of a version condition (RULES.md section 4), ">=9.4 <10".
 */
#ifndef QUOIN_PUBLISHER_CHECK_VERSION_H
#define QUOIN_PUBLISHER_CHECK_VERSION_H

#include "formats/ruleset.h"

/* Read the comparators into "bounds". Returns how many there are, or 0 with the reason and advice in "why". */
size_t quoin_check_version_bounds(struct quoin_span text, struct quoin_version_bound *bounds, size_t bounds_max,
    char *why, size_t why_bytes);

#endif
