//! What an instruction makes of two operands. Registers, memory and the program counter are not here.
//!
//! Division follows RISC-V: by zero it gives all ones and the dividend as remainder; the smallest number divided by −1 is
//! itself, with nothing left. Nothing traps.

use super::Operation;

/// The result of an operation that computes with registers, or with a register and its immediate as the second operand;
/// `None` for those that do not: jumps, branches, memory, host calls.
#[inline]
pub const fn compute(operation: Operation, a: u64, b: u64) -> Option<u64> {
    use Operation::*;
    Some(match operation {
        Addi | Add => a.wrapping_add(b),
        Sub => a.wrapping_sub(b),
        Slti | Slt => (a.cast_signed() < b.cast_signed()) as u64,
        Sltiu | Sltu => (a < b) as u64,
        Xori | Xor => a ^ b,
        Ori | Or => a | b,
        Andi | And => a & b,
        Slli | Sll => a << (b & 63),
        Srli | Srl => a >> (b & 63),
        Srai | Sra => (a.cast_signed() >> (b & 63)).cast_unsigned(),
        Addiw | Addw => extended(low(a).wrapping_add(low(b))),
        Subw => extended(low(a).wrapping_sub(low(b))),
        Slliw | Sllw => extended(low(a) << (b & 31)),
        Srliw | Srlw => extended(low(a) >> (b & 31)),
        Sraiw | Sraw => extended((low(a).cast_signed() >> (b & 31)).cast_unsigned()),
        Mul => a.wrapping_mul(b),
        Mulh => high(a.cast_signed() as i128 * b.cast_signed() as i128),
        Mulhsu => high(a.cast_signed() as i128 * b as i128),
        Mulhu => high((a as u128 * b as u128).cast_signed()),
        Div => divided(a.cast_signed(), b.cast_signed()).cast_unsigned(),
        Divu => match a.checked_div(b) {
            Some(quotient) => quotient,
            None => u64::MAX,
        },
        Rem => left(a.cast_signed(), b.cast_signed()).cast_unsigned(),
        Remu => match a.checked_rem(b) {
            Some(rest) => rest,
            None => a,
        },
        Mulw => extended(low(a).wrapping_mul(low(b))),
        // The smallest number by −1 fits 64 bits and not 32: it is cut back to itself.
        Divw => extended(low(divided(low_signed(a), low_signed(b)).cast_unsigned())),
        Remw => left(low_signed(a), low_signed(b)).cast_unsigned(),
        Divuw => match low(a).checked_div(low(b)) {
            Some(quotient) => extended(quotient),
            None => u64::MAX,
        },
        Remuw => match low(a).checked_rem(low(b)) {
            Some(rest) => extended(rest),
            None => extended(low(a)),
        },
        _ => return None,
    })
}

/// Whether a branch is taken; `None` for what is no branch.
#[inline]
pub const fn is_taken(operation: Operation, a: u64, b: u64) -> Option<bool> {
    Some(match operation {
        Operation::Beq => a == b,
        Operation::Bne => a != b,
        Operation::Blt => a.cast_signed() < b.cast_signed(),
        Operation::Bge => a.cast_signed() >= b.cast_signed(),
        Operation::Bltu => a < b,
        Operation::Bgeu => a >= b,
        _ => return None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is meant")]
const fn low(word: u64) -> u32 {
    word as u32
}

const fn low_signed(word: u64) -> i64 {
    low(word).cast_signed() as i64
}

const fn extended(word: u32) -> u64 {
    (word.cast_signed() as i64).cast_unsigned()
}

#[expect(clippy::cast_possible_truncation, reason = "the high half is what is meant")]
const fn high(product: i128) -> u64 {
    (product >> 64).cast_unsigned() as u64
}

const fn divided(a: i64, b: i64) -> i64 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

const fn left(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}
