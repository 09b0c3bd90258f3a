"""Loads, stores and instructions that only move bits (Alpha Architecture Handbook, version 4: 2.2,
4.8 to 4.10).
"""

from exact import M64, SIGN


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


def plain(function):
    def run(x, a, b):
        return function(x, a, b) & M64, 1, 0, 0

    return run


def number_or_zero(image):
    """An image's value for branches: all that is not a zero counts by its sign."""
    if image & ~SIGN == 0:
        return 0
    return -1 if image & SIGN else 1
