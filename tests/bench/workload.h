/*
 * The rules and the requests that figures are taken with: like a large video service's, out of a seed, the same on every
 * machine. Sizes are in objectives.
 *
 * 13 attributes (8 of few strings, 2 versions, 2 numbers, the user); per objective up to 8 rules with up to 4 conditions
 * each (equal 30 %, one of a list 30 %, prefix 12 %, range 14 %, version 11 %, one of some users 3 %), which lead to an
 * A/B test (45 %), a split (25 %) or one model (30 %). A request has all attributes, a cell in 20 of the 60 tests, and
 * now and then a country or a device that no rule knows.
 */
#ifndef QUOIN_TESTS_BENCH_WORKLOAD_H
#define QUOIN_TESTS_BENCH_WORKLOAD_H

#include "lib/bytes.h"

#define WORKLOAD_ATTRIBUTES 13
#define WORKLOAD_CELLS	    20
#define WORKLOAD_REQUESTS   4096
#define WORKLOAD_NAME_BYTES 64
#define WORKLOAD_OBJECTIVES_A_FILE 50

/* Before anything is compiled. */
void workload_begin(void);

/* The authoring directory of "objectives" objectives at "dir", which is made. */
void workload_write(const char *dir, unsigned objectives);
/* The same with so many models of each objective, and with "rules_min" to 8 more rules; from WORKLOAD_LONG on with longer
 * configs. */
#define WORKLOAD_LONG 32
void workload_write_more(const char *dir, unsigned objectives, unsigned models, unsigned rules_min);
/* The same compiled: the bytes of the part "rules" (owned by the caller: free), with all parts in a store at "state" if
 * that is not NULL, release 1, active. */
struct workload_parts {
	struct quoin_buf rules;
	size_t total_bytes;
};
void workload_compile(const char *dir, const char *state, struct workload_parts *ret);

/* The two steps of it: compiled, to be cleared; and active in a store as this release. */
struct quoin_compiled;
struct quoin_store;
void workload_compiled(const char *dir, struct quoin_compiled *ret);
struct quoin_store *workload_store(const char *state);
void workload_activate(struct quoin_store *store, uint64_t number, const struct quoin_compiled *compiled);

void workload_objective(unsigned number, char out[WORKLOAD_NAME_BYTES]);
extern const char *const workload_attributes[WORKLOAD_ATTRIBUTES];

/* A value is a string, or, if that is NULL, a number. */
struct workload_value {
	const char *string;
	uint32_t len;
	double number;
};
struct workload_request {
	unsigned objective;
	uint64_t tests[WORKLOAD_CELLS];
	uint32_t cells[WORKLOAD_CELLS];
	struct workload_value values[WORKLOAD_ATTRIBUTES];
	char user[24];
	char versions[2][16];
};
/* WORKLOAD_REQUESTS of them; never freed. */
struct workload_request *workload_requests(unsigned objectives);
/* As a context line, without a newline. */
void workload_print(const struct workload_request *request, struct quoin_buf *out);

#endif
