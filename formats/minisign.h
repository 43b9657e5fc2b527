/*
 * The lines that minisign's key and signature files are made of. Inner header of keyfile.c and signature.c.
 */
#ifndef QUOIN_FORMATS_MINISIGN_H
#define QUOIN_FORMATS_MINISIGN_H

#include "lib/bytes.h"

#define QUOIN_MINISIGN_UNTRUSTED "untrusted comment: "
#define QUOIN_MINISIGN_TRUSTED	 "trusted comment: "

/* Take one line from the front of "text": printable ASCII and tabs, beginning with "prefix", ended by one newline.
 * *ret_rest is what follows the prefix, borrowed. False if the text does not begin with such a line. */
bool quoin_minisign_line(struct quoin_span *text, const char *prefix, struct quoin_span *ret_rest);

#endif
