#include "publisher/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "publisher/wrap.h"

int
quoin_cli_usage(const struct quoin_cli *cli, const char *fmt, ...)
{
	struct quoin_error err = {0};
	char text[QUOIN_ERROR_MESSAGE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (cli->json) {
		quoin_error_set(&err, QUOIN_EUSAGE, "%s", text);
		return quoin_cli_fail(cli, &err);
	}
	fprintf(stderr, "quoin: %s\n", text);
	if (cli->command != NULL)
		fprintf(stderr, "usage: quoin %s %s\n", cli->command->name, cli->command->synopsis);
	return quoin_error_exit_status(QUOIN_EUSAGE);
}

int
quoin_cli_print_json(struct quoin_buf *json)
{
	quoin_buf_put_byte(json, '\n');
	if (json->error != 0)
		return 1;
	fwrite(json->data, 1, json->len, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

struct quoin_json_writer *
quoin_cli_answer_begin(struct quoin_cli_answer *answer, size_t bytes_max)
{
	quoin_buf_init(&answer->text, bytes_max);
	quoin_json_writer_init(&answer->writer, &answer->text);
	quoin_json_begin_object(&answer->writer, NULL);
	return &answer->writer;
}

int
quoin_cli_answer_end(struct quoin_cli_answer *answer)
{
	int r;

	quoin_json_end_object(&answer->writer);
	r = quoin_cli_print_json(&answer->text);
	quoin_buf_clear(&answer->text);
	return r;
}

int
quoin_cli_print_text(const struct quoin_cli *cli, struct quoin_buf *text)
{
	struct quoin_buf wrapped;
	bool is_written;

	quoin_buf_init(&wrapped, 512u << 20);
	quoin_wrap(quoin_buf_span(text), cli->columns, &wrapped);
	is_written = text->error == 0 && wrapped.error == 0 &&
	    fwrite(wrapped.data, 1, wrapped.len, stdout) == wrapped.len && fflush(stdout) == 0;
	quoin_buf_clear(&wrapped);
	return is_written ? 0 : 1;
}

int
quoin_cli_fail(const struct quoin_cli *cli, const struct quoin_error *err)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES + QUOIN_ERROR_FILE_BYTES + 32];
	struct quoin_buf json;

	if (cli->json) {
		quoin_buf_init(&json, 64u << 10);
		quoin_json_print_failure(err, &json);
		(void)quoin_cli_print_json(&json);
		quoin_buf_clear(&json);
	} else {
		quoin_error_print(err, text, sizeof text);
		fprintf(stderr, "quoin: %s\n", text);
	}
	return quoin_error_exit_status(err->code);
}

void
quoin_cli_say(const struct quoin_cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet || cli->json)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void
print_help(const struct quoin_command *command)
{
	printf("usage: quoin %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
	if (command->help != NULL)
		printf("\n%s", command->help);
}

/* The option that "arg" names, and its value if it is inside ("--name=value", "-nvalue"), or NULL. */
static const struct quoin_option *
find_option(const struct quoin_option *options, const char *arg, const char **ret_value)
{
	*ret_value = NULL;
	for (const struct quoin_option *option = options; option->name != NULL; option++) {
		size_t bytes = strlen(option->name);

		if (arg[1] == '-' && strncmp(arg + 2, option->name, bytes) == 0 &&
		    (arg[2 + bytes] == '\0' || arg[2 + bytes] == '=')) {
			if (arg[2 + bytes] == '=')
				*ret_value = arg + 3 + bytes;
			return option;
		}
		if (arg[1] != '-' && option->short_name != '\0' && arg[1] == option->short_name) {
			if (arg[2] != '\0')
				*ret_value = arg + 2;
			return option;
		}
	}
	return NULL;
}

static int
take_option(const struct quoin_cli *cli, const struct quoin_option *option, const char *arg, const char *value)
{
	struct quoin_error err = {0};

	if (!option->takes_value && value != NULL)
		return quoin_cli_usage(cli, "%s takes no value", arg);
	if (option->is_set != NULL)
		*option->is_set = true;
	if (value != NULL && option->value != NULL)
		*option->value = value;
	if (value != NULL && option->each != NULL && option->each(option->ctx, value, &err) != 0)
		return quoin_cli_usage(cli, "%s: %s", arg, err.message);
	return 0;
}

int
quoin_cli_options(const struct quoin_cli *cli, int argc, char **argv, const struct quoin_option *options,
    int *ret_count)
{
	bool only_arguments = false;
	int count = 0;

	for (int i = 1; i < argc; i++) {
		const struct quoin_option *option;
		const char *value, *arg = argv[i];
		int r;

		if (only_arguments || arg[0] != '-' || arg[1] == '\0') {
			argv[1 + count++] = argv[i];
			continue;
		}
		if (strcmp(arg, "--") == 0) {
			only_arguments = true;
			continue;
		}
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			print_help(cli->command);
			return -1;
		}
		option = find_option(options, arg, &value);
		if (option == NULL && (strcmp(arg, "--json") == 0 || strcmp(arg, "-q") == 0))
			return quoin_cli_usage(cli, "%s goes before the command: quoin %s %s", arg, arg, argv[0]);
		if (option == NULL)
			return quoin_cli_usage(cli, "unknown option %s", arg);
		if (option->takes_value && !option->is_optional && value == NULL) {
			if (i + 1 == argc)
				return quoin_cli_usage(cli, "%s needs a value", arg);
			value = argv[++i];
		}
		r = take_option(cli, option, arg, value);
		if (r != 0)
			return r;
	}
	*ret_count = count;
	return 0;
}

int
quoin_cli_conf(const struct quoin_cli *cli, struct quoin_conf *ret, struct quoin_error *err)
{
	struct quoin_buf text;
	int r;

	if (cli->conf_path == NULL)
		return quoin_error_set(err, QUOIN_ECONFIG,
		    "no configuration; give -c FILE, set QUOIN_CONF, or make ./quoin.conf or /etc/quoin/quoin.conf");
	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	r = quoin_file_read(cli->conf_path, &text, err);
	if (r == 0) {
		memset(ret, 0, sizeof *ret);
		r = quoin_conf_parse(quoin_buf_span(&text), cli->conf_path, ret, err);
	} else if (r == QUOIN_ENOENT) {
		r = quoin_error_set(err, QUOIN_ECONFIG, "there is no configuration %s", cli->conf_path);
	} else if (quoin_error_class(r) == QUOIN_CLASS_DATA) { /* a directory, or far too large */
		r = err->code = QUOIN_ECONFIG;
	}
	if (r == 0 && cli->namespace_name != NULL)
		snprintf(ret->namespace_name, sizeof ret->namespace_name, "%s", cli->namespace_name);
	quoin_buf_clear(&text);
	return r;
}

static int
open_session(const struct quoin_cli *cli, bool is_without_certs, struct quoin_session *ret, struct quoin_error *err)
{
	struct quoin_error expired = {0};
	int r;

	memset(ret, 0, sizeof *ret);
	r = quoin_cli_conf(cli, &ret->conf, err);
	if (r != 0)
		return r;
	ret->bus = (struct quoin_bus_conf){ret->conf.properties, ret->conf.property_count, "quoin"};
	r = quoin_control_init(&ret->control, &ret->conf, err);
	ret->control.is_without_certs = is_without_certs;
	if (r == 0)
		r = quoin_bus_reader_open_brief(&ret->bus, &ret->reader, err);
	if (r == 0) {
		r = quoin_control_read(&ret->control, ret->reader, QUOIN_SESSION_TIMEOUT_MS, err);
		if (r != 0 && quoin_error_class(r) == QUOIN_CLASS_RETRY)
			(void)quoin_error_prefix(err, "the broker does not answer, nothing was done");
	}
	if (r == 0)
		r = quoin_control_check_system(&ret->control, err);
	if (r != 0)
		quoin_session_close(ret);
	else if (quoin_control_check_root(&ret->control, quoin_clock_wall_ms(), &expired) != 0)
		quoin_cli_say(cli, "warning: %s", expired.message);
	return r;
}

int
quoin_cli_run_agent(const struct quoin_cli *cli, const char *option, const char *dir)
{
	char path[QUOIN_PATH_BYTES_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof "quoind");
	struct quoin_error err = {0};

	if (cli->conf_path == NULL)
		quoin_error_set(&err, QUOIN_ECONFIG, "no configuration; name the host's quoin.conf with -c");
	else if (len < 0)
		quoin_error_sys(&err, QUOIN_ESYSTEM, "cannot find the program quoind");
	else {
		path[len] = '\0';
		slash = strrchr(path, '/');
		memcpy(slash != NULL ? slash + 1 : path, "quoind", sizeof "quoind");
		(void)fflush(stdout);
		(void)execl(path, path, option, dir, "-c", cli->conf_path, cli->json ? "--json" : (char *)NULL, (char *)NULL);
		quoin_error_sys(&err, QUOIN_ESYSTEM, "cannot start %s", path);
	}
	return quoin_cli_fail(cli, &err);
}

int
quoin_session_open(const struct quoin_cli *cli, struct quoin_session *ret, struct quoin_error *err)
{
	return open_session(cli, false, ret, err);
}

int
quoin_session_open_brake(const struct quoin_cli *cli, struct quoin_session *ret, struct quoin_error *err)
{
	return open_session(cli, true, ret, err);
}

void
quoin_session_close(struct quoin_session *session)
{
	quoin_bus_reader_close(session->reader);
	quoin_control_clear(&session->control);
	quoin_conf_clear(&session->conf);
	memset(session, 0, sizeof *session);
}
