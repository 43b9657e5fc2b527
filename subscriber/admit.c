/*
 * Admit: what a record says, if it may be believed (research: the order is caps, signatures, parsing, the chain, the
 * ratchets). Nothing here takes effect before the step's PERSIST.
 */
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/core_step.h"

static void
reject(struct quoin_agent_step *step, const char *what, const struct quoin_error *err)
{
	const bool is_alarm = quoin_error_class(err->code) == QUOIN_CLASS_TRUST;
	char reason[QUOIN_REASON_BYTES_MAX + 1];

	quoin_agent_reason(err->message, err->code, reason);
	quoin_agent_say(step, is_alarm ? QUOIN_AGENT_ALARM : QUOIN_AGENT_REJECT, err->code, "%s at %s offset %lld: %s", what,
	    quoin_topic_word(step->event->topic), (long long)step->event->offset, reason);
}

/* Two documents with one number prove that a key is abused: the twin is kept. */
static void
keep_evidence(struct quoin_agent_step *step, const struct quoin_envelope *envelope)
{
	struct quoin_ratchets *ratchets = &step->core->ratchets;

	quoin_agent_keep(step, QUOIN_STORE_EVIDENCE, ratchets->evidence % QUOIN_AGENT_EVIDENCE_MAX, envelope);
	ratchets->evidence++;
	step->core->change.has_ratchets = true;
}

static void
refuse(struct quoin_agent_step *step, const char *what, const struct quoin_envelope *envelope,
    const struct quoin_error *err)
{
	if (err->code == QUOIN_ENOMEM) {
		step->error = QUOIN_ENOMEM;
		return;
	}
	reject(step, what, err);
	if (err->code == QUOIN_EFORK)
		keep_evidence(step, envelope);
}

void
quoin_agent_assign(struct quoin_agent_step *step, enum quoin_topic topic, int64_t offset)
{
	struct quoin_agent_action *action = quoin_agent_after(step, QUOIN_AGENT_ASSIGN);

	action->topic = topic;
	action->offset = offset;
	step->core->offsets[topic].next = offset;
	step->core->at_end[topic] = false;
	step->core->is_assigned[topic] = true;
	/* It may have been made anew, without what this host has read of it before; its end then says nothing. */
	if (topic == QUOIN_TOPIC_GATE && step->core->join == QUOIN_JOIN_READ)
		step->core->join = QUOIN_JOIN_READING;
	if (topic == QUOIN_TOPIC_GATE && offset == 0)
		step->core->is_behind = step->core->ratchets.obeyed.epoch != 0 && !QUOIN_DEFECT(EMPTY_END);
}

bool
quoin_agent_is_behind(const struct quoin_agent_core *core)
{
	return core->is_behind || (core->obeyed.epoch != 0 && core->obeyed.epoch < core->trust.root.epoch &&
				      !QUOIN_DEFECT(EPOCH_ENDED));
}

/* Another incarnation: offsets are void, ratchets are not. */
static void
resync(struct quoin_agent_step *step, enum quoin_topic topic)
{
	struct quoin_agent_core *core = step->core;

	quoin_agent_say(step, QUOIN_AGENT_ALARM, QUOIN_EINCARNATION, "the %s topic was made anew; reading it from its start",
	    quoin_topic_word(topic));
	memset(&core->offsets[topic], 0, sizeof core->offsets[topic]);
	core->change.has_offset[topic] = true;
	quoin_agent_assign(step, topic, 0);
}

static void
admit_incarnation(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_store_offset *offset = &core->offsets[step->event->topic];
	struct quoin_incarnation incarnation = {0};
	struct quoin_hash hash;
	struct quoin_error err = {0};
	int r;

	r = quoin_trust_verify(&core->trust, QUOIN_DOCUMENT_INCARNATION, step->event->envelope, &hash, &err);
	if (r == 0)
		r = quoin_incarnation_parse(step->event->envelope->document, &incarnation, &err);
	if (r == 0 && incarnation.topic != step->event->topic)
		r = quoin_error_set(&err, QUOIN_EINCARNATION, "it is of the %s topic", quoin_topic_word(incarnation.topic));
	if (r != 0) {
		refuse(step, "incarnation", step->event->envelope, &err);
		return;
	}
	if (offset->has_incarnation && memcmp(offset->incarnation, incarnation.id, sizeof incarnation.id) == 0)
		return;
	/* Met at the start of a reading it is news; met in the middle, what was read before was another topic. */
	if (offset->has_incarnation) {
		resync(step, step->event->topic);
		return;
	}
	offset->has_incarnation = true;
	memcpy(offset->incarnation, incarnation.id, sizeof incarnation.id);
	core->change.has_offset[step->event->topic] = step->event->topic != QUOIN_TOPIC_GATE || !core->is_behind;
}

/* A new root may make good what was refused before: the gate topic is small, and is read again. */
static void
admit_root(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const uint64_t before = core->trust.root.version;
	struct quoin_error err = {0};
	int r;

	r = quoin_trust_advance(&core->trust, step->event->envelope, &err);
	/* Reading from the start meets what is held and its ancestors. */
	if (r == QUOIN_EREPLAY)
		return;
	if (r != 0) {
		refuse(step, "root", step->event->envelope, &err);
		return;
	}
	if (core->trust.root.version == before)
		return;
	quoin_agent_keep(step, QUOIN_STORE_ROOT, core->trust.root.version, step->event->envelope);
	if (core->trust.root.version > core->ratchets.root_version)
		core->ratchets.root_version = core->trust.root.version;
	core->change.has_ratchets = true;
	quoin_agent_say(step, QUOIN_AGENT_NOTE, 0, "root %llu", (unsigned long long)core->trust.root.version);
	if (core->is_assigned[QUOIN_TOPIC_GATE])
		quoin_agent_assign(step, QUOIN_TOPIC_GATE, 0);
}

static void
admit_release(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_envelope *envelope = step->event->envelope;
	struct quoin_release release = {0};
	struct quoin_hash hash;
	struct quoin_error err = {0};
	bool is_held;
	int r;

	r = quoin_trust_verify(&core->trust, QUOIN_DOCUMENT_RELEASE, envelope, &hash, &err);
	if (r == 0)
		r = quoin_release_parse(envelope->document, &release, &err);
	if (r != 0)
		goto out;
	is_held = quoin_ledger_release(&core->ledger, release.number) != NULL;
	r = quoin_ledger_admit_release(&core->ledger, &release, &hash, &err);
	if (r == 0 && !is_held) {
		quoin_agent_keep(step, QUOIN_STORE_RELEASE, release.number, envelope);
		quoin_agent_report_soon(step);
	}
out:
	quoin_release_clear(&release);
	if (r != 0)
		refuse(step, "release", step->event->envelope, &err);
}

/* What an intent means to this host at once; the rest is the gate's, and a fleet that answered the brake before the gate
 * does would only be in its way. */
static void
heed_intent(struct quoin_agent_step *step, const struct quoin_intent *intent)
{
	const bool is_mine = intent->host[0] == '\0' || strcmp(intent->host, step->core->cert.host) == 0;

	if (!is_mine)
		return;
	if (intent->action == QUOIN_ACTION_REVOKE)
		quoin_agent_revoke(step, intent->release.number);
	else if (intent->action == QUOIN_ACTION_RETRY)
		quoin_agent_track_retry(step, intent->release.number);
	else if (intent->action == QUOIN_ACTION_FORGET)
		quoin_agent_choose_forgotten(step);
	else if (intent->host[0] == '\0')
		return;
	quoin_agent_report_soon(step);
}

static void
admit_intent(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_envelope *envelope = step->event->envelope;
	struct quoin_intent intent = {0};
	struct quoin_hash hash;
	struct quoin_error err = {0};
	bool is_held;
	int r;

	r = quoin_trust_verify(&core->trust, QUOIN_DOCUMENT_INTENT, envelope, &hash, &err);
	if (r == 0)
		r = quoin_intent_parse(envelope->document, &intent, &err);
	if (r == 0) {
		is_held = quoin_ledger_intent(&core->ledger, intent.number) != NULL;
		r = quoin_ledger_admit_intent(&core->ledger, &intent, &hash, &err);
		if (r == 0 && !is_held) {
			quoin_agent_keep(step, QUOIN_STORE_INTENT, intent.number, envelope);
			if (intent.number > core->ratchets.intent)
				core->ratchets.intent = intent.number;
			heed_intent(step, &intent);
		}
	}
	if (r != 0)
		refuse(step, "intent", step->event->envelope, &err);
}

/* A renewed certificate of this host: the same key, and it lasts longer. Others' are the gate's business. */
static void
admit_cert(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_cert cert = {0};
	struct quoin_error err = {0};
	int r;

	r = quoin_trust_verify_cert(&core->trust, step->event->envelope, step->event->wall_ms, &cert, &err);
	if (r != 0) {
		refuse(step, "certificate", step->event->envelope, &err);
		return;
	}
	if (strcmp(cert.host, core->cert.host) != 0 || memcmp(cert.key, core->cert.key, sizeof cert.key) != 0 ||
	    cert.role != core->cert.role || cert.not_after_ms <= core->cert.not_after_ms)
		return;
	core->cert = cert;
	quoin_agent_keep(step, QUOIN_STORE_CERT, 0, step->event->envelope);
	quoin_agent_say(step, QUOIN_AGENT_NOTE, 0, "certificate renewed");
	quoin_agent_report_soon(step);
}

/* ---- Activations ---- */

/* From here on this is the truth. The documents that it is chosen by were checked. */
static void
obey(struct quoin_agent_step *step, struct quoin_activation *activation, const struct quoin_position *at,
    const struct quoin_envelope *envelope)
{
	struct quoin_agent_core *core = step->core;

	quoin_activation_clear(&core->obeyed);
	core->obeyed = *activation;
	memset(activation, 0, sizeof *activation);
	core->ratchets.obeyed = *at;
	core->change.has_ratchets = true;
	quoin_agent_keep(step, QUOIN_STORE_ACTIVATION, 0, envelope);
	for (size_t i = 0; i < core->obeyed.revoked_count; i++)
		quoin_agent_revoke(step, core->obeyed.revoked[i]);
	quoin_agent_say(step, QUOIN_AGENT_NOTE, 0, "obeys activation %llu.%llu", (unsigned long long)at->epoch,
	    (unsigned long long)at->seq);
	quoin_agent_report_soon(step);
}

/* Position, chain and epoch: 0, QUOIN_EREPLAY, QUOIN_EFORK, QUOIN_EAGAIN (the root that allows it is not here yet),
 * QUOIN_EEXISTS (obeyed already). */
static int
check_position(const struct quoin_agent_core *core, const struct quoin_activation *activation,
    const struct quoin_position *at, struct quoin_error *err)
{
	const struct quoin_position *held = &core->ratchets.obeyed;
	const int order = quoin_position_compare(at, held);

	if (order < 0 && QUOIN_DEFECT(REPLAY) && activation->epoch == held->epoch)
		return 0;
	if (order < 0)
		return quoin_error_set(err, QUOIN_EREPLAY, "activation %llu.%llu is older than %llu.%llu",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq, (unsigned long long)held->epoch,
		    (unsigned long long)held->seq);
	if (order == 0 && !quoin_hash_equal(&at->hash, &held->hash))
		return quoin_error_set(err, QUOIN_EFORK, "another activation %llu.%llu is obeyed already",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq);
	if (order == 0 && core->obeyed.epoch != 0)
		return QUOIN_EEXISTS;
	if (order > 0 && activation->prev.epoch == held->epoch && activation->prev.seq == held->seq && held->epoch != 0 &&
	    !quoin_hash_equal(&activation->prev.hash, &held->hash))
		return quoin_error_set(err, QUOIN_EFORK, "activation %llu.%llu does not follow the %llu.%llu that is obeyed",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq, (unsigned long long)held->epoch,
		    (unsigned long long)held->seq);
	if (at->epoch < core->trust.root.epoch)
		return quoin_error_set(err, QUOIN_EREPLAY, "activation %llu.%llu is of an epoch that root %llu ended",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq,
		    (unsigned long long)core->trust.root.version);
	if (at->epoch > core->trust.root.epoch || core->trust.root.version < core->ratchets.root_version)
		return quoin_error_set(err, QUOIN_EAGAIN, "activation %llu.%llu needs a root that was not read yet",
		    (unsigned long long)at->epoch, (unsigned long long)at->seq);
	return 0;
}

static void
wait_with(struct quoin_agent_step *step, const struct quoin_position *at, const struct quoin_envelope *envelope)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_sealed sealed;

	if (core->waiting.bytes.len > 0 && quoin_position_compare(at, &core->waiting_at) <= 0)
		return;
	if (quoin_sealed_copy(envelope, &sealed) != 0) {
		step->error = QUOIN_ENOMEM;
		return;
	}
	quoin_sealed_clear(&core->waiting);
	core->waiting = sealed;
	core->waiting_at = *at;
	if (envelope != step->event->envelope)
		return;
	quoin_agent_say(step, QUOIN_AGENT_NOTE, QUOIN_EAGAIN, "activation %llu.%llu waits for the control topic",
	    (unsigned long long)at->epoch, (unsigned long long)at->seq);
}

/* Whether this is an old acquaintance, met again because the topic is read from its start. */
static bool
is_read_again(const struct quoin_agent_step *step, int code)
{
	return code == QUOIN_EEXISTS || (code == QUOIN_EREPLAY && !step->core->at_end[QUOIN_TOPIC_GATE]);
}

/* A verified activation. */
static void
consider(struct quoin_agent_step *step, const struct quoin_envelope *envelope, const struct quoin_hash *hash)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_activation activation = {0};
	struct quoin_position at;
	struct quoin_error err = {0};
	int r;

	r = quoin_activation_parse(envelope->document, &activation, &err);
	if (r != 0) {
		refuse(step, "activation", envelope, &err);
		return;
	}
	at = (struct quoin_position){activation.epoch, activation.seq, *hash};
	r = check_position(core, &activation, &at, &err);
	if ((r == 0 || r == QUOIN_EEXISTS || r == QUOIN_EAGAIN) && envelope == step->event->envelope)
		core->is_behind = false;
	if (r == 0)
		r = quoin_ledger_check_activation(&core->ledger, &activation, core->obeyed.epoch != 0 ? &core->obeyed : NULL,
		    &err);
	if (r == 0)
		obey(step, &activation, &at, envelope);
	else if (r == QUOIN_EAGAIN)
		wait_with(step, &at, envelope);
	else if (!is_read_again(step, r))
		refuse(step, "activation", envelope, &err);
	quoin_activation_clear(&activation);
}

static void
admit_activation(struct quoin_agent_step *step)
{
	struct quoin_hash hash;
	struct quoin_error err = {0};

	quoin_envelope_hash(step->event->envelope, &hash);
	if (!QUOIN_DEFECT(UNVERIFIED) &&
	    quoin_trust_verify(&step->core->trust, QUOIN_DOCUMENT_ACTIVATION, step->event->envelope, &hash, &err) != 0)
		refuse(step, "activation", step->event->envelope, &err);
	else
		consider(step, step->event->envelope, &hash);
}

/* What waits may go on once the control topic brought something. */
static void
consider_waiting(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	struct quoin_sealed waiting = core->waiting;
	struct quoin_hash hash;

	if (waiting.bytes.len == 0 || step->error != 0)
		return;
	memset(&core->waiting, 0, sizeof core->waiting);
	/* The role's keys may have changed since. */
	if (quoin_trust_verify(&core->trust, QUOIN_DOCUMENT_ACTIVATION, &waiting.envelope, &hash, NULL) == 0)
		consider(step, &waiting.envelope, &hash);
	quoin_sealed_clear(&waiting);
}

/* ---- Heartbeats ---- */

static void
check_incarnation(struct quoin_agent_step *step, enum quoin_topic topic, const uint8_t id[QUOIN_INCARNATION_BYTES])
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_store_offset *offset = &core->offsets[topic];

	if (!offset->has_incarnation || memcmp(offset->incarnation, id, QUOIN_INCARNATION_BYTES) == 0)
		return;
	/* Once for each incarnation named: a gate that is mistaken must not make us read for ever. */
	if (memcmp(core->resynced[topic], id, QUOIN_INCARNATION_BYTES) == 0)
		return;
	memcpy(core->resynced[topic], id, QUOIN_INCARNATION_BYTES);
	resync(step, topic);
}

/* Whether the gate's newest activation is what is obeyed, or waits here. Anything else was kept from us. */
static bool
knows_activation(struct quoin_agent_step *step, const struct quoin_position *says)
{
	const struct quoin_agent_core *core = step->core;
	const struct quoin_position *held = &core->ratchets.obeyed;
	struct quoin_error err = {0};

	if (core->waiting.bytes.len > 0 && quoin_position_compare(says, &core->waiting_at) <= 0)
		return true;
	if (quoin_position_compare(says, held) == 0 && !quoin_hash_equal(&says->hash, &held->hash)) {
		(void)quoin_error_set(&err, QUOIN_EFORK, "the gate speaks of another activation %llu.%llu than was obeyed",
		    (unsigned long long)says->epoch, (unsigned long long)says->seq);
		refuse(step, "heartbeat", step->event->envelope, &err);
		return false;
	}
	return quoin_position_compare(says, held) <= 0;
}

static void
admit_heartbeat(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_agent_event *event = step->event;
	struct quoin_heartbeat heartbeat = {0};
	struct quoin_hash hash;
	struct quoin_error err = {0};
	int64_t left_ms;
	int r;

	r = quoin_trust_verify(&core->trust, QUOIN_DOCUMENT_HEARTBEAT, event->envelope, &hash, &err);
	if (r == 0)
		r = quoin_heartbeat_parse(event->envelope->document, &heartbeat, &err);
	if (r != 0) {
		refuse(step, "heartbeat", step->event->envelope, &err);
		return;
	}
	if (heartbeat.number <= core->heartbeat)
		return;
	core->heartbeat = heartbeat.number;
	if (heartbeat.number > core->ratchets.heartbeat)
		core->ratchets.heartbeat = heartbeat.number;
	check_incarnation(step, QUOIN_TOPIC_CONTROL, heartbeat.control_incarnation);
	check_incarnation(step, QUOIN_TOPIC_GATE, heartbeat.gate_incarnation);
	left_ms = heartbeat.expires_ms - event->wall_ms;
	if (left_ms <= 0 || core->silent || !knows_activation(step, &heartbeat.activation))
		return;
	core->fresh_until = event->boot_ms + (left_ms < QUOIN_AGENT_STALE_MS ? left_ms : QUOIN_AGENT_STALE_MS);
}

/* ---- Records ---- */

static bool
has_prefix(struct quoin_span key, const char *prefix)
{
	return key.len >= strlen(prefix) && memcmp(key.data, prefix, strlen(prefix)) == 0;
}

static void
admit_control(struct quoin_agent_step *step)
{
	const struct quoin_span key = step->event->key;

	/* The key says what to try, never what it is. */
	if (has_prefix(key, "root/"))
		admit_root(step);
	else if (has_prefix(key, "release/"))
		admit_release(step);
	else if (has_prefix(key, "intent/"))
		admit_intent(step);
	else if (has_prefix(key, "cert/") && key.len == 5 + strlen(step->core->cert.host) &&
	    memcmp(key.data + 5, step->core->cert.host, key.len - 5) == 0)
		admit_cert(step);
	consider_waiting(step);
}

static void
admit_gate(struct quoin_agent_step *step)
{
	if (has_prefix(step->event->key, "activation/"))
		admit_activation(step);
	else if (has_prefix(step->event->key, "heartbeat"))
		admit_heartbeat(step);
}

void
quoin_agent_admit_record(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const struct quoin_agent_event *event = step->event;
	struct quoin_store_offset *offset = &core->offsets[event->topic];

	QUOIN_ASSERT(event->topic == QUOIN_TOPIC_CONTROL || event->topic == QUOIN_TOPIC_GATE);
	if (event->offset < offset->next)
		return;
	/* Before the record is looked at: what it makes us do may be to start over. */
	offset->next = event->offset + 1;
	if (event->envelope == NULL) {
		if (event->reason != NULL)
			quoin_agent_say(step, QUOIN_AGENT_REJECT, event->code, "record at %s offset %lld: %s",
			    quoin_topic_word(event->topic), (long long)event->offset, event->reason);
		return;
	}
	if (quoin_span_equal_str(event->key, "incarnation"))
		admit_incarnation(step);
	else if (event->topic == QUOIN_TOPIC_CONTROL)
		admit_control(step);
	else
		admit_gate(step);
}

void
quoin_agent_admit_end(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const enum quoin_topic topic = step->event->topic;

	core->at_end[topic] = true;
	if (topic == QUOIN_TOPIC_CONTROL)
		core->control_was_read = true;
	if (topic == QUOIN_TOPIC_CONTROL && !core->is_assigned[QUOIN_TOPIC_GATE])
		quoin_agent_assign(step, QUOIN_TOPIC_GATE, core->offsets[QUOIN_TOPIC_GATE].next);
	if (topic == QUOIN_TOPIC_GATE) {
		core->gate_was_read = true;
		quoin_agent_serving_end(step);
		quoin_agent_choose_end(step);
	}
}
