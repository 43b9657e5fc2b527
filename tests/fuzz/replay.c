/*
 * Plays a fuzz target its corpus without a fuzzer, so that every compiler and every test run does it: each file whole,
 * and each of its first 512 prefixes. Linked with fuzz_<noun>.o into replay_<noun>, which finds its corpus by that name
 * below the current directory, the root of the sources.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/fuzz/fuzz.h"

#define PREFIXES_MAX	 512
#define CORPUS_FILES_MAX 100000
#define CORPUS_BYTES_MAX (16u << 20)

static char path[4096];

/* In memory of exactly that size, so that a sanitizer sees a byte read too far. */
static void
play(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	if (size != 0)
		memcpy(copy, data, size);
	CHECK_INT(LLVMFuzzerTestOneInput(copy, size), 0);
	free(copy);
}

static void
play_file(void)
{
	struct quoin_error err = {0};
	struct quoin_buf file;

	quoin_buf_init(&file, CORPUS_BYTES_MAX);
	if (quoin_file_read(path, &file, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s", err.message);
	play(file.data, file.len);
	for (size_t len = 0; len < file.len && len < PREFIXES_MAX; len++)
		play(file.data, len);
	quoin_buf_clear(&file);
}

int
main(int argc, char **argv)
{
	const char *noun = strstr(argv[0], "replay_");
	struct quoin_error err = {0};
	char corpus[1024], name[4096], **files;
	size_t count;
	int status = 0;

	if (noun == NULL)
		return 2;
	snprintf(corpus, sizeof corpus, "tests/fuzz/corpus/fuzz_%s", noun + strlen("replay_"));
	if (quoin_tree_list(corpus, CORPUS_FILES_MAX, &files, &count, &err) != 0) {
		printf("not ok replay: %s\n", err.message);
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct check_case one = {name, play_file};

		snprintf(name, sizeof name, "replay/%s/%s", noun + strlen("replay_"), files[i]);
		if (quoin_path_join(corpus, files[i], path, sizeof path) != 0)
			return 2;
		optind = 1;
		status |= check_main(argc, argv, &one, 1);
	}
	free(files);
	return status;
}
