/*
 * What a host fetches when 1 % of the objectives change: the patches of the parts that a router takes, beside the same
 * parts in full. Each hundredth objective is edited as people do it, in turn: a rule goes, a rule comes, a split or a
 * model's config changes in all its rules, all its rules get a condition more, its default model has a new version.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pack.h"
#include "publisher/compile.h"
#include "tests/bench/bench.h"
#include "tests/bench/workload.h"

#define EVERY 100
#define KINDS 5

/* ---- Editing ---- */

static struct quoin_buf
read_file(const char *path)
{
	struct quoin_buf text;
	FILE *file = fopen(path, "r");
	uint8_t *at;
	size_t n;

	quoin_buf_init(&text, 64u << 20);
	if (file == NULL)
		bench_die("cannot read %s", path);
	while ((at = quoin_buf_reserve(&text, 1 << 16)) != NULL && (n = fread(at, 1, 1 << 16, file)) > 0)
		text.len += n;
	fclose(file);
	return text;
}

static void
put_replaced(struct quoin_buf *out, const char *line, const char *from, const char *to)
{
	const char *at = strstr(line, from);

	if (at == NULL) {
		quoin_buf_put_str(out, line);
		return;
	}
	quoin_buf_put(out, line, (size_t)(at - line));
	quoin_buf_put_str(out, to);
	quoin_buf_put_str(out, at + strlen(from));
}

/* One line of an edited objective's function; "rule" counts its rules. */
static void
put_edited(struct quoin_buf *out, const char *line, unsigned objective, unsigned rule)
{
	char name[32], other[32];

	switch (objective / EVERY % KINDS) {
	case 0: /* a rule goes */
		if (rule != 0)
			quoin_buf_put_str(out, line);
		break;
	case 1: /* a rule comes */
		quoin_buf_put_str(out, line);
		quoin_buf_put_byte(out, '\n');
		snprintf(name, sizeof name, ".%u\"", rule);
		snprintf(other, sizeof other, ".%u\"", rule + 20);
		if (rule == 0)
			put_replaced(out, line, name, other);
		break;
	case 2: /* a split moves */
		if (strstr(line, "percent: 30") != NULL) {
			struct quoin_buf half;

			quoin_buf_init(&half, 1 << 16);
			put_replaced(&half, line, "percent: 30", "percent: 40");
			put_replaced(out, quoin_buf_str(&half), "percent: 70", "percent: 60");
			quoin_buf_clear(&half);
		} else {
			put_replaced(out, line, "timeoutMs: 40", "timeoutMs: 45");
		}
		break;
	case 3: /* a condition comes */
		put_replaced(out, line, "when: {", "when: {userId: {exists: true}, ");
		break;
	default: /* not here, but in its models */
		quoin_buf_put_str(out, line);
		break;
	}
	quoin_buf_put_byte(out, '\n');
}

static void
edit_rules(const char *path, unsigned *objective)
{
	struct quoin_buf text = read_file(path), out;
	unsigned rule = 0;
	char *save = NULL;

	quoin_buf_init(&out, 64u << 20);
	for (char *line = strtok_r((char *)(uintptr_t)quoin_buf_str(&text), "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "function ", 9) == 0) {
			(*objective)++;
			rule = 0;
		}
		if (strncmp(line, "\t\t{", 3) == 0 && (*objective - 1) % EVERY == EVERY / 2) {
			put_edited(&out, line, *objective - 1, rule++);
		} else {
			quoin_buf_put_str(&out, line);
			quoin_buf_put_byte(&out, '\n');
		}
	}
	bench_write_file(path, out.data, out.len);
	quoin_buf_clear(&out);
	quoin_buf_clear(&text);
}

/* The default model of each fifth edited objective has a new version. */
static void
edit_models(const char *path)
{
	struct quoin_buf text = read_file(path), out;
	char *save = NULL, name[WORKLOAD_NAME_BYTES], start[WORKLOAD_NAME_BYTES + 8];
	unsigned objective = (KINDS - 1) * EVERY + EVERY / 2;

	quoin_buf_init(&out, 64u << 20);
	for (char *line = strtok_r((char *)(uintptr_t)quoin_buf_str(&text), "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		workload_objective(objective, name);
		snprintf(start, sizeof start, "\"%s-m0\"", name);
		if (strncmp(line, start, strlen(start)) == 0) {
			put_replaced(&out, line, "\"version\": \"", "\"version\": \"1");
			objective += KINDS * EVERY;
		} else {
			quoin_buf_put_str(&out, line);
		}
		quoin_buf_put_byte(&out, '\n');
	}
	bench_write_file(path, out.data, out.len);
	quoin_buf_clear(&out);
	quoin_buf_clear(&text);
}

static void
edit(const char *dir, unsigned objectives)
{
	char path[3 * BENCH_PATH_BYTES];
	unsigned objective = 0;

	snprintf(path, sizeof path, "%s/models.json", dir);
	edit_models(path);
	for (unsigned file = 0; objective < objectives; file++) {
		snprintf(path, sizeof path, "%s/rules-%02u.js", dir, file);
		edit_rules(path, &objective);
	}
}

/* ---- Measuring ---- */

static void
compile(const char *dir, const struct quoin_compile_base *base, struct quoin_compiled *ret)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf text;

	quoin_problems_init(&problems);
	if (quoin_compile(dir, base, NULL, ret, &problems, &err) != 0) {
		quoin_buf_init(&text, 1 << 20);
		(void)quoin_problems_print(&problems, &text);
		bench_die("%s\n%s", err.message, quoin_buf_str(&text));
	}
	quoin_problems_clear(&problems);
}

static double
packed_bytes(struct quoin_span body, const struct quoin_span *base)
{
	struct quoin_buf out;
	double bytes;

	quoin_buf_init(&out, QUOIN_PART_BYTES_MAX);
	if ((base == NULL ? quoin_pack(body, &out) : quoin_pack_delta(body, *base, &out)) != 0)
		bench_die("cannot pack");
	bytes = (double)out.len;
	quoin_buf_clear(&out);
	return bytes;
}

static void
measure(const char *name, unsigned objectives)
{
	static const enum quoin_compiled_name taken[] = {QUOIN_COMPILED_ROUTES, QUOIN_COMPILED_RULES};
	struct quoin_compiled before, after;
	double full = 0, delta = 0, content = 0;
	char dir[2 * BENCH_PATH_BYTES];

	snprintf(dir, sizeof dir, "%s", bench_path("delta-%u", objectives));
	workload_write(dir, objectives);
	compile(dir, NULL, &before);
	edit(dir, objectives);
	compile(dir,
	    &(struct quoin_compile_base){quoin_buf_span(&before.parts[QUOIN_COMPILED_RULES].bytes),
		quoin_buf_span(&before.parts[QUOIN_COMPILED_MODELS].bytes)},
	    &after);
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		const struct quoin_span new = quoin_buf_span(&after.parts[i].bytes),
					old = quoin_buf_span(&before.parts[i].bytes);
		const double full_bytes = packed_bytes(new, NULL), delta_bytes = packed_bytes(new, &old);

		fprintf(stderr, "%s: %s %zu, full %.0f, delta %.0f\n", name, after.parts[i].name, new.len, full_bytes,
		    delta_bytes);
		for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++) {
			if (taken[k] != i)
				continue;
			content += (double)new.len;
			full += full_bytes;
			delta += delta_bytes;
		}
	}
	bench_print(name, delta, "bytes", "full", full);
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

int
main(void)
{
	if (quoin_crypto_init() != 0 || setenv("QUOIN_EVAL", bench_program("quoin-eval"), 1) != 0)
		bench_die("cannot begin");
	measure("delta.10mb.1pct", 3270);
	return 0;
}
