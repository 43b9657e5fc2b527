#!/bin/sh
# The rules of the house (ARCHITECTURE.md) as tests: which way the arrows point, one wrapper per library, the size of rooms,
# words that mark unfinished work. Prints the lines that tests/check.h describes. Run from the top of the tree.
cd "$(dirname "$0")/../.." || exit 1

sources=$(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | grep -E '^(lib|formats|publisher|subscriber)/')

# report NAME FINDINGS: ok when there are none.
report() {
	if [ -z "$2" ]; then
		echo "ok lint/$1"
	else
		echo "not ok lint/$1: $(printf '%s' "$2" | head -n 5 | tr '\n' ';')"
		status=1
	fi
}
status=0

# arrow FOLDER FORBIDDEN: no file of FOLDER includes a header of a forbidden folder.
arrow() {
	printf '%s\n' "$sources" | grep "^$1/" | xargs grep -nE "^#[[:space:]]*include[[:space:]]+\"($2)/" |
		grep -vE '^publisher/[^:]*:[0-9]+:#[[:space:]]*include[[:space:]]+"subscriber/quoin\.h"'
}
report arrows/lib "$(arrow lib 'formats|publisher|subscriber|tests|examples')"
report arrows/formats "$(arrow formats 'publisher|subscriber|tests|examples')"
report arrows/publisher "$(arrow publisher 'subscriber|tests|examples')"
report arrows/subscriber "$(arrow subscriber 'publisher|tests|examples')"
report arrows/examples "$(git ls-files -- 'examples/*.c' 'examples/*.h' | xargs -r grep -nE '^#[[:space:]]*include[[:space:]]+"' )"

# wrapper HEADER FILES: only these files include it (a regular expression over paths).
wrapper() {
	found=$(printf '%s\n' "$sources" | xargs grep -lE "^#[[:space:]]*include[[:space:]]+<$1" | grep -vE "^($2)$")
	report "wrapper/$3" "$found"
}
wrapper 'librdkafka/' 'lib/bus_rdkafka\.h|lib/bus_mock\.c' librdkafka
wrapper 'lmdb\.h' 'lib/env_lmdb\.h|lib/env\.c' lmdb
wrapper 'zstd' 'lib/pack\.c' zstd
wrapper 'sodium' 'lib/crypto\.c' sodium
wrapper '(cjson/)?cJSON\.h' 'lib/json\.c' cjson
wrapper 'JavaScriptCore/' 'publisher/eval_engine\.c' javascriptcore
wrapper 'seccomp\.h' 'publisher/eval_sandbox\.c' seccomp

# Formats do no I/O and read no clock.
report formats/pure "$(printf '%s\n' "$sources" | grep '^formats/' |
	xargs grep -nE '^#[[:space:]]*include[[:space:]]+[<"](fcntl\.h|unistd\.h|time\.h|sys/(stat|socket|mman)\.h|pthread\.h|lib/(file|log|detached|env)\.h)')"

# The second evaluator of the rules language knows nothing of the first; it borrows a buffer to print to.
report naive "$(grep -nE '^#[[:space:]]*include[[:space:]]+"' tests/differential/naive*.[ch] tests/differential/tree.[ch] |
	grep -vE '"(lib/bytes|tests/differential/(naive|naive_rules|tree))\.h"')"

# lib, formats and the pure cores never log.
report silent "$(printf '%s\n' "$sources" | grep -E '^(lib|formats)/|/(gate_core|core)[a-z_]*\.c$' | grep -v '^lib/log\.' |
	xargs grep -nE '\bquoin_log(_error)?\(')"

report words "$(printf '%s\n' "$sources" | xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b|(^|[^d]) for now|not implemented|\bstub\b')"

report banned "$(printf '%s\n' "$sources" |
	xargs grep -nE '\b(sprintf|strcpy|strcat|strncpy|strtok|atoi|atol|gets|alloca|system|rand|localtime)\(|^[[:space:]]*//')"

report rooms "$(for f in $sources; do n=$(wc -l <"$f"); [ "$n" -le 600 ] || echo "$f has $n lines"; done)"

# What tests/run starts can be started.
report modes "$(git ls-files -s -- 'tests/*.sh' | awk '$1 != "100755" && $4 !~ /lib\.sh$/ { print $4 }')"

report columns "$(printf '%s\n' "$sources" | xargs awk '{ t = $0; gsub(/\t/, "        ", t); if (length(t) > 140) print FILENAME ":" FNR }')"

# Every header has a guard named after its place, and stands on its own.
report guards "$(for f in $(printf '%s\n' "$sources" | grep '\.h$' | grep -v 'subscriber/quoin\.h'); do
	g="QUOIN_$(printf '%s' "$f" | tr 'a-z/.' 'A-Z__')"; grep -q "^#ifndef $g\$" "$f" || echo "$f: expected $g"; done)"

exit $status
