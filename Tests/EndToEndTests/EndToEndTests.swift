// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tests of the built program, driven from outside: real processes, ports, disks and clients.
///
/// They run one after another, since each wants the machine for itself. What they need is told by
///
///     VIVACE_BINARY        the program; default `.build/release/vivace`
///     VIVACE_E2E_PYTHON    a Python with Python/requirements.txt; default `.venv-e2e/bin/python`
///     VIVACE_E2E_SEED      repeats the choices of a run of ``CrashTests``
@Suite(.serialized, .timeLimit(.minutes(4))) enum EndToEndTests {}
