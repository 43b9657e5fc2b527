/*
 * Which functions the scripts declare at their top level, and which other names look as if they wanted to be.
 */
#ifndef QUOIN_PUBLISHER_EVAL_DECLARE_H
#define QUOIN_PUBLISHER_EVAL_DECLARE_H

#include "publisher/eval_request.h"
#include "publisher/eval_scan.h"

/* Functions in the text of all scripts, and uses of names that begin with "define": each. */
#define QUOIN_EVAL_NAMES_MAX 65536u

#define QUOIN_EVAL_NO_TWIN SIZE_MAX

struct quoin_eval_name {
	struct quoin_span text; /* borrowed from the script */
	size_t file;		/* index in the request */
	size_t offset;		/* of "function" in a declaration, of the name itself otherwise */
	uint32_t line;
	uint32_t rank; /* private to the search */
	size_t order;  /* by file, then place */
	size_t twin;   /* of a declaration: index of the first one with the same name, or QUOIN_EVAL_NO_TWIN */
};

struct quoin_eval_names {
	struct quoin_eval_name *items;
	size_t count;
	size_t cap;
};

void quoin_eval_names_clear(struct quoin_eval_names *names);

bool quoin_eval_name_is_define(struct quoin_span name);

/*
 * The function declarations at the top level of the files with usable[i], in order of file and place: those whose names
 * begin with "define", and those whose names are declared more than once. "ret" is all zero before and the caller's to
 * clear after. Returns 0, QUOIN_ELIMIT (more than QUOIN_EVAL_NAMES_MAX), QUOIN_ENOMEM.
 */
int quoin_eval_declarations_find(const struct quoin_eval_file *files, size_t file_count, const bool *usable,
    quoin_eval_is_script *is_script, void *ctx, struct quoin_eval_names *ret);

/*
 * Every other name that begins with "define", once, sorted by name, with its most telling place: after const, let, var
 * or class; else before a '='; else the first. Comments and strings are searched too: the engine knows which of them
 * are bound to something. Life and errors as above.
 */
int quoin_eval_undeclared_find(const struct quoin_eval_file *files, size_t file_count, const bool *usable,
    const struct quoin_eval_names *declarations, struct quoin_eval_names *ret);

/* Where "name" is declared with const, let, var, class or function in the script, or 0. */
uint32_t quoin_eval_variable_line(struct quoin_span script, struct quoin_span name);

#endif
