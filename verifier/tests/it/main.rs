//! The claims that the verifier makes are those that the transition gives, place by place, in random histories.
//!
//! The histories, and the host that knows everything, are those by which the transition itself is tested.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches_and_deposits;
mod blobs_pruned;
#[path = "../../src/player/calls.rs"]
mod calls;
#[path = "../../../crates/dispute/tests/it/chain.rs"]
mod chain;
mod determinism;
#[path = "../../../crates/transition/tests/it/host.rs"]
mod host;
#[path = "../../../crates/transition/tests/it/l1.rs"]
mod l1;
#[path = "../../../crates/transition/tests/it/l2.rs"]
mod l2;
mod lies;
mod native_against_image;
mod played;
mod recorded;
mod segments;
mod steps;
#[path = "../../../crates/transition/tests/it/tx.rs"]
mod tx;
#[path = "../../src/player/views.rs"]
#[expect(unreachable_pub, reason = "where it is from it is reached")]
mod views;
#[path = "../../../crates/transition/tests/it/world.rs"]
mod world;

use alloy_primitives::B256;
use executor::{ChainSpec, seal};
use proptest::{collection::vec, prelude::*};
use state::MemoryState;
use transition::{BlockClaim, PLACES_PER_BLOCK, run};
use verifier::claims::{
    BlockClaims, INTERVAL_MAX, Interval, PinnedInterval, SEGMENTS_HEIGHT, block_claim,
    execute_in_slices,
};

use crate::{
    host::{Host, Pins},
    l2::parameters,
    tx::Act,
    world::{Derived, Post, Round, World, publish, round},
};

/// The claims about a block, made as the verifier makes them from the derived block and the state before it.
fn claims(world: &World, parent: (&Derived, BlockClaim), next: &Derived, gas: u64) -> BlockClaims {
    let spec = ChainSpec::from(&*world.config);
    let (before, claim) = parent;
    let (header, inputs) = (&before.block.header, &next.block.inputs);
    let state: &MemoryState = &before.block.state;
    let sliced = execute_in_slices(&spec, header, inputs, state, gas).unwrap();
    let mut trie = state.trie();
    let slices = sliced.apply(claim.hash(), &mut trie);
    let context = executor::BlockContext::new(&spec, header, &inputs.opening);
    let sealed = seal(&context, &sliced.executed, trie.root(), next.block.withdrawals_root);
    assert_eq!(sealed.hash, next.block.head.block.hash, "the block is the same in slices");
    BlockClaims { slices, claim: block_claim(&next.block.head.block, &sealed.header, next.cursor) }
}

/// The whole chain as one interval.
fn interval(world: &World, gas: u64) -> Option<Interval> {
    let (genesis, rest) = world.derived.split_first().unwrap();
    let first = block_claim(&genesis.block.head.block, &genesis.block.header, genesis.cursor);
    let (mut before, mut blocks) = ((genesis, first), Vec::new());
    for next in rest {
        let claims = claims(world, before, next, gas);
        before = (next, claims.claim);
        blocks.push(claims);
    }
    Interval::new(first, blocks)
}

/// Each place of the interval, and the first and last behind its end. How many slices there were that are not a block's last.
fn check(world: &mut World, gas: u64) -> usize {
    let parameters = parameters(&world.config, gas);
    world.known.bytes(parameters.encode().into());
    publish(world, gas);
    let Some(interval) = interval(world, gas) else { return 0 };
    let (l1, now) = (&world.l1, world.l1.accumulators_after(world.l1.number()));
    let places = usize::try_from(PLACES_PER_BLOCK).unwrap();
    let end = interval.blocks.len() * places;
    let last = (1 << SEGMENTS_HEIGHT) - 1;
    for leaf in (0..=end).chain([last]) {
        let before = leaf.checked_sub(1).and_then(|before| interval.tree.leaf(before));
        let place = if leaf < end { leaf % places } else { places };
        let pins = Pins {
            previous: before.unwrap_or(interval.parent.hash()),
            batches: now.batches,
            messages: now.messages,
            l1_number: l1.number() + 1,
            l1_parent_hash: l1.get(l1.number()).unwrap().origin.hash,
            parameters: parameters.hash(),
            place: place as u64,
        };
        let outcome = run(&Host::new(&world.known, pins)).unwrap();
        assert_eq!(Some(outcome.leaf()), interval.tree.leaf(leaf), "leaf {leaf}: {outcome:?}");
    }
    assert_eq!(climb(interval.last.hash(), &interval.proof_of_last()), interval.root());
    interval.blocks.iter().map(|block| block.slices.len()).sum()
}

/// The root that the last leaf and its siblings give, as the contract computes it.
fn climb(leaf: B256, proof: &[B256]) -> B256 {
    assert_eq!(proof.len(), SEGMENTS_HEIGHT);
    proof.iter().fold(leaf, |right, left| alloy_primitives::keccak256([left.0, right.0].concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_leaf_is_what_the_transition_gives(rounds in vec(round(), 1..12), gas in 50_000_u64..400_000) {
        check(&mut World::play(&rounds), gas);
    }
}

/// One block of many transactions, so that nobody depends on luck: with a slice for each, and with one for all.
#[test]
fn a_large_block_has_as_many_slices_as_places() {
    let acts = (0..40).map(|to| (0, Act::Transfer(to, 1))).collect();
    let posts = vec![(Post::Honest(9), false)];
    let round = Round { l2: vec![acts], gap: 12, messages: vec![], posts };
    let mut world = World::play(&[round]);
    assert_eq!(check(&mut world, 1), 31);
    let gas_used = world.derived[1].block.header.gas_used;
    // All inputs are included, so nothing is left where the gas of a slice is reached.
    for gas in [gas_used, gas_used + 1] {
        assert_eq!(check(&mut world, gas), 0);
    }
    assert_eq!(check(&mut world, gas_used - 1), 0);
    assert_eq!(check(&mut world, gas_used / 2), 1);
}

/// An empty interval has no claims, and there is no tree for one that is too long.
#[test]
fn an_interval_fits_its_tree() {
    let world = World::play(&[]);
    assert_eq!(interval(&world, 1), None);
    let genesis = &world.derived[0];
    let claim = block_claim(&genesis.block.head.block, &genesis.block.header, genesis.cursor);
    let block = BlockClaims { slices: Vec::new(), claim };
    assert!(Interval::new(claim, vec![block.clone(); 5_000]).is_some());
    let pins = verifier::Pins {
        batch_accumulator: B256::ZERO,
        message_accumulator: B256::ZERO,
        l1_number: 0,
        l1_parent_hash: B256::ZERO,
    };
    let of_length =
        |length| PinnedInterval::new(claim, vec![block.clone()], length, pins, Vec::new());
    assert!(of_length(INTERVAL_MAX).is_some_and(|interval| !interval.is_whole()));
    assert_eq!(of_length(INTERVAL_MAX + 1), None);
    assert_eq!(of_length(0), None, "more blocks than it has");
}
