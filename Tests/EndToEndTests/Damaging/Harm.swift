// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import Foundation
import Testing
import TraceStorage

/// Something that is done to a data directory, and what the server is expected to say of it.
struct Harm: Sendable, CustomTestStringConvertible {
    let name: String
    /// Parts of what the server writes.
    let words: [String]
    /// Whether it costs the trace in the first of the blocks.
    var takesFirstBlock = false
    let apply: @Sendable (DataDirectory) throws -> Void

    var testDescription: String { name }

    /// The letters of the traces that can't be read any more.
    func lostTraces(_ directory: DataDirectory) throws -> [String] {
        guard takesFirstBlock else { return [] }
        let block = try Data(contentsOf: URL(fileURLWithPath: try directory.blocks[0]))
        // The name stands in the block as it is.
        return ["a", "b"].filter { block.range(of: Data("span \($0)".utf8)) != nil }
    }
}

extension Harm {
    private static let folders = ["journal", "store", "store/manifest", "store/.staging"]

    static let refused: [Harm] =
        [
            Harm(name: "a damaged commit", words: ["commit 0", "damaged", "restore"]) {
                try $0.flip($0.commits[0], at: 20)
            },
            Harm(name: "an empty commit", words: ["commit 1", "damaged", "restore"]) {
                try $0.shorten($0.commits[1], to: 0)
            },
            Harm(name: "a missing commit", words: ["commit 0 is missing", "restore"]) { try $0.remove($0.commits[0]) },
            Harm(name: "a folder for a commit", words: ["commit 0 is missing", "restore"]) {
                try $0.replaceByFolder($0.commits[0])
            },
            Harm(name: "a damaged marker", words: ["'vivace-store' is damaged or not ours", "check"]) {
                try $0.flip($0.path + "/store/vivace-store", at: 20)
            },
            Harm(name: "an empty marker", words: ["'vivace-store' is damaged or not ours", "check"]) {
                try $0.shorten($0.path + "/store/vivace-store", to: 0)
            },
            Harm(name: "no marker", words: ["'vivace-store' is missing", "restore"]) {
                try $0.remove($0.path + "/store/vivace-store")
            },
            Harm(name: "a segment of a newer version", words: ["has version 2", "start the newer program"]) {
                // Byte 56 on: the checksum of what is before.
                try $0.rewrite($0.segments[0]) { bytes in
                    bytes[8] = 2
                    bytes.replaceSubrange(56..<64, with: bigEndian(XXH3.hash(Array(bytes[..<56]).rawSpan).byteSwapped))
                }
            },
            Harm(name: "a commit of a newer version", words: ["commit 1 has version 2", "newer program"]) {
                try $0.rewrite($0.commits[1]) { bytes in
                    bytes[8] = 2
                    let end = bytes.count - 8
                    bytes.replaceSubrange(end..., with: bigEndian(XXH3.hash(Array(bytes[..<end]).rawSpan, seed: 1).byteSwapped))
                }
            },
            Harm(name: "a store of a newer version", words: ["store version 99", "start a newer program"]) {
                let marker = StoreMarker(
                    storeID: StoreID(high: 1, low: 2), createdNanoseconds: 3, minimumReaderVersion: 99)
                try $0.rewrite($0.path + "/store/vivace-store") { $0 = marker.encoded() }
            },
            Harm(name: "a folder for a segment", words: [".journal", "Is a directory"]) {
                try $0.replaceByFolder($0.segments[0])
            },
            Harm(name: "a folder for the lock", words: ["/lock", "Is a directory"]) {
                try $0.replaceByFolder($0.path + "/lock")
            },
            Harm(name: "a link that leads to itself", words: ["Too many levels of symbolic links"]) {
                try $0.remove($0.path)
                try FileManager.default.createSymbolicLink(atPath: $0.path, withDestinationPath: $0.path)
            },
        ]
        + folders.map { folder in
            Harm(name: "a file for \(folder)", words: [folder, "directory"]) {
                try $0.replaceByFile($0.path + "/" + folder)
            }
        }

    static let passedOver: [Harm] = [
        Harm(name: "a flipped bit in a block", words: [], takesFirstBlock: true) { try $0.flip($0.blocks[0], at: -10) },
        Harm(name: "an empty block", words: [], takesFirstBlock: true) { try $0.shorten($0.blocks[0], to: 0) },
        Harm(name: "half a block", words: [], takesFirstBlock: true) { try $0.shorten($0.blocks[0], to: 300) },
        Harm(name: "a missing block", words: [], takesFirstBlock: true) { try $0.remove($0.blocks[0]) },
        Harm(name: "a folder for a block", words: [], takesFirstBlock: true) { try $0.replaceByFolder($0.blocks[0]) },
        Harm(name: "a damaged segment head", words: ["passed over", "journal-damaged"]) {
            try $0.flip($0.segments[0], at: 3)
        },
        Harm(name: "an empty segment, and a block of no commit", words: ["never committed"]) {
            let segment = try $0.segments[0].replacing("-0000000000.journal", with: "-0000000001.journal")
            try Data().write(to: URL(fileURLWithPath: segment))
            let folder = URL(fileURLWithPath: try $0.blocks[0]).deletingLastPathComponent()
            try Data().write(to: folder.appendingPathComponent(String(repeating: "7", count: 32) + ".vblock"))
        },
    ]
}
