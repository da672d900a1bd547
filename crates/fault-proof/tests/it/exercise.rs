//! The exercise, which is a test program, gives in the machine what it gives natively.

use std::{fs, path::Path};

use alloy_primitives::{Address, B256, Signature, keccak256};
use fault_proof::{
    Image,
    vm::{Machine, Recorded, Runner},
};

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts are part of what is exercised"
)]
#[path = "../../../../program/exercise/src/work.rs"]
mod work;

const ROUNDS: u8 = 3;

fn read(name: &str) -> Vec<u8> {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../program/images");
    fs::read(images.join(name)).expect("images are committed")
}

fn machine() -> Machine {
    Image::decode(&read("exercise.image")).expect("an image").machine()
}

/// What is hashed in the run: longer than a host call hashes.
fn bytes() -> Vec<u8> {
    (0..70_001_u32).map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()[1]).collect()
}

/// The inputs of a run of that many rounds.
fn host(rounds: u8) -> Recorded {
    let seed = B256::repeat_byte(0x5e);
    let locals = vec![seed, keccak256(bytes()), B256::with_last_byte(rounds)];
    let mut host = Recorded::new(locals);
    host.record(bytes());
    host
}

fn recover(hash: &[u8; 32], signature: &[u8; 64], is_odd: bool) -> Option<Address> {
    let signature = Signature::from_bytes_and_parity(signature, is_odd);
    signature.recover_address_from_prehash(&B256::new(*hash)).ok()
}

#[test]
fn the_facts_are_those_of_the_image() {
    let facts = String::from_utf8(read("exercise.json")).expect("text");
    let mut machine = machine();
    assert!(facts.contains(&format!("\"entry\": \"{:#x}\"", machine.pc)), "{facts}");
    assert!(facts.contains(&format!("\"memoryRoot\": \"{}\"", machine.memory.root())), "{facts}");
    assert!(facts.contains(&format!("\"firstState\": \"{}\"", machine.hash())), "{facts}");
}

#[test]
fn the_output_is_that_of_the_same_source_run_natively() {
    let mut runner = Runner::new(machine());
    runner.run_to(1 << 36, &mut host(ROUNDS)).expect("all preimages are there");
    assert_eq!(runner.machine().exit, Some(0));
    let expected = work::work(B256::repeat_byte(0x5e), &bytes(), ROUNDS.into(), recover);
    assert_eq!(runner.machine().output, expected);
}

#[test]
fn a_program_whose_input_is_missing_exits_with_an_error() {
    let mut runner = Runner::new(machine());
    let mut host = Recorded::new(vec![B256::ZERO]);
    host.record(Vec::new());
    // The key of no input is that of a preimage of no bytes.
    let ended = runner.run_to(1 << 36, &mut host);
    assert_eq!((ended, runner.machine().exit), (Ok(()), Some(1)));
}

/// Step for step, in strides that are no power of two.
#[test]
fn the_states_on_the_way_are_those_of_the_definition() {
    let (mut slow, mut fast) = (machine(), Runner::new(machine()));
    let (mut one, mut other) = (host(1), host(1));
    while fast.machine().exit.is_none() {
        let until = fast.machine().step + 99_991;
        fast.run_to(until, &mut one).expect("all preimages are there");
        while slow.step < until && slow.exit.is_none() {
            slow.proceed(&mut other).expect("all preimages are there");
        }
        assert_eq!(fast.hash(), slow.hash(), "at step {until}");
    }
    assert_eq!(slow.exit, Some(0));
}
