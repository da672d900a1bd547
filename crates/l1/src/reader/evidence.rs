//! What a dispute shows of L1, from a node.

use std::collections::BTreeMap;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, Bytes},
    rlp,
    rpc::types::{Header, Log as RpcLog},
    sol_types::SolEvent,
};
use bindings::{BatchInbox::BatchPosted, Portal::TransactionDeposited, SystemConfig::ConfigUpdate};
use futures::{StreamExt, TryStreamExt, stream};
use protocol::{BlockId, Carrier, InboxEntry};

use super::{
    L1Reader,
    events::{PostingData, decode_announced},
    origin_of, watched,
};
use crate::{
    blobs::BlobLocation,
    error::L1Error,
    evidence::{PostedEntry, SentMessage},
};

/// L1 blocks of one request for logs: what providers take.
const LOG_RANGE_BLOCKS: u64 = 1_000;

/// First topics of what is posted and sent; without the bytes of batches.
const POSTED: [B256; 1] = [BatchPosted::SIGNATURE_HASH];
const SENT: [B256; 2] = [TransactionDeposited::SIGNATURE_HASH, ConfigUpdate::SIGNATURE_HASH];

impl L1Reader {
    pub(crate) async fn header_bytes(&self, hash: B256) -> Result<Option<Bytes>, L1Error> {
        let found = self.client.find_header_by_hash(hash).await?;
        let Some(header) = found else { return Ok(None) };
        if header.hash != hash {
            return Err(self.inconsistent(header.number, "a header of another hash"));
        }
        self.encoded(&header).map(Some)
    }

    pub(crate) async fn headers_bytes(&self, from: u64, to: u64) -> Result<Vec<Bytes>, L1Error> {
        let header = |number| async move {
            let found = self.client.find_header(BlockNumberOrTag::Number(number)).await?;
            found.map(|header| self.encoded(&header)).transpose()
        };
        let headers = stream::iter(from..=to).map(header).buffered(self.prefetch_blocks_max);
        let found: Vec<_> = headers.try_collect().await?;
        Ok(found.into_iter().map_while(|header| header).collect())
    }

    pub(crate) async fn entries(&self, from: u64, to: u64) -> Result<Vec<PostedEntry>, L1Error> {
        let mut entries = Vec::new();
        for (header, logs) in self.blocks_with(&POSTED, from, to).await? {
            let block = BlockId { number: header.number, hash: header.hash };
            let (postings, _) = decode_announced(&self.rollup.contracts, block, &logs)?;
            entries.extend(postings.into_iter().map(|posted| posted_entry(&header, posted)));
        }
        Ok(entries)
    }

    pub(crate) async fn messages(&self, from: u64, to: u64) -> Result<Vec<SentMessage>, L1Error> {
        let mut sent = Vec::new();
        for (header, logs) in self.blocks_with(&SENT, from, to).await? {
            let block = BlockId { number: header.number, hash: header.hash };
            let (_, messages) = decode_announced(&self.rollup.contracts, block, &logs)?;
            let (l1_number, l1_timestamp) = (header.number, header.timestamp);
            let messages = messages.into_iter();
            sent.extend(messages.map(|message| SentMessage { l1_number, l1_timestamp, message }));
        }
        Ok(sent)
    }

    /// The blocks of a range that have logs with one of these topics, in order, with those logs.
    async fn blocks_with(
        &self,
        topics: &[B256],
        from: u64,
        to: u64,
    ) -> Result<Vec<(Header, Vec<RpcLog>)>, L1Error> {
        let contracts = watched(&self.rollup.contracts);
        let mut blocks: BTreeMap<u64, (B256, Vec<RpcLog>)> = BTreeMap::new();
        let mut first = from;
        while first <= to {
            let last = std::cmp::min(to, first.saturating_add(LOG_RANGE_BLOCKS - 1));
            for log in self.client.logs_between(first, last, &contracts, topics).await? {
                let (Some(number), Some(hash)) = (log.block_number, log.block_hash) else {
                    return Err(self.inconsistent(first, "a log of no block was returned"));
                };
                if !(first..=last).contains(&number) {
                    return Err(self.inconsistent(number, "a log of another block was returned"));
                }
                blocks.entry(number).or_insert((hash, Vec::new())).1.push(log);
            }
            let Some(next) = last.checked_add(1) else { break };
            first = next;
        }
        let with_header = |(number, (hash, logs)): (u64, (B256, Vec<RpcLog>))| async move {
            let header = self.client.find_header_by_hash(hash).await?;
            let header = header.ok_or_else(|| L1Error::BlockMissing { block: hash.to_string() })?;
            if (header.number, header.hash) != (number, hash) {
                return Err(self.inconsistent(number, "a header of another block"));
            }
            Ok((header, logs))
        };
        stream::iter(blocks).map(with_header).buffered(self.prefetch_blocks_max).try_collect().await
    }

    pub(crate) async fn payload(&self, entry: &InboxEntry) -> Result<Option<Bytes>, L1Error> {
        let header = self.client.header(BlockNumberOrTag::Number(entry.l1_number)).await?;
        let origin = origin_of(&self.rollup, &header)?;
        let events = self.events(&header, &origin).await?;
        let mut postings = events.postings.into_iter();
        let found = postings.find(|posting| posting.data_hash == entry.data_hash);
        Ok(found.and_then(|posting| match posting.data {
            PostingData::Calldata(data) => Some(data),
            PostingData::Blobs(_) => None,
        }))
    }

    pub(crate) async fn blobs(&self, posted: &PostedEntry) -> Result<Vec<Bytes>, L1Error> {
        let (number, timestamp) = (posted.entry.l1_number, posted.entry.l1_timestamp);
        let location = BlobLocation { number, timestamp };
        let blobs = self.blobs.blobs(location, &posted.blob_hashes).await;
        blobs.map_err(|source| L1Error::Blob { number, source })
    }

    /// The bytes that a header's hash is of. One with fields of a later fork has others, which nobody here can tell.
    fn encoded(&self, header: &Header) -> Result<Bytes, L1Error> {
        if header.inner.hash_slow() != header.hash {
            return Err(self.inconsistent(header.number, "a header does not have its hash"));
        }
        Ok(rlp::encode(&header.inner).into())
    }

    fn inconsistent(&self, number: u64, what: &'static str) -> L1Error {
        self.client.endpoints().distrust_current();
        L1Error::Inconsistent { number, what }
    }
}

fn posted_entry(header: &Header, posted: BatchPosted) -> PostedEntry {
    let is_calldata = posted.blobHashes.is_empty();
    let entry = InboxEntry {
        carrier: if is_calldata { Carrier::Calldata } else { Carrier::Blobs },
        data_hash: posted.dataHash,
        first_block: posted.firstBlock,
        last_block: posted.lastBlock,
        l1_number: header.number,
        l1_timestamp: header.timestamp,
        l1_parent_hash: header.parent_hash,
    };
    PostedEntry { entry, blob_hashes: posted.blobHashes }
}
