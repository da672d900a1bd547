//! Callers who wait for transactions: for one, with what came of it, or for many together, with no more than what was dropped.
//!
//! Invariant: a transaction of a group is counted once, whatever is told of it how often.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy::primitives::{B256, map::HashMap};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::{Outcome, TooManyWaiters};
use crate::mempool::Rejection;

/// All who wait, by transaction.
#[derive(Debug)]
pub(super) struct Waiters {
    /// Mostly there is one, and then no list of others is made.
    by_hash: HashMap<B256, (Waiter, Vec<Waiter>)>,
    waiting: usize,
    waiting_max: usize,
}

#[derive(Debug)]
pub(super) enum Waiter {
    /// Wants to know what came of it.
    Caller(oneshot::Sender<Outcome>),
    /// Belongs to a group.
    Member(Member),
}

/// A transaction's place in a group.
#[derive(Debug)]
pub(super) struct Member {
    group: Arc<Group>,
    place: u32,
}

/// Transactions that one caller waits for together.
#[derive(Debug)]
pub(super) struct Group {
    open: Mutex<Open>,
    /// Told when none is open any more.
    settled: Notify,
    /// Nobody waits any more.
    gone: AtomicBool,
}

#[derive(Debug)]
struct Open {
    /// By place.
    is_open: Vec<bool>,
    count: usize,
    /// Of some nobody will ever tell: the sequencer ends.
    is_cut_off: bool,
    dropped: Vec<(u32, Arc<Rejection>)>,
}

/// The caller's side of a group: dropping it ends the wait.
#[derive(Debug)]
pub struct Together(Arc<Group>);

impl Waiters {
    pub(super) fn new(waiting_max: usize) -> Self {
        Self { by_hash: HashMap::default(), waiting: 0, waiting_max }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(super) fn one(&mut self, hash: B256) -> Result<oneshot::Receiver<Outcome>, TooManyWaiters> {
        self.make_room(1)?;
        let (sender, receiver) = oneshot::channel();
        self.add(hash, Waiter::Caller(sender));
        Ok(receiver)
    }

    pub(super) fn all(&mut self, hashes: &[B256]) -> Result<Together, TooManyWaiters> {
        self.make_room(hashes.len())?;
        let open = Open {
            is_open: vec![true; hashes.len()],
            count: hashes.len(),
            is_cut_off: false,
            dropped: Vec::new(),
        };
        let open = Mutex::new(open);
        let group = Group { open, settled: Notify::new(), gone: AtomicBool::new(false) };
        let group = Arc::new(group);
        for (place, hash) in (0..).zip(hashes) {
            self.add(*hash, Waiter::Member(Member { group: group.clone(), place }));
        }
        Ok(Together(group))
    }

    /// Those who wait for a transaction; they are forgotten.
    pub(super) fn take(&mut self, hash: &B256) -> Option<(Waiter, Vec<Waiter>)> {
        let (first, others) = self.by_hash.remove(hash)?;
        self.waiting -= 1 + others.len();
        Some((first, others))
    }

    /// Callers whose time ran out leave their place behind; they are swept only when room is needed.
    fn make_room(&mut self, count: usize) -> Result<(), TooManyWaiters> {
        let waiting_max = self.waiting_max;
        if self.waiting.saturating_add(count) > waiting_max {
            let waiting = std::mem::take(&mut self.by_hash);
            self.waiting = 0;
            for (hash, (first, others)) in waiting {
                let here = std::iter::once(first).chain(others).filter(|waiter| !waiter.is_gone());
                here.for_each(|waiter| self.add(hash, waiter));
            }
        }
        if self.waiting.saturating_add(count) > waiting_max {
            return Err(TooManyWaiters { waiting_max });
        }
        Ok(())
    }

    fn add(&mut self, hash: B256, waiter: Waiter) {
        self.waiting += 1;
        match self.by_hash.entry(hash) {
            alloy::primitives::map::Entry::Occupied(mut there) => there.get_mut().1.push(waiter),
            alloy::primitives::map::Entry::Vacant(free) => {
                free.insert((waiter, Vec::new()));
            }
        }
    }
}

impl Waiter {
    /// Tells it; `outcome` is made only for those who want to know it.
    pub(super) fn answer(
        self,
        outcome: impl FnOnce() -> Outcome,
        dropped: Option<&Arc<Rejection>>,
    ) {
        match self {
            // The caller may have given up.
            Self::Caller(sender) => drop(sender.send(outcome())),
            Self::Member(member) => member.group.settle(member.place, dropped),
        }
    }

    fn is_gone(&self) -> bool {
        match self {
            Self::Caller(sender) => sender.is_closed(),
            Self::Member(Member { group, .. }) => group.gone.load(Ordering::Relaxed),
        }
    }
}

impl Group {
    fn settle(&self, place: u32, dropped: Option<&Arc<Rejection>>) {
        let mut open = self.open.lock();
        let is_open = usize::try_from(place).ok().and_then(|place| open.is_open.get_mut(place));
        if !is_open.is_some_and(std::mem::take) {
            return;
        }
        open.count -= 1;
        open.dropped.extend(dropped.map(|rejection| (place, rejection.clone())));
        if open.count == 0 {
            self.settled.notify_one();
        }
    }
}

impl Together {
    /// Nothing will come of the transaction at this place.
    pub fn leave(&self, place: u32) {
        self.0.settle(place, None);
    }

    /// Waits until each transaction is durable, dropped or left. Those that were dropped; `None` where the sequencer ends
    /// before.
    pub async fn settled(self) -> Option<Vec<(u32, Arc<Rejection>)>> {
        loop {
            {
                let mut open = self.0.open.lock();
                if open.count == 0 {
                    return Some(std::mem::take(&mut open.dropped));
                }
                if open.is_cut_off {
                    return None;
                }
            }
            // One who is told before it waits is told all the same.
            self.0.settled.notified().await;
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut open = self.group.open.lock();
        let place = usize::try_from(self.place).ok();
        if place.and_then(|place| open.is_open.get(place)).is_some_and(|is_open| *is_open) {
            open.is_cut_off = true;
            self.group.settled.notify_one();
        }
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Relaxed);
    }
}
