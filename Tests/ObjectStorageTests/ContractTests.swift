// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import ObjectStorage
internal import ObjectStorageContract
internal import Testing

/// A directory store on a file system of the test's choice.
func directoryStore(
    _ root: String, on fileSystem: any FileSystem = LocalFileSystem(),
    access: DirectoryObjectStore.Access = .readWrite, openFileLimit: Int = 3
) async throws -> DirectoryObjectStore {
    try await DirectoryObjectStore(
        root: root, access: access, fileSystem: fileSystem,
        readers: BlockingExecutor(name: "reads", threadCount: 2),
        writers: BlockingExecutor(name: "writes", threadCount: 2), openFileLimit: openFileLimit)
}

@Suite("Every object store keeps the contract", .timeLimit(.minutes(10)))
struct ContractTests {
    @Test("in memory", arguments: ObjectStoreContract.claims)
    func memory(claim: ObjectStoreContract.Claim) async throws {
        try await claim.check(MemoryObjectStore(), in: ObjectKey("contract"))
    }

    @Test("in a directory", arguments: ObjectStoreContract.claims)
    func directory(claim: ObjectStoreContract.Claim) async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path + "/objects")
        try await claim.check(store, in: ObjectKey("contract/" + claim.id))
    }

    @Test("in a directory of a simulated file system", arguments: ObjectStoreContract.claims)
    func simulated(claim: ObjectStoreContract.Claim) async throws {
        let store = try await directoryStore("/data", on: SimulatedFileSystem(seed: 1))
        try await claim.check(store, in: ObjectKey("contract"))
    }

    @Test("behind an interceptor", arguments: ObjectStoreContract.claims)
    func intercepted(claim: ObjectStoreContract.Claim) async throws {
        let store = InterceptedObjectStore(MemoryObjectStore(), by: RequestMeter())
        try await claim.check(store, in: ObjectKey("contract"))
    }
}
