# SPDX-License-Identifier: Apache-2.0
"""Sends traces of known times by the SDK, and compares critical paths and slow spans with what they must be.

    analysis.py send  FILE OTLP-GRPC-HOST:PORT    what was sent is noted in FILE
    analysis.py check FILE HOST:PORT              asks the query API
"""

import json
import sys

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from answers import get_json, require, require_equal, run

MILLISECOND = 1_000_000
START = 1_790_000_000_000_000_000

# Name: service, parent, milliseconds from start to end, kind, whether it failed.
#
#     0    10   20   30   40   50   60   70   80   90   100      200 … 300
#     root ████████████████████████████████████████████████
#     cart      ███████████████
#     select      ██████████
#     charge                      ███████████████████████████
#     insert                         ██████████
#     update                              ███████████████
#     publish                                              █
#     mail                                                          ██████
SPANS = {
    "root": ("shop", None, 0, 100, SpanKind.SERVER, False),
    "cart": ("shop", "root", 10, 40, SpanKind.INTERNAL, False),
    "select": ("store", "cart", 15, 35, SpanKind.CLIENT, False),
    "charge": ("shop", "root", 45, 95, SpanKind.INTERNAL, True),
    "insert": ("store", "charge", 50, 70, SpanKind.CLIENT, False),
    "update": ("store", "charge", 60, 90, SpanKind.CLIENT, True),
    "publish": ("shop", "root", 95, 96, SpanKind.PRODUCER, False),
    "mail": ("mailer", "publish", 200, 300, SpanKind.CONSUMER, False),
}
# In time order; together they are the root's interval.
SEGMENTS = [
    ("root", 0, 10), ("cart", 10, 15), ("select", 15, 35), ("cart", 35, 40), ("root", 40, 45), ("charge", 45, 60),
    ("update", 60, 90), ("charge", 90, 95), ("publish", 95, 96), ("root", 96, 100),
]
ON_PATH = [("update", 30), ("select", 20), ("charge", 20), ("root", 19), ("cart", 10), ("publish", 1)]
SERVICES = [("shop", 50), ("store", 50)]
SLOWEST_FIRST = ["mail", "root", "charge", "update", "cart", "insert", "select", "publish"]


def send(file, address):
    tracers = {}
    for service in {span[0] for span in SPANS.values()}:
        exporter = OTLPSpanExporter(endpoint=f"http://{address}", insecure=True)
        provider = TracerProvider(resource=Resource({"service.name": service}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracers[service] = provider.get_tracer("analysis")
    made = {}
    for name, (service, parent, start, end, kind, failed) in SPANS.items():
        context = set_span_in_context(made[parent]) if parent else None
        made[name] = tracers[service].start_span(name, context, kind, start_time=START + start * MILLISECOND)
        if failed:
            made[name].set_status(Status(StatusCode.ERROR))
    for name, span in made.items():
        span.end(START + SPANS[name][3] * MILLISECOND)
    contexts = {name: span.get_span_context() for name, span in made.items()}
    notes = {
        "trace": f"{contexts['root'].trace_id:032x}",
        "spans": {name: f"{context.span_id:016x}" for name, context in contexts.items()},
    }
    with open(file, "w", encoding="utf-8") as out:
        json.dump(notes, out)


def check(file, address):
    with open(file, encoding="utf-8") as notes:
        sent = json.load(notes)
    check_critical_path(address, sent["trace"], sent["spans"])
    check_slow(address, sent["trace"], sent["spans"])
    print("the critical path and the slow spans are right")


def check_critical_path(address, trace, spans):
    answer = get_json(address, f"/api/traces/{trace}/critical-path")
    shares = [part.pop("share") for part in answer["spans"] + answer["services"]]
    wanted_shares = [time / 100 for _, time in ON_PATH + SERVICES]
    require(
        all(abs(share - wanted) < 1e-9 for share, wanted in zip(shares, wanted_shares, strict=True)),
        f"the shares are {shares}")
    wanted = {
        "traceID": trace, "rootServiceName": "shop", "rootTraceName": "root", "startTimeUnixNano": str(START),
        "durationNanos": str(100 * MILLISECOND), "complete": True, "warnings": [],
        "segments": [
            {
                "spanID": spans[name], "serviceName": SPANS[name][0], "name": name,
                "startTimeUnixNano": str(START + start * MILLISECOND), "durationNanos": str((end - start) * MILLISECOND),
            } for name, start, end in SEGMENTS],
        "spans": [
            {
                "spanID": spans[name], "serviceName": SPANS[name][0], "name": name,
                "criticalNanos": str(time * MILLISECOND),
            } for name, time in ON_PATH],
        "services": [{"serviceName": name, "criticalNanos": str(time * MILLISECOND)} for name, time in SERVICES],
    }
    require_equal(wanted, answer, "critical path")


def check_slow(address, trace, spans):
    times = dict(ON_PATH)

    def wanted(name):
        service, _, start, end, _, failed = SPANS[name]
        return {
            "traceID": trace, "spanID": spans[name], "serviceName": service, "name": name,
            "startTimeUnixNano": str(START + start * MILLISECOND), "durationNanos": str((end - start) * MILLISECOND),
            "criticalNanos": str(times.get(name, 0) * MILLISECOND), "share": times.get(name, 0) / 100,
            "status": "error" if failed else "unset",
        }

    at = lambda milliseconds: str(START + milliseconds * MILLISECOND)
    questions = {
        "": SLOWEST_FIRST, "limit=3": SLOWEST_FIRST[:3], "service=store": ["update", "insert", "select"],
        "name=charge": ["charge"], "status=error": ["charge", "update"], "minDuration=30ms": SLOWEST_FIRST[:5],
        "status=error&service=store": ["update"], "service=nobody": [], "minDuration=1m": [],
        # What overlaps the range; its end is not part of it.
        f"start={at(50)}&end={at(96)}": ["root", "charge", "update", "insert", "publish"],
        f"start={at(36)}&end={at(45)}": ["root", "cart"], f"start={at(96)}&end={at(97)}": ["root", "publish"],
        f"start={at(101)}&end={at(200)}": [],
    }
    for question, names in questions.items():
        answer = get_json(address, f"/api/slow?{question}")
        for span in answer["spans"]:
            span["share"] = round(span["share"], 9)
        require_equal(
            {"spans": [wanted(name) for name in names], "status": "COMPLETE"}, answer, f"/api/slow?{question}")


run({"send": send, "check": check}[sys.argv[1]], *sys.argv[2:])
