// SPDX-License-Identifier: Apache-2.0

internal import TerminalRendering

/// Does long work while a line on standard error says how far it has come; the line is erased at the end.
///
/// - Parameter text: How far the work has come; asked five times a second, from another task. Nil shows nothing.
func withProgress<Result: Sendable>(
    _ text: (@Sendable () -> ProgressText)?, _ body: () async throws -> Result
) async throws -> Result {
    guard let text else { return try await body() }
    defer { Output.eraseProgress() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            while true {
                try await Task.sleep(for: .milliseconds(200))
                Output.showProgress(text().render(Output.errorStyle))
            }
        }
        let result = try await body()
        group.cancelAll()
        return result
    }
}
