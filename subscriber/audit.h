/*
 * Audit: the whole store read and verified in a child process before the agent trusts it. LMDB checks nothing itself;
 * damage may show as wrong bytes, as an error, or as a crash.
 */
#ifndef QUOIN_SUBSCRIBER_AUDIT_H
#define QUOIN_SUBSCRIBER_AUDIT_H

#include "lib/error.h"

/*
 * Verify the store; one that is damaged, or crashes or hangs its reader, is moved aside (quoin_store_quarantine). Returns 0
 * (sound, or there is none), QUOIN_ECORRUPT (moved aside; err says why; *ret_quarantined true), or why it could not be
 * looked at; QUOIN_ECONFLICT: another agent has it.
 */
int quoin_audit(const char *state, const char *namespace_name, bool *ret_quarantined, struct quoin_error *err);

#endif
