#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes .venv-e2e: a Python with what the end-to-end tests send and ask with. Does nothing if it is there as wanted.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=Tests/EndToEndTests/Python/requirements.txt
venv=.venv-e2e
if cmp -s "$requirements" "$venv/requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null; then exit 0; fi
echo "vivace: making $venv from $requirements"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
# Last, so that an installation that was broken off is made anew.
cp "$requirements" "$venv/requirements.txt"
