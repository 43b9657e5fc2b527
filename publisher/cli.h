/*
 * The command line: what every command shares. A command is one file, publisher/cmd_<name>.c, with one function and one
 * row in the table of publisher/cli.c.
 */
#ifndef QUOIN_PUBLISHER_CLI_H
#define QUOIN_PUBLISHER_CLI_H

#include "formats/conf.h"
#include "lib/error.h"
#include "lib/json_writer.h"
#include "publisher/control.h"

/* The options before the command, and where things are printed. */
struct quoin_cli {
	const char *conf_path;	    /* -c, $QUOIN_CONF, ./quoin.conf, /etc/quoin/quoin.conf: the first that applies; or NULL */
	const char *namespace_name; /* -n, or NULL: the configuration's */
	bool json;
	bool quiet;
	bool is_terminal; /* stdout is one: progress is welcome */
	bool has_colour;  /* and so is colour: $NO_COLOR does not forbid it */
	size_t columns;	  /* of that terminal; 0: lines are not broken */
	const struct quoin_command *command;
};

struct quoin_command {
	const char *name;
	const char *synopsis; /* after the name: "DIR [--against N]" */
	const char *summary;  /* one line */
	const char *help;     /* the options, ready-made lines; may be NULL */
	/* argv[0] is the command's name. Returns the exit status (quoin(1) EXIT STATUS). */
	int (*run)(struct quoin_cli *cli, int argc, char **argv);
};

/* Usage error: prints the reason and the synopsis, returns 2. */
int quoin_cli_usage(const struct quoin_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Print an error (stderr: "quoin: file:line:column: message"; with --json the object of INTERFACES.md section 1 on stdout)
 * and return its exit status. */
int quoin_cli_fail(const struct quoin_cli *cli, const struct quoin_error *err);
/* One finished JSON line to stdout. Returns 0, or 1 when stdout cannot be written. */
int quoin_cli_print_json(struct quoin_buf *json);
/* A command's whole answer with --json: one object, whose members are put by the writer that "begin" returns (it is the
 * answer's). "end" prints the object and frees its memory, and returns what quoin_cli_print_json does: 1, too, where there
 * was no memory or it came to more than "bytes_max" bytes. */
struct quoin_cli_answer {
	struct quoin_buf text;
	struct quoin_json_writer writer;
};
struct quoin_json_writer *quoin_cli_answer_begin(struct quoin_cli_answer *answer, size_t bytes_max);
int quoin_cli_answer_end(struct quoin_cli_answer *answer);
/* Text for people to stdout, its long lines broken for the terminal. Returns 0, or 1 when stdout cannot be written. */
int quoin_cli_print_text(const struct quoin_cli *cli, struct quoin_buf *text);
/* A line for people on stderr, unless --quiet or --json. */
void quoin_cli_say(const struct quoin_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Long options of commands: a table ended by a zero name. Values are left in "value" (borrowed from argv) or, for flags,
 * "is_set". "is_repeated" options call "each" for every value. Positional arguments are moved to the front; *ret_count of
 * them are left at argv[1..]. Returns 0, or 2 after having told the usage; "--help" prints the help and returns -1
 * (the command returns 0). Both "--name VALUE" and "--name=VALUE" work; short is a letter or 0; an option with
 * is_optional takes a value only in the form "--name=VALUE". */
struct quoin_option {
	const char *name;
	char short_name;
	bool takes_value;
	bool is_optional;
	bool *is_set;
	const char **value;
	int (*each)(void *ctx, const char *value, struct quoin_error *err);
	void *ctx;
};
int quoin_cli_options(const struct quoin_cli *cli, int argc, char **argv, const struct quoin_option *options,
    int *ret_count);

/* Read and check the configuration (with -n over it). 0, or the error to be given to quoin_cli_fail. */
int quoin_cli_conf(const struct quoin_cli *cli, struct quoin_conf *ret, struct quoin_error *err);

/* A host's store is the agent's: become quoind(8) with this option, the directory and the configuration. Returns only when
 * that cannot be, the exit status. */
int quoin_cli_run_agent(const struct quoin_cli *cli, const char *option, const char *dir);

/* A session: configuration, a bus reader, and the control topic read to its end. What most commands begin with. */
struct quoin_session {
	struct quoin_conf conf;
	struct quoin_bus_conf bus; /* borrows from conf */
	struct quoin_bus_reader *reader;
	struct quoin_control control;
};
#define QUOIN_SESSION_TIMEOUT_MS 15000
int quoin_session_open(const struct quoin_cli *cli, struct quoin_session *ret, struct quoin_error *err);
/* The same without certificates, whose number does not hold up what an operator wants of no single host. */
int quoin_session_open_brake(const struct quoin_cli *cli, struct quoin_session *ret, struct quoin_error *err);
void quoin_session_close(struct quoin_session *session);

#endif
