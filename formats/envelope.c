#include "formats/envelope.h"

#include <string.h>

#include "lib/assert.h"
#include "lib/cursor.h"

#define MAGIC "QEV1"

static int
envelope_check(const struct quoin_envelope *envelope, struct quoin_error *err)
{
	if (envelope->document.len == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "the envelope has no document");
	if (envelope->document.len > QUOIN_DOCUMENT_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the document has %zu bytes, at most %u are allowed",
		    envelope->document.len, QUOIN_DOCUMENT_BYTES_MAX);
	for (size_t i = 0; i < envelope->signature_count; i++) {
		if (envelope->signatures[i].len > QUOIN_MINISIG_BYTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "a signature has %zu bytes, at most %u are allowed",
			    envelope->signatures[i].len, QUOIN_MINISIG_BYTES_MAX);
	}
	return 0;
}

int
quoin_envelope_encode(const struct quoin_envelope *envelope, struct quoin_buf *out)
{
	QUOIN_ASSERT(envelope->signature_count <= QUOIN_SIGNATURES_MAX);
	QUOIN_ASSERT(envelope_check(envelope, NULL) == 0);
	(void)quoin_buf_put_str(out, MAGIC);
	(void)quoin_buf_put_u32le(out, (uint32_t)envelope->document.len);
	(void)quoin_buf_put_span(out, envelope->document);
	(void)quoin_buf_put_byte(out, (uint8_t)envelope->signature_count);
	for (size_t i = 0; i < envelope->signature_count; i++) {
		(void)quoin_buf_put_u16le(out, (uint16_t)envelope->signatures[i].len);
		(void)quoin_buf_put_span(out, envelope->signatures[i]);
	}
	return out->error;
}

int
quoin_envelope_decode(struct quoin_span bytes, struct quoin_envelope *ret, struct quoin_error *err)
{
	struct quoin_envelope envelope = {0};
	struct quoin_cursor cursor;
	size_t document_bytes;
	int rc;

	memset(ret, 0, sizeof *ret);
	if (bytes.len > QUOIN_ENVELOPE_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the envelope has %zu bytes, at most %u are allowed",
		    bytes.len, QUOIN_ENVELOPE_BYTES_MAX);
	quoin_cursor_init(&cursor, bytes);
	if (!quoin_span_equal_str(quoin_cursor_bytes(&cursor, strlen(MAGIC)), MAGIC))
		return quoin_error_set(err, QUOIN_ESYNTAX, "not an envelope: it does not begin with " MAGIC);
	document_bytes = quoin_cursor_u32le(&cursor);
	envelope.document = quoin_cursor_bytes(&cursor, document_bytes);
	envelope.signature_count = quoin_cursor_u8(&cursor);
	if (envelope.signature_count > QUOIN_SIGNATURES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the envelope has %zu signatures, at most %d are allowed",
		    envelope.signature_count, QUOIN_SIGNATURES_MAX);
	for (size_t i = 0; i < envelope.signature_count; i++) {
		size_t signature_bytes = quoin_cursor_u16le(&cursor);

		envelope.signatures[i] = quoin_cursor_bytes(&cursor, signature_bytes);
	}
	if (!quoin_cursor_is_done(&cursor))
		return quoin_error_set(err, QUOIN_ESYNTAX, "the envelope is cut off or something follows it");
	rc = envelope_check(&envelope, err);
	if (rc == 0)
		*ret = envelope;
	return rc;
}

int
quoin_envelope_from_record(const struct quoin_bus_record *record, struct quoin_envelope *ret, struct quoin_error *err)
{
	struct quoin_envelope envelope = {.document = record->value};
	int rc;

	memset(ret, 0, sizeof *ret);
	if (record->is_tombstone || record->value.len == 0)
		return quoin_error_set(err, QUOIN_ESYNTAX, "the record has no document");
	if (record->headers_cut)
		return quoin_error_set(err, QUOIN_ELIMIT, "the record has more than %d headers", QUOIN_BUS_HEADERS_MAX);
	for (size_t i = 0; i < record->header_count; i++) {
		if (strcmp(record->headers[i].name, QUOIN_HEADER_MINISIG) != 0)
			continue;
		if (envelope.signature_count == QUOIN_SIGNATURES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT, "the record has more than %d signatures",
			    QUOIN_SIGNATURES_MAX);
		envelope.signatures[envelope.signature_count++] = record->headers[i].value;
	}
	rc = envelope_check(&envelope, err);
	if (rc == 0)
		*ret = envelope;
	return rc;
}

void
quoin_envelope_to_record(const struct quoin_envelope *envelope, struct quoin_bus_record *record)
{
	QUOIN_ASSERT(envelope->signature_count <= QUOIN_SIGNATURES_MAX);
	record->value = envelope->document;
	record->is_tombstone = false;
	record->headers_cut = false;
	record->header_count = envelope->signature_count;
	for (size_t i = 0; i < envelope->signature_count; i++)
		record->headers[i] = (struct quoin_bus_header){QUOIN_HEADER_MINISIG, envelope->signatures[i]};
}

void
quoin_envelope_hash(const struct quoin_envelope *envelope, struct quoin_hash *ret)
{
	quoin_hash_of(envelope->document, ret);
}

int
quoin_sealed_copy(const struct quoin_envelope *envelope, struct quoin_sealed *ret)
{
	struct quoin_sealed sealed = {0};
	int rc;

	quoin_buf_init(&sealed.bytes, QUOIN_ENVELOPE_BYTES_MAX);
	rc = quoin_envelope_encode(envelope, &sealed.bytes);
	if (rc == 0)
		rc = quoin_envelope_decode(quoin_buf_span(&sealed.bytes), &sealed.envelope, NULL);
	if (rc != 0) {
		quoin_sealed_clear(&sealed);
		memset(ret, 0, sizeof *ret);
		return rc;
	}
	quoin_envelope_hash(&sealed.envelope, &sealed.hash);
	*ret = sealed;
	return 0;
}

void
quoin_sealed_clear(struct quoin_sealed *sealed)
{
	quoin_buf_clear(&sealed->bytes);
	memset(sealed, 0, sizeof *sealed);
}
