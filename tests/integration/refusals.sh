#!/bin/sh
# What the command line refuses before anything happens, and what it says then.
. "$(dirname "$0")/lib.sh"
start_dev
seq 1 1000 >words
check_exit publish 0 quoin publish --part words=words --wait=60

# ---- another system's root: nothing on the topic counts, and nothing is sent
mkdir other
(cd other && exec quoin --json dev >../other.log 2>&1) &
pids="$pids $!"
within 90 has_line other.log '"bootstrap"' || give_up other "the other one is not up"
sed "s/^kafka.bootstrap.servers.*/kafka.bootstrap.servers = $bootstrap/" other/.quoin/quoin.conf >other/.quoin/ours.conf
for command in status log "show 1" "why dev-router" "publish --part words=other.log"; do
	name=$(echo "$command" | cut -d' ' -f1)
	# shellcheck disable=SC2086
	check_exit "stranger-$name" 4 quoin -c other/.quoin/ours.conf $command
	check_has "stranger-$name-said" "of another system than the pinned root" cat check.out
done
# Their keys under our root: told before the chunks are on their way, which the embedded broker would refuse.
head -c 6000000 /dev/urandom >large
sed "s#^keys.*#keys = $work/other/.quoin/keys#" "$QUOIN_CONF" >"$(dirname "$QUOIN_CONF")/mixed.conf"
check_exit other-keys 4 quoin -c "$(dirname "$QUOIN_CONF")/mixed.conf" publish --part words=large
check_has other-keys-said "nobody would believe release/2" cat check.out

stop_dev
check ended test $? -eq 0
