// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// C's pow: the core targets do without Foundation.
func raised(_ base: Double, to exponent: Double) -> Double { pow(base, exponent) }
