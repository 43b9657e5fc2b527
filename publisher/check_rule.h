/*
 * Check rule: one rule on its way from JSON to struct quoin_rule. What all kinds have in common is read here; what
 * each kind has of its own, in check_kind.
 */
#ifndef QUOIN_PUBLISHER_CHECK_RULE_H
#define QUOIN_PUBLISHER_CHECK_RULE_H

#include "publisher/check_run.h"

struct quoin_check_rule {
	struct quoin_check_run *run;
	struct quoin_check_source source;
	const struct quoin_json *node;
	const char *function; /* that returned it; NULL: from *.rules.json */
	size_t element;	      /* its place in a returned array, from 1; 0: it was returned alone */
	bool has_own_name;
	bool has_kind;		/* which kind it is could be told */
	const char *input_type; /* modelInputType and modelType, or NULL */
	const char *model_type;
	struct quoin_rule *rule; /* what is made */
};

/* Read the whole rule into read->rule. Problems are added; what could be read is there. */
void quoin_check_rule(struct quoin_check_rule *read);

#endif
