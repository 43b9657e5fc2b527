#include "tests/small.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static void
put_quoted(struct quoin_directory *directory, const char *path, const char *text, struct quoin_problems *problems)
{
	char *copy = strdup(text);

	CHECK(copy != NULL);
	for (char *at = copy; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	CHECK_INT(quoin_directory_add(directory, path, quoin_span_str(copy), problems), 0);
	free(copy);
}

void
small_compile(const char *models, const char *objectives, const char *rules, const char *shards,
    struct quoin_compiled *ret)
{
	small_compile_on(NULL, models, objectives, rules, shards, ret);
}

void
small_compile_on(const struct quoin_compiled *base, const char *models, const char *objectives, const char *rules,
    const char *shards, struct quoin_compiled *ret)
{
	struct quoin_compile_base on = {0};
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf out;

	CHECK_INT(quoin_crypto_init(), 0);
	quoin_problems_init(&problems);
	quoin_buf_init(&out, 1 << 16);
	put_quoted(&directory, "models.json", models, &problems);
	put_quoted(&directory, "objectives.json", objectives, &problems);
	put_quoted(&directory, "r.rules.json", rules, &problems);
	put_quoted(&directory, "shards.json", shards, &problems);
	quoin_directory_finish(&directory, &problems);
	if (base != NULL)
		on = (struct quoin_compile_base){quoin_buf_span(&base->parts[QUOIN_COMPILED_RULES].bytes),
		    quoin_buf_span(&base->parts[QUOIN_COMPILED_MODELS].bytes), false};
	if (quoin_compile_directory(&directory, &on, NULL, ret, &problems, &err) != 0) {
		quoin_problems_print(&problems, &out);
		check_fail(__FILE__, __LINE__, "%s: %s", rules, quoin_buf_str(&out));
	}
	quoin_problems_clear(&problems);
	quoin_buf_clear(&out);
}
