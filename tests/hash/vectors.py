"""Vectors of the buckets' hash by mmh3, an implementation of MurmurHash3 from PyPI that is not ours.

vectors.py make          prints tests/vectors/murmur3.txt anew; it is frozen, so that this changes nothing
vectors.py check FILE... computes each line again; prints how many agree, and each that does not
"""
import sys

import mmh3


def spelled(data):
    """Hex, - for nothing, one byte times a count for what is long."""
    if len(data) > 64 and len(set(data)) == 1:
        return "%02x*%d" % (data[0], len(data))
    return data.hex() or "-"


def read(text):
    byte, star, count = text.partition("*")
    if star:
        return bytes.fromhex(byte) * int(count)
    return b"" if text == "-" else bytes.fromhex(text)


def murmur(data, seed):
    return mmh3.hash(data, seed, signed=False)


def bucket(unit, salt):
    return (murmur(unit, murmur(salt, 0)) * 100000) >> 32


def numbers(count):
    """A plain congruential generator, so that the inputs are the same for ever."""
    state = 20261126
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 32


SEEDS = [0, 1, 0x7FFFFFFF, 0x80000000, 0x9747B28C, 0xFFFFFFFF]
TEXTS = ["a", "ab", "abc", "user-1", "J\u00fcrgen", "\u65e5\u672c\u8a9e", "\U0001f3ac", "e\u0301", "\u00e9", "\ufeff", "\x7f",
         "\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff", "-9007199254740992", "0", " ", "a\tb\n"]
SALTS = ["", "s", "ab:12345", "ab:0", "defineCanary", "ranker-8", "defineRules#2", "J\u00fc", "\U0001f3ac", "x" * 256]


def inputs():
    for seed in SEEDS:
        for length in range(0, 41):
            yield bytes(length), seed
            yield b"\xff" * length, seed
            yield bytes((i * 37 + length) % 256 for i in range(length)), seed
        for text in TEXTS:
            yield text.encode("utf-8", "surrogatepass"), seed
        for length in (255, 256, 257, 1000, 4095, 65535, 65536):
            yield b"a" * length, seed
    drawn = numbers(10**9)
    for _ in range(1500):
        length = next(drawn) % 48
        yield bytes(next(drawn) % 256 for _ in range(length)), next(drawn)


def units():
    drawn = numbers(10**9)
    for i in range(60):
        yield "user-%d" % i
        yield str(next(drawn))
        yield "%08x-%04x-4%03x-8%03x-%08x%04x" % (next(drawn), next(drawn) % 65536, next(drawn) % 4096, next(drawn) % 4096,
                                                 next(drawn), next(drawn) % 65536)
    yield from TEXTS
    yield ""


def make():
    print("# Vectors of the hash and of buckets (RULES.md section 5) by mmh3, made by tests/hash/vectors.py; frozen for ever.")
    print("# murmur <bytes in hex, - for none, xx*n for n of them> <seed> <hash>")
    for data, seed in inputs():
        print("murmur %s %08x %08x" % (spelled(data), seed, murmur(data, seed)))
    print("# bucket <unit> <salt> <bucket>")
    for salt in SALTS:
        for unit in units():
            unit_bytes, salt_bytes = unit.encode(), salt.encode()
            print("bucket %s %s %d" % (spelled(unit_bytes), spelled(salt_bytes), bucket(unit_bytes, salt_bytes)))


def agrees(line):
    kind, first, second, want = line.split()
    if kind == "murmur":
        return murmur(read(first), int(second, 16)) == int(want, 16)
    return bucket(read(first), read(second)) == int(want)


def check(paths):
    count = wrong = 0
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                if line.startswith("#"):
                    continue
                count += 1
                if not agrees(line):
                    wrong += 1
                    print("mmh3 differs: " + line.strip(), file=sys.stderr)
    print(count)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make()
    else:
        sys.exit(check(sys.argv[2:]))
