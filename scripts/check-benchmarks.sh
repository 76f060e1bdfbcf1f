#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares what the stages of the way in and scans of columns cost with the thresholds in Benchmarks/Thresholds/stages.txt:
# instructions (by valgrind), allocations and bytes; of scans, for a thousand values in the place of a span, and what they
# find instead of bytes. Time is not compared: it says more about the machine than about the program.
#   scripts/check-benchmarks.sh            exits 1 if a stage costs more than its threshold, with some tolerance
#   scripts/check-benchmarks.sh --update   writes the thresholds anew
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

thresholds=Benchmarks/Thresholds/stages.txt
# Percent by which a figure may be above its threshold: the C library chooses its functions by the processor.
instructionTolerance=3
allocationTolerance=5
byteTolerance=1
spans=20000

command -v valgrind >/dev/null || { echo "check-benchmarks: valgrind is missing: apt-get install valgrind" >&2; exit 2; }
export VIVACE_BENCHMARKS=stages SWIFT_DETERMINISTIC_HASHING=1
swift build -c release --product StageCosts >&2
# Stripped, because valgrind does not understand all that the compiler says for debuggers.
program=$(mktemp)
trap 'rm -f "$program"' EXIT
strip -o "$program" "$(swift build -c release --show-bin-path)/StageCosts"

# Instructions of so many passes, with everything before them.
instructions() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$program" run "$1" "$2" 2>&1 |
        sed -n 's/.*I *refs: *//p' | tr -d ,
}

# "STAGE INSTRUCTIONS ALLOCATIONS BYTES": instructions a span, the others a thousand spans.
measure() {
    local few many
    few=$(instructions "$1" 1)
    many=$(instructions "$1" 3)
    echo "$1 $(((many - few) / 2 / spans)) $("$program" count "$1")"
}

figures=$(for stage in $("$program" list); do measure "$stage"; done)

if [[ ${1:-} == --update ]]; then
    {
        echo "# Of scripts/check-benchmarks.sh: stage, instructions a span, allocations and bytes a thousand spans; of scans,"
        echo "# for a thousand values in the place of a span, and values found instead of bytes."
        echo "$figures"
    } >"$thresholds"
    cat "$thresholds"
    exit
fi

join <(grep -v '^#' "$thresholds" | sort) <(sort <<<"$figures") | awk \
    -v instructions=$instructionTolerance -v allocations=$allocationTolerance -v bytes=$byteTolerance '
    function judge(name, found, limit, tolerance) {
        verdict = ""
        if (found > limit * (1 + tolerance / 100) + 1) { verdict = "  TOO MANY"; failed = 1 }
        else if (found < limit * 0.95 - 1) verdict = "  lower the threshold"
        printf "  %-13s %9d of %9d%s\n", name, found, limit, verdict
    }
    {
        print $1
        judge("instructions", $5, $2, instructions)
        judge("allocations", $6, $3, allocations)
        judge("bytes", $7, $4, bytes)
        stages++
    }
    END { if (!stages) print "no thresholds: run scripts/check-benchmarks.sh --update"; exit failed || !stages }'
