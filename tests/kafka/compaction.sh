#!/bin/sh
# Compaction that really ran, on every topic that has to outlive it: who comes later finds what counts, and parts whose place
# is not where the release says are found all the same.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace compaction
for topic in control gate blobs status; do
	"$broker" topic-config "$kafka" $ns.$topic segment.ms=1000 min.compaction.lag.ms=0 max.compaction.lag.ms=1500 \
	    min.cleanable.dirty.ratio=0.01 delete.retention.ms=100 || give_up settings "they cannot be changed"
done
make_fleet
for n in 1 2 3 4; do
	change_config 30$n
	quoin -q publish "$site/rules" -m "release $n" --wait=60 || give_up publish "no release $n"
done
beats=$(status .gate.heartbeat)
quoin -q rollback 2 --wait=30 || give_up rollback "it fails"
quoin -q rollback 1 --wait=30 || give_up rollback "it fails"
quoin -q publish "$site/rules" -m "release 5" --wait=60 || give_up publish "no release 5"
within 10 answers 304 || give_up publish "the router does not run release 5"

# What is there twice: every chunk again, so that the place which the releases name is swept away; certificates; heartbeats
# come by themselves. And what means nothing.
rogue list $ns.blobs | awk '$2 != "incarnation" { print $2 }' >chunks
while read -r key; do rogue copy $ns.blobs "$key" $ns.blobs "$key" || give_up copy "no chunk $key"; done <chunks
for host in router fraud-a-01 fraud-b-01; do
	quoin -q enrol $host --role "$([ $host = router ] && echo router || echo serving)" \
	    $([ $host = router ] || echo --shard ${host%-01}) --out "$site/$host/identity" || give_up enrol "it fails"
done
for topic in control blobs; do rogue fill $ns.$topic 100 2000; done

# The cleaner works on segments that are closed, and a segment is closed when something is written after its time.
first_of() { awk -v key="$2" '$2 == key { print $1; exit }' "$work/$1.listed"; }
swept() {
	for topic in control gate blobs; do
		rogue list $ns.$topic >"$work/$topic.listed"
	done
	rogue fill $ns.control 1 10; rogue fill $ns.blobs 1 10
	[ "$(grep -c junk/1 control.listed)" -le 1 ] && [ "$(grep -c ' cert/router ' control.listed)" = 1 ] &&
	    [ "$(grep -c heartbeat gate.listed)" -lt "$((($(status .gate.heartbeat) - beats) / 2))" ] &&
	    [ "$(grep -c "$(head -n 1 chunks)" blobs.listed)" = 1 ]
}
swept_in_time() { for i in $(seq 60); do swept && return; sleep 0.5; done; return 1; }
check ran swept_in_time
for topic in control gate blobs; do
	check "ran-holes-$topic" awk 'NR > 1 && $1 > last + 3 { holes++ } { last = $1 } END { exit holes == 0 }' $topic.listed
	check "ran-keeps-incarnation-$topic" test "$(first_of $topic incarnation)" = 0
done
rogue get $ns.control release/5 five
place=$(awk '$1 == "chunk" { print $4; exit }' five)
check ran-place-is-swept test "$(awk -v at="$place" '$1 == at { print $2 }' blobs.listed)" = ""

# ---- who was there
check served answers 304
check well within 15 hosts_are_well
check log test "$(quoin --json log | jq -c '[.releases[].release]')" = '[5,4,3,2,1]'
check intents test "$(quoin --json log | jq -c '.intents | length')" = 2
check_exit export 0 quoin export 4 out
check_exit export-verifies 0 quoin verify out

# ---- who comes now
make_host router-2 router
start_agent router-2
new_host_runs() { [ "$(status '.hosts[] | select(.host == "router-2") | .active')" = "$1" ]; }
check new-host within 30 new_host_runs 5
rm -rf "$site/fraud-a-01/state" && kill_one fraud-a-01
rm -rf "$site/fraud-a-01/state" && start_agent fraud-a-01
check new-store within 30 hosts_are_well 4
kill_one gate
heartbeat=$(status .gate.heartbeat)
start_gate
gate_acts() { [ "$(status .gate.heartbeat)" -gt "$heartbeat" ]; }
check new-gate within 30 gate_acts
check_exit brake 0 quoin -q rollback 4 --wait=30
check brake-well within 15 hosts_are_well 4
change_config 306
check_exit publish 0 quoin --json publish "$site/rules" --wait=60
cp check.out next
check publish-is-6 test "$(jq .release next)" = 6
check publish-reuses test "$(jq '.bytes.reused > 0' next)" = true
check publish-answers within 10 answers 306
check publish-new-host within 10 new_host_runs 6
