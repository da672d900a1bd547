//! From a word of code to an instruction.
//!
//! Strict: a word with anything unusual in a field that selects the operation is no instruction. The contract that
//! takes a single step decodes the same words.

/// What an instruction does. The suffix `W`: on the low 32 bits, with the sign extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Operation {
    Lui,
    Auipc,
    Jal,
    Jalr,
    Beq,
    Bne,
    Blt,
    Bge,
    Bltu,
    Bgeu,
    Lb,
    Lh,
    Lw,
    Ld,
    Lbu,
    Lhu,
    Lwu,
    Sb,
    Sh,
    Sw,
    Sd,
    Addi,
    Slti,
    Sltiu,
    Xori,
    Ori,
    Andi,
    Slli,
    Srli,
    Srai,
    Addiw,
    Slliw,
    Srliw,
    Sraiw,
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Addw,
    Subw,
    Sllw,
    Srlw,
    Sraw,
    Mul,
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
    Mulw,
    Divw,
    Divuw,
    Remw,
    Remuw,
    /// Does nothing: there is one hart, and nobody else sees its memory.
    Fence,
    /// A host call.
    Ecall,
}

/// An instruction with its operands. A field that its format does not have is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub operation: Operation,
    /// Number of the register that gets the result.
    pub rd: u8,
    /// Number of the first register that is read.
    pub rs1: u8,
    /// Number of the second one.
    pub rs2: u8,
    /// Sign-extended where the format has a sign; of `Lui` and `Auipc` already in its place; of shifts the amount.
    pub immediate: i32,
}

impl Instruction {
    /// The instruction that a word of code is; `None` if it is none.
    pub const fn decode(word: u32) -> Option<Self> {
        let (rd, rs1, rs2) = (register(word >> 7), register(word >> 15), register(word >> 20));
        let none = 0;
        let decoded = match word & 0x7f {
            0x37 => (Operation::Lui, rd, none, none, upper(word)),
            0x17 => (Operation::Auipc, rd, none, none, upper(word)),
            0x6f => (Operation::Jal, rd, none, none, jump_offset(word)),
            0x67 if funct3(word) == 0 => (Operation::Jalr, rd, rs1, none, signed(word)),
            0x63 => match branch(word) {
                Some(operation) => (operation, none, rs1, rs2, branch_offset(word)),
                None => return None,
            },
            0x03 => match load(word) {
                Some(operation) => (operation, rd, rs1, none, signed(word)),
                None => return None,
            },
            0x23 => match store(word) {
                Some(operation) => (operation, none, rs1, rs2, store_offset(word)),
                None => return None,
            },
            0x13 | 0x1b => match with_immediate(word) {
                Some((operation, immediate)) => (operation, rd, rs1, none, immediate),
                None => return None,
            },
            0x33 | 0x3b => match of_registers(word) {
                Some(operation) => (operation, rd, rs1, rs2, 0),
                None => return None,
            },
            // The other fields of a fence say what it orders, and may hold anything.
            0x0f if funct3(word) == 0 => (Operation::Fence, none, none, none, 0),
            0x73 if word == 0x73 => (Operation::Ecall, none, none, none, 0),
            _ => return None,
        };
        let (operation, rd, rs1, rs2, immediate) = decoded;
        Some(Self { operation, rd, rs1, rs2, immediate })
    }
}

const fn register(shifted: u32) -> u8 {
    (shifted & 31) as u8
}

const fn funct3(word: u32) -> u32 {
    word >> 12 & 7
}

const fn funct7(word: u32) -> u32 {
    word >> 25
}

/// The word with its sign, so that shifting it down extends the sign.
const fn with_sign(word: u32) -> i32 {
    word.cast_signed()
}

const fn signed(word: u32) -> i32 {
    with_sign(word) >> 20
}

const fn upper(word: u32) -> i32 {
    with_sign(word & 0xffff_f000)
}

const fn store_offset(word: u32) -> i32 {
    with_sign(word) >> 25 << 5 | (word >> 7 & 31).cast_signed()
}

const fn branch_offset(word: u32) -> i32 {
    let low = (word >> 7 & 1) << 11 | (word >> 25 & 0x3f) << 5 | (word >> 8 & 15) << 1;
    with_sign(word) >> 31 << 12 | low.cast_signed()
}

const fn jump_offset(word: u32) -> i32 {
    let low = word & 0xf_f000 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1;
    with_sign(word) >> 31 << 20 | low.cast_signed()
}

const fn branch(word: u32) -> Option<Operation> {
    Some(match funct3(word) {
        0 => Operation::Beq,
        1 => Operation::Bne,
        4 => Operation::Blt,
        5 => Operation::Bge,
        6 => Operation::Bltu,
        7 => Operation::Bgeu,
        _ => return None,
    })
}

const fn load(word: u32) -> Option<Operation> {
    Some(match funct3(word) {
        0 => Operation::Lb,
        1 => Operation::Lh,
        2 => Operation::Lw,
        3 => Operation::Ld,
        4 => Operation::Lbu,
        5 => Operation::Lhu,
        6 => Operation::Lwu,
        _ => return None,
    })
}

const fn store(word: u32) -> Option<Operation> {
    Some(match funct3(word) {
        0 => Operation::Sb,
        1 => Operation::Sh,
        2 => Operation::Sw,
        3 => Operation::Sd,
        _ => return None,
    })
}

/// Shifts have six bits of amount on 64 bits and five on 32; what is above it selects the operation.
const fn with_immediate(word: u32) -> Option<(Operation, i32)> {
    let (long, short) = ((word >> 20 & 63).cast_signed(), (word >> 20 & 31).cast_signed());
    let whole = signed(word);
    Some(match (word & 0x7f, funct3(word)) {
        (0x13, 0) => (Operation::Addi, whole),
        (0x13, 2) => (Operation::Slti, whole),
        (0x13, 3) => (Operation::Sltiu, whole),
        (0x13, 4) => (Operation::Xori, whole),
        (0x13, 6) => (Operation::Ori, whole),
        (0x13, 7) => (Operation::Andi, whole),
        (0x13, 1) if word >> 26 == 0 => (Operation::Slli, long),
        (0x13, 5) if word >> 26 == 0 => (Operation::Srli, long),
        (0x13, 5) if word >> 26 == 0x10 => (Operation::Srai, long),
        (0x1b, 0) => (Operation::Addiw, whole),
        (0x1b, 1) if funct7(word) == 0 => (Operation::Slliw, short),
        (0x1b, 5) if funct7(word) == 0 => (Operation::Srliw, short),
        (0x1b, 5) if funct7(word) == 0x20 => (Operation::Sraiw, short),
        _ => return None,
    })
}

const fn of_registers(word: u32) -> Option<Operation> {
    Some(match (word & 0x7f, funct7(word), funct3(word)) {
        (0x33, 0, 0) => Operation::Add,
        (0x33, 0x20, 0) => Operation::Sub,
        (0x33, 0, 1) => Operation::Sll,
        (0x33, 0, 2) => Operation::Slt,
        (0x33, 0, 3) => Operation::Sltu,
        (0x33, 0, 4) => Operation::Xor,
        (0x33, 0, 5) => Operation::Srl,
        (0x33, 0x20, 5) => Operation::Sra,
        (0x33, 0, 6) => Operation::Or,
        (0x33, 0, 7) => Operation::And,
        (0x33, 1, 0) => Operation::Mul,
        (0x33, 1, 1) => Operation::Mulh,
        (0x33, 1, 2) => Operation::Mulhsu,
        (0x33, 1, 3) => Operation::Mulhu,
        (0x33, 1, 4) => Operation::Div,
        (0x33, 1, 5) => Operation::Divu,
        (0x33, 1, 6) => Operation::Rem,
        (0x33, 1, 7) => Operation::Remu,
        (0x3b, 0, 0) => Operation::Addw,
        (0x3b, 0x20, 0) => Operation::Subw,
        (0x3b, 0, 1) => Operation::Sllw,
        (0x3b, 0, 5) => Operation::Srlw,
        (0x3b, 0x20, 5) => Operation::Sraw,
        (0x3b, 1, 0) => Operation::Mulw,
        (0x3b, 1, 4) => Operation::Divw,
        (0x3b, 1, 5) => Operation::Divuw,
        (0x3b, 1, 6) => Operation::Remw,
        (0x3b, 1, 7) => Operation::Remuw,
        _ => return None,
    })
}
