//! Properties over random histories.

use alloy_primitives::B256;
use proptest::{collection::vec, prelude::*, sample::Index};
use transition::{INVALID, Invalid, Missing, Outcome, run};

use crate::{
    host::{Host, Known, Pins},
    l1::L1,
    l2::parameters,
    world::{World, publish, round},
};

/// What a proposal pins that is made in this L1 block, after everything else in it.
fn pins(l1: &L1, l1_number: u64, previous: B256, place: u64, parameters: B256) -> Pins {
    let tip = l1.number();
    let now = l1.accumulators_after(std::cmp::min(l1_number, tip));
    let l1_parent_hash = l1.get(l1_number - 1).unwrap().origin.hash;
    let (batches, messages) = (now.batches, now.messages);
    Pins { previous, batches, messages, l1_number, l1_parent_hash, parameters, place }
}

fn outcome(known: &Known, pins: Pins) -> Outcome {
    run(&Host::new(known, pins)).unwrap()
}

/// Checks every place of every block, in the earliest view that it can be derived in, in the last, and in one too early.
fn check(world: &mut World, segment_gas: u64) -> usize {
    let parameters = parameters(&world.config, segment_gas);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(world, segment_gas);
    let World { l1, known, derived, .. } = world;
    let mut slices = 0;
    for (pair, derived) in leaves.windows(2).zip(&derived[1..]) {
        let mut previous = *pair[0].last().unwrap();
        slices += pair[1].len();
        for (place, leaf) in (0..).zip(&pair[1]) {
            let earliest = derived.cursor.l1_number;
            for l1_number in [earliest, l1.number() + 1] {
                let pins = pins(l1, l1_number, previous, place, parameters.hash());
                let outcome = outcome(known, pins);
                assert_eq!(
                    outcome.leaf(),
                    *leaf,
                    "block {}: {outcome:?}",
                    derived.block.header.number
                );
            }
            let early = pins(l1, earliest, previous, place, parameters.hash());
            let l1_number = earliest - 1;
            let parent =
                l1.get(l1_number.saturating_sub(1)).map_or(B256::ZERO, |block| block.origin.hash);
            let before = l1.accumulators_after(l1_number);
            let (batches, messages) = (before.batches, before.messages);
            let early = Pins { l1_number, l1_parent_hash: parent, batches, messages, ..early };
            let invalid = outcome(known, early);
            assert_eq!(invalid.leaf(), INVALID);
            let next = pins(l1, l1.number() + 1, *leaf, place + 1, parameters.hash());
            let is_last = usize::try_from(place).unwrap() + 1 == pair[1].len();
            assert_eq!(outcome(known, next) == Outcome::Repeated(*leaf), is_last);
            previous = *leaf;
        }
    }
    slices
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_claim_is_that_of_the_native_chain(rounds in vec(round(), 1..16), gas in 50_000_u64..400_000) {
        check(&mut World::play(&rounds), gas);
    }

    #[test]
    fn nothing_can_be_withheld_without_notice(rounds in vec(round(), 4..12), at in any::<Index>(), gas in 50_000_u64..400_000) {
        let mut world = World::play(&rounds);
        let parameters = parameters(&world.config, gas);
        world.known.bytes(parameters.encode().into());
        let leaves = publish(&mut world, gas);
        prop_assume!(leaves.len() > 1);
        let at = at.index(leaves.len() - 1);
        let mut previous = *leaves[at].last().unwrap();
        for (place, leaf) in (0..).zip(&leaves[at + 1]) {
            let pins = pins(&world.l1, world.l1.number() + 1, previous, place, parameters.hash());
            let host = Host::new(&world.known, pins);
            prop_assert_eq!(run(&host).unwrap().leaf(), *leaf);
            let asked = host.asked.into_inner();
            for key in asked.iter().step_by(asked.len() / 300 + 1) {
                let mut host = Host::new(&world.known, pins);
                host.withheld = Some(*key);
                prop_assert_eq!(run(&host), Err(Missing(*key)));
            }
            previous = *leaf;
        }
    }
}

#[test]
fn nothing_follows_where_nothing_can() {
    let mut world = World::play(&[]);
    let parameters = parameters(&world.config, 1);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(&mut world, 1);
    let genesis = *leaves[0].last().unwrap();
    let run = |previous, place| {
        outcome(
            &world.known,
            pins(&world.l1, world.l1.number() + 1, previous, place, parameters.hash()),
        )
    };
    let l1_number = world.l1.number() + 1;
    assert_eq!(run(genesis, 0), Outcome::Invalid(Invalid::NotDerivable { l1_number }));
    assert_eq!(run(genesis, 1), Outcome::Repeated(genesis));
    assert_eq!(run(genesis, 32), Outcome::Repeated(genesis));
    assert_eq!(run(INVALID, 0), Outcome::Invalid(Invalid::Previous));
    assert_eq!(run(INVALID, 40), Outcome::Invalid(Invalid::Previous));
    assert_eq!(run(parameters.hash(), 0), Outcome::Invalid(Invalid::PreviousForm));
}
