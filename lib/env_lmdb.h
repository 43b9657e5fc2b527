/*
 * What env.c and txn.c share, and nobody else: the only file that includes <lmdb.h>.
 */
#ifndef QUOIN_LIB_ENV_LMDB_H
#define QUOIN_LIB_ENV_LMDB_H

#include <lmdb.h>

#include "lib/env.h"

struct quoin_env {
	MDB_env *mdb;
	dev_t dev;
	ino_t ino;
	unsigned generation; /* of forks, when it was opened */
	struct quoin_env *next;
	struct quoin_txn *orphans; /* transactions ended in a child that must not touch the parent's slots */
	char path[];
};

struct quoin_txn {
	struct quoin_env *env;
	MDB_txn *mdb;
	bool writes;
	struct quoin_txn *next_orphan;
};

/* Fill "err" for LMDB's or the system's code "rc": "cannot WHAT in PATH: …". Returns our code. */
int quoin_env_fail(const char *path, int rc, const char *what, struct quoin_error *err);
/* Whether the environment was opened by a process that this one was forked from. No system call. */
bool quoin_env_is_inherited(const struct quoin_env *env);

#endif
