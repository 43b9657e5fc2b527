/*
 * Review print: what the sections of a review share (review.h). For publisher/review*.c alone.
 */
#ifndef QUOIN_PUBLISHER_REVIEW_PRINT_H
#define QUOIN_PUBLISHER_REVIEW_PRINT_H

#include "publisher/review.h"

#define REVIEW_LINES_MAX    60u /* of one section; the whole is in the JSON */
#define REVIEW_NUMBER_BYTES 32

struct review_printer {
	const struct quoin_review *review;
	struct quoin_buf *out;
	size_t lines, hidden; /* of this section */
};

/* A section's title line, and what is said of it; its end, which tells how many lines were left out. */
void review_begin(struct review_printer *printer, const char *title, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void review_end(struct review_printer *printer);
/* Whether another line fits the section; if not, it counts as left out. */
bool review_next_line(struct review_printer *printer);

/* "+ name", in its colour, without newline; "!" of a problem is red, that of a warning yellow. */
void review_put_sign(struct review_printer *printer, int indent, enum quoin_change change, const char *name);
void review_put_alarm(struct review_printer *printer, bool is_error);
/* The lines of a phrase (phrase.h), indented. */
void review_put_lines(struct review_printer *printer, int indent, struct quoin_buf *lines);
/* The same behind a name: on its line if it is one line, else below it. */
void review_put_details(struct review_printer *printer, int indent, struct quoin_buf *lines);
/* "6 of 50 can decide otherwise, 2 added": what is none is left out. */
void review_print_counts(const size_t counts[3], const char *changed, char *text, size_t text_bytes);
/* The width of a column that the text stands in, too. */
int review_wider(int width, const char *text);
/* "96,000" */
const char *review_number(uint64_t number, char text[REVIEW_NUMBER_BYTES]);

/* review_changes.c */
void review_put_objectives(struct review_printer *printer);
void review_put_models(struct review_printer *printer);
void review_put_routes(struct review_printer *printer);
void review_put_policy(struct review_printer *printer);
/* review_shards.c */
void review_put_shards(struct review_printer *printer);
/* review_found.c */
void review_put_transfer(struct review_printer *printer);
void review_put_decisions(struct review_printer *printer);
void review_put_guards(struct review_printer *printer);
void review_put_tests(struct review_printer *printer);

#endif
