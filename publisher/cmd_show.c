#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/assign_explain.h"
#include "publisher/commands.h"
#include "publisher/parts.h"
#include "publisher/phrase.h"

#define FETCH_TIMEOUT_MS 30000

static void
put_release(struct quoin_json_writer *writer, const struct quoin_release *release,
    const struct quoin_ledger_release *entry)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1], time[21];

	quoin_json_put_u64(writer, "release", release->number);
	quoin_hash_print(&entry->ref.hash, hash);
	quoin_json_put_string(writer, "hash", hash);
	quoin_time_print(release->created_ms, time);
	quoin_json_put_string(writer, "created", time);
	quoin_json_put_u64(writer, "head", release->head.number);
	quoin_json_put_u64(writer, "intent", release->intent.number);
	quoin_json_put_u64(writer, "base", release->base);
	quoin_json_put_bool(writer, "revoked", entry->is_revoked);
	quoin_json_put_string(writer, "message", release->message);
	quoin_json_begin_object(writer, "meta");
	for (size_t i = 0; i < release->meta_count; i++)
		quoin_json_put_string(writer, release->meta[i].key, release->meta[i].value);
	quoin_json_end_object(writer);
	quoin_json_begin_array(writer, "waived");
	for (size_t i = 0; i < release->waived_count; i++)
		quoin_json_put_string(writer, NULL, release->waived[i]);
	quoin_json_end_array(writer);
	quoin_json_begin_object(writer, "parts");
	for (size_t i = 0; i < release->part_count; i++) {
		const struct quoin_part *part = &release->parts[i];

		quoin_hash_print(&part->hash, hash);
		quoin_json_begin_object(writer, part->name);
		quoin_json_put_string(writer, "schema", part->schema);
		quoin_json_put_u64(writer, "bytes", part->bytes);
		quoin_json_put_string(writer, "hash", hash);
		quoin_json_put_u64(writer, "packed_bytes", part->encoding_count > 0 ? part->encodings[0].packed_bytes : 0);
		quoin_json_end_object(writer);
	}
	quoin_json_end_object(writer);
}

static void
put_text_parts(const struct quoin_release *release, struct quoin_buf *out)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1];

	for (size_t i = 0; i < release->part_count; i++) {
		const struct quoin_part *part = &release->parts[i];

		quoin_hash_print(&part->hash, hash);
		quoin_buf_printf(out, "  part      %s, %s, ", part->name, part->schema);
		quoin_phrase_number(part->bytes, out);
		quoin_buf_put_str(out, " bytes, ");
		quoin_phrase_number(part->encoding_count > 0 ? part->encodings[0].packed_bytes : 0, out);
		quoin_buf_printf(out, " packed\n            %s\n", hash);
	}
}

static void
put_text_release(const struct quoin_release *release, const struct quoin_ledger_release *entry, struct quoin_buf *out)
{
	const struct quoin_policy *policy = &release->policy;
	char hash[QUOIN_HASH_HEX_BYTES + 1], time[21];

	quoin_time_print(release->created_ms, time);
	quoin_hash_print(&entry->ref.hash, hash);
	quoin_buf_printf(out, "release %llu%s\n  created   %s", (unsigned long long)release->number,
	    entry->is_revoked ? " (revoked)" : "", time);
	if (release->head.number != 0)
		quoin_buf_printf(out, ", on top of %llu", (unsigned long long)release->head.number);
	if (release->base != 0)
		quoin_buf_printf(out, ", compiled against %llu", (unsigned long long)release->base);
	quoin_buf_printf(out, "\n  document  %s\n", hash);
	if (release->message[0] != '\0')
		quoin_buf_printf(out, "  message   %s\n", release->message);
	for (size_t i = 0; i < release->meta_count; i++)
		quoin_buf_printf(out, "  meta      %s=%s\n", release->meta[i].key, release->meta[i].value);
	for (size_t i = 0; i < release->waived_count; i++)
		quoin_buf_printf(out, "  waived    %s\n", release->waived[i]);
	put_text_parts(release, out);
	quoin_buf_printf(out, "  policy    ready %u %% (at least %u a shard), soak %llu ms, staged %u %%, failed hosts at most %u, "
	       "drain %llu ms, warm %u\n",
	    policy->ready_percent, policy->ready_hosts_min, (unsigned long long)policy->soak_ms, policy->staged_percent,
	    policy->failed_hosts_max, (unsigned long long)policy->drain_ms, policy->warm_releases);
}

/* ---- Where the models are ---- */

struct assignment {
	struct quoin_ruleset ruleset, base;
	struct quoin_assign_explain explain;
};

/* A base whose source cannot be had any more only makes the reasons vaguer. */
static int
fetch_assignment(struct quoin_session *session, const struct quoin_release *release, struct assignment *ret,
    struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	int r = quoin_parts_open(&session->conf, &lookup, err);

	if (r == 0)
		r = quoin_parts_fetch_ruleset(lookup, &session->control, release->number, FETCH_TIMEOUT_MS, &ret->ruleset, err);
	if (r == QUOIN_EMISSING)
		r = quoin_error_set(err, QUOIN_ECONFLICT, "release %llu has no rules, and so no assignment",
		    (unsigned long long)release->number);
	ret->explain.ruleset = &ret->ruleset;
	ret->explain.base = release->base;
	if (r == 0 && release->base != 0 && quoin_parts_fetch_ruleset(lookup, &session->control, release->base,
						FETCH_TIMEOUT_MS, &ret->base, NULL) == 0)
		ret->explain.base_ruleset = &ret->base;
	quoin_bus_lookup_close(lookup);
	return r;
}

/* Fails with a reason in "err", or prints everything. */
static int
show(const struct quoin_cli *cli, struct quoin_session *session, uint64_t number, struct assignment *assignment,
    struct quoin_error *err)
{
	const struct quoin_ledger_release *entry = quoin_ledger_release(&session->control.ledger, number);
	struct quoin_release release = {0};
	struct quoin_json_writer writer;
	struct quoin_buf text;
	int r = quoin_control_release(&session->control, number, &release, err);

	quoin_buf_init(&text, 256u << 20);
	if (r == QUOIN_ENOENT)
		r = err->code = QUOIN_ECONFLICT;
	if (r == 0 && assignment != NULL)
		r = fetch_assignment(session, &release, assignment, err);
	if (r == 0 && cli->json) {
		quoin_json_writer_init(&writer, &text);
		quoin_json_begin_object(&writer, NULL);
		put_release(&writer, &release, entry);
		if (assignment != NULL)
			r = quoin_assign_explain_print_json(&assignment->explain, &writer);
		quoin_json_end_object(&writer);
	} else if (r == 0) {
		put_text_release(&release, entry, &text);
		if (assignment != NULL)
			r = quoin_assign_explain_print(&assignment->explain, &text);
	}
	if (r == QUOIN_ENOENT)
		quoin_error_set(err, r = QUOIN_ECONFLICT, "release %llu has no model %s", (unsigned long long)number,
		    assignment->explain.model);
	else if (r != 0 && err->message[0] == '\0')
		quoin_error_set(err, r, "cannot explain the assignment");
	if (r == 0)
		r = cli->json ? quoin_cli_print_json(&text) : quoin_cli_print_text(cli, &text);
	quoin_buf_clear(&text);
	quoin_release_clear(&release);
	return r;
}

int
quoin_cmd_show(struct quoin_cli *cli, int argc, char **argv)
{
	struct assignment assignment = {0};
	bool wants_assignment = false;
	const struct quoin_option options[] = {
	    {.name = "assignment", .takes_value = true, .is_optional = true, .is_set = &wants_assignment,
		.value = &assignment.explain.model},
	    {0},
	};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	uint64_t number;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1 || !quoin_u64_parse(quoin_span_str(argv[1]), &number) || number == 0)
		return quoin_cli_usage(cli, "name a release");
	r = quoin_session_open(cli, &session, &err);
	if (r == 0)
		r = show(cli, &session, number, wants_assignment ? &assignment : NULL, &err);
	if (r < 0)
		r = quoin_cli_fail(cli, &err);
	quoin_ruleset_clear(&assignment.ruleset);
	quoin_ruleset_clear(&assignment.base);
	quoin_session_close(&session);
	return r;
}
