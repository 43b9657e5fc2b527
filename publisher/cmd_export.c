#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/export.h"

static int
print_result(const struct quoin_cli *cli, uint64_t number, const char *dir)
{
	struct quoin_json_writer writer;
	struct quoin_buf json;
	int r;

	if (!cli->json) {
		quoin_cli_say(cli, "release %llu is in %s; check it with stock tools: minisign -V, b2sum -l 256 -c release.txt",
		    (unsigned long long)number, dir);
		return 0;
	}
	quoin_buf_init(&json, 4096);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_bool(&writer, "ok", true);
	quoin_json_put_u64(&writer, "release", number);
	quoin_json_end_object(&writer);
	r = quoin_cli_print_json(&json);
	quoin_buf_clear(&json);
	return r;
}

int
quoin_cmd_export(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	struct quoin_activations activations = {0};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	uint64_t number;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 2 || !quoin_u64_parse(quoin_span_str(argv[1]), &number) || number == 0)
		return quoin_cli_usage(cli, "name a release and a new directory");
	r = quoin_session_open(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	r = quoin_activations_read(&activations, &session.control.trust, session.reader, QUOIN_SESSION_TIMEOUT_MS, NULL,
	    NULL, &err);
	if (r == 0)
		r = quoin_export_write(&session.conf, &session.control, &activations, number, argv[2], &err);
	if (r == QUOIN_ENOENT) /* a release that does not exist is a false precondition, not a usage error */
		err.code = QUOIN_ECONFLICT;
	r = r == 0 ? print_result(cli, number, argv[2]) : quoin_cli_fail(cli, &err);
	quoin_activations_clear(&activations);
	quoin_session_close(&session);
	return r;
}
