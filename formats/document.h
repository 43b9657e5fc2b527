/*
 * What all signed documents share (quoin-documents(5)).
 *
 * A document is strict, line-oriented printable ASCII: LF line ends, "key SP value…", keys in fixed order, the first
 * line its type and version ("quoin-release-v1"), then "system" and "namespace", the last line "end". What is signed is
 * these raw bytes; nothing is ever printed again to be verified. A parser accepts exactly what its printer writes.
 *
 * Every document module has the same life: a struct of caller memory, all zero to begin with;
 *	int  quoin_X_print(const struct quoin_X *x, struct quoin_buf *out);
 *	int  quoin_X_parse(struct quoin_span text, struct quoin_X *ret, struct quoin_error *err);
 *	void quoin_X_clear(struct quoin_X *x);	(where it owns memory; accepts all zero)
 * print appends and returns 0, QUOIN_ELIMIT or QUOIN_ENOMEM; the fields must be valid (asserted). parse copies what it
 * keeps and returns 0, QUOIN_EVERSION (another version of this type), QUOIN_ESYNTAX (err names the line), QUOIN_ELIMIT,
 * QUOIN_ENOMEM; on failure "ret" is cleared (all zero). Times are milliseconds since 1970 by the signer's wall clock.
 */
#ifndef QUOIN_FORMATS_DOCUMENT_H
#define QUOIN_FORMATS_DOCUMENT_H

#include "lib/bytes.h"
#include "lib/crypto.h"
#include "lib/error.h"
#include "lib/limits.h"

#define QUOIN_SYSTEM_BYTES 16

enum quoin_document_type {
	QUOIN_DOCUMENT_INCARNATION,
	QUOIN_DOCUMENT_ROOT,
	QUOIN_DOCUMENT_RELEASE,
	QUOIN_DOCUMENT_INTENT,
	QUOIN_DOCUMENT_ACTIVATION,
	QUOIN_DOCUMENT_HEARTBEAT,
	QUOIN_DOCUMENT_CERT,
	QUOIN_DOCUMENT_STATUS,
};
#define QUOIN_DOCUMENT_TYPES 8

/* Who signs. HOST is not a role of the root: its key is in a certificate. */
enum quoin_role {
	QUOIN_ROLE_ROOT,
	QUOIN_ROLE_RELEASE,
	QUOIN_ROLE_OPERATE,
	QUOIN_ROLE_GATE,
	QUOIN_ROLE_ENROL,
	QUOIN_ROLE_HOST,
};
#define QUOIN_ROOT_ROLES 5 /* those that a root lists */

/* "quoin-release-v1". */
const char *quoin_document_line(enum quoin_document_type type);
/* The role that signs documents of this type: root, release, operate, gate, enrol or host. An incarnation is root's. */
enum quoin_role quoin_document_role(enum quoin_document_type type);
/* Most bytes a document of this type may have. */
size_t quoin_document_bytes_max(enum quoin_document_type type);
/* "root", "release", "operate", "gate", "enrol", "host"; and back: false if it is none of them. */
const char *quoin_role_name(enum quoin_role role);
bool quoin_role_parse(struct quoin_span text, enum quoin_role *ret);

/* Which installation and which tenant: in every document, checked against the local configuration. */
struct quoin_origin {
	uint8_t system[QUOIN_SYSTEM_BYTES];
	char name[QUOIN_NAME_BYTES_MAX + 1]; /* the namespace */
};
/* 0, QUOIN_EOTHERSYSTEM or QUOIN_ENAMESPACE. */
int quoin_origin_check(const struct quoin_origin *have, const struct quoin_origin *want, struct quoin_error *err);

/* A numbered document by number and hash: printed "42 <64 hex>", or "0 -" for none. */
struct quoin_docref {
	uint64_t number;
	struct quoin_hash hash;
};

/* A label: printed "key=value"; sorted by key, keys distinct, both of name characters. */
struct quoin_label {
	char key[QUOIN_NAME_BYTES_MAX + 1];
	char value[QUOIN_NAME_BYTES_MAX + 1];
};
struct quoin_labels {
	struct quoin_label items[QUOIN_LABELS_MAX];
	size_t count;
};
/* Whether every label of "wanted" is among "have" with the same value. */
bool quoin_labels_match(const struct quoin_labels *have, const struct quoin_labels *wanted);
/* The same labels with the same values. */
bool quoin_labels_equal(const struct quoin_labels *a, const struct quoin_labels *b);
/* As one text, "key=value key=value", "" if there are none; and back, from such a text (asserted). The same labels have the
 * same text. */
#define QUOIN_LABELS_TEXT_BYTES (QUOIN_LABELS_MAX * 2 * (QUOIN_NAME_BYTES_MAX + 1))
void quoin_labels_print(const struct quoin_labels *labels, char out[QUOIN_LABELS_TEXT_BYTES]);
void quoin_labels_read(const char *text, struct quoin_labels *ret);
/* Add in order. 0, QUOIN_ESYNTAX (not "key=value" of name characters), QUOIN_EEXISTS, QUOIN_ELIMIT. */
int quoin_labels_add(struct quoin_labels *labels, struct quoin_span text);

#endif
