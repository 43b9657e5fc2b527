/*
 * Check whole: what holds only of all rules together: names, defaults, tests, routes, and which model versions a
 * release contains (RULES.md sections 1 and 3).
 */
#ifndef QUOIN_PUBLISHER_CHECK_WHOLE_H
#define QUOIN_PUBLISHER_CHECK_WHOLE_H

#include "publisher/check_run.h"

/* Comes after the rules. Gives the objectives their defaults and marks the models that are used. */
void quoin_check_whole(struct quoin_check_run *run);

#endif
