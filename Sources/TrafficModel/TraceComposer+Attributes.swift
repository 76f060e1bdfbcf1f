// SPDX-License-Identifier: Apache-2.0

// What spans say about themselves, by OpenTelemetry's semantic conventions: HTTP and databases as they are stable,
// gRPC and messaging as SDKs write them today. What the shop adds on its own account begins with "shop.".

internal import TraceModel

extension TraceComposer {
    /// The schema that resources and scopes name.
    static let schemaURL = "https://opentelemetry.io/schemas/1.37.0"

    mutating func openServing(
        _ endpoint: ShopEndpoint, in process: ModelProcess, parent: SpanID?, at start: UInt64
    ) -> Doer {
        let (name, kind, layer): (String, Int32, ModelLayer) =
            switch endpoint.transport {
            case .http(let method, let route): ("\(method) \(route)", 2, .http)
            case .grpc(let service, let method): ("\(service)/\(method)", 2, .grpc)
            case .consume(let topic), .consumeBatch(let topic): ("process \(topic)", 5, .kafka)
            case .job(let name): (name, 1, .own)
            }
        let doer = open(name, kind: kind, layer: layer, in: process, parent: parent, at: start)
        switch endpoint.transport {
        case .http(let method, let route): add(httpServerAttributes(method, route, process), to: doer)
        case .grpc(let service, let method): add(rpcAttributes(service, method, process.service), to: doer)
        case .consume(let topic): add(messagingAttributes(topic, operation: "process"), to: doer)
        case .consumeBatch(let topic):
            add(messagingAttributes(topic, operation: "process"), to: doer)
            add([ModelAttribute("messaging.batch.message_count", random.pick(2...40))], to: doer)
        case .job: add([ModelAttribute("shop.job.rows", random.pick(12...46))], to: doer)
        }
        if process.service == .storefront { add(visitorAttributes(), to: doer) }
        if process.service == .checkout { add(orderAttributes(), to: doer) }
        return doer
    }

    /// Ends a server's or consumer's span. What the client did wrong is no error of an HTTP or gRPC server.
    mutating func closeServing(_ endpoint: ShopEndpoint, _ doer: Doer, _ outcome: Outcome) {
        let failure = outcome.failure
        let isOwnFault = failure.map { $0.httpStatus >= 500 } ?? false
        switch endpoint.transport {
        case .http(let method, _):
            let success = method == "POST" ? 201 : 200
            add([ModelAttribute("http.response.status_code", failure?.httpStatus ?? success)], to: doer)
        case .grpc:
            add([ModelAttribute("rpc.grpc.status_code", failure?.grpcStatus ?? 0)], to: doer)
        case .consume, .consumeBatch, .job: break
        }
        if isOwnFault, let failure {
            add([ModelAttribute("error.type", failure.exception)], to: doer)
        }
        close(doer, at: outcome.end, error: isOwnFault ? failure?.message : nil)
    }

    func clientName(of endpoint: ShopEndpoint) -> (String, ModelLayer) {
        switch endpoint.transport {
        case .http(let method, _): (method, .http)
        case .grpc(let service, let method): ("\(service)/\(method)", .grpc)
        case .consume(let topic), .consumeBatch(let topic): ("receive \(topic)", .kafka)
        case .job(let name): (name, .own)
        }
    }

    func clientAttributes(
        of endpoint: ShopEndpoint, attempt: Int, _ failure: ShopFailure?
    ) -> [ModelAttribute] {
        var attributes: [ModelAttribute]
        switch endpoint.transport {
        case .http(let method, let route):
            attributes = [
                ModelAttribute("http.request.method", method),
                ModelAttribute(
                    "url.full", "http://\(endpoint.service.host):\(endpoint.service.port)\(path(of: route))"),
                ModelAttribute("server.address", endpoint.service.host),
                ModelAttribute("server.port", endpoint.service.port),
                ModelAttribute("http.response.status_code", failure?.httpStatus ?? (method == "POST" ? 201 : 200)),
            ]
            if attempt > 0 { attributes.append(ModelAttribute("http.request.resend_count", attempt)) }
        case .grpc(let service, let method):
            attributes = rpcAttributes(service, method, endpoint.service)
            attributes.append(ModelAttribute("rpc.grpc.status_code", failure?.grpcStatus ?? 0))
            if attempt > 0 { attributes.append(ModelAttribute("shop.retry.attempt", attempt)) }
        case .consume, .consumeBatch, .job: attributes = []
        }
        if let failure { attributes.append(ModelAttribute("error.type", failure.exception)) }
        return attributes
    }

    mutating func attributes(of query: ShopQuery) -> [ModelAttribute] {
        var attributes = [
            ModelAttribute("db.system.name", query.system.rawValue),
            ModelAttribute("db.operation.name", query.operation),
            ModelAttribute("db.query.text", query.text),
            ModelAttribute("server.address", "\(query.system.rawValue)-\(query.namespace).shop.svc.cluster.local"),
        ]
        if query.system == .redis {
            attributes.append(ModelAttribute("server.port", 6379))
            attributes.append(ModelAttribute("shop.cache.hit", .bool(random.chance(0.9))))
        } else {
            attributes.append(ModelAttribute("db.namespace", query.namespace))
            attributes.append(ModelAttribute("db.collection.name", query.collection))
            attributes.append(ModelAttribute("db.query.summary", "\(query.operation) \(query.collection)"))
            attributes.append(ModelAttribute("server.port", query.system == .postgresql ? 5432 : 9200))
            if query.operation == "SELECT" {
                attributes.append(ModelAttribute("db.response.returned_rows", random.pick(0...24)))
            }
        }
        return attributes
    }

    mutating func messagingAttributes(_ topic: String, operation: String) -> [ModelAttribute] {
        [
            ModelAttribute("messaging.system", "kafka"),
            ModelAttribute("messaging.destination.name", topic),
            ModelAttribute("messaging.operation.name", operation),
            ModelAttribute("messaging.operation.type", operation),
            ModelAttribute("messaging.destination.partition.id", "\(random.pick(0...11))"),
            ModelAttribute("messaging.message.body.size", random.pick(300...4_000)),
        ]
    }

    private func rpcAttributes(_ service: String, _ method: String, _ server: ModelService) -> [ModelAttribute] {
        [
            ModelAttribute("rpc.system", "grpc"),
            ModelAttribute("rpc.service", service),
            ModelAttribute("rpc.method", method),
            ModelAttribute("server.address", server.host),
            ModelAttribute("server.port", server.port),
        ]
    }

    private mutating func httpServerAttributes(
        _ method: String, _ route: String, _ process: ModelProcess
    ) -> [ModelAttribute] {
        [
            ModelAttribute("http.request.method", method),
            ModelAttribute("url.scheme", process.service == .storefront ? "https" : "http"),
            ModelAttribute("url.path", path(of: route)),
            ModelAttribute("http.route", route),
            ModelAttribute("server.address", process.service == .storefront ? "shop.example" : process.service.host),
            ModelAttribute("client.address", clientAddress()),
            ModelAttribute("network.protocol.version", "1.1"),
            ModelAttribute("user_agent.original", userAgent(of: process.service)),
        ]
    }

    private mutating func clientAddress() -> String {
        "10.\(random.pick(0...31)).\(random.pick(0...255)).\(random.pick(1...254))"
    }

    private mutating func userAgent(of service: ModelService) -> String {
        guard service == .storefront else { return "node-fetch/3.3" }
        return random.pick([
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
        ])
    }

    private mutating func visitorAttributes() -> [ModelAttribute] {
        [
            ModelAttribute("enduser.pseudo.id", hexadecimalString(random.next() % 50_000)),
            ModelAttribute("shop.customer.tier", random.pick(["none", "bronze", "bronze", "silver", "gold"])),
            ModelAttribute(
                "shop.experiments", .strings(["layout-\(random.pick(1...3))", "ranking-\(random.pick(1...2))"])),
        ]
    }

    private mutating func orderAttributes() -> [ModelAttribute] {
        [
            ModelAttribute("shop.order.value", .double(Double(random.pick(499...49_999)) / 100)),
            ModelAttribute("shop.order.currency", random.pick(["EUR", "EUR", "USD", "GBP"])),
            ModelAttribute("shop.order.is_gift", .bool(random.chance(0.1))),
        ]
    }

    /// A route with an identifier in the place of `{id}`.
    private func path(of route: String) -> String {
        guard let brace = route.firstIndex(of: "{") else { return route }
        return route[..<brace] + "\(itemNumber)"
    }
}
