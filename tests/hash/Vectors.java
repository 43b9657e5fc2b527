import com.google.common.hash.Hashing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.commons.codec.digest.MurmurHash3;

/**
 * Checks vector files with two implementations of MurmurHash3 from Maven's registry: Guava's and Commons Codec's.
 * Arguments: guava or codec, and files. Prints how many lines agree, and each that does not.
 */
final class Vectors {
	private interface Hash {
		int of(byte[] data, int seed);
	}

	private static int guava(byte[] data, int seed) {
		return Hashing.murmur3_32_fixed(seed).hashBytes(data).asInt();
	}

	private static int codec(byte[] data, int seed) {
		return MurmurHash3.hash32x86(data, 0, data.length, seed);
	}

	private static byte[] read(String text) {
		int star = text.indexOf('*');
		if (star >= 0) {
			byte[] many = new byte[Integer.parseInt(text.substring(star + 1))];
			Arrays.fill(many, (byte) Integer.parseInt(text.substring(0, star), 16));
			return many;
		}
		byte[] data = new byte[text.equals("-") ? 0 : text.length() / 2];
		for (int i = 0; i < data.length; i++) {
			data[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
		}
		return data;
	}

	private static boolean agrees(Hash hash, String line) {
		String[] words = line.split(" ");
		if (words[0].equals("murmur")) {
			int have = hash.of(read(words[1]), Integer.parseUnsignedInt(words[2], 16));
			return have == Integer.parseUnsignedInt(words[3], 16);
		}
		long unit = Integer.toUnsignedLong(hash.of(read(words[1]), hash.of(read(words[2]), 0)));
		return (unit * 100000) >>> 32 == Long.parseLong(words[3]);
	}

	public static void main(String[] args) throws Exception {
		Hash hash = args[0].equals("guava") ? Vectors::guava : Vectors::codec;
		int count = 0;
		int wrong = 0;
		for (int i = 1; i < args.length; i++) {
			for (String line : Files.readAllLines(Path.of(args[i]))) {
				if (line.startsWith("#")) {
					continue;
				}
				count++;
				if (!agrees(hash, line)) {
					wrong++;
					System.err.println(args[0] + " differs: " + line);
				}
			}
		}
		System.out.println(count);
		System.exit(wrong > 0 ? 1 : 0);
	}
}
