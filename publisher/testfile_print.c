#include "publisher/testfile.h"

/* "context", "decided" and member names stand in a column of their own. */
#define LABEL "     %-12s "

static void
print_failure(const struct quoin_testfile_case *test, struct quoin_buf *out)
{
	quoin_buf_printf(out, "FAIL %s:%u %s\n" LABEL "%s\n", test->place.file, test->place.line, test->name, "context",
	    test->context);
	for (size_t i = 0; i < test->miss_count; i++) {
		const struct quoin_testfile_miss *miss = &test->misses[i];

		quoin_buf_printf(out, LABEL "expected %s\n", miss->member, miss->expected);
		quoin_buf_printf(out, LABEL "got      %s\n", "", miss->got != NULL ? miss->got : "nothing");
	}
	quoin_buf_printf(out, LABEL "%s\n", "decision", test->decision);
}

void
quoin_testfile_print(const struct quoin_testfile_result *result, bool is_verbose, struct quoin_buf *out)
{
	for (size_t i = 0; i < result->count; i++) {
		const struct quoin_testfile_case *test = &result->cases[i];

		if (test->miss_count > 0)
			print_failure(test, out);
		else if (is_verbose)
			quoin_buf_printf(out, "ok   %s:%u %s\n", test->place.file, test->place.line, test->name);
	}
	if (result->count > 0)
		quoin_buf_printf(out, "tests: %zu passed, %zu failed\n", result->passed, result->failed);
}

static void
put_case(struct quoin_json_writer *writer, const struct quoin_testfile_case *test)
{
	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "name", test->name);
	quoin_json_put_string(writer, "file", test->place.file);
	quoin_json_put_u64(writer, "line", test->place.line);
	quoin_json_put_bool(writer, "ok", test->miss_count == 0);
	if (test->miss_count > 0) {
		quoin_json_begin_array(writer, "misses");
		for (size_t i = 0; i < test->miss_count; i++) {
			const struct quoin_testfile_miss *miss = &test->misses[i];

			quoin_json_begin_object(writer, NULL);
			quoin_json_put_string(writer, "member", miss->member);
			quoin_json_put_raw(writer, "expected", quoin_span_str(miss->expected));
			if (miss->got != NULL)
				quoin_json_put_raw(writer, "got", quoin_span_str(miss->got));
			quoin_json_end_object(writer);
		}
		quoin_json_end_array(writer);
		quoin_json_put_raw(writer, "context", quoin_span_str(test->context));
		quoin_json_put_raw(writer, "decision", quoin_span_str(test->decision));
	}
	quoin_json_end_object(writer);
}

void
quoin_testfile_print_json(const struct quoin_testfile_result *result, struct quoin_json_writer *writer)
{
	quoin_json_begin_object(writer, "tests");
	quoin_json_put_u64(writer, "passed", result->passed);
	quoin_json_put_u64(writer, "failed", result->failed);
	quoin_json_begin_array(writer, "cases");
	for (size_t i = 0; i < result->count; i++)
		put_case(writer, &result->cases[i]);
	quoin_json_end_array(writer);
	quoin_json_end_object(writer);
}
