#include "publisher/context_line.h"

bool
quoin_context_line_next(FILE *in, struct quoin_context_line *line)
{
	bool is_any = false;
	int byte;

	line->len = 0;
	flockfile(in);
	while ((byte = getc_unlocked(in)) != EOF) {
		is_any = true;
		if (byte == '\n')
			break;
		if (line->len < sizeof line->bytes)
			line->bytes[line->len++] = (char)byte;
	}
	funlockfile(in);
	return is_any && !(byte == EOF && ferror(in) != 0);
}
