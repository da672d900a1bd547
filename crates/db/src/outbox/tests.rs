//! Nothing can be sent twice, whoever tries, and a restart finds everything that was meant.

use super::*;
use crate::{journal::tests::lead, testing::TestDatabase};

fn request(size: usize) -> OutboxRequest {
    OutboxRequest {
        to: Address::repeat_byte(9),
        value: U256::from(5),
        input: vec![1; size].into(),
        gas_limit: (size > 2).then_some(77_000),
        blob_data: (size > 1).then(|| vec![2; size * 1_000].into()),
    }
}

fn attempt(hash: u8, nonce: u64) -> OutboxAttempt {
    OutboxAttempt {
        hash: B256::repeat_byte(hash),
        nonce,
        gas_limit: 100_000,
        fee_per_gas: u128::MAX,
        tip_per_gas: 1,
        fee_per_blob_gas: 0,
        cancels: hash > 100,
    }
}

fn inclusion(hash: u8, succeeded: bool) -> OutboxInclusion {
    let block = BlockId { number: 5, hash: B256::repeat_byte(0xbb) };
    OutboxInclusion { hash: B256::repeat_byte(hash), block, succeeded }
}

async fn outbox() -> (TestDatabase, Fence, Outbox) {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let outbox = Outbox::new(test.database.clone(), Address::repeat_byte(1));
    (test, fence, outbox)
}

#[tokio::test]
async fn a_record_lives_from_intent_to_outcome() {
    let (_test, fence, outbox) = outbox().await;
    let coverage = Coverage::Batch { first: 1, last: 9 };
    let record = outbox.insert(fence, "batch/1-9/0", coverage, &request(3)).await.unwrap();
    assert_eq!((&record.request, record.entry.coverage), (&request(3), coverage));
    // The same key is the same record, whatever is asked for the second time.
    let again = outbox.insert(fence, "batch/1-9/0", Coverage::Other, &request(1)).await.unwrap();
    assert_eq!(again, record);

    let id = record.entry.id;
    outbox.record_attempt(fence, id, &attempt(10, 7)).await.unwrap();
    outbox.record_attempt(fence, id, &attempt(10, 7)).await.expect("repeating is fine");
    outbox.record_attempt(fence, id, &attempt(11, 7)).await.unwrap();
    outbox.set_inclusion(fence, id, Some(&inclusion(11, true))).await.unwrap();
    let open = outbox.open().await.unwrap();
    assert_eq!(open[0].attempts, [attempt(10, 7), attempt(11, 7)]);
    assert_eq!(open[0].entry.inclusion, Some(inclusion(11, true)));
    assert_eq!(open[0].entry.nonce, Some(7));
    outbox.set_inclusion(fence, id, None).await.unwrap();
    outbox.release_nonce(fence, id).await.unwrap();
    outbox.request_cancel(fence, id).await.unwrap();
    let open = outbox.open().await.unwrap();
    assert_eq!((open[0].entry.inclusion, open[0].entry.nonce), (None, None));
    assert!(open[0].entry.cancel_requested && open[0].attempts.len() == 2);

    let outcome = OutboxOutcome::Confirmed(inclusion(11, true));
    outbox.close(fence, id, &outcome).await.unwrap();
    outbox.close(fence, id, &outcome).await.expect("repeating is fine");
    assert_eq!(outbox.open().await.unwrap(), []);
    let closed = outbox.by_key("batch/1-9/0").await.unwrap().unwrap();
    assert_eq!(closed.entry.outcome, Some(outcome));
    let other = OutboxOutcome::Cancelled(None);
    assert!(matches!(outbox.close(fence, id, &other).await, Err(OutboxError::NotOpen(_))));
    let late = outbox.record_attempt(fence, id, &attempt(12, 8)).await;
    assert!(matches!(late, Err(OutboxError::NotOpen(_))));
}

#[tokio::test]
async fn every_outcome_comes_back() {
    let (_test, fence, outbox) = outbox().await;
    let outcomes = [
        OutboxOutcome::Confirmed(inclusion(1, true)),
        OutboxOutcome::Reverted(inclusion(2, false)),
        OutboxOutcome::Cancelled(None),
        OutboxOutcome::Cancelled(Some(inclusion(3, true))),
        OutboxOutcome::Refused { reason: "intrinsic gas too low".to_owned() },
    ];
    for (index, outcome) in outcomes.iter().enumerate() {
        let key = format!("other/{index}");
        let record = outbox.insert(fence, &key, Coverage::Other, &request(1)).await.unwrap();
        outbox.close(fence, record.entry.id, outcome).await.unwrap();
    }
    outbox.insert(fence, "another", Coverage::Other, &request(1)).await.unwrap();
    let entries = outbox.entries("other/", 100).await.unwrap();
    let found: Vec<_> = entries.iter().filter_map(|entry| entry.outcome.clone()).collect();
    assert_eq!(found, outcomes);
    let newest = outbox.entries("other/", 2).await.unwrap();
    assert_eq!(newest, entries[3..]);
    assert_eq!(outbox.entries("nothing", 9).await.unwrap(), []);
}

#[tokio::test]
async fn no_block_is_posted_or_proposed_twice_at_once() {
    let (_test, fence, outbox) = outbox().await;
    let batch = |first, last| Coverage::Batch { first, last };
    let insert = async |key: &str, coverage| {
        outbox.insert(fence, key, coverage, &request(1)).await.map(|record| record.entry.id)
    };
    let id = insert("a", batch(10, 19)).await.unwrap();
    for (key, first, last) in [("b", 19, 30), ("c", 1, 10), ("d", 12, 13), ("e", 1, 99)] {
        let error = insert(key, batch(first, last)).await.unwrap_err();
        assert!(matches!(error, OutboxError::Covered { .. }), "{key}");
    }
    insert("f", batch(20, 20)).await.unwrap();
    insert("g", Coverage::Proposal { block: 15 }).await.expect("a proposal is no batch");
    assert!(insert("h", Coverage::Proposal { block: 15 }).await.is_err());
    insert("i", Coverage::Proposal { block: 30 }).await.unwrap();
    // What has ended makes room: a batch that was lost is posted again.
    outbox.close(fence, id, &OutboxOutcome::Reverted(inclusion(1, false))).await.unwrap();
    insert("b", batch(9, 19)).await.unwrap();
}

#[tokio::test]
async fn of_many_who_record_the_same_blocks_one_succeeds() {
    let (_test, fence, outbox) = outbox().await;
    let tries = (0..8).map(|index| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            let coverage = Coverage::Batch { first: 1, last: 5 + index };
            outbox.insert(fence, &format!("batch/{index}"), coverage, &request(2)).await
        })
    });
    let mut recorded = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => recorded += 1,
            Err(OutboxError::Covered { .. }) => {}
            // Two that wait for each other's exclusion check: one is chosen as the victim and may try again.
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
    }
    assert_eq!(recorded, 1);
}

#[tokio::test]
async fn a_nonce_belongs_to_one_open_record_of_a_sender() {
    let (test, fence, outbox) = outbox().await;
    let first = outbox.insert(fence, "a", Coverage::Other, &request(1)).await.unwrap();
    let second = outbox.insert(fence, "b", Coverage::Other, &request(1)).await.unwrap();
    outbox.record_attempt(fence, first.entry.id, &attempt(1, 4)).await.unwrap();
    let taken = outbox.record_attempt(fence, second.entry.id, &attempt(2, 4)).await.unwrap_err();
    assert!(matches!(taken, OutboxError::NonceTaken { nonce: 4, .. }));
    assert_eq!(outbox.by_key("b").await.unwrap().unwrap().attempts, [], "nothing was written");
    outbox.release_nonce(fence, first.entry.id).await.unwrap();
    outbox.record_attempt(fence, second.entry.id, &attempt(2, 4)).await.unwrap();
    // Another sender has nonces, keys and records of its own.
    let other = Outbox::new(test.database.clone(), Address::repeat_byte(2));
    let record = other.insert(fence, "a", Coverage::Other, &request(1)).await.unwrap();
    other.record_attempt(fence, record.entry.id, &attempt(3, 4)).await.unwrap();
    assert_eq!(other.open().await.unwrap().len(), 1);
    let foreign = other.release_nonce(fence, second.entry.id).await;
    assert!(matches!(foreign, Err(OutboxError::NotOpen(_))));
}

#[tokio::test]
async fn a_deposed_writer_changes_nothing() {
    let (test, fence, outbox) = outbox().await;
    let record = outbox.insert(fence, "a", Coverage::Other, &request(1)).await.unwrap();
    let id = record.entry.id;
    lead(&test, "b").await;
    let deposed = |result: Result<(), OutboxError>| {
        assert!(matches!(result, Err(OutboxError::Deposed(found)) if found == fence));
    };
    deposed(outbox.insert(fence, "b", Coverage::Other, &request(1)).await.map(|_| ()));
    deposed(outbox.record_attempt(fence, id, &attempt(1, 1)).await);
    deposed(outbox.release_nonce(fence, id).await);
    deposed(outbox.set_inclusion(fence, id, Some(&inclusion(1, true))).await);
    deposed(outbox.request_cancel(fence, id).await);
    deposed(outbox.close(fence, id, &OutboxOutcome::Cancelled(None)).await);
    assert_eq!(outbox.open().await.unwrap(), [record]);
}

#[tokio::test]
async fn what_carries_a_block_is_found() {
    let (test, fence, outbox) = outbox().await;
    let search = OutboxSearch::new(test.database.clone());
    let insert = async |key: &str, coverage| {
        outbox.insert(fence, key, coverage, &request(1)).await.unwrap().entry.id
    };
    let batch = |first, last| Coverage::Batch { first, last };
    let lost = insert("batch/10-19/0", batch(10, 19)).await;
    outbox.close(fence, lost, &OutboxOutcome::Reverted(inclusion(1, false))).await.unwrap();
    let again = insert("batch/10-14/1", batch(10, 14)).await;
    let first = insert("part/15/1/0-5-9/aa/calldata", batch(15, 15)).await;
    let second = insert("part/15/1/5-9-9/aa/calldata", Coverage::Other).await;
    insert("part/150/0/5-9-9/aa/calldata", Coverage::Other).await;
    insert("another", Coverage::Other).await;
    let postings = async |block, limit| -> Vec<u64> {
        let found = search.postings_of(block, limit).await.unwrap();
        found.iter().map(|entry| entry.id).collect()
    };
    assert_eq!(postings(12, 9).await, [again, lost]);
    assert_eq!(postings(15, 9).await, [second, first, lost]);
    assert_eq!(postings(15, 2).await, [second, first]);
    assert_eq!(postings(20, 9).await, [0; 0]);
}
