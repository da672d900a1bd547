//! What outlives the blocks: the threads, what is known of contracts, room for the state of the next block.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use state::StateReader;

use super::{Predictor, lane::Lane, memory::SpareTables, workers::Workers};

/// Runs that go by without a plan or without groups at most, after some that would not have paid.
const REST_PLANS_MAX: u32 = 6;

/// The same after groups that have met, which cost the time of a short run.
const REST_APART_MAX: u32 = 32;

/// Threads and settings that outlive a block.
#[derive(Debug)]
pub struct Engine<R: StateReader> {
    pub(super) workers: Workers<Option<Lane<R>>>,
    pub(super) choice: Choice,
    pub(super) predictor: Arc<Predictor>,
    pub(super) spare: Arc<SpareTables>,
    is_trusted: AtomicBool,
    /// Of plans for running ahead.
    pub(super) ahead: Rest,
    /// Of looking for groups that touch nothing in common.
    pub(super) groups: Rest,
    /// Of running them side by side.
    pub(super) apart: Rest,
}

/// Something that is not tried for a while after it came to nothing: twice as long each time.
#[derive(Debug)]
pub(super) struct Rest {
    /// Runs that go by without it, and how many that will be next time.
    runs: Mutex<(u32, u32)>,
    most: u32,
}

/// When more than one thread works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Where it is expected to pay.
    #[default]
    ByCost,
    /// Never.
    Serial,
    /// Always, ahead of their turn, for tests and measurements.
    Parallel,
    /// Always, a few at a time in groups that are guessed to touch nothing in common, for tests.
    Apart,
    /// Always in turn, after all have looked for the accounts of plain transfers, for tests.
    Scouted,
    /// Never, and what is not known is made like a call that is, for tests.
    Called,
}

impl<R: StateReader + Send + Sync + 'static> Engine<R> {
    /// With so many workers, the caller's thread included.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(workers: usize, choice: Choice) -> std::io::Result<Self> {
        let workers = Workers::start(workers.saturating_sub(1))?;
        Ok(Self {
            workers,
            choice,
            predictor: Arc::default(),
            spare: Arc::default(),
            is_trusted: AtomicBool::new(true),
            ahead: Rest::new(REST_PLANS_MAX),
            groups: Rest::new(REST_PLANS_MAX),
            apart: Rest::new(REST_APART_MAX),
        })
    }
}

impl<R: StateReader> Engine<R> {
    /// What it knows of contracts; transactions are prepared with it.
    pub const fn predictor(&self) -> &Arc<Predictor> {
        &self.predictor
    }

    /// It has given a result that serial execution does not give: whoever asks is to use that instead.
    pub fn distrust(&self) {
        self.is_trusted.store(false, Ordering::SeqCst);
    }

    /// Whether its results may be used.
    pub fn is_trusted(&self) -> bool {
        self.is_trusted.load(Ordering::SeqCst)
    }
}

impl Rest {
    fn new(most: u32) -> Self {
        Self { runs: Mutex::default(), most }
    }

    /// Whether it is not to be tried in this run.
    pub(super) fn is_on(&self) -> bool {
        let mut runs = self.runs.lock();
        let is_on = runs.0 > 0;
        runs.0 = runs.0.saturating_sub(1);
        is_on
    }

    /// It was tried, and was of use or came to nothing.
    pub(super) fn was_of_use(&self, is_of_use: bool) {
        let mut runs = self.runs.lock();
        let next = if is_of_use { 0 } else { (runs.1 * 2).clamp(1, self.most) };
        *runs = (next, next);
    }
}
