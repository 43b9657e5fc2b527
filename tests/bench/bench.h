/*
 * What the programs of "make bench" share: clocks, medians, and the lines that tests/bench/run reads.
 *
 * A figure and what it is compared with come from the same run, interleaved, each the median of its repetitions. A
 * program prints, separated by tabs, one line per figure
 *
 *	NAME VALUE UNIT BASELINE BASELINE_VALUE
 *
 * or "skip NAME why". Nothing here fails because something is slow.
 */
#ifndef QUOIN_TESTS_BENCH_H
#define QUOIN_TESTS_BENCH_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_PATH_BYTES 512

/* Nanoseconds: of the clock on the wall; and of this thread's work, which others on the machine do not lengthen. */
double bench_wall_ns(void);
double bench_work_ns(void);

/* Stay on one processor, if the machine has it. */
void bench_pin(unsigned processor);
double bench_median(double *values, size_t count);

void bench_print(const char *name, double value, const char *unit, const char *baseline, double baseline_value);
void bench_skip(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A directory of the run's own, on the disk that the tree is on, for figures that sync. Removed at exit, unless
 * $QUOIN_BENCH_KEEP is set: then its logs can be looked at. */
const char *bench_dir(void);
/* "DIR/<rest>" of that directory; the string lives until the fourth call from now. */
const char *bench_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A program of this build, by its name. */
const char *bench_program(const char *name);

void bench_write_file(const char *path, const void *data, size_t bytes);
/* Write and sync: what the disk takes for the same bytes. The file is removed. Nanoseconds. */
double bench_write_sync_ns(const void *data, size_t bytes);

/* Numbers that are the same everywhere. */
struct bench_random {
	uint64_t state;
};
uint64_t bench_random_next(struct bench_random *random);
/* 0 .. below-1 */
uint32_t bench_random_below(struct bench_random *random, uint32_t below);

#endif
