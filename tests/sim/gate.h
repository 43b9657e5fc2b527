/*
 * The rooms of a simulated gate among themselves, from the ground up: commit writes to the log; step lives, feeds the core
 * and does what it says; read turns the topics into events; gate.c takes the world's events.
 */
#ifndef QUOIN_TESTS_SIM_GATE_H
#define QUOIN_TESTS_SIM_GATE_H

#include "tests/sim/world.h"

/* ---- gate_commit ---- */

/* An event of this gate, to be filled in and pushed. */
struct sim_event sim_gate_event_of(const struct sim *sim, const struct sim_gate *gate, enum sim_event_kind kind);
/* What this action says is sealed, and on its way to SIM_COMMIT. */
void sim_gate_produce(struct sim *sim, struct sim_gate *gate, const struct quoin_gate_action *action);
/* It is committed, or not; SIM_OUTCOME says which. */
void sim_gate_commit(struct sim *sim, struct sim_gate *gate);
void sim_gate_drop_writer(struct sim_gate *gate);

/* ---- gate_step ---- */

void sim_gate_start(struct sim *sim, struct sim_gate *gate);
void sim_gate_die(struct sim_gate *gate);
/* It ends by itself, and is started again. */
void sim_gate_end(struct sim *sim, struct sim_gate *gate, const char *why);
/* Read this topic from its start. */
void sim_gate_assign(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic);
/* Ask where the topics that are read end now: all, or the status topic alone. */
void sim_gate_ask_ends(struct sim *sim, struct sim_gate *gate, bool is_status_only);
/* Step the core by this event, whose release is taken, and do its actions, unless the gate is down. */
void sim_gate_feed(struct sim *sim, struct sim_gate *gate, struct quoin_gate_event event);

/* ---- gate_read ---- */

#define SIM_GATE_TOPICS 3
extern const enum quoin_topic sim_gate_topics[SIM_GATE_TOPICS];

/* The next records of this topic. */
void sim_gate_deliver(struct sim *sim, struct sim_gate *gate, enum quoin_topic topic);
/* The ends that were asked for are known. */
void sim_gate_ask(struct sim *sim, struct sim_gate *gate);
/* Nothing more to take now: see whether an end was reached, and let time pass. */
void sim_gate_turn(struct sim *sim, struct sim_gate *gate);

#endif
