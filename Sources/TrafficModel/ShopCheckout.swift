// SPDX-License-Identifier: Apache-2.0

private typealias Backend = ShopBackend

/// What an order sets in motion: the deep traces, with a queue and consumers that end after the customer has left.
enum ShopCheckout {
    static let placeOrder = ShopBackend.grpc(
        .checkout, "Checkout/PlaceOrder",
        [
            .together([.call(Backend.profile, .required), .call(Backend.getCart, .required)]),
            .part("prepare items", [.each(1...7, [.call(Backend.getProduct, .required), .call(reserve, .required)])]),
            .together([
                .call(shippingQuote, .required), .call(Backend.promotions, .optional), .call(Backend.quote, .required),
            ]),
            .call(charge, .retried),
            .part(
                "store order",
                [
                    .query(
                        ShopBackend.sql("checkout", "INSERT", "orders", "INSERT INTO orders VALUES ($1, $2)", 1_300)),
                    .query(
                        ShopBackend.sql(
                            "checkout", "INSERT", "order_items", "INSERT INTO order_items VALUES ($1, $2, $3)", 1_600)),
                ]),
            .publish(topic: "orders", to: [ship, confirm, countStock]),
            .call(Backend.emptyCart, .optional),
        ])

    static let getOrder = ShopBackend.grpc(
        .checkout, "Checkout/GetOrder",
        [.query(ShopBackend.sql("checkout", "SELECT", "orders", "SELECT * FROM orders WHERE id = $1", 900))])

    private static let reserve = ShopBackend.grpc(
        .inventory, "Inventory/ReserveStock",
        failure: ShopFailure(
            probability: 0.004, exception: "OutOfStock", message: "fewer left than ordered",
            httpStatus: 409, grpcStatus: 9),
        [
            .query(
                ShopQuery(
                    system: .postgresql, namespace: "inventory", operation: "UPDATE", collection: "stock",
                    text: "UPDATE stock SET reserved = reserved + $2 WHERE product_id = $1",
                    medianMicroseconds: 1_100, takesRowLock: true))
        ])

    private static let charge = ShopBackend.grpc(
        .payment, "Payment/Charge",
        failure: ShopFailure(
            probability: 0.06, exception: "PaymentGatewayError", message: "the payment provider closed the connection",
            httpStatus: 503, grpcStatus: 14),
        [
            .part("screen for fraud", [.compute(3_500)]),
            .chargeCard,
            .query(ShopBackend.sql("payment", "INSERT", "charges", "INSERT INTO charges VALUES ($1, $2, $3)", 1_000)),
        ])

    private static let shippingQuote = ShopBackend.grpc(.shipping, "Shipping/GetQuote", [.compute(1_200)])

    private static let ship = ShopEndpoint(
        .shipping, .consume(topic: "orders"),
        [.part("choose carrier", [.compute(2_000)]), .part("print label", [.compute(30_000)])])

    private static let confirm = ShopEndpoint(
        .notification, .consume(topic: "orders"),
        failure: ShopFailure(
            probability: 0.02, exception: "SMTPServerBusy", message: "421 try again later",
            httpStatus: 503, grpcStatus: 14),
        [.part("render mail", [.compute(3_000)]), .part("send mail", [.compute(60_000)])])

    private static let countStock = ShopEndpoint(
        .inventory, .consume(topic: "orders"),
        [
            .query(
                ShopBackend.sql(
                    "inventory", "UPDATE", "stock", "UPDATE stock SET quantity = quantity - $2 WHERE product_id = $1",
                    1_200))
        ])
}
