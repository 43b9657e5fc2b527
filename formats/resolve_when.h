/*
 * Whether a rule's nodes hold for a context: what filters cannot say. For resolve.c alone.
 */
#ifndef QUOIN_FORMATS_RESOLVE_WHEN_H
#define QUOIN_FORMATS_RESOLVE_WHEN_H

#include "formats/context.h"
#include "formats/rules_layout.h"

/* All of them. */
bool quoin_resolve_nodes(const struct rules_body *body, struct quoin_context *context);

#endif
