// SPDX-License-Identifier: Apache-2.0

internal import CXXHash

/// The XXH3 hash in its 64-bit form, for checksums and dictionaries.
///
/// - SeeAlso: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
public enum XXH3 {
    @inline(__always)
    public static func hash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
        // Safe: the library reads exactly the span's bytes.
        unsafe bytes.withUnsafeBytes { unsafe vivace_xxh3($0.baseAddress, $0.count, seed) }
    }
}
