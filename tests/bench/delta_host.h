/*
 * A host that fetches a patch and applies it, in a process of its own: with the agent's code and a store on the disk, from
 * an embedded broker.
 */
#ifndef QUOIN_TESTS_BENCH_DELTA_HOST_H
#define QUOIN_TESTS_BENCH_DELTA_HOST_H

/* The files' contents; prints milliseconds from the first byte asked for to the part in the store, and the most anonymous
 * memory that was taken for it, in MB. Returns the exit status. */
int delta_host_run(const char *base, const char *patch, const char *body);

#endif
