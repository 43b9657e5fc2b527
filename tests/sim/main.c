/*
 * sim [-s SEED] [-n STEPS] [-k SEEDS] [-t SECONDS] [-o FILE] [-v]
 *
 *	sim -t 60		seeds from 1 on for a minute
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

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/defect.h"
#include "lib/text.h"
#include "tests/sim/world.h"

#define STEPS_MAX 400000
#define TAIL	  60

static const char *const invariants[] = {"", "I1 authentic", "I2 whole", "I3 monotone", "I4 ready before route",
    "I5 unroute before unload", "I6 closed world", "I7 fail static", "I8 no poison loop", "I9 convergence",
    "I10 revoked stays revoked", "I11 live is not garbage"};

struct options {
	uint64_t seed, seeds, steps;
	int64_t seconds;
	const char *defect; /* in the build with defects: this one alone */
	const char *path; /* where the shortened run's transcript goes */
	bool is_verbose, has_seed;
};

static void
print_tail(const struct sim *sim, size_t lines, FILE *out)
{
	size_t first = sim->trace_count > lines ? sim->trace_count - lines : 0;

	for (size_t i = first; i < sim->trace_count; i++)
		fprintf(out, "%s\n", sim->trace[i % SIM_TRACE_LINES]);
}

/* Try the run without these acts; put them back if the invariant then holds. Whether any could go. */
static bool
leave_out(struct sim *sim, uint64_t seed, size_t from, size_t size)
{
	int invariant = sim->violation.invariant;
	bool was[SIM_ACTS], any = false;

	for (size_t i = from; i < from + size && i < sim->plan_count; i++) {
		was[i] = sim->plan[i].is_off;
		any = any || !was[i];
		sim->plan[i].is_off = true;
	}
	if (any)
		sim_run(sim, seed, STEPS_MAX);
	if (any && sim->violation.invariant == invariant)
		return true;
	for (size_t i = from; i < from + size && i < sim->plan_count; i++)
		sim->plan[i].is_off = was[i];
	sim->violation.invariant = invariant;
	return false;
}

/* Leave out every act without which the same invariant still breaks: halves first, then one by one, until none can go. */
static void
shorten(struct sim *sim, uint64_t seed)
{
	size_t size = sim->plan_count / 2;

	while (size > 0) {
		bool any = false;

		for (size_t from = 0; from < sim->plan_count; from += size)
			any = leave_out(sim, seed, from, size) || any;
		if (size > 1 || !any)
			size /= 2;
	}
}

static void
explain(struct sim *sim, uint64_t seed, uint64_t steps, const char *path)
{
	char text[200];
	FILE *out;

	shorten(sim, seed);
	sim->is_traced = true;
	sim_run(sim, seed, steps);
	sim->is_traced = false;
	fprintf(stderr, "seed %llu, step %llu, I%d: %s\nwith these acts alone:\n", (unsigned long long)seed,
	    (unsigned long long)sim->steps, sim->violation.invariant, sim->violation.text);
	for (size_t i = 0; i < sim->plan_count; i++)
		if (!sim->plan[i].is_off) {
			sim_act_print(sim, &sim->plan[i], text, sizeof text);
			fprintf(stderr, "  %s\n", text);
		}
	print_tail(sim, TAIL, stderr);
	if (path != NULL && (out = fopen(path, "w")) != NULL) {
		print_tail(sim, SIM_TRACE_LINES, out);
		(void)fclose(out);
	}
}

static int
tell_one(struct sim *sim, const struct options *options)
{
	sim_plan(sim, options->seed);
	sim->is_traced = sim->is_verbose = true;
	sim_run(sim, options->seed, options->steps);
	printf("seed %llu: %llu steps, %.1f s of the world; %s\n", (unsigned long long)options->seed,
	    (unsigned long long)sim->steps, (double)sim->now / 1000,
	    sim->violation.invariant != 0 ? sim->violation.text : sim->converged ? "converged" : "not over");
	return sim->violation.invariant != 0;
}

#ifdef QUOIN_DEFECTS
enum quoin_defect quoin_defect;

static const struct defect {
	const char *word, *what;
	uint64_t seed;
} defects[] = {{"none", "", 1},
#define X(name, word, seed, what) {word, what, seed},
    QUOIN_DEFECT_TABLE(X)
#undef X
};

/* Each defect, until the judge sees it: the lines of the table in ARCHITECTURE.md. */
static int
run_defects(struct sim *sim, const struct options *options)
{
	int failed = 0;

	for (int d = 1; d < QUOIN_DEFECTS_COUNT; d++) {
		uint64_t seed = options->has_seed ? options->seed : defects[d].seed, first = seed;
		uint64_t seeds = options->seeds != 0 ? options->seeds : 2000;

		if (options->defect != NULL && strcmp(options->defect, defects[d].word) != 0)
			continue;
		if (first == 0 && options->defect == NULL)
			continue;
		quoin_defect = (enum quoin_defect)d;
		do {
			sim_plan(sim, seed);
			sim_run(sim, seed++, options->steps);
		} while (sim->violation.invariant == 0 && seed < first + seeds);
		if (sim->violation.invariant != 0) {
			printf("ok sim/defect-%s: caught by I%d after %llu seeds\n", defects[d].word,
			    sim->violation.invariant, (unsigned long long)(seed - 1));
			fprintf(stderr, "%s: %s\n", defects[d].word, sim->violation.text);
		} else {
			printf("not ok sim/defect-%s: %s; not seen in %llu seeds\n", defects[d].word, defects[d].what,
			    (unsigned long long)seeds);
		}
		fflush(stdout);
		failed = failed || sim->violation.invariant == 0;
	}
	return failed;
}
#endif

static int
run_many(struct sim *sim, const struct options *options)
{
	int64_t begin_ms = quoin_clock_mono_ms(), took_ms;
	uint64_t seed = options->seed, count = 0, steps = 0, broken[12] = {0};
	char texts[12][400] = {{0}};
	int failed = 0;

	while ((options->seeds == 0 || count < options->seeds) &&
	    (options->seconds == 0 || quoin_clock_mono_ms() - begin_ms < options->seconds * 1000)) {
		sim_plan(sim, seed);
		sim_run(sim, seed, options->steps);
		steps += sim->steps;
		count++;
		if (sim->violation.invariant != 0 && broken[sim->violation.invariant] == 0) {
			int invariant = sim->violation.invariant;

			broken[invariant] = seed;
			memcpy(texts[invariant], sim->violation.text, sizeof texts[0]);
			explain(sim, seed, options->steps, options->path);
			failed = 1;
		}
		seed++;
	}
	took_ms = quoin_clock_mono_ms() - begin_ms;
	for (size_t i = 1; i < 12; i++)
		if (broken[i] == 0)
			printf("ok sim/%s: %llu seeds\n", invariants[i], (unsigned long long)count);
		else
			printf("not ok sim/%s: seed %llu: %s\n", invariants[i], (unsigned long long)broken[i], texts[i]);
	fprintf(stderr, "%llu seeds, %llu steps, %lld steps per second\n", (unsigned long long)count,
	    (unsigned long long)steps, took_ms > 0 ? (long long)(steps * 1000 / (uint64_t)took_ms) : 0);
	return failed;
}

int
main(int argc, char **argv)
{
	struct options options = {.seed = 1, .steps = STEPS_MAX};
	struct sim *sim;
	int option, r;

	while ((option = getopt(argc, argv, "s:n:k:t:o:d:v")) != -1) {
		uint64_t value = 0;

		if (option != '?' && option != 'o' && option != 'd' && optarg != NULL && !quoin_u64_parse(quoin_span_str(optarg), &value))
			option = '?';
		switch (option) {
		case 's':
			options.seed = value;
			options.has_seed = true;
			break;
		case 'n':
			options.steps = value;
			break;
		case 'k':
			options.seeds = value;
			break;
		case 't':
			options.seconds = (int64_t)value;
			break;
		case 'o':
			options.path = optarg;
			break;
		case 'd':
			options.defect = optarg;
#ifdef QUOIN_DEFECTS
			for (int d = 1; d < QUOIN_DEFECTS_COUNT; d++)
				if (strcmp(optarg, defects[d].word) == 0)
					quoin_defect = (enum quoin_defect)d;
#endif
			break;
		case 'v':
			options.is_verbose = true;
			break;
		default:
			fprintf(stderr, "usage: sim [-s SEED] [-n STEPS] [-k SEEDS] [-t SECONDS] [-o FILE] [-v]\n");
			return 2;
		}
	}
	if (options.seconds == 0 && options.seeds == 0)
		options.seeds = options.has_seed ? 1 : 100;
	sim_keys_init();
	sim = sim_new();
#ifdef QUOIN_DEFECTS
	if (!options.is_verbose && options.path == NULL)
		r = run_defects(sim, &options);
	else
#endif
		r = options.is_verbose ? tell_one(sim, &options) : run_many(sim, &options);
	sim_free(sim);
	return r;
}
