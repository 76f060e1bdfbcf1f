// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

/// Known answers from xxHash's own sanity check (`cli/xsum_sanity_check.c`), which cover every path by length.
@Suite struct XXH3Tests {
    static let seed: UInt64 = 0x9e37_79b1_85eb_ca8d

    static let answers: [(length: Int, plain: UInt64, seeded: UInt64)] = [
        (0, 0x2d06_8005_38d3_94c2, 0xa8a6_b918_b2f0_364a),
        (1, 0xc44b_dff4_074e_ecdb, 0x032b_e332_dd76_6ef8),
        (6, 0x27b5_6a84_cd2d_7325, 0x8458_9c11_6ab5_9ab9),
        (12, 0xa713_daf0_dfbb_77e7, 0xe730_3e1b_2336_de0e),
        (24, 0xa3fe_70bf_9d35_10eb, 0x850e_80fc_35bd_d690),
        (48, 0x397d_a259_ecba_1f11, 0xadc2_cbaa_44ac_c616),
        (80, 0xbcde_fbbb_2c47_c90a, 0xc6dd_0cb6_9953_2e73),
        (195, 0xcd94_217e_e362_ec3a, 0xba68_003d_370c_b3d9),
        (403, 0xcdeb_804d_65c6_dea4, 0x6259_f6ec_fd64_43fd),
        (512, 0x617e_4959_9013_cb6b, 0x3ce4_57de_14c2_7708),
        (2048, 0xdd59_e2c3_a5f0_38e0, 0x66f8_1670_669a_babc),
        (2240, 0x6e73_a905_39cf_2948, 0x757b_a848_7d1b_5247),
        (2367, 0xcb37_aeb9_e5d3_61ed, 0xd2db_3415_b942_b42a),
    ]

    /// The bytes that xxHash tests itself with.
    static let bytes: [UInt8] = {
        var generator: UInt64 = 2_654_435_761
        return (0..<2400).map { _ in
            defer { generator = generator &* 11_400_714_785_074_694_797 }
            return UInt8(generator >> 56)
        }
    }()

    @Test(arguments: answers)
    func `hashes are those of the specification`(length: Int, plain: UInt64, seeded: UInt64) {
        let bytes = Array(Self.bytes[..<length])
        #expect(XXH3.hash(bytes.rawSpan) == plain)
        #expect(XXH3.hash(bytes.rawSpan, seed: Self.seed) == seeded)
    }
}
