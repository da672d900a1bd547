//! Posts batches: takes sealed blocks that are in no batch yet, makes batches of them, hands them to the L1 sender.
//!
//! The outbox is the memory: which blocks are in a batch follows from its records, so a restart goes on where it
//! stopped and sends nothing twice. Not here: fees, nonces and replacement (`l1::tx`).

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use bindings::BatchInbox;
use db::{Coverage, OutboxEntry, OutboxOutcome};
use derivation::BatchBuilder;
use l1::tx::{TxHandle, TxRequest};
use protocol::{Batch, Heads, RollupConfig};

use crate::{
    BatcherConfig, BatcherError,
    carrier::{Carrier, L1Prices, choose},
    compress, metrics,
    outbox::{Outbox, batch_key},
    source::{SealedInputs, Source},
};

/// Consecutive blocks, and how often the first of them was posted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u64,
    last: u64,
    attempt: usize,
}

/// Makes and submits batches.
#[derive(Debug)]
pub(crate) struct Poster {
    config: BatcherConfig,
    chain_id: u64,
    inbox: Address,
    source: Source,
    outbox: Outbox,
    sender: TxHandle,
    /// Since when the oldest block that is in no batch has waited.
    waiting: Option<(u64, Instant)>,
    /// Since which L1 block every batch is settled and the safe head still lacks their blocks.
    settled: Option<((u64, u64), u64)>,
}

impl Poster {
    pub(crate) fn new(
        config: BatcherConfig,
        rollup: &RollupConfig,
        source: Source,
        outbox: Outbox,
        sender: TxHandle,
    ) -> Self {
        Self {
            config,
            chain_id: rollup.l2_chain_id,
            inbox: rollup.contracts.batch_inbox,
            source,
            outbox,
            sender,
            waiting: None,
            settled: None,
        }
    }

    /// One look at the chain and the outbox; posts what is due.
    pub(crate) async fn round(&mut self) -> Result<(), BatcherError> {
        let Some(heads) = self.source.heads().await? else { return Ok(()) };
        let entries = self.outbox.entries("batch/").await.map_err(BatcherError::Outbox)?;
        let open = entries.iter().filter(|entry| entry.outcome.is_none()).count();
        let (first, attempt) = self.next(&entries, &heads);
        metrics::posted_to(first.saturating_sub(1));
        let head = heads.unsafe_head().number;
        metrics::backlog((head + 1).saturating_sub(first));
        if first > head {
            self.waiting = None;
            return Ok(());
        }
        let waited = self.waited(first);
        if open >= self.config.batches_open_max {
            return Ok(());
        }
        let last = std::cmp::min(head, first + self.config.batch_blocks_max - 1);
        let blocks = self.source.blocks(first, last, self.config.batch_raw_bytes_target).await?;
        let raw_bytes: usize = blocks.iter().map(SealedInputs::raw_bytes).sum();
        let full = raw_bytes >= self.config.batch_raw_bytes_target
            || blocks.len() as u64 >= self.config.batch_blocks_max;
        if blocks.is_empty() || !(full || waited >= self.config.batch_age_max) {
            return Ok(());
        }
        self.post(blocks, attempt).await?;
        self.waiting = None;
        Ok(())
    }

    fn waited(&mut self, first: u64) -> Duration {
        let since = match self.waiting {
            Some((block, since)) if block == first => since,
            _ => Instant::now(),
        };
        self.waiting = Some((first, since));
        since.elapsed()
    }

    /// The first block that has to go into a new batch, and how often it was tried before.
    fn next(&mut self, entries: &[OutboxEntry], heads: &Heads) -> (u64, usize) {
        let safe = heads.safe_head().number;
        let chain = Chain::of(entries, safe + 1);
        if chain.next > safe + 1 && chain.settled && self.lost(chain.next, safe) {
            metrics::reposted();
            let (first, last) = (safe + 1, chain.next - 1);
            tracing::warn!(first, last, "posted blocks did not become safe, posting them again");
            self.settled = None;
            return (first, attempts(entries, first));
        }
        (chain.next, attempts(entries, chain.next))
    }

    /// Whether all batches up to `next` have been settled for so long that derivation must have passed over them.
    fn lost(&mut self, next: u64, safe: u64) -> bool {
        let l1_head = self.sender.status().borrow().head.map_or(0, |head| head.number);
        let since = match self.settled {
            Some((seen, since)) if seen == (safe, next) => since,
            _ => l1_head,
        };
        self.settled = Some(((safe, next), since));
        l1_head.saturating_sub(since) >= self.config.repost_after_l1_blocks
    }

    async fn post(
        &self,
        mut blocks: Vec<SealedInputs>,
        attempt: usize,
    ) -> Result<(), BatcherError> {
        let prices = self.prices();
        loop {
            let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
            let range = Range { first: first.opening.number, last: last.opening.number, attempt };
            let batch = build(&blocks)?;
            let payload = self.compress(&batch).await?;
            let carrier = choose(&payload, prices, self.config.carrier, self.config.blobs_max);
            if let Some(carrier) = carrier {
                return self.submit(range, &batch, &blocks, payload, carrier).await;
            }
            if blocks.len() == 1 {
                return Err(BatcherError::BlockTooLarge {
                    block: range.first,
                    bytes: payload.len(),
                });
            }
            blocks.truncate(blocks.len().div_ceil(2));
        }
    }

    /// Compression takes up to a second of CPU time, so it does not run on the async runtime.
    async fn compress(&self, batch: &Batch) -> Result<Bytes, BatcherError> {
        let (batch, chain_id, policy) = (batch.clone(), self.chain_id, self.config.compression);
        let first = batch.first_block;
        let done = tokio::task::spawn_blocking(move || compress::payload(&batch, chain_id, policy));
        let payload = done.await.map_err(|_| BatcherError::Interrupted)?;
        payload.map_err(|source| BatcherError::Compress { first, source })
    }

    fn prices(&self) -> L1Prices {
        let quote = self.sender.status().borrow().quote;
        quote.map_or(L1Prices { gas: 1, blob_gas: 1 }, |quote| L1Prices {
            gas: quote.base_fee.saturating_add(quote.tip),
            blob_gas: quote.blob_base_fee,
        })
    }

    async fn submit(
        &self,
        range: Range,
        batch: &Batch,
        blocks: &[SealedInputs],
        payload: Bytes,
        carrier: Carrier,
    ) -> Result<(), BatcherError> {
        let payload_bytes = payload.len();
        let key = batch_key(range.first, range.last, range.attempt);
        let request = request(self.inbox, range, payload, carrier);
        let record = self.sender.submit(&key, request).await.map_err(BatcherError::Submit)?;
        let raw_bytes = blocks.iter().map(SealedInputs::raw_bytes).sum();
        let blocks = range.last - range.first + 1;
        metrics::batch_made(blocks, batch.transaction_count(), raw_bytes, payload_bytes);
        tracing::info!(
            first = range.first,
            last = range.last,
            transactions = batch.transaction_count(),
            raw_bytes,
            payload_bytes,
            carrier = ?carrier,
            record = record.id.0,
            "batch handed to the L1 sender"
        );
        Ok(())
    }
}

/// The blocks that open and landed batches carry without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chain {
    /// The first block behind them.
    next: u64,
    /// Whether none of these batches is under way any more.
    settled: bool,
}

impl Chain {
    /// Batches chain by parent, so one behind a gap counts for nothing.
    fn of(entries: &[OutboxEntry], first: u64) -> Self {
        let mut ranges: Vec<(u64, u64, bool)> = entries
            .iter()
            .filter(|entry| may_count(entry))
            .filter_map(|entry| match entry.coverage {
                Coverage::Batch { first, last } => Some((first, last, entry.outcome.is_some())),
                Coverage::Proposal { .. } | Coverage::Other => None,
            })
            .collect();
        ranges.sort_unstable();
        let mut chain = Self { next: first, settled: true };
        for (first, last, settled) in ranges {
            if first <= chain.next && last >= chain.next {
                chain.next = last + 1;
                chain.settled &= settled;
            }
        }
        chain
    }
}

/// Whether a batch is under way or has landed; a refused, cancelled or reverted one carries nothing.
const fn may_count(entry: &OutboxEntry) -> bool {
    !entry.cancel_requested && matches!(entry.outcome, None | Some(OutboxOutcome::Confirmed(_)))
}

/// How many batches began with this block.
fn attempts(entries: &[OutboxEntry], first: u64) -> usize {
    let same = |entry: &&OutboxEntry| match entry.coverage {
        Coverage::Batch { first: other, .. } => other == first,
        Coverage::Proposal { .. } | Coverage::Other => false,
    };
    entries.iter().filter(same).count()
}

fn build(blocks: &[SealedInputs]) -> Result<Batch, BatcherError> {
    let mut builder = BatchBuilder::new();
    for block in blocks {
        builder
            .push(&block.opening, block.deposit_log_indexes.clone(), block.transactions.clone())
            .map_err(BatcherError::Build)?;
    }
    builder.build().ok_or(BatcherError::Empty)
}

fn request(inbox: Address, range: Range, payload: Bytes, carrier: Carrier) -> TxRequest {
    match carrier {
        Carrier::Calldata => {
            let call = BatchInbox::postBatchCalldataCall {
                firstBlock: range.first,
                lastBlock: range.last,
                data: payload,
            };
            TxRequest::call(inbox, call.abi_encode().into())
        }
        Carrier::Blobs => {
            let call = BatchInbox::postBatchCall { firstBlock: range.first, lastBlock: range.last };
            TxRequest {
                to: inbox,
                value: U256::ZERO,
                input: call.abi_encode().into(),
                gas_limit: Some(BLOB_POST_GAS),
                blob_data: Some(payload),
            }
        }
    }
}

/// Gas of `postBatch` with six blobs, with room: nodes cannot estimate a call that reads blob hashes.
const BLOB_POST_GAS: u64 = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first: u64, last: u64, outcome: Option<OutboxOutcome>) -> OutboxEntry {
        OutboxEntry {
            id: first,
            key: batch_key(first, last, 0),
            coverage: Coverage::Batch { first, last },
            nonce: None,
            inclusion: None,
            cancel_requested: false,
            outcome,
        }
    }

    fn landed() -> Option<OutboxOutcome> {
        let block = protocol::BlockId::default();
        let hash = alloy::primitives::B256::ZERO;
        Some(OutboxOutcome::Confirmed(db::OutboxInclusion { hash, block, succeeded: true }))
    }

    #[test]
    fn batches_count_as_far_as_they_chain() {
        let entries = [entry(1, 4, landed()), entry(5, 9, None), entry(12, 15, None)];
        assert_eq!(Chain::of(&entries, 1), Chain { next: 10, settled: false });
        assert_eq!(Chain::of(&entries, 3), Chain { next: 10, settled: false });
        assert_eq!(Chain::of(&entries[..1], 1), Chain { next: 5, settled: true });
        assert_eq!(Chain::of(&[], 7), Chain { next: 7, settled: true });
    }

    #[test]
    fn what_failed_or_is_no_longer_wanted_carries_nothing() {
        let refused = Some(OutboxOutcome::Refused { reason: "no".into() });
        let mut cancelled = entry(1, 4, None);
        cancelled.cancel_requested = true;
        let entries = [entry(1, 4, refused), cancelled];
        assert_eq!(Chain::of(&entries, 1).next, 1);
        assert_eq!(attempts(&entries, 1), 2);
    }
}
