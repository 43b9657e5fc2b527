#include <unistd.h>

#include "lib/bus_rdkafka.h"
#include "lib/clock.h"

#define ASK_MS	 500
#define PASS_MS	 1000
#define STILL_MS 20 /* what has not moved for so long stands still */
#define NAP_US	 1000

void
quoin_bus_aim_take(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader, const char *topic)
{
	int64_t first, end, room, moved;

	/* The end first, so that the beginning is as new as can be. */
	if (quoin_bus_reader_end(reader, topic, ASK_MS, &end, NULL) != 0 ||
	    quoin_bus_reader_first(reader, topic, ASK_MS, &first, NULL) != 0) {
		*aim = (struct quoin_bus_aim){.at = RD_KAFKA_OFFSET_BEGINNING};
		return;
	}
	room = end > first ? (end - first) / 2 : 0;
	moved = aim->is_taken && first > aim->at ? first - aim->at : 0;
	aim->lead = moved < room ? moved : room;
	aim->at = first + aim->lead;
	aim->is_taken = true;
}

bool
quoin_bus_aim_passed(struct quoin_bus_aim *aim, struct quoin_bus_reader *reader, const char *topic)
{
	int64_t moved_ms = quoin_clock_mono_ms(), deadline_ms = moved_ms + PASS_MS, first, before = -1;

	if (aim->lead == 0)
		return true;
	while (quoin_bus_reader_first(reader, topic, ASK_MS, &first, NULL) == 0) {
		if (first >= aim->at) {
			aim->lead = 0;
			return true;
		}
		if (first != before)
			moved_ms = quoin_clock_mono_ms();
		before = first;
		if (quoin_clock_mono_ms() - moved_ms >= STILL_MS || quoin_bus_left_ms(deadline_ms) == 0)
			break;
		(void)usleep(NAP_US);
	}
	/* It stands still, or nearly so: it can be met where it is. */
	*aim = (struct quoin_bus_aim){.at = before >= 0 ? before : RD_KAFKA_OFFSET_BEGINNING};
	return false;
}
