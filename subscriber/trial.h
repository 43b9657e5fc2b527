/*
 * Trial: a staged release is read once in a child process before anything of this host relies on it; a release that
 * crashes or hangs its reader does so there (invariant I8). Then its models for this host are read here.
 */
#ifndef QUOIN_SUBSCRIBER_TRIAL_H
#define QUOIN_SUBSCRIBER_TRIAL_H

#include "subscriber/core.h"
#include "subscriber/fetch.h"

struct quoin_trial {
	const char *state;
	const char *namespace_name;
	struct quoin_store *store;
	struct quoin_fetch_parts parts;
	const char *shard; /* serving hosts; "" else */
	uint64_t objectives_max, models_max, attributes_max; /* limit.<name> */
};

/*
 * Verify every wanted part of a known schema in a child. Returns 0 and the models that the release places on the shard
 * (*ret_models the caller's to free; NULL and 0 on routers); QUOIN_EREFUSED (the child crashed or hung); QUOIN_ECORRUPT,
 * QUOIN_EVERSION, QUOIN_ELIMIT (over a limit of this host): the content is refused; QUOIN_ENOMEM, QUOIN_ESYSTEM, …
 */
int quoin_trial_run(const struct quoin_trial *trial, const struct quoin_release *release,
    struct quoin_agent_model_name **ret_models, size_t *ret_count, struct quoin_error *err);

#endif
