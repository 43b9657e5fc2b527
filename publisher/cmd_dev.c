#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/dev.h"

int
quoin_cmd_dev(struct quoin_cli *cli, int argc, char **argv)
{
	struct quoin_dev_options dev = {0};
	const char *port_text = NULL;
	const struct quoin_option options[] = {
	    {.name = "port", .takes_value = true, .value = &port_text},
	    {.name = "state", .takes_value = true, .value = &dev.state},
	    {0},
	};
	struct quoin_error err = {0};
	uint64_t port = 0;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count > 1)
		return quoin_cli_usage(cli, "name one directory");
	if (port_text != NULL &&
	    (!quoin_u64_parse(quoin_span_str(port_text), &port) || port == 0 || port > UINT16_MAX))
		return quoin_cli_usage(cli, "--port takes a number from 1 to %d", UINT16_MAX);
	if (cli->namespace_name != NULL && !quoin_name_is_valid(quoin_span_str(cli->namespace_name)))
		return quoin_cli_usage(cli, "\"%s\" is no namespace name", cli->namespace_name);
	dev.port = (uint16_t)port;
	dev.rules = count == 1 ? argv[1] : NULL;
	r = quoin_dev_run(cli, &dev, &err);
	return r == 0 ? 0 : quoin_cli_fail(cli, &err);
}
