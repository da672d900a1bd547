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
    // Every third as one that nobody claims.
    let claims = (number % 3 != 2).then(|| StoredClaims {
        cursor_l1: derived_from,
        cursor_entries: u32::MAX,
        cursor_blocks: 7,
        slices: (0..number % 3).map(|_| Bytes::from(vec![7; 384])).collect(),
    });
    DerivedRow { block, output_root: root(number), derived_from, claims }
}

fn root(number: u64) -> B256 {
    B256::from(alloy_primitives::U256::from(number + 7_000))
}

/// The root over the claims that lead to an output root.
fn segments(output_root: B256) -> B256 {
    alloy_primitives::keccak256(output_root)
}

fn seen(index: u64, l2_block: u64, output_root: B256, l1_block: BlockId) -> SeenProposal {
    let (proposer, segments_root) = (Address::repeat_byte(4), segments(output_root));
    let id = index + 40;
    SeenProposal { id, index, l2_block, output_root, segments_root, proposer, l1_block }
}

fn stored(
    seen: SeenProposal,
    verdict: ProposalVerdict,
    derived_root: Option<B256>,
) -> StoredProposal {
    let SeenProposal { id, index, l2_block, output_root, segments_root, proposer, l1_block } = seen;
    let derived = derived_root.map(roots);
    StoredProposal {
        id,
        index,
        l2_block,
        output_root,
        segments_root,
        proposer,
        l1_block,
        verdict,
        derived,
    }
}

fn roots(output_root: B256) -> DerivedRoots {
    DerivedRoots { output_root, segments_root: segments(output_root) }
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
    let last = [derived(2, 11), derived(3, 13)];
    assert_eq!(store.derived_blocks(2, u64::MAX).await.unwrap(), last);
    assert_eq!(store.derived_blocks(1, 2).await.unwrap(), [derived(1, 11), derived(2, 11)]);
    assert!(store.has_claims().await.unwrap());

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
    let right = seen(0, 1, root(1), l1(11, 0));
    let wrong = seen(1, 2, root(9), l1(11, 0));
    let segments_wrong = SeenProposal { segments_root: root(9), ..seen(2, 2, root(2), l1(12, 0)) };
    for proposal in [&right, &wrong, &segments_wrong, &right] {
        store.add_proposal(fence, proposal).await.unwrap();
    }
    let unchecked = |seen| stored(seen, ProposalVerdict::Unchecked, None);
    let all = [right, wrong, segments_wrong].map(unchecked);
    assert_eq!(store.proposals().await.unwrap(), all);
    for (index, agrees, derived) in [(0, true, 1), (1, false, 2), (2, false, 2)] {
        store.judge(fence, index, agrees, &roots(root(derived))).await.unwrap();
    }
    store.add_proposal(fence, &right).await.expect("seen again, it keeps its verdict");
    let agreed = stored(right, ProposalVerdict::Agreed, Some(root(1)));
    let disagreed = stored(wrong, ProposalVerdict::Disagreed, Some(root(2)));
    let partly = stored(segments_wrong, ProposalVerdict::Disagreed, Some(root(2)));
    assert_eq!(store.proposals().await.unwrap(), [agreed, disagreed, partly]);

    // Disputes: another has the place of the first, and what stood behind is gone.
    store.remove_proposals(fence, 2).await.unwrap();
    let brought = SeenProposal { id: 50, ..right };
    store.add_proposal(fence, &brought).await.unwrap();
    assert_eq!(store.proposals().await.unwrap(), [unchecked(brought), disagreed]);
    store.remove_proposals(fence, 0).await.unwrap();
    assert_eq!(store.proposals().await.unwrap(), []);
    for proposal in [&right, &wrong, &segments_wrong] {
        store.add_proposal(fence, proposal).await.unwrap();
    }
    for (index, agrees, derived) in [(0, true, 1), (1, false, 2), (2, false, 2)] {
        store.judge(fence, index, agrees, &roots(root(derived))).await.unwrap();
    }

    // L1 goes back: a proposal made above goes, the others stay.
    store.unwind(fence, 11).await.unwrap();
    assert_eq!(store.proposals().await.unwrap(), [agreed, disagreed]);
    store.unwind(fence, 10).await.unwrap();
    assert_eq!(store.proposals().await.unwrap(), []);

    // A verdict on a block that goes is taken back.
    let early = seen(0, 2, root(2), l1(9, 0));
    store.add_proposal(fence, &early).await.unwrap();
    store.processed(fence, l1(11, 1), &[derived(2, 11)]).await.unwrap();
    store.judge(fence, 0, true, &roots(root(2))).await.unwrap();
    store.unwind(fence, 10).await.unwrap();
    assert_eq!(store.proposals().await.unwrap(), [unchecked(early)]);

    sqlx::raw_sql(
        "UPDATE proposals SET verdict = 'agreed', derived_root = sha256('another'),
             derived_segments_root = sha256('another')",
    )
    .execute(test.database.pool())
    .await
    .unwrap();
    assert!(matches!(store.proposals().await, Err(VerifierError::Corrupt(0))));
    lead(&test, "b").await;
    let deposed = store.judge(fence, 0, true, &roots(root(2))).await;
    assert!(matches!(deposed, Err(VerifierError::Deposed(_))));
}

#[tokio::test]
async fn blobs_go_with_their_l1_blocks() {
    let (_test, fence, store) = store().await;
    let blob = |byte: u8| (B256::repeat_byte(byte), Bytes::from(vec![byte; 131_072]));
    let two = [blob(1), blob(2)].into();
    assert_eq!(store.keep_blobs(fence, 10, &two).await.unwrap(), 2);
    assert_eq!(store.keep_blobs(fence, 10, &two).await.expect("repeated"), 0);
    // The same blob in another L1 block is kept for that one too.
    assert_eq!(store.keep_blobs(fence, 12, &[blob(2)].into()).await.unwrap(), 1);
    assert_eq!(store.kept_blobs(10).await.unwrap(), two);
    assert_eq!(store.kept_blobs(11).await.unwrap(), [].into());
    assert_eq!(store.kept_blobs(u64::MAX).await.unwrap(), [].into());
    assert_eq!(store.forget_blobs(fence, 10).await.unwrap(), 0);
    assert_eq!(store.count_blobs().await.unwrap(), 3);
    store.unwind(fence, 11).await.unwrap();
    assert_eq!(store.kept_blobs(12).await.unwrap(), [].into());
    assert_eq!(store.forget_blobs(fence, 11).await.unwrap(), 2);
    assert_eq!(store.count_blobs().await.unwrap(), 0);
    // What is no blob does not get in.
    let short = [(B256::ZERO, Bytes::from(vec![0; 5]))].into();
    store.keep_blobs(fence, 13, &short).await.unwrap_err();
}
