/*
 * The invariants of PROTOCOL.md section 9, one function each, and what they are read from: the world as it is, what the
 * judge remembers of it, and the fact that has just come about.
 */
#ifndef QUOIN_TESTS_SIM_INVARIANTS_H
#define QUOIN_TESTS_SIM_INVARIANTS_H

#include "tests/sim/evidence.h"

/* ---- What the judge remembers ---- */

/* Whether a serving host has said, truly, that it is ready for a release in this stay in the live set. */
struct sim_bound {
	uint64_t epoch, since;
	bool is_ready;
};

/* Of a host: the highest that it has committed. */
struct sim_ratchet {
	struct quoin_position obeyed;
	uint64_t root_version, status_number, load_generation;
};

struct sim_judge {
	bool has_newest;
	struct quoin_activation newest; /* on the log */
	struct quoin_position newest_at;
	struct quoin_position *past; /* every activation committed; owned */
	size_t past_count, past_cap;
	struct sim_note *notes; /* every status on the log; owned */
	size_t note_count, note_cap;
	struct sim_bound bound[SIM_SERVING][SIM_RELEASES];
	struct sim_ratchet ratchets[SIM_HOSTS];
	uint64_t forgotten[SIM_HOSTS]; /* the intent; 0: not */
	bool has_returned[SIM_HOSTS];
	int64_t returned_at[SIM_HOSTS];
	uint64_t excluded_at[SIM_HOSTS]; /* the seq of the newest stay among the excluded; 0: not */
	unsigned retries[SIM_RELEASES];	 /* asked for by operators */
	/* How often a host loaded a release that kills it, since its machine booted. */
	unsigned tries[SIM_HOSTS][SIM_RELEASES];
	unsigned try_boots[SIM_HOSTS][SIM_RELEASES];
	/* Of a serving host at the last look: what it has loaded, and whether it takes requests. */
	uint64_t seen[SIM_SERVING][3];
};

/* ---- What comes about ---- */

/* Moments at which an invariant can break, and what of the fact they fill in. */
enum sim_fact_kind {
	SIM_FACT_ACTIVATION, /* one is about to be the newest on the log: gate (NULL: nobody knows which), activation, at */
	SIM_FACT_REPORT,     /* host says this of itself: status */
	SIM_FACT_COMMIT,     /* host's store took a commit: before */
	SIM_FACT_UNSTARTED, /* host's agent cannot begin from its store: text */
	SIM_FACT_UNLOAD,    /* host is about to unload: number is the model's */
	SIM_FACT_TRY,	    /* host loads a release that kills it: number */
	SIM_FACT_COLLECT,   /* host is about to drop a release's content: number */
	SIM_FACT_BURIED,    /* a document went from the log: record, number */
	SIM_FACT_BODY,	    /* a release's content went from the log: number */
	SIM_FACT_SERVING,   /* host, a serving one, was stepped */
	SIM_FACT_ROUTING,   /* host, a router, was stepped, or what it relies on moved: effective */
	SIM_FACT_IMPORT, /* an import of this activation is let through, and the host of this name obeys more: activation, text */
	SIM_FACT_CIRCLE,  /* the world's clock stands still: text says whose fault it is */
	SIM_FACT_OVERDUE, /* all should have converged by now: text says what has not */
};

struct sim_fact {
	enum sim_fact_kind kind;
	const struct sim_host *host;
	const struct sim_gate *gate;
	const struct quoin_activation *activation;
	struct quoin_position at;
	const struct quoin_status *status;
	const struct quoin_docref *before; /* what the host ran */
	enum sim_record_kind record;
	uint64_t number;
	const uint64_t *effective; /* releases that the router runs or holds */
	size_t effective_count;
	const char *text;
};

/* ---- The invariants ---- */

#define SIM_INVARIANTS 12 /* by number; 0 is none */

struct sim_invariant {
	const char *name;
	/* Violates the invariant if the fact breaks it; NULL: it is not the simulator's. */
	void (*check)(struct sim *sim, const struct sim_fact *fact);
};

extern const struct sim_invariant sim_invariants[SIM_INVARIANTS];

/* Hold the fact against all of them, by number. */
void sim_invariants_check(struct sim *sim, const struct sim_fact *fact);
/* Whether this release places the model on the shard. */
bool sim_places(const struct sim *sim, uint64_t release, int shard, uint32_t model);

#endif
