# SPDX-License-Identifier: Apache-2.0
"""Questions that make no sense or would take much: each is refused in clear words, or takes no more than its share.

    hostile_queries.py OTLP-GRPC-PORT OTLP-HTTP-PORT HTTP-PORT PID
"""

import concurrent.futures
import json
import sys
import time
import urllib.parse

import raw
from answers import get, require, run
from raw import ExportTraceServiceRequest, Server, exchange, post

NOW = int(time.time())
# Spans of one trace, each with a value of its own; the server's 64 MiB leave 16 for queries.
SPAN_COUNT = 60_000
BIG = bytes([0x5a] * 16)


def main(*server):
    server = Server(*server)
    server.require_well(1)
    fill(server)
    before = server.memory()
    for case in (nonsense, large_texts, patterns, deep_conditions, hints, ranges, many_values):
        case(server)
        server.require_well(2)
    # The memory for queries, and what threads, buffers and the allocator take besides.
    most = server.memory("VmHWM")
    require(most - before < 60, f"memory went from {before} MiB up to {most}")


def fill(server):
    for first in range(1, SPAN_COUNT, 5_000):
        message = ExportTraceServiceRequest()
        spans = message.resource_spans.add()
        spans.resource.attributes.add(key="service.name").value.string_value = "shop"
        scope = spans.scope_spans.add()
        for number in range(first, first + 5_000):
            one = scope.spans.add(trace_id=BIG, span_id=number.to_bytes(8, "big"), name="one of many", kind=2)
            one.start_time_unix_nano = one.end_time_unix_nano = NOW * 10**9 + number
            one.attributes.add(key="number").value.int_value = number
            one.attributes.add(key="text").value.string_value = f"the value {number} of the text"
        status, _, body = exchange(server.otlp_http, post(message.SerializeToString()))
        require(status == 200, f"spans are answered with {status} {body!r}")


def ask(server, path, **parameters):
    query = urllib.parse.urlencode(parameters, safe="{}()=~|&/*+$[]<>,")
    query = query.replace("&&", "%26%26")
    return get(f"127.0.0.1:{server.http}", path + ("?" + query if query else ""))


def require_refused(server, path, status=400, says=(), **parameters):
    found, _, body = ask(server, path, **parameters)
    text = body.decode()
    what = f"{path} {str(parameters)[:120]}: {found} {text[:300]!r}"
    require(found == status, what)
    require(0 < len(text) < 2_000 and text.count("\n") <= 3, f"not a clear refusal: {what}")
    for word in says:
        require(word in text, f"{word!r} is not said: {what}")


def require_answered(server, path, statuses=(200,), **parameters):
    """The answer, made in bounded time."""
    start = time.monotonic()
    found, _, body = ask(server, path, **parameters)
    require(found in statuses, f"{path} {str(parameters)[:120]}: {found} {body[:300]!r}")
    require(time.monotonic() - start < 25, f"{path} {str(parameters)[:120]} took {time.monotonic() - start} s")
    return json.loads(body) if found == 200 else None


def nonsense(server):
    """Numbers that are none, or are out of bounds."""
    for path in ("/api/search", "/api/slow"):
        for limit in ("0", "-1", "1000000000", "262145", "1e9", "ten", "0x10", "9" * 40):
            require_refused(server, path, says=("limit", limit[:20]), limit=limit)
    for limit in ("-1", "1e9", "ten", "9" * 40):
        require_refused(server, "/api/v2/search/tags", says=("limit",), limit=limit)
        require_refused(server, "/api/v2/search/tag/span.number/values", says=("limit",), limit=limit)
    require_answered(server, "/api/v2/search/tags", limit="1000000000")
    for spss in ("-1", "101", "1000000000", "x"):
        require_refused(server, "/api/search", says=("spss",), spss=spss)
    for duration in ("5", "-5s", "5 parsecs", "1e400s", "999999999999h"):
        require_refused(server, "/api/search", says=("minDuration",), minDuration=duration)
    for scope in ("all", "span,resource", "\0"):
        require_refused(server, "/api/v2/search/tags", says=("scope",), scope=scope)
    for query in ("{", "}", "{} {}", "{ a }", "{ .a = }", "{ .a = 1 && }", "{} | rate()", "\0", "{ .a = \"", "select",
                  "{} | by()", "{} | avg(duration)", "{ duration > \"x\" }", "{ kind = red }", "{ 1 + 1 }", "💥"):
        require_refused(server, "/api/search", says=("TraceQL" if "rate" not in query else "metrics",), q=query)
        require_answered(server, "/api/v2/search/tag/name/values", q=query)


def large_texts(server):
    """Queries longer than a URL may be, and as long as one may be."""
    for path in ("/api/search", "/api/v2/search/tags", "/api/v2/traces/1"):
        require_refused(server, path, status=414, says=("URL", "long"), q="{ .a = \"" + "x" * (20 << 10) + "\" }")
        # What no URL can be is refused before it is read, and with what there is to do.
        for size in (33 << 10, 64 << 10, 128 << 10):
            require_refused(server, path, status=431, says=("URL", "16 KiB", "shorter"), q="{ .a = \"" + "x" * size + "\" }")
    require_answered(server, "/api/search", q="{ .a = \"" + "x" * 15_000 + "\" }")
    require_answered(server, "/api/search", q=" && ".join(["{ .number > 0 }"] * 200))
    require_answered(server, "/api/search", tags=" ".join(f"a{number}=b" for number in range(1_000)))


def patterns(server):
    """What takes other engines for ever: here time is linear and memory bounded."""
    for pattern in ("(a*)*b", "(a|aa)+$", "(x+x+)+y", "(.*)*(.*)*(.*)*z", "^(([a-z])+.)+[A-Z]([a-z])+$", ".*" * 500,
                    "(t|h|e)*" * 60 + "q", "[^x]*" * 300):
        require_answered(server, "/api/search", q=f'{{ span.text =~ "{pattern}" }}')
        require_answered(server, "/api/v2/search/tag/span.number/values", q=f'{{ span.text =~ "{pattern}" }}')
    for pattern in ("(((a{1,100}){1,100}){1,100}){1,100}", "a{1000}{1000}", "(", "a**", "[z-a]", "(?=a)", "\\\\1", "(" * 5_000):
        require_refused(server, "/api/search", says=("TraceQL",), q=f'{{ span.text =~ "{pattern}" }}')
    many = " || ".join(f'.text =~ "{number}.*"' for number in range(200))
    require_refused(server, "/api/search", says=("TraceQL",), q=f"{{ {many} }}")


def deep_conditions(server):
    for opening, closing in (("(", ")"), ("!(", ")"), ("-(", ")")):
        nested = opening * 2_000 + "1" + closing * 2_000
        require_refused(server, "/api/search", says=("TraceQL",), q=f"{{ .a = {nested} }}")
    require_refused(server, "/api/search", says=("TraceQL",), q="{ " + "(" * 10_000)
    require_refused(server, "/api/search", says=("TraceQL",), q="(" * 5_000 + "{}" + ")" * 5_000)
    require_refused(server, "/api/search", says=("TraceQL",), q="{ .a = " + "-" * 10_000 + "1 }")
    require_answered(server, "/api/v2/search/tags", q="{ " + "(" * 10_000)
    require_answered(server, "/api/search", q="{ " + " && ".join(["true"] * 1_000) + " }")
    require_answered(server, "/api/search", q=" >> ".join(["{}"] * 60))


def hints(server):
    """Hints that are not known change nothing; what is no hint is refused."""
    for hint in ("nobody=true", "most_recent=true", "exemplars=5", "nobody=\"x\", other=1.5"):
        require_answered(server, "/api/search", q="{} with (" + hint + ")")
    for hint in ("nobody", "=true", "nobody=", "nobody=true,", "a=b"):
        require_refused(server, "/api/search", says=("TraceQL",), q="{} with (" + hint + ")")


def ranges(server):
    """Backwards, empty, and longer than anything that is stored."""
    for path in ("/api/search", "/api/v2/search/tags", "/api/v2/search/tag/name/values", "/api/slow", "/api/v2/traces/1"):
        for start, end in ((NOW, NOW - 1), (NOW, NOW), (NOW, 0), ("x", NOW), (NOW, "now"), (-1, NOW), (NOW * 1_000, 2)):
            require_refused(server, path, says=("start" if start in ("x", -1, NOW * 1_000) else "end",),
                            start=start, end=end)
        if path != "/api/v2/traces/1":
            require_answered(server, path, start=NOW - 50 * 365 * 86_400, end=NOW + 3_600)
            require_answered(server, path, start=0, end=2**32 - 1)
    found = require_answered(server, "/api/search", start=NOW - 50 * 365 * 86_400, end=NOW - 49 * 365 * 86_400)
    require(found["traces"] == [], f"half a century ago there was {found}")


def many_values(server):
    """Groups and lists of as many values as there are spans, by several at once."""
    def grouped(_):
        return [
            # The group of each span takes more than a query may hold, or is answered, or others hold the memory.
            require_answered(server, "/api/search", (200, 422, 503), q="{} | by(span.text)", spss=100),
            require_answered(server, "/api/search", (200, 422, 503), q="{} | by(span.number) | select(span.text)"),
            require_answered(server, "/api/search", (200, 422, 503), q="{} | select(span.text, span.number)", spss=100),
            require_answered(server, "/api/v2/search/tag/span.text/values", (200, 422, 503), q="{ span.number > 5 }"),
            require_answered(server, "/api/v2/search/tag/span.text/values", (200, 422, 503), counts="true"),
            require_answered(server, "/api/v2/search/tag/span.number/values", (200, 422, 503)),
        ]

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for answers in threads.map(grouped, range(4)):
            for answer in answers:
                if answer is not None and answer.get("status") == "PARTIAL":
                    require(answer.get("message"), "an answer that lacks something does not say why")
    values = require_answered(server, "/api/v2/search/tag/span.number/values", limit=10)
    require(len(values["tagValues"]) == 10 and values["status"] == "PARTIAL", f"cut in silence: {values}")


if __name__ == "__main__":
    run(main, *sys.argv[1:])
