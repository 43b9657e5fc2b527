/*
 * Problems: what is wrong with an authoring directory, all of one run together, each with its place and with what to do
 * about it (INTERFACES.md section 1). Errors refuse the directory, warnings do not.
 *
 * A list is caller memory: init, add, sort, print, clear. Texts are copied. At most QUOIN_PROBLEMS_MAX are kept; if
 * there were more, the last one says so. The same directory always gives the same list.
 */
#ifndef QUOIN_PUBLISHER_PROBLEM_H
#define QUOIN_PUBLISHER_PROBLEM_H

#include "formats/ruleset.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

/* Where something stands. "file" NULL or "": no file; "line" and "column" count from 1, 0 means unknown. */
struct quoin_place {
	const char *file; /* borrowed */
	uint32_t line;
	uint32_t column;
};

enum quoin_severity {
	QUOIN_SEVERITY_ERROR,
	QUOIN_SEVERITY_WARNING,
};

struct quoin_problem {
	enum quoin_severity severity;
	const char *code; /* one stable word for programs: "unknown_model" */
	struct quoin_place place;
	const char *message; /* "what is wrong; what to do" */
	const char *quotation; /* the line of the file that it is about (publisher/quote.h), or NULL */
	uint32_t caret;	       /* the character of the quotation that is meant, from 1; 0: the first that is no blank */
};

struct quoin_problems {
	struct quoin_arena arena;
	struct quoin_problem *items; /* owned */
	size_t count;
	size_t capacity;
	size_t error_count; /* all of them, also those that were not kept */
	bool is_cut;
	int error; /* QUOIN_ENOMEM once memory ran out: the list is not whole */
};

void quoin_problems_init(struct quoin_problems *problems);
/* Accepts all-zero objects. */
void quoin_problems_clear(struct quoin_problems *problems);

/* Add one. The message is cut at QUOIN_TEXT_BYTES_MAX, and control characters in it become '?'. */
void quoin_problem_error(struct quoin_problems *problems, const char *code, struct quoin_place place, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void quoin_problem_warning(struct quoin_problems *problems, const char *code, struct quoin_place place, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* Add one whose message is a text that somebody else made. */
void quoin_problem_add(struct quoin_problems *problems, enum quoin_severity severity, const char *code,
    struct quoin_place place, struct quoin_span message);
/* Add what an error object says, with its place ("file" replaces an empty one; NULL: none). */
void quoin_problem_of_error(struct quoin_problems *problems, const char *code, const char *file,
    const struct quoin_error *err);

/* Keep "line" as what the problem of this list quotes: cut around its column, made printable. */
void quoin_problem_quote(struct quoin_problems *problems, struct quoin_problem *problem, struct quoin_span line);

/* Order by file, line, column, then severity, code and message; a problem that says the same at the same place is kept
 * once. Problems without a file come last. */
void quoin_problems_sort(struct quoin_problems *problems);

/* For people: one line each, "quoin: file:line:column: message", warnings as "… warning: message". Appends. */
int quoin_problems_print(const struct quoin_problems *problems, struct quoin_buf *out);
/* The same with what is quoted under each, and a caret under that; without those of the code "but", which are told
 * otherwise, and of warnings of one code the first QUOIN_WARNINGS_TOLD and how many more there are. */
#define QUOIN_WARNINGS_TOLD 8
int quoin_problems_tell(const struct quoin_problems *problems, const char *but, struct quoin_buf *out);
/* For programs: the JSON array [{"severity","code","file","line","column","message"}]; a part of the place that is not
 * known is left out. Appends. */
int quoin_problems_print_json(const struct quoin_problems *problems, struct quoin_buf *out);

#endif
