/*
 * The store through power failures (tests/crash/replay.h), and mutants that must be found. QUOIN_CRASH_SECONDS in the
 * environment makes the runs longer, with other seeds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "tests/check.h"
#include "tests/crash/oracle.h"
#include "tests/crash/powerlog.h"
#include "tests/crash/replay.h"
#include "tests/crash/workload.h"

struct journal {
	uint8_t *bytes;
	size_t len;
};

/* Run the script in a child, as the writer that will lose its power. */
static void
write_journal(const struct workload_script *script, enum workload_mutant mutant, unsigned mutes, struct journal *ret)
{
	char live[256];
	struct stat st;
	int fd, status;
	pid_t pid;

	(void)snprintf(live, sizeof live, "%s/live", check_dir());
	CHECK(mkdir(live, 0750) == 0);
	fd = memfd_create("journal", MFD_CLOEXEC);
	CHECK(fd != -1);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		struct workload workload = {.script = script, .state = live, .mutant = mutant};
		uint64_t last = 0;
		int r;

		powerlog_start(live, fd, mutes);
		r = workload_run(&workload, 1, &last);
		if (r != 0 && mutant == WORKLOAD_SOUND)
			fprintf(stderr, "step %llu: %s\n", (unsigned long long)last + 1, workload.err.message);
		quoin_store_close(workload.store);
		/* A mutant's own trouble comes behind what is to be found. */
		_exit(r == 0 || mutant != WORKLOAD_SOUND ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	CHECK(fstat(fd, &st) == 0);
	ret->len = (size_t)st.st_size;
	ret->bytes = mmap(NULL, ret->len, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(ret->bytes != MAP_FAILED);
	(void)close(fd);
}

/* Every image of one run of the script; false with what is wrong in "oracle". */
static bool
replay(const struct workload_script *script, enum workload_mutant mutant, unsigned mutes,
    const struct replay_options *options, struct oracle *oracle, int64_t *ret_images)
{
	static struct journal journal;
	char images[256];
	bool good;

	CHECK_INT(quoin_crypto_init(), 0);
	workload_prepare(script);
	oracle->script = script;
	if (journal.bytes == NULL) {
		write_journal(script, mutant, mutes, &journal);
		(void)snprintf(images, sizeof images, "%s/images", check_dir());
		CHECK(mkdir(images, 0750) == 0);
	}
	(void)snprintf(images, sizeof images, "%s/images", check_dir());
	*ret_images = replay_run(journal.bytes, journal.len, images, options, oracle_judge_image, oracle, &good);
	CHECK(*ret_images >= 0);
	return good;
}

/* How long the long run goes on. */
static time_t
seconds(void)
{
	const char *text = getenv("QUOIN_CRASH_SECONDS");

	return text != NULL ? (time_t)strtol(text, NULL, 10) : 0;
}

static void
survives(const struct workload_script *script, struct replay_options options)
{
	const time_t begin = time(NULL);
	static struct oracle oracle;
	int64_t images, all = 0;

	/* Every image has a limit of its own; how many there are in a minute is the machine's affair. */
	(void)alarm(0);
#ifdef __SANITIZE_ADDRESS__
	/* Processes are slow to make under a sanitizer. */
	options.mixes = options.choices_max = 1;
#endif
	do {
		if (!replay(script, WORKLOAD_SOUND, 0, &options, &oracle, &images))
			check_fail(__FILE__, __LINE__, "%s, seed %llu, %s, acked %llu of %llu: %s", script->name,
			    (unsigned long long)options.seed, oracle.image, (unsigned long long)oracle.acked,
			    (unsigned long long)oracle.in_flight, oracle.text);
		all += images;
		options.seed++;
	} while (time(NULL) - begin < seconds());
	fprintf(stderr, "crash/%s: %lld images, 0 violations, %lld s\n", script->name, (long long)all,
	    (long long)(time(NULL) - begin));
}

static void
life(void)
{
	survives(&workload_life, (struct replay_options){.seed = 1, .mixes = 3, .choices_max = 4, .sector_bytes = 512});
}

static void
quarantine(void)
{
	survives(&workload_quarantine,
	    (struct replay_options){.seed = 2, .mixes = 2, .choices_max = 4, .sector_bytes = 512});
}

static void
move(void)
{
	survives(&workload_move, (struct replay_options){.seed = 5, .mixes = 2, .choices_max = 4, .sector_bytes = 512});
}

static void
large(void)
{
	survives(&workload_large,
	    (struct replay_options){.seed = 3, .mixes = 1, .choices_max = 1, .sector_bytes = 512});
}

/* ---- The proof that the above can fail ---- */

static void
is_caught(const struct workload_script *script, enum workload_mutant mutant, unsigned mutes, size_t sector_bytes)
{
	const struct replay_options options = {.seed = 4, .mixes = 4, .choices_max = 4, .sector_bytes = sector_bytes};
	static struct oracle oracle;
	int64_t images;

	if (replay(script, mutant, mutes, &options, &oracle, &images))
		check_fail(__FILE__, __LINE__, "%lld images, and nothing was found", (long long)images);
	fprintf(stderr, "caught at image %lld, %s, acked %llu of %llu: %s\n", (long long)images, oracle.image,
	    (unsigned long long)oracle.acked, (unsigned long long)oracle.in_flight, oracle.text);
}

static void
no_sync(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, POWERLOG_MUTE_FDATASYNC | POWERLOG_MUTE_DSYNC, 512);
}

static void
no_meta_sync(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, POWERLOG_MUTE_DSYNC, 512);
}

static void
no_data_sync(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, POWERLOG_MUTE_FDATASYNC, 512);
}

static void
no_directory_sync(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, POWERLOG_MUTE_DIRECTORY, 512);
}

static void
no_first_sync(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, POWERLOG_MUTE_FSYNC, 512);
}

static void
moves_names_late(void)
{
	is_caught(&workload_move, WORKLOAD_MOVES_NAMES_LATE, 0, 512);
}

static void
moves_unsynced(void)
{
	is_caught(&workload_move, WORKLOAD_MOVES_UNSYNCED, 0, 512);
}

static void
torn_sectors(void)
{
	is_caught(&workload_life, WORKLOAD_SOUND, 0, 16);
}

static void
acks_early(void)
{
	is_caught(&workload_life, WORKLOAD_ACKS_EARLY, 0, 512);
}

static void
splits(void)
{
	is_caught(&workload_life, WORKLOAD_SPLITS, 0, 512);
}

static void
points_first(void)
{
	is_caught(&workload_life, WORKLOAD_POINTS_FIRST, 0, 512);
}

static void
collects_live(void)
{
	is_caught(&workload_life, WORKLOAD_COLLECTS_LIVE, 0, 512);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"crash/life", life},
	    {"crash/quarantine", quarantine},
	    {"crash/move", move},
	    {"crash/large", large},
	    {"crash/mutant-no-sync: caught", no_sync},
	    {"crash/mutant-no-meta-sync: caught", no_meta_sync},
	    {"crash/mutant-no-data-sync: caught", no_data_sync},
	    {"crash/mutant-no-directory-sync: caught", no_directory_sync},
	    {"crash/mutant-no-sync-at-creation: caught", no_first_sync},
	    {"crash/mutant-move-without-directory-sync: caught", moves_names_late},
	    {"crash/mutant-move-without-sync: caught", moves_unsynced},
	    {"crash/mutant-torn-sectors: caught", torn_sectors},
	    {"crash/mutant-ack-before-commit: caught", acks_early},
	    {"crash/mutant-ratchets-in-second-transaction: caught", splits},
	    {"crash/mutant-pointer-before-documents: caught", points_first},
	    {"crash/mutant-collect-before-switch: caught", collects_live},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
