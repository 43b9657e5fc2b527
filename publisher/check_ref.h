/*
 * Check ref: a reference to a model, "name" or {name, version?, config?}, resolved to an index (RULES.md section 2).
 */
#ifndef QUOIN_PUBLISHER_CHECK_REF_H
#define QUOIN_PUBLISHER_CHECK_REF_H

#include "publisher/check_run.h"

/* Resolve the reference. "what" names it in messages. Returns whether it names a known model; problems are added
 * otherwise. *ret_has_version (may be NULL): whether it named a version itself. */
bool quoin_check_ref(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *what, struct quoin_ref *ret, bool *ret_has_version);

/* The model's types are these; a type that is NULL (it could not be read) fits. "whose" says what asks for them. */
bool quoin_check_ref_types(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, uint32_t model, const char *input_type, const char *model_type, const char *whose);

#endif
