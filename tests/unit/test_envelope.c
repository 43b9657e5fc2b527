#include "formats/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static struct quoin_error err;

static struct quoin_envelope
make_envelope(size_t signatures)
{
	struct quoin_envelope envelope = {.document = quoin_span_str("document\nend\n"), .signature_count = signatures};

	for (size_t i = 0; i < signatures; i++)
		envelope.signatures[i] = quoin_span_str("signature");
	return envelope;
}

static void
test_bytes(void)
{
	static const uint8_t want[] = "QEV1\x0d\0\0\0document\nend\n\x02\x09\0signature\x09\0signature";
	struct quoin_envelope envelope = make_envelope(2), back;
	struct quoin_buf bytes;

	quoin_buf_init(&bytes, QUOIN_ENVELOPE_BYTES_MAX);
	CHECK_INT(quoin_envelope_encode(&envelope, &bytes), 0);
	CHECK_MEM(bytes.data, bytes.len, want, sizeof want - 1);
	CHECK_INT(quoin_envelope_decode(quoin_buf_span(&bytes), &back, &err), 0);
	CHECK(quoin_span_equal(back.document, envelope.document));
	CHECK_INT(back.signature_count, 2);
	CHECK(quoin_span_equal_str(back.signatures[1], "signature"));
	quoin_buf_clear(&bytes);
}

static void
test_hostile_bytes(void)
{
	struct quoin_envelope envelope = make_envelope(3), back;
	struct quoin_buf bytes, again;

	quoin_buf_init(&bytes, QUOIN_ENVELOPE_BYTES_MAX + 16);
	quoin_buf_init(&again, QUOIN_ENVELOPE_BYTES_MAX);
	CHECK_INT(quoin_envelope_encode(&envelope, &bytes), 0);
	for (size_t len = 0; len < bytes.len; len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, bytes.data, len);
		CHECK_INT(quoin_envelope_decode(quoin_span_of(copy, len), &back, &err), QUOIN_ESYNTAX);
		free(copy);
	}
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		quoin_buf_reset(&again);
		if (quoin_envelope_decode(quoin_buf_span(&bytes), &back, &err) == 0) {
			CHECK_INT(quoin_envelope_encode(&back, &again), 0);
			CHECK_MEM(again.data, again.len, bytes.data, bytes.len);
		}
		bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK_INT(quoin_buf_put_byte(&bytes, 0), 0);
	CHECK_INT(quoin_envelope_decode(quoin_buf_span(&bytes), &back, &err), QUOIN_ESYNTAX);
	CHECK_INT(quoin_envelope_decode(quoin_span_str("QEV1\0\0\0\0\0"), &back, &err), QUOIN_ESYNTAX);
	quoin_buf_clear(&bytes);
	quoin_buf_clear(&again);
}

static void
test_limits(void)
{
	size_t bytes = QUOIN_ENVELOPE_BYTES_MAX + 1;
	uint8_t *large = calloc(1, bytes);
	struct quoin_envelope envelope = make_envelope(QUOIN_SIGNATURES_MAX), back;
	struct quoin_buf out;

	quoin_buf_init(&out, QUOIN_ENVELOPE_BYTES_MAX);
	CHECK_INT(quoin_envelope_encode(&envelope, &out), 0);
	CHECK_INT(quoin_envelope_decode(quoin_buf_span(&out), &back, &err), 0);
	out.data[4 + 4 + envelope.document.len]++;
	CHECK_INT(quoin_envelope_decode(quoin_buf_span(&out), &back, &err), QUOIN_ELIMIT);
	CHECK_INT(quoin_envelope_decode(quoin_span_of(large, bytes), &back, &err), QUOIN_ELIMIT);
	/* A document one byte too large, and a signature. */
	memcpy(large, "QEV1\x01\0\x04\0", 8);
	CHECK_INT(quoin_envelope_decode(quoin_span_of(large, 8 + QUOIN_DOCUMENT_BYTES_MAX + 1 + 1), &back, &err),
	    QUOIN_ELIMIT);
	memcpy(large, "QEV1\x01\0\0\0d\x01\x01\x04", 12);
	CHECK_INT(quoin_envelope_decode(quoin_span_of(large, 12 + QUOIN_MINISIG_BYTES_MAX + 1), &back, &err),
	    QUOIN_ELIMIT);
	free(large);
	quoin_buf_clear(&out);
}

static void
test_records(void)
{
	struct quoin_envelope envelope = make_envelope(2), back;
	struct quoin_bus_record record = {.is_tombstone = true, .header_count = 1};

	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), QUOIN_ESYNTAX);
	quoin_envelope_to_record(&envelope, &record);
	CHECK(!record.is_tombstone);
	CHECK_INT(record.header_count, 2);
	CHECK_STR(record.headers[1].name, "minisig");
	record.headers[record.header_count++] = (struct quoin_bus_header){QUOIN_HEADER_CERT, quoin_span_str("cert")};
	record.headers[record.header_count++] = (struct quoin_bus_header){"other", quoin_span_str("ignored")};
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), 0);
	CHECK_INT(back.signature_count, 2);
	CHECK(quoin_span_equal(back.document, envelope.document));
	record.headers_cut = true;
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), QUOIN_ELIMIT);
	record.headers_cut = false;
	record.value = quoin_span_of(NULL, 0);
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), QUOIN_ESYNTAX);
	record.value = envelope.document;
	record.header_count = 0;
	for (size_t i = 0; i <= QUOIN_SIGNATURES_MAX; i++)
		record.headers[record.header_count++] =
		    (struct quoin_bus_header){QUOIN_HEADER_MINISIG, quoin_span_str("s")};
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), QUOIN_ELIMIT);
	record.header_count--;
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), 0);
	record.value.len = QUOIN_DOCUMENT_BYTES_MAX + 1;
	CHECK_INT(quoin_envelope_from_record(&record, &back, &err), QUOIN_ELIMIT);
}

static void
test_sealed(void)
{
	struct quoin_envelope envelope = make_envelope(1);
	struct quoin_sealed sealed;
	struct quoin_hash hash;

	CHECK_INT(quoin_sealed_copy(&envelope, &sealed), 0);
	CHECK(sealed.envelope.document.data != envelope.document.data);
	CHECK(quoin_span_equal(sealed.envelope.document, envelope.document));
	quoin_envelope_hash(&envelope, &hash);
	CHECK(quoin_hash_equal(&hash, &sealed.hash));
	quoin_sealed_clear(&sealed);
	quoin_sealed_clear(&sealed);
}

static const struct check_case cases[] = {
    {"envelope: bytes", test_bytes},
    {"envelope: every prefix, every bit", test_hostile_bytes},
    {"envelope: limits", test_limits},
    {"envelope: records", test_records},
    {"envelope: sealed", test_sealed},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
