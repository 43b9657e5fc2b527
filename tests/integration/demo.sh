#!/bin/sh
# "make demo": it succeeds, it is plain when piped, and it leaves nothing behind. And it notices what does not happen.
. "$(dirname "$0")/lib.sh"
export TMPDIR="$work/tmp"
mkdir tmp

check_exit demo 0 "$top/examples/demo/run"
cp check.out demo.out
check said grep -q '^All of it happened' demo.out
check every-step test "$(grep -c '^[0-9]\. ' demo.out)" -eq 7
check plain test "$(tr -d '\033' <demo.out | wc -c)" -eq "$(wc -c <demo.out)"
check no-files test -z "$(ls tmp)"
check no-processes test -z "$(running "$work/tmp")"

# With an agent that cannot run, and with a gate that does not wait for anybody, the demo must fail.
mkdir broken
for program in quoin quoin-eval quoin-gate; do ln -s "$build/bin/$program" broken/$program; done
printf '#!/bin/sh\nexit 1\n' >broken/quoind
chmod +x broken/quoind
check_exit notices-no-agent 1 env PATH="$work/broken:/usr/bin:/bin" "$top/examples/demo/run"
check notices-no-files test -z "$(ls tmp)"
check notices-no-processes test -z "$(running "$work/tmp")"
