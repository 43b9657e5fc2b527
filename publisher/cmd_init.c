#include "lib/file.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/genesis.h"
#include "publisher/topics.h"

static void
print_result(const struct quoin_cli *cli, const struct quoin_conf *conf, const struct quoin_trust *trust, bool is_new,
    const bool made[QUOIN_TOPICS])
{
	char system_id[QUOIN_SYSTEM_BYTES * 2 + 1], topic[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_cli_answer answer;
	struct quoin_json_writer *writer;

	quoin_hex_print(trust->root.origin.system, QUOIN_SYSTEM_BYTES, system_id);
	if (!cli->json) {
		quoin_cli_say(cli, "%s namespace %s of system %s", is_new ? "made" : "joined", conf->namespace_name,
		    system_id);
		quoin_cli_say(cli, "root %s (version %llu); copy it to every host", conf->root,
		    (unsigned long long)trust->root.version);
		for (unsigned i = 0; i < QUOIN_TOPICS; i++) {
			quoin_topic_name(conf->namespace_name, (enum quoin_topic)i, topic);
			quoin_cli_say(cli, "topic %s: %s", topic, made[i] ? "made" : "is as it should be");
		}
		return;
	}
	writer = quoin_cli_answer_begin(&answer, 64u << 10);
	quoin_json_put_string(writer, "namespace", conf->namespace_name);
	quoin_json_put_string(writer, "system", system_id);
	quoin_json_put_bool(writer, "new", is_new);
	quoin_json_put_string(writer, "root", conf->root);
	quoin_json_begin_array(writer, "topics");
	for (unsigned i = 0; i < QUOIN_TOPICS; i++) {
		quoin_topic_name(conf->namespace_name, (enum quoin_topic)i, topic);
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "topic", topic);
		quoin_json_put_bool(writer, "made", made[i]);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
	(void)quoin_cli_answer_end(&answer);
}

/* The part behind the options: root, topics, incarnations. */
static int
begin(struct quoin_conf *conf, int replicas, bool no_passphrase, struct quoin_control *control, bool *ret_is_new,
    bool made[QUOIN_TOPICS], struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	struct quoin_bus_reader *reader = NULL;
	struct quoin_keyring keys = {0};
	bool is_embedded, has_empty = false;
	int r;

	if (conf->root[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "no root configured; set \"root = FILE\" in quoin.conf");
	r = quoin_bus_is_embedded(&bus, QUOIN_SESSION_TIMEOUT_MS, &is_embedded, err); /* before anything is made */
	*ret_is_new = !quoin_file_exists(conf->root);
	if (r == 0 && *ret_is_new)
		r = quoin_genesis(conf, no_passphrase, err);
	if (r == 0)
		r = quoin_control_init(control, conf, err);
	if (r == 0)
		r = quoin_topics_make(conf, replicas, made, err);
	if (r == 0)
		r = quoin_bus_reader_open_brief(&bus, &reader, err);
	if (r == 0)
		r = quoin_control_read(control, reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_topics_look(conf, reader, &has_empty, err);
	if (r == 0 && (!control->has_incarnation || has_empty)) {
		r = quoin_keyring_load(conf, QUOIN_ROLE_ROOT, true, &keys, err);
		if (r == 0)
			r = quoin_topics_begin(conf, control, reader, &keys, err);
	}
	quoin_keyring_clear(&keys);
	quoin_bus_reader_close(reader);
	return r;
}

int
quoin_cmd_init(struct quoin_cli *cli, int argc, char **argv)
{
	const char *replicas_text = NULL;
	bool no_passphrase = false, is_new = false, made[QUOIN_TOPICS] = {false};
	const struct quoin_option options[] = {
	    {.name = "replicas", .takes_value = true, .value = &replicas_text},
	    {.name = "no-passphrase", .is_set = &no_passphrase},
	    {0},
	};
	struct quoin_control control = {0};
	struct quoin_error err = {0};
	struct quoin_conf conf = {0};
	int64_t replicas = -1;
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	if (count != 0)
		return quoin_cli_usage(cli, "init takes no arguments");
	if (replicas_text != NULL &&
	    (!quoin_i64_parse(quoin_span_str(replicas_text), &replicas) || replicas < 1 || replicas > 32))
		return quoin_cli_usage(cli, "--replicas takes a number from 1 to 32");
	r = quoin_cli_conf(cli, &conf, &err);
	if (r == 0)
		r = begin(&conf, (int)replicas, no_passphrase, &control, &is_new, made, &err);
	if (r == 0)
		print_result(cli, &conf, &control.trust, is_new, made);
	quoin_control_clear(&control);
	quoin_conf_clear(&conf);
	return r == 0 ? 0 : quoin_cli_fail(cli, &err);
}
