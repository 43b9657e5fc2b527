/*
 * Envelope: a document with its signatures, on the bus (record value and "minisig" headers) and in a store or file
 * (one string of bytes).
 */
#ifndef QUOIN_FORMATS_ENVELOPE_H
#define QUOIN_FORMATS_ENVELOPE_H

#include "formats/document.h"
#include "lib/bus.h"

#define QUOIN_HEADER_MINISIG "minisig"
#define QUOIN_HEADER_CERT    "cert" /* an encoded envelope: the host's certificate, on status records */

/* All spans are borrowed from what it was read from. */
struct quoin_envelope {
	struct quoin_span document;
	struct quoin_span signatures[QUOIN_SIGNATURES_MAX]; /* .minisig texts */
	size_t signature_count;
};

/* "QEV1", u32le document bytes, document, u8 count, then per signature u16le bytes and text. Appends to "out".
 * The document and the signatures must be within their limits (asserted). Returns out->error. */
int quoin_envelope_encode(const struct quoin_envelope *envelope, struct quoin_buf *out);
/* Exactly one envelope: 0, QUOIN_ESYNTAX, QUOIN_ELIMIT. */
int quoin_envelope_decode(struct quoin_span bytes, struct quoin_envelope *ret, struct quoin_error *err);

/* From a record: 0, QUOIN_ESYNTAX (tombstone, empty), QUOIN_ELIMIT (too large, too many signatures). Unknown
 * headers are ignored. And into one: value and headers are set (what headers it had is forgotten; others may be
 * added after), topic and key are the caller's; the record borrows from the envelope. */
int quoin_envelope_from_record(const struct quoin_bus_record *record, struct quoin_envelope *ret,
    struct quoin_error *err);
void quoin_envelope_to_record(const struct quoin_envelope *envelope, struct quoin_bus_record *record);

/* The hash that names the document. */
void quoin_envelope_hash(const struct quoin_envelope *envelope, struct quoin_hash *ret);

/* An envelope that owns its bytes: for documents just made or kept beyond their record. */
struct quoin_sealed {
	struct quoin_buf bytes;		/* encoded */
	struct quoin_envelope envelope; /* borrows from bytes */
	struct quoin_hash hash;
};
int quoin_sealed_copy(const struct quoin_envelope *envelope, struct quoin_sealed *ret);
void quoin_sealed_clear(struct quoin_sealed *sealed);

#endif
