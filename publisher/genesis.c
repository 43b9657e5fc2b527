#include "publisher/genesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/root.h"
#include "formats/trust.h"
#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/file.h"
#include "publisher/keyring.h"

#define ROOT_LIFE_MS     (10ll * 365 * 24 * 3600 * 1000)
#define PASSPHRASE_BYTES 1024

/* Every role has a key of its own: no key serves two. An existing one is kept. */
static int
make_keys(const struct quoin_conf *conf, bool no_passphrase, struct quoin_error *err)
{
	char passphrase[PASSPHRASE_BYTES] = {0};
	struct quoin_public_key made;
	bool is_asked = false;
	int r = 0;

	for (unsigned role = 0; r == 0 && role < QUOIN_ROOT_ROLES; role++) {
		char path[QUOIN_PATH_BYTES_MAX + 64], name[64];

		snprintf(name, sizeof name, "%s.key", quoin_role_name((enum quoin_role)role));
		r = quoin_path_join(conf->keys, name, path, sizeof path);
		if (r != 0 || quoin_file_exists(path))
			continue;
		if (!no_passphrase && !is_asked) {
			r = quoin_passphrase_get(conf, "the new keys", true, passphrase, sizeof passphrase, err);
			is_asked = true;
		}
		if (r == 0)
			r = quoin_keyring_make(conf->keys, (enum quoin_role)role, no_passphrase ? NULL : passphrase, &made,
			    err);
	}
	quoin_wipe(passphrase, sizeof passphrase);
	return r;
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct quoin_root_key *)a)->id, ((const struct quoin_root_key *)b)->id,
	    QUOIN_KEY_ID_BYTES);
}

/* Add the keys of one role to the root. */
static int
add_role(struct quoin_root *root, enum quoin_role role, const struct quoin_keyring *keys, struct quoin_error *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct quoin_root_key *key = &root->keys[root->key_count];

		if (root->key_count == QUOIN_KEYS_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "more than %d keys", QUOIN_KEYS_MAX);
		memcpy(key->id, keys->keys[i].public_key.id, sizeof key->id);
		memcpy(key->key, keys->keys[i].public_key.key, sizeof key->key);
		key->roles[role] = true;
		root->key_count++;
	}
	root->threshold[role] = 1;
	return 0;
}

/* The directory of the root file. */
static int
make_place(const char *root, struct quoin_error *err)
{
	const char *slash = strrchr(root, '/');
	char dir[QUOIN_PATH_BYTES_MAX];

	if (slash == NULL || slash == root)
		return 0;
	snprintf(dir, sizeof dir, "%.*s", (int)(slash - root), root);
	return quoin_dir_make(dir, 0755, err);
}

static int
sign_and_write(const struct quoin_conf *conf, const struct quoin_root *root, const struct quoin_keyring *root_keys,
    struct quoin_error *err)
{
	struct quoin_buf text;
	struct quoin_sealed sealed = {0};
	char ids[QUOIN_SIGNATURES_MAX][QUOIN_KEY_ID_TEXT_BYTES];
	const char *names[QUOIN_SIGNATURES_MAX];
	int r;

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_root_print(root, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), root_keys->keys, root_keys->count, &sealed);
	quoin_buf_clear(&text);
	if (r != 0)
		return quoin_error_set(err, r, "cannot make the first root");
	for (size_t i = 0; i < root_keys->count; i++) {
		quoin_key_id_print(root_keys->keys[i].public_key.id, ids[i]);
		names[i] = ids[i];
	}
	r = quoin_detached_write(conf->root, sealed.envelope.document, sealed.envelope.signatures, names,
	    sealed.envelope.signature_count, err);
	quoin_sealed_clear(&sealed);
	return r;
}

int
quoin_genesis(const struct quoin_conf *conf, bool no_passphrase, struct quoin_error *err)
{
	struct quoin_root *root;
	struct quoin_keyring keys = {0}, root_keys = {0};
	int r;

	if (quoin_file_exists(conf->root))
		return quoin_error_set(err, QUOIN_EEXISTS, "there is a root at %s already", conf->root);
	if (conf->keys[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "no keys configured; set \"keys = DIRECTORY\" in quoin.conf");
	root = calloc(1, sizeof *root);
	if (root == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory for a root");
	r = make_place(conf->root, err);
	if (r == 0)
		r = make_keys(conf, no_passphrase, err);
	if (r != 0)
		goto out;
	quoin_random(root->origin.system, sizeof root->origin.system);
	snprintf(root->origin.name, sizeof root->origin.name, "%s", conf->namespace_name);
	root->version = 1;
	root->issued_ms = quoin_clock_wall_ms();
	root->expires_ms = root->issued_ms + ROOT_LIFE_MS;
	root->epoch = 1;
	for (unsigned role = 0; r == 0 && role < QUOIN_ROOT_ROLES; role++) {
		r = quoin_keyring_load(conf, (enum quoin_role)role, true, &keys, err);
		if (r != 0)
			break;
		r = add_role(root, (enum quoin_role)role, &keys, err);
		if (role == QUOIN_ROLE_ROOT)
			root_keys = keys;
		else
			quoin_keyring_clear(&keys);
	}
	if (r == 0) {
		qsort(root->keys, root->key_count, sizeof root->keys[0], compare_keys);
		r = sign_and_write(conf, root, &root_keys, err);
	}
out:
	quoin_keyring_clear(&root_keys);
	free(root);
	return r;
}
