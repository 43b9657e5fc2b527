#include "formats/minisign.h"

#include <string.h>

bool
quoin_minisign_line(struct quoin_span *text, const char *prefix, struct quoin_span *ret_rest)
{
	const uint8_t *end = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
	size_t prefix_bytes = strlen(prefix), line_bytes;

	if (end == NULL)
		return false;
	line_bytes = (size_t)(end - text->data);
	if (line_bytes < prefix_bytes || memcmp(text->data, prefix, prefix_bytes) != 0)
		return false;
	for (size_t i = 0; i < line_bytes; i++) {
		if ((text->data[i] < ' ' && text->data[i] != '\t') || text->data[i] > '~')
			return false;
	}
	*ret_rest = quoin_span_of(text->data + prefix_bytes, line_bytes - prefix_bytes);
	text->data = end + 1;
	text->len -= line_bytes + 1;
	return true;
}
