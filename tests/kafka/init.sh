#!/bin/sh
# quoin init on real Apache Kafka: topics with the settings that Quoin needs, or a refusal that says what is wrong.
. "$(dirname "$0")/lib.sh"
kafka_up

# ---- made, and joined
make_namespace init
for topic in control gate blobs status; do
	check "made-$topic" rogue range $ns.$topic
	check "incarnation-$topic" rogue get $ns.$topic incarnation incarnation
	check_has "incarnation-names-$topic" "topic $topic" cat incarnation
done
check_has root-published "quoin-root-v1" sh -c "'$build/tests/kafka/rogue' $bootstrap get $ns.control root/1 root && cat root"
rogue list $ns.control >before
cp "$site/root.txt" root.before
check_exit again 0 quoin --json init --no-passphrase
check again-makes-nothing test "$(jq -c '[.new, .topics[].made] | unique' check.out)" = '[false]'
rogue list $ns.control >after
check again-writes-nothing cmp before after
check again-keeps-root cmp root.before "$site/root.txt"

# Another person, who was given the root and keys of their own, joins.
mkdir -p other/keys && cp "$site/root.txt" "$site/root.txt.minisig" other/
printf 'namespace = %s\nroot = root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\n' "$ns" "$bootstrap" >other/quoin.conf
check_has joined "joined namespace $ns" quoin -c other/quoin.conf init --no-passphrase

# A stranger with another root does not.
mkdir -p stranger
printf 'namespace = %s\nroot = root.txt\nkeys = keys\nkafka.bootstrap.servers = %s\n' "$ns" "$bootstrap" >stranger/quoin.conf
quoin -c stranger/quoin.conf init --no-passphrase >stranger.out 2>&1
check stranger-refused test $? -ne 0
rogue list $ns.control >after
check stranger-writes-nothing cmp before after

# ---- wrong settings
right="cleanup.policy=compact compression.type=uncompressed delete.retention.ms=604800000 max.compaction.lag.ms=86400000
message.timestamp.type=LogAppendTime min.cleanable.dirty.ratio=0.2 min.compaction.lag.ms=3600000 segment.bytes=134217728
segment.ms=3600000 unclean.leader.election.enable=false"
# wrong NAMESPACE TOPIC SETTING WRONG RIGHT: refused, naming all of them, and nothing made after it.
wrong() {
	ns=$1-$$ site=$work/$1-$$
	mkdir -p "$site"
	write_conf "$site/quoin.conf" "keys = keys"
	rogue topic "$ns.$2" $(echo $right | sed "s/$3=[^ ]*/$3=$4/") || give_up "$1" "cannot make the topic"
	check_exit "$1" 5 quoin -c "$site/quoin.conf" init --no-passphrase
	cp check.out said
	for word in "$2" "$3" "$4" "$5"; do check_has "$1-says-$word" "$word" cat said; done
	rogue list "$ns.$2" >listed
	check "$1-not-written" test ! -s listed
}
wrong init-delete control cleanup.policy delete compact
wrong init-retention gate delete.retention.ms 1000 604800000
# Statuses are compacted soon: whoever begins to read verifies all that are there.
wrong init-lag status min.compaction.lag.ms 3600000 "wanted is 0"
wrong init-clock blobs message.timestamp.type CreateTime LogAppendTime
check_exit init-clock-json 5 quoin -c "$site/quoin.conf" --json init --no-passphrase
check init-clock-json-code test "$(jq -r .error check.out)" = ECONFLICT

