#include "tests/evaluate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"

void
evaluate_use_own_program(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);

	CHECK(len > 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	strcat(path, "/../../bin/quoin-eval");
	CHECK(setenv("QUOIN_EVAL", path, 1) == 0);
}

int
evaluate_scripts(const struct evaluate_script *scripts, uint32_t cpu_ms, uint32_t memory_mb, struct quoin_buf *reply,
    struct quoin_error *err)
{
	static const char *const names[] = {"ContinueWatchingRanking", "HomeRanking", "PaymentFraud"};
	struct quoin_span objectives[3];
	struct quoin_eval_file files[EVALUATE_FILES_MAX];
	struct quoin_eval_request request = {.objectives = objectives,
	    .objective_count = 3,
	    .files = files,
	    .constants = quoin_span_str("{\"TITLE_INPUT_TYPE\":\"TITLE_INPUT\",\"cells\":{\"a\":[1,2]}}"),
	    .cpu_ms = cpu_ms,
	    .memory_mb = memory_mb};

	for (size_t i = 0; i < 3; i++)
		objectives[i] = quoin_span_str(names[i]);
	while (request.file_count < EVALUATE_FILES_MAX && scripts[request.file_count].path != NULL) {
		files[request.file_count].path = quoin_span_str(scripts[request.file_count].path);
		files[request.file_count].text = quoin_span_str(scripts[request.file_count].text);
		request.file_count++;
	}
	return quoin_eval_run(&request, reply, err);
}

const char *
evaluate_reply(const struct evaluate_script *scripts, uint32_t cpu_ms, uint32_t memory_mb)
{
	static struct quoin_buf reply;
	struct quoin_error err = {0};

	evaluate_use_own_program();
	quoin_buf_clear(&reply);
	if (evaluate_scripts(scripts, cpu_ms, memory_mb, &reply, &err) != 0)
		check_fail(__FILE__, __LINE__, "evaluation failed: %s", err.message);
	CHECK(quoin_buf_str(&reply) != NULL);
	return quoin_buf_str(&reply);
}
