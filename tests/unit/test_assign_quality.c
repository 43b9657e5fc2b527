/*
 * How good assignments are, on a few hundred random instances (tests/instances.h): against bounds that none can be better
 * than. "make bench BENCH=assign" prints the same figures.
 */
#include <stdlib.h>

#include "tests/check.h"
#include "tests/instances.h"

#define INSTANCES 400

static int
compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Against a base most of which is where it should be. The gap of an instance is what moves beyond the bound, as a share of
 * all loads. */
static void
test_moves(void)
{
	double gaps[INSTANCES];
	size_t moved = 0, least = 0, best = 0, moving = 0;

	for (uint32_t i = 0; i < INSTANCES; i++) {
		struct instance *instance = instance_new(i);
		size_t moves, bound = instance_moves_least(instance);

		CHECK_INT(instance_assign(instance, false), 0);
		moves = instance_moves(instance);
		CHECK(moves >= bound);
		gaps[i] = (double)(moves - bound) / (double)instance_loads(instance);
		moved += moves;
		least += bound;
		moving += bound > 0;
		best += moves == bound;
		/* Assigning against the result moves nothing. */
		instance_rebase(instance);
		CHECK_INT(instance_assign(instance, false), 0);
		CHECK_INT(instance_moves(instance), 0);
		instance_free(instance);
	}
	qsort(gaps, INSTANCES, sizeof gaps[0], compare_doubles);
	CHECK(moving > INSTANCES / 4 && least > 1000);
	/* The median and nine tenths reach the bound. */
	CHECK(gaps[INSTANCES / 2] <= 0 && gaps[INSTANCES * 9 / 10] <= 0 && best >= INSTANCES * 9 / 10);
	CHECK(gaps[INSTANCES - 1] < 0.05);
	CHECK(moved * 100 <= least * 108);
}

/* Without a base the fullest shard is hardly fuller than all would be if models could be cut. */
static void
test_balance(void)
{
	double ratios[INSTANCES];

	for (uint32_t i = 0; i < INSTANCES; i++) {
		struct instance *instance = instance_new(i);

		CHECK_INT(instance_assign(instance, true), 0);
		ratios[i] = instance_fullest(instance) / instance_fullest_least(instance);
		CHECK(ratios[i] > 0.9999);
		instance_free(instance);
	}
	qsort(ratios, INSTANCES, sizeof ratios[0], compare_doubles);
	CHECK(ratios[INSTANCES / 2] < 1.02);
	CHECK(ratios[INSTANCES - 1] < 1.25);
}

static const struct check_case cases[] = {
    {"assign quality: hardly more moves than must be, of a few hundred instances, and then none", test_moves},
    {"assign quality: no shard much fuller than must be, of a few hundred instances", test_balance},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
