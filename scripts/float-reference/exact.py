"""Exact numbers, and their rounding by definition (Alpha Architecture Handbook, version 4: 4.7.5).

A number is (negative, n, d, e) for (-1)**negative * n/d * 2**e, in Python's integers; n = 0 for
zeros. What more than one kind of instruction needs is here too.
"""

import math

M64 = (1 << 64) - 1
SIGN = 1 << 63
EXPONENT = 0x7FF << 52
FRACTION = (1 << 52) - 1
QUIET = 1 << 51
CANONICAL_NAN = 0xFFF8000000000000
TRUE = 0x4000000000000000

SWC, INV, DZE, OVF, UNF, INE, IOV = 1, 2, 4, 8, 16, 32, 64
QUALIFIER_U, QUALIFIER_I, QUALIFIER_S = 0x100, 0x200, 0x400
CHOP, MINUS, NEAREST, PLUS, AWAY = 0, 1, 2, 3, 4  # AWAY: VAX, ties away from zero


class Format:
    """Precision, and the exponents of 1.f * 2**e that are finite."""

    def __init__(self, precision, lowest, highest):
        self.precision, self.lowest, self.highest = precision, lowest, highest


S, T = Format(24, -126, 127), Format(53, -1022, 1023)
F, G, D = Format(24, -128, 126), Format(53, -1024, 1022), Format(56, -128, 126)


class Trap(Exception):
    """An operand trap: no result."""

    def __init__(self, traps, status):
        super().__init__()
        self.traps, self.status = traps, status


def floor_log2(n, d):
    e = n.bit_length() - d.bit_length()
    below = (n < d << e) if e >= 0 else (n << -e < d)
    return e - 1 if below else e


def choose(negative, q, r, d, mode):
    """q + r/d rounded to an integer magnitude."""
    if r == 0:
        return q
    up = {
        CHOP: False,
        MINUS: negative,
        PLUS: not negative,
        NEAREST: 2 * r > d or (2 * r == d and q & 1 == 1),
        AWAY: 2 * r >= d,
    }[mode]
    return q + 1 if up else q


def round_to(precision, value, mode):
    """(integer of `precision` bits, exponent of its leading bit, inexact)"""
    negative, n, d, e = value
    top = floor_log2(n, d)
    shift = precision - 1 - top
    if shift >= 0:
        n <<= shift
    else:
        d <<= -shift
    q, r = divmod(n, d)
    rounded = choose(negative, q, r, d, mode)
    if rounded >> precision:
        rounded >>= 1
        top += 1
    return rounded, top + e, r != 0


def add(x, y):
    low = min(x[3], y[3])
    a = x[1] * y[2] << (x[3] - low)
    b = y[1] * x[2] << (y[3] - low)
    total = (-a if x[0] else a) + (-b if y[0] else b)
    return (total < 0, abs(total), x[2] * y[2], low)


def negate(x):
    return (not x[0],) + x[1:]


def multiply(x, y):
    return (x[0] != y[0], x[1] * y[1], x[2] * y[2], x[3] + y[3])


def divide(x, y):
    return (x[0] != y[0], x[1] * y[2], x[2] * y[1], x[3] - y[3])


def square_root(x):
    # 100 bits of root, and one more if the root is not exact: enough for any rounding.
    _, n, d, e = x
    assert d == 1
    shift = max(0, 202 - n.bit_length())
    shift += (e - shift) & 1
    n <<= shift
    root = math.isqrt(n)
    return (False, 2 * root + (root * root != n), 1, (e - shift) // 2 - 1)


def less(x, y):
    """x < y for exact values."""
    difference = add(x, negate(y))
    return difference[1] != 0 and difference[0]


def equal(x, y):
    return add(x, negate(y))[1] == 0


def to_integer(value, mode):
    """The rounded integer, and whether rounding changed the value."""
    negative, n, d, e = value
    if e >= 0:
        n <<= e
    else:
        d <<= -e
    q, r = divmod(n, d)
    magnitude = choose(negative, q, r, d, mode)
    return (-magnitude if negative else magnitude), r != 0


def signed(quadword):
    return quadword - (1 << 64) if quadword & SIGN else quadword


def integer_value(quadword):
    integer = signed(quadword)
    return (integer < 0, abs(integer), 1, 0)
