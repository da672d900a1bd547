//! A scripted L1 with real headers and accumulators. It knows no rule of derivation.

use std::collections::{BTreeMap, BTreeSet};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use derivation::{L1Block, OriginBlock};
use protocol::{
    Carrier, InboxEntry, L1Message, L1Origin, PostedBatch, RollupConfig, blob, decode_batch,
    inbox_accumulator_next, message_chain_next,
};

use crate::host::Known;

/// Number of the L1 block that the rollup begins after.
pub(crate) const L1_GENESIS: u64 = 100;
/// Its timestamp, in seconds.
pub(crate) const L1_GENESIS_TIME: u64 = 1_700_000_000;

/// What one posting brings to L1.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    pub(crate) first_block: u64,
    pub(crate) last_block: u64,
    pub(crate) carried: Carried,
}

#[derive(Clone, Debug)]
pub(crate) enum Carried {
    Calldata(Bytes),
    Blobs(Vec<Vec<u8>>),
}

/// The accumulators after an L1 block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accumulators {
    pub(crate) batches: B256,
    pub(crate) messages: B256,
}

#[derive(Clone, Debug)]
pub(crate) struct L1 {
    /// From the genesis block on.
    pub(crate) blocks: Vec<L1Block>,
    pub(crate) accumulators: Vec<Accumulators>,
    entries: u64,
    /// The accumulator of batches before each posting, by its number, and after it.
    pub(crate) around: BTreeMap<u64, [B256; 2]>,
    /// Numbers of postings in blobs, and of those that are the last part of a block.
    pub(crate) in_blobs: BTreeSet<u64>,
    pub(crate) last_parts: BTreeSet<u64>,
    config: RollupConfig,
}

impl L1 {
    /// Before the genesis block some batches and messages were posted, which have no effect.
    pub(crate) fn new(known: &mut Known, config: impl FnOnce(&L1Origin) -> RollupConfig) -> Self {
        let header = header(L1_GENESIS, L1_GENESIS_TIME, B256::repeat_byte(0x99));
        let hash = known.header(&header);
        let origin = L1Origin { number: L1_GENESIS, hash, ..L1Origin::default() };
        let config = config(&origin);
        let mut l1 = Self {
            blocks: vec![],
            accumulators: vec![],
            entries: 0,
            around: BTreeMap::new(),
            in_blobs: BTreeSet::new(),
            last_parts: BTreeSet::new(),
            config,
        };
        let old = Posting {
            first_block: 1,
            last_block: 1,
            carried: Carried::Calldata(Bytes::from_static(b"old")),
        };
        l1.push(known, &header, vec![], vec![old]);
        l1
    }

    pub(crate) fn number(&self) -> u64 {
        self.blocks.last().unwrap().origin.number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&L1Block> {
        self.blocks.get(usize::try_from(number.checked_sub(L1_GENESIS)?).unwrap())
    }

    pub(crate) fn accumulators_after(&self, number: u64) -> Accumulators {
        self.accumulators[usize::try_from(number - L1_GENESIS).unwrap()]
    }

    pub(crate) fn origin(&self, number: u64) -> Option<OriginBlock> {
        self.get(number).map(|block| OriginBlock {
            origin: block.origin,
            parent_hash: block.parent_hash,
            messages: block.messages.clone(),
        })
    }

    /// Mines a block `gap` seconds later.
    pub(crate) fn mine(
        &mut self,
        known: &mut Known,
        gap: u64,
        messages: Vec<L1Message>,
        postings: Vec<Posting>,
    ) {
        let tip = self.blocks.last().unwrap().origin;
        let header = header(tip.number + 1, tip.timestamp + gap, tip.hash);
        self.push(known, &header, messages, postings);
    }

    fn push(
        &mut self,
        known: &mut Known,
        header: &Header,
        messages: Vec<L1Message>,
        postings: Vec<Posting>,
    ) {
        let mut now = self.accumulators.last().copied().unwrap_or_default();
        let (number, timestamp) = (header.number, header.timestamp);
        for message in &messages {
            let bytes = message.encode();
            let hash = known.bytes(bytes.clone());
            let mut link = now.messages.to_vec();
            link.extend(number.to_be_bytes());
            link.extend(timestamp.to_be_bytes());
            link.extend(hash);
            now.messages = message_chain_next(now.messages, number, timestamp, &bytes);
            assert_eq!(known.bytes(link.into()), now.messages);
        }
        let mut batches = Vec::new();
        for posting in postings {
            let (carrier, data_hash, data) = carry(known, &posting.carried);
            let Posting { first_block, last_block, .. } = posting;
            let entry = InboxEntry {
                carrier,
                data_hash,
                first_block,
                last_block,
                l1_number: number,
                l1_timestamp: timestamp,
                l1_parent_hash: header.parent_hash,
            };
            let link = [&now.batches[..], &entry.encode()].concat();
            let before = now.batches;
            now.batches = inbox_accumulator_next(before, &entry);
            self.around.insert(self.entries, [before, now.batches]);
            assert_eq!(known.bytes(link.into()), now.batches);
            if carrier == Carrier::Blobs {
                self.in_blobs.insert(self.entries);
            }
            let chain_id = self.config.l2_chain_id;
            let batch = data.as_ref().and_then(|data| decode_batch(data, chain_id).ok());
            if batch.is_some_and(|batch| batch.skip > 0 && !batch.unfinished) {
                self.last_parts.insert(self.entries);
            }
            let index = self.entries;
            batches.push(PostedBatch { index, first_block, last_block, carrier, data });
            self.entries += 1;
        }
        let origin = L1Origin {
            number,
            hash: known.header(header),
            timestamp,
            base_fee: header.base_fee_per_gas.unwrap(),
            blob_base_fee: self.config.blob_base_fee(timestamp, header.excess_blob_gas.unwrap()),
            prev_randao: header.mix_hash,
            parent_beacon_block_root: header.parent_beacon_block_root.unwrap(),
        };
        let messages = (3..).step_by(7).zip(messages).collect();
        let parent_hash = header.parent_hash;
        self.blocks.push(L1Block { origin, parent_hash, batches, messages });
        self.accumulators.push(now);
    }
}

/// What the accumulator holds of a carrier, and what derivation reads out of it.
fn carry(known: &mut Known, carried: &Carried) -> (Carrier, B256, Option<Bytes>) {
    match carried {
        Carried::Calldata(data) => {
            (Carrier::Calldata, known.bytes(data.clone()), Some(data.clone()))
        }
        Carried::Blobs(blobs) => {
            let hashes: Vec<u8> = blobs.iter().flat_map(|blob| known.blob(blob).0).collect();
            let blobs: Vec<&[u8]> = blobs.iter().map(|blob| &blob[..]).collect();
            let data = blob::unpack(&blobs).ok().map(Bytes::from);
            (Carrier::Blobs, known.bytes(hashes.into()), data)
        }
    }
}

fn header(number: u64, timestamp: u64, parent_hash: B256) -> Header {
    Header {
        number,
        timestamp,
        parent_hash,
        gas_limit: 60_000_000,
        difficulty: U256::ZERO,
        mix_hash: keccak256(parent_hash),
        base_fee_per_gas: Some(1_000_000_000 + number),
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(number * 131_072),
        parent_beacon_block_root: Some(keccak256(keccak256(parent_hash))),
        requests_hash: Some(B256::ZERO),
        ..Header::default()
    }
}
