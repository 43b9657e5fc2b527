#include <string.h>

#include "lib/assert.h"
#include "lib/json.h"
#include "lib/text.h"
#include "tests/fuzz/fuzz.h"

/* Every node is somewhere in the text, has UTF-8 without NULs and is found under its key. */
static void
walk(const struct quoin_json_doc *doc, const struct quoin_json *node)
{
	uint32_t line, column;
	size_t count = 0;

	quoin_json_place(doc, node, &line, &column);
	QUOIN_ASSERT(line >= 1 && column >= 1);
	if (quoin_json_kind(node) == QUOIN_JSON_STRING)
		QUOIN_ASSERT(quoin_utf8_is_valid(quoin_span_str(quoin_json_string(node))));
	for (const struct quoin_json *child = quoin_json_first(node); child != NULL; child = quoin_json_next(child)) {
		if (quoin_json_kind(node) == QUOIN_JSON_OBJECT && count < 50)
			QUOIN_ASSERT(quoin_json_get(node, quoin_json_key(child)) == child);
		walk(doc, child);
		count++;
	}
	QUOIN_ASSERT(count == quoin_json_count(node));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quoin_json_doc *doc, *again;
	struct quoin_error err = {0};
	struct quoin_buf text, twice;

	if (quoin_json_parse(quoin_span_of(data, size), &doc, &err) != 0) {
		QUOIN_ASSERT(err.code == QUOIN_ESYNTAX || err.code == QUOIN_ELIMIT);
		QUOIN_ASSERT(err.message[0] != '\0' && err.line >= 1 && err.column >= 1);
		return 0;
	}
	QUOIN_ASSERT(quoin_utf8_is_valid(quoin_span_of(data, size)));
	walk(doc, quoin_json_root(doc));
	quoin_buf_init(&text, SIZE_MAX);
	quoin_buf_init(&twice, SIZE_MAX);
	QUOIN_ASSERT(quoin_json_print(quoin_json_root(doc), &text) == 0);
	/* The canonical text is JSON too, and its own canonical text. */
	QUOIN_ASSERT(quoin_json_parse(quoin_buf_span(&text), &again, NULL) == 0);
	QUOIN_ASSERT(quoin_json_print(quoin_json_root(again), &twice) == 0);
	QUOIN_ASSERT(quoin_span_equal(quoin_buf_span(&text), quoin_buf_span(&twice)));
	quoin_json_free(doc);
	quoin_json_free(again);
	quoin_buf_clear(&text);
	quoin_buf_clear(&twice);
	return 0;
}
