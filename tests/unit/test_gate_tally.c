/* Tallies and queues of the gate, against doing it the long way. */
#include "publisher/gate_tally.h"

#include <string.h>

#include "tests/check.h"

#define ENTRIES 50
#define TIMERS	40

static unsigned
draw(unsigned below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

static void
tally(void)
{
	struct gate_tally tally;
	unsigned entries[ENTRIES] = {0};

	CHECK_INT(gate_tally_make(&tally, ENTRIES), 0);
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned at = draw(ENTRIES), bits = draw(3) == 0 ? 0 : draw(1u << GATE_TALLY_BITS),
			 bit = draw(GATE_TALLY_BITS);
		size_t count = 0, first = ENTRIES;

		entries[at] = bits;
		gate_tally_set(&tally, at, bits);
		for (size_t i = ENTRIES; i-- > 0;)
			if ((entries[i] >> bit & 1) != 0) {
				count++;
				first = i;
			}
		CHECK_INT(tally.counts[bit], count);
		if (draw(2) == 0)
			CHECK_INT(gate_tally_first(&tally, bit), first);
	}
	gate_tally_clear(&tally);
	CHECK_INT(gate_tally_first(&tally, 0), 0);
}

static void
queue(void)
{
	struct gate_queue queue = {0};
	struct gate_timer timers[TIMERS];

	memset(timers, 0, sizeof timers);
	CHECK(gate_queue_first(&queue) == NULL);
	for (unsigned turn = 0; turn < 20000; turn++) {
		struct gate_timer *timer = &timers[draw(TIMERS)];
		int64_t first_ms = INT64_MAX;
		size_t count = 0;

		CHECK_INT(gate_queue_set(&queue, timer, draw(4) == 0 ? INT64_MAX : (int64_t)draw(1000)), 0);
		for (size_t i = 0; i < TIMERS; i++) {
			if (timers[i].place == 0)
				continue;
			CHECK(queue.timers[timers[i].place - 1] == &timers[i]);
			count++;
			if (timers[i].at_ms < first_ms)
				first_ms = timers[i].at_ms;
		}
		CHECK_INT(queue.count, count);
		CHECK((gate_queue_first(&queue) == NULL) == (count == 0));
		if (count > 0)
			CHECK_INT(gate_queue_first(&queue)->at_ms, first_ms);
	}
	gate_queue_clear(&queue);
	for (size_t i = 0; i < TIMERS; i++)
		CHECK_INT(timers[i].place, 0);
}

static const struct check_case cases[] = {{"gate tally", tally}, {"gate queue", queue}};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
