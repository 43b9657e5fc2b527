/*
 * sim [-s SEED] [-n STEPS] [-k SEEDS] [-t SECONDS] [-j PROCESSES] [-o FILE] [-v]
 *
 *	sim -t 60		seeds from 1 on for a minute, by as many processes as there are processors
 *	sim -s 7 -k 100		seeds 7 to 106
 *	sim -s 7 -v		one seed, told aloud
 *	sim -s 7 -o FILE	one seed; if it breaks, the transcript of the shortened run goes to FILE
 *
 *	sim-defects -d NAME	the build with seeded defects (lib/defect.h): each, or one, until the judge sees it
 *
 * Prints lines as tests/check.h describes, one per invariant. A violation is shortened, and printed with the seed, the step,
 * the invariant, the acts that it needs and the end of the transcript.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "tests/sim/search.h"

#define JOBS_MAX 64

static int
usage(void)
{
	fprintf(stderr, "usage: sim [-s SEED] [-n STEPS] [-k SEEDS] [-t SECONDS] [-j PROCESSES] [-o FILE] [-v]\n");
	return 2;
}

static bool
take_option(struct sim_options *options, int option, const char *arg)
{
	uint64_t value = 0;

	if (strchr("snktj", option) != NULL && !quoin_u64_parse(quoin_span_str(arg), &value))
		return false;
	switch (option) {
	case 's':
		options->seed = value;
		options->has_seed = true;
		return true;
	case 'n':
		options->steps = value;
		return true;
	case 'k':
		options->seeds = value;
		return true;
	case 't':
		options->seconds = (int64_t)value;
		return true;
	case 'j':
		options->jobs = (unsigned)value;
		return value > 0 && value <= JOBS_MAX;
	case 'o':
		options->path = arg;
		return true;
	case 'd':
		options->defect = arg;
#ifdef QUOIN_DEFECTS
		return sim_defect_set(arg);
#else
		return false;
#endif
	case 'v':
		options->is_verbose = true;
		return true;
	default:
		return false;
	}
}

static bool
run(struct sim *sim, const struct sim_options *options)
{
	if (options->is_verbose)
		return sim_tell(sim, options);
#ifdef QUOIN_DEFECTS
	if (options->path == NULL)
		return sim_defects(sim, options);
#endif
	return sim_search(sim, options);
}

int
main(int argc, char **argv)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct sim_options options = {.seed = 1,
	    .steps = SIM_STEPS_MAX,
	    .jobs = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (unsigned)processors};
	struct sim *sim;
	bool failed;
	int option;

	while ((option = getopt(argc, argv, "s:n:k:t:j:o:d:v")) != -1)
		if (!take_option(&options, option, optarg))
			return usage();
#ifndef QUOIN_DEFECTS
	if (options.seconds == 0 && options.seeds == 0)
		options.seeds = options.has_seed ? 1 : 100;
#endif
	sim_search_init();
	sim_keys_init();
	sim = sim_new();
	failed = run(sim, &options);
	sim_free(sim);
	return failed;
}
