// SPDX-License-Identifier: Apache-2.0

package import FileIO

extension SimulatedFileSystem {
    /// Whether operations can go well at all.
    package var hasPower: Bool {
        do {
            _ = try status(of: "/")
            return true
        } catch { return false }
    }

    /// The paths of all files below a directory; none if it is not there.
    package func files(below directory: String) throws -> [String] {
        guard try status(of: directory) != nil else { return [] }
        return try entries(of: directory).flatMap { entry in
            let path = directory + "/" + entry.name
            return entry.kind == .directory ? try files(below: path) : [path]
        }
    }

    package func bytes(of path: String) throws -> [UInt8] {
        let file = try open(path, .read)
        return try file.read(file.byteCount(), at: 0)
    }

    /// Inverts a byte, as a failing disk might.
    package func damage(_ path: String, at offset: Int) throws {
        let file = try open(path, .update)
        let byte = try file.read(1, at: offset)
        try file.write(byte.map { ~$0 }, at: offset)
        try file.synchronize()
    }
}
