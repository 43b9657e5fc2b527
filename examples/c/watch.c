/*
 * Tell every switch of release on this host as it happens.
 *
 *	watch STATE [COUNT]
 *
 * STATE is the directory that quoin.conf calls "state"; after COUNT lines (default: never) it ends. A service that keeps
 * something computed from a release does it here: compute from the new view, swap, drop the old.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <quoin.h>

static int
read_count(const char *text, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && errno == 0 && *ret >= 0;
}

int
main(int argc, char **argv)
{
	struct quoin_message message;
	struct quoin_reader *reader;
	uint64_t generation = 0;
	long left = -1;
	int r;

	if ((argc != 2 && argc != 3) || (argc == 3 && !read_count(argv[2], &left))) {
		fprintf(stderr, "usage: watch STATE [COUNT]\n");
		return 2;
	}
	r = quoin_reader_open_store(argv[1], NULL, &reader, &message);
	if (r != 0) {
		fprintf(stderr, "watch: %s\n", message.text);
		return 1;
	}
	while (left != 0) {
		struct quoin_view view;

		/* Returns at once if there was a switch since "generation". */
		r = quoin_reader_wait(reader, generation, -1);
		if (r != 0)
			break;
		r = quoin_view_acquire(reader, &view);
		if (r == QUOIN_FAILED_MISSING) {
			generation = quoin_reader_generation(reader);
			printf("no release\n");
		} else if (r == 0) {
			generation = quoin_view_generation(&view);
			printf("release %llu%s\n", (unsigned long long)quoin_view_release_number(&view),
			    quoin_reader_is_stale(reader) ? " (stale)" : "");
			quoin_view_release(&view);
		} else {
			break;
		}
		fflush(stdout);
		if (left > 0)
			left--;
		r = 0;
	}
	if (r != 0)
		fprintf(stderr, "watch: %s\n", quoin_code_text(r));
	quoin_reader_close(reader);
	return r == 0 ? 0 : 1;
}
