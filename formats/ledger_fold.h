/*
 * What the rooms of the ledger share, from the ground up: what it holds (ledger.c), what that asks for together
 * (ledger_fold.c), and how documents come in and go (ledger_admit.c).
 */
#ifndef QUOIN_FORMATS_LEDGER_FOLD_H
#define QUOIN_FORMATS_LEDGER_FOLD_H

#include "formats/ledger.h"

/* ---- ledger ---- */

/* The place of a number among the releases or intents: where it is, or where it would be put. */
size_t ledger_release_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held);
size_t ledger_intent_at(const struct quoin_ledger *ledger, uint64_t number, bool *ret_held);
/* Whether it is held, or named, with this number and another hash. */
bool ledger_release_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref);
bool ledger_intent_forks(const struct quoin_ledger *ledger, const struct quoin_docref *ref);
/* Whom an intent is about, as a text of its own, for the second to free; NULL without memory. */
char *ledger_whom_of(const struct quoin_intent *intent);
void ledger_free_whom(const struct quoin_ledger_intent *intent);
/* The same place among names: an index into "items". */
size_t ledger_name_at(const struct quoin_ledger_names *names, uint64_t number, bool *ret_found);
/* What is known of a release or intent that is not held; NULL if nobody names it. */
struct quoin_ledger_name *ledger_name(const struct quoin_ledger_names *names, uint64_t number);

/* ---- ledger_fold: nothing here fails, since room was taken before anything changed ---- */

/* Everything anew; or, while the ledger waits, nothing yet: then the fold is empty and stale. */
void ledger_fold_all(struct quoin_ledger *ledger);
/* One more, held already, at the end of the signed order. */
void ledger_fold_release(struct quoin_ledger *ledger, struct quoin_ledger_release *release);
void ledger_fold_intent(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent);

#endif
