/*
 * Check shards: shards.json into the run's shards (RULES.md section 1).
 */
#ifndef QUOIN_PUBLISHER_CHECK_SHARDS_H
#define QUOIN_PUBLISHER_CHECK_SHARDS_H

#include "publisher/check_run.h"

/* "root" is the file's value. */
void quoin_check_shards(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *root);

/* Whether the shard has every label that the model requires; else *ret_missing is the first that it lacks. */
bool quoin_check_shard_has(const struct quoin_shard *shard, const struct quoin_model *model,
    const struct quoin_pair **ret_missing);

#endif
