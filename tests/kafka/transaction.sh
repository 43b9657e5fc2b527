#!/bin/sh
# Transactions that do not end well: a publisher dead or hung in the middle of its own, one that was aborted, a gate killed
# in its own. Nobody sees what was not committed, and the brake does not wait for anybody's time-out.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace transaction
make_fleet
quoin -q publish "$site/rules" --wait=60 || give_up publish "no first release"
change_config 300
quoin -q publish "$site/rules" --wait=60 || give_up publish "no second release"
within 10 answers 300 || give_up publish "the router does not run release 2"

# A release 3 that is signed and right in every respect; only the last step is missing.
change_config 310
quoin -q publish "$site/rules" --prepare prepared || give_up prepare "it fails"
sign prepared/release.txt release
signed="prepared/release.txt minisig=prepared/release.txt.minisig"
nobody_saw() {
	check "$1-head" test "$(status .head)" = 2
	check "$1-log" test "$(quoin --json log | jq '.releases | length')" = 2
	check "$1-show" test "$(quoin show 3 >/dev/null 2>&1; echo $?)" = 5
	for one in gate router fraud-a-01 fraud-b-01; do
		check "$1-$one" test "$(grep -cE 'release=3|head=3' "$work/$ns-$one.log")" = 0
	done
	check "$1-answers" answers 300
}

# ---- aborted
check abort rogue abort "quoin.$ns.publish" $ns.control release/3 $signed
check abort-is-in-the-log test "$(rogue range $ns.control | cut -d' ' -f2)" -gt "$(rogue list $ns.control | tail -n 1 | cut -d' ' -f1)"
# Something that comes after it is seen by all; so it is time that they would have seen it.
check_exit abort-freeze 0 quoin -q freeze --wait=20
check_exit abort-unfreeze 0 quoin -q unfreeze --wait=20
nobody_saw aborted

# ---- hung between begin and commit: alive, but stopped
start hung "$build/tests/kafka/rogue" "$bootstrap" hang "quoin.$ns.publish" $ns.control release/3 $signed
hung=$pid
check hung-open within 20 has_line hung.log open
kill -STOP $hung
nobody_saw hung
before=$(date +%s%N)
check_exit hung-brake 0 quoin -q rollback --wait=20
took=$((($(date +%s%N) - before) / 1000000))
# The transaction itself would last 30 s.
check "hung-brake-at-once" test $took -lt 8000
check hung-brake-answers answers 250
kill -9 $hung; kill -CONT $hung
check hung-forgotten test "$(status .head)" = 2

# ---- killed between begin and commit
start killed "$build/tests/kafka/rogue" "$bootstrap" hang "quoin.$ns.publish" $ns.control release/3 $signed
check killed-open within 20 has_line killed.log open
kill -9 $pid
before=$(date +%s%N)
check_exit killed-next 0 quoin --json publish "$site/rules" --wait=60
took=$((($(date +%s%N) - before) / 1000000))
cp check.out next
check killed-next-at-once test $took -lt 10000
check killed-next-is-3 test "$(jq .release next)" = 3
check killed-next-answers answers 310
check killed-no-fork test "$(status .refused_documents)" = 0
check killed-well within 10 hosts_are_well

# ---- publishers killed at any moment: the next one finds whole releases only
for ms in 15 30 45 60 80 100 120 150 200; do
	jq ".PaymentFraudDetection.config.timeoutMs = 1000 + $ms" "$top/examples/payments/objectives.json" >"$site/rules/objectives.json"
	timeout -s KILL "0.$(printf %03d $ms)" quoin -q publish "$site/rules" >/dev/null 2>&1
done
change_config 320
check_exit random-next 0 quoin --json publish "$site/rules" --wait=60
last=$(jq .release check.out)
check random-answers answers 320
check random-log test "$(quoin --json log | jq -c '[.releases[].release] | sort')" = "$(seq "$last" | jq -cs .)"
check random-none-refused test "$(status .refused_documents)" = 0

# ---- a gate killed in its transaction: the activation in it does not exist
kill_one gate
seq_before=$(status '.seq')
rogue get $ns.gate "activation/$seq_before" newest || not_ok gate-newest "activation $seq_before is not on the topic"
sed "s/^activation 1 .*/activation 1 $((seq_before + 1))/; s/^prev .*/prev 1 $seq_before $(hash_of newest)/" newest >forged
sign forged gate
start gate-hung "$build/tests/kafka/rogue" "$bootstrap" hang "quoin.$ns.gate" $ns.gate "activation/$((seq_before + 1))" forged minisig=forged.minisig
check gate-hung-open within 20 has_line gate-hung.log open
kill -9 $pid
check gate-hung-unseen test "$(status .seq)" = "$seq_before"
before=$(date +%s%N)
start_gate
check_exit gate-hung-brake 0 quoin -q rollback --wait=25
took=$((($(date +%s%N) - before) / 1000000))
check gate-hung-at-once test $took -lt 15000
check gate-hung-no-fork test "$(grep -c 'alarm\|fork' "$work/$ns-router.log")" = 0
# People's commands and the gate have transactions of their own: neither waits for the other's.
start both "$build/tests/kafka/rogue" "$bootstrap" hang "quoin.$ns.publish" $ns.control release/99 $signed
check both-open within 20 has_line both.log open
heartbeat=$(status .gate.heartbeat)
beats() { [ "$(status .gate.heartbeat)" -gt "$((heartbeat + 1))" ]; }
check both-heartbeats-go-on within 10 beats
kill -9 $pid
