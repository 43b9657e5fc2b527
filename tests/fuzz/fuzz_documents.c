/* Every document's parser over the same bytes: refused with a reason, or printed again as exactly these bytes. */
#include "lib/assert.h"
#include "tests/documents.h"
#include "tests/fuzz/fuzz.h"

static void
check_reason(int rc, const struct quoin_error *err)
{
	QUOIN_ASSERT(rc == QUOIN_ESYNTAX || rc == QUOIN_EVERSION || rc == QUOIN_ELIMIT);
	QUOIN_ASSERT(err->code == rc && err->message[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_span text = quoin_span_of(data, size);
	size_t accepted = 0;
	struct quoin_buf out;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	for (int type = 0; type < QUOIN_DOCUMENT_TYPES; type++) {
		struct quoin_error err = {0};
		int rc = documents_round_trip((enum quoin_document_type)type, text, &out, &err);

		if (rc != 0) {
			check_reason(rc, &err);
			continue;
		}
		accepted++;
		QUOIN_ASSERT(quoin_span_equal(quoin_buf_span(&out), text));
		quoin_buf_reset(&out);
	}
	QUOIN_ASSERT(accepted <= 1);
	quoin_buf_clear(&out);
	return 0;
}
