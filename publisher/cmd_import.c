#include "publisher/commands.h"
#include "publisher/import.h"

/* The last words of quoin-import's answer, in the order of enum quoin_import_activation. */
static const char *const activation_words[] = {"none", "held", "written"};
static const char *const activation_texts[] = {"activation: the export has none",
    "activation: the gate topic has it, or a later one", "activation: written; a gate goes on from it"};

static void
say_done(const struct quoin_cli *cli, const struct quoin_import_done *done)
{
	unsigned long long sent = done->sent.full_bytes, reused = done->sent.reused_bytes;

	if (done->parts_are_there)
		quoin_cli_say(cli, "parts: %llu bytes sent, %llu were there", sent, reused);
	if (done->root_is_written)
		quoin_cli_say(cli, "root: written");
	if (done->intents_written > 0)
		quoin_cli_say(cli, "intents: %zu written", done->intents_written);
	if (done->release_is_written || done->release_was_there)
		quoin_cli_say(cli, "release %llu: %s", (unsigned long long)done->release,
		    done->release_is_written ? "written" : "was there");
}

/* What was reached before a failure, and what was not. */
static int
fail(const struct quoin_cli *cli, const struct quoin_import_done *done, struct quoin_error *err)
{
	if (done->release == 0)
		return quoin_cli_fail(cli, err);
	say_done(cli, done);
	if (done->release_is_written || done->release_was_there)
		(void)quoin_error_prefix(err, "release %llu is on the bus, its activation was not written",
		    (unsigned long long)done->release);
	else
		(void)quoin_error_prefix(err, "release %llu was not written", (unsigned long long)done->release);
	return quoin_cli_fail(cli, err);
}

static int
print_result(const struct quoin_cli *cli, const struct quoin_import_done *done)
{
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	say_done(cli, done);
	quoin_cli_say(cli, "%s", activation_texts[done->activation]);
	if (!cli->json)
		return 0;
	writer = quoin_cli_answer_begin(&answer, 4096);
	quoin_json_put_u64(writer, "release", done->release);
	quoin_json_put_bool(writer, "written", done->release_is_written);
	quoin_json_put_bool(writer, "root", done->root_is_written);
	quoin_json_put_u64(writer, "intents", done->intents_written);
	quoin_json_put_string(writer, "activation", activation_words[done->activation]);
	quoin_json_begin_object(writer, "bytes");
	quoin_json_put_u64(writer, "full", done->sent.full_bytes);
	quoin_json_put_u64(writer, "reused", done->sent.reused_bytes);
	quoin_json_end_object(writer);
	return quoin_cli_answer_end(&answer);
}

int
quoin_cmd_import(struct quoin_cli *cli, int argc, char **argv)
{
	bool is_store = false;
	const struct quoin_option options[] = {{.name = "store", .is_set = &is_store}, {0}};
	struct quoin_session session = {0};
	struct quoin_import_done done = {0};
	struct quoin_error err = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 1)
		return quoin_cli_usage(cli, "name the directory that \"quoin export\" wrote");
	if (is_store)
		return quoin_cli_run_agent(cli, "--import", argv[1]);
	r = quoin_session_open(cli, &session, &err);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	r = quoin_import(&session.conf, &session.control, session.reader, argv[1], QUOIN_SESSION_TIMEOUT_MS, &done, &err);
	r = r == 0 ? print_result(cli, &done) : fail(cli, &done, &err);
	quoin_session_close(&session);
	return r;
}
