#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Sees to it that the tests have prometheus and promtool, and prints the folder that holds both.
#
# Where they are not installed, Debian's package is unpacked into .prometheus and not installed: it would start a
# service for the whole machine. Nothing is asked of root unless the package lists are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'vivace: %s\n' "$*" >&2; exit 1; }

found=$(command -v promtool || true)
if [ -n "$found" ] && [ -x "$(dirname "$found")/prometheus" ]; then
    dirname "$found"
    exit
fi
folder=$PWD/.prometheus
if [ ! -x "$folder/usr/bin/promtool" ]; then
    command -v apt-get >/dev/null || fail "please install prometheus and promtool, and have them in PATH"
    if ! apt-cache show prometheus >/dev/null 2>&1; then
        root=()
        [ "$(id -u)" = 0 ] || root=(sudo)
        "${root[@]}" apt-get update -qq >&2
    fi
    echo "vivace: unpacking Debian's prometheus into .prometheus" >&2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get download -q prometheus >log 2>&1) || fail "apt-get download prometheus: $(tail -n 3 "$work/log")"
    dpkg-deb -x "$work"/prometheus_*.deb "$work/unpacked"
    # Only the programs: the rest, most of it, is the web console.
    rm -rf "$folder"
    mkdir -p "$folder/usr"
    mv "$work/unpacked/usr/bin" "$folder/usr/bin"
fi
"$folder/usr/bin/promtool" --version >/dev/null 2>&1 || fail "$folder/usr/bin/promtool does not run: delete $folder"
echo "$folder/usr/bin"
