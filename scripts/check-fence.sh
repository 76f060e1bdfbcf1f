#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds Sources and Fuzzing to the rules that no compiler checks; see CONTRIBUTING.md, "The fence".
#   scripts/check-fence.sh           prints offenders as file:line and exits 1 if there are any
#   scripts/check-fence.sh --list    also prints where an unchecked Sendable is allowed because its comment says why
set -euo pipefail
cd "$(dirname "$0")/.."

# Where memory may be handled without the compiler's checks.
fence='^Sources/(ByteCoding|FileIO|Inflate|ProtobufMessages|RegularExpressions)/|^Sources/TraceServer/(ByteBuffer\+Bytes|EventLoopTasks)\.swift$|^Fuzzing/Targets/EntryPoint\.swift$'
# Where Foundation may be imported.
foundation='^Sources/vivace/'

# protoc-c's own code is not ours to write.
findings=$(find Sources Fuzzing \( -path '*/CProtobufMessages/generated' -o -path '*/CProtobufMessages/include' \) -prune \
    -o -type f \( -name '*.swift' -o -name '*.c' -o -name '*.cc' -o -name '*.h' \) -print | LC_ALL=C sort | while read -r file; do
    fenced=no foundationAllowed=no
    [[ $file =~ $fence ]] && fenced=yes
    [[ $file =~ $foundation ]] && foundationAllowed=yes
    awk -v file="$file" -v fenced=$fenced -v foundationAllowed=$foundationAllowed '
        function report(what) { printf "%s:%d: %s\n", file, line, what }
        # The line without strings and comments; multi-line strings are followed from line to line.
        function code(text,   quotes) {
            quotes = gsub(/"""/, "\001", text)
            if (inText) {
                if (quotes == 0) return ""
                sub(/^[^\001]*\001/, "", text)
                inText = 0; quotes--
            }
            gsub(/\001[^\001]*\001/, "", text)
            if (quotes % 2 == 1) { sub(/\001.*$/, "", text); inText = 1 }
            gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
            sub(/\/\/.*$/, "", text)
            return text
        }
        # A whole word that is neither a member (.unsafe) nor an attribute (@unsafe).
        function hasWord(text, word) { return (" " text " ") ~ ("[^A-Za-z0-9_.@`]" word "[^A-Za-z0-9_`:]") }
        function isReasonNear(   i) {
            for (i = line - 2; i <= line + 2; i++) if (all[i] ~ /\/\/.*Safe/) return 1
            return 0
        }
        { all[NR] = $0 }
        END {
            for (line = 1; line <= NR; line++) {
                raw = all[line]
                if (raw ~ /(TODO|FIXME)([^A-Za-z0-9_]|$)/) report("unfinished work is no part of the sources: " (raw ~ /TODO/ ? "TODO" : "FIXME"))
                if (file !~ /\.swift$/) continue
                text = code(raw)
                if (text ~ /(^|[^A-Za-z0-9_.])fatalError *\(/) report("fatalError: throw, or state a precondition")
                if (text ~ /(^|[^A-Za-z0-9_])try!/) report("try!: handle the error")
                if (foundationAllowed == "no" && text ~ /(^|[ \t])import +(struct +|class +|func +|enum +)?Foundation/)
                    report("Foundation is for the command line only")
                if (fenced == "no") {
                    if (hasWord(text, "unsafe") && text !~ /nonisolated *\( *unsafe *\)/) report("unsafe outside of the fence")
                    if (text ~ /@unsafe([^A-Za-z0-9_]|$)/) report("@unsafe outside of the fence")
                    if (text ~ /nonisolated *\( *unsafe *\)/) report("nonisolated(unsafe) outside of the fence")
                }
                if (text ~ /@unchecked +Sendable/) {
                    if (isReasonNear()) printf "allowed %s:%d: @unchecked Sendable\n", file, line
                    else if (fenced == "no") report("@unchecked Sendable without a comment \"Safe to send: ...\" beside it")
                }
            }
        }' "$file"
done)

if [ "${1:-}" = --list ]; then grep '^allowed ' <<<"$findings" || true; fi
offenders=$(grep -v '^allowed ' <<<"$findings" | grep . || true)
if [ -n "$offenders" ]; then
    printf '%s\n' "$offenders" >&2
    echo "check-fence: $(wc -l <<<"$offenders") offenders" >&2
    exit 1
fi
echo "check-fence: sources keep to the fence"
