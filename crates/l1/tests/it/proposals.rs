//! Recorded proposals, which cover different numbers of blocks and go by disputes: who covers a block.

use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use derivation::L1Block;
use l1::{L1Error, Proposal, ProposalSource, RecordedL1, RecordedProposals};
use proptest::prelude::*;
use protocol::{BlockId, L1Origin};

fn l1_block(number: u64) -> L1Block {
    let hash = |number: u64| keccak256(number.to_be_bytes());
    L1Block {
        origin: L1Origin {
            number,
            hash: hash(number),
            timestamp: 12 * number,
            base_fee: 1,
            blob_base_fee: 1,
            prev_randao: B256::ZERO,
            parent_beacon_block_root: B256::ZERO,
        },
        parent_hash: hash(number.saturating_sub(1)),
        batches: Vec::new(),
        messages: Vec::new(),
    }
}

fn proposal(id: u64, index: u64, blocks: (u64, u64), l1_block: u64) -> Proposal {
    Proposal {
        id,
        index,
        output_root: B256::ZERO,
        claim: B256::ZERO,
        l2_block: blocks.1,
        parent_block: blocks.0,
        segments_root: B256::ZERO,
        batch_accumulator: B256::ZERO,
        message_accumulator: B256::ZERO,
        l1_block,
        l1_parent_hash: B256::ZERO,
        tournament: None,
        proposer: Address::ZERO,
        timestamp: 0,
        bond_claimed: false,
        decided: false,
    }
}

/// The list as L1 makes it: each element goes `blocks` beyond the one before it, or first takes the place of the one at
/// `place`, with all that is behind.
fn record(recorded: &RecordedProposals, steps: &[(u64, Option<usize>)]) -> Vec<u64> {
    let mut ends = vec![0];
    recorded.extend(vec![l1_block(0)], vec![proposal(0, 0, (0, 0), 0)]);
    for (id, (blocks, place)) in (1..).zip(steps) {
        if let Some(place) = place {
            ends.truncate(1 + place % ends.len());
        }
        let parent = ends.last().copied().unwrap_or_default();
        let index = ends.len() as u64;
        ends.push(parent + blocks);
        recorded
            .extend(vec![l1_block(id)], vec![proposal(id, index, (parent, parent + blocks), id)]);
    }
    ends
}

async fn compare(steps: Vec<(u64, Option<usize>)>) -> Result<(), L1Error> {
    let l1 = RecordedL1::new(Vec::new());
    let recorded = RecordedProposals::new(Arc::clone(&l1));
    let ends = record(&recorded, &steps);
    let source = ProposalSource::Recorded(recorded);
    let at = l1_block(steps.len() as u64).id();
    let last = ends.last().copied().unwrap_or_default();
    assert_eq!(source.count(at).await?, ends.len() as u64);
    assert_eq!(source.latest_block(at).await?, last);
    let all = source.list(0, u64::MAX, at).await?;
    for block in 0..=last + 1 {
        let naive = ends.iter().position(|end| *end >= block).map(|index| index as u64);
        assert_eq!(source.covering(block, at).await?, naive, "block {block} of {ends:?}");
        for proposal in &all {
            assert_eq!(proposal.covers(block), Some(proposal.index) == naive, "{proposal:?}");
        }
    }
    // Before there was more than the genesis.
    let before = l1_block(0).id();
    assert_eq!(source.covering(0, before).await?, Some(0));
    assert_eq!(source.covering(1, before).await?, None);
    Ok(())
}

proptest! {
    #[test]
    fn the_first_that_covers_a_block_is_found_in_an_uneven_list(
        steps in prop::collection::vec((1_u64..20, prop::option::weighted(0.2, 0_usize..8)), 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(steps)).unwrap();
    }
}

#[tokio::test]
async fn what_is_asked_of_a_block_that_l1_does_not_have_is_refused() {
    let l1 = RecordedL1::new(Vec::new());
    let recorded = RecordedProposals::new(Arc::clone(&l1));
    record(&recorded, &[(8, None)]);
    let source = ProposalSource::Recorded(recorded);
    let other = BlockId { number: 1, hash: B256::repeat_byte(7) };
    for error in [
        source.latest_block(other).await.unwrap_err(),
        source.covering(1, other).await.unwrap_err(),
    ] {
        assert!(matches!(error, L1Error::BlockMissing { .. }), "{error:?}");
    }
}
