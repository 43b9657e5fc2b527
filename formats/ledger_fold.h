/*
 * What the two rooms of the ledger share: its documents (ledger.c) and their fold (ledger_fold.c). Nothing here fails:
 * room was taken before anything changed.
 */
#ifndef QUOIN_FORMATS_LEDGER_FOLD_H
#define QUOIN_FORMATS_LEDGER_FOLD_H

#include "formats/ledger.h"

/* What is known of a release or intent that is not held; NULL if nobody names it. */
struct quoin_ledger_name *ledger_name(const struct quoin_ledger_names *names, uint64_t number);

/* Everything anew; or, while the ledger waits, nothing yet: then the fold is empty and stale. */
void ledger_fold_all(struct quoin_ledger *ledger);
/* One more, held already, at the end of the signed order. */
void ledger_fold_release(struct quoin_ledger *ledger, struct quoin_ledger_release *release);
void ledger_fold_intent(struct quoin_ledger *ledger, const struct quoin_ledger_intent *intent);

#endif
