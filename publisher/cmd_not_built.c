#include <string.h>

#include "publisher/commands.h"

int
quoin_cmd_not_built(struct quoin_cli *cli, int argc, char **argv)
{
	static const struct quoin_option none[] = {{0}};
	char help[] = "--help", *asked[] = {argv[0], help, NULL};
	struct quoin_error err = {0};
	int count;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return quoin_cli_options(cli, 2, asked, none, &count) < 0 ? 0 : 1;
	quoin_error_set(&err, QUOIN_ENOTBUILT, "%s: not built", argv[0]);
	return quoin_cli_fail(cli, &err);
}
