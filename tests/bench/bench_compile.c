/*
 * From an authoring directory to the parts of a release that are ready to be signed.
 *
 * compile.N is everything that follows the evaluation: its reply read, rules and JSON files checked, models assigned,
 * the four parts encoded against a base (the same directory's parts, as when little changes), verified, hashed, and
 * every guard tried against that base. The evaluation itself is compile.N.scripts: two processes, one after the other,
 * each a JavaScript engine from start to end. Both are processor time, which others on the machine do not lengthen;
 * none of this waits for anything. Beside them, reading the same files: as if every one were JSON already.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "publisher/compile_scripts.h"
#include "publisher/guard.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

#define ROUNDS_MAX 16

static void
die_of(const struct quoin_problems *problems, const struct quoin_error *err)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 1 << 20);
	(void)quoin_problems_print(problems, &text);
	bench_die("%s\n%s", err->message, quoin_buf_str(&text));
}

static void
read_directory(const char *dir, struct quoin_directory *ret, double *ret_ms)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	double begin = bench_work_ns();

	quoin_problems_init(&problems);
	if (quoin_directory_read(dir, ret, &problems, &err) != 0)
		die_of(&problems, &err);
	*ret_ms = (bench_work_ns() - begin) / 1e6;
	quoin_problems_clear(&problems);
}

/* Processor time of the processes that ended. */
static double
children_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* *ret_own_ms is this process' part: asking, and reading the reply. */
static struct quoin_json_doc *
evaluate(const struct quoin_directory *directory, double *ret_ms, double *ret_own_ms)
{
	struct quoin_json_doc *reply = NULL;
	struct quoin_problems problems;
	struct quoin_error err = {0};
	double begin = children_ms(), own = bench_work_ns();

	quoin_problems_init(&problems);
	if (quoin_compile_scripts(directory, NULL, &reply, &problems, &err) != 0 || problems.error_count > 0)
		die_of(&problems, &err);
	*ret_ms = children_ms() - begin;
	*ret_own_ms = (bench_work_ns() - own) / 1e6;
	quoin_problems_clear(&problems);
	return reply;
}

/* What the guards compare with: the base, whose document names its parts. */
static void
try_guards(const struct quoin_compiled *compiled, const struct quoin_compiled *base, struct quoin_problems *problems)
{
	struct quoin_guard_retained retained = {1, quoin_buf_span(&base->parts[QUOIN_COMPILED_MODELS].bytes)};
	struct quoin_part parts[QUOIN_COMPILED_PARTS] = {0};
	struct quoin_release release = {.number = 1, .parts = parts, .part_count = QUOIN_COMPILED_PARTS};
	struct quoin_guard_input guard = {.compiled = compiled,
	    .retained = &retained,
	    .retained_count = 1,
	    .base_release = &release,
	    .base_ruleset = &base->ruleset,
	    .base_objective_count = base->objective_count,
	    .base_models = retained.models};
	struct quoin_error err = {0};

	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		snprintf(parts[i].name, sizeof parts[i].name, "%s", base->parts[i].name);
		parts[i].bytes = guard.base_part_bytes[i] = base->parts[i].bytes.len;
		parts[i].hash = base->parts[i].hash;
	}
	if (quoin_guard(&guard, problems, &err) != 0)
		die_of(problems, &err);
}

/* "base" NULL: the first compilation, which has nothing to be compared with. */
static double
compile(struct quoin_directory *directory, const struct quoin_json_doc *reply, const struct quoin_compiled *base,
    struct quoin_compiled *ret)
{
	struct quoin_compile_base against = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	double begin = bench_work_ns(), ms;

	quoin_problems_init(&problems);
	if (base != NULL)
		against = (struct quoin_compile_base){quoin_buf_span(&base->parts[QUOIN_COMPILED_RULES].bytes),
		    quoin_buf_span(&base->parts[QUOIN_COMPILED_MODELS].bytes), false};
	if (quoin_compile_evaluated(directory, reply, &against, ret, &problems, &err) != 0)
		die_of(&problems, &err);
	if (base != NULL)
		try_guards(ret, base, &problems);
	ms = (bench_work_ns() - begin) / 1e6;
	quoin_problems_clear(&problems);
	return ms;
}

static void
measure(unsigned objectives, unsigned rounds)
{
	double read[ROUNDS_MAX], scripts[ROUNDS_MAX], after[ROUNDS_MAX], read_ms, own_ms;
	struct quoin_compiled base = {0}, compiled;
	char dir[2 * BENCH_PATH_BYTES], name[64];

	snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", objectives));
	workload_write(dir, objectives);
	for (unsigned i = 0; i < rounds; i++) {
		struct quoin_directory directory = {0};
		struct quoin_json_doc *reply;

		read_directory(dir, &directory, &read[i]);
		reply = evaluate(&directory, &scripts[i], &own_ms);
		if (i == 0) {
			(void)compile(&directory, reply, NULL, &base);
			read_directory(dir, &directory, &read[i]);
		}
		after[i] = own_ms + compile(&directory, reply, &base, &compiled);
		for (size_t k = 0; k < QUOIN_COMPILED_PARTS; k++) {
			if (!quoin_hash_equal(&compiled.parts[k].hash, &base.parts[k].hash))
				bench_die("compiled against itself it is not the same");
		}
		quoin_compiled_clear(&compiled);
		quoin_json_free(reply);
	}
	quoin_compiled_clear(&base);
	read_ms = bench_median(read, rounds);
	snprintf(name, sizeof name, "compile.%u", objectives);
	bench_print(name, bench_median(after, rounds), "ms", "read the directory", read_ms);
	snprintf(name, sizeof name, "compile.%u.scripts", objectives);
	bench_print(name, bench_median(scripts, rounds), "ms", "read the directory", read_ms);
}

int
main(void)
{
	workload_begin();
	measure(300, 5);
	measure(3000, 3);
	return 0;
}
