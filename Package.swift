// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// One list for every target. Strict memory safety is an error everywhere: `unsafe` may only be written in the fence
// (ByteCoding, the thin wrappers, two files of TraceServer), which scripts/check-fence.sh watches.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func product(_ name: String, _ package: String) -> Target.Dependency { .product(name: name, package: package) }

let logging = product("Logging", "swift-log")
let lifecycle = product("ServiceLifecycle", "swift-service-lifecycle")
let nioCore = product("NIOCore", "swift-nio")
let nioHTTP1 = product("NIOHTTP1", "swift-nio")
let serverProducts: [Target.Dependency] = [
    logging, lifecycle, nioCore, nioHTTP1,
    product("CoreMetrics", "swift-metrics"),
    product("HTTPTypes", "swift-http-types"),
    product("HummingbirdCore", "hummingbird"),
    product("NIOHPACK", "swift-nio-http2"),
    product("NIOHTTP2", "swift-nio-http2"),
    product("NIOPosix", "swift-nio"),
    product("NIOSSL", "swift-nio-ssl"),
    product("UnixSignals", "swift-service-lifecycle"),
]

func tests(of target: String, _ others: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: target + "Tests", dependencies: [.target(name: target)] + others, exclude: exclude,
        swiftSettings: settings)
}

// What was built, as the Makefile says it: twelve hexadecimal digits of the commit.
let revision = Context.environment["VIVACE_REVISION"].flatMap { $0.isEmpty ? nil : "0x" + $0 } ?? "0"

// The house, floor by floor: a target names only targets of lower floors.
let package = Package(
    name: "vivace",
    products: [.executable(name: "vivace", targets: ["vivace"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "5.0.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // System libraries
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CTerminal"),
        .systemLibrary(name: "CAllocator"),
        .systemLibrary(name: "CResidentRead"),
        .systemLibrary(name: "CVectorMask"),
        .target(name: "CProtobufMessages", dependencies: ["CProtobufC"]),
        .target(name: "CRegularExpressions", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CRevision", cSettings: [.define("VIVACE_REVISION", to: revision)]),
        // Floor 0
        .target(name: "ByteCoding", dependencies: ["CLZ4", "CVectorMask", "CXXHash"], swiftSettings: settings),
        // Floor 1
        .target(name: "TraceModel", dependencies: ["ByteCoding"], swiftSettings: settings),
        .target(name: "FileIO", dependencies: ["CResidentRead"], swiftSettings: settings),
        .target(name: "Inflate", dependencies: ["CDeflate", "CZlib"], swiftSettings: settings),
        .target(name: "ProtobufMessages", dependencies: ["CProtobufMessages"], swiftSettings: settings),
        .target(name: "RegularExpressions", dependencies: ["CRegularExpressions"], swiftSettings: settings),
        // Floor 2
        .target(name: "ObjectStorage", dependencies: ["FileIO"], swiftSettings: settings),
        .target(name: "OTLP", dependencies: ["ByteCoding", "TraceModel"], swiftSettings: settings),
        .target(name: "TraceQL", dependencies: ["ByteCoding", "RegularExpressions"], swiftSettings: settings),
        .target(name: "TraceAnalysis", swiftSettings: settings),
        .target(name: "ColumnEncoding", dependencies: ["ByteCoding"], swiftSettings: settings),
        // Floor 3
        .target(
            name: "BlockFormat", dependencies: ["ByteCoding", "TraceModel", "ColumnEncoding"],
            swiftSettings: settings),
        .target(name: "TrafficModel", dependencies: ["ByteCoding", "TraceModel"], swiftSettings: settings),
        .target(
            name: "TerminalRendering", dependencies: ["TraceModel", "TraceAnalysis"], swiftSettings: settings),
        .target(name: "LogOutput", dependencies: [logging], swiftSettings: settings),
        .target(
            name: "LayeredOptions", dependencies: ["ByteCoding", product("Yams", "Yams")], swiftSettings: settings),
        // Floor 4
        .target(
            name: "TraceStorage",
            dependencies: [
                "ByteCoding", "TraceModel", "FileIO", "Inflate", "ObjectStorage", "OTLP", "TraceAnalysis",
                "ColumnEncoding", "BlockFormat", logging,
            ],
            swiftSettings: settings),
        // Floor 5
        .target(
            name: "Ingest", dependencies: ["ByteCoding", "TraceModel", "FileIO", "Inflate", "OTLP", "TraceStorage"],
            swiftSettings: settings),
        .target(
            name: "QueryEngine",
            dependencies: [
                "ByteCoding", "TraceModel", "RegularExpressions", "TraceAnalysis", "TraceQL", "BlockFormat",
                "TraceStorage",
            ],
            swiftSettings: settings),
        // Floor 7
        .target(
            name: "TraceServer",
            dependencies: [
                "ByteCoding", "TraceModel", "FileIO", "Inflate", "ObjectStorage", "ProtobufMessages", "OTLP",
                "TraceAnalysis", "TraceQL", "BlockFormat", "TraceStorage", "Ingest", "QueryEngine",
            ] + serverProducts,
            swiftSettings: settings),
        // Floor 8
        .executableTarget(
            name: "vivace",
            dependencies: [
                "ByteCoding", "CAllocator", "CRevision", "CTerminal", "TraceModel", "FileIO", "Inflate",
                "ObjectStorage", "OTLP", "BlockFormat", "TrafficModel", "TerminalRendering", "LayeredOptions",
                "LogOutput", "TraceStorage", "Ingest", "QueryEngine", "TraceQL", "TraceServer",
                logging, lifecycle, nioCore, nioHTTP1,
                product("ArgumentParser", "swift-argument-parser"),
                product("AsyncHTTPClient", "async-http-client"),
                product("NIOSSL", "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        // What several test targets share
        .target(
            name: "OTLPGenerator", dependencies: ["ProtobufMessages"], path: "Tests/OTLPGenerator",
            swiftSettings: settings),
        .target(
            name: "ObjectStorageContract", dependencies: ["ObjectStorage"], path: "Tests/ObjectStorageContract",
            swiftSettings: settings),
        .target(
            name: "TraceQLReference", dependencies: ["RegularExpressions", "TraceQL"], path: "Tests/TraceQLReference",
            swiftSettings: settings),
        .target(
            name: "StoreTesting",
            dependencies: [
                "ByteCoding", "TraceModel", "FileIO", "Inflate", "OTLP", "ProtobufMessages", "BlockFormat", "TraceStorage",
                logging, product("InMemoryLogging", "swift-log"),
            ],
            path: "Tests/StoreTesting", swiftSettings: settings),
        // Tests
        tests(of: "ByteCoding"),
        tests(of: "TraceModel", ["ByteCoding", "OTLP", "OTLPGenerator", "ProtobufMessages"]),
        tests(of: "FileIO"),
        tests(of: "Inflate"),
        tests(of: "ProtobufMessages", ["OTLPGenerator"]),
        tests(of: "ObjectStorage", ["FileIO", "ObjectStorageContract"]),
        tests(of: "OTLP", ["ByteCoding", "TraceModel", "ProtobufMessages", "OTLPGenerator"]),
        tests(of: "RegularExpressions", ["ByteCoding"]),
        tests(of: "TraceQL", ["TraceQLReference"], exclude: ["Corpus"]),
        tests(of: "TraceAnalysis"),
        tests(of: "ColumnEncoding", ["ByteCoding"]),
        tests(
            of: "BlockFormat",
            [
                "ByteCoding", "ColumnEncoding", "TraceModel", "OTLP", "OTLPGenerator", "ProtobufMessages", "TraceAnalysis",
            ], exclude: ["Golden"]),
        tests(of: "TrafficModel", ["ByteCoding", "OTLP", "TraceAnalysis", "TraceModel"]),
        tests(of: "TerminalRendering", ["TraceModel"]),
        tests(of: "LayeredOptions"),
        tests(of: "LogOutput", [logging]),
        tests(
            of: "TraceStorage",
            [
                "ByteCoding", "TraceModel", "FileIO", "ObjectStorage", "OTLP", "BlockFormat", "ProtobufMessages",
                "OTLPGenerator", "Inflate", "StoreTesting", logging,
            ], exclude: ["Golden"]),
        tests(
            of: "Ingest",
            [
                "TraceModel", "Inflate", "FileIO", "TraceStorage", "OTLPGenerator", "ProtobufMessages", "StoreTesting",
            ]),
        tests(
            of: "QueryEngine",
            [
                "ByteCoding", "TraceModel", "FileIO", "ObjectStorage", "OTLP", "TraceAnalysis", "BlockFormat",
                "TraceStorage", "TrafficModel", "OTLPGenerator", "ProtobufMessages", "StoreTesting", "TraceQL", "TraceQLReference",
            ]),
        tests(
            of: "TraceServer",
            [
                "ByteCoding", "TraceModel", "FileIO", "Inflate", "BlockFormat", "Ingest", "QueryEngine",
                "ProtobufMessages", "TraceStorage", "TraceQL", "OTLP", product("InMemoryLogging", "swift-log"),
                product("NIOTLS", "swift-nio"),
            ] + serverProducts),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["ByteCoding", "Inflate", "TraceStorage", nioCore, product("NIOPosix", "swift-nio")],
            exclude: ["Python"], swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)

// What the stages of the way in cost, for scripts/check-benchmarks.sh.
if ["1", "stages"].contains(Context.environment["VIVACE_BENCHMARKS"]) {
    package.targets += [
        .target(name: "CAllocationCount", path: "Benchmarks/CAllocationCount"),
        .target(
            name: "BenchmarkCorpus",
            dependencies: ["ByteCoding", "TraceModel", "ColumnEncoding", "OTLP", "TrafficModel"],
            path: "Benchmarks/BenchmarkCorpus", swiftSettings: settings),
        .executableTarget(
            name: "StageCosts",
            dependencies: [
                "BenchmarkCorpus", "ByteCoding", "CAllocationCount", "TraceModel", "TraceAnalysis", "BlockFormat",
                "TraceStorage",
            ],
            path: "Benchmarks/StageCosts", swiftSettings: settings),
    ]
}

// The benchmarks' library is resolved only for who runs them.
if Context.environment["VIVACE_BENCHMARKS"] == "1" {
    package.dependencies.append(
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []))
    package.targets.append(
        .executableTarget(
            name: "VivaceBenchmarks",
            dependencies: [
                "BenchmarkCorpus", "ByteCoding", "TraceModel", "FileIO", "Inflate", "OTLP", "TraceAnalysis", "BlockFormat",
                "TraceStorage", "QueryEngine", logging, product("Benchmark", "benchmark"),
            ],
            path: "Benchmarks/VivaceBenchmarks", swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]))
}

// The fuzz targets, for scripts/fuzz.sh: a static library, because libFuzzer brings the program's main function.
if Context.environment["VIVACE_FUZZING"] == "1" {
    package.products.append(.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"]))
    package.targets.append(
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ByteCoding", "TraceModel", "FileIO", "OTLP", "ProtobufMessages", "ColumnEncoding", "BlockFormat",
                "TraceStorage", "TraceQL", "TraceQLReference", "OTLPGenerator",
            ],
            path: "Fuzzing/Targets", swiftSettings: settings))
}