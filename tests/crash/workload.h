/*
 * Workload: what an agent does to its store, as a script of numbered steps; and the model, which says what must be in the
 * store after any of them. The first step has number 1.
 */
#ifndef QUOIN_TESTS_CRASH_WORKLOAD_H
#define QUOIN_TESTS_CRASH_WORKLOAD_H

#include "subscriber/store.h"

#define WORKLOAD_PARTS	   8
#define WORKLOAD_RELEASES  8
#define WORKLOAD_STEPS_MAX 64
/* A step of the judge's own, after everything a script does. */
#define WORKLOAD_PROBE	   1000

enum workload_op {
	WORKLOAD_OPEN,
	WORKLOAD_STAGE,	   /* part */
	WORKLOAD_ACTIVATE, /* release, parts: documents, ratchets, offsets, fuses, models and the active pointer in one commit */
	WORKLOAD_NOTE,	   /* release: the same without the pointer */
	WORKLOAD_COPY,	   /* the ratchets' second copy */
	WORKLOAD_COLLECT,  /* parts: those that stay */
	WORKLOAD_RESTART,
	WORKLOAD_QUARANTINE, /* the environment moves aside, and a new one takes its place */
	WORKLOAD_MOVE,	   /* a compact copy takes the environment's place */
};
struct workload_step {
	enum workload_op op;
	uint64_t release;
	unsigned parts; /* STAGE: the number of one; else a set, part p being 1 << p */
};
struct workload_script {
	const char *name;
	struct workload_step steps[WORKLOAD_STEPS_MAX]; /* up to the first that is all zero after step 1 */
	size_t count;
	uint64_t part_bytes[WORKLOAD_PARTS];
};
extern const struct workload_script workload_life, workload_large, workload_quarantine, workload_move, workload_brief;

/* Ways to do it wrong, each of which must be found. */
enum workload_mutant {
	WORKLOAD_SOUND,
	WORKLOAD_ACKS_EARLY,	/* a promise before the commit */
	WORKLOAD_SPLITS,	/* the ratchets in a transaction of their own */
	WORKLOAD_POINTS_FIRST,	/* the pointer before the documents */
	WORKLOAD_COLLECTS_LIVE, /* removes parts before the pointer has moved off them */
	WORKLOAD_MOVES_UNSYNCED,   /* the copy takes the place before it is durable */
	WORKLOAD_MOVES_NAMES_LATE, /* commits to the copy before its name is durable */
};

/* What is in the store. */
struct workload_model {
	bool has_store;
	uint64_t version;	 /* the last step that committed in this environment; 0: none */
	uint64_t active_version; /* the last that moved the pointer; 0: nothing is active */
	uint64_t active_release;
	unsigned active_parts;
	uint64_t documents[WORKLOAD_RELEASES + 1]; /* per release: the step that wrote its document, 0: none */
	unsigned parts;				   /* whole ones */
	uint64_t ratchets;			   /* the step whose ratchets the environment has */
	uint64_t copy;				   /* and the second copy */
};
/* The model after the steps up to "step"; step count + 1 and up: the probe. */
void workload_model_at(const struct workload_script *script, uint64_t step, struct workload_model *ret);
void workload_model_step(const struct workload_script *script, uint64_t number, const struct workload_step *step,
    struct workload_model *model);

/* What the step of this number writes. */
void workload_ratchets(uint64_t step, struct quoin_ratchets *ret); /* leaves "environment" alone */
int64_t workload_offset(uint64_t step, enum quoin_topic topic);
size_t workload_document(uint64_t step, uint64_t release, char out[64]);
const char *workload_part_name(unsigned part);
/* Contents and hashes; call workload_prepare once for a script. */
void workload_prepare(const struct workload_script *script);
const struct quoin_hash *workload_part_hash(unsigned part);
quoin_store_fill workload_fill; /* ctx: const unsigned *part */

/* A run: the store, as far as it is open, and what the steps have told. */
struct workload {
	const struct workload_script *script;
	const char *state;
	enum workload_mutant mutant;
	struct quoin_store *store;
	struct quoin_error err;
};
extern const struct quoin_origin workload_origin;
/* One step: 0 or the store's code. Says begin and ack to the powerlog. */
int workload_step(struct workload *workload, uint64_t number, const struct workload_step *step);
/* Begin again after a failure or in another process: what was open is closed, and opened. 0 or a code. */
int workload_reopen(struct workload *workload);
/* All steps from "first" on; stops at a failure and returns its code; *ret_step: the last one that was acknowledged. */
int workload_run(struct workload *workload, uint64_t first, uint64_t *ret_step);

#endif
