#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/activations.h"
#include "publisher/commands.h"
#include "publisher/signers.h"

/* When a release was first fully active and when it last was replaced, as far as the gate topic still tells. */
struct tenure {
	uint64_t release;
	int64_t active_ms; /* 0: not seen to become active */
};

struct history {
	struct tenure tenures[QUOIN_HISTORY_MAX];
	size_t count;
	uint64_t last_from;
	int64_t as_of_ms; /* 0: all */
	uint64_t active_as_of, seq_as_of;
};

static void
note(void *ctx, const struct quoin_activation *activation, const struct quoin_hash *hash)
{
	struct history *history = ctx;

	(void)hash;
	if (history->as_of_ms == 0 || activation->created_ms <= history->as_of_ms) {
		history->active_as_of = activation->from;
		history->seq_as_of = activation->seq;
	}
	if (activation->from == history->last_from || activation->from == 0)
		return;
	history->last_from = activation->from;
	for (size_t i = 0; i < history->count; i++)
		if (history->tenures[i].release == activation->from)
			return;
	if (history->count < QUOIN_HISTORY_MAX)
		history->tenures[history->count++] = (struct tenure){activation->from, activation->created_ms};
}

static int64_t
active_since(const struct history *history, uint64_t release)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->tenures[i].release == release)
			return history->tenures[i].active_ms;
	return 0;
}

/* "active", "revoked", "failed", "was active", "published". */
static const char *
state_of(const struct quoin_ledger_release *release, const struct quoin_activation *newest)
{
	if (release->is_revoked)
		return "revoked";
	if (newest->from == release->ref.number)
		return "active";
	if (quoin_activation_failure(newest, release->ref.number) != NULL)
		return "failed";
	return quoin_activation_has_active(newest, release->ref.number) ? "was active" : "published";
}

static void
put_signers(struct quoin_json_writer *writer, const struct quoin_control *control, const char *kind, uint64_t number)
{
	struct quoin_signers signers;

	quoin_signers_of(control, kind, number, &signers);
	quoin_signers_put(&signers, writer);
}

/* The end of a line: by whose keys. */
static void
print_signers(const struct quoin_control *control, const char *kind, uint64_t number)
{
	struct quoin_signers signers;
	struct quoin_buf text;

	quoin_signers_of(control, kind, number, &signers);
	quoin_buf_init(&text, 4096);
	if (quoin_signers_print(&signers, control->trust.root.version, &text) == 0 && text.len > 0)
		printf("  [%.*s]", (int)text.len, (const char *)text.data);
	printf("\n");
	quoin_buf_clear(&text);
}

static void
put_waived(struct quoin_json_writer *writer, const struct quoin_release *release)
{
	quoin_json_begin_array(writer, "waived");
	for (size_t i = 0; i < release->waived_count; i++)
		quoin_json_put_string(writer, NULL, release->waived[i]);
	quoin_json_end_array(writer);
	quoin_json_begin_object(writer, "meta");
	for (size_t i = 0; i < release->meta_count; i++)
		quoin_json_put_string(writer, release->meta[i].key, release->meta[i].value);
	quoin_json_end_object(writer);
}

static void
put_words(struct quoin_json_writer *writer, const struct quoin_control *control,
    const struct quoin_ledger_intent *intent)
{
	struct quoin_intent full;
	char time[21];

	if (quoin_control_intent(control, intent->number, &full, NULL) == 0)
		quoin_json_put_string(writer, "message", full.message);
	quoin_time_print(intent->until_ms, time);
	quoin_json_put_string(writer, "until", intent->until_ms != 0 ? time : NULL);
}

static int
print_json(const struct quoin_control *control, const struct quoin_activations *activations,
    const struct history *history)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;
	char time[21];

	writer = quoin_cli_answer_begin(&answer, 256u << 20);
	quoin_json_put_u64(writer, "active", history->active_as_of);
	quoin_json_put_u64(writer, "seq", history->seq_as_of);
	quoin_json_begin_array(writer, "releases");
	for (size_t i = control->ledger.release_count; i-- > 0;) {
		const struct quoin_ledger_release *entry = &control->ledger.releases[i];
		struct quoin_release release = {0};
		int64_t since = active_since(history, entry->ref.number);

		if (history->as_of_ms != 0 && entry->created_ms > history->as_of_ms)
			continue;
		if (quoin_control_release(control, entry->ref.number, &release, NULL) != 0)
			continue;
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, "release", entry->ref.number);
		quoin_time_print(entry->created_ms, time);
		quoin_json_put_string(writer, "created", time);
		quoin_json_put_string(writer, "state", state_of(entry, &activations->newest));
		quoin_time_print(since, time);
		quoin_json_put_string(writer, "active_since", since != 0 ? time : NULL);
		quoin_json_put_string(writer, "message", release.message);
		put_waived(writer, &release);
		put_signers(writer, control, "release", entry->ref.number);
		quoin_json_end_object(writer);
		quoin_release_clear(&release);
	}
	quoin_json_end_array(writer);
	quoin_json_begin_array(writer, "intents");
	for (size_t i = control->ledger.intent_count; i-- > 0;) {
		const struct quoin_ledger_intent *intent = &control->ledger.intents[i];

		if (history->as_of_ms != 0 && intent->created_ms > history->as_of_ms)
			continue;
		quoin_time_print(intent->created_ms, time);
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_u64(writer, "intent", intent->number);
		quoin_json_put_string(writer, "created", time);
		quoin_json_put_string(writer, "action", quoin_action_name(intent->action));
		quoin_json_put_u64(writer, "release", intent->release);
		quoin_json_put_string(writer, "host", quoin_ledger_host(intent));
		put_words(writer, control, intent);
		put_signers(writer, control, "intent", intent->number);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	return quoin_cli_answer_end(&answer);
}

static void
print_intent(const struct quoin_control *control, const struct quoin_ledger_intent *intent)
{
	struct quoin_intent full;
	char time[21];

	quoin_time_print(intent->created_ms, time);
	printf("%s  intent %-5llu %s", time, (unsigned long long)intent->number, quoin_action_name(intent->action));
	if (intent->release != 0)
		printf(" %llu", (unsigned long long)intent->release);
	printf("%s%s", intent->whom[0] != '\0' ? " " : "", intent->whom);
	if (intent->until_ms != 0) {
		quoin_time_print(intent->until_ms, time);
		printf(" until %s", time);
	}
	if (quoin_control_intent(control, intent->number, &full, NULL) == 0 && full.message[0] != '\0')
		printf("  %s", full.message);
	print_signers(control, "intent", intent->number);
}

/* Releases and intents, newest first, in one list by time. */
static void
print_text(const struct quoin_control *control, const struct quoin_activations *activations,
    const struct history *history)
{
	size_t releases = control->ledger.release_count, intents = control->ledger.intent_count;
	char time[21];

	if (history->as_of_ms != 0)
		printf("then active: %llu (activation %llu)\n", (unsigned long long)history->active_as_of,
		    (unsigned long long)history->seq_as_of);
	while (releases > 0 || intents > 0) {
		const struct quoin_ledger_release *entry = releases > 0 ? &control->ledger.releases[releases - 1] : NULL;
		const struct quoin_ledger_intent *intent = intents > 0 ? &control->ledger.intents[intents - 1] : NULL;
		bool is_intent = intent != NULL && (entry == NULL || intent->head >= entry->ref.number);
		struct quoin_release release = {0};
		int64_t created_ms;

		QUOIN_ASSERT(is_intent || entry != NULL);
		created_ms = is_intent ? intent->created_ms : entry->created_ms;
		intents -= is_intent ? 1 : 0;
		releases -= is_intent ? 0 : 1;
		if (history->as_of_ms != 0 && created_ms > history->as_of_ms)
			continue;
		if (is_intent) {
			print_intent(control, intent);
			continue;
		}
		quoin_time_print(created_ms, time);
		if (quoin_control_release(control, entry->ref.number, &release, NULL) != 0)
			continue;
		printf("%s  release %-4llu %-10s  %s", time, (unsigned long long)entry->ref.number,
		    state_of(entry, &activations->newest), release.message);
		for (size_t i = 0; i < release.waived_count; i++)
			printf("%s%s", i == 0 ? "  (waived: " : ", ", release.waived[i]);
		printf("%s", release.waived_count > 0 ? ")" : "");
		print_signers(control, "release", entry->ref.number);
		quoin_release_clear(&release);
	}
}

/* "2026-11-26T06:49:44Z", or seconds or milliseconds since 1970, or "2h" ago. */
static bool
parse_time(const char *text, int64_t *ret_ms)
{
	int year, month, day, hour = 0, minute = 0, second = 0;
	struct quoin_span span = quoin_span_str(text);
	uint64_t number;

	if (quoin_u64_parse(span, &number)) {
		*ret_ms = (int64_t)(number < 100000000000ull ? number * 1000 : number);
		return number < 100000000000000ull;
	}
	if (span.len > 4 && memcmp(span.data + span.len - 4, " ago", 4) == 0)
		span.len -= 4;
	if (quoin_duration_parse(span, &number)) {
		*ret_ms = quoin_clock_wall_ms() - (int64_t)number;
		return true;
	}
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second) < 3)
		return false;
	return quoin_time_of(year, month, day, hour, minute, second, ret_ms);
}

int
quoin_cmd_log(struct quoin_cli *cli, int argc, char **argv)
{
	const char *as_of = NULL;
	const struct quoin_option options[] = {
	    {.name = "as-of", .takes_value = true, .value = &as_of},
	    {0},
	};
	struct quoin_activations activations = {0};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	struct history *history;
	int64_t as_of_ms = 0;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 0)
		return quoin_cli_usage(cli, "log takes no arguments");
	if (as_of != NULL && !parse_time(as_of, &as_of_ms))
		return quoin_cli_usage(cli, "\"%s\" is no time; write 2026-11-26T06:49:44Z, or \"2h ago\"", as_of);
	history = calloc(1, sizeof *history);
	if (history == NULL)
		return 1;
	history->as_of_ms = as_of_ms;
	r = quoin_session_open(cli, &session, &err);
	if (r == 0)
		r = quoin_activations_read(&activations, &session.control.trust, session.reader, QUOIN_SESSION_TIMEOUT_MS,
		    note, history, &err);
	if (r != 0)
		r = quoin_cli_fail(cli, &err);
	else if (cli->json)
		r = print_json(&session.control, &activations, history);
	else
		print_text(&session.control, &activations, history);
	quoin_activations_clear(&activations);
	quoin_session_close(&session);
	free(history);
	return r;
}
