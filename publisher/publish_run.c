#include "publisher/publish_run.h"

#include <stdio.h>

#include "lib/file.h"
#include "publisher/export.h"
#include "publisher/wait.h"

#define SEND_TIMEOUT_MS 60000

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
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	if (!cli->json) {
		quoin_cli_say(cli, "release %llu: %s (%llu bytes sent, %llu were there)", (unsigned long long)number, note,
		    (unsigned long long)(sent->full_bytes + sent->delta_bytes), (unsigned long long)sent->reused_bytes);
		return 0;
	}
	writer = quoin_cli_answer_begin(&answer, 1u << 20);
	quoin_json_put_u64(writer, "release", number);
	quoin_json_put_bool(writer, "unchanged", unchanged);
	put_parts(writer, release);
	quoin_json_begin_object(writer, "bytes");
	quoin_json_put_u64(writer, "full", sent->full_bytes);
	quoin_json_put_u64(writer, "delta", sent->delta_bytes);
	quoin_json_put_u64(writer, "reused", sent->reused_bytes);
	quoin_json_end_object(writer);
	if (seq != 0)
		quoin_json_put_u64(writer, "seq", seq);
	return quoin_cli_answer_end(&answer);
}

static int
wait_and_print(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_publish_request *request,
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

/* ---- The ways ---- */

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
prepare(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_publish_request *request,
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
publish_new(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_publish_request *request,
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

int
quoin_publish_material(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_publish_request *request,
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

int
quoin_publish_signed(const struct quoin_cli *cli, struct quoin_session *session, const struct quoin_publish_request *request,
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
