"""Looks through the machine code of the SM4 and SM3 kernels for addresses and branches made of data.

    disasm.py PROGRAM        (run.sh builds one: the example ctgrind)

valgrind cannot follow secrets through GFNI and AVX-512 (follow.py has it follow the other kernels). Here the
disassembly is read instead, along all ways through each function. A general register or a stack slot may hold data
once it is filled from a vector or mask register, or from memory that a pointer leads to, or computed from such.
Reported are gathers and scatters, addresses with data in them, and conditional jumps on flags computed from data.
What is on the stack counts as data only if the function put it there as such, calls are taken to leave no data in
registers, and a value dereferenced just as it was loaded is taken for a pointer: so this is no proof, but
finds what a compiler or a person would plausibly do wrong.
"""

import re
import subprocess
import sys

KERNELS = re.compile(r"qianmo_crypto::sm[34]::.*x86::(?!.*is_available)|ctgrind::leaky$")
# Leaks on purpose, and must be found.
CONTROL = "ctgrind::leaky"
REGISTER = re.compile(r"%(r[a-z0-9]+|e[a-z]{2}|[a-d][lhx]|[sd]il?|[sb]pl?|[xyz]mm\d+|k[0-7])")
MEMORY = re.compile(r"(?:%fs:)?-?(?:0x[0-9a-f]+)?\((%[a-z0-9]+)?(?:,(%[a-z0-9]+))?(?:,\d)?\)")
SETS_FLAGS = re.compile(r"^(cmp|test|sub|add|adc|sbb|and|or|xor|neg|inc|dec|shl|shr|sar|bt|imul|v?ptest|kortest|ktest|vucomis)")
NO_RESULT = re.compile(r"^(cmp|test|bt[lqw]?$|v?ptest|kortest|ktest|j|call|ret|nop|push|prefetch|vzeroupper|ud2)")
READS_OWN_RESULT = re.compile(r"^(add|adc|sub|sbb|and|or|xor|imul|neg|not|inc|dec|shl|shr|sar|rol|ror|bswap|cmov|xchg|lea)")

CLOBBERED = {"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "flags"}
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


class Function:
    """Which registers and stack slots may hold data before each instruction, over all ways through the function."""

    def __init__(self, instructions):
        framed = any(mnemonic.startswith("mov") and operands == "%rsp,%rbp" for _, mnemonic, operands in instructions)
        self.stack = {"rsp", "rbp"} if framed else {"rsp"}
        self.instructions = instructions
        self.place = {address: number for number, (address, _, _) in enumerate(instructions)}

    def findings(self):
        before = {0: frozenset()}
        waiting, found = [0], {}
        while waiting:
            number = waiting.pop()
            address, mnemonic, operands = self.instructions[number]
            after, wrong = self.step(before[number], mnemonic, split(operands))
            if wrong:
                found[address] = (mnemonic, wrong)
            for follower in self.followers(number, mnemonic, operands):
                known = before.get(follower)
                joined = after if known is None else known | after
                if joined != known:
                    before[follower] = joined
                    waiting.append(follower)
        return sorted(found.items())

    def followers(self, number, mnemonic, operands):
        if mnemonic.startswith("j"):
            target = operands.split(" ")[0]
            if target in self.place:
                yield self.place[target]
        if not mnemonic.startswith(("jmp", "ret", "ud2")) and number + 1 < len(self.instructions):
            yield number + 1

    def address(self, operand):
        match = MEMORY.fullmatch(operand)
        return [part and family(part) for part in match.groups()] if match else None

    def kind(self, data, operand):
        """None, "loaded" as it lay in memory, or "computed"."""
        if operand.startswith("$"):
            return None
        if (registers := self.address(operand)) is not None:
            if set(registers) & self.stack:
                return next((kind for name, kind in data if name == operand), None)
            return "loaded" if any(registers) and registers != ["rip", None] else None
        register = family(re.sub(r"\{.*", "", operand))
        if is_vector(register):
            return "computed"
        return next((kind for name, kind in data if name == register), None)

    def step(self, data, mnemonic, operands):
        """What may hold data afterwards, and what is wrong here."""
        if mnemonic.startswith("nop"):
            return data, None
        known = dict(sorted(data, reverse=True))
        wrong = "gather or scatter" if re.search(r"gather|scatter", mnemonic) else None
        for operand in operands if not mnemonic.startswith("lea") else ():
            base, index = self.address(operand) or (None, None)
            # What was loaded and is dereferenced as it is, is a pointer; a look-up adds data to a table's address.
            if index in known or known.get(base) == "computed":
                wrong = wrong or f"address from data in {operand}"
        if mnemonic.startswith("j") and not mnemonic.startswith("jmp") and "flags" in known:
            wrong = wrong or "branch on data"
        if mnemonic.startswith("call"):
            # The callee is judged by itself, and leaves these registers as it likes.
            return frozenset(pair for pair in data if pair[0] not in CLOBBERED), wrong
        if not operands:
            return data, wrong
        keeps = NO_RESULT.match(mnemonic)
        sources = operands if READS_OWN_RESULT.match(mnemonic) or keeps else operands[:-1]
        if mnemonic.startswith("lea"):
            kinds = [known.get(register) for register in self.address(operands[0]) or ()]
        elif re.match(r"v?p?xor|sub", mnemonic) and len(set(operands)) == 1:
            kinds = []
        else:
            kinds = [self.kind(data, operand) for operand in sources]
        tainted = any(kinds)
        plain = re.match(r"movq?$", mnemonic) and kinds == ["loaded"] and operands[-1][:2] == "%r"
        after = set(data)
        if SETS_FLAGS.match(mnemonic):
            after = {pair for pair in after if pair[0] != "flags"} | ({("flags", "computed")} if tainted else set())
        if not keeps:
            target = operands[-1]
            name = target if self.address(target) is not None else family(re.sub(r"\{.*", "", target))
            after = {pair for pair in after if pair[0] != name}
            if tainted and not is_vector(name):
                after.add((name, "loaded" if plain or (kinds == ["loaded"] and name == target) else "computed"))
        return frozenset(after), wrong


def main(program):
    count = found = leaks = 0
    for name, instructions in functions(program):
        findings = Function(instructions).findings()
        if name == CONTROL:
            leaks = len(findings)
            continue
        count += 1
        found += len(findings)
        for place, (mnemonic, what) in findings:
            print(f"{name}: {place}: {mnemonic}: {what}")
    if leaks < 2:
        sys.exit(f"of the two leaks of {CONTROL}, {leaks} were found")
    print(f"{count} functions of kernels, {found} findings")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
