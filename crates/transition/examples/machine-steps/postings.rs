//! What a hostile batcher makes the program read: postings that declare the right block, decompress to as much as they may, and
//! are worth nothing.

use std::io::Read;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
};
use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use fault_proof::vm::Machine;
use protocol::{
    Batch, BatchBlock, Compression,
    batch::{BATCH_BLOCKS_MAX, BATCH_BYTES_MAX, BROTLI_BYTES_MAX},
    pack,
};

use crate::{
    scene::{Accounts, measure},
    tx::CHAIN_ID,
    world::Post,
};

/// Of those that are measured together.
const POSTINGS: u64 = 2;
const CALLDATA_BYTES: usize = 120_000;
const BLOBS_BYTES: usize = 700_000;

/// A posting.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub(crate) name: String,
    compression: Compression,
    content: Content,
    in_blobs: bool,
}

/// What a posting decompresses to.
#[derive(Clone, Copy, Debug)]
enum Content {
    Zeros,
    /// A batch of transactions with long data.
    Data,
    /// A batch of transactions with long access lists.
    AccessLists,
    /// A batch of as many blocks as there may be.
    Blocks,
    /// Pieces of three bytes from near places.
    ShortMatches,
}

impl Posting {
    /// Steps for one of them.
    pub(crate) fn run(&self, machine: &Machine) -> u64 {
        let payload = self.payload();
        let block = |count| {
            let posting = |_| (Post::Garbage(payload.clone()), self.in_blobs);
            measure(machine, &Accounts::new(), vec![], (0..count).map(posting).collect(), false)
                .steps
        };
        (block(POSTINGS) - block(0)) / POSTINGS
    }

    fn columns_bytes(&self) -> usize {
        if self.compression == Compression::Brotli { BROTLI_BYTES_MAX } else { BATCH_BYTES_MAX }
    }

    fn payload(&self) -> Vec<u8> {
        let (columns, signatures) = match self.content {
            Content::Zeros => (vec![0; self.columns_bytes()], vec![]),
            Content::Data => batch(&transaction(126_000, 0), self.columns_bytes() / 127_000),
            Content::AccessLists => batch(&transaction(0, 3_800), self.columns_bytes() / 127_000),
            Content::Blocks => blocks(),
            Content::ShortMatches => {
                let bytes = if self.in_blobs { BLOBS_BYTES } else { CALLDATA_BYTES };
                return short_matches(self.compression, bytes);
            }
        };
        packed(self.compression, &columns, &signatures)
    }
}

pub(crate) fn all() -> impl Iterator<Item = Posting> {
    use Content::{AccessLists, Blocks, Data, ShortMatches, Zeros};
    [Compression::Zstd, Compression::Brotli].into_iter().flat_map(|compression| {
        [Zeros, Data, AccessLists, Blocks, ShortMatches].into_iter().flat_map(move |content| {
            [("calldata", false), ("blobs", true)].map(|(carrier, in_blobs)| {
                let name = format!("posting in {carrier}, {compression:?}, {content:?}");
                Posting { name, compression, content, in_blobs }
            })
        })
    })
}

fn packed(compression: Compression, columns: &[u8], signatures: &[u8]) -> Vec<u8> {
    pack(compression, &compressed(compression, columns), signatures).to_vec()
}

fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Zstd => zstd::bulk::compress(bytes, 19).unwrap(),
        Compression::Brotli => {
            let mut out = Vec::new();
            brotli::CompressorReader::new(bytes, 1 << 16, 9, 22).read_to_end(&mut out).unwrap();
            out
        }
    }
}

/// The columns of a batch of so many of these transactions, on no block that there is, with its signatures.
fn batch(transaction: &Bytes, count: usize) -> (Vec<u8>, Vec<u8>) {
    let block = BatchBlock { transactions: vec![transaction.clone(); count], ..Default::default() };
    let batch = Batch { first_block: 1, blocks: vec![block], ..Batch::default() };
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert!(encoded.columns.len() <= BATCH_BYTES_MAX, "{}", encoded.columns.len());
    (encoded.columns, encoded.signatures)
}

/// The columns of a batch of as many blocks as there may be.
fn blocks() -> (Vec<u8>, Vec<u8>) {
    let blocks = vec![BatchBlock::default(); BATCH_BLOCKS_MAX];
    let encoded = Batch { first_block: 1, blocks, ..Batch::default() }.encode(CHAIN_ID).unwrap();
    (encoded.columns, encoded.signatures)
}

/// A transaction with so many bytes of data, and so many keys in its access list.
fn transaction(data: usize, keys: usize) -> Bytes {
    let item = AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO; keys] };
    let items = if keys > 0 { vec![item] } else { vec![] };
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        input: vec![0; data].into(),
        access_list: AccessList(items),
        ..TxEip1559::default()
    };
    tx.into_signed(Signature::new(U256::ONE, U256::ONE, false)).encoded_2718().into()
}

/// As much as so many compressed bytes can hold, of pieces of three bytes that are repeated from near places in random order: most
/// work of a decoder for what is carried.
fn short_matches(compression: Compression, bytes: usize) -> Vec<u8> {
    let mut content = keccak256([1]).to_vec();
    let mut seed = keccak256([2]);
    // A piece takes at least ten bits or so.
    while content.len() < 3 * bytes {
        for byte in seed {
            let from = usize::from(byte) % 29;
            content.extend_from_within(from..from + 3);
        }
        seed = keccak256(seed);
    }
    loop {
        let payload = packed(compression, &content, &[]);
        if payload.len() <= bytes {
            return payload;
        }
        content.truncate(content.len() * bytes / payload.len() - 1_000);
    }
}
