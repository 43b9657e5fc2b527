/* When the store is proved, and what a proof that failed means for the agent. */
#include "lib/log.h"
#include "subscriber/agent_shell.h"

#define SHARE	    250   /* a proof may cost this part of the time until the next */
#define INSIDE_MS   60000 /* between proofs inside an application, whose process it is that forks */
#define REFUSED_MAX 2	  /* a child that is killed or slow once may be the machine's trouble, not the store's */

/* Nobody could look, or what was looked at cannot be read. */
static int
fail_unproved(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	const struct quoin_proof_answer *proved = &agent->proved;

	quoin_log(QUOIN_LOG_WARN, "not-proved", "code=%s", quoin_error_name(proved->code));
	agent->proofs_refused = proved->code == QUOIN_EREFUSED ? agent->proofs_refused + 1 : 0;
	if (proved->code != QUOIN_ECORRUPT && agent->proofs_refused < REFUSED_MAX)
		return 0;
	if (now - agent->heard_at >= QUOIN_AGENT_SILENCE_MS)
		return 0;
	return quoin_error_set(err, QUOIN_ECORRUPT, "the store cannot be read any more: %s; start again", proved->reason);
}

static int64_t
next_proof(const struct quoin_agent *agent, int64_t now)
{
	const int64_t interval_ms = (int64_t)agent->conf->status_interval_ms;
	const int64_t least_ms = agent->callbacks != NULL && interval_ms < INSIDE_MS ? INSIDE_MS : interval_ms;
	const int64_t share_ms = agent->proved.cost_ms * SHARE;

	return now + (share_ms > least_ms ? share_ms : least_ms);
}

/* What is active is read anew about as often as the host reports, at a small share of a processor. Damage in the content is
 * the core's business. Where the environment itself cannot be read, only beginning anew helps (the audit moves it aside, and
 * all is fetched again), and without a broker that would take away what still works. */
int
quoin_agent_prove(struct quoin_agent *agent, int64_t now, struct quoin_agent_event *ret, struct quoin_error *err)
{
	const struct quoin_proof_answer *proved = &agent->proved;

	if (now >= agent->prove_at && agent->rebuild_at == 0 && agent->core.runs.number != 0) {
		agent->prove_at = INT64_MAX;
		quoin_proof_ask(agent->proof);
	}
	if (!quoin_proof_next(agent->proof, &agent->proved))
		return 0;
	agent->prove_at = next_proof(agent, now);
	if (proved->code == 0 || (proved->code == QUOIN_ECORRUPT && proved->is_read)) {
		agent->proofs_refused = 0;
		/* Of the pointer before: the next one is asked for soon enough. */
		if (proved->generation != agent->active.generation)
			return 0;
		ret->release = proved->release;
		ret->code = proved->code;
		ret->reason = proved->reason;
		return 1;
	}
	return fail_unproved(agent, now, err);
}
