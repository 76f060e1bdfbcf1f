#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Sees to it that what a build needs is there, and installs what is not from Debian's packages.
#   scripts/install-packages.sh build    what the server is built from
#   scripts/install-packages.sh test     also what the tests need
# Where everything is there nothing is asked of root, of the network, or of the package manager.
set -euo pipefail

fail() { printf 'vivace: %s\n' "$*" >&2; exit 1; }

library() { pkg-config --exists "$1" 2>/dev/null; }
command_() { command -v "$1" >/dev/null 2>&1; }
venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
file() { [ -e "$1" ]; }
debian() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
# need PACKAGE PROBE…: the package is there, or what it is needed for is there without it.
need() { debian "$1" || "${@:2}" || missing+=("$1"); }

need git command_ git
need pkg-config command_ pkg-config
need liblz4-dev library liblz4
need libxxhash-dev library libxxhash
need zlib1g-dev library zlib
need libdeflate-dev library libdeflate
need libprotobuf-c-dev library libprotobuf-c
need libre2-dev library re2
case "${1:-build}" in
build) ;;
test)
    # Only to check that the committed message code is what proto/ gives.
    need protobuf-c-compiler command_ protoc-c
    need libprotobuf-dev file /usr/include/google/protobuf/descriptor.proto
    # The end-to-end tests send and ask with Python's OpenTelemetry SDK.
    need python3 command_ python3
    # python3 may be another one than Debian's: ask it, not the package list.
    venv || missing+=(python3-venv)
    ;;
*) fail "install-packages.sh: build or test, not '$1'" ;;
esac

if [ ${#missing[@]} -gt 0 ]; then
    command_ apt-get || fail "please install what Debian calls: ${missing[*]}"
    root=()
    if [ "$(id -u)" != 0 ]; then
        command_ sudo || fail "please have root run: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    echo "vivace: installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

command_ swift || fail "Swift 6.3 or newer is needed and 'swift' is not in PATH: https://www.swift.org/install/linux/"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
case "$version" in
6.[3-9] | 6.[1-9][0-9] | [7-9].* | [1-9][0-9].*) ;;
*) fail "Swift 6.3 or newer is needed; $(command -v swift) is version ${version:-unknown}" ;;
esac
