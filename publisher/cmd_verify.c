#include <stdio.h>

#include "publisher/commands.h"
#include "publisher/export.h"
#include "publisher/report.h"

int
quoin_cmd_verify(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	struct quoin_control control = {0};
	struct quoin_conf conf = {0};
	struct quoin_error err = {0};
	uint64_t number = 0;
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
	if (r == 0)
		r = quoin_export_verify(argv[1], cli->conf_path != NULL ? &control.trust : NULL, &number, &err);
	if (r == 0 && !cli->json)
		printf("%s: release %llu is whole and signed%s\n", argv[1], (unsigned long long)number,
		    cli->conf_path != NULL ? "" : " by the root in the directory itself; give -c FILE to check against a pinned one");
	r = r == 0 ? quoin_report_export(cli, number, cli->conf_path != NULL) : quoin_cli_fail(cli, &err);
	quoin_control_clear(&control);
	quoin_conf_clear(&conf);
	return r;
}
