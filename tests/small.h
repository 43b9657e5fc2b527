/*
 * Small authoring directories from strings, for tests of what is made of them. Single quotes stand for double ones.
 */
#ifndef QUOIN_TESTS_SMALL_H
#define QUOIN_TESTS_SMALL_H

#include "publisher/compile.h"

/* A model's record with these members more: SMALL_MODEL("1", "'demand': {'memory_mb': 60},"). */
#define SMALL_MODEL(version, more)                                                                                     \
	"{" more " 'version': '" version "', 'inputType': 'T', 'modelType': 'S', 'uri': 'u', 'digest': 'sha256:" version "'}"
/* An objective's record: SMALL_OBJECTIVE("a", "'owner': 'me',"). */
#define SMALL_OBJECTIVE(model, more) "{" more " 'inputType': 'T', 'modelType': 'S', 'default': '" model "'}"

/* Compile; the running case ends if it cannot be. The rules are a *.rules.json. */
void small_compile(const char *models, const char *objectives, const char *rules, const char *shards,
    struct quoin_compiled *ret);
/* The same against a base. */
void small_compile_on(const struct quoin_compiled *base, const char *models, const char *objectives, const char *rules,
    const char *shards, struct quoin_compiled *ret);

#endif
