#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/export.h"
#include "publisher/report.h"

int
quoin_cmd_export(struct quoin_cli *cli, int argc, char **argv)
{
	bool is_store = false;
	const struct quoin_option options[] = {{.name = "store", .is_set = &is_store}, {0}};
	struct quoin_activations activations = {0};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	uint64_t number;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (is_store && count == 1)
		return quoin_cli_run_agent(cli, "--export", argv[1]);
	if (is_store)
		return quoin_cli_usage(cli, "--store exports what is active on this host: name a new directory alone");
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
	if (r == 0)
		quoin_cli_say(cli, "release %llu is in %s; check it with stock tools: minisign -V, b2sum -l 256 -c release.txt",
		    (unsigned long long)number, argv[2]);
	r = r == 0 ? quoin_report_export(cli, number, true) : quoin_cli_fail(cli, &err);
	quoin_activations_clear(&activations);
	quoin_session_close(&session);
	return r;
}
