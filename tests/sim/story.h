#ifndef QUOIN_TESTS_SIM_STORY_H
#define QUOIN_TESTS_SIM_STORY_H

#include "tests/sim/world.h"

/* Put the acts of some story, drawn by the plan's chance, into the plan, the first at about this time. It may settle what
 * the fleet is like (lease_refuse, slots). */
void sim_story(struct sim *sim, int64_t at);

#endif
