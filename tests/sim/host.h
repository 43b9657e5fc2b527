/*
 * The rooms of a simulated host among themselves, from the ground up: store, models, readers and report know nothing of the
 * agent's turns; life ends and restarts it; host.c feeds its core and does what it says; faults is what the plan does to it.
 */
#ifndef QUOIN_TESTS_SIM_HOST_H
#define QUOIN_TESTS_SIM_HOST_H

#include "tests/sim/world.h"

/* ---- host_store ---- */

/* What an agent that starts is given of its store. */
void sim_host_stored(const struct sim_host *host, struct quoin_agent_stored *ret);
/* Give the core the documents that the store has. */
void sim_host_restore(struct sim *sim, struct sim_host *host);
/* As quoin_agent_open does for a host without a store. */
void sim_host_raise_status_number(struct sim *sim, struct sim_host *host);
/* Commit what the core changed. */
void sim_host_persist(struct sim *sim, struct sim_host *host);
void sim_host_lose_store(struct sim *sim, struct sim_host *host, bool with_copy);
void sim_host_forget_documents(struct sim_store *store);

/* ---- host_models ---- */

/* How hosts are told of a model; and back. */
void sim_host_model_name(uint32_t model, struct quoin_agent_model_name *ret);
uint32_t sim_host_model_of(const struct quoin_agent_model_name *name);
/* The core's model "id": its answer comes as SIM_HOOKED. */
void sim_host_hook(struct sim *sim, struct sim_host *host, uint64_t id, enum quoin_hook kind);
/* What the hook does to this model at last; 0, or the code that it answers with. */
int sim_host_outcome(struct sim *sim, struct sim_host *host, enum quoin_hook kind, uint32_t model);
/* The model server dies: nobody unloads what it had. */
void sim_host_lose_models(struct sim_host *host);

/* ---- host_readers ---- */

/* The readers will see what was committed. */
void sim_host_readers_look(struct sim *sim, struct sim_host *host);
/* This one does now, unless it is stuck. */
void sim_host_read(struct sim *sim, struct sim_host *host, uint64_t reader);
/* The data plane takes one release in and another out; 0: none. */
void sim_host_plane(struct sim_host *host, uint64_t add, uint64_t remove);

/* ---- host_report ---- */

/* Send the core's status of this number: SIM_ARRIVE and SIM_ACKED come of it. */
void sim_host_report(struct sim *sim, struct sim_host *host, uint64_t number);
void sim_host_arrive(struct sim *sim, struct sim_host *host, struct sim_event *event);

/* ---- host_life ---- */

int sim_host_index(const struct sim *sim, const struct sim_host *host);
/* An event of this host, to be filled in and pushed. */
struct sim_event sim_host_event_of(const struct sim *sim, const struct sim_host *host, enum sim_event_kind kind);
/* The machine has booted once more. */
void sim_host_boot(struct sim_host *host);
/* The agent is gone, and with it all that was on its way to it. */
void sim_host_die(const struct sim *sim, struct sim_host *host);
/* The same, and it is started again after "away_ms"; or its machine is. */
void sim_host_crash(struct sim *sim, struct sim_host *host, int64_t away_ms);
void sim_host_reboot(struct sim *sim, struct sim_host *host, int64_t away_ms);

/* ---- host ---- */

/* Step the core by this event and do its actions, unless the agent is down. */
void sim_host_feed(struct sim *sim, struct sim_host *host, struct quoin_agent_event event);

#endif
