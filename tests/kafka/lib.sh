# What the tests on real Apache Kafka share; sourced by them. On top of tests/integration/lib.sh: a broker, namespaces on it,
# and their processes.
#
# Each script may be run alone; it then starts a broker of its own, of $QUOIN_KAFKA_VERSION (4.1.1). tests/kafka/all starts one
# for all of them and names its directory in $QUOIN_KAFKA_DIR. Namespaces keep the scripts apart.
. "$(dirname "$0")/../integration/lib.sh"
suite=kafka-${QUOIN_KAFKA_VERSION:-4.1.1}/$suite
broker=$top/tests/kafka/broker
# Whoever runs several of us owns the broker.
[ -n "${QUOIN_KAFKA_DIR:-}" ] || export QUOIN_BROKER_OWNER=$$

# A skip that continuous integration must not have: there, the registries are at hand.
skip_all() {
	if [ "${QUOIN_CI:-}" = 1 ]; then
		echo "not ok $suite: $1"
		exit 1
	fi
	echo "skip $suite: $1"
	exit 0
}

# kafka_up: sets $kafka (the broker's directory) and $bootstrap.
kafka_up() {
	kafka=${QUOIN_KAFKA_DIR:-$work/kafka}
	if [ -z "${QUOIN_KAFKA_DIR:-}" ]; then
		trap 'QUOIN_BROKER_OWNER= "$broker" kill "$kafka" >/dev/null 2>&1; finish' EXIT
		"$broker" start "$kafka" >"$work/broker.out" 2>&1
		case $? in
		0) ;;
		77) skip_all "$(tail -n 1 "$work/broker.out")" ;;
		*) give_up broker "$(tail -n 3 "$work/broker.out" | tr '\n' ' ')" ;;
		esac
	fi
	bootstrap=$(cat "$kafka/bootstrap")
}
rogue() {
	rogue_verb=$1
	shift
	"$build/tests/kafka/rogue" "$bootstrap" "$rogue_verb" "$@"
}
restart_broker() { "$broker" restart "$kafka" >/dev/null || give_up broker "it does not come back"; }

# write_conf FILE [LINE]...: a configuration of the namespace $ns, in its directory $site.
write_conf() {
	conf_file=$1
	shift
	{
		printf 'namespace = %s\nroot = %s/root.txt\nkafka.bootstrap.servers = %s\n' "$ns" "$site" "$bootstrap"
		for line; do printf '%s\n' "$line"; done
	} >"$conf_file"
}

# make_namespace NAME: "NAME-<process>", so that a broker may see a script twice: its topics, keys and root; sets $ns, $site and QUOIN_CONF.
make_namespace() {
	ns=$1-$$
	site=$work/$ns
	mkdir -p "$site"
	write_conf "$site/quoin.conf" "keys = keys" "state = router/state"
	write_conf "$site/gate.conf" "keys = keys" "gate.heartbeat_ms = 500" "lease.ms = 60000"
	export QUOIN_CONF="$site/quoin.conf"
	quoin -q init --no-passphrase >"$work/check.out" 2>&1 || give_up init "$(cat "$work/check.out")"
}

# make_host NAME ROLE [SHARD]: certificate and configuration of a host. Serving hosts load through $site/NAME/load, which
# succeeds and notes what it was given until a test replaces it.
make_host() {
	mkdir -p "$site/$1"
	quoin -q enrol "$1" --role "$2" ${3:+--shard "$3"} --out "$site/$1/identity" >"$work/check.out" 2>&1 ||
	    give_up enrol "$(cat "$work/check.out")"
	if [ "$2" = serving ]; then
		printf '#!/bin/sh\necho "$1@$2" >>"%s/loaded"\n' "$site/$1" >"$site/$1/load"
		printf '#!/bin/sh\necho "$1@$2" >>"%s/unloaded"\n' "$site/$1" >"$site/$1/unload"
		chmod +x "$site/$1/load" "$site/$1/unload"
		set -- "$1" "hook.load = load" "hook.unload = unload"
	else
		set -- "$1"
	fi
	host=$1
	shift
	write_conf "$site/$host/quoin.conf" "identity = identity" "state = state" "status.interval_ms = 1000" \
	    "start.wait_ms = 3000" "lease.ms = 60000" "$@"
}

# sign FILE ROLE [OPTION]...: with stock minisign and the key of this role in $site, to FILE.minisig.
sign() {
	sign_file=$1 sign_role=$2
	shift 2
	minisign -S -s "$site/keys/$sign_role.key" -m "$sign_file" -x "$sign_file.minisig" "$@" >/dev/null 2>&1 </dev/null ||
	    give_up sign "minisign cannot sign $sign_file"
}
hash_of() { b2sum -l 256 "$1" | cut -c 1-64; }

# The processes of a namespace: start_gate [NAME], start_agent HOST; their ids are kept, and kill_one NAME [SIGNAL] ends them.
start_gate() {
	start "$ns-${1:-gate}" quoin-gate -c "$site/gate.conf"
	eval "pid_$(echo "$ns-${1:-gate}" | tr - _)=$pid"
}
start_agent() {
	start "$ns-$1" quoind -c "$site/$1/quoin.conf"
	eval "pid_$(echo "$ns-$1" | tr - _)=$pid"
}
pid_of() { eval "echo \$pid_$(echo "$ns-$1" | tr - _)"; }
kill_one() {
	kill "-${2:-KILL}" "$(pid_of "$1")"
	wait "$(pid_of "$1")" 2>/dev/null
}

# make_rules: examples/payments with one host per shard, in $site/rules.
make_rules() {
	cp -r "$top/examples/payments" "$site/rules"
	jq 'map_values(.hosts = .hosts[0:1])' "$top/examples/payments/shards.json" >"$site/rules/shards.json"
	echo '{"drain_ms": 200}' >"$site/rules/policy.json"
}
# change_config N: another release; only the fraud objective's timeout differs.
change_config() {
	jq ".PaymentFraudDetection.config.timeoutMs = $1" "$top/examples/payments/objectives.json" >"$site/rules/objectives.json"
	rm -f "$site/rules/payments.test.json"
}

# make_fleet: a gate, one serving host per shard, a router; all running.
make_fleet() {
	make_rules
	make_host fraud-a-01 serving fraud-a
	make_host fraud-b-01 serving fraud-b
	make_host router router
	start_gate
	start_agent fraud-a-01
	start_agent fraud-b-01
	start_agent router
}
stop_fleet() {
	for one in router fraud-a-01 fraud-b-01 gate; do kill "$(pid_of $one)" 2>/dev/null; done
}

# What the router's store answers: the config's timeoutMs, and the release.
timeout_of() { quoin --json resolve PaymentFraudDetection 2>/dev/null | jq -r .config.timeoutMs; }
release_of() { quoin --json resolve PaymentFraudDetection 2>/dev/null | jq -r .release; }
runs() { [ "$(release_of)" = "$1" ]; }
answers() { [ "$(timeout_of)" = "$1" ]; }
hosts_are_well() { [ "$(status '[.hosts[] | select(.state == "active" or .state == "ready")] | length')" = "${1:-3}" ]; }
log_has() { grep -q -- "$2" "$work/$ns-$1.log"; }
