/*
 * Stager: the thread that fetches and tries releases, so that a bulk of bytes never delays what the main loop decides.
 *
 * One job at a time; urgent fetches first. An urgent one interrupts another between two chunks, which then waits for its
 * next turn. Every job but a cancelled one is answered exactly once. All calls come from one thread.
 */
#ifndef QUOIN_SUBSCRIBER_STAGER_H
#define QUOIN_SUBSCRIBER_STAGER_H

#include "subscriber/trial.h"

struct quoin_stager;

struct quoin_stager_conf {
	struct quoin_bus_conf bus; /* strings borrowed while the stager lives */
	struct quoin_trial trial;  /* the same */
	uint64_t bytes_max;
	int wake_fd; /* an eventfd that is written when an answer is there */
};
int quoin_stager_start(const struct quoin_stager_conf *conf, struct quoin_stager **ret, struct quoin_error *err);
/* Interrupts what runs and waits for the thread. Accepts NULL. */
void quoin_stager_stop(struct quoin_stager *stager);

/* One more job: bring the parts of this release into the store; try them in a child. Neither waits; quoin_stager_next has
 * the answer. */
void quoin_stager_fetch(struct quoin_stager *stager, uint64_t release, bool urgent);
void quoin_stager_try(struct quoin_stager *stager, uint64_t release);
/* No fetch of this release is wanted any more: one that waits goes, one that runs is interrupted, an answer is dropped. */
void quoin_stager_cancel(struct quoin_stager *stager, uint64_t release);
/* What was fetched since the start. */
void quoin_stager_fetched(struct quoin_stager *stager, struct quoin_status_fetched *ret);
/* Fetch what of the release is held and damaged, before all else. One at a time. */
void quoin_stager_mend(struct quoin_stager *stager, uint64_t release);
/* Nothing is done or waits: nobody but the caller uses the store until the next job is given. */
bool quoin_stager_is_idle(struct quoin_stager *stager);
/* Forget every job and every answer: whoever asked for them is gone. */
void quoin_stager_void(struct quoin_stager *stager);

struct quoin_stager_answer {
	bool is_trial; /* else a fetch */
	bool is_mend;  /* of what is damaged */
	uint64_t release;
	int code;
	char reason[QUOIN_REASON_BYTES_MAX + 1];
	struct quoin_agent_model_name *models; /* of a trial; the caller's to free */
	size_t model_count;
};
/* The next answer: whether there was one. */
bool quoin_stager_next(struct quoin_stager *stager, struct quoin_stager_answer *ret);

#endif
