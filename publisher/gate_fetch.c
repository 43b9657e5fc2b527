#include "publisher/gate_fetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "publisher/blobs.h"

#define JOBS_MAX	 256
#define NEWS_MAX	 64
#define KEPT_MAX	 4
#define FETCH_TIMEOUT_MS 5000
#define RETRY_MS	 500
#define RETRY_MS_MAX	 30000

struct job {
	struct quoin_release release;
	int64_t at_ms; /* not before, by the monotonic clock */
	int64_t wait_ms;
};

struct news {
	uint64_t release;
	struct quoin_gate_release *summary;
	struct quoin_error err;
};

/* Everything but "kept" and "lookup" is shared, under the lock. */
struct quoin_gate_fetch {
	const struct quoin_bus_conf *conf;
	char topic[QUOIN_NAME_BYTES_MAX + 16];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int fd;
	bool stopping;
	struct job jobs[JOBS_MAX];
	size_t job_count;
	struct news news[NEWS_MAX];
	size_t news_count;

	struct quoin_bus_lookup *lookup;
	struct kept {
		struct quoin_hash hash;
		struct quoin_buf content;
	} kept[KEPT_MAX];
	size_t kept_next;
};

/* ---- On the thread ---- */

/* The part's content, borrowed until the next call. */
static int
get_content(struct quoin_gate_fetch *fetch, const struct quoin_part *part, struct quoin_span *ret,
    struct quoin_error *err)
{
	struct kept *kept;
	int r = 0;

	for (size_t i = 0; i < KEPT_MAX; i++)
		if (fetch->kept[i].content.len > 0 && quoin_hash_equal(&fetch->kept[i].hash, &part->hash)) {
			*ret = quoin_buf_span(&fetch->kept[i].content);
			return 0;
		}
	kept = &fetch->kept[fetch->kept_next++ % KEPT_MAX];
	quoin_buf_clear(&kept->content);
	quoin_buf_init(&kept->content, QUOIN_PART_BYTES_MAX);
	if (fetch->lookup == NULL)
		r = quoin_bus_lookup_open(fetch->conf, fetch->topic, 0, &fetch->lookup, err);
	if (r == 0)
		r = quoin_blobs_get(fetch->lookup, part, FETCH_TIMEOUT_MS, &kept->content, err);
	if (r != 0) {
		quoin_buf_clear(&kept->content);
		return r;
	}
	kept->hash = part->hash;
	*ret = quoin_buf_span(&kept->content);
	return 0;
}

static int
work(struct quoin_gate_fetch *fetch, const struct quoin_release *release, struct quoin_gate_release **ret,
    struct quoin_error *err)
{
	const struct quoin_part *part = quoin_gate_models_part(release);
	struct quoin_span content = {0};
	int r = part != NULL ? get_content(fetch, part, &content, err) : 0;

	return r != 0 ? r : quoin_gate_release_make(release, content, ret, err);
}

static void
tell(struct quoin_gate_fetch *fetch, const struct news *news)
{
	uint64_t one = 1;

	if (fetch->news_count < NEWS_MAX)
		fetch->news[fetch->news_count++] = *news;
	else
		quoin_gate_release_free(news->summary);
	(void)!write(fetch->fd, &one, sizeof one);
}

/* Done, or to be tried again after a while; a summary that finds no place is made again. */
static void
put_back(struct quoin_gate_fetch *fetch, struct job *job, const struct news *news)
{
	if (news->summary != NULL && fetch->news_count < NEWS_MAX) {
		quoin_release_clear(&job->release);
	} else {
		job->wait_ms = job->wait_ms == 0      ? RETRY_MS
		    : job->wait_ms * 2 < RETRY_MS_MAX ? job->wait_ms * 2
						      : RETRY_MS_MAX;
		job->at_ms = quoin_clock_mono_ms() + job->wait_ms;
		fetch->jobs[fetch->job_count++] = *job; /* there is room: it came from here, and one is held back */
	}
	tell(fetch, news);
}

/* The job that is due first, or how long there is none. */
static bool
take_job(struct quoin_gate_fetch *fetch, struct job *ret, int64_t *ret_wait_ms)
{
	int64_t now_ms = quoin_clock_mono_ms();
	size_t first = 0;

	*ret_wait_ms = RETRY_MS_MAX;
	if (fetch->job_count == 0)
		return false;
	for (size_t i = 1; i < fetch->job_count; i++)
		if (fetch->jobs[i].at_ms < fetch->jobs[first].at_ms)
			first = i;
	if (fetch->jobs[first].at_ms > now_ms) {
		*ret_wait_ms = fetch->jobs[first].at_ms - now_ms;
		return false;
	}
	*ret = fetch->jobs[first];
	fetch->jobs[first] = fetch->jobs[--fetch->job_count];
	return true;
}

static void
wait_for(struct quoin_gate_fetch *fetch, int64_t wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&fetch->wake, &fetch->lock, &until);
}

static void *
run(void *ctx)
{
	struct quoin_gate_fetch *fetch = ctx;
	struct job job;
	int64_t wait_ms;

	pthread_mutex_lock(&fetch->lock);
	while (!fetch->stopping) {
		struct news news = {0};

		if (!take_job(fetch, &job, &wait_ms)) {
			wait_for(fetch, wait_ms);
			continue;
		}
		pthread_mutex_unlock(&fetch->lock);
		news.release = job.release.number;
		if (work(fetch, &job.release, &news.summary, &news.err) != 0)
			news.summary = NULL;
		pthread_mutex_lock(&fetch->lock);
		put_back(fetch, &job, &news);
	}
	pthread_mutex_unlock(&fetch->lock);
	quoin_bus_lookup_close(fetch->lookup);
	for (size_t i = 0; i < KEPT_MAX; i++)
		quoin_buf_clear(&fetch->kept[i].content);
	return NULL;
}

/* ---- On the gate's thread ---- */

int
quoin_gate_fetch_open(const struct quoin_bus_conf *conf, const char *topic, struct quoin_gate_fetch **ret,
    struct quoin_error *err)
{
	struct quoin_gate_fetch *fetch = calloc(1, sizeof *fetch);
	pthread_condattr_t attr;

	if (fetch == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	fetch->conf = conf;
	memcpy(fetch->topic, topic, strnlen(topic, sizeof fetch->topic - 1));
	fetch->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fetch->fd < 0) {
		free(fetch);
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot make an eventfd");
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&fetch->lock, NULL);
	pthread_cond_init(&fetch->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&fetch->thread, NULL, run, fetch) != 0) {
		close(fetch->fd);
		free(fetch);
		return quoin_error_set(err, QUOIN_ESYSTEM, "cannot start a thread");
	}
	*ret = fetch;
	return 0;
}

void
quoin_gate_fetch_close(struct quoin_gate_fetch *fetch)
{
	if (fetch == NULL)
		return;
	pthread_mutex_lock(&fetch->lock);
	fetch->stopping = true;
	pthread_cond_signal(&fetch->wake);
	pthread_mutex_unlock(&fetch->lock);
	pthread_join(fetch->thread, NULL);
	for (size_t i = 0; i < fetch->job_count; i++)
		quoin_release_clear(&fetch->jobs[i].release);
	for (size_t i = 0; i < fetch->news_count; i++)
		quoin_gate_release_free(fetch->news[i].summary);
	pthread_cond_destroy(&fetch->wake);
	pthread_mutex_destroy(&fetch->lock);
	close(fetch->fd);
	free(fetch);
}

int
quoin_gate_fetch_ask(struct quoin_gate_fetch *fetch, struct quoin_release *release)
{
	int r = 0;

	pthread_mutex_lock(&fetch->lock);
	if (fetch->job_count < JOBS_MAX - 1) {
		fetch->jobs[fetch->job_count++] = (struct job){.release = *release};
		memset(release, 0, sizeof *release);
		pthread_cond_signal(&fetch->wake);
	} else {
		r = QUOIN_ELIMIT;
	}
	pthread_mutex_unlock(&fetch->lock);
	return r;
}

int
quoin_gate_fetch_fd(const struct quoin_gate_fetch *fetch)
{
	return fetch->fd;
}

int
quoin_gate_fetch_next(struct quoin_gate_fetch *fetch, uint64_t *ret_release, struct quoin_gate_release **ret_summary,
    struct quoin_error *err)
{
	uint64_t count;
	int r = 0;

	(void)!read(fetch->fd, &count, sizeof count);
	pthread_mutex_lock(&fetch->lock);
	if (fetch->news_count > 0) {
		*ret_release = fetch->news[0].release;
		*ret_summary = fetch->news[0].summary;
		*err = fetch->news[0].err;
		memmove(fetch->news, fetch->news + 1, --fetch->news_count * sizeof fetch->news[0]);
		r = 1;
	}
	pthread_mutex_unlock(&fetch->lock);
	return r;
}
