/*
 * Compile scripts: the directory's *.js through quoin-eval(8), and what they wrote to the console.
 */
#ifndef QUOIN_PUBLISHER_COMPILE_SCRIPTS_H
#define QUOIN_PUBLISHER_COMPILE_SCRIPTS_H

#include "publisher/directory.h"

/*
 * Evaluate the scripts. *ret is the reply (publisher/eval_reply.h), to be freed; NULL if there are no scripts, or if
 * objectives.json or constants.json could not be read, without which every use of them would be one more problem.
 * Console lines are appended to "console" (may be NULL). Scripts that exceed a bound are problems.
 * Returns 0, QUOIN_ENOENT (no quoin-eval), QUOIN_ESYSTEM, QUOIN_ENOMEM.
 */
int quoin_compile_scripts(const struct quoin_directory *directory, struct quoin_buf *console,
    struct quoin_json_doc **ret, struct quoin_problems *problems, struct quoin_error *err);

#endif
