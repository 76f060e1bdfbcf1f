// SPDX-License-Identifier: Apache-2.0

/// An operation of a service: how it is called and what it does.
struct ShopEndpoint: Sendable {
    /// How a request comes to it.
    enum Transport: Sendable {
        case http(method: String, route: String)
        case grpc(service: String, method: String)
        /// One message at a time, as a child of the span that sent it.
        case consume(topic: String)
        /// Many messages at a time, in a trace of its own, linked to the spans that sent them.
        case consumeBatch(topic: String)
        case job(name: String)
    }

    var service: ModelService
    var transport: Transport
    var steps: [ShopStep]
    var failure: ShopFailure?

    init(
        _ service: ModelService, _ transport: Transport, failure: ShopFailure? = nil, _ steps: [ShopStep]
    ) {
        self.service = service
        self.transport = transport
        self.failure = failure
        self.steps = steps
    }
}

/// What goes wrong in an operation now and then.
struct ShopFailure: Sendable, Hashable {
    var probability: Double
    /// The exception's type without its namespace.
    var exception: String
    var message: String
    /// What an HTTP server answers; 500 and above are errors of the server's span too.
    var httpStatus: Int
    /// What a gRPC server answers.
    var grpcStatus: Int
}

/// One thing that an operation does; operations do their steps one after another.
indirect enum ShopStep: Sendable {
    /// What becomes of the caller when a call fails.
    enum Policy: Sendable {
        /// The caller fails too.
        case required
        /// The caller goes on without.
        case optional
        /// The caller tries again, twice at most, and then fails.
        case retried
    }

    /// Works by itself; the median in microseconds.
    case compute(Double)
    case call(ShopEndpoint, ShopStep.Policy)
    case query(ShopQuery)
    /// A span of its own around some steps.
    case part(String, [ShopStep])
    /// All at the same time.
    case together([ShopStep])
    /// So many times, one after another.
    case each(ClosedRange<Int>, [ShopStep])
    case sometimes(Double, [ShopStep])
    /// Sends a message; the endpoints consume it later, each for itself.
    case publish(topic: String, to: [ShopEndpoint])
    /// The payment provider outside of the shop.
    case chargeCard
    /// Says which variant of a feature was chosen, as an event.
    case featureFlag(String)
}

/// A statement that a database is asked to carry out.
struct ShopQuery: Sendable {
    enum System: String, Sendable {
        case postgresql, redis, elasticsearch, clickhouse
    }

    var system: System
    var namespace: String
    var operation: String
    /// Table, index or key space.
    var collection: String
    var text: String
    var medianMicroseconds: Double
    /// Whether it may wait for the lock of a row that others hold.
    var takesRowLock = false
}

/// What is wrong with the whole shop while one trace runs, and can be seen in it.
enum ShopDisturbance: Sendable {
    case none
    /// The payment provider takes seconds.
    case slowPaymentProvider
    /// Another transaction holds the stock rows.
    case stockLock
    /// The search index pauses.
    case slowSearch
}
