//! What disputes show of L1, read from a real one: it adds up to what the contracts have accumulated.

use alloy::{
    consensus::Header,
    primitives::{B256, Bytes, U256, keccak256},
    rlp::Decodable,
};
use bindings::{
    BatchInbox::{accumulatorCall, postBatchCall, postBatchCalldataCall},
    Portal::{depositTransactionCall, messageAccumulatorCall},
    SystemConfig::setGasLimitCall,
};
use l1::{Kzg, L1Evidence};
use protocol::{Carrier, blob::BLOB_BYTES, inbox_accumulator_next, message_chain_next};

use crate::{
    harness::{L1, OWNER, batcher},
    running_sender::{Sender, call_with_blobs},
};

const PAYLOAD: &[u8] = b"carried in a blob";

/// Deposits, a configuration update, batches in calldata and in a blob, and blocks with nothing.
async fn eventful() -> (L1, protocol::RollupConfig) {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let contracts = rollup.contracts;
    for value in 1..4_u64 {
        let deposit = depositTransactionCall {
            to: OWNER,
            value: U256::from(value),
            gasLimit: 100_000,
            isCreation: false,
            data: Bytes::from_static(b"hello"),
        };
        l1.call(OWNER, contracts.portal, value, deposit).await;
        l1.mine(2).await;
    }
    let call = setGasLimitCall { newGasLimit: 70_000_000 };
    l1.call(OWNER, contracts.system_config, 0, call).await;
    for number in 1..3 {
        let data = Bytes::from(vec![u8::try_from(number).unwrap(); 500]);
        let call = postBatchCalldataCall { firstBlock: number, lastBlock: number + 1, data };
        l1.call(batcher().address(), contracts.batch_inbox, 0, call).await;
    }
    let sender = Sender::start(&l1);
    let call = postBatchCall { firstBlock: 5, lastBlock: 9 };
    let request = call_with_blobs(contracts.batch_inbox, &call, PAYLOAD.to_vec());
    sender.confirmed("blob", request).await;
    l1.mine(1).await;
    (l1, rollup)
}

#[tokio::test]
async fn links_add_up_and_lead_to_what_was_posted() {
    let (l1, rollup) = eventful().await;
    let (head, contracts) = (l1.head().await, rollup.contracts);
    let evidence = L1Evidence::Node(l1.reader(&rollup));
    let entries = evidence.entries(0, head).await.unwrap();
    let accumulator = entries
        .iter()
        .fold(B256::ZERO, |accumulator, posted| inbox_accumulator_next(accumulator, &posted.entry));
    let block = alloy::eips::BlockId::number(head);
    let expected = l1.client.call(contracts.batch_inbox, accumulatorCall {}, block).await;
    assert_eq!(accumulator, expected.unwrap());
    let carriers: Vec<_> = entries.iter().map(|posted| posted.entry.carrier).collect();
    assert_eq!(carriers, [Carrier::Calldata, Carrier::Calldata, Carrier::Blobs]);

    let messages = evidence.messages(0, head).await.unwrap();
    assert_eq!(messages.len(), 4);
    let accumulator = messages.iter().fold(B256::ZERO, |accumulator, sent| {
        let (number, timestamp) = (sent.l1_number, sent.l1_timestamp);
        message_chain_next(accumulator, number, timestamp, &sent.message.encode())
    });
    let expected = l1.client.call(contracts.portal, messageAccumulatorCall {}, block).await;
    assert_eq!(accumulator, expected.unwrap());

    // A part of the range gives that part.
    let second = entries[1].entry.l1_number;
    assert_eq!(evidence.entries(second, second).await.unwrap(), entries[1..2]);
    assert_eq!(evidence.messages(head, head).await.unwrap(), []);

    for posted in &entries[..2] {
        let payload = evidence.payload(&posted.entry).await.unwrap().unwrap();
        assert_eq!(keccak256(&payload), posted.entry.data_hash);
    }
    assert_eq!(evidence.payload(&entries[2].entry).await.unwrap(), None);
    let elsewhere = protocol::InboxEntry { data_hash: B256::ZERO, ..entries[0].entry };
    assert_eq!(evidence.payload(&elsewhere).await.unwrap(), None);
}

#[tokio::test]
async fn headers_have_the_hashes_that_are_asked_for() {
    let (l1, rollup) = eventful().await;
    let head = l1.head().await;
    let evidence = L1Evidence::Node(l1.reader(&rollup));
    let all = evidence.headers(1, head + 5).await.unwrap();
    assert_eq!(all.len() as u64, head, "it ends where L1 does");
    let mut parent = None;
    for (number, bytes) in (1..).zip(&all) {
        let header = Header::decode(&mut &bytes[..]).unwrap();
        assert_eq!(header.number, number);
        assert!(parent.is_none_or(|parent| parent == header.parent_hash));
        let hash = keccak256(bytes);
        assert_eq!(evidence.header(hash).await.unwrap().as_ref(), Some(bytes));
        parent = Some(hash);
    }
    assert_eq!(evidence.header(B256::repeat_byte(1)).await.unwrap(), None);
}

#[tokio::test]
async fn blobs_are_opened_at_their_elements() {
    let (l1, rollup) = eventful().await;
    let evidence = L1Evidence::Node(l1.reader(&rollup));
    let entries = evidence.entries(0, l1.head().await).await.unwrap();
    let posted = entries.last().unwrap();
    let blobs = evidence.blobs(posted).await.unwrap();
    assert_eq!((blobs.len(), posted.blob_hashes.len()), (1, 1));
    assert_eq!(blobs[0].len(), BLOB_BYTES);
    // At 1, the first root of unity, the polynomial has the first element.
    let kzg = Kzg::start_lazily().unwrap();
    let opening = kzg.open(blobs[0].clone(), B256::with_last_byte(1)).await.unwrap();
    assert_eq!(opening.value.as_slice(), &blobs[0][..32]);
    let hash = alloy::eips::eip4844::kzg_to_versioned_hash(&opening.commitment);
    assert_eq!(hash, posted.blob_hashes[0]);
}
