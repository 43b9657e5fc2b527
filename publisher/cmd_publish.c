#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/lost.h"
#include "publisher/publish_run.h"
#include "publisher/report.h"

static bool
waives(const struct quoin_publish_request *request, const char *guard)
{
	for (size_t i = 0; i < request->waived_count; i++)
		if (strcmp(request->waived[i], guard) == 0)
			return true;
	return false;
}

/* The material of the request, with its base, through tests and guards. */
static int
make_material(const struct quoin_cli *cli, struct quoin_session *session, struct quoin_publish_request *request,
    struct quoin_material *material, struct quoin_error *err)
{
	struct quoin_base_choice active;
	int r = quoin_base_active(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, &active, err);

	if (r == 0)
		r = request->dir != NULL
		    ? quoin_base_fetch(&session->conf, &session->control, &active, &material->base, err)
		    : quoin_base_describe(&session->control, active.number, &material->base, err);
	if (r == 0)
		r = quoin_material_read_fleet(session, material, err);
	if (r == 0)
		r = request->dir != NULL
		    ? quoin_material_compile(cli, request->dir, waives(request, "capacity"), material, err)
		    : quoin_material_read_files(request->part_texts, request->part_count,
			  request->schema != NULL ? request->schema : "raw", request->policy_file, material, err);
	return r == 0 ? quoin_material_vet(&session->conf, request->waived, request->waived_count, material, err) : r;
}

static int
run(const struct quoin_cli *cli, struct quoin_session *session, struct quoin_publish_request *request, struct quoin_material *material,
    struct quoin_error *err)
{
	struct quoin_docref expected = session->control.ledger.head;
	uint64_t number;
	int r;

	if (request->expect != NULL) {
		(void)quoin_u64_parse(quoin_span_str(request->expect), &number);
		if (number != expected.number)
			return quoin_error_set(err, QUOIN_ECONFLICT, "the head is release %llu, not %llu; nothing was published",
			    (unsigned long long)expected.number, (unsigned long long)number);
	}
	r = quoin_lost_check(session, err);
	if (r != 0)
		return r;
	if (request->from != NULL)
		return quoin_publish_signed(cli, session, request, err);
	r = make_material(cli, session, request, material, err);
	if (r != 0)
		return r;
	material->publication.message = request->message;
	material->publication.meta = request->meta;
	material->publication.meta_count = request->meta_count;
	material->publication.waived = request->waived;
	material->publication.waived_count = request->waived_count;
	return quoin_publish_material(cli, session, request, material, &expected, err);
}

int
quoin_cmd_publish(struct quoin_cli *cli, int argc, char **argv)
{
	struct quoin_publish_request *request = calloc(1, sizeof *request);
	struct quoin_material *material = calloc(1, sizeof *material);
	struct quoin_session *session = calloc(1, sizeof *session);
	struct quoin_error err = {0};
	int r, count = 0;

	if (request == NULL || material == NULL || session == NULL)
		abort();
	const struct quoin_option options[] = {
	    {.name = "part", .takes_value = true, .each = quoin_publish_request_part, .ctx = request},
	    {.name = "schema", .takes_value = true, .value = &request->schema},
	    {.name = "policy", .takes_value = true, .value = &request->policy_file},
	    {.name = "message", .short_name = 'm', .takes_value = true, .value = &request->message},
	    {.name = "meta", .takes_value = true, .each = quoin_publish_request_meta, .ctx = request},
	    {.name = "expect", .takes_value = true, .value = &request->expect},
	    {.name = "waive", .takes_value = true, .each = quoin_publish_request_waiver, .ctx = request},
	    {.name = "wait", .takes_value = true, .is_optional = true, .is_set = &request->wait, .value = &request->wait_text},
	    {.name = "dry-run", .is_set = &request->dry_run},
	    {.name = "prepare", .takes_value = true, .value = &request->prepare},
	    {.name = "from", .takes_value = true, .value = &request->from},
	    {0},
	};
	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r == 0 && count > 1)
		r = quoin_cli_usage(cli, "name one directory");
	request->dir = r == 0 && count == 1 ? argv[1] : NULL;
	if (r == 0)
		r = quoin_publish_request_check(cli, request);
	if (r != 0) {
		r = r < 0 ? 0 : r;
		goto out;
	}
	quoin_material_init(material);
	r = quoin_session_open(cli, session, &err);
	if (r == 0)
		r = run(cli, session, request, material, &err);
	quoin_problems_sort(&material->problems);
	if (r == QUOIN_EREFUSED && material->problems.error_count > 0)
		r = quoin_report_refusal(cli, r, &material->problems, &material->tests);
	else if (r != 0)
		r = quoin_cli_fail(cli, &err);
	else
		quoin_report_warnings(cli, &material->problems);
	quoin_material_clear(material);
	quoin_session_close(session);
out:
	quoin_publish_request_clear(request);
	free(request);
	free(material);
	free(session);
	return r;
}
