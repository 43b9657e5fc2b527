#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/export.h"
#include "publisher/lost.h"
#include "publisher/material.h"
#include "publisher/report.h"
#include "publisher/wait.h"

#define SEND_TIMEOUT_MS 60000

/* Everything that the options said. */
struct request {
	const char *dir;
	char *part_texts[QUOIN_PARTS_MAX]; /* "NAME=FILE"; copies */
	size_t part_count;
	const char *schema, *policy_file, *message, *expect, *wait_text, *prepare, *from;
	struct quoin_meta meta[QUOIN_META_MAX];
	size_t meta_count;
	const char *waived[32];
	size_t waived_count;
	bool wait, dry_run;
	int64_t wait_ms;
};

static int
add_part(void *ctx, const char *value, struct quoin_error *err)
{
	struct request *request = ctx;
	const char *equals = strchr(value, '=');

	if (equals == NULL || equals[1] == '\0' ||
	    !quoin_name_is_valid(quoin_span_of(value, (size_t)(equals - value))))
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not NAME=FILE", value);
	if (request->part_count == QUOIN_PARTS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a release has at most %d parts", QUOIN_PARTS_MAX);
	request->part_texts[request->part_count] = strdup(value);
	if (request->part_texts[request->part_count] == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory");
	request->part_count++;
	return 0;
}

static int
add_meta(void *ctx, const char *value, struct quoin_error *err)
{
	struct request *request = ctx;
	struct quoin_meta *meta = &request->meta[request->meta_count];
	const char *equals = strchr(value, '=');

	if (equals == NULL || !quoin_attribute_is_valid(quoin_span_of(value, (size_t)(equals - value))) ||
	    strlen(equals + 1) > QUOIN_TEXT_BYTES_MAX)
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not KEY=VALUE", value);
	if (request->meta_count == QUOIN_META_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "at most %d --meta", QUOIN_META_MAX);
	snprintf(meta->key, sizeof meta->key, "%.*s", (int)(equals - value), value);
	snprintf(meta->value, sizeof meta->value, "%s", equals + 1);
	for (size_t i = 0; i < request->meta_count; i++)
		if (strcmp(request->meta[i].key, meta->key) == 0)
			return quoin_error_set(err, QUOIN_EUSAGE, "the key %s is given twice", meta->key);
	request->meta_count++;
	return 0;
}

static int
add_waiver(void *ctx, const char *value, struct quoin_error *err)
{
	struct request *request = ctx;
	const char *const *names = quoin_guard_names();
	const char *nearest;
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	nearest = quoin_text_nearest(value, names, count);
	if (!quoin_guard_is_known(value))
		return quoin_error_set(err, QUOIN_EUSAGE, "there is no guard %s%s%s", value,
		    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
	if (!quoin_guard_is_waivable(value))
		return quoin_error_set(err, QUOIN_EUSAGE, "the guard %s cannot be waived: hosts could not run it", value);
	if (request->waived_count == sizeof request->waived / sizeof request->waived[0])
		return quoin_error_set(err, QUOIN_ELIMIT, "too many waivers");
	for (size_t i = 0; i < request->waived_count; i++)
		if (strcmp(request->waived[i], value) == 0)
			return 0;
	request->waived[request->waived_count++] = value;
	return 0;
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_metas(const void *a, const void *b)
{
	return strcmp(((const struct quoin_meta *)a)->key, ((const struct quoin_meta *)b)->key);
}

/* The material of the request, with its base, through tests and guards. */
static int
make_material(const struct quoin_cli *cli, struct quoin_session *session, struct request *request,
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
		    ? quoin_material_compile(cli, request->dir, material, err)
		    : quoin_material_read_files(request->part_texts, request->part_count,
			  request->schema != NULL ? request->schema : "raw", request->policy_file, material, err);
	if (r == 0)
		r = quoin_material_guard(&session->conf, request->waived, request->waived_count, material, err);
	if (r == 0 && material->is_compiled)
		r = quoin_material_test(material, err);
	return r;
}

/* ---- Result ---- */

static void
put_parts(struct quoin_json_writer *writer, const struct quoin_release *release)
{
	char hash[QUOIN_HASH_HEX_BYTES + 1];

	quoin_json_begin_object(writer, "parts");
	for (size_t i = 0; i < release->part_count; i++) {
		quoin_hash_print(&release->parts[i].hash, hash);
		quoin_json_begin_object(writer, release->parts[i].name);
		quoin_json_put_string(writer, "hash", hash);
		quoin_json_put_u64(writer, "bytes", release->parts[i].bytes);
		quoin_json_end_object(writer);
	}
	quoin_json_end_object(writer);
}

/* "note" says what became of it; seq 0: not waited for. */
static int
print_result(const struct quoin_cli *cli, const struct quoin_release *release, uint64_t number, bool unchanged,
    const struct quoin_blobs_sent *sent, uint64_t seq, const char *note)
{
	struct quoin_json_writer writer;
	struct quoin_buf json;
	int r;

	if (!cli->json) {
		quoin_cli_say(cli, "release %llu: %s (%llu bytes sent, %llu were there)", (unsigned long long)number, note,
		    (unsigned long long)(sent->full_bytes + sent->delta_bytes), (unsigned long long)sent->reused_bytes);
		return 0;
	}
	quoin_buf_init(&json, 1u << 20);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_u64(&writer, "release", number);
	quoin_json_put_bool(&writer, "unchanged", unchanged);
	put_parts(&writer, release);
	quoin_json_begin_object(&writer, "bytes");
	quoin_json_put_u64(&writer, "full", sent->full_bytes);
	quoin_json_put_u64(&writer, "delta", sent->delta_bytes);
	quoin_json_put_u64(&writer, "reused", sent->reused_bytes);
	quoin_json_end_object(&writer);
	if (seq != 0)
		quoin_json_put_u64(&writer, "seq", seq);
	quoin_json_end_object(&writer);
	r = quoin_cli_print_json(&json);
	quoin_buf_clear(&json);
	return r;
}

static int
wait_and_print(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request,
    const struct quoin_release *release, uint64_t number, bool unchanged, const struct quoin_blobs_sent *sent,
    struct quoin_error *err)
{
	uint64_t seq = 0;
	int r;

	if (request->wait) {
		r = quoin_wait_active(cli, session, number, 0, request->wait_ms, &seq, err);
		if (r != 0)
			return r;
	}
	(void)print_result(cli, release, number, unchanged, sent, seq,
	    request->wait ? "active" : unchanged ? "unchanged, it is what is asked for" : "published");
	return 0;
}

/* ---- The ways to publish ---- */

static void
show_progress(void *ctx, uint64_t bytes_done, uint64_t bytes_total)
{
	const struct quoin_cli *cli = ctx;

	if (cli->is_terminal && !cli->json && !cli->quiet && bytes_total > (1u << 20))
		fprintf(stderr, "\rsending %3llu %%%s",
		    (unsigned long long)(bytes_total == 0 ? 100 : bytes_done * 100 / bytes_total),
		    bytes_done == bytes_total ? "\n" : "");
}

/* Write the unsigned document for a signer elsewhere. */
static int
prepare(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request,
    struct quoin_release *release, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX + 16];
	struct quoin_buf text;
	int r;

	quoin_publish_number(&session->control, release);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_release_print(release, &text);
	if (r != 0)
		quoin_error_set(err, r, "cannot make the release document");
	if (r == 0)
		r = quoin_dir_make(request->prepare, 0755, err);
	if (r == 0)
		r = quoin_path_join(request->prepare, "release.txt", path, sizeof path);
	if (r == 0)
		r = quoin_file_create(path, quoin_buf_span(&text), 0644, err);
	quoin_buf_clear(&text);
	if (r == 0)
		quoin_cli_say(cli,
		    "release %llu is prepared; sign it with \"minisign -S -m %s\", then \"quoin publish --from %s\"",
		    (unsigned long long)release->number, path, request->prepare);
	return r;
}

static int
publish_new(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request,
    const struct quoin_publication *publication, const struct quoin_docref *expected, struct quoin_release *release,
    struct quoin_error *err)
{
	struct quoin_keyring keys = {0};
	struct quoin_blobs_sent sent = {0};
	int r = 0;

	/* A missing key, or one that nobody believes, is told before anything is sent. */
	if (request->prepare == NULL)
		r = quoin_keyring_load(&session->conf, QUOIN_ROLE_RELEASE, true, &keys, err);
	if (r == 0 && request->prepare == NULL)
		r = quoin_publish_vet(&session->control, &keys, err);
	if (r == 0)
		r = quoin_publish_send(&session->conf, &session->control, publication, show_progress,
		    (void *)(uintptr_t)cli, release, &sent, err);
	if (r == 0 && request->prepare != NULL)
		return prepare(cli, session, request, release, err);
	if (r == 0)
		r = quoin_publish_announce(&session->conf, &session->control, session->reader, &keys, expected,
		    SEND_TIMEOUT_MS, release, err);
	if (r == 0)
		r = wait_and_print(cli, session, request, release, release->number, false, &sent, err);
	quoin_keyring_clear(&keys);
	return r;
}

static int
publish_material(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request,
    struct quoin_material *material, const struct quoin_docref *expected, struct quoin_error *err)
{
	const struct quoin_ledger_release *same;
	const struct quoin_blobs_sent nothing = {0};
	struct quoin_release release = {0};
	bool is_revoked;
	int r;

	r = quoin_publish_describe(&material->publication, &release, err);
	if (r != 0)
		return r;
	same = quoin_publish_same(&session->control.ledger, &release, &is_revoked);
	if (is_revoked)
		r = quoin_error_set(err, QUOIN_ECONFLICT, "this very content was revoked; change it before publishing");
	else if (request->dry_run)
		(void)print_result(cli, &release, same != NULL ? same->ref.number : session->control.ledger.head.number + 1,
		    same != NULL, &nothing, 0, same != NULL ? "unchanged" : "would be published");
	else if (same != NULL)
		r = wait_and_print(cli, session, request, &release, same->ref.number, true, &nothing, err);
	else
		r = publish_new(cli, session, request, &material->publication, expected, &release, err);
	quoin_release_clear(&release);
	return r;
}

static int
publish_from(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request,
    struct quoin_error *err)
{
	const struct quoin_blobs_sent nothing = {0};
	struct quoin_detached detached = {0};
	struct quoin_release release = {0};
	struct quoin_envelope envelope;
	char path[QUOIN_PATH_BYTES_MAX + 16];
	uint64_t number = 0;
	int r;

	r = quoin_path_join(request->from, "release.txt", path, sizeof path);
	if (r == 0)
		r = quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, &detached, err);
	if (r == QUOIN_EMISSING)
		r = quoin_error_set(err, QUOIN_ESIGNATURE, "%s is not signed; sign it with \"minisign -S -m %s\"", path, path);
	if (r == 0) {
		envelope = quoin_export_envelope(&detached);
		r = quoin_publish_announce_signed(&session->conf, &session->control, session->reader, &envelope,
		    SEND_TIMEOUT_MS, &number, err);
	}
	if (r == 0)
		r = quoin_control_release(&session->control, number, &release, err);
	if (r == 0)
		r = wait_and_print(cli, session, request, &release, number, false, &nothing, err);
	quoin_release_clear(&release);
	quoin_detached_clear(&detached);
	return r;
}

static int
run(const struct quoin_cli *cli, struct quoin_session *session, struct request *request, struct quoin_material *material,
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
		return publish_from(cli, session, request, err);
	r = make_material(cli, session, request, material, err);
	if (r != 0)
		return r;
	material->publication.message = request->message;
	qsort(request->meta, request->meta_count, sizeof request->meta[0], compare_metas);
	material->publication.meta = request->meta;
	material->publication.meta_count = request->meta_count;
	qsort(request->waived, request->waived_count, sizeof request->waived[0], compare_words);
	material->publication.waived = request->waived;
	material->publication.waived_count = request->waived_count;
	return publish_material(cli, session, request, material, &expected, err);
}

/* What goes with what. Returns 0 or the usage status. */
static int
check_request(const struct quoin_cli *cli, struct request *request)
{
	struct quoin_error err = {0};
	uint64_t number;
	int ways = (request->dir != NULL) + (request->part_count > 0) + (request->from != NULL);

	if (ways == 0)
		return quoin_cli_usage(cli, "name a directory, or --part NAME=FILE, or --from OUT");
	if (ways > 1)
		return quoin_cli_usage(cli,
		    "a release is made from a directory, or from the files of --part, or is what --from prepared: only one of these");
	if (request->dir != NULL && (request->policy_file != NULL || request->schema != NULL))
		return quoin_cli_usage(cli, "--policy and --schema go with --part; a directory has its policy.json");
	if (request->from != NULL && (request->prepare != NULL || request->message != NULL || request->meta_count > 0 ||
	    request->waived_count > 0))
		return quoin_cli_usage(cli, "what --from publishes was fixed when it was prepared");
	if (request->prepare != NULL && (request->wait || request->dry_run))
		return quoin_cli_usage(cli, "--prepare publishes nothing yet: no --wait, no --dry-run");
	if (request->expect != NULL && !quoin_u64_parse(quoin_span_str(request->expect), &number))
		return quoin_cli_usage(cli, "--expect takes a release number");
	if (quoin_wait_parse(request->wait_text, &request->wait_ms, &err) != 0)
		return quoin_cli_usage(cli, "%s", err.message);
	return 0;
}

int
quoin_cmd_publish(struct quoin_cli *cli, int argc, char **argv)
{
	struct request *request = calloc(1, sizeof *request);
	struct quoin_material *material = calloc(1, sizeof *material);
	struct quoin_session *session = calloc(1, sizeof *session);
	struct quoin_error err = {0};
	int r, count = 0;

	if (request == NULL || material == NULL || session == NULL)
		abort();
	const struct quoin_option options[] = {
	    {.name = "part", .takes_value = true, .each = add_part, .ctx = request},
	    {.name = "schema", .takes_value = true, .value = &request->schema},
	    {.name = "policy", .takes_value = true, .value = &request->policy_file},
	    {.name = "message", .short_name = 'm', .takes_value = true, .value = &request->message},
	    {.name = "meta", .takes_value = true, .each = add_meta, .ctx = request},
	    {.name = "expect", .takes_value = true, .value = &request->expect},
	    {.name = "waive", .takes_value = true, .each = add_waiver, .ctx = request},
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
		r = check_request(cli, request);
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
	for (size_t i = 0; i < request->part_count; i++)
		free(request->part_texts[i]);
	free(request);
	free(material);
	free(session);
	return r;
}
