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

# ---- what does not stand cannot be taken back; a rollback never goes forward
check_exit unpin 5 quoin unpin
check_exit include 5 quoin include dev-router
seq 1 1001 >words
check_exit publish-next 0 quoin publish --part words=words --wait=60
check_exit rollback 0 quoin rollback 1 --wait=30
check_exit rollback-forward 5 quoin rollback 2
check_has rollback-forward-said "a rollback never goes forward" cat check.out

# ---- usage, configuration
check_exit two-ways 2 quoin publish . --part words=words
check_has two-ways-said "only one of these" cat check.out
mkdir directory.conf
check_exit conf-directory 2 quoin -c directory.conf status
check_exit conf-directory-gate 2 quoin-gate -c directory.conf
check_exit conf-directory-agent 2 quoind -c directory.conf
for command in import gc; do check_exit "$command-help" 0 quoin "$command" --help; done
site=$(dirname "$QUOIN_CONF")
check_exit enrol 0 quoin enrol host-01 --role serving --shard a --out id
{ grep -v "^identity\|^state\|^parts\|^keys" "$QUOIN_CONF"; echo "identity = $work/id"; echo "state = $work/state"; } >"$site/host.conf"
check_exit hooks-none 0 quoind -c "$site/host.conf" --check-config
check checked-said test "$(cat check.out)" = "$site/host.conf: good for host host-01 of namespace dev, serving on shard a"
check_exit checked-two 0 quoind -c "$site/host.conf" -c "$site/host.conf" --check-config
check checked-each test "$(wc -l <check.out)" = 2
check_exit checked-gate 0 quoin-gate -c "$QUOIN_CONF" --check-config
check checked-gate-said test "$(cat check.out)" = "$QUOIN_CONF: good for the gate of namespace dev"
echo "hook.load = $work/load" >>"$site/host.conf"
check_exit hook-missing 2 quoind -c "$site/host.conf" --check-config
check_has hook-missing-said "hook.load in" cat check.out
check_exit hook-missing-start 2 quoind -c "$site/host.conf"
touch load
check_exit hook-not-executable 2 quoind -c "$site/host.conf" --check-config
mkdir load.d && sed -i 's#/load$#/load.d#' "$site/host.conf"
check_exit hook-directory 2 quoind -c "$site/host.conf" --check-config
printf '#!/bin/sh\n' >load && chmod +x load && sed -i 's#/load.d$#/load#' "$site/host.conf"
check_exit hook-runs 0 quoind -c "$site/host.conf" --check-config

# ---- a context that is too long is one bad line, whatever its length
mkdir rules
printf '{"O":{"inputType":"A","modelType":"B","default":"m"}}' >rules/objectives.json
printf '{"m":{"version":"1","inputType":"A","modelType":"B","uri":"u","digest":"sha256:00"}}' >rules/models.json
printf '{"s":{"vip":"s:1","hosts":["h"],"capacity":{}}}' >rules/shards.json
{ echo '{"objective":"O"}'; head -c 3000000 /dev/zero | tr '\0' x; echo; echo '{"objective":"O"}'; } >contexts
check_exit contexts 0 quoin resolve --dir rules --contexts contexts
cp check.out decided
check contexts-lines test "$(grep -c . decided)" = 3
check contexts-bad test "$(sed -n 2p decided)" = '{"objective":null,"error":"bad_context"}'
check_exit context-twice 3 quoin resolve O --dir rules -a a=1 -a a=2
cp check.out said
check context-says-why grep -q '^quoin: O: the key "a" is there twice' said
check contexts-go-on test "$(sed -n 3p decided | jq -r .model)" = m

stop_dev
check ended test $? -eq 0
