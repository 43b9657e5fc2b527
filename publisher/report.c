#include "publisher/report.h"

#include <stdio.h>
#include <string.h>

#define PROBLEMS_BYTES_MAX (16u << 20)

void
quoin_report_console(const struct quoin_cli *cli, struct quoin_buf *console)
{
	if (cli->json || cli->quiet || console->len == 0)
		return;
	fwrite(console->data, 1, console->len, stderr);
}

/* Those of "but" are told otherwise. */
static void
print_lines(const struct quoin_problems *problems, const char *but)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 16u << 20);
	if (quoin_problems_tell(problems, but, &text) == 0 && text.len > 0)
		fwrite(text.data, 1, text.len, stderr);
	quoin_buf_clear(&text);
}

void
quoin_report_warnings(const struct quoin_cli *cli, const struct quoin_problems *problems)
{
	if (!cli->json && !cli->quiet)
		print_lines(problems, "");
}

void
quoin_report_tests(const struct quoin_cli *cli, const struct quoin_testfile_result *tests, bool is_verbose)
{
	struct quoin_buf text;

	if (cli->json || tests->count == 0 || (cli->quiet && tests->failed == 0))
		return;
	quoin_buf_init(&text, 64u << 20);
	quoin_testfile_print(tests, is_verbose, &text);
	fwrite(text.data, 1, text.len, stderr);
	quoin_buf_clear(&text);
}

/* "3 errors; nothing was published". */
static void
print_outcome(const struct quoin_cli *cli, const struct quoin_problems *problems, const struct quoin_testfile_result *tests,
    char *message, size_t message_bytes)
{
	size_t misses = 0, other;
	bool publishes = cli->command != NULL && strcmp(cli->command->name, "publish") == 0;
	char failed[64] = "";

	for (size_t i = 0; tests != NULL && i < tests->count; i++)
		misses += tests->cases[i].miss_count;
	other = problems->error_count > misses ? problems->error_count - misses : 0;
	if (misses > 0)
		snprintf(failed, sizeof failed, "%s%zu of %zu tests failed", other > 0 ? ", " : "", tests->failed, tests->count);
	if (other > 0)
		snprintf(message, message_bytes, "%zu %s%s%s", other, other == 1 ? "error" : "errors", failed,
		    publishes ? "; nothing was published" : "");
	else
		snprintf(message, message_bytes, "%s%s", failed, publishes ? "; nothing was published" : "");
}

void
quoin_report_problems(struct quoin_json_writer *writer, const struct quoin_problems *problems)
{
	struct quoin_buf list;

	quoin_buf_init(&list, PROBLEMS_BYTES_MAX);
	(void)quoin_problems_print_json(problems, &list);
	quoin_json_put_raw(writer, "problems", quoin_buf_span(&list));
	quoin_buf_clear(&list);
}

int
quoin_report_refusal(const struct quoin_cli *cli, int code, const struct quoin_problems *problems,
    const struct quoin_testfile_result *tests)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	char message[160];

	print_outcome(cli, problems, tests, message, sizeof message);
	if (!cli->json) {
		print_lines(problems, tests != NULL ? "test_failed" : "");
		if (tests != NULL)
			quoin_report_tests(cli, tests, false);
		fprintf(stderr, "quoin: %s\n", message);
		return quoin_error_exit_status(code);
	}
	writer = quoin_cli_answer_begin(&answer, QUOIN_REPORT_BYTES_MAX);
	quoin_json_put_bool(writer, "ok", false);
	quoin_json_put_string(writer, "error", quoin_error_name(code));
	quoin_json_put_string(writer, "message", message);
	if (tests != NULL && tests->count > 0)
		quoin_testfile_print_json(tests, writer);
	quoin_report_problems(writer, problems);
	(void)quoin_cli_answer_end(&answer);
	return quoin_error_exit_status(code);
}

int
quoin_report_review(const struct quoin_cli *cli, const struct quoin_review *review)
{
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, 256u << 20);
	if (cli->json) {
		quoin_review_print_json(review, &text);
		r = quoin_cli_print_json(&text);
	} else {
		quoin_review_print(review, &text);
		r = quoin_cli_print_text(cli, &text);
	}
	quoin_buf_clear(&text);
	return r;
}

int
quoin_report_export(const struct quoin_cli *cli, uint64_t release, bool is_pinned)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	if (!cli->json)
		return 0;
	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_bool(writer, "ok", true);
	quoin_json_put_u64(writer, "release", release);
	quoin_json_put_bool(writer, "pinned", is_pinned);
	return quoin_cli_answer_end(&answer);
}

void
quoin_report_parts(struct quoin_json_writer *writer, const struct quoin_compiled *compiled)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1];

	quoin_json_begin_object(writer, "parts");
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		quoin_hash_print(&compiled->parts[i].hash, hash);
		quoin_json_begin_object(writer, compiled->parts[i].name);
		quoin_json_put_string(writer, "hash", hash);
		quoin_json_put_u64(writer, "bytes", compiled->parts[i].bytes.len);
		quoin_json_end_object(writer);
	}
	quoin_json_end_object(writer);
}
