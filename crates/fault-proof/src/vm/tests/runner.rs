//! The machine at speed against the machine by definition: the same states, however the steps are divided up.

use std::{vec, vec::Vec};

use alloy_primitives::B256;
use proptest::prelude::*;

use super::super::*;

/// So near to the end of a page that programs run over it.
const BASE: u64 = 0x1_0fc0;

/// A machine whose registers point into its code, around it, and anywhere.
fn machine(words: &[u32], values: &[u64]) -> Machine {
    let mut memory = Memory::new();
    for (at, word) in (BASE..).step_by(4).zip(words) {
        memory.write(at, word.to_le_bytes()).unwrap();
    }
    let mut machine = Machine::new(memory, BASE);
    for (number, value) in (1..).zip(values) {
        machine.set_register(number, *value);
    }
    machine
}

/// A word that is mostly an instruction.
fn word() -> impl Strategy<Value = u32> {
    let opcodes = vec![
        0x37, 0x17, 0x6f, 0x67, 0x63, 0x63, 0x03, 0x03, 0x23, 0x23, 0x13, 0x13, 0x1b, 0x33, 0x3b,
        0x0f,
    ];
    let word = (any::<u32>(), prop::sample::select(opcodes));
    let near = word.prop_map(|(word, opcode)| match opcode {
        // Jumps and accesses that stay near.
        0x6f => word & 0x01e0_0f80 | opcode,
        0x63 => word & 0x01ff_ff00 | opcode,
        0x03 | 0x23 => word & 0x00ff_ff80 | opcode,
        // No other bits than select an operation.
        0x33 | 0x3b => word & 0x43ff_ff80 | opcode,
        0x13 | 0x1b => word & 0x41ff_ff80 | opcode,
        _ => word & !0x7f | opcode,
    });
    prop_oneof![12 => near, 1 => Just(0x73), 1 => any::<u32>()]
}

/// What registers hold: places, the numbers of host calls, anything.
fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => (0_u64..64).prop_map(|word| BASE + 4 * word),
        2 => (0_u64..16).prop_map(|word| BASE - BASE % 4_096 + 1_024 * word),
        1 => prop::sample::select(vec![0, 1, 2, 3, 4, 93, MEMORY_BYTES - 8]),
        1 => any::<u64>(),
    ]
}

fn states(machine: &mut Machine) -> (B256, u64, Option<u8>) {
    (machine.hash(), machine.step, machine.exit)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_states_are_those_of_the_definition(
        words in prop::collection::vec(word(), 8..64),
        values in prop::collection::vec(value(), 31),
        strides in prop::collection::vec(1_u64..60, 1..12),
    ) {
        let mut host = Recorded::new(vec![B256::repeat_byte(3)]);
        let mut slow = machine(&words, &values);
        let mut fast = Runner::new(slow.clone());
        let mut until = 0;
        for stride in strides {
            until += stride;
            let refused = fast.run_to(until, &mut host);
            while slow.step < until && slow.exit.is_none() {
                if let Err(error) = slow.proceed(&mut host) {
                    prop_assert_eq!(refused, Err(error));
                    break;
                }
            }
            prop_assert_eq!(states(&mut slow), states(&mut fast.machine().clone()));
            prop_assert_eq!(fast.hash(), slow.hash());
        }
    }
}

/// Every instruction at least once with operands that matter, each in a run of its own.
#[test]
fn every_operation_does_what_the_definition_says() {
    let edges = [0, 1, u64::MAX, 1 << 63, 0x8000_0000, 0x7fff_ffff, BASE + 64, BASE + 71, 1 << 32];
    let mut host = Recorded::default();
    let mut seen = 0;
    for opcode in [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x1b, 0x33, 0x3b, 0x0f] {
        for (kind, upper) in (0..8).flat_map(|kind| [0_u32, 1, 0x20].map(|upper| (kind, upper))) {
            // a1 and a2, to a0 or to nowhere.
            for rd in [0_u32, 10] {
                let word = upper << 25 | 12 << 20 | 11 << 15 | kind << 12 | rd << 7 | opcode;
                seen += u32::from(Instruction::decode(word).is_some());
                for (a, b) in edges.iter().flat_map(|a| edges.iter().step_by(2).map(|b| (*a, *b))) {
                    let mut slow = machine(&[word, 0x0070_0513], &[]);
                    slow.set_register(11, a);
                    slow.set_register(12, b);
                    let mut fast = Runner::new(slow.clone());
                    fast.run_to(2, &mut host).unwrap();
                    slow.proceed(&mut host).unwrap();
                    slow.proceed(&mut host).unwrap();
                    let fast = fast.into_machine();
                    assert_eq!(
                        (fast.pc, fast.step, fast.exit, fast.registers),
                        (slow.pc, slow.step, slow.exit, slow.registers),
                        "{word:#x} of {a:#x} and {b:#x}"
                    );
                }
            }
        }
    }
    assert!(seen > 150, "only {seen} words were instructions");
}

#[test]
fn code_written_by_itself_from_afar_and_by_the_host_is_what_runs() {
    let target = BASE - BASE % 4_096 + 8_192;
    // sw a2, 0(a1) · jalr ra, 0(a1) · sw a3, 0(a1) · jalr ra, 0(a1); there: addi a0, a0, 1 · jalr x0, 0(ra)
    let words = [0x00c5_a023, 0x0005_80e7, 0x00d5_a023, 0x0005_80e7, 0x0000_0073];
    let mut start = machine(&words, &[]);
    start.memory.write(target + 4, 0x0000_8067_u32.to_le_bytes()).unwrap();
    start.set_register(11, target);
    start.set_register(12, 0x0015_0513);
    start.set_register(13, 0x0025_0513);
    let mut host = Recorded::default();
    let mut fast = Runner::new(start.clone());
    fast.run_to(8, &mut host).unwrap();
    assert_eq!(fast.machine().register(10), 3);
    // A copy keeps nothing of what was decoded before, nor does what it writes reach the first.
    let mut copy = Runner::new(fast.machine().clone());
    copy.run_to(9, &mut host).unwrap();
    fast.run_to(9, &mut host).unwrap();
    assert_eq!(copy.hash(), fast.hash());

    // The host writes the hash of nothing over the code that called it.
    let mut start = machine(&[0x0000_0073], &[]);
    start.pc = target;
    start.memory.write(target, [0x73, 0, 0, 0, 0x13, 0, 0, 0]).unwrap();
    start.set_register(17, 2);
    start.set_register(10, 4_096);
    start.set_register(12, target);
    let (mut fast, mut slow) = (Runner::new(start.clone()), start);
    fast.run_to(4, &mut host).unwrap();
    (0..4).for_each(|_| slow.proceed(&mut host).unwrap());
    assert_eq!((fast.machine().step, slow.exit), (2, Some(TRAP_CODE)));
    assert_eq!(fast.hash(), slow.hash());
}

#[test]
fn a_run_that_ended_stays_where_it_is() {
    let words: Vec<u32> = vec![0x05d0_0893, 0x0000_0073];
    let mut fast = Runner::new(machine(&words, &[]));
    let mut host = Recorded::default();
    fast.run_to(1 << 36, &mut host).unwrap();
    let end = (fast.hash(), fast.machine().exit, fast.machine().step);
    assert_eq!((end.1, end.2), (Some(0), 2));
    fast.run_to(u64::MAX, &mut host).unwrap();
    assert_eq!((fast.hash(), fast.machine().exit, fast.machine().step), end);
}
