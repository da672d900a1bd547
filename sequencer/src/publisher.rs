//! What the sequencer tells the outside, in order: durable sub-blocks, sealed blocks, heads, dropped
//! transactions.
//!
//! Nothing is published before it is durable. The queue to the subscribers is bounded: a reader that falls
//! behind is closed with a reason, never skipped silently, and can resume from a [`Cursor`] by reading the
//! blocks in between. Not here: encodings, which the doors make once per event for all their subscribers.

mod waiters;

use std::sync::Arc;

use alloy::primitives::B256;
use executor::BlockRules;
use parking_lot::Mutex;
use protocol::{BlockOpening, Heads};
use tokio::sync::{broadcast, oneshot};

pub use self::waiters::Together;
use self::waiters::Waiters;
use crate::{
    chain::{Body, ChainBlock, Located},
    mempool::Rejection,
};

/// A place in the stream: everything up to and including this sub-block was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Block number.
    pub block: u64,
    /// Sub-block in it; 0 is the opening with its deposits.
    pub sub_block: u32,
}

/// A sub-block whose journal row is committed.
#[derive(Debug)]
pub struct DurableSubBlock {
    /// Its place.
    pub cursor: Cursor,
    /// What its block was opened with.
    pub opening: BlockOpening,
    /// Base fee of its block, in wei.
    pub base_fee: u64,
    /// Its transactions.
    pub transactions: Body,
}

/// One event. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Published {
    /// A sub-block became durable: its receipts may be given out.
    SubBlock(Arc<DurableSubBlock>),
    /// A block was sealed; it is `latest` now.
    Block(Arc<ChainBlock>),
    /// The access list of a block was written.
    AccessList(Arc<ChainBlock>),
    /// A head moved.
    Heads(Arc<Heads>),
    /// Blocks are no longer part of the chain (highest first); their logs are `removed`.
    Removed(Arc<Vec<Arc<ChainBlock>>>),
    /// Transactions entered the mempool.
    Received(Arc<[B256]>),
    /// A transaction that was received will not be executed.
    Dropped(B256, Arc<Rejection>),
}

/// Why a subscription ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The reader fell behind by more events than are kept for it.
    #[error("reader is too slow: {missed} events were not read in time")]
    Slow {
        /// Events that were lost to it.
        missed: u64,
    },
    /// The sequencer ends.
    #[error("sequencer is shutting down")]
    Shutdown,
}

/// One reader of the events.
#[derive(Debug)]
pub struct Subscription {
    events: Option<broadcast::Receiver<Published>>,
}

impl Subscription {
    /// The next event.
    ///
    /// # Errors
    /// When the reader was too slow or the sequencer ends; every later call then says that it ended.
    pub async fn next(&mut self) -> Result<Published, Closed> {
        let Some(events) = self.events.as_mut() else { return Err(Closed::Shutdown) };
        let closed = match events.recv().await {
            Ok(event) => return Ok(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Closed::Slow { missed },
            Err(broadcast::error::RecvError::Closed) => Closed::Shutdown,
        };
        self.events = None;
        Err(closed)
    }
}

/// How a wait for one transaction ended.
pub type Outcome = Result<Located, Arc<Rejection>>;

/// Sends events to all subscribers and answers those who wait for one transaction.
#[derive(Debug)]
pub struct Publisher {
    events: broadcast::Sender<Published>,
    waiters: Mutex<Waiters>,
}

/// More callers wait for their transaction than are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{waiting_max} callers wait for their transactions already")]
pub struct TooManyWaiters {
    /// Callers that may wait at a time.
    pub waiting_max: usize,
}

impl Publisher {
    /// A publisher that keeps `events_max` events for each subscriber and lets `waiting_max` callers wait.
    pub fn new(events_max: usize, waiting_max: usize) -> Self {
        let waiters = Mutex::new(Waiters::new(waiting_max));
        Self { events: broadcast::Sender::new(events_max), waiters }
    }

    /// Everything that is published from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription { events: Some(self.events.subscribe()) }
    }

    /// How many subscribers there are.
    pub fn subscribers(&self) -> usize {
        self.events.receiver_count()
    }

    /// Answers when the transaction is durable or dropped. To be called *before* it is submitted.
    ///
    /// # Errors
    /// When too many callers wait already.
    pub fn wait(&self, hash: B256) -> Result<oneshot::Receiver<Outcome>, TooManyWaiters> {
        self.waiters.lock().one(hash)
    }

    /// The same for many transactions together.
    ///
    /// # Errors
    /// When there is no room for all of them.
    pub fn wait_for_all(&self, hashes: &[B256]) -> Result<Together, TooManyWaiters> {
        self.waiters.lock().all(hashes)
    }

    /// Publishes a sub-block whose journal row is committed, and answers those who wait for its transactions.
    pub fn durable(&self, sub_block: DurableSubBlock) {
        let sub_block = Arc::new(sub_block);
        let mut answers = Vec::new();
        {
            let mut waiters = self.waiters.lock();
            if !waiters.is_empty() {
                for (place, included) in sub_block.transactions.iter().enumerate() {
                    answers.extend(waiters.take(&included.hash).map(|found| (found, place)));
                }
            }
        }
        for ((first, others), place) in answers {
            let located = || Located {
                included: sub_block.transactions.share(place).expect("it was found there"),
                block_number: sub_block.cursor.block,
                timestamp: sub_block.opening.timestamp,
                base_fee: sub_block.base_fee,
                opening: sub_block.opening,
                rules: BlockRules::Rollup,
                block_hash: None,
            };
            for waiter in std::iter::once(first).chain(others) {
                waiter.answer(|| Ok(located()), None);
            }
        }
        self.send(Published::SubBlock(sub_block));
    }

    /// Publishes that a received transaction is gone, and answers those who wait for it.
    pub fn dropped(&self, hash: B256, reason: Rejection) {
        let reason = Arc::new(reason);
        let waiting = self.waiters.lock().take(&hash);
        for waiter in
            waiting.into_iter().flat_map(|(first, others)| std::iter::once(first).chain(others))
        {
            waiter.answer(|| Err(reason.clone()), Some(&reason));
        }
        self.send(Published::Dropped(hash, reason));
    }

    /// Publishes any other event.
    pub fn send(&self, event: Published) {
        // Without subscribers nobody is told, which is no fault.
        let _ = self.events.send(event);
    }
}

#[cfg(test)]
mod tests;
