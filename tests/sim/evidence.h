/*
 * The judge's own reading of PROTOCOL.md sections 5 and 7: whether the reports on the log allowed what a gate selected. A
 * second evaluator, written from the page and not from the gate.
 */
#ifndef QUOIN_TESTS_SIM_EVIDENCE_H
#define QUOIN_TESTS_SIM_EVIDENCE_H

#include "tests/sim/world.h"

/* A status as it reached the log. */
struct sim_note {
	int host;
	int64_t offset;
	int64_t at;
	uint64_t number;
	struct quoin_position obeyed;
	uint64_t boot, generation;
	bool is_leaving;
	uint64_t ready; /* bit n: release n, by its right hash */
};

/* A status of this host is about to reach the log. */
void sim_evidence_note(struct sim *sim, int host, const struct quoin_status *status);
/* "release" is newly selected by "activation" after judge->newest; violates I4 if the reports did not allow it. */
void sim_evidence_check(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    uint64_t release, const char *how);

#endif
