//! Transactions of Ethereum mainnet (`mainnet-txs`), Frontier to Cancun, through the decoder and through batches of
//! chain 1. All kinds that a batch carries must survive bit by bit; blob transactions must be refused.

use alloc::string::String;

use alloy_consensus::TxEnvelope;
use alloy_primitives::{Address, B256, keccak256};
use serde_json::Value;

use super::*;
use crate::{TransactionError, check_chain_id, decode_transaction, published::archive, recover};

/// Chain id of mainnet.
const MAINNET: u64 = 1;
const ALL: [Compression; 3] = [Compression::None, Compression::Zstd, Compression::Brotli];

/// Bytes of transactions, raw and as payloads under each of [`ALL`].
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    transactions: usize,
    raw: usize,
    payload: [usize; 3],
}

impl Sizes {
    fn add(&mut self, other: Self) {
        self.transactions += other.transactions;
        self.raw += other.raw;
        self.payload.iter_mut().zip(other.payload).for_each(|(sum, bytes)| *sum += bytes);
    }

    fn print(&self, what: &str) {
        #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
        let each = |bytes: usize| bytes as f64 / self.transactions as f64;
        let [none, zstd, brotli] = self.payload.map(each);
        eprintln!(
            "{what}: bytes per transaction {:.1} raw, payload {none:.1} uncompressed, {zstd:.1} zstd 3, {brotli:.1} brotli 5",
            each(self.raw),
        );
    }
}

/// How many transactions of each sort were seen.
#[derive(Debug, Default)]
struct Counts {
    blocks: usize,
    states: usize,
    legacy: usize,
    /// Of the legacy ones, before EIP-155 or without it.
    unprotected: usize,
    access_list: usize,
    dynamic_fee: usize,
    blob: usize,
}

/// A transaction from its JSON, encoded by alloy's types; `None` if it is a blob transaction, which nothing of ours takes.
fn raw_transaction(json: &Value, counts: &mut Counts) -> Option<Bytes> {
    let hash: B256 = json["hash"].as_str().unwrap().parse().unwrap();
    let from: Address = json["from"].as_str().unwrap().parse().unwrap();
    let tx: TxEnvelope = serde_json::from_value(json.clone()).unwrap();
    let raw = Bytes::from(tx.encoded_2718());
    assert_eq!(keccak256(&raw), hash, "the encoding is the one that was signed and mined");
    match &tx {
        TxEnvelope::Legacy(tx) => {
            counts.legacy += 1;
            counts.unprotected += usize::from(tx.tx().chain_id.is_none());
        }
        TxEnvelope::Eip2930(_) => counts.access_list += 1,
        TxEnvelope::Eip1559(_) => counts.dynamic_fee += 1,
        TxEnvelope::Eip4844(_) => {
            counts.blob += 1;
            refuse_blob(&raw);
            return None;
        }
        TxEnvelope::Eip7702(_) => panic!("{hash} is younger than the set"),
    }
    let tx = decode_user_transaction(&raw).unwrap_or_else(|error| panic!("{hash}: {error}"));
    check_chain_id(&tx, MAINNET).unwrap_or_else(|error| panic!("{hash}: {error}"));
    assert_eq!(recover(&tx).unwrap(), from, "{hash}");
    assert_eq!(tx.tx_hash(), hash);
    assert_eq!(tx.encoded_2718(), raw, "{hash}");
    Some(raw)
}

fn refuse_blob(raw: &Bytes) {
    assert!(matches!(decode_user_transaction(raw), Err(TransactionError::Type(3))));
    assert!(matches!(decode_transaction(raw), Err(TransactionError::Type(3))));
    let batch = batch_of(alloc::vec![block_of(alloc::vec![raw.clone()])]);
    let refused = BatchError::Transaction { index: 0, source: CarryError::Type(3) };
    assert_eq!(batch.encode(MAINNET), Err(refused));
}

fn block_of(transactions: Vec<Bytes>) -> BatchBlock {
    BatchBlock { transactions, ..BatchBlock::default() }
}

fn batch_of(blocks: Vec<BatchBlock>) -> Batch {
    Batch { first_block: 1, blocks, ..Batch::default() }
}

/// Through a payload under each compression and back.
fn survive(batch: &Batch) -> Sizes {
    let encoded = batch.encode(MAINNET).unwrap();
    let payload = ALL.map(|compression| {
        let payload = compress(&encoded, compression);
        let decoded = decode_batch(&payload, MAINNET).unwrap();
        assert_eq!(decoded, *batch, "{compression:?}");
        payload.len()
    });
    let raw = batch.blocks.iter().flat_map(|block| &block.transactions);
    Sizes { transactions: batch.transaction_count(), raw: raw.map(|raw| raw.len()).sum(), payload }
}

/// The batch of another chain takes none that is signed for mainnet.
fn refuse_elsewhere(batch: &Batch) {
    let raw = batch.blocks.iter().flat_map(|block| &block.transactions);
    let first_protected = raw.enumerate().find(|(_, raw)| {
        let tx = decode_user_transaction(raw).unwrap();
        check_chain_id(&tx, MAINNET + 1).is_err()
    });
    let refused = first_protected
        .map(|(index, _)| BatchError::Transaction { index, source: CarryError::ChainId(MAINNET) });
    assert_eq!(batch.encode(MAINNET + 1).err(), refused);
}

#[test]
fn mainnet_transactions_survive_decoding_and_batches() {
    let Some(files) = archive("mainnet-txs/blocks.tar.gz") else { return };
    let (mut counts, mut sizes, mut blocks) = (Counts::default(), Sizes::default(), Vec::new());
    for (path, json) in files {
        match path.rsplit('/').next().map(String::from).as_deref() {
            Some("block.json") => counts.blocks += 1,
            // State for execution: no transactions in it.
            Some("pre_state.json") => {
                counts.states += 1;
                continue;
            }
            _ => panic!("{path} is neither a block nor a state"),
        }
        let block: Value = serde_json::from_slice(&json).unwrap();
        let transactions = block["transactions"].as_array().unwrap();
        let raw = transactions.iter().filter_map(|tx| raw_transaction(tx, &mut counts)).collect();
        let batch = batch_of(alloc::vec![block_of(raw)]);
        refuse_elsewhere(&batch);
        sizes.add(survive(&batch));
        blocks.extend(batch.blocks);
    }
    eprintln!("mainnet: {counts:?}");
    assert!(counts.blocks > 0 && counts.blocks == counts.states, "every block is looked at");
    assert!(counts.unprotected > 0 && counts.blob > 0, "the set has old and new transactions");
    sizes.print("a batch per block");
    // More have more bytes than brotli may carry.
    let mut sizes = Sizes::default();
    for two in blocks.chunks(2) {
        sizes.add(survive(&batch_of(two.to_vec())));
    }
    sizes.print("a batch for two blocks");
}
