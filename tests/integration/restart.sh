#!/bin/sh
# An agent that is killed and started again at once, whose broker hangs when it is to end, and whose store is taken away.
. "$(dirname "$0")/lib.sh"
. "$top/tests/integration/outages_lib.sh"

site_up
router router-01
seq 5000 >words
check_exit publish 0 quoin -q publish --part words=words --wait=60

lines() { grep -c -- "$2" "$1"; }
has_lines() { [ "$(lines "$1" "$2")" -ge "$3" ]; }

# ---- Killed, and started again before it is gone: nobody finds the store in use. Every other time it is killed as soon as it has
# the store, while children of its look at that; as far as the kernel's list of locks can be trusted to tell.
inode=$(stat -c %i "$site/router-01/state/out/lock")
await_lock() {
	looks=0
	until grep -q "FLOCK .* $(pid_of router-01) .*:$inode " /proc/locks || [ $looks -ge 200 ]; do looks=$((looks + 1)); done
}
n=0
while [ $n -lt 15 ]; do
	n=$((n + 1))
	kill -9 "$(pid_of router-01)"
	agent_up router-01
	await_lock
	kill -9 "$(pid_of router-01)"
	starts=$(lines router-01.log event=serving)
	agent_up router-01
	within 30 has_lines router-01.log event=serving $((starts + 1)) || give_up again "start $n: $(tail -n 3 router-01.log | tr '\n' ' ')"
done
check again-whole settled 1
check again-never-in-use test "$(lines router-01.log 'in use')" = 0
# One that goes on is not waited for without end, and is named.
check_exit second 5 quoind -c "$site/router-01/quoin.conf"
check_has second-says-so "is in use: another agent runs on it" cat check.out
# On most file systems the kernel's list of locks has the numbers that stat tells.
lock=$site/router-01/state/out/lock
# shellcheck disable=SC2046
device=$(printf '%02x:%02x' $(stat -c '%Hd %Ld' "$lock"))
if grep -q "FLOCK .* $(pid_of router-01) $device:$(stat -c %i "$lock") " /proc/locks; then
	check_has second-names-the-first "process $(pid_of router-01)" cat check.out
fi

# ---- Told to end while the broker hangs: what it had to say is on the wire, and it does not wait for an answer that may never come.
agent=$(pid_of router-01)
kill -STOP "$broker"
kill -TERM "$agent"
check hangs-ends within 20 is_gone "$agent"
check hangs-exit wait "$agent"
check hangs-says-so has_line router-01.log event=unsaid
kill -CONT "$broker"
agent_up router-01
check hangs-whole settled 1

# ---- Its store is removed while it runs: it says so, and ends; whoever starts it again has it whole.
state_of() { status '.hosts[] | select(.host == "router-01") | [.state, .reason] | join(" ")'; }
says_gone() { state_of | grep -q '^failed .*its store is gone'; }
agent=$(pid_of router-01)
rm -rf "$site/router-01/state"
check gone-in-the-status within 60 says_gone
check gone-in-the-log has_line router-01.log 'event=alarm code=EMISSING reason="the store was removed'
check gone-ends within 60 is_gone "$agent"
wait "$agent"
check gone-exit test $? -ne 0
check gone-says-why has_line router-01.log 'quoind: .*the store was removed from'
agent_up router-01
check gone-whole settled 1
