/* From records to events: verified by the trust of the control topic, folded, and told to the core. */
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "publisher/gate_shell.h"

#define ASK_TIMEOUT_MS	2000
#define OLD_MS		86400000
#define RETURN_MS	60000 /* faults that come one after the other make it read the log once */
#define TAKE_MAX	1000 /* records before what they lead to is decided */

/* ---- Events ---- */

static void
step(struct quoin_gate *gate, struct quoin_gate_event *event)
{
	struct quoin_gate_actions *actions = gate->actions;
	int r;

	event->now_ms = quoin_clock_boot_ms();
	event->wall_ms = quoin_clock_wall_ms();
	r = quoin_gate_core_step(gate->core, event, actions);
	if (r != 0)
		gate_stop(gate, r, "out of memory");
	for (size_t i = 0; i < actions->count && gate->code == 0; i++)
		gate_do(gate, &actions->items[i]);
	if (actions->left_out > 0)
		quoin_log(QUOIN_LOG_WARN, "left-out", "count=%zu", actions->left_out);
}

void
gate_feed(struct quoin_gate *gate, struct quoin_gate_event event)
{
	if (gate->code != 0)
		return;
	step(gate, &event);
	while (gate->queued > 0 && gate->code == 0) {
		struct quoin_gate_event next = gate->queue[0];

		memmove(gate->queue, gate->queue + 1, --gate->queued * sizeof gate->queue[0]);
		step(gate, &next);
	}
}

static void
log_refused(const char *topic, const struct quoin_bus_record *record, const struct quoin_error *err)
{
	char key[80], quoted[100];

	quoin_printable_copy(record->key, key, sizeof key);
	quoin_log_error(QUOIN_LOG_WARN, "refused", err, "topic=%s offset=%lld key=%s", topic, (long long)record->offset,
	    quoin_log_quote(key, quoted, sizeof quoted));
}

/* ---- Control ---- */

static bool
has_prefix(struct quoin_span key, const char *prefix)
{
	return key.len > strlen(prefix) && memcmp(key.data, prefix, strlen(prefix)) == 0;
}

/* The trusted root moved on: the epoch may be another, hosts may be revoked. */
static void
tell_root(struct quoin_gate *gate)
{
	const struct quoin_root *root = &gate->control.trust.root;

	if (gate->root_version == root->version)
		return;
	gate->root_version = root->version;
	for (size_t i = 0; i < gate->control.cert_count; i++) {
		const struct quoin_cert *cert = &gate->control.certs[i].cert;

		if (quoin_root_has_revoked(root, cert->key))
			gate_feed(gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_CERT_GONE, .host = cert->host, .more = true});
	}
	gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = root->epoch, .more = true});
}

static void
take_control(struct quoin_gate *gate, const struct quoin_bus_record *record)
{
	const uint64_t last_intent = gate->control.ledger.last_intent.number;
	struct quoin_error err = {0};
	char host[QUOIN_NAME_BYTES_MAX + 1];
	const struct quoin_control_cert *cert;
	int r;

	r = quoin_control_admit(&gate->control, record, quoin_clock_wall_ms(), &err);
	if (r == QUOIN_EINCARNATION || r == QUOIN_ENOMEM) {
		gate_stop(gate, r, "%s", err.message);
		return;
	}
	if (r != 0) {
		log_refused(gate->tails[0].name, record, &err);
		return;
	}
	if (gate->is_caught_up && quoin_ledger_has_skipped(&gate->control.ledger, last_intent)) {
		gate_stop(gate, QUOIN_EINCARNATION,
		    "gc removed intents that this gate had not read, and what they ended still stands here; start it again");
		return;
	}
	tell_root(gate);
	if (has_prefix(record->key, "cert/")) {
		quoin_printable_copy(quoin_span_of(record->key.data + 5, record->key.len - 5), host, sizeof host);
		cert = quoin_control_cert(&gate->control, host);
		if (cert != NULL)
			gate_feed(gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_CERT,
				.cert = &cert->cert,
				.is_expired = cert->is_expired,
				.more = true});
	} else if (has_prefix(record->key, "release/") || has_prefix(record->key, "intent/")) {
		gate_feed(gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER,
			.ledger = &gate->control.ledger,
			.more = true});
	}
}

/* ---- Gate ---- */

static void
tell_activation(void *ctx, const struct quoin_activation *activation, const struct quoin_hash *hash)
{
	gate_feed(ctx,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
		.activation = activation,
		.hash = *hash,
		.more = true});
}

static void
take_gate(struct quoin_gate *gate, const struct quoin_bus_record *record)
{
	struct quoin_incarnation before = gate->activations.incarnation;
	bool had_incarnation = gate->activations.has_incarnation;
	struct quoin_error err = {0};
	int r;

	r = quoin_activations_admit(&gate->activations, &gate->control.trust, record, quoin_clock_wall_ms(),
	    tell_activation, gate, &err);
	if (r == QUOIN_ENOMEM) {
		gate_stop(gate, r, "out of memory");
		return;
	}
	/* Its own activations come back; and a reading that begins anew sees the old ones again. */
	if (r != 0 && r != QUOIN_EREPLAY)
		log_refused(gate->tails[1].name, record, &err);
	if (r == 0 && quoin_span_equal_str(record->key, "incarnation"))
		gate->is_incarnate = true;
	if (had_incarnation && memcmp(before.id, gate->activations.incarnation.id, sizeof before.id) != 0)
		gate_stop(gate, QUOIN_EINCARNATION, "the gate topic was deleted and made anew");
	if (r == 0 && quoin_span_equal_str(record->key, "heartbeat"))
		gate_feed(gate,
		    (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT,
			.heartbeat = &gate->activations.heartbeat,
			.more = true});
}

/* ---- Status ---- */

/* How long ago it was written, if it was found at the first reading. Later ones have just come, whatever clocks say; how
 * much earlier they may have been written, lag_of says. */
static int64_t
age_of(const struct quoin_gate *gate, const struct quoin_bus_record *record)
{
	int64_t age_ms = quoin_clock_wall_ms() - record->timestamp_ms, now_ms = quoin_clock_boot_ms();

	if (gate->is_caught_up)
		return 0;
	if (age_ms < -QUOIN_GATE_CLOCKS_APART_MS)
		age_ms = OLD_MS;
	if (age_ms < 0)
		age_ms = 0;
	return age_ms < now_ms ? age_ms : now_ms;
}

/* A record that comes after the end was reached was written after that: no clock but this machine's is asked. Statuses come
 * often, and each brings the end again, so that this is little while the log can be read; after an outage of the broker, or
 * of this process, it is as long as that. */
static int64_t
lag_of(const struct quoin_gate *gate)
{
	return gate->is_caught_up ? quoin_clock_boot_ms() - gate->current_ms : 0;
}

/* After a stop, ends that are at hand are of before: the first that counts is one asked for now. */
static void
see_lateness(struct quoin_gate *gate)
{
	struct quoin_error err = {0};
	int64_t first;

	if (!gate->is_late || !gate->is_caught_up)
		return;
	gate->was_cut_off = true;
	if (quoin_bus_reader_range(gate->reader, gate->tails[2].name, ASK_TIMEOUT_MS, &first, &gate->late_end, &err) !=
	    0)
		quoin_log_error(QUOIN_LOG_WARN, "broker", &err, "topic=%s", gate->tails[2].name);
	else
		gate->is_late = false;
}

static void
take_status_end(struct quoin_gate *gate, int64_t offset)
{
	if (!gate->is_late && offset >= gate->late_end)
		gate->current_ms = quoin_clock_boot_ms();
}

static void
take_status(struct quoin_gate *gate, const struct quoin_bus_record *record)
{
	const struct quoin_fleet_host *host = NULL;
	struct quoin_error err = {0};
	int r;

	r = quoin_fleet_admit(&gate->fleet, &gate->control, record, quoin_clock_wall_ms(), &host, &err);
	if (r == QUOIN_ENOMEM)
		gate_stop(gate, r, "out of memory");
	else if (r != 0 && r != QUOIN_EREPLAY)
		log_refused(gate->tails[2].name, record, &err);
	if (host == NULL)
		return;
	gate_feed(gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
		.cert = &host->cert,
		.status = &host->status,
		.age_ms = age_of(gate, record),
		.lag_ms = lag_of(gate),
		.more = true});
}

/* ---- Tails ---- */

static struct gate_tail *
tail_of(struct quoin_gate *gate, const char *topic)
{
	for (size_t i = 0; topic != NULL && i < QUOIN_GATE_TOPICS; i++)
		if (strcmp(gate->tails[i].name, topic) == 0)
			return &gate->tails[i];
	return NULL;
}

static void
read_anew(struct quoin_gate *gate, struct gate_tail *tail, int64_t offset)
{
	struct quoin_error err = {0};

	tail->position = offset;
	if (quoin_bus_reader_assign(gate->reader, tail->name, offset, &err) != 0)
		quoin_log_error(QUOIN_LOG_ERROR, "unreadable", &err, "topic=%s", tail->name);
}

static void
take_record(struct quoin_gate *gate, struct gate_tail *tail, const struct quoin_bus_record *record)
{
	switch (tail->topic) {
	case QUOIN_TOPIC_CONTROL:
		take_control(gate, record);
		break;
	case QUOIN_TOPIC_GATE:
		take_gate(gate, record);
		break;
	case QUOIN_TOPIC_STATUS:
		take_status(gate, record);
		break;
	case QUOIN_TOPIC_BLOBS:
		break;
	}
	if (record->offset >= tail->position)
		tail->position = record->offset + 1;
}

/* Whether it is the same topic is known when its incarnation was read again: until then nothing is written to it. */
static void
lose_gate_topic(struct quoin_gate *gate)
{
	gate->is_incarnate = false;
	if (gate->writer == NULL)
		return;
	gate_drop_writer(gate);
	gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
}

/* The broker answers again. Meanwhile a topic may have been made anew and have grown past what was read of it, which no
 * offset shows: its first record does. */
static void
see_return(struct quoin_gate *gate)
{
	if (!gate->was_cut_off || !gate->is_caught_up || quoin_clock_mono_ms() < gate->return_ms)
		return;
	gate->was_cut_off = false;
	gate->return_ms = quoin_clock_mono_ms() + RETURN_MS;
	for (size_t i = 0; i < QUOIN_GATE_TOPICS; i++)
		if (gate->tails[i].topic != QUOIN_TOPIC_STATUS)
			read_anew(gate, &gate->tails[i], 0);
}

static void
take(struct quoin_gate *gate, const struct quoin_bus_event *event)
{
	struct gate_tail *tail = tail_of(gate, event->topic);
	struct quoin_error err = {0};

	switch (event->kind) {
	case QUOIN_BUS_RECORD:
		if (tail != NULL)
			take_record(gate, tail, &event->record);
		see_return(gate);
		break;
	case QUOIN_BUS_END:
		if (tail != NULL && event->offset > tail->position)
			tail->position = event->offset;
		if (tail != NULL && tail->topic == QUOIN_TOPIC_STATUS)
			take_status_end(gate, event->offset);
		break;
	case QUOIN_BUS_LOST:
		/* What it held is read again from the start: it changes nothing, and another incarnation shows. */
		quoin_log(QUOIN_LOG_WARN, "read-anew", "topic=%s reason=\"offset %lld is not in the log\"",
		    tail != NULL ? tail->name : "?", (long long)event->offset);
		if (tail != NULL && tail->topic == QUOIN_TOPIC_GATE)
			lose_gate_topic(gate);
		if (tail != NULL)
			read_anew(gate, tail, 0);
		break;
	case QUOIN_BUS_FAULT:
		gate->was_cut_off = true;
		quoin_error_set(&err, event->code, "%s (%.240s)", quoin_bus_advice(event->code), event->text);
		quoin_log_error(QUOIN_LOG_WARN, "broker", &err, "topic=%s", event->topic != NULL ? event->topic : "-");
		break;
	}
}

void
gate_take_all(struct quoin_gate *gate)
{
	struct quoin_bus_event event;
	int taken = 0;

	see_lateness(gate);
	for (; taken < TAKE_MAX && gate->code == 0 && quoin_bus_reader_next(gate->reader, 0, &event) == 1; taken++) {
		take(gate, &event);
		quoin_bus_event_clear(&event);
	}
	gate->has_more = taken == TAKE_MAX;
}

void
gate_take_hook(struct quoin_gate *gate)
{
	char quoted[QUOIN_REASON_BYTES_MAX + 64];
	int code;

	if (!quoin_gate_hook_ended(&gate->hook, quoin_clock_mono_ms(), &code))
		return;
	if (code != 0)
		quoin_log(QUOIN_LOG_WARN, "health", "answer=%s reason=%s", code == QUOIN_EAGAIN ? "later" : "sick",
		    quoin_log_quote(gate->hook.reason, quoted, sizeof quoted));
	gate_feed(gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_HEALTH,
		.token = gate->hook.token,
		.code = code,
		.reason = gate->hook.reason});
}

void
gate_take_fetched(struct quoin_gate *gate)
{
	struct quoin_gate_release *summary;
	struct quoin_error err = {0};
	uint64_t release;

	while (gate->code == 0 && quoin_gate_fetch_next(gate->fetch, &release, &summary, &err) == 1) {
		if (summary == NULL)
			quoin_log_error(QUOIN_LOG_WARN, "models-missing", &err, "release=%llu",
			    (unsigned long long)release);
		else
			gate_feed(gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE, .release = summary, .more = true});
	}
}

/* ---- Ends ---- */

/* true: every tail that was to be read is read. */
static bool
ends_reached(struct quoin_gate *gate)
{
	bool all = true;

	for (size_t i = 0; i < QUOIN_GATE_TOPICS; i++) {
		struct gate_tail *tail = &gate->tails[i];
		struct quoin_error err = {0};
		int64_t end;

		if (tail->is_asking &&
		    quoin_bus_reader_end(gate->reader, tail->name, ASK_TIMEOUT_MS, &end, &err) == 0) {
			tail->is_asking = false;
			tail->wanted = end;
			/* Before what was read of it: the topic was made anew, and was not read to any end. */
			if (tail->position > end)
				read_anew(gate, tail, 0);
		} else if (tail->is_asking) {
			quoin_log_error(QUOIN_LOG_WARN, "broker", &err, "topic=%s", tail->name);
			return false; /* the others would not answer either */
		}
		if (tail->position >= tail->wanted)
			tail->wanted = 0;
		else
			all = false;
	}
	return all;
}

/* The control topic was read: now the others can be verified. */
static void
read_the_others(struct quoin_gate *gate)
{
	tell_root(gate);
	gate_feed(gate,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &gate->control.ledger, .more = true});
	for (size_t i = 1; i < QUOIN_GATE_TOPICS; i++) {
		read_anew(gate, &gate->tails[i], 0);
		gate->tails[i].is_asking = true;
	}
	gate->is_reading_others = true;
}

/* A topic without a heartbeat may be one that was made anew: hosts do not hear numbers below those that they have heard. No
 * gate counts faster than the clock, so what it shows is above them. */
static void
begin_heartbeats(struct quoin_gate *gate)
{
	struct quoin_heartbeat own = {.number = (uint64_t)quoin_clock_wall_ms()};

	if (gate->activations.has_heartbeat)
		return;
	memcpy(own.gate, gate->id, sizeof own.gate);
	gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = &own, .more = true});
}

void
gate_see_ends(struct quoin_gate *gate)
{
	if (gate->code != 0 || (gate->is_caught_up && !gate->is_taking_over && !gate->is_reading) ||
	    !ends_reached(gate))
		return;
	if (!gate->is_reading_others) {
		read_the_others(gate);
	} else if (!gate->is_caught_up) {
		gate->is_caught_up = true;
		gate->current_ms = quoin_clock_boot_ms();
		quoin_log(QUOIN_LOG_INFO, "caught-up", "releases=%zu intents=%zu certificates=%zu hosts=%zu",
		    gate->control.ledger.release_count, gate->control.ledger.intent_count, gate->control.cert_count,
		    gate->fleet.host_count);
		(void)gate_is_believed(gate); /* a standby is not found useless only when it is needed */
		gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
	} else if (gate->is_taking_over) {
		gate->is_taking_over = false;
		quoin_log(QUOIN_LOG_INFO, "acting", NULL);
		begin_heartbeats(gate);
		gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
	} else {
		gate->is_reading = false;
		gate_feed(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = gate->token});
	}
}

/* A gate goes on under a root that has expired: what is live must be kept in order, and the brake must work. */
static void
see_root(struct quoin_gate *gate)
{
	struct quoin_error err = {0};
	bool is_over = quoin_control_check_root(&gate->control, quoin_clock_wall_ms(), &err) != 0;

	if (is_over && !gate->is_root_over)
		quoin_log_error(QUOIN_LOG_ERROR, "alarm", &err, NULL);
	gate->is_root_over = is_over;
}

/* A tail that has not moved since the last look although the broker has more is assigned anew. */
void
gate_watch_tails(struct quoin_gate *gate)
{
	int64_t now_ms = quoin_clock_mono_ms();

	if (!gate->is_caught_up || now_ms < gate->watchdog_ms)
		return;
	see_root(gate);
	gate->watchdog_ms = now_ms + (int64_t)(3 * gate->conf->gate_heartbeat_ms);
	for (size_t i = 0; i < QUOIN_GATE_TOPICS; i++) {
		struct gate_tail *tail = &gate->tails[i];
		struct quoin_error err = {0};
		int64_t end;

		if (quoin_bus_reader_end(gate->reader, tail->name, ASK_TIMEOUT_MS, &end, &err) != 0) {
			quoin_log_error(QUOIN_LOG_WARN, "broker", &err, "topic=%s", tail->name);
			return;
		}
		if (tail->position < tail->checked_end && tail->position == tail->checked) {
			quoin_log(QUOIN_LOG_WARN, "read-anew", "topic=%s reason=\"silent at offset %lld of %lld\"",
			    tail->name, (long long)tail->position, (long long)end);
			read_anew(gate, tail, tail->position);
		}
		tail->checked = tail->position;
		tail->checked_end = end;
	}
}
