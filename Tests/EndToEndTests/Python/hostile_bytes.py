# SPDX-License-Identifier: Apache-2.0
"""Sends thousands of damaged and made-up requests; each gets an answer that blames the sender, or none.

    hostile_bytes.py CASE SEED OTLP-GRPC-PORT OTLP-HTTP-PORT HTTP-PORT PID
"""

import random
import socket
import sys
import urllib.parse

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from google.protobuf import json_format

import raw
from answers import require, run
from raw import Server, connect, exchange, gzip, post

# What OTLP over HTTP says to a sender that errs; 429 while the memory for requests is in use.
OTLP_STATUSES = {200, 400, 413, 415, 429}
# OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL (what gRPC asks for where framing is broken)
CALL_STATUSES = {0, 3, 8, 12, 13}
QUERY_STATUSES = {200, 400, 404, 405, 414, 422, 499, 501}


def main(case, seed, *server):
    dice, server = random.Random(f"{case} {seed}"), Server(*server)
    server.require_well(dice.randrange(1 << 40))
    try:
        CASES[case](dice, server)
        server.require_well(dice.randrange(1 << 40))
    except Exception as error:
        raise AssertionError(f"{error!r} (VIVACE_E2E_SEED={seed})") from error


def bodies(dice, sample, count):
    """`count` damaged forms of a sample."""
    for number in range(count):
        kind = number % 4
        if kind == 0:
            yield sample[:dice.randrange(len(sample))]
        elif kind == 1:
            changed = bytearray(sample)
            for _ in range(dice.choice((1, 1, 2, 8))):
                changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            yield bytes(changed)
        elif kind == 2:
            start = dice.randrange(len(sample))
            yield sample[:start] + dice.randbytes(dice.randrange(20)) + sample[start + dice.randrange(40):]
        else:
            yield dice.randbytes(dice.randrange(400))


def json_of(message):
    return json_format.MessageToJson(
        trace_service_pb2.ExportTraceServiceRequest.FromString(message), indent=None).encode()


def samples(dice, count):
    """Content-Type, Content-Encoding and body of requests of every kind."""
    sample = raw.span(dice.randbytes(16), 3)
    for content_type, text in (("application/x-protobuf", sample), ("application/json", json_of(sample))):
        for body in bodies(dice, text, count):
            yield content_type, None, body
        for body in bodies(dice, text, count // 2):
            yield content_type, "gzip", gzip(body)
        for body in bodies(dice, gzip(text), count // 2):
            yield content_type, "gzip", body


def otlp_http(dice, server):
    """Damage inside of requests whose framing is right: each is answered, and the connection goes on."""
    connection = None
    for content_type, encoding, body in samples(dice, 500):
        connection = connection or connect(server.otlp_http)
        connection.sendall(post(body, content_type, encoding))
        status, fields, _ = read_answer(connection)
        require(status in OTLP_STATUSES, f"{content_type} {encoding} {body!r} is answered with {status}")
        if b"connection: close" in fields.lower():
            connection.close()
            connection = None


def read_answer(connection):
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = connection.recv(1 << 16)
        require(more, f"the connection ends after {answer!r}")
        answer += more
    status, head, body = raw.parse(answer)
    lower = head.lower()
    require(b"content-length: " in lower, f"no length in {head!r}")
    length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        more = connection.recv(1 << 16)
        require(more, "the connection ends in an answer")
        body += more
    return status, head, body


def http_framing(dice, server):
    """Damage to the bytes of whole requests, heads too: an answer that blames the sender, or a closed connection."""
    sample = raw.span(dice.randbytes(16), 1, attributes=0)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (sample[:9], sample[9:])) + b"0\r\n\r\n"
    chunked = b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n" \
        b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    for request in (post(sample), post(gzip(sample), encoding="gzip"), chunked):
        for data in bodies(dice, request, 240):
            status, _, _ = exchange(server.otlp_http, data)
            require(status in OTLP_STATUSES | {None, 404, 405, 501}, f"{data!r} is answered with {status}")
    asked = b"GET /api/search?tags=a%3Db&limit=3 HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n"
    for data in bodies(dice, asked, 240):
        status, _, _ = exchange(server.http, data)
        require(status in QUERY_STATUSES | {None}, f"{data!r} is answered with {status}")


def calls(dice, server):
    """Damage inside of messages, to their prefixes and to what the head says of them; HTTP/2 is right."""
    connection = raw.Connection(server.otlp_grpc)
    for content_type, encoding, body in samples(dice, 250):
        if content_type != "application/x-protobuf":
            continue
        flag = dice.choice((0, 1, int(encoding == "gzip"), dice.randrange(256)))
        data = raw.framed(body, flag)
        if dice.randrange(3) == 0:
            data = next(bodies(dice, data, 1))
        names = ((b"grpc-encoding", dice.choice((b"gzip", b"identity", b"zstd", b"\x80"))),) * dice.randrange(3)
        status = connection.call_raw(data, raw.call_fields(*names))
        require(status in CALL_STATUSES | {None}, f"{names} {data!r} is answered with {status}")
        if status is None:
            connection.socket.close()
            connection = raw.Connection(server.otlp_grpc)
    connection.socket.close()


def http2(dice, server):
    """Frames that are cut, changed, made up and out of order: the connection ends when its client has sent all."""
    block, message = raw.call_fields(), raw.framed(raw.span(dice.randbytes(16), 1))
    good = raw.PREFACE + raw.frame(raw.SETTINGS) + raw.frame(raw.HEADERS, 4, 1, block) \
        + raw.frame(raw.PING, 0, 0, bytes(8)) + raw.frame(raw.DATA, 1, 1, message)
    for data in bodies(dice, good, 400):
        conversation(server, data)
    for _ in range(400):
        data = raw.PREFACE + raw.frame(raw.SETTINGS)
        for _ in range(dice.randrange(1, 12)):
            payload = dice.choice((block, message, b"", dice.randbytes(dice.randrange(30))))
            data += raw.frame(dice.randrange(12), dice.choice((0, 1, 4, 5, dice.randrange(256))),
                              dice.choice((0, 1, 1, 2, 3, 5, 0x7fff_ffff, dice.randrange(1 << 32))), payload)
        conversation(server, data)


def conversation(server, data):
    with connect(server.otlp_grpc) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        raw.read_all(connection)  # ends, or times out and fails


PATHS = ("/api/traces/", "/api/v2/traces/", "/api/search", "/api/search/tags", "/api/v2/search/tags",
         "/api/search/tag/service.name/values", "/api/v2/search/tag/resource.service.name/values", "/api/slow",
         "/api/metrics/query_range", "/api/echo", "/api/status/buildinfo", "/metrics", "/ready", "/status", "/")
NAMES = ("tags", "q", "start", "end", "limit", "spss", "minDuration", "maxDuration", "min", "max", "service", "name",
         "status", "last", "raw", "scope", "mode", "skew", "async", "step", "since", "")
VALUES = ("", "0", "1", "-1", "1e9", "NaN", "9" * 40, "18446744073709551615", "-9223372036854775808", "now-1h", "10s",
          "5m", "{}", "{ span.a = `b` }", 'a="b', "a=b c=d", "\\", "\0", "é", "\ud83d".encode("utf-16", "surrogatepass")
          .hex(), "true", "2023-01-01T00:00:00Z", "../../etc/passwd", "%", "%%", "%zz", "%00", "{" * 500, "x" * 5_000)


def queries(dice, server):
    """Targets, parameters, escapes, fields, methods and bodies that are made up."""
    for _ in range(1_500):
        status, _, _ = exchange(server.http, question(dice))
        require(status in QUERY_STATUSES, f"a query is answered with {status}")


def question(dice):
    path = dice.choice(PATHS)
    if path.endswith("traces/"):
        path += dice.choice(("1", "0", "abc", "x", "a" * 32, "a" * 33, "%31", "%", "a/critical-path", "//"))
    if dice.randrange(5) == 0:
        place = dice.randrange(len(path) + 1)
        path = path[:place] + dice.choice(("%", "%2", "%2f", "%00", "%ff", "//", "..", ";", "?", "&", "#")) + path[place:]
    pairs = []
    for _ in range(dice.randrange(5)):
        value = dice.choice(VALUES)
        pairs.append(dice.choice(NAMES) + "=" + (value if dice.randrange(3) == 0 and value.isascii()
                     and value.isprintable() and " " not in value else urllib.parse.quote(value)))
    target = path + ("?" + "&".join(pairs) if pairs else "")
    fields = [dice.choice(("Accept: application/json", "Accept: application/protobuf", "Accept: ", "Accept: */*;q=x",
              "X-Scope-OrgID: " + dice.choice(("a", "..", "a|b", "")), "Authorization: Basic x", "Range: bytes=0-",
              "Accept-Encoding: gzip", "Connection: Upgrade\r\nUpgrade: h2c", "Expect: 100-continue"))]
    method = dice.choice(("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"))
    body = b""
    if dice.randrange(4) == 0:
        body = dice.randbytes(dice.randrange(1, 3_000))
        fields.append(f"Content-Length: {len(body)}")
    head = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: test", *fields))
    return head.encode() + b"\r\n\r\n" + body


CASES = {"otlp-http": otlp_http, "http-framing": http_framing, "calls": calls, "http2": http2, "queries": queries}
run(main, *sys.argv[1:])
