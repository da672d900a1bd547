//! What one connection has to send: all transactions of some senders, in their order.
//!
//! A sender's transactions all go through one connection, so they arrive in the order of their nonces wherever a connection
//! keeps order. What an endpoint has no room for is sent again before anything new: nothing behind it could be executed.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::keccak256;
use bytes::Bytes;

use super::{
    Pace, Progress, RunOptions, Transport,
    link::Answer,
    tally::Tally,
    watch::{Sample, Sampler},
};
use crate::file::Workload;

/// Pause before something is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long after the end of the run what is late or has to be sent again is.
const LATE_PATIENCE: Duration = Duration::from_secs(30);

/// A transaction on its way.
#[derive(Debug)]
pub(super) struct Item {
    sender: u32,
    /// How many of its sender's this run sends before it.
    ordinal: u32,
    /// Its place among all that this run sends.
    position: u64,
    pub(super) raw: Bytes,
    /// When it was sent first, or should have been.
    since: Instant,
    /// Whether it may be there already.
    is_again: bool,
}

/// One connection's share.
#[derive(Debug)]
pub(super) struct Lane {
    fresh: VecDeque<Item>,
    again: VecDeque<Item>,
    again_at: Instant,
    pace: Pace,
    time: Duration,
    began: Instant,
    deadline: Instant,
    samples: Option<Sampler>,
    progress: Arc<Progress>,
    pub(super) tally: Tally,
}

/// Splits what the chain does not have yet by sender. In a closed run no more connections are used than can be busy.
pub(super) fn split(workload: &Workload, options: &RunOptions, nonces: &[u64]) -> Vec<Lane> {
    let now = Instant::now();
    let lane = || Lane {
        fresh: VecDeque::new(),
        again: VecDeque::new(),
        again_at: now,
        pace: options.pace,
        time: options.time,
        began: now,
        deadline: now,
        samples: None,
        progress: Arc::default(),
        tally: Tally::new(0),
    };
    let count = connections(options);
    let mut lanes: Vec<Lane> = std::iter::repeat_with(lane).take(count).collect();
    let before = u64::from(workload.header.approvals_each());
    // How many of each sender's are on the chain, and how many were passed.
    let mut skip: Vec<u64> = workload
        .senders
        .iter()
        .zip(nonces)
        .map(|(sender, nonce)| nonce.saturating_sub(sender.nonce + before))
        .collect();
    let mut ordinals = vec![0_u32; workload.senders.len()];
    let mut position = 0;
    for record in workload.transactions() {
        let sender = record.sender as usize;
        if skip[sender] > 0 {
            skip[sender] -= 1;
            continue;
        }
        let ordinal = ordinals[sender];
        ordinals[sender] += 1;
        let item = Item {
            sender: record.sender,
            ordinal,
            position,
            raw: record.raw,
            since: now,
            is_again: false,
        };
        lanes[sender % count].fresh.push_back(item);
        position += 1;
    }
    lanes
}

/// How many connections there are.
fn connections(options: &RunOptions) -> usize {
    let connections = std::cmp::max(options.connections, 1);
    match options.pace {
        Pace::Open { .. } => connections,
        Pace::Closed { in_flight } => {
            let requests = std::cmp::max(in_flight / options.transport.batch(), 1);
            match options.transport {
                // A connection has one request at a time, so there are as many as can be unanswered.
                Transport::Http { .. } => requests,
                _ => std::cmp::min(connections, requests),
            }
        }
    }
}

/// Requests that one connection may have unanswered where connections take several.
pub(super) fn window(options: &RunOptions) -> usize {
    /// In an open run: enough that no endpoint is waited for, and not without bound.
    const OPEN: usize = 32;
    /// Where an answer may come as late as a block does.
    const OPEN_GRPC: usize = 1_024;
    match options.pace {
        Pace::Open { .. } if matches!(options.transport, Transport::Grpc { .. }) => OPEN_GRPC,
        Pace::Open { .. } => OPEN,
        Pace::Closed { in_flight } => {
            let requests = in_flight / options.transport.batch() / connections(options);
            std::cmp::max(requests, 1)
        }
    }
}

impl Lane {
    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty()
    }

    pub(super) fn count(&self) -> u64 {
        self.fresh.len() as u64
    }

    pub(super) fn start(&mut self, began: Instant, samples: Sampler, progress: Arc<Progress>) {
        self.began = began;
        self.deadline = began + self.time;
        self.samples = Some(samples);
        self.progress = progress;
    }

    /// When the next new one is due; `None` where there is none or time is up. In an open loop what was due in time is sent
    /// however late it gets, or a stall at the end would not be seen.
    fn due(&self, now: Instant) -> Option<Instant> {
        let first = self.fresh.front()?;
        match self.pace {
            Pace::Closed { .. } => (now < self.deadline).then_some(now),
            #[expect(clippy::cast_precision_loss, reason = "positions are far below 2^53")]
            Pace::Open { per_second } => {
                let due = self.began + Duration::from_secs_f64(first.position as f64 / per_second);
                (due < self.deadline && now < self.deadline + LATE_PATIENCE).then_some(due)
            }
        }
    }

    /// The next transactions as soon as one is due, at most `most`; `None` when there are none, unless some that are on
    /// their way have to be sent again.
    pub(super) async fn next(&mut self, most: usize) -> Option<Vec<Item>> {
        loop {
            let now = Instant::now();
            if !self.again.is_empty() && now >= self.deadline + LATE_PATIENCE {
                self.give_up();
            }
            let at = match (self.again.is_empty(), self.due(now)) {
                (false, _) => self.again_at,
                (true, Some(due)) => due,
                (true, None) => return None,
            };
            if at > now {
                tokio::time::sleep_until(at.into()).await;
                continue;
            }
            let items = self.take(most, now);
            if !items.is_empty() {
                Progress::add(&self.progress.sent, items.len() as u64);
                return Some(items);
            }
        }
    }

    fn take(&mut self, most: usize, now: Instant) -> Vec<Item> {
        if !self.again.is_empty() {
            let count = std::cmp::min(most, self.again.len());
            let again = self.again.drain(..count).collect::<Vec<_>>();
            let hopeful = again.into_iter().filter(|item| !self.is_hopeless(item));
            return hopeful.collect();
        }
        let mut items = Vec::with_capacity(most);
        while items.len() < most
            && let Some(due) = self.due(now)
            && due <= now
            && let Some(mut item) = self.fresh.pop_front()
        {
            if self.is_hopeless(&item) {
                continue;
            }
            item.since = due;
            items.push(item);
        }
        items
    }

    /// Whether one of its sender's before it was refused for good; then it counts as not sent.
    fn is_hopeless(&mut self, item: &Item) -> bool {
        let first = self.tally.broken.get(&item.sender);
        let is_hopeless = first.is_some_and(|first| *first < item.ordinal);
        self.tally.skipped += u64::from(is_hopeless);
        is_hopeless
    }

    /// What the endpoint said to each of `items`.
    pub(super) fn answered(&mut self, items: Vec<Item>, answers: Vec<Answer>) {
        let now = Instant::now();
        self.tally.last_answer = Some(now);
        let (mut accepted, mut refused) = (0, 0);
        for (mut item, answer) in items.into_iter().zip(answers) {
            match answer {
                Answer::Accepted => {
                    accepted += 1;
                    self.accepted(&item, now);
                }
                // It was taken the first time, and the answer got lost.
                Answer::Known { .. } if item.is_again => {
                    accepted += 1;
                    self.accepted(&item, now);
                }
                Answer::Later { code, message, may_be_there } => {
                    refused += 1;
                    self.tally.retried += 1;
                    self.tally.error(code, &message);
                    item.is_again |= may_be_there;
                    self.again.push_back(item);
                }
                Answer::Refused { code, message } | Answer::Known { code, message } => {
                    refused += 1;
                    self.tally.refused += 1;
                    self.tally.error(code, &message);
                    self.tally.break_off(item.sender, item.ordinal);
                }
            }
        }
        if !self.again.is_empty() {
            self.again_at = now + AGAIN_AFTER;
        }
        Progress::add(&self.progress.accepted, accepted);
        Progress::add(&self.progress.refused, refused);
    }

    /// `items` have no answer, because the connection broke: they may have been taken.
    pub(super) fn lost(&mut self, items: Vec<Item>, message: &str) {
        let (code, message) = ("connection".to_owned(), message.to_owned());
        let said = vec![Answer::Later { code, message, may_be_there: true }; items.len()];
        self.answered(items, said);
    }

    fn accepted(&mut self, item: &Item, now: Instant) {
        self.tally.accept(item.sender, now, item.since, self.began);
        if let Some(samples) = &self.samples
            && samples.wants_one(now)
        {
            let (sender, ordinal) = (item.sender, item.ordinal);
            let hash = keccak256(&item.raw);
            samples.send(Sample { sender, ordinal, hash, since: item.since });
        }
    }

    /// What the endpoint has never had room for is left.
    fn give_up(&mut self) {
        for item in std::mem::take(&mut self.again) {
            self.tally.given_up += 1;
            if item.is_again {
                *self.tally.uncertain.entry(item.sender).or_default() += 1;
            }
            self.tally.break_off(item.sender, item.ordinal);
        }
    }
}
