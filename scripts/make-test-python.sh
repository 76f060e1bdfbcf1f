#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make-test-python.sh [VENV REQUIREMENTS]
#
# Makes .venv-e2e: a Python with what the end-to-end tests send and ask with; or another with other packages. Does nothing
# if it is there as wanted.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:-.venv-e2e}
requirements=${2:-Tests/EndToEndTests/Python/requirements.txt}
if cmp -s "$requirements" "$venv/requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null; then exit 0; fi
echo "vivace: making $venv from $requirements"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
# Last, so that an installation that was broken off is made anew.
cp "$requirements" "$venv/requirements.txt"
