// SPDX-License-Identifier: Apache-2.0

/// The services behind the gateway, but for what an order needs.
enum ShopBackend {
    static let health = ShopEndpoint(
        .gateway, .http(method: "GET", route: "/healthz"),
        [.part("check dependencies", [.query(redis("PING", "health", 150))])])

    static let listProducts = grpc(
        .catalog, "Catalog/ListProducts",
        [.query(redis("MGET", "products", 400)), .sometimes(0.4, [.query(products("SELECT", 2_400))])])

    static let categories = grpc(.catalog, "Catalog/GetCategories", [.query(redis("GET", "categories", 250))])

    static let getProduct = grpc(
        .catalog, "Catalog/GetProduct",
        failure: ShopFailure(
            probability: 0.006, exception: "ProductNotFoundException", message: "no such product",
            httpStatus: 404, grpcStatus: 5),
        [.query(redis("GET", "products", 220)), .sometimes(0.25, [.query(products("SELECT", 900))])])

    static let query = grpc(
        .search, "Search/Query",
        [
            .part("parse query", [.compute(300)]),
            .query(
                ShopQuery(
                    system: .elasticsearch, namespace: "", operation: "search", collection: "products",
                    text: #"{"query":{"match":{"title":"?"}},"size":24}"#, medianMicroseconds: 9_000)),
            .part("rank results", [.compute(2_200)]),
        ])

    static let suggest = grpc(.search, "Search/Suggest", [.query(redis("ZRANGE", "suggestions", 350))])

    static let addItem = grpc(
        .cart, "Cart/AddItem",
        failure: ShopFailure(
            probability: 0.03, exception: "RedisConnectionException", message: "no connection is available",
            httpStatus: 503, grpcStatus: 14),
        [.query(redis("HGET", "carts", 250)), .query(redis("HSET", "carts", 300))])

    static let getCart = grpc(.cart, "Cart/GetCart", [.query(redis("HGETALL", "carts", 320))])
    static let emptyCart = grpc(.cart, "Cart/EmptyCart", [.query(redis("DEL", "carts", 200))])

    static let checkStock = grpc(
        .inventory, "Inventory/CheckStock",
        [
            .query(
                sql(
                    "inventory", "SELECT", "stock",
                    "SELECT quantity, reserved FROM stock WHERE product_id = $1", 700))
        ])

    static let quote = grpc(.pricing, "Pricing/Quote", [.compute(180), .query(redis("GET", "prices", 200))])
    static let promotions = grpc(.pricing, "Pricing/ApplyPromotions", [.compute(600)])

    static let recommend = grpc(
        .recommendation, "Recommendation/List",
        failure: ShopFailure(
            probability: 0.015, exception: "ModelUnavailableError", message: "model shop-v7 is being loaded",
            httpStatus: 503, grpcStatus: 14),
        [.part("score candidates", [.compute(7_000)]), .query(redis("MGET", "products", 400))])

    static let authenticate = grpc(
        .account, "Account/Authenticate",
        failure: ShopFailure(
            probability: 0.08, exception: "InvalidCredentials", message: "wrong password",
            httpStatus: 401, grpcStatus: 16),
        [
            .query(sql("account", "SELECT", "users", "SELECT id, password_hash FROM users WHERE email = $1", 800)),
            .part("verify password", [.compute(48_000)]),
            .query(redis("SETEX", "sessions", 250)),
        ])

    static let profile = grpc(
        .account, "Account/GetProfile",
        [.query(sql("account", "SELECT", "users", "SELECT * FROM users WHERE id = $1", 600))])

    /// Consumes orders of many traces at once.
    static let orderStatistics = ShopEndpoint(
        .analytics, .consumeBatch(topic: "orders"),
        [
            .part("aggregate", [.compute(4_000)]),
            .query(
                ShopQuery(
                    system: .clickhouse, namespace: "analytics", operation: "INSERT", collection: "order_facts",
                    text: "INSERT INTO order_facts FORMAT Native", medianMicroseconds: 12_000)),
        ])

    /// The long trace: four spans for each row of a price list.
    static let priceImport = ShopEndpoint(
        .pricing, .job(name: "import price list"),
        [
            .part("read file", [.compute(20_000)]),
            .each(
                12...46,
                [
                    .part(
                        "apply price",
                        [
                            .query(
                                sql("pricing", "SELECT", "prices", "SELECT price FROM prices WHERE sku = $1", 500)),
                            .query(
                                sql("pricing", "UPDATE", "prices", "UPDATE prices SET price = $2 WHERE sku = $1", 900)),
                            .query(redis("DEL", "prices", 150)),
                        ])
                ]),
        ])

    static func grpc(
        _ service: ModelService, _ method: String, failure: ShopFailure? = nil, _ steps: [ShopStep]
    ) -> ShopEndpoint {
        let parts = method.split(separator: "/").map(String.init)
        return ShopEndpoint(
            service, .grpc(service: "shop." + parts[0], method: parts[1]), failure: failure,
            [.compute(120)] + steps + [.compute(60)])
    }

    static func sql(
        _ database: String, _ operation: String, _ table: String, _ text: String, _ medianMicroseconds: Double
    ) -> ShopQuery {
        ShopQuery(
            system: .postgresql, namespace: database, operation: operation, collection: table, text: text,
            medianMicroseconds: medianMicroseconds)
    }

    static func redis(_ command: String, _ keySpace: String, _ medianMicroseconds: Double) -> ShopQuery {
        ShopQuery(
            system: .redis, namespace: "0", operation: command, collection: keySpace,
            text: "\(command) \(keySpace):?", medianMicroseconds: medianMicroseconds)
    }

    private static func products(_ operation: String, _ medianMicroseconds: Double) -> ShopQuery {
        sql(
            "catalog", operation, "products", "SELECT id, title, description, price FROM products WHERE id = ANY($1)",
            medianMicroseconds)
    }
}
