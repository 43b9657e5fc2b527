/*
 * Counters: what a host's status counts, for people and programs: what it fetched, and how often which rule decided.
 */
#ifndef QUOIN_PUBLISHER_COUNTERS_H
#define QUOIN_PUBLISHER_COUNTERS_H

#include "formats/status.h"
#include "lib/json_writer.h"

/* A member "fetched" of the object that is open. */
void quoin_counters_put_fetched(struct quoin_json_writer *writer, const struct quoin_status *status);
/* A member "hits": the total, and the most frequent rules. */
void quoin_counters_put_hits(struct quoin_json_writer *writer, const struct quoin_status *status);

/* Both as lines for a terminal, each indented by two; nothing for what is zero. */
void quoin_counters_print(const struct quoin_status *status, struct quoin_buf *out);

#endif
