//! Gas starvation: a step that gets too little gas reverts, and never shows another end than with enough.

use alloy::primitives::B256;
use fault_proof::vm::{PrecompileCall, Recorded};

use super::{
    contract::{Failure, StepErrors, step},
    openings::{output, read, word},
    states::{DATA, call, put},
};

/// However little gas the step gets, it never takes a precompile's lack of it for the precompile's answer.
#[test]
fn a_precompile_is_not_starved() {
    for call in [
        PrecompileCall { address: 3, gas: 600 + 120 * 1_000, input: vec![0xa5; 32_000] },
        PrecompileCall { address: 4, gas: 15 + 3 * 1_000, input: vec![0xa5; 32_000] },
    ] {
        let mut host = Recorded::default();
        let key = host.record_precompile(&call, output(&call).as_deref());
        let mut machine = read(key, 0);
        let (state, proof) = (machine.hash(), machine.proof(&mut host).unwrap());
        machine.proceed(&mut host).unwrap();
        assert_eq!(word(&machine)[0], 1);
        let (mut refused, mut done) = (0, 0);
        for gas in (590_000..900_000).step_by(500) {
            match step(state, &proof, &[], gas).next {
                Ok(next) => {
                    assert_eq!(next, machine.hash());
                    done += 1;
                }
                Err(Failure::Refused(StepErrors::NotEnoughGas(_))) => refused += 1,
                Err(Failure::Refused(error)) => panic!("{error:?}"),
                Err(Failure::Starved) => {}
            }
        }
        assert!(refused > 0 && done > 0, "{refused} {done}");
    }
}

/// Whoever gives a step little gas cannot make a signature out to be bad: the call fails as a whole.
#[test]
fn a_recovery_that_is_starved_is_no_bad_signature() {
    let mut machine = call(3, [DATA, DATA + 0x200, 0]);
    let signed = [
        "0x456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3",
        "0x000000000000000000000000000000000000000000000000000000000000001c",
        "0x9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608",
        "0x4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada",
    ];
    put(&mut machine, DATA, &signed.map(|word| word.parse::<B256>().unwrap()).concat());
    let mut host = Recorded::default();
    let state = machine.hash();
    let proof = machine.proof(&mut host).unwrap();
    machine.proceed(&mut host).unwrap();
    assert_eq!(machine.register(10), 1);
    let (mut starved, mut done) = (0, 0);
    for gas in (70_000..140_000).step_by(50) {
        match step(state, &proof, &[], gas).next {
            Ok(next) => {
                assert_eq!(next, machine.hash());
                done += 1;
            }
            Err(Failure::Refused(StepErrors::NotEnoughGas(_)) | Failure::Starved) => starved += 1,
            Err(Failure::Refused(error)) => panic!("{error:?}"),
        }
    }
    assert!(starved > 0 && done > 0, "{starved} {done}");
}
