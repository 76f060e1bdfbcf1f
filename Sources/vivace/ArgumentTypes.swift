// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering
internal import TraceModel

/// A trace's ID: 1 to 32 hexadecimal digits, not all 0.
struct TraceIDArgument: ExpressibleByArgument, Sendable {
    var id: TraceID

    init?(argument: String) {
        guard let id = TraceID(hexadecimal: argument), !id.isZero else { return nil }
        self.id = id
    }
}

/// An address to listen on: `HOST:PORT`, `[IPv6]:PORT`, or `:PORT` for all interfaces. Port 0 lets the system choose.
struct HostPort: ExpressibleByArgument, Sendable, Equatable, CustomStringConvertible {
    /// Without brackets.
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        var host = argument[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A length of time, as in 500ms or 1h30m.
struct TimeLength: ExpressibleByArgument, Sendable, CustomStringConvertible {
    var nanoseconds: UInt64

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Exact, in the largest unit that leaves a whole number.
    var description: String {
        let units: [(UInt64, String)] = [
            (86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"),
            (1_000_000, "ms"), (1_000, "us"),
        ]
        if nanoseconds == 0 { return "0" }
        for (scale, unit) in units where nanoseconds % scale == 0 { return "\(nanoseconds / scale)\(unit)" }
        return "\(nanoseconds)ns"
    }

    init?(argument: String) {
        guard let nanoseconds = DurationText.parse(argument) else { return nil }
        self.nanoseconds = nanoseconds
    }
}

/// A number of bytes, as in 1GiB.
struct ByteSize: ExpressibleByArgument, Sendable, CustomStringConvertible {
    var byteCount: Int

    init(byteCount: Int) { self.byteCount = byteCount }

    init?(argument: String) {
        guard let byteCount = NumberText.parseBytes(argument), byteCount > 0 else { return nil }
        self.byteCount = byteCount
    }

    /// Exact, in the largest unit that leaves a whole number.
    var description: String {
        for (scale, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where byteCount % scale == 0 {
            return "\(byteCount / scale)\(unit)"
        }
        return "\(byteCount)"
    }
}

/// A moment: RFC 3339, Unix seconds or nanoseconds, now, now-1h.
struct Moment: ExpressibleByArgument, Sendable {
    var unixNanoseconds: UInt64

    init?(argument: String) {
        guard let moment = TimeText.parse(argument, now: currentUnixNanoseconds()) else { return nil }
        unixNanoseconds = moment
    }
}

/// A whole number above zero.
struct PositiveCount: ExpressibleByArgument, Sendable {
    var value: Int

    init(value: Int) { self.value = value }

    init?(argument: String) {
        guard let value = Int(argument), value > 0 else { return nil }
        self.value = value
    }
}

/// A span's status.
enum StatusName: String, ExpressibleByArgument, CaseIterable, Sendable {
    case unset, ok, error
}

/// Where an HTTP server is: `http://127.0.0.1:3200`; the scheme may be left out.
struct ServerURL: ExpressibleByArgument, Sendable, CustomStringConvertible {
    /// Without a slash at its end.
    let description: String

    init?(argument: String) {
        var text = argument.contains("://") ? argument : "http://" + argument
        while text.last == "/" { text.removeLast() }
        guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.hasSuffix(":") else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        description = text
    }

    init(port: Int) { description = "http://127.0.0.1:\(port)" }
}
