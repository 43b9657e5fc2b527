#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/lost.h"
#include "publisher/operate.h"
#include "publisher/reverted.h"
#include "publisher/wait.h"

static void
print_text(const struct quoin_cli *cli, const struct quoin_reverted *reverted, const char *verb)
{
	struct quoin_buf text;

	if (cli->quiet)
		return;
	quoin_buf_init(&text, 16u << 20);
	quoin_buf_printf(&text, "%s from release %llu to %llu\n", verb, (unsigned long long)reverted->from,
	    (unsigned long long)reverted->to);
	quoin_reverted_print(reverted, &text);
	(void)quoin_cli_print_text(cli, &text);
	quoin_buf_clear(&text);
}

static int
print_json(const struct quoin_reverted *reverted, uint64_t intent, uint64_t seq)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	writer = quoin_cli_answer_begin(&answer, 16u << 20);
	quoin_json_put_u64(writer, "release", reverted->to);
	quoin_json_put_u64(writer, "from", reverted->from);
	if (intent != 0)
		quoin_json_put_u64(writer, "intent", intent);
	if (seq != 0)
		quoin_json_put_u64(writer, "seq", seq);
	quoin_reverted_print_json(reverted, writer);
	return quoin_cli_answer_end(&answer);
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
	struct quoin_reverted reverted = {0};
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
		quoin_reverted_find(&session->conf, &session->control, from, to, &reverted);
		if (cli->json)
			r = print_json(&reverted, intent.number, seq);
		else
			print_text(cli, &reverted, request->wait ? "went back" : "going back");
	}
	quoin_keyring_clear(&keys);
	quoin_reverted_clear(&reverted);
	return r;
}

static int
run(const struct quoin_cli *cli, struct quoin_session *session, const struct request *request, struct quoin_error *err)
{
	struct quoin_activations activations = {0};
	struct quoin_reverted reverted = {0};
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
	quoin_reverted_find(&session->conf, &session->control, from, to, &reverted);
	if (cli->json)
		r = print_json(&reverted, 0, 0);
	else
		print_text(cli, &reverted, "would go back");
	quoin_reverted_clear(&reverted);
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
