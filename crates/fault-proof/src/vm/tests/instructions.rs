//! Decoding against the table of masks in which RISC-V publishes its instructions, arithmetic against numbers that are
//! wide enough for everything.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::super::*;

/// Mask, match and operation, as in riscv-opcodes (`rv_i`, `rv64_i`, `rv_m`, `rv64_m`).
const TABLE: [(u32, u32, Operation); 64] = {
    use Operation::*;
    const OP: u32 = 0x7f;
    const F3: u32 = 0x707f;
    const F7: u32 = 0xfe00_707f;
    const F6: u32 = 0xfc00_707f;
    [
        (OP, 0x37, Lui),
        (OP, 0x17, Auipc),
        (OP, 0x6f, Jal),
        (F3, 0x67, Jalr),
        (F3, 0x63, Beq),
        (F3, 0x1063, Bne),
        (F3, 0x4063, Blt),
        (F3, 0x5063, Bge),
        (F3, 0x6063, Bltu),
        (F3, 0x7063, Bgeu),
        (F3, 0x03, Lb),
        (F3, 0x1003, Lh),
        (F3, 0x2003, Lw),
        (F3, 0x3003, Ld),
        (F3, 0x4003, Lbu),
        (F3, 0x5003, Lhu),
        (F3, 0x6003, Lwu),
        (F3, 0x23, Sb),
        (F3, 0x1023, Sh),
        (F3, 0x2023, Sw),
        (F3, 0x3023, Sd),
        (F3, 0x13, Addi),
        (F3, 0x2013, Slti),
        (F3, 0x3013, Sltiu),
        (F3, 0x4013, Xori),
        (F3, 0x6013, Ori),
        (F3, 0x7013, Andi),
        (F6, 0x1013, Slli),
        (F6, 0x5013, Srli),
        (F6, 0x4000_5013, Srai),
        (F3, 0x1b, Addiw),
        (F7, 0x101b, Slliw),
        (F7, 0x501b, Srliw),
        (F7, 0x4000_501b, Sraiw),
        (F7, 0x33, Add),
        (F7, 0x4000_0033, Sub),
        (F7, 0x1033, Sll),
        (F7, 0x2033, Slt),
        (F7, 0x3033, Sltu),
        (F7, 0x4033, Xor),
        (F7, 0x5033, Srl),
        (F7, 0x4000_5033, Sra),
        (F7, 0x6033, Or),
        (F7, 0x7033, And),
        (F7, 0x3b, Addw),
        (F7, 0x4000_003b, Subw),
        (F7, 0x103b, Sllw),
        (F7, 0x503b, Srlw),
        (F7, 0x4000_503b, Sraw),
        (F7, 0x0200_0033, Mul),
        (F7, 0x0200_1033, Mulh),
        (F7, 0x0200_2033, Mulhsu),
        (F7, 0x0200_3033, Mulhu),
        (F7, 0x0200_4033, Div),
        (F7, 0x0200_5033, Divu),
        (F7, 0x0200_6033, Rem),
        (F7, 0x0200_7033, Remu),
        (F7, 0x0200_003b, Mulw),
        (F7, 0x0200_403b, Divw),
        (F7, 0x0200_503b, Divuw),
        (F7, 0x0200_603b, Remw),
        (F7, 0x0200_703b, Remuw),
        (F3, 0x0f, Fence),
        (u32::MAX, 0x73, Ecall),
    ]
};

/// Places of the bits of each format's immediate: those of the word from bit 31 down, `None` for a bit of something else.
fn places(operation: Operation) -> Vec<(u32, u32)> {
    let run = |word: u32, value: u32, count: u32| (0..count).map(move |n| (word + n, value + n));
    use Operation::*;
    match operation {
        Lui | Auipc => run(12, 12, 20).collect(),
        Jal => {
            let parts = [(31, 20, 1), (21, 1, 10), (20, 11, 1), (12, 12, 8)];
            parts.into_iter().flat_map(|(w, v, n)| run(w, v, n)).collect()
        }
        Beq | Bne | Blt | Bge | Bltu | Bgeu => {
            let parts = [(31, 12, 1), (25, 5, 6), (8, 1, 4), (7, 11, 1)];
            parts.into_iter().flat_map(|(w, v, n)| run(w, v, n)).collect()
        }
        Sb | Sh | Sw | Sd => run(25, 5, 7).chain(run(7, 0, 5)).collect(),
        Slli | Srli | Srai => run(20, 0, 6).collect(),
        Slliw | Srliw | Sraiw => run(20, 0, 5).collect(),
        Jalr | Lb | Lh | Lw | Ld | Lbu | Lhu | Lwu | Addi | Slti | Sltiu | Xori | Ori | Andi
        | Addiw => run(20, 0, 12).collect(),
        _ => vec![],
    }
}

/// The immediate of a word, bit by bit; the topmost one is the sign, but of a shift.
fn immediate(operation: Operation, word: u32) -> i32 {
    let places = places(operation);
    let value =
        places.iter().fold(0_i64, |value, (from, to)| value | i64::from(word >> from & 1) << to);
    let is_shift = [
        Operation::Slli,
        Operation::Srli,
        Operation::Srai,
        Operation::Slliw,
        Operation::Srliw,
        Operation::Sraiw,
    ]
    .contains(&operation);
    let top = places.iter().map(|(_, to)| *to).max().unwrap_or(0);
    let negative = !is_shift && value >> top & 1 == 1;
    let value = if negative { value - (1 << (top + 1)) } else { value };
    i32::try_from(value).unwrap()
}

fn agree(word: u32) {
    let mut matching = TABLE.iter().filter(|(mask, matched, _)| word & mask == *matched);
    let expected = matching.next().map(|(_, _, operation)| *operation);
    assert!(matching.next().is_none(), "{word:#x} is two instructions");
    let decoded = Instruction::decode(word);
    assert_eq!(decoded.map(|decoded| decoded.operation), expected, "{word:#x}");
    let Some(decoded) = decoded else { return };
    assert_eq!(decoded.immediate, immediate(decoded.operation, word), "{word:#x} {decoded:?}");
    let field = |low: u32| u8::try_from(word >> low & 31).unwrap();
    for (found, low) in [(decoded.rd, 7), (decoded.rs1, 15), (decoded.rs2, 20)] {
        // A field is read, or its format has none.
        assert!(found == field(low) || found == 0, "{word:#x} {decoded:?}");
    }
}

/// Each instruction with every bit of its free fields set and unset by itself, and each word one bit away from one.
#[test]
fn every_instruction_is_decoded_and_nothing_beside_it() {
    for (mask, matched, operation) in TABLE {
        for free in [0, !mask] {
            let word = matched | free;
            assert_eq!(Instruction::decode(word).unwrap().operation, operation);
            for bit in 0..32 {
                agree(word ^ (1 << bit));
            }
        }
    }
}

#[test]
fn operands_are_where_the_formats_have_them() {
    // add x31, x30, x29 · sd x7, -8(x9) · lui x5, 0x80000 · beq x1, x2, -4096 · jal x1, -1048576
    let words = [0x01df_0fb3, 0xfe74_bc23, 0x8000_02b7, 0x8020_8063, 0x8000_00ef];
    let decoded = words.map(|word| {
        let Instruction { operation, rd, rs1, rs2, immediate } = Instruction::decode(word).unwrap();
        (operation, rd, rs1, rs2, immediate)
    });
    assert_eq!(
        decoded,
        [
            (Operation::Add, 31, 30, 29, 0),
            (Operation::Sd, 0, 9, 7, -8),
            (Operation::Lui, 5, 0, 0, i32::MIN),
            (Operation::Beq, 0, 1, 2, -4_096),
            (Operation::Jal, 1, 0, 0, -1_048_576),
        ]
    );
}

/// What the specification says, in numbers of 128 bits.
fn meaning(operation: Operation, a: u64, b: u64) -> Option<u64> {
    use Operation::*;
    let (ua, ub) = (i128::from(a), i128::from(b));
    let (sa, sb) = (i128::from(a.cast_signed()), i128::from(b.cast_signed()));
    let word = |value: i128| u32::try_from(value.rem_euclid(1 << 32)).unwrap();
    let (wa, wb) = (word(ua), word(ub));
    let (swa, swb) = (i128::from(wa.cast_signed()), i128::from(wb.cast_signed()));
    let long = |value: i128| u64::try_from(value.rem_euclid(1 << 64)).ok();
    let short = |value: i128| Some(i64::from(word(value).cast_signed()).cast_unsigned());
    let quotient = |a: i128, b: i128| if b == 0 { -1 } else { a / b };
    let rest = |a: i128, b: i128| if b == 0 { a } else { a % b };
    let power = |amount: i128| 1_i128 << amount;
    match operation {
        Addi | Add => long(sa + sb),
        Sub => long(sa - sb),
        Slti | Slt => long(i128::from(sa < sb)),
        Sltiu | Sltu => long(i128::from(ua < ub)),
        Xori | Xor => long(sa ^ sb),
        Ori | Or => long(sa | sb),
        Andi | And => long(sa & sb),
        Slli | Sll => long((ua * power(ub % 64)).rem_euclid(1 << 64)),
        Srli | Srl => long(ua / power(ub % 64)),
        Srai | Sra => long(sa.div_euclid(power(ub % 64))),
        Addiw | Addw => short(sa + sb),
        Subw => short(sa - sb),
        Slliw | Sllw => short(i128::from(wa) * power(ub % 32)),
        Srliw | Srlw => short(i128::from(wa) / power(ub % 32)),
        Sraiw | Sraw => short(swa.div_euclid(power(ub % 32))),
        Mul => long(sa.wrapping_mul(sb)),
        Mulh => long((sa * sb) >> 64),
        Mulhsu => long((sa * ub) >> 64),
        Mulhu => Some(((u128::from(a) * u128::from(b)) >> 64) as u64),
        Div => long(quotient(sa, sb)),
        Divu => long(if b == 0 { power(64) - 1 } else { ua / ub }),
        Rem => long(rest(sa, sb)),
        Remu => long(rest(ua, ub)),
        Mulw => short(sa.wrapping_mul(sb)),
        Divw => short(quotient(swa, swb)),
        Divuw => short(quotient(wa.into(), wb.into())),
        Remw => short(rest(swa, swb)),
        Remuw => short(rest(wa.into(), wb.into())),
        _ => None,
    }
}

fn computes_as_meant(a: u64, b: u64) {
    for (_, _, operation) in TABLE {
        let (computed, meant) = (compute(operation, a, b), meaning(operation, a, b));
        assert_eq!(computed, meant, "{operation:?} {a:#x} {b:#x}");
        let (sa, sb) = (a.cast_signed(), b.cast_signed());
        let taken = match operation {
            Operation::Beq => Some(a == b),
            Operation::Bne => Some(a != b),
            Operation::Blt => Some(sa < sb),
            Operation::Bge => Some(sa >= sb),
            Operation::Bltu => Some(a < b),
            Operation::Bgeu => Some(a >= b),
            _ => None,
        };
        assert_eq!(is_taken(operation, a, b), taken, "{operation:?} {a:#x} {b:#x}");
    }
}

/// Zero, the ends of every width with and without sign, and their neighbours, each against each.
#[test]
fn arithmetic_is_right_at_all_edges() {
    let ends = [0_u64, 1 << 31, 1 << 32, 1 << 63, 31, 32, 63, 64, 0xffff_ffff_8000_0000];
    let near = ends.iter().flat_map(|end| [end.wrapping_sub(1), *end, end.wrapping_add(1)]);
    let edges: Vec<u64> = near.collect();
    for a in &edges {
        for b in &edges {
            computes_as_meant(*a, *b);
        }
    }
}

proptest! {
    #[test]
    fn any_word_is_decoded_as_the_table_says(word in any::<u32>(), row in 0..TABLE.len()) {
        agree(word);
        let (mask, matched, _) = TABLE[row];
        agree(word & !mask | matched);
    }

    #[test]
    fn arithmetic_is_right_on_any_numbers(a in any::<u64>(), b in any::<u64>(), bits in 0_u32..64) {
        computes_as_meant(a, b);
        computes_as_meant(a >> bits, b);
        computes_as_meant(a, b >> bits);
    }
}
