#!/bin/sh
# What is served outlives everything upstream; and everything comes back by itself: broker stopped, broker killed, gate and
# agents killed at several points, a cold start with the broker dead.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace outage
make_fleet
quoin -q publish "$site/rules" --wait=60 || give_up publish "no first release"
within 10 runs 1 || give_up publish "the router does not run release 1"
# gate_acts N: it has sent a heartbeat after the N-th.
gate_acts() { [ "$(status .gate.heartbeat)" -gt "$1" ]; }
publish_config() {
	change_config "$2"
	check_exit "$1" 0 quoin -q publish "$site/rules" --wait=60
	check "$1-answers" within 10 answers "$2"
}

# ---- the broker is stopped, and comes back with the same data
"$broker" stop "$kafka"
check stopped-serves runs 1
# Commands take their time to be sure that nobody answers.
mkdir nobody
printf 'namespace = nobody\nroot = root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\n' "$bootstrap" >nobody/quoin.conf
start init quoin -c nobody/quoin.conf init --no-passphrase
init=$pid
start publish quoin -q publish "$site/rules"
wait $pid
check stopped-publish test $? -eq 6
check_has stopped-publish-says "$bootstrap" cat publish.log
wait $init
check stopped-init test $? -eq 6
check_has stopped-init-says "$bootstrap" cat init.log
check stopped-init-makes-nothing test "$(ls nobody)" = quoin.conf
check stopped-still-serves answers 250
is_stale() { [ "$(quoin --json resolve PaymentFraudDetection | jq .stale)" = true ]; }
check stopped-says-stale within 40 is_stale
for one in gate router fraud-a-01 fraud-b-01; do check "stopped-$one-lives" kill -0 "$(pid_of $one)"; done
restart_broker
publish_config restarted 410
check restarted-well within 15 hosts_are_well
not_stale() { [ "$(quoin --json resolve PaymentFraudDetection | jq .stale)" = false ]; }
check restarted-fresh within 15 not_stale

# ---- the broker is killed
"$broker" kill "$kafka"
check killed-serves answers 410
restart_broker
publish_config killed 420
for one in gate router fraud-a-01 fraud-b-01; do check "killed-$one-lives" kill -0 "$(pid_of $one)"; done

# ---- kill -9 of the gate, idle
kill_one gate
check gateless-serves answers 420
change_config 430
check_exit gateless-publish 6 quoin -q publish "$site/rules" --wait=3
check gateless-not-active answers 420
start_gate
check gate-back within 30 answers 430

# ---- kill -9 of the gate, in the middle of a rollout: a host is still loading
printf '#!/bin/sh\necho slow >>"%s/slow"\nwhile [ ! -e "%s/go" ]; do sleep 0.1; done\n' "$site" "$site" >"$site/fraud-b-01/load"
jq '."fraud-sequence".version = "2"' "$top/examples/payments/models.json" >"$site/rules/models.json"
sed -i 's/"fraud-sequence", version: "1"/"fraud-sequence", version: "2"/' "$site/rules/rules.js"
change_config 440
quoin -q publish "$site/rules" || not_ok slow-published "it is refused"
check slow-loading within 20 test -e "$site/slow"
check slow-holds answers 430
kill_one gate
heartbeat=$(status .gate.heartbeat)
start_gate
check slow-gate-acts within 30 gate_acts "$heartbeat"
check slow-still-holds answers 430
# and of the host that loads
kill_one fraud-b-01
rm "$site/slow"
start_agent fraud-b-01
check slow-asked-again within 20 test -e "$site/slow"
check slow-holds-after-kills answers 430
# and of the router, which has staged it
kill_one router
check routerless-serves answers 430
start_agent router
touch "$site/go"
check slow-active within 40 answers 440
check slow-well within 15 hosts_are_well

# ---- kill -9 of everything at once, just after a release was committed
change_config 450
quoin -q publish "$site/rules" || not_ok all-published "it is refused"
for one in gate router fraud-a-01 fraud-b-01; do kill -9 "$(pid_of $one)"; done
check all-dead-serves test "$(timeout_of)" -ge 440
start_gate
for one in router fraud-a-01 fraud-b-01; do start_agent $one; done
check all-back within 40 answers 450

# ---- two gates: one acts; when it dies, the other does
start_gate standby
kill_one gate
change_config 460
quoin -q publish "$site/rules" || not_ok standby-published "it is refused"
check standby-takes-over within 30 answers 460
activations() { rogue list $ns.gate | grep -o 'activation/[0-9]*' | sort; }
activations >twice
check no-activation-twice test -z "$(uniq -d twice)"

# ---- a cold start with everything dead
for one in router fraud-a-01 fraud-b-01 standby; do kill_one $one; done
"$broker" kill "$kafka"
check dead-serves answers 460
start_agent router
check cold-serving within 20 log_has router 'event=serving .*stale=1'
check cold-answers answers 460
restart_broker
start_gate
for one in fraud-a-01 fraud-b-01; do start_agent $one; done
publish_config cold-publish 470
check cold-well within 15 hosts_are_well
