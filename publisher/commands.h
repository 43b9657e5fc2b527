/*
 * The table of commands: one function per file publisher/cmd_<name>.c. Synopsis, summary and help stand in the table
 * (publisher/commands.c), so that --help, usage errors and shell completion have one source.
 */
#ifndef QUOIN_PUBLISHER_COMMANDS_H
#define QUOIN_PUBLISHER_COMMANDS_H

#include "publisher/cli.h"

/* Ended by a zero name. */
extern const struct quoin_command quoin_commands[];

int quoin_cmd_init(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_key(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_root(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_enrol(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_completion(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_check(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_plan(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_publish(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_rollback(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_intent(struct quoin_cli *cli, int argc, char **argv); /* pin … retry: by argv[0] */
int quoin_cmd_status(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_why(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_log(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_show(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_diff(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_resolve(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_export(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_verify(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_gc(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_import(struct quoin_cli *cli, int argc, char **argv);
int quoin_cmd_dev(struct quoin_cli *cli, int argc, char **argv);

#endif
