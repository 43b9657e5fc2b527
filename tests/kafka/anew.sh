#!/bin/sh
# Topics that were deleted and made anew look healthy to a Kafka client. Hosts notice and serve on; a gate decides nothing on
# what is left; commands say so and write nothing that would fork the chains; blobs are sent again by the next publication.
# What was exported before brings everything back: init, import, and the gate acts again.
. "$(dirname "$0")/lib.sh"
kafka_up
use() {
	ns=$1-$$ site=$work/$1-$$
	export QUOIN_CONF="$site/quoin.conf"
}
begin() {
	make_namespace "$1"
	make_host router router
	start_gate
	start_agent router
	echo '{"drain_ms": 200}' >policy.json
	for n in 1 2 3; do
		echo "$1 $n" >words
		quoin -q publish --part words=words --policy policy.json --wait=30 || give_up "$1" "no release $n"
		quoin -q export $n "$site/out-$n" || give_up "$1" "release $n cannot be exported"
	done
	within 20 is_settled || give_up "$1" "it does not settle"
	rm -r "$site/out-3"
	quoin -q export 3 "$site/out-3" || give_up "$1" "release 3 cannot be exported"
}
no_alarms() { [ "$(status ".alarms | length")" = 0 ]; }
is_settled() { [ "$(status '[.rollout.state, ([.live[].release] | tojson), ([.hosts[].obeyed] | unique | tojson)] | join(" ")')" = "none [2,3] [$(status .seq)]" ]; }
router_runs() { [ "$(status '.hosts[] | select(.host == "'"${2:-router}"'") | .active')" = "$1" ]; }
router_is_fresh() { [ "$(status '.hosts[0].stale')" = false ]; }
router_lives() { kill -0 "$(pid_of router)" && ! log_has router 'event=serving .*release=0'; }
for topic in control gate blobs; do begin $topic; done
use gate
heartbeat=$(status .gate.heartbeat)
for topic in control gate blobs; do
	use $topic
	"$broker" topic-delete "$kafka" $ns.$topic || give_up "$topic" "it cannot be deleted"
done

# ---- while they are away
use control
check_exit control-away 2 quoin publish --part words=words
check_has control-away-says "$ns.control" cat check.out
check control-away-router router_lives
for topic in control gate blobs; do
	use $topic
	check_exit "$topic-init" 0 quoin --json init --no-passphrase
	check "$topic-made" test "$(jq -c '[.topics[] | select(.made) | .topic]' check.out)" = "[\"$ns.$topic\"]"
done

# ---- control: the chains of releases and intents are gone
use control
check control-router-alarm within 40 log_has router 'event=alarm code=EINCARNATION .*the control topic'
check control-router-serves router_lives
check control-gate-ends within 40 is_gone "$(pid_of gate)"
check control-gate-said log_has gate 'EINCARNATION'
rogue list $ns.control >before
check_has control-status "ALARM    the control topic ends at release 0 and intent 0, and the gate has seen 3 and 0" quoin status
check control-status-json test "$(status '.alarms | length')" = 1
check control-status-active test "$(status .active)" = 3
echo another >words
check_exit control-publish 5 quoin publish --part words=words
check_has control-publish-says "it was deleted and made anew" cat check.out
check_exit control-freeze 5 quoin freeze
check_exit control-rollback 5 quoin rollback
rogue list $ns.control >after
check control-nothing-written cmp before after
start_gate
check control-gate-refuses within 30 log_has gate 'event=alarm .*the control topic ends at release 0 and intent 0, and the newest activation has seen 3'
activations() { rogue list $ns.gate | grep -c 'activation/'; }
check control-no-activation test "$(activations)" = "$(status .seq)"
# What was exported is put back, and everything goes on.
for n in 1 2 3; do check_exit control-import-$n 0 quoin --json import "$site/out-$n"; done
check control-imported test "$(jq -c '[.release, .written, .activation]' check.out)" = '[3,true,"held"]'
check control-alarm-ends within 20 no_alarms
echo "control 4" >words
check_exit control-publish-again 0 quoin --json publish --part words=words --wait=30
check control-number test "$(jq .release check.out)" = 4
# Certificates are not in an export: hosts are enrolled again, with the keys that they have.
check control-enrol quoin -q enrol router --role router --out "$site/router/identity"
check control-router-follows within 20 router_runs 4
check control-router-fresh within 20 router_is_fresh
check_exit control-import-again 0 quoin --json import "$site/out-3"
check control-import-nothing test "$(jq -c '[.release, .written, .activation, .bytes.full]' check.out)" = '[3,false,"held",0]'

# ---- gate: the chain of activations is gone
use gate
check gate-router-alarm within 40 log_has router 'event=alarm code=EINCARNATION .*the gate topic'
check gate-router-serves router_lives
check gate-gate-ends within 40 is_gone "$(pid_of gate)"
start_gate
check gate-gate-refuses within 30 log_has gate 'event=alarm .*router obeys activation 1/[0-9]*, which the gate topic does not have'
check_has gate-status "ALARM    router obeys activation 1/" quoin status
check gate-status-json test "$(status '.alarms | length')" = 1
echo another >words
check_exit gate-publish 6 quoin -q publish --part words=words --wait=3
check gate-router-stays router_runs 3
check gate-no-activation test "$(activations)" = 0

# An export from before the fleet's newest activation would fork the chain.
check_exit gate-import-old 5 quoin import "$site/out-1"
check_has gate-import-old-says "which no gate would act on" cat check.out
check gate-still-none test "$(activations)" = 0
# Nobody has a newer export: the router's own store has the activation, and the bus the parts that it does not hold.
check_exit gate-held 0 quoin -c "$site/router/quoin.conf" export --store "$site/held"
rm "$site/held/parts/words"
check_exit gate-import 0 quoin --json import "$site/held"
check gate-imported test "$(jq -c '[.release, .written, .activation]' check.out)" = '[3,false,"written"]'
echo "gate 4" >words
check_exit gate-publish-again 0 quoin -q publish --part words=words --wait=30
check gate-router-follows within 20 router_runs 5
check gate-router-fresh within 20 router_is_fresh
check gate-heartbeats-go-on test "$(status .gate.heartbeat)" -gt "$heartbeat"
check gate-no-alarm test "$(status '.alarms | length')" = 0
check_exit gate-import-acting 0 quoin --json import "$site/out-3"
check gate-import-held test "$(jq -r .activation check.out)" = held

# ---- blobs: bodies are gone; who has them serves them, who comes anew waits and says for what
use blobs
check blobs-serves router_runs 3
make_host router-2 router
start_agent router-2
says_missing() { [ "$(status '.hosts[] | select(.host == "router-2") | .reason' | grep -c 'has no record with the key')" = 1 ]; }
check blobs-new-host-says within 30 says_missing
echo "blobs 4" >words
check_exit blobs-publish 0 quoin -q publish --part words=words --wait=30
check blobs-router within 20 router_runs 4
check blobs-new-host within 20 router_runs 4 router-2
# A release whose bodies are gone gets them back.
check_exit blobs-import 0 quoin --json import "$site/out-3"
check blobs-import-sent test "$(jq -c '[.written, .bytes.full > 0, .bytes.reused]' check.out)" = '[false,true,0]'
# The old content again: its chunks are gone, so they are sent.
echo "blobs 1" >words
check_exit blobs-old 0 quoin --json publish --part words=words --wait=30
check blobs-old-sent test "$(jq '.bytes.full > 0 and .bytes.reused == 0' check.out)" = true
check blobs-no-alarm test "$(status '.alarms | length')" = 0
