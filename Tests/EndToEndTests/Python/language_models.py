# SPDX-License-Identifier: Apache-2.0
"""Asks for the spans of grafana.py in the form that language models are given, and looks at every field.

    language_models.py ask HTTP-PORT UNIX-SECONDS
"""

import json
import sys

from answers import get, require, require_equal, run
from grafana import TRACE, nanoseconds

ACCEPT = "application/vnd.grafana.llm"


def main(_, port, __):
    address = f"127.0.0.1:{port}"
    for case in (trace, part_of_a_trace, trace_that_is_not_there, tag_values):
        case(address)


def plain(address, target):
    status, content_type, body = get(address, target, f"text/plain, {ACCEPT}")
    require(status == 200 and content_type == f"{ACCEPT}+json", f"GET {target}: HTTP {status} {content_type} {body[:300]!r}")
    return json.loads(body)


def span(number, parent, name, kind, start, end, attributes, events=(), code="unset", message=""):
    return {
        "spanId": f"{number:016x}", "name": name, "parentSpanId": f"{parent:016x}" if parent else "", "kind": kind,
        "startTimeUnixNano": str(nanoseconds(start)), "endTimeUnixNano": str(nanoseconds(end)), "durationMs": end - start,
        "attributes": attributes, "events": list(events), "links": [], "status": {"code": code, "message": message}}


EVENT = {"name": "exception", "timeUnixNano": str(nanoseconds(30)),
         "attributes": {"exception.type": "NotFound", "exception.message": "no cart 7"}}
SHOP = {"serviceName": "shop", "resource": {"service.name": "shop", "host.id": 4}, "scopes": [{"name": "lib", "version": "", "spans": [
    span(1, 0, "GET /cart", "server", 0, 400, {"http.method": "GET", "http.status_code": 500}),
    span(2, 1, "call cart", "client", 10, 390, {"http.method": "GET", "peer/name": "cart"})]}]}
CART = {"serviceName": "cart", "resource": {"service.name": "cart", "host.id": 4}, "scopes": [{"name": "", "version": "", "spans": [
    span(3, 2, "read", "server", 20, 380, {"db.ratio": 0.5, "cached": False}, [EVENT], "error", "no such cart")]}]}


def check_trace(answer, services):
    require(set(answer) == {"trace", "metrics", "status"} and answer["status"] == "complete", f"the answer is {answer}")
    require_equal({"traceId": TRACE.hex(), "services": services}, answer["trace"], "the trace")


def trace(address):
    check_trace(plain(address, f"/api/v2/traces/{TRACE.hex()}"), [SHOP, CART])
    _, content_type, _ = get(address, f"/api/traces/{TRACE.hex()}", ACCEPT)
    require(content_type == "application/json", f"version 1 answers {content_type}")


def part_of_a_trace(address):
    check_trace(plain(address, f"/api/v2/traces/{TRACE.hex()}?q=%7Bstatus%3Derror%7D&keep_hierarchy=false"), [CART])


def trace_that_is_not_there(address):
    answer = plain(address, "/api/v2/traces/77")
    require_equal({"trace": {"traceId": "77".zfill(32), "services": []}, "metrics": {}, "status": "complete"}, answer, "no trace")


def tag_values(address):
    for tag, wanted in (("resource.service.name", {"string": ["cart", "shop"]}), ("span.http.status_code", {"int": ["500"]}),
                        ("span.cached", {"bool": ["false"]}), ("status", {"keyword": ["error", "ok", "unset"]}), ("span.nobody", {})):
        require_equal({"tagValues": wanted, "metrics": {}}, plain(address, f"/api/v2/search/tag/{tag}/values"), tag)


if __name__ == "__main__":
    run(main, *sys.argv[1:])
