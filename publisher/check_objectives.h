/*
 * Check objectives: objectives.json into the run's objectives (RULES.md section 1). Comes after the models, which the
 * defaults name.
 */
#ifndef QUOIN_PUBLISHER_CHECK_OBJECTIVES_H
#define QUOIN_PUBLISHER_CHECK_OBJECTIVES_H

#include "publisher/check_run.h"

/* "root" is the file's value. */
void quoin_check_objectives(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *root);

#endif
