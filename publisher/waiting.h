/*
 * Waiting: what the rollout of a namespace waits for, in one sentence that names hosts and what to type, from the same
 * picture that "quoin status" draws. The gate knows more (soak, the health hook, which release fills the room) and says
 * it in its log as event=waiting; where only it can know, the sentence says so.
 */
#ifndef QUOIN_PUBLISHER_WAITING_H
#define QUOIN_PUBLISHER_WAITING_H

#include "publisher/picture.h"

#define QUOIN_WAITING_BYTES 512

/* "" if nothing is on its way. */
void quoin_waiting_for(struct quoin_picture *picture, char out[QUOIN_WAITING_BYTES]);

/* The same for the newest pin that does not stand yet: of those that are for this router, or of all (NULL). */
void quoin_waiting_pin(struct quoin_picture *picture, const struct quoin_cert *router, char out[QUOIN_WAITING_BYTES]);

#endif
