// SPDX-License-Identifier: Apache-2.0

internal import Ingest
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import ServiceLifecycle

/// The OTLP/HTTP listener: HTTP/1.1 on NIO's codec, without a server library between the socket and the receiver.
///
/// Bodies are gathered on the event loops, and short ones are decoded there, so that a request waits for the journal's
/// thread only. A graceful shutdown closes idle connections.
struct OTLPHTTPListener: Service {
    let address: ListenAddress
    let receiver: any SpanReceiver
    let metrics: IngestMetrics
    let buffers: BodyBuffers
    let access: AccessControl
    let tenancy: Tenancy
    let corsOrigins: CORSOrigins
    let limits: ServerLimits
    let tls: ReloadedFiles<TLSContexts>?
    let connectionCounter: ConnectionCounter
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (SocketAddress?) -> Void

    func run() async throws {
        let deadlines = Deadlines()
        let service = OTLPHTTPService(receiver: receiver, metrics: metrics, buffers: buffers)
        let listener = CallListener<OTLPHTTPCall>(
            name: .otlpHTTP, address: address, limits: limits, connectionCounter: connectionCounter,
            eventLoopGroup: eventLoopGroup, logger: logger, onListening: onListening,
            configure: { channel, submit in
                try configure(
                    channel,
                    OTLPHTTPContext(
                        receiver: receiver, metrics: metrics, limits: limits, buffers: buffers, access: access,
                        tenancy: tenancy, corsOrigins: corsOrigins, deadlines: deadlines, submit: submit))
            },
            isShort: { $0.isShort(limits) },
            perform: { (call: consuming OTLPHTTPCall) in await service.perform(call) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await deadlines.run() }
            defer { group.cancelAll() }
            try await listener.run()
        }
    }

    private func configure(_ channel: any Channel, _ shared: OTLPHTTPContext) throws {
        // A client may shut its side down behind its last request, and still wants the answer.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addTLS(tls?.value.http1)
        var headerLimits = NIOHTTPDecoderLimitConfiguration()
        headerLimits.maxHeaderFieldSize = limits.headerByteCount
        headerLimits.maxHeaderListSize = limits.headerByteCount
        headerLimits.maxHeaderFieldCount = 200
        try pipeline.configureHTTPServerPipeline(
            withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: headerLimits)
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(
            ClosingHandler(waitingLimit: limits.waitingRequestCount), position: .after(decoder))
        // Behind the decoder, so that a head that comes byte by byte counts as none.
        try pipeline.addHandler(IdleStateHandler(readTimeout: .seconds(Int64(limits.idleSeconds))))
        try pipeline.addHandler(OTLPHTTPHandler(shared))
    }
}
