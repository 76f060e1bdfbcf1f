// SPDX-License-Identifier: Apache-2.0

internal import OTLPGenerator
internal import StoreTesting
internal import TraceModel

/// Requests for a store, each with another arrival time.
struct StoreRequests {
    var tenant = TenantID.single
    private var traffic: RandomOTLP
    private var arrivalSeconds: UInt32 = 1_700_000_000

    init(seed: UInt64, traceCount: Int = 20) { traffic = RandomOTLP(seed: seed, options: .init(traceCount: traceCount)) }

    /// A request with at least one span, about `spanCount`.
    mutating func next(spanCount: Int = 10) throws -> SentRequest {
        arrivalSeconds += 1
        while true {
            let request = try SentRequest(
                traffic.request(maximumSpans: spanCount), tenant, arrivalSeconds: arrivalSeconds,
                isCompressed: arrivalSeconds % 3 == 0)
            if !request.copies.isEmpty { return request }
        }
    }
}
