//! What the verifier remembers goes forward and back with L1.

use alloy_primitives::Address;

use super::*;
use crate::{journal::tests::lead, testing::TestDatabase};

fn l1(number: u64, fork: u8) -> BlockId {
    BlockId {
        number,
        hash: B256::from(alloy_primitives::U256::from(number * 256 + u64::from(fork))),
    }
}

fn derived(number: u64, derived_from: u64) -> DerivedRow {
    let hash = |number: u64| B256::from(alloy_primitives::U256::from(number + 1_000));
    let block = L2BlockRef {
        number,
        hash: hash(number),
        parent_hash: hash(number - 1),
        timestamp: 5 + number,
        origin: l1(derived_from - 1, 0),
        sequence_number: number % 3,
    };
    DerivedRow { block, output_root: root(number), derived_from }
}

fn root(number: u64) -> B256 {
    B256::from(alloy_primitives::U256::from(number + 7_000))
}

fn proposal(index: u64, l2_block: u64, output_root: B256, l1_block: BlockId) -> Proposal {
    let proposer = Address::repeat_byte(4);
    Proposal { index, l2_block, output_root, proposer, l1_block, verdict: Verdict::Unchecked }
}

async fn store() -> (TestDatabase, Fence, VerifierStore) {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let store = VerifierStore::new(test.database.clone());
    (test, fence, store)
}

#[tokio::test]
async fn derivation_goes_forward_and_back_with_l1() {
    let (test, fence, store) = store().await;
    assert_eq!(store.l1_blocks(u64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.head_at(99).await.unwrap(), None);
    store.processed(fence, l1(10, 0), &[]).await.unwrap();
    store.processed(fence, l1(11, 0), &[derived(1, 11), derived(2, 11)]).await.unwrap();
    store.processed(fence, l1(11, 0), &[derived(1, 11), derived(2, 11)]).await.expect("repeated");
    store.processed(fence, l1(12, 0), &[]).await.unwrap();
    store.processed(fence, l1(13, 0), &[derived(3, 13)]).await.unwrap();
    assert_eq!(store.l1_blocks(12, 2).await.unwrap(), [l1(12, 0), l1(11, 0)]);
    assert_eq!(store.head_at(13).await.unwrap(), Some(derived(3, 13)));
    assert_eq!(store.head_at(12).await.unwrap(), Some(derived(2, 11)));
    assert_eq!(store.head_at(10).await.unwrap(), None);
    assert_eq!(store.derived(2).await.unwrap(), Some(derived(2, 11)));

    // Neither gaps nor contradictions.
    for block in [l1(15, 0), l1(12, 1), l1(9, 0)] {
        let error = store.processed(fence, block, &[]).await.unwrap_err();
        assert!(matches!(error, VerifierError::NotNext { .. }), "{block:?}");
    }
    for rows in [[derived(5, 14)], [derived(3, 14)]] {
        let error = store.processed(fence, l1(14, 0), &rows).await.unwrap_err();
        assert!(matches!(error, VerifierError::BlockNotNext { .. }));
    }
    assert_eq!(store.l1_blocks(u64::MAX, 1).await.unwrap(), [l1(13, 0)], "all or nothing");

    store.unwind(fence, 11).await.unwrap();
    store.unwind(fence, 11).await.expect("repeated");
    assert_eq!(store.l1_blocks(u64::MAX, 9).await.unwrap(), [l1(11, 0), l1(10, 0)]);
    assert_eq!(store.head_at(99).await.unwrap(), Some(derived(2, 11)));
    store.processed(fence, l1(12, 1), &[derived(3, 12)]).await.unwrap();

    lead(&test, "b").await;
    let error = store.processed(fence, l1(13, 1), &[]).await.unwrap_err();
    assert!(matches!(error, VerifierError::Deposed(_)));
    assert!(matches!(store.unwind(fence, 1).await, Err(VerifierError::Deposed(_))));
    assert_eq!(store.derived(3).await.unwrap(), Some(derived(3, 12)));
}

#[tokio::test]
async fn verdicts_follow_from_the_roots_and_go_with_their_blocks() {
    let (test, fence, store) = store().await;
    store.processed(fence, l1(10, 0), &[derived(1, 10)]).await.unwrap();
    store.processed(fence, l1(11, 0), &[derived(2, 11)]).await.unwrap();
    store.processed(fence, l1(12, 0), &[]).await.unwrap();
    let right = proposal(0, 1, root(1), l1(11, 0));
    let wrong = proposal(1, 2, root(9), l1(11, 0));
    let late = proposal(2, 2, root(2), l1(12, 0));
    for proposal in [&right, &wrong, &late, &right] {
        store.add_proposal(fence, proposal).await.unwrap();
    }
    assert_eq!(store.unchecked(1).await.unwrap(), [right]);
    for proposal in store.unchecked(2).await.unwrap() {
        store.judge(fence, proposal.index, root(proposal.l2_block)).await.unwrap();
    }
    assert_eq!(store.unchecked(99).await.unwrap(), []);
    store.add_proposal(fence, &right).await.expect("seen again, it keeps its verdict");
    let agreed = Proposal { verdict: Verdict::Agreed, ..right };
    let disagreed = Proposal { verdict: Verdict::Disagreed { derived_root: root(2) }, ..wrong };
    let all = store.proposals(0, 10).await.unwrap();
    assert_eq!(all[..2], [agreed, disagreed]);
    assert_eq!(store.proposals(1, 1).await.unwrap(), [disagreed]);

    // L1 goes back: the proposal made above goes, a verdict on a block that goes is taken back, others stay.
    store.unwind(fence, 11).await.unwrap();
    assert_eq!(store.proposals(0, 10).await.unwrap(), [agreed, disagreed]);
    let deeper = store.unwind(fence, 10).await;
    deeper.unwrap();
    assert_eq!(store.proposals(0, 10).await.unwrap(), []);

    store.add_proposal(fence, &proposal(0, 2, root(2), l1(9, 0))).await.unwrap();
    store.processed(fence, l1(11, 1), &[derived(2, 11)]).await.unwrap();
    store.judge(fence, 0, root(2)).await.unwrap();
    store.unwind(fence, 10).await.unwrap();
    assert_eq!(store.proposals(0, 10).await.unwrap()[0].verdict, Verdict::Unchecked);

    sqlx::raw_sql("UPDATE proposals SET verdict = 'agreed', derived_root = '\\x00'")
        .execute(test.database.pool())
        .await
        .unwrap();
    assert!(store.proposals(0, 10).await.is_err());
}
