//! Logs in, messages and postings out; whatever is odd is refused.

use alloy::primitives::{Address, LogData};
use protocol::L1Message;

use super::*;
use crate::Severity;

const BLOCK: BlockId = BlockId { number: 9, hash: B256::repeat_byte(9) };

fn contracts() -> L1Contracts {
    L1Contracts {
        system_config: Address::repeat_byte(1),
        batch_inbox: Address::repeat_byte(2),
        portal: Address::repeat_byte(3),
        output_oracle: Address::repeat_byte(4),
    }
}

fn log(address: Address, index: u64, data: LogData) -> RpcLog {
    RpcLog {
        inner: Log { address, data },
        block_hash: Some(BLOCK.hash),
        block_number: Some(BLOCK.number),
        log_index: Some(index),
        ..RpcLog::default()
    }
}

fn posted(index: u64, data: &[u8]) -> [LogData; 2] {
    let posted = BatchPosted {
        index: U256::from(index),
        firstBlock: 1,
        lastBlock: 2,
        dataHash: keccak256(data),
        blobHashes: Vec::new(),
    };
    let calldata = BatchCalldata { index: U256::from(index), data: Bytes::copy_from_slice(data) };
    [posted.encode_log_data(), calldata.encode_log_data()]
}

fn deposit() -> LogData {
    let deposit = TransactionDeposited {
        from: Address::repeat_byte(5),
        to: Address::repeat_byte(6),
        version: U256::ZERO,
        opaqueData: Bytes::from_static(b"opaque"),
    };
    deposit.encode_log_data()
}

fn decode(logs: &[RpcLog]) -> Result<BlockEvents, L1Error> {
    decode_events(&contracts(), BLOCK, logs)
}

#[test]
fn order_is_that_of_log_indexes() {
    let c = contracts();
    let gas_limit = ConfigUpdate::GasLimit(30_000_000);
    let update = SystemConfig::ConfigUpdate {
        version: U256::ZERO,
        updateType: gas_limit.update_type(),
        data: gas_limit.data(),
    };
    let [first, first_data] = posted(0, b"a");
    let [second, second_data] = posted(1, b"b");
    let logs = [
        log(c.batch_inbox, 8, second_data),
        log(c.portal, 5, deposit()),
        log(c.batch_inbox, 7, second),
        log(c.system_config, 4, update.encode_log_data()),
        log(c.batch_inbox, 1, first),
        log(c.batch_inbox, 2, first_data),
    ];
    let events = decode(&logs).unwrap();
    let indexes: Vec<u32> = events.messages.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, [4, 5]);
    assert_eq!(events.messages[0].1, L1Message::Config(gas_limit));
    let batches: Vec<u64> = events.postings.iter().map(|posting| posting.index).collect();
    assert_eq!(batches, [0, 1]);
    assert_eq!(events.postings[1].data, PostingData::Calldata(Bytes::from_static(b"b")));
    assert_eq!(events.postings[1].carrier(), Carrier::Calldata);
}

#[test]
fn blobs_are_named_in_order() {
    let hashes = vec![B256::repeat_byte(7), B256::repeat_byte(8)];
    let mut event = BatchPosted {
        index: U256::ZERO,
        firstBlock: 1,
        lastBlock: 2,
        dataHash: InboxEntry::blobs_hash(&hashes),
        blobHashes: hashes.clone(),
    };
    let inbox = contracts().batch_inbox;
    let events = decode(&[log(inbox, 0, event.encode_log_data())]).unwrap();
    assert_eq!(events.postings[0].data, PostingData::Blobs(hashes));
    event.blobHashes.reverse();
    let error = decode(&[log(inbox, 0, event.encode_log_data())]).unwrap_err();
    assert_eq!(error.severity(), Severity::Temporary);
}

#[test]
fn contradictions_are_temporary() {
    let c = contracts();
    let [batch, data] = posted(0, b"a");
    let [_, other_data] = posted(0, b"b");
    let mut foreign = log(c.portal, 0, deposit());
    foreign.block_hash = Some(B256::ZERO);
    let mut removed = log(c.portal, 0, deposit());
    removed.removed = true;
    let mut unnumbered = log(c.portal, 0, deposit());
    unnumbered.log_index = None;
    let cases = [
        vec![log(c.batch_inbox, 0, batch.clone())],
        vec![log(c.batch_inbox, 0, data.clone())],
        vec![log(c.batch_inbox, 0, batch.clone()), log(c.batch_inbox, 1, other_data)],
        vec![log(c.batch_inbox, 0, batch), log(c.batch_inbox, 0, data)],
        vec![log(c.output_oracle, 0, deposit())],
        vec![foreign],
        vec![removed],
        vec![unnumbered],
    ];
    for logs in cases {
        let error = decode(&logs).unwrap_err();
        assert!(matches!(error, L1Error::Inconsistent { number: 9, .. }), "{error:?}");
        assert_eq!(error.severity(), Severity::Temporary);
    }
}

#[test]
fn what_is_not_understood_stops_the_node() {
    let c = contracts();
    let deposit = TransactionDeposited {
        from: Address::ZERO,
        to: Address::ZERO,
        version: U256::from(1),
        opaqueData: Bytes::new(),
    };
    // Type 3 is the OP Stack's unsafe block signer, which this rollup does not have.
    let update =
        SystemConfig::ConfigUpdate { version: U256::ZERO, updateType: 3, data: Bytes::new() };
    let cut = LogData::new_unchecked(vec![BatchPosted::SIGNATURE_HASH, B256::ZERO], Bytes::new());
    let cases = [
        log(c.portal, 0, deposit.encode_log_data()),
        log(c.system_config, 0, update.encode_log_data()),
        log(c.batch_inbox, 0, cut),
    ];
    for log in cases {
        let error = decode(&[log]).unwrap_err();
        assert!(matches!(error, L1Error::UnknownEvent { .. }), "{error:?}");
        assert_eq!(error.severity(), Severity::Critical);
    }
}
