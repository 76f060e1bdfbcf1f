// SPDX-License-Identifier: Apache-2.0

// Each target takes any bytes, and claims what must hold of them: nothing traps, what is refused leaves no trace, and
// what is accepted says the same however it is asked. Targets hold no state, so that an input that was found fails
// again on its own.

/// What can be fuzzed; raw values name the folders of the corpora.
enum FuzzTarget: String, CaseIterable {
    case otlpProtobuf = "otlp-protobuf"
    case otlpJSON = "otlp-json"
    case block = "block"
    case columns = "columns"
    case journal = "journal"
    case manifest = "manifest"
    case traceQL = "traceql"

    func run(_ input: [UInt8]) {
        switch self {
        case .otlpProtobuf: OTLPProtobufTarget.run(input)
        case .otlpJSON: OTLPJSONTarget.run(input)
        case .block: BlockTarget.run(input)
        case .columns: ColumnTarget.run(input)
        case .journal: JournalTarget.run(input)
        case .manifest: ManifestTarget.run(input)
        case .traceQL: TraceQLTarget.run(input)
        }
    }

    /// Small inputs that reach what random bytes would not find; the same each time.
    func seeds() throws -> [[UInt8]] {
        switch self {
        case .otlpProtobuf: try OTLPProtobufTarget.seeds()
        case .otlpJSON: try OTLPJSONTarget.seeds()
        case .block: try BlockTarget.seeds()
        case .columns: ColumnTarget.seeds()
        case .journal: try JournalTarget.seeds()
        case .manifest: ManifestTarget.seeds()
        case .traceQL: TraceQLTarget.seeds()
        }
    }
}

/// Ends the program with the claim's words if it does not hold.
func claim(_ holds: Bool, _ words: @autoclosure () -> String) {
    guard !holds else { return }
    report("does not hold: \(words())")
    preconditionFailure()
}
