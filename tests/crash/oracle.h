/*
 * Oracle: whether a host's directory is one that a crash may leave. The state must be that of the last step acknowledged,
 * or of the one that was under way, all of it and nothing else; and the store must be able to go on from there.
 */
#ifndef QUOIN_TESTS_CRASH_ORACLE_H
#define QUOIN_TESTS_CRASH_ORACLE_H

#include "tests/crash/replay.h"
#include "tests/crash/workload.h"

#define ORACLE_TEXT_BYTES 512

struct oracle {
	const struct workload_script *script;
	uint64_t acked, in_flight;
	char text[ORACLE_TEXT_BYTES]; /* what is wrong */
	char image[160];	      /* with which image */
};

/*
 * Judge the state directory "dir" in a child process with a time limit: a crash or a hang is an answer, too. The child
 * changes the store: it commits once more and looks again.
 */
bool oracle_judge(struct oracle *oracle, const char *dir);
/* The same for replay_run; ctx: the oracle, with its script. */
replay_judge oracle_judge_image;

#endif
