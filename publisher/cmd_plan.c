#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/material.h"
#include "publisher/report.h"
#include "publisher/review.h"

struct request {
	const char *dir, *contexts;
	uint64_t against; /* 0: what is active */
};

struct plan {
	struct quoin_session session;
	bool has_session;
	struct quoin_material material;
	struct quoin_difference difference;
	struct quoin_transfer transfer;
	struct quoin_decisions decisions;
	bool has_decisions;
	char contexts[QUOIN_PATH_BYTES_MAX]; /* where they are read from; "": nowhere */
	struct quoin_ruleset nothing;
};

/* Without a configuration there is nothing to plan against; with one, the base and what hosts announced. */
static int
open_base(const struct quoin_cli *cli, const struct request *request, struct plan *plan, struct quoin_error *err)
{
	struct quoin_session *session = &plan->session;
	struct quoin_base_choice choice;
	int r;

	if (cli->conf_path == NULL && request->against == 0)
		return 0;
	r = quoin_session_open(cli, session, err);
	if (r != 0)
		return r;
	plan->has_session = true;
	r = quoin_base_active(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, &choice, err);
	if (request->against != 0)
		choice.number = request->against;
	if (r == 0)
		r = quoin_base_fetch(&session->conf, &session->control, &choice, &plan->material.base, err);
	if (r == QUOIN_ENOENT)
		r = err->code = QUOIN_ECONFLICT;
	return r == 0 ? quoin_material_read_fleet(session, &plan->material, err) : r;
}

static int
measure_transfer(struct plan *plan, struct quoin_error *err)
{
	const struct quoin_base *base = &plan->material.base;
	int r = 0;

	for (size_t i = 0; r == 0 && i < QUOIN_COMPILED_PARTS; i++)
		r = quoin_transfer_add(plan->material.compiled.parts[i].name,
		    quoin_buf_span(&plan->material.compiled.parts[i].bytes),
		    quoin_parts_content(&base->parts, plan->material.compiled.parts[i].name), &plan->transfer);
	return r == 0 ? 0 : quoin_error_set(err, r, "cannot pack the parts");
}

/* ---- Sample contexts ---- */

static int
open_view(const struct quoin_part_bytes *parts, size_t count, uint64_t release, struct quoin_reader **ret_reader,
    struct quoin_view *ret_view, struct quoin_error *err)
{
	struct quoin_message message = {0};
	int r = quoin_reader_open_parts(parts, count, release, ret_reader, &message);

	if (r != 0)
		return quoin_error_set(err, message.code, "%s", message.text);
	r = quoin_view_acquire(*ret_reader, ret_view);
	return r == 0 ? 0 : quoin_error_set(err, r, "%s", quoin_code_text(r));
}

static int
open_before(const struct plan *plan, struct quoin_reader **ret_reader, struct quoin_view *ret_view,
    struct quoin_error *err)
{
	static const char *const names[] = {"rules", "routes"};
	const struct quoin_base *base = &plan->material.base;
	struct quoin_part_bytes parts[2];
	size_t count = 0;

	if (base->number == 0)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct quoin_span content = quoin_parts_content(&base->parts, names[i]);

		if (content.len > 0)
			parts[count++] = (struct quoin_part_bytes){names[i], content.data, content.len};
	}
	return open_view(parts, count, base->number, ret_reader, ret_view, err);
}

static int
decide(struct plan *plan, FILE *in, struct quoin_error *err)
{
	const struct quoin_compiled_part *compiled = plan->material.compiled.parts;
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];
	struct quoin_reader *readers[2] = {NULL, NULL};
	struct quoin_view before = {0}, after = {0};
	int r;

	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		parts[i] = (struct quoin_part_bytes){compiled[i].name, compiled[i].bytes.data, compiled[i].bytes.len};
	r = open_before(plan, &readers[0], &before, err);
	if (r == 0)
		r = open_view(parts, QUOIN_COMPILED_PARTS, 0, &readers[1], &after, err);
	if (r == 0)
		r = quoin_decisions_compare(&before, &after, in, &plan->decisions, err);
	plan->has_decisions = r == 0;
	quoin_view_release(&before);
	quoin_view_release(&after);
	quoin_reader_close(readers[0]);
	quoin_reader_close(readers[1]);
	return r;
}

static int
decide_contexts(struct plan *plan, struct quoin_error *err)
{
	FILE *in;
	int r;

	if (strcmp(plan->contexts, "-") == 0)
		return decide(plan, stdin, err);
	in = fopen(plan->contexts, "r");
	if (in == NULL)
		return quoin_error_sys(err, QUOIN_ENOENT, "cannot read %s", plan->contexts);
	r = decide(plan, in, err);
	fclose(in);
	return r;
}

/* The directory's own sample if no other is named. */
static int
find_contexts(const struct request *request, struct plan *plan, struct quoin_error *err)
{
	int bytes = 0;

	if (request->contexts != NULL)
		bytes = snprintf(plan->contexts, sizeof plan->contexts, "%s", request->contexts);
	else if (quoin_directory_find(&plan->material.compiled.directory, QUOIN_DIRECTORY_CONTEXTS) != NULL)
		bytes = snprintf(plan->contexts, sizeof plan->contexts, "%s/contexts.jsonl", request->dir);
	if ((size_t)bytes >= sizeof plan->contexts)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path of the contexts is too long");
	return 0;
}

/* ---- The plan ---- */

static int
make(const struct quoin_cli *cli, const struct request *request, struct plan *plan, struct quoin_error *err)
{
	struct quoin_material *material = &plan->material;
	int r = open_base(cli, request, plan, err);

	if (r == 0)
		r = quoin_material_compile(cli, request->dir, false, material, err);
	if (r == 0) {
		/* What guards object to, and tests that fail, are part of the plan, not its failure. */
		r = quoin_material_vet(plan->has_session ? &plan->session.conf : NULL, NULL, 0, material, err);
		r = r == QUOIN_EREFUSED ? 0 : r;
	}
	if (r == 0 && quoin_difference_make(material->base.has_ruleset ? &material->base.ruleset : &plan->nothing,
			  &material->compiled.ruleset, &plan->difference) != 0)
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory to compare");
	if (r == 0)
		r = measure_transfer(plan, err);
	if (r == 0)
		r = find_contexts(request, plan, err);
	return r == 0 && plan->contexts[0] != '\0' ? decide_contexts(plan, err) : r;
}

static int
print(const struct quoin_cli *cli, const struct request *request, const struct plan *plan)
{
	const struct quoin_review review = {
	    .before = plan->material.base.number,
	    .directory = request->dir,
	    .difference = &plan->difference,
	    .transfer = &plan->transfer,
	    .decisions = plan->has_decisions ? &plan->decisions : NULL,
	    .contexts = plan->contexts,
	    .guards = &plan->material.problems,
	    .tests_passed = plan->material.tests.passed,
	    .tests_failed = plan->material.tests.failed,
	    .is_coloured = cli->has_colour,
	};

	return quoin_report_review(cli, &review);
}

int
quoin_cmd_plan(struct quoin_cli *cli, int argc, char **argv)
{
	struct request request = {0};
	const char *against = NULL;
	const struct quoin_option options[] = {
	    {.name = "against", .takes_value = true, .value = &against},
	    {.name = "contexts", .takes_value = true, .value = &request.contexts},
	    {0},
	};
	struct quoin_error err = {0};
	struct plan *plan;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1)
		return quoin_cli_usage(cli, "name one directory");
	if (against != NULL && (!quoin_u64_parse(quoin_span_str(against), &request.against) || request.against == 0))
		return quoin_cli_usage(cli, "--against takes a release number");
	request.dir = argv[1];
	plan = calloc(1, sizeof *plan);
	if (plan == NULL)
		abort();
	quoin_material_init(&plan->material);
	r = make(cli, &request, plan, &err);
	if (r == QUOIN_EREFUSED && plan->material.problems.error_count > 0)
		r = quoin_report_refusal(cli, r, &plan->material.problems, &plan->material.tests);
	else
		r = r == 0 ? print(cli, &request, plan) : quoin_cli_fail(cli, &err);
	quoin_decisions_clear(&plan->decisions);
	quoin_difference_clear(&plan->difference);
	quoin_material_clear(&plan->material);
	if (plan->has_session)
		quoin_session_close(&plan->session);
	free(plan);
	return r;
}
