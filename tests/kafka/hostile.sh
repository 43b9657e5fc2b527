#!/bin/sh
# Records of people who have no keys, or the wrong ones, or one that was stolen: each is refused with its reason in the logs of
# hosts and gate and in "quoin status", what is active stays, everybody lives. And the next honest publisher is served.
. "$(dirname "$0")/lib.sh"
kafka_up
make_namespace hostile
make_fleet
quoin -q publish "$site/rules" --wait=60 || give_up publish "no first release"
change_config 300
quoin -q publish "$site/rules" --wait=60 || give_up publish "no second release"
within 10 answers 300 || give_up publish "the router does not run release 2"

unharmed() {
	for one in gate router fraud-a-01 fraud-b-01; do kill -0 "$(pid_of $one)" || return 1; done
	answers 300 && runs 2
}
# refused NAME TOPIC REASON [CODE-OF-GATE]: the newest record of the topic was refused by router and gate, for this reason.
refused() {
	offset=$(($(rogue range "$ns.$2" | cut -d' ' -f2) - 1))
	check "$1-router" within 10 has_line "$work/$ns-router.log" "at $2 offset $offset: .*$3"
	check "$1-serving" within 10 has_line "$work/$ns-fraud-a-01.log" "at $2 offset $offset: .*$3"
	check "$1-unharmed" unharmed
}
gate_refused() { check "$1-gate" within 10 has_line "$work/$ns-gate.log" "event=refused .*\.$2 offset=$offset .*$3"; }
# attack NAME REASON KEY FILE [SIGNATURE]: a record on the control topic.
attack() {
	before=$(status .refused_documents)
	rogue put $ns.control "$3" "$4" ${5:+minisig="$5"} || give_up "$1" "it cannot be sent"
	refused "$1" control "$2"
	gate_refused "$1" control "$2"
	check "$1-status" test "$(status .refused_documents)" = $((before + 1))
	check_has "$1-status-reason" "$(echo "$2" | cut -d'*' -f1 | sed 's/\.$//')" quoin status
}

# ---- releases that are none
rogue get $ns.control release/2 genuine || give_up genuine "release 2 is not on the topic"
sed "s/^release 2/release 3/; s/^head .*/head 2 $(hash_of genuine)/; s/^message.*/message evil/" genuine >evil
attack unsigned "0 of 1 signatures" release/3 evil
sign evil release -l
attack legacy "0 of 1 signatures" release/3 evil evil.minisig
sign evil operate
attack wrong-role "signed by a key that has not the role release" release/3 evil evil.minisig
mkdir stranger
minisign -G -W -f -p stranger/key.pub -s stranger/key >/dev/null 2>&1
minisign -S -s stranger/key -m evil -x evil.minisig >/dev/null 2>&1
attack stranger "0 of 1 signatures" release/3 evil evil.minisig
sed 's/^namespace .*/namespace other/' evil >f && sign f release
attack namespace "the document is for namespace other" release/3 f f.minisig
sed 's/^system .*/system 000102030405060708090a0b0c0d0e0f/' evil >f && sign f release
attack system "the document is for system 0001020304" release/3 f f.minisig
sed 's/evil/evjl/' evil >f && sign evil release
attack flipped-bit "0 of 1 signatures" release/3 f evil.minisig
head -c 500 evil >f
attack truncated "0 of 1 signatures" release/3 f evil.minisig
sign f release
attack truncated-and-signed "the document is cut off" release/3 f f.minisig
head -c 700000 /dev/urandom >f
attack oversized "the document has 700000 bytes" release/3 f evil.minisig
attack wrong-key "signed by a key that has not the role operate" intent/1 genuine genuine.minisig
: >f
attack empty "the record has no document" release/3 f evil.minisig
# With the real release key: another content for a number that is taken, and one on top of a head that never was.
sed "s/^message.*/message twin/" genuine >f && sign f release
attack twin "release 2 exists with two contents" release/2 f f.minisig
sed "s/^head .*/head 2 $(hash_of stranger/key)/" evil >f && sign f release
attack no-such-head "release 2 exists with two contents" release/3 f f.minisig
# Taken away: the record, not what it said.
rogue delete $ns.control release/2
check deleted-unharmed unharmed
check deleted-still-head test "$(status .head)" -ge 1

# ---- activations and heartbeats
seq=$(status .seq)
rogue copy $ns.gate activation/2 $ns.gate activation/2 || give_up replay "activation 2 is not on the topic"
refused replayed gate "activation 1.2 is older than 1.$seq"
rogue get $ns.gate "activation/$seq" act
sed "s/^activation 1 .*/activation 1 $((seq + 1))/; s/^prev .*/prev 1 $seq $(hash_of act)/; s/^target .*/target 1/" act >next
sign next release
rogue put $ns.gate "activation/$((seq + 1))" next minisig=next.minisig
refused activation-role gate "signed by a key that has not the role gate"
gate_refused activation-role gate "signed by a key that has not the role gate"
rogue get $ns.gate heartbeat beat
sed 's/^heartbeat .*/heartbeat 99999999/' beat >f
rogue put $ns.gate heartbeat f minisig=beat.minisig
offset=$(rogue list $ns.gate | awk '$2 == "heartbeat" { print $1 }' | tail -n 1)
check heartbeat-flipped within 10 has_line "$work/$ns-router.log" "heartbeat at gate offset .*0 of 1 signatures"
check heartbeat-unharmed unharmed

# ---- statuses
head -c 5000 /dev/urandom >f
rogue put $ns.status status/fraud-a-01 f
check garbage-gate within 10 has_line "$work/$ns-gate.log" "event=refused .*\.status .*key=\"status/fraud-a-01\""
rogue copy $ns.status status/fraud-b-01 $ns.status status/fraud-a-01
rogue get $ns.status status/router s
sed 's/^runs .*/runs 1 '"$(hash_of genuine)"'/' s >f
rogue put $ns.status status/router f minisig=s.minisig cert=s.cert
check forged-gate within 10 has_line "$work/$ns-gate.log" "event=refused .*\.status .*key=\"status/router\""
rogue delete $ns.status status/router
check statuses-unharmed unharmed
check statuses-hosts within 10 hosts_are_well

# ---- parts: other bytes under the keys of what is served; a new host still finds the signed ones
rogue list $ns.blobs | awk '$2 != "incarnation" { print $2 }' >keys
head -c 2000 /dev/urandom >f
while read -r key; do rogue put $ns.blobs "$key" f; done <keys
make_host router-2 router
start_agent router-2
new_host_runs() { [ "$(status '.hosts[] | select(.host == "router-2") | .active')" = "$1" ]; }
check overwritten-new-host within 30 new_host_runs 2
check overwritten-unharmed unharmed

# ---- the honest go on
change_config 310
check_exit honest 0 quoin --json publish "$site/rules" --wait=60
check honest-is-3 test "$(jq .release check.out)" = 3
check honest-answers within 10 answers 310
check honest-well within 10 hosts_are_well 4
