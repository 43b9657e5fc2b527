/*
 * Search: seed after seed, by several processes at once; and what is told of a seed that breaks.
 */
#ifndef QUOIN_TESTS_SIM_SEARCH_H
#define QUOIN_TESTS_SIM_SEARCH_H

#include "lib/defect.h"
#include "tests/sim/world.h"

#define SIM_STEPS_MAX 400000

struct sim_options {
	uint64_t seed, seeds, steps; /* seeds 0: until the time is over */
	int64_t seconds;	     /* 0: until the seeds are */
	unsigned jobs;
	const char *defect; /* in the build with defects: this one alone */
	const char *path;   /* where the shortened run's transcript goes */
	bool is_verbose, has_seed;
};

/* Whoever dies over a seed says which. */
void sim_search_init(void);
/* Prints a line per invariant; the lowest seed that breaks one is shortened and explained. Whether any broke. */
bool sim_search(struct sim *sim, const struct sim_options *options);
/* One seed, aloud. Whether it breaks. */
bool sim_tell(struct sim *sim, const struct sim_options *options);
#ifdef QUOIN_DEFECTS
/* Each defect until the judge sees it: the lines of the table in ARCHITECTURE.md. Whether one was not seen. */
bool sim_defects(struct sim *sim, const struct sim_options *options);
/* Put the defect of this name in. */
bool sim_defect_set(const char *word);
#endif

/* Run "work" in so many processes; what each leaves in its "result_bytes" of *results (zeroed; the caller's to free) is
 * there when the last has ended. Whether all ended well. */
bool sim_fork(unsigned jobs, size_t result_bytes, void (*work)(unsigned job, void *result, void *ctx), void *ctx,
    void **results);
void sim_fork_free(unsigned jobs, size_t result_bytes, void *results);

#endif
