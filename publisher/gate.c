#include "publisher/gate.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/gate_shell.h"

#define TURN_MS_MAX 1000
#define LATE_MS	    5000 /* between two turns: stopped, or the machine was */

/* ---- Life ---- */

static int
open_core(struct quoin_gate *gate, struct quoin_error *err)
{
	struct quoin_gate_core_conf conf = {.origin = gate->control.trust.root.origin,
	    .heartbeat_ms = gate->conf->gate_heartbeat_ms,
	    .lease_ms = gate->conf->lease_ms,
	    .lease_refuse = gate->conf->lease_refuse,
	    .vip_poll_ms = gate->conf->gate_vip_poll_ms,
	    .has_health_hook = gate->conf->gate_health_hook[0] != '\0'};
	uint32_t random;
	int r;

	quoin_random(gate->id, sizeof gate->id);
	quoin_random((uint8_t *)&random, sizeof random);
	memcpy(conf.gate, gate->id, sizeof conf.gate);
	/* At most one interval: two standbys rarely take over from each other. */
	conf.jitter_ms = random % (gate->conf->gate_heartbeat_ms + 1);
	r = quoin_gate_core_new(&conf, &gate->core);
	gate->actions = calloc(1, sizeof *gate->actions);
	if (gate->actions == NULL)
		r = QUOIN_ENOMEM;
	return r != 0 ? quoin_error_set(err, r, "out of memory") : 0;
}

static int
open_tails(struct quoin_gate *gate, struct quoin_error *err)
{
	static const enum quoin_topic topics[QUOIN_GATE_TOPICS] = {QUOIN_TOPIC_CONTROL, QUOIN_TOPIC_GATE,
	    QUOIN_TOPIC_STATUS};
	char blobs[QUOIN_TOPIC_NAME_BYTES];
	int r;

	r = quoin_bus_reader_open(&gate->bus, &gate->reader, err);
	/* The gate topic and the statuses are verified with what the control topic says: it is read first. */
	for (size_t i = 0; i < QUOIN_GATE_TOPICS && r == 0; i++) {
		gate->tails[i].topic = topics[i];
		quoin_topic_name(gate->conf->namespace_name, topics[i], gate->tails[i].name);
		if (topics[i] == QUOIN_TOPIC_CONTROL)
			r = quoin_bus_reader_assign(gate->reader, gate->tails[i].name, 0, err);
	}
	quoin_topic_name(gate->conf->namespace_name, QUOIN_TOPIC_BLOBS, blobs);
	if (r == 0)
		r = quoin_gate_fetch_open(&gate->bus, blobs, &gate->fetch, err);
	return r;
}

int
quoin_gate_open(const struct quoin_conf *conf, struct quoin_gate **ret, struct quoin_error *err)
{
	struct quoin_gate *gate;
	int r;

	gate = calloc(1, sizeof *gate);
	if (gate == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	gate->settings = *conf;
	gate->conf = &gate->settings;
	gate->fleet.drops_hits = true;
	quoin_gate_hook_init(&gate->hook);
	gate->bus = (struct quoin_bus_conf){conf->properties, conf->property_count, "quoin-gate"};
	r = quoin_keyring_load(conf, QUOIN_ROLE_GATE, false, &gate->keys, err);
	if (r == 0)
		r = quoin_control_init(&gate->control, conf, err);
	if (r == 0)
		r = open_core(gate, err);
	if (r == 0)
		r = open_tails(gate, err);
	if (r == 0 && conf->metrics_listen[0] != '\0')
		r = quoin_http_open(conf->metrics_listen, "metrics.listen", &gate->metrics, err);
	if (r != 0) {
		quoin_gate_close(gate);
		return r;
	}
	gate->tails[0].is_asking = true;
	*ret = gate;
	return 0;
}

void
quoin_gate_close(struct quoin_gate *gate)
{
	if (gate == NULL)
		return;
	quoin_http_close(gate->metrics);
	quoin_gate_hook_stop(&gate->hook);
	quoin_gate_fetch_close(gate->fetch);
	quoin_bus_writer_close(gate->writer);
	quoin_bus_reader_close(gate->reader);
	quoin_gate_core_free(gate->core);
	free(gate->actions);
	for (size_t i = 0; i < gate->queued; i++)
		quoin_gate_release_free(gate->queue[i].release);
	quoin_activation_clear(&gate->produced);
	quoin_activations_clear(&gate->activations);
	quoin_fleet_clear(&gate->fleet);
	quoin_control_clear(&gate->control);
	quoin_keyring_clear(&gate->keys);
	free(gate);
}

void
quoin_gate_resign(struct quoin_gate *gate)
{
	/* Where nobody is there to hear it, a transaction would be waited for in vain. */
	if (quoin_gate_core_is_acting(gate->core) && gate->writer != NULL && !quoin_bus_writer_is_alone(gate->writer))
		gate_say_goodbye(gate);
	quoin_bus_writer_close(gate->writer);
	gate->writer = NULL;
}

bool
quoin_gate_is_ready(const struct quoin_gate *gate)
{
	return gate->is_caught_up;
}

bool
quoin_gate_is_acting(const struct quoin_gate *gate)
{
	return quoin_gate_core_is_acting(gate->core);
}

const char *
quoin_gate_reason(const struct quoin_gate *gate)
{
	return quoin_gate_core_reason(gate->core);
}

/* ---- Turns ---- */

/* How long nothing needs to be done. */
static int
wait_ms(const struct quoin_gate *gate, int timeout_ms)
{
	int64_t deadline_ms = quoin_gate_core_deadline(gate->core), left_ms = deadline_ms - quoin_clock_boot_ms();

	if (gate->has_more)
		return 0;
	if (timeout_ms > TURN_MS_MAX)
		timeout_ms = TURN_MS_MAX;
	/* An end that could not be asked for is asked for again soon. */
	for (size_t i = 0; i < QUOIN_GATE_TOPICS; i++)
		if (gate->tails[i].is_asking && timeout_ms > 100)
			timeout_ms = 100;
	if (deadline_ms == INT64_MAX || left_ms >= timeout_ms)
		return timeout_ms;
	return left_ms > 0 ? (int)left_ms : 0;
}

int
quoin_gate_turn(struct quoin_gate *gate, int timeout_ms, int stop_fd, struct quoin_error *err)
{
	struct pollfd fds[5 + QUOIN_HTTP_FDS_MAX] = {{.fd = quoin_bus_reader_fd(gate->reader), .events = POLLIN},
	    {.fd = quoin_gate_fetch_fd(gate->fetch), .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
	nfds_t count = 3;

	gate->err = err;
	count += quoin_gate_hook_poll(&gate->hook, fds + count);
	if (gate->metrics != NULL)
		count += quoin_http_poll(gate->metrics, fds + count);
	(void)poll(fds, count, wait_ms(gate, timeout_ms));
	if (gate->turn_ms != 0 && quoin_clock_boot_ms() - gate->turn_ms > LATE_MS)
		gate->is_late = true;
	gate_take_all(gate);
	gate_take_fetched(gate);
	gate_take_hook(gate);
	gate_see_ends(gate);
	gate_watch_tails(gate);
	/* Decides what was gathered, and what time brings. */
	gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
	/* What that asked for. */
	gate_see_ends(gate);
	if (gate->writer != NULL)
		quoin_bus_writer_poll(gate->writer);
	if (gate->metrics != NULL)
		quoin_http_serve(gate->metrics, gate_answer_metrics, gate);
	gate->err = NULL;
	gate->turn_ms = quoin_clock_boot_ms();
	return gate->code;
}
