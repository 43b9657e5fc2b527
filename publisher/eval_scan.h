/*
 * Finding the function declarations at the top level of a script, without a second JavaScript parser.
 *
 * A text search yields every place where "function NAME" stands; the engine's own parser then decides which of them are
 * declarations at the top level. The word "function" at offset p of a valid script begins a top-level declaration
 * exactly if the text before p is a valid script by itself and does not end inside a comment:
 *
 * - inside a block, a call, an array, a template, a string or a regular expression, the text before p is unfinished;
 * - after "=", "return", "(", a label, or an operator, it is unfinished too, so function expressions do not count;
 * - inside a comment that ends with its line, the text before p is valid, but it still is with a stray "@" appended.
 *
 * "async function" is the one case where the text before p is valid (a variable "async") and the declaration begins
 * earlier; it is a function declaration nevertheless, and its kind shows when the engine has evaluated it.
 *
 * Once a declaration at p is established, p is a boundary between statements, and the text before the next one need
 * only be looked at from p on. So the work is linear in the text.
 */
#ifndef QUOIN_PUBLISHER_EVAL_SCAN_H
#define QUOIN_PUBLISHER_EVAL_SCAN_H

#include "lib/bytes.h"

/* Whether "head", "middle" and "tail" one after the other are a valid script. */
typedef bool quoin_eval_is_script(void *ctx, struct quoin_span head, const char *middle, struct quoin_span tail);

/* A word of the text: a run of ASCII letters, digits, '_', '$' and what is beyond ASCII and no blank. */
struct quoin_eval_word {
	struct quoin_span text; /* borrowed from the script */
	size_t offset;
	uint32_t line; /* from 1; lines end as in JavaScript: LF, CR, CR LF, U+2028, U+2029 */
};

struct quoin_eval_words {
	struct quoin_span script;
	size_t at;
	uint32_t line;
};

/* Walk the words of a script, comments and strings included: init, then next until it returns false. */
void quoin_eval_words_init(struct quoin_eval_words *words, struct quoin_span script);
bool quoin_eval_words_next(struct quoin_eval_words *words, struct quoin_eval_word *ret);

/* If "word" is "function": the name that follows it, beyond blanks, comments and '*'. Returns whether there is one. */
bool quoin_eval_function_name(struct quoin_span script, const struct quoin_eval_word *word,
    struct quoin_span *ret_name);

/* Whether a statement begins at "to", given that one begins at "from" <= "to". "script" must be valid as a whole. */
bool quoin_eval_is_statement(struct quoin_span script, size_t from, size_t to, quoin_eval_is_script *is_script,
    void *ctx);

/*
 * The first place where the operator "**" stands, in a script that is valid as a whole: a stray "@" between the stars
 * makes it invalid there, but not inside comments and strings. Places beside a '/' are comment marks and not tried.
 * Returns whether there is one, with its line.
 */
bool quoin_eval_power_operator(struct quoin_span script, quoin_eval_is_script *is_script, void *ctx,
    uint32_t *ret_line);

/* Why a function may return nothing: by the words in its text, comments included. */
enum quoin_eval_return {
	QUOIN_EVAL_RETURN_NONE,	 /* there is no "return" */
	QUOIN_EVAL_RETURN_ALONE, /* the line ends behind one, and what was meant begins on the next */
	QUOIN_EVAL_RETURN_SOME,
};
/* *ret_line is the line of the one that is alone, from 1; else it is unchanged. */
enum quoin_eval_return quoin_eval_return_find(struct quoin_span function, uint32_t *ret_line);

/* What to say behind the engine's words for a syntax error at "line": advice if a "return" is alone above, else "". An
 * object with several keys on the lines below it is a block that cannot be read. */
const char *quoin_eval_syntax_advice(struct quoin_span script, uint32_t line);
/* The same for what was thrown: advice if a variable that is not there is nearly one that every script has, else "". */
const char *quoin_eval_variable_advice(const char *thrown);

#endif
