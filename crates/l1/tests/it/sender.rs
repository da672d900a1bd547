//! The transaction sender against a real L1: fees, restarts, reorgs, foreign transactions, both pools.

use std::time::Duration;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::{Provider, ext::AnvilApi},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use bindings::BatchInbox::{postBatchCall, postBatchCalldataCall};
use l1::tx::{Blocked, FeePolicy, Outcome, TxConfig, TxEventKind, TxRequest};

use crate::{
    harness::{L1, batcher},
    memory_store::MemoryStore,
    running_sender::{Sender, mine_until_closed, quick, wait_for_pool},
};

const GWEI: u128 = 1_000_000_000;
const RECIPIENT: Address = Address::repeat_byte(0x77);

fn transfer(wei: u64) -> TxRequest {
    let mut request = TxRequest::call(RECIPIENT, Bytes::new());
    request.value = U256::from(wei);
    request
}

fn blob_transfer(wei: u64) -> TxRequest {
    let mut request = transfer(wei);
    request.blob_data = Some(Bytes::from_static(b"blob"));
    request
}

async fn received(l1: &L1) -> U256 {
    l1.client.provider().get_balance(RECIPIENT).await.unwrap()
}

async fn nonce(l1: &L1) -> u64 {
    l1.client.provider().get_transaction_count(batcher().address()).await.unwrap()
}

#[tokio::test]
async fn many_land_in_order_and_a_key_lands_once() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let sender = Sender::start(&l1);
    for number in 1..=12 {
        let call = postBatchCalldataCall {
            firstBlock: number,
            lastBlock: number,
            data: Bytes::from(number.to_be_bytes().to_vec()),
        };
        let to = rollup.contracts.batch_inbox;
        let request = TxRequest::call(to, call.abi_encode().into());
        let record = sender.submit(&number.to_string(), request.clone()).await;
        let again = sender.submit(&number.to_string(), request).await;
        assert_eq!(record.id, again.id);
    }
    for number in 1..=12 {
        let outcome = sender.outcome(&number.to_string()).await;
        assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
    }
    assert_eq!(nonce(&l1).await, 12);
    let reader = l1.reader(&rollup);
    let mut landed = Vec::new();
    for number in 1..=l1.head().await {
        let block = reader.block(number).await.unwrap();
        landed.extend(block.batches.iter().map(|batch| batch.first_block));
    }
    assert_eq!(landed, (1..=12).collect::<Vec<_>>());
}

#[tokio::test]
async fn blob_and_ordinary_transactions_take_turns() {
    let l1 = L1::start().await;
    let sender = Sender::start(&l1);
    for (key, request) in [
        ("a", blob_transfer(1)),
        ("b", transfer(2)),
        ("c", blob_transfer(4)),
        ("d", blob_transfer(8)),
        ("e", transfer(16)),
    ] {
        sender.submit(key, request).await;
    }
    let mut nonces = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        let outcome = sender.outcome(key).await;
        assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
        nonces.push(sender.store.get(key).nonce.unwrap());
    }
    assert_eq!(nonces, [0, 1, 2, 3, 4]);
    assert_eq!(received(&l1).await, U256::from(31));
}

#[tokio::test]
async fn a_risen_base_fee_is_followed() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    for (key, request) in [("plain", transfer(1)), ("blob", blob_transfer(2))] {
        let provider = l1.client.provider();
        provider.anvil_set_next_block_base_fee_per_gas(GWEI).await.unwrap();
        l1.mine(1).await;
        let mut sender = Sender::start(&l1);
        sender.submit(key, request).await;
        let (first, _) = sender.sent(key).await;
        wait_for_pool(&l1, first).await;
        provider.anvil_set_next_block_base_fee_per_gas(40 * GWEI).await.unwrap();
        let outcome = mine_until_closed(&l1, &sender, key).await;
        let Outcome::Confirmed(inclusion) = outcome else { panic!("{outcome:?}") };
        assert_ne!(inclusion.hash, first, "the first offer was too low");
        let record = sender.kill().await.get(key);
        assert!((2..=6).contains(&record.attempts.len()), "{record:#?}");
        assert!(record.attempts.windows(2).all(|pair| pair[0].nonce == pair[1].nonce));
    }
    assert_eq!(received(&l1).await, U256::from(3));
}

#[tokio::test]
async fn restart_after_recording_sends_the_same_bytes() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    for (key, request) in [("plain", transfer(1)), ("blob", blob_transfer(2))] {
        let mut sender = Sender::start(&l1);
        sender.submit(key, request.clone()).await;
        let (hash, _) = sender.sent(key).await;
        wait_for_pool(&l1, hash).await;
        let store = sender.kill().await;
        // As if the process had died between recording and sending.
        l1.client.provider().anvil_drop_transaction(hash).await.unwrap();
        let config = TxConfig { resubmission_timeout: Duration::from_secs(60), ..quick() };
        let sender = Sender::start_with(&l1, store, config);
        // The service that restarts submits what it believes to be open.
        sender.submit(key, request).await;
        wait_for_pool(&l1, hash).await;
        let outcome = mine_until_closed(&l1, &sender, key).await;
        let Outcome::Confirmed(inclusion) = outcome else { panic!("{outcome:?}") };
        assert_eq!(inclusion.hash, hash);
        assert_eq!(sender.kill().await.get(key).attempts.len(), 1);
    }
    assert_eq!(received(&l1).await, U256::from(3));
}

#[tokio::test]
async fn restart_after_sending_finds_what_was_sent() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    let config = TxConfig { resubmission_timeout: Duration::from_secs(60), ..quick() };
    let mut sender = Sender::start_with(&l1, MemoryStore::default(), config.clone());
    sender.submit("pending", transfer(1)).await;
    let (pending, _) = sender.sent("pending").await;
    wait_for_pool(&l1, pending).await;
    let store = sender.kill().await;

    // Still in the pool: the node says "already known".
    let sender = Sender::start_with(&l1, store, config.clone());
    sender.status(|status| status.in_flight == 1 && status.head.is_some()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let store = sender.kill().await;
    assert_eq!(store.get("pending").attempts.len(), 1);

    // Mined while nobody looked.
    l1.mine(1).await;
    let sender = Sender::start_with(&l1, store, config);
    let outcome = sender.outcome("pending").await;
    assert!(matches!(outcome, Outcome::Confirmed(at) if at.hash == pending), "{outcome:?}");
    assert_eq!((nonce(&l1).await, received(&l1).await), (1, U256::from(1)));
}

#[tokio::test]
async fn reorged_out_transactions_land_again() {
    let l1 = L1::start().await;
    let config = TxConfig { confirmations: 4, ..quick() };
    for (key, request) in [("plain", transfer(1)), ("blob", blob_transfer(2))] {
        let mut sender = Sender::start_with(&l1, MemoryStore::default(), config.clone());
        sender.submit(key, request).await;
        sender.event(key, |kind| matches!(kind, TxEventKind::Mined(_))).await;
        l1.mine(1).await;
        l1.set_automine(false).await;
        l1.reorg(2).await;
        sender.event(key, |kind| matches!(kind, TxEventKind::ReorgedOut)).await;
        assert_eq!(sender.store.get(key).inclusion, None);
        l1.set_automine(true).await;
        let outcome = mine_until_closed(&l1, &sender, key).await;
        assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
        sender.kill().await;
    }
    assert_eq!(received(&l1).await, U256::from(3));
}

#[tokio::test]
async fn a_nonce_taken_by_a_foreign_transaction_is_replaced() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    let mut sender = Sender::start(&l1);
    sender.submit("ours", transfer(1)).await;
    let (hash, lost) = sender.sent("ours").await;
    wait_for_pool(&l1, hash).await;
    l1.client.provider().anvil_drop_transaction(hash).await.unwrap();
    // Somebody uses our key for something else.
    let foreign = TransactionRequest::default()
        .with_from(batcher().address())
        .with_to(Address::repeat_byte(1))
        .with_nonce(lost)
        .with_max_fee_per_gas(100 * GWEI)
        .with_max_priority_fee_per_gas(50 * GWEI)
        .with_value(U256::from(100));
    let _ = l1.client.provider().send_transaction(foreign).await.unwrap();
    l1.mine(1).await;
    sender.event("ours", |kind| matches!(kind, TxEventKind::NonceLost)).await;
    let outcome = mine_until_closed(&l1, &sender, "ours").await;
    assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
    let record = sender.store.get("ours");
    assert_eq!(record.nonce, Some(lost + 1));
    assert_eq!((nonce(&l1).await, received(&l1).await), (lost + 2, U256::from(1)));
}

#[tokio::test]
async fn cancelling_takes_the_nonce_away() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    for (key, request) in [("plain", transfer(1)), ("blob", blob_transfer(2))] {
        let mut sender = Sender::start(&l1);
        let record = sender.submit(key, request).await;
        let (hash, _) = sender.sent(key).await;
        wait_for_pool(&l1, hash).await;
        assert!(sender.handle.cancel(record.id).await.unwrap());
        let (cancelling, _) = sender.sent(key).await;
        wait_for_pool(&l1, cancelling).await;
        let outcome = mine_until_closed(&l1, &sender, key).await;
        let Outcome::Cancelled(Some(inclusion)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(inclusion.hash, cancelling);
        assert!(!sender.handle.cancel(record.id).await.unwrap(), "it is closed");
        sender.kill().await;
    }
    assert_eq!(received(&l1).await, U256::ZERO);
}

#[tokio::test]
async fn without_funds_it_waits_and_says_so() {
    let l1 = L1::start().await;
    let provider = l1.client.provider();
    provider.anvil_set_balance(batcher().address(), U256::from(1_000)).await.unwrap();
    let sender = Sender::start(&l1);
    let mut request = transfer(1);
    request.gas_limit = Some(21_000);
    sender.submit("poor", request).await;
    let status = sender.status(|status| status.blocked.is_some()).await;
    let Some(Blocked::InsufficientFunds { balance, required }) = status.blocked else {
        panic!("{status:?}")
    };
    assert_eq!(balance, U256::from(1_000));
    assert!(required > U256::from(21_000 * GWEI));
    let top_up = U256::from(10).pow(U256::from(18));
    provider.anvil_set_balance(batcher().address(), top_up).await.unwrap();
    let outcome = sender.outcome("poor").await;
    assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
}

#[tokio::test]
async fn above_the_fee_cap_it_waits_and_says_so() {
    let l1 = L1::start().await;
    l1.set_automine(false).await;
    let provider = l1.client.provider();
    provider.anvil_set_next_block_base_fee_per_gas(90 * GWEI).await.unwrap();
    l1.mine(1).await;
    let fees = FeePolicy { fee_per_gas_cap: 50 * GWEI, ..FeePolicy::default() };
    let config = TxConfig { fees, ..quick() };
    let sender = Sender::start_with(&l1, MemoryStore::default(), config);
    sender.submit("dear", transfer(1)).await;
    let status = sender.status(|status| status.blocked.is_some()).await;
    let Some(Blocked::FeeCap(reached)) = status.blocked else { panic!("{status:?}") };
    assert_eq!(reached.cap, 50 * GWEI);
    assert_eq!(status.queued, 1, "no nonce is spent on what cannot be sent");
    provider.anvil_set_next_block_base_fee_per_gas(GWEI).await.unwrap();
    let outcome = mine_until_closed(&l1, &sender, "dear").await;
    assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
    assert_eq!(sender.store.get("dear").attempts.len(), 1);
}

#[tokio::test]
async fn what_would_revert_is_refused_and_what_reverts_is_told() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let sender = Sender::start(&l1);
    // Without a blob the inbox reverts.
    let call = postBatchCall { firstBlock: 1, lastBlock: 1 };
    let mut request = TxRequest::call(rollup.contracts.batch_inbox, call.abi_encode().into());
    sender.submit("estimated", request.clone()).await;
    let outcome = sender.outcome("estimated").await;
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("revert"), "{reason}");
    assert_eq!(nonce(&l1).await, 0, "no nonce was spent");

    request.gas_limit = Some(200_000);
    sender.submit("blind", request).await;
    let outcome = sender.outcome("blind").await;
    assert!(matches!(outcome, Outcome::Reverted(_)), "{outcome:?}");
    let good = sender.confirmed("good", transfer(1)).await;
    assert!(good.succeeded, "one failed transaction does not hold up the next");
}

#[tokio::test]
async fn an_outage_of_l1_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let options = l1::anvil::AnvilOptions {
        state: Some(folder.path().join("l1.json")),
        ..Default::default()
    };
    let l1 = L1::start_with(options.clone()).await;
    let sender = Sender::start(&l1);
    sender.confirmed("before", transfer(1)).await;
    let L1 { anvil, client, config } = l1;
    let port = anvil.port();
    anvil.stop().await.unwrap();
    sender.submit("during", transfer(2)).await;
    let status = sender.status(|status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("failed"));
    let options = l1::anvil::AnvilOptions { port, ..options };
    let anvil = l1::anvil::Anvil::spawn(options).await.unwrap();
    let l1 = L1 { anvil, client, config };
    let outcome = sender.outcome("during").await;
    assert!(matches!(outcome, Outcome::Confirmed(_)), "{outcome:?}");
    assert_eq!(received(&l1).await, U256::from(3));
}
