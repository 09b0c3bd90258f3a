"""IEEE instructions as the 21264 executes them (Alpha Architecture Handbook, version 4: 4.7 and
4.10; 21264/EV67 Hardware Reference Manual, A.8).
"""

from exact import (
    CANONICAL_NAN, CHOP, DZE, EXPONENT, FRACTION, INE, INV, IOV, M64, MINUS, OVF, PLUS,
    QUALIFIER_I, QUALIFIER_S, QUALIFIER_U, QUIET, S, SIGN, SWC, TRUE, Trap, UNF, add, divide,
    equal, integer_value, less, multiply, round_to, signed, square_root, to_integer,
)

FPCR = {
    "INED": 1 << 62, "UNFD": 1 << 61, "UNDZ": 1 << 60, "OVFD": 1 << 51, "DZED": 1 << 50,
    "INVD": 1 << 49, "DNZ": 1 << 48,
}


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
            # Fc may be an operand, which software needs.
            traps |= SWC
        return bits & M64, int(not traps & SWC), raised, traps

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


def ieee_to_quadword(x, _, b):
    (b,) = x.operands([b])
    if b & EXPONENT == EXPONENT:
        return x.outcome(0, INV)
    integer, inexact = to_integer(exact(b), x.mode)
    if not -(1 << 63) <= integer < 1 << 63:
        return x.outcome(integer, IOV | INE)
    return x.outcome(integer, INE if inexact else 0)


def ieee_from_quadword(fmt):
    def run(x, _, b):
        return x.deliver(integer_value(b), fmt) if b else x.outcome(0)

    return run


def quadword_to_longword(x, _, b):
    fits = -(1 << 31) <= signed(b) < 1 << 31
    return x.outcome((b >> 30 & 3) << 62 | (b & 0x3FFFFFFF) << 29, 0 if fits else IOV)
