//! L1 blocks as derivation takes them: the header, the messages, and the batches with their bytes.
//!
//! Not here: any rule about what a batch or message means. Invariant: a returned block is complete and belongs to
//! one L1 block hash. Whatever cannot be read is an error, so that an outage never looks like an absent batch; only
//! bytes that were read in full and are no batch packing become `data: None`.

mod accumulators;
mod events;
mod evidence;

use std::{ops::RangeInclusive, sync::Arc};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, BloomInput, Bytes},
    rpc::types::Header,
};
use derivation::L1Block;
use futures::{Stream, StreamExt, stream};
use protocol::{L1Contracts, L1Origin, PostedBatch, RollupConfig, blob};

use self::events::{BlockEvents, Posting, PostingData, TOPICS, decode_events};
use crate::{
    blobs::{BlobLocation, BlobReader, Blobs},
    client::L1Client,
    config::L1Config,
    error::L1Error,
};

/// Reads L1 blocks for one rollup. Cheap to clone.
#[derive(Clone, Debug)]
pub struct L1Reader {
    client: L1Client,
    blobs: BlobReader,
    rollup: Arc<RollupConfig>,
    prefetch_blocks_max: usize,
    verify_accumulators: bool,
}

impl L1Reader {
    /// Makes a reader; no request is sent yet.
    #[must_use]
    pub fn new(
        client: L1Client,
        blobs: BlobReader,
        rollup: Arc<RollupConfig>,
        config: &L1Config,
    ) -> Self {
        Self {
            client,
            blobs,
            rollup,
            prefetch_blocks_max: std::cmp::max(config.prefetch_blocks_max, 1),
            verify_accumulators: config.verify_accumulators,
        }
    }

    /// The canonical L1 block with this number. [`L1Error::BlockMissing`] while L1 has not reached it.
    pub async fn block(&self, number: u64) -> Result<L1Block, L1Error> {
        Ok(self.block_with(number, &Blobs::new()).await?.0)
    }

    /// The same, and the blobs of its postings. Of those in `kept` the beacon node is not asked for, which may not have them
    /// any more.
    pub async fn block_with(&self, number: u64, kept: &Blobs) -> Result<(L1Block, Blobs), L1Error> {
        let result = self.try_block(number, kept).await;
        if let Err(L1Error::Inconsistent { .. }) = result {
            self.client.endpoints().distrust_current();
        }
        result
    }

    /// The blocks of a range in order, several of them in flight. Ends after the first error.
    ///
    /// Blocks are read by number, so a reorg inside the range shows as a parent hash that does not fit; derivation
    /// checks that for each block.
    pub fn blocks(
        &self,
        numbers: RangeInclusive<u64>,
    ) -> impl Stream<Item = Result<L1Block, L1Error>> + '_ {
        let mut failed = false;
        stream::iter(numbers)
            .map(|number| self.block(number))
            .buffered(self.prefetch_blocks_max)
            .take_while(move |result| {
                let go_on = !failed;
                failed = result.is_err();
                std::future::ready(go_on)
            })
    }

    /// What an L2 block takes from the L1 block with this number, without messages and batches.
    pub async fn origin(&self, block: BlockNumberOrTag) -> Result<L1Origin, L1Error> {
        origin_of(&self.rollup, &self.client.header(block).await?)
    }

    async fn try_block(&self, number: u64, kept: &Blobs) -> Result<(L1Block, Blobs), L1Error> {
        let header = self.client.header(BlockNumberOrTag::Number(number)).await?;
        if header.number != number {
            return Err(L1Error::Inconsistent { number, what: "a header of another number" });
        }
        let origin = origin_of(&self.rollup, &header)?;
        let events = self.events(&header, &origin).await?;
        // Up to the origin of genesis the contracts may not be there yet.
        if self.verify_accumulators && number > self.rollup.genesis.l1.number {
            accumulators::verify(
                &self.client,
                &self.rollup.contracts,
                &origin,
                header.parent_hash,
                &events,
            )
            .await?;
        }
        let (mut batches, mut blobs) = (Vec::with_capacity(events.postings.len()), Blobs::new());
        for posting in events.postings {
            batches.push(self.posted_batch(&origin, posting, kept, &mut blobs).await?);
        }
        let (parent_hash, messages) = (header.parent_hash, events.messages);
        Ok((L1Block { origin, parent_hash, batches, messages }, blobs))
    }

    async fn events(&self, header: &Header, origin: &L1Origin) -> Result<BlockEvents, L1Error> {
        let contracts = watched(&self.rollup.contracts);
        if surely_without_logs(header, &contracts) {
            return Ok(BlockEvents::default());
        }
        let logs = self.client.logs(header.hash, &contracts, &TOPICS).await?;
        decode_events(&self.rollup.contracts, origin.id(), &logs)
    }

    /// Its blobs are added to `read`.
    async fn posted_batch(
        &self,
        origin: &L1Origin,
        posting: Posting,
        kept: &Blobs,
        read: &mut Blobs,
    ) -> Result<PostedBatch, L1Error> {
        let carrier = posting.carrier();
        let data = match posting.data {
            PostingData::Calldata(data) => Some(data),
            PostingData::Blobs(hashes) => {
                let location = BlobLocation { number: origin.number, timestamp: origin.timestamp };
                let blobs = self
                    .blobs
                    .kept_or_read(location, &hashes, kept)
                    .await
                    .map_err(|source| L1Error::Blob { number: origin.number, source })?;
                let slices: Vec<&[u8]> = blobs.iter().map(|blob| &blob[..]).collect();
                let data = blob::unpack(&slices).ok().map(Bytes::from);
                read.extend(hashes.into_iter().zip(blobs));
                data
            }
        };
        let Posting { index, first_block, last_block, .. } = posting;
        Ok(PostedBatch { index, first_block, last_block, carrier, data })
    }
}

const fn watched(contracts: &L1Contracts) -> [Address; 3] {
    [contracts.batch_inbox, contracts.portal, contracts.system_config]
}

/// The bloom filter saves a request for most blocks of a busy L1. It counts only if the header hashes to its own
/// hash: a header with fields of a later fork does not, and then the logs are asked for.
fn surely_without_logs(header: &Header, contracts: &[Address]) -> bool {
    let bloom = &header.logs_bloom;
    let none =
        !contracts.iter().any(|address| bloom.contains_input(BloomInput::Raw(address.as_slice())));
    none && header.inner.hash_slow() == header.hash
}

/// The fields that L2 blocks with this origin take from a header.
pub(crate) fn origin_of(rollup: &RollupConfig, header: &Header) -> Result<L1Origin, L1Error> {
    let missing = |what| L1Error::Inconsistent { number: header.number, what };
    let excess = header.excess_blob_gas.ok_or_else(|| missing("a header without blob gas"))?;
    Ok(L1Origin {
        number: header.number,
        hash: header.hash,
        timestamp: header.timestamp,
        base_fee: header.base_fee_per_gas.ok_or_else(|| missing("a header without base fee"))?,
        blob_base_fee: rollup.blob_base_fee(header.timestamp, excess),
        prev_randao: header.mix_hash,
        parent_beacon_block_root: header
            .parent_beacon_block_root
            .ok_or_else(|| missing("a header without beacon root"))?,
    })
}
