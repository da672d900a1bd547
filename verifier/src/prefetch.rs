//! Reads L1 blocks ahead of derivation, several at a time.
//!
//! Invariant: at most `blocks_max` requests are under way, and blocks are given out in the order of their numbers.
//! It does not look at hashes: a block that a reorg replaced meanwhile is found out by derivation.

use std::collections::VecDeque;

use derivation::L1Block;
use l1::{Blobs, L1Error, L1Source};
use tokio::task::JoinHandle;

/// A block that was asked for, with the blobs of its postings, or `None` if L1 had not come that far.
type Answer = Result<Option<(L1Block, Blobs)>, L1Error>;

/// Requests under way.
#[derive(Debug)]
pub(crate) struct Prefetch {
    source: L1Source,
    blocks_max: usize,
    /// Number of the first request.
    first: u64,
    requests: VecDeque<JoinHandle<Answer>>,
}

impl Prefetch {
    pub(crate) const fn new(source: L1Source, blocks_max: usize) -> Self {
        Self { source, blocks_max, first: 0, requests: VecDeque::new() }
    }

    /// The block with this number, while those up to `head` behind it are being read.
    /// Dropping the future loses at most the requests.
    pub(crate) async fn block(&mut self, number: u64, head: u64) -> Answer {
        if self.first != number {
            self.clear();
            self.first = number;
        }
        self.fill(head);
        let Some(mut request) = self.requests.pop_front() else {
            return self.read(number).await;
        };
        self.first = number.saturating_add(1);
        // Refilled before waiting, so that the reading ahead goes on meanwhile.
        self.fill(head);
        let guard = AbortOnDrop(&mut request);
        match (&mut *guard.0).await {
            Ok(answer) => answer,
            // The task panicked; asking again without one gives the panic to the caller.
            Err(_) => self.read(number).await,
        }
    }

    async fn read(&self, number: u64) -> Answer {
        self.source.block_with(number, &Blobs::new()).await
    }

    /// Forgets what was read ahead, because L1 was reorganized.
    pub(crate) fn clear(&mut self) {
        for request in self.requests.drain(..) {
            request.abort();
        }
    }

    fn fill(&mut self, head: u64) {
        while self.requests.len() < self.blocks_max {
            let ahead = u64::try_from(self.requests.len()).unwrap_or(u64::MAX);
            let number = self.first.saturating_add(ahead);
            if number > head {
                return;
            }
            let source = self.source.clone();
            self.requests.push_back(tokio::spawn(async move {
                source.block_with(number, &Blobs::new()).await
            }));
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.clear();
    }
}

struct AbortOnDrop<'a>(&'a mut JoinHandle<Answer>);

impl Drop for AbortOnDrop<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
