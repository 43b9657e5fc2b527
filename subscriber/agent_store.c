/* The store's file while the agent lives: whether it is there, and what keeps it from getting smaller. */
#include "lib/log.h"
#include "subscriber/agent_shell.h"

#define STORE_MS 5000 /* between two looks */
#define GONE_MAX 3    /* looks until an agent whose store is gone ends */

/* Somebody removed the store: it is said first, and then only beginning anew helps, which fetches everything again. Without a
 * broker that would take away what still works for whoever has it open. */
static int
miss_store(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	if (!quoin_store_is_gone(agent->store)) {
		agent->gone = 0;
		return 0;
	}
	if (agent->gone++ == 0) {
		quoin_log(QUOIN_LOG_ERROR, "alarm", "code=%s reason=\"the store was removed from %s, or replaced, while this agent runs\"",
		    quoin_error_name(QUOIN_EMISSING), agent->conf->state);
		quoin_agent_core_report(&agent->core, quoin_clock_boot_ms());
	}
	if (agent->gone < GONE_MAX || now - agent->heard_at >= QUOIN_AGENT_SILENCE_MS)
		return 0;
	return quoin_error_set(err, QUOIN_EMISSING, "the store was removed from %s, or replaced; start again", agent->conf->state);
}

/* A file that readers keep from getting smaller gives way to a fresh one; the old one goes when nobody reads in it. */
static void
shrink_store(struct quoin_agent *agent)
{
	struct quoin_ratchets ratchets;
	struct quoin_error err = {0};
	bool is_new;
	int r;

	quoin_store_old_settle(agent->store);
	if (!quoin_stager_is_idle(agent->stager) || !quoin_store_is_swollen(agent->store))
		return;
	/* Readers are stuck in the one before, too: the file grows until they go. The status names the process. */
	if (quoin_store_is_moving(agent->store)) {
		quoin_log(QUOIN_LOG_WARN, "not-moved", "oldest_pid=%d reason=\"readers are in the store from before, too\"",
		    (int)agent->core.oldest.pid);
		return;
	}
	r = quoin_store_move(agent->store, &err);
	if (r != 0)
		quoin_log_error(QUOIN_LOG_WARN, "not-moved", &err, NULL);
	else
		quoin_log(QUOIN_LOG_INFO, "moved", "reason=\"readers hold more than twice what lives\"");
	/* What the core persists next must not take this back. */
	quoin_store_ratchets(agent->store, &ratchets, &is_new);
	agent->core.ratchets.environment = ratchets.environment;
}

int
quoin_agent_settle_store(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	int r;

	if (now < agent->store_at || agent->rebuild_at != 0)
		return 0;
	agent->store_at = now + STORE_MS;
	r = miss_store(agent, now, err);
	if (r == 0 && agent->gone == 0)
		shrink_store(agent);
	return r;
}
