#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/commands.h"

static void
print_json_release(const struct quoin_release *release, const struct quoin_ledger_release *entry, struct quoin_buf *json)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1], time[21];
	struct quoin_json_writer writer;

	quoin_json_writer_init(&writer, json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_u64(&writer, "release", release->number);
	quoin_hash_print(&entry->ref.hash, hash);
	quoin_json_put_string(&writer, "hash", hash);
	quoin_time_print(release->created_ms, time);
	quoin_json_put_string(&writer, "created", time);
	quoin_json_put_u64(&writer, "head", release->head.number);
	quoin_json_put_u64(&writer, "intent", release->intent.number);
	quoin_json_put_u64(&writer, "base", release->base);
	quoin_json_put_bool(&writer, "revoked", entry->is_revoked);
	quoin_json_put_string(&writer, "message", release->message);
	quoin_json_begin_object(&writer, "meta");
	for (size_t i = 0; i < release->meta_count; i++)
		quoin_json_put_string(&writer, release->meta[i].key, release->meta[i].value);
	quoin_json_end_object(&writer);
	quoin_json_begin_array(&writer, "waived");
	for (size_t i = 0; i < release->waived_count; i++)
		quoin_json_put_string(&writer, NULL, release->waived[i]);
	quoin_json_end_array(&writer);
	quoin_json_begin_object(&writer, "parts");
	for (size_t i = 0; i < release->part_count; i++) {
		const struct quoin_part *part = &release->parts[i];

		quoin_hash_print(&part->hash, hash);
		quoin_json_begin_object(&writer, part->name);
		quoin_json_put_string(&writer, "schema", part->schema);
		quoin_json_put_u64(&writer, "bytes", part->bytes);
		quoin_json_put_string(&writer, "hash", hash);
		quoin_json_put_u64(&writer, "packed_bytes", part->encoding_count > 0 ? part->encodings[0].packed_bytes : 0);
		quoin_json_end_object(&writer);
	}
	quoin_json_end_object(&writer);
	quoin_json_end_object(&writer);
}

static void
print_text_release(const struct quoin_release *release, const struct quoin_ledger_release *entry)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1], time[21];

	quoin_time_print(release->created_ms, time);
	quoin_hash_print(&entry->ref.hash, hash);
	printf("release %llu%s\n  created  %s, on top of %llu, compiled against %llu\n  document %s\n",
	    (unsigned long long)release->number, entry->is_revoked ? " (revoked)" : "", time,
	    (unsigned long long)release->head.number, (unsigned long long)release->base, hash);
	if (release->message[0] != '\0')
		printf("  message  %s\n", release->message);
	for (size_t i = 0; i < release->meta_count; i++)
		printf("  meta     %s=%s\n", release->meta[i].key, release->meta[i].value);
	for (size_t i = 0; i < release->waived_count; i++)
		printf("  waived   %s\n", release->waived[i]);
	for (size_t i = 0; i < release->part_count; i++) {
		const struct quoin_part *part = &release->parts[i];

		quoin_hash_print(&part->hash, hash);
		printf("  part     %-12s %-10s %10llu bytes, %10llu packed  %s\n", part->name, part->schema,
		    (unsigned long long)part->bytes,
		    (unsigned long long)(part->encoding_count > 0 ? part->encodings[0].packed_bytes : 0), hash);
	}
	printf("  policy   ready %u%% (at least %u a shard), soak %llu ms, staged %u%%, failed hosts at most %u, drain %llu ms, "
	       "warm %u\n",
	    release->policy.ready_percent, release->policy.ready_hosts_min, (unsigned long long)release->policy.soak_ms,
	    release->policy.staged_percent, release->policy.failed_hosts_max, (unsigned long long)release->policy.drain_ms,
	    release->policy.warm_releases);
}

int
quoin_cmd_show(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	const struct quoin_ledger_release *entry;
	struct quoin_release release = {0};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	struct quoin_buf json;
	uint64_t number;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1 || !quoin_u64_parse(quoin_span_str(argv[1]), &number) || number == 0)
		return quoin_cli_usage(cli, "name a release");
	r = quoin_session_open(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	quoin_buf_init(&json, 4u << 20);
	entry = quoin_ledger_release(&session.control.ledger, number);
	r = quoin_control_release(&session.control, number, &release, &err);
	if (r == QUOIN_ENOENT)
		err.code = QUOIN_ECONFLICT;
	if (r != 0) {
		r = quoin_cli_fail(cli, &err);
	} else if (cli->json) {
		print_json_release(&release, entry, &json);
		r = quoin_cli_print_json(&json);
	} else {
		print_text_release(&release, entry);
	}
	quoin_buf_clear(&json);
	quoin_release_clear(&release);
	quoin_session_close(&session);
	return r;
}
