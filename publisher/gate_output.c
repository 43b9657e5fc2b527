/*
 * From actions to topics: every activation goes out in one transaction with a heartbeat that names it, and heartbeats
 * through the same writer, so that a fenced gate never makes hosts believe it (DESIGN.md section 4).
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "publisher/gate_models.h"
#include "publisher/gate_shell.h"

#define INIT_TIMEOUT_MS	    10000
#define COMMIT_TIMEOUT_MS   10000
#define HEARTBEAT_LIFE_MS   300000
#define GOODBYE_INTERVAL_MS 1

/* ---- Documents ---- */

static int
seal(struct quoin_gate *gate, const struct quoin_buf *text, struct quoin_sealed *ret)
{
	return quoin_seal(quoin_buf_span(text), gate->keys.keys, gate->keys.count, ret);
}

static int
seal_activation(struct quoin_gate *gate, const struct quoin_activation *activation, struct quoin_sealed *ret)
{
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_activation_print(activation, &text);
	if (r == 0)
		r = seal(gate, &text, ret);
	quoin_buf_clear(&text);
	return r;
}

static int
seal_heartbeat(struct quoin_gate *gate, uint64_t number, const struct quoin_position *position, uint64_t interval_ms,
    struct quoin_sealed *ret)
{
	int64_t now_ms = quoin_clock_wall_ms();
	struct quoin_heartbeat heartbeat = {.origin = gate->control.trust.root.origin,
	    .number = number,
	    .issued_ms = now_ms,
	    .expires_ms = now_ms + HEARTBEAT_LIFE_MS,
	    .interval_ms = interval_ms,
	    .root = {gate->control.trust.root.version, gate->control.trust.root_hash},
	    .head = gate->control.ledger.head,
	    .intent = gate->control.ledger.last_intent,
	    .activation = *position};
	struct quoin_buf text;
	int r;

	memcpy(heartbeat.gate, gate->id, sizeof heartbeat.gate);
	memcpy(heartbeat.control_incarnation, gate->control.incarnation.id, sizeof heartbeat.control_incarnation);
	memcpy(heartbeat.gate_incarnation, gate->activations.incarnation.id, sizeof heartbeat.gate_incarnation);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_heartbeat_print(&heartbeat, &text);
	if (r == 0)
		r = seal(gate, &text, ret);
	quoin_buf_clear(&text);
	return r;
}

/* ---- Whether anybody would believe it ---- */

/* What is signed with keys that the root does not name is refused by everybody. Were the root to name them one day, whoever
 * reads the log then would find it beside what was believed: two activations of one number. */
bool
gate_is_believed(struct quoin_gate *gate)
{
	const struct quoin_root *root = &gate->control.trust.root;
	bool is_believed = quoin_keyring_is_believed(&gate->keys, root, QUOIN_ROLE_GATE);

	if (!is_believed && !gate->is_told_unbelieved)
		quoin_log(QUOIN_LOG_ERROR, "alarm",
		    "reason=\"root %llu does not name the gate keys of this gate, so it does not act: put those that it names "
		    "into the directory of keys, or publish a root with these\"",
		    (unsigned long long)root->version);
	gate->is_told_unbelieved = !is_believed;
	return is_believed;
}

/* ---- Transactions ---- */

static int
put(struct quoin_gate *gate, const char *key, const struct quoin_sealed *sealed, struct quoin_bus_receipt *receipt,
    struct quoin_error *err)
{
	struct quoin_bus_record record = {0};

	quoin_envelope_to_record(&sealed->envelope, &record);
	record.topic = gate->tails[1].name;
	record.key = quoin_span_str(key);
	return quoin_bus_writer_put(gate->writer, &record, receipt, err);
}

/* Offsets only grow, but in a topic that was made anew. */
static void
see_offset(struct quoin_gate *gate)
{
	if (!gate->receipt.is_done || gate->receipt.code != 0)
		return;
	if (gate->receipt.offset < gate->written)
		gate_stop(gate, QUOIN_EINCARNATION,
		    "the gate topic was deleted and made anew while this gate wrote to it: delete it again, and run quoin init");
	gate->written = gate->receipt.offset;
}

/* One transaction of the heartbeat and, if there is one, the activation before it. 0, QUOIN_EFENCED, QUOIN_ECONFLICT
 * (certainly not written, may be tried again), QUOIN_EKEY (not written: nobody would believe it), QUOIN_EUNKNOWN. */
static int
commit(struct quoin_gate *gate, const char *key, const struct quoin_sealed *activation,
    const struct quoin_sealed *heartbeat, struct quoin_error *err)
{
	int r;

	if (!gate_is_believed(gate))
		return QUOIN_EKEY;
	r = quoin_bus_writer_begin(gate->writer, err);
	if (r != 0)
		return r == QUOIN_EFENCED ? r : QUOIN_EUNKNOWN;
	if (activation != NULL)
		r = put(gate, key, activation, NULL, err);
	if (r == 0)
		r = put(gate, "heartbeat", heartbeat, &gate->receipt, err);
	if (r != 0) {
		if (quoin_bus_writer_abort(gate->writer, COMMIT_TIMEOUT_MS, NULL) != 0)
			return r == QUOIN_EFENCED ? r : QUOIN_EUNKNOWN;
		return r == QUOIN_EFENCED || r == QUOIN_EUNKNOWN ? r : QUOIN_ECONFLICT;
	}
	r = quoin_bus_writer_commit(gate->writer, COMMIT_TIMEOUT_MS, err);
	if (r == 0)
		see_offset(gate);
	return r == 0 || r == QUOIN_EFENCED || r == QUOIN_ECONFLICT ? r : QUOIN_EUNKNOWN;
}

void
gate_drop_writer(struct quoin_gate *gate)
{
	quoin_bus_writer_close(gate->writer);
	gate->writer = NULL;
	gate->is_taking_over = false;
	gate->is_reading = false;
}

/* What did not end well, as the core's event. */
static void
tell_failure(struct quoin_gate *gate, int code, const struct quoin_error *err)
{
	switch (code) {
	case QUOIN_EFENCED:
		quoin_log(QUOIN_LOG_WARN, "fenced", "reason=\"another gate took over; this one stands by\"");
		gate_drop_writer(gate);
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_FENCED});
		return;
	case QUOIN_ECONFLICT:
		quoin_log_error(QUOIN_LOG_WARN, "not-written", err, NULL);
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN, .more = true});
		return;
	case QUOIN_EKEY:
		gate_drop_writer(gate);
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		return;
	default:
		/* The topic is the truth: it is read on, and told by a later init whatever was left open is aborted. */
		quoin_log_error(QUOIN_LOG_WARN, "unknown-outcome", err, NULL);
		gate_drop_writer(gate);
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		return;
	}
}

static void
log_activation(const struct quoin_activation *activation, int64_t took_ms)
{
	char live[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < activation->live_count && len < sizeof live - 24; i++)
		len += (size_t)snprintf(live + len, sizeof live - len, "%s%llu", i == 0 ? "" : ",",
		    (unsigned long long)activation->live[i].release.number);
	quoin_log(QUOIN_LOG_INFO, "activation",
	    "epoch=%llu seq=%llu head=%llu intent=%llu asked=%llu from=%llu target=%llu live=%s pins=%zu frozen=%d ms=%lld",
	    (unsigned long long)activation->epoch, (unsigned long long)activation->seq,
	    (unsigned long long)activation->head.number, (unsigned long long)activation->intent.number,
	    (unsigned long long)activation->asked, (unsigned long long)activation->from,
	    (unsigned long long)activation->target, live[0] != '\0' ? live : "-", activation->pin_count,
	    activation->frozen, (long long)took_ms);
}

static void
produce_activation(struct quoin_gate *gate, const struct quoin_gate_action *action)
{
	const struct quoin_activation *activation = action->activation;
	struct quoin_sealed sealed = {0}, heartbeat = {0};
	struct quoin_position position = {activation->epoch, activation->seq, {{0}}};
	int64_t begin_ms = quoin_clock_mono_ms();
	struct quoin_error err = {0};
	char key[40];
	int r;

	snprintf(key, sizeof key, "activation/%llu", (unsigned long long)activation->seq);
	r = seal_activation(gate, activation, &sealed);
	if (r == 0) {
		position.hash = sealed.hash;
		r = seal_heartbeat(gate, action->number, &position, gate->conf->gate_heartbeat_ms, &heartbeat);
	}
	if (r == 0) {
		quoin_activation_clear(&gate->produced);
		r = quoin_activation_copy(activation, &gate->produced);
	}
	if (r == QUOIN_ELIMIT) {
		/* Tried again once a second: it gets smaller when somebody forgets or includes hosts. */
		quoin_log(QUOIN_LOG_ERROR, "alarm",
		    "reason=\"the activation is over the limit of a document; include or forget hosts\"");
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN, .more = true});
	} else if (r != 0) {
		gate_stop(gate, r, "cannot sign activation %llu: %s", (unsigned long long)activation->seq,
		    quoin_error_text(r));
	} else {
		r = commit(gate, key, &sealed, &heartbeat, &err);
		if (r == 0) {
			gate->heartbeat_number = action->number;
			log_activation(&gate->produced, quoin_clock_mono_ms() - begin_ms);
			gate_feed_after(gate,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
				.activation = &gate->produced,
				.hash = position.hash});
		} else {
			tell_failure(gate, r, &err);
		}
	}
	quoin_sealed_clear(&sealed);
	quoin_sealed_clear(&heartbeat);
}

static void
produce_heartbeat(struct quoin_gate *gate, uint64_t number, const struct quoin_position *position, uint64_t interval_ms)
{
	struct quoin_sealed heartbeat = {0};
	struct quoin_error err = {0};
	int r = seal_heartbeat(gate, number, position, interval_ms, &heartbeat);

	if (r != 0) {
		gate_stop(gate, r, "cannot sign a heartbeat: %s", quoin_error_text(r));
	} else {
		r = commit(gate, NULL, NULL, &heartbeat, &err);
		if (r == 0) {
			gate->heartbeat_number = number;
			gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT_WRITTEN, .more = true});
		} else {
			tell_failure(gate, r, &err);
		}
	}
	quoin_sealed_clear(&heartbeat);
}

void
gate_say_goodbye(struct quoin_gate *gate)
{
	struct quoin_position position;

	(void)quoin_gate_core_activation(gate->core, &position);
	if (gate->activations.has_heartbeat && gate->activations.heartbeat.number > gate->heartbeat_number)
		gate->heartbeat_number = gate->activations.heartbeat.number;
	produce_heartbeat(gate, gate->heartbeat_number + 1, &position, GOODBYE_INTERVAL_MS);
	gate->queued = 0;
}

/* ---- Taking over ---- */

/* A topic whose first record is not its incarnation is no topic of ours: what is written to it now would be its first. */
static bool
is_born(struct quoin_gate *gate)
{
	if (!gate->is_incarnate && !gate->is_told_unborn)
		quoin_log(QUOIN_LOG_ERROR, "alarm",
		    "reason=\"the gate topic has no incarnation; this gate waits for it: run quoin init\"");
	gate->is_told_unborn = !gate->is_incarnate;
	return gate->is_incarnate;
}

/* init fences every other gate, and aborts what a dead one left open; then the topics are read to ends asked for now. */
static void
take_over(struct quoin_gate *gate)
{
	struct quoin_error err = {0};
	char id[QUOIN_NAME_BYTES_MAX + 16];
	int r;

	gate_drop_writer(gate);
	if (!is_born(gate) || !gate_is_believed(gate)) {
		gate_feed_after(gate, (struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
		return;
	}
	snprintf(id, sizeof id, "quoin.%s.gate", gate->conf->namespace_name);
	quoin_log(QUOIN_LOG_INFO, "taking-over", NULL);
	r = quoin_bus_writer_open(&gate->bus, id, &gate->writer, &err);
	if (r == 0)
		r = quoin_bus_writer_init(gate->writer, INIT_TIMEOUT_MS, &err);
	if (r == 0) {
		gate->is_taking_over = true;
		gate_ask_ends(gate, false);
		return;
	}
	quoin_log_error(QUOIN_LOG_WARN, "not-taken-over", &err, NULL);
	gate_drop_writer(gate);
	gate_feed_after(gate, (struct quoin_gate_event){.kind = r == QUOIN_EFENCED ? QUOIN_GATE_FENCED : QUOIN_GATE_LOST});
}

/* ---- Actions ---- */

/* Of a release without models its document says all: nothing is fetched, and it is known before the next decision. */
static int
make_summary(struct quoin_gate *gate, const struct quoin_release *release, struct quoin_error *err)
{
	struct quoin_gate_event event = {.kind = QUOIN_GATE_RELEASE};
	int r = quoin_gate_release_make(release, (struct quoin_span){0}, &event.release, err);

	if (r == 0)
		gate_feed_after(gate, event);
	return r;
}

static void
need_release(struct quoin_gate *gate, uint64_t number)
{
	struct quoin_release release = {0};
	struct quoin_error err = {0};
	int r = quoin_control_release(&gate->control, number, &release, &err);

	if (r == 0 && quoin_gate_models_part(&release) == NULL)
		r = make_summary(gate, &release, &err);
	else if (r == 0)
		r = quoin_gate_fetch_ask(gate->fetch, &release);
	if (r != 0)
		quoin_log_error(QUOIN_LOG_ERROR, "models-missing", &err, "release=%llu", (unsigned long long)number);
	quoin_release_clear(&release);
}

static void
log_text(enum quoin_log_level level, const char *event, const char *text)
{
	char quoted[QUOIN_GATE_TEXT_BYTES + 64];

	quoin_log(level, event, "reason=%s", quoin_log_quote(text, quoted, sizeof quoted));
}

void
gate_do(struct quoin_gate *gate, const struct quoin_gate_action *action)
{
	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		need_release(gate, action->number);
		break;
	case QUOIN_GATE_READ_STATUS:
		gate->token = action->token;
		gate->is_reading = true;
		gate_ask_ends(gate, true);
		break;
	case QUOIN_GATE_TAKE_OVER:
		take_over(gate);
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
		produce_activation(gate, action);
		break;
	case QUOIN_GATE_PRODUCE_HEARTBEAT:
		produce_heartbeat(gate, action->number, &action->position, gate->conf->gate_heartbeat_ms);
		break;
	case QUOIN_GATE_ASK_HEALTH:
		quoin_gate_hook_start(&gate->hook, gate->conf->gate_health_hook, action->number, action->token,
		    gate->conf->hook_timeout_ms, quoin_clock_mono_ms());
		break;
	case QUOIN_GATE_STEP_DOWN:
		quoin_gate_hook_stop(&gate->hook);
		quoin_log(QUOIN_LOG_INFO, "standing-by", NULL);
		gate_drop_writer(gate);
		break;
	case QUOIN_GATE_ALARM:
		log_text(QUOIN_LOG_ERROR, "alarm", action->text);
		break;
	case QUOIN_GATE_DECIDED:
		log_text(QUOIN_LOG_INFO, "decided", action->text);
		break;
	case QUOIN_GATE_REASON:
		if (action->text[0] != '\0')
			log_text(QUOIN_LOG_INFO, "waiting", action->text);
		break;
	}
}
