#include "publisher/announce.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

#define READ_BACK_PAUSE_NS 2000000

#define KEY_BYTES (QUOIN_NAME_BYTES_MAX + 16)

#define TAKEN_OVER "another publisher came between; nothing was written, look at the head and try again"

static int
left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - quoin_clock_mono_ms();

	return left > 1 ? (int)left : 1;
}

/* A timed-out init may be asked again: the coordinator was busy, not broken. */
static int
fence(struct quoin_bus_writer *writer, int64_t deadline_ms, struct quoin_error *err)
{
	int r;

	do
		r = quoin_bus_writer_init(writer, left_ms(deadline_ms), err);
	while (r == QUOIN_ETIMEOUT && quoin_clock_mono_ms() < deadline_ms);
	return r;
}

/*
 * Whether the document is on the topic now: behind a new fence, so that no transaction of ours can still commit; the fence
 * of whoever took over is as good, and a new one would be in his way. QUOIN_EAGAIN: it is not, the broker gave the
 * transaction up; why stands in the message, as the writer left it in "err".
 */
static int
resolve_unknown(const struct quoin_bus_conf *bus, const char *id, bool is_taken_over, struct quoin_control *control,
    struct quoin_bus_reader *reader, const char *key, const struct quoin_hash *hash, int64_t deadline_ms,
    struct quoin_error *err)
{
	struct quoin_bus_writer *writer = NULL;
	const struct quoin_envelope *found;
	struct quoin_error why = {0};
	struct quoin_hash have;
	int r = 0;

	if (!is_taken_over) {
		r = quoin_bus_writer_open(bus, id, &writer, &why);
		if (r == 0)
			r = fence(writer, deadline_ms, &why);
	}
	if (r == 0)
		r = quoin_control_read(control, reader, left_ms(deadline_ms), &why);
	quoin_bus_writer_close(writer);
	if (r != 0)
		return quoin_error_set(err, QUOIN_EUNKNOWN,
		    "the broker went away while %s was committed; look with \"quoin log\" before trying again", key);
	found = quoin_control_document(control, key);
	if (found == NULL && is_taken_over)
		return quoin_error_set(err, QUOIN_EFENCED, TAKEN_OVER);
	if (found == NULL) {
		if (err != NULL)
			why = *err;
		return quoin_error_set(err, QUOIN_EAGAIN, "%s was not written, the broker gave the transaction up: %s", key,
		    why.message);
	}
	quoin_envelope_hash(found, &have);
	if (!quoin_hash_equal(&have, hash))
		return quoin_error_set(err, QUOIN_ECONFLICT, "another %s was written first; nothing of ours was", key);
	return 0;
}

/* Read the document back. A broker acknowledges a commit before readers see it: what is the end may lie before it. */
static int
read_back(struct quoin_control *control, struct quoin_bus_reader *reader, const char *key, int64_t offset,
    int64_t deadline_ms, struct quoin_error *err)
{
	struct timespec pause = {0, READ_BACK_PAUSE_NS};

	for (;;) {
		int r = quoin_control_read(control, reader, left_ms(deadline_ms), err);

		if (r == 0 && control->next_offset > offset)
			return 0;
		if (r == 0 && quoin_clock_mono_ms() >= deadline_ms)
			r = quoin_error_set(err, QUOIN_ETIMEOUT, "the topic's end stays behind it");
		if (r != 0) {
			(void)quoin_error_prefix(err, "%s was written, but cannot be read back", key);
			return r;
		}
		(void)nanosleep(&pause, NULL);
	}
}

/* "receipt" must stay in place while the writer is open. */
static int
write_one(struct quoin_bus_writer *writer, const char *topic, const char *key, const struct quoin_sealed *sealed,
    int64_t deadline_ms, struct quoin_bus_receipt *receipt, struct quoin_error *err)
{
	struct quoin_bus_record record = {0};

	quoin_envelope_to_record(&sealed->envelope, &record);
	record.topic = topic;
	record.key = quoin_span_str(key);
	return quoin_bus_writer_put_alone(writer, &record, receipt, left_ms(deadline_ms), err);
}

/* Once. QUOIN_EAGAIN: certainly not written, and nobody took over. */
static int
try_once(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    quoin_announce_decide *decide, void *ctx, int timeout_ms, int64_t deadline_ms, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	char id[QUOIN_NAME_BYTES_MAX + 16], topic[QUOIN_TOPIC_NAME_BYTES], key[KEY_BYTES];
	struct quoin_bus_receipt receipt = {0};
	struct quoin_bus_writer *writer = NULL;
	struct quoin_sealed sealed = {0};
	int r;

	snprintf(id, sizeof id, "quoin.%s.publish", conf->namespace_name);
	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_CONTROL, topic);
	r = quoin_bus_writer_open(&bus, id, &writer, err);
	if (r == 0)
		r = fence(writer, deadline_ms, err);
	if (r == 0)
		r = quoin_control_read(control, reader, left_ms(deadline_ms), err);
	if (r == 0)
		r = decide(ctx, control, key, sizeof key, &sealed, err);
	if (r == 0)
		r = quoin_control_vet(control, key, &sealed.envelope, quoin_clock_wall_ms(), err);
	if (r != 0)
		goto out;
	r = write_one(writer, topic, key, &sealed, deadline_ms, &receipt, err);
	if (r == QUOIN_EUNKNOWN || r == QUOIN_ETIMEOUT) {
		bool is_taken_over = quoin_bus_writer_is_taken_over(writer);

		quoin_bus_writer_close(writer);
		writer = NULL;
		r = resolve_unknown(&bus, id, is_taken_over, control, reader, key, &sealed.hash,
		    quoin_clock_mono_ms() + timeout_ms, err);
	} else if (r == 0) {
		r = read_back(control, reader, key, receipt.is_done ? receipt.offset : -1, deadline_ms, err);
	} else if (r == QUOIN_EFENCED) {
		quoin_error_set(err, r, TAKEN_OVER);
	}
out:
	quoin_sealed_clear(&sealed);
	quoin_bus_writer_close(writer);
	return r;
}

/* Kafka may fail the commit of whoever is fenced at that very moment without saying so: then the decision is made anew. */
int
quoin_announce(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    quoin_announce_decide *decide, void *ctx, int timeout_ms, struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	int r;

	do
		r = try_once(conf, control, reader, decide, ctx, timeout_ms, deadline_ms, err);
	while (r == QUOIN_EAGAIN && quoin_clock_mono_ms() < deadline_ms);
	return r;
}
