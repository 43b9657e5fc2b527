/*
 * Ledger: the control topic, verified and folded into what is asked for (PROTOCOL.md section 1). Each release names the
 * last intent and each intent the head that it follows: one signed order of both. Compact: of each document what the order
 * and the fold need; texts are in the documents.
 *
 * Pure: the same documents give the same ledger, in whatever order the topic brings them (a document whose
 * predecessor is not there yet is admitted; numbers may have gaps after gc).
 */
#ifndef QUOIN_FORMATS_LEDGER_H
#define QUOIN_FORMATS_LEDGER_H

#include "formats/activation.h"
#include "formats/intent.h"
#include "formats/release.h"
#include "formats/trust.h"

#define QUOIN_LEDGER_MAX 65536 /* releases, intents: each */

struct quoin_ledger_release {
	struct quoin_docref ref;
	uint64_t intent;	   /* the last intent it follows */
	struct quoin_hash content; /* quoin_release_content */
	int64_t created_ms;
	bool is_revoked; /* by number or by content */
};

struct quoin_ledger_intent {
	uint64_t number;
	struct quoin_hash hash;
	uint64_t head;	  /* the newest release that it follows */
	uint64_t release; /* 0: none */
	int64_t created_ms;
	int64_t until_ms;
	char *whom; /* its host, or its labels as quoin_labels_print writes them; "": none. Owned */
	enum quoin_action action;
};

/* A pin that stands; and an exclusion. Both borrow of their intent. */
struct quoin_ledger_pin {
	uint64_t intent;
	uint64_t release;
	const char *labels; /* as quoin_labels_print writes them */
};
struct quoin_ledger_exclusion {
	const char *host;
	int64_t until_ms; /* 0: until included */
};

/* A document that others name and that is not held: by the first who names it its hash is known. */
struct quoin_ledger_name {
	struct quoin_docref ref;
	bool is_revoked; /* a release that an intent revoked by its number */
};
struct quoin_ledger_names {
	struct quoin_ledger_name *items; /* ascending, "count" from "first" on; owned */
	size_t first, count, room;
};

struct quoin_ledger {
	struct quoin_ledger_release *releases; /* ascending; owned */
	size_t release_count;
	struct quoin_ledger_intent *intents; /* ascending; owned */
	size_t intent_count;
	struct quoin_ledger_names missing_releases, missing_intents;
	uint64_t followed; /* the highest intent that a release follows */
	size_t said[QUOIN_ACTIONS]; /* how many intents of each action */
	bool waits;		    /* quoin_ledger_wait */
	bool is_stale;		    /* while it waits: the fold is not that of what is held */

	struct quoin_docref head; /* the newest release; number 0 if none */
	struct quoin_docref last_intent;

	/* The fold, kept up to date by admit. */
	uint64_t asked;	     /* 0: nothing yet */
	bool asked_is_brake; /* the last word was a rollback */
	bool frozen;
	struct quoin_ledger_pin *pins; /* standing, ascending by intent; owned */
	size_t pin_count;
	struct quoin_ledger_exclusion *excluded; /* standing, by operator, ascending by host; owned */
	size_t excluded_count;
	struct quoin_hash *revoked; /* contents, ascending; owned */
	size_t revoked_count;
};

/*
 * The fold, in the signed order: a release asks for itself, a rollback for the release that it names. A pin
 * replaces the one with equal labels, unpin removes it. A revocation holds for the release and for all with the
 * same content, whenever published; it removes the pins to them, and a later pin to one of them is ignored. "asked"
 * itself may be revoked: what to run then is the gate's business. A release r stands before intent k unless it says
 * that it follows it (r.intent >= k), so that of two that know nothing of each other the operator's word is the
 * last.
 */
void quoin_ledger_init(struct quoin_ledger *ledger);
void quoin_ledger_clear(struct quoin_ledger *ledger);

/*
 * Documents that do not come in the signed order make everything be folded again, one by one. Whoever reads many tells the
 * ledger to wait: until it is told to fold, the fold may be an old one, and one pass does for all. Everything else is as
 * if it did not wait.
 */
void quoin_ledger_wait(struct quoin_ledger *ledger);
void quoin_ledger_fold(struct quoin_ledger *ledger);

/*
 * Admit a verified release or intent (the caller has called quoin_trust_verify and gives the hash). The same document
 * again changes nothing. Returns 0; QUOIN_EFORK: the same number with another hash, or a held predecessor that does not
 * match: refused, keep both as evidence; QUOIN_ESYNTAX, QUOIN_ELIMIT, QUOIN_ENOMEM. On failure nothing changes.
 */
int quoin_ledger_admit_release(struct quoin_ledger *ledger, const struct quoin_release *release,
    const struct quoin_hash *hash, struct quoin_error *err);
int quoin_ledger_admit_intent(struct quoin_ledger *ledger, const struct quoin_intent *intent,
    const struct quoin_hash *hash, struct quoin_error *err);

/* Forget what was removed from the topic; the fold is that of the rest. The newest of each stays whatever is said: chains
 * go on from it; and what is forgotten may come back only as what it was. Whether it was held and is forgotten (false,
 * too, without memory). */
bool quoin_ledger_forget_release(struct quoin_ledger *ledger, uint64_t number);
bool quoin_ledger_forget_intent(struct quoin_ledger *ledger, uint64_t number);

/* Whether the newest intent came, and is not the next after "last", the newest until then. Who reads a topic for the first time
 * is used to the gaps that gc leaves: the rest says it all. Who went on reading may hold what a missed one ended: gc removed
 * both. */
bool quoin_ledger_has_skipped(const struct quoin_ledger *ledger, uint64_t last);

const struct quoin_ledger_release *quoin_ledger_release(const struct quoin_ledger *ledger, uint64_t number);
const struct quoin_ledger_intent *quoin_ledger_intent(const struct quoin_ledger *ledger, uint64_t number);
/* "" if the intent is not about a host. */
const char *quoin_ledger_host(const struct quoin_ledger_intent *intent);
/* As activations have it. */
void quoin_ledger_pin_expand(const struct quoin_ledger_pin *pin, struct quoin_pin *ret);

/* Whether operators exclude the host at this time. */
bool quoin_ledger_excludes(const struct quoin_ledger *ledger, const char *host, int64_t wall_ms);

/* Whether some verified release, or intent naming that release, produced what the activation selects: every one of its
 * target, from and pins is a release held here (or equal to that of "before", the activation obeyed until now, may be
 * NULL), and pins are by intents held here. QUOIN_EAGAIN: it consumed documents (head, intent) that have not been read
 * yet: wait. QUOIN_EREFUSED: no such release or intent. 0: fine. */
int quoin_ledger_check_activation(const struct quoin_ledger *ledger, const struct quoin_activation *activation,
    const struct quoin_activation *before, struct quoin_error *err);

#endif
