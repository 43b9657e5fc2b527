#include <string.h>

#include "lib/bus_rdkafka.h"
#include "lib/clock.h"

/* A log that is long, or a broker that is slow, may take this many time-outs in all, as long as records come. */
#define PATIENCE 8

/*
 * Records were gone before they were read. Whoever keeps what is live alive (quoin dev, on the embedded broker) has written
 * it again by then: behind the end that was asked for, but not behind the end of now.
 */
static int
see_skips(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, unsigned *skips, int64_t *end,
    struct quoin_error *err)
{
	unsigned now = quoin_bus_reader_skips(reader, topic);

	if (now == *skips)
		return 0;
	*skips = now;
	return quoin_bus_reader_end(reader, topic, timeout_ms, end, err);
}

static int
drain_assigned(struct quoin_bus_reader *reader, const char *topic, int64_t end, int timeout_ms, quoin_bus_take *take,
    void *ctx, struct quoin_error *err)
{
	const int64_t last_ms = quoin_clock_mono_ms() + (int64_t)timeout_ms * PATIENCE;
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms;
	struct quoin_error fault = {0};
	struct quoin_bus_event event;
	unsigned skips = 0;

	for (;;) {
		int64_t left_ms = deadline_ms - quoin_clock_mono_ms();
		bool is_ours, is_end = false;
		int r;

		if (left_ms <= 0) {
			if (fault.code != 0)
				return quoin_error_set(err, QUOIN_ETIMEOUT,
				    "%s: not read to its end, and nothing more came within %d ms: %s (%.200s)", topic,
				    timeout_ms, quoin_bus_advice(fault.code), fault.message);
			return quoin_error_set(err, QUOIN_ETIMEOUT,
			    "%s: not read to its end, and nothing more came within %d ms", topic, timeout_ms);
		}
		r = quoin_bus_reader_next(reader, (int)left_ms, &event);
		if (r < 0)
			return quoin_error_set(err, r, "%s: cannot be read", topic);
		if (r == 0)
			continue;
		is_ours = event.topic != NULL && strcmp(event.topic, topic) == 0;
		r = 0;
		if (is_ours && event.kind == QUOIN_BUS_RECORD) {
			r = see_skips(reader, topic, timeout_ms, &skips, &end, err);
			if (r == 0)
				r = take(ctx, &event.record, err);
			is_end = event.offset + 1 >= end;
			deadline_ms = quoin_clock_mono_ms() + timeout_ms;
			deadline_ms = deadline_ms < last_ms ? deadline_ms : last_ms;
		}
		if (is_ours && event.kind == QUOIN_BUS_END)
			is_end = event.offset >= end;
		else if (is_ours && event.kind == QUOIN_BUS_LOST)
			r = quoin_error_set(err, QUOIN_EINCARNATION, "%s: offset %lld is not in the topic", topic,
			    (long long)event.offset);
		else if (event.kind == QUOIN_BUS_FAULT)
			quoin_error_set(&fault, event.code, "%s", event.text);
		quoin_bus_event_clear(&event);
		if (r != 0 || is_end)
			return r;
	}
}

int
quoin_bus_reader_drain(struct quoin_bus_reader *reader, const char *topic, int64_t offset, int timeout_ms,
    quoin_bus_take *take, void *ctx, struct quoin_error *err)
{
	int64_t first, end;
	int r, closed;

	r = quoin_bus_reader_range(reader, topic, timeout_ms, &first, &end, err);
	if (r != 0 || end <= offset || end <= first)
		return r;
	/* "The start" may move on while we read. */
	r = offset > first ? quoin_bus_reader_assign(reader, topic, offset, err)
			   : quoin_bus_reader_assign_start(reader, topic, first, err);
	if (r != 0)
		return r;
	r = drain_assigned(reader, topic, end, timeout_ms, take, ctx, err);
	closed = quoin_bus_reader_unassign(reader, topic, r == 0 ? err : NULL);
	return r != 0 ? r : closed;
}
