#include <stdio.h>

#include "lib/clock.h"
#include "publisher/commands.h"
#include "publisher/counters.h"
#include "publisher/waiting.h"

#define TEXT_BYTES QUOIN_WAITING_BYTES

/* Why this release and no other: the pin, the target, or what was before. */
static void
explain_choice(const struct quoin_activation *newest, const struct quoin_cert *cert, char out[TEXT_BYTES])
{
	uint64_t must = quoin_activation_selects(newest, cert->host, &cert->labels);
	const struct quoin_pin *pin = NULL;

	for (size_t i = 0; i < newest->pin_count; i++)
		if (quoin_labels_match(&cert->labels, &newest->pins[i].labels) &&
		    (pin == NULL || newest->pins[i].intent > pin->intent))
			pin = &newest->pins[i];
	if (must == 0)
		snprintf(out, TEXT_BYTES, "no release is active yet");
	else if (pin != NULL)
		snprintf(out, TEXT_BYTES, "release %llu is pinned by intent %llu", (unsigned long long)must,
		    (unsigned long long)pin->intent);
	else if (must == newest->target)
		snprintf(out, TEXT_BYTES, "release %llu is the target of activation %llu", (unsigned long long)must,
		    (unsigned long long)newest->seq);
	else
		snprintf(out, TEXT_BYTES, "release %llu was active before, and the step of %g %% towards %llu does not reach it",
		    (unsigned long long)must, newest->step_threshold / 1000.0, (unsigned long long)newest->target);
}

/* What makes an excluded host count again. */
static void
explain_exclusion(const struct quoin_picture *picture, const char *host, char out[TEXT_BYTES])
{
	struct quoin_exclusion_view view;
	char time[21];

	quoin_picture_exclusion(picture, host, &view);
	quoin_time_print(view.until_ms, time);
	if (view.stage == QUOIN_EXCLUSION_OPERATOR && view.until_ms != 0)
		snprintf(out, TEXT_BYTES, "%s, or an operator's \"quoin include %s\"", time, host);
	else if (view.stage == QUOIN_EXCLUSION_OPERATOR)
		snprintf(out, TEXT_BYTES, "an operator's \"quoin include %s\"", host);
	else
		snprintf(out, TEXT_BYTES, "%s to be ready for everything that runs", host);
}

/* What has to happen before this host moves on; "" if nothing is on its way. */
static void
explain_wait(struct quoin_picture *picture, const struct quoin_cert *cert, enum quoin_host_state state,
    const char *reason, char out[TEXT_BYTES])
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const uint64_t wanted = picture->session.control.ledger.asked;
	uint64_t must = quoin_activation_selects(newest, cert->host, &cert->labels);
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);

	out[0] = '\0';
	if (picture->lost_gate.code != 0 && state != QUOIN_HOST_EXCLUDED)
		quoin_waiting_for(picture, out);
	else if (state == QUOIN_HOST_UNSEEN && reason[0] != '\0')
		snprintf(out, TEXT_BYTES, "\"quoin enrol %s --role serving --shard %s\", and quoind there", cert->host, cert->shard);
	else if (state == QUOIN_HOST_UNSEEN || state == QUOIN_HOST_OFFLINE)
		snprintf(out, TEXT_BYTES, "the host to report; is quoind running there?");
	else if (state == QUOIN_HOST_EXCLUDED)
		explain_exclusion(picture, cert->host, out);
	else if (state == QUOIN_HOST_STALE)
		snprintf(out, TEXT_BYTES, "a heartbeat: the host cannot hear a gate (the gate is %s), or cannot write its store; its "
		    "log says which (event=silent, event=alarm)", quoin_picture_gate(picture));
	else if (state <= QUOIN_HOST_UNABLE || state == QUOIN_HOST_LOADING || state == QUOIN_HOST_FETCHING)
		snprintf(out, TEXT_BYTES, "%s", reason[0] != '\0' ? reason : quoin_host_state_name(state));
	else if (cert->role == QUOIN_HOST_ROUTER && host != NULL && must != 0 && host->status.runs.number != must)
		snprintf(out, TEXT_BYTES, "its flip to release %llu", (unsigned long long)must);
	else if (state == QUOIN_HOST_HELD && quoin_picture_waiting_pin(picture, cert) != NULL)
		quoin_waiting_pin(picture, cert, out);
	else if (state == QUOIN_HOST_HELD && newest->target == wanted)
		snprintf(out, TEXT_BYTES, "the next step of release %llu; %s", (unsigned long long)wanted, reason);
	else if (state == QUOIN_HOST_HELD && newest->asked != wanted && !newest->frozen)
		snprintf(out, TEXT_BYTES, "%s", reason);
	else
		quoin_waiting_for(picture, out);
}

static int
print_counters(const struct quoin_status *status)
{
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, 64u << 10);
	quoin_counters_print(status, &text);
	fwrite(text.data, 1, text.len, stdout);
	r = text.error;
	quoin_buf_clear(&text);
	return r;
}

static int
print_result(const struct quoin_cli *cli, struct quoin_picture *picture, const struct quoin_cert *cert)
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
	char reason[QUOIN_HOST_REASON_BYTES], because[TEXT_BYTES], wait[TEXT_BYTES], excluded[QUOIN_EXCLUSION_BYTES];
	struct quoin_exclusion_view exclusion;
	enum quoin_host_state state;
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	uint64_t staged, running = host != NULL ? host->status.runs.number : 0;

	state = quoin_picture_host(picture, cert, reason, &staged);
	explain_choice(&picture->activations.newest, cert, because);
	explain_wait(picture, cert, state, reason, wait);
	quoin_picture_exclusion(picture, cert->host, &exclusion);
	if (!cli->json) {
		printf("%s (%s%s%s) is %s%s%s\n", cert->host, quoin_host_role_name(cert->role),
		    cert->shard[0] != '\0' ? " of " : "", cert->shard, quoin_host_state_name(state),
		    reason[0] != '\0' ? ": " : "", reason);
		printf("  runs      %llu%s\n", (unsigned long long)running, running == 0 ? " (nothing)" : "");
		printf("  because   %s\n", because);
		printf("  waits for %s\n", wait[0] != '\0' ? wait : "nothing");
		quoin_exclusion_print(&exclusion, excluded);
		if (state != QUOIN_HOST_EXCLUDED && excluded[0] != '\0')
			printf("  excluded  %s\n", excluded);
		return host != NULL ? print_counters(&host->status) : 0;
	}
	writer = quoin_cli_answer_begin(&answer, 256u << 10);
	quoin_json_put_string(writer, "host", cert->host);
	quoin_json_put_string(writer, "state", quoin_host_state_name(state));
	quoin_json_put_string(writer, "reason", reason);
	quoin_json_put_u64(writer, "running", running);
	quoin_json_put_string(writer, "because", because);
	quoin_json_put_string(writer, "waiting_for", wait[0] != '\0' ? wait : NULL);
	quoin_exclusion_put(&exclusion, writer);
	if (host != NULL) {
		quoin_counters_put_fetched(writer, &host->status);
		quoin_counters_put_hits(writer, &host->status);
	}
	return quoin_cli_answer_end(&answer);
}

int
quoin_cmd_why(struct quoin_cli *cli, int argc, char **argv)
{
	const struct quoin_option options[] = {{0}};
	const struct quoin_cert *host;
	struct quoin_picture *picture;
	struct quoin_error err = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1)
		return quoin_cli_usage(cli, "name one host");
	r = quoin_picture_open(cli, &picture, &err);
	host = r == 0 ? quoin_picture_named(picture, argv[1]) : NULL;
	if (r == 0 && host == NULL)
		r = quoin_error_set(&err, QUOIN_ECONFLICT, "there is no enrolled host %s; \"quoin status\" lists them", argv[1]);
	r = r == 0 ? print_result(cli, picture, host) : quoin_cli_fail(cli, &err);
	quoin_picture_close(picture);
	return r;
}
