/*
 * Proof: the digests of what is active, computed anew from the store's bytes again and again while the agent runs, so that
 * a bit that flips is told by the next status. A child process reads, for damaged pages may crash who looks at them; a
 * thread of its own waits for the child.
 */
#ifndef QUOIN_SUBSCRIBER_PROOF_H
#define QUOIN_SUBSCRIBER_PROOF_H

#include "formats/status.h"
#include "lib/error.h"

struct quoin_proof;

struct quoin_proof_answer {
	int code; /* 0; QUOIN_ECORRUPT: damaged; QUOIN_EREFUSED: reading it crashed or hung; or why nobody could look */
	char reason[QUOIN_REASON_BYTES_MAX + 1];
	/* Whether all of it could be read: then the digests are there, also when one is not what it should be. */
	bool is_read;
	uint64_t release; /* 0: nothing is active */
	uint64_t generation; /* of the active pointer */
	struct quoin_status_digest digests[QUOIN_PARTS_MAX];
	size_t digest_count;
	int64_t cost_ms; /* how long it took */
};

/* "wake_fd" is an eventfd, written when an answer is there. Strings are borrowed while it lives. */
int quoin_proof_start(const char *state, const char *namespace_name, int wake_fd, struct quoin_proof **ret,
    struct quoin_error *err);
/* Waits for a child that is out, which has a deadline. Accepts NULL. */
void quoin_proof_stop(struct quoin_proof *proof);
/* Ask for one, unless one is being made. Does not wait. */
void quoin_proof_ask(struct quoin_proof *proof);
/* Whether there is a new one. */
bool quoin_proof_next(struct quoin_proof *proof, struct quoin_proof_answer *ret);

#endif
