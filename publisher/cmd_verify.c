#include <stdio.h>

#include "publisher/commands.h"
#include "publisher/export.h"

static int
print_result(const struct quoin_cli *cli, uint64_t number, const char *dir, bool is_pinned)
{
	struct quoin_json_writer writer;
	struct quoin_buf json;
	int r;

	if (!cli->json) {
		printf("%s: release %llu is whole and signed%s\n", dir, (unsigned long long)number,
		    is_pinned ? "" : " by the root in the directory itself; give -c FILE to check against a pinned one");
		return 0;
	}
	quoin_buf_init(&json, 4096);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_bool(&writer, "ok", true);
	quoin_json_put_u64(&writer, "release", number);
	quoin_json_put_bool(&writer, "pinned", is_pinned);
	quoin_json_end_object(&writer);
	r = quoin_cli_print_json(&json);
	quoin_buf_clear(&json);
	return r;
}

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
	r = r == 0 ? print_result(cli, number, argv[1], cli->conf_path != NULL) : quoin_cli_fail(cli, &err);
	quoin_control_clear(&control);
	quoin_conf_clear(&conf);
	return r;
}
