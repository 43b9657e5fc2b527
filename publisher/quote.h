/*
 * Quote: the line of a file that a problem is about, for people to see with the problem (quoin_problems_tell).
 */
#ifndef QUOIN_PUBLISHER_QUOTE_H
#define QUOIN_PUBLISHER_QUOTE_H

#include "publisher/directory.h"
#include "publisher/problem.h"

/* Give each problem that has a line of a file of the directory, and no quotation yet, that line. May be called again when
 * there are more problems. Remembers want of memory in the list. */
void quoin_quote_problems(struct quoin_problems *problems, const struct quoin_directory *directory);

#endif
