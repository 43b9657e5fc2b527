/*
 * Reading from the start of a log that loses its beginning faster than it can be found, as the embedded broker's do when
 * they are full. After a denial librdkafka fetches nothing for fetch.error.backoff.ms, and then from where the log began
 * before that wait: whoever writes ten times a second keeps such a reader away for ever. So the beginning is asked for when
 * the wait is over; and if it is gone again before the fetch gets there, the next fetch aims ahead of it. What lies between
 * is not passed over: a record is delivered only once the beginning has come that far by itself.
 */
#ifndef QUOIN_LIB_BUS_AIM_H
#define QUOIN_LIB_BUS_AIM_H

#include "lib/bus.h"

/* Where reading is tried next. Begin with zeros. */
struct quoin_bus_aim {
	bool is_taken;
	int64_t at;   /* an offset; negative: the broker did not say, and librdkafka may find the beginning itself */
	int64_t lead; /* how far ahead of the beginning that was */
};

/* Aim, after a denial. Asks the broker, for a second at most. */
void quoin_bus_aim_take(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader, const char *topic);
/* A record has come from where it was aimed at. Whether nothing lies before it any more, waiting a second at most for it;
 * otherwise "aim" says where the beginning is. */
bool quoin_bus_aim_passed(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader, const char *topic);

/* Where the log begins now: what quoin_bus_reader_range would tell. */
int quoin_bus_reader_first(struct quoin_bus_reader *reader, const char *topic, int timeout_ms, int64_t *ret_first,
    struct quoin_error *err);

#endif
