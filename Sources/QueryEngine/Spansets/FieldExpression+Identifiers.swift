// SPDX-License-Identifier: Apache-2.0

internal import TraceModel
internal import TraceQL

extension FieldExpression {
    /// The same with the IDs that are to be equal, or not, as they are shown: of lower case, with all leading zeros.
    func withWholeIdentifiers() -> FieldExpression {
        switch form {
        case .literal, .field, .minus, .arithmetic: return self
        case .not(let operand): return with(.not(operand.withWholeIdentifiers()))
        case .all(let operands): return with(.all(operands.map { $0.withWholeIdentifiers() }))
        case .any(let operands): return with(.any(operands.map { $0.withWholeIdentifiers() }))
        case .comparison(let comparison, let left, let right):
            guard comparison == .equal || comparison == .notEqual else { return self }
            return with(.comparison(comparison, left.asWhole(beside: right), right.asWhole(beside: left)))
        }
    }

    private func with(_ form: Form) -> FieldExpression { FieldExpression(form, offset: offset) }

    /// A written ID that is compared with `other`, whole; what is none stays as it is.
    private func asWhole(beside other: FieldExpression) -> FieldExpression {
        guard case .string(let text)? = literal, case .intrinsic(let reference)? = other.field,
            let digitCount = reference.intrinsic.identifierDigitCount, (1...digitCount).contains(text.utf8.count),
            text.utf8.allSatisfy({ hexadecimalValue($0) != nil })
        else { return self }
        let zeros = String(repeating: "0", count: digitCount - text.utf8.count)
        return with(.literal(.string(zeros + text.lowercased())))
    }
}

extension Intrinsic {
    /// Hexadecimal digits of an ID.
    fileprivate var identifierDigitCount: Int? {
        switch self {
        case .traceID, .linkTraceID: 32
        case .spanID, .parentID, .linkSpanID: 16
        default: nil
        }
    }
}
