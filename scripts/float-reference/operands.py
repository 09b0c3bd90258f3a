"""Operands that matter: special values of each kind, and random ones around them."""

import random

from exact import EXPONENT, FRACTION, M64, SIGN


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
