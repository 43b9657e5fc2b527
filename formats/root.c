#include "formats/root.h"

#include <string.h>

#include "formats/line.h"
#include "lib/assert.h"

static bool
key_has_role(const struct quoin_root_key *key, size_t role)
{
	return key->roles[role];
}

static unsigned
keys_of_role(const struct quoin_root *root, size_t role)
{
	unsigned count = 0;

	for (size_t i = 0; i < root->key_count; i++)
		count += key_has_role(&root->keys[i], role);
	return count;
}

/* The relations that make a root usable, or NULL. The order and uniqueness of ids are the caller's. */
const char *
quoin_root_fault(const struct quoin_root *root)
{
	if (root->version == 0)
		return "versions count from 1";
	if (root->prev.number != root->version - 1)
		return "prev is not the version before";
	if (root->issued_ms >= root->expires_ms)
		return "the root expires before it is issued";
	for (size_t i = 0; i < root->key_count; i++) {
		unsigned roles = 0;

		for (size_t role = 0; role < QUOIN_ROOT_ROLES; role++)
			roles += key_has_role(&root->keys[i], role);
		if (roles != 1)
			return "a key must serve exactly one role";
		for (size_t j = 0; j < i; j++) {
			if (memcmp(root->keys[i].key, root->keys[j].key, QUOIN_PUBLIC_KEY_BYTES) == 0)
				return "the same public key stands twice";
		}
	}
	for (size_t role = 0; role < QUOIN_ROOT_ROLES; role++) {
		if (root->threshold[role] == 0 || root->threshold[role] > keys_of_role(root, role))
			return "a threshold must be between 1 and the number of its role's keys";
	}
	if (root->threshold[QUOIN_ROLE_OPERATE] != 1)
		return "the threshold of operate must be 1, so that the brake is always at hand";
	return NULL;
}

static void
print_keys(const struct quoin_root *root, struct quoin_buf *out)
{
	for (size_t i = 0; i < root->key_count; i++) {
		QUOIN_ASSERT(i == 0 || memcmp(root->keys[i - 1].id, root->keys[i].id, QUOIN_KEY_ID_BYTES) < 0);
		quoin_line_print_key(out, "key");
		quoin_line_print_hex(out, root->keys[i].id, QUOIN_KEY_ID_BYTES);
		quoin_line_print_hex(out, root->keys[i].key, QUOIN_PUBLIC_KEY_BYTES);
		quoin_line_print_end_of_line(out);
	}
	for (size_t role = 0; role < QUOIN_ROOT_ROLES; role++) {
		quoin_line_print_key(out, "role");
		quoin_line_print_word(out, quoin_role_name((enum quoin_role)role));
		quoin_line_print_u64(out, root->threshold[role]);
		for (size_t i = 0; i < root->key_count; i++) {
			if (key_has_role(&root->keys[i], role))
				quoin_line_print_hex(out, root->keys[i].id, QUOIN_KEY_ID_BYTES);
		}
		quoin_line_print_end_of_line(out);
	}
}

int
quoin_root_print(const struct quoin_root *root, struct quoin_buf *out)
{
	size_t start = out->len;

	QUOIN_ASSERT(root->key_count <= QUOIN_KEYS_MAX && root->revoked_host_count <= QUOIN_REVOKED_HOSTS_MAX);
	QUOIN_ASSERT(quoin_root_fault(root) == NULL);
	quoin_line_print_head(out, QUOIN_DOCUMENT_ROOT, &root->origin);
	quoin_line_print_field_u64(out, "root", root->version);
	quoin_line_print_field_docref(out, "prev", &root->prev);
	quoin_line_print_field_ms(out, "issued_ms", root->issued_ms);
	quoin_line_print_field_ms(out, "expires_ms", root->expires_ms);
	quoin_line_print_field_u64(out, "epoch", root->epoch);
	print_keys(root, out);
	for (size_t i = 0; i < root->revoked_host_count; i++) {
		QUOIN_ASSERT(i == 0 ||
		    memcmp(root->revoked_hosts[i - 1].bytes, root->revoked_hosts[i].bytes, QUOIN_HASH_BYTES) < 0);
		quoin_line_print_key(out, "revoked-host");
		quoin_line_print_hash(out, &root->revoked_hosts[i]);
		quoin_line_print_end_of_line(out);
	}
	return quoin_line_print_end(out, QUOIN_DOCUMENT_ROOT, start);
}

static void
read_key(struct quoin_line_reader *reader, struct quoin_root *root)
{
	struct quoin_root_key *key = &root->keys[root->key_count];

	if (root->key_count == QUOIN_KEYS_MAX) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d keys", QUOIN_KEYS_MAX);
		return;
	}
	quoin_line_hex(reader, key->id, QUOIN_KEY_ID_BYTES);
	quoin_line_hex(reader, key->key, QUOIN_PUBLIC_KEY_BYTES);
	if (root->key_count > 0 && memcmp(key[-1].id, key->id, QUOIN_KEY_ID_BYTES) >= 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "keys are not in ascending order of their ids, each once");
	root->key_count++;
}

/* The rest of a role line: ids in the order of the key lines, so that one walk finds them all. */
static void
read_role_keys(struct quoin_line_reader *reader, struct quoin_root *root, size_t role)
{
	size_t at = 0;

	while (quoin_line_has_more(reader)) {
		uint8_t id[QUOIN_KEY_ID_BYTES];

		quoin_line_hex(reader, id, sizeof id);
		while (at < root->key_count && memcmp(root->keys[at].id, id, sizeof id) < 0)
			at++;
		if (at == root->key_count || memcmp(root->keys[at].id, id, sizeof id) != 0) {
			quoin_line_fail(reader, QUOIN_ESYNTAX, "a key id without a key, or not in ascending order");
			return;
		}
		root->keys[at++].roles[role] = true;
	}
}

static void
read_roles(struct quoin_line_reader *reader, struct quoin_root *root)
{
	for (size_t role = 0; role < QUOIN_ROOT_ROLES; role++) {
		const char *name = quoin_role_name((enum quoin_role)role);

		quoin_line_expect(reader, "role");
		(void)quoin_line_choice(reader, &name, 1);
		root->threshold[role] = (unsigned)quoin_line_u64_max(reader, QUOIN_KEYS_MAX);
		read_role_keys(reader, root, role);
	}
}

static void
read_revoked_host(struct quoin_line_reader *reader, struct quoin_root *root)
{
	struct quoin_hash *hash = &root->revoked_hosts[root->revoked_host_count];

	if (root->revoked_host_count == QUOIN_REVOKED_HOSTS_MAX) {
		quoin_line_fail(reader, QUOIN_ELIMIT, "more than %d revoked hosts", QUOIN_REVOKED_HOSTS_MAX);
		return;
	}
	quoin_line_hash(reader, hash);
	if (root->revoked_host_count > 0 && memcmp(hash[-1].bytes, hash->bytes, QUOIN_HASH_BYTES) >= 0)
		quoin_line_fail(reader, QUOIN_ESYNTAX, "revoked hosts are not in ascending order, each once");
	root->revoked_host_count++;
}

int
quoin_root_parse(struct quoin_span text, struct quoin_root *ret, struct quoin_error *err)
{
	struct quoin_line_reader reader;
	const char *fault;
	int rc;

	memset(ret, 0, sizeof *ret);
	quoin_line_reader_init(&reader, text, QUOIN_DOCUMENT_ROOT, &ret->origin, err);
	ret->version = quoin_line_field_u64(&reader, "root");
	quoin_line_field_docref(&reader, "prev", &ret->prev);
	ret->issued_ms = quoin_line_field_ms(&reader, "issued_ms");
	ret->expires_ms = quoin_line_field_ms(&reader, "expires_ms");
	ret->epoch = quoin_line_field_u64(&reader, "epoch");
	while (quoin_line_accept(&reader, "key"))
		read_key(&reader, ret);
	read_roles(&reader, ret);
	while (quoin_line_accept(&reader, "revoked-host"))
		read_revoked_host(&reader, ret);
	(void)quoin_line_finish(&reader);
	fault = reader.failed == 0 ? quoin_root_fault(ret) : NULL;
	if (fault != NULL) {
		reader.number = 0;
		quoin_line_fail(&reader, QUOIN_ESYNTAX, "%s", fault);
	}
	rc = reader.failed;
	if (rc != 0)
		memset(ret, 0, sizeof *ret);
	return rc;
}

bool
quoin_root_has_revoked(const struct quoin_root *root, const uint8_t key[QUOIN_PUBLIC_KEY_BYTES])
{
	struct quoin_hash hash;

	quoin_hash_of(quoin_span_of(key, QUOIN_PUBLIC_KEY_BYTES), &hash);
	for (size_t i = 0; i < root->revoked_host_count; i++) {
		if (quoin_hash_equal(&root->revoked_hosts[i], &hash))
			return true;
	}
	return false;
}
