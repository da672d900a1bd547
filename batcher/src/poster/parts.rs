//! Posts a block in parts, when one L1 transaction cannot carry it.
//!
//! Not here: what became of parts that were handed over (`chain`), how many transactions fill one (`fill`).
//! Invariant: all parts of one attempt are cut from the same content and go to the same carrier, and nothing is submitted
//! between them.

use std::sync::Arc;

use alloy::primitives::Bytes;
use derivation::{BatchBuilder, BlockPart};
use protocol::{
    Batch, CALLDATA_BATCH_BYTES_MAX,
    batch::{BLOCK_BYTES_MAX, BLOCK_PARTS_MAX, BLOCK_TRANSACTIONS_MAX},
};

use super::{Poster, fill::Fill, payload_of};
use crate::{
    BatcherError,
    carrier::{Carrier, CarrierPolicy, L1Prices, blobs_cost, calldata_cost, capacity},
    part::PartKey,
    source::SealedInputs,
};

/// A block of which some parts were handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun {
    /// The last of them.
    pub(super) last: PartKey,
    /// How many they are.
    pub(super) count: usize,
    /// Whether one of them is under way.
    pub(super) open: bool,
    /// The number of the next attempt, if the block has to begin again.
    pub(super) next_attempt: usize,
}

/// A part that is ready to go.
struct Cut {
    batch: Batch,
    payload: Bytes,
    raw_bytes: usize,
}

impl Poster {
    /// Posts what is missing of a block in parts, at most `room` parts of it.
    pub(super) async fn go_on(&mut self, begun: Begun, room: usize) -> Result<(), BatcherError> {
        let Begun { last, count, open, next_attempt } = begun;
        let blocks = self.source.blocks(last.block, last.block, 1).await?;
        // It was taken back, and is not sealed again.
        let Some(block) = blocks.first() else { return Ok(()) };
        if block.content() == last.content
            && block.transactions.len() as u64 == u64::from(last.total)
        {
            let next = PartKey { skip: last.end, ..last };
            return self.post_parts(block, next, count, room).await;
        }
        tracing::warn!(block = last.block, open, "the block was rebuilt, its parts are void");
        if open {
            return Ok(());
        }
        self.post(blocks, next_attempt, room).await
    }

    /// Begins to post a block in parts.
    pub(super) async fn split(
        &mut self,
        block: &SealedInputs,
        attempt: usize,
        room: usize,
    ) -> Result<(), BatcherError> {
        let count = u32::try_from(block.transactions.len()).ok();
        let total = count.filter(|count| *count <= BLOCK_TRANSACTIONS_MAX);
        let total = total.ok_or_else(|| too_large(block, "too many transactions"))?;
        if block.raw_bytes() > BLOCK_BYTES_MAX {
            return Err(too_large(block, "too many bytes of transactions"));
        }
        let carrier = carrier_of_parts(self.prices(), self.config.carrier, self.config.blobs_max);
        let content = block.content();
        let number = block.opening.number;
        tracing::info!(block = number, attempt, total, ?carrier, "a block is posted in parts");
        let first = PartKey { block: number, attempt, skip: 0, end: 0, total, content, carrier };
        self.post_parts(block, first, 0, room).await
    }

    /// Posts parts from `next.skip` on, `done` of which were posted before.
    async fn post_parts(
        &mut self,
        block: &SealedInputs,
        mut next: PartKey,
        done: usize,
        room: usize,
    ) -> Result<(), BatcherError> {
        let block = &Arc::new(block.clone());
        for part in done..done.saturating_add(room) {
            if next.skip == next.total {
                return Ok(());
            }
            if part >= BLOCK_PARTS_MAX {
                return Err(too_large(block, "too many parts"));
            }
            let cut = self.cut(block, next.skip, next.carrier).await?;
            let cut = cut.ok_or_else(|| too_large(block, "a transaction fits no carrier"))?;
            let Cut { batch, payload, raw_bytes } = cut;
            let carried = u32::try_from(batch.transaction_count()).unwrap_or(u32::MAX);
            next.end = next.skip.saturating_add(carried);
            let (key, range) = (next.to_string(), (next.block, next.block));
            self.submit(&key, range, &batch, raw_bytes, payload, next.carrier).await?;
            next.skip = next.end;
        }
        Ok(())
    }

    /// Searching compresses a few times, so it does not run on the async runtime.
    async fn cut(
        &self,
        block: &Arc<SealedInputs>,
        skip: u32,
        carrier: Carrier,
    ) -> Result<Option<Cut>, BatcherError> {
        let (block, chain_id, policy) = (block.clone(), self.chain_id, self.config.compression);
        let capacity = capacity(carrier, self.config.blobs_max);
        let work = move || cut(&block, skip, capacity, |batch| payload_of(batch, chain_id, policy));
        tokio::task::spawn_blocking(work).await.map_err(|_| BatcherError::Interrupted)?
    }
}

/// The part from transaction `skip` on that fills so many bytes of payload; `None` if not even one transaction fits.
fn cut(
    block: &SealedInputs,
    skip: u32,
    capacity: usize,
    payload_of: impl Fn(&Batch) -> Result<Option<Bytes>, BatcherError>,
) -> Result<Option<Cut>, BatcherError> {
    let rest = usize::try_from(skip).ok().and_then(|skip| block.transactions.get(skip..));
    let rest = rest.unwrap_or_default();
    let mut fill = Fill::new(rest.iter().map(|raw| raw.len()), capacity);
    let mut best = None;
    while let Some(count) = fill.guess() {
        let transactions = rest.get(..count).unwrap_or(rest);
        let batch = part_of(block, skip, transactions, count >= rest.len())?;
        let payload = payload_of(&batch)?;
        let fits = fill.measured(count, payload.as_ref().map(|payload| payload.len()));
        if let Some(payload) = payload.filter(|_| fits) {
            let raw_bytes = transactions.iter().map(|raw| raw.len()).sum();
            best = Some(Cut { batch, payload, raw_bytes });
        }
    }
    Ok(best)
}

fn part_of(
    block: &SealedInputs,
    skip: u32,
    transactions: &[Bytes],
    is_last: bool,
) -> Result<Batch, BatcherError> {
    let part = BlockPart { skip, transactions: transactions.to_vec(), is_last };
    let mut builder = BatchBuilder::new();
    builder
        .push_part(&block.opening, block.deposit_log_indexes.clone(), part)
        .map_err(BatcherError::Build)?;
    builder.build().ok_or(BatcherError::Empty)
}

/// Where all parts of a block go: whatever costs less for each byte now, when it is full.
fn carrier_of_parts(prices: L1Prices, policy: CarrierPolicy, blobs_max: usize) -> Carrier {
    let cheaper = || {
        let in_calldata = calldata_cost(&vec![1; CALLDATA_BATCH_BYTES_MAX], prices);
        let in_blobs = blobs_cost(capacity(Carrier::Blobs, blobs_max), prices);
        let bytes = |carrier| alloy::primitives::U256::from(capacity(carrier, blobs_max));
        if in_calldata * bytes(Carrier::Blobs) <= in_blobs * bytes(Carrier::Calldata) {
            Carrier::Calldata
        } else {
            Carrier::Blobs
        }
    };
    match policy {
        CarrierPolicy::Calldata => Carrier::Calldata,
        CarrierPolicy::Blobs => Carrier::Blobs,
        CarrierPolicy::Auto if blobs_max == 0 => Carrier::Calldata,
        CarrierPolicy::Auto => cheaper(),
    }
}

fn too_large(block: &SealedInputs, why: &'static str) -> BatcherError {
    BatcherError::BlockTooLarge {
        block: block.opening.number,
        transactions: block.transactions.len(),
        bytes: block.raw_bytes(),
        why,
    }
}

#[cfg(test)]
mod tests;
