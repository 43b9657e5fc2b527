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
/* "ab_test", "context", … as programs read it; "A/B test", "context rule", … as people do. */
const char *quoin_phrase_kind(enum quoin_rule_kind kind);
const char *quoin_phrase_kind_title(enum quoin_rule_kind kind);
/* "a@1", with its config if it has one; a constant as it stands in a condition; "262,144". */
void quoin_phrase_ref(const struct quoin_ruleset *ruleset, const struct quoin_ref *ref, struct quoin_buf *out);
void quoin_phrase_scalar(const struct quoin_scalar *scalar, struct quoin_buf *out);
void quoin_phrase_number(uint64_t number, struct quoin_buf *out);

/*
 * phrase_change.c: things, and what of them changed, as lines that end with a newline and are not indented. What is the
 * same is left out, so that a small change is a few words.
 */
void quoin_phrase_rule(const struct quoin_ruleset *ruleset, const struct quoin_rule *rule, struct quoin_buf *out);
/* "aspects": in what the two differ (difference.h). */
void quoin_phrase_rule_change(const struct quoin_ruleset *before, const struct quoin_rule *rule_before,
    const struct quoin_ruleset *after, const struct quoin_rule *rule_after, uint32_t aspects, struct quoin_buf *out);
void quoin_phrase_model_change(const struct quoin_model *before, const struct quoin_model *after, struct quoin_buf *out);
void quoin_phrase_shard_change(const struct quoin_shard *before, const struct quoin_shard *after, struct quoin_buf *out);
/* By the keys of policy.json. */
void quoin_phrase_policy_change(const struct quoin_policy *before, const struct quoin_policy *after, struct quoin_buf *out);
/* By top-level key; NULL: none. */
void quoin_phrase_config_change(const char *before, const char *after, struct quoin_buf *out);

#endif
