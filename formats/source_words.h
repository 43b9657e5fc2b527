/*
 * The words of a source part (quoin-source(5)), shared by its printer and its reader alone.
 */
#ifndef QUOIN_FORMATS_SOURCE_WORDS_H
#define QUOIN_FORMATS_SOURCE_WORDS_H

#include <stdint.h>

#define SOURCE_FORMAT	   1
#define SOURCE_NUMBER_MAX  (INT64_C(1) << 53)
#define SOURCE_KINDS	   8
#define SOURCE_OPERATORS   9
#define SOURCE_COMPARATORS 5

extern const char *const quoin_source_kinds[SOURCE_KINDS];	     /* by enum quoin_rule_kind */
extern const char *const quoin_source_operators[SOURCE_OPERATORS]; /* by enum quoin_operator */
extern const char *const quoin_source_comparators[SOURCE_COMPARATORS]; /* by enum quoin_comparator */

#endif
