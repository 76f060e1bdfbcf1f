# SPDX-License-Identifier: Apache-2.0
"""Sends spans with everything in them by the OpenTelemetry SDK, and compares them with what the server answers.

    sdk.py send  FILE grpc|http none|gzip HOST:PORT    what was sent is noted in FILE
    sdk.py check FILE HOST:PORT                        asks the query API
"""

import logging
import pickle
import random
import struct
import sys

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GRPCExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HTTPExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, set_span_in_context)
from opentelemetry.trace.span import TraceState

from answers import differences, require, run, spans_of, traces_by_id

VALUES = {
    "string": "text", "string empty": "", "string unicode": "Grüße, 世界 🦉\u0000\n\"\\", "string long": "x" * 120_000,
    "bool true": True, "bool false": False,
    "int": 42, "int zero": 0, "int negative": -1, "int largest": 2**63 - 1, "int smallest": -(2**63),
    "double": 1.5, "double zero": 0.0, "double minus zero": -0.0, "double tiny": 5e-324, "double large": 1.7e308,
    "double infinite": float("inf"), "double minus infinite": float("-inf"), "double not a number": float("nan"),
    "bytes": bytes(range(256)), "bytes empty": b"", "none": None,
    "strings": ["a", "", "ü"], "bools": [True, False], "ints": [1, -2, 3], "doubles": [0.5, -0.0], "empty": [],
    "mixed": ["a", 1, True, None, [1.5, ["deep"]]],
    "map": {"a": 1, "nested": {"b": "text", "list": [1, {"c": None}]}, "nothing": {}},
}


class Stating(Sampler):
    """Samples everything and sets a trace state, as samplers with weights do."""

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None):
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, TraceState([("ot", "th:8;rv:9b8233f7e3a151")]))

    def get_description(self):
        return "Stating"


class Noting(SpanExporter):
    """Sends by another exporter, and notes what was acknowledged."""

    def __init__(self, exporter, notes):
        self.exporter = exporter
        self.notes = notes

    def export(self, spans):
        result = self.exporter.export(spans)
        require(result is SpanExportResult.SUCCESS, f"the exporter says {result}")
        for span in spans:
            wanted = plain_sdk_span(span)
            self.notes.setdefault(wanted["trace_id"], []).append(wanted)
        return result

    def shutdown(self):
        self.exporter.shutdown()


def exporter(transport, compression, address):
    if transport == "grpc":
        algorithm = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        return GRPCExporter(endpoint=f"http://{address}", insecure=True, compression=algorithm)
    algorithm = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return HTTPExporter(endpoint=f"http://{address}/v1/traces", compression=algorithm)


def send(file, transport, compression, address):
    # It warns of everything that `make_dropping` has it drop.
    logging.getLogger("opentelemetry.attributes").setLevel(logging.ERROR)
    notes = {}
    providers = [
        TracerProvider(resource=Resource({"service.name": "everything", **VALUES}, "https://example.com/resource/1")),
        TracerProvider(
            resource=Resource({"service.name": "tight"}), sampler=Stating(),
            span_limits=SpanLimits(
                max_span_attributes=3, max_events=2, max_links=1, max_event_attributes=1, max_link_attributes=1)),
        TracerProvider(resource=Resource({"service.name": "many"})),
    ]
    for provider in providers:
        provider.add_span_processor(BatchSpanProcessor(Noting(exporter(transport, compression, address), notes)))
    make_everything(providers[0])
    make_dropping(providers[1])
    make_many(providers[2], 700)
    for provider in providers:
        provider.shutdown()
    count = sum(map(len, notes.values()))
    require(count == 700 + 10 + 1, f"the SDK exported {count} spans")
    with open(file, "wb") as out:
        pickle.dump(notes, out)
    print(f"{count} spans of {len(notes)} traces sent")


def make_everything(provider):
    tracer = provider.get_tracer("library", "1.2.3", "https://example.com/scope/1", {"scope": "yes", "number": 7})
    bare = provider.get_tracer("bare")
    far = SpanContext(random.getrandbits(128), 0xFEDCBA9876543210, True, TraceFlags(1), TraceState([("a", "b")]))
    with tracer.start_as_current_span("GET /{everything} ü", kind=SpanKind.SERVER, attributes=VALUES) as root:
        with tracer.start_as_current_span(
                "events and links", kind=SpanKind.CLIENT,
                links=[Link(far, VALUES), Link(root.get_span_context()), Link(root.get_span_context())]) as span:
            span.add_event("first", VALUES, 1)
            span.add_event("", {}, 0)
            span.record_exception(ValueError("wrong"))
            span.add_event("first", None, 2**64 - 1)
        with bare.start_as_current_span("", kind=SpanKind.PRODUCER) as span:
            span.set_status(Status(StatusCode.OK))
            with tracer.start_as_current_span("receives", kind=SpanKind.CONSUMER) as span:
                span.set_status(Status(StatusCode.ERROR, "it broke: ü"))
        for start, end in [(5, 5), (0, 1), (10, 3), (2**64 - 2, 2**64 - 1)]:
            bare.start_span(f"from {start} to {end}", start_time=start).end(end)
    remote = set_span_in_context(NonRecordingSpan(far))
    tracer.start_span("continues a trace", context=remote).end()
    tracer.start_span("another trace", context=set_span_in_context(NonRecordingSpan(SpanContext(0, 0, False)))).end()


def make_dropping(provider):
    span = provider.get_tracer("tight", "").start_span(
        "loses things", attributes={str(index): index for index in range(10)},
        links=[Link(SpanContext(1, index, False), {"a": 1, "b": 2}) for index in range(1, 5)])
    for index in range(7):
        span.add_event(f"event {index}", {"a": index, "b": index})
    span.end()


def make_many(provider, count):
    """One large trace, larger than an exporter's batch."""
    tracer = provider.get_tracer("many", "1")
    with tracer.start_as_current_span("many") as root:
        for index in range(1, count):
            tracer.start_span(f"operation {index % 17}", attributes={"index": index, "odd": index % 2 == 1}).end()


def plain_sdk_span(span):
    """An SDK's span as `answers.spans_of` shows one, made without the exporter's encoder."""
    context, scope = span.get_span_context(), span.instrumentation_scope
    return {
        "resource": plain_sdk_attributes(span.resource.attributes), "resource dropped": 0,
        "resource schema": span.resource.schema_url,
        "scope": (scope.name, scope.version or ""), "scope attributes": plain_sdk_attributes(scope.attributes),
        "scope dropped": 0, "scope schema": scope.schema_url or "",
        "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
        "name": span.name, "kind": span.kind.value + 1, "flags": plain_flags(span.parent),
        "trace_state": ",".join(f"{key}={value}" for key, value in context.trace_state.items()),
        "start": span.start_time, "end": span.end_time,
        "attributes": plain_sdk_attributes(span.attributes), "dropped attributes": span.dropped_attributes,
        "events": [
            {
                "name": event.name, "time": event.timestamp, "attributes": plain_sdk_attributes(event.attributes),
                "dropped": event.dropped_attributes,
            } for event in span.events],
        "dropped events": span.dropped_events,
        "links": [
            {
                "trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}",
                # This SDK does not send the state of a link.
                "trace_state": "", "flags": plain_flags(link.context),
                "attributes": plain_sdk_attributes(link.attributes), "dropped": link.dropped_attributes,
            } for link in span.links],
        "dropped links": span.dropped_links,
        "status": (span.status.status_code.value, span.status.description or ""),
    }


def plain_flags(context):
    """As this SDK sends them: whether the context is known to be remote, and whether it is."""
    return 0x300 if context and context.is_remote else 0x100


def plain_sdk_attributes(attributes):
    return [(key, plain_sdk_value(value)) for key, value in (attributes or {}).items()]


def plain_sdk_value(value):
    match value:
        case None: return None
        case bool(): return "bool_value", value
        case str(): return "string_value", value
        case int(): return "int_value", value
        case float(): return "double_value", struct.pack(">d", value).hex()
        case bytes(): return "bytes_value", value
        case list() | tuple(): return "array_value", [plain_sdk_value(element) for element in value]
        case _: return "kvlist_value", plain_sdk_attributes(value)


def check(file, address):
    with open(file, "rb") as notes:
        wanted = pickle.load(notes)
    found_differences = []
    for trace_id, spans in wanted.items():
        spans = sorted(spans, key=lambda span: (span["span_id"], span["start"]))
        for way, data in traces_by_id(address, trace_id):
            found_differences += differences(spans, spans_of(data), f"{way}: {trace_id}")
    require(not found_differences, "\n".join(found_differences[:20]))
    print(f"{len(wanted)} traces are as they were sent")


run({"send": send, "check": check}[sys.argv[1]], *sys.argv[2:])
