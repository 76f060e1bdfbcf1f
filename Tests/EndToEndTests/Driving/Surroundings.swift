// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where things are that the tests don't bring with them.
enum Surroundings {
    private static let variables = ProcessInfo.processInfo.environment

    /// Where Package.swift lies.
    static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let binary = variables["VIVACE_BINARY"] ?? packageRoot + "/.build/release/vivace"
    static let python = variables["VIVACE_E2E_PYTHON"] ?? packageRoot + "/.venv-e2e/bin/python"
    static let seed = variables["VIVACE_E2E_SEED"].flatMap { UInt64($0) }

    /// The variables without those that would tell the program something.
    static let environment = variables.filter { !$0.key.hasPrefix("VIVACE_") }
        .merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
}

/// What a test waited for and did not come.
struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Looks again and again until the condition gives a value.
///
/// - Throws: ``TestFailure`` if it gives none in time.
@discardableResult
func poll<Value>(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await condition() { return value }
        guard ContinuousClock.now < deadline else { throw TestFailure("\(what) did not come within \(limit)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
