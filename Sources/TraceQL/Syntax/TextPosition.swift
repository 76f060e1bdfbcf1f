// SPDX-License-Identifier: Apache-2.0

/// Where a part of a query begins in its text, or where its operator stands, in bytes of UTF-8.
///
/// All are equal: so parts are equal that say the same, wherever they stood in their texts.
@propertyWrapper package struct TextPosition: Hashable, Sendable {
    package var wrappedValue: Int

    package init(wrappedValue: Int) { self.wrappedValue = wrappedValue }

    package static func == (a: Self, b: Self) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}
}
