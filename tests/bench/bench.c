#include "tests/bench/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[BENCH_PATH_BYTES];
static pid_t dir_owner;

static double
clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double
bench_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double
bench_work_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void
bench_pin(unsigned processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof values[0], compare);
	return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void
bench_print(const char *name, double value, const char *unit, const char *baseline, double baseline_value)
{
	printf("%s\t%.6g\t%s\t%s\t%.6g\n", name, value, unit, baseline, baseline_value);
	fflush(stdout);
}

void
bench_skip(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("skip\t%s\t", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void
bench_die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void
remove_dir(void)
{
	if (getpid() == dir_owner && getenv("QUOIN_BENCH_KEEP") == NULL)
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
bench_dir(void)
{
	const char *base = getenv("QUOIN_BENCH_DIR");

	if (dir[0] != '\0')
		return dir;
	snprintf(dir, sizeof dir, "%s/bench.XXXXXX", base != NULL ? base : "/var/tmp");
	if (mkdtemp(dir) == NULL)
		bench_die("cannot make %s", dir);
	dir_owner = getpid();
	atexit(remove_dir);
	return dir;
}

const char *
bench_path(const char *fmt, ...)
{
	static char paths[4][2 * BENCH_PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % 4];
	va_list args;
	int len;

	len = snprintf(path, BENCH_PATH_BYTES, "%s/", bench_dir());
	va_start(args, fmt);
	vsnprintf(path + len, BENCH_PATH_BYTES, fmt, args);
	va_end(args);
	return path;
}

const char *
bench_program(const char *name)
{
	static char paths[4][2 * BENCH_PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % 4];
	ssize_t len = readlink("/proc/self/exe", path, BENCH_PATH_BYTES);

	if (len <= 0 || len >= BENCH_PATH_BYTES)
		bench_die("cannot tell where this program is");
	path[len] = '\0';
	*strrchr(path, '/') = '\0'; /* BUILD/tests/bench */
	snprintf(path + strlen(path), BENCH_PATH_BYTES, "/../../bin/%s", name);
	return path;
}

void
bench_write_file(const char *path, const void *data, size_t bytes)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0)
		bench_die("cannot write %s", path);
}

double
bench_write_sync_ns(const void *data, size_t bytes)
{
	const char *path = bench_path("baseline");
	double begin = bench_wall_ns(), end;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t done = 0;
	ssize_t n;

	while (fd >= 0 && done < bytes) {
		n = write(fd, (const char *)data + done, bytes - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0 || done != bytes || fsync(fd) != 0)
		bench_die("cannot write %s", path);
	end = bench_wall_ns();
	close(fd);
	unlink(path);
	return end - begin;
}

/* splitmix64 */
uint64_t
bench_random_next(struct bench_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t
bench_random_below(struct bench_random *random, uint32_t below)
{
	return (uint32_t)((bench_random_next(random) >> 32) * below >> 32);
}
