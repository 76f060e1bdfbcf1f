#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks how the code is written: swift format's rules by .swift-format, the length of lines, and the licence line.
# Where swift format would only break or space a line differently is left to whoever writes: its taste differs from
# ours in small things (#expect(…) { … }, "catch where", "for unsafe x in"). Tables in tests may be as wide as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

layout='\[(AddLines|Indentation|RemoveLine|Spacing|TrailingComma)\]'
findings=$(swift format lint --recursive --parallel Package.swift Sources Tests Benchmarks 2>&1 |
    grep -Ev "$layout" | grep -Ev '^Tests/.*\[LineLength\]' | LC_ALL=C sort -u || true)
unlicensed=$(find Sources Tests Benchmarks -name '*.swift' -print0 |
    xargs -0 awk 'FNR == 1 && !/SPDX-License-Identifier: Apache-2\.0/ { print FILENAME ":1: the licence line is missing" }')
findings=$(printf '%s\n%s\n' "$findings" "$unlicensed" | grep . || true)
if [ -n "$findings" ]; then
    printf '%s\n' "$findings" >&2
    echo "lint: $(wc -l <<<"$findings") findings" >&2
    exit 1
fi
echo "lint: nothing found"
