// SPDX-License-Identifier: Apache-2.0

/// Maps signed integers and floating-point numbers to UInt64 and back so that unsigned order is numeric order.
///
/// Columns are encoded in this form: min, max and frames of reference then mean what they should.
package enum OrderedKey {
    @inline(__always) package static func key(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value) ^ (1 &<< 63)
    }

    @inline(__always) package static func integer(_ key: UInt64) -> Int64 {
        Int64(bitPattern: key ^ (1 &<< 63))
    }

    /// Total order of IEEE 754: -NaN, -∞ … -0, +0 … +∞, NaN. Every bit pattern comes back.
    @inline(__always) package static func key(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        return bits &>> 63 == 0 ? bits ^ (1 &<< 63) : ~bits
    }

    @inline(__always) package static func double(_ key: UInt64) -> Double {
        Double(bitPattern: key &>> 63 == 1 ? key ^ (1 &<< 63) : ~key)
    }
}
