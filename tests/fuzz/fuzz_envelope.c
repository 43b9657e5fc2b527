/* An envelope: refused with a reason, or encoded again as exactly these bytes. */
#include "formats/envelope.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_envelope envelope;
	struct quoin_error err = {0};
	struct quoin_buf out;
	int rc = quoin_envelope_decode(quoin_span_of(data, size), &envelope, &err);

	if (rc != 0) {
		QUOIN_ASSERT((rc == QUOIN_ESYNTAX || rc == QUOIN_ELIMIT) && err.code == rc && err.message[0] != '\0');
		return 0;
	}
	quoin_buf_init(&out, QUOIN_ENVELOPE_BYTES_MAX);
	QUOIN_ASSERT(quoin_envelope_encode(&envelope, &out) == 0);
	QUOIN_ASSERT(quoin_span_equal(quoin_buf_span(&out), quoin_span_of(data, size)));
	quoin_buf_clear(&out);
	return 0;
}
