#include "formats/document.h"

#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/text.h"

static const struct {
	const char *line;
	enum quoin_role role;
	size_t bytes_max;
} types[QUOIN_DOCUMENT_TYPES] = {
    [QUOIN_DOCUMENT_INCARNATION] = {"quoin-incarnation-v1", QUOIN_ROLE_ROOT, 1u << 10},
    [QUOIN_DOCUMENT_ROOT] = {"quoin-root-v1", QUOIN_ROLE_ROOT, 128u << 10},
    [QUOIN_DOCUMENT_RELEASE] = {"quoin-release-v1", QUOIN_ROLE_RELEASE, QUOIN_DOCUMENT_BYTES_MAX},
    [QUOIN_DOCUMENT_INTENT] = {"quoin-intent-v1", QUOIN_ROLE_OPERATE, 16u << 10},
    [QUOIN_DOCUMENT_ACTIVATION] = {"quoin-activation-v1", QUOIN_ROLE_GATE, QUOIN_DOCUMENT_BYTES_MAX},
    [QUOIN_DOCUMENT_HEARTBEAT] = {"quoin-heartbeat-v1", QUOIN_ROLE_GATE, 4u << 10},
    [QUOIN_DOCUMENT_CERT] = {"quoin-cert-v1", QUOIN_ROLE_ENROL, 8u << 10},
    [QUOIN_DOCUMENT_STATUS] = {"quoin-status-v1", QUOIN_ROLE_HOST, 128u << 10},
};

static const char *const role_names[] = {"root", "release", "operate", "gate", "enrol", "host"};

_Static_assert(sizeof role_names / sizeof role_names[0] == QUOIN_ROLE_HOST + 1, "every role has a name");

const char *
quoin_document_line(enum quoin_document_type type)
{
	QUOIN_ASSERT((unsigned)type < QUOIN_DOCUMENT_TYPES);
	return types[type].line;
}

enum quoin_role
quoin_document_role(enum quoin_document_type type)
{
	QUOIN_ASSERT((unsigned)type < QUOIN_DOCUMENT_TYPES);
	return types[type].role;
}

size_t
quoin_document_bytes_max(enum quoin_document_type type)
{
	QUOIN_ASSERT((unsigned)type < QUOIN_DOCUMENT_TYPES);
	return types[type].bytes_max;
}

const char *
quoin_role_name(enum quoin_role role)
{
	QUOIN_ASSERT((unsigned)role <= QUOIN_ROLE_HOST);
	return role_names[role];
}

bool
quoin_role_parse(struct quoin_span text, enum quoin_role *ret)
{
	for (unsigned i = 0; i <= QUOIN_ROLE_HOST; i++) {
		if (quoin_span_equal_str(text, role_names[i])) {
			*ret = (enum quoin_role)i;
			return true;
		}
	}
	return false;
}

int
quoin_origin_check(const struct quoin_origin *have, const struct quoin_origin *want, struct quoin_error *err)
{
	char have_hex[QUOIN_SYSTEM_BYTES * 2 + 1], want_hex[QUOIN_SYSTEM_BYTES * 2 + 1];

	if (memcmp(have->system, want->system, QUOIN_SYSTEM_BYTES) != 0) {
		quoin_hex_print(have->system, QUOIN_SYSTEM_BYTES, have_hex);
		quoin_hex_print(want->system, QUOIN_SYSTEM_BYTES, want_hex);
		return quoin_error_set(err, QUOIN_EOTHERSYSTEM, "the document is for system %s, this is system %s",
		    have_hex, want_hex);
	}
	if (strcmp(have->name, want->name) != 0)
		return quoin_error_set(err, QUOIN_ENAMESPACE, "the document is for namespace %s, this is namespace %s",
		    have->name, want->name);
	return 0;
}

bool
quoin_labels_match(const struct quoin_labels *have, const struct quoin_labels *wanted)
{
	size_t at = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		while (at < have->count && strcmp(have->items[at].key, wanted->items[i].key) < 0)
			at++;
		if (at == have->count || strcmp(have->items[at].key, wanted->items[i].key) != 0 ||
		    strcmp(have->items[at].value, wanted->items[i].value) != 0)
			return false;
	}
	return true;
}

bool
quoin_labels_equal(const struct quoin_labels *a, const struct quoin_labels *b)
{
	return a->count == b->count && quoin_labels_match(a, b);
}

int
quoin_labels_add(struct quoin_labels *labels, struct quoin_span text)
{
	const uint8_t *sign = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;
	struct quoin_label label = {0};
	struct quoin_span key, value;
	size_t at = 0;

	if (sign == NULL)
		return QUOIN_ESYNTAX;
	key = quoin_span_of(text.data, (size_t)(sign - text.data));
	value = quoin_span_of(sign + 1, text.len - key.len - 1);
	if (!quoin_name_is_valid(key) || !quoin_name_is_valid(value))
		return QUOIN_ESYNTAX;
	memcpy(label.key, key.data, key.len);
	memcpy(label.value, value.data, value.len);
	while (at < labels->count && strcmp(labels->items[at].key, label.key) < 0)
		at++;
	if (at < labels->count && strcmp(labels->items[at].key, label.key) == 0)
		return QUOIN_EEXISTS;
	if (labels->count == QUOIN_LABELS_MAX)
		return QUOIN_ELIMIT;
	memmove(&labels->items[at + 1], &labels->items[at], (labels->count - at) * sizeof labels->items[0]);
	labels->items[at] = label;
	labels->count++;
	return 0;
}

void
quoin_labels_print(const struct quoin_labels *labels, char out[QUOIN_LABELS_TEXT_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < labels->count; i++)
		at += (size_t)snprintf(out + at, QUOIN_LABELS_TEXT_BYTES - at, "%s%s=%s", i == 0 ? "" : " ",
		    labels->items[i].key, labels->items[i].value);
	QUOIN_ASSERT(at < QUOIN_LABELS_TEXT_BYTES);
}

void
quoin_labels_read(const char *text, struct quoin_labels *ret)
{
	memset(ret, 0, sizeof *ret);
	while (*text != '\0') {
		const size_t len = strcspn(text, " ");
		const int r = quoin_labels_add(ret, quoin_span_of(text, len));

		QUOIN_ASSERT(r == 0);
		text += len;
		text += *text == ' ' ? 1 : 0;
	}
}
