#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fuzz targets with libFuzzer and AddressSanitizer and runs them; see Fuzzing/README.md.
#   scripts/fuzz.sh                    every target for FUZZ_SECONDS seconds (60) each
#   scripts/fuzz.sh TARGET             one target, on and on if FUZZ_SECONDS is 0
#   scripts/fuzz.sh TARGET FILE ...    runs the target on these inputs only, as for one that was found
#   scripts/fuzz.sh --seeds            makes the seeds in Fuzzing/Corpus anew
# What is learned stays in .build/fuzzing/corpus, what is found goes to .build/fuzzing/found.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=.build/fuzzing
program=$scratch/vivace-fuzz
targets=(otlp-protobuf otlp-json block columns journal manifest traceql)

VIVACE_FUZZING=1 swift build -c release --product FuzzTargets --scratch-path $scratch \
    -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address
swiftc -use-ld=lld -sanitize=fuzzer,address $scratch/release/libFuzzTargets.a -lre2 -lstdc++ -o $program

# Swift's metadata is allocated once and looks like a leak; memory is limited instead.
export ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-}
export SWIFT_BACKTRACE=enable=no

# Everything libFuzzer learns goes to the first folder; the seeds are only read.
run() {
    local target=$1 dictionary=Fuzzing/Dictionaries/$1.dict options=()
    mkdir -p "$scratch/corpus/$target" "$scratch/found"
    if [ -f "$dictionary" ]; then options+=("-dict=$dictionary"); fi
    echo "fuzz: $target for ${FUZZ_SECONDS:-60} seconds"
    VIVACE_FUZZ_TARGET=$target nice $program "$scratch/corpus/$target" "Fuzzing/Corpus/$target" "${options[@]}" \
        -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="$scratch/found/$target-" 2>"$scratch/$target.log" || {
        tail -n 40 "$scratch/$target.log" >&2
        echo "fuzz: $target found something: $scratch/$target.log, $scratch/found" >&2
        return 1
    }
    grep -E '^(Done|stat::(number_of_executed_units|average_exec_per_sec))|DONE' "$scratch/$target.log"
}

case ${1:-} in
"") for target in "${targets[@]}"; do run "$target"; done ;;
--seeds)
    rm -rf Fuzzing/Corpus
    VIVACE_FUZZ_SEEDS=$PWD/Fuzzing/Corpus $program
    du -sb Fuzzing/Corpus
    ;;
*)
    if [ $# -eq 1 ]; then run "$1"; else VIVACE_FUZZ_TARGET=$1 $program "${@:2}"; fi
    ;;
esac
