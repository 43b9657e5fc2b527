/*
 * How good assignments are: over the random instances of tests/instances.h, which have solutions, beside bounds that no
 * assignment can be better than.
 */
#include <stdlib.h>

#include "tests/bench/bench.h"
#include "tests/instances.h"

#define INSTANCES 400

static int
compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int
main(void)
{
	static double gaps[INSTANCES], fullest[INSTANCES], times[INSTANCES];
	size_t moved = 0, least = 0;

	for (uint32_t i = 0; i < INSTANCES; i++) {
		struct instance *instance = instance_new(i);
		size_t bound = instance_moves_least(instance);
		double begin = bench_work_ns();

		if (instance_assign(instance, false) != 0)
			bench_die("instance %u has a solution, and none was found", (unsigned)i);
		times[i] = (bench_work_ns() - begin) / 1e6;
		moved += instance_moves(instance);
		least += bound;
		gaps[i] = 100.0 * (double)(instance_moves(instance) - bound) / (double)instance_loads(instance);
		if (instance_assign(instance, true) != 0)
			bench_die("instance %u has a solution, and none was found without a base", (unsigned)i);
		fullest[i] = instance_fullest(instance) / instance_fullest_least(instance);
		instance_free(instance);
	}
	qsort(gaps, INSTANCES, sizeof gaps[0], compare_doubles);
	qsort(fullest, INSTANCES, sizeof fullest[0], compare_doubles);
	qsort(times, INSTANCES, sizeof times[0], compare_doubles);
	bench_print("assign.moves", (double)moved, "loads", "the least there can be", (double)least);
	bench_print("assign.gap", gaps[INSTANCES / 2], "% of loads", "", 0);
	bench_print("assign.gap.max", gaps[INSTANCES - 1], "% of loads", "", 0);
	bench_print("assign.fullest", fullest[INSTANCES / 2], "x", "all equally full", 1);
	bench_print("assign.fullest.max", fullest[INSTANCES - 1], "x", "all equally full", 1);
	bench_print("assign.ms.max", times[INSTANCES - 1], "ms", "", 0);
	return 0;
}
