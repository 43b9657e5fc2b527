#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/json.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/context_line.h"
#include "publisher/compile.h"
#include "publisher/explain_source.h"
#include "publisher/parts.h"
#include "publisher/phrase.h"
#include "publisher/report.h"
#include "subscriber/quoin.h"

#define FETCH_TIMEOUT_MS   30000
#define DECISION_BYTES_MAX (64u << 10)
#define ATTRIBUTES_MAX     256

struct request {
	const char *objective;
	const char *dir, *export, *release, *contexts;
	bool explain;
	const char *attributes[ATTRIBUTES_MAX]; /* "k=v" or "k:=JSON" */
	size_t attribute_count;
	const char *cells[ATTRIBUTES_MAX]; /* "test=cell" */
	size_t cell_count;
};

static int
add_attribute(void *ctx, const char *value, struct quoin_error *err)
{
	struct request *request = ctx;
	const char *equals = strchr(value, '=');
	size_t bytes = equals != NULL ? (size_t)(equals - value) : 0;
	struct quoin_json_doc *doc = NULL;
	struct quoin_error reason = {0};

	if (bytes > 0 && value[bytes - 1] == ':')
		bytes--;
	if (equals == NULL || !quoin_attribute_is_valid(quoin_span_of(value, bytes)))
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not NAME=TEXT or NAME:=JSON", value);
	if (equals[-1] == ':' && quoin_json_parse(quoin_span_str(equals + 1), &doc, &reason) != 0)
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\": %s; NAME=TEXT gives a string", value, reason.message);
	quoin_json_free(doc);
	if (request->attribute_count == ATTRIBUTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "at most %d attributes", ATTRIBUTES_MAX);
	request->attributes[request->attribute_count++] = value;
	return 0;
}

static int
add_cell(void *ctx, const char *value, struct quoin_error *err)
{
	struct request *request = ctx;
	const char *equals = strchr(value, '=');
	uint64_t test, cell;

	if (equals == NULL || !quoin_u64_parse(quoin_span_of(value, (size_t)(equals - value)), &test) ||
	    !quoin_u64_parse(quoin_span_str(equals + 1), &cell))
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not TEST=CELL, two numbers", value);
	if (request->cell_count == ATTRIBUTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "at most %d cells", ATTRIBUTES_MAX);
	request->cells[request->cell_count++] = value;
	return 0;
}

/* The context as the one JSON object that clients send. */
static int
make_context(const struct request *request, struct quoin_buf *out)
{
	struct quoin_json_writer writer;
	char name[QUOIN_NAME_BYTES_MAX + 1];

	quoin_json_writer_init(&writer, out);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_string(&writer, "objective", request->objective);
	for (size_t i = 0; i < request->attribute_count; i++) {
		const char *text = request->attributes[i], *equals = strchr(text, '=');
		bool is_json;

		QUOIN_ASSERT(equals != NULL); /* add_attribute saw to it */
		is_json = equals[-1] == ':';
		snprintf(name, sizeof name, "%.*s", (int)(equals - text - (is_json ? 1 : 0)), text);
		if (is_json)
			quoin_json_put_raw(&writer, name, quoin_span_str(equals + 1));
		else
			quoin_json_put_string(&writer, name, equals + 1);
	}
	if (request->cell_count > 0) {
		quoin_json_begin_object(&writer, "ab");
		for (size_t i = 0; i < request->cell_count; i++) {
			const char *equals = strchr(request->cells[i], '=');

			snprintf(name, sizeof name, "%.*s", (int)(equals - request->cells[i]), request->cells[i]);
			quoin_json_put_raw(&writer, name, quoin_span_str(equals + 1));
		}
		quoin_json_end_object(&writer);
	}
	quoin_json_end_object(&writer);
	return out->error;
}

/* ---- Where the rules come from ---- */

static int
of_message(struct quoin_error *err, const struct quoin_message *message)
{
	return quoin_error_set(err, message->code, "%s", message->text);
}

/* Returns 0, or the exit status after everything was told. */
static int
open_directory(const struct quoin_cli *cli, const char *dir, struct quoin_reader **ret, struct quoin_error *err)
{
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];
	struct quoin_compiled compiled = {0};
	struct quoin_message message = {0};
	struct quoin_problems problems;
	struct quoin_buf console;
	int r;

	quoin_problems_init(&problems);
	quoin_buf_init(&console, 4u << 20);
	r = quoin_compile(dir, NULL, &console, &compiled, &problems, err);
	quoin_report_console(cli, &console);
	if (r == QUOIN_EREFUSED && problems.error_count > 0) {
		(void)quoin_report_refusal(cli, r, &problems, NULL);
		err->message[0] = '\0'; /* told already */
	}
	for (size_t i = 0; r == 0 && i < QUOIN_COMPILED_PARTS; i++)
		parts[i] = (struct quoin_part_bytes){compiled.parts[i].name, compiled.parts[i].bytes.data,
		    compiled.parts[i].bytes.len};
	if (r == 0 && quoin_reader_open_parts(parts, QUOIN_COMPILED_PARTS, 0, ret, &message) != 0)
		r = of_message(err, &message);
	quoin_buf_clear(&console);
	quoin_problems_clear(&problems);
	quoin_compiled_clear(&compiled);
	return r;
}

/* A release straight from the bus: its parts into memory. */
static int
open_release(const struct quoin_cli *cli, uint64_t number, struct quoin_reader **ret, struct quoin_error *err)
{
	struct quoin_part_bytes list[QUOIN_PARTS_MAX];
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_session session = {0};
	struct quoin_message message = {0};
	struct quoin_parts parts = {0};
	int r;

	r = quoin_session_open(cli, &session, err);
	if (r == 0)
		r = quoin_parts_open(&session.conf, &lookup, err);
	if (r == 0)
		r = quoin_parts_fetch(lookup, &session.control, number, NULL, FETCH_TIMEOUT_MS, &parts, err);
	if (r == QUOIN_ENOENT)
		r = err->code = QUOIN_ECONFLICT;
	for (size_t i = 0; r == 0 && i < parts.release.part_count; i++)
		list[i] = (struct quoin_part_bytes){parts.release.parts[i].name, parts.contents[i].data,
		    parts.contents[i].len};
	if (r == 0 && quoin_reader_open_parts(list, parts.release.part_count, number, ret, &message) != 0)
		r = of_message(err, &message);
	quoin_parts_clear(&parts);
	quoin_bus_lookup_close(lookup);
	quoin_session_close(&session);
	return r;
}

static int
open_store(const struct quoin_cli *cli, struct quoin_reader **ret, struct quoin_error *err)
{
	struct quoin_message message = {0};
	struct quoin_conf conf = {0};
	int r;

	r = quoin_cli_conf(cli, &conf, err);
	if (r == 0 && conf.state[0] == '\0')
		r = quoin_error_set(err, QUOIN_ECONFIG,
		    "no state configured in %s; give a host's quoin.conf, or --dir, --export or --release", conf.file);
	if (r == 0 && quoin_reader_open_store(conf.state, conf.namespace_name, ret, &message) != 0)
		r = of_message(err, &message);
	quoin_conf_clear(&conf);
	return r;
}

static int
open_reader(const struct quoin_cli *cli, const struct request *request, struct quoin_reader **ret,
    struct quoin_error *err)
{
	struct quoin_message message = {0};
	uint64_t number;

	if (request->dir != NULL)
		return open_directory(cli, request->dir, ret, err);
	if (request->export != NULL)
		return quoin_reader_open_export(request->export, ret, &message) == 0 ? 0 : of_message(err, &message);
	if (request->release != NULL) {
		(void)quoin_u64_parse(quoin_span_str(request->release), &number);
		return open_release(cli, number, ret, err);
	}
	return open_store(cli, ret, err);
}

/* ---- Deciding and telling ---- */

static void
put_decision(const struct quoin_decision *decision, uint64_t release, struct quoin_buf *out)
{
	static const enum quoin_rule_kind kinds[] = {
	    [QUOIN_REASON_AB_TEST] = QUOIN_RULE_AB_TEST,
	    [QUOIN_REASON_CONTEXT] = QUOIN_RULE_CONTEXT,
	    [QUOIN_REASON_SPLIT] = QUOIN_RULE_SPLIT,
	    [QUOIN_REASON_RAMP] = QUOIN_RULE_RAMP,
	    [QUOIN_REASON_OVERRIDE] = QUOIN_RULE_OVERRIDE,
	    [QUOIN_REASON_DEFAULT] = QUOIN_RULE_DEFAULT,
	};
	const char *title = quoin_phrase_kind_title(kinds[decision->reason]);
	bool is_named = decision->rule != NULL && strcmp(decision->rule, title) != 0;
	struct quoin_shard_route routes[64];
	size_t count = 0;

	quoin_buf_printf(out, "%s -> %s\n  release   %llu%s\n  because   %s%s%s", decision->objective,
	    decision->selected.routing_key, (unsigned long long)release, decision->stale ? " (stale)" : "", title,
	    is_named ? " " : "", is_named ? decision->rule : "");
	if (decision->reason == QUOIN_REASON_AB_TEST)
		quoin_buf_printf(out, " (test %llu, cell %u)", (unsigned long long)decision->ab_test_id, decision->cell);
	quoin_buf_printf(out, "\n  config    %.*s\n", (int)decision->config_bytes,
	    decision->config != NULL ? decision->config : "{}");
	if (decision->fallback.model != NULL)
		quoin_buf_printf(out, "  fallback  %s\n", decision->fallback.routing_key);
	for (uint32_t i = 0; i < decision->shadow_count; i++)
		quoin_buf_printf(out, "  shadow    %s\n", decision->shadows[i].routing_key);
	if (quoin_decision_routes(decision, routes, sizeof routes / sizeof routes[0], &count) != 0)
		return;
	for (size_t i = 0; i < count && i < sizeof routes / sizeof routes[0]; i++) {
		quoin_buf_printf(out, "  route     %s %s ", routes[i].shard, routes[i].vip);
		quoin_phrase_percent(routes[i].weight, out);
		quoin_buf_put_byte(out, '\n');
	}
}

/* Why there is no decision for the context; "why" is for what its parser says. */
static const char *
wrong_context(int code, struct quoin_span context, struct quoin_error *why)
{
	struct quoin_json_doc *doc = NULL;

	if (code != QUOIN_FAILED_SYNTAX)
		return quoin_code_text(code);
	if (context.len > QUOIN_CONTEXT_BYTES_MAX)
		return "a context has at most 64 KiB";
	if (quoin_json_parse_huge(context, &doc, why) != 0)
		return why->message;
	quoin_json_free(doc);
	return "the context is not valid: a strict JSON object";
}

/* A decision that is none. */
static int
refuse(const struct quoin_cli *cli, const struct request *request, const struct quoin_view *view,
    struct quoin_span context, int code)
{
	struct quoin_error err = {0}, why = {0};

	quoin_error_set(&err, QUOIN_EREFUSED, "%s: %s", request->objective,
	    code == QUOIN_FAILED_NOT_FOUND ? "there is no such objective in this release"
		: code != QUOIN_FAILED_MISSING ? wrong_context(code, context, &why)
		: quoin_view_release_number(view) == 0 ? "there is no release yet"
						       : "the release has no rules; \"quoin log\" lists others");
	return quoin_cli_fail(cli, &err);
}

/* The decision of the context; with its explanation in "explained", which is empty if none is asked for. */
static int
tell(const struct quoin_cli *cli, const struct request *request, const struct quoin_view *view,
    struct quoin_span context, const struct quoin_decision *decision, const struct quoin_buf *explained)
{
	char text[DECISION_BYTES_MAX];
	struct quoin_buf shown;
	int64_t bytes;
	int r;

	if (!cli->json && decision->code != 0)
		return refuse(cli, request, view, context, decision->code);
	if (!cli->json) {
		quoin_buf_init(&shown, 64u << 20);
		put_decision(decision, quoin_view_release_number(view), &shown);
		quoin_buf_put_span(&shown, quoin_buf_span(explained));
		r = quoin_cli_print_text(cli, &shown);
		quoin_buf_clear(&shown);
		return r;
	}
	bytes = quoin_decision_json(decision, text, sizeof text);
	if (explained->len > 0 && bytes > 0 && bytes < (int64_t)sizeof text)
		printf("%.*s,\"explain\":%.*s}\n", (int)bytes - 1, text, (int)explained->len,
		    (const char *)explained->data);
	else
		printf("%s\n", text);
	return decision->code == 0 ? 0 : quoin_error_exit_status(QUOIN_EREFUSED);
}

/* One context. Returns the exit status. */
static int
resolve_one(const struct quoin_cli *cli, const struct request *request, const struct quoin_view *view,
    struct quoin_context *context)
{
	struct quoin_decision decision;
	struct quoin_buf json, explained;
	struct quoin_error err = {0};
	int r = 0;

	quoin_buf_init(&json, QUOIN_CONTEXT_BYTES_MAX * 2);
	quoin_buf_init(&explained, 64u << 20);
	if (make_context(request, &json) != 0) {
		r = quoin_cli_usage(cli, "the context is too large");
	} else if (quoin_resolve_json(view, (const char *)json.data, json.len, context, &decision) == 0 &&
	    request->explain &&
	    quoin_explain_decision(cli, view, quoin_buf_span(&json), &decision, &explained, &err) != 0) {
		r = quoin_cli_fail(cli, &err);
	} else {
		r = tell(cli, request, view, quoin_buf_span(&json), &decision, &explained);
	}
	quoin_buf_clear(&explained);
	quoin_buf_clear(&json);
	return r;
}

/* JSON lines in, JSON lines out; errors are lines. */
static int
resolve_lines(const struct quoin_cli *cli, const char *path, const struct quoin_view *view, struct quoin_context *context)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct quoin_decision decision;
	struct quoin_error err = {0};
	struct quoin_context_line *line = malloc(sizeof *line);
	char text[DECISION_BYTES_MAX];
	bool is_broken;

	if (line == NULL)
		abort();
	if (in == NULL) {
		free(line);
		quoin_error_sys(&err, QUOIN_ENOENT, "cannot read %s", path);
		return quoin_cli_fail(cli, &err);
	}
	while (quoin_context_line_next(in, line)) {
		(void)quoin_resolve_json(view, line->bytes, line->len, context, &decision);
		(void)quoin_decision_json(&decision, text, sizeof text);
		puts(text);
	}
	is_broken = ferror(in) != 0 || fflush(stdout) != 0;
	free(line);
	if (in != stdin)
		fclose(in);
	if (!is_broken)
		return 0;
	quoin_error_set(&err, QUOIN_EIO, "the contexts could not be read, or the decisions not written, to the end");
	return quoin_cli_fail(cli, &err);
}

static int
run(const struct quoin_cli *cli, const struct request *request)
{
	struct quoin_context *context = NULL;
	struct quoin_reader *reader = NULL;
	struct quoin_view view = {0};
	struct quoin_error err = {0};
	int r;

	r = open_reader(cli, request, &reader, &err);
	if (r != 0)
		return err.message[0] != '\0' ? quoin_cli_fail(cli, &err) : quoin_error_exit_status(r);
	if (quoin_context_new(&context) != 0) {
		quoin_error_set(&err, QUOIN_ENOMEM, "no memory for a context");
		r = quoin_cli_fail(cli, &err);
	} else {
		(void)quoin_view_acquire(reader, &view); /* an empty view answers "no release" */
		r = request->contexts != NULL ? resolve_lines(cli, request->contexts, &view, context)
					      : resolve_one(cli, request, &view, context);
		quoin_view_release(&view);
	}
	quoin_context_free(context);
	quoin_reader_close(reader);
	return r;
}

int
quoin_cmd_resolve(struct quoin_cli *cli, int argc, char **argv)
{
	struct request request = {0};
	const struct quoin_option options[] = {
	    {.name = "attribute", .short_name = 'a', .takes_value = true, .each = add_attribute, .ctx = &request},
	    {.name = "ab", .takes_value = true, .each = add_cell, .ctx = &request},
	    {.name = "contexts", .takes_value = true, .value = &request.contexts},
	    {.name = "dir", .takes_value = true, .value = &request.dir},
	    {.name = "export", .takes_value = true, .value = &request.export},
	    {.name = "release", .takes_value = true, .value = &request.release},
	    {.name = "explain", .is_set = &request.explain},
	    {0},
	};
	uint64_t number;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if ((request.contexts != NULL) == (count == 1) || count > 1)
		return quoin_cli_usage(cli, "name one objective, or --contexts FILE");
	if (request.contexts != NULL && request.explain)
		return quoin_cli_usage(cli, "--explain goes with one objective, not with --contexts");
	if (request.contexts != NULL && (request.attribute_count > 0 || request.cell_count > 0))
		return quoin_cli_usage(cli, "-a and --ab go with an objective, not with --contexts");
	if ((request.dir != NULL) + (request.export != NULL) + (request.release != NULL) > 1)
		return quoin_cli_usage(cli, "only one of --dir, --export and --release");
	if (request.release != NULL && !quoin_u64_parse(quoin_span_str(request.release), &number))
		return quoin_cli_usage(cli, "--release takes a number");
	request.objective = count == 1 ? argv[1] : NULL;
	return run(cli, &request);
}
