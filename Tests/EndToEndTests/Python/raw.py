# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 and HTTP/2 written byte by byte, so that a test may write them wrong."""

import random
import socket
import struct
import zlib

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from answers import get, require

EXPORT = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1


class Server:
    """A server's three ports on loopback, and its process."""

    def __init__(self, otlp_grpc, otlp_http, http, pid):
        self.otlp_grpc, self.otlp_http, self.http, self.pid = int(otlp_grpc), int(otlp_http), int(http), int(pid)

    def memory(self, name="VmRSS"):
        """MiB of memory that the process holds; `VmHWM` is the most that it ever held."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) >> 10

    def require_well(self, number):
        """A good span goes in by both ways and comes out."""
        traces = [random.Random(number + way).randbytes(16) for way in range(2)]
        status, _, _ = exchange(self.otlp_http, post(span(traces[0])))
        require(status == 200, f"a good request over HTTP is answered with {status}")
        with Connection(self.otlp_grpc) as connection:
            status = connection.call(span(traces[1]))
            require(status == 0, f"a good gRPC call is answered with {status}")
        for trace in traces:
            status, _, _ = get(f"127.0.0.1:{self.http}", f"/api/traces/{trace.hex()}")
            require(status == 200, f"the good span's trace is answered with {status}")


def connect(port, timeout=20):
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def span(trace_id, count=1, name="span", attributes=3):
    """An OTLP request."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope_spans = resource_spans.scope_spans.add()
    for number in range(1, count + 1):
        one = scope_spans.spans.add(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name=name, kind=2)
        one.start_time_unix_nano, one.end_time_unix_nano = 10**18, 10**18 + number
        for key in range(attributes):
            one.attributes.add(key=f"key {key}").value.array_value.values.add().string_value = f"value {number}"
        one.events.add(name="event", time_unix_nano=10**18)
        one.links.add(trace_id=trace_id, span_id=bytes([7] * 8))
    return message.SerializeToString()


def gzip(body):
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    return compressor.compress(body) + compressor.flush()


def post(body, content_type="application/x-protobuf", encoding=None, fields=()):
    """An export over HTTP."""
    lines = ["POST /v1/traces HTTP/1.1", "Host: test", f"Content-Type: {content_type}",
             f"Content-Length: {len(body)}", *fields]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def exchange(port, request, timeout=20):
    """Sends bytes on a connection of their own and no more after them: the answer's status, head and body."""
    with connect(port, timeout) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent
        return parse(read_all(connection))


def read_all(connection):
    """What the other side sends until it closes."""
    answer = bytearray()
    try:
        while more := connection.recv(1 << 16):
            answer += more
    except ConnectionError:
        pass
    return bytes(answer)


def parse(answer):
    """Status, head and the rest; None for the status of an answer of no bytes."""
    if not answer:
        return None, b"", b""
    head, _, rest = answer.partition(b"\r\n\r\n")
    require(head.startswith(b"HTTP/1."), f"an answer begins with {answer[:80]!r}")
    return int(head.split(b" ", 2)[1]), head, rest


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def fields(*pairs):
    """A header block of literals that are not indexed."""
    block = b""
    for name, value in pairs:
        block += b"\x00" + integer(len(name)) + name + integer(len(value)) + value
    return block


def integer(value):
    """RFC 7541, section 5.1, with a prefix of seven bits."""
    if value < 127:
        return bytes([value])
    rest, value = b"\x7f", value - 127
    while value > 127:
        rest, value = rest + bytes([value & 127 | 128]), value >> 7
    return rest + bytes([value])


def call_fields(*more, path=EXPORT, method=b"POST"):
    return fields((b":method", method), (b":scheme", b"http"), (b":path", path), (b":authority", b"test"),
                  (b"content-type", b"application/grpc"), (b"te", b"trailers"), *more)


def framed(message, flag=0):
    return bytes([flag]) + struct.pack(">I", len(message)) + message


# RFC 7541, appendix B: what is needed to read `grpc-status` and a number.
HUFFMAN = {"g": "100110", "r": "101100", "p": "101011", "c": "00100", "-": "010110", "s": "01000", "t": "01001",
           "a": "00011", "u": "101101", "0": "00000", "1": "00001", "2": "00010"}
HUFFMAN |= {str(digit): f"{digit + 22:06b}" for digit in range(3, 10)}


def huffman(text):
    bits = "".join(HUFFMAN[letter] for letter in text)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def grpc_status(block):
    """The number in a header block without an index into the dynamic table; None if there is none."""
    for name in (b"grpc-status", huffman("grpc-status")):
        _, found, rest = block.partition(name)
        if found:
            value = rest[1:1 + (rest[0] & 127)]
            names = {(huffman(str(code)) if rest[0] & 128 else str(code).encode()): code for code in range(17)}
            return names[value]
    return None


class Connection:
    """An HTTP/2 connection; it reads what it is sent only for an answer."""

    def __init__(self, port, timeout=20):
        self.socket = connect(port, timeout)
        self.stream = -1
        self.received = b""
        # A header table of no bytes: the server's header blocks then stand alone.
        self.send(PREFACE + frame(SETTINGS, 0, 0, b"\x00\x01\x00\x00\x00\x00"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def begin(self, block=None, flags=END_HEADERS):
        """Sends the head of a call; its stream."""
        self.stream += 2
        self.send(frame(HEADERS, flags, self.stream, block or call_fields()))
        return self.stream

    def call(self, message, flag=0, block=None):
        """The grpc-status of a whole call; None if the connection or the stream ended without one."""
        return self.call_raw(framed(message, flag), block)

    def call_raw(self, data, block=None):
        try:
            stream = self.begin(block)
            for start in range(0, max(len(data), 1), 16_000):
                part = data[start:start + 16_000]
                self.send(frame(DATA, END_STREAM if start + 16_000 >= len(data) else 0, stream, part))
            return self.status(stream)
        except ConnectionError:
            return None

    def status(self, stream):
        """Reads on to the end of a stream; its grpc-status."""
        while True:
            kind, flags, number, payload = self.frame()
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK))
            if kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            if number == stream and kind == HEADERS and flags & END_STREAM:
                return grpc_status(payload)
            if number == stream and kind == RST_STREAM or kind == GOAWAY:
                return None

    def frame(self):
        head = self.take(9)
        payload = self.take(int.from_bytes(head[:3], "big"))
        return head[3], head[4], int.from_bytes(head[5:], "big") & 0x7fff_ffff, payload

    def take(self, count):
        while len(self.received) < count:
            more = self.socket.recv(1 << 16)
            if not more:
                raise ConnectionResetError("the server closed")
            self.received += more
        taken, self.received = self.received[:count], self.received[count:]
        return taken
