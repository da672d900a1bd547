//! Proofs that are none: whichever byte is another, the contract refuses.

use alloy::primitives::{B256, keccak256};
use fault_proof::vm::{Host, Machine, PrecompileCall, Recorded, local_key};

use super::{
    contract::{self, Failure, Outcome, StepErrors, calldata, step},
    states::{DATA, call, host, machine, put},
};

/// The error of a call that was refused, which it has to be.
fn refusal(outcome: Outcome) -> StepErrors {
    match outcome.next {
        Err(Failure::Refused(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// One state of each kind that has a proof of another shape, but for elements of blobs.
fn states() -> (Vec<(&'static str, Machine)>, Recorded) {
    let (mut host, [key]) = host([100]);
    let keyed = |key: B256| {
        let mut machine = call(1, [DATA, 0, DATA + 64]);
        put(&mut machine, DATA, &key[..]);
        machine
    };
    let sum = PrecompileCall { address: 6, gas: 150, input: vec![0; 128] };
    let sum = host.record_precompile(&sum, Some(&[0; 64]));
    let mut ended = machine(0x13);
    ended.exit = Some(3);
    let mut outside = machine(0x13);
    outside.pc = u64::MAX;
    let mut load = machine(0x0005_3603);
    load.set_register(10, DATA + 8);
    let mut store = machine(0x00b5_3023);
    store.set_register(10, DATA + 8);
    let states = vec![
        ("computes", machine(0x00b5_0633)),
        ("is no instruction", machine(0)),
        ("loads", load),
        ("stores", store),
        ("has ended", ended),
        ("is outside memory", outside),
        ("reads a preimage", keyed(key)),
        ("reads a local input", keyed(local_key(1))),
        ("reads a result", keyed(sum)),
        ("hashes", call(2, [DATA, 100, DATA + 0x200])),
        ("recovers", call(3, [DATA, DATA + 0x200, 0])),
        ("commits", call(4, [DATA, 0, 0])),
        ("exits", call(93, [0, 0, 0])),
        ("calls what there is not", call(7, [0, 0, 0])),
    ];
    (states, host)
}

#[test]
fn every_byte_counts() {
    let (states, mut host) = states();
    for (name, mut machine) in states {
        let state = machine.hash();
        let proof = machine.proof(&mut host).unwrap();
        let locals = host.locals().to_vec();
        assert!(step(state, &proof, &locals, 1_000_000).next.is_ok(), "{name}");
        for place in 0..proof.len() {
            let mut other = proof.clone();
            other[place] ^= 1 << (place % 8);
            let outcome = step(state, &other, &locals, 1_000_000);
            let is_refused = matches!(outcome.next, Err(Failure::Refused(_)));
            assert!(is_refused, "{name}, byte {place}: {outcome:?}");
        }
    }
}

#[test]
fn the_length_is_exact() {
    let (states, mut host) = states();
    for (name, mut machine) in states {
        let state = machine.hash();
        let proof = machine.proof(&mut host).unwrap();
        for length in [0, 1, 337, proof.len() - 32, proof.len() - 1] {
            let outcome = step(state, &proof[..length], host.locals(), 1_000_000);
            let is_refused = matches!(outcome.next, Err(Failure::Refused(_)));
            assert!(is_refused, "{name}, {length} bytes: {outcome:?}");
        }
        for more in [1, 31, 32, 896] {
            let longer = [&proof[..], &vec![0; more]].concat();
            let outcome = step(state, &longer, host.locals(), 1_000_000);
            let is_refused = matches!(outcome.next, Err(Failure::Refused(_)));
            assert!(is_refused, "{name}, {more} more bytes: {outcome:?}");
        }
    }
}

/// Where the number of the proof's bytes ends in the calldata of a call: behind the selector, three words and its own.
const LENGTH_END: usize = 4 + 4 * 32;

/// What is cut off a proof still stands where the contract looks for it, behind the proof; and what is added to one was
/// there before, too.
#[test]
fn what_is_behind_the_proof_is_no_part_of_it() {
    let (states, mut host) = states();
    for (name, mut machine) in states {
        let state = machine.hash();
        let proof = machine.proof(&mut host).unwrap();
        let data = calldata(state, &proof, host.locals()).to_vec();
        assert_eq!(data[LENGTH_END..][..proof.len()], proof);
        for length in (0..data.len() - LENGTH_END).filter(|length| *length != proof.len()) {
            let mut data = data.clone();
            data[LENGTH_END - 4..LENGTH_END]
                .copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
            let error = refusal(contract::call(data.into(), 1_000_000));
            let is_right =
                matches!(error, StepErrors::WrongLength(_) | StepErrors::WrongPreimage(_));
            assert!(is_right, "{name}, {length} bytes: {error:?}");
        }
    }
}

/// States whose hash is right and whose fields no machine has.
#[test]
fn fields_that_no_machine_has_are_refused() {
    let mut machine = machine(0x13);
    let proof = machine.proof(&mut Recorded::default()).unwrap();
    // Ended by something else than one, ended in part, and a register of zeros that is not.
    for (place, value) in [(48, 2), (48, 0xff), (49, 1), (50, 1), (57, 1)] {
        let mut other = proof.clone();
        other[place] = value;
        let error = refusal(step(keccak256(&other[..338]), &other, &[], 1_000_000));
        assert!(matches!(error, StepErrors::WrongFields(_)), "{place}: {error:?}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let (host_states, mut host) = states();
    let mut read = host_states.into_iter().find(|(name, _)| *name == "reads a preimage").unwrap().1;
    let state = read.hash();
    let proof = read.proof(&mut host).unwrap();
    let error = |state, proof: &[u8]| refusal(step(state, proof, &[], 1_000_000));
    let wrong_state = error(B256::ZERO, &proof);
    assert!(matches!(wrong_state, StepErrors::WrongState(found) if found.given == state));
    let mut other = proof.clone();
    other[400] ^= 1;
    assert!(matches!(error(state, &other), StepErrors::WrongWords(_)));
    let mut other = proof.clone();
    *other.last_mut().unwrap() ^= 1;
    assert!(matches!(error(state, &other), StepErrors::WrongPreimage(_)));
    assert!(matches!(error(state, &proof[..100]), StepErrors::WrongLength(_)));
}
