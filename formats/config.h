/*
 * Config: the objects that travel with a decision, merged by top-level key (RULES.md section 3).
 */
#ifndef QUOIN_FORMATS_CONFIG_H
#define QUOIN_FORMATS_CONFIG_H

#include "lib/bytes.h"
#include "lib/error.h"

#define QUOIN_CONFIG_LEVELS 4 /* objective, model, reference, rule */

/* Append the canonical object in which later levels win, key by key; a level may be NULL. Each is a canonical JSON
 * object. 0, QUOIN_ELIMIT (over QUOIN_CONFIG_BYTES_MAX), QUOIN_ESYNTAX (a level is no object), QUOIN_ENOMEM. */
int quoin_config_merge(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out);

#endif
