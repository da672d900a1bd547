//! Posts batches: takes sealed blocks that are in no batch yet, makes batches of them, hands them to the L1 sender.
//!
//! The outbox is the memory: which blocks are in a batch follows from its records, so a restart goes on where it
//! stopped and sends nothing twice, also in the midst of a block in parts. Not here: fees, nonces and replacement
//! (`l1::tx`).

mod chain;
mod fill;
mod parts;
mod rebuilt;
mod rest;
mod stuck;

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use bindings::BatchInbox;
use db::OutboxEntry;
use derivation::BatchBuilder;
use l1::tx::{TxHandle, TxId, TxRequest};
use outbox::Outbox;
use protocol::{Batch, BatchError, Heads, RollupConfig};

use crate::{
    BatcherConfig, BatcherError, CompressError, CompressionPolicy,
    carrier::{Carrier, L1Prices, choose},
    compress,
    keys::{batch_key, postings},
    limit::PayloadMean,
    metrics,
    source::{SealedInputs, Source},
};
use chain::{Chain, Parts, attempts};
use rebuilt::Rebuilt;
use rest::{Backlog, Rest};
use stuck::Stuck;

/// What to post next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The blocks from this one on, in a batch of which it is the first for the `attempt`-th time. `again`: what carried
    /// it is lost, so it does not wait for others.
    Blocks { first: u64, attempt: usize, again: bool },
    /// What is missing of a block in parts.
    Parts(parts::Begun),
    /// Nothing before the parts of this block that are under way have settled.
    Settle { block: u64 },
}

impl Next {
    const fn block(&self) -> u64 {
        match self {
            Self::Blocks { first, .. } => *first,
            Self::Parts(begun) => begun.last.block,
            Self::Settle { block } => *block,
        }
    }
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
    /// Whether the batch behind the safe head has been lost.
    stuck: Stuck,
    /// Which records carry blocks that no longer are.
    rebuilt: Rebuilt,
    /// Whether there is better use of the processors.
    rest: Rest,
    /// What transactions take of a batch.
    payload_mean: PayloadMean,
}

impl Poster {
    pub(crate) fn new(
        config: BatcherConfig,
        rollup: &RollupConfig,
        source: Source,
        outbox: Outbox,
        sender: TxHandle,
    ) -> Self {
        let rest = Rest::new(config.busy_transactions, rollup.sequencing_window);
        Self {
            config,
            chain_id: rollup.l2_chain_id,
            inbox: rollup.contracts.batch_inbox,
            source,
            outbox,
            sender,
            waiting: None,
            stuck: Stuck::default(),
            rebuilt: Rebuilt::default(),
            rest,
            payload_mean: PayloadMean::default(),
        }
    }

    /// What a transaction of the latest batches took.
    pub(crate) const fn payload_mean(&self) -> PayloadMean {
        self.payload_mean
    }

    /// One look at the chain and the outbox; posts what is due.
    pub(crate) async fn round(&mut self) -> Result<(), BatcherError> {
        let Some(heads) = self.source.heads().await? else { return Ok(()) };
        let all = postings(&self.outbox).await.map_err(BatcherError::Outbox)?;
        self.rebuilt.look(&self.source.cuts().await?, &all);
        if self.take_back(&all).await? {
            return Ok(());
        }
        let live = all.iter().filter(|entry| !self.rebuilt.is_stale(entry)).cloned();
        let entries: Vec<OutboxEntry> = live.collect();
        let under_way = |entry: &&OutboxEntry| entry.outcome.is_none() && entry.inclusion.is_none();
        let under_way = entries.iter().filter(under_way).count();
        let room = self.config.batches_open_max.saturating_sub(under_way);
        let processed = self.source.processed().await?;
        let next = self.next(&entries, &all, &heads, processed);
        let first = next.block();
        metrics::posted_to(first.saturating_sub(1));
        let head = heads.unsafe_head().number;
        metrics::backlog((head + 1).saturating_sub(first));
        if first > head {
            self.waiting = None;
            return Ok(());
        }
        let waited = self.waited(first);
        if room == 0 {
            return Ok(());
        }
        // Parts of a block that is begun can wait like a block that is not: nothing is posted between them.
        let can_wait = matches!(next, Next::Blocks { again: false, .. } | Next::Parts(_));
        if can_wait && self.rests(first, &heads).await? {
            return Ok(());
        }
        match next {
            Next::Blocks { first, attempt, again } => {
                let last = std::cmp::min(head, first + self.config.batch_blocks_max - 1);
                let target = self.config.batch_raw_bytes_target;
                let blocks = self.source.blocks(first, last, target).await?;
                let raw_bytes: usize = blocks.iter().map(SealedInputs::raw_bytes).sum();
                let full =
                    raw_bytes >= target || blocks.len() as u64 >= self.config.batch_blocks_max;
                let is_due = again || full || waited >= self.config.batch_age_max;
                if blocks.is_empty() || !is_due {
                    return Ok(());
                }
                if again {
                    metrics::reposted();
                    tracing::warn!(first, "what carried a block is lost, posting it again");
                }
                self.post(blocks, attempt, room).await?;
            }
            Next::Parts(begun) => self.go_on(begun, room).await?,
            Next::Settle { .. } => return Ok(()),
        }
        self.waiting = None;
        Ok(())
    }

    /// Takes back the records of blocks that were built anew. Whether some of them are still under way: until they have
    /// ended, none may be posted in their place.
    async fn take_back(&self, entries: &[OutboxEntry]) -> Result<bool, BatcherError> {
        let stale = |entry: &&OutboxEntry| entry.outcome.is_none() && self.rebuilt.is_stale(entry);
        let mut waiting = false;
        for entry in entries.iter().filter(stale) {
            waiting = true;
            if !entry.cancel_requested {
                tracing::warn!(key = entry.key, "its blocks were built anew, taking it back");
                self.sender.cancel(TxId(entry.id)).await.map_err(BatcherError::Submit)?;
            }
        }
        Ok(waiting)
    }

    /// Whether it is no time for the blocks from `first` on.
    async fn rests(&mut self, first: u64, heads: &Heads) -> Result<bool, BatcherError> {
        let rests = match self.rest.recent(Instant::now()) {
            Some(rests) => rests,
            None => {
                let (newest, safe) = (heads.unsafe_head(), heads.safe_head());
                let backlog = Backlog {
                    newest_transactions: self.source.transactions_of(newest.number).await?,
                    bytes: self.source.bytes_from(first).await?,
                    l1_blocks: newest.origin.number.saturating_sub(safe.origin.number),
                };
                self.rest.look(backlog, Instant::now())
            }
        };
        metrics::rests(rests);
        Ok(rests)
    }

    fn waited(&mut self, first: u64) -> Duration {
        let since = match self.waiting {
            Some((block, since)) if block == first => since,
            _ => Instant::now(),
        };
        self.waiting = Some((first, since));
        since.elapsed()
    }

    /// What has to be posted next. `all` records count for the numbers of attempts, which make keys unique.
    fn next(
        &mut self,
        entries: &[OutboxEntry],
        all: &[OutboxEntry],
        heads: &Heads,
        processed: u64,
    ) -> Next {
        let safe = heads.safe_head().number;
        let chain = Chain::of(entries, safe + 1);
        let blocks = |first, again| Next::Blocks { first, attempt: attempts(all, first), again };
        let posted = chain.next > safe + 1 && chain.settled;
        let patience = self.config.repost_after_l1_blocks;
        if self.stuck.look(safe, posted, processed, patience) {
            return blocks(safe + 1, true);
        }
        match chain.parts {
            Parts::None => blocks(chain.next, false),
            Parts::UpTo { last, count, open } => {
                let next_attempt = attempts(all, last.block);
                Next::Parts(parts::Begun { last, count, open, next_attempt })
            }
            Parts::Broken { open: true } => Next::Settle { block: chain.next },
            Parts::Broken { open: false } => blocks(chain.next, true),
        }
    }

    /// Posts as many of these blocks as one L1 transaction carries, or parts of the first if it carries not even one.
    async fn post(
        &mut self,
        mut blocks: Vec<SealedInputs>,
        attempt: usize,
        room: usize,
    ) -> Result<(), BatcherError> {
        // A large block at the end is rather the next to be posted.
        let large = |block: &SealedInputs| block.raw_bytes() >= self.config.batch_raw_bytes_target;
        while blocks.len() > 1 && blocks.last().is_some_and(large) {
            blocks.pop();
        }
        loop {
            let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
            let range = (first.opening.number, last.opening.number);
            let batch = build(&blocks)?;
            let (policy, blobs_max) = (self.config.carrier, self.config.blobs_max);
            if let Some(payload) = self.compress(&batch).await?
                && let Some(carrier) = choose(&payload, self.prices(), policy, blobs_max)
            {
                let key = batch_key(range.0, range.1, attempt);
                let raw_bytes = blocks.iter().map(SealedInputs::raw_bytes).sum();
                return self.submit(&key, range, &batch, raw_bytes, payload, carrier).await;
            }
            if let [block] = &blocks[..] {
                return self.split(block, attempt, room).await;
            }
            blocks.truncate(blocks.len().div_ceil(2));
        }
    }

    /// Compression takes up to a second of CPU time, so it does not run on the async runtime.
    async fn compress(&self, batch: &Batch) -> Result<Option<Bytes>, BatcherError> {
        let (batch, chain_id, policy) = (batch.clone(), self.chain_id, self.config.compression);
        let done = tokio::task::spawn_blocking(move || payload_of(&batch, chain_id, policy));
        done.await.map_err(|_| BatcherError::Interrupted)?
    }

    fn prices(&self) -> L1Prices {
        let quote = self.sender.status().borrow().quote;
        quote.map_or(L1Prices { gas: 1, blob_gas: 1 }, |quote| L1Prices {
            gas: quote.base_fee.saturating_add(quote.tip),
            blob_gas: quote.blob_base_fee,
        })
    }

    /// Hands a batch with these blocks to the L1 sender.
    async fn submit(
        &mut self,
        key: &str,
        (first, last): (u64, u64),
        batch: &Batch,
        raw_bytes: usize,
        payload: Bytes,
        carrier: Carrier,
    ) -> Result<(), BatcherError> {
        let (payload_bytes, transactions) = (payload.len(), batch.transaction_count());
        let request = request(self.inbox, (first, last), payload, carrier);
        let record = self.sender.submit(key, request).await.map_err(BatcherError::Submit)?;
        // A block in parts counts with its last one.
        let blocks = if batch.unfinished { 0 } else { last - first + 1 };
        self.payload_mean.note(transactions, payload_bytes);
        metrics::batch_made(blocks, transactions, raw_bytes, payload_bytes);
        tracing::info!(
            first,
            last,
            skip = batch.skip,
            unfinished = batch.unfinished,
            transactions,
            raw_bytes,
            payload_bytes,
            carrier = ?carrier,
            record = record.id.0,
            "batch handed to the L1 sender"
        );
        Ok(())
    }
}

/// The payload of a batch; `None` if it holds more than any batch may.
fn payload_of(
    batch: &Batch,
    chain_id: u64,
    policy: CompressionPolicy,
) -> Result<Option<Bytes>, BatcherError> {
    let started = Instant::now();
    let payload = compress::payload(batch, chain_id, policy);
    metrics::compressed(started.elapsed());
    match payload {
        Ok(payload) => Ok(Some(payload)),
        Err(CompressError::Encode(BatchError::TooMany { .. })) => Ok(None),
        Err(source) => Err(BatcherError::Compress { first: batch.first_block, source }),
    }
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

fn request(
    inbox: Address,
    (first, last): (u64, u64),
    payload: Bytes,
    carrier: Carrier,
) -> TxRequest {
    match carrier {
        Carrier::Calldata => {
            let call = BatchInbox::postBatchCalldataCall {
                firstBlock: first,
                lastBlock: last,
                data: payload,
            };
            TxRequest::call(inbox, call.abi_encode().into())
        }
        Carrier::Blobs => {
            let call = BatchInbox::postBatchCall { firstBlock: first, lastBlock: last };
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
