#!/bin/sh
# The committed vectors of the buckets' hash against implementations that are not ours (tests/setup/hash).
cd "$(dirname "$0")/../.." || exit 1
vectors="tests/vectors/bucket.txt tests/vectors/murmur3.txt"
lines=$(cat $vectors | grep -vc '^#')
status=0

# agree NAME GROUP COMMAND...: the command checks every line.
agree() {
	name=$1 group=$2
	shift 2
	why=$(tests/setup/hash "$group" 2>&1)
	case $? in
	0) ;;
	77)
		# Continuous integration has the registries.
		if [ "${QUOIN_CI:-}" = 1 ]; then
			echo "not ok hash: $name: $why"
			status=1
		else
			echo "skip hash: $name: $why"
		fi
		return
		;;
	*)
		echo "not ok hash: $name: $why"
		status=1
		return
		;;
	esac
	count=$("$@" $vectors)
	if [ $? -eq 0 ] && [ "$count" = "$lines" ]; then
		echo "ok hash: $name agrees on $count vectors"
	else
		echo "not ok hash: $name differs (of $lines lines it read ${count:-none})"
		status=1
	fi
}

agree "mmh3 from PyPI" python env PYTHONPATH=build/hash/python python3 tests/hash/vectors.py check
agree "Guava from Maven" java java -cp 'build/hash/java:build/hash/java/*' Vectors guava
agree "Commons Codec from Maven" java java -cp 'build/hash/java:build/hash/java/*' Vectors codec

# The file is what its maker makes, and a wrong line is seen.
if [ -d build/hash/python ]; then
	if PYTHONPATH=build/hash/python python3 tests/hash/vectors.py make | cmp -s - tests/vectors/murmur3.txt; then
		echo "ok hash: the vectors are those that mmh3 makes"
	else
		echo "not ok hash: tests/hash/vectors.py makes other vectors than tests/vectors/murmur3.txt"
		status=1
	fi
fi
wrong=$(mktemp) || exit 1
trap 'rm -f "$wrong"' EXIT
echo "murmur 61 00000000 3c2569b0" >"$wrong"
for group in python java; do
	[ -d "build/hash/$group" ] || continue
	if [ $group = python ]; then
		PYTHONPATH=build/hash/python python3 tests/hash/vectors.py check "$wrong" >/dev/null 2>&1
	else
		java -cp 'build/hash/java:build/hash/java/*' Vectors guava "$wrong" >/dev/null 2>&1
	fi
	if [ $? -eq 1 ]; then
		echo "ok hash: a wrong vector is seen ($group)"
	else
		echo "not ok hash: a wrong vector passes ($group)"
		status=1
	fi
done
exit $status
