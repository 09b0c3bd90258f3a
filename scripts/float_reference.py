#!/usr/bin/env python3
"""An exact reference for the Alpha's floating-point operations, and its test vectors.

Written from the Alpha Architecture Handbook (version 4: 2.2, 4.7, 4.8, 4.10) and appendix A.8 of
the 21264/EV67 Hardware Reference Manual, with Python's integers: results are exact rationals
n/d * 2**e that are rounded once, by definition. It shares nothing with Sources/AlphaFloat.

    scripts/float_reference.py OUTPUT-FOLDER [--every N] [--random N] [--seed S] [OPERATION ...]

writes one file per operation. A record is five little-endian 64-bit words: function code |
written << 16 | status << 24 | traps << 32; FPCR; Fa; Fb; result. The records are the cross
product of special values, rounding modes, qualifiers and FPCR settings (every Nth of it), then
`--random` records of random operands and modes. Functions of opcode 17 and loads and stores have
the operands alone.
"""

import argparse
import math
import os
import random
import struct

M64 = (1 << 64) - 1
SIGN = 1 << 63
EXPONENT = 0x7FF << 52
FRACTION = (1 << 52) - 1
QUIET = 1 << 51
CANONICAL_NAN = 0xFFF8000000000000
TRUE = 0x4000000000000000

SWC, INV, DZE, OVF, UNF, INE, IOV = 1, 2, 4, 8, 16, 32, 64
FPCR = {
    "INED": 1 << 62, "UNFD": 1 << 61, "UNDZ": 1 << 60, "OVFD": 1 << 51, "DZED": 1 << 50,
    "INVD": 1 << 49, "DNZ": 1 << 48,
}
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


# Exact values: (negative, n, d, e) for (-1)**negative * n/d * 2**e; n = 0 for zeros.


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


# IEEE


class IEEE:
    """One IEEE instruction: its function code and the FPCR."""

    def __init__(self, function, fpcr):
        self.software = bool(function & QUALIFIER_S)
        self.function, self.fpcr = function, fpcr
        self.mode = function >> 6 & 3
        if self.mode == 3:
            self.mode = fpcr >> 58 & 3

    def disabled(self, name):
        return self.software and bool(self.fpcr & FPCR[name])

    def outcome(self, bits, raised=0):
        """Applies the qualifiers and the disable bits."""
        traps = 0
        if raised & INV and not self.disabled("INVD"):
            traps |= INV
        if raised & DZE and not self.disabled("DZED"):
            traps |= DZE
        if raised & OVF and not self.disabled("OVFD"):
            traps |= OVF
        if raised & UNF and self.function & QUALIFIER_U:
            # No hardware makes the denormal: UNFD counts only if a zero will do.
            if not (self.disabled("UNFD") and self.disabled("UNDZ")):
                traps |= UNF
        if raised & INE and self.function & QUALIFIER_I and not self.disabled("INED"):
            traps |= INE
        if raised & IOV and self.function & QUALIFIER_U:
            traps |= IOV
        if traps and self.software:
            traps |= SWC
        return bits & M64, 1, raised, traps

    def operands(self, images, compare=False):
        """Checks the operands, and makes denormals zero under DNZ."""
        checked, denormal, invalid = [], False, False
        for image in images:
            exponent, fraction = image & EXPONENT, image & FRACTION
            if exponent == 0 and fraction:
                denormal = True
                image &= SIGN
            if exponent == EXPONENT and (fraction or not compare):
                invalid = True
            checked.append(image)
        if self.software:
            if denormal and not self.fpcr & FPCR["DNZ"]:
                raise Trap(SWC, 0)
        elif denormal or invalid:
            raise Trap(INV, INV)
        return checked

    def nan(self, images, fmt):
        """The outcome if one of `images`, Fa first, is a NaN."""
        nans = [i for i in images if is_nan(i)]
        if not nans:
            return None
        signaling = any(not i & QUIET for i in nans)
        bits = nans[-1] | QUIET
        if fmt is S:
            bits &= ~0x1FFFFFFF
        return self.outcome(bits, INV if signaling else 0)

    def deliver(self, value, fmt):
        negative = value[0]
        digits, exponent, inexact = round_to(fmt.precision, value, self.mode)
        sign = SIGN if negative else 0
        if exponent > fmt.highest:
            towards_zero = self.mode == CHOP or self.mode == (PLUS if negative else MINUS)
            if towards_zero:
                largest = pack((1 << fmt.precision) - 1, fmt.highest, fmt.precision)
                return self.outcome(sign | largest, OVF | INE)
            return self.outcome(sign | EXPONENT, OVF | INE)
        if exponent < fmt.lowest:
            return self.outcome(0, UNF | INE)
        return self.outcome(
            sign | pack(digits, exponent, fmt.precision), INE if inexact else 0)


def pack(digits, exponent, precision):
    return (exponent + 1023 << 52) | ((digits << 53 - precision) & FRACTION)


def is_nan(image):
    return image & EXPONENT == EXPONENT and image & FRACTION != 0


def is_infinite(image):
    return image & ~SIGN == EXPONENT


def exact(image):
    """The value of a zero or normal image; infinities count as large numbers."""
    exponent = image >> 52 & 0x7FF
    n = (1 << 52 | image & FRACTION) if exponent else 0
    return (bool(image & SIGN), n, 1, exponent - 1023 - 52)


def ieee_sum(fmt, subtract):
    def run(x, a, b):
        a, b = x.operands([a, b])
        result = x.nan([a, b], fmt)
        if result:
            return result
        if subtract:
            b ^= SIGN
        if is_infinite(a) and is_infinite(b) and a != b:
            return x.outcome(CANONICAL_NAN, INV)
        for image in (a, b):
            if is_infinite(image):
                return x.outcome(image)
        if a & ~SIGN == 0 and b & ~SIGN == 0:
            if a == b:
                return x.outcome(a)
            return x.outcome(SIGN if x.mode == MINUS else 0)
        total = add(exact(a), exact(b))
        if total[1] == 0:
            return x.outcome(SIGN if x.mode == MINUS else 0)
        return x.deliver(total, fmt)

    return run


def ieee_multiply(fmt):
    def run(x, a, b):
        a, b = x.operands([a, b])
        result = x.nan([a, b], fmt)
        if result:
            return result
        sign = (a ^ b) & SIGN
        zero = a & ~SIGN == 0 or b & ~SIGN == 0
        if is_infinite(a) or is_infinite(b):
            if zero:
                return x.outcome(CANONICAL_NAN, INV)
            return x.outcome(sign | EXPONENT)
        if zero:
            return x.outcome(sign)
        return x.deliver(multiply(exact(a), exact(b)), fmt)

    return run


def ieee_divide(fmt):
    def run(x, a, b):
        a, b = x.operands([a, b])
        result = x.nan([a, b], fmt)
        if result:
            return result
        sign = (a ^ b) & SIGN
        a_zero, b_zero = a & ~SIGN == 0, b & ~SIGN == 0
        if (a_zero and b_zero) or (is_infinite(a) and is_infinite(b)):
            return x.outcome(CANONICAL_NAN, INV)
        if is_infinite(a):
            return x.outcome(sign | EXPONENT)
        if is_infinite(b) or a_zero:
            return x.outcome(sign)
        if b_zero:
            return x.outcome(sign | EXPONENT, DZE)
        return x.deliver(divide(exact(a), exact(b)), fmt)

    return run


def ieee_square_root(fmt):
    def run(x, _, b):
        (b,) = x.operands([b])
        result = x.nan([b], fmt)
        if result:
            return result
        if b & ~SIGN == 0:
            return x.outcome(b)
        if b & SIGN:
            return x.outcome(CANONICAL_NAN, INV)
        if is_infinite(b):
            return x.outcome(b)
        return x.deliver(square_root(exact(b)), fmt)

    return run


def ieee_compare(kind):
    def run(x, a, b):
        a, b = x.operands([a, b], compare=True)
        if is_nan(a) or is_nan(b):
            signals = kind in ("lt", "le") or any(
                is_nan(i) and not i & QUIET for i in (a, b))
            return x.outcome(TRUE if kind == "un" else 0, INV if signals else 0)
        p, q = exact(a), exact(b)
        truth = {
            "un": lambda: False,
            "eq": lambda: equal(p, q),
            "lt": lambda: less(p, q),
            "le": lambda: not less(q, p),
        }[kind]()
        return x.outcome(TRUE if truth else 0)

    return run


def ieee_reformat(fmt):
    def run(x, _, b):
        (b,) = x.operands([b])
        result = x.nan([b], fmt)
        if result:
            return result
        if is_infinite(b) or b & ~SIGN == 0:
            return x.outcome(b)
        return x.deliver(exact(b), fmt)

    return run


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


def ieee_to_quadword(x, _, b):
    (b,) = x.operands([b])
    if b & EXPONENT == EXPONENT:
        return x.outcome(0, INV)
    integer, inexact = to_integer(exact(b), x.mode)
    if not -(1 << 63) <= integer < 1 << 63:
        return x.outcome(integer, IOV | INE)
    return x.outcome(integer, INE if inexact else 0)


def signed(quadword):
    return quadword - (1 << 64) if quadword & SIGN else quadword


def integer_value(quadword):
    integer = signed(quadword)
    return (integer < 0, abs(integer), 1, 0)


def ieee_from_quadword(fmt):
    def run(x, _, b):
        return x.deliver(integer_value(b), fmt) if b else x.outcome(0)

    return run


# VAX


class VAX:
    """One VAX instruction. The FPCR has no part in it."""

    def __init__(self, function, _):
        self.function = function
        self.mode = CHOP if function >> 6 & 3 == 0 else AWAY

    def outcome(self, bits, traps=0, written=1):
        if traps and self.function & QUALIFIER_S:
            traps |= SWC
        return bits & M64, written, 0, traps

    def failure(self, trap):
        return self.outcome(0, trap, written=0)

    def value(self, image):
        """0.1f * 2**(e - 1024); an exponent of 0 is only valid in a true zero."""
        exponent = image >> 52 & 0x7FF
        if exponent == 0:
            if image:
                raise Trap(self.failure(INV)[3], 0)
            return (False, 0, 1, 0)
        return (bool(image & SIGN), 1 << 52 | image & FRACTION, 1, exponent - 1024 - 53)

    def deliver(self, value, fmt, bias=1024, width=52):
        if value[1] == 0:
            return self.outcome(0)
        digits, exponent, _ = round_to(fmt.precision, value, self.mode)
        if exponent > fmt.highest:
            return self.failure(OVF)
        if exponent < fmt.lowest:
            return self.outcome(0, UNF if self.function & QUALIFIER_U else 0)
        fraction = digits << width + 1 - fmt.precision & (1 << width) - 1
        return self.outcome(
            (SIGN if value[0] else 0) | exponent + 1 + bias << width | fraction)


def vax_binary(operation, fmt):
    def run(x, a, b):
        return x.deliver(operation(x.value(a), x.value(b)), fmt)

    return run


def vax_subtract(p, q):
    return add(p, negate(q))


def vax_divide(fmt):
    def run(x, a, b):
        p, q = x.value(a), x.value(b)
        return x.failure(DZE) if q[1] == 0 else x.deliver(divide(p, q), fmt)

    return run


def vax_square_root(fmt):
    def run(x, _, b):
        value = x.value(b)
        if value[1] == 0:
            return x.outcome(0)
        return x.failure(INV) if value[0] else x.deliver(square_root(value), fmt)

    return run


def vax_compare(kind):
    def run(x, a, b):
        p, q = x.value(a), x.value(b)
        truth = {"eq": equal(p, q), "lt": less(p, q), "le": not less(q, p)}[kind]
        return x.outcome(TRUE if truth else 0)

    return run


def vax_d_to_g(x, _, b):
    exponent = b >> 55 & 0xFF
    if exponent == 0:
        return x.failure(INV) if b else x.outcome(0)
    value = (bool(b & SIGN), 1 << 55 | b & (1 << 55) - 1, 1, exponent - 128 - 56)
    return x.deliver(value, G)


def vax_to_quadword(x, _, b):
    integer, _ = to_integer(x.value(b), x.mode)
    fits = -(1 << 63) <= integer < 1 << 63
    return x.outcome(integer, 0 if fits or not x.function & QUALIFIER_U else IOV)


# Bit operations: loads, stores and opcode 17


def map_exponent(exponent):
    """MAP_F, and MAP_S below 255."""
    high, low = exponent >> 7, exponent & 0x7F
    if high:
        return 0b1000 << 7 | low
    return 0b0111 << 7 | low if low else 0


def place(sign, exponent, fraction):
    return sign << 63 | exponent << 52 | fraction << 29


def load_s(_, a, __):
    exponent = a >> 23 & 0xFF
    return place(a >> 31 & 1, 0x7FF if exponent == 255 else map_exponent(exponent), a & 0x7FFFFF)


def move_f(_, a, __):
    return place(a >> 31 & 1, map_exponent(a >> 23 & 0xFF), a & 0x7FFFFF)


def load_f(_, a, __):
    # Sign 15, exponent 14:7, fraction 6:0 then 31:16.
    return place(
        a >> 15 & 1, map_exponent(a >> 7 & 0xFF), (a & 0x7F) << 16 | a >> 16 & 0xFFFF)


def store_s(_, a, __):
    return (a >> 62 & 3) << 30 | a >> 29 & (1 << 30) - 1


def store_f(_, a, __):
    sign, exponent = a >> 63, (a >> 62 & 1) << 7 | a >> 52 & 0x7F
    return sign << 15 | exponent << 7 | a >> 45 & 0x7F | (a >> 29 & 0xFFFF) << 16


def swap_g(_, a, __):
    words = [a >> 16 * i & 0xFFFF for i in range(4)]
    return sum(word << 16 * (3 - i) for i, word in enumerate(words))


def longword_to_quadword(_, a, __):
    longword = (a >> 62) << 30 | a >> 29 & 0x3FFFFFFF
    return (longword - (1 << 32) if longword >> 31 else longword) & M64


class Plain:
    """An instruction without control: only its result counts."""

    def __init__(self, function, fpcr):
        pass


def quadword_to_longword(x, a, _):
    fits = -(1 << 31) <= signed(a) < 1 << 31
    return x.outcome((a >> 30 & 3) << 62 | (a & 0x3FFFFFFF) << 29, 0 if fits else IOV)


def plain(function):
    def run(x, a, b):
        return function(x, a, b) & M64, 1, 0, 0

    return run


def number_or_zero(image):
    """An image's value for branches: all that is not a zero counts by its sign."""
    if image & ~SIGN == 0:
        return 0
    return -1 if image & SIGN else 1


OPERATIONS = {
    # name: (class, function, operands, kind of operand)
    "adds": (IEEE, ieee_sum(S, False), 2, "ieee"),
    "addt": (IEEE, ieee_sum(T, False), 2, "ieee"),
    "subs": (IEEE, ieee_sum(S, True), 2, "ieee"),
    "subt": (IEEE, ieee_sum(T, True), 2, "ieee"),
    "muls": (IEEE, ieee_multiply(S), 2, "ieee"),
    "mult": (IEEE, ieee_multiply(T), 2, "ieee"),
    "divs": (IEEE, ieee_divide(S), 2, "ieee"),
    "divt": (IEEE, ieee_divide(T), 2, "ieee"),
    "sqrts": (IEEE, ieee_square_root(S), 1, "ieee"),
    "sqrtt": (IEEE, ieee_square_root(T), 1, "ieee"),
    "cmptun": (IEEE, ieee_compare("un"), 2, "ieee"),
    "cmpteq": (IEEE, ieee_compare("eq"), 2, "ieee"),
    "cmptlt": (IEEE, ieee_compare("lt"), 2, "ieee"),
    "cmptle": (IEEE, ieee_compare("le"), 2, "ieee"),
    "cvtts": (IEEE, ieee_reformat(S), 1, "ieee"),
    "cvtst": (IEEE, ieee_reformat(T), 1, "ieee"),
    "cvttq": (IEEE, ieee_to_quadword, 1, "ieee"),
    "cvtqs": (IEEE, ieee_from_quadword(S), 1, "integer"),
    "cvtqt": (IEEE, ieee_from_quadword(T), 1, "integer"),
    "cvtql": (IEEE, lambda x, _, b: quadword_to_longword(x, b, 0), 1, "integer"),
    "addf": (VAX, vax_binary(add, F), 2, "vax"),
    "addg": (VAX, vax_binary(add, G), 2, "vax"),
    "subf": (VAX, vax_binary(vax_subtract, F), 2, "vax"),
    "subg": (VAX, vax_binary(vax_subtract, G), 2, "vax"),
    "mulf": (VAX, vax_binary(multiply, F), 2, "vax"),
    "mulg": (VAX, vax_binary(multiply, G), 2, "vax"),
    "divf": (VAX, vax_divide(F), 2, "vax"),
    "divg": (VAX, vax_divide(G), 2, "vax"),
    "sqrtf": (VAX, vax_square_root(F), 1, "vax"),
    "sqrtg": (VAX, vax_square_root(G), 1, "vax"),
    "cmpgeq": (VAX, vax_compare("eq"), 2, "vax"),
    "cmpglt": (VAX, vax_compare("lt"), 2, "vax"),
    "cmpgle": (VAX, vax_compare("le"), 2, "vax"),
    "cvtgf": (VAX, lambda x, _, b: x.deliver(x.value(b), F), 1, "vax"),
    "cvtgd": (VAX, lambda x, _, b: x.deliver(x.value(b), D, bias=128, width=55), 1, "vax"),
    "cvtdg": (VAX, vax_d_to_g, 1, "d"),
    "cvtgq": (VAX, vax_to_quadword, 1, "vax"),
    "cvtqf": (VAX, lambda x, _, b: x.deliver(integer_value(b), F), 1, "integer"),
    "cvtqg": (VAX, lambda x, _, b: x.deliver(integer_value(b), G), 1, "integer"),
    "lds": (Plain, plain(load_s), 0, "longword"),
    "ldf": (Plain, plain(load_f), 0, "longword"),
    "itoff": (Plain, plain(move_f), 0, "longword"),
    "sts": (Plain, plain(store_s), 0, "ieee"),
    "stf": (Plain, plain(store_f), 0, "vax"),
    "ldg": (Plain, plain(swap_g), 0, "vax"),
    "cvtlq": (Plain, plain(longword_to_quadword), 0, "ieee"),
    "cpys": (Plain, plain(lambda _, a, b: a & SIGN | b & ~SIGN), 2, "ieee"),
    "cpysn": (Plain, plain(lambda _, a, b: ~a & SIGN | b & ~SIGN), 2, "ieee"),
    "cpyse": (Plain, plain(lambda _, a, b: a >> 52 << 52 | b & FRACTION), 2, "ieee"),
    "fbeq": (Plain, plain(lambda _, a, __: number_or_zero(a) == 0), 0, "ieee"),
    "fblt": (Plain, plain(lambda _, a, __: number_or_zero(a) < 0), 0, "ieee"),
    "fble": (Plain, plain(lambda _, a, __: number_or_zero(a) <= 0), 0, "ieee"),
}


# Operands


def both_signs(values):
    return [v for value in values for v in (value, value | SIGN)]


IEEE_VALUES = both_signs([
    0x0000000000000000,  # zero
    0x0000000000000001, 0x0008000000000000, 0x000FFFFFFFFFFFFF,  # denormals
    0x0010000000000000, 0x0010000000000001, 0x001FFFFFFFFFFFFF, 0x0020000000000000,
    0x1FF0000000000000, 0x2010000000000001,  # about 2**-512 and its square's neighbours
    0x3680000000000000, 0x36A0000000000000,  # 2**-151, 2**-149
    0x380FFFFFF0000000, 0x380FFFFFE0000000, 0x380FFFFFFFFFFFFF,  # just below S's smallest
    0x3810000000000000, 0x3810000020000000, 0x3800000000000000,
    0x3CA0000000000000, 0x3CA0000000000001, 0x3CB0000000000000,  # 2**-53 and neighbours
    0x3E60000000000000, 0x3E70000000000000,  # 2**-25, 2**-24: halves of S's last place
    0x3FDFFFFFFFFFFFFF, 0x3FE0000000000000, 0x3FE0000000000001,  # a half and neighbours
    0x3FEFFFFFFFFFFFFF, 0x3FF0000000000000, 0x3FF0000000000001,
    0x3FF0000010000000, 0x3FF0000030000000, 0x3FF0000020000000, 0x3FF000002FFFFFFF,
    0x3FF8000000000000, 0x4000000000000000, 0x4004000000000000, 0x4008000000000000,
    0x4022000000000000,  # 9
    0x41DFFFFFFFC00000, 0x41E0000000000000, 0x41EFFFFFFFE00000,  # about 2**31 and 2**32
    0x4330000000000001, 0x432FFFFFFFFFFFFF, 0x4340000000000000,
    0x43D0000000000000, 0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0x43E0000000000001,
    0x43EFFFFFFFFFFFFF, 0x43F0000000000000, 0x4450000000000000, 0x47E0000000000000,
    0x47EFFFFFE0000000, 0x47EFFFFFEFFFFFFF, 0x47EFFFFFF0000000, 0x47F0000000000000,
    0x4C70000000000000, 0x5FE0000000000000, 0x5FF0000000000001,
    0x7FDFFFFFFFFFFFFF, 0x7FEFFFFFFFFFFFFE, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000,
    0x7FF8000000000000, 0x7FFC123460000001, 0x7FF0000000000001, 0x7FF4567800000000,
])
VAX_VALUES = both_signs([
    0x0000000000000000, 0x0000000000000001, 0x000FFFFFFFFFFFFF,  # zero, dirty zeros
    0x0010000000000000, 0x0010000000000001, 0x001FFFFFFFFFFFFF, 0x0020000000000000,
    0x2000000000000000, 0x2010000000000001,
    0x380FFFFFE0000000, 0x380FFFFFF0000000, 0x380FFFFFFFFFFFFF,  # below F's smallest
    0x3810000000000000, 0x3810000020000000, 0x3820000000000000,
    0x3CC0000000000000, 0x3CD0000000000001, 0x3E80000000000000, 0x3E90000000000000,
    0x3FFFFFFFFFFFFFFF, 0x4000000000000000, 0x4000000000000001, 0x4010000000000000,
    0x4010000010000000, 0x4010000030000000, 0x401000000FFFFFFF, 0x4010000020000000,
    0x4018000000000000, 0x4020000000000000, 0x4024000000000000, 0x4028000000000000,
    0x4042000000000000, 0x4350000000000001, 0x43F0000000000000, 0x43FFFFFFFFFFFFFF,
    0x4400000000000000, 0x4400000000000001, 0x4410000000000000, 0x4470000000000000,
    0x47FFFFFFE0000000, 0x47FFFFFFEFFFFFFF, 0x47FFFFFFF0000000, 0x4800000000000000,
    0x5FF0000000000000, 0x6000000000000001, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000,
    0x7FFFFFFFFFFFFFFE, 0x7FFFFFFFFFFFFFFF,
])
D_VALUES = both_signs(
    [0, 1, (1 << 55) - 1]
    + [e << 55 | f for e in (1, 2, 127, 128, 129, 254, 255)
       for f in (0, 1, 3, 4, 5, 6, 7, 12, (1 << 54), (1 << 55) - 5, (1 << 55) - 4, (1 << 55) - 1)])
INTEGERS = sorted({
    (sign * ((1 << p) + q)) & M64 for p in (0, 1, 23, 24, 25, 30, 31, 32, 52, 53, 54, 61, 62, 63)
    for q in (-3, -2, -1, 0, 1, 2, 3) for sign in (1, -1)
} | {(1 << 62) + (1 << 9), (1 << 62) + (3 << 9), (1 << 62) + (1 << 38), (1 << 62) + (3 << 38)})
LONGWORDS = [
    s << 31 | e << 23 | f for s in (0, 1) for e in (0, 1, 2, 126, 127, 128, 129, 254, 255)
    for f in (0, 1, 0x12345, 0x400000, 0x7FFFFF)]
LONGWORDS += [(v << 16 | v >> 16) & 0xFFFFFFFF for v in LONGWORDS]
VALUES = {
    "ieee": IEEE_VALUES, "vax": VAX_VALUES, "d": D_VALUES, "integer": INTEGERS,
    "longword": LONGWORDS,
}

DISABLES = sum(FPCR.values()) & ~FPCR["DNZ"]
CONTROLS = [
    0, DISABLES, FPCR["INVD"], FPCR["DZED"], FPCR["OVFD"], FPCR["UNFD"], FPCR["UNDZ"],
    FPCR["UNFD"] | FPCR["UNDZ"], FPCR["INED"], FPCR["DNZ"], FPCR["DNZ"] | DISABLES,
]


def modes(cls):
    """All (function code, FPCR) of a class of instructions."""
    if cls is Plain:
        return [(0, 0)]
    if cls is VAX:
        return [(r | q, c) for r in (0, 0x80) for q in (0, 0x100, 0x400, 0x500)
                for c in (0, DISABLES | FPCR["DNZ"])]
    rounding = [(r, 0) for r in (0, 0x40, 0x80)] + [(0xC0, d << 58) for d in range(4)]
    enables = [(q, c) for q in (0, 0x100) for c in (0, DISABLES | FPCR["DNZ"])]
    enables += [(q, c) for q in (0x400, 0x500, 0x700) for c in CONTROLS]
    return [(r | q, c | d) for r, d in rounding for q, c in enables]


def random_operand(generator, kind):
    shape = generator.randrange(8)
    if shape == 0:
        return generator.choice(VALUES[kind])
    if kind == "longword":
        return generator.getrandbits(32)
    if kind == "integer":
        return (generator.getrandbits(64) >> generator.randrange(64)) * generator.choice(
            (1, -1)) & M64
    bits = generator.getrandbits(64)
    if kind == "d" or shape == 1:
        return bits
    middle = 1023 if kind == "ieee" else 1024
    reach = generator.choice((2, 30, 60, 130, 1022))
    exponent = max(0, min(2047, middle + generator.randint(-reach, reach)))
    if shape <= 4:
        bits &= ~0x1FFFFFFF  # a value of S or F precision
    if shape in (2, 5):
        bits &= ~(FRACTION >> generator.randrange(52))
    return bits & ~EXPONENT | exponent << 52


def random_pair(generator, kind):
    a, b = random_operand(generator, kind), random_operand(generator, kind)
    if generator.randrange(4) == 0:  # close magnitudes: cancellation
        b = (a ^ generator.getrandbits(generator.randrange(1, 54))) ^ generator.choice((0, SIGN))
        b &= M64
    return a, b


def vectors(name, every, count, seed):
    cls, run, operands, kind = OPERATIONS[name]
    values, settings = VALUES[kind], modes(cls)
    lefts = values if operands == 2 or cls is Plain else [0]
    rights = values if operands else [0]
    index = 0
    for a in lefts:
        for b in rights:
            for function, fpcr in settings[(-index) % every::every]:
                yield answer(cls, run, function, fpcr, a, b)
            index += len(settings)
    generator = random.Random(f"{name} {seed}")
    for _ in range(count):
        function, fpcr = generator.choice(settings)
        a, b = random_pair(generator, kind)
        a = a if operands == 2 or cls is Plain else 0
        b = b if operands else 0
        yield answer(cls, run, function, fpcr, a, b)


def answer(cls, run, function, fpcr, a, b):
    try:
        bits, written, status, traps = run(cls(function, fpcr), a, b)
    except Trap as trap:
        bits, written, status, traps = 0, 0, trap.status, trap.traps
    head = function | written << 16 | status << 24 | traps << 32
    return struct.pack("<5Q", head, fpcr, a, b, bits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder")
    parser.add_argument("operations", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for name in arguments.operations or OPERATIONS:
        with open(os.path.join(arguments.folder, name), "wb") as file:
            file.writelines(
                vectors(name, arguments.every, arguments.random, arguments.seed))


if __name__ == "__main__":
    main()
