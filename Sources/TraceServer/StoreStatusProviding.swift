// SPDX-License-Identifier: Apache-2.0

/// A figure of the store, as the status page shows it.
package struct StoreFigure: Sendable, Equatable {
    /// Such as `blocks` or `newest span`.
    package var name: String
    /// With its unit.
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What the server says about the store that it serves.
package protocol StoreStatusProviding: Sendable {
    /// What the store waits for before it can take and answer, as a sentence; nil once it is ready.
    var notReadyReason: String? { get }

    /// Figures for the status page, in the order in which they are shown. Cheap: it is asked at every request.
    var figures: [StoreFigure] { get }
}
