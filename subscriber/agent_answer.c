/* What a host answers: its VIP, whether it is ready; a scraper, its figures. */
#include <string.h>

#include "lib/clock.h"
#include "subscriber/agent_shell.h"

int
quoin_agent_answer_ready(void *ctx, const char *path, struct quoin_buf *body)
{
	const struct quoin_agent *agent = ctx;
	bool is_ready = atomic_load(&agent->is_ready);

	if (strcmp(path, "/ready") != 0)
		return 404;
	(void)quoin_buf_put_str(body, is_ready ? "ready\n" : "not ready\n");
	return is_ready ? 200 : 503;
}

int
quoin_agent_answer_metrics(void *ctx, const char *path, struct quoin_buf *body)
{
	const struct quoin_agent *agent = ctx;
	const struct quoin_agent_core *core = &agent->core;
	const char *name = agent->settings.namespace_name;

	if (strcmp(path, "/metrics") != 0)
		return 404;
	quoin_metric_print(body, "quoin_host_ready", "gauge", "Whether /ready is 200.", name, atomic_load(&agent->is_ready));
	/* While the store is made anew nothing is known. */
	if (agent->rebuild_at != 0)
		return 200;
	quoin_metric_print(body, "quoin_host_stale", "gauge", "Whether no gate is heard, or a lease has ended.", name,
	    quoin_agent_core_is_stale(core, quoin_clock_boot_ms()));
	quoin_metric_print(body, "quoin_host_release", "gauge", "The release that runs; 0: none.", name, core->runs.number);
	quoin_metric_print(body, "quoin_host_held", "gauge", "Releases that readers hold.", name, core->held_count);
	quoin_metric_print(body, "quoin_host_obeyed_epoch", "gauge", "Epoch of the activation obeyed.", name,
	    core->ratchets.obeyed.epoch);
	quoin_metric_print(body, "quoin_host_obeyed_seq", "gauge", "Number of the activation obeyed.", name,
	    core->ratchets.obeyed.seq);
	quoin_metric_print(body, "quoin_host_head", "gauge", "The newest release that this host has read of.", name,
	    core->ledger.head.number);
	return 200;
}
