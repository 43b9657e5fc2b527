#include "publisher/material.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "publisher/report.h"
#include "publisher/quote.h"

void
quoin_material_init(struct quoin_material *material)
{
	memset(material, 0, sizeof *material);
	quoin_problems_init(&material->problems);
}

void
quoin_material_clear(struct quoin_material *material)
{
	quoin_testfile_result_clear(&material->tests);
	quoin_compiled_clear(&material->compiled);
	quoin_problems_clear(&material->problems);
	quoin_base_clear(&material->base);
	quoin_fleet_clear(&material->fleet);
	for (size_t i = 0; i < QUOIN_PARTS_MAX; i++)
		quoin_buf_clear(&material->files[i]);
}

int
quoin_material_read_fleet(struct quoin_session *session, struct quoin_material *material, struct quoin_error *err)
{
	char topic[QUOIN_TOPIC_NAME_BYTES];
	int r;

	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_STATUS, topic);
	r = quoin_fleet_read(&material->fleet, &session->control, session->reader, topic, QUOIN_SESSION_TIMEOUT_MS,
	    err);
	material->has_fleet = r == 0;
	return r;
}

int
quoin_material_compile(const struct quoin_cli *cli, const char *dir, bool may_overcommit,
    struct quoin_material *material, struct quoin_error *err)
{
	struct quoin_compile_base base = quoin_base_for_compile(&material->base);
	struct quoin_compiled *compiled = &material->compiled;
	struct quoin_buf console;
	int r;

	base.may_overcommit = may_overcommit;
	quoin_buf_init(&console, 4u << 20);
	r = quoin_compile(dir, &base, &console, compiled, &material->problems, err);
	quoin_report_console(cli, &console);
	quoin_buf_clear(&console);
	if (r != 0)
		return r;
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		material->parts[i] = (struct quoin_publish_part){compiled->parts[i].name, compiled->parts[i].schema,
		    quoin_buf_span(&compiled->parts[i].bytes)};
	material->is_compiled = true;
	material->publication.parts = material->parts;
	material->publication.part_count = QUOIN_COMPILED_PARTS;
	material->publication.policy = compiled->ruleset.policy;
	material->publication.base = material->base.number;
	return 0;
}

static int
read_policy(const char *path, struct quoin_policy *ret, struct quoin_error *err)
{
	struct quoin_json_doc *doc = NULL;
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, 1u << 20);
	r = quoin_file_read(path, &text, err);
	if (r == 0) {
		r = quoin_json_parse(quoin_buf_span(&text), &doc, err);
		if (r != 0)
			quoin_error_at(err, path, err->line, err->column);
	}
	if (r == 0)
		r = quoin_policy_read(doc, path, ret, err);
	quoin_json_free(doc);
	quoin_buf_clear(&text);
	return r;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
quoin_material_read_files(char **texts, size_t count, const char *schema, const char *policy_file,
    struct quoin_material *material, struct quoin_error *err)
{
	int r = 0;

	if (strcmp(schema, "raw") != 0)
		return quoin_error_set(err, QUOIN_EUSAGE,
		    "--schema %s is not for files; files are raw, rules come from a directory", schema);
	qsort(texts, count, sizeof texts[0], compare_texts);
	quoin_policy_init(&material->publication.policy);
	if (policy_file != NULL)
		r = read_policy(policy_file, &material->publication.policy, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		char *equals = strchr(texts[i], '=');

		QUOIN_ASSERT(equals != NULL);
		*equals = '\0';
		if (i > 0 && strcmp(texts[i - 1], texts[i]) == 0)
			return quoin_error_set(err, QUOIN_EUSAGE, "part %s is given twice", texts[i]);
		if (quoin_compiled_has(texts[i]))
			return quoin_error_set(err, QUOIN_EUSAGE,
			    "part %s is made from a rules directory and cannot be a file; choose another name", texts[i]);
		quoin_buf_init(&material->files[i], QUOIN_PART_BYTES_MAX);
		r = quoin_file_read(equals + 1, &material->files[i], err);
		material->parts[i] =
		    (struct quoin_publish_part){texts[i], schema, quoin_buf_span(&material->files[i])};
	}
	material->publication.parts = material->parts;
	material->publication.part_count = count;
	return r;
}

static int
try_guards(const struct quoin_conf *conf, const char *const *waived, size_t waived_count,
    struct quoin_material *material, struct quoin_error *err)
{
	struct quoin_release release = {0};
	struct quoin_guard_input guard = {
	    .compiled = material->is_compiled ? &material->compiled : NULL,
	    .fleet = material->has_fleet ? &material->fleet : NULL,
	    .now_ms = quoin_clock_wall_ms(),
	    .waived = waived,
	    .waived_count = waived_count,
	};
	int r = 0;

	quoin_base_for_guard(&material->base, &guard);
	if (conf != NULL) {
		guard.thresholds = conf->guards;
		guard.threshold_count = conf->guard_count;
	}
	if (!material->is_compiled) {
		r = quoin_publish_describe(&material->publication, &release, err);
		guard.release = &release;
	}
	if (r == 0)
		r = quoin_guard(&guard, &material->problems, err);
	quoin_quote_problems(&material->problems, &material->compiled.directory);
	quoin_release_clear(&release);
	return r;
}

int
quoin_material_vet(const struct quoin_conf *conf, const char *const *waived, size_t waived_count,
    struct quoin_material *material, struct quoin_error *err)
{
	int r = try_guards(conf, waived, waived_count, material, err), tested;

	if (!material->is_compiled || (r != 0 && r != QUOIN_EREFUSED))
		return r;
	tested = quoin_testfile_run(&material->compiled, &material->tests, &material->problems, err);
	if (tested != 0)
		return tested;
	return material->tests.failed > 0 ? QUOIN_EREFUSED : r;
}
