/*
 * Wrap: text for a terminal of so many columns, and rows. Pure.
 */
#ifndef QUOIN_PUBLISHER_WRAP_H
#define QUOIN_PUBLISHER_WRAP_H

#include "lib/bytes.h"

/* Break lines that are longer at their last blank; what follows hangs four columns deeper than the line began. A word
 * that is longer stays whole. Colours (ESC [ … m) take no room, a character of UTF-8 takes one column. columns 0: nothing is
 * broken. Appends; failures stick in "out". */
void quoin_wrap(struct quoin_span text, size_t columns, struct quoin_buf *out);

/* What draws the text over the one before, without a flicker: from the top of the terminal, each line cut at its right edge,
 * what was there cleared. Of a text that has not room in "rows" the rest is counted in the last line; 0: all is drawn.
 * Appends; failures stick in "out". */
void quoin_frame(struct quoin_span text, size_t rows, struct quoin_buf *out);

#endif
