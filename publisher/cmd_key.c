#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/text.h"
#include "publisher/commands.h"
#include "publisher/keyring.h"

static void
put_key(struct quoin_json_writer *writer, const char *role, const struct quoin_public_key *key)
{
	char id[QUOIN_KEY_ID_TEXT_BYTES], public_hex[QUOIN_PUBLIC_KEY_BYTES * 2 + 1];

	quoin_key_id_print(key->id, id);
	quoin_hex_print(key->key, sizeof key->key, public_hex);
	quoin_json_begin_object(writer, NULL);
	quoin_json_put_string(writer, "keyid", id);
	quoin_json_put_string(writer, "role", role);
	quoin_json_put_string(writer, "public", public_hex);
	quoin_json_end_object(writer);
}

static int
generate(struct quoin_cli *cli, const struct quoin_conf *conf, const char *role_name, bool no_passphrase)
{
	struct quoin_public_key key;
	struct quoin_error err = {0};
	struct quoin_json_writer writer;
	struct quoin_buf json;
	char passphrase[1024] = {0}, id[QUOIN_KEY_ID_TEXT_BYTES];
	enum quoin_role role;
	int r = 0;

	if (!quoin_role_parse(quoin_span_str(role_name), &role) || role == QUOIN_ROLE_HOST)
		return quoin_cli_usage(cli, "there is no role \"%s\"; it is one of root, release, operate, gate, enrol",
		    role_name);
	if (!no_passphrase)
		r = quoin_passphrase_get(conf, "the new key", true, passphrase, sizeof passphrase, &err);
	if (r == 0)
		r = quoin_keyring_make(conf->keys, role, no_passphrase ? NULL : passphrase, &key, &err);
	quoin_wipe(passphrase, sizeof passphrase);
	if (r != 0)
		return quoin_cli_fail(cli, &err);
	if (!cli->json) {
		quoin_key_id_print(key.id, id);
		quoin_cli_say(cli, "made key %s for the role %s in %s", id, role_name, conf->keys);
		quoin_cli_say(cli, "it counts once a root version lists it");
		return 0;
	}
	quoin_buf_init(&json, 4096);
	quoin_json_writer_init(&writer, &json);
	put_key(&writer, role_name, &key);
	r = quoin_cli_print_json(&json);
	quoin_buf_clear(&json);
	return r;
}

/* One public key file: a line for people, or an object for programs. */
static int
list_one(const struct quoin_cli *cli, const struct quoin_conf *conf, const char *entry)
{
	char path[QUOIN_PATH_BYTES_MAX + 300], role[QUOIN_NAME_BYTES_MAX + 1], id[QUOIN_KEY_ID_TEXT_BYTES];
	struct quoin_public_key key;
	struct quoin_error err = {0};
	struct quoin_json_writer writer;
	struct quoin_buf text, json;
	int r;

	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	quoin_buf_init(&json, 4096);
	snprintf(role, sizeof role, "%.*s", (int)strcspn(entry, "-."), entry);
	r = quoin_path_join(conf->keys, entry, path, sizeof path);
	if (r == 0)
		r = quoin_file_read(path, &text, &err);
	if (r == 0)
		r = quoin_public_key_parse(quoin_buf_span(&text), &key, &err);
	if (r != 0) {
		quoin_error_at(&err, path, 0, 0);
		r = quoin_cli_fail(cli, &err);
	} else if (cli->json) {
		quoin_json_writer_init(&writer, &json);
		put_key(&writer, role, &key);
		r = quoin_cli_print_json(&json);
	} else {
		quoin_key_id_print(key.id, id);
		printf("%-8s %s %s\n", role, id, path);
	}
	quoin_buf_clear(&text);
	quoin_buf_clear(&json);
	return r;
}

static int
list(struct quoin_cli *cli, const struct quoin_conf *conf)
{
	struct quoin_error err = {0};
	struct dirent **entries = NULL;
	int count, status = 0;

	count = scandir(conf->keys, &entries, NULL, alphasort);
	if (count < 0) {
		quoin_error_sys(&err, QUOIN_ENOENT, "cannot list the keys in %s", conf->keys);
		return quoin_cli_fail(cli, &err);
	}
	for (int i = 0; i < count; i++) {
		size_t bytes = strlen(entries[i]->d_name);

		if (bytes > 4 && strcmp(entries[i]->d_name + bytes - 4, ".pub") == 0) {
			int r = list_one(cli, conf, entries[i]->d_name);

			status = r != 0 ? r : status;
		}
		free(entries[i]);
	}
	free(entries);
	return status;
}

int
quoin_cmd_key(struct quoin_cli *cli, int argc, char **argv)
{
	bool no_passphrase = false;
	const struct quoin_option options[] = {
	    {.name = "no-passphrase", .is_set = &no_passphrase},
	    {0},
	};
	struct quoin_error err = {0};
	struct quoin_conf conf = {0};
	int r, count;

	r = quoin_cli_options(cli, argc, argv, options, &count);
	if (r != 0)
		return r < 0 ? 0 : r;
	r = quoin_cli_conf(cli, &conf, &err);
	if (r == 0 && conf.keys[0] == '\0')
		r = quoin_error_set(&err, QUOIN_ECONFIG, "no keys configured; set \"keys = DIRECTORY\" in %s", conf.file);
	if (r != 0)
		r = quoin_cli_fail(cli, &err);
	else if (count == 2 && strcmp(argv[1], "generate") == 0)
		r = generate(cli, &conf, argv[2], no_passphrase);
	else if (count == 1 && strcmp(argv[1], "list") == 0)
		r = list(cli, &conf);
	else
		r = quoin_cli_usage(cli, "say what to do with keys");
	quoin_conf_clear(&conf);
	return r;
}
