/*
 * Phrase: conditions, rules and placements in words, for people: "country in US, CA and not tenureDays < 30",
 * "split a@1 10 %, b@2 90 % by userId". All append to "out"; failures stick in it.
 */
#ifndef QUOIN_PUBLISHER_PHRASE_H
#define QUOIN_PUBLISHER_PHRASE_H

#include "formats/ruleset.h"

/* NULL: "always". */
void quoin_phrase_when(const struct quoin_when *when, struct quoin_buf *out);
/* One condition, without what is around it. */
void quoin_phrase_leaf(const struct quoin_when *leaf, struct quoin_buf *out);
/* What the rule chooses, with percents; without its name and condition. */
void quoin_phrase_choice(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out);
/* "rank-a 60 %, rank-b 40 %"; "nowhere". */
void quoin_phrase_placements(const struct quoin_ruleset *ruleset, const struct quoin_placement *placements, size_t count,
    struct quoin_buf *out);
/* Thousandths of a percent: "12.5 %". */
void quoin_phrase_percent(uint32_t thousandths, struct quoin_buf *out);
/* "ab_test", "context", … */
const char *quoin_phrase_kind(enum quoin_rule_kind kind);

#endif
