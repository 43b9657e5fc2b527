/*
 * Whether the workload that figures are taken with is decided rightly: every request, in each size and by every way of
 * asking, beside what the naive evaluator of tests/differential says, which shares no code with compiler and resolver.
 * oracle.N counts the decisions that differ; beside it, how many were compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/compile.h"
#include "subscriber/quoin.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"
#include "tests/differential/naive.h"

#define TEXT_BYTES (1u << 16)

enum way {
	BY_JSON,
	BY_STRINGS,
	BY_SLOTS,
	PREPARED,
	IN_A_BATCH,
	WAYS,
};

struct subject {
	struct quoin_reader *reader;
	struct quoin_view view;
	struct quoin_context *context;
	int handle;
};

static void
fill(struct subject *subject, const struct workload_request *request)
{
	quoin_context_start(subject->context, &subject->view);
	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++) {
		const struct workload_value *value = &request->values[i];
		const int slot = quoin_slot_register(subject->reader, workload_attributes[i]);

		if (value->string != NULL)
			quoin_context_set_string(subject->context, slot, value->string, value->len);
		else
			quoin_context_set_number(subject->context, slot, value->number);
	}
	quoin_context_set_cells(subject->context, request->tests, request->cells, WORKLOAD_CELLS);
}

static int
decide_strings(struct subject *subject, const struct workload_request *request, const char *objective,
    struct quoin_decision *ret)
{
	struct quoin_attribute attributes[WORKLOAD_ATTRIBUTES + WORKLOAD_CELLS];
	char names[WORKLOAD_CELLS][24];

	for (unsigned i = 0; i < WORKLOAD_ATTRIBUTES; i++) {
		const struct workload_value *value = &request->values[i];

		attributes[i] = (struct quoin_attribute){.name = workload_attributes[i],
			.kind = value->string != NULL ? QUOIN_ATTRIBUTE_STRING : QUOIN_ATTRIBUTE_NUMBER,
			.string = value->string, .number = value->number};
	}
	for (unsigned i = 0; i < WORKLOAD_CELLS; i++) {
		snprintf(names[i], sizeof names[i], "%" PRIu64, request->tests[i]);
		attributes[WORKLOAD_ATTRIBUTES + i] = (struct quoin_attribute){.name = names[i],
			.kind = QUOIN_ATTRIBUTE_CELL, .number = request->cells[i]};
	}
	return quoin_resolve_strings(&subject->view, objective, attributes, WORKLOAD_ATTRIBUTES + WORKLOAD_CELLS, ret);
}

static void
decide(struct subject *subject, enum way way, const struct workload_request *request, const struct quoin_buf *line,
    struct quoin_decision *ret)
{
	char objective[WORKLOAD_NAME_BYTES];
	int rc = 0, handle;

	workload_objective(request->objective, objective);
	handle = quoin_objective_register(subject->reader, objective);
	if (way >= BY_SLOTS)
		fill(subject, request);
	if (way == PREPARED)
		quoin_context_prepare(subject->context);
	if (way == BY_JSON) {
		rc = quoin_resolve_json(&subject->view, (const char *)line->data, line->len, subject->context, ret);
	} else if (way == BY_STRINGS) {
		rc = decide_strings(subject, request, objective, ret);
	} else if (way == IN_A_BATCH) {
		struct quoin_decision decisions[2];

		rc = quoin_resolve_batch(&subject->view, (int[]){handle, handle}, 2, subject->context, decisions);
		*ret = decisions[1];
	} else {
		rc = quoin_resolve(&subject->view, handle, subject->context, ret);
	}
	if (rc != 0)
		bench_die("%s: %s", objective, quoin_code_text(rc));
}

static bool
is_same(struct pool *pool, const struct quoin_decision *have, const struct quoin_buf *want)
{
	static char text[TEXT_BYTES];
	int64_t bytes = quoin_decision_json(have, text, sizeof text);

	return bytes > 0 && bytes < (int64_t)sizeof text &&
	    tree_equal(tree_parse(pool, text, (size_t)bytes), tree_parse(pool, (const char *)want->data, want->len));
}

static void
measure(unsigned objectives)
{
	struct workload_request *requests = workload_requests(objectives);
	struct pool pool = {0}, scratch = {0}, parsed = {0};
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];
	struct quoin_compiled compiled;
	struct subject subject = {0};
	struct quoin_decision decision;
	char dir[2 * BENCH_PATH_BYTES], name[32];
	struct quoin_buf line, want;
	const struct naive *naive;
	uint64_t differ = 0;

	snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", objectives));
	workload_write(dir, objectives);
	workload_compiled(dir, &compiled);
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		parts[i] = (struct quoin_part_bytes){compiled.parts[i].name, compiled.parts[i].bytes.data,
		    compiled.parts[i].bytes.len};
	naive = naive_load_source(&pool, quoin_buf_span(&compiled.parts[QUOIN_COMPILED_SOURCE].bytes));
	if (quoin_reader_open_parts(parts, QUOIN_COMPILED_PARTS, 1, &subject.reader, NULL) != 0 ||
	    quoin_view_acquire(subject.reader, &subject.view) != 0 || quoin_context_new(&subject.context) != 0)
		bench_die("cannot open");
	quoin_buf_init(&line, TEXT_BYTES);
	quoin_buf_init(&want, TEXT_BYTES);
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		quoin_buf_reset(&line);
		quoin_buf_reset(&want);
		workload_print(&requests[i], &line);
		naive_decide(naive, (const char *)line.data, line.len, 1, &scratch, NULL, &want);
		for (unsigned way = 0; way < WAYS; way++) {
			decide(&subject, (enum way)way, &requests[i], &line, &decision);
			differ += !is_same(&parsed, &decision, &want);
			pool_reset(&parsed);
		}
	}
	snprintf(name, sizeof name, "oracle.%u", objectives);
	bench_print(name, (double)differ, "count", "decisions compared", (double)WORKLOAD_REQUESTS * WAYS);
	quoin_buf_clear(&line);
	quoin_buf_clear(&want);
	pool_clear(&pool);
	pool_clear(&scratch);
	pool_clear(&parsed);
	quoin_context_free(subject.context);
	quoin_view_release(&subject.view);
	quoin_reader_close(subject.reader);
	quoin_compiled_clear(&compiled);
	free(requests);
}

int
main(void)
{
	workload_begin();
	measure(30);
	measure(300);
	measure(3000);
	return 0;
}
