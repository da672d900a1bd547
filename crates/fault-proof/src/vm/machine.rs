//! The machine: one step at a time, by definition and not by speed.
//!
//! Every state has exactly one successor. What RISC-V leaves open or answers with an exception is a trap, which ends the
//! run with a code of its own; a state that has ended follows itself. An address that is no multiple of the access's size
//! traps; so does a jump to where no instruction can be, in the step after it.

use alloy_primitives::{B256, keccak256};

use super::{Call, Effect, Host, Instruction, Memory, Operation, compute, is_taken};

/// The exit code of a trap.
pub const TRAP_CODE: u8 = 0xff;
/// Bytes that a state is hashed from.
pub const STATE_BYTES: usize = 338;

/// The state of the machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where the next instruction is.
    pub pc: u64,
    /// Steps so far.
    pub step: u64,
    /// The code of a run that has ended.
    pub exit: Option<u8>,
    /// What the program has committed to.
    pub output: B256,
    /// The memory.
    pub memory: Memory,
    pub(super) registers: [u64; 32],
}

/// What has become of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was done.
    Stepped,
    /// The next instruction is a host call; nothing has changed.
    Calls,
    /// The run has ended before; nothing has changed.
    Ended,
}

impl Machine {
    /// A machine that begins at `pc`, with empty registers.
    pub const fn new(memory: Memory, pc: u64) -> Self {
        Self { pc, step: 0, exit: None, output: B256::ZERO, memory, registers: [0; 32] }
    }

    /// A register; number 0 is always zero.
    pub const fn register(&self, number: u8) -> u64 {
        self.registers[(number & 31) as usize]
    }

    /// Writes a register, unless it is number 0.
    pub const fn set_register(&mut self, number: u8, value: u64) {
        if number & 31 != 0 {
            self.registers[(number & 31) as usize] = value;
        }
    }

    /// Does the next step, unless that is a host call.
    pub fn advance(&mut self) -> Progress {
        if self.exit.is_some() {
            return Progress::Ended;
        }
        let word = self.memory.read(self.pc).map(u32::from_le_bytes);
        match word.and_then(Instruction::decode) {
            Some(Instruction { operation: Operation::Ecall, .. }) => return Progress::Calls,
            Some(instruction) => match self.execute(instruction) {
                Some(next) => self.pc = next,
                None => self.exit = Some(TRAP_CODE),
            },
            None => self.exit = Some(TRAP_CODE),
        }
        self.step = self.step.wrapping_add(1);
        Progress::Stepped
    }

    /// Does the next step, whatever it is: goes to the state that follows this one.
    ///
    /// # Errors
    /// The host lacks a preimage; nothing has changed.
    pub fn proceed<H: Host>(&mut self, host: &mut H) -> Result<(), H::Error> {
        if self.advance() != Progress::Calls {
            return Ok(());
        }
        let effect = match self.call() {
            Some(call) => call.carry_out(&self.memory, host)?,
            None => None,
        };
        if effect.and_then(|effect| self.take(effect)).is_none() {
            self.exit = Some(TRAP_CODE);
        }
        self.step = self.step.wrapping_add(1);
        Ok(())
    }

    /// The host call that the registers ask for.
    pub(super) const fn call(&self) -> Option<Call> {
        let [a0, a1, a2] = [self.registers[10], self.registers[11], self.registers[12]];
        Call::of(self.registers[17], [a0, a1, a2])
    }

    fn take(&mut self, effect: Effect) -> Option<()> {
        match effect {
            Effect::Word { at, word, result } => {
                self.memory.write(at, word.0)?;
                if let Some(result) = result {
                    self.set_register(10, result);
                }
            }
            Effect::Output(output) => self.output = output,
            Effect::Exit(code) => {
                self.exit = Some(code);
                return Some(());
            }
        }
        self.pc = self.pc.wrapping_add(4);
        Some(())
    }

    /// The hash of the state.
    pub fn hash(&mut self) -> B256 {
        keccak256(self.encode())
    }

    /// What it is the hash of: memory root, pc, step, whether the run has ended, exit code, registers, output; numbers
    /// big-endian.
    pub fn encode(&mut self) -> [u8; STATE_BYTES] {
        let mut bytes = [0; STATE_BYTES];
        bytes[..32].copy_from_slice(self.memory.root().as_slice());
        bytes[32..40].copy_from_slice(&self.pc.to_be_bytes());
        bytes[40..48].copy_from_slice(&self.step.to_be_bytes());
        bytes[48..50].copy_from_slice(&[u8::from(self.exit.is_some()), self.exit.unwrap_or(0)]);
        for (place, register) in bytes[50..306].chunks_exact_mut(8).zip(self.registers) {
            place.copy_from_slice(&register.to_be_bytes());
        }
        bytes[306..].copy_from_slice(self.output.as_slice());
        bytes
    }

    /// Carries an instruction out; where the next one is, or `None` for a trap, which changes nothing.
    fn execute(&mut self, instruction: Instruction) -> Option<u64> {
        use Operation::{
            Auipc, Fence, Jal, Jalr, Lb, Lbu, Ld, Lh, Lhu, Lui, Lw, Lwu, Sb, Sd, Sh, Sw,
        };
        let Instruction { operation, rd, rs1, rs2, immediate } = instruction;
        let (a, b) = (self.register(rs1), self.register(rs2));
        let immediate = i64::from(immediate).cast_unsigned();
        let (next, at) = (self.pc.wrapping_add(4), a.wrapping_add(immediate));
        let memory = &mut self.memory;
        let result = match operation {
            Lui => immediate,
            Auipc => self.pc.wrapping_add(immediate),
            Jal => {
                let target = self.pc.wrapping_add(immediate);
                self.set_register(rd, next);
                return Some(target);
            }
            Jalr => {
                self.set_register(rd, next);
                return Some(at & !1);
            }
            Lb => extended(i8::from_le_bytes(memory.read(at)?)),
            Lh => extended(i16::from_le_bytes(memory.read(at)?)),
            Lw => extended(i32::from_le_bytes(memory.read(at)?)),
            Ld => u64::from_le_bytes(memory.read(at)?),
            Lbu => u8::from_le_bytes(memory.read(at)?).into(),
            Lhu => u16::from_le_bytes(memory.read(at)?).into(),
            Lwu => u32::from_le_bytes(memory.read(at)?).into(),
            Sb | Sh | Sw | Sd => {
                self.store(operation, at, b)?;
                return Some(next);
            }
            Fence => return Some(next),
            _ => match is_taken(operation, a, b) {
                Some(true) => return Some(self.pc.wrapping_add(immediate)),
                Some(false) => return Some(next),
                None => {
                    compute(operation, a, if has_immediate(operation) { immediate } else { b })?
                }
            },
        };
        self.set_register(rd, result);
        Some(next)
    }

    fn store(&mut self, operation: Operation, at: u64, value: u64) -> Option<()> {
        let [a, b, c, d, ..] = value.to_le_bytes();
        match operation {
            Operation::Sb => self.memory.write(at, [a]),
            Operation::Sh => self.memory.write(at, [a, b]),
            Operation::Sw => self.memory.write(at, [a, b, c, d]),
            _ => self.memory.write(at, value.to_le_bytes()),
        }
    }
}

fn extended(value: impl Into<i64>) -> u64 {
    value.into().cast_unsigned()
}

const fn has_immediate(operation: Operation) -> bool {
    use Operation::{
        Addi, Addiw, Andi, Ori, Slli, Slliw, Slti, Sltiu, Srai, Sraiw, Srli, Srliw, Xori,
    };
    matches!(
        operation,
        Addi | Slti
            | Sltiu
            | Xori
            | Ori
            | Andi
            | Slli
            | Srli
            | Srai
            | Addiw
            | Slliw
            | Srliw
            | Sraiw
    )
}
