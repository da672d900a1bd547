//! Who covers a block, where each proposal covers another number of them, and what is asked of L1 for it.

use alloy::primitives::{Address, B256, keccak256};
use derivation::L1Block;
use l1::{RecordedL1, RecordedProposals};
use proptest::prelude::*;
use protocol::L1Origin;

use super::*;

fn l1_block(number: u64) -> L1Block {
    let hash = |number: u64| keccak256(number.to_be_bytes());
    let origin = L1Origin {
        number,
        hash: hash(number),
        timestamp: 12 * number,
        base_fee: 1,
        blob_base_fee: 1,
        prev_randao: B256::ZERO,
        parent_beacon_block_root: B256::ZERO,
    };
    let parent_hash = hash(number.saturating_sub(1));
    L1Block { origin, parent_hash, batches: Vec::new(), messages: Vec::new() }
}

fn proposal(index: u64, parent_block: u64, l2_block: u64) -> Proposal {
    Proposal {
        id: index,
        index,
        output_root: B256::ZERO,
        claim: B256::ZERO,
        l2_block,
        parent_block,
        segments_root: B256::ZERO,
        batch_accumulator: B256::ZERO,
        message_accumulator: B256::ZERO,
        l1_block: 7,
        l1_parent_hash: B256::ZERO,
        tournament: None,
        proposer: Address::ZERO,
        timestamp: 0,
        bond_claimed: false,
        decided: index == 0,
    }
}

/// The genesis and what follows, each for so many blocks, in L1 block 7; the last block of each.
fn listed(blocks: &[u64]) -> (Proposals, Arc<RecordedProposals>, Vec<u64>) {
    let mut ends = vec![0];
    let mut list = vec![proposal(0, 0, 0)];
    for (index, blocks) in (1..).zip(blocks) {
        let parent = ends.last().copied().unwrap_or_default();
        list.push(proposal(index, parent, parent + blocks));
        ends.push(parent + blocks);
    }
    let l1 = RecordedL1::new(Vec::new());
    let recorded = RecordedProposals::new(l1.clone());
    recorded.extend(vec![l1_block(7)], list);
    let source = ProposalSource::Recorded(recorded.clone());
    (Proposals::new(source, l1.tip()), recorded, ends)
}

/// Every answer is that of a search through the whole list, in whatever order blocks are asked for.
async fn compare(blocks: Vec<u64>, asked: Vec<u64>) {
    let (proposals, _, ends) = listed(&blocks);
    let last = ends.last().copied().unwrap_or_default();
    for block in asked.into_iter().map(|block| block % (last + 2)) {
        let naive = ends.iter().position(|end| *end >= block).map(|index| index as u64);
        let found = proposals.covering(block).await.unwrap();
        assert_eq!(found.map(|found| found.proposal.index), naive, "block {block} of {ends:?}");
        assert_eq!(proposals.cover(block).await.unwrap(), naive.is_some());
        if let Some(Standing { proposal, is_final }) = found {
            assert!((proposal.first_block()..=proposal.l2_block).contains(&block));
            assert_eq!(is_final, proposal.index == 0);
        }
    }
}

proptest! {
    #[test]
    fn the_first_that_covers_a_block_is_found_whatever_each_covers(
        blocks in prop::collection::vec(1_u64..50, 0..20),
        asked in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(blocks, asked));
    }
}

#[tokio::test]
async fn so_many_are_read_for_an_l1_block_and_no_more() {
    let many = PROPOSALS_READ_MAX as u64 + 10;
    let (proposals, recorded, _) = listed(&vec![3; usize::try_from(many).unwrap()]);
    // Each covers three blocks, and is read once.
    for block in 1..=3 * PROPOSALS_READ_MAX as u64 {
        assert!(proposals.covering(block).await.unwrap().is_some());
    }
    let beyond = 3 * PROPOSALS_READ_MAX as u64 + 1;
    let spent = proposals.covering(beyond).await.unwrap_err();
    assert!(matches!(spent, ProposalsError::Spent), "{spent:?}");
    assert!(matches!(proposals.newest(1).await.unwrap_err(), ProposalsError::Spent));
    // What costs nothing is still answered.
    assert!(proposals.covering(2).await.unwrap().is_some());
    assert!(proposals.covering(3 * many + 1).await.unwrap().is_none());
    assert!(proposals.cover(beyond).await.unwrap());
    // With the next L1 block it begins anew.
    recorded.extend(vec![l1_block(8)], Vec::new());
    assert!(proposals.covering(beyond).await.unwrap().is_some());
}

/// The one that stood covered two intervals; after its dispute the list ends with a block that is no multiple.
#[tokio::test]
async fn what_a_dispute_has_brought_covers_what_it_says() {
    let (proposals, recorded, _) = listed(&[32, 64, 32]);
    let of = async |block| {
        let found = proposals.covering(block).await.unwrap();
        found.map(|found| (found.proposal.first_block(), found.proposal.l2_block))
    };
    assert_eq!(of(70).await, Some((33, 96)));
    assert_eq!(of(100).await, Some((97, 128)));
    let brought = Proposal { id: 4, l1_block: 8, decided: true, ..proposal(2, 32, 70) };
    recorded.extend(vec![l1_block(8)], vec![brought]);
    assert_eq!(of(70).await, Some((33, 70)));
    assert_eq!(of(71).await, None);
    assert!(proposals.covering(70).await.unwrap().unwrap().is_final);
    // What follows goes on to a multiple.
    let next = Proposal { id: 5, l1_block: 9, ..proposal(3, 70, 128) };
    recorded.extend(vec![l1_block(9)], vec![next]);
    assert_eq!(of(71).await, Some((71, 128)));
}
