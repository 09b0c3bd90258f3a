#!/usr/bin/env python3
"""Writes the tables of expected.h as C: operands, and results computed with Python's integers and
rational numbers by the definitions of C, IEEE 754 and the VAX formats.
"""
import hashlib
import math
import random
import struct
import zlib
from fractions import Fraction

random.seed(20261122)
CHOP, MINUS, NEAREST, PLUS, AWAY = range(5)
NAN = "nan"


def number(value):
    if isinstance(value, (list, tuple, bytes)):
        return "{" + ",".join(number(v) for v in value) + "}"
    if value >> 64:
        return f"(uint128){value >> 64:#x}ul<<64|{value & (1 << 64) - 1:#x}ul"
    return f"{value:#x}" + ("ul" if value >> 31 else "")


def table(kind, name, rows, count=True):
    print(f"const {kind} {name}[] = {{")
    for row in rows:
        print(f"  {number(row)},")
    print("};")
    if count:
        print(f"const unsigned {name}_count = {len(rows)};")


# Integers

def signed(value, width):
    value &= (1 << width) - 1
    return value - (1 << width) if value >> width - 1 else value


def integer_operands(width, count):
    limits = [0, 1, 2, 3, 7, 10, 1 << width - 1, (1 << width - 1) - 1, (1 << width) - 1,
              (1 << width) - 2, (1 << width // 2), (1 << width // 2) - 1, 0x55 * ((1 << width) // 255)]
    pairs = [(a, b) for a in limits for b in limits if b]
    pairs += [(random.getrandbits(width), random.getrandbits(random.randint(1, width)) or 1)
              for _ in range(count - len(pairs))]
    random.shuffle(pairs)
    # The one division that overflows is undefined in C.
    return [(a, 1 if a == 1 << width - 1 and b == (1 << width) - 1 else b) for a, b in pairs]


def integer_row(a, b, width):
    mask = (1 << width) - 1
    x, y, shift = signed(a, width), signed(b, width), b % width
    quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    return [value & mask for value in (
        a, b, a + b, a - b, a * b, quotient, x - quotient * y, a // b, a % b,
        a << shift, a >> shift, x >> shift, a << shift | a >> (width - shift) % (2 * width) if shift else a,
        x < y, a < b)]


def integers():
    for width in (8, 16, 32, 64):
        rows = [integer_row(a, b, width) for a, b in integer_operands(width, 300)]
        table("struct integer_row", f"integer_{width}", rows, count=False)
    print("const unsigned integer_count = 300;")
    rows = [integer_row(a, b, 128) for a, b in integer_operands(128, 400)]
    table("struct wide_row", "wide", [row[:12] + row[13:] for row in rows])
    values = [0] + [1 << i for i in range(64)] + [(1 << i) - 1 for i in range(1, 65)]
    values += [random.getrandbits(random.randint(1, 64)) for _ in range(64)]
    table("struct bits_row", "bits", [(
        v, v.bit_count(), 64 - v.bit_length(), (v & -v).bit_length() - 1 if v else 64,
        v.bit_count() & 1, (v & -v).bit_length(), int.from_bytes(v.to_bytes(8, "little"), "big"))
        for v in values])


# Floating point. A value is a Fraction with a sign of its own for zero, or an infinity, or NAN.

class Format:
    """Bits of the exponent and the fraction; the exponent is that of 1.f; VAX has no denormals."""

    def __init__(self, exponent_bits, fraction_bits, vax=False):
        self.width, self.fraction_bits = 1 + exponent_bits + fraction_bits, fraction_bits
        self.bias = (1 << exponent_bits - 1) - 1 + 2 * vax
        self.top = (1 << exponent_bits) - 1
        self.vax = vax
        self.infinity = self.top << fraction_bits


SINGLE, DOUBLE = Format(8, 23), Format(11, 52)


def decode(bits, format):
    negative = bits >> format.width - 1
    exponent = bits >> format.fraction_bits & format.top
    fraction = bits & (1 << format.fraction_bits) - 1
    if exponent == format.top and not format.vax:
        return negative, NAN if fraction else math.inf
    if format.vax and not exponent:
        return negative, Fraction(0)
    significand = fraction | (1 << format.fraction_bits if exponent else 0)
    scale = max(exponent, 1) - format.bias - format.fraction_bits
    return negative, significand * Fraction(2) ** scale


def integer_part(value, negative, mode):
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest - value.denominator
    up = {CHOP: False, MINUS: negative and rest, PLUS: not negative and rest,
          NEAREST: twice > 0 or twice == 0 and whole & 1, AWAY: twice >= 0}[mode]
    return whole + 1 if up else whole


def encode(negative, value, format, mode):
    sign = negative << format.width - 1
    if value == NAN:
        return format.infinity | 1 << format.fraction_bits - 1
    if value == math.inf:
        return sign | format.infinity
    if value == 0:
        return sign
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, 1 - format.bias)
    scaled = integer_part(value / Fraction(2) ** (exponent - format.fraction_bits), negative, mode)
    bits = scaled + (exponent + format.bias - 1 << format.fraction_bits)
    if bits >= format.infinity and not format.vax:
        away = mode == NEAREST or mode == (MINUS if negative else PLUS)
        bits = format.infinity if away else format.infinity - 1
    return sign | bits


def add(a, b, mode):
    (p, x), (q, y) = a, b
    if NAN in (x, y) or x == y == math.inf and p != q:
        return 0, NAN
    if math.inf in (x, y):
        return a if x == math.inf else b
    total = (-x if p else x) + (-y if q else y)
    if total == 0:
        return (p, total) if x == y == 0 and p == q else (int(mode == MINUS), total)
    return int(total < 0), abs(total)


def multiply(a, b):
    (p, x), (q, y) = a, b
    if NAN in (x, y) or math.inf in (x, y) and 0 in (x, y):
        return 0, NAN
    return p ^ q, math.inf if math.inf in (x, y) else x * y


def divide(a, b):
    (p, x), (q, y) = a, b
    if NAN in (x, y) or x == y and x in (0, math.inf):
        return 0, NAN
    if x == math.inf or y == 0:
        return p ^ q, math.inf
    return p ^ q, Fraction(0) if y == math.inf else x / y


def root(b):
    negative, value = b
    if value in (0, NAN) or value == math.inf and not negative:
        return b
    if negative:
        return 0, NAN
    # 200 bits of the root and a sticky one.
    scale = 4 ** 1300
    whole = value.numerator * scale * scale // value.denominator
    low = math.isqrt(whole)
    exact = low * low * value.denominator == value.numerator * scale * scale
    return 0, Fraction(2 * low + (not exact), 2 * scale)


def float_row(a, b, format, modes=(CHOP, MINUS, NEAREST, PLUS)):
    x, y = decode(a, format), decode(b, format)
    columns = (lambda m: add(x, y, m), lambda m: add(x, (1 - y[0], y[1]), m),
               lambda m: multiply(x, y), lambda m: divide(x, y), lambda m: root(y))
    return [a, b] + [[encode(*column(m), format, m) for m in modes] for column in columns]


def is_ordinary(bits, format):
    """No denormal, infinity or NaN."""
    exponent = bits >> format.fraction_bits & format.top
    return exponent != format.top and (exponent or bits & (1 << format.width - 1) - 1 == 0)


def all_ordinary(row, format):
    return row[1] >> format.width - 1 == 0 and all(
        is_ordinary(bits, format) for column in row[2:] for bits in column)


def random_float(format, spread):
    exponent = max(1, min(format.top - 1, format.bias + random.randint(-spread, spread)))
    zeros = random.choice((0, 0, format.fraction_bits // 2, format.fraction_bits - 3))
    fraction = random.getrandbits(format.fraction_bits) >> zeros << zeros
    return random.getrandbits(1) << format.width - 1 | exponent << format.fraction_bits | fraction


def specials(format):
    one, f = format.bias << format.fraction_bits, format.fraction_bits
    values = [0, 1, (1 << f - 1) + 5, (1 << f) - 1, 1 << f, (1 << f) + 1, 2 << f, one, one + 1, one - 1,
              one + (1 << f - 1), format.infinity - 1, format.infinity - (1 << f), format.infinity,
              format.infinity | 1 << f - 1, format.infinity | 3 << f - 2, format.infinity | 1]
    return values + [value | 1 << format.width - 1 for value in values]


def floats(kind, format):
    near = 4 * format.fraction_bits // 3
    pairs = [(random_float(format, near), random_float(format, near) & ~(1 << format.width - 1))
             for _ in range(300)]
    rows = [row for row in (float_row(a, b, format) for a, b in pairs) if all_ordinary(row, format)]
    assert len(rows) > 250
    table(f"struct {kind}_row", f"ordinary_{kind}s", rows)
    pairs = [(a, b) for a in specials(format) for b in specials(format)]
    pairs += [(random_float(format, format.bias), random_float(format, format.bias)) for _ in range(100)]
    pairs += [(random.getrandbits(format.fraction_bits), random_float(format, 5)) for _ in range(100)]
    table(f"struct {kind}_row", f"special_{kind}s", [float_row(a, b, format) for a, b in pairs])


def conversions():
    modes = (CHOP, MINUS, NEAREST, PLUS)
    values = [0, 1, (1 << 64) - 1, 1 << 63, (1 << 63) - 1, (1 << 53) + 1, (1 << 24) + 1, (1 << 54) + 2,
              (1 << 63) + 1025, (1 << 64) - 1024, (1 << 63) + (1 << 39) + 1]
    values += [random.getrandbits(random.randint(1, 64)) for _ in range(200)]
    rows = []
    for value in values:
        x = signed(value, 64)
        exact = int(x < 0), Fraction(abs(x))
        rows.append([value, [encode(*exact, DOUBLE, m) for m in modes],
                     encode(0, Fraction(value), DOUBLE, NEAREST),
                     [encode(*exact, SINGLE, m) for m in modes],
                     encode(0, Fraction(value), SINGLE, NEAREST)])
    table("struct from_integer_row", "from_integer", rows)

    def from_double_row(bits):
        negative, value = exact = decode(bits, DOUBLE)
        whole = 0 if value in (NAN, math.inf) else int(value)
        return [bits, (-whole if negative else whole) % (1 << 64),
                [encode(*exact, SINGLE, m) for m in modes]]

    rows = [from_double_row(random_float(DOUBLE, 62)) for _ in range(300)]
    table("struct from_double_row", "from_double", rows)
    operands = [bits for bits in specials(DOUBLE) if bits >> 52 & 0x7ff in (0, 1, 1022, 1023, 2047)]
    operands += [bits | sign << 63 for bits in (
        (1023 - 126 << 52) - 1, 1023 - 126 << 52, 1023 - 127 << 52, (1023 - 149 << 52), 1023 - 150 << 52,
        (1023 - 150 << 52) + 1, 1023 - 151 << 52, (1023 - 140 << 52) + 12345) for sign in (0, 1)]
    table("struct from_double_row", "special_from_double", [from_double_row(bits) for bits in operands])
    values = [random.getrandbits(random.randint(1, 127)) * random.choice((1, -1)) for _ in range(100)]
    table("struct wide_double_row", "wide_double", [
        (v % (1 << 128), encode(int(v < 0), Fraction(abs(v)), DOUBLE, NEAREST)) for v in values])

    def relation_row(a, b):
        (p, x), (q, y) = decode(a, DOUBLE), decode(b, DOUBLE)
        if NAN in (x, y):
            return a, b, 0b1000010
        x, y = -x if p else x, -y if q else y
        return a, b, sum(holds << i for i, holds in enumerate(
            (x == y, x != y, x < y, x <= y, x > y, x >= y)))

    operands = [bits for bits in specials(DOUBLE) if is_ordinary(bits, DOUBLE)]
    operands += [random_float(DOUBLE, 5) for _ in range(10)]
    table("struct relation_row", "relations", [relation_row(a, b) for a in operands for b in operands])
    operands = specials(DOUBLE)
    table("struct relation_row", "special_relations", [
        relation_row(a, b) for a in operands for b in operands])


# VAX, as register images: F like S, with the exponent of G.

def vax(name, format, other):
    def image(bits):
        sign, exponent = bits >> format.width - 1, bits >> format.fraction_bits & format.top
        fraction = bits & (1 << format.fraction_bits) - 1
        if exponent and format.top == 255:
            exponent += 1024 - 128
        return sign << 63 | exponent << 52 | fraction << 52 - format.fraction_bits

    def outcome(value, mode, to=format):
        sign, magnitude = value
        bits = encode(sign if magnitude else 0, magnitude, to, mode)
        exponent = bits >> to.fraction_bits & to.top
        if exponent and to.top == 255:
            exponent += 1024 - 128
        return ((bits >> to.width - 1) << 63 | exponent << 52
                | (bits & (1 << to.fraction_bits) - 1) << 52 - to.fraction_bits)

    rows = []
    for _ in range(200):
        a, b = random_float(format, 30), random_float(format, 30)
        if random.random() < 0.05:
            a = 0
        x, y = decode(a, format), decode(b, format)
        results = [[outcome(value, mode) for mode in (CHOP, AWAY)] for value in (
            add(x, y, CHOP), add(x, (1 - y[0], y[1]), CHOP), multiply(x, y), divide(x, y), root((0, y[1])))]
        less = (-x[1] if x[0] else x[1]) < (-y[1] if y[0] else y[1])
        converted = [outcome(x, mode, other) for mode in (CHOP, AWAY)]
        rows.append([image(a), image(b), *results, less, converted])
    table("struct vax_row", name, rows)


# Programs

def generator(seed):
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        yield seed >> 33


def texts():
    text = random.randbytes(3000)
    table("uint8_t", "random_text", text, count=False)
    lengths = list(range(0, 130)) + [255, 256, 1000, 3000]
    table("struct hash_row", "hashes", [
        (n, zlib.crc32(text[:n]), zlib.adler32(text[:n]), hashlib.md5(text[:n]).digest(),
         hashlib.sha256(text[:n]).digest()) for n in lengths])
    words = [b"alpha", b"beta ", b"gamma-", b"delta", b"epsilon ", b"a", b"bb", b"ccc\n"]
    text = b"".join(random.choice(words) for _ in range(1200))[:4000]
    table("uint8_t", "repetitive_text", text, count=False)
    rows = []
    for length in (0, 1, 5, 100, 1000, 4000):
        packed = pack(text[:length])
        rows.append((length, len(packed), zlib.crc32(packed)))
    table("struct packed_row", "packed", rows)


def pack(text):
    """As lz.c does: control bytes of 8 flags, then literals, or distance and length in a byte each."""
    out, control, flags, at = bytearray(), 0, 8, 0
    while at < len(text):
        best, distance = 0, 0
        for d in range(1, min(at, 255) + 1):
            n = 0
            while n < 255 and at + n < len(text) and text[at + n] == text[at + n - d]:
                n += 1
            if n > best:
                best, distance = n, d
        if flags == 8:
            control, flags = len(out), 0
            out.append(0)
        if best > 2:
            out[control] |= 1 << flags
            out += bytes((distance, best))
            at += best
        else:
            out.append(text[at])
            at += 1
        flags += 1
    return bytes(out)


def to_single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def matrix_sums():
    """Sums of the products' bits, in the host's doubles; single operations round a double once more,
    which is the same (2 * 24 + 2 <= 53)."""
    size, double_sum, single_sum = 40, 0, 0
    a = [[(i * 7 + j * 3 + 1) * 0.1 for j in range(size)] for i in range(size)]
    b = [[(i * 5 - j * 11 + 2) * 0.3 for j in range(size)] for i in range(size)]
    for i in range(size):
        for j in range(size):
            total = single = 0.0
            for k in range(size):
                total += a[i][k] * b[k][j]
                single = to_single(single + to_single(to_single(a[i][k]) * to_single(b[k][j])))
            double_sum = double_sum * 31 + struct.unpack("<Q", struct.pack("<d", total))[0]
            single_sum = single_sum * 31 + struct.unpack("<I", struct.pack("<f", single))[0]
    return double_sum % (1 << 64), single_sum % (1 << 64)


def switched(value):
    """The two switches of control.c."""
    dense = (3, value * 5, value ^ 0xFF, value + 1000, value << 3, ~value, 77, value // 3)
    sparse = {-1000000: 1, -3: 2, 0: 3, 9: 4, 100: 5, 65536: 6, 1 << 30: 7}
    return dense[value & 7] + sparse.get(value - 500 if value & 1 else 0, 8)


def programs():
    double_sum, single_sum = matrix_sums()
    sequence = generator(7)
    values = [next(sequence) for _ in range(2000)]
    sort = 0
    for value in sorted(signed(v << 1, 32) for v in values):
        sort = sort * 31 + value
    total = 0
    for value in range(1000):
        total = total * 3 + switched(value)
    steps = 0
    for value in range(1, 2000):
        while value != 1:
            value = 3 * value + 1 if value & 1 else value >> 1
            steps += 1
    for name, value in (("matrix_sum", double_sum), ("matrix_single_sum", single_sum),
                        ("sorted_sum", sort), ("switched_sum", total), ("collatz_sum", steps)):
        print(f"const uint64_t {name} = {value % (1 << 64):#x}ul;")


def main():
    print('/* Written by expected.py. */\n#include "expected.h"\n')
    integers()
    floats("double", DOUBLE)
    floats("float", SINGLE)
    conversions()
    vax_f, vax_g = Format(8, 23, vax=True), Format(11, 52, vax=True)
    vax("vax_f", vax_f, vax_g)
    vax("vax_g", vax_g, vax_f)
    texts()
    programs()


if __name__ == "__main__":
    main()
