#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/lost.h"
#include "publisher/operate.h"
#include "publisher/wait.h"

/* What each command takes. */
static const struct verb {
	const char *name;
	enum quoin_action action;
	bool takes_release;
	bool takes_host;
	bool host_is_optional; /* after a release */
	bool takes_labels;
	bool is_brake; /* its compare-and-swap is tried until done */
} verbs[] = {
	{"pin", QUOIN_ACTION_PIN, true, false, false, true, true},
	{"unpin", QUOIN_ACTION_UNPIN, false, false, false, true, true},
	{"revoke", QUOIN_ACTION_REVOKE, true, false, false, false, true},
	{"freeze", QUOIN_ACTION_FREEZE, false, false, false, false, true},
	{"unfreeze", QUOIN_ACTION_UNFREEZE, false, false, false, false, false},
	{"exclude", QUOIN_ACTION_EXCLUDE, false, true, false, false, true},
	{"include", QUOIN_ACTION_INCLUDE, false, true, false, false, false},
	{"forget", QUOIN_ACTION_FORGET, false, true, false, false, false},
	{"retry", QUOIN_ACTION_RETRY, true, false, true, false, false},
};

static int
add_label(void *ctx, const char *value, struct quoin_error *err)
{
	int r = quoin_labels_add(ctx, quoin_span_str(value));

	return r == 0 ? 0 : quoin_error_set(err, r, "\"%s\" is not a new KEY=VALUE of name characters", value);
}

/* The positional arguments into the intent. Returns 0 or the usage status. */
static int
take_arguments(const struct quoin_cli *cli, const struct verb *verb, char **argv, int count, struct quoin_intent *intent)
{
	int wanted = verb->takes_release || verb->takes_host ? 1 : 0;
	const char *host = verb->takes_host ? argv[1] : NULL;

	if (count < wanted || count > wanted + (verb->host_is_optional ? 1 : 0))
		return quoin_cli_usage(cli, "%s takes %s", verb->name,
		    verb->takes_release ? "a release" : verb->takes_host ? "a host" : "no arguments");
	if (verb->takes_release &&
	    (!quoin_u64_parse(quoin_span_str(argv[1]), &intent->release.number) || intent->release.number == 0))
		return quoin_cli_usage(cli, "\"%s\" is no release number", argv[1]);
	if (verb->host_is_optional && count == 2)
		host = argv[2];
	if (host != NULL && !quoin_name_is_valid(quoin_span_str(host)))
		return quoin_cli_usage(cli, "\"%s\" is no host name", host);
	snprintf(intent->host, sizeof intent->host, "%s", host != NULL ? host : "");
	return 0;
}

static int
print_result(const struct quoin_cli *cli, const struct quoin_intent *intent, bool has_seq, uint64_t seq)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	if (!cli->json) {
		quoin_cli_say(cli, "intent %llu: %s%s", (unsigned long long)intent->number,
		    quoin_action_name(intent->action), has_seq ? "; the gate has acted" : "");
		return 0;
	}
	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_u64(writer, "intent", intent->number);
	quoin_json_put_string(writer, "action", quoin_action_name(intent->action));
	if (has_seq)
		quoin_json_put_u64(writer, "seq", seq);
	return quoin_cli_answer_end(&answer);
}

static int
run(struct quoin_cli *cli, const struct verb *verb, struct quoin_intent *intent, bool wait, int64_t wait_ms)
{
	struct quoin_session session = {0};
	struct quoin_keyring keys = {0};
	struct quoin_error err = {0};
	uint64_t seq = 0;
	int r;

	r = intent->host[0] != '\0' ? quoin_session_open(cli, &session, &err)
				  : quoin_session_open_brake(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	r = quoin_lost_check(&session, &err);
	if (r == 0)
		r = quoin_keyring_load(&session.conf, QUOIN_ROLE_OPERATE, true, &keys, &err);
	if (r == 0)
		r = quoin_operate(&session.conf, &session.control, session.reader, &keys, verb->is_brake,
		    QUOIN_SESSION_TIMEOUT_MS, intent, &err);
	if (r == 0 && wait)
		r = quoin_wait_intent(cli, &session, intent, wait_ms, &seq, &err);
	r = r == 0 ? print_result(cli, intent, wait, seq) : quoin_cli_fail(cli, &err);
	quoin_keyring_clear(&keys);
	quoin_session_close(&session);
	return r;
}

int
quoin_cmd_intent(struct quoin_cli *cli, int argc, char **argv)
{
	const char *message = NULL, *wait_text = NULL, *for_text = NULL;
	const struct verb *verb = NULL;
	struct quoin_intent intent = {0};
	struct quoin_error err = {0};
	bool wait = false;
	const struct quoin_option options[] = {
	    {.name = "label", .takes_value = true, .each = add_label, .ctx = &intent.labels},
	    {.name = "for", .takes_value = true, .value = &for_text},
	    {.name = "message", .short_name = 'm', .takes_value = true, .value = &message},
	    {.name = "wait", .takes_value = true, .is_optional = true, .is_set = &wait, .value = &wait_text},
	    {0},
	};
	int64_t wait_ms;
	uint64_t for_ms = 0;
	int r, count;

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, argv[0]) == 0)
			verb = &verbs[i];
	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	r = take_arguments(cli, verb, argv, count, &intent);
	if (r != 0)
		return r;
	if (intent.labels.count > 0 && !verb->takes_labels)
		return quoin_cli_usage(cli, "%s takes no --label", verb->name);
	if (for_text != NULL &&
	    (verb->action != QUOIN_ACTION_EXCLUDE || !quoin_duration_parse(quoin_span_str(for_text), &for_ms) || for_ms == 0))
		return quoin_cli_usage(cli, "--for takes a time like 30m or 2h, and goes with exclude");
	if (message != NULL && strlen(message) > QUOIN_TEXT_BYTES_MAX)
		return quoin_cli_usage(cli, "the message is longer than %d bytes", QUOIN_TEXT_BYTES_MAX);
	if (quoin_wait_parse(wait_text, &wait_ms, &err) != 0)
		return quoin_cli_usage(cli, "%s", err.message);
	intent.action = verb->action;
	intent.until_ms = for_ms > 0 ? quoin_clock_wall_ms() + (int64_t)for_ms : 0;
	snprintf(intent.message, sizeof intent.message, "%s", message != NULL ? message : "");
	return run(cli, verb, &intent, wait, wait_ms);
}
