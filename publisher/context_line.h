/*
 * Context lines: a file of contexts, one JSON object per line, read a line at a time in bounded memory.
 */
#ifndef QUOIN_PUBLISHER_CONTEXT_LINE_H
#define QUOIN_PUBLISHER_CONTEXT_LINE_H

#include <stdio.h>

#include "lib/bytes.h"
#include "lib/limits.h"

/* Holds any context that may be decided, and one byte more: a longer line is cut there, and refused as a bad context. */
struct quoin_context_line {
	char bytes[QUOIN_CONTEXT_BYTES_MAX + 1];
	size_t len;
};

/* The next line without its newline; what is too long for it is skipped. False at the end of the file, or when it cannot be
 * read: see ferror(). The last line needs no newline. */
bool quoin_context_line_next(FILE *in, struct quoin_context_line *line);

#endif
