// SPDX-License-Identifier: Apache-2.0

internal import Glibc

// What libFuzzer calls: the only file here that touches memory without the compiler's checks.

/// The target that VIVACE_FUZZ_TARGET names.
private let target: FuzzTarget = {
    // Safe: nothing changes the environment after the program's start, and the text is copied.
    let name = unsafe getenv("VIVACE_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        report("VIVACE_FUZZ_TARGET has to be one of \(names)")
        exit(2)
    }
    return target
}()

/// Writes the seeds and ends the program if VIVACE_FUZZ_SEEDS names a directory.
@c(LLVMFuzzerInitialize)
public func initialize(
    _ argumentCount: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    // Safe: as above.
    guard let directory = unsafe getenv("VIVACE_FUZZ_SEEDS").map({ unsafe String(cString: $0) }) else { return 0 }
    do {
        try writeSeeds(into: directory)
        exit(0)
    } catch {
        report("the seeds can't be written: \(error)")
        exit(1)
    }
}

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ byteCount: Int) -> CInt {
    // Safe: libFuzzer gives `byteCount` bytes that stay until this returns; they are copied.
    target.run(unsafe [UInt8](UnsafeBufferPointer(start: start, count: byteCount)))
    return 0
}

/// Writes a line to standard error at once: a trap loses what is buffered.
func report(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // Safe: the pointer is used inside of the call, with the array's own count.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

/// Runs asynchronous code whose awaits all end at once on the calling thread, so that an input does the same each time.
final class InlineExecutor: TaskExecutor, @unchecked Sendable {
    // Safe to send: only the fuzzer's one thread comes here.
    private var jobs: [UnownedJob] = []

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    func run(_ body: @escaping @Sendable () async -> Void) {
        _ = Task(executorPreference: self, operation: body)
        // Safe: the executor outlives its jobs, which are all run before this returns.
        while let job = jobs.popLast() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
