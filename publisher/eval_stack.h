/*
 * From the engine's stacks to places in rule files.
 */
#ifndef QUOIN_PUBLISHER_EVAL_STACK_H
#define QUOIN_PUBLISHER_EVAL_STACK_H

#include "publisher/eval_reply.h"
#include "publisher/eval_request.h"

/* The longest path of a file that is all of "text", or its end behind an '@'. Returns whether there is one. */
bool quoin_eval_stack_file(const struct quoin_eval_file *files, size_t file_count, struct quoin_span text,
    struct quoin_span *ret_path);

/*
 * The innermost frame that is in one of the files. "stack" has a frame per line, "function@file:line:column"; the
 * columns of a file's first line are too large by first_line_shift. The path of *ret is that of the file. Returns
 * whether there is such a frame; *ret is untouched if not.
 */
bool quoin_eval_stack_place(const struct quoin_eval_file *files, size_t file_count, struct quoin_span stack,
    uint32_t first_line_shift, struct quoin_eval_place *ret);

/* Syntax errors come without a column, but most name a token in single quotes: where it stands on the line, in characters
 * from 1; 0 when it stands there more than once, or not at all. */
uint32_t quoin_eval_stack_column(struct quoin_span script, uint32_t line, const char *message);

#endif
