# SPDX-License-Identifier: Apache-2.0
"""Asks what Grafana's Tempo data source and its Traces Drilldown ask, and looks at every field of the answers.

    grafana.py fill OTLP-HTTP-PORT UNIX-SECONDS    sends spans of that time
    grafana.py ask HTTP-PORT UNIX-SECONDS          asks for them
"""

import json
import re
import sys
import urllib.parse

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from answers import get, get_json, get_protobuf, require, require_equal, run, wire_fields
from raw import ExportTraceServiceRequest, exchange, post

NOW = int(sys.argv[3])
TRACE = bytes(range(16))
OTHER = bytes([0] * 8 + [9] * 8)
SERVER, CLIENT = 2, 3
POOL = descriptor_pool.DescriptorPool()
FieldDescriptorProto = descriptor_pb2.FieldDescriptorProto


def main(task, port, _):
    if task == "fill":
        return fill(int(port))
    address = f"127.0.0.1:{port}"
    for case in (health, trace, trace_that_is_not_there, search, search_without_root, drilldown, tags, tag_values, tag_filters, tags_in_protobuf):
        case(address)


def fill(port):
    """Two traces: a shop's request that fails in the cart, and a single span whose parent has not come."""
    message = ExportTraceServiceRequest()
    shop = part(message, "shop", "lib")
    one(shop, TRACE, 1, 0, "GET /cart", SERVER, 0, 400, {"http.method": "GET", "http.status_code": 500})
    one(shop, TRACE, 2, 1, "call cart", CLIENT, 10, 390, {"http.method": "GET", "peer/name": "cart"})
    cart = part(message, "cart", "")
    failed = one(cart, TRACE, 3, 2, "read", SERVER, 20, 380, {"db.ratio": 0.5, "cached": False})
    failed.status.code, failed.status.message = 2, "no such cart"
    event = failed.events.add(name="exception", time_unix_nano=NOW * 10**9 + 30 * 10**6)
    event.attributes.add(key="exception.type").value.string_value = "NotFound"
    event.attributes.add(key="exception.message").value.string_value = "no cart 7"
    one(cart, OTHER, 4, 77, "late", SERVER, 500, 501, {"http.method": "POST"})
    status, _, body = exchange(port, post(message.SerializeToString()))
    require(status == 200, f"the spans are answered with {status} {body!r}")


def part(message, service, scope):
    spans = message.resource_spans.add()
    spans.resource.attributes.add(key="service.name").value.string_value = service
    spans.resource.attributes.add(key="host.id").value.int_value = len(service)
    scopes = spans.scope_spans.add()
    scopes.scope.name = scope
    return scopes


def one(scopes, trace_id, number, parent, name, kind, start, end, attributes):
    """A span; times in milliseconds."""
    span = scopes.spans.add(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name=name, kind=kind)
    if parent:
        span.parent_span_id = parent.to_bytes(8, "big")
    span.start_time_unix_nano = NOW * 10**9 + start * 10**6
    span.end_time_unix_nano = NOW * 10**9 + end * 10**6
    for key, value in attributes.items():
        any_value = span.attributes.add(key=key).value
        kinds = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}
        setattr(any_value, kinds[type(value)], value)
    return span


def path(base, **parameters):
    return base + "?" + urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)


def in_range(**parameters):
    return parameters | {"start": NOW - 3_600, "end": NOW + 3_600}


def nanoseconds(milliseconds):
    return str(NOW * 10**9 + milliseconds * 10**6)


# What the data source asks when it is saved and tested.

def health(address):
    status, _, body = get(address, "/api/echo")
    require(status == 200 and body == b"echo", f"echo is {status} {body!r}")
    build = get_json(address, "/api/status/buildinfo")
    require(set(build) == {"version", "revision", "branch", "buildDate", "buildUser", "goVersion"}, f"buildinfo has {build}")
    require(all(isinstance(value, str) for value in build.values()), f"buildinfo has {build}")


# A trace that is opened: version 2 in protobuf, version 1 where a server has no version 2.

def trace(address):
    for target in (f"/api/v2/traces/{TRACE.hex()}", path(f"/api/v2/traces/{TRACE.hex()}", **in_range())):
        fields = dict(wire_fields(get_protobuf(address, target)))
        require(set(fields) <= {1, 2}, f"a whole trace has the fields {list(fields)}")
        check_trace(TracesData.FromString(fields[1]))
    check_trace(TracesData.FromString(get_protobuf(address, f"/api/traces/{TRACE.hex()}")))


def check_trace(data):
    """Resource, scope and status are there, or Grafana falls over them; without attributes it drops the resource."""
    found = {}
    for resource_spans in data.resource_spans:
        require(resource_spans.HasField("resource"), "a resource is missing")
        attributes = {one.key: one.value for one in resource_spans.resource.attributes}
        require(set(attributes) == {"service.name", "host.id"}, f"a resource has {list(attributes)}")
        for scope_spans in resource_spans.scope_spans:
            require(scope_spans.HasField("scope"), "a scope is missing")
            for span in scope_spans.spans:
                require(span.HasField("status"), "a status is missing")
                require(span.trace_id == TRACE and len(span.span_id) == 8, f"a span has the IDs {span.trace_id!r}")
                found[int.from_bytes(span.span_id, "big")] = (
                    attributes["service.name"].string_value, scope_spans.scope.name, span.name, span.kind,
                    int.from_bytes(span.parent_span_id, "big"), span.status.code, span.status.message,
                    len(span.attributes), len(span.events))
    require_equal({1: ("shop", "lib", "GET /cart", SERVER, 0, 0, "", 2, 0),
                   2: ("shop", "lib", "call cart", CLIENT, 1, 0, "", 2, 0),
                   3: ("cart", "", "read", SERVER, 2, 2, "no such cart", 2, 1)}, found, "the trace")


def trace_that_is_not_there(address):
    fields = dict(wire_fields(get_protobuf(address, "/api/v2/traces/" + "7" * 32)))
    require(fields[1] == b"", f"a trace that is not there has {fields}")
    status, _, body = get(address, "/api/traces/" + "7" * 32)
    require(status == 404 and body == b"", f"version 1 says {status} {body!r}")


# Search, by the query builder and as written.

def search(address):
    for query, matched, attributes in (
            ('{resource.service.name="shop" && name="GET /cart"}', ["0000000000000001"],
             [("service.name", {"stringValue": "shop"})]),
            ('{span.http.status_code>=500}', ["0000000000000001"], [("http.status_code", {"intValue": "500"})]),
            ('{duration>375ms && span.http.method="GET"}', ["0000000000000001", "0000000000000002"],
             [("http.method", {"stringValue": "GET"})]),
            ('{status=error} | select(span.db.ratio, span.cached)', ["0000000000000003"],
             [("status", {"stringValue": "error"}), ("db.ratio", {"doubleValue": 0.5}), ("cached", {"boolValue": False})]),
    ):
        answer = get_json(address, path("/api/search", q=query, limit=20, spss=3, **in_range()))
        require(set(answer) == {"traces", "metrics"}, f"a search answers {list(answer)}")
        require(len(answer["traces"]) == 1, f"{query} finds {answer}")
        found = answer["traces"][0]
        require(set(found) == {"traceID", "rootServiceName", "rootTraceName", "startTimeUnixNano", "durationMs", "spanSet",
                               "spanSets", "serviceStats"}, f"a trace has {list(found)}")
        require_equal([TRACE.hex(), "shop", "GET /cart", nanoseconds(0), 400], [
            found["traceID"], found["rootServiceName"], found["rootTraceName"], found["startTimeUnixNano"],
            found["durationMs"]], query)
        require_equal({"cart": {"spanCount": 1, "errorCount": 1}, "shop": {"spanCount": 2}}, found["serviceStats"], query)
        require(found["spanSets"] == [found["spanSet"]], f"{query}: {found['spanSets']} beside {found['spanSet']}")
        check_spans(found["spanSet"], matched, attributes, query)
        check_metrics(answer["metrics"])


def check_spans(span_set, matched, attributes, query):
    require(span_set["matched"] == len(matched), f"{query} matches {span_set}")
    require_equal(matched, [span["spanID"] for span in span_set["spans"]], query)
    for span in span_set["spans"]:
        require(set(span) == {"spanID", "name", "startTimeUnixNano", "durationNanos", "attributes"}, f"a span has {span}")
        require(re.fullmatch(r"\d{19}", span["startTimeUnixNano"]), f"a span has {span}")
        require(re.fullmatch(r"\d+", span["durationNanos"]), f"a span has {span}")
    shown = [(one["key"], one["value"]) for one in span_set["spans"][0]["attributes"]]
    require_equal(sorted(attributes), sorted(shown), query)


def check_metrics(metrics):
    numbers = {"inspectedTraces", "totalBlocks", "completedJobs", "totalJobs"}
    texts = {"inspectedBytes", "totalBlockBytes", "inspectedSpans"}
    require(set(metrics) <= numbers | texts, f"metrics have {metrics}")
    require(all(isinstance(value, int if key in numbers else str) for key, value in metrics.items()), f"{metrics}")
    require(metrics["completedJobs"] == metrics["totalJobs"], f"the search is complete, but {metrics}")


def search_without_root(address):
    answer = get_json(address, path("/api/search", q='{span.http.method="POST"}', limit=20, **in_range()))
    found = answer["traces"][0]
    require(found["traceID"] == OTHER.hex(), f"the ID is {found['traceID']}")
    require(found["rootServiceName"] == "<root span not yet received>", f"the root is {found}")
    # The newest first, and no more than asked for.
    every = get_json(address, path("/api/search", q="{}", limit=20, **in_range()))["traces"]
    require_equal([OTHER.hex(), TRACE.hex()], [one["traceID"] for one in every], "all traces")
    require(len(get_json(address, path("/api/search", q="{}", limit=1))["traces"]) == 1, "the limit is 1")


# What Traces Drilldown asks besides metrics.

def drilldown(address):
    root = "nestedSetParent<0"
    query = (f"({{{root}}} &>> {{status=error}}) || ({{{root}}}) | select(status, resource.service.name, name, "
             "nestedSetParent, nestedSetLeft, nestedSetRight)")
    found = get_json(address, path("/api/search", q=query, limit=200, spss=20, **in_range()))["traces"]
    require([one["traceID"] for one in found] == [TRACE.hex()], f"the structure of {found}")
    spans = {}
    for span in found[0]["spanSet"]["spans"]:
        spans[span["spanID"][-1]] = (span["name"], {one["key"]: one["value"] for one in span["attributes"]})
    require(set(spans) == {"1", "3"}, f"the structure has {spans}")
    require_equal(("GET /cart", {"nestedSetParent": {"intValue": "-1"}, "nestedSetLeft": {"intValue": "1"},
                                 "nestedSetRight": {"intValue": "6"}, "status": {"stringValue": "unset"},
                                 "service.name": {"stringValue": "shop"}}), spans["1"], "the root")
    require_equal(("read", {"nestedSetParent": {"intValue": "2"}, "nestedSetLeft": {"intValue": "3"},
                            "nestedSetRight": {"intValue": "4"}, "status": {"stringValue": "error"},
                            "service.name": {"stringValue": "cart"}}), spans["3"], "the span that failed")
    query = (f"{{{root}}} >> {{status=error}} | select(resource.service.name, event.exception.message, "
             "event.exception.stacktrace, event.exception.type) with(most_recent=true)")
    found = get_json(address, path("/api/search", q=query, limit=400, **in_range()))["traces"]
    shown = {one["key"]: one["value"].get("stringValue") for one in found[0]["spanSet"]["spans"][0]["attributes"]}
    require_equal({"service.name": "cart", "exception.message": "no cart 7", "exception.type": "NotFound"},
                  {key: value for key, value in shown.items() if key not in ("status", "nestedSetParent")}, "exceptions")
    for signal in (root, "true", "kind=server", 'span.db.system.name!=""', "span.http.method!=nil"):
        get_json(address, path("/api/search", q=f"{{{signal}}}", limit=20, **in_range()))


# What the query builder and the editor offer.

def tags(address):
    answer = get_json(address, path("/api/v2/search/tags", limit=5_000, **in_range()))
    require(set(answer) == {"scopes", "metrics"}, f"tags are {list(answer)}")
    scopes = {scope["name"]: scope["tags"] for scope in answer["scopes"]}
    require(all(set(scope) == {"name", "tags"} for scope in answer["scopes"]), f"a scope has {answer['scopes']}")
    require_equal(["host.id", "service.name"], scopes["resource"], "resource")
    require_equal(["cached", "db.ratio", "http.method", "http.status_code", "peer/name"], scopes["span"], "span")
    require_equal(["exception.message", "exception.type"], scopes["event"], "event")
    for name in ("duration", "name", "status", "kind", "rootName", "rootServiceName", "traceDuration"):
        require(name in scopes["intrinsic"], f"{name} is not offered")
    require_equal({"span"}, {scope["name"] for scope in get_json(
        address, path("/api/v2/search/tags", scope="span"))["scopes"]}, "scope=span")
    long_ago = get_json(address, path("/api/v2/search/tags", start=1, end=2))["scopes"]
    require_equal({"intrinsic"}, {scope["name"] for scope in long_ago}, "tags of 1970")
    require("service.name" in get_json(address, "/api/search/tags")["tagNames"], "version 1 has no service.name")


def values(address, tag, **parameters):
    target = path(f"/api/v2/search/tag/{urllib.parse.quote(tag, safe='')}/values", **parameters)
    answer = get_json(address, target)
    require(set(answer) == {"tagValues", "metrics"}, f"the values of {tag} are {list(answer)}")
    require(all(set(one) == {"type", "value"} and isinstance(one["type"] + one["value"], str)
                for one in answer["tagValues"]), f"a value of {tag} is {answer['tagValues']}")
    return [(one["type"], one["value"]) for one in answer["tagValues"]]


def tag_values(address):
    for tag, wanted in (
            ("resource.service.name", [("string", "cart"), ("string", "shop")]), ("resource.host.id", [("int", "4")]),
            ("span.http.status_code", [("int", "500")]), ("span.db.ratio", [("float", "0.5")]),
            ("span.cached", [("bool", "false")]), ("span.peer/name", [("string", "cart")]),
            (".http.method", [("string", "GET"), ("string", "POST")]),
            ("status", [("keyword", "error"), ("keyword", "ok"), ("keyword", "unset")]),
            ("name", [("string", one) for one in ("GET /cart", "call cart", "late", "read")]),
            ("event.exception.type", [("string", "NotFound")]), ("event:name", [("string", "exception")]),
            ("rootServiceName", [("string", "shop")]), ("trace:rootName", [("string", "GET /cart")]),
            ("instrumentation:name", [("string", ""), ("string", "lib")]), ("duration", []), ("span.nobody", [])):
        require_equal(wanted, values(address, tag, **in_range(limit=5_000)), tag)
    require("server" in [one for _, one in values(address, "kind")], "kind has no server")
    text = get(address, "/api/search/tag/service.name/values")[2]
    require_equal(["cart", "shop"], json.loads(text)["tagValues"], "version 1")


def tag_filters(address):
    """Values of the spans alone that the rest of the query selects, which may be unfinished."""
    for tag, query, wanted in (
            ("resource.service.name", "{}", ["cart", "shop"]), ("resource.service.name", "{status=error}", ["cart"]),
            ("span.http.method", '{resource.service.name="shop"}', ["GET"]),
            ("span.http.method", '{resource.service.name="cart" && span.http.method=}', ["POST"]),
            ("span.http.method", '{resource.service.name="cart" && span.', ["POST"]),
            ("name", "{kind=client}", ["call cart"]), ("name", "{duration>380ms || status=error}", ["GET /cart", "read"]),
            ("name", '{rootServiceName="shop" && kind=server}', ["GET /cart", "read"]),
            ("status", "{kind=server && resource.service.name=\"cart\"}", ["error", "unset"]),
            ("kind", "{name=\"read\"}", ["server"]), ("event.exception.type", "{status=ok}", []),
            ("span.http.method", '{.a = "x"} >> {span.http.status_code=500}', ["GET"])):
        found = values(address, tag, **in_range(limit=5_000, q=query))
        require_equal(wanted, [value for _, value in found], f"{tag} of {query}")
    scopes = get_json(address, path("/api/v2/search/tags", **in_range(limit=5_000, q="{status=error && span.}")))["scopes"]
    require_equal({"resource": ["host.id", "service.name"], "span": ["cached", "db.ratio"],
                   "event": ["exception.message", "exception.type"]},
                  {scope["name"]: scope["tags"] for scope in scopes if scope["name"] != "intrinsic"}, "tags of errors")


def message(title, **fields):
    """A class for messages of Tempo's with these fields: texts, or messages of another such class."""
    file = descriptor_pb2.FileDescriptorProto(name=title + ".proto", package="tempopb", syntax="proto3")
    description = file.message_type.add(name=title)
    for number, (field, kind) in enumerate(fields.items(), 1):
        one = description.field.add(name=field, number=number, type=FieldDescriptorProto.TYPE_STRING)
        one.label = one.LABEL_REPEATED if isinstance(kind, list) else one.LABEL_OPTIONAL
        kind = kind[0] if isinstance(kind, list) else kind
        if kind is not str:
            one.type, one.type_name = one.TYPE_MESSAGE, "." + kind.DESCRIPTOR.full_name
            file.dependency.append(kind.DESCRIPTOR.file.name)
    POOL.Add(file)
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName("tempopb." + title))


def tags_in_protobuf(address):
    """The same answers as in JSON, read by protobuf's own code; metrics are another number and stay unknown."""
    names = message("SearchTagsResponse", tagNames=[str])
    scope = message("SearchTagsV2Scope", name=str, tags=[str])
    scopes = message("SearchTagsV2Response", scopes=[scope])
    plain_values = message("SearchTagValuesResponse", tagValues=[str])
    value = message("TagValue", type=str, value=str)
    typed_values = message("SearchTagValuesV2Response", tagValues=[value])
    for target, kind in (("/api/search/tags", names), ("/api/v2/search/tags", scopes),
                         ("/api/v2/search/tags?scope=event", scopes), ("/api/search/tag/service.name/values", plain_values),
                         ("/api/search/tag/nobody/values", plain_values), ("/api/v2/search/tag/kind/values", typed_values),
                         ("/api/v2/search/tag/span.db.ratio/values?q=%7Bstatus%3Derror%7D", typed_values)):
        wanted = get_json(address, target)
        del wanted["metrics"]
        found = json_format.MessageToDict(kind.FromString(get_protobuf(address, target)))
        require({key: some for key, some in wanted.items() if some} == found, f"{target}: {found} instead of {wanted}")


if __name__ == "__main__":
    run(main, *sys.argv[1:])
