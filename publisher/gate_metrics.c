/* What a scraper is told of a gate. */
#include <string.h>

#include "publisher/gate_shell.h"

static void
put_activation(const struct quoin_activation *newest, const char *name, struct quoin_buf *body)
{
	const struct {
		const char *name, *help;
		uint64_t value;
	} figures[] = {
	    {"quoin_gate_epoch", "Epoch of the newest activation.", newest->epoch},
	    {"quoin_gate_seq", "Number of the newest activation.", newest->seq},
	    {"quoin_gate_asked", "The release that the gate works towards.", newest->asked},
	    {"quoin_gate_active", "The release that was last fully active.", newest->from},
	    {"quoin_gate_target", "The release that routers are moved to.", newest->target},
	    {"quoin_gate_live", "Releases whose models stay loaded.", newest->live_count},
	    {"quoin_gate_pins", "Pins in effect.", newest->pin_count},
	    {"quoin_gate_frozen", "Whether no rollout begins.", newest->frozen},
	    {"quoin_gate_excluded", "Hosts that are excluded.", newest->excluded_count},
	    {"quoin_gate_kept", "Routers for which releases are kept.", newest->kept_count},
	    {"quoin_gate_failed", "Releases that failed.", newest->failed_count},
	};

	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		quoin_metric_print(body, figures[i].name, "gauge", figures[i].help, name, figures[i].value);
}

int
gate_answer_metrics(void *ctx, const char *path, struct quoin_buf *body)
{
	const struct quoin_gate *gate = ctx;
	const char *name = gate->settings.namespace_name;
	const struct quoin_ledger *ledger = &gate->control.ledger;
	const struct quoin_activation *newest;
	struct quoin_gate_figures figures;
	struct quoin_position position;

	if (strcmp(path, "/metrics") != 0)
		return 404;
	newest = quoin_gate_core_activation(gate->core, &position);
	quoin_gate_core_figures(gate->core, &figures);
	quoin_metric_print(body, "quoin_gate_caught_up", "gauge", "Whether the topics were read to their ends.", name,
	    gate->is_caught_up);
	quoin_metric_print(body, "quoin_gate_acting", "gauge", "Whether it decides; 0: it stands by.", name,
	    quoin_gate_core_is_acting(gate->core));
	quoin_metric_print(body, "quoin_gate_waiting", "gauge", "Whether something is waited for; the log says what.", name,
	    quoin_gate_core_reason(gate->core)[0] != '\0');
	quoin_metric_print(body, "quoin_gate_alarms", "gauge", "Alarms that hold; the log says which.", name, figures.alarms);
	quoin_metric_print(body, "quoin_gate_hosts", "gauge", "Hosts that are enrolled, or were heard.", name, figures.hosts);
	quoin_metric_print(body, "quoin_gate_routers", "gauge", "Routers that count.", name, figures.routers);
	quoin_metric_print(body, "quoin_gate_hosts_ahead", "gauge", "Hosts that obey what the gate topic does not have.", name,
	    figures.ahead);
	quoin_metric_print(body, "quoin_gate_head", "gauge", "The newest release.", name, ledger->head.number);
	quoin_metric_print(body, "quoin_gate_intent", "gauge", "The newest intent.", name, ledger->last_intent.number);
	if (newest != NULL)
		put_activation(newest, name, body);
	return 200;
}
