// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

extension TraceComposer {
    /// Calls another service, as often as the policy says.
    mutating func call(
        _ endpoint: ShopEndpoint, _ policy: ShopStep.Policy, by doer: Doer, from start: UInt64
    ) -> Outcome {
        var now = start
        for attempt in 0... {
            let outcome = exchange(endpoint, attempt: attempt, by: doer, from: now)
            guard let failure = outcome.failure else { return outcome }
            switch policy {
            case .required: return outcome
            case .optional: return Outcome(end: outcome.end)
            case .retried:
                if attempt == 2 || failure.httpStatus < 500 { return outcome }
                now = outcome.end + nanoseconds(40_000 * Double(1 << attempt))
            }
        }
        return Outcome(end: now)
    }

    /// One request and its answer: the caller's span with the callee's inside.
    private mutating func exchange(
        _ endpoint: ShopEndpoint, attempt: Int, by doer: Doer, from start: UInt64
    ) -> Outcome {
        let (name, layer) = clientName(of: endpoint)
        let client = open(name, kind: 3, layer: layer, in: doer.process, parent: doer.id, at: start + nanoseconds(10))
        let sent = spans[client.span].start + nanoseconds(180)
        var outcome = serve(endpoint, parent: client.id, at: sent)
        outcome.end += nanoseconds(160)
        add(clientAttributes(of: endpoint, attempt: attempt, outcome.failure), to: client)
        if let failure = outcome.failure { recordException(failure, in: client, at: outcome.end) }
        close(client, at: outcome.end, error: outcome.failure?.message)
        return Outcome(end: outcome.end + nanoseconds(10), failure: outcome.failure)
    }

    /// Asks a database; its own work is not traced.
    mutating func send(_ query: ShopQuery, by doer: Doer, from start: UInt64) -> UInt64 {
        let isRedis = query.system == .redis
        let client = open(
            isRedis ? query.operation : "\(query.operation) \(query.collection)", kind: 3,
            layer: isRedis ? .redis : .sql, in: doer.process, parent: doer.id, at: start + nanoseconds(6))
        add(attributes(of: query), to: client)
        var end = spans[client.span].start + nanoseconds(query.medianMicroseconds, sigma: 0.55)
        if slowCause == nil {
            if query.takesRowLock, disturbance == .stockLock {
                let lock = ModelAttribute("db.lock.mode", "RowExclusiveLock")
                end += disturb(client, at: end, event: "lock.wait", [lock])
            } else if query.system == .elasticsearch, disturbance == .slowSearch {
                end += disturb(client, at: end, event: "shard.recovering", [ModelAttribute("elasticsearch.shard", 3)])
            }
        }
        close(client, at: end)
        return end + nanoseconds(5)
    }

    /// Asks the payment provider, which keeps no traces that we could see.
    mutating func chargeCard(by doer: Doer, from start: UInt64) -> UInt64 {
        let client = open(
            "POST", kind: 3, layer: .http, in: doer.process, parent: doer.id, at: start + nanoseconds(12))
        add(
            [
                ModelAttribute("http.request.method", "POST"),
                ModelAttribute("url.full", "https://api.paypath.example/v1/charges"),
                ModelAttribute("server.address", "api.paypath.example"), ModelAttribute("server.port", 443),
                ModelAttribute("http.response.status_code", 201), ModelAttribute("network.protocol.version", "2"),
            ], to: client)
        var end = spans[client.span].start + nanoseconds(85_000, sigma: 0.4)
        if slowCause == nil, disturbance == .slowPaymentProvider {
            end += disturb(
                client, at: spans[client.span].start + nanoseconds(30_000), event: "waiting for response",
                [ModelAttribute("shop.payment.provider", "paypath")])
        }
        close(client, at: end)
        return end + nanoseconds(10)
    }

    /// Sends a message; who consumes it does so later, when the sender has gone on.
    mutating func publish(
        _ topic: String, to consumers: [ShopEndpoint], by doer: Doer, from start: UInt64
    ) -> UInt64 {
        let producer = open(
            "send \(topic)", kind: 4, layer: .kafka, in: doer.process, parent: doer.id, at: start + nanoseconds(10))
        let end = spans[producer.span].start + nanoseconds(1_900, sigma: 0.5)
        add(messagingAttributes(topic, operation: "send"), to: producer)
        close(producer, at: end)
        sentMessages.append(
            ModelLink(
                traceID: traceID, spanID: producer.id,
                attributes: [ModelAttribute("messaging.kafka.offset", random.pick(1...1_000_000))]))
        for consumer in consumers {
            _ = serve(consumer, parent: producer.id, at: end + nanoseconds(25_000, sigma: 0.7))
        }
        return end + nanoseconds(5)
    }

    mutating func evaluateFlag(_ key: String, by doer: Doer, at time: UInt64) {
        let attributes = [
            ModelAttribute("feature_flag.key", key),
            ModelAttribute("feature_flag.result.variant", random.chance(0.5) ? "on" : "off"),
            ModelAttribute("feature_flag.provider.name", "flagd"),
        ]
        spans[doer.span].events.append(
            ModelEvent(time: time, name: "feature_flag.evaluation", attributes: attributes))
    }

    mutating func recordException(_ failure: ShopFailure, in doer: Doer, at time: UInt64) {
        let type = "\(doer.process.service.packageName).\(failure.exception)"
        let attributes = [
            ModelAttribute("exception.type", type),
            ModelAttribute("exception.message", failure.message),
            ModelAttribute(
                "exception.stacktrace",
                "\(type): \(failure.message)\n    at handle(request:\(40 + failure.message.utf8.count))\n    at main"),
        ]
        spans[doer.span].events.append(ModelEvent(time: time, name: "exception", attributes: attributes))
    }
}
