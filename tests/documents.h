/*
 * Every signed document by its type: parse, and print what was parsed. For the unit test and the fuzzer, whose common
 * invariant is that a parser accepts exactly what its printer writes.
 */
#ifndef QUOIN_TESTS_DOCUMENTS_H
#define QUOIN_TESTS_DOCUMENTS_H

#include <string.h>

#include "formats/activation.h"
#include "formats/cert.h"
#include "formats/heartbeat.h"
#include "formats/incarnation.h"
#include "formats/intent.h"
#include "formats/release.h"
#include "formats/root.h"
#include "formats/status.h"

#define DOCUMENTS_ROUND_TRIP(noun, clear)                                                                              \
	static inline int noun##_round_trip(struct quoin_span text, struct quoin_buf *out, struct quoin_error *err)    \
	{                                                                                                              \
		static struct quoin_##noun document;                                                                   \
		int rc = quoin_##noun##_parse(text, &document, err);                                                   \
                                                                                                                       \
		if (rc != 0)                                                                                           \
			return rc;                                                                                     \
		rc = quoin_##noun##_print(&document, out);                                                             \
		clear(&document);                                                                                      \
		return rc;                                                                                             \
	}

static inline void
documents_no_clear(const void *document)
{
	(void)document;
}

DOCUMENTS_ROUND_TRIP(incarnation, documents_no_clear)
DOCUMENTS_ROUND_TRIP(root, documents_no_clear)
DOCUMENTS_ROUND_TRIP(release, quoin_release_clear)
DOCUMENTS_ROUND_TRIP(intent, documents_no_clear)
DOCUMENTS_ROUND_TRIP(activation, quoin_activation_clear)
DOCUMENTS_ROUND_TRIP(heartbeat, documents_no_clear)
DOCUMENTS_ROUND_TRIP(cert, documents_no_clear)
DOCUMENTS_ROUND_TRIP(status, quoin_status_clear)

/* Parse "text" as this type and append what it prints as to "out": 0, or what the parser or the printer said. */
static inline int
documents_round_trip(enum quoin_document_type type, struct quoin_span text, struct quoin_buf *out,
    struct quoin_error *err)
{
	switch (type) {
	case QUOIN_DOCUMENT_INCARNATION:
		return incarnation_round_trip(text, out, err);
	case QUOIN_DOCUMENT_ROOT:
		return root_round_trip(text, out, err);
	case QUOIN_DOCUMENT_RELEASE:
		return release_round_trip(text, out, err);
	case QUOIN_DOCUMENT_INTENT:
		return intent_round_trip(text, out, err);
	case QUOIN_DOCUMENT_ACTIVATION:
		return activation_round_trip(text, out, err);
	case QUOIN_DOCUMENT_HEARTBEAT:
		return heartbeat_round_trip(text, out, err);
	case QUOIN_DOCUMENT_CERT:
		return cert_round_trip(text, out, err);
	case QUOIN_DOCUMENT_STATUS:
		return status_round_trip(text, out, err);
	}
	return QUOIN_ESYNTAX;
}

#endif
