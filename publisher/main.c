/* quoin(1): what a person types. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "publisher/commands.h"

static void
print_usage(FILE *out)
{
	fprintf(out, "usage: quoin [-c FILE] [-n NAMESPACE] [--json] [-q] COMMAND ...\n\n");
	for (const struct quoin_command *command = quoin_commands; command->name != NULL; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->summary);
	fprintf(out, "\nquoin COMMAND --help tells more; the manual is quoin(1).\n");
}

/* The options before the command. Returns the index of the command, or -1 after having told the usage. */
static int
read_options(struct quoin_cli *cli, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (strcmp(argv[i], "-q") == 0)
			cli->quiet = true;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			cli->conf_path = argv[++i];
		else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
			cli->namespace_name = argv[++i];
		else {
			(void)quoin_cli_usage(cli, "unknown option %s, or its value is missing; quoin --help lists them",
			    argv[i]);
			return -1;
		}
	}
	return i;
}

static const struct quoin_command *
find_command(const char *name)
{
	for (const struct quoin_command *command = quoin_commands; command->name != NULL; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

int
main(int argc, char **argv)
{
	static const char *const places[] = {"./quoin.conf", "/etc/quoin/quoin.conf"};
	struct quoin_cli cli = {0};
	struct winsize window;
	const char *no_colour;
	int at;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout);
		return 0;
	}
	if (quoin_crypto_init() != 0) {
		fprintf(stderr, "quoin: the cryptographic library does not start\n");
		return 1;
	}
	cli.is_terminal = isatty(STDOUT_FILENO) == 1;
	no_colour = getenv("NO_COLOR");
	cli.has_colour = cli.is_terminal && (no_colour == NULL || no_colour[0] == '\0');
	if (cli.is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0)
		cli.columns = window.ws_col;
	cli.conf_path = getenv("QUOIN_CONF");
	for (size_t i = 0; cli.conf_path == NULL && i < sizeof places / sizeof places[0]; i++)
		if (quoin_file_exists(places[i]))
			cli.conf_path = places[i];
	at = read_options(&cli, argc, argv);
	if (at < 0)
		return 2;
	if (at == argc) {
		print_usage(stderr);
		return 2;
	}
	cli.command = find_command(argv[at]);
	if (cli.command == NULL)
		return quoin_cli_usage(&cli, "there is no command %s; quoin --help lists them", argv[at]);
	return cli.command->run(&cli, argc - at, argv + at);
}
