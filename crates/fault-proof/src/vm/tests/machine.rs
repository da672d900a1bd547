//! Programs of a few words, and words that are no programs.

use std::{vec, vec::Vec};

use alloy_primitives::{B256, keccak256};
use proptest::prelude::*;

use super::super::*;

const BASE: u64 = 0x1_0000;

fn machine(words: &[u32]) -> Machine {
    let mut memory = Memory::new();
    for (at, word) in (BASE..).step_by(4).zip(words) {
        memory.write(at, word.to_le_bytes()).unwrap();
    }
    Machine::new(memory, BASE)
}

/// Runs to the first host call or the end, for a thousand steps at most.
fn run(machine: &mut Machine) -> Progress {
    (0..1_000)
        .map(|_| machine.advance())
        .find(|progress| *progress != Progress::Stepped)
        .unwrap_or(Progress::Stepped)
}

#[test]
fn a_loop_adds_up_and_calls() {
    // addi a0, x0, 0 · addi a1, x0, 10 · add a0, a0, a1 · addi a1, a1, -1 · bne a1, x0, -8 · ecall
    let words = [0x0000_0513, 0x00a0_0593, 0x00b5_0533, 0xfff5_8593, 0xfe05_9ce3, 0x0000_0073];
    let mut machine = machine(&words);
    assert_eq!(run(&mut machine), Progress::Calls);
    assert_eq!((machine.register(10), machine.register(11)), (55, 0));
    assert_eq!((machine.step, machine.pc, machine.exit), (32, BASE + 20, None));
    let before = machine.hash();
    assert_eq!(machine.advance(), Progress::Calls);
    assert_eq!(machine.hash(), before);
}

#[test]
fn jumps_leave_their_way_back() {
    // jal ra, 12 · addi a0, x0, 1 · ecall · addi a1, x0, 2 · jalr x0, ra, 0
    let mut machine = machine(&[0x00c0_00ef, 0x0010_0513, 0x0000_0073, 0x0020_0593, 0x0000_8067]);
    assert_eq!(run(&mut machine), Progress::Calls);
    let registers = [1, 10, 11].map(|number| machine.register(number));
    assert_eq!(registers, [BASE + 4, 1, 2]);
}

#[test]
fn what_is_stored_is_loaded_with_its_sign_or_without() {
    // addi a0, x0, -2 · sd a0, 16(x0) · then lb, lbu, lh, lhu, lw, lwu, ld into a1 … a7 · ecall
    let loads = [0, 4, 1, 5, 2, 6, 3].into_iter().zip(11..);
    let loads = loads.map(|(kind, rd): (u32, u32)| 0x0100_0003 | kind << 12 | rd << 7);
    let words: Vec<u32> =
        [0xffe0_0513, 0x00a0_3823].into_iter().chain(loads).chain([0x73]).collect();
    let mut machine = machine(&words);
    assert_eq!(run(&mut machine), Progress::Calls);
    let found: Vec<u64> = (11..18).map(|number| machine.register(number)).collect();
    let minus = u64::MAX - 1;
    assert_eq!(found, [minus, 0xfe, minus, 0xfffe, minus, 0xffff_fffe, minus]);
}

#[test]
fn code_that_is_written_over_is_what_runs() {
    // auipc a0, 0 · lw a1, 16(a0) · sw a1, 12(a0) · addi a2, x0, 1 · addi a2, x0, 2 · ecall: the fourth becomes the fifth.
    let words = [0x0000_0517, 0x0105_2583, 0x00b5_2623, 0x0010_0613, 0x0020_0613, 0x0000_0073];
    let mut machine = machine(&words);
    for _ in 0..4 {
        machine.advance();
    }
    assert_eq!(machine.register(12), 2);
}

#[test]
fn the_zero_register_stays_zero() {
    let mut machine = machine(&[0x0070_0013, 0x0000_0073]);
    assert_eq!(run(&mut machine), Progress::Calls);
    assert_eq!(machine.register(0), 0);
    machine.set_register(0, 7);
    assert_eq!((machine.register(0), machine.register(32)), (0, 0));
}

/// Each of these has one successor, which has ended, and follows itself.
#[test]
fn traps_end_the_run_and_change_nothing_else() {
    let traps: [(&str, Vec<u32>); 8] = [
        ("no instruction", vec![0]),
        ("ebreak", vec![0x0010_0073]),
        ("a load of eight bytes at four", vec![0x0040_3503]),
        ("a load beyond 4 GiB", vec![0xff80_3503]),
        ("a store of two bytes at one", vec![0x00a0_10a3]),
        ("compressed code", vec![0x0000_0001]),
        ("an atomic", vec![0x1000_252f]),
        ("a control register", vec![0xc000_2573]),
    ];
    for (what, words) in traps {
        let mut machine = machine(&words);
        let root = machine.memory.root();
        assert_eq!(machine.advance(), Progress::Stepped, "{what}");
        assert_eq!(machine.exit, Some(TRAP_CODE), "{what}");
        assert_eq!((machine.pc, machine.step), (BASE, 1), "{what}");
        assert_eq!(machine.memory.root(), root, "{what}");
        assert!((0..32).all(|number| machine.register(number) == 0), "{what}");
        let ended = machine.hash();
        assert_eq!(machine.advance(), Progress::Ended, "{what}");
        assert_eq!(machine.hash(), ended, "{what}");
    }
    // To where no instruction can be: the jump is a step, the trap the next.
    for words in [[0x0020_006f], [0xffff_f06f], [0x0010_0067]] {
        let mut machine = machine(&words);
        assert_eq!(run(&mut machine), Progress::Ended);
        assert_eq!(machine.exit, Some(TRAP_CODE));
    }
    let mut outside = Machine::new(Memory::new(), MEMORY_BYTES);
    outside.advance();
    assert_eq!(outside.exit, Some(TRAP_CODE));
}

#[test]
fn the_hash_is_that_of_338_bytes() {
    let mut machine = machine(&[0x0070_0513]);
    machine.advance();
    machine.exit = Some(3);
    machine.output = B256::repeat_byte(9);
    let mut bytes = machine.memory.root().to_vec();
    bytes.extend(machine.pc.to_be_bytes());
    bytes.extend(machine.step.to_be_bytes());
    bytes.extend([1, 3]);
    (0..32).for_each(|number| bytes.extend(machine.register(number).to_be_bytes()));
    bytes.extend([9; 32]);
    assert_eq!(bytes.len(), STATE_BYTES);
    assert_eq!(machine.hash(), keccak256(bytes));
}

proptest! {
    /// Whatever the code and the registers hold, a run goes on, calls or ends, and does the same when it is run again.
    #[test]
    fn any_words_run_the_same_way_twice(
        words in prop::collection::vec(any::<u32>(), 1..40),
        values in prop::collection::vec(any::<u64>(), 31),
    ) {
        let opcodes = [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x1b, 0x33, 0x3b, 0x0f];
        let words: Vec<u32> = words
            .iter()
            .map(|word| word & !0x7f | opcodes[(word & 0x7f) as usize % opcodes.len()])
            .collect();
        let mut machines = [machine(&words), machine(&words)];
        for machine in &mut machines {
            for (number, value) in (1..).zip(&values) {
                machine.set_register(number, value % (2 * MEMORY_BYTES));
            }
        }
        let [first, second] = &mut machines;
        for _ in 0..60 {
            let before = (first.step, first.exit);
            let progress = first.advance();
            prop_assert_eq!(second.advance(), progress);
            if progress != Progress::Stepped {
                prop_assert_eq!((first.step, first.exit), before);
            }
        }
        prop_assert_eq!(first.hash(), second.hash());
    }
}
