//! A proposal is judged by the L1 that it has pinned, and by all alike: status, proposer and player.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{Address, B256, U256};
use db::testing::TestDatabase;
use dispute::{Act, Game, Need, Player, ProposalState, Rules, decide};
use l1::{L1Evidence, L1Source, Proposal};
use transition::ChainParameters;

use super::{
    run::{config, start},
    world::{
        Claim,
        Content::{Busy, Empty},
        INTERVAL, World,
    },
};
use crate::{
    Pins, Segments, Status,
    claims::SEGMENTS_HEIGHT,
    player::{Built, OwnTrees, Part, Pinned, Trees},
    proposer::is_due,
};

/// The player's trees, from what a verifier has derived of this world.
fn trees(world: &World, test: &TestDatabase) -> OwnTrees {
    let segment_gas = config().segment_gas;
    let parameters = ChainParameters { segment_gas, ..ChainParameters::new(&world.rollup) };
    let l1 = L1Source::Recorded(world.l1.clone());
    let evidence = L1Evidence::Recorded(Arc::default());
    let rollup = world.rollup.clone();
    OwnTrees::new(Segments::new(rollup, parameters, &test.database, l1, evidence, 1).unwrap())
}

fn pinned(proposal: &Proposal) -> Pinned {
    Pinned {
        id: proposal.id,
        parent_block: proposal.parent_block,
        l2_block: proposal.l2_block,
        segments_root: proposal.segments_root,
        batch_accumulator: proposal.batch_accumulator,
        message_accumulator: proposal.message_accumulator,
        l1_number: proposal.l1_block,
        l1_parent_hash: proposal.l1_parent_hash,
    }
}

/// A proposal that stands and that nobody has disputed.
fn undisputed(proposal: &Proposal, parent_claim: B256) -> Game {
    let height = u8::try_from(SEGMENTS_HEIGHT).unwrap();
    Game {
        time: proposal.timestamp + 1,
        proposal: ProposalState {
            id: proposal.id,
            index: proposal.index,
            l2_block: proposal.l2_block,
            stands: true,
            parent_claim,
            claim: proposal.claim,
            segments_root: proposal.segments_root,
            children: [B256::ZERO; 2],
            proposer: proposal.proposer,
            timestamp: proposal.timestamp,
            tournament: None,
            decided: false,
            is_final: false,
            bond_claimed: false,
            waits_for_earlier: false,
            waits_for_passing: false,
        },
        rules: Rules { heights: [height, 18, 18], bonds: [U256::ONE; 3], window: 60, effort: 20 },
        tournaments: BTreeMap::new(),
        commitments: BTreeMap::new(),
        matches: BTreeMap::new(),
        refunds: Vec::new(),
        credit: U256::ZERO,
    }
}

/// What the player does about a proposal.
async fn played(world: &World, test: &TestDatabase, proposal: &Proposal) -> Vec<Act> {
    let built = Built::default();
    let part = trees(world, test).build(pinned(proposal), Vec::new(), Need::Segments).await;
    let part = part.unwrap().expect("the pinned L1 is derived");
    let Part::Claims(claims) = &part else { panic!("{part:?}") };
    let parent_claim = claims.parent;
    assert!(built.put(Need::Segments, part));
    let player = Player { account: Address::repeat_byte(7), collect_min: U256::ZERO };
    let decision = decide(&undisputed(proposal, parent_claim), &mut built.clone(), &player);
    assert!(decision.lacks.is_empty());
    decision.acts
}

/// What a proposer would do about the interval after the second.
fn builds_on_it(status: &Status) -> bool {
    is_due(status, 2 * INTERVAL, 3 * INTERVAL)
}

/// Somebody knew what would be posted, and proposed it before it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_proposed_before_it_was_posted_is_wrong_to_all() {
    let mut world = World::new();
    let test = TestDatabase::create().await;
    let batch = world.batch(&[Busy, Empty, Busy, Empty]);
    world.mine(Vec::new(), vec![batch]);
    let second = world.batch(&[Busy, Busy, Busy, Busy]);
    world.mine_empty(1);
    world.mine(Vec::new(), vec![second.clone()]);
    let early = Claim::true_of(world.oracle(), 2 * INTERVAL);
    world.reorg(2);
    let first = Claim::true_of(world.oracle(), INTERVAL);
    let genesis = Claim { l2_block: 0, output: world.oracle().output(0), segments: B256::ZERO };
    world.mine_with(Vec::new(), Vec::new(), vec![genesis, first, early]);
    let proposal = world.proposals[2];

    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| status.disagreements.len() == 1).await;
    let wrong = &status.disagreements[0];
    assert_eq!((wrong.proposal, wrong.derived_output_root), (2, None));
    assert_eq!((status.proposals_pending, status.agreed_to), (0, Some(INTERVAL)));

    // It is posted as foreseen, and what was claimed is what is derived. That changes nothing.
    world.mine(Vec::new(), vec![second]);
    assert_eq!(Claim::true_of(world.oracle(), 2 * INTERVAL).segments, early.segments);
    let third = world.batch(&[Busy, Empty, Busy, Empty]);
    world.mine(Vec::new(), vec![third]);
    let derived = |status: &Status| status.synced && status.head.number == 3 * INTERVAL;
    let status = verifier.until(derived).await;
    assert_eq!((status.disagreements.len(), status.first_bad_block), (1, Some(2 * INTERVAL)));
    assert!(!builds_on_it(&status));
    let acts = played(&world, &test, &proposal).await;
    assert!(matches!(acts[..], [Act::Dispute { index: 2, .. }]), "{acts:?}");
    verifier.stop().await;

    // A restart thinks the same of it. Then a dispute takes it away, and the same is true once it is proposed again.
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| status.synced && status.disagreements.len() == 1).await;
    assert!(!builds_on_it(&status));
    world.dispute(2, early);
    let status = verifier.until(|status| status.agreed_to == Some(2 * INTERVAL)).await;
    assert_eq!((status.disagreements.len(), status.proposals_pending), (0, 0));
    assert!(builds_on_it(&status));
    let acts = played(&world, &test, world.proposals.last().unwrap()).await;
    assert_eq!(acts, []);
    verifier.stop().await;
}

/// What two readers of one proposal make of its pins.
#[test]
fn pins_are_those_of_the_proposal() {
    let proposal = Claim { l2_block: INTERVAL, output: B256::ZERO, segments: B256::ZERO };
    let mut world = World::new();
    world.mine_with(Vec::new(), Vec::new(), vec![proposal]);
    let proposal = Proposal {
        batch_accumulator: B256::repeat_byte(1),
        message_accumulator: B256::repeat_byte(2),
        ..world.proposals[0]
    };
    assert_eq!(Pins::from(&pinned(&proposal)), Pins::from(&proposal));
}
