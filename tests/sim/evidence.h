/*
 * The judge's own reading of PROTOCOL.md sections 5 and 7: whether the reports on the log allowed what a gate selected. A
 * second evaluator, written from the page and not from the gate.
 */
#ifndef QUOIN_TESTS_SIM_EVIDENCE_H
#define QUOIN_TESTS_SIM_EVIDENCE_H

#include "tests/sim/judge.h"

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

/* Whether a serving host has said, truly, that it is ready for a release in this stay in the live set. */
struct sim_bound {
	uint64_t epoch, since;
	bool is_ready;
};

struct sim_ratchet {
	struct quoin_position obeyed;
	uint64_t root_version, status_number, load_generation;
};

struct sim_judge {
	bool has_newest;
	struct quoin_activation newest;
	struct quoin_position newest_at;
	struct quoin_position *past; /* every activation committed; owned */
	size_t past_count, past_cap;
	struct sim_note *notes; /* owned */
	size_t note_count, note_cap;
	struct sim_bound bound[SIM_SERVING][SIM_RELEASES];
	struct sim_ratchet ratchets[SIM_HOSTS];
	uint64_t forgotten[SIM_HOSTS]; /* the intent; 0: not */
	bool has_returned[SIM_HOSTS];
	int64_t returned_at[SIM_HOSTS];
	uint64_t excluded_at[SIM_HOSTS]; /* the seq of the newest stay among the excluded; 0: not */
	unsigned retries[SIM_RELEASES]; /* asked for by operators */
	unsigned tries[SIM_HOSTS][SIM_RELEASES];
	unsigned try_boots[SIM_HOSTS][SIM_RELEASES];
	/* Of a serving host at the last look: what it has loaded, and whether it takes requests. */
	uint64_t seen[SIM_SERVING][3];
};

void sim_evidence_note(struct sim *sim, int host, const struct quoin_status *status);
/* "release" is newly selected by "activation" after judge->newest; violates I4 if the reports did not allow it. */
void sim_evidence_check(struct sim *sim, const struct sim_gate *gate, const struct quoin_activation *activation,
    uint64_t release, const char *how);
/* What a serving host has loaded, or whether it takes requests, is other than at the last look. */
bool sim_evidence_is_moved(struct sim *sim, int host);

#endif
