//! Proposals of the real oracle, and one that goes without a reorg.

use alloy::{
    eips::{BlockId as AtBlock, BlockNumberOrTag},
    primitives::{B256, U256, keccak256},
    providers::ext::AnvilApi,
    rpc::types::TransactionReceipt,
    sol_types::SolValue,
};
use bindings::{
    Claims::BlockClaim,
    DisputeOracle::{disputeCall, matchIdCall, proposeOutputCall, resolveCall, timeoutCall},
};
use l1::{DisputedProgram, Disputes, L1Error, Outputs, Proposal, Severity};

use crate::harness::{BOND, L1, OWNER, claim};

/// Height of the tree of segments.
const HEIGHT: usize = 30;

/// A claim that ends with this L2 block.
fn ending(number: u8, l2_block: u64) -> BlockClaim {
    BlockClaim { number: l2_block, ..claim(number) }
}

fn hash(claim: &BlockClaim) -> B256 {
    keccak256(claim.abi_encode())
}

/// The tree of which this claim is the last leaf and all siblings on its way are zero: its root, or a node below.
fn node(last: &BlockClaim, height: usize) -> B256 {
    (0..height).fold(hash(last), |node, _| keccak256([B256::ZERO, node].concat()))
}

/// Proposes what follows on `parent`.
async fn propose(
    l1: &L1,
    outputs: &Outputs,
    last: &BlockClaim,
    parent: &BlockClaim,
) -> TransactionReceipt {
    let head = l1.client.header(BlockNumberOrTag::Latest).await.unwrap();
    let call = proposeOutputCall {
        last: last.clone(),
        proof: vec![B256::ZERO; HEIGHT],
        parentClaim: hash(parent),
        l2BlockNumber: U256::from(last.number),
        l1BlockHash: head.hash,
        l1BlockNumber: U256::from(head.number),
    };
    l1.call(OWNER, outputs.oracle(), BOND, call).await
}

#[tokio::test]
async fn proposals_are_listed_with_what_they_pin() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let outputs = Outputs::new(l1.client.clone(), rollup.contracts.output_oracle);
    let latest = AtBlock::latest();
    assert_eq!(outputs.count(latest).await.unwrap(), 1, "the genesis");
    let genesis = outputs.proposal(0, latest).await.unwrap();
    assert_eq!((genesis.claim, genesis.decided), (hash(&claim(0)), true));
    assert_eq!((genesis.parent_block, genesis.l2_block, genesis.first_block()), (0, 0, 0));
    assert!(genesis.proposer.is_zero());

    let parent = l1.client.header(BlockNumberOrTag::Latest).await.unwrap();
    // The next block is the least that it may be for; this one covers three intervals.
    assert_eq!(outputs.next_block(latest).await.unwrap(), 10);
    let last = ending(2, 30);
    let receipt = propose(&l1, &outputs, &last, &claim(0)).await;
    let block_hash = receipt.block_hash.unwrap();

    let made = outputs.made_in(block_hash).await.unwrap();
    assert_eq!(made.len(), 1);
    let proposal = made[0];
    assert_eq!((proposal.id, proposal.index), (1, 1));
    assert_eq!((proposal.parent_block, proposal.l2_block, proposal.first_block()), (0, 30, 1));
    assert_eq!((proposal.claim, proposal.segments_root), (hash(&last), node(&last, HEIGHT)));
    let parts = [B256::ZERO, B256::ZERO, B256::ZERO, B256::repeat_byte(2)];
    assert_eq!(proposal.output_root, keccak256(parts.concat()));
    assert_eq!(proposal.proposer, OWNER);
    assert_eq!(Some(proposal.l1_block), receipt.block_number);
    assert_eq!(proposal.l1_parent_hash, parent.hash);
    assert_eq!(
        (proposal.tournament, proposal.bond_claimed, proposal.decided),
        (None, false, false)
    );
    assert!(!outputs.is_final(1, latest).await.unwrap());
    assert_eq!(outputs.list(0, 10, block_hash).await.unwrap(), [genesis, proposal]);
    assert_eq!(outputs.list(1, 1, block_hash).await.unwrap(), [proposal]);
    assert!(outputs.made_in(parent.hash).await.unwrap().is_empty());
    assert_eq!(outputs.removed_in(block_hash).await.unwrap(), None);
    assert_eq!(outputs.id(1, latest).await.unwrap(), Some(1));
    assert_eq!(outputs.id(9, latest).await.unwrap(), None);
    assert_eq!(outputs.latest_block(latest).await.unwrap(), 30);
    for (block, index) in [(0, Some(0)), (1, Some(1)), (30, Some(1)), (31, None)] {
        assert_eq!(outputs.covering(block, block_hash).await.unwrap(), index, "block {block}");
    }
    // One more question about the state before it.
    assert_eq!(outputs.covering(1, parent.hash).await.unwrap(), None);

    let error = outputs.proposal(9, latest).await.unwrap_err();
    assert_eq!(error.severity(), Severity::Temporary);
    let wrong = Outputs::new(l1.client.clone(), OWNER).count(latest).await.unwrap_err();
    assert!(matches!(wrong, L1Error::Decode { .. }), "{wrong:?}");
    assert_eq!(wrong.severity(), Severity::Critical);
}

/// Nobody moves for the first of two, so the other takes its place, and what built on it is gone.
#[tokio::test]
async fn an_index_has_another_id_after_a_dispute() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let outputs = Outputs::new(l1.client.clone(), rollup.contracts.output_oracle);
    let (oracle, latest) = (outputs.oracle(), AtBlock::latest());
    let (first, second) = (ending(2, 20), ending(3, 30));
    // Not even what it ends with is a block that gets proposed.
    let truth = ending(4, 7);
    propose(&l1, &outputs, &first, &claim(0)).await;
    propose(&l1, &outputs, &second, &first).await;
    let lost = outputs.proposal(1, latest).await.unwrap();

    let dispute = disputeCall {
        index: U256::ONE,
        left: B256::ZERO,
        right: node(&first, HEIGHT - 1),
        lastLeaf: hash(&truth),
        proof: vec![B256::ZERO; HEIGHT],
    };
    l1.call(OWNER, oracle, BOND, dispute).await;
    let disputed = outputs.proposal(1, latest).await.unwrap();
    let tournament = disputed.tournament.unwrap();
    assert_eq!(disputed, Proposal { tournament: Some(tournament), ..lost });
    l1.client.provider().anvil_increase_time(61).await.unwrap();
    l1.mine(1).await;
    let (one, two) = (node(&first, HEIGHT), node(&truth, HEIGHT));
    let id = matchIdCall { tournament, one, two };
    let id = l1.client.call(oracle, id, latest).await.unwrap();
    l1.call(OWNER, oracle, 0, timeoutCall { id }).await;
    let (proof, last) = (vec![B256::ZERO; HEIGHT], truth.clone());
    let resolve = resolveCall { tournament, lastLeaf: hash(&truth), proof, last };
    let receipt = l1.call(OWNER, oracle, 0, resolve).await;
    let block_hash = receipt.block_hash.unwrap();

    assert_eq!(outputs.removed_in(block_hash).await.unwrap(), Some(1));
    let brought = outputs.made_in(block_hash).await.unwrap();
    assert_eq!(brought, [outputs.proposal(1, latest).await.unwrap()]);
    assert_eq!((brought[0].id, brought[0].index, brought[0].claim), (3, 1, hash(&truth)));
    assert_eq!((brought[0].parent_block, brought[0].l2_block), (0, 7));
    assert!(brought[0].decided && outputs.is_final(1, latest).await.unwrap());
    assert_eq!(outputs.id(1, latest).await.unwrap(), Some(3));
    assert_eq!(outputs.id(2, latest).await.unwrap(), None);
    assert_eq!(outputs.by_id(1, latest).await.unwrap(), disputed);

    // What comes next goes on from there.
    assert_eq!(outputs.covering(7, block_hash).await.unwrap(), Some(1));
    assert_eq!(outputs.covering(8, block_hash).await.unwrap(), None);
    let next = ending(5, outputs.next_block(latest).await.unwrap());
    let block_hash = propose(&l1, &outputs, &next, &truth).await.block_hash.unwrap();
    assert_eq!(outputs.covering(8, block_hash).await.unwrap(), Some(2));
    let next = outputs.proposal(2, latest).await.unwrap();
    assert!(next.covers(8) && !next.covers(7) && next.l2_block.is_multiple_of(10));
}

#[tokio::test]
async fn the_oracle_says_what_it_disputes_with() {
    let l1 = L1::start().await;
    let oracle = l1.deploy().await.contracts.output_oracle;
    let head = l1.client.header(BlockNumberOrTag::Latest).await.unwrap();
    let program = Disputes::new(l1.client.clone(), oracle).program(head.hash).await.unwrap();
    let (initial_state, parameters_hash) = (B256::repeat_byte(8), B256::repeat_byte(9));
    assert_eq!(program, DisputedProgram { initial_state, parameters_hash });
}
