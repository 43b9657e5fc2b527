/*
 * Rule files from strings through the real quoin-eval, for tests of what it answers.
 */
#ifndef QUOIN_TESTS_EVALUATE_H
#define QUOIN_TESTS_EVALUATE_H

#include "publisher/eval.h"

#define EVALUATE_FILES_MAX 4

struct evaluate_script {
	const char *path; /* NULL ends a list */
	const char *text;
};

/* Use the helper of this build, wherever the tests are called from. */
void evaluate_use_own_program(void);

/* With three objectives (ContinueWatchingRanking, HomeRanking, PaymentFraud) and the constants TITLE_INPUT_TYPE and
 * cells.a. What quoin_eval_run returns. */
int evaluate_scripts(const struct evaluate_script *scripts, uint32_t cpu_ms, uint32_t memory_mb,
    struct quoin_buf *reply, struct quoin_error *err);

/* The reply as text, until the next call; the running case ends when there is none. */
const char *evaluate_reply(const struct evaluate_script *scripts, uint32_t cpu_ms, uint32_t memory_mb);

#endif
