#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Asks Vivace and DuckDB the same questions about the same spans: see Benchmarks/duckdb/compare.py, which takes the options.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/make-test-python.sh .venv-bench Benchmarks/duckdb/requirements.txt
exec .venv-bench/bin/python Benchmarks/duckdb/compare.py "$@"
