//! The same claims from the image that a dispute runs, as from the code that a verifier runs.

use alloy_primitives::B256;
use fault_proof::{
    commitment::{STRIDE_STEPS, Strides, before_stride, steps_of_stride},
    vm::{Machine, Runner},
};
use proptest::{collection::vec, prelude::*};
use transition::{Outcome, run};

use crate::{
    host::{Host, Known, Pins},
    l2::parameters,
    tx::Act,
    vm::{STEPS_MAX, image, pins, recorded},
    world::{Post, Round, World, publish, round},
};

/// Runs natively and in the machine; the leaf, and the machine's steps.
pub(crate) fn both(first: &Machine, known: &Known, pins: Pins) -> (B256, u64) {
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

/// The players' way down: from a run to a stride, from a stride to its steps.
#[test]
fn the_commitments_of_a_run_and_of_its_strides_fit_each_other() {
    let first = image();
    let acts = (0..3).map(|to| (0, Act::Transfer(to, 1))).collect();
    let posts = vec![(Post::Honest(9), false)];
    let round = Round { l2: vec![acts], gap: 12, messages: vec![], posts };
    let mut world = World::play(&[round]);
    let parameters = parameters(&world.config, 100_000_000);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(&mut world, 100_000_000);
    let view = world.derived[1].cursor.l1_number;
    let pins = pins(&world.l1, view, leaves[0][0], 0, parameters.hash());
    let native = Host::new(&world.known, pins);
    assert_eq!(run(&native).unwrap().leaf(), leaves[1][0]);
    let mut host = recorded(&native);

    let (strides, mut end) = Strides::new(first.clone()).commit(&mut host).unwrap();
    assert_eq!((end.exit, end.output), (Some(0), leaves[1][0]));
    assert_eq!(strides.leaf((1 << 18) - 1), Some(end.hash()));
    let last = end.step / STRIDE_STEPS;
    assert!(last > 1, "{} steps are no run to speak of", end.step);
    for stride in [0, last] {
        let mut before = before_stride(first.clone(), stride, &mut host).unwrap();
        let index = usize::try_from(stride).unwrap();
        let agreed = index.checked_sub(1).map(|index| strides.leaf(index).unwrap());
        assert_eq!(before.hash(), agreed.unwrap_or(first.clone().hash()));
        let (steps, mut after) = steps_of_stride(before, &mut host).unwrap();
        assert_eq!(steps.leaf((1 << 18) - 1), strides.leaf(index));
        assert_eq!(Some(after.hash()), strides.leaf(index));
    }
}
