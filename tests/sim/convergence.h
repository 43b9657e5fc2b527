/*
 * What I9 promises of the end of a run: the newest release that was asked for is fully active, nothing else is live but what
 * its policy keeps warm, and every host has what it needs, and nothing more.
 */
#ifndef QUOIN_TESTS_SIM_CONVERGENCE_H
#define QUOIN_TESTS_SIM_CONVERGENCE_H

#include "tests/sim/world.h"

/* Whether the fleet has converged; if not, "why" names the first thing that has not, in "why_bytes" bytes at most. */
bool sim_has_converged(const struct sim *sim, char *why, size_t why_bytes);

#endif
