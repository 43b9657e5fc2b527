#!/bin/sh
# "quoin dev": one at a time in a directory, several on a machine; ends cleanly, removing what it made; keeps what it is told to
# keep; tells of a child that dies, and starts it again.
. "$(dirname "$0")/lib.sh"

# ---- up, and a raw dataset through all of it
start_dev
check conf-exists test -f "$QUOIN_CONF"
check conf-is-default test "$QUOIN_CONF" = "$work/.quoin/quoin.conf"
check_exit second-refused 5 quoin dev
seq 1 20000 >words
check_exit publish 0 quoin --json publish --part words=words -m "first words" --wait=60
check active is_active 1
check_has status "dev-router" quoin status
check_has log "first words" quoin log
key=$(quoin --json key list | jq -r 'select(.role == "release").keyid')
check_has log-signer "signed by release $key" quoin log
check_exit log-signers 0 quoin --json log
check log-signers-said test "$(jq -c .releases[0].signers check.out)" = "[{\"keyid\":\"$key\",\"role\":\"release\",\"root\":1}]"
check_has show "words" quoin show 1
check_exit log-as-of-ago 0 quoin --json log --as-of "2h ago"
check_has log-as-of-ago-said '"releases":[]' cat check.out
check_exit no-rules 3 quoin resolve Any
check_has no-rules-said "the release has no rules" cat check.out
check_exit context-injected 2 quoin resolve Any -a 'x:=1,"y":2'
check_exit context-no-json 2 quoin resolve Any -a x:=BR
check_exit reserved-part 2 quoin publish --part rules=words
check_has reserved-part-said "part rules is made from a rules directory" cat check.out
check_exit enrol 0 quoin enrol twice-01 --role router --out id/one
check_exit enrol-renewed 0 quoin enrol twice-01 --role router --out id/one
check enrol-renewed-quietly test -z "$(grep warning check.out)"
check_exit enrol-again 0 quoin enrol twice-01 --role serving --shard a --out id/two
check_has enrol-other-key "twice-01 had another key" cat check.out
check_has enrol-other-role "twice-01 was router before" cat check.out
check_exit unchanged 0 quoin --json publish --part words=words
check_has unchanged-said '"unchanged":true' cat check.out
check_exit export 0 quoin export 1 out
check export-is-the-file cmp words out/parts/words
check_exit verify 0 quoin verify out
printf x | dd of=out/parts/words bs=1 seek=100 conv=notrunc 2>/dev/null
check_exit verify-damaged 3 quoin verify out

# ---- more than the embedded broker keeps
head -c 6000000 /dev/urandom >large
check_exit too-large 3 quoin publish --part large=large --waive parts_removed
check_has too-large-why 'publish it to Kafka' cat check.out
head -c 3000000 large >part-1
tail -c 3000000 large >part-2
check_exit large-1 0 quoin publish --part large=part-1 --waive parts_removed --wait=60
check_exit large-2 0 quoin publish --part large=part-2 --waive parts_removed --wait=60
check large-active is_active 3
check_has history-is-kept "first words" quoin log
check_exit words-again 0 quoin publish --part words=words --waive parts_removed --wait=60

# ---- another one beside it
mkdir other
(cd other && exec quoin --json dev >../other.log 2>&1) &
other=$!
pids="$pids $other"
check beside within 60 has_line other.log '"bootstrap"'
check beside-is-another test "$(cat "$work/other/.quoin/quoin.conf" | grep bootstrap)" != "$(grep bootstrap "$QUOIN_CONF")"
check_exit beside-has-nothing 0 quoin -c other/.quoin/quoin.conf --json log
check_has beside-is-empty '"releases":[]' cat check.out
# Ctrl-C; a shell's background processes ignore it unless told otherwise, so this one gets SIGTERM and the next SIGINT.
kill $other
wait $other
check beside-ended test $? -eq 0
check beside-removed test ! -e other/.quoin

# ---- a child that dies
gate=$(running "quoin-gate -c $work/")
kill -9 "$gate"
check death-told within 10 has_line dev.log "gate ended with signal 9"
heartbeat=$(status .gate.heartbeat)
gate_is_back() { [ "$(status .gate.heartbeat)" -gt "$heartbeat" ]; }
check started-again within 30 gate_is_back
check_exit goes-on 0 quoin publish --part words=dev.log --wait=60

children=$(pgrep -P "$dev" 2>/dev/null || tr ' ' '\n' <"/proc/$dev/task/$dev/children")
kill "$dev"
wait "$dev"
check ended test $? -eq 0
check removed test ! -e .quoin
for p in $children; do is_gone "$p" || not_ok "child-$p" "a child is left"; done

# ---- killed without a word: children end, the directory is taken over by the next
start_dev
children=$(tr ' ' '\n' <"/proc/$dev/task/$dev/children")
kill -9 "$dev"
for p in $children; do check "orphan-ends" within 15 is_gone "$p"; done
check leftover test -e .quoin/dev.lock
check_exit gone 6 quoin -q status
check_has gone-said "the broker does not answer, nothing was done: every broker of 127.0.0.1" cat check.out

# ---- a chosen port, SIGINT
start dev env --default-signal=INT quoin --json dev --port 19391
dev=$pid
check port within 60 has_line dev.log '"bootstrap":"127.0.0.1:19391"'
check_exit port-taken 5 quoin dev --port 19391 --state elsewhere
kill -INT "$dev"
wait "$dev"
check interrupted test $? -eq 0
check interrupted-removed test ! -e .quoin
rm -rf elsewhere

# ---- kept from one start to the next
start_dev --state kept
check_exit kept-publish 0 quoin publish --part words=words -m "to be kept" --wait=60
stop_dev
check kept-ended test $? -eq 0
check kept test -f kept/quoin.conf
(cd "$work" && mkdir foreign && echo mine >foreign/file)
check_exit foreign-refused 5 quoin dev --state foreign
check foreign-untouched test "$(cat foreign/file)" = mine
start_dev --state kept
check_has kept-log "to be kept" quoin log
check kept-active within 30 is_active 1
check_exit kept-next 0 quoin publish --part words=dev.log -m "the next" --wait=60
check kept-next-active is_active 2
stop_dev
check_exit usage-port 2 quoin dev --port 0
check_exit usage-two 2 quoin dev a b
check_exit no-such-rules 2 quoin dev nowhere
