//! The same claims from the image that a dispute runs, as from the code that a verifier runs.

use std::{fs, path::Path};

use alloy_primitives::B256;
use fault_proof::{
    Image,
    vm::{BlobElement, Machine, Recorded, Runner},
};
use proptest::{collection::vec, prelude::*};
use transition::{LocalInput, Outcome, PreimageKey, Preimages, run};

use crate::{
    host::{Host, Known, Pins},
    l2::parameters,
    properties::pins,
    world::{World, publish, round},
};

/// What the machine takes at most.
const STEPS_MAX: u64 = 1 << 36;

fn image() -> Machine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../program/images/segment.image");
    Image::decode(&fs::read(path).unwrap()).unwrap().machine()
}

/// A host of the machine that knows what a native run asked for.
fn recorded(host: &Host<'_>) -> Recorded {
    let locals = LocalInput::ALL.map(|input| host.local(input).unwrap());
    let mut recorded = Recorded::new(locals.to_vec());
    let asked = host.asked.borrow().clone();
    for key in asked {
        match key {
            PreimageKey::Local(_) => {}
            PreimageKey::Keccak(hash) => {
                recorded.record(host.keccak(&hash).unwrap().to_vec());
            }
            PreimageKey::BlobElement { versioned_hash, index } => {
                let value = host.blob_element(&versioned_hash, index).unwrap();
                let (number, commitment, proof) = (index.into(), [0; 48], [0; 48]);
                let element = BlobElement { versioned_hash, number, value, commitment, proof };
                recorded.record_blob_element(&element);
            }
        }
    }
    recorded
}

/// Runs natively and in the machine; the leaf, and the machine's steps.
fn both(first: &Machine, known: &Known, pins: Pins) -> (B256, u64) {
    let host = Host::new(known, pins);
    let outcome = run(&host).unwrap();
    let mut runner = Runner::new(first.clone());
    runner.run_to(STEPS_MAX, &mut recorded(&host)).unwrap();
    let end = runner.machine();
    let expected = match outcome {
        Outcome::Invalid(_) => (Some(1), B256::ZERO),
        Outcome::Claim(_) | Outcome::Repeated(_) => (Some(0), outcome.leaf()),
    };
    assert_eq!((end.exit, end.output), expected, "{outcome:?} after {} steps", end.step);
    (outcome.leaf(), end.step)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_image_gives_the_claims_of_the_native_chain(
        rounds in vec(round(), 1..10),
        gas in 50_000_u64..400_000,
    ) {
        let first = image();
        let mut world = World::play(&rounds);
        let parameters = parameters(&world.config, gas);
        world.known.bytes(parameters.encode().into());
        let leaves = publish(&mut world, gas);
        for (pair, derived) in leaves.windows(2).zip(&world.derived[1..]) {
            let mut previous = *pair[0].last().unwrap();
            for (place, leaf) in (0..).zip(&pair[1]) {
                let view = derived.cursor.l1_number;
                let pins = pins(&world.l1, view, previous, place, parameters.hash());
                prop_assert_eq!(both(&first, &world.known, pins).0, *leaf);
                previous = *leaf;
            }
        }
        // What only fills the tree up, and what cannot be derived.
        let last = *leaves.last().unwrap().last().unwrap();
        let l1_number = world.l1.number() + 1;
        for place in [40, 0, 1] {
            both(&first, &world.known, pins(&world.l1, l1_number, last, place, parameters.hash()));
        }
    }
}
