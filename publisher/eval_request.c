#include "publisher/eval_request.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t MAGIC[8] = {'Q', 'E', 'V', 'A', 'L', '1', 0, 0};

_Static_assert(QUOIN_EVAL_MEMORY_MB_MIN <= QUOIN_EVAL_MEMORY_MB_DEFAULT, "the default is allowed");
_Static_assert(QUOIN_EVAL_MEMORY_MB_DEFAULT <= QUOIN_EVAL_MEMORY_MB_MAX, "the default is allowed");
_Static_assert(QUOIN_EVAL_CPU_MS_DEFAULT <= QUOIN_EVAL_CPU_MS_MAX, "the default is allowed");
_Static_assert(QUOIN_EVAL_CONSTANTS_BYTES_MAX <= QUOIN_JSON_BYTES_MAX, "constants are strict JSON");

/* ---------------------------------------------------------- what both sides demand */

static int
check_files(const struct quoin_eval_request *request, struct quoin_error *err)
{
	size_t bytes = 0;

	if (request->file_count > QUOIN_FILES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "%zu script files; at most %d are allowed",
		    request->file_count, QUOIN_FILES_MAX);
	for (size_t i = 0; i < request->file_count; i++) {
		const struct quoin_eval_file *file = &request->files[i];
		int bad = 0;

		bytes += file->text.len;
		if (file->path.len == 0 || file->path.len > QUOIN_EVAL_PATH_BYTES_MAX)
			bad = quoin_error_set(err, QUOIN_ELIMIT, "a path of %zu bytes; 1 to %u are allowed",
			    file->path.len, QUOIN_EVAL_PATH_BYTES_MAX);
		else if (file->text.len > QUOIN_SCRIPT_BYTES_MAX)
			bad = quoin_error_set(err, QUOIN_ELIMIT, "the script has %zu bytes; at most %u are allowed",
			    file->text.len, QUOIN_SCRIPT_BYTES_MAX);
		else if (bytes > QUOIN_SCRIPTS_BYTES_MAX)
			bad = quoin_error_set(err, QUOIN_ELIMIT,
			    "the scripts up to this one have %zu bytes together; at most %u are allowed", bytes,
			    QUOIN_SCRIPTS_BYTES_MAX);
		else if (i > 0 && quoin_span_compare(request->files[i - 1].path, file->path) >= 0)
			bad = quoin_error_set(err, QUOIN_EUSAGE, "the scripts are not in the order of their paths");
		if (bad != 0) {
			char path[QUOIN_ERROR_FILE_BYTES];
			size_t len = file->path.len < sizeof path ? file->path.len : sizeof path - 1;

			if (len > 0)
				memcpy(path, file->path.data, len);
			path[len] = '\0';
			quoin_error_at(err, path, 0, 0);
			return bad;
		}
	}
	return 0;
}

static int
check(const struct quoin_eval_request *request, struct quoin_error *err)
{
	if (request->objective_count > QUOIN_OBJECTIVES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "%zu objectives; at most %d are allowed",
		    request->objective_count, QUOIN_OBJECTIVES_MAX);
	for (size_t i = 0; i < request->objective_count; i++) {
		if (request->objectives[i].len > QUOIN_NAME_BYTES_MAX)
			return quoin_error_set(err, QUOIN_ELIMIT,
			    "an objective's name has %zu bytes; at most %d are allowed", request->objectives[i].len,
			    QUOIN_NAME_BYTES_MAX);
	}
	if (request->constants.len > QUOIN_EVAL_CONSTANTS_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "constants.json has %zu bytes; at most %u are allowed",
		    request->constants.len, QUOIN_EVAL_CONSTANTS_BYTES_MAX);
	if (request->cpu_ms < 1 || request->cpu_ms > QUOIN_EVAL_CPU_MS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a time limit of %u ms; 1 to %u are allowed", request->cpu_ms,
		    QUOIN_EVAL_CPU_MS_MAX);
	if (request->memory_mb < QUOIN_EVAL_MEMORY_MB_MIN || request->memory_mb > QUOIN_EVAL_MEMORY_MB_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a memory limit of %u MiB; %u to %u are allowed",
		    request->memory_mb, QUOIN_EVAL_MEMORY_MB_MIN, QUOIN_EVAL_MEMORY_MB_MAX);
	return check_files(request, err);
}

/* ---------------------------------------------------------- encode */

static void
put_text(struct quoin_buf *out, struct quoin_span text)
{
	quoin_buf_put_u32le(out, (uint32_t)text.len);
	quoin_buf_put_span(out, text);
}

int
quoin_eval_request_encode(const struct quoin_eval_request *request, struct quoin_buf *out, struct quoin_error *err)
{
	struct quoin_eval_request full = *request;
	int rc;

	if (full.cpu_ms == 0)
		full.cpu_ms = QUOIN_EVAL_CPU_MS_DEFAULT;
	if (full.memory_mb == 0)
		full.memory_mb = QUOIN_EVAL_MEMORY_MB_DEFAULT;
	rc = check(&full, err);
	if (rc != 0)
		return rc;
	quoin_buf_put(out, MAGIC, sizeof MAGIC);
	quoin_buf_put_u32le(out, full.cpu_ms);
	quoin_buf_put_u32le(out, full.memory_mb);
	quoin_buf_put_u32le(out, (uint32_t)full.objective_count);
	for (size_t i = 0; i < full.objective_count; i++)
		put_text(out, full.objectives[i]);
	put_text(out, full.constants);
	quoin_buf_put_u32le(out, (uint32_t)full.file_count);
	for (size_t i = 0; i < full.file_count; i++) {
		put_text(out, full.files[i].path);
		put_text(out, full.files[i].text);
	}
	return out->error == 0 ? 0 : quoin_error_set(err, out->error, "cannot hold the scripts");
}

/* ---------------------------------------------------------- decode */

struct frame {
	struct quoin_span rest;
	bool short_of; /* something was asked for beyond the end; sticky */
};

static struct quoin_span
take(struct frame *frame, size_t len)
{
	struct quoin_span span = {0};

	if (len > frame->rest.len) {
		frame->short_of = true;
		frame->rest.len = 0;
		return span;
	}
	span = quoin_span_of(frame->rest.data, len);
	frame->rest.data += len;
	frame->rest.len -= len;
	return span;
}

static uint32_t
take_u32(struct frame *frame)
{
	struct quoin_span span = take(frame, 4);

	if (span.len != 4)
		return 0;
	return (uint32_t)span.data[0] | (uint32_t)span.data[1] << 8 | (uint32_t)span.data[2] << 16 |
	    (uint32_t)span.data[3] << 24;
}

static struct quoin_span
take_text(struct frame *frame)
{
	uint32_t len = take_u32(frame);

	return take(frame, len);
}

/* A count that at least "each" bytes per item must follow; more than "max" is left for check() to refuse. */
static size_t
take_count(struct frame *frame, size_t each, size_t max)
{
	size_t count = take_u32(frame);

	if (count > max || count > frame->rest.len / each) {
		frame->short_of = true;
		return 0;
	}
	return count;
}

static int
decode_objectives(struct frame *frame, struct quoin_eval_request *request)
{
	struct quoin_span *names;

	request->objective_count = take_count(frame, 4, QUOIN_OBJECTIVES_MAX);
	names = calloc(request->objective_count + 1, sizeof *names);
	if (names == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < request->objective_count; i++)
		names[i] = take_text(frame);
	request->objectives = names;
	return 0;
}

static int
decode_files(struct frame *frame, struct quoin_eval_request *request)
{
	struct quoin_eval_file *files;

	request->file_count = take_count(frame, 8, QUOIN_FILES_MAX);
	files = calloc(request->file_count + 1, sizeof *files);
	if (files == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < request->file_count; i++) {
		files[i].path = take_text(frame);
		files[i].text = take_text(frame);
	}
	request->files = files;
	return 0;
}

int
quoin_eval_request_decode(struct quoin_span bytes, struct quoin_eval_request *ret, struct quoin_error *err)
{
	struct quoin_eval_request request = {0};
	struct frame frame = {.rest = bytes};
	int rc;

	if (!quoin_span_equal(take(&frame, sizeof MAGIC), quoin_span_of(MAGIC, sizeof MAGIC)))
		return quoin_error_set(err, QUOIN_ESYNTAX, "this is no request for an evaluation");
	request.cpu_ms = take_u32(&frame);
	request.memory_mb = take_u32(&frame);
	rc = decode_objectives(&frame, &request);
	request.constants = take_text(&frame);
	if (rc == 0)
		rc = decode_files(&frame, &request);
	if (rc != 0)
		rc = quoin_error_set(err, rc, "no memory for the request");
	else if (frame.short_of || frame.rest.len > 0)
		rc =
		    quoin_error_set(err, QUOIN_ESYNTAX, "the request is %s", frame.short_of ? "too short" : "too long");
	else
		rc = check(&request, err);
	if (rc != 0)
		quoin_eval_request_clear(&request);
	else
		*ret = request;
	return rc;
}

void
quoin_eval_request_clear(struct quoin_eval_request *request)
{
	free((void *)(uintptr_t)request->objectives);
	free((void *)(uintptr_t)request->files);
	memset(request, 0, sizeof *request);
}
