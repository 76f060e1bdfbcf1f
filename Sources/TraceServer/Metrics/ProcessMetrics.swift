// SPDX-License-Identifier: Apache-2.0

internal import FileIO

/// The process's own figures, from Linux' `/proc`, under the names that Prometheus' client libraries use.
struct ProcessMetrics: Sendable {
    private let files: any FileSystem

    /// Kernel clock ticks a second, in which `/proc` counts processor time: 100 on every Linux that Swift runs on.
    private static let ticksPerSecond = 100.0
    private static let pageByteCount = 4_096.0

    init(files: any FileSystem = LocalFileSystem()) { self.files = files }

    /// What can be read now; files that can't are left out.
    @Sendable func families() -> [PrometheusFamily] {
        var families: [PrometheusFamily] = []
        if let fields = statistics() {
            families.append(
                family(
                    "process_cpu_seconds_total", .counter, "Processor time used.",
                    (fields.userTicks + fields.systemTicks) / Self.ticksPerSecond))
            families.append(
                family(
                    "process_resident_memory_bytes", .gauge, "Resident memory.",
                    fields.residentPages * Self.pageByteCount))
            families.append(family("process_threads", .gauge, "Threads.", fields.threads))
            if let boot = bootSeconds() {
                families.append(
                    family(
                        "process_start_time_seconds", .gauge, "When the process started, in Unix seconds.",
                        boot + fields.startTicks / Self.ticksPerSecond))
            }
        }
        if let count = try? files.entries(of: "/proc/self/fd").count {
            families.append(family("process_open_fds", .gauge, "Open file descriptors.", Double(count)))
        }
        if let limit = Self.openFileLimit(files) {
            families.append(
                family("process_max_fds", .gauge, "File descriptors that may be open.", Double(limit)))
        }
        return families
    }

    /// The soft limit of open files; nil if there is none or it can't be read.
    static func openFileLimit(_ files: any FileSystem = LocalFileSystem()) -> Int? {
        let line = text("/proc/self/limits", files)?.split(separator: "\n").first {
            $0.hasPrefix("Max open files")
        }
        return line?.dropFirst("Max open files".count).split(separator: " ").first.flatMap { Int($0) }
    }

    private struct Statistics {
        var userTicks, systemTicks, threads, startTicks, residentPages: Double
    }

    /// - SeeAlso: proc_pid_stat(5). The command's name may hold anything, so fields are counted behind its last `)`.
    private func statistics() -> Statistics? {
        guard let text = Self.text("/proc/self/stat", files), let name = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: name)...].split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        return Statistics(
            userTicks: fields[11], systemTicks: fields[12], threads: fields[17], startTicks: fields[19],
            residentPages: fields[21])
    }

    private func bootSeconds() -> Double? {
        let line = Self.text("/proc/stat", files)?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }

    private static func text(_ path: String, _ files: any FileSystem) -> String? {
        guard let bytes = try? files.open(path, .read).read(256 << 10, at: 0) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func family(
        _ name: String, _ type: PrometheusFamily.MetricType, _ help: String, _ value: Double
    ) -> PrometheusFamily {
        PrometheusFamily(name: name, type: type, help: help, samples: [(labels: [], value: value)])
    }
}
