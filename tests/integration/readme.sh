#!/bin/sh
# The README's tour: its commands are executed as they stand, "quoin dev" in the background, the others in a second shell;
# and what it shows as output must be in the output.
. "$(dirname "$0")/lib.sh"

sed -n '/^## A tour/,/^## Where/p' "$top/README.md" >tour.md
# blocks LANGUAGE: the fenced blocks of the tour, each followed by a line of dashes.
blocks() { awk -v fence="^\`\`\`$1\$" '$0 ~ fence { on = 1; next } /^```$/ { if (on) print "-----"; on = 0 } on'; }
blocks sh <tour.md | awk '/^-----$/ { n++ } n == 0' | grep -v '^make$' >first.sh
blocks sh <tour.md | awk '/^-----$/ { n++; next } n > 0' >second.sh
blocks text <tour.md | grep -v '^-----$' >expected

check "has-a-dev" grep -q '^quoin dev ' first.sh
check "has-commands" test "$(grep -c '^quoin ' second.sh)" -ge 10

mkdir -p build && ln -s "$build" build/release
cp -r "$top/examples" examples
start dev sh -eu first.sh
dev=$pid
within 120 has_line dev.log bootstrap || give_up dev "not up: $(tail -n 3 dev.log | tr '\n' ' ')"
ok dev
sh -eu second.sh >output 2>&1 || give_up commands "$(tail -n 4 output | tr '\n' ' ')"
ok commands
# Each line of what is shown, in this order.
n=0 from=1
while IFS= read -r line; do
	n=$((n + 1))
	at=$(tail -n +$from output | grep -nF -m 1 -- "$line" | cut -d: -f1)
	check "output-$n" test -n "$at"
	from=$((from + ${at:-1}))
done <expected
check refused grep -qx refused output

# The shell of the first terminal ends with its last command, to which the signal is sent.
quoin_pid=$(tr -d ' ' <"/proc/$dev/task/$dev/children")
kill "${quoin_pid:-$dev}"
wait "$dev"
status=$?
check ended test $status -eq 0
check left-nothing test ! -e .quoin
check only-ours test "$(ls | sort | tr '\n' ' ')" = "$(printf 'build check.out dev.log examples expected first.sh output second.sh tour.md ')"
