#!/bin/sh
# The manual: mandoc finds nothing, cross references lead somewhere, every program, command, exported call and format has
# its page. Prints the lines that tests/check.h describes.
cd "$(dirname "$0")/../.." || exit 1
status=0
report() {
	if [ -z "$2" ]; then
		echo "ok man/$1"
	else
		echo "not ok man/$1: $(printf '%s' "$2" | head -n 5 | tr '\n' ';')"
		status=1
	fi
}
command -v mandoc >/dev/null || { echo "not ok man/mandoc: mandoc is not installed; tests/setup/packages check"; exit 1; }

report mandoc "$(cd man && mandoc -Tlint -W style ./*.[1-8] 2>&1 | grep -vE 'mandoc.db|referenced manual not found' | head -n 20)"

report references "$(for f in man/*.[1-8]; do
	grep -hoE '^\.Xr (quoin|libquoin)[a-z._-]* [1-8]' "$f" | while read -r _ name section; do
		[ -e "man/$name.$section" ] || echo "$f: $name($section)"; done; done)"

# Every command of the table has its place in quoin(1).
report commands "$(grep -oE '^	\{"[a-z]+"' publisher/commands.c | tr -d '	{"' | while read -r c; do
	grep -qE "^\.(It|Ic|Cm|Ss|Nm).*\\b$c\\b" man/quoin.1 2>/dev/null || echo "quoin.1 lacks $c"; done)"

# Every exported call has a page that names it.
report calls "$(grep -hoE '^	+quoin_[a-z_]+;' subscriber/libquoin*.map | tr -d '	;' | while read -r call; do
	grep -qE "^\.(Fn|Fo|Nm) $call\\b" man/*.3 2>/dev/null || echo "no page for $call"; done)"

for page in quoin.1 quoin-gate.8 quoind.8 quoin-eval.8 quoin.conf.5 quoin-rules.5 quoin-documents.5 quoin-image.5 \
	quoin-store.5 quoin-export.5 quoin.3 quoin_subscriber.3; do
	[ -e "man/$page" ] || missing="$missing $page"
done
report pages "$missing"
exit $status
