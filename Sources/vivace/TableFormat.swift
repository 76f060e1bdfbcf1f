// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// How a table is printed.
enum TableFormat: Sendable {
    case aligned, json, csv

    /// What was given on the command line goes before the variables.
    ///
    /// - Throws: `ValidationError` if both are wanted.
    init(json: Bool, csv: Bool) throws {
        let wanted = json || csv ? (json, csv) : (try Settings.flag(false, "json"), try Settings.flag(false, "csv"))
        switch wanted {
        case (true, true): throw ValidationError("Give --json or --csv, not both.")
        case (true, false): self = .json
        case (false, true): self = .csv
        case (false, false): self = .aligned
        }
    }
}
