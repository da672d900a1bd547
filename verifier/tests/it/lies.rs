//! Every kind of lie about one history that has something of all: each is false where it says, true before, and can be
//! proposed and played.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};
use executor::ChainSpec;
use proptest::prelude::*;
use protocol::{DepositMessage, L1Message};
use state::MemoryState;
use transition::Claim;
use verifier::{
    claims::SEGMENTS_HEIGHT,
    lies::{Forged, LieError, LieKind, TrueBlock, Truth, forge},
};

use crate::{
    interval,
    tx::Act,
    world::{Post, Round, World, round},
};

/// Gas of a slice: some blocks have several.
const GAS: u64 = 60_000;

/// What is true of the whole chain.
fn truth(world: &World, gas: u64) -> Option<Truth> {
    let interval = interval(world, gas)?;
    let (genesis, rest) = world.derived.split_first()?;
    let block = |derived: &crate::world::Derived| TrueBlock {
        inputs: derived.block.inputs.clone(),
        cursor: derived.cursor,
    };
    Some(Truth {
        spec: ChainSpec::from(&*world.config),
        segment_gas: gas,
        parent: genesis.block.header.clone(),
        blocks: rest.iter().map(block).collect(),
        interval,
    })
}

fn lie(
    kind: LieKind,
    world: &World,
    truth: &Truth,
    from: usize,
    salt: u64,
) -> Result<Forged, LieError> {
    let state: &MemoryState = &world.derived[0].block.state;
    forge(kind, truth, state.trie(), &state, (from, salt))
}

fn deposit(to: u8) -> L1Message {
    let mut opaque = U256::from(1_000_000).to_be_bytes::<32>().to_vec();
    opaque.extend(U256::from(1_000_000).to_be_bytes::<32>());
    opaque.extend(100_000_u64.to_be_bytes());
    opaque.push(0);
    let (from, to) = (Address::repeat_byte(7), Address::repeat_byte(to));
    L1Message::Deposit(DepositMessage { from, to, opaque_data: opaque.into() })
}

/// Blocks with transactions of several senders, deposits, a block with slices, and idle ones.
fn history() -> World {
    let transfers =
        |count| (0..count).map(|to: u8| (usize::from(to % 3), Act::Transfer(to, 1))).collect();
    let round = |messages| Round {
        l2: vec![transfers(6), transfers(9), transfers(2)],
        gap: 6,
        messages,
        posts: vec![(Post::Honest(9), false)],
    };
    let rounds = [vec![], vec![deposit(1), deposit(2)], vec![], vec![deposit(3)], vec![]];
    World::play(&rounds.into_iter().map(round).collect::<Vec<_>>())
}

/// What every lie must be.
fn check(kind: LieKind, truth: &Truth, lie: &Forged) {
    let leaf = |place: usize| lie.tree.leaf(place);
    let last = (1 << SEGMENTS_HEIGHT) - 1;
    assert_eq!(leaf(last), Some(lie.last.hash()), "{kind}: its last claim can be shown");
    assert_eq!(Claim::decode(&lie.last.encode()), Some(Claim::Block(lie.last)), "{kind}");
    if kind.is_perjury() {
        assert!(lie.place.claims.is_empty() && lie.tree == truth.interval.tree, "{kind}");
        return;
    }
    let segment = lie.place.segment;
    let differs = truth.interval.tree.first_difference(&lie.tree);
    assert_eq!(differs, usize::try_from(segment).ok(), "{kind}: true before, and false there");
    // What `dispute::Lie` plays with is the same tree.
    let played = truth.interval.tree.continued(segment, lie.place.claims.iter().copied());
    assert_eq!(played.unwrap().root(), lie.tree.root(), "{kind}");
    if has_true_end(kind) {
        assert_eq!(lie.last, truth.interval.last, "{kind}");
    }
}

/// Others may have it where a transaction that is skipped only shifts where a block is cut.
const fn has_true_end(kind: LieKind) -> bool {
    matches!(
        kind,
        LieKind::RightEnd | LieKind::ClaimedNumber | LieKind::InvalidInside | LieKind::EndedInside
    )
}

#[test]
fn every_kind_of_lie_can_be_told_about_a_history_that_has_something_of_all() {
    let world = history();
    let truth = truth(&world, GAS).unwrap();
    assert!(truth.interval.blocks.iter().any(|block| !block.slices.is_empty()), "no slices");
    let mut roots = BTreeSet::from([truth.interval.root()]);
    let mut kinds = 0;
    for kind in LieKind::all() {
        let lie = lie(kind, &world, &truth, 2, 0).unwrap();
        check(kind, &truth, &lie);
        if !kind.is_perjury() {
            assert!(roots.insert(lie.tree.root()), "{kind} is the same lie as another kind");
            assert_eq!(lie.last == truth.interval.last, has_true_end(kind), "{kind}");
        }
        let segment = lie.place.segment;
        match kind {
            LieKind::FirstSegment => assert!(segment < 32 && lie.block == Some(0)),
            LieKind::LastBlock => assert_eq!(lie.block, Some(truth.blocks.len() - 1)),
            LieKind::LastSegment => assert_eq!(segment, (1 << SEGMENTS_HEIGHT) - 1),
            _ if kind.is_perjury() => {}
            _ => assert!(lie.block.unwrap() >= 2, "{kind}"),
        }
        kinds += 1;
    }
    assert!(kinds >= 40, "{kinds}");
}

#[test]
fn lies_with_different_salts_are_different() {
    let world = history();
    let truth = truth(&world, GAS).unwrap();
    for kind in [LieKind::StateRoot, LieKind::ForgedWithdrawal, LieKind::InventedDeposit] {
        let roots = (0..10).map(|salt| lie(kind, &world, &truth, 1, salt).unwrap().tree.root());
        assert_eq!(roots.collect::<BTreeSet<_>>().len(), 10, "{kind}");
    }
}

#[test]
fn what_an_interval_does_not_have_cannot_be_lied_about() {
    // One empty block after the other.
    let idle = Round { l2: vec![], gap: 12, messages: vec![], posts: vec![] };
    let world = World::play(&vec![idle; 12]);
    let truth = truth(&world, GAS).unwrap();
    for kind in [LieKind::SkippedDeposit, LieKind::DroppedTransaction, LieKind::InventedBatch] {
        let error = lie(kind, &world, &truth, 0, 0).unwrap_err();
        assert!(matches!(error, LieError::Nothing { .. }), "{error}");
    }
    assert!(lie(LieKind::StateRoot, &world, &truth, 0, 0).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// In any history a lie is one, or there is none of its kind.
    #[test]
    fn lies_about_random_histories_are_lies(
        rounds in proptest::collection::vec(round(), 1..8),
        gas in 50_000_u64..400_000,
        from in 0_usize..9,
    ) {
        let world = World::play(&rounds);
        if let Some(truth) = truth(&world, gas) {
            for kind in LieKind::all() {
                match lie(kind, &world, &truth, from, 1) {
                    Ok(lie) => check(kind, &truth, &lie),
                    Err(LieError::Nothing { .. }) => {}
                    Err(error) => panic!("{kind}: {error}"),
                }
            }
        }
    }
}
