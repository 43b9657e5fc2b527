/*
 * The frame of a request: there and back, every prefix refused, every bound kept.
 */
#include <stdlib.h>
#include <string.h>

#include "publisher/eval_request.h"
#include "tests/check.h"

static const char *const NAMES[] = {"ContinueWatchingRanking", "B"};

struct sample {
	struct quoin_span objectives[2];
	struct quoin_eval_file files[2];
	struct quoin_eval_request request;
};

static void
sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof *sample);
	for (size_t i = 0; i < 2; i++)
		sample->objectives[i] = quoin_span_str(NAMES[i]);
	sample->files[0] = (struct quoin_eval_file){quoin_span_str("a.js"), quoin_span_str("let a;")};
	sample->files[1] = (struct quoin_eval_file){quoin_span_str("b/c.js"), quoin_span_of("x\0y", 3)};
	sample->request = (struct quoin_eval_request){.objectives = sample->objectives,
	    .objective_count = 2,
	    .constants = quoin_span_str("{}"),
	    .files = sample->files,
	    .file_count = 2,
	    .cpu_ms = 7,
	    .memory_mb = 99};
}

static void
encode(const struct quoin_eval_request *request, struct quoin_buf *frame)
{
	struct quoin_error err = {0};

	quoin_buf_init(frame, QUOIN_EVAL_REQUEST_BYTES_MAX);
	if (quoin_eval_request_encode(request, frame, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
}

static void
there_and_back(void)
{
	struct sample sample;
	struct quoin_eval_request back;
	struct quoin_buf frame;

	sample_init(&sample);
	encode(&sample.request, &frame);
	CHECK_INT(quoin_eval_request_decode(quoin_buf_span(&frame), &back, NULL), 0);
	CHECK_INT(back.cpu_ms, 7);
	CHECK_INT(back.memory_mb, 99);
	CHECK_INT(back.objective_count, 2);
	CHECK(quoin_span_equal_str(back.objectives[0], NAMES[0]));
	CHECK(quoin_span_equal_str(back.objectives[1], NAMES[1]));
	CHECK(quoin_span_equal_str(back.constants, "{}"));
	CHECK_INT(back.file_count, 2);
	CHECK(quoin_span_equal_str(back.files[0].path, "a.js"));
	CHECK(quoin_span_equal_str(back.files[0].text, "let a;"));
	CHECK(quoin_span_equal_str(back.files[1].path, "b/c.js"));
	CHECK(quoin_span_equal(back.files[1].text, quoin_span_of("x\0y", 3)));
	quoin_eval_request_clear(&back);
	quoin_buf_clear(&frame);
}

static void
defaults(void)
{
	struct quoin_eval_request none = {0}, back;
	struct quoin_buf frame;

	encode(&none, &frame);
	CHECK_INT(quoin_eval_request_decode(quoin_buf_span(&frame), &back, NULL), 0);
	CHECK_INT(back.cpu_ms, QUOIN_EVAL_CPU_MS_DEFAULT);
	CHECK_INT(back.memory_mb, QUOIN_EVAL_MEMORY_MB_DEFAULT);
	CHECK_INT(back.file_count, 0);
	quoin_eval_request_clear(&back);
	quoin_buf_clear(&frame);
}

static void
damaged(void)
{
	struct sample sample;
	struct quoin_eval_request back = {0};
	struct quoin_error err = {0};
	struct quoin_buf frame;

	sample_init(&sample);
	encode(&sample.request, &frame);
	for (size_t len = 0; len < frame.len; len++) {
		/* A copy of its own size, so that reading beyond it is seen. */
		uint8_t *copy = malloc(len + 1);

		CHECK(copy != NULL);
		memcpy(copy, frame.data, len);
		CHECK_INT(quoin_eval_request_decode(quoin_span_of(copy, len), &back, &err), QUOIN_ESYNTAX);
		free(copy);
	}
	/* No frame has redundancy, so a flipped bit may give another request; it must never give one out of bounds. */
	for (size_t bit = 0; bit < frame.len * 8; bit++) {
		frame.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (quoin_eval_request_decode(quoin_buf_span(&frame), &back, &err) == 0) {
			CHECK(bit >= 64);
			CHECK(back.cpu_ms >= 1 && back.cpu_ms <= QUOIN_EVAL_CPU_MS_MAX);
			CHECK(back.memory_mb >= QUOIN_EVAL_MEMORY_MB_MIN && back.memory_mb <= QUOIN_EVAL_MEMORY_MB_MAX);
			CHECK(back.file_count == 2 && quoin_span_compare(back.files[0].path, back.files[1].path) < 0);
			quoin_eval_request_clear(&back);
		}
		frame.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	quoin_buf_put_byte(&frame, 0);
	CHECK_INT(quoin_eval_request_decode(quoin_buf_span(&frame), &back, &err), QUOIN_ESYNTAX);
	CHECK_CONTAINS(err.message, "too long");
	quoin_buf_clear(&frame);
}

static int
encode_code(const struct quoin_eval_request *request, struct quoin_error *err)
{
	struct quoin_buf frame;
	int rc;

	quoin_buf_init(&frame, QUOIN_EVAL_REQUEST_BYTES_MAX);
	rc = quoin_eval_request_encode(request, &frame, err);
	quoin_buf_clear(&frame);
	return rc;
}

static void
bounds(void)
{
	static char large[QUOIN_SCRIPT_BYTES_MAX + 1];
	static struct quoin_eval_file many[QUOIN_SCRIPTS_BYTES_MAX / QUOIN_SCRIPT_BYTES_MAX + 1];
	static char paths[sizeof many / sizeof many[0]][4];
	struct quoin_error err = {0};
	struct sample sample;

	sample_init(&sample);
	sample.files[1].text = quoin_span_of(large, sizeof large);
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	CHECK_STR(err.file, "b/c.js");
	sample.files[1].text.len--;
	CHECK_INT(encode_code(&sample.request, &err), 0);
	sample.files[1].path = quoin_span_of(large, QUOIN_EVAL_PATH_BYTES_MAX + 1);
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	sample.files[1].path = quoin_span_str("");
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	sample.files[1].path = quoin_span_str("a.js");
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_EUSAGE);
	sample_init(&sample);
	sample.objectives[0] = quoin_span_of(large, QUOIN_NAME_BYTES_MAX + 1);
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	sample_init(&sample);
	sample.request.objective_count = QUOIN_OBJECTIVES_MAX + 1;
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	sample_init(&sample);
	sample.request.constants = quoin_span_of(large, QUOIN_EVAL_CONSTANTS_BYTES_MAX + 1);
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	sample_init(&sample);
	sample.request.file_count = QUOIN_FILES_MAX + 1;
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);

	for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) {
		memcpy(paths[i], "aa", 3);
		paths[i][1] = (char)('a' + i);
		many[i] =
		    (struct quoin_eval_file){quoin_span_str(paths[i]), quoin_span_of(large, QUOIN_SCRIPT_BYTES_MAX)};
	}
	sample.request.files = many;
	sample.request.file_count = sizeof many / sizeof many[0];
	CHECK_INT(encode_code(&sample.request, &err), QUOIN_ELIMIT);
	CHECK_CONTAINS(err.message, "together");
}

static const struct check_case cases[] = {
    {"there_and_back", there_and_back},
    {"defaults", defaults},
    {"damaged", damaged},
    {"bounds", bounds},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
