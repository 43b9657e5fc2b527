/*
 * Check rules: every rule of a directory, from scripts and from *.rules.json, in the order of files (RULES.md
 * section 3).
 */
#ifndef QUOIN_PUBLISHER_CHECK_RULES_H
#define QUOIN_PUBLISHER_CHECK_RULES_H

#include "publisher/check_run.h"

/* Comes after objectives, models and shards. "eval" is the reply of the evaluation, or NULL. */
void quoin_check_rules(struct quoin_check_run *run, const struct quoin_directory *directory,
    const struct quoin_json_doc *eval);

#endif
