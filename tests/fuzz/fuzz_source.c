/* A source part: refused, or printing it again gives the same bytes. */
#include <string.h>

#include "formats/source.h"
#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_ruleset ruleset = {0};
	struct quoin_error err = {0};
	struct quoin_buf out;

	if (quoin_source_read(quoin_span_of(data, size), &ruleset, &err) != 0) {
		QUOIN_ASSERT(ruleset.arena.blocks == NULL && err.message[0] != '\0');
		return 0;
	}
	quoin_buf_init(&out, size);
	QUOIN_ASSERT(quoin_source_print(&ruleset, &out) == 0);
	QUOIN_ASSERT(out.len == size && memcmp(out.data, data, size) == 0);
	quoin_buf_clear(&out);
	quoin_ruleset_clear(&ruleset);
	return 0;
}
