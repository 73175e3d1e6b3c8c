"""Exponential and logarithm without branches or calls, to about one unit in the last place.

A loop over plain arrays that uses nothing else compiles to vector instructions, several rows at a time. The
kernel around it must have ``error_model="numpy"``: a test for division by zero would be a branch.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# the method and constants are those of fdlibm's e_exp.c and e_log.c (Sun Microsystems 1993)
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PER_LN2 = 1.4426950408889634
_WHOLE = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to a whole number, which the low bits then hold
_MOST = 700.0  # exponents beyond are cut to it
_MANTISSA = np.uint64(52)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_HALF_ROOT_BITS = np.uint64(0x3FE6A09E667F3BCD)  # the root of 1/2: mantissas lie between it and its double
_SIGN = np.uint64(2048)  # added to a binary exponent to make it positive
_EXPONENT = np.uint64(0xFFF0000000000000)
_TO_FLOAT = np.uint64(0x4330000000000000)  # the bits of 2^52: a whole number in its low bits is added to it


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def exp_of(x: float) -> float:
    """Return e to the power of ``x``, which is cut to +-700."""
    y = min(max(x, -_MOST), _MOST)
    shifted = y * _PER_LN2 + _WHOLE
    whole = shifted - _WHOLE
    r = (y - whole * _LN2_HIGH) - whole * _LN2_LOW
    q = r * r
    c = 6.61375632143793436117e-05 + q * (-1.65339022054652515390e-06 + q * 4.13813679705723846039e-08)
    c = r - q * (1.66666666666666019037e-01 + q * (-2.77777777770155933842e-03 + q * c))
    power = (np.float64(shifted).view(np.uint64) << _MANTISSA) + _ONE_BITS
    return (1.0 + (r * c / (2.0 - c) + r)) * np.uint64(power).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def log_of(x: float) -> float:
    """Return the natural logarithm of ``x``, a positive number that is neither subnormal nor infinite."""
    bits = np.float64(x).view(np.uint64)
    above = bits - _HALF_ROOT_BITS
    mantissa = np.uint64(bits - (above & _EXPONENT)).view(np.float64)
    exponent = (np.uint64(above + (_SIGN << _MANTISSA)) >> _MANTISSA) | _TO_FLOAT
    k = np.uint64(exponent).view(np.float64) - (4503599627370496.0 + 2048.0)
    f = mantissa - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    even = 3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    rest = w * even + z * (6.666666666666735130e-01 + w * odd)
    half = 0.5 * f * f
    return k * _LN2_HIGH - ((half - (s * (half + rest) + k * _LN2_LOW)) - f)
