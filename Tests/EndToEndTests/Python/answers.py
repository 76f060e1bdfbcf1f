# SPDX-License-Identifier: Apache-2.0
"""Asks a server's query API and reads its answers with other people's code."""

import json
import struct
import sys
import urllib.error
import urllib.request

from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

PROTOBUF = "application/protobuf"
JSON = "application/json"


def get(address, path, accept=JSON):
    """Status, Content-Type and body of `GET http://address/path`."""
    request = urllib.request.Request(f"http://{address}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def get_json(address, path):
    status, content_type, body = get(address, path)
    require(status == 200, f"GET {path}: HTTP {status} {body[:300]!r}")
    require(content_type.startswith(JSON), f"GET {path}: Content-Type {content_type}")
    # Python alone among JSON's readers takes -0 for an integer.
    return json.loads(body, parse_int=lambda text: -0.0 if text == "-0" else int(text))


def traces_by_id(address, trace_id):
    """The trace in the four ways in which it can be asked for: name and TracesData of each."""
    v1, v2 = f"/api/traces/{trace_id}", f"/api/v2/traces/{trace_id}"
    batches = get_json(address, v1)
    require(list(batches) == ["batches"], f"version 1 in JSON has {list(batches)}")
    yield "v1 JSON", json_format.ParseDict({"resourceSpans": batches["batches"]}, TracesData())
    answer = get_json(address, v2)
    require("status" not in answer, f"version 2 in JSON has the status {answer.get('status')}")
    yield "v2 JSON", json_format.ParseDict(answer["trace"], TracesData())
    yield "v1 protobuf", TracesData.FromString(get_protobuf(address, v1))
    fields = dict(wire_fields(get_protobuf(address, v2)))
    require(3 not in fields, f"version 2 in protobuf has the status {fields.get(3)}")
    yield "v2 protobuf", TracesData.FromString(fields[1])


def get_protobuf(address, path):
    status, content_type, body = get(address, path, PROTOBUF)
    require(status == 200, f"GET {path}: HTTP {status} {body[:300]!r}")
    require(content_type == PROTOBUF, f"GET {path}: Content-Type {content_type}")
    return body


def wire_fields(message):
    """Number and value of each field of a protobuf message whose descriptor we don't have."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            length = varint()
            position += length
            yield tag >> 3, message[position - length:position]
        else:
            raise ValueError(f"wire type {tag & 7}")


def spans_of(data):
    """Everything that OTLP carries of each span, as plain values, ordered by span ID."""
    spans = []
    for resource_spans in data.resource_spans:
        require(resource_spans.HasField("resource"), "an answer has no resource")
        for scope_spans in resource_spans.scope_spans:
            require(scope_spans.HasField("scope"), "an answer has no scope")
            origin = plain_origin(resource_spans, scope_spans)
            for span in scope_spans.spans:
                require(span.HasField("status"), "an answer has no status")
                spans.append(origin | plain_span(span))
    return sorted(spans, key=lambda span: (span["span_id"], span["start"]))


def plain_origin(resource_spans, scope_spans):
    return {
        "resource": plain_attributes(resource_spans.resource.attributes),
        "resource dropped": resource_spans.resource.dropped_attributes_count,
        "resource schema": resource_spans.schema_url,
        "scope": (scope_spans.scope.name, scope_spans.scope.version),
        "scope attributes": plain_attributes(scope_spans.scope.attributes),
        "scope dropped": scope_spans.scope.dropped_attributes_count,
        "scope schema": scope_spans.schema_url,
    }


def plain_span(span):
    return {
        "trace_id": span.trace_id.hex(), "span_id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
        "name": span.name, "kind": span.kind, "trace_state": span.trace_state, "flags": span.flags,
        "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
        "attributes": plain_attributes(span.attributes), "dropped attributes": span.dropped_attributes_count,
        "events": [
            {
                "name": event.name, "time": event.time_unix_nano, "attributes": plain_attributes(event.attributes),
                "dropped": event.dropped_attributes_count,
            } for event in span.events],
        "dropped events": span.dropped_events_count,
        "links": [
            {
                "trace_id": link.trace_id.hex(), "span_id": link.span_id.hex(), "trace_state": link.trace_state,
                "flags": link.flags, "attributes": plain_attributes(link.attributes),
                "dropped": link.dropped_attributes_count,
            } for link in span.links],
        "dropped links": span.dropped_links_count,
        "status": (span.status.code, span.status.message),
    }


def plain_attributes(attributes):
    """In order, with duplicates."""
    return [(attribute.key, plain_value(attribute.value)) for attribute in attributes]


def plain_value(value):
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    content = getattr(value, kind)
    if kind == "array_value":
        return kind, [plain_value(element) for element in content.values]
    if kind == "kvlist_value":
        return kind, plain_attributes(content.values)
    if kind == "double_value":
        # The bits tell -0 from 0 and make NaN equal to itself.
        return kind, struct.pack(">d", content).hex()
    return kind, content


def differences(wanted, found, where=""):
    """Where two plain values differ, in words."""
    if wanted == found:
        return
    if type(wanted) is not type(found):
        yield f"{where}: {short(wanted)} was sent, {short(found)} came back"
    elif isinstance(wanted, dict):
        for key in wanted.keys() | found.keys():
            yield from differences(wanted.get(key), found.get(key), f"{where}.{key}")
    elif isinstance(wanted, (list, tuple)):
        if len(wanted) != len(found):
            yield f"{where}: {len(wanted)} were sent, {len(found)} came back"
        for index, (one, other) in enumerate(zip(wanted, found)):
            yield from differences(one, other, f"{where}[{index}]")
    else:
        yield f"{where}: {short(wanted)} was sent, {short(found)} came back"


def short(value):
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "…"


def require(holds, message):
    if not holds:
        raise AssertionError(message)


def require_equal(wanted, found, what):
    found_differences = list(differences(wanted, found, what))
    if found_differences:
        raise AssertionError("\n".join(found_differences[:20]))


def run(main, *arguments):
    """Calls `main`; what does not hold is said in a few lines."""
    try:
        main(*arguments)
    except AssertionError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
