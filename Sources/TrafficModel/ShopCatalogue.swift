// SPDX-License-Identifier: Apache-2.0

/// What customers do, and how often.
struct ShopVisit: Sendable {
    var weight: Int
    var endpoint: ShopEndpoint
    /// What may disturb it.
    var disturbances: [ShopDisturbance] = []

    /// Every way into the shop. The weights sum to 1,000.
    static let all: [ShopVisit] = [
        ShopVisit(weight: 260, endpoint: ShopStorefront.home),
        ShopVisit(weight: 290, endpoint: ShopStorefront.product),
        ShopVisit(weight: 130, endpoint: ShopStorefront.search, disturbances: [.slowSearch]),
        ShopVisit(weight: 110, endpoint: ShopStorefront.addToCart),
        ShopVisit(
            weight: 70, endpoint: ShopStorefront.checkout,
            disturbances: [.slowPaymentProvider, .stockLock]),
        ShopVisit(weight: 50, endpoint: ShopStorefront.login),
        ShopVisit(weight: 30, endpoint: ShopStorefront.order),
        ShopVisit(weight: 35, endpoint: ShopBackend.health),
        ShopVisit(weight: 15, endpoint: ShopBackend.orderStatistics),
        ShopVisit(weight: 10, endpoint: ShopBackend.priceImport),
    ]
}

/// Pages, and the gateway's routes behind them.
enum ShopStorefront {
    static let home = page(
        "GET", "/",
        [
            .featureFlag("new-landing-page"),
            .together([
                .call(gateway("GET", "/api/products", [.call(ShopBackend.listProducts, .required)]), .required),
                .call(gateway("GET", "/api/categories", [.call(ShopBackend.categories, .optional)]), .optional),
                .call(ShopBackend.recommend, .optional),
            ]),
            .part("render page", [.compute(2_500)]),
        ])

    static let product = page(
        "GET", "/product/{id}",
        [
            .call(
                gateway(
                    "GET", "/api/products/{id}",
                    [
                        .call(ShopBackend.getProduct, .required),
                        .together([
                            .call(ShopBackend.quote, .required),
                            .call(ShopBackend.checkStock, .optional),
                        ]),
                    ]), .required),
            .call(ShopBackend.recommend, .optional),
            .part("render page", [.compute(1_800)]),
        ])

    static let search = page(
        "GET", "/search",
        [
            .call(
                gateway(
                    "GET", "/api/search",
                    [
                        .call(ShopBackend.query, .required),
                        .each(1...6, [.call(ShopBackend.quote, .optional)]),
                    ]), .required),
            .sometimes(0.3, [.call(ShopBackend.suggest, .optional)]),
            .part("render page", [.compute(2_000)]),
        ])

    static let addToCart = page(
        "POST", "/cart",
        [
            .call(
                gateway(
                    "POST", "/api/cart/items",
                    [
                        .call(ShopBackend.checkStock, .required),
                        .call(ShopBackend.addItem, .retried),
                        .call(ShopBackend.promotions, .optional),
                    ]), .required)
        ])

    static let checkout = page(
        "POST", "/checkout",
        [
            .featureFlag("one-page-checkout"),
            .call(gateway("POST", "/api/checkout", [.call(ShopCheckout.placeOrder, .required)]), .required),
            .part("render confirmation", [.compute(1_500)]),
        ])

    static let login = page(
        "POST", "/login",
        [
            .call(gateway("POST", "/api/sessions", [.call(ShopBackend.authenticate, .required)]), .required)
        ])

    static let order = page(
        "GET", "/orders/{id}",
        [
            .call(gateway("GET", "/api/orders/{id}", [.call(ShopCheckout.getOrder, .required)]), .required),
            .part("render page", [.compute(900)]),
        ])

    private static func page(_ method: String, _ route: String, _ steps: [ShopStep]) -> ShopEndpoint {
        ShopEndpoint(.storefront, .http(method: method, route: route), [.compute(400)] + steps)
    }

    private static func gateway(_ method: String, _ route: String, _ steps: [ShopStep]) -> ShopEndpoint {
        let timeout = ShopFailure(
            probability: 0.002, exception: "TimeoutError", message: "upstream did not answer within 2s",
            httpStatus: 504, grpcStatus: 4)
        return ShopEndpoint(
            .gateway, .http(method: method, route: route), failure: timeout,
            [.compute(150), .part("authorize", [.compute(80)])] + steps)
    }
}
