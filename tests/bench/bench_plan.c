/*
 * What "quoin plan --contexts" does with a million contexts: each line parsed, decided by the release that is active and
 * by the new one, and what moved counted. 300 objectives, of which each is a little different. Beside it, parsing the
 * same lines as JSON and nothing else. Processor time of one thread, which waits for nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "publisher/compile.h"
#include "publisher/decisions.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

#define OBJECTIVES 300
#define CONTEXTS   1000000u

/* ---- The lines: the workload's requests, over and over ---- */

struct lines {
	struct quoin_buf text; /* WORKLOAD_REQUESTS of them */
	size_t at;
	size_t left; /* bytes to be read yet */
};

static ssize_t
read_lines(void *ctx, char *out, size_t bytes)
{
	struct lines *lines = ctx;
	size_t take = bytes < lines->left ? bytes : lines->left;

	if (take > lines->text.len - lines->at)
		take = lines->text.len - lines->at;
	memcpy(out, lines->text.data + lines->at, take);
	lines->at = (lines->at + take) % lines->text.len;
	lines->left -= take;
	return (ssize_t)take;
}

/* Where the last of the wanted lines ends. */
static size_t
bytes_of(const struct quoin_buf *text, unsigned count)
{
	size_t bytes = text->len * (count / WORKLOAD_REQUESTS);
	const char *at = (const char *)text->data;

	for (unsigned i = 0; i < count % WORKLOAD_REQUESTS; i++)
		at = (const char *)memchr(at, '\n', text->len) + 1;
	return bytes + (size_t)(at - (const char *)text->data);
}

/* ---- Figures ---- */

static double
time_parsing(const struct quoin_buf *text)
{
	const char *at = (const char *)text->data;
	double begin = bench_work_ns();

	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		const char *end = memchr(at, '\n', text->len);
		struct quoin_json_doc *doc = NULL;

		if (quoin_json_parse(quoin_span_of(at, (size_t)(end - at)), &doc, NULL) != 0)
			bench_die("cannot parse");
		quoin_json_free(doc);
		at = end + 1;
	}
	return (bench_work_ns() - begin) / 1e6 * CONTEXTS / WORKLOAD_REQUESTS;
}

static void
open_view(unsigned seed, struct quoin_reader **ret_reader, struct quoin_view *ret)
{
	struct quoin_compiled compiled;
	const struct quoin_buf *rules = &compiled.parts[QUOIN_COMPILED_RULES].bytes;
	char dir[2 * BENCH_PATH_BYTES];

	snprintf(dir, sizeof dir, "%s", bench_path("rules-%u", seed));
	workload_write_more(dir, OBJECTIVES, 5, seed);
	workload_compiled(dir, &compiled);
	if (quoin_reader_open_parts(&(struct quoin_part_bytes){"rules", rules->data, rules->len}, 1, seed, ret_reader,
		NULL) != 0 ||
	    quoin_view_acquire(*ret_reader, ret) != 0)
		bench_die("cannot open");
	quoin_compiled_clear(&compiled);
}

int
main(void)
{
	struct workload_request *requests = workload_requests(OBJECTIVES);
	struct quoin_reader *readers[2];
	struct quoin_view views[2];
	struct quoin_decisions decisions;
	struct quoin_error err = {0};
	struct lines lines = {0};
	double ms, begin;
	FILE *in;

	workload_begin();
	for (unsigned i = 0; i < 2; i++)
		open_view(i, &readers[i], &views[i]);
	quoin_buf_init(&lines.text, 64u << 20);
	for (unsigned i = 0; i < WORKLOAD_REQUESTS; i++) {
		workload_print(&requests[i], &lines.text);
		quoin_buf_put_byte(&lines.text, '\n');
	}
	lines.left = bytes_of(&lines.text, CONTEXTS);
	in = fopencookie(&lines, "r", (cookie_io_functions_t){.read = read_lines});
	if (in == NULL || lines.text.error != 0)
		bench_die("no memory");
	begin = bench_work_ns();
	if (quoin_decisions_compare(&views[0], &views[1], in, &decisions, &err) != 0)
		bench_die("%s", err.message);
	ms = (bench_work_ns() - begin) / 1e6;
	if (decisions.total != CONTEXTS || decisions.bad != 0 || decisions.moved == 0)
		bench_die("decided %llu, %llu bad, %llu moved", (unsigned long long)decisions.total,
		    (unsigned long long)decisions.bad, (unsigned long long)decisions.moved);
	bench_print("plan.1m", ms, "ms", "parse the lines", time_parsing(&lines.text));
	quoin_decisions_clear(&decisions);
	for (unsigned i = 0; i < 2; i++) {
		quoin_view_release(&views[i]);
		quoin_reader_close(readers[i]);
	}
	fclose(in);
	quoin_buf_clear(&lines.text);
	free(requests);
	return 0;
}
