/*
 * The rows of tests/vectors/check.txt: a directory's files, and the problems that check finds in it. A row takes the
 * files of "## base" and replaces or adds its own; an empty one is removed. "eval" is the reply of an evaluation.
 */
#include "publisher/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "tests/check.h"

#define FILES_MAX 16

struct row {
	char *title;
	struct {
		char *path;
		char *text;
	} files[FILES_MAX];
	size_t file_count;
	char *expect;
};

static char *
read_vectors(void)
{
	static struct quoin_buf text;

	quoin_buf_clear(&text);
	quoin_buf_init(&text, 1 << 20);
	CHECK_INT(quoin_file_read("tests/vectors/check.txt", &text, NULL), 0);
	CHECK(quoin_buf_str(&text) != NULL);
	return (char *)text.data;
}

/* The next line of *text, which steps on; NULL at the end. */
static char *
next_line(char **text)
{
	char *line = *text;
	char *end = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	CHECK(end != NULL);
	*end = '\0';
	*text = end + 1;
	return line;
}

static char *
append(char *to, const char *line)
{
	size_t len = to != NULL ? strlen(to) : 0;
	char *text = realloc(to, len + strlen(line) + 2);

	CHECK(text != NULL);
	sprintf(text + len, "%s\n", line);
	return text;
}

/* The piece of the row that lines go to. */
static char **
begin_piece(struct row *row, char *name)
{
	if (strcmp(name, "expect") == 0)
		return &row->expect;
	CHECK(row->file_count < FILES_MAX);
	row->files[row->file_count].path = name;
	return &row->files[row->file_count++].text;
}

/* Read one row, from its "## title" on. */
static bool
next_row(char **text, struct row *row)
{
	char **piece = NULL;
	char *line;

	*row = (struct row){0};
	while (**text != '\0' && strncmp(*text, "## ", 3) != 0)
		next_line(text);
	line = next_line(text);
	if (line == NULL)
		return false;
	row->title = line + 3;
	while (**text != '\0' && strncmp(*text, "## ", 3) != 0) {
		line = next_line(text);
		if (strncmp(line, "--- ", 4) == 0)
			piece = begin_piece(row, line + 4);
		else if (piece != NULL && (piece != &row->expect || line[0] != '\0'))
			*piece = append(*piece, line);
	}
	return true;
}

static const char *
text_of(const struct row *row, const char *path)
{
	for (size_t i = 0; i < row->file_count; i++) {
		if (strcmp(row->files[i].path, path) == 0)
			return row->files[i].text != NULL ? row->files[i].text : "";
	}
	return NULL;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_files(const struct row *base, const struct row *row, struct quoin_directory *directory,
    struct quoin_problems *problems)
{
	const char *paths[2 * FILES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < base->file_count; i++)
		paths[count++] = base->files[i].path;
	for (size_t i = 0; i < row->file_count; i++) {
		if (text_of(base, row->files[i].path) == NULL && strcmp(row->files[i].path, "eval") != 0)
			paths[count++] = row->files[i].path;
	}
	qsort(paths, count, sizeof paths[0], compare_paths);
	for (size_t i = 0; i < count; i++) {
		const char *text = text_of(row, paths[i]);

		if (text == NULL)
			text = text_of(base, paths[i]);
		if (strspn(text, " \n") < strlen(text))
			CHECK_INT(quoin_directory_add(directory, paths[i], quoin_span_str(text), problems), 0);
	}
	quoin_directory_finish(directory, problems);
}

/* Check the directory of a row; its problems as text, to be freed. */
static char *
run_row(const struct row *base, const struct row *row)
{
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_ruleset ruleset = {0};
	struct quoin_check_places places;
	struct quoin_json_doc *eval = NULL;
	struct quoin_buf text;
	struct quoin_error err = {0};
	char *own;
	int rc;

	quoin_problems_init(&problems);
	add_files(base, row, &directory, &problems);
	if (text_of(row, "eval") != NULL) {
		rc = quoin_json_parse(quoin_span_str(text_of(row, "eval")), &eval, &err);
		if (rc != 0)
			check_fail(__FILE__, __LINE__, "%s: eval: %u: %s", row->title, err.line, err.message);
	}
	rc = quoin_check(&directory, eval, &ruleset, &places, &problems, &err);
	CHECK_INT(rc, problems.error_count > 0 ? QUOIN_EREFUSED : 0);
	quoin_directory_clear(&directory);
	quoin_json_free(eval);
	quoin_problems_sort(&problems);
	quoin_buf_init(&text, 1 << 20);
	CHECK_INT(quoin_problems_print(&problems, &text), 0);
	own = strdup(quoin_buf_str(&text));
	CHECK(own != NULL);
	quoin_buf_clear(&text);
	quoin_problems_clear(&problems);
	quoin_ruleset_clear(&ruleset);
	return own;
}

static void
clear_row(struct row *row)
{
	for (size_t i = 0; i < row->file_count; i++)
		free(row->files[i].text);
	free(row->expect);
}

/* All rows whose title begins with "group: ". */
static void
run_group(const char *group)
{
	char *text = read_vectors();
	struct row base, row;
	size_t count = 0;

	CHECK(next_row(&text, &base));
	while (next_row(&text, &row)) {
		if (strncmp(row.title, group, strlen(group)) == 0 && strncmp(row.title + strlen(group), ": ", 2) == 0) {
			char *have = run_row(&base, &row);
			const char *want = row.expect != NULL ? row.expect : "";

			if (strcmp(have, want) != 0)
				check_fail(__FILE__, __LINE__, "%s:\nhave\n%swant\n%s", row.title, have, want);
			free(have);
			count++;
		}
		clear_row(&row);
	}
	clear_row(&base);
	CHECK(count > 0);
}

/* ---- Limits: rows that would be too long to write down ---- */

/* What check says of the base with one file more or replaced; to be freed. */
static char *
run_with(const char *path, struct quoin_buf *file)
{
	char *text = read_vectors();
	struct row base;
	struct row row = {.file_count = 1};
	char *have;

	CHECK(next_row(&text, &base));
	row.files[0].path = strdup(path);
	row.files[0].text = strdup(quoin_buf_str(file));
	have = run_row(&base, &row);
	free(row.files[0].path);
	clear_row(&row);
	clear_row(&base);
	quoin_buf_clear(file);
	return have;
}

/* Nothing is wrong at the limit, and one more is refused with these words. */
static void
check_limit(const char *path, void (*write)(struct quoin_buf *out, size_t count), size_t limit, const char *words)
{
	struct quoin_buf file;
	char *have;

	quoin_buf_init(&file, 64 << 20);
	write(&file, limit);
	have = run_with(path, &file);
	CHECK_STR(have, "");
	free(have);
	quoin_buf_init(&file, 64 << 20);
	write(&file, limit + 1);
	have = run_with(path, &file);
	CHECK_CONTAINS(have, words);
	CHECK(strchr(have, '\n') == strrchr(have, '\n'));
	free(have);
}

static void
write_leaves(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"model\": \"m\", \"when\": {\"anyOf\": [{\"z\": 1}");
	for (size_t i = 1; i < count; i++)
		quoin_buf_printf(out, ", {\"a\": {\"gt\": %zu, \"lt\": %zu}}", i, i);
	quoin_buf_put_str(out, "]}}]");
}

static void
write_rules(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_byte(out, '[');
	/* The base has one rule for this objective already. */
	for (size_t i = 1; i < count; i++) {
		quoin_buf_printf(out,
		    "%s{\"name\": \"a%zu\", \"targetObjectives\": [\"Rank\"], \"model\": \"m\", \"when\": {\"a\": 1}}",
		    i > 1 ? ", " : "", i);
	}
	quoin_buf_put_byte(out, ']');
}

static void
write_attributes(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_byte(out, '[');
	for (size_t i = 1; i < count; i++) {
		quoin_buf_printf(out,
		    "%s{\"name\": \"a%zu\", \"targetObjectives\": [\"Rank\"], \"abTestId\": 1, \"cellToModel\": "
		    "{\"1\": \"m\"}, "
		    "\"when\": {\"a%zu\": {\"exists\": true}}}",
		    i > 1 ? ", " : "", i, i);
	}
	quoin_buf_put_byte(out, ']');
}

static void
write_constants(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"model\": \"m\", \"when\": {\"tv\": [true, true");
	for (size_t i = 1; i < count; i++)
		quoin_buf_printf(out, i % 2 == 0 ? ", %zu" : ", \"%zu\"", i);
	quoin_buf_put_str(out, "], \"other\": [1, 2, 3]}}]");
}

static void
write_cells(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"abTestId\": 1, \"cellToModel\": {");
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"%zu\": \"m\"", i > 0 ? ", " : "", i);
	quoin_buf_put_str(out, "}}]");
}

static void
write_split(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"split\": [{\"model\": \"m\", \"percent\": 100}");
	for (size_t i = 1; i < count; i++)
		quoin_buf_put_str(out, ", {\"model\": \"m\", \"percent\": 0}");
	quoin_buf_put_str(out, "]}]");
}

static void
write_string(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"model\": \"m\", \"when\": {\"a\": \"");
	for (size_t i = 0; i < count; i++)
		quoin_buf_put_byte(out, 'x');
	quoin_buf_put_str(out, "\"}}]");
}

/* The rule's config replaces one key of the reference's: the sum of both is larger than what is merged. */
static void
write_config(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out,
	    "[{\"name\": \"a\", \"targetObjectives\": [\"Rank\"], \"ramp\": {\"to\": {\"name\": \"m\", \"config\": "
	    "{\"b\": 1, \"a\": \"long");
	for (size_t i = 0; i < count; i++)
		quoin_buf_put_byte(out, 'x');
	quoin_buf_put_str(out, "\"}}, \"percent\": 1}, \"config\": {\"a\": \"");
	for (size_t i = strlen("{\"a\":\"\",\"b\":1}"); i < count; i++)
		quoin_buf_put_byte(out, 'y');
	quoin_buf_put_str(out, "\"}}]");
}

static void
write_labels(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out, "{\"s\": {\"vip\": \"s:1\", \"hosts\": [\"h\"], \"capacity\": {}, \"labels\": {");
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"l%zu\": \"v\"", i > 0 ? ", " : "", i);
	quoin_buf_put_str(out, "}}}");
}

static void
write_resources(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out, "{\"s\": {\"vip\": \"s:1\", \"hosts\": [\"h\"], \"capacity\": {");
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"r%zu\": 1", i > 0 ? ", " : "", i);
	quoin_buf_put_str(out, "}}}");
}

static void
write_hosts(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_str(out, "{\"s\": {\"vip\": \"s:1\", \"capacity\": {}, \"hosts\": [");
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"h%zu\"", i > 0 ? ", " : "", i);
	quoin_buf_put_str(out, "]}}");
}

static void
write_shards(struct quoin_buf *out, size_t count)
{
	quoin_buf_put_byte(out, '{');
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s\"s%zu\": {\"vip\": \"s%zu:1\", \"hosts\": [], \"capacity\": {}}",
		    i > 0 ? ", " : "", i, i);
	quoin_buf_put_byte(out, '}');
}

static void
test_limits(void)
{
	static const char *const rules = "a.rules.json";

	check_limit(rules, write_leaves, QUOIN_LEAVES_PER_RULE_MAX, "more than 64 conditions");
	check_limit(rules, write_rules, QUOIN_RULES_PER_OBJECTIVE_MAX, "more than 64 enabled rules");
	check_limit(rules, write_constants, QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX,
	    "\"tv\" is compared with more than 4096 different values");
	check_limit(rules, write_cells, QUOIN_CELLS_MAX, "\"cellToModel\" has 257 cells");
	check_limit(rules, write_split, QUOIN_SPLIT_MAX, "the split has 65 entries");
	check_limit(rules, write_string, QUOIN_CONDITION_BYTES_MAX, "has 257 bytes; at most 256");
	check_limit(rules, write_config, QUOIN_CONFIG_BYTES_MAX, "has 16385 bytes; at most 16384");
	check_limit("shards.json", write_labels, QUOIN_LABELS_MAX, "\"labels\" has 17 labels");
	check_limit("shards.json", write_resources, QUOIN_RESOURCES_MAX, "one resource more than the 32");
	check_limit("shards.json", write_hosts, QUOIN_SHARD_HOSTS_MAX, "has 1025 hosts");
	check_limit("shards.json", write_shards, QUOIN_SHARDS_MAX, "there are 1025 shards");
}

/* 64 attributes need more than one objective's rules. */
static void
test_attributes(void)
{
	struct quoin_buf file;
	char *have;

	quoin_buf_init(&file, 1 << 20);
	write_attributes(&file, QUOIN_ATTRIBUTES_MAX);
	have = run_with("a.rules.json", &file);
	CHECK_STR(have, "");
	free(have);
	quoin_buf_init(&file, 1 << 20);
	write_attributes(&file, QUOIN_ATTRIBUTES_MAX + 1);
	have = run_with("a.rules.json", &file);
	CHECK_CONTAINS(have, "conditions use more than 64 different attributes");
	free(have);
}

/* The list of problems ends, and says that it does. */
static void
test_problems_end(void)
{
	struct quoin_buf file;
	char *have;
	size_t lines = 0;

	quoin_buf_init(&file, 1 << 20);
	quoin_buf_put_str(&file, "[1");
	for (size_t i = 1; i < QUOIN_PROBLEMS_MAX + 100; i++)
		quoin_buf_put_str(&file, ",\n1");
	quoin_buf_put_byte(&file, ']');
	have = run_with("a.rules.json", &file);
	for (const char *p = have; *p != '\0'; p++)
		lines += *p == '\n';
	CHECK_INT(lines, QUOIN_PROBLEMS_MAX);
	CHECK_CONTAINS(have, "quoin: there are more problems than these");
	free(have);
}

static void
test_json(void)
{
	struct quoin_problems problems;
	struct quoin_buf text;

	quoin_problems_init(&problems);
	quoin_buf_init(&text, 4096);
	quoin_problem_error(&problems, "b", (struct quoin_place){"z.js", 3, 0}, "not \"%s\"\n", "ü");
	quoin_problem_warning(&problems, "a", (struct quoin_place){"z.js", 2, 9}, "w");
	quoin_problem_error(&problems, "c", (struct quoin_place){0}, "nowhere");
	quoin_problem_error(&problems, "c", (struct quoin_place){0}, "nowhere");
	quoin_problems_sort(&problems);
	CHECK_INT(quoin_problems_print_json(&problems, &text), 0);
	CHECK_STR(quoin_buf_str(&text),
	    "[{\"severity\":\"warning\",\"code\":\"a\",\"file\":\"z.js\",\"line\":2,\"column\":9,\"message\":\"w\"},"
	    "{\"severity\":\"error\",\"code\":\"b\",\"file\":\"z.js\",\"line\":3,\"message\":\"not \\\"ü\\\"?\"},"
	    "{\"severity\":\"error\",\"code\":\"c\",\"message\":\"nowhere\"}]");
	CHECK_INT(problems.error_count, 3);
	quoin_buf_clear(&text);
	quoin_problems_clear(&problems);
}

#define GROUP(name)                                                                                                    \
	static void test_##name(void)                                                                                  \
	{                                                                                                              \
		run_group(#name);                                                                                      \
	}
GROUP(files)
GROUP(objectives)
GROUP(models)
GROUP(shards)
GROUP(policy)
GROUP(refs)
GROUP(rules)
GROUP(kinds)
GROUP(buckets)
GROUP(tests)
GROUP(overrides)
GROUP(routes)
GROUP(conditions)
GROUP(scripts)
GROUP(whole)

static const struct check_case cases[] = {
    {"check: files", test_files},
    {"check: objectives", test_objectives},
    {"check: models", test_models},
    {"check: shards", test_shards},
    {"check: policy", test_policy},
    {"check: references to models", test_refs},
    {"check: what all rules have", test_rules},
    {"check: kinds", test_kinds},
    {"check: buckets", test_buckets},
    {"check: A/B tests", test_tests},
    {"check: overrides", test_overrides},
    {"check: routes", test_routes},
    {"check: conditions", test_conditions},
    {"check: scripts", test_scripts},
    {"check: all rules together", test_whole},
    {"check: limits", test_limits},
    {"check: attributes", test_attributes},
    {"check: the list of problems ends", test_problems_end},
    {"check: problems as JSON", test_json},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
