// SPDX-License-Identifier: Apache-2.0
package import ObjectStorage

/// What every object store has to keep, as a list of claims: a test target runs all of them.
///
///     @Test("keeps the contract", arguments: ObjectStoreContract.claims)
///     func contract(claim: ObjectStoreContract.Claim) async throws {
///         try await claim.check(store, in: ObjectKey("contract/\(claim.id)"))
///     }
package enum ObjectStoreContract {
    package static let claims: [Claim] = [reading, writing, listing, streaming].flatMap { $0 }

    /// One thing that holds of every store.
    package struct Claim: Sendable, CustomStringConvertible {
        /// A short word of its own, good for a key.
        package let id: String
        /// What holds, as a sentence.
        package let description: String
        private let body: @Sendable (Bench) async throws -> Void

        init(
            _ id: String, _ description: String,
            _ body: @escaping @Sendable (Bench) async throws -> Void
        ) {
            self.id = id
            self.description = description
            self.body = body
        }

        /// Tries the claim with keys below `folder`, which must hold no objects.
        /// - Throws: `Violation` if it does not hold; the store's errors.
        package func check(_ store: any ObjectStore, in folder: ObjectKey) async throws {
            try await body(Bench(store: store, folder: folder))
        }
    }

    /// A claim that does not hold, and where.
    package struct Violation: Error, CustomStringConvertible {
        package let description: String
    }
}

/// A store and the folder in it that belongs to one claim.
struct Bench: Sendable {
    let store: any ObjectStore
    let folder: ObjectKey

    func key(_ name: String) throws -> ObjectKey { try folder.appending(name) }

    /// A prefix below the folder.
    func prefix(_ text: String = "") throws -> ObjectPrefix {
        try ObjectPrefix(folder.text + "/" + text)
    }

    func put(_ name: String, _ bytes: [UInt8]) async throws {
        try await store.put(key(name), bytes)
    }

    func get(_ name: String) async throws -> [UInt8] { try await store.get(key(name)) }

    func get(_ name: String, _ range: Range<Int>) async throws -> [UInt8] {
        try await store.get(key(name), range: range)
    }

    /// The names below the folder that a page holds.
    func names(_ page: ObjectPage) -> [String] {
        page.entries.map { String($0.key.text.dropFirst(folder.text.count + 1)) }
    }

    /// Bytes that differ at every place and for every seed.
    func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
        var state = UInt32(truncatingIfNeeded: seed &* 2_654_435_761 &+ 12345)
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }
}

func expect(
    _ condition: Bool, _ claim: @autoclosure () -> String, line: Int = #line,
    file: String = #fileID
) throws {
    if !condition {
        throw ObjectStoreContract.Violation(description: "\(file):\(line): not so: \(claim())")
    }
}

func expectFailure(
    _ code: ObjectStoreError.Code, line: Int = #line, file: String = #fileID,
    _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as ObjectStoreError where error.code == code {
        return
    } catch {
        throw ObjectStoreContract.Violation(
            description: "\(file):\(line): threw \(error) instead of \(code)")
    }
    throw ObjectStoreContract.Violation(
        description: "\(file):\(line): did not throw \(code)")
}
