//! The sender and an outbox that goes away in the middle of any question, having done what was asked or not.

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
};
use l1::tx::{Outcome, SubmitError, TxConfig, TxRequest};

use crate::{
    harness::{L1, batcher, soon},
    memory_store::{Asked, MemoryStore, Outage},
    running_sender::{Sender, mine_until_closed, quick, wait_for_pool},
};

const RECIPIENT: Address = Address::repeat_byte(0x78);
/// Questions that find nobody after the first.
const THEN: usize = 3;

fn transfer() -> TxRequest {
    let mut request = TxRequest::call(RECIPIENT, Bytes::new());
    request.value = U256::from(1);
    request
}

/// Submits until the outbox answers, as every user of the sender does.
async fn submit(sender: &Sender, key: &str) {
    soon(async {
        loop {
            match sender.handle.submit(key, transfer()).await {
                Ok(_) => return,
                Err(SubmitError::Away { reason }) => assert!(reason.contains("away"), "{reason}"),
                Err(other) => panic!("{other:?}"),
            }
        }
    })
    .await;
}

async fn balance(l1: &L1) -> U256 {
    l1.client.provider().get_balance(RECIPIENT).await.unwrap()
}

#[tokio::test]
async fn an_outage_of_the_outbox_sends_nothing_twice_and_loses_nothing() {
    let l1 = L1::start().await;
    let sender = Sender::start(&l1);
    let mut sent = 0;
    for at in [Asked::Insert, Asked::RecordAttempt, Asked::SetInclusion, Asked::Close] {
        for done in [false, true] {
            let key = format!("{at:?} {done}");
            sender.store.fail(Outage { at, done, then: THEN });
            submit(&sender, &key).await;
            let outcome = sender.outcome(&key).await;
            assert!(matches!(outcome, Outcome::Confirmed(_)), "{key}: {outcome:?}");
            assert!(sender.store.has_failed() || done && at == Asked::Close, "{key}");
            sent += 1;
            assert_eq!(balance(&l1).await, U256::from(sent), "{key}: once");
            let nonce = l1.client.provider().get_transaction_count(batcher().address()).await;
            assert_eq!(nonce.unwrap(), sent, "{key}: nothing else was sent");
        }
    }
}

#[tokio::test]
async fn an_outbox_that_is_away_at_the_start_is_waited_for() {
    let l1 = L1::start().await;
    let store = MemoryStore::default();
    store.fail(Outage { at: Asked::Open, done: false, then: THEN });
    let sender = Sender::start_with(&l1, store, quick());
    sender.confirmed("late", transfer()).await;
    assert!(sender.store.has_failed());
}

#[tokio::test]
async fn an_outage_is_told_while_it_lasts() {
    let l1 = L1::start().await;
    let sender = Sender::start(&l1);
    sender.confirmed("before", transfer()).await;
    sender.store.fail(Outage { at: Asked::Insert, done: false, then: usize::MAX });
    let error = sender.handle.submit("during", transfer()).await.unwrap_err();
    assert!(matches!(error, SubmitError::Away { .. }), "{error:?}");
    let status = sender.status(|status| status.trouble.is_some()).await;
    assert_eq!(status.trouble.as_deref(), Some("the outbox is away"));
    assert!(sender.store.find("during").is_none());
    sender.store.come_back();
    sender.confirmed("during", transfer()).await;
    sender.status(|status| status.trouble.is_none()).await;
}

#[tokio::test]
async fn a_cancellation_survives_an_outage() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    // Nothing is sent again by itself, or that would be taken for the cancellation.
    let config = TxConfig { resubmission_timeout: Duration::from_secs(60), ..quick() };
    for done in [false, true] {
        let mut sender = Sender::start_with(&l1, MemoryStore::default(), config.clone());
        let record = sender.submit("taken back", transfer()).await;
        let (hash, _) = sender.sent("taken back").await;
        wait_for_pool(&l1, hash).await;
        sender.store.fail(Outage { at: Asked::RequestCancel, done, then: THEN });
        let cancelled = sender.handle.cancel(record.id).await;
        assert!(matches!(cancelled, Err(SubmitError::Away { .. })), "{cancelled:?}");
        assert!(sender.handle.cancel(record.id).await.unwrap(), "asked again, it is open");
        // A block that is made before L1 has it would hold what is taken back.
        let (cancelling, _) = sender.sent("taken back").await;
        wait_for_pool(&l1, cancelling).await;
        let outcome = mine_until_closed(&l1, &sender, "taken back").await;
        assert!(matches!(outcome, Outcome::Cancelled(_)), "{outcome:?}");
        sender.kill().await;
    }
    assert_eq!(balance(&l1).await, U256::ZERO);
}
