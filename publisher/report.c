#include "publisher/report.h"

#include <stdio.h>

void
quoin_report_console(const struct quoin_cli *cli, struct quoin_buf *console)
{
	if (cli->json || cli->quiet || console->len == 0)
		return;
	fwrite(console->data, 1, console->len, stderr);
}

static void
print_lines(const struct quoin_problems *problems)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 16u << 20);
	if (quoin_problems_print(problems, &text) == 0 && text.len > 0)
		fwrite(text.data, 1, text.len, stderr);
	quoin_buf_clear(&text);
}

void
quoin_report_warnings(const struct quoin_cli *cli, const struct quoin_problems *problems)
{
	if (!cli->json && !cli->quiet)
		print_lines(problems);
}

int
quoin_report_refusal(const struct quoin_cli *cli, int code, const struct quoin_problems *problems)
{
	struct quoin_json_writer writer;
	struct quoin_buf json, list;
	char message[64];

	snprintf(message, sizeof message, "%zu %s; nothing was published", problems->error_count,
	    problems->error_count == 1 ? "error" : "errors");
	if (!cli->json) {
		print_lines(problems);
		fprintf(stderr, "quoin: %s\n", message);
		return quoin_error_exit_status(code);
	}
	quoin_buf_init(&json, 32u << 20);
	quoin_buf_init(&list, 16u << 20);
	(void)quoin_problems_print_json(problems, &list);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_string(&writer, "error", quoin_error_name(code));
	quoin_json_put_string(&writer, "message", message);
	quoin_json_put_raw(&writer, "problems", quoin_buf_span(&list));
	quoin_json_end_object(&writer);
	(void)quoin_cli_print_json(&json);
	quoin_buf_clear(&list);
	quoin_buf_clear(&json);
	return quoin_error_exit_status(code);
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
