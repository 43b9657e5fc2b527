#include "tests/crash/oracle.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/crypto.h"
#include "tests/crash/pages.h"
#include "tests/crash/powerlog.h"

#define LIMIT_SECONDS 20

/* What the parent and the child share. */
static char *verdict;

/* End the child with what it found. */
__attribute__((format(printf, 1, 2))) _Noreturn static void
violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(verdict, ORACLE_TEXT_BYTES, fmt, ap);
	va_end(ap);
	_exit(1);
}

/* ---- One look at the store ---- */

static uint64_t
max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Which step's commit the environment shows: what the offsets say, which are in every commit. */
static uint64_t
version_of(struct quoin_store *store)
{
	struct quoin_store_offset offset;
	struct quoin_error err = {0};
	uint64_t version = 0;

	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		uint64_t here;

		if (quoin_store_offset_get(store, (enum quoin_topic)i, &offset, &err) != 0)
			violation("an offset cannot be got: %s", err.message);
		here = (uint64_t)offset.next / 7;
		if (here != 0 && workload_offset(here, (enum quoin_topic)i) != offset.next)
			violation("offset %zu is %lld, which nobody wrote", i, (long long)offset.next);
		if (i > 0 && here != version)
			violation("offsets of steps %llu and %llu together", (unsigned long long)version,
			    (unsigned long long)here);
		version = here;
	}
	return version;
}

static void
check_ratchets(struct quoin_store *store, const struct workload_model *at, uint64_t copy_low, uint64_t copy_high)
{
	static struct quoin_ratchets found, want;
	bool is_new;

	quoin_store_ratchets(store, &found, &is_new);
	for (uint64_t copy = copy_low; copy <= copy_high; copy++) {
		const uint64_t step = max_of(at->version, copy);

		memset(&want, 0, sizeof want);
		if (step != 0)
			workload_ratchets(step, &want);
		want.environment = found.environment;
		/* Raised by the pulse, which may have lived through what the copy did not. */
		if (found.generation >= want.generation)
			want.generation = found.generation;
		if (memcmp(&found, &want, sizeof found) == 0 && is_new == (step == 0))
			return;
	}
	violation("ratchets of step %llu (heartbeat %llu) beside a commit of step %llu and a copy of %llu to %llu",
	    (unsigned long long)found.obeyed.seq, (unsigned long long)found.heartbeat, (unsigned long long)at->version,
	    (unsigned long long)copy_low, (unsigned long long)copy_high);
}

static void
check_documents(struct quoin_store_snapshot *snapshot, const struct workload_model *at)
{
	struct quoin_error err = {0};
	struct quoin_span bytes;
	char want[64];
	size_t count = 0, want_count = 0;
	uint64_t number = 0, from = 0;
	int r;

	while ((r = quoin_store_snapshot_next(snapshot, QUOIN_STORE_RELEASE, from, &number, &bytes, &err)) == 1) {
		const uint64_t step = number <= WORKLOAD_RELEASES ? at->documents[number] : 0;
		const size_t len = workload_document(step, number, want);

		if (step == 0)
			violation("release document %llu, which is not there", (unsigned long long)number);
		if (bytes.len != len || memcmp(bytes.data, want, len) != 0)
			violation("release document %llu is \"%.*s\", expected \"%s\"", (unsigned long long)number,
			    (int)bytes.len, (const char *)bytes.data, want);
		count++;
		from = number + 1;
	}
	if (r != 0)
		violation("the documents cannot be read: %s", err.message);
	for (size_t i = 0; i <= WORKLOAD_RELEASES; i++)
		want_count += at->documents[i] != 0;
	if (count != want_count)
		violation("%zu release documents, expected %zu", count, want_count);
	r = quoin_store_snapshot_document(snapshot, QUOIN_STORE_ACTIVATION, 0, &bytes, &err);
	if (r != (at->version == 0 ? QUOIN_ENOENT : 0))
		violation("the activation document: %s", r == 0 ? "there already" : err.message);
}

static void
check_active(struct quoin_store *store, struct quoin_store_snapshot *snapshot, const struct workload_model *at)
{
	static struct quoin_store_active active;
	struct quoin_error err = {0};
	unsigned parts = 0;
	int r;

	r = quoin_store_snapshot_active(snapshot, &active, &err);
	if (r != (at->active_version == 0 ? QUOIN_ENOENT : 0))
		violation("the active pointer: %s", r == 0 ? "there already" : err.message);
	if (r != 0)
		return;
	for (size_t i = 0; i < active.part_count; i++)
		for (unsigned part = 0; part < WORKLOAD_PARTS; part++)
			if (strcmp(active.parts[i].name, workload_part_name(part)) == 0)
				parts |= 1u << part;
	if (active.generation != at->active_version || active.release.number != at->active_release ||
	    parts != at->active_parts)
		violation("release %llu of step %llu is active, expected release %llu of step %llu",
		    (unsigned long long)active.release.number, (unsigned long long)active.generation,
		    (unsigned long long)at->active_release, (unsigned long long)at->active_version);
	if (quoin_pulse_generation(quoin_store_pulse(store)) < active.generation)
		violation("the pulse shows generation %llu, the pointer %llu",
		    (unsigned long long)quoin_pulse_generation(quoin_store_pulse(store)),
		    (unsigned long long)active.generation);
}

static void
check_fuses(struct quoin_store *store, const struct workload_model *at)
{
	static struct quoin_fuse fuses[QUOIN_STORE_FUSES_MAX];
	struct quoin_error err = {0};
	size_t count;

	if (quoin_store_fuses_get(store, fuses, &count, &err) != 0)
		violation("the fuses cannot be got: %s", err.message);
	if (count != (at->version == 0 ? 0 : 1) || (count == 1 && fuses[0].attempts != at->version))
		violation("%zu fuses, of step %llu, beside a commit of step %llu", count,
		    (unsigned long long)fuses[0].attempts, (unsigned long long)at->version);
}

static void
check_models(struct quoin_store *store, const struct workload_model *at)
{
	struct quoin_agent_model_name *models;
	struct quoin_error err = {0};
	char name[sizeof models->name];
	size_t count;

	if (quoin_store_models_get(store, &models, &count, &err) != 0)
		violation("the models cannot be got: %s", err.message);
	(void)snprintf(name, sizeof name, "m%llu", (unsigned long long)at->version);
	if (count != (at->version == 0 ? 0 : 1) || (count == 1 && strcmp(models[0].name, name) != 0))
		violation("%zu models, the first %s, beside a commit of step %llu", count, count > 0 ? models[0].name : "none",
		    (unsigned long long)at->version);
	free(models);
}

/* A part that is held is whole and is what its name says. */
static void
check_part(struct quoin_store_snapshot *snapshot, const struct workload_script *script, unsigned part, bool must,
    bool may)
{
	struct quoin_store_content content;
	struct quoin_error err = {0};
	struct quoin_hasher hasher;
	struct quoin_hash hash;
	const int r = quoin_store_snapshot_part(snapshot, workload_part_hash(part), false, &content, &err);

	if (r == QUOIN_ENOENT) {
		if (must)
			violation("part %u was lost", part);
		return;
	}
	if (r != 0)
		violation("part %u: %s", part, err.message);
	if (!may)
		violation("part %u is still there, or already", part);
	quoin_hasher_init(&hasher);
	for (size_t i = 0; i < content.segment_count; i++)
		quoin_hasher_add(&hasher, content.segments[i]);
	quoin_hasher_finish(&hasher, &hash);
	if (content.bytes != script->part_bytes[part] || !quoin_hash_equal(&hash, workload_part_hash(part)))
		violation("part %u has other contents", part);
}

/* What the store shows lies between the two models, and all that one commit wrote is of the same one: that. */
static const struct workload_model *
check_state(struct quoin_store *store, const struct workload_script *script, const struct workload_model *low,
    const struct workload_model *high)
{
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_error err = {0};
	const uint64_t version = version_of(store);
	const struct workload_model *at;

	if (version != low->version && version != high->version)
		violation("the commit of step %llu, expected that of %llu%s%.0llu", (unsigned long long)version,
		    (unsigned long long)low->version, high->version != low->version ? " or " : "",
		    (unsigned long long)(high->version != low->version ? high->version : 0));
	at = version == high->version ? high : low;
	check_ratchets(store, at, low->copy, high->copy);
	if (quoin_store_snapshot_open(store, &snapshot, &err) != 0)
		violation("no snapshot: %s", err.message);
	check_documents(snapshot, at);
	check_active(store, snapshot, at);
	check_fuses(store, at);
	check_models(store, at);
	for (unsigned part = 0; part < WORKLOAD_PARTS; part++)
		check_part(snapshot, script, part, (low->parts & high->parts & 1u << part) != 0,
		    ((low->parts | high->parts) & 1u << part) != 0);
	quoin_store_snapshot_close(snapshot);
	return at;
}

/* ---- The whole judgement ---- */

static void
check_pages(const char *dir)
{
	char path[QUOIN_PATH_BYTES], text[256];

	(void)snprintf(path, sizeof path, "%s/%s/store/data.mdb", dir, workload_origin.name);
	if (!pages_check(path, text, sizeof text))
		violation("pages: %s", text);
}

static void
audit(const char *dir, bool may_be_missing)
{
	struct quoin_error err = {0};
	const int r = quoin_store_verify(dir, workload_origin.name, &err);

	if (r != 0 && !(r == QUOIN_ENOENT && may_be_missing))
		violation("the audit: %s", err.message);
}

static void
open_or_end(struct workload *workload)
{
	if (quoin_store_open(workload->state, &workload_origin, &workload->store, &workload->err) != 0)
		violation("the store does not open: %s", workload->err.message);
}

/* Commit once more, in a way that needs free pages. */
static void
go_on(struct workload *workload, const struct workload_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int r = workload_step(workload, WORKLOAD_PROBE + i, &steps[i]);

		if (r != 0)
			violation("the store cannot go on with step %zu: %s", i, workload->err.message);
	}
}

static void
judge(const struct oracle *oracle, const char *dir)
{
	static const struct workload_step probe[] = {
	    {WORKLOAD_STAGE, 0, 2},
	    {WORKLOAD_ACTIVATE, WORKLOAD_RELEASES, 1u << 2},
	    {WORKLOAD_COLLECT, 0, 1u << 2},
	};
	struct workload workload = {.script = oracle->script, .state = dir};
	struct workload_model low, high, after;
	const bool replaces =
	    oracle->in_flight > oracle->acked && oracle->script->steps[oracle->in_flight - 1].op == WORKLOAD_QUARANTINE;

	workload_model_at(oracle->script, oracle->acked, &low);
	workload_model_at(oracle->script, max_of(oracle->acked, oracle->in_flight), &high);
	audit(dir, !low.has_store || replaces);
	open_or_end(&workload);
	check_pages(dir);
	after = *check_state(workload.store, oracle->script, &low, &high);
	go_on(&workload, probe, sizeof probe / sizeof probe[0]);
	quoin_store_close(workload.store);
	for (size_t i = 0; i < sizeof probe / sizeof probe[0]; i++)
		workload_model_step(oracle->script, WORKLOAD_PROBE + i, &probe[i], &after);
	audit(dir, false);
	open_or_end(&workload);
	check_pages(dir);
	(void)check_state(workload.store, oracle->script, &after, &after);
	quoin_store_close(workload.store);
}

bool
oracle_judge(struct oracle *oracle, const char *dir)
{
	int status;
	pid_t pid;

	if (verdict == NULL) {
		verdict = mmap(NULL, ORACLE_TEXT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		QUOIN_ASSERT(verdict != MAP_FAILED);
	}
	verdict[0] = '\0';
	(void)fflush(NULL);
	pid = fork();
	QUOIN_ASSERT(pid != -1);
	if (pid == 0) {
		const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		/* What LMDB says when it meets damage is not for the test's log. */
		(void)dup2(null, STDERR_FILENO);
		(void)alarm(LIMIT_SECONDS);
		powerlog_start(dir, -1, 0);
		judge(oracle, dir);
		_exit(0);
	}
	QUOIN_ASSERT(waitpid(pid, &status, 0) == pid);
	if (status == 0)
		return true;
	if (WIFSIGNALED(status))
		(void)snprintf(oracle->text, sizeof oracle->text, "ended by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		(void)snprintf(oracle->text, sizeof oracle->text, "%s",
		    verdict[0] != '\0' ? verdict : "ended by itself");
	return false;
}

bool
oracle_judge_image(void *ctx, const char *dir, const struct replay_point *point)
{
	struct oracle *oracle = ctx;

	oracle->acked = point->acked;
	oracle->in_flight = point->in_flight;
	(void)snprintf(oracle->image, sizeof oracle->image, "%s", point->image);
	return oracle_judge(oracle, dir);
}
