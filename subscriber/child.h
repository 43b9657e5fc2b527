/*
 * Child: work that damaged bytes may crash or hang, done in a forked process that can be lost.
 */
#ifndef QUOIN_SUBSCRIBER_CHILD_H
#define QUOIN_SUBSCRIBER_CHILD_H

#include "lib/error.h"

/* Runs in the child; must not touch what threads of the parent may have locked. */
typedef int quoin_child_work(void *ctx, struct quoin_error *err);

/*
 * Run "work" in a child and wait for it, at most "timeout_ms". Returns what it returned, with its error; QUOIN_EREFUSED
 * when it crashed, hung (it is killed) or used more processor time than that; QUOIN_ESYSTEM when no child could be made.
 * Work must not itself return QUOIN_EREFUSED (it becomes QUOIN_ECORRUPT).
 */
int quoin_child_run(quoin_child_work *work, void *ctx, int timeout_ms, struct quoin_error *err);

#endif
