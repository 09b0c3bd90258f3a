"""Compares `breakwater disassemble ELF` with `alpha-linux-gnu-objdump -d ELF`, white space and symbol
names apart. Exit status 0: every instruction that objdump prints has the same text."""

import re
import subprocess
import sys


def lines(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield from process.stdout
    if process.wait() != 0:
        sys.exit(2)


def main():
    program, elf = sys.argv[1:]
    ours = {}
    for line in lines([program, "disassemble", elf]):
        address, text = line.rstrip("\n").split(":\t", 1)
        ours[int(address, 16)] = " ".join(text.split())
    count = differences = 0
    command = ["alpha-linux-gnu-objdump", "-d", "-m", "alpha:ev6", "--no-show-raw-insn", elf]
    for line in lines(command):
        match = re.match(r"\s*([0-9a-f]+):\t(.*)$", line)
        if not match:
            continue
        address = int(match.group(1), 16)
        text = " ".join(re.sub(r"\s*<[^>]*>", "", match.group(2)).split())
        count += 1
        if ours.get(address) != text:
            differences += 1
            if differences <= 20:
                print(f"{address:x}: objdump '{text}', ours '{ours.get(address)}'")
    print(f"{count} instructions, {differences} differences")
    sys.exit(0 if count and not differences else 1)


main()
