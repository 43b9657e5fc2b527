#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/source.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/difference.h"
#include "publisher/lost.h"
#include "publisher/operate.h"
#include "publisher/parts.h"
#include "publisher/wait.h"

#define FETCH_TIMEOUT_MS 5000 /* the list must never hold the brake for long */

/* What goes back, for people: the objectives whose decisions can change. */
struct reverted {
	struct quoin_ruleset before, after;
	struct quoin_difference difference;
	bool is_known;
};

static void
clear_reverted(struct reverted *reverted)
{
	quoin_difference_clear(&reverted->difference);
	quoin_ruleset_clear(&reverted->before);
	quoin_ruleset_clear(&reverted->after);
}

static int
fetch_ruleset(struct quoin_session *session, struct quoin_bus_lookup *lookup, uint64_t number,
    struct quoin_ruleset *ret)
{
	static const char *const names[] = {"source", NULL};
	struct quoin_parts parts;
	struct quoin_span source;
	int r = quoin_parts_fetch(lookup, &session->control, number, names, FETCH_TIMEOUT_MS, &parts, NULL);

	if (r != 0)
		return r;
	source = quoin_parts_content(&parts, "source");
	r = source.len > 0 ? quoin_source_read(source, ret, NULL) : QUOIN_EMISSING;
	quoin_parts_clear(&parts);
	return r;
}

/* A release without rules, or one whose source cannot be had, has no list; the brake works all the same. */
static void
find_reverted(struct quoin_session *session, uint64_t from, uint64_t to, struct reverted *reverted)
{
	struct quoin_bus_lookup *lookup = NULL;

	if (quoin_parts_open(&session->conf, &lookup, NULL) != 0)
		return;
	reverted->is_known = fetch_ruleset(session, lookup, from, &reverted->before) == 0 &&
	    fetch_ruleset(session, lookup, to, &reverted->after) == 0 &&
	    quoin_difference_make(&reverted->before, &reverted->after, &reverted->difference) == 0;
	quoin_bus_lookup_close(lookup);
}

/* What going back does to an objective: what was added goes, what was removed comes back. */
static const char *
effect_of(const struct quoin_objective_change *change)
{
	static const char *const effects[] = {"comes back", "goes", "decides as before"};

	return effects[change->change];
}

static void
print_text(const struct quoin_cli *cli, const struct reverted *reverted, uint64_t from, uint64_t to, const char *verb)
{
	const struct quoin_difference *difference = &reverted->difference;

	quoin_cli_say(cli, "%s from release %llu to %llu", verb, (unsigned long long)from, (unsigned long long)to);
	if (!reverted->is_known) {
		quoin_cli_say(cli, "which objectives are taken back is not known: a release has no rules, or they cannot be had");
		return;
	}
	quoin_cli_say(cli, "%zu objective%s taken back%s", difference->objective_count,
	    difference->objective_count == 1 ? " is" : "s are", difference->objective_count > 0 ? ":" : "");
	for (size_t i = 0; i < difference->objective_count; i++) {
		const struct quoin_objective_change *change = &difference->objectives[i];

		quoin_cli_say(cli, "  %-40s %-20s %s", change->objective, change->owner[0] != '\0' ? change->owner : "-",
		    effect_of(change));
	}
}

static int
print_json(const struct reverted *reverted, uint64_t from, uint64_t to, uint64_t intent, uint64_t seq)
{
	struct quoin_json_writer writer;
	struct quoin_buf json;
	int r;

	quoin_buf_init(&json, 16u << 20);
	quoin_json_writer_init(&writer, &json);
	quoin_json_begin_object(&writer, NULL);
	quoin_json_put_u64(&writer, "release", to);
	quoin_json_put_u64(&writer, "from", from);
	if (intent != 0)
		quoin_json_put_u64(&writer, "intent", intent);
	if (seq != 0)
		quoin_json_put_u64(&writer, "seq", seq);
	quoin_json_begin_array(&writer, "reverted");
	for (size_t i = 0; i < reverted->difference.objective_count; i++) {
		quoin_json_begin_object(&writer, NULL);
		quoin_json_put_string(&writer, "objective", reverted->difference.objectives[i].objective);
		quoin_json_put_string(&writer, "owner", reverted->difference.objectives[i].owner);
		quoin_json_put_string(&writer, "change", quoin_change_name(reverted->difference.objectives[i].change));
		quoin_json_end_object(&writer);
	}
	quoin_json_end_array(&writer);
	quoin_json_end_object(&writer);
	r = quoin_cli_print_json(&json);
	quoin_buf_clear(&json);
	return r;
}

struct request {
	uint64_t number; /* 0: find it */
	const char *message;
	bool wait, dry_run;
	int64_t wait_ms;
};

/* Which release to go back to. A named one must have been fully active: only then the brake's conditions are enough. */
static int
choose(struct quoin_session *session, const struct quoin_activations *activations, const struct request *request,
    uint64_t *ret_number, struct quoin_error *err)
{
	if (request->number == 0)
		return quoin_operate_back(&session->control.ledger, activations, ret_number, err);
	if (quoin_ledger_release(&session->control.ledger, request->number) == NULL)
		return quoin_error_set(err, QUOIN_ECONFLICT, "there is no release %llu; \"quoin log\" lists them",
		    (unsigned long long)request->number);
	if (!activations->has_newest || !quoin_activation_has_active(&activations->newest, request->number))
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "release %llu was never fully active; publish it again, or pin it, which waits for its policy",
		    (unsigned long long)request->number);
	if (request->number > activations->newest.from)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "release %llu is above release %llu, which is active, and a rollback never goes forward; publish it "
		    "again, or pin it",
		    (unsigned long long)request->number, (unsigned long long)activations->newest.from);
	*ret_number = request->number;
	return 0;
}

static int
pull(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request, uint64_t from,
    uint64_t to, struct quoin_error *err)
{
	struct quoin_intent intent = {.action = QUOIN_ACTION_ROLLBACK};
	struct quoin_keyring keys = {0};
	struct reverted reverted = {0};
	uint64_t seq = 0;
	int r;

	intent.release.number = to;
	snprintf(intent.message, sizeof intent.message, "%s", request->message != NULL ? request->message : "");
	r = quoin_keyring_load(&session->conf, QUOIN_ROLE_OPERATE, true, &keys, err);
	if (r == 0)
		r = quoin_operate(&session->conf, &session->control, session->reader, &keys, true,
		    QUOIN_SESSION_TIMEOUT_MS, &intent, err);
	if (r == 0 && request->wait)
		r = quoin_wait_active(cli, session, to, intent.number, request->wait_ms, &seq, err);
	if (r == 0) { /* the list comes after the brake, not before it */
		find_reverted(session, from, to, &reverted);
		if (cli->json)
			r = print_json(&reverted, from, to, intent.number, seq);
		else
			print_text(cli, &reverted, from, to, request->wait ? "went back" : "going back");
	}
	quoin_keyring_clear(&keys);
	clear_reverted(&reverted);
	return r;
}

static int
run(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request, struct quoin_error *err)
{
	struct quoin_activations activations = {0};
	struct reverted reverted = {0};
	uint64_t from, to = 0;
	int r;

	r = quoin_activations_read(&activations, &session->control.trust, session->reader, QUOIN_SESSION_TIMEOUT_MS, NULL,
	    NULL, err);
	if (r == 0)
		r = quoin_control_read(&session->control, session->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_lost_control(&session->control, &activations, err);
	from = activations.has_newest ? activations.newest.target : 0;
	if (session->control.ledger.asked > from && !session->control.ledger.asked_is_brake &&
	    quoin_activation_failure(&activations.newest, session->control.ledger.asked) == NULL)
		from = session->control.ledger.asked; /* what is being prepared is taken back, too */
	if (r == 0)
		r = choose(session, &activations, request, &to, err);
	quoin_activations_clear(&activations);
	if (r != 0)
		return r;
	if (!request->dry_run)
		return pull(cli, session, request, from, to, err);
	find_reverted(session, from, to, &reverted);
	if (cli->json)
		r = print_json(&reverted, from, to, 0, 0);
	else
		print_text(cli, &reverted, from, to, "would go back");
	clear_reverted(&reverted);
	return r;
}

int
quoin_cmd_rollback(struct quoin_cli *cli, int argc, char **argv)
{
	const char *wait_text = NULL;
	struct request request = {0};
	const struct quoin_option options[] = {
	    {.name = "message", .short_name = 'm', .takes_value = true, .value = &request.message},
	    {.name = "wait", .takes_value = true, .is_optional = true, .is_set = &request.wait, .value = &wait_text},
	    {.name = "dry-run", .is_set = &request.dry_run},
	    {0},
	};
	struct quoin_session session = {0};
	struct quoin_error err = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count > 1 ||
	    (count == 1 && (!quoin_u64_parse(quoin_span_str(argv[1]), &request.number) || request.number == 0)))
		return quoin_cli_usage(cli, "name one release, or none to go back by one");
	if (request.message != NULL && strlen(request.message) > QUOIN_TEXT_BYTES_MAX)
		return quoin_cli_usage(cli, "the message is longer than %d bytes", QUOIN_TEXT_BYTES_MAX);
	if (quoin_wait_parse(wait_text, &request.wait_ms, &err) != 0)
		return quoin_cli_usage(cli, "%s", err.message);
	r = quoin_session_open_brake(cli, &session, &err);
	if (r == 0)
		r = run(cli, &session, &request, &err);
	if (r < 0)
		r = quoin_cli_fail(cli, &err);
	quoin_session_close(&session);
	return r;
}
