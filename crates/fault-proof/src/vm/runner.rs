//! The machine at speed: the same states as [`Machine`] goes through, most of them without looking at the others.
//!
//! Runs instructions that were decoded before, with the meaning that [`compute`] and [`is_taken`] give them. Whatever is
//! not plain, a host call or a trap, it leaves to [`Machine::proceed`].

use alloy_primitives::B256;

use super::{
    Host, Instruction, Machine, Memory, Operation,
    code::{Code, PAGE_INSTRUCTIONS},
    compute, is_taken,
};

/// As many registers as a number of them can say once it is masked.
const PLACES: usize = 64;
/// What tells places in the same page from others, and from those where no instruction can be.
const OUTSIDE: u64 = !(4 * PAGE_INSTRUCTIONS as u64 - 4);
/// The beginning of no page.
const NO_PAGE: u64 = u64::MAX;

/// A machine with the code that it has met so far.
#[derive(Debug)]
pub struct Runner {
    machine: Machine,
    code: Code,
}

impl Runner {
    /// Goes on from the state of a machine.
    pub fn new(machine: Machine) -> Self {
        Self { machine, code: Code::new() }
    }

    /// The machine in the state that it has come to.
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine alone.
    pub fn into_machine(self) -> Machine {
        self.machine
    }

    /// The hash of the state.
    pub fn hash(&mut self) -> B256 {
        self.machine.hash()
    }

    /// Runs until `step` steps are done since the beginning, or the run has ended.
    ///
    /// # Errors
    /// The host lacks a preimage; the state is the one before the call.
    pub fn run_to<H: Host>(&mut self, step: u64, host: &mut H) -> Result<(), H::Error> {
        while self.machine.exit.is_none() && self.machine.step < step {
            self.run_plain(step - self.machine.step);
            if self.machine.step < step {
                self.machine.proceed(host)?;
            }
        }
        Ok(())
    }

    /// Does as many steps, or fewer if the next is not plain.
    fn run_plain(&mut self, steps: u64) {
        let Machine { pc: place, step, memory, registers: kept, .. } = &mut self.machine;
        let mut registers = [0; PLACES];
        registers[..kept.len()].copy_from_slice(kept);
        let (mut pc, mut left) = (*place, steps);
        self.code.refresh(memory);
        'pages: while let Some(page) = self.code.page(memory, pc).filter(|_| pc.is_multiple_of(4)) {
            let mut base = pc & OUTSIDE;
            loop {
                let instruction = page[(pc >> 2) as usize & (PAGE_INSTRUCTIONS - 1)];
                if left == 0 {
                    break 'pages;
                }
                let next =
                    instruction.and_then(|i| execute(i, pc, &mut registers, memory, &mut base));
                let Some(next) = next else { break 'pages };
                pc = next;
                left -= 1;
                if (pc ^ base) & OUTSIDE != 0 {
                    break;
                }
            }
            if memory.is_overwritten() {
                self.code.refresh(memory);
            }
        }
        *place = pc;
        *step += steps - left;
        kept.iter_mut().zip(registers).for_each(|(kept, register)| *kept = register);
    }
}

/// Carries out a plain instruction; where the next one is, or `None` with nothing changed. Forgets the page that the
/// code is in, if code was written over.
///
/// Where the operation is a constant, the compiler chooses what `compute` makes of it. Only rare ones are left to choose.
#[inline(always)]
fn execute(
    instruction: Instruction,
    pc: u64,
    registers: &mut [u64; PLACES],
    memory: &mut Memory,
    base: &mut u64,
) -> Option<u64> {
    use Operation::*;
    let Instruction { operation, rd, rs1, rs2, immediate } = instruction;
    let register = |number: u8| usize::from(number) & (PLACES - 1);
    let (a, b) = (registers[register(rs1)], registers[register(rs2)]);
    let immediate = i64::from(immediate).cast_unsigned();
    let (next, target, at) =
        (pc.wrapping_add(4), pc.wrapping_add(immediate), a.wrapping_add(immediate));
    let branch =
        |operation| is_taken(operation, a, b).map(|taken| if taken { target } else { next });
    let result = match operation {
        Addi => compute(Addi, a, immediate)?,
        Slti => compute(Slti, a, immediate)?,
        Sltiu => compute(Sltiu, a, immediate)?,
        Xori => compute(Xori, a, immediate)?,
        Ori => compute(Ori, a, immediate)?,
        Andi => compute(Andi, a, immediate)?,
        Slli => compute(Slli, a, immediate)?,
        Srli => compute(Srli, a, immediate)?,
        Srai => compute(Srai, a, immediate)?,
        Addiw => compute(Addiw, a, immediate)?,
        Slliw | Srliw | Sraiw => compute(operation, a, immediate)?,
        Add => compute(Add, a, b)?,
        Sub => compute(Sub, a, b)?,
        Sll => compute(Sll, a, b)?,
        Slt => compute(Slt, a, b)?,
        Sltu => compute(Sltu, a, b)?,
        Xor => compute(Xor, a, b)?,
        Srl => compute(Srl, a, b)?,
        Or => compute(Or, a, b)?,
        And => compute(And, a, b)?,
        Addw => compute(Addw, a, b)?,
        Mul => compute(Mul, a, b)?,
        Mulhu => compute(Mulhu, a, b)?,
        Sra | Subw | Sllw | Srlw | Sraw | Mulh | Mulhsu | Div | Divu | Rem | Remu | Mulw | Divw
        | Divuw | Remw | Remuw => compute(operation, a, b)?,
        Lui => immediate,
        Auipc => target,
        Lb => i64::from(i8::from_le_bytes(memory.read(at)?)).cast_unsigned(),
        Lh => i64::from(i16::from_le_bytes(memory.read(at)?)).cast_unsigned(),
        Lw => i64::from(i32::from_le_bytes(memory.read(at)?)).cast_unsigned(),
        Ld => u64::from_le_bytes(memory.read(at)?),
        Lbu => u8::from_le_bytes(memory.read(at)?).into(),
        Lhu => u16::from_le_bytes(memory.read(at)?).into(),
        Lwu => u32::from_le_bytes(memory.read(at)?).into(),
        Sb => return store::<1>(memory, at, b, base, next),
        Sh => return store::<2>(memory, at, b, base, next),
        Sw => return store::<4>(memory, at, b, base, next),
        Sd => return store::<8>(memory, at, b, base, next),
        Beq => return branch(Beq),
        Bne => return branch(Bne),
        Blt => return branch(Blt),
        Bge => return branch(Bge),
        Bltu => return branch(Bltu),
        Bgeu => return branch(Bgeu),
        Jal | Jalr => {
            registers[register(rd)] = next;
            return Some(if operation == Jal { target } else { at & !1 });
        }
        Fence => return Some(next),
        Ecall => return None,
    };
    registers[register(rd)] = result;
    Some(next)
}

#[inline(always)]
fn store<const SIZE: usize>(
    memory: &mut Memory,
    at: u64,
    value: u64,
    base: &mut u64,
    next: u64,
) -> Option<u64> {
    let mut bytes = [0; SIZE];
    bytes.copy_from_slice(&value.to_le_bytes()[..SIZE]);
    memory.write(at, bytes)?;
    if memory.is_overwritten() {
        *base = NO_PAGE;
    }
    Some(next)
}
