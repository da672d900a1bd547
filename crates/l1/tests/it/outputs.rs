//! Proposals of the real oracle.

use alloy::{
    eips::{BlockId as AtBlock, BlockNumberOrTag},
    primitives::B256,
};
use bindings::OutputOracle::proposeOutputCall;
use l1::{L1Error, Outputs, Severity};

use crate::harness::{L1, OWNER};

#[tokio::test]
async fn proposals_are_listed_with_what_they_pin() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let oracle = rollup.contracts.output_oracle;
    let outputs = Outputs::new(l1.client.clone(), oracle);
    let latest = AtBlock::latest();
    assert_eq!(outputs.count(latest).await.unwrap(), 1, "the genesis output");
    let genesis = outputs.proposal(0, latest).await.unwrap();
    assert_eq!(genesis.output_root, B256::repeat_byte(1));
    assert!(genesis.proposer.is_zero());

    let next_block = outputs.next_block(latest).await.unwrap();
    let parent = l1.client.header(BlockNumberOrTag::Latest).await.unwrap();
    let propose = proposeOutputCall {
        outputRoot: B256::repeat_byte(2),
        l2BlockNumber: alloy::primitives::U256::from(next_block),
        segmentsRoot: B256::repeat_byte(3),
        l1BlockHash: parent.hash,
        l1BlockNumber: alloy::primitives::U256::from(parent.number),
    };
    let receipt = l1.call(OWNER, oracle, 1_000, propose).await;
    let block_hash = receipt.block_hash.unwrap();

    let made = outputs.made_in(block_hash).await.unwrap();
    assert_eq!(made.len(), 1);
    let proposal = made[0];
    assert_eq!(proposal.index, 1);
    assert_eq!(proposal.l2_block, next_block);
    assert_eq!(proposal.segments_root, B256::repeat_byte(3));
    assert_eq!(proposal.proposer, OWNER);
    assert_eq!(Some(proposal.l1_block), receipt.block_number);
    assert_eq!(proposal.l1_parent_hash, parent.hash);
    assert!(!proposal.bond_claimed);
    assert!(!outputs.is_final(1, latest).await.unwrap());
    assert_eq!(outputs.list(0, 10, block_hash).await.unwrap(), [genesis, proposal]);
    assert_eq!(outputs.list(1, 1, block_hash).await.unwrap(), [proposal]);
    assert!(outputs.made_in(parent.hash).await.unwrap().is_empty());

    let error = outputs.proposal(9, latest).await.unwrap_err();
    assert_eq!(error.severity(), Severity::Temporary);
    let wrong = Outputs::new(l1.client.clone(), OWNER).count(latest).await.unwrap_err();
    assert!(matches!(wrong, L1Error::Decode { .. }), "{wrong:?}");
    assert_eq!(wrong.severity(), Severity::Critical);
}
