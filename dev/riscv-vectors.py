#!/usr/bin/env python3
"""Writes crates/fault-proof/testdata/riscv.txt: what RV64IM instructions give under qemu, for the test that holds the
machine and the contract against somebody else's RISC-V. Needs llvm-mc, ld.lld (or LLD=...) and qemu-riscv64.

One line per piece of code: its assembly, its words, and what is in a2 at the end for each pair of operands in a0 and
a1 (for pieces that read a0 alone: for each first operand). a3 points to 64 bytes that can be written.
"""
import os
import random
import re
import shlex
import struct
import subprocess
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / 'crates/fault-proof/testdata/riscv.txt'
MC = ['llvm-mc', '-triple=riscv64', '-mattr=+m']
LLD = shlex.split(os.environ.get('LLD', 'ld.lld'))

BITS = 64
EDGES = [0, 1, 2, 33, 63, 64, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 0xffffffff80000000, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
RANDOM_PAIRS = 40
RANDOM_SINGLES = 30

OF_REGISTERS = (
    'add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu mulw divw '
    'divuw remw remuw'
).split()
WITH_IMMEDIATE = 'addi slti sltiu xori ori andi addiw'.split()
IMMEDIATES = [0, 1, -1, 2047, -2048, 1365]
SHIFTS = {'slli': 64, 'srli': 64, 'srai': 64, 'slliw': 32, 'srliw': 32, 'sraiw': 32}
AMOUNTS = [0, 1, 7, 31, 32, 63]


def pieces_of_two():
    yield from (f'{name} a2, a0, a1' for name in OF_REGISTERS)
    # Where operands and result share a register, and where the register of zeros is one of them.
    for name in ['sub', 'mulhsu', 'rem', 'divw']:
        yield f'addi a2, a0, 0; {name} a2, a2, a1'
        yield f'addi a2, a1, 0; {name} a2, a0, a2'
        yield f'{name} a2, zero, a1'
        yield f'addi a2, a1, 0; {name} zero, a0, a1'
    for name in ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']:
        yield f'addi a2, zero, 1; {name} a0, a1, 8; addi a2, zero, 2'
    # A number of each size written over another, and read again.
    for store in ['sb', 'sh', 'sw', 'sd']:
        yield f'sd a1, 8(a3); {store} a0, 8(a3); ld a2, 8(a3)'
    yield 'sd a1, 16(a3); sb a0, 19(a3); sh a0, 22(a3); ld a2, 16(a3)'
    yield 'sd a1, 24(a3); sw a0, 28(a3); ld a2, 24(a3)'


def pieces_of_one():
    yield from (f'{name} a2, a0, {value}' for name in WITH_IMMEDIATE for value in IMMEDIATES)
    for name, bits in SHIFTS.items():
        yield from (f'{name} a2, a0, {amount}' for amount in AMOUNTS if amount < bits)
    for load, size in {'lb': 1, 'lh': 2, 'lw': 4, 'ld': 8, 'lbu': 1, 'lhu': 2, 'lwu': 4}.items():
        yield f'sd a0, 32(a3); {load} a2, {32 + 8 - size}(a3)'
    for upper in [0, 1, 0x7ffff, 0x80000, 0xfffff]:
        yield f'lui a2, {upper}; xor a2, a2, a0'
        yield f'auipc a4, 0; auipc a2, {upper}; sub a2, a2, a4; xor a2, a2, a0'
    # Ways back, forwards and over an odd target.
    yield 'auipc a4, 0; jal a2, 8; addi a2, zero, 0; sub a2, a2, a4; add a2, a2, a0'
    yield 'auipc a4, 0; jalr a2, 13(a4); addi a2, zero, 0; sub a2, a2, a4; add a2, a2, a0'
    yield 'auipc a4, 0; addi a4, a4, 16; jalr a4, 0(a4); addi a2, zero, 0; addi a2, a0, 3; fence'


def words_of(pieces):
    """The machine code of each piece, a list of words."""
    lines = [line.strip() for piece in pieces for line in piece.split(';')]
    printed = subprocess.run([*MC, '-show-encoding'], input='\n'.join(lines), capture_output=True, text=True, check=True).stdout
    found = [bytes(int(part, 16) for part in group.split(',')) for group in re.findall(r'encoding: \[([^\]]*)\]', printed)]
    assert len(found) == len(lines), 'every line is one instruction'
    words = iter(struct.unpack('<I', code)[0] for code in found)
    return [[next(words) for _ in piece.split(';')] for piece in pieces]


def program(codes):
    """Reads pairs from stdin; writes for each what every piece leaves in a2."""
    yield '.text\n.globl _start\n_start:\nnext:\nli a7, 63\nli a0, 0\nla a1, pair\nli a2, 16\necall\nli a3, 16\nbne a0, a3, done\nla s1, results'
    for words in codes:
        yield 'la s0, pair\nld a0, 0(s0)\nld a1, 8(s0)\nla a3, scratch'
        yield from (f'.word {word:#010x}' for word in words)
        yield 'sd a2, 0(s1)\naddi s1, s1, 8'
    yield f'li a7, 64\nli a0, 1\nla a1, results\nli a2, {8 * len(codes)}\necall\nj next\ndone:\nli a7, 93\nli a0, 0\necall'
    yield f'.bss\n.balign 64\nscratch: .zero 64\npair: .zero 16\nresults: .zero {8 * len(codes)}\n'


def run(folder, codes, pairs):
    """For each pair the results of all pieces."""
    source, binary = folder / 'pieces.o', folder / 'pieces'
    subprocess.run([*MC, '-filetype=obj', '-o', source], input='\n'.join(program(codes)), text=True, check=True)
    subprocess.run([*LLD, '-o', binary, source], check=True)
    given = b''.join(struct.pack('<QQ', *pair) for pair in pairs)
    output = subprocess.run(['qemu-riscv64', binary], input=given, capture_output=True, check=True).stdout
    assert len(output) == 8 * len(codes) * len(pairs)
    return [row for row in struct.iter_unpack(f'<{len(codes)}Q', output)]


def main():
    chosen = random.Random(1)
    number = lambda: chosen.getrandbits(BITS) >> chosen.choice([0, 0, 1, 31, 32, 40])
    pairs = [(a, b) for a in EDGES for b in EDGES] + [(number(), number()) for _ in range(RANDOM_PAIRS)]
    singles = [(a, 0) for a in EDGES] + [(number(), 0) for _ in range(RANDOM_SINGLES)]
    version = lambda command: re.search(r'version (\S+)', subprocess.run([command, '--version'], capture_output=True, text=True).stdout)[1]
    lines = [f'# By dev/riscv-vectors.py with qemu-riscv64 {version("qemu-riscv64")}, assembled by llvm-mc {version("llvm-mc")}.']
    with tempfile.TemporaryDirectory() as folder:
        for kind, pieces, operands in [('two', list(pieces_of_two()), pairs), ('one', list(pieces_of_one()), singles)]:
            given = ' '.join(f'{a:x},{b:x}' if kind == 'two' else f'{a:x}' for a, b in operands)
            lines.append(f'operands {kind} | {given}')
            codes = words_of(pieces)
            results = run(Path(folder), codes, operands)
            for index, (piece, words) in enumerate(zip(pieces, codes)):
                code = ' '.join(f'{word:08x}' for word in words)
                lines.append(f'{piece} | {code} | ' + ' '.join(f'{row[index]:x}' for row in results))
    TARGET.write_text('\n'.join(lines) + '\n')
    print(f'{TARGET.name}: {len(lines)} lines, {TARGET.stat().st_size} bytes')


main()
