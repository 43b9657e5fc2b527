#include "publisher/keyring.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/file.h"

#define PATH_BYTES       (QUOIN_PATH_BYTES_MAX + 128)
#define PASSPHRASE_BYTES 1024

/* "<role>.key" or "<role>-<anything>.key". */
static bool
is_key_of(const char *entry, const char *role)
{
	size_t role_bytes = strlen(role), entry_bytes = strlen(entry);

	return entry_bytes >= role_bytes + 4 && strncmp(entry, role, role_bytes) == 0 &&
	    (entry[role_bytes] == '-' || entry[role_bytes] == '.') && strcmp(entry + entry_bytes - 4, ".key") == 0 &&
	    (entry[role_bytes] == '-' || entry_bytes == role_bytes + 4);
}

/* One line from the terminal without echo. */
static int
ask(const char *prompt, char *out, size_t out_bytes, struct quoin_error *err)
{
	struct termios shown, hidden;
	FILE *tty = fopen("/dev/tty", "r+");
	char *line;

	if (tty == NULL)
		return quoin_error_set(err, QUOIN_EKEY,
		    "a passphrase is needed and there is no terminal; set passphrase-file in quoin.conf");
	fprintf(tty, "%s: ", prompt);
	fflush(tty);
	if (tcgetattr(fileno(tty), &shown) != 0) {
		fclose(tty);
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot hide what is typed");
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(tty), TCSAFLUSH, &hidden);
	line = fgets(out, (int)out_bytes, tty);
	tcsetattr(fileno(tty), TCSAFLUSH, &shown);
	fprintf(tty, "\n");
	fclose(tty);
	if (line == NULL)
		return quoin_error_set(err, QUOIN_EKEY, "no passphrase was given");
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

static int
read_passphrase_file(const char *path, char *out, size_t out_bytes, struct quoin_error *err)
{
	struct quoin_buf text;
	const char *str;
	int r;

	quoin_buf_init(&text, out_bytes - 1);
	r = quoin_file_read_secret(path, &text, err);
	if (r == 0) {
		str = quoin_buf_str(&text);
		if (str == NULL)
			r = quoin_error_set(err, QUOIN_ELIMIT, "the passphrase in %s is too long", path);
		else {
			snprintf(out, out_bytes, "%s", str);
			out[strcspn(out, "\r\n")] = '\0';
		}
	}
	if (text.data != NULL)
		quoin_wipe(text.data, text.cap);
	quoin_buf_clear(&text);
	return r;
}

int
quoin_passphrase_get(const struct quoin_conf *conf, const char *what, bool is_new, char *out, size_t out_bytes,
    struct quoin_error *err)
{
	char prompt[256], again[PASSPHRASE_BYTES];
	int r;

	if (conf != NULL && conf->passphrase_file[0] != '\0')
		return read_passphrase_file(conf->passphrase_file, out, out_bytes, err);
	snprintf(prompt, sizeof prompt, "Passphrase for %s", what);
	r = ask(prompt, out, out_bytes, err);
	if (r != 0 || !is_new)
		return r;
	r = ask("The same again", again, sizeof again, err);
	if (r == 0 && strcmp(again, out) != 0)
		r = quoin_error_set(err, QUOIN_EKEY, "the two passphrases differ; nothing was made");
	quoin_wipe(again, sizeof again);
	return r;
}

static int
load_one(const struct quoin_conf *conf, const char *path, bool may_ask, struct quoin_signing_key *ret,
    struct quoin_error *err)
{
	struct quoin_buf text;
	char passphrase[PASSPHRASE_BYTES];
	bool is_encrypted = false;
	int r;

	passphrase[0] = '\0';
	quoin_buf_init(&text, QUOIN_KEYFILE_BYTES_MAX);
	r = quoin_file_read_secret(path, &text, err);
	if (r == 0)
		r = quoin_signing_key_is_encrypted(quoin_buf_span(&text), &is_encrypted, err);
	if (r == 0 && is_encrypted) {
		if (!may_ask && conf->passphrase_file[0] == '\0')
			r = quoin_error_set(err, QUOIN_EKEY,
			    "%s is encrypted; set passphrase-file in quoin.conf for unattended use", path);
		else
			r = quoin_passphrase_get(conf, path, false, passphrase, sizeof passphrase, err);
	}
	if (r == 0) {
		r = quoin_signing_key_parse(quoin_buf_span(&text), is_encrypted ? passphrase : NULL, ret, err);
		if (r != 0)
			quoin_error_prefix(err, "%s", path);
	}
	quoin_wipe(passphrase, sizeof passphrase);
	if (text.data != NULL)
		quoin_wipe(text.data, text.cap);
	quoin_buf_clear(&text);
	return r;
}

int
quoin_keyring_load(const struct quoin_conf *conf, enum quoin_role role, bool may_ask, struct quoin_keyring *ret,
    struct quoin_error *err)
{
	struct quoin_keyring keyring = {0};
	struct dirent **entries = NULL;
	char path[PATH_BYTES];
	int count, r = 0;

	if (conf->keys[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "no keys configured; set \"keys = DIRECTORY\" in quoin.conf");
	count = scandir(conf->keys, &entries, NULL, alphasort);
	if (count < 0)
		return quoin_error_sys(err, QUOIN_EKEY, "cannot list the keys in %s", conf->keys);
	for (int i = 0; i < count; i++) {
		if (r != 0 || !is_key_of(entries[i]->d_name, quoin_role_name(role)))
			continue;
		if (keyring.count == QUOIN_SIGNATURES_MAX)
			r = quoin_error_set(err, QUOIN_ELIMIT, "more than %d keys for one role", QUOIN_SIGNATURES_MAX);
		else
			r = quoin_path_join(conf->keys, entries[i]->d_name, path, sizeof path);
		if (r == 0)
			r = load_one(conf, path, may_ask, &keyring.keys[keyring.count], err);
		if (r == 0)
			keyring.count++;
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (r == 0 && keyring.count == 0)
		r = quoin_error_set(err, QUOIN_EKEY, "no key for the role %s in %s; quoin key generate %s makes one",
		    quoin_role_name(role), conf->keys, quoin_role_name(role));
	if (r != 0) {
		quoin_keyring_clear(&keyring);
		return r;
	}
	*ret = keyring;
	return 0;
}

void
quoin_keyring_clear(struct quoin_keyring *keyring)
{
	for (size_t i = 0; i < keyring->count; i++)
		quoin_signing_key_clear(&keyring->keys[i]);
	keyring->count = 0;
}

bool
quoin_keyring_is_believed(const struct quoin_keyring *keyring, const struct quoin_root *root,
    enum quoin_role role)
{
	unsigned count = 0;

	for (size_t i = 0; i < root->key_count; i++) {
		const struct quoin_root_key *named = &root->keys[i];
		bool is_held = false;

		for (size_t k = 0; k < keyring->count && !is_held; k++)
			is_held = memcmp(keyring->keys[k].public_key.key, named->key, sizeof named->key) == 0 &&
			    memcmp(keyring->keys[k].public_key.id, named->id, sizeof named->id) == 0;
		count += named->roles[role] && is_held;
	}
	return count >= root->threshold[role];
}

int
quoin_keyring_make(const char *dir, enum quoin_role role, const char *passphrase, struct quoin_public_key *ret,
    struct quoin_error *err)
{
	struct quoin_signing_key key = {0};
	struct quoin_buf secret, public_key;
	char path[PATH_BYTES], name[64];
	int r;

	quoin_buf_init(&secret, QUOIN_KEYFILE_BYTES_MAX);
	quoin_buf_init(&public_key, QUOIN_KEYFILE_BYTES_MAX);
	r = quoin_dir_make(dir, 0700, err);
	if (r == 0) {
		r = quoin_signing_key_new(&key);
		if (r != 0)
			quoin_error_set(err, r, "cannot make a key");
	}
	if (r == 0) {
		r = quoin_signing_key_print(&key, NULL, passphrase, &secret);
		if (r == 0)
			r = quoin_public_key_print(&key.public_key, NULL, &public_key);
		if (r != 0)
			quoin_error_set(err, r, "cannot write a key for %s", quoin_role_name(role));
	}
	snprintf(name, sizeof name, "%s.key", quoin_role_name(role));
	if (r == 0 && (r = quoin_path_join(dir, name, path, sizeof path)) == 0)
		r = quoin_file_create(path, quoin_buf_span(&secret), 0600, err);
	snprintf(name, sizeof name, "%s.pub", quoin_role_name(role));
	if (r == 0 && (r = quoin_path_join(dir, name, path, sizeof path)) == 0)
		r = quoin_file_replace(path, quoin_buf_span(&public_key), 0644, err);
	if (r == 0)
		*ret = key.public_key;
	if (secret.data != NULL)
		quoin_wipe(secret.data, secret.cap);
	quoin_buf_clear(&secret);
	quoin_buf_clear(&public_key);
	quoin_signing_key_clear(&key);
	return r;
}
