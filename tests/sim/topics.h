/*
 * What happens to whole topics: they are deleted and made anew, people put their documents back, import the activation that
 * a gate waits for, and collect garbage. What may be done is decided by the programs' own pure functions: publisher/lost,
 * import_gate and gc.
 */
#ifndef QUOIN_TESTS_SIM_TOPICS_H
#define QUOIN_TESTS_SIM_TOPICS_H

#include "tests/sim/world.h"

/* GC, TOPIC_ANEW. */
void sim_topics_act(struct sim *sim, const struct sim_act *act);
/* BURY: gc's tombstones; PUT_BACK: people put right what a deleted topic lost, or try to. */
void sim_topics_event(struct sim *sim, const struct sim_event *event);
/* Whether a publisher would refuse to write, because the control topic has less than gate and hosts remember. */
bool sim_topics_refuse(struct sim *sim);
/* The faults are over: what was deleted is put back. */
void sim_topics_settle(struct sim *sim);
void sim_topics_clear(struct sim *sim);

#endif
