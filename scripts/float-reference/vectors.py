#!/usr/bin/env python3
"""Writes test vectors for Sources/AlphaFloat, answered by the other files of this folder.

    scripts/float-reference/vectors.py OUTPUT-FOLDER [--every N] [--random N] [--seed S] [OPERATION ...]

writes one file per operation. A record is five little-endian 64-bit words: function code |
written << 16 | status << 24 | traps << 32; FPCR; Fa; Fb; result. The records are the cross
product of special values, rounding modes, qualifiers and FPCR settings (every Nth of it), then
`--random` records of random operands and modes. Instructions without rounding and traps, and
loads and stores, have the operands alone.
"""

import argparse
import os
import random
import struct
import sys

sys.dont_write_bytecode = True

from bits import Plain
from ieee import FPCR
from operands import VALUES, random_pair
from operations import OPERATIONS, answer
from vax import VAX

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


def vectors(name, every, count, seed):
    cls, _, operands, kind = OPERATIONS[name]
    values, settings = VALUES[kind], modes(cls)
    lefts = values if operands == 2 or cls is Plain else [0]
    rights = values if operands else [0]
    index = 0
    for a in lefts:
        for b in rights:
            for function, fpcr in settings[(-index) % every::every]:
                yield record(name, function, fpcr, a, b)
            index += len(settings)
    generator = random.Random(f"{name} {seed}")
    for _ in range(count):
        function, fpcr = generator.choice(settings)
        a, b = random_pair(generator, kind)
        a = a if operands == 2 or cls is Plain else 0
        b = b if operands else 0
        yield record(name, function, fpcr, a, b)


def record(name, function, fpcr, a, b):
    bits, written, status, traps = answer(name, function, fpcr, a, b)
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
