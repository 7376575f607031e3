"""Looks through the machine code of the SM4 and SM3 kernels for addresses and branches made of data.

    disasm.py PROGRAM        (run.sh builds one: target/release/examples/ctgrind)

valgrind cannot follow secrets through GFNI and AVX-512 (run.sh follows the other kernels). Here the disassembly is
read instead, function by function, in the order of addresses. A general register counts as data from the moment it
is filled from a vector or mask register, or from memory that a pointer argument leads to, or computed from data, until
it is filled with something else; so does a stack slot. Reported are gathers and scatters, data in an address, and
conditional jumps on flags that were computed from data. What is on the stack counts as data only if it was put there
as such by the same function, and jumps are not followed: this finds what a compiler or a person would plausibly do
wrong, and is no proof.
"""

import re
import subprocess
import sys

KERNELS = re.compile(r"qianmo_crypto::sm[34]::.*(avx512|avx2|gfni|pclmul|aesni|x86)")
REGISTER = re.compile(r"%(r[a-z0-9]+|e[a-z]{2}|[a-d][lhx]|[sd]il?|[sb]pl?|[xyz]mm\d+|k[0-7])")
MEMORY = re.compile(r"(?:%fs:)?-?(?:0x[0-9a-f]+)?\((%[a-z0-9]+)?(?:,(%[a-z0-9]+))?(?:,\d)?\)")
SETS_FLAGS = re.compile(r"^(cmp|test|sub|add|adc|sbb|and|or|xor|neg|inc|dec|shl|shr|sar|bt|imul|v?ptest|kortest|ktest|vucomis)")
NO_RESULT = re.compile(r"^(cmp|test|bt[lqw]?$|v?ptest|kortest|ktest|j|call|ret|nop|push|prefetch|vzeroupper|ud2)")
READS_OWN_RESULT = re.compile(r"^(add|adc|sub|sbb|and|or|xor|imul|neg|not|inc|dec|shl|shr|sar|rol|ror|bswap|cmov|xchg|lea)")

FAMILIES = {"a": "rax", "b": "rbx", "c": "rcx", "d": "rdx", "si": "rsi", "di": "rdi", "sp": "rsp", "bp": "rbp"}


def family(name):
    """The full register that a part belongs to: eax, ax, al and ah are rax; r8d is r8."""
    name = name.lstrip("%")
    if name.startswith(("xmm", "ymm", "zmm", "k")):
        return name
    if match := re.fullmatch(r"(r\d+)[dwb]?", name):
        return match[1]
    core = re.sub(r"^[re]", "", name)
    return FAMILIES.get(core) or FAMILIES.get(re.sub(r"[xlh]$", "", core), name)


def is_vector(register):
    return register.startswith(("xmm", "ymm", "zmm", "k"))


def functions(program):
    """Names and instructions (address, mnemonic, operands) of the kernels' functions."""
    command = ["objdump", "--disassemble", "--demangle", "--no-show-raw-insn", program]
    name, lines = None, []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if match := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            if name and lines:
                yield name, lines
            name, lines = (match[1], []) if KERNELS.search(match[1]) else (None, [])
        elif name and (match := re.match(r"\s*([0-9a-f]+):\s+(?:(?:rep|lock|bnd|data16|cs) )*(\S+)\s*([^#<]*)", line)):
            lines.append((match[1], match[2], match[3].strip()))
    if name and lines:
        yield name, lines


def split(operands):
    return re.split(r",(?![^(]*\))", operands) if operands else []


class Walk:
    """What is data, at one place of one function."""

    def __init__(self, instructions):
        framed = any(mnemonic.startswith("mov") and operands == "%rsp,%rbp" for _, mnemonic, operands in instructions)
        self.stack = {"rsp", "rbp"} if framed else {"rsp"}
        self.data = set()
        self.flags_are_data = False
        self.findings = []

    def address(self, operand):
        match = MEMORY.fullmatch(operand)
        return [family(part) for part in match.groups() if part] if match else None

    def holds_data(self, operand):
        if operand.startswith("$"):
            return False
        if (registers := self.address(operand)) is not None:
            if set(registers) & self.stack:
                return operand in self.data
            return bool(registers) and registers != ["rip"]
        register = family(re.sub(r"\{.*", "", operand))
        return is_vector(register) or register in self.data

    def step(self, place, mnemonic, operands):
        operands = split(operands)
        if re.search(r"gather|scatter", mnemonic):
            self.findings.append((place, mnemonic, "gather or scatter"))
        for operand in operands:
            for register in self.address(operand) or ():
                if register in self.data:
                    self.findings.append((place, mnemonic, f"address from {register}, which holds data"))
        if mnemonic.startswith("j") and not mnemonic.startswith("jmp") and self.flags_are_data:
            self.findings.append((place, mnemonic, "branch on data"))
        if not operands:
            return
        sources = operands if READS_OWN_RESULT.match(mnemonic) or NO_RESULT.match(mnemonic) else operands[:-1]
        if mnemonic.startswith("lea"):
            tainted = any(register in self.data for register in self.address(operands[0]) or ())
        elif re.match(r"v?p?xor|sub", mnemonic) and len(set(operands)) == 1:
            tainted = False
        else:
            tainted = any(map(self.holds_data, sources))
        if SETS_FLAGS.match(mnemonic):
            self.flags_are_data = tainted
        if NO_RESULT.match(mnemonic):
            return
        target = operands[-1]
        key = target if self.address(target) is not None else family(re.sub(r"\{.*", "", target))
        (self.data.add if tainted else self.data.discard)(key)


def main(program):
    count = found = 0
    for name, instructions in functions(program):
        walk = Walk(instructions)
        for instruction in instructions:
            walk.step(*instruction)
        count += 1
        for place, mnemonic, what in walk.findings:
            found += 1
            print(f"{name}: {place}: {mnemonic}: {what}")
    print(f"{count} functions of kernels, {found} findings")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
