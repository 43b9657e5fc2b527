#!/bin/sh
# What rules become does not depend on who evaluates them where and when: the same parts, byte for byte, whatever the time
# zone, the locale, the clock, the number of processors, the working directory, the environment and the limits are.
. "$(dirname "$0")/lib.sh"

cp -R "$top/examples/streaming" rules
# A file of rules that would show each of them.
cat >rules/zz_sensitive.js <<'END'
const values = [
  "i\u0130\u0131I".toUpperCase() + "\u00df\u01c4".toLowerCase(), ["z", "\u00e4", "a", "Z", "1", "10", "2"].sort().join(""), "\u1e9b\u0323".normalize("NFKC"),
  String(1234567.891), (0.1 + 0.2).toString(), (1e21).toFixed(2), (255).toString(16), parseFloat("1,5"), /\w/iu.test("\u017f"),
  "\u0041\u030a".localeCompare === undefined, Math.sqrt(2), [3, 1, 2].sort((a, b) => b - a).join(), Object.keys({b: 1, 2: 1, a: 1, 1: 1}).join(),
];
console.log(values.length);
function defineSensitive() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    shadow: "continue-watching-ranker-default", percent: 0, config: {values},
  };
}
END
model=$(jq -r '.ContinueWatchingRanking.default | if type == "object" then .name else . end' rules/objectives.json)
sed -i "s/continue-watching-ranker-default/$model/" rules/zz_sensitive.js
quoin --json check rules >first.json 2>first.err || { cat first.json first.err >&2; give_up first "the rules are refused"; }
jq -c .parts first.json >first.parts
check first-has-parts test "$(jq -c 'keys' first.parts)" = '["models","routes","rules","source"]'

# same NAME COMMAND...: the command, with the rules' directory as its last word, gives the same parts.
same() {
	same_name=$1
	shift
	if "$@" >again.json 2>again.err && jq -c .parts again.json | cmp -s - first.parts; then
		ok "$same_name"
	else
		cat again.json again.err >&2
		not_ok "$same_name" "other parts, or none"
	fi
}

same again quoin --json check rules
for zone in UTC America/New_York Asia/Kathmandu Pacific/Apia :/nonexistent; do
	same "zone $zone" env "TZ=$zone" quoin --json check rules
done
for locale in C POSIX C.UTF-8 tr_TR.UTF-8 de_DE.UTF-8 ar_EG.UTF-8 ja_JP.eucJP xx_YY; do
	same "locale $locale" env "LC_ALL=$locale" "LANG=$locale" "LANGUAGE=$locale" quoin --json check rules
done
same "an empty environment" env -i "$build/bin/quoin" --json check rules
same "a hostile environment" env JSC_useJIT=1 JSC_forceRAMSize=1 Malloc=0 ICU_DATA=/nonexistent MALLOC_PERTURB_=165 quoin --json check rules
for seconds in -1000000000 31536000 1000000000; do
	same "a clock that is off by $seconds s" env "CLOCK_SHIFT_S=$seconds" "LD_PRELOAD=$build/tests/integration/clock_shift.so" \
		quoin --json check rules
done
same "one processor" taskset -c 0 quoin --json check rules
same "another directory" sh -c 'cd / && quoin --json check "$1"' sh "$work/rules"
same "a small stack" sh -c 'ulimit -s 1024; quoin --json check rules'
same "another mask" sh -c 'umask 0777; quoin --json check rules'
mkdir -p "a directory with blanks/J$(printf '\303\274')rgen"
cp -R rules "a directory with blanks/J$(printf '\303\274')rgen/"
same "another place" quoin --json check "a directory with blanks/J$(printf '\303\274')rgen/rules"
# The order in which the file system lists files is not that of their names.
mkdir shuffled
(cd rules && find . -type f | sort -R) | while read -r file; do
	mkdir -p "shuffled/$(dirname "$file")" && cp "rules/$file" "shuffled/$file"
done
same "files made in another order" quoin --json check shuffled
# Only the places of files are another thing than their contents.
touch -d '1999-12-31' rules/*
same "files of another time" quoin --json check rules

# That the comparison can fail.
sed 's/1234567.891/1234567.892/' rules/zz_sensitive.js >sensitive && cp -R rules other && cp sensitive other/zz_sensitive.js
quoin --json check other 2>/dev/null | jq -c .parts >other.parts
check "another value is seen" sh -c '! cmp -s other.parts first.parts && test -s other.parts'

# An error names its place and quotes it, whatever the locale.
printf 'function defineX() {\n  return {targetObjectives: [Objectives.ContinueWatchingRankin]};\n}\n' >rules/zzz.js
for locale in C tr_TR.UTF-8; do
	LC_ALL=$locale quoin check rules >/dev/null 2>refused.$locale
	check "refused in $locale" test $? = 3
done
check "refused in the same words" cmp refused.C refused.tr_TR.UTF-8
check "refused with a caret" grep -q '^        |  *\^$' refused.C
