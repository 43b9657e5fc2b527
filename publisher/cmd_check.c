#include <stdlib.h>

#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/material.h"
#include "publisher/report.h"

static int
print_result(const struct quoin_cli *cli, const struct quoin_compiled *compiled,
    const struct quoin_testfile_result *tests, bool is_verbose, const struct quoin_problems *problems)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	if (!cli->json) {
		quoin_report_warnings(cli, problems);
		if (is_verbose)
			quoin_report_tests(cli, tests, true);
		quoin_cli_say(cli, "ok: %zu objectives, %zu rules, %zu model versions on %zu shards; %zu %s passed",
		    compiled->objective_count, compiled->rule_count, compiled->model_count, compiled->shard_count,
		    tests->passed, tests->passed == 1 ? "test" : "tests");
		return 0;
	}
	writer = quoin_cli_answer_begin(&answer, QUOIN_REPORT_BYTES_MAX);
	quoin_json_put_bool(writer, "ok", true);
	quoin_report_parts(writer, compiled);
	quoin_json_put_u64(writer, "objectives", compiled->objective_count);
	quoin_json_put_u64(writer, "models", compiled->model_count);
	quoin_json_put_u64(writer, "shards", compiled->shard_count);
	quoin_json_put_u64(writer, "rules", compiled->rule_count);
	quoin_testfile_print_json(tests, writer);
	quoin_report_problems(writer, problems);
	return quoin_cli_answer_end(&answer);
}

int
quoin_cmd_check(struct quoin_cli *cli, int argc, char **argv)
{
	const char *against = NULL;
	bool is_verbose = false;
	const struct quoin_option options[] = {
	    {.name = "against", .takes_value = true, .value = &against},
	    {.name = "verbose", .short_name = 'v', .is_set = &is_verbose},
	    {0},
	};
	struct quoin_material *material;
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	uint64_t number = 0;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1)
		return quoin_cli_usage(cli, "name one directory");
	if (against != NULL && (!quoin_u64_parse(quoin_span_str(against), &number) || number == 0))
		return quoin_cli_usage(cli, "--against takes a release number");
	material = malloc(sizeof *material);
	if (material == NULL)
		abort();
	quoin_material_init(material);
	if (against != NULL) {
		r = quoin_session_open(cli, &session, &err);
		if (r == 0)
			r = quoin_base_fetch(&session.conf, &session.control, &(struct quoin_base_choice){.number = number},
			    &material->base, &err);
	}
	if (r == 0)
		r = quoin_material_compile(cli, argv[1], false, material, &err);
	if (r == 0)
		r = quoin_material_vet(against != NULL ? &session.conf : NULL, NULL, 0, material, &err);
	quoin_problems_sort(&material->problems);
	if (r == QUOIN_EREFUSED && material->problems.error_count > 0)
		r = quoin_report_refusal(cli, r, &material->problems, &material->tests);
	else
		r = r == 0 ? print_result(cli, &material->compiled, &material->tests, is_verbose, &material->problems)
			   : quoin_cli_fail(cli, &err);
	quoin_material_clear(material);
	free(material);
	quoin_session_close(&session);
	return r;
}
