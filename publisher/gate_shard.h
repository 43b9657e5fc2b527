/*
 * A question to a shard, and how it stands: who is asked there for a release, and how many of them are what. Between
 * gate_shard, which knows who they are, and gate_policy, which judges.
 */
#ifndef QUOIN_PUBLISHER_GATE_SHARD_H
#define QUOIN_PUBLISHER_GATE_SHARD_H

#include "publisher/gate_state.h"

/* The release itself and every selectable one: whoever any of them declares for the shard is asked. */
struct gate_declarers {
	const struct quoin_gate_release *releases[QUOIN_PINS_MAX + 3];
	size_t count;
};

/* One shard that is counted. */
struct gate_question {
	struct quoin_gate_core *core;
	const struct gate_declarers *declarers;
	struct gate_counted *counted;
	size_t shard; /* its place in the release's summary */
	bool must_soak;
};

/* What it came to. Whom an operator excludes is not there at all. */
struct gate_standing {
	size_t declared;
	size_t ready;	 /* for the release */
	size_t unready;	 /* not even loaded, and not excluded */
	size_t speaking; /* not excluded, not known to be silent */
	size_t speaking_ready;
	size_t active;	     /* ready for what is in effect */
	size_t active_ready; /* of these, ready for the release too */
	/* The first of each kind, or NULL. */
	const struct gate_part *lacking; /* not ready */
	const struct gate_part *behind;	 /* ready for what is in effect only */
	const struct gate_part *silent;	 /* not excluded, and silent */
	const struct gate_part *staying; /* the gate excluded it, and it is not known to be out */
};

/* For a release that is live; false: a models part is not here yet ("why"), or there is no memory. The question's core is
 * set by the caller, and so is "shard" before the shard is asked for. */
bool gate_question_begin(struct gate_question *question, uint64_t release, struct gate_declarers *declarers,
    char why[QUOIN_GATE_TEXT_BYTES]);
const struct quoin_gate_release *gate_question_summary(const struct gate_question *question);
const struct quoin_gate_shard *gate_question_shard(const struct gate_question *question);
/* Without memory nobody is ready, and the core's code says why. */
void gate_question_count(const struct gate_question *question, struct gate_standing *ret);
/* "HOST loading MODEL" of the first that is not ready; "" if all are. Returns "text". */
const char *gate_question_lack(const struct gate_question *question, const struct gate_standing *standing,
    char text[QUOIN_GATE_TEXT_BYTES]);
/* Exclude it, if it is not ready. */
void gate_shut(struct quoin_gate_core *core, const struct gate_part *part);

#endif
