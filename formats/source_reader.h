/*
 * Pieces of a reader of the source part: members by name and kind, with one sticky failure. For formats/source_read.c.
 */
#ifndef QUOIN_FORMATS_SOURCE_READER_H
#define QUOIN_FORMATS_SOURCE_READER_H

#include "formats/source.h"
#include "formats/source_words.h"
#include "lib/json.h"

struct source_reader {
	struct quoin_ruleset *ruleset;
	const struct quoin_json_doc *doc;
	struct quoin_error *err;
	struct quoin_buf scratch;
	int rc; /* sticky */
};

/* Keep the first failure, with its place. */
void quoin_source_refuse(struct source_reader *reader, const struct quoin_json *node, const char *what);
/* Memory of the ruleset's arena for count + 1 things; NULL is a failure already kept. */
void *quoin_source_take(struct source_reader *reader, size_t count, size_t size);
/* The member if it is there and of this kind; NULL if it is not there; else refused. */
const struct quoin_json *quoin_source_member(struct source_reader *reader, const struct quoin_json *object,
    const char *name, enum quoin_json_kind kind, bool required);
/* Texts and objects become the arena's. A missing text that is required is "" (and refused). */
const char *quoin_source_read_text(struct source_reader *reader, const struct quoin_json *object,
    const char *name, bool required);
uint64_t quoin_source_read_int(struct source_reader *reader, const struct quoin_json *object, const char *name,
    int64_t min, int64_t max);
bool quoin_source_read_bool(struct source_reader *reader, const struct quoin_json *object, const char *name);
const char *quoin_source_read_object(struct source_reader *reader, const struct quoin_json *object, const char *name);
/* The first element of a list member, and how many there are; NULL (and 0) when refused or empty. */
const struct quoin_json *quoin_source_read_list(struct source_reader *reader, const struct quoin_json *object,
    const char *name, size_t max, size_t *ret_count);
const struct quoin_amount *quoin_source_read_amounts(struct source_reader *reader,
    const struct quoin_json *object, const char *name, size_t *ret_count);
const struct quoin_pair *quoin_source_read_pairs(struct source_reader *reader, const struct quoin_json *object,
    const char *name, size_t *ret_count);
const char *const *quoin_source_read_texts(struct source_reader *reader, const struct quoin_json *object,
    const char *name, size_t *ret_count);
/* Things by name: their index in the ruleset, which has the models (and shards) already. */
uint32_t quoin_source_read_model_name(struct source_reader *reader, const struct quoin_json *object,
    const char *member_name);
uint32_t quoin_source_read_shard_name(struct source_reader *reader, const struct quoin_json *object);
struct quoin_ref quoin_source_read_ref(struct source_reader *reader, const struct quoin_json *node);
/* The index of a word among "words". */
uint32_t quoin_source_read_word(struct source_reader *reader, const struct quoin_json *node, const char *word,
    const char *const *words, uint32_t count);

#endif
