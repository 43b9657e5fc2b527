/*
 * The walls around the engine: what quoin-eval(8) can still ask of the system once it has started up.
 *
 * The engine reserves tens of gigabytes of address space when it starts, and opens a few files the first time it runs,
 * so the walls go up after it has been warmed up, and before it sees the first byte of a rule file.
 */
#ifndef QUOIN_PUBLISHER_EVAL_SANDBOX_H
#define QUOIN_PUBLISHER_EVAL_SANDBOX_H

#include <stdint.h>

/*
 * From here on, for all threads of the process and for ever:
 *
 * - it has no more than "memory_mb" MiB of memory beyond what it has now (RLIMIT_AS and RLIMIT_DATA);
 * - it has "cpu_ms" of processor time beyond what it has used, rounded up by one to two seconds, after which the kernel
 *   ends it with SIGXCPU (RLIMIT_CPU); the engine's own watchdog should have acted before;
 * - it leaves no core and gains no privilege;
 * - a system call other than those for memory, waiting, and reading and writing what is open already ends it with
 *   SIGSYS; opening a file fails with EACCES, and memory cannot be made executable.
 *
 * Returns 0, or -1 with errno and the name of the step in *ret_step (a static string).
 */
int quoin_eval_sandbox_enter(uint32_t cpu_ms, uint32_t memory_mb, const char **ret_step);

#endif
