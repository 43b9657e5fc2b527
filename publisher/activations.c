#include "publisher/activations.h"

#include <string.h>

void
quoin_activations_clear(struct quoin_activations *activations)
{
	quoin_activation_clear(&activations->newest);
	quoin_sealed_clear(&activations->newest_sealed);
	memset(activations, 0, sizeof *activations);
}

struct quoin_position
quoin_activations_position(const struct quoin_activations *activations)
{
	struct quoin_position position = {0};

	if (activations->has_newest) {
		position.epoch = activations->newest.epoch;
		position.seq = activations->newest.seq;
		position.hash = activations->newest_hash;
	}
	return position;
}

/* A gap is legal: the newest activation is the whole truth. A fork is not. */
static int
check_order(const struct quoin_activations *activations, const struct quoin_activation *activation,
    const struct quoin_hash *hash, struct quoin_error *err)
{
	struct quoin_position have = quoin_activations_position(activations);
	struct quoin_position next = {activation->epoch, activation->seq, *hash};
	int order = quoin_position_compare(&next, &have);

	if (!activations->has_newest || (order > 0 && quoin_position_compare(&activation->prev, &have) != 0))
		return 0;
	if (order < 0)
		return quoin_error_set(err, QUOIN_EREPLAY, "activation %llu/%llu is older than %llu/%llu",
		    (unsigned long long)next.epoch, (unsigned long long)next.seq, (unsigned long long)have.epoch,
		    (unsigned long long)have.seq);
	if (order == 0 ? !quoin_hash_equal(hash, &have.hash) : !quoin_hash_equal(&activation->prev.hash, &have.hash))
		return quoin_error_set(err, QUOIN_EFORK, "two different activations %llu/%llu",
		    (unsigned long long)have.epoch, (unsigned long long)have.seq);
	return 0;
}

static int
admit_activation(struct quoin_activations *activations, const struct quoin_trust *trust,
    const struct quoin_envelope *envelope, quoin_activations_each *each, void *ctx, struct quoin_error *err)
{
	struct quoin_activation activation = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify(trust, QUOIN_DOCUMENT_ACTIVATION, envelope, &hash, err);
	if (r == 0)
		r = quoin_activation_parse(envelope->document, &activation, err);
	if (r == 0)
		r = check_order(activations, &activation, &hash, err);
	if (r == 0)
		r = quoin_sealed_copy(envelope, &sealed);
	if (r != 0) {
		quoin_activation_clear(&activation);
		return r;
	}
	quoin_activation_clear(&activations->newest);
	quoin_sealed_clear(&activations->newest_sealed);
	activations->newest = activation;
	activations->newest_hash = hash;
	activations->newest_sealed = sealed;
	activations->has_newest = true;
	if (each != NULL)
		each(ctx, &activations->newest, &hash);
	return 0;
}

static int
admit_heartbeat(struct quoin_activations *activations, const struct quoin_trust *trust,
    const struct quoin_envelope *envelope, int64_t now_ms, struct quoin_error *err)
{
	struct quoin_heartbeat heartbeat;
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify(trust, QUOIN_DOCUMENT_HEARTBEAT, envelope, &hash, err);
	if (r == 0)
		r = quoin_heartbeat_parse(envelope->document, &heartbeat, err);
	if (r != 0)
		return r;
	if (activations->has_heartbeat && heartbeat.number <= activations->heartbeat.number)
		return quoin_error_set(err, QUOIN_EREPLAY, "an older heartbeat");
	activations->heartbeat = heartbeat;
	activations->has_heartbeat = true;
	activations->heartbeat_received_ms = now_ms;
	return 0;
}

static int
admit_incarnation(struct quoin_activations *activations, const struct quoin_trust *trust,
    const struct quoin_envelope *envelope, struct quoin_error *err)
{
	struct quoin_incarnation incarnation;
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify(trust, QUOIN_DOCUMENT_INCARNATION, envelope, &hash, err);
	if (r == 0)
		r = quoin_incarnation_parse(envelope->document, &incarnation, err);
	if (r != 0)
		return r;
	if (incarnation.topic != QUOIN_TOPIC_GATE)
		return quoin_error_set(err, QUOIN_ESYNTAX, "an incarnation of another topic on the gate topic");
	activations->incarnation = incarnation;
	activations->has_incarnation = true;
	return 0;
}

int
quoin_activations_admit(struct quoin_activations *activations, const struct quoin_trust *trust,
    const struct quoin_bus_record *record, int64_t now_ms, quoin_activations_each *each, void *ctx,
    struct quoin_error *err)
{
	struct quoin_envelope envelope;
	struct quoin_span key = record->key;
	int r;

	activations->next_offset = record->offset + 1;
	if (record->is_tombstone)
		return 0;
	r = quoin_envelope_from_record(record, &envelope, err);
	if (r == 0 && quoin_span_equal_str(key, "incarnation"))
		r = admit_incarnation(activations, trust, &envelope, err);
	else if (r == 0 && quoin_span_equal_str(key, "heartbeat"))
		r = admit_heartbeat(activations, trust, &envelope, now_ms, err);
	else if (r == 0 && key.len > 11 && memcmp(key.data, "activation/", 11) == 0)
		r = admit_activation(activations, trust, &envelope, each, ctx, err);
	else if (r == 0)
		r = quoin_error_set(err, QUOIN_ESYNTAX, "a record with a key that means nothing here");
	if (r != 0)
		activations->refused++;
	return r;
}

struct reading {
	struct quoin_activations *activations;
	const struct quoin_trust *trust;
	quoin_activations_each *each;
	void *ctx;
};

static int
take(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct reading *reading = ctx;
	int r = quoin_activations_admit(reading->activations, reading->trust, record, record->timestamp_ms, reading->each,
	    reading->ctx, err);

	return r == QUOIN_ENOMEM ? r : 0;
}

int
quoin_activations_read(struct quoin_activations *activations, const struct quoin_trust *trust,
    struct quoin_bus_reader *reader, int timeout_ms, quoin_activations_each *each, void *ctx, struct quoin_error *err)
{
	struct reading reading = {activations, trust, each, ctx};
	char topic[QUOIN_TOPIC_NAME_BYTES];

	quoin_topic_name(trust->root.origin.name, QUOIN_TOPIC_GATE, topic);
	return quoin_bus_reader_drain(reader, topic, activations->next_offset, timeout_ms, take, &reading, err);
}
