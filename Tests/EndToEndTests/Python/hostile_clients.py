# SPDX-License-Identifier: Apache-2.0
"""Clients that hold connections, send without reading, or send what grows; others are served meanwhile.

    hostile_clients.py CASE OTLP-GRPC-PORT OTLP-HTTP-PORT HTTP-PORT PID
"""

import concurrent.futures
import resource
import selectors
import socket
import sys

import raw
from answers import require, run
from raw import Server, connect, exchange, frame, framed, gzip, post


def main(case, *server):
    server = Server(*server)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server.require_well(1)
    before = server.memory()
    limit = CASES[case](server)
    server.require_well(2)
    most = server.memory("VmHWM")
    require(most - before < limit, f"memory went from {before} MiB up to {most}, by more than {limit}")
    print(f"{case}: {before} MiB, at most {most}")


def idle(server):
    """A thousand connections on every listener: silent, in the middle of a head, and after a request."""
    http_heads = (b"", b"GET /ready HTTP/1.1\r\nX-Slow: ", b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
    http2_heads = (b"", raw.PREFACE[:9], raw.PREFACE, raw.PREFACE + frame(raw.SETTINGS),
                   raw.PREFACE + frame(raw.SETTINGS) + frame(raw.HEADERS, 0, 1, raw.call_fields()))
    held = []
    for port, heads in ((server.http, http_heads), (server.otlp_http, http_heads), (server.otlp_grpc, http2_heads)):
        for number in range(1_000):
            held.append(connect(port))
            held[-1].sendall(heads[number % len(heads)])
    for _ in range(3):
        server.require_well(3)
        for connection in held:
            connection.send(b"a")
    return 130


def pipelined(server):
    """Requests one after another without reading an answer."""
    for port, request in ((server.http, b"GET /metrics HTTP/1.1\r\n\r\n"), (server.otlp_http, post(b"")),
                          (server.http, b"GET /ready HTTP/1.1\r\n\r\n")):
        flood([connect(port) for _ in range(20)], request * 10_000)
        server.require_well(4)
    return 60


def flood(connections, data):
    """Sends as long as any of them takes something."""
    selector = selectors.DefaultSelector()
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_WRITE)
    for _ in range(2_000):
        ready = selector.select(0.3)
        if not ready:
            break
        for key, _ in ready:
            try:
                key.fileobj.send(data)
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)
    for connection in connections:
        connection.close()


def unread_answers(server):
    """A hundred clients ask for 8 MB and don't read it."""
    trace = bytes([0x7e] * 16)
    for _ in range(2):
        status, _, _ = exchange(server.otlp_http, post(raw.span(trace, 4, "x" * (1 << 20))))
        require(status == 200, f"a large trace is answered with {status}")
    held = []
    for number in range(100):
        held.append(connect(server.http))
        held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        target = (f"/api/traces/{trace.hex()}", f"/api/v2/traces/{trace.hex()}", "/api/slow?limit=1000",
                  "/api/search?spss=100", "/api/v2/search/tag/name/values")[number % 5]
        accept = ("application/json", "application/protobuf")[number // 5 % 2]
        held[-1].sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n".encode())
    # They may hold all memory for queries, which others are told; spans go in all the same.
    status, _, _ = exchange(server.otlp_http, post(raw.span(bytes([0x7f] * 16))))
    require(status == 200, f"a good request is answered with {status}")
    status, _, _ = exchange(server.http, b"GET /api/traces/7f7f HTTP/1.1\r\nHost: a\r\n\r\n")
    require(status in (404, 503), f"a good query is answered with {status}")
    for connection in held:
        connection.close()
    # The server may hold 256 MiB, of which it has some 40 when it does nothing.
    return 216


def unread_calls(server):
    """Calls whose answers are never read, as many at once as a connection may have, over and over."""
    calls = b"".join(frame(raw.HEADERS, raw.END_HEADERS, stream, raw.call_fields()) +
                     frame(raw.DATA, raw.END_STREAM, stream, framed(b"")) for stream in range(1, 4_000, 2))
    flood([held_connection(server) for _ in range(20)], calls)
    return 60


def held_connection(server):
    connection = connect(server.otlp_grpc)
    connection.sendall(raw.PREFACE + frame(raw.SETTINGS))
    return connection


def open_calls(server):
    """As many calls as a connection may have, on fifty connections, none with its message."""
    heads = b"".join(frame(raw.HEADERS, raw.END_HEADERS, stream, raw.call_fields()) for stream in range(1, 512, 2))
    held = [held_connection(server) for _ in range(50)]
    for connection in held:
        connection.sendall(heads)
    server.require_well(6)
    return 100


def bombs(server):
    """Eight at once by each way of what inflates to 200 MiB, and bodies over the limit, announced and in chunks."""
    bomb = gzip(bytes([10, 0x80, 0x80, 0x80, 100]) + bytes(200 << 20))
    require(len(bomb) < 1 << 20, f"the bomb has {len(bomb)} bytes")

    def over_http(_):
        status, _, body = exchange(server.otlp_http, post(bomb, encoding="gzip"))
        require(status in (413, 429), f"the bomb is answered with {status} {body!r}")

    def over_grpc(_):
        with raw.Connection(server.otlp_grpc) as connection:
            status = connection.call(bomb, 1, raw.call_fields((b"grpc-encoding", b"gzip")))
            require(status == 8, f"the bomb is answered with {status}")

    def announced(_):
        head = post(b"").replace(b"Content-Length: 0", b"Content-Length: 20971521")
        status, _, _ = exchange(server.otlp_http, head)
        require(status == 413, f"an announcement of too much is answered with {status}")

    def in_chunks(_):
        head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        status, _, _ = exchange(server.otlp_http, head + (b"100000\r\n" + bytes(1 << 20) + b"\r\n") * 24)
        # None: it was cut off before it was at its end.
        require(status in (413, 429, None), f"too many chunks are answered with {status}")

    def one_frame(_):
        with raw.Connection(server.otlp_grpc) as connection:
            status = connection.call_raw(b"\0\xff\xff\xff\xff")
            require(status == 8, f"an announcement of 4 GiB is answered with {status}")

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        for case in (over_http, over_grpc, announced, in_chunks, one_frame):
            for _ in threads.map(case, range(8)):
                pass
    return 190


CASES = {"idle": idle, "pipelined": pipelined, "unread-answers": unread_answers, "unread-calls": unread_calls,
         "open-calls": open_calls, "bombs": bombs}
run(main, *sys.argv[1:])
