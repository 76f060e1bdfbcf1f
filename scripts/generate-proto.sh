#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Generates the C message code of Sources/CProtobufMessages from proto/.
#   scripts/generate-proto.sh          writes it
#   scripts/generate-proto.sh --check  exits 1 if the committed code is not what proto/ gives
# Needs protoc-c: apt-get install protobuf-c-compiler libprotobuf-c-dev libprotobuf-dev
set -eu
cd "$(dirname "$0")/.."
target=Sources/CProtobufMessages
packages="google grpc opentelemetry tempopb"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/all" "$fresh/generated" "$fresh/include"
(cd proto && find $packages -name '*.proto' | LC_ALL=C sort) >"$fresh/files"
# proto/ comes first, so that our own google/protobuf files win over the system's.
(cd proto && protoc-c -I. -I/usr/include --c_out="$fresh/all" $(cat "$fresh/files"))
while read -r file; do
    stem=${file%.proto}
    for place in generated/$stem.pb-c.c include/$stem.pb-c.h; do
        mkdir -p "$fresh/$(dirname "$place")"
        mv "$fresh/all/$stem.pb-c.${place##*.}" "$fresh/$place"
    done
done <"$fresh/files"

if [ "${1:-}" = --check ]; then
    status=0
    for package in $packages; do
        diff -r "$target/generated/$package" "$fresh/generated/$package" || status=1
        diff -r "$target/include/$package" "$fresh/include/$package" || status=1
    done
    [ $status = 0 ] || echo "generated code is out of date: run scripts/generate-proto.sh" >&2
    exit $status
fi

mkdir -p "$target/include"
rm -rf "$target/generated"
cp -R "$fresh/generated" "$target/generated"
for package in $packages; do
    rm -rf "${target:?}/include/$package"
    cp -R "$fresh/include/$package" "$target/include/$package"
done
