//! Totality of the step: every operation of RV64IM at all edges, any words, and what is no instruction. Each has one successor.

use fault_proof::vm::{Instruction, MEMORY_BYTES, Machine, Operation, Recorded, TRAP_CODE};
use proptest::prelude::*;

use super::{
    contract::check,
    states::{CODE, DATA, EDGES, machine, number, set_instruction},
};

/// Words with empty operands of all operations that compute with two registers.
const OF_REGISTERS: [u32; 28] = [
    0x33,
    0x4000_0033,
    0x1033,
    0x2033,
    0x3033,
    0x4033,
    0x5033,
    0x4000_5033,
    0x6033,
    0x7033,
    0x3b,
    0x4000_003b,
    0x103b,
    0x503b,
    0x4000_503b,
    0x0200_0033,
    0x0200_1033,
    0x0200_2033,
    0x0200_3033,
    0x0200_4033,
    0x0200_5033,
    0x0200_6033,
    0x0200_7033,
    0x0200_003b,
    0x0200_403b,
    0x0200_503b,
    0x0200_603b,
    0x0200_703b,
];
/// The same of a register and an immediate, but for shifts.
const WITH_IMMEDIATE: [u32; 7] = [0x13, 0x2013, 0x3013, 0x4013, 0x6013, 0x7013, 0x1b];
/// Shifts by an immediate, with the number of their amounts.
const SHIFTS: [(u32, u32); 6] =
    [(0x1013, 64), (0x5013, 64), (0x4000_5013, 64), (0x101b, 32), (0x501b, 32), (0x4000_501b, 32)];
const BRANCHES: [u32; 6] = [0x63, 0x1063, 0x4063, 0x5063, 0x6063, 0x7063];
/// With the number of bytes.
const LOADS: [(u32, u64); 7] =
    [(0x03, 1), (0x1003, 2), (0x2003, 4), (0x3003, 8), (0x4003, 1), (0x5003, 2), (0x6003, 4)];
const STORES: [(u32, u64); 4] = [(0x23, 1), (0x1023, 2), (0x2023, 4), (0x3023, 8)];

const A0: u32 = 10 << 15;
const A1: u32 = 11 << 20;
const TO_A2: u32 = 12 << 7;

fn step(machine: &mut Machine) {
    check(machine, &mut Recorded::default());
}

/// Executes a word at the usual place, with two registers.
fn execute(machine: &mut Machine, word: u32, a: u64, b: u64) {
    machine.pc = CODE;
    machine.exit = None;
    set_instruction(machine, word);
    machine.set_register(10, a);
    machine.set_register(11, b);
    step(machine);
}

#[test]
fn registers_are_computed_with_at_all_edges() {
    let mut machine = machine(0);
    for word in OF_REGISTERS.iter().chain(&BRANCHES) {
        for a in EDGES {
            for b in EDGES {
                execute(&mut machine, word | A0 | A1 | TO_A2, a, b);
                assert_eq!(machine.exit, None);
            }
        }
        // No result is kept in the register of zeros, nor comes from it.
        execute(&mut machine, word | A0 | A1, 5, 3);
        execute(&mut machine, word | A0 | TO_A2, 5, 3);
        execute(&mut machine, word | A1 | TO_A2, 5, 3);
        // All operands and the result in one register; the last register of all.
        execute(&mut machine, word | A0 | 10 << 20 | 10 << 7, 5, 3);
        execute(&mut machine, word | 31 << 15 | 31 << 20 | 31 << 7, 0, 0);
    }
}

#[test]
fn immediates_are_computed_with_at_all_edges() {
    let mut machine = machine(0);
    for a in EDGES {
        for word in WITH_IMMEDIATE {
            for immediate in [0, 1, 0x7ff, 0x800, 0xfff, 0x400, 63] {
                execute(&mut machine, word | A0 | TO_A2 | immediate << 20, a, 0);
            }
        }
        for (word, amounts) in SHIFTS {
            for amount in [0, 1, 31, 32, 33, 63].into_iter().filter(|amount| *amount < amounts) {
                execute(&mut machine, word | A0 | TO_A2 | amount << 20, a, 0);
            }
        }
        for (opcode, upper) in [(0x37, 0), (0x17, 1), (0x37, 0x80000), (0x17, 0xfffff)] {
            execute(&mut machine, opcode | TO_A2 | upper << 12, a, 0);
        }
        assert_eq!(machine.exit, None);
    }
}

#[test]
fn jumps_and_branches_go_both_ways_as_far_as_they_can() {
    let mut machine = machine(0);
    let bits = [0_u32, 1 << 31, 0xffff_f000, 0x7fff_f000, 1 << 7, 0xf00, 0xfe00_0f80, 0x8000_0080];
    for bits in bits {
        for branch in BRANCHES {
            // The registers that the bits name hold what the machine was made with.
            execute(&mut machine, branch | bits & 0xfe00_0f80, 1, 1);
            execute(&mut machine, branch | bits & 0xfe00_0f80 | A0 | A1, 1, 1);
            execute(&mut machine, branch | bits & 0xfe00_0f80 | A0 | A1, 1, 2);
        }
        execute(&mut machine, 0x6f | bits & 0xffff_f000, 1, 1);
        execute(&mut machine, 0x6f | bits & 0xffff_f000 | TO_A2, 1, 1);
    }
    for target in EDGES {
        for offset in [0, 1, 2, 3, 0x7ff, 0x800, 0xfff] {
            execute(&mut machine, 0x67 | A0 | TO_A2 | offset << 20, target, 0);
            // Where it leads to, there is an instruction, none, or no memory.
            step(&mut machine);
        }
        // The target is read before the way back is written.
        execute(&mut machine, 0x67 | A0 | 10 << 7, target, 0);
    }
    for pc in [1, 2, 3, CODE + 2, MEMORY_BYTES - 4, MEMORY_BYTES, 1 << 63, u64::MAX - 3, u64::MAX] {
        machine.pc = pc;
        machine.exit = None;
        step(&mut machine);
        assert_eq!((machine.exit, machine.pc), (Some(TRAP_CODE), pc));
    }
}

#[test]
fn loads_and_stores_reach_every_place_that_they_may_and_no_other() {
    let mut machine = machine(0);
    let places = [0, 8, DATA, DATA + 32, CODE & !31, MEMORY_BYTES - 32];
    for base in places {
        for offset in 0..32 {
            for (load, size) in LOADS {
                execute(&mut machine, load | A0 | TO_A2, base + offset, 0);
                assert_eq!(machine.exit.is_none(), offset % size == 0);
            }
            for (store, size) in STORES {
                execute(&mut machine, store | A0 | A1, base + offset, 0x8182_8384_8586_8788);
                assert_eq!(machine.exit.is_none(), offset % size == 0);
            }
        }
    }
    let beyond = [MEMORY_BYTES, MEMORY_BYTES + 8, 1 << 63, u64::MAX, u64::MAX - 7];
    for at in beyond {
        for (load, _) in LOADS {
            execute(&mut machine, load | A0 | TO_A2, at, 0);
            assert_eq!(machine.exit, Some(TRAP_CODE));
        }
        for (store, _) in STORES {
            execute(&mut machine, store | A0 | A1, at, 1);
            assert_eq!(machine.exit, Some(TRAP_CODE));
        }
    }
    // Addresses wrap: eight below zero is no place, and eight below eight is one.
    for (base, offset, is_place) in [(0, 0xff8, false), (8, 0xff8, true), (u64::MAX - 7, 8, true)] {
        execute(&mut machine, 0x3003 | A0 | TO_A2 | offset << 20, base, 0);
        assert_eq!(machine.exit.is_none(), is_place);
    }
}

#[test]
fn a_store_into_code_is_what_runs_next() {
    // sw a1, 4(a0) with a0 = pc, then what it wrote: addi a2, x0, 42.
    let mut machine = machine(0);
    execute(&mut machine, 0x2023 | A0 | A1 | 4 << 7, CODE, 0x02a0_0613);
    step(&mut machine);
    assert_eq!((machine.register(12), machine.exit), (42, None));
    // sw a1, 0(a0): over itself.
    execute(&mut machine, 0x2023 | A0 | A1, CODE, 0x02a0_0613);
    machine.pc = CODE;
    step(&mut machine);
    assert_eq!(machine.exit, None);
}

#[test]
fn steps_are_counted_modulo_2_to_the_64th() {
    let mut machine = machine(0x13);
    machine.step = u64::MAX;
    step(&mut machine);
    assert_eq!(machine.step, 0);
}

/// Words of one opcode, of which most are none of its instructions, and the opcodes that are none at all.
#[test]
fn every_selection_of_an_operation_is_judged_alike() {
    let mut machine = machine(0);
    let (mut legal, mut illegal) = (0, 0);
    for opcode in 0..0x80 {
        for funct3 in 0..8 {
            for funct7 in [0, 1, 2, 0x10, 0x20, 0x21, 0x40, 0x7f] {
                let word = opcode | funct3 << 12 | funct7 << 25 | A0 | 3 << 20 | TO_A2;
                execute(&mut machine, word, DATA + 64, 7);
                let decoded = Instruction::decode(word).map(|decoded| decoded.operation);
                if decoded.is_none() {
                    illegal += 1;
                    assert_eq!(machine.exit, Some(TRAP_CODE), "{word:#x}");
                } else {
                    legal += 1;
                    assert_ne!(decoded, Some(Operation::Ecall));
                }
            }
        }
    }
    assert!(legal > 250 && illegal > 7_000, "{legal} {illegal}");
}

const OPCODES: [u32; 13] =
    [0x03, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x33, 0x37, 0x3b, 0x63, 0x67, 0x6f, 0x73];

fn word() -> impl Strategy<Value = u32> {
    let of_registers = prop::sample::select(OF_REGISTERS.to_vec());
    prop_oneof![
        1 => any::<u32>(),
        4 => (any::<u32>(), prop::sample::select(OPCODES.to_vec()))
            .prop_map(|(word, opcode)| word & !0x7f | opcode),
        3 => (any::<u32>(), of_registers).prop_map(|(word, kind)| word & 0x01ff_8f80 | kind),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A run of any words, with any registers, to the first trap: then from the next word on.
    #[test]
    fn any_words_on_any_registers(
        words in prop::collection::vec(word(), 24),
        registers in prop::collection::vec(number(), 31),
    ) {
        let mut machine = machine(0);
        for (place, word) in (CODE..).step_by(4).zip(&words) {
            machine.memory.write(place, word.to_le_bytes()).unwrap();
        }
        for (place, _) in (CODE..).step_by(4).zip(&words) {
            // A register is renewed now and then: most runs of words make all of them alike.
            let number = (place / 4 % 31) as u8 + 1;
            machine.set_register(number, registers[usize::from(number) - 1]);
            if machine.exit.is_some() || !(CODE..CODE + 96).contains(&machine.pc) {
                machine.pc = place;
                machine.exit = None;
            }
            step(&mut machine);
        }
    }
}
