#include <stdio.h>

#include "publisher/commands.h"
#include "publisher/gc_run.h"

#define JSON_BYTES_MAX (64u << 20)

static void
put_kept(struct quoin_json_writer *writer, const char *kind, const struct quoin_gc_verdict *verdicts, size_t count,
    const bool *is_there)
{
	for (size_t i = 0; i < count; i++) {
		if (verdicts[i].because == NULL || !is_there[i])
			continue;
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, kind, verdicts[i].number);
		quoin_json_put_string(writer, "because", verdicts[i].because);
		quoin_json_end_object(writer);
	}
}

static void
put_removed(struct quoin_json_writer *writer, const char *kind, const struct quoin_gc_verdict *verdicts, size_t count,
    const bool *is_there)
{
	quoin_json_begin_array(writer, kind);
	for (size_t i = 0; i < count; i++)
		if (verdicts[i].because == NULL && is_there[i])
			quoin_json_put_u64(writer, NULL, verdicts[i].number);
	quoin_json_end_array(writer);
}

static int
print_json(const struct quoin_gc_result *result, bool is_dry)
{
	const struct quoin_gc *gc = &result->gc;
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	writer = quoin_cli_answer_begin(&answer, JSON_BYTES_MAX);
	quoin_json_put_bool(writer, "dry_run", is_dry);
	quoin_json_begin_object(writer, "removed");
	put_removed(writer, "releases", gc->releases, gc->release_count, result->release_is_there);
	put_removed(writer, "intents", gc->intents, gc->intent_count, result->intent_is_there);
	quoin_json_put_u64(writer, "activations", result->activations);
	quoin_json_put_u64(writer, "chunks", result->chunks);
	quoin_json_put_u64(writer, "bytes", result->chunk_bytes);
	quoin_json_end_object(writer);
	quoin_json_begin_array(writer, "kept");
	put_kept(writer, "release", gc->releases, gc->release_count, result->release_is_there);
	put_kept(writer, "intent", gc->intents, gc->intent_count, result->intent_is_there);
	if (result->chunks_because != NULL || result->chunks_kept_young > 0) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "chunks", result->chunks_because != NULL ? "all" : "young");
		quoin_json_put_string(writer, "because",
		    result->chunks_because != NULL ? result->chunks_because : "they may be of a publication on its way");
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	return quoin_cli_answer_end(&answer);
}

static void
print_kept(const char *kind, const struct quoin_gc_verdict *verdicts, size_t count, const bool *is_there)
{
	for (size_t i = 0; i < count; i++)
		if (verdicts[i].because != NULL && is_there[i])
			printf("  %-8s %6llu  %s\n", kind, (unsigned long long)verdicts[i].number, verdicts[i].because);
}

static void
print_text(const struct quoin_gc_result *result, bool is_dry)
{
	const struct quoin_gc *gc = &result->gc;

	printf("%s %zu releases, %zu intents, %zu activations, %zu chunks of %llu bytes\n", is_dry ? "would remove" : "removed",
	    result->releases, result->intents, result->activations, result->chunks, (unsigned long long)result->chunk_bytes);
	printf("kept:\n");
	print_kept("release", gc->releases, gc->release_count, result->release_is_there);
	print_kept("intent", gc->intents, gc->intent_count, result->intent_is_there);
	if (result->chunks_because != NULL)
		printf("  all chunks        %s\n", result->chunks_because);
	else if (result->chunks_kept_young > 0)
		printf("  %zu chunks that nothing names, which may be of a publication on its way\n", result->chunks_kept_young);
}

int
quoin_cmd_gc(struct quoin_cli *cli, int argc, char **argv)
{
	bool is_dry = false;
	const char *age_text = NULL;
	const struct quoin_option options[] = {
	    {.name = "dry-run", .is_set = &is_dry},
	    {.name = "age", .takes_value = true, .value = &age_text},
	    {0},
	};
	struct quoin_gc_result result = {0};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	uint64_t age_ms = QUOIN_GC_AGE_MS;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 0)
		return quoin_cli_usage(cli, "gc takes no arguments");
	if (age_text != NULL && (!quoin_duration_parse(quoin_span_str(age_text), &age_ms) || age_ms > INT64_MAX / 2))
		return quoin_cli_usage(cli, "--age takes a time like 90m, 2h or 1d");
	r = quoin_session_open(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	r = quoin_gc_run(&session, is_dry, (int64_t)age_ms, &result, &err);
	if (r != 0)
		r = quoin_cli_fail(cli, &err);
	else if (cli->json)
		r = print_json(&result, is_dry);
	else if (!cli->quiet)
		print_text(&result, is_dry);
	quoin_gc_result_clear(&result);
	quoin_session_close(&session);
	return r;
}
