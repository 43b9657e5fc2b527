/*
 * Every allocation fails in turn, once and from then on: in what reads and prints bytes, and in the store. It ends with
 * QUOIN_ENOMEM or as it would have ended, nothing leaks, and the store is as it was or as it was to be.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/conf.h"
#include "formats/envelope.h"
#include "formats/keyfile.h"
#include "formats/ledger.h"
#include "formats/models.h"
#include "formats/policy.h"
#include "formats/routes.h"
#include "formats/rules.h"
#include "formats/source.h"
#include "lib/crypto.h"
#include "lib/file.h"
#include "tests/check.h"
#include "tests/crash/oracle.h"
#include "tests/crash/powerlog.h"
#include "tests/documents.h"
#include "tests/fault/memory.h"
#include "tests/rulesets.h"

/* So many of the allocations of one thing are tried, evenly. */
#define TRIES_MAX 250

/* ---- Bytes ---- */

/* What is tried: 0 or a code, with everything freed again. */
typedef int thing(void);

static void
try_at(const char *name, thing *run, size_t at, bool lasts)
{
	size_t failures;
	long live;
	int r;

	memory_fail(at, lasts);
	r = run();
	live = memory_live();
	failures = memory_failures();
	memory_stop();
	if (r != 0 && r != QUOIN_ENOMEM)
		check_fail(__FILE__, __LINE__, "%s: allocation %zu failed, and the code is %s", name, at,
		    quoin_error_name(r));
	if (live != 0)
		check_fail(__FILE__, __LINE__, "%s: allocation %zu failed, and %ld are not freed", name, at, live);
	if (failures == 0)
		check_fail(__FILE__, __LINE__, "%s: there is no allocation %zu", name, at);
}

static void
try_all(const char *name, thing *run)
{
	size_t count, step;
	int r;

	CHECK_INT(run(), 0); /* what is made once in a process is made here */
	memory_fail(0, false);
	r = run();
	count = memory_count();
	memory_stop();
	CHECK_INT(r, 0);
	CHECK_INT(memory_live(), 0);
	CHECK(count > 0);
	step = count / TRIES_MAX + 1;
	for (size_t at = 1; at <= count; at += step) {
		try_at(name, run, at, false);
		try_at(name, run, at, true);
	}
}

static struct quoin_buf text;
static enum quoin_document_type type;

static void
read_text(const char *path)
{
	quoin_buf_clear(&text);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_file_read(path, &text, NULL), 0);
}

static int
document(void)
{
	struct quoin_error err = {0};
	struct quoin_buf out;
	int r;

	quoin_buf_init(&out, QUOIN_DOCUMENT_BYTES_MAX);
	r = documents_round_trip(type, quoin_buf_span(&text), &out, &err);
	quoin_buf_clear(&out);
	return r;
}

static int
envelope(void)
{
	const struct quoin_envelope bare = {.document = quoin_buf_span(&text)};
	struct quoin_sealed sealed = {0};
	const int r = quoin_sealed_copy(&bare, &sealed);

	if (r == 0)
		quoin_sealed_clear(&sealed);
	return r;
}

/* Documents without memory of their own need none; the others do. */
static void
documents(void)
{
	static const struct {
		const char *path;
		enum quoin_document_type type;
	} vectors[] = {
	    {"tests/vectors/root-2.txt", QUOIN_DOCUMENT_ROOT},
	    {"tests/vectors/release.txt", QUOIN_DOCUMENT_RELEASE},
	    {"tests/vectors/intent-pin.txt", QUOIN_DOCUMENT_INTENT},
	    {"tests/vectors/activation.txt", QUOIN_DOCUMENT_ACTIVATION},
	    {"tests/vectors/heartbeat.txt", QUOIN_DOCUMENT_HEARTBEAT},
	    {"tests/vectors/cert-serving.txt", QUOIN_DOCUMENT_CERT},
	    {"tests/vectors/status-serving.txt", QUOIN_DOCUMENT_STATUS},
	    {"tests/vectors/incarnation.txt", QUOIN_DOCUMENT_INCARNATION},
	};

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		read_text(vectors[i].path);
		type = vectors[i].type;
		try_all(vectors[i].path, document);
	}
	try_all("envelope", envelope);
}

static int
configuration(void)
{
	static const char words[] = "namespace = home\nroot = trust/root.txt\nparts = rules, routes extra\n"
				    "kafka.bootstrap.servers = a:1\nkafka.client.id = x\nhook.load = hooks/load\n";
	static struct quoin_conf conf;
	const int r = quoin_conf_parse(quoin_span_str(words), "/etc/quoin/quoin.conf", &conf, NULL);

	quoin_conf_clear(&conf);
	return r;
}

static int
policy(void)
{
	static const char words[] =
	    "{\"serving\": {\"ready_percent\": 90}, \"reach\": [{\"percent\": 5}, {\"percent\": 100}]}";
	static struct quoin_policy policy;
	struct quoin_json_doc *doc = NULL;
	int r;

	quoin_policy_init(&policy);
	r = quoin_json_parse(quoin_span_str(words), &doc, NULL);
	if (r == 0)
		r = quoin_policy_read(doc, "policy.json", &policy, NULL);
	quoin_json_free(doc);
	return r;
}

static int
key_file(void)
{
	static struct quoin_public_key key;
	struct quoin_buf out;
	int r;

	quoin_buf_init(&out, 4096);
	r = quoin_public_key_parse(quoin_buf_span(&text), &key, NULL);
	if (r == 0)
		r = quoin_public_key_print(&key, "a comment", &out);
	quoin_buf_clear(&out);
	return r;
}

static int
ledger(void)
{
	static struct quoin_release release;
	struct quoin_ledger folded;
	struct quoin_hash hash;
	int r;

	quoin_ledger_init(&folded);
	quoin_hash_of(quoin_buf_span(&text), &hash);
	r = quoin_release_parse(quoin_buf_span(&text), &release, NULL);
	if (r == 0) {
		r = quoin_ledger_admit_release(&folded, &release, &hash, NULL);
		quoin_release_clear(&release);
	}
	quoin_ledger_clear(&folded);
	return r;
}

static void
small_things(void)
{
	try_all("quoin.conf", configuration);
	try_all("policy.json", policy);
	read_text("tests/vectors/minisign-encrypted.pub");
	try_all("a public key", key_file);
	read_text("tests/vectors/release.txt");
	try_all("a ledger", ledger);
}

static struct quoin_ruleset ruleset;

static int
parts(void)
{
	const struct quoin_span none = {0};
	struct quoin_buf rules, models, routes;
	int r;

	quoin_buf_init(&rules, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&models, QUOIN_PART_BYTES_MAX);
	quoin_buf_init(&routes, QUOIN_PART_BYTES_MAX);
	r = quoin_rules_encode(&ruleset, none, &rules, NULL);
	if (r == 0)
		r = quoin_models_encode(&ruleset, quoin_buf_span(&rules), none, &models, NULL);
	if (r == 0)
		r = quoin_routes_encode(quoin_buf_span(&models), &routes, NULL);
	quoin_buf_clear(&rules);
	quoin_buf_clear(&models);
	quoin_buf_clear(&routes);
	return r;
}

static int
source(void)
{
	struct quoin_ruleset copy = {0};
	struct quoin_buf out;
	int r;

	quoin_buf_init(&out, QUOIN_PART_BYTES_MAX);
	r = quoin_source_print(&ruleset, &out);
	if (r == 0)
		r = quoin_source_read(quoin_buf_span(&out), &copy, NULL);
	quoin_ruleset_clear(&copy);
	quoin_buf_clear(&out);
	return r;
}

static void
compiled_parts(void)
{
	struct dice dice = {.state = 11};

	rulesets_random(&dice, &ruleset);
	try_all("rules, models and routes", parts);
	try_all("source", source);
	quoin_ruleset_clear(&ruleset);
}

/* ---- The store ---- */

static const struct workload_script *const script = &workload_brief;

#define ENDED_CLEAN 10
#define ENDED_WELL  11

/* The step that fails is tried again, with memory, and everything after it. */
_Noreturn static void
store_child(const char *live, size_t at)
{
	struct workload workload = {.script = script, .state = live};
	uint64_t last = 0;
	size_t failures;
	int r;

	(void)alarm(20);
	powerlog_start(live, -1, 0);
	memory_fail(at, false);
	r = workload_run(&workload, 1, &last);
	failures = memory_failures();
	if (r != 0 && r != QUOIN_ENOMEM) {
		fprintf(stderr, "step %llu: %s\n", (unsigned long long)last + 1, workload.err.message);
		_exit(1);
	}
	if (r != 0 &&
	    ((workload.store == NULL && last > 0 && workload_reopen(&workload) != 0) ||
		workload_run(&workload, last + 1, &last) != 0)) {
		fprintf(stderr, "step %llu, tried again: %s\n", (unsigned long long)last + 1, workload.err.message);
		_exit(2);
	}
	quoin_store_close(workload.store);
	if (memory_live() > 0) {
		fprintf(stderr, "%ld allocations are not freed\n", memory_live());
		_exit(3);
	}
	_exit(failures == 0 ? ENDED_CLEAN : ENDED_WELL);
}

static void
store(void)
{
	static struct oracle oracle;
	char live[256];
	int status = ENDED_WELL;
	size_t at;

	(void)alarm(0); /* every child has a limit of its own */
	CHECK_INT(quoin_crypto_init(), 0);
	workload_prepare(script);
	(void)snprintf(live, sizeof live, "%s/live", check_dir());
	for (at = 1; status == ENDED_WELL; at++) {
		pid_t pid;

		CHECK_INT(quoin_tree_remove(live, NULL), 0);
		CHECK_INT(mkdir(live, 0750), 0);
		pid = fork();
		CHECK(pid != -1);
		if (pid == 0)
			store_child(live, at);
		CHECK(waitpid(pid, &status, 0) == pid);
		if (WIFSIGNALED(status))
			check_fail(__FILE__, __LINE__, "allocation %zu failed: ended by signal %d", at,
			    WTERMSIG(status));
		status = WEXITSTATUS(status);
		if (status != ENDED_WELL && status != ENDED_CLEAN)
			check_fail(__FILE__, __LINE__, "allocation %zu failed: see above (%d)", at, status);
		oracle.script = script;
		oracle.acked = oracle.in_flight = script->count;
		if (!oracle_judge(&oracle, live))
			check_fail(__FILE__, __LINE__, "allocation %zu failed: %s", at, oracle.text);
	}
	CHECK(at > 50);
	fprintf(stderr, "%zu allocations\n", at - 2);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"fault/memory: documents", documents},
	    {"fault/memory: small things", small_things},
	    {"fault/memory: compiled parts", compiled_parts},
	    {"fault/memory: store", store},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
