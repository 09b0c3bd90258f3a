"""All instructions under test, by name."""

from bits import (
    Plain, load_f, load_s, longword_to_quadword, move_f, number_or_zero, plain, store_f,
    store_s, swap_g,
)
from exact import D, F, FRACTION, G, S, SIGN, T, Trap, add, integer_value, multiply
from ieee import (
    IEEE, ieee_compare, ieee_divide, ieee_from_quadword, ieee_multiply, ieee_reformat,
    ieee_square_root, ieee_sum, ieee_to_quadword, quadword_to_longword,
)
from vax import (
    VAX, vax_binary, vax_compare, vax_d_to_g, vax_divide, vax_square_root, vax_subtract,
    vax_to_quadword,
)

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
    "cvtql": (IEEE, quadword_to_longword, 1, "integer"),
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


def answer(name, function, fpcr, a, b):
    """(result, written, status, traps) of one instruction."""
    cls, run = OPERATIONS[name][:2]
    try:
        return run(cls(function, fpcr), a, b)
    except Trap as trap:
        return 0, 0, trap.status, trap.traps
