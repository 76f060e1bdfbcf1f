// SPDX-License-Identifier: Apache-2.0

/// Whose attribute it is.
package enum AttributeScope: String, CaseIterable, Sendable {
    /// Written without a scope: the span's, or else the resource's.
    case any = ""
    case span, resource, event, link, instrumentation
}

/// An attribute as a query names it.
package struct AttributeReference: Hashable, Sendable {
    package var scope: AttributeScope
    /// Asked of the parent span (`parent.…`), which is not supported.
    package var isOfParent: Bool
    /// The key, without quotes and escapes.
    package var name: String

    package init(_ scope: AttributeScope, _ name: String, isOfParent: Bool = false) {
        self.scope = scope
        self.name = name
        self.isOfParent = isOfParent
    }
}

/// A field of a span or its trace, and how it was written.
package struct IntrinsicReference: Hashable, Sendable {
    package var intrinsic: Intrinsic
    /// Written with its scope, `span:name`, instead of `name`.
    package var isScoped: Bool

    /// - Precondition: The intrinsic has such a name.
    package init(_ intrinsic: Intrinsic, isScoped: Bool) {
        precondition(isScoped ? intrinsic.scopedName != nil : intrinsic.plainName != nil)
        self.intrinsic = intrinsic
        self.isScoped = isScoped
    }

    /// As it is written.
    package var name: String { (isScoped ? intrinsic.scopedName : intrinsic.plainName) ?? "" }
}

/// Something that has a value for each span.
package enum SpanField: Hashable, Sendable {
    case attribute(AttributeReference)
    case intrinsic(IntrinsicReference)

    /// What is known of its values: of attributes nothing.
    package var type: ValueType {
        switch self {
        case .attribute: .unknown
        case .intrinsic(let reference): reference.intrinsic.type
        }
    }
}
