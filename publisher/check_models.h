/*
 * Check models: models.json into the run's models and families (RULES.md section 1).
 */
#ifndef QUOIN_PUBLISHER_CHECK_MODELS_H
#define QUOIN_PUBLISHER_CHECK_MODELS_H

#include "publisher/check_run.h"

/* "root" is the file's value. */
void quoin_check_models(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *root);

/* The family of this name, or NULL. */
const struct quoin_check_family *quoin_check_find_family(const struct quoin_check_run *run, const char *name);
/* The model of this version in the family, or QUOIN_CHECK_NONE. */
uint32_t quoin_check_find_version(const struct quoin_check_run *run, const struct quoin_check_family *family,
    const char *version);

#endif
