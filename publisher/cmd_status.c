#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "publisher/commands.h"
#include "publisher/counters.h"
#include "publisher/waiting.h"
#include "publisher/wrap.h"

#define LISTED_MAX 40 /* hosts that are well are not listed one by one beyond this */
#define REVOKED_MAX 12 /* nor what was revoked long ago */

static const char *
rollout_state(const struct quoin_picture *picture)
{
	const struct quoin_activation *newest = &picture->activations.newest;

	if (newest->asked == newest->from && newest->target == newest->from)
		return "none";
	return newest->target != newest->from ? "flipping" : quoin_picture_is_frozen(picture) ? "frozen" : "preparing";
}

/* ---- For programs ---- */

static void
put_numbers(struct quoin_json_writer *writer, const char *key, const uint64_t *numbers, size_t count)
{
	quoin_json_begin_array(writer, key);
	for (size_t i = 0; i < count; i++)
		quoin_json_put_u64(writer, NULL, numbers[i]);
	quoin_json_end_array(writer);
}

static void
put_activation(struct quoin_json_writer *writer, const struct quoin_picture *picture)
{
	const struct quoin_activation *newest = &picture->activations.newest;

	quoin_json_put_u64(writer, "asked", newest->asked);
	quoin_json_put_u64(writer, "target", newest->target);
	quoin_json_put_u64(writer, "active", newest->from);
	quoin_json_put_u64(writer, "epoch", newest->epoch);
	quoin_json_put_u64(writer, "seq", newest->seq);
	quoin_json_begin_array(writer, "pins");
	for (size_t i = 0; i < newest->pin_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, "intent", newest->pins[i].intent);
		quoin_json_put_u64(writer, "release", newest->pins[i].release);
		quoin_json_begin_object(writer, "labels");
		for (size_t k = 0; k < newest->pins[i].labels.count; k++)
			quoin_json_put_string(writer, newest->pins[i].labels.items[k].key,
			    newest->pins[i].labels.items[k].value);
		quoin_json_end_object(writer);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_put_bool(writer, "frozen", newest->frozen);
	put_numbers(writer, "revoked", newest->revoked, newest->revoked_count);
	quoin_json_begin_array(writer, "failed");
	for (size_t i = 0; i < newest->failed_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, "release", newest->failed[i].release);
		quoin_json_put_string(writer, "host", newest->failed[i].host);
		quoin_json_put_string(writer, "reason", newest->failed[i].reason);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_begin_array(writer, "excluded");
	for (size_t i = 0; i < newest->excluded_count; i++)
		quoin_json_put_string(writer, NULL, newest->excluded[i].host);
	quoin_json_end_array(writer);
	quoin_json_begin_array(writer, "live");
	for (size_t i = 0; i < newest->live_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, "release", newest->live[i].release.number);
		quoin_json_put_u64(writer, "since", newest->live[i].since);
		quoin_json_put_u64(writer, "last", newest->live[i].last);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_begin_array(writer, "kept");
	for (size_t i = 0; i < newest->kept_count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "host", newest->kept[i].host);
		put_numbers(writer, "releases", newest->kept[i].releases, newest->kept[i].release_count);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	quoin_json_begin_object(writer, "rollout");
	quoin_json_put_string(writer, "state", rollout_state(picture));
	quoin_json_put_u64(writer, "step", newest->step_index);
	quoin_json_put_double(writer, "percent", newest->step_threshold / 1000.0);
	quoin_json_end_object(writer);
}

static void
put_host(struct quoin_json_writer *writer, struct quoin_picture *picture, const struct quoin_cert *cert)
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
	char reason[QUOIN_HOST_REASON_BYTES];
	uint64_t staged;
	enum quoin_host_state state = quoin_picture_host(picture, cert, reason, &staged);

	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "host", cert->host);
	quoin_json_put_string(writer, "role", quoin_host_role_name(cert->role));
	quoin_json_put_string(writer, "shard", cert->shard[0] != '\0' ? cert->shard : NULL);
	quoin_json_put_u64(writer, "obeyed", host != NULL ? host->status.obeyed.seq : 0);
	quoin_json_put_u64(writer, "active", host != NULL ? host->status.runs.number : 0);
	quoin_json_put_u64(writer, "staged", staged);
	quoin_json_put_string(writer, "state", quoin_host_state_name(state));
	quoin_json_put_string(writer, "reason", reason);
	quoin_json_put_bool(writer, "stale", host != NULL && host->status.stale);
	if (host != NULL) {
		put_numbers(writer, "holds", host->status.holds, host->status.hold_count);
		quoin_json_put_i64(writer, "age_ms",
		    picture->now_ms > host->received_ms ? picture->now_ms - host->received_ms : 0);
		quoin_counters_put_fetched(writer, &host->status);
	} else {
		quoin_json_put_null(writer, "age_ms");
	}
	quoin_json_end_object(writer);
}

/* Who is left out, and who will be once the gate has acted; "excluded" has the names alone. */
static void
put_exclusions(struct quoin_json_writer *writer, const struct quoin_picture *picture)
{
	const struct quoin_activation *newest = &picture->activations.newest;
	const struct quoin_ledger *ledger = &picture->session.control.ledger;
	struct quoin_exclusion_view view;

	quoin_json_begin_array(writer, "exclusions");
	for (size_t i = 0; i < newest->excluded_count + ledger->excluded_count; i++) {
		const bool is_new = i >= newest->excluded_count;
		const char *host = is_new ? ledger->excluded[i - newest->excluded_count].host : newest->excluded[i].host;

		quoin_picture_exclusion(picture, host, &view);
		if (is_new && (view.stage != QUOIN_EXCLUSION_ASKED || quoin_activation_exclusion(newest, host) != NULL))
			continue;
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "host", host);
		quoin_exclusion_put(&view, writer);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}

static int
print_json(struct quoin_picture *picture)
{
	const struct quoin_error *const alarms[] = {&picture->lost_control, &picture->lost_gate};
	const struct quoin_control *control = &picture->session.control;
	char waits[QUOIN_WAITING_BYTES];
	char lack[QUOIN_PICTURE_ALARM_BYTES];
	const struct quoin_cert *expected;
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	size_t at = 0;

	quoin_waiting_for(picture, waits);
	if (waits[0] == '\0')
		quoin_waiting_pin(picture, NULL, waits);
	writer = quoin_cli_answer_begin(&answer, 64u << 20);
	quoin_json_put_string(writer, "namespace", picture->session.conf.namespace_name);
	quoin_json_put_u64(writer, "head", control->ledger.head.number);
	quoin_json_put_u64(writer, "intent", control->ledger.last_intent.number);
	put_activation(writer, picture);
	put_exclusions(writer, picture);
	quoin_json_put_string(writer, "waiting_for", waits[0] != '\0' ? waits : NULL);
	quoin_json_begin_object(writer, "gate");
	quoin_json_put_string(writer, "state", quoin_picture_gate(picture));
	quoin_json_put_u64(writer, "heartbeat", picture->activations.heartbeat.number);
	quoin_json_end_object(writer);
	quoin_json_begin_array(writer, "alarms");
	for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++)
		if (alarms[i]->code != 0)
			quoin_json_put_string(writer, NULL, alarms[i]->message);
	while (quoin_picture_lacks_hosts(picture, &at, lack))
		quoin_json_put_string(writer, NULL, lack);
	quoin_json_end_array(writer);
	quoin_json_put_u64(writer, "refused_documents", control->refusal_count);
	quoin_json_begin_array(writer, "hosts");
	for (size_t i = 0; (expected = quoin_picture_expected(picture, i)) != NULL; i++)
		put_host(writer, picture, expected);
	quoin_json_end_array(writer);
	return quoin_cli_answer_end(&answer);
}

/* ---- For people ---- */

static bool
is_well(enum quoin_host_state state)
{
	return state == QUOIN_HOST_ACTIVE || state == QUOIN_HOST_READY || state == QUOIN_HOST_PINNED ||
	    state == QUOIN_HOST_HELD;
}

static void
print_host(FILE *out, const struct quoin_cli *cli, const struct quoin_picture *picture, const struct quoin_cert *cert,
    enum quoin_host_state state, const char *reason)
{
	const struct quoin_fleet_host *host = quoin_fleet_host(&picture->fleet, cert->host);
	const char *colour = !cli->has_colour ? "" : is_well(state) ? "\033[32m"
		: state <= QUOIN_HOST_STALE			     ? "\033[31m"
								     : "\033[33m";

	fprintf(out, "  %-24s %-8s %-16s %s%-9s%s", cert->host, quoin_host_role_name(cert->role),
	    cert->shard[0] != '\0' ? cert->shard : "-", colour, quoin_host_state_name(state),
	    cli->has_colour ? "\033[0m" : "");
	if (host != NULL && host->status.runs.number != 0)
		fprintf(out, " runs %llu", (unsigned long long)host->status.runs.number);
	fprintf(out, "%s%s\n", reason[0] != '\0' ? "  " : "", reason);
}

static void
print_hosts(FILE *out, const struct quoin_cli *cli, struct quoin_picture *picture)
{
	size_t counts[QUOIN_HOST_IDLE + 1] = {0}, count = 0, well = 0;
	const struct quoin_cert *cert;
	char reason[QUOIN_HOST_REASON_BYTES];
	const char *before = ":";
	uint64_t staged;

	for (; (cert = quoin_picture_expected(picture, count)) != NULL; count++) {
		enum quoin_host_state state = quoin_picture_host(picture, cert, reason, &staged);

		counts[state]++;
		well += is_well(state);
	}
	fprintf(out, "hosts    %zu", count);
	for (unsigned state = 0; state <= QUOIN_HOST_IDLE; state++) {
		if (counts[state] == 0)
			continue;
		fprintf(out, "%s %zu %s", before, counts[state], quoin_host_state_name((enum quoin_host_state)state));
		before = ",";
	}
	fprintf(out, "\n");
	for (size_t i = 0; (cert = quoin_picture_expected(picture, i)) != NULL; i++) {
		enum quoin_host_state state = quoin_picture_host(picture, cert, reason, &staged);

		if (!is_well(state) || count <= LISTED_MAX)
			print_host(out, cli, picture, cert, state, reason);
	}
	if (count > LISTED_MAX && well > 0)
		fprintf(out, "  and %zu that are well\n", well);
}

/* The newest ones. */
static void
print_revoked(FILE *out, const struct quoin_activation *newest)
{
	size_t first = newest->revoked_count > REVOKED_MAX ? newest->revoked_count - REVOKED_MAX : 0;

	if (newest->revoked_count == 0)
		return;
	fprintf(out, "revoked %s", first > 0 ? " ..." : "");
	for (size_t i = first; i < newest->revoked_count; i++)
		fprintf(out, " %llu", (unsigned long long)newest->revoked[i]);
	fprintf(out, "\n");
}

static void
print_text(FILE *out, const struct quoin_cli *cli, struct quoin_picture *picture)
{
	const struct quoin_error *const alarms[] = {&picture->lost_control, &picture->lost_gate};
	const struct quoin_activation *newest = &picture->activations.newest;
	const char *gate = quoin_picture_gate(picture);
	char waits[QUOIN_WAITING_BYTES];
	char lack[QUOIN_PICTURE_ALARM_BYTES];
	size_t at = 0;

	for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++)
		if (alarms[i]->code != 0)
			fprintf(out, "ALARM    %s\n", alarms[i]->message);
	while (quoin_picture_lacks_hosts(picture, &at, lack))
		fprintf(out, "ALARM    %s\n", lack);
	fprintf(out, "namespace %s, head %llu, asked for %llu\n", picture->session.conf.namespace_name,
	    (unsigned long long)picture->session.control.ledger.head.number,
	    (unsigned long long)picture->session.control.ledger.asked);
	fprintf(out, "active   %llu", (unsigned long long)newest->from);
	if (newest->target != newest->from)
		fprintf(out, ", going to %llu", (unsigned long long)newest->target);
	else if (newest->asked != newest->from)
		fprintf(out, ", preparing %llu", (unsigned long long)newest->asked);
	fprintf(out, " (activation %llu)%s\n", (unsigned long long)newest->seq, newest->frozen ? ", frozen" : "");
	quoin_waiting_for(picture, waits);
	if (waits[0] != '\0')
		fprintf(out, "waits    for %s\n", waits);
	quoin_waiting_pin(picture, NULL, waits);
	if (waits[0] != '\0')
		fprintf(out, "waits    for %s\n", waits);
	fprintf(out, "live    ");
	for (size_t i = 0; i < newest->live_count; i++)
		fprintf(out, " %llu", (unsigned long long)newest->live[i].release.number);
	fprintf(out, "%s\ngate     %s", newest->live_count == 0 ? " nothing" : "", gate);
	if (gate[0] == 's')
		fprintf(out, ", last heard %lld s ago by the clock of this machine",
		    (long long)(picture->now_ms - picture->activations.heartbeat_received_ms) / 1000);
	fprintf(out, "\n");
	for (size_t i = 0; i < newest->failed_count; i++)
		fprintf(out, "failed   %llu%s%s: %s\n", (unsigned long long)newest->failed[i].release,
		    newest->failed[i].host[0] != '\0' ? " on " : "", newest->failed[i].host, newest->failed[i].reason);
	for (size_t i = 0; i < newest->kept_count; i++)
		fprintf(out, "kept     %zu releases for %s, whose lease ended; bring it back, or \"quoin forget %s\"\n",
		    newest->kept[i].release_count, newest->kept[i].host, newest->kept[i].host);
	for (size_t i = 0; i < newest->pin_count; i++)
		fprintf(out, "pinned   %llu%s\n", (unsigned long long)newest->pins[i].release,
		    newest->pins[i].labels.count > 0 ? " by label" : " everywhere");
	print_revoked(out, newest);
	if (picture->session.control.refusal_count > 0)
		fprintf(out, "refused  %zu documents on the control topic, the last: %s\n",
		    picture->session.control.refusal_count,
		    picture->session.control
			.refusals[(picture->session.control.refusal_count - 1) %
			    (sizeof picture->session.control.refusals / sizeof picture->session.control.refusals[0])]
			.err.message);
	print_hosts(out, cli, picture);
}

static int
show(const struct quoin_cli *cli, struct quoin_picture *picture)
{
	if (cli->json)
		return print_json(picture);
	print_text(stdout, cli, picture);
	return fflush(stdout) == 0 ? 0 : 1;
}

static volatile sig_atomic_t is_interrupted;

static void
interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

static size_t
terminal_rows(void)
{
	struct winsize window;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_row : 0;
}

/* The same in place of what the terminal shows. "missed": why it is not newer; code 0: it is of now. */
static int
draw(const struct quoin_cli *cli, struct quoin_picture *picture, const struct quoin_error *missed,
    struct quoin_error *err)
{
	struct quoin_buf frame;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int r;

	if (out == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	if (missed->code != 0)
		fprintf(out, "ALARM    this is not of now: %s\n", missed->message);
	print_text(out, cli, picture);
	r = fclose(out) == 0 ? 0 : QUOIN_ENOMEM;
	quoin_buf_init(&frame, 64u << 20);
	if (r == 0)
		quoin_frame(quoin_span_of(text, bytes), terminal_rows(), &frame);
	r = r == 0 ? frame.error : r;
	if (r != 0)
		(void)quoin_error_set(err, r, "cannot draw the status");
	if (r == 0 && (fwrite(frame.data, 1, frame.len, stdout) != frame.len || fflush(stdout) != 0))
		r = 1;
	quoin_buf_clear(&frame);
	free(text);
	return r;
}

/* Draw again every second: on a terminal in place, and over a broker that is away; otherwise (and as JSON) one after the
 * other. Ctrl-C ends it. */
static int
watch_on(const struct quoin_cli *cli, struct quoin_picture *picture, struct quoin_error *err)
{
	const struct sigaction action = {.sa_handler = interrupt};
	const struct timespec pause = {.tv_sec = 1};
	const bool in_place = cli->is_terminal && !cli->json;
	struct quoin_error missed = {0};
	int r = 0;

	sigaction(SIGINT, &action, NULL);
	while (r == 0 && !is_interrupted) {
		r = in_place ? draw(cli, picture, &missed, err) : show(cli, picture);
		(void)nanosleep(&pause, NULL);
		if (r != 0 || is_interrupted)
			break;
		memset(&missed, 0, sizeof missed);
		r = quoin_picture_refresh(picture, err);
		if (in_place && (r == QUOIN_EUNREACHABLE || r == QUOIN_ETIMEOUT)) {
			missed = *err;
			r = 0;
		}
	}
	return r;
}

int
quoin_cmd_status(struct quoin_cli *cli, int argc, char **argv)
{
	bool watch = false;
	const struct quoin_option options[] = {
	    {.name = "watch", .is_set = &watch},
	    {0},
	};
	struct quoin_picture *picture;
	struct quoin_error err = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 0)
		return quoin_cli_usage(cli, "status takes no arguments");
	r = quoin_picture_open(cli, &picture, &err);
	if (r == 0)
		r = watch ? watch_on(cli, picture, &err) : show(cli, picture);
	if (r < 0)
		r = quoin_cli_fail(cli, &err);
	quoin_picture_close(picture);
	return r;
}
