/*
 * From an authoring directory to the parts of a release: read, evaluated twice, checked, assigned, encoded, verified.
 * Beside it, reading the same files and evaluating nothing: as if every one were JSON already.
 */
#include <stdio.h>
#include <string.h>

#include "publisher/directory.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

static double
time_read(const char *dir)
{
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	double begin = bench_wall_ns(), end;

	quoin_problems_init(&problems);
	if (quoin_directory_read(dir, &directory, &problems, &err) != 0)
		bench_die("%s", err.message);
	end = bench_wall_ns();
	quoin_directory_clear(&directory);
	quoin_problems_clear(&problems);
	return (end - begin) / 1e6;
}

static double
time_compile(const char *dir)
{
	struct workload_parts parts;
	double begin = bench_wall_ns(), end;

	workload_compile(dir, NULL, &parts);
	end = bench_wall_ns();
	quoin_buf_clear(&parts.rules);
	return (end - begin) / 1e6;
}

static void
measure(unsigned objectives, unsigned rounds)
{
	double compile[16], base[16];
	char dir[2 * BENCH_PATH_BYTES], name[64];

	snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", objectives));
	workload_write(dir, objectives);
	for (unsigned i = 0; i < rounds; i++) {
		base[i] = time_read(dir);
		compile[i] = time_compile(dir);
	}
	snprintf(name, sizeof name, "compile.%u", objectives);
	bench_print(name, bench_median(compile, rounds), "ms", "read the directory", bench_median(base, rounds));
}

int
main(void)
{
	measure(300, 9);
	measure(3000, 5);
	return 0;
}
