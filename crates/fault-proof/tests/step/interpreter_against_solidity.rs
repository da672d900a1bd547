//! Steps of a compiled program: the exercise, from its first state to its last, a few thousand steps of millions.

use std::{collections::BTreeMap, fs, path::Path};

use alloy::primitives::{B256, keccak256};
use fault_proof::{
    Image,
    vm::{Instruction, Operation, Progress, Recorded, Runner},
};

use super::contract::check;

/// Steps from one sample to the next, on average.
const STRIDE: u64 = 4_001;
/// Calls that are compared of each number.
const CALLS: usize = 40;

fn host() -> Recorded {
    let bytes: Vec<u8> = (0_u8..251).cycle().take(70_001).collect();
    let locals = vec![B256::repeat_byte(0x5e), keccak256(&bytes), B256::with_last_byte(1)];
    let mut host = Recorded::new(locals);
    host.record(bytes);
    host
}

fn runner() -> Runner {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../program/images/exercise.image");
    Runner::new(Image::decode(&fs::read(path).unwrap()).unwrap().machine())
}

#[test]
fn steps_all_along_the_run() {
    let (mut runner, mut host) = (runner(), host());
    let mut operations: BTreeMap<Operation, usize> = BTreeMap::new();
    loop {
        // Gaps of different lengths, so that no loop of the program is met at the same place every time.
        let step = runner.machine().step;
        runner.run_to(step + STRIDE + step % 97, &mut host).unwrap();
        let mut machine = runner.into_machine();
        if machine.exit.is_some() {
            break;
        }
        let word = machine.memory.read(machine.pc).map(u32::from_le_bytes);
        let instruction = word.and_then(Instruction::decode).unwrap();
        *operations.entry(instruction.operation).or_default() += 1;
        check(&mut machine, &mut host);
        runner = Runner::new(machine);
    }
    let samples: usize = operations.values().sum();
    assert!(samples > 500 && operations.len() > 30, "{operations:?}");
}

#[test]
fn host_calls_of_the_run() {
    let (mut machine, mut host) = (runner().into_machine(), host());
    let mut calls: BTreeMap<u64, usize> = BTreeMap::new();
    loop {
        match machine.advance() {
            Progress::Stepped => {}
            Progress::Ended => break,
            Progress::Calls => {
                let count = calls.entry(machine.register(17)).or_default();
                *count += 1;
                if *count <= CALLS {
                    check(&mut machine, &mut host);
                } else {
                    machine.proceed(&mut host).unwrap();
                }
            }
        }
    }
    assert_eq!(machine.exit, Some(0));
    assert_eq!(calls.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 93]);
    assert!(calls[&1] > CALLS && calls[&2] > 20, "{calls:?}");
}
