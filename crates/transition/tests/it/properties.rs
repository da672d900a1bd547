//! Properties over random histories.

use std::collections::BTreeSet;

use derivation::{AbsentReason, Cause};
use proptest::{
    collection::vec, prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner,
};
use transition::{INVALID, Invalid, Missing, Outcome, run};

use crate::{
    host::{Host, Known, Pins},
    l1::L1,
    l2::parameters,
    tx::Act,
    vm::pins,
    world::{Derived, Post, Round, World, publish, round},
};

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
    for (pair, of_pair) in leaves.windows(2).zip(derived.windows(2)) {
        let derived = &of_pair[1];
        let mut previous = *pair[0].last().unwrap();
        slices += pair[1].len();
        for (place, leaf) in (0..).zip(&pair[1]) {
            let pins = |l1_number| pins(l1, l1_number, previous, place, parameters.hash());
            let (early, earliest) = views(l1, derived, pins);
            for pins in [earliest, pins(l1.number() + 1)] {
                let outcome = outcome(known, pins);
                let number = derived.block.header.number;
                assert_eq!(outcome.leaf(), *leaf, "block {number}: {outcome:?}");
            }
            // Too early for the block: the chain ends before it. Nobody comes to a slice of it in that view, nor to a block
            // behind one that is not there.
            let follows =
                of_pair[0].cursor.l1_number <= early.l1_number && !is_of_one_batch(of_pair);
            let comes_here = place == 0 && follows;
            let ends = if comes_here { previous } else { INVALID };
            let ended = outcome(known, early);
            assert_eq!(ended.leaf(), ends, "{ended:?}");
            let after = Pins { previous: *leaf, place: place + 1, ..pins(l1.number() + 1) };
            let is_last = usize::try_from(place).unwrap() + 1 == pair[1].len();
            assert_eq!(outcome(known, after) == Outcome::Repeated(*leaf), is_last);
            previous = *leaf;
        }
    }
    slices
}

fn is_of_one_batch(blocks: &[Derived]) -> bool {
    matches!(blocks[0].cause, Some(Cause::Batch { .. })) && blocks[0].cause == blocks[1].cause
}

/// A view that was pinned too early to derive a block, and the next one: before and after its batch, if it has one, and else
/// before and in the L1 block in which it was forced.
fn views(l1: &L1, derived: &Derived, pins: impl Fn(u64) -> Pins) -> (Pins, Pins) {
    let l1_number = derived.cursor.l1_number;
    let earliest = pins(l1_number);
    if let Some(Cause::Batch { index }) = derived.cause {
        let [before, after] = l1.around[&index];
        let of = |batches| Pins { batches, ..earliest };
        return (of(before), of(after));
    }
    let l1_number = l1_number - 1;
    let before = l1.accumulators_after(l1_number);
    let (batches, messages) = (before.batches, before.messages);
    let l1_parent_hash = l1.get(l1_number).unwrap().parent_hash;
    (Pins { l1_number, l1_parent_hash, batches, messages, ..earliest }, earliest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_claim_is_that_of_the_native_chain(rounds in vec(round(), 1..16), gas in 50_000_u64..400_000) {
        check(&mut World::play(&rounds), gas);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

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

/// A block of more transactions than it has places: the last slice takes the rest.
#[test]
fn a_block_has_no_more_slices_than_places() {
    let acts = (0..40).map(|to| (0, Act::Transfer(to, 1))).collect();
    let posts = vec![(Post::Honest(9), false)];
    let round = Round { l2: vec![acts], gap: 12, messages: vec![], posts };
    let mut world = World::play(&[round]);
    assert_eq!(world.derived[1].block.inputs.transactions.len(), 40);
    assert_eq!(check(&mut world, 1), 32);
}

/// More worthless postings than are looked at, in both carriers: the honest batch behind them is absent here too.
#[test]
fn a_hostile_batcher_gets_no_more_opened_than_the_rule_says() {
    let honest = || (Post::Honest(9), false);
    let worthless = |count| vec![(Post::Garbage(vec![9]), false); count];
    let round = |posts| Round { l2: vec![vec![]], gap: 12, messages: vec![], posts };
    let mut posts = worthless(634);
    posts.extend([(Post::BadBlobs(1), true), honest()]);
    let mut rounds = vec![round(worthless(0)), round(posts)];
    let mut late = World::play(&rounds);
    assert_eq!(late.derived.len(), 1);
    assert!(matches!(late.absent.last(), Some(AbsentReason::TooManyPostings { .. })));
    rounds.extend((0..9).map(|_| round(vec![])));
    late = World::play(&rounds);
    assert_eq!(late.derived[1].cause, Some(Cause::WindowPassed));
    late.derived.truncate(3);
    check(&mut late, 100_000);

    rounds.truncate(1);
    let mut posts = worthless(633);
    posts.extend([(Post::BadBlobs(1), true), honest()]);
    rounds.push(round(posts));
    let mut early = World::play(&rounds);
    assert!(matches!(early.derived[1].cause, Some(Cause::Batch { .. })));
    check(&mut early, 100_000);
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
    assert_eq!(run(genesis, 0), Outcome::Repeated(genesis), "the view gives no block");
    assert_eq!(run(genesis, 1), Outcome::Repeated(genesis));
    assert_eq!(run(genesis, 32), Outcome::Repeated(genesis));
    assert_eq!(run(INVALID, 0), Outcome::Invalid(Invalid::Previous));
    assert_eq!(run(INVALID, 40), Outcome::Invalid(Invalid::Previous));
    assert_eq!(run(parameters.hash(), 0), Outcome::Invalid(Invalid::PreviousForm));
}

/// The properties say little if the scripts are tame: in some of them everything happens.
#[test]
fn the_scripts_reach_everything() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..60 {
        let mut world = World::play(&vec(round(), 1..16).new_tree(&mut runner).unwrap().current());
        let leaves = publish(&mut world, 100_000);
        for (derived, places) in world.derived.iter().zip(&leaves) {
            reached.extend(&derived.block.events);
            note(&mut reached, "slices", places.len() > 1);
            note(&mut reached, "three slices", places.len() > 2);
            note(&mut reached, "forced", derived.cause == Some(Cause::WindowPassed));
            note(&mut reached, "batch goes on", derived.cursor.blocks > 0);
            let system_config = derived.block.head.system_config;
            note(
                &mut reached,
                "configuration",
                system_config != world.config.genesis.system_config,
            );
            if let Some(Cause::Batch { index }) = derived.cause {
                note(&mut reached, "blobs", world.l1.in_blobs.contains(&index));
                note(&mut reached, "calldata", !world.l1.in_blobs.contains(&index));
                note(&mut reached, "parts", world.l1.last_parts.contains(&index));
            }
        }
        for reason in &world.absent {
            reached.insert(rule(reason));
        }
    }
    assert_eq!(reached, BTreeSet::from(EXPECTED));
}

fn note(reached: &mut BTreeSet<&'static str>, what: &'static str, happened: bool) {
    if happened {
        reached.insert(what);
    }
}

const fn rule(reason: &AbsentReason) -> &'static str {
    match reason {
        AbsentReason::NoData => "absent: no data",
        AbsentReason::Undecodable(_) => "absent: undecodable",
        AbsentReason::OtherParent => "absent: parent",
        AbsentReason::OtherOrigin => "absent: origin",
        AbsentReason::NotNext { .. } => "absent: not next",
        AbsentReason::WindowPassed { .. } => "absent: late",
        AbsentReason::PartsMissing { .. } => "absent: parts missing",
        AbsentReason::DeclaredOtherwise { .. } => "absent: declared otherwise",
        AbsentReason::OriginUnknown { .. } => "absent: origin unknown",
        AbsentReason::OriginTooNew { .. } => "absent: origin too new",
        AbsentReason::DriftExceeded { .. } => "absent: drift",
        AbsentReason::HintsMalformed { .. } => "absent: hints",
        AbsentReason::TooManyPostings { .. } => "absent: unseen",
        AbsentReason::BlockTooLarge { .. } => "absent: too large",
    }
}

const EXPECTED: [&str; 33] = [
    "BLOCKHASH",
    "EIP-7702",
    "absent: late",
    "absent: no data",
    "absent: not next",
    "absent: origin",
    "absent: declared otherwise",
    "absent: origin unknown",
    "absent: origin too new",
    "absent: hints",
    "absent: parent",
    "absent: parts missing",
    "absent: undecodable",
    "account removed",
    "batch goes on",
    "blobs",
    "calldata",
    "configuration",
    "creates",
    "deposit",
    "deposit creates",
    "deposit fails",
    "forced",
    "legacy",
    "logs",
    "out of gas",
    "parts",
    "reverts",
    "skipped",
    "slices",
    "slot removed",
    "three slices",
    "withdrawals",
];
