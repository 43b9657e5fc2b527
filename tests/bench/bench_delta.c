/*
 * What a host fetches when 1 % of the objectives change: the patches of the parts that a router takes, beside the same
 * parts in full. Each hundredth objective is edited as people do it, in turn: a rule goes, a rule comes, a split or a
 * model's config changes in all its rules, all its rules get a condition more, its default model has a new version.
 *
 * Rules are edited as scripts and compiled as JSON, which needs no evaluation. What one patch of the rules part takes
 * is measured in processes of its own: delta.SIZE.make and .apply, their time beside that for the part in full;
 * .make.memory and .apply.memory, all of such a process beside both images, which it has in memory. delta.SIZE.host is
 * what the agent does with it: fetched, applied to what the store has, verified and stored; .host.memory, its anonymous
 * memory for that, which images are not in.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pack.h"
#include "publisher/compile.h"
#include "tests/bench/bench.h"
#include "tests/bench/delta_host.h"
#include "tests/bench/workload.h"

#define EVERY 100
#define KINDS 5
#define ROUNDS 5

/* ---- Editing ---- */

static struct quoin_buf
read_file(const char *path)
{
	struct quoin_buf text;
	FILE *file = fopen(path, "r");
	uint8_t *at;
	size_t n;

	quoin_buf_init(&text, QUOIN_PART_BYTES_MAX);
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
		snprintf(other, sizeof other, ".%u\"", rule + 90);
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
	case 3: /* a condition comes; none names an attribute twice */
		put_replaced(out, line, strstr(line, "userId:") == NULL ? "when: {" : "{",
		    strstr(line, "userId:") == NULL ? "when: {userId: {exists: true}, " : "{");
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

/* ---- From scripts to JSON ---- */

/* A script's line as JSON: names of members, and "Objectives.X", get their quotes. */
static void
put_json_line(struct quoin_buf *out, const char *at)
{
	static const char objectives[] = "Objectives.";
	bool is_text = false;

	while (*at != '\0') {
		size_t word = 0;

		if (*at == '"')
			is_text = !is_text;
		if (!is_text && strncmp(at, objectives, sizeof objectives - 1) == 0)
			at += sizeof objectives - 1;
		while (!is_text && isalnum((unsigned char)at[word]) != 0)
			word++;
		if (word > 0 && (at[word] == ':' || isupper((unsigned char)at[0]) != 0))
			quoin_buf_printf(out, "\"%.*s\"", (int)word, at);
		else
			quoin_buf_put(out, at, word > 0 ? word : 1);
		at += word > 0 ? word : 1;
	}
}

static void
put_json_rules(struct quoin_buf *out, struct quoin_buf *script)
{
	bool is_first = true;
	char *save = NULL;

	quoin_buf_put_byte(out, '[');
	for (char *line = strtok_r((char *)(uintptr_t)quoin_buf_str(script), "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "\t\t{", 3) != 0)
			continue;
		if (line[strlen(line) - 1] == ',')
			line[strlen(line) - 1] = '\0';
		quoin_buf_put_str(out, is_first ? "\n" : ",\n");
		put_json_line(out, line);
		is_first = false;
	}
	quoin_buf_put_str(out, "\n]\n");
}

/* The directory "from" at "to", its scripts as JSON. */
static void
convert(const char *from, const char *to, unsigned objectives)
{
	static const char *const same[] = {"objectives.json", "models.json", "shards.json"};
	char path[4 * BENCH_PATH_BYTES];
	struct quoin_buf text, out;

	quoin_buf_init(&out, QUOIN_PART_BYTES_MAX);
	if (mkdir(to, 0700) != 0)
		bench_die("cannot make %s", to);
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", from, same[i]);
		text = read_file(path);
		snprintf(path, sizeof path, "%s/%s", to, same[i]);
		bench_write_file(path, text.data, text.len);
		quoin_buf_clear(&text);
	}
	for (unsigned file = 0; file * WORKLOAD_OBJECTIVES_A_FILE < objectives; file++) {
		snprintf(path, sizeof path, "%s/rules-%02u.js", from, file);
		text = read_file(path);
		put_json_rules(&out, &text);
		snprintf(path, sizeof path, "%s/rules-%02u.rules.json", to, file);
		bench_write_file(path, out.data, out.len);
		quoin_buf_clear(&text);
		quoin_buf_reset(&out);
	}
	quoin_buf_clear(&out);
}

static void
compile(const char *dir, unsigned objectives, const struct quoin_compile_base *base, struct quoin_compiled *ret)
{
	struct quoin_problems problems;
	struct quoin_error err = {0};
	char json[3 * BENCH_PATH_BYTES];
	struct quoin_buf text;

	snprintf(json, sizeof json, "%s-%s", dir, base == NULL ? "before" : "after");
	convert(dir, json, objectives);
	quoin_problems_init(&problems);
	if (quoin_compile(json, base, NULL, ret, &problems, &err) != 0) {
		quoin_buf_init(&text, 1 << 20);
		(void)quoin_problems_print(&problems, &text);
		bench_die("%s\n%s", err.message, quoin_buf_str(&text));
	}
	quoin_problems_clear(&problems);
}

/* ---- In a process of its own ---- */

static struct quoin_buf
pack(struct quoin_span body, const struct quoin_span *base)
{
	struct quoin_buf out;

	quoin_buf_init(&out, QUOIN_PART_BYTES_MAX);
	if ((base == NULL ? quoin_pack(body, &out) : quoin_pack_delta(body, *base, &out)) != 0)
		bench_die("cannot pack");
	return out;
}

/* bench_delta make BASE BODY PATCH, or apply or host BASE PATCH BODY: prints milliseconds and the most memory in MB. */
static int
run_apart(char **args)
{
	const bool is_make = strcmp(args[1], "make") == 0;
	struct quoin_buf base, body, patch;
	double begin, ms, kilobytes = 0;
	char line[128];
	FILE *status;

	if (strcmp(args[1], "host") == 0)
		return delta_host_run(args[2], args[3], args[4]);
	base = read_file(args[2]);
	if (is_make) {
		const struct quoin_span from = quoin_buf_span(&base);

		body = read_file(args[3]);
		begin = bench_work_ns();
		patch = pack(quoin_buf_span(&body), &from);
		ms = (bench_work_ns() - begin) / 1e6;
		bench_write_file(args[4], patch.data, patch.len);
	} else {
		struct stat size;
		uint8_t *out;

		patch = read_file(args[3]);
		if (stat(args[4], &size) != 0 || (out = malloc((size_t)size.st_size)) == NULL)
			bench_die("no memory");
		begin = bench_work_ns();
		if (quoin_unpack_delta(quoin_buf_span(&patch), quoin_buf_span(&base), out, (size_t)size.st_size) != 0)
			bench_die("the patch does not apply");
		ms = (bench_work_ns() - begin) / 1e6;
	}
	status = fopen("/proc/self/status", "r");
	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		(void)sscanf(line, "VmHWM: %lf", &kilobytes);
	printf("%f %f\n", ms, kilobytes / 1024);
	return 0;
}

static void
ask_apart(const char *what, const char *paths[3], double *ret_ms, double *ret_mb)
{
	char command[8 * BENCH_PATH_BYTES + 64];
	FILE *answer;

	snprintf(command, sizeof command, "'/proc/%ld/exe' %s '%s' '%s' '%s'", (long)getpid(), what, paths[0], paths[1],
	    paths[2]);
	answer = popen(command, "r");
	if (answer == NULL || fscanf(answer, "%lf %lf", ret_ms, ret_mb) != 2 || pclose(answer) != 0)
		bench_die("cannot run %s", command);
}

/* ---- Measuring ---- */

static void
measure_patch(const char *size, struct quoin_span old, struct quoin_span new)
{
	static char own[3][2 * BENCH_PATH_BYTES]; /* bench_path's do not live long */
	const char *paths[] = {own[0], own[1], own[2]};
	const double images = (double)(old.len + new.len) / (1 << 20);
	double make[ROUNDS], apply[ROUNDS], full[ROUNDS], unpack[ROUNDS], host[ROUNDS], disk[ROUNDS];
	double make_mb = 0, apply_mb = 0, host_mb = 0, begin;
	char name[64];

	snprintf(own[0], sizeof own[0], "%s", bench_path("base"));
	snprintf(own[1], sizeof own[1], "%s", bench_path("body"));
	snprintf(own[2], sizeof own[2], "%s", bench_path("patch"));
	bench_write_file(paths[0], old.data, old.len);
	bench_write_file(paths[1], new.data, new.len);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint8_t *out = malloc(new.len);
		struct quoin_buf packed;

		begin = bench_work_ns();
		packed = pack(new, NULL);
		full[i] = (bench_work_ns() - begin) / 1e6;
		begin = bench_work_ns();
		if (out == NULL || quoin_unpack(quoin_buf_span(&packed), out, new.len) != 0)
			bench_die("cannot unpack");
		unpack[i] = (bench_work_ns() - begin) / 1e6;
		ask_apart("make", paths, &make[i], &make_mb);
		ask_apart("apply", (const char *[]){paths[0], paths[2], paths[1]}, &apply[i], &apply_mb);
		ask_apart("host", (const char *[]){paths[0], paths[2], paths[1]}, &host[i], &host_mb);
		disk[i] = bench_write_sync_ns(new.data, new.len) / 1e6;
		quoin_buf_clear(&packed);
		free(out);
	}
	snprintf(name, sizeof name, "delta.%s.make", size);
	bench_print(name, bench_median(make, ROUNDS), "ms", "pack in full", bench_median(full, ROUNDS));
	snprintf(name, sizeof name, "delta.%s.apply", size);
	bench_print(name, bench_median(apply, ROUNDS), "ms", "unpack in full", bench_median(unpack, ROUNDS));
	snprintf(name, sizeof name, "delta.%s.host", size);
	bench_print(name, bench_median(host, ROUNDS), "ms", "write and sync the body", bench_median(disk, ROUNDS));
	snprintf(name, sizeof name, "delta.%s.host.memory", size);
	bench_print(name, host_mb, "MB", "both images", images);
	snprintf(name, sizeof name, "delta.%s.make.memory", size);
	bench_print(name, make_mb, "MB", "both images", images);
	snprintf(name, sizeof name, "delta.%s.apply.memory", size);
	bench_print(name, apply_mb, "MB", "both images", images);
}

static double
packed_bytes(struct quoin_span body, const struct quoin_span *base)
{
	struct quoin_buf packed = pack(body, base);
	double bytes = (double)packed.len;

	quoin_buf_clear(&packed);
	return bytes;
}

static void
measure(const char *size, unsigned objectives, unsigned models, unsigned rules_min)
{
	static const enum quoin_compiled_name taken[] = {QUOIN_COMPILED_ROUTES, QUOIN_COMPILED_RULES};
	struct quoin_compiled before, after;
	double full = 0, delta = 0;
	char dir[2 * BENCH_PATH_BYTES], name[64];

	snprintf(dir, sizeof dir, "%s", bench_path("delta-%s", size));
	workload_write_more(dir, objectives, models, rules_min);
	compile(dir, objectives, NULL, &before);
	edit(dir, objectives);
	compile(dir, objectives,
	    &(struct quoin_compile_base){quoin_buf_span(&before.parts[QUOIN_COMPILED_RULES].bytes),
		quoin_buf_span(&before.parts[QUOIN_COMPILED_MODELS].bytes), false},
	    &after);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		const struct quoin_span new = quoin_buf_span(&after.parts[taken[i]].bytes),
					old = quoin_buf_span(&before.parts[taken[i]].bytes);
		const double full_bytes = packed_bytes(new, NULL), delta_bytes = packed_bytes(new, &old);

		fprintf(stderr, "%s: %s %zu, full %.0f, delta %.0f\n", size, after.parts[taken[i]].name, new.len, full_bytes,
		    delta_bytes);
		full += full_bytes;
		delta += delta_bytes;
	}
	snprintf(name, sizeof name, "delta.%s.1pct", size);
	bench_print(name, delta, "bytes", "full", full);
	measure_patch(size, quoin_buf_span(&before.parts[QUOIN_COMPILED_RULES].bytes),
	    quoin_buf_span(&after.parts[QUOIN_COMPILED_RULES].bytes));
	quoin_compiled_clear(&before);
	quoin_compiled_clear(&after);
}

int
main(int argc, char **argv)
{
	if (argc == 5)
		return run_apart(argv);
	workload_begin();
	measure("10mb", 3270, 5, 0);
	measure("100mb", 4096, 4, 54);
	return 0;
}
