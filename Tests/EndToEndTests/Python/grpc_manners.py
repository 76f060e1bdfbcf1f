# SPDX-License-Identifier: Apache-2.0
"""Calls the gRPC listener as clients should not, and looks at what it says.

    grpc_manners.py CASE OTLP-GRPC-HOST:PORT HOST:PORT
"""

import sys

import grpc
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)

from answers import get, require, require_equal, run

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SECRET_TRACE = bytes.fromhex("5eed" * 8)


def main(case, otlp, http):
    with grpc.insecure_channel(otlp, options=[("grpc.max_receive_message_length", 1 << 20)]) as channel:
        CASES[case](channel, http)
        # Whatever was asked: the connection serves on.
        require(call(channel, request(b"\xee" * 16)) == b"", "the listener does not take a good request any more")


def call(channel, message, method=EXPORT, **options):
    """The answer to a message of bytes; raises grpc.RpcError."""
    return channel.unary_unary(method)(message, timeout=30, **options)


def failure(channel, message, method=EXPORT, **options):
    """The error that a message of bytes is answered with."""
    try:
        answer = call(channel, message, method, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"the call was answered with {answer!r}")


def details(error):
    """The google.rpc.Status of an error, and the type names of its details."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            return status, {detail.TypeName() for detail in status.details}
    return None, set()


def request(trace_id, count=1, span_id=b"\x01" * 8, name="span"):
    message = ExportTraceServiceRequest()
    scope_spans = message.resource_spans.add().scope_spans.add()
    for _ in range(count):
        scope_spans.spans.add(trace_id=trace_id, span_id=span_id, name=name)
    return message.SerializeToString()


def require_failure(error, code, retryable, what):
    require(error.code() is code, f"{what}: {error.code()} {error.details()}")
    require(error.details(), f"{what}: no message")
    status, types = details(error)
    if status is not None:
        require_equal((code.value[0], error.details()), (status.code, status.message), what)
    require(("google.rpc.RetryInfo" in types) == retryable, f"{what}: details {types}")


def require_not_stored(http, trace_id=SECRET_TRACE):
    status, _, _ = get(http, f"/api/traces/{trace_id.hex()}")
    require(status == 404, f"trace {trace_id.hex()} is answered with HTTP {status}")


def unknown_methods(channel, http):
    for method in [EXPORT + "s", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/a/b"]:
        require_failure(failure(channel, b"", method), grpc.StatusCode.UNIMPLEMENTED, False, method)


def malformed(channel, http):
    for garbage in [b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x7f", b"\x0a", b"\x08"]:
        error = failure(channel, garbage)
        require_failure(error, grpc.StatusCode.INVALID_ARGUMENT, False, repr(garbage))
        require("google.rpc.BadRequest" in details(error)[1], f"{garbage!r}: no BadRequest")


def truncated(channel, http):
    message = request(SECRET_TRACE, 3)
    for length in range(1, len(message)):
        require_failure(
            failure(channel, message[:length]), grpc.StatusCode.INVALID_ARGUMENT, False, f"{length} bytes")
    require_not_stored(http)


def too_large(channel, http):
    error = failure(channel, request(SECRET_TRACE, 1, name="x" * (20 << 20)))
    require_failure(error, grpc.StatusCode.RESOURCE_EXHAUSTED, False, "20 MiB and a little")
    require_not_stored(http)


def gzip_bomb(channel, http):
    for size in [64, 150]:
        error = failure(
            channel, request(SECRET_TRACE, 1, name="x" * (size << 20)), compression=grpc.Compression.Gzip)
        require_failure(error, grpc.StatusCode.RESOURCE_EXHAUSTED, False, f"{size} MiB of one letter")
    require_not_stored(http)


def large_but_allowed(channel, http):
    trace_id = bytes.fromhex("1a46e000" * 4)
    message = request(trace_id, 1, name="x" * (19 << 20))
    for compression in [grpc.Compression.NoCompression, grpc.Compression.Gzip]:
        require_equal(b"", call(channel, message, compression=compression), "19 MiB")
    status, _, body = get(http, f"/api/traces/{trace_id.hex()}", "application/protobuf")
    require(status == 200 and len(body) > 19 << 20, f"the large span: HTTP {status}, {len(body)} bytes")


def partial_success(channel, http):
    good, bad = bytes.fromhex("900d" * 8), [b"", b"\x01" * 15, b"\x01" * 17, bytes(16)]
    message = request(good, 2) + b"".join(request(trace_id, 1) for trace_id in bad)
    message += b"".join(request(good, 1, span_id) for span_id in [b"", b"\x01" * 7, b"\x01" * 9, bytes(8)])
    answer = ExportTraceServiceResponse.FromString(call(channel, message))
    require_equal(8, answer.partial_success.rejected_spans, "rejected spans")
    require("8 spans rejected" in answer.partial_success.error_message, answer.partial_success.error_message)
    require_equal(200, get(http, f"/api/traces/{good.hex()}")[0], "the good spans' trace")


def empty(channel, http):
    require_equal(b"", call(channel, b""), "an empty request")
    require_equal(b"", call(channel, b"", compression=grpc.Compression.Gzip), "an empty request in gzip")


def unknown_compression(channel, http):
    message = request(SECRET_TRACE, name="x" * 1_000)
    error = failure(channel, message, compression=grpc.Compression.Deflate)
    require_failure(error, grpc.StatusCode.UNIMPLEMENTED, False, "deflate")
    require_not_stored(http)


def health(channel, http):
    check = "/grpc.health.v1.Health/Check"
    service = b"opentelemetry.proto.collector.trace.v1.TraceService"
    require_equal(b"\x08\x01", call(channel, b"", check), "the server's health")
    require_equal(b"\x08\x01", call(channel, b"\x0a" + bytes([len(service)]) + service, check), "the service's")
    require_failure(failure(channel, b"\x0a\x01x", check), grpc.StatusCode.NOT_FOUND, False, "another's")


def many_at_once(channel, http):
    """More calls than a connection may have streams, each with a bad one behind it."""
    method = channel.unary_unary(EXPORT)
    trace_id = bytes.fromhex("3a47" * 8)
    calls = []
    for index in range(1, 401):
        calls.append((True, method.future(request(trace_id, 1, index.to_bytes(8, "big")), timeout=30)))
        calls.append((False, method.future(b"\xff\xff\xff", timeout=30)))
    for is_good, future in calls:
        if is_good:
            require_equal(b"", future.result(), "a good call")
        else:
            require_failure(future.exception(), grpc.StatusCode.INVALID_ARGUMENT, False, "a bad call")


def hold(channel, http):
    """Keeps an idle connection until the server ends it, which is what a shutdown has to bear with."""
    require_equal(b"", call(channel, request(b"\x1d" * 16)), "a request")
    states = []
    channel.subscribe(states.append)
    print("holding", flush=True)
    sys.stdin.read()
    require(grpc.ChannelConnectivity.IDLE in states, f"the connection went through {states}")
    sys.exit(0)


CASES = {
    "unknown-methods": unknown_methods, "malformed": malformed, "truncated": truncated, "too-large": too_large,
    "gzip-bomb": gzip_bomb, "large-but-allowed": large_but_allowed, "partial-success": partial_success,
    "empty": empty, "unknown-compression": unknown_compression, "health": health, "many-at-once": many_at_once,
    "hold": hold,
}
run(main, *sys.argv[1:])
