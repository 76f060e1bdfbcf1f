# SPDX-License-Identifier: Apache-2.0
"""Sends a span for a tenant by gRPC, and looks at how other names are refused.

    grpc_tenants.py OTLP-GRPC-HOST:PORT TENANT TRACE-ID NAME
"""

import sys

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from answers import require, require_equal, run

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def main(otlp, tenant, trace_id, name):
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=bytes.fromhex(trace_id), span_id=b"\x07" * 8, name=name, start_time_unix_nano=1,
              end_time_unix_nano=2)
    with grpc.insecure_channel(otlp) as channel:
        export = channel.unary_unary(EXPORT)
        for metadata, code, words in [
            ([], grpc.StatusCode.UNAUTHENTICATED, "no org id"),
            ([("x-scope-orgid", "..")], grpc.StatusCode.INVALID_ARGUMENT, "must not be"),
            ([("x-scope-orgid", "a/b")], grpc.StatusCode.INVALID_ARGUMENT, "letters, digits"),
            ([("x-scope-orgid", "a|b")], grpc.StatusCode.INVALID_ARGUMENT, "sent for one"),
            ([("x-scope-orgid", "a"), ("x-scope-orgid", "b")], grpc.StatusCode.INVALID_ARGUMENT, "more than once"),
        ]:
            try:
                export(message.SerializeToString(), timeout=30, metadata=metadata)
                require(False, f"{metadata} was taken")
            except grpc.RpcError as error:
                require_equal(error.code(), code, f"{metadata}")
                require(words in error.details(), f"{metadata}: {error.details()}")
        require_equal(
            export(message.SerializeToString(), timeout=30, metadata=[("x-scope-orgid", tenant)]), b"", "the answer")
    # As programs name their tenant to the SDK.
    exporter = OTLPSpanExporter(endpoint=otlp, insecure=True, headers={"x-scope-orgid": tenant})
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("tenants").start_as_current_span(name + " by the SDK"):
        pass
    provider.shutdown()


run(main, *sys.argv[1:])
