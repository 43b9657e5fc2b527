/*
 * The judge: knows the invariants of PROTOCOL.md section 9 by number, and the truth: what is on the log, in every store, in
 * every model server, and in the hands of every reader. It is told of what happens where an invariant could break; the
 * invariants themselves are in invariants.c.
 */
#ifndef QUOIN_TESTS_SIM_JUDGE_H
#define QUOIN_TESTS_SIM_JUDGE_H

#include "tests/sim/world.h"

struct sim_judge *sim_judge_new(void);
void sim_judge_free(struct sim_judge *judge);
void sim_judge_begin(struct sim *sim);

/* The newest activation on the log, the judge's; NULL: none. */
const struct quoin_activation *sim_judge_newest(const struct sim *sim);
/* An activation was committed by this gate (NULL: nobody knows which). */
void sim_judge_activation(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    const struct quoin_hash *hash);
/* An import of this activation is let through, though this host obeys a later one. */
void sim_judge_import(struct sim *sim, const struct quoin_activation *activation, const char *host);
/* A host says this of itself. */
void sim_judge_report(struct sim *sim, const struct sim_host *host, const struct quoin_status *status);
/* A status reached the log. */
void sim_judge_status(struct sim *sim, const struct sim_host *host, const struct quoin_status *status);
/* A host's store took a commit; "before": what ran. */
void sim_judge_commit(struct sim *sim, const struct sim_host *host, const struct quoin_docref *before);
/* A store was lost: with the copy of its ratchets, or without. */
void sim_judge_lost(struct sim *sim, const struct sim_host *host, bool with_copy);
/* An agent cannot begin from its store. */
void sim_judge_unstarted(struct sim *sim, const struct sim_host *host, const char *why);
/* A model is about to be unloaded; a release is loaded. */
void sim_judge_unload(struct sim *sim, const struct sim_host *host, uint32_t model);
void sim_judge_try(struct sim *sim, const struct sim_host *host, uint64_t release);
/* The content of a release is about to be removed from a store. */
void sim_judge_collect(struct sim *sim, const struct sim_host *host, uint64_t release);
/* gc removed a document, or a content, from the log. */
void sim_judge_bury(struct sim *sim, enum sim_record_kind kind, uint64_t number);
void sim_judge_bury_body(struct sim *sim, uint64_t release);
/* An operator's word. */
void sim_judge_intent(struct sim *sim, const struct quoin_intent *intent);
/* After every step: the actor that it was about. */
void sim_judge_step(struct sim *sim, int actor);
/* The clock stands still, and this actor is whom it is about. */
void sim_judge_circle(struct sim *sim, const char *who);
/* The run is over, and this has not converged. */
void sim_judge_overdue(struct sim *sim, const char *why);

#endif
