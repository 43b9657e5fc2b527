#include "publisher/commands.h"

int
quoin_cmd_not_built(struct quoin_cli *cli, int argc, char **argv)
{
	struct quoin_error err = {0};

	(void)argc;
	quoin_error_set(&err, QUOIN_ENOTBUILT, "%s: not built", argv[0]);
	return quoin_cli_fail(cli, &err);
}
