#include <stdio.h>

#include "publisher/commands.h"
#include "publisher/export.h"
#include "publisher/report.h"

/* {ok, release, pinned, parts, activation, intents} */
static int
print_json(const struct quoin_export_found *found, bool is_pinned)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_bool(writer, "ok", true);
	quoin_json_put_u64(writer, "release", found->release);
	quoin_json_put_bool(writer, "pinned", is_pinned);
	quoin_json_put_u64(writer, "parts", found->part_count);
	quoin_json_put_u64(writer, "activation", found->seq);
	quoin_json_put_u64(writer, "intents", found->intent_count);
	return quoin_cli_answer_end(&answer);
}

static int
print_whole(const struct quoin_cli *cli, const char *dir, const struct quoin_export_found *found)
{
	const bool is_pinned = cli->conf_path != NULL;
	char activation[64] = "no activation";

	if (cli->json)
		return print_json(found, is_pinned);
	if (found->seq != 0)
		snprintf(activation, sizeof activation, "activation %llu", (unsigned long long)found->seq);
	printf("%s: release %llu is whole and signed%s\n", dir, (unsigned long long)found->release,
	    is_pinned ? "" : " by the root in the directory itself; give -c FILE to check against a pinned one");
	printf("%s: %zu %s, %s, %zu %s\n", dir, found->part_count, found->part_count == 1 ? "part" : "parts",
	    activation, found->intent_count, found->intent_count == 1 ? "intent" : "intents");
	return fflush(stdout) == 0 ? 0 : 1;
}

/* What is missing, each in a line or a problem. Returns the exit status. */
static int
print_missing(const struct quoin_cli *cli, const char *message, const struct quoin_problems *missing)
{
	const int code = QUOIN_EMISSING;
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	struct quoin_buf text;

	if (cli->json) {
		writer = quoin_cli_answer_begin(&answer, QUOIN_REPORT_BYTES_MAX);
		quoin_json_put_string(writer, "error", quoin_error_name(code));
		quoin_json_put_string(writer, "message", message);
		quoin_report_problems(writer, missing);
		(void)quoin_cli_answer_end(&answer);
		return quoin_error_exit_status(code);
	}
	quoin_buf_init(&text, 32u << 20);
	(void)quoin_problems_print(missing, &text);
	fwrite(text.data, 1, text.len, stderr);
	fprintf(stderr, "quoin: %s\n", message);
	quoin_buf_clear(&text);
	return quoin_error_exit_status(code);
}

/* How far the rest is good, after what is missing. */
static int
print_partial(const struct quoin_cli *cli, const struct quoin_export_found *found, const struct quoin_problems *missing,
    const struct quoin_error *err)
{
	char message[QUOIN_ERROR_MESSAGE_BYTES + 128];

	if (found->release == 0)
		snprintf(message, sizeof message, "%s", err->message);
	else
		snprintf(message, sizeof message, "%s; release %llu is signed, and %zu of %zu parts are there and good",
		    err->message, (unsigned long long)found->release, found->part_count - found->part_missing,
		    found->part_count);
	return print_missing(cli, message, missing);
}

static int
verify(const struct quoin_cli *cli, const char *dir, const struct quoin_trust *pinned)
{
	struct quoin_export_found found = {0};
	struct quoin_problems missing;
	struct quoin_error err = {0};
	int r;

	quoin_problems_init(&missing);
	r = quoin_export_verify(dir, pinned, &missing, &found, &err);
	if (r == 0)
		r = print_whole(cli, dir, &found);
	else if (r == QUOIN_EMISSING)
		r = print_partial(cli, &found, &missing, &err);
	else
		r = quoin_cli_fail(cli, &err);
	quoin_problems_clear(&missing);
	return r;
}

int
quoin_cmd_verify(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	struct quoin_control control = {0};
	struct quoin_conf conf = {0};
	struct quoin_error err = {0};
	int r = 0, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1)
		return quoin_cli_usage(cli, "name the directory of an export");
	if (cli->conf_path != NULL) {
		r = quoin_cli_conf(cli, &conf, &err);
		if (r == 0)
			r = quoin_control_init(&control, &conf, &err);
	}
	r = r == 0 ? verify(cli, argv[1], cli->conf_path != NULL ? &control.trust : NULL) : quoin_cli_fail(cli, &err);
	quoin_control_clear(&control);
	quoin_conf_clear(&conf);
	return r;
}
