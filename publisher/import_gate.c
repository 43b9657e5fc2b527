#include "publisher/import_gate.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/defect.h"

#define LATE_INTERVALS 3 /* a gate that was silent as long as this may be taken over from */

typedef unsigned long long ull;

static int
check_acting(const struct quoin_activations *activations, int64_t now_ms, struct quoin_error *err)
{
	const struct quoin_heartbeat *heartbeat = &activations->heartbeat;
	int64_t life_ms;

	/* One without an activation decides nothing: the fence stops it for a moment, and it goes on with what is imported. */
	if (!activations->has_heartbeat || heartbeat->activation.seq == 0)
		return 0;
	life_ms = heartbeat->interval_ms < INT64_MAX / 8 ? LATE_INTERVALS * (int64_t)heartbeat->interval_ms : INT64_MAX / 2;
	if (now_ms - activations->heartbeat_received_ms >= life_ms)
		return 0;
	return quoin_error_set(err, QUOIN_ECONFLICT,
	    "a gate is acting (activation %llu/%llu); its activation was not touched: stop the gates, wait %lld s, and import again",
	    (ull)heartbeat->activation.epoch, (ull)heartbeat->activation.seq, (long long)(life_ms + 999) / 1000);
}

static int
check_fleet(const struct quoin_fleet *fleet, const struct quoin_ledger *ledger, const struct quoin_position *position,
    int64_t now_ms, struct quoin_error *err)
{
	for (size_t i = 0; i < fleet->host_count; i++) {
		const struct quoin_position *obeyed = &fleet->hosts[i].status.obeyed;
		int order = quoin_position_compare(obeyed, position);

		if (QUOIN_DEFECT(IMPORT_BEHIND) || quoin_ledger_excludes(ledger, fleet->hosts[i].cert.host, now_ms))
			continue;
		if (order > 0 || (order == 0 && obeyed->seq != 0 && !quoin_hash_equal(&obeyed->hash, &position->hash)))
			return quoin_error_set(err, QUOIN_ECONFLICT,
			    "%s obeys activation %llu/%llu, the export has %s %llu/%llu, which no gate would act on; it was not written: "
			    "import an export with the newest one",
			    fleet->hosts[i].cert.host, (ull)obeyed->epoch, (ull)obeyed->seq, order > 0 ? "only" : "another",
			    (ull)position->epoch, (ull)position->seq);
	}
	return 0;
}

int
quoin_import_gate_check(const struct quoin_activations *activations, const struct quoin_fleet *fleet,
    const struct quoin_ledger *ledger, const struct quoin_activation *activation, const struct quoin_hash *hash,
    int64_t now_ms, bool *ret_wanted, struct quoin_error *err)
{
	struct quoin_position have = quoin_activations_position(activations),
			      position = {activation->epoch, activation->seq, *hash};
	int order = activations->has_newest ? quoin_position_compare(&position, &have) : 1, r;

	*ret_wanted = false;
	if (!activations->has_incarnation)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the gate topic is not begun; the activation was not written: run \"quoin init\" first, with the root key");
	if (order < 0 || (order == 0 && quoin_hash_equal(hash, &have.hash)))
		return 0;
	if (order == 0 || (quoin_position_compare(&activation->prev, &have) == 0 && have.seq != 0 &&
	    !quoin_hash_equal(&activation->prev.hash, &have.hash)))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "activation %llu/%llu on the gate topic is another one than the export's (a fork); it was not written",
		    (ull)have.epoch, (ull)have.seq);
	r = check_acting(activations, now_ms, err);
	if (r == 0)
		r = check_fleet(fleet, ledger, &position, now_ms, err);
	*ret_wanted = r == 0;
	return r;
}

/* ---- The shell ---- */

struct importing {
	const struct quoin_control *control;
	struct quoin_bus_reader *reader;
	const struct quoin_activation *activation;
	struct quoin_hash hash;
	char gate[QUOIN_TOPIC_NAME_BYTES], status[QUOIN_TOPIC_NAME_BYTES];
	int timeout_ms;
};

static int
look(const struct importing *importing, bool *ret_wanted, struct quoin_error *err)
{
	const struct quoin_trust *trust = &importing->control->trust;
	struct quoin_activations activations = {0};
	struct quoin_fleet fleet = {0};
	int r;

	r = quoin_fleet_read(&fleet, importing->control, importing->reader, importing->status, importing->timeout_ms, err);
	if (r == 0)
		r = quoin_activations_read(&activations, trust, importing->reader, importing->timeout_ms, NULL, NULL, err);
	if (r == 0)
		r = quoin_import_gate_check(&activations, &fleet, &importing->control->ledger, importing->activation,
		    &importing->hash, quoin_clock_wall_ms(), ret_wanted, err);
	quoin_activations_clear(&activations);
	quoin_fleet_clear(&fleet);
	return r;
}

static int
write_activation(const struct importing *importing, struct quoin_bus_writer *writer, const struct quoin_envelope *envelope,
    struct quoin_bus_receipt *receipt, struct quoin_error *err)
{
	struct quoin_bus_record record = {0};
	char key[32];
	int r;

	snprintf(key, sizeof key, "activation/%llu", (ull)importing->activation->seq);
	quoin_envelope_to_record(envelope, &record);
	record.topic = importing->gate;
	record.key = quoin_span_str(key);
	r = quoin_bus_writer_put_alone(writer, &record, receipt, importing->timeout_ms, err);
	if (r == QUOIN_EUNKNOWN || r == QUOIN_ETIMEOUT)
		return quoin_error_set(err, QUOIN_EUNKNOWN,
		    "the broker went away while the activation was committed; import again, which finds out");
	return r;
}

int
quoin_import_gate(const struct quoin_conf *conf, const struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_envelope *envelope, int timeout_ms, bool *ret_written, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	struct importing importing = {.control = control, .reader = reader, .timeout_ms = timeout_ms};
	struct quoin_activation activation = {0};
	struct quoin_bus_writer *writer = NULL;
	struct quoin_bus_receipt receipt = {0};
	char id[QUOIN_NAME_BYTES_MAX + 16];
	bool wanted = false;
	int r;

	*ret_written = false;
	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_GATE, importing.gate);
	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_STATUS, importing.status);
	r = quoin_trust_verify(&control->trust, QUOIN_DOCUMENT_ACTIVATION, envelope, &importing.hash, err);
	if (r == 0)
		r = quoin_activation_parse(envelope->document, &activation, err);
	importing.activation = &activation;
	/* Without a fence first: a gate that acts is not to be disturbed. */
	if (r == 0)
		r = look(&importing, &wanted, err);
	if (r != 0 || !wanted)
		goto out;
	snprintf(id, sizeof id, "quoin.%s.gate", conf->namespace_name);
	r = quoin_bus_writer_open(&bus, id, &writer, err);
	if (r == 0)
		r = quoin_bus_writer_init(writer, timeout_ms, err);
	if (r == 0)
		r = look(&importing, &wanted, err);
	if (r == 0 && wanted)
		r = write_activation(&importing, writer, envelope, &receipt, err);
	*ret_written = r == 0 && wanted;
out:
	quoin_bus_writer_close(writer); /* before the receipt goes */
	quoin_activation_clear(&activation);
	return r;
}
