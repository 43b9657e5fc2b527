/*
 * Deciding, as an application does it, from a store: by names and strings; by registered slots and handles, from values
 * that the context borrows; with one prepared context for the objectives of a page; and from values that are set one by
 * one. Compared with LMDB's look-up of the objective's name, in a transaction that stays open, where the value is what the objective's part of the rules takes: what one would pay to merely find
 * the rules.
 */
#include <lmdb.h>
#include <pthread.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "subscriber/quoin.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

#define ROUNDS	     151 /* each of every kind, interleaved; the median counts */
#define CALLS	     WORKLOAD_REQUESTS
#define PAGE	     32	 /* objectives decided with one prepared context */
#define FEW	     16
#define THREAD_CALLS (2 * WORKLOAD_REQUESTS)
#define THREAD_ROUNDS 41

struct subject {
	unsigned objectives;
	struct quoin_reader *reader;
	struct quoin_view view;
	struct workload_request *requests;
	struct quoin_attribute (*attributes)[WORKLOAD_ATTRIBUTES + WORKLOAD_CELLS];
	struct quoin_slot_value (*values)[WORKLOAD_ATTRIBUTES]; /* by slot */
	char (*test_names)[8];
	int slots[WORKLOAD_ATTRIBUTES];
	int *handles;
	uint16_t stream[CALLS]; /* the requests' objectives */
	char (*names)[WORKLOAD_NAME_BYTES];
	struct quoin_context *contexts[PAGE];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi database;
};

static volatile uint64_t sink; /* what was decided, so that it has to be */

/* ---- What is compared ---- */

/* What comes next is in the cache, as it is when it was just read from a connection. */
static inline void
read_ahead(const void *what, size_t bytes)
{
#pragma GCC unroll 32
	for (size_t i = 0; i < bytes; i += 64)
		__builtin_prefetch((const char *)what + i);
	__builtin_prefetch((const char *)what + bytes - 1);
	/* Not for nothing, although it changes nothing. */
	__asm__ volatile("" : : "r"(what));
}

static const struct workload_request *
request_at(const struct subject *subject, unsigned number)
{
	read_ahead(&subject->requests[(number + 1) % WORKLOAD_REQUESTS], sizeof subject->requests[0]);
	return &subject->requests[number % WORKLOAD_REQUESTS];
}

static double
time_lookups(struct subject *subject)
{
	double begin = bench_work_ns();
	uint64_t sum = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		char *name = subject->names[subject->stream[i]];
		MDB_val key = {strlen(name), name}, value;

		if (mdb_get(subject->txn, subject->database, &key, &value) != 0)
			bench_die("no %s", name);
		sum += value.mv_size;
	}
	sink += sum;
	return (bench_work_ns() - begin) / CALLS;
}

/* A request's strings that are its own; the others are the workload's, and near. */
static inline void
read_strings(const struct workload_request *request)
{
	read_ahead(request->user, sizeof *request - offsetof(struct workload_request, user));
}

static double
time_names(struct subject *subject)
{
	double begin = bench_work_ns();
	struct quoin_decision decision;
	uint64_t sum = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		read_ahead(subject->attributes[(i + 1) % WORKLOAD_REQUESTS], sizeof subject->attributes[0]);
		read_strings(&subject->requests[(i + 1) % WORKLOAD_REQUESTS]);
		if (quoin_resolve_strings(&subject->view, subject->names[subject->stream[i]],
			subject->attributes[i % WORKLOAD_REQUESTS], WORKLOAD_ATTRIBUTES + WORKLOAD_CELLS, &decision) != 0)
			bench_die("cannot resolve");
		sum += decision.rule_number;
	}
	sink += sum;
	return (bench_work_ns() - begin) / CALLS;
}

static void
fill(const struct subject *subject, const struct quoin_view *view, const struct workload_request *request,
    struct quoin_context *context)
{
	quoin_context_start(context, view);
	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++) {
		const struct workload_value *value = &request->values[i];

		if (value->string != NULL)
			quoin_context_set_string(context, subject->slots[i], value->string, value->len);
		else
			quoin_context_set_number(context, subject->slots[i], value->number);
	}
	quoin_context_set_cells(context, request->tests, request->cells, WORKLOAD_CELLS);
}

/* All of a request but its values, which are in the array, and that. */
static inline void
read_request(const struct subject *subject, unsigned number)
{
	const struct workload_request *request = &subject->requests[number];

	read_ahead(request, offsetof(struct workload_request, values));
	read_strings(request);
	read_ahead(subject->values[number], sizeof subject->values[0]);
}

/*
 * The request as an array of values by slot, which the context borrows: one call, whatever their number, and nothing is
 * kept from one decision to the next. Making the array is not measured, as with all that decisions are compared with:
 * each is given requests in the form that it takes. time_request has what setting each value by a call costs.
 */
static inline double
slots_of(struct subject *subject, unsigned mask)
{
	double begin = bench_work_ns();
	struct quoin_context *context = subject->contexts[0];
	struct quoin_decision decision;
	uint64_t sum = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		const struct workload_request *request = &subject->requests[i & mask];

		read_request(subject, (i + 1) & mask);
		quoin_context_start(context, &subject->view);
		quoin_context_set_values(context, subject->values[i & mask], WORKLOAD_ATTRIBUTES);
		quoin_context_set_cells(context, request->tests, request->cells, WORKLOAD_CELLS);
		if (quoin_resolve(&subject->view, subject->handles[request->objective], context, &decision) != 0)
			bench_die("cannot resolve");
		sum += decision.rule_number;
	}
	sink += sum;
	return (bench_work_ns() - begin) / CALLS;
}

static double
time_slots(struct subject *subject)
{
	return slots_of(subject, CALLS - 1);
}

/* A few over and over: all in the nearest cache, and no branch that is not known. */
static double
time_slots_again(struct subject *subject)
{
	return slots_of(subject, FEW - 1);
}

/* The requests are read, and nothing is decided. */
static double
time_stream(struct subject *subject)
{
	double begin = bench_work_ns();
	uint64_t sum = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		read_request(subject, (i + 1) & (CALLS - 1));
		sum += subject->requests[i].objective;
	}
	sink += sum;
	return (bench_work_ns() - begin) / CALLS;
}

/* The context is filled for every decision: what one request for one objective costs in all. */
static uint64_t
decide_slots(const struct subject *subject, const struct quoin_view *view, struct quoin_context *context,
    unsigned calls)
{
	struct quoin_decision decision;
	uint64_t sum = 0;

	for (unsigned i = 0; i < calls; i++) {
		const struct workload_request *request = request_at(subject, i);

		fill(subject, view, request, context);
		if (quoin_resolve(view, subject->handles[request->objective], context, &decision) != 0)
			bench_die("cannot resolve");
		sum += decision.rule_number;
	}
	return sum;
}

static double
time_request(struct subject *subject)
{
	double begin = bench_work_ns();

	sink += decide_slots(subject, &subject->view, subject->contexts[0], CALLS);
	return (bench_work_ns() - begin) / CALLS;
}

/* A page's objectives with the context of one request: what each further objective costs. */
static inline double
prepared_of(struct subject *subject, unsigned mask)
{
	static struct quoin_context *contexts[WORKLOAD_REQUESTS / PAGE];
	struct quoin_decision decision;
	double begin;
	uint64_t sum = 0;

	for (unsigned i = 0; i < WORKLOAD_REQUESTS / PAGE; i++) {
		if (contexts[i] == NULL && quoin_context_new(&contexts[i]) != 0)
			bench_die("no context");
		fill(subject, &subject->view, request_at(subject, i * PAGE), contexts[i]);
		quoin_context_prepare(contexts[i]);
	}
	begin = bench_work_ns();
	for (unsigned i = 0; i < CALLS; i++) {
		int handle = subject->handles[subject->stream[i & mask]];

		if (quoin_resolve(&subject->view, handle, contexts[(i & mask) / PAGE], &decision) != 0)
			bench_die("cannot resolve");
		sum += decision.rule_number;
	}
	sink += sum;
	return (bench_work_ns() - begin) / CALLS;
}

static double
time_prepared(struct subject *subject)
{
	return prepared_of(subject, CALLS - 1);
}

static double
time_prepared_again(struct subject *subject)
{
	return prepared_of(subject, 4 * FEW - 1);
}

static double
time_acquire(struct subject *subject)
{
	double begin = bench_work_ns();
	struct quoin_view view;

	for (unsigned i = 0; i < CALLS; i++) {
		if (quoin_view_acquire(subject->reader, &view) != 0)
			bench_die("no view");
		quoin_view_release(&view);
	}
	return (bench_work_ns() - begin) / CALLS;
}

static double
time_renew(struct subject *subject)
{
	double begin = bench_work_ns();

	for (unsigned i = 0; i < CALLS; i++) {
		mdb_txn_reset(subject->txn);
		if (mdb_txn_renew(subject->txn) != 0)
			bench_die("cannot renew");
	}
	return (bench_work_ns() - begin) / CALLS;
}

/* ---- Two threads ---- */

struct worker {
	const struct subject *subject;
	pthread_barrier_t *barrier;
	unsigned processor;
	double wall_ns;
	bool was_interrupted;
};

static void *
work(void *arg)
{
	struct worker *worker = arg;
	struct quoin_context *context;
	struct rusage before, after;
	struct quoin_view view;
	double begin;

	bench_pin(worker->processor);
	if (quoin_context_new(&context) != 0 || quoin_view_acquire(worker->subject->reader, &view) != 0)
		bench_die("no view");
	pthread_barrier_wait(worker->barrier);
	getrusage(RUSAGE_THREAD, &before);
	begin = bench_wall_ns();
	uint64_t sum = decide_slots(worker->subject, &view, context, THREAD_CALLS);
	worker->wall_ns = bench_wall_ns() - begin;
	getrusage(RUSAGE_THREAD, &after);
	worker->was_interrupted = after.ru_nivcsw != before.ru_nivcsw;
	pthread_barrier_wait(worker->barrier);
	quoin_view_release(&view);
	quoin_context_free(context);
	return (void *)(uintptr_t)(sum & 1);
}

/* Millions of decisions a second of so many threads at once; 0 if others on the machine took a processor meanwhile. */
static double
rate_of(struct subject *subject, unsigned threads)
{
	struct worker workers[2];
	pthread_barrier_t barrier;
	pthread_t ids[2];
	double rate = 0;
	bool is_whole = true;

	pthread_barrier_init(&barrier, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){subject, &barrier, i, 0, false};
		if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
			bench_die("no thread");
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (unsigned i = 0; i < threads; i++) {
		rate += THREAD_CALLS / workers[i].wall_ns * 1e3;
		is_whole = is_whole && !workers[i].was_interrupted;
	}
	pthread_barrier_destroy(&barrier);
	return is_whole ? rate : 0;
}

/* Rounds of one thread and of two in turn, until there are enough of both that nobody disturbed. */
static void
measure_threads(struct subject *subject)
{
	double rates[2][THREAD_ROUNDS];
	size_t counts[2] = {0, 0};

	for (unsigned i = 0; i < 50 * THREAD_ROUNDS && (counts[0] < THREAD_ROUNDS || counts[1] < THREAD_ROUNDS); i++) {
		for (unsigned threads = 1; threads <= 2; threads++) {
			double rate = rate_of(subject, threads);

			if (rate > 0 && counts[threads - 1] < THREAD_ROUNDS)
				rates[threads - 1][counts[threads - 1]++] = rate;
		}
	}
	if (counts[0] < 5 || counts[1] < 5)
		bench_skip("resolve.threads.2", "the machine is too busy for two threads that run at once");
	else
		bench_print("resolve.threads.2", bench_median(rates[1], counts[1]), "M/s", "one thread",
		    bench_median(rates[0], counts[0]));
}

/* ---- Setting up ---- */

/* An environment with the objectives' rules by name, as large as they are in the part. */
static void
open_lookups(struct subject *subject, const struct workload_parts *parts)
{
	const char *path = bench_path("lookups-%u", subject->objectives);
	size_t bytes = parts->rules.len / subject->objectives;
	int rc = mkdir(path, 0700);

	if (rc == 0)
		rc = mdb_env_create(&subject->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(subject->env, (size_t)1 << 30);
	if (rc == 0)
		rc = mdb_env_open(subject->env, path, 0, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(subject->env, NULL, 0, &subject->txn);
	if (rc == 0)
		rc = mdb_dbi_open(subject->txn, NULL, 0, &subject->database);
	for (unsigned i = 0; i < subject->objectives && rc == 0; i++) {
		MDB_val key = {strlen(subject->names[i]), subject->names[i]};
		MDB_val value = {bytes, parts->rules.data + i * bytes};

		rc = mdb_put(subject->txn, subject->database, &key, &value, 0);
	}
	if (rc == 0)
		rc = mdb_txn_commit(subject->txn);
	if (rc == 0)
		rc = mdb_txn_begin(subject->env, NULL, MDB_RDONLY, &subject->txn);
	if (rc != 0)
		bench_die("lmdb: %s", mdb_strerror(rc));
}

static void
name_attributes(struct subject *subject)
{
	subject->attributes = calloc(WORKLOAD_REQUESTS, sizeof subject->attributes[0]);
	subject->test_names = calloc(65536, sizeof subject->test_names[0]);
	subject->values = calloc(WORKLOAD_REQUESTS, sizeof subject->values[0]);
	if (subject->attributes == NULL || subject->test_names == NULL || subject->values == NULL)
		bench_die("no memory");
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		const struct workload_request *request = &subject->requests[i];
		struct quoin_attribute *attributes = subject->attributes[i];

		for (unsigned j = 0; j < WORKLOAD_ATTRIBUTES; j++) {
			const struct workload_value *value = &request->values[j];

			attributes[j] = (struct quoin_attribute){.name = workload_attributes[j],
				.kind = value->string != NULL ? QUOIN_ATTRIBUTE_STRING : QUOIN_ATTRIBUTE_NUMBER,
				.string = value->string, .number = value->number};
			if (value->string != NULL)
				subject->values[i][subject->slots[j]] = (struct quoin_slot_value){
				    .kind = QUOIN_ATTRIBUTE_STRING, .bytes = value->len, .value.string = value->string};
			else
				subject->values[i][subject->slots[j]] = (struct quoin_slot_value){
				    .kind = QUOIN_ATTRIBUTE_NUMBER, .value.number = value->number};
		}
		for (unsigned j = 0; j < WORKLOAD_CELLS; j++) {
			char *name = subject->test_names[request->tests[j]];

			snprintf(name, sizeof subject->test_names[0], "%" PRIu64, request->tests[j]);
			attributes[WORKLOAD_ATTRIBUTES + j] = (struct quoin_attribute){.name = name,
				.kind = QUOIN_ATTRIBUTE_CELL, .number = request->cells[j]};
		}
	}
}

static void
open_subject(struct subject *subject, unsigned objectives)
{
	char dir[2 * BENCH_PATH_BYTES], state[2 * BENCH_PATH_BYTES];
	struct quoin_message message = {0};
	struct workload_parts parts;

	*subject = (struct subject){.objectives = objectives};
	snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", objectives));
	snprintf(state, sizeof state, "%s", bench_path("state-%u", objectives));
	if (mkdir(state, 0700) != 0)
		bench_die("cannot make %s", state);
	workload_write(dir, objectives);
	workload_compile(dir, state, &parts);
	fprintf(stderr, "%u objectives: rules %.2f MB, all parts %.2f MB\n", objectives, (double)parts.rules.len / 1e6,
	    (double)parts.total_bytes / 1e6);
	if (quoin_reader_open_store(state, NULL, &subject->reader, &message) != 0 ||
	    quoin_view_acquire(subject->reader, &subject->view) != 0)
		bench_die("cannot attach: %s", message.text);
	for (unsigned i = 0; i < PAGE; i++) {
		if (quoin_context_new(&subject->contexts[i]) != 0)
			bench_die("no memory");
	}
	subject->requests = workload_requests(objectives);
	subject->names = calloc(objectives, sizeof subject->names[0]);
	subject->handles = calloc(objectives, sizeof subject->handles[0]);
	if (subject->names == NULL || subject->handles == NULL)
		bench_die("no memory");
	for (unsigned i = 0; i < objectives; i++) {
		workload_objective(i, subject->names[i]);
		subject->handles[i] = quoin_objective_register(subject->reader, subject->names[i]);
	}
	for (unsigned i = 0; i < CALLS; i++)
		subject->stream[i] = (uint16_t)subject->requests[i].objective;
	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++)
		subject->slots[i] = quoin_slot_register(subject->reader, workload_attributes[i]);
	name_attributes(subject);
	open_lookups(subject, &parts);
	quoin_buf_clear(&parts.rules);
}

static void
close_subject(struct subject *subject)
{
	for (unsigned i = 0; i < PAGE; i++)
		quoin_context_free(subject->contexts[i]);
	quoin_view_release(&subject->view);
	quoin_reader_close(subject->reader);
	mdb_txn_abort(subject->txn);
	mdb_env_close(subject->env);
	free(subject->requests);
	free(subject->attributes);
	free(subject->values);
	free(subject->test_names);
	free(subject->names);
	free(subject->handles);
}

static const struct {
	const char *name;
	double (*time)(struct subject *);
} kinds[] = {{"mdb_get", time_lookups}, {"names", time_names}, {"slots", time_slots},
    {"prepared", time_prepared}, {"request", time_request},
    {"stream", time_stream}, {"slots.again", time_slots_again}, {"prepared.again", time_prepared_again}};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void
measure(unsigned objectives)
{
	static double times[KINDS][ROUNDS];
	static struct subject subject;
	char name[64];

	open_subject(&subject, objectives);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < KINDS; i++) {
			/* Once for the caches, which hold what others have read before. */
			(void)kinds[i].time(&subject);
			times[i][round] = kinds[i].time(&subject);
		}
	}
	for (unsigned i = 1; i < KINDS; i++) {
		snprintf(name, sizeof name, "resolve.%s.%u", kinds[i].name, objectives);
		bench_print(name, bench_median(times[i], ROUNDS), "ns", kinds[0].name, bench_median(times[0], ROUNDS));
	}
	if (objectives == 300) {
		for (unsigned round = 0; round < ROUNDS; round++) {
			times[0][round] = time_renew(&subject);
			times[1][round] = time_acquire(&subject);
		}
		bench_print("view.acquire", bench_median(times[1], ROUNDS), "ns", "mdb_txn_renew",
		    bench_median(times[0], ROUNDS));
		measure_threads(&subject);
	}
	close_subject(&subject);
}

int
main(void)
{
	bench_pin(1);
	measure(30);
	measure(300);
	measure(3000);
	return 0;
}
