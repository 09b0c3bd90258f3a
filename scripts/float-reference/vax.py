"""VAX F and G instructions, and the conversions of D (Alpha Architecture Handbook, version 4: 4.7
and 4.10).
"""

from exact import (
    AWAY, CHOP, DZE, FRACTION, G, INV, IOV, M64, OVF, QUALIFIER_S, QUALIFIER_U, SIGN, SWC, TRUE,
    Trap, UNF, add, divide, equal, less, negate, round_to, square_root, to_integer,
)


class VAX:
    """One VAX instruction. The FPCR has no part in it."""

    def __init__(self, function, _):
        self.function = function
        self.mode = CHOP if function >> 6 & 3 == 0 else AWAY

    def outcome(self, bits, traps=0, written=1):
        if traps and self.function & QUALIFIER_S:
            traps |= SWC
            written = 0
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
