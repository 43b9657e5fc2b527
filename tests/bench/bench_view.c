/*
 * What surrounds a decision: the first one of a process, one from cold caches, the first ones after a switch of release,
 * one alone instead of thousands back to back, several of one request, counted ones, two processes, and what must not
 * happen in any: memory that is allocated, the kernel that is entered.
 *
 * 300 objectives, from a store; another process writes it.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "publisher/compile.h"
#include "subscriber/quoin.h"
#include "subscriber/store.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

#define OBJECTIVES	300
#define ROUNDS		51
#define PAGE		32 /* objectives of one request */
#define OPENS		15
#define COLD_CALLS	500
#define SWITCHES	30
#define AFTER_A_SWITCH	200
#define PROCESS_ROUNDS	600

/* ---- Memory that is allocated ---- */

/* In place of libc's: the same, counted. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *data, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
static _Atomic uint64_t allocations;

void *
malloc(size_t bytes)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_malloc(bytes);
}

void *
calloc(size_t count, size_t bytes)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_calloc(count, bytes);
}

void *
realloc(void *data, size_t bytes)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_realloc(data, bytes);
}

void *
aligned_alloc(size_t alignment, size_t bytes)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_memalign(alignment, bytes);
}

/* ---- Who decides ---- */

struct subject {
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_context *context;
	struct workload_request *requests;
	struct quoin_attribute (*attributes)[WORKLOAD_ATTRIBUTES];
	struct quoin_slot_value (*values)[WORKLOAD_ATTRIBUTES]; /* by slot */
	int handles[OBJECTIVES];
	char names[OBJECTIVES][WORKLOAD_NAME_BYTES];
};

static volatile uint64_t sink; /* what was decided, so that it has to be */

static void
register_names(struct subject *subject)
{
	for (unsigned i = 0; i < OBJECTIVES; i++) {
		workload_objective(i, subject->names[i]);
		subject->handles[i] = quoin_objective_register(subject->reader, subject->names[i]);
	}
	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++) {
		if (quoin_slot_register(subject->reader, workload_attributes[i]) != (int)i)
			bench_die("slots are not numbered from 0");
	}
}

static void
make_requests(struct subject *subject)
{
	subject->requests = workload_requests(OBJECTIVES);
	subject->attributes = calloc(WORKLOAD_REQUESTS, sizeof subject->attributes[0]);
	subject->values = calloc(WORKLOAD_REQUESTS, sizeof subject->values[0]);
	if (subject->attributes == NULL || subject->values == NULL || quoin_context_new(&subject->context) != 0)
		bench_die("no memory");
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		for (unsigned j = 0; j < WORKLOAD_ATTRIBUTES; j++) {
			const struct workload_value *value = &subject->requests[i].values[j];
			const int kind = value->string != NULL ? QUOIN_ATTRIBUTE_STRING : QUOIN_ATTRIBUTE_NUMBER;

			subject->attributes[i][j] = (struct quoin_attribute){.name = workload_attributes[j], .kind = kind,
				.string = value->string, .number = value->number};
			subject->values[i][j].kind = kind;
			subject->values[i][j].bytes = value->len;
			if (value->string != NULL)
				subject->values[i][j].value.string = value->string;
			else
				subject->values[i][j].value.number = value->number;
		}
	}
}

static void
open_subject(struct subject *subject, const char *state)
{
	struct quoin_message message = {0};

	if (quoin_reader_open_store(state, NULL, &subject->reader, &message) != 0 ||
	    quoin_view_acquire(subject->reader, &subject->view) != 0)
		bench_die("cannot attach: %s", message.text);
	register_names(subject);
	make_requests(subject);
}

static void
fill(struct subject *subject, unsigned number)
{
	const struct workload_request *request = &subject->requests[number];

	quoin_context_start(subject->context, &subject->view);
	quoin_context_set_values(subject->context, subject->values[number], WORKLOAD_ATTRIBUTES);
	quoin_context_set_cells(subject->context, request->tests, request->cells, WORKLOAD_CELLS);
}

static void
decide(struct subject *subject, unsigned number)
{
	struct quoin_decision decision;

	if (quoin_resolve(&subject->view, subject->handles[subject->requests[number].objective], subject->context,
		&decision) != 0)
		bench_die("cannot resolve");
	sink += decision.rule_number;
}

static double
at_share(double *values, size_t count, double share)
{
	(void)bench_median(values, count); /* sorts */
	return values[(size_t)((double)(count - 1) * share)];
}

/* What taking the time takes. */
static double
clock_cost(void)
{
	double costs[1001], begin;

	for (unsigned i = 0; i < 1001; i++) {
		begin = bench_wall_ns();
		costs[i] = bench_wall_ns() - begin;
	}
	return bench_median(costs, 1001);
}

/* ---- One alone ---- */

/* A round's 4,096 calls, each timed; the median round's 99th of 100 and its median. A round that was interrupted is one
 * of many. */
static void
measure_isolated(struct subject *subject, const char *name, bool is_prepared)
{
	static double times[WORKLOAD_REQUESTS];
	double high[ROUNDS], middle[ROUNDS], begin, cost = clock_cost();

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
			if (is_prepared) {
				fill(subject, i);
				quoin_context_prepare(subject->context);
				begin = bench_wall_ns();
			} else {
				begin = bench_wall_ns();
				fill(subject, i);
			}
			decide(subject, i);
			times[i] = bench_wall_ns() - begin - cost;
		}
		high[round] = at_share(times, WORKLOAD_REQUESTS, 0.99);
		middle[round] = at_share(times, WORKLOAD_REQUESTS, 0.5);
	}
	bench_print(name, bench_median(high, ROUNDS), "ns p99", "its median", bench_median(middle, ROUNDS));
}

/* ---- Several of one request ---- */

static double
time_page(struct subject *subject, bool is_batch)
{
	static struct quoin_decision decisions[PAGE];
	int objectives[PAGE];
	double begin = bench_work_ns();

	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i += PAGE) {
		fill(subject, i);
		for (unsigned k = 0; k < PAGE; k++)
			objectives[k] = subject->handles[subject->requests[i + k].objective];
		if (is_batch) {
			if (quoin_resolve_batch(&subject->view, objectives, PAGE, subject->context, decisions) != 0)
				bench_die("cannot resolve");
		} else {
			quoin_context_prepare(subject->context);
			for (unsigned k = 0; k < PAGE; k++)
				if (quoin_resolve(&subject->view, objectives[k], subject->context, &decisions[k]) != 0)
					bench_die("cannot resolve");
		}
		sink += decisions[PAGE - 1].rule_number;
	}
	return (bench_work_ns() - begin) / WORKLOAD_REQUESTS;
}

static void
measure_batch(struct subject *subject)
{
	double batch[ROUNDS], single[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		batch[i] = time_page(subject, true);
		single[i] = time_page(subject, false);
	}
	bench_print("resolve.batch.300", bench_median(batch, ROUNDS), "ns", "prepared, one call each",
	    bench_median(single, ROUNDS));
}

/* ---- Counted ---- */

static double
time_counted(struct subject *subject, struct quoin_counter *counter)
{
	struct quoin_decision decision;
	double begin = bench_work_ns();

	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		fill(subject, i);
		if (quoin_resolve(&subject->view, subject->handles[subject->requests[i].objective], subject->context,
			&decision) != 0)
			bench_die("cannot resolve");
		if (counter != NULL)
			quoin_counter_add(counter, &decision);
		sink += decision.rule_number;
	}
	return (bench_work_ns() - begin) / WORKLOAD_REQUESTS;
}

static void
measure_counted(struct subject *subject)
{
	double counted[ROUNDS], plain[ROUNDS];
	struct quoin_counter *counter;

	if (quoin_counter_new(subject->reader, 0, &counter) != 0)
		bench_die("no counter");
	for (unsigned i = 0; i < ROUNDS; i++) {
		counted[i] = time_counted(subject, counter);
		plain[i] = time_counted(subject, NULL);
	}
	quoin_counter_free(counter);
	bench_print("resolve.counted.300", bench_median(counted, ROUNDS), "ns", "not counted", bench_median(plain, ROUNDS));
}

/* ---- Nothing allocated, nothing asked of the kernel ---- */

static uint64_t
decide_every_way(struct subject *subject, struct quoin_counter *counter)
{
	struct quoin_decision decisions[2];
	int objectives[2];
	uint64_t calls = 0;

	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++, calls += 6) {
		fill(subject, i);
		decide(subject, i);
		quoin_context_prepare(subject->context);
		decide(subject, i);
		objectives[0] = subject->handles[i % OBJECTIVES];
		objectives[1] = subject->handles[(i + 1) % OBJECTIVES];
		if (quoin_resolve_batch(&subject->view, objectives, 2, subject->context, decisions) != 0 ||
		    quoin_resolve_name(&subject->view, subject->names[i % OBJECTIVES], subject->context, decisions) != 0 ||
		    quoin_resolve_strings(&subject->view, subject->names[i % OBJECTIVES], subject->attributes[i],
			WORKLOAD_ATTRIBUTES, decisions) != 0)
			bench_die("cannot resolve");
		quoin_counter_add(counter, &decisions[0]);
		quoin_view_release(&subject->view);
		if (quoin_view_acquire(subject->reader, &subject->view) != 0)
			bench_die("no view");
	}
	return calls;
}

static void
measure_allocations(struct subject *subject)
{
	uint64_t before = atomic_load(&allocations), calls;
	struct quoin_counter *counter;
	void *volatile one = malloc(1); /* not left out */

	free(one);
	if (atomic_load(&allocations) != before + 1)
		bench_die("allocations are not counted");
	if (quoin_counter_new(subject->reader, 0, &counter) != 0)
		bench_die("no counter");
	before = atomic_load(&allocations);
	calls = decide_every_way(subject, counter);
	bench_print("resolve.allocations", (double)(atomic_load(&allocations) - before), "count", "decisions", (double)calls);
	quoin_counter_free(counter);
}

/* In a process that is ended by the first system call but read, write and exit. */
static void
measure_calls(const struct quoin_compiled *compiled)
{
	const struct quoin_buf *rules = &compiled->parts[QUOIN_COMPILED_RULES].bytes;
	static struct subject subject;
	struct quoin_counter *counter;
	uint64_t calls = 0;
	int status, pipes[2];
	pid_t child;

	if (pipe(pipes) != 0 || (child = fork()) < 0)
		bench_die("cannot fork");
	if (child == 0) {
		if (quoin_reader_open_parts(&(struct quoin_part_bytes){"rules", rules->data, rules->len}, 1, 1,
			&subject.reader, NULL) != 0 ||
		    quoin_view_acquire(subject.reader, &subject.view) != 0 ||
		    quoin_counter_new(subject.reader, 0, &counter) != 0)
			bench_die("cannot open");
		register_names(&subject);
		make_requests(&subject);
		(void)decide_every_way(&subject, counter); /* and every page is there */
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
			_exit(2);
		calls = decide_every_way(&subject, counter);
		(void)!write(pipes[1], &calls, sizeof calls);
		(void)syscall(SYS_exit, 0);
	}
	close(pipes[1]);
	if (read(pipes[0], &calls, sizeof calls) != sizeof calls)
		calls = 0;
	close(pipes[0]);
	if (waitpid(child, &status, 0) != child)
		bench_die("lost a child");
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		bench_skip("resolve.syscalls", "this kernel has no strict seccomp");
	else
		bench_print("resolve.syscalls", WIFSIGNALED(status) || calls == 0, "count", "decisions", (double)calls);
}

/* ---- From the start of a process, and from cold caches ---- */

/* To the first decision of a process, in milliseconds; "is_dropped": the store's file is not in memory. */
static double
time_open(const char *state, bool is_dropped)
{
	struct subject *subject = calloc(1, sizeof *subject);
	double begin, ms = 0;
	int pipes[2], status, fd;
	pid_t child;

	if (subject == NULL || pipe(pipes) != 0 || (child = fork()) < 0)
		bench_die("cannot fork");
	if (child == 0) {
		char path[2 * BENCH_PATH_BYTES];

		snprintf(path, sizeof path, "%s/bench/store/data.mdb", state);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (is_dropped && (fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)))
			bench_die("cannot drop %s", path);
		close(fd);
		make_requests(subject);
		begin = bench_wall_ns();
		if (quoin_reader_open_store(state, NULL, &subject->reader, NULL) != 0 ||
		    quoin_view_acquire(subject->reader, &subject->view) != 0)
			bench_die("cannot attach");
		register_names(subject);
		fill(subject, 0);
		decide(subject, 0);
		ms = (bench_wall_ns() - begin) / 1e6;
		(void)!write(pipes[1], &ms, sizeof ms);
		_exit(0);
	}
	close(pipes[1]);
	if (read(pipes[0], &ms, sizeof ms) != sizeof ms || waitpid(child, &status, 0) != child)
		bench_die("lost a child");
	close(pipes[0]);
	free(subject);
	return ms;
}

static void
measure_open(const char *state)
{
	double cold[OPENS], warm[OPENS];

	for (unsigned i = 0; i < OPENS; i++) {
		cold[i] = time_open(state, true);
		warm[i] = time_open(state, false);
	}
	bench_print("view.open.300", bench_median(cold, OPENS), "ms", "the store's file in memory",
	    bench_median(warm, OPENS));
}

/* Out of every cache of the processor, segment by segment. */
static bool
flush(const struct quoin_view *view)
{
#if defined(__x86_64__)
	const void *data;
	size_t bytes;

	for (unsigned i = 0; quoin_view_part_segment(view, "rules", i, &data, &bytes) == 0; i++) {
		for (size_t at = 0; at < bytes; at += 64)
			_mm_clflush((const char *)data + at);
	}
	_mm_mfence();
	return true;
#else
	(void)view;
	return false;
#endif
}

static void
measure_cold(struct subject *subject)
{
	double cold[COLD_CALLS], warm[COLD_CALLS], begin, cost = clock_cost();

	for (unsigned i = 0; i < COLD_CALLS; i++) {
		fill(subject, i);
		quoin_context_prepare(subject->context);
		if (!flush(&subject->view)) {
			bench_skip("resolve.cold.300", "caches cannot be emptied on this processor");
			return;
		}
		begin = bench_wall_ns();
		decide(subject, i);
		cold[i] = bench_wall_ns() - begin - cost;
		begin = bench_wall_ns();
		decide(subject, i);
		warm[i] = bench_wall_ns() - begin - cost;
	}
	bench_print("resolve.cold.300", bench_median(cold, COLD_CALLS), "ns", "at once again", bench_median(warm, COLD_CALLS));
}

/* ---- After a switch ---- */

struct writer {
	pid_t pid;
	int to, from;
};

/* The process that writes the store: for each byte, the next release, with the contents in turn. */
static void
start_writer(struct writer *writer, const char *state, const struct quoin_compiled contents[2])
{
	int to[2], from[2];
	char byte;

	if (pipe(to) != 0 || pipe(from) != 0 || (writer->pid = fork()) < 0)
		bench_die("cannot fork");
	if (writer->pid == 0) {
		struct quoin_store *store = workload_store(state);

		close(to[1]);
		for (uint64_t release = 2; read(to[0], &byte, 1) == 1; release++) {
			workload_activate(store, release, &contents[(release - 1) % 2]);
			if (write(from[1], &byte, 1) != 1)
				break;
		}
		quoin_store_close(store);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	writer->to = to[1];
	writer->from = from[0];
}

static void
stop_writer(struct writer *writer)
{
	close(writer->to);
	(void)waitpid(writer->pid, NULL, 0);
}

static void
switch_release(struct subject *subject, const struct writer *writer)
{
	uint64_t generation = quoin_reader_generation(subject->reader);
	char byte = '.';

	quoin_view_release(&subject->view);
	if (write(writer->to, &byte, 1) != 1 || read(writer->from, &byte, 1) != 1 ||
	    quoin_reader_wait(subject->reader, generation, 10000) != 0 ||
	    quoin_view_acquire(subject->reader, &subject->view) != 0)
		bench_die("no switch");
}

/* Each of the first decisions in a new release, context and all; and as many in one that is known. */
static void
measure_switch(struct subject *subject, const struct writer *writer)
{
	static double first[SWITCHES * AFTER_A_SWITCH], steady[SWITCHES * AFTER_A_SWITCH];
	double begin, cost = clock_cost(), value;

	for (unsigned i = 0; i < SWITCHES; i++) {
		switch_release(subject, writer);
		for (unsigned k = 0; k < 2 * AFTER_A_SWITCH; k++) {
			const unsigned number = (i * AFTER_A_SWITCH + k % AFTER_A_SWITCH) % WORKLOAD_REQUESTS;

			begin = bench_wall_ns();
			fill(subject, number);
			decide(subject, number);
			value = bench_wall_ns() - begin - cost;
			(k < AFTER_A_SWITCH ? first : steady)[i * AFTER_A_SWITCH + k % AFTER_A_SWITCH] = value;
		}
	}
	value = at_share(first, SWITCHES * AFTER_A_SWITCH, 0.999);
	bench_print("view.switch.300", value, "ns p999", "the same once more",
	    at_share(steady, SWITCHES * AFTER_A_SWITCH, 0.999));
	value = at_share(first, SWITCHES * AFTER_A_SWITCH, 0.5);
	bench_print("view.switch.300.median", value, "ns", "the same once more",
	    at_share(steady, SWITCHES * AFTER_A_SWITCH, 0.5));
}

/* ---- Two processes ---- */

/* Rounds of one process and of both in turn, so that what else the machine does falls on both alike. */
struct meeting {
	_Atomic unsigned arrived[2 * PROCESS_ROUNDS]; /* how many are at the start of each round */
	double alone[PROCESS_ROUNDS]; /* millions of decisions a second; 0: the processor was taken meanwhile */
	double together[2][PROCESS_ROUNDS];
};

static void
meet(struct meeting *meeting, unsigned round)
{
	atomic_fetch_add(&meeting->arrived[round], 1);
	while (atomic_load(&meeting->arrived[round]) < 2)
		sched_yield();
}

static double
rate_of_round(struct subject *subject)
{
	struct rusage before, after;
	double begin, rate;

	getrusage(RUSAGE_SELF, &before);
	begin = bench_wall_ns();
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		fill(subject, i);
		decide(subject, i);
	}
	rate = WORKLOAD_REQUESTS / (bench_wall_ns() - begin) * 1e3;
	getrusage(RUSAGE_SELF, &after);
	return after.ru_nivcsw == before.ru_nivcsw ? rate : 0;
}

static _Noreturn void
work(const char *state, struct meeting *meeting, unsigned me)
{
	static struct subject subject;

	bench_pin(me);
	open_subject(&subject, state);
	for (unsigned round = 0; round < PROCESS_ROUNDS; round++) {
		meet(meeting, 2 * round);
		if (me == 0)
			meeting->alone[round] = rate_of_round(&subject);
		meet(meeting, 2 * round + 1);
		meeting->together[me][round] = rate_of_round(&subject);
	}
	_exit(0);
}

/* The medians of the rounds in which nobody else took a processor. */
static void
measure_processes(const char *state)
{
	struct meeting *meeting = mmap(NULL, sizeof *meeting, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double one[PROCESS_ROUNDS], two[PROCESS_ROUNDS];
	size_t ones = 0, twos = 0;
	pid_t children[2];
	int status;

	if (meeting == MAP_FAILED)
		bench_die("no memory");
	for (unsigned i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0)
			work(state, meeting, i);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (waitpid(children[i], &status, 0) != children[i] || status != 0)
			bench_die("lost a child");
	}
	for (unsigned round = 0; round < PROCESS_ROUNDS; round++) {
		if (meeting->alone[round] > 0)
			one[ones++] = meeting->alone[round];
		if (meeting->together[0][round] > 0 && meeting->together[1][round] > 0)
			two[twos++] = meeting->together[0][round] + meeting->together[1][round];
	}
	(void)munmap(meeting, sizeof *meeting);
	if (ones < 20 || twos < 20)
		bench_skip("resolve.processes.2", "the machine is too busy for two processes that run at once");
	else
		bench_print("resolve.processes.2", bench_median(two, twos), "M/s", "one process", bench_median(one, ones));
}

/* ---- All ---- */

static void
make_contents(const char *state, struct quoin_compiled contents[2])
{
	struct quoin_store *store;

	workload_begin();
	for (unsigned i = 0; i < 2; i++) {
		char dir[2 * BENCH_PATH_BYTES];

		snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", i));
		workload_write_more(dir, OBJECTIVES, 5, i);
		workload_compiled(dir, &contents[i]);
	}
	if (mkdir(state, 0700) != 0)
		bench_die("cannot make %s", state);
	store = workload_store(state);
	workload_activate(store, 1, &contents[0]);
	quoin_store_close(store);
}

int
main(void)
{
	static struct quoin_compiled contents[2];
	static struct subject subject;
	char state[2 * BENCH_PATH_BYTES];
	struct writer writer;

	snprintf(state, sizeof state, "%s", bench_path("state"));
	make_contents(state, contents);
	measure_open(state);
	measure_processes(state);
	measure_calls(&contents[0]);
	start_writer(&writer, state, contents);
	bench_pin(1);
	open_subject(&subject, state);
	measure_isolated(&subject, "resolve.slots.300.p99", false);
	measure_isolated(&subject, "resolve.prepared.300.p99", true);
	measure_batch(&subject);
	measure_counted(&subject);
	measure_allocations(&subject);
	measure_cold(&subject);
	measure_switch(&subject, &writer);
	quoin_view_release(&subject.view);
	quoin_reader_close(subject.reader);
	quoin_context_free(subject.context);
	stop_writer(&writer);
	return 0;
}
