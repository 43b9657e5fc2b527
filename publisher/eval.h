/*
 * Evaluating the rule files of an authoring directory (RULES.md section 2, quoin-rules(5)), from the caller's side.
 *
 * Each evaluation is a process of its own, quoin-eval(8), which gets the whole request on its standard input
 * (publisher/eval_request.h says what is in it and how it is framed) and answers with one JSON document on its standard
 * output (publisher/eval_reply.h says what is in it). The process has no environment, no file, no clock and bounded
 * time and memory; what goes wrong in a rule file is a problem in the reply, never an error of this call.
 *
 * An evaluation that finds no error is done twice, in two processes, and the replies are compared byte for byte.
 *
 * Codes of the problems:
 *
 *	encoding            a file is not UTF-8 or has a NUL
 *	syntax              a file cannot be parsed, or declares a name a second time
 *	throws              a file or function throws
 *	unknown_objective   Objectives has no such name; the message suggests the nearest
 *	unknown_constant    the same for constants
 *	not_available       a part of the language that rules must not use (Date, Math.random, eval, …)
 *	duplicate_function  a function is declared twice
 *	not_a_declaration   a define name holds a function without being a function declaration
 *	redefined           a define name does not hold the declared function any more
 *	async, generator    a define function, or its value, is not there at once
 *	returns_nothing     a define function returns undefined
 *	not_json            the value is no object or array, or has something in it that is not JSON data
 *	too_large           more functions or values than the bounds allow
 *	time_limit, memory_limit, recursion
 *	differs             two evaluations of the same files gave different replies
 *	too_many_problems   the list ends here
 *	power_operator      a warning: "**" is not exact
 */
#ifndef QUOIN_PUBLISHER_EVAL_H
#define QUOIN_PUBLISHER_EVAL_H

#include "lib/bytes.h"
#include "lib/error.h"
#include "publisher/eval_reply.h"
#include "publisher/eval_request.h"

/*
 * Evaluate. *ret_reply is set on success and the caller's to clear; it is untouched on failure. A request without files
 * needs no call.
 *
 * The program is $QUOIN_EVAL; else quoin-eval beside the running program, or in ../libexec/quoin from there; else the
 * one in $PATH.
 *
 * It may block for about twice the time limit of the request on an idle machine, at most for eight times that and ten
 * seconds. Not from a thread that others fork in.
 *
 * Returns 0; QUOIN_ELIMIT, QUOIN_EUSAGE (the request is outside its bounds: see quoin_eval_request_encode);
 * QUOIN_ENOENT (no such program); QUOIN_ESYSTEM (it could not be run, or failed for a reason that is not in the rule
 * files); QUOIN_ENOMEM.
 */
int quoin_eval_run(const struct quoin_eval_request *request, struct quoin_buf *ret_reply, struct quoin_error *err);

/* Where quoin_eval_run finds its program. Returns 0 or QUOIN_ENOENT. */
int quoin_eval_find_program(char *out, size_t out_bytes, struct quoin_error *err);

#endif
