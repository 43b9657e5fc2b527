#include <stdio.h>
#include <string.h>

#include "publisher/commands.h"

/* The next word of the text that begins with "--", without what follows the name; false if there is none. */
static bool
next_option(const char **text, size_t *ret_len)
{
	const char *at = strstr(*text, "--");

	if (at == NULL)
		return false;
	*text = at;
	*ret_len = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
	return true;
}

/* Every option that the help explains, and --help. */
static void
print_options(const struct quoin_command *command)
{
	const char *text = command->help != NULL ? command->help : "";
	size_t len;

	for (; next_option(&text, &len); text += len) {
		/* Explained ones begin a line; others are mentioned. */
		if (text - command->help >= 2 && strncmp(text - 2, "  ", 2) == 0)
			printf("%.*s ", (int)len, text);
	}
	printf("--help");
}

/* What bash(1) calls to complete a command line; file names where nothing here fits. */
static void
print_bash(void)
{
	printf("# Completion of quoin(1) for bash(1); written by \"quoin completion bash\".\n"
	       "_quoin() {\n"
	       "\tlocal command= words= i\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t-c | -n) ((i++)) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*) command=${COMP_WORDS[i]} && break ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $command in\n"
	       "\t'') words='-c -n -q --json --help");
	for (const struct quoin_command *command = quoin_commands; command->name != NULL; command++)
		printf(" %s", command->name);
	printf("' ;;\n");
	for (const struct quoin_command *command = quoin_commands; command->name != NULL; command++) {
		printf("\t%s) words='", command->name);
		print_options(command);
		printf("' ;;\n");
	}
	printf("\tesac\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
	       "}\n"
	       "complete -o bashdefault -o default -F _quoin quoin\n");
}

int
quoin_cmd_completion(struct quoin_cli *cli, int argc, char **argv)
{
	static const struct quoin_option options[] = {{0}};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1 || strcmp(argv[1], "bash") != 0)
		return quoin_cli_usage(cli, "completion takes the name of a shell: bash");
	print_bash();
	return fflush(stdout) == 0 ? 0 : 1;
}
