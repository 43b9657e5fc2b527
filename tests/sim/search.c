#include "tests/sim/search.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "tests/sim/invariants.h"

#define TAIL 60

/* ---- Several processes ---- */

bool
sim_fork(unsigned jobs, size_t result_bytes, void (*work)(unsigned job, void *result, void *ctx), void *ctx,
    void **results)
{
	char *shared = mmap(NULL, jobs * result_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool all_well = true;
	pid_t pids[64];
	int status;

	QUOIN_ASSERT(shared != MAP_FAILED && jobs > 0 && jobs <= sizeof pids / sizeof pids[0]);
	(void)fflush(stdout);
	for (unsigned i = 1; i < jobs; i++) {
		pids[i] = fork();
		QUOIN_ASSERT(pids[i] >= 0);
		if (pids[i] != 0)
			continue;
		work(i, shared + i * result_bytes, ctx);
		(void)fflush(stdout);
		_exit(0);
	}
	work(0, shared, ctx);
	for (unsigned i = 1; i < jobs; i++)
		all_well = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && all_well;
	*results = shared;
	return all_well;
}

void
sim_fork_free(unsigned jobs, size_t result_bytes, void *results)
{
	(void)munmap(results, jobs * result_bytes);
}

/* ---- A seed that breaks ---- */

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
		sim_run(sim, seed, SIM_STEPS_MAX);
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

	sim_plan(sim, seed);
	sim_run(sim, seed, steps);
	shorten(sim, seed);
	sim->is_traced = true;
	sim_run(sim, seed, steps);
	sim->is_traced = false;
	fprintf(stderr, "seed %llu, step %llu, I%d: %s\nwith these acts alone:\n", (unsigned long long)seed,
	    (unsigned long long)sim->steps, sim->violation.invariant, sim->violation.text);
	for (size_t i = 0; i < sim->story_count; i++)
		fprintf(stderr, "  (from the story \"%s\")\n", sim->stories[i]);
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

bool
sim_tell(struct sim *sim, const struct sim_options *options)
{
	sim_plan(sim, options->seed);
	sim->is_traced = sim->is_verbose = true;
	sim_run(sim, options->seed, options->steps);
	printf("seed %llu: %llu steps, %.1f s of the world; %s\n", (unsigned long long)options->seed,
	    (unsigned long long)sim->steps, (double)sim->now / 1000,
	    sim->violation.invariant != 0 ? sim->violation.text : sim->converged ? "converged" : "not over");
	return sim->violation.invariant != 0;
}

/* ---- Many seeds ---- */

/* An assertion of the cores ends the process: it says where. */
static volatile uint64_t at_seed;

static void
tell_seed(int signal_number)
{
	(void)dprintf(STDERR_FILENO, "seed %llu ended the process\n", (unsigned long long)at_seed);
	(void)signal(signal_number, SIG_DFL);
}

void
sim_search_init(void)
{
	(void)signal(SIGABRT, tell_seed);
	(void)signal(SIGSEGV, tell_seed);
}

/* What one process found. */
struct found {
	uint64_t count, steps, broken[SIM_INVARIANTS];
	char texts[SIM_INVARIANTS][400];
};

struct searching {
	struct sim *sim;
	const struct sim_options *options;
	int64_t begin_ms;
};

static void
search(unsigned job, void *result, void *ctx)
{
	const struct searching *searching = ctx;
	const struct sim_options *options = searching->options;
	struct sim *sim = searching->sim;
	struct found *found = result;

	for (uint64_t at = job; options->seeds == 0 || at < options->seeds; at += options->jobs) {
		const uint64_t seed = options->seed + at;
		int invariant;

		if (options->seconds != 0 && quoin_clock_mono_ms() - searching->begin_ms >= options->seconds * 1000)
			break;
		at_seed = seed;
		sim_plan(sim, seed);
		sim_run(sim, seed, options->steps);
		found->steps += sim->steps;
		found->count++;
		invariant = sim->violation.invariant;
		if (invariant == 0 || found->broken[invariant] != 0)
			continue;
		found->broken[invariant] = seed;
		memcpy(found->texts[invariant], sim->violation.text, sizeof found->texts[0]);
	}
}

static void
add_up(const struct found *each, unsigned jobs, struct found *ret)
{
	memset(ret, 0, sizeof *ret);
	for (unsigned j = 0; j < jobs; j++) {
		ret->count += each[j].count;
		ret->steps += each[j].steps;
		for (size_t i = 1; i < SIM_INVARIANTS; i++)
			if (each[j].broken[i] != 0 && (ret->broken[i] == 0 || each[j].broken[i] < ret->broken[i])) {
				ret->broken[i] = each[j].broken[i];
				memcpy(ret->texts[i], each[j].texts[i], sizeof ret->texts[0]);
			}
	}
}

bool
sim_search(struct sim *sim, const struct sim_options *options)
{
	struct searching searching = {sim, options, quoin_clock_mono_ms()};
	struct found found;
	bool failed;
	void *each;
	int64_t took_ms;

	failed = !sim_fork(options->jobs, sizeof found, search, &searching, &each);
	took_ms = quoin_clock_mono_ms() - searching.begin_ms;
	if (failed)
		printf("not ok sim: a process of the search died\n");
	add_up(each, options->jobs, &found);
	sim_fork_free(options->jobs, sizeof found, each);
	for (size_t i = 1; i < SIM_INVARIANTS; i++) {
		if (sim_invariants[i].check == NULL)
			continue;
		if (found.broken[i] == 0) {
			printf("ok sim/I%zu %s: %llu seeds\n", i, sim_invariants[i].name, (unsigned long long)found.count);
			continue;
		}
		printf("not ok sim/I%zu %s: seed %llu: %s\n", i, sim_invariants[i].name, (unsigned long long)found.broken[i],
		    found.texts[i]);
		explain(sim, found.broken[i], options->steps, options->path);
		failed = true;
	}
	fprintf(stderr, "%llu seeds, %llu steps, %lld steps per second by %u processes\n", (unsigned long long)found.count,
	    (unsigned long long)found.steps, took_ms > 0 ? (long long)(found.steps * 1000 / (uint64_t)took_ms) : 0,
	    options->jobs);
	return failed;
}

/* ---- Seeded defects ---- */

#ifdef QUOIN_DEFECTS
enum quoin_defect quoin_defect;

static const struct defect {
	const char *word, *what;
} defects[] = {{"none", ""},
#define X(name, word, what) {word, what},
    QUOIN_DEFECT_TABLE(X)
#undef X
};

bool
sim_defect_set(const char *word)
{
	for (int d = 1; d < QUOIN_DEFECTS_COUNT; d++)
		if (strcmp(word, defects[d].word) == 0) {
			quoin_defect = (enum quoin_defect)d;
			return true;
		}
	return false;
}

struct defecting {
	struct searching searching; /* first */
	_Atomic int *next;
};

/* It broke something, and the same seed without the defect breaks nothing. */
static bool
is_caught(struct sim *sim, uint64_t seed, uint64_t steps)
{
	const struct sim_violation violation = sim->violation;

	if (violation.invariant == 0)
		return false;
	quoin_defect = QUOIN_DEFECT_NONE;
	sim_run(sim, seed, steps);
	if (sim->violation.invariant != 0) {
		memset(&sim->violation, 0, sizeof sim->violation);
		return false;
	}
	sim->violation = violation;
	return true;
}

/* Whether the judge sees it. */
static bool
try_defect(struct sim *sim, const struct sim_options *options, int defect)
{
	const uint64_t first = options->seed, seeds = options->seeds != 0 ? options->seeds : 10000;
	uint64_t seed = first;

	do {
		quoin_defect = (enum quoin_defect)defect;
		at_seed = seed;
		sim_plan(sim, seed);
		sim_run(sim, seed++, options->steps);
	} while (!is_caught(sim, seed - 1, options->steps) && seed < first + seeds);
	if (sim->violation.invariant != 0) {
		printf("ok sim/defect-%s: caught by I%d after %llu seeds\n", defects[defect].word, sim->violation.invariant,
		    (unsigned long long)(seed - first));
		fprintf(stderr, "%s: %s\n", defects[defect].word, sim->violation.text);
	} else {
		printf("not ok sim/defect-%s: %s; not seen in %llu seeds\n", defects[defect].word, defects[defect].what,
		    (unsigned long long)seeds);
	}
	(void)fflush(stdout);
	return sim->violation.invariant != 0;
}

static void
try_defects(unsigned job, void *result, void *ctx)
{
	struct defecting *defecting = ctx;
	const struct sim_options *options = defecting->searching.options;
	bool *failed = result;
	int d;

	(void)job;
	while ((d = atomic_fetch_add(defecting->next, 1)) < QUOIN_DEFECTS_COUNT)
		if (options->defect == NULL || strcmp(options->defect, defects[d].word) == 0)
			*failed = !try_defect(defecting->searching.sim, options, d) || *failed;
}

bool
sim_defects(struct sim *sim, const struct sim_options *options)
{
	struct defecting defecting = {{sim, options, 0}, NULL};
	bool failed, *each;
	void *results;

	defecting.next = mmap(NULL, sizeof *defecting.next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	QUOIN_ASSERT(defecting.next != MAP_FAILED);
	atomic_store(defecting.next, 1);
	failed = !sim_fork(options->jobs, sizeof *each, try_defects, &defecting, &results);
	each = results;
	for (unsigned i = 0; i < options->jobs; i++)
		failed = failed || each[i];
	sim_fork_free(options->jobs, sizeof *each, results);
	(void)munmap(defecting.next, sizeof *defecting.next);
	return failed;
}
#endif
