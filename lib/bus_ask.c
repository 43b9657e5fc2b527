/*
 * What a reader asks a broker: by a client of its own, opened by the first question.
 */
#include "lib/bus_rdkafka.h"
#include "lib/clock.h"

#define ALONE_MS 500

int
quoin_bus_reader_probe(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, struct quoin_error *err)
{
	struct quoin_bus_client *client, *asker = quoin_bus_reader_asker(reader, &client);
	int partitions, r;

	if (asker->rk == NULL) {
		r = quoin_bus_client_twin(asker, client, err);
		if (r != 0)
			return r;
	}
	return quoin_bus_client_topic(asker, topic, timeout_ms, &partitions, err);
}

int
quoin_bus_reader_range(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_first,
    int64_t *ret_end, struct quoin_error *err)
{
	struct quoin_bus_client *client, *asker = quoin_bus_reader_asker(reader, &client);
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms, first = 0, end = 0;
	int r;

	/* Asking for offsets of a topic that does not exist would take the whole time. */
	r = quoin_bus_reader_probe(reader, topic, timeout_ms, err);
	if (r == 0)
		r = quoin_bus_client_offset(asker, topic, RD_KAFKA_OFFSET_BEGINNING, quoin_bus_left_ms(deadline_ms),
		    &first, err);
	if (r == 0)
		r = quoin_bus_client_offset(asker, topic, RD_KAFKA_OFFSET_END, quoin_bus_left_ms(deadline_ms), &end,
		    err);
	if (r != 0)
		return r;
	*ret_first = first;
	*ret_end = end;
	return 0;
}

/* Once questions were answered, the one question alone. */
static bool
ask_alone(struct quoin_bus_reader *reader, const char *topic, int64_t which, int timeout_ms, int64_t *ret_offset)
{
	struct quoin_bus_client *client, *asker = quoin_bus_reader_asker(reader, &client);

	return asker->rk != NULL &&
	    quoin_bus_client_offset(asker, topic, which, timeout_ms < ALONE_MS ? timeout_ms : ALONE_MS, ret_offset,
		NULL) == 0;
}

int
quoin_bus_reader_end(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_end,
    struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms, first;

	/* If that fails, all of them find out what is wrong. */
	if (ask_alone(reader, topic, RD_KAFKA_OFFSET_END, timeout_ms, ret_end))
		return 0;
	return quoin_bus_reader_range(reader, topic, quoin_bus_left_ms(deadline_ms), &first, ret_end, err);
}

int
quoin_bus_reader_first(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_first,
    struct quoin_error *err)
{
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms, end;

	if (ask_alone(reader, topic, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, ret_first))
		return 0;
	return quoin_bus_reader_range(reader, topic, quoin_bus_left_ms(deadline_ms), ret_first, &end, err);
}

int
quoin_bus_reader_offset_at(struct quoin_bus_reader *reader, const char *topic, int64_t wall_ms, int timeout_ms,
    int64_t *ret_offset, struct quoin_error *err)
{
	struct quoin_bus_client *client, *asker = quoin_bus_reader_asker(reader, &client);
	int64_t deadline_ms = quoin_clock_mono_ms() + timeout_ms, offset = -1;
	int r;

	r = quoin_bus_reader_probe(reader, topic, timeout_ms, err);
	if (r == 0)
		r = quoin_bus_client_offset(asker, topic, wall_ms < 0 ? 0 : wall_ms, quoin_bus_left_ms(deadline_ms),
		    &offset, err);
	if (r == 0 && offset < 0)
		r = quoin_bus_client_offset(asker, topic, RD_KAFKA_OFFSET_END, quoin_bus_left_ms(deadline_ms), &offset,
		    err);
	if (r == 0)
		*ret_offset = offset;
	return r;
}
