//! Watches the head of L1: new heads, reorgs, safe and finalized blocks, outages.
//!
//! It polls, so that any endpoint will do, and remembers a bounded piece of the chain to find the common ancestor of
//! a reorg by walking parents. It reads nothing but headers. Invariant: between two `Reorg` events each head descends
//! from the one before it, and a head is never announced twice in a row.

mod chain;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use alloy::{eips::BlockNumberOrTag, primitives::B256, rpc::types::Header};
use futures::{Stream, stream};
use protocol::BlockId;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use self::chain::{Placement, RecentChain};
use crate::{client::L1Client, config::L1Config, error::L1Error};

/// Even a test does not poll more often than this.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(10);

/// A block of L1 as the watcher announces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Head {
    /// Number and hash.
    pub id: BlockId,
    /// Hash of the block before.
    pub parent_hash: B256,
    /// Timestamp in seconds.
    pub timestamp: u64,
}

impl From<&Header> for L1Head {
    fn from(header: &Header) -> Self {
        Self {
            id: BlockId { number: header.number, hash: header.hash },
            parent_hash: header.parent_hash,
            timestamp: header.timestamp,
        }
    }
}

/// What happened on L1.
#[derive(Clone, Debug)]
pub enum L1Event {
    /// A new head. Blocks between two polls are not announced one by one.
    NewHead(L1Head),
    /// Blocks above the common ancestor are no longer canonical. The new head follows as its own event.
    Reorg {
        /// Newest block that old and new chain share; none if it lies below what the watcher remembers.
        common_ancestor: Option<BlockId>,
    },
    /// The newest block that L1 considers safe has changed.
    Safe(L1Head),
    /// The newest finalized block has changed.
    Finalized(L1Head),
    /// No endpoint gave a usable answer. Said once per outage; the watcher keeps trying.
    Unavailable(Arc<L1Error>),
    /// L1 answers again after `Unavailable`.
    Available {
        /// How long it was away.
        outage: Duration,
    },
}

/// Polls L1 and turns what it sees into events.
#[derive(Debug)]
pub struct L1Watcher {
    client: L1Client,
    chain: RecentChain,
    safe: Option<BlockId>,
    finalized: Option<BlockId>,
    ready: VecDeque<L1Event>,
    unavailable_since: Option<Instant>,
    timer: Interval,
}

impl L1Watcher {
    /// Makes a watcher that knows nothing yet; its first event is the present head.
    #[must_use]
    pub fn new(client: L1Client, config: &L1Config) -> Self {
        let mut timer = interval(std::cmp::max(config.l1_poll_interval, POLL_INTERVAL_MIN));
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client,
            chain: RecentChain::new(config.reorg_depth_max),
            safe: None,
            finalized: None,
            ready: VecDeque::new(),
            unavailable_since: None,
            timer,
        }
    }

    /// Starts from a block that the caller already built on, so that a reorg during its absence is announced.
    #[must_use]
    pub fn resume_from(mut self, block: BlockId) -> Self {
        self.chain.start_at(block);
        self
    }

    /// The next event. Dropping the future loses nothing: state changes only after the last request of a poll.
    pub async fn next(&mut self) -> L1Event {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            self.timer.tick().await;
            match self.look().await {
                Ok(sight) => self.take_in(sight),
                // A reorg between two requests; the next look sees one chain again.
                Err(L1Error::BlockMissing { .. }) => {}
                Err(error) => self.note_outage(error),
            }
        }
    }

    /// The events as a stream that never ends.
    pub fn into_stream(self) -> impl Stream<Item = L1Event> + Send {
        stream::unfold(self, |mut watcher| async move { Some((watcher.next().await, watcher)) })
    }

    /// Reads all that one poll needs, and changes nothing.
    async fn look(&self) -> Result<Sight, L1Error> {
        let head = self.client.header(BlockNumberOrTag::Latest).await?;
        let finalized = self.tagged(BlockNumberOrTag::Finalized).await?;
        let safe = self.tagged(BlockNumberOrTag::Safe).await?;
        let head = L1Head::from(&head);
        let step = if self.chain.tip() == Some(head.id) {
            Step::None
        } else {
            self.follow(head, finalized.map(|head| head.id)).await?
        };
        Ok(Sight { step, safe, finalized })
    }

    /// Walks from the new head back to a block that is remembered.
    async fn follow(&self, head: L1Head, finalized: Option<BlockId>) -> Result<Step, L1Error> {
        let mut branch = vec![head];
        loop {
            match self.chain.place(&branch) {
                Placement::Stale => return Ok(Step::None),
                Placement::Attaches(ancestor) => return Ok(Step::Attach { ancestor, branch }),
                Placement::NeedsParent => self.push_parent(&mut branch).await?,
                Placement::First => {
                    self.fill(&mut branch, finalized).await?;
                    return Ok(Step::Restart { branch, reorg: None });
                }
                Placement::BelowWindow => {
                    self.fill(&mut branch, finalized).await?;
                    return Ok(Step::Restart { branch, reorg: Some(None) });
                }
                Placement::FarAhead => {
                    let reorg = self.reorg_far_below().await?;
                    self.fill(&mut branch, finalized).await?;
                    return Ok(Step::Restart { branch, reorg });
                }
            }
        }
    }

    /// Remembers more than the head, so that the first reorg can be followed. What is finalized cannot change.
    async fn fill(
        &self,
        branch: &mut Vec<L1Head>,
        finalized: Option<BlockId>,
    ) -> Result<(), L1Error> {
        let bottom = finalized.map_or(0, |finalized| finalized.number);
        while branch.len() < self.chain.blocks_max()
            && branch.last().is_some_and(|lowest| lowest.id.number > bottom)
        {
            self.push_parent(branch).await?;
        }
        Ok(())
    }

    /// After a long absence: finds the newest remembered block that is still canonical, by number.
    async fn reorg_far_below(&self) -> Result<Option<Option<BlockId>>, L1Error> {
        for (depth, block) in self.chain.newest_first().enumerate() {
            let header = self.client.header(BlockNumberOrTag::Number(block.number)).await?;
            if header.hash == block.hash {
                return Ok((depth > 0).then_some(Some(block)));
            }
        }
        Ok(Some(None))
    }

    async fn push_parent(&self, branch: &mut Vec<L1Head>) -> Result<(), L1Error> {
        let Some(lowest) = branch.last() else { return Ok(()) };
        let hash = lowest.parent_hash;
        let header = self.client.find_header_by_hash(hash).await?;
        let header = header.ok_or_else(|| L1Error::BlockMissing { block: hash.to_string() })?;
        branch.push(L1Head::from(&header));
        Ok(())
    }

    /// A tagged block. Nodes that have none yet say null, or an error of their own making.
    async fn tagged(&self, tag: BlockNumberOrTag) -> Result<Option<L1Head>, L1Error> {
        match self.client.find_header(tag).await {
            Ok(header) => Ok(header.as_ref().map(L1Head::from)),
            Err(L1Error::Request { source, .. }) if source.as_error_resp().is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take_in(&mut self, sight: Sight) {
        if let Some(since) = self.unavailable_since.take() {
            self.ready.push_back(L1Event::Available { outage: since.elapsed() });
        }
        match sight.step {
            Step::None => {}
            Step::Attach { ancestor, branch } => {
                let reorg = self.chain.tip().is_some_and(|tip| tip != ancestor);
                self.chain.attach(ancestor, &branch);
                self.announce(&branch, reorg.then_some(Some(ancestor)));
            }
            Step::Restart { branch, reorg } => {
                self.chain.restart(&branch);
                self.announce(&branch, reorg);
            }
        }
        note_tag(&mut self.safe, sight.safe, &mut self.ready, L1Event::Safe);
        note_tag(&mut self.finalized, sight.finalized, &mut self.ready, L1Event::Finalized);
    }

    fn announce(&mut self, branch: &[L1Head], reorg: Option<Option<BlockId>>) {
        let reorg = reorg.map(|common_ancestor| L1Event::Reorg { common_ancestor });
        let head = branch.first().map(|head| L1Event::NewHead(*head));
        self.ready.extend(reorg.into_iter().chain(head));
    }

    fn note_outage(&mut self, error: L1Error) {
        if self.unavailable_since.is_none() {
            self.unavailable_since = Some(Instant::now());
            self.ready.push_back(L1Event::Unavailable(Arc::new(error)));
        }
    }
}

/// What one poll has read.
#[derive(Debug)]
struct Sight {
    step: Step,
    safe: Option<L1Head>,
    finalized: Option<L1Head>,
}

/// How the remembered chain changes. Branches are given newest block first.
#[derive(Debug)]
enum Step {
    None,
    Attach { ancestor: BlockId, branch: Vec<L1Head> },
    Restart { branch: Vec<L1Head>, reorg: Option<Option<BlockId>> },
}

/// Announces a tag that moved. It never moves down: an endpoint that lags behind is not news.
fn note_tag(
    known: &mut Option<BlockId>,
    seen: Option<L1Head>,
    ready: &mut VecDeque<L1Event>,
    event: fn(L1Head) -> L1Event,
) {
    let Some(head) = seen else { return };
    if known.is_none_or(|known| known != head.id && known.number <= head.id.number) {
        *known = Some(head.id);
        ready.push_back(event(head));
    }
}

#[cfg(test)]
mod tests;
