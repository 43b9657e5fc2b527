#include "publisher/signers.h"

#include <stdio.h>
#include <string.h>

/* The key of this root whose signature it is, or NULL. */
static const struct quoin_root_key *
find_key(const struct quoin_root *root, enum quoin_role role, const struct quoin_envelope *envelope, size_t i)
{
	return quoin_trust_signer(root, role, envelope->document, envelope->signatures[i]);
}

static bool
has_signer(const struct quoin_signers *signers, const char *keyid)
{
	for (size_t i = 0; i < signers->count; i++)
		if (strcmp(signers->items[i].keyid, keyid) == 0)
			return true;
	return false;
}

static void
add_signer(struct quoin_signers *signers, const struct quoin_root *root, enum quoin_role role,
    const struct quoin_root_key *key)
{
	struct quoin_signer signer = {.role = role, .root = root->version};

	quoin_key_id_print(key->id, signer.keyid);
	if (!has_signer(signers, signer.keyid))
		signers->items[signers->count++] = signer;
}

/* The signature in the roots before the newest, which were verified when they were held. */
static void
look_back(const struct quoin_control *control, enum quoin_role role, const struct quoin_envelope *envelope, size_t i,
    struct quoin_signers *ret)
{
	const struct quoin_root_key *key;
	const struct quoin_envelope *older;
	struct quoin_root root;
	char name[32];

	for (uint64_t version = control->trust.root.version - 1; version > 0; version--) {
		snprintf(name, sizeof name, "root/%llu", (unsigned long long)version);
		older = quoin_control_document(control, name);
		if (older == NULL || quoin_root_parse(older->document, &root, NULL) != 0)
			return;
		key = find_key(&root, role, envelope, i);
		if (key != NULL) {
			add_signer(ret, &root, role, key);
			return;
		}
	}
}

void
quoin_signers_of(const struct quoin_control *control, const char *kind, uint64_t number, struct quoin_signers *ret)
{
	enum quoin_role role = strcmp(kind, "intent") == 0 ? QUOIN_ROLE_OPERATE : QUOIN_ROLE_RELEASE;
	const struct quoin_root *newest = &control->trust.root;
	const struct quoin_envelope *envelope;
	const struct quoin_root_key *key;
	char name[32];

	ret->count = 0;
	snprintf(name, sizeof name, "%s/%llu", kind, (unsigned long long)number);
	envelope = quoin_control_document(control, name);
	for (size_t i = 0; envelope != NULL && i < envelope->signature_count; i++) {
		key = find_key(newest, role, envelope, i);
		if (key != NULL)
			add_signer(ret, newest, role, key);
		else
			look_back(control, role, envelope, i, ret);
	}
}

int
quoin_signers_print(const struct quoin_signers *signers, uint64_t newest_root, struct quoin_buf *out)
{
	for (size_t i = 0; i < signers->count; i++) {
		const struct quoin_signer *signer = &signers->items[i];

		quoin_buf_printf(out, "%s%s %s", i == 0 ? "signed by " : ", ", quoin_role_name(signer->role),
		    signer->keyid);
		if (signer->root != newest_root)
			quoin_buf_printf(out, " (root %llu)", (unsigned long long)signer->root);
	}
	return out->error;
}

void
quoin_signers_put(const struct quoin_signers *signers, struct quoin_json_writer *writer)
{
	quoin_json_begin_array(writer, "signers");
	for (size_t i = 0; i < signers->count; i++) {
		quoin_json_begin_object(writer, NULL);
		quoin_json_put_string(writer, "keyid", signers->items[i].keyid);
		quoin_json_put_string(writer, "role", quoin_role_name(signers->items[i].role));
		quoin_json_put_u64(writer, "root", signers->items[i].root);
		quoin_json_end_object(writer);
	}
	quoin_json_end_array(writer);
}
