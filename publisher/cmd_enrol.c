#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/enrol.h"

#define DAY_MS   (24ll * 3600 * 1000)
#define SKEW_MS  (10ll * 60 * 1000)
#define DAYS_MAX 3650

static int
add_label(void *ctx, const char *value, struct quoin_error *err)
{
	int r = quoin_labels_add(ctx, quoin_span_str(value));

	return r == 0 ? 0 : quoin_error_set(err, r, "\"%s\" is not a new KEY=VALUE of name characters", value);
}

/* Names into the certificate. Returns 0 or the usage status. */
static int
describe(const struct quoin_cli *cli, const char *host, const char *role, const char *shard, struct quoin_cert *cert)
{
	if (!quoin_name_is_valid(quoin_span_str(host)))
		return quoin_cli_usage(cli, "\"%s\" is no host name: letters, digits, '.', '_', '-', at most 64", host);
	if (role == NULL || (strcmp(role, "serving") != 0 && strcmp(role, "router") != 0))
		return quoin_cli_usage(cli, "--role is serving or router");
	cert->role = strcmp(role, "serving") == 0 ? QUOIN_HOST_SERVING : QUOIN_HOST_ROUTER;
	if ((cert->role == QUOIN_HOST_SERVING) != (shard != NULL))
		return quoin_cli_usage(cli, "%s", shard == NULL ? "a serving host needs --shard" : "a router has no shard");
	if (shard != NULL && !quoin_name_is_valid(quoin_span_str(shard)))
		return quoin_cli_usage(cli, "\"%s\" is no shard name", shard);
	snprintf(cert->host, sizeof cert->host, "%s", host);
	snprintf(cert->shard, sizeof cert->shard, "%s", shard != NULL ? shard : "");
	return 0;
}

static int
print_result(const struct quoin_cli *cli, const struct quoin_cert *cert, const char *dir)
{
	char id[QUOIN_KEY_ID_TEXT_BYTES], expires[21];
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	quoin_key_id_print(cert->key_id, id);
	quoin_time_print(cert->not_after_ms, expires);
	if (!cli->json) {
		quoin_cli_say(cli, "enrolled %s (%s%s%s), key %s, until %s; identity in %s", cert->host,
		    quoin_host_role_name(cert->role), cert->shard[0] != '\0' ? " of " : "", cert->shard, id, expires, dir);
		return 0;
	}
	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_string(writer, "host", cert->host);
	quoin_json_put_string(writer, "keyid", id);
	quoin_json_put_string(writer, "role", quoin_host_role_name(cert->role));
	quoin_json_put_string(writer, "shard", cert->shard[0] != '\0' ? cert->shard : NULL);
	quoin_json_put_string(writer, "expires", expires);
	return quoin_cli_answer_end(&answer);
}

/* Two keys of one name are two hosts that claim to be one, until the agent with the old one ends. */
static void
warn_of_change(const struct quoin_cli *cli, const struct quoin_cert *before, const struct quoin_cert *cert)
{
	char id[QUOIN_KEY_ID_TEXT_BYTES];

	quoin_key_id_print(before->key_id, id);
	if (memcmp(before->key, cert->key, sizeof cert->key) != 0)
		quoin_cli_say(cli, "warning: %s had another key, %s; end the agent that has it: what it reports counts as this host's",
		    cert->host, id);
	if (before->role != cert->role || strcmp(before->shard, cert->shard) != 0)
		quoin_cli_say(cli, "warning: %s was %s%s%s before; restart its agent with the new certificate", cert->host,
		    quoin_host_role_name(before->role), before->shard[0] != '\0' ? " of " : "", before->shard);
}

int
quoin_cmd_enrol(struct quoin_cli *cli, int argc, char **argv)
{
	const char *role = NULL, *shard = NULL, *dir = NULL, *days_text = NULL;
	const struct quoin_control_cert *known;
	struct quoin_cert cert = {0}, before = {0};
	const struct quoin_option options[] = {
	    {.name = "role", .takes_value = true, .value = &role},
	    {.name = "shard", .takes_value = true, .value = &shard},
	    {.name = "label", .takes_value = true, .each = add_label, .ctx = &cert.labels},
	    {.name = "out", .takes_value = true, .value = &dir},
	    {.name = "days", .takes_value = true, .value = &days_text},
	    {0},
	};
	struct quoin_session session = {0};
	struct quoin_keyring keys = {0};
	struct quoin_error err = {0};
	uint64_t days = 365;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1 || dir == NULL)
		return quoin_cli_usage(cli, "%s", count != 1 ? "name one host" : "--out DIR says where the identity goes");
	if (days_text != NULL && (!quoin_u64_parse(quoin_span_str(days_text), &days) || days == 0 || days > DAYS_MAX))
		return quoin_cli_usage(cli, "--days takes a number from 1 to %d", DAYS_MAX);
	r = describe(cli, argv[1], role, shard, &cert);
	if (r != 0)
		return r;
	cert.not_before_ms = quoin_clock_wall_ms() - SKEW_MS;
	cert.not_after_ms = quoin_clock_wall_ms() + (int64_t)days * DAY_MS;
	r = quoin_session_open(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	known = quoin_control_cert(&session.control, cert.host);
	if (known != NULL)
		before = known->cert;
	r = quoin_keyring_load(&session.conf, QUOIN_ROLE_ENROL, true, &keys, &err);
	if (r == 0)
		r = quoin_enrol(&session.conf, &session.control, session.reader, &keys, dir, &cert,
		    QUOIN_SESSION_TIMEOUT_MS, &err);
	if (r == 0 && known != NULL)
		warn_of_change(cli, &before, &cert);
	r = r == 0 ? print_result(cli, &cert, dir) : quoin_cli_fail(cli, &err);
	quoin_keyring_clear(&keys);
	quoin_session_close(&session);
	return r;
}
