/* quoin-gate(8): the gate as a program. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/log.h"
#include "publisher/control.h"
#include "publisher/gate.h"
#include "publisher/keyring.h"

#define TURN_MS 1000

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: quoin-gate [-c FILE] [--check-config]\n\n"
	    "Decides which release may become active, from what is asked for and what hosts report.\n"
	    "Several may run; one acts. The manual is quoin-gate(8).\n\n"
	    "  -c FILE         configuration; else $QUOIN_CONF, ./quoin.conf, /etc/quoin/quoin.conf\n"
	    "  --check-config  read the configuration, keys and root, say whether they are good, and end\n"
	    "  --help          this text\n");
}

static int
fail(const struct quoin_error *err)
{
	char text[QUOIN_ERROR_FILE_BYTES + QUOIN_ERROR_MESSAGE_BYTES + 32];

	quoin_error_print(err, text, sizeof text);
	fprintf(stderr, "quoin-gate: %s\n", text);
	return quoin_error_exit_status(err->code);
}

static const char *
find_conf(const char *given)
{
	static const char *const places[] = {"./quoin.conf", "/etc/quoin/quoin.conf"};

	if (given == NULL)
		given = getenv("QUOIN_CONF");
	for (size_t i = 0; given == NULL && i < sizeof places / sizeof places[0]; i++)
		if (quoin_file_exists(places[i]))
			given = places[i];
	return given;
}

static int
read_conf(const char *path, struct quoin_conf *ret, struct quoin_error *err)
{
	struct quoin_buf text;
	int r;

	if (path == NULL)
		return quoin_error_set(err, QUOIN_ECONFIG,
		    "no configuration; give -c FILE, set QUOIN_CONF, or make ./quoin.conf or /etc/quoin/quoin.conf");
	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	r = quoin_file_read(path, &text, err);
	if (r == 0)
		r = quoin_conf_parse(quoin_buf_span(&text), path, ret, err);
	else if (r == QUOIN_ENOENT)
		r = quoin_error_set(err, QUOIN_ECONFIG, "there is no configuration %s", path);
	else if (quoin_error_class(r) == QUOIN_CLASS_DATA) /* a directory, or far too large */
		r = err->code = QUOIN_ECONFIG;
	quoin_buf_clear(&text);
	return r;
}

/* sd_notify(3) in so many words: one datagram to the socket that systemd named. */
static void
notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* The signals that end the process cleanly, as a descriptor; threads made later inherit the mask. */
static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Whether to end. */
static bool
is_stopped(int fd, struct quoin_gate *gate)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGHUP)
			return true;
		quoin_gate_reload(gate);
	}
	return false;
}

static int
run(const struct quoin_conf *conf, struct quoin_error *err)
{
	int signals = open_signals(), r = 0;
	struct quoin_gate *gate = NULL;
	bool is_ready = false;

	if (signals < 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot take signals");
	r = quoin_gate_open(conf, &gate, err);
	if (r == 0)
		quoin_log(QUOIN_LOG_INFO, "started", "namespace=%s", conf->namespace_name);
	while (r == 0 && !is_stopped(signals, gate)) {
		r = quoin_gate_turn(gate, TURN_MS, signals, err);
		if (!is_ready && quoin_gate_is_ready(gate)) {
			is_ready = true;
			notify("READY=1");
		}
	}
	notify("STOPPING=1");
	if (r == 0) {
		quoin_gate_resign(gate);
		quoin_log(QUOIN_LOG_INFO, "stopped", NULL);
	} else if (gate != NULL) {
		quoin_log_error(QUOIN_LOG_ERROR, "ended", err, NULL);
	}
	quoin_gate_close(gate);
	close(signals);
	return r;
}

/* A gate whose key is no gate's takes over, and nobody hears it. Only a newer root, on the control topic, could name it. */
static void
warn_of_keys(const struct quoin_conf *conf)
{
	struct quoin_control *control = calloc(1, sizeof *control);
	struct quoin_keyring keyring = {0};
	bool is_named = false;

	if (control != NULL && quoin_control_init(control, conf, NULL) == 0) {
		if (quoin_keyring_load(conf, QUOIN_ROLE_GATE, false, &keyring, NULL) == 0) {
			for (size_t i = 0; i < keyring.count; i++)
				for (size_t k = 0; k < control->trust.root.key_count; k++)
					is_named = is_named || (control->trust.root.keys[k].roles[QUOIN_ROLE_GATE] &&
					    memcmp(control->trust.root.keys[k].key, keyring.keys[i].public_key.key,
						QUOIN_PUBLIC_KEY_BYTES) == 0);
			if (!is_named)
				fprintf(stderr, "quoin-gate: warning: no gate key in %s is of the role gate in the pinned "
				    "root; unless a newer root names it, hosts obey nothing that this gate signs\n",
				    conf->keys);
		}
		quoin_keyring_clear(&keyring);
		quoin_control_clear(control);
	}
	free(control);
}

static int
check(const struct quoin_conf *conf, struct quoin_error *err)
{
	struct quoin_conf quiet = *conf;
	struct quoin_gate *gate = NULL;
	int r;

	/* The one that runs may have the address. */
	quiet.metrics_listen[0] = '\0';
	r = quoin_gate_open(&quiet, &gate, err);
	quoin_gate_close(gate);
	if (r == 0)
		warn_of_keys(conf);
	if (r == 0)
		printf("%s: good for the gate of namespace %s\n", conf->file, conf->namespace_name);
	return r;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"check-config", no_argument, NULL, 'k'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct quoin_conf conf = {0};
	struct quoin_error err = {0};
	const char *path = NULL;
	bool is_check = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (c == 'h') {
			print_usage(stdout);
			return 0;
		}
		if (c == 'c')
			path = optarg;
		else if (c == 'k')
			is_check = true;
		else
			return 2;
	}
	if (optind < argc) {
		fprintf(stderr, "quoin-gate: %s: there are no arguments; quoin-gate --help\n", argv[optind]);
		return 2;
	}
	if (quoin_crypto_init() != 0) {
		fprintf(stderr, "quoin-gate: the cryptographic library does not start\n");
		return 1;
	}
	r = read_conf(find_conf(path), &conf, &err);
	if (r == 0)
		r = is_check ? check(&conf, &err) : run(&conf, &err);
	if (r != 0)
		r = fail(&err);
	quoin_conf_clear(&conf);
	return r;
}
