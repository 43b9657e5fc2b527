#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/export.h"
#include "publisher/keyring.h"
#include "publisher/lost.h"
#include "publisher/succession.h"

#define CHANGES_MAX 64

/* What an option was given, as often as it was. */
struct values {
	const char *items[CHANGES_MAX];
	size_t count;
};

/* "prepare": what differs. */
struct request {
	struct values adds, removes, thresholds, revokes;
	const char *expires;
};

static int
keep(void *ctx, const char *value, struct quoin_error *err)
{
	struct values *values = ctx;

	if (values->count == CHANGES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "more than %d changes of one kind", CHANGES_MAX);
	values->items[values->count++] = value;
	return 0;
}

/* "ROLE=…": the role, and what follows; NULL if it is none. */
static const char *
split_role(const char *text, enum quoin_role *ret)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || !quoin_role_parse(quoin_span_of(text, (size_t)(equals - text)), ret) || *ret == QUOIN_ROLE_HOST)
		return NULL;
	return equals + 1;
}

static int
add_key(struct quoin_root *root, const char *text, struct quoin_error *err)
{
	struct quoin_public_key key;
	struct quoin_buf file;
	enum quoin_role role;
	const char *path = split_role(text, &role);
	int r;

	if (path == NULL)
		return quoin_error_set(err, QUOIN_EUSAGE,
		    "--add takes ROLE=FILE.pub, with a role of root, release, operate, gate or enrol");
	quoin_buf_init(&file, QUOIN_KEYFILE_BYTES_MAX);
	r = quoin_file_read(path, &file, err);
	if (r == 0)
		r = quoin_public_key_parse(quoin_buf_span(&file), &key, err);
	if (r != 0)
		quoin_error_at(err, path, err->line, 0);
	quoin_buf_clear(&file);
	return r == 0 ? quoin_succession_add(root, role, &key, err) : r;
}

static int
set_threshold(struct quoin_root *root, const char *text, struct quoin_error *err)
{
	enum quoin_role role;
	const char *number = split_role(text, &role);
	uint64_t value;

	if (number == NULL || !quoin_u64_parse(quoin_span_str(number), &value) || value == 0 || value > QUOIN_KEYS_MAX)
		return quoin_error_set(err, QUOIN_EUSAGE, "--threshold takes ROLE=N, how many keys of the role must sign");
	root->threshold[role] = (unsigned)value;
	return 0;
}

static int
revoke_host(const struct quoin_control *control, struct quoin_root *root, const char *host, struct quoin_error *err)
{
	const struct quoin_control_cert *cert = quoin_control_cert(control, host);

	if (cert == NULL)
		return quoin_error_set(err, QUOIN_ECONFLICT, "there is no enrolled host %s; \"quoin status\" lists them", host);
	return quoin_succession_revoke(root, &cert->cert, err);
}

static int
change(const struct quoin_control *control, const struct request *request, struct quoin_root *root, struct quoin_error *err)
{
	uint64_t life_ms;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->adds.count; i++)
		r = add_key(root, request->adds.items[i], err);
	for (size_t i = 0; r == 0 && i < request->removes.count; i++)
		r = quoin_succession_remove(root, request->removes.items[i], err);
	for (size_t i = 0; r == 0 && i < request->thresholds.count; i++)
		r = set_threshold(root, request->thresholds.items[i], err);
	for (size_t i = 0; r == 0 && i < request->revokes.count; i++)
		r = revoke_host(control, root, request->revokes.items[i], err);
	if (r == 0 && request->expires != NULL) {
		if (!quoin_duration_parse(quoin_span_str(request->expires), &life_ms) || life_ms == 0)
			return quoin_error_set(err, QUOIN_EUSAGE, "--expires takes a time from now on, like 365d");
		root->expires_ms = root->issued_ms + (int64_t)life_ms;
	}
	return r;
}

static int
path_of(const char *out, char path[QUOIN_PATH_BYTES_MAX + 16], struct quoin_error *err)
{
	int r = quoin_path_join(out, "root.txt", path, QUOIN_PATH_BYTES_MAX + 16);

	return r != 0 ? quoin_error_set(err, r, "the path is too long") : 0;
}

static int
prepare(const struct quoin_cli *cli, const struct quoin_session *session, const struct request *request, const char *out,
    struct quoin_error *err)
{
	const struct quoin_trust *trust = &session->control.trust;
	struct quoin_root *root = calloc(1, sizeof *root);
	char path[QUOIN_PATH_BYTES_MAX + 16];
	struct quoin_buf text;
	int r;

	if (root == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	quoin_succession_begin(trust, quoin_clock_wall_ms(), root);
	r = change(&session->control, request, root, err);
	if (r == 0)
		r = quoin_succession_print(root, &text, err);
	if (r == 0)
		r = quoin_dir_make(out, 0755, err);
	if (r == 0)
		r = path_of(out, path, err);
	if (r == 0)
		r = quoin_file_create(path, quoin_buf_span(&text), 0644, err);
	if (r == 0)
		quoin_cli_say(cli,
		    "root %llu is prepared in %s: to be signed by %u of the root keys of root %llu, and %u of its own; with "
		    "\"quoin root sign %s\", or \"minisign -S -H -s KEY -m %s -x %s.NAME.minisig\" for each; then \"quoin root "
		    "publish %s\"",
		    (unsigned long long)root->version, path, trust->root.threshold[QUOIN_ROLE_ROOT],
		    (unsigned long long)trust->root.version, root->threshold[QUOIN_ROLE_ROOT], out, path, path, out);
	quoin_buf_clear(&text);
	free(root);
	return r;
}

/* With every key of the role root that this machine has; needs no broker. */
static int
sign(const struct quoin_cli *cli, const struct quoin_conf *conf, const char *out, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX + 16], signature[QUOIN_PATH_BYTES_MAX + 64], id[QUOIN_KEY_ID_TEXT_BYTES];
	struct quoin_root *root = calloc(1, sizeof *root);
	struct quoin_keyring keys = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	int r = path_of(out, path, err);

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	if (r == 0 && root == NULL)
		r = quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	if (r == 0)
		r = quoin_file_read(path, &text, err);
	if (r == 0) {
		r = quoin_root_parse(quoin_buf_span(&text), root, err);
		if (r != 0)
			quoin_error_at(err, path, err->line, 0);
	}
	if (r == 0)
		r = quoin_keyring_load(conf, QUOIN_ROLE_ROOT, true, &keys, err);
	if (r == 0 && quoin_seal(quoin_buf_span(&text), keys.keys, keys.count, &sealed) != 0)
		r = quoin_error_set(err, QUOIN_EKEY, "cannot sign %s", path);
	for (size_t i = 0; r == 0 && i < sealed.envelope.signature_count; i++) {
		quoin_key_id_print(keys.keys[i].public_key.id, id);
		snprintf(signature, sizeof signature, "%s.%s.minisig", path, id);
		r = quoin_file_replace(signature, sealed.envelope.signatures[i], 0644, err);
		if (r == 0)
			quoin_cli_say(cli, "%s: signed by %s", path, id);
	}
	quoin_sealed_clear(&sealed);
	quoin_keyring_clear(&keys);
	quoin_buf_clear(&text);
	free(root);
	return r;
}

static int
publish(const struct quoin_cli *cli, struct quoin_session *session, const char *out, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	struct quoin_envelope envelope;
	char path[QUOIN_PATH_BYTES_MAX + 16];
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	bool is_there = false;
	uint64_t version;
	int r = path_of(out, path, err);

	if (r == 0)
		r = quoin_lost_check(session, err);
	if (r == 0)
		r = quoin_detached_read(path, QUOIN_DOCUMENT_BYTES_MAX, &detached, err);
	if (r == QUOIN_EMISSING)
		r = quoin_error_set(err, QUOIN_ESIGNATURE, "%s is not signed; sign it with \"quoin root sign %s\"", path, out);
	if (r == 0) {
		envelope = quoin_export_envelope(&detached);
		r = quoin_succession_publish(&session->conf, &session->control, session->reader, &envelope,
		    QUOIN_SESSION_TIMEOUT_MS, &is_there, err);
	}
	quoin_detached_clear(&detached);
	if (r != 0)
		return r;
	version = session->control.trust.root.version;
	if (cli->json) {
		writer = quoin_cli_answer_begin(&answer, 4096);
		quoin_json_put_u64(writer, "root", version);
		quoin_json_put_bool(writer, "unchanged", is_there);
		(void)quoin_cli_answer_end(&answer);
	} else {
		quoin_cli_say(cli, "root %llu %s; gates and hosts follow it, and new ones may begin with %s", (unsigned long long)version,
		    is_there ? "counts already" : "counts", path);
	}
	return 0;
}

static int
run(const struct quoin_cli *cli, const struct request *request, const char *verb, const char *out, struct quoin_error *err)
{
	struct quoin_session session = {0};
	struct quoin_conf conf = {0};
	int r;

	if (strcmp(verb, "sign") == 0) {
		r = quoin_cli_conf(cli, &conf, err);
		if (r == 0)
			r = sign(cli, &conf, out, err);
		quoin_conf_clear(&conf);
		return r;
	}
	r = quoin_session_open(cli, &session, err);
	if (r == 0)
		r = strcmp(verb, "prepare") == 0 ? prepare(cli, &session, request, out, err) : publish(cli, &session, out, err);
	quoin_session_close(&session);
	return r;
}

int
quoin_cmd_root(struct quoin_cli *cli, int argc, char **argv)
{
	struct request request = {0};
	const struct quoin_option options[] = {
	    {.name = "add", .takes_value = true, .each = keep, .ctx = &request.adds},
	    {.name = "remove", .takes_value = true, .each = keep, .ctx = &request.removes},
	    {.name = "threshold", .takes_value = true, .each = keep, .ctx = &request.thresholds},
	    {.name = "revoke-host", .takes_value = true, .each = keep, .ctx = &request.revokes},
	    {.name = "expires", .takes_value = true, .value = &request.expires},
	    {0},
	};
	struct quoin_error err = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 2 ||
	    (strcmp(argv[1], "prepare") != 0 && strcmp(argv[1], "sign") != 0 && strcmp(argv[1], "publish") != 0))
		return quoin_cli_usage(cli, "say prepare, sign or publish, and a directory");
	if (strcmp(argv[1], "prepare") != 0 && (request.adds.count > 0 || request.removes.count > 0 || request.thresholds.count > 0 ||
		request.revokes.count > 0 || request.expires != NULL))
		return quoin_cli_usage(cli, "only prepare takes changes");
	r = run(cli, &request, argv[1], argv[2], &err);
	return r == 0 ? 0 : quoin_cli_fail(cli, &err);
}
