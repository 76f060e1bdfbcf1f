// SPDX-License-Identifier: Apache-2.0

internal import HummingbirdCore
internal import QueryEngine

extension TagAnswer {
    /// Values as language models are given them: `{"tagValues":{"string":["a","b"],"int":["200"]},"metrics":{}}`.
    ///
    /// The lists stand by type, each ordered, none empty. Values are texts, as in the usual form, and the type says
    /// how a query writes them. How many spans have each is not told.
    ///
    /// - Parameter byteCount: Of the values in memory, about.
    func plainValues(_ found: TagValues, _ byteCount: Int) throws -> Response {
        let pieceByteCount = limits.answerChunkByteCount
        return try streamedJSON(.plain, holding: found.memory, byteCount: byteCount, limits) { writer in
            var json = JSONWriter()
            json.beginObject()
            json.name("tagValues")
            json.beginObject()
            for kind in TagValue.Kind.allCases {
                var isOpen = false
                for value in found.values where value.kind == kind {
                    if !isOpen {
                        json.name(text: kind.rawValue)
                        json.beginList()
                        isOpen = true
                    }
                    json.string(value.text)
                    if json.count >= pieceByteCount { try await writer.write(json.takeBuffer()) }
                }
                if isOpen { json.endList() }
            }
            json.endObject()
            close(&json, partial: "partial", found.partialReason)
            try await writer.write(json.takeBuffer())
        }
    }
}
