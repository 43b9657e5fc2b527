/*
 * Report: how commands tell what a compilation found: problems and console lines, and a summary of the parts.
 */
#ifndef QUOIN_PUBLISHER_REPORT_H
#define QUOIN_PUBLISHER_REPORT_H

#include "publisher/cli.h"
#include "publisher/review.h"
#include "publisher/testfile.h"

/* The lines of console.log on stderr, unless --json or --quiet. */
void quoin_report_console(const struct quoin_cli *cli, struct quoin_buf *console);

/* What a report with its problems, as JSON, comes to at the most. */
#define QUOIN_REPORT_BYTES_MAX (128u << 20)

/* "problems": [...] as a member of the object that is open. */
void quoin_report_problems(struct quoin_json_writer *writer, const struct quoin_problems *problems);

/* Problems of a refused directory: for people on stderr, or the error object with them on stdout. Tests that ran, if not
 * NULL, are told as a test runner does. Returns the exit status of "code". */
int quoin_report_refusal(const struct quoin_cli *cli, int code, const struct quoin_problems *problems,
    const struct quoin_testfile_result *tests);

/* How tests went, on stderr, unless --json: what failed and the counts; with "is_verbose" every one. */
void quoin_report_tests(const struct quoin_cli *cli, const struct quoin_testfile_result *tests, bool is_verbose);

/* Warnings on stderr, unless --json (where they are in the result) or --quiet. */
void quoin_report_warnings(const struct quoin_cli *cli, const struct quoin_problems *problems);

/* A review on stdout, for people or, with --json, for programs. Returns 0, or 1 when stdout cannot be written. */
int quoin_report_review(const struct quoin_cli *cli, const struct quoin_review *review);

/* With --json, {ok, release, pinned} of an export that was written or verified: whether the pinned root decided. The
 * same returns. */
int quoin_report_export(const struct quoin_cli *cli, uint64_t release, bool is_pinned);

/* "parts": {name: {hash, bytes}} as a member of the object that is open. */
void quoin_report_parts(struct quoin_json_writer *writer, const struct quoin_compiled *compiled);

#endif
