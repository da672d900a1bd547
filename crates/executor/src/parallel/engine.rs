//! What outlives the blocks: the threads, what is known of contracts, room for the state of the next block.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use state::StateReader;

use super::{Predictor, lane::Lane, memory::SpareTables, workers::Workers};

/// Runs that go by without a plan at most, after plans that came to nothing.
const REST_MAX: u32 = 6;

/// Threads and settings that outlive a block.
#[derive(Debug)]
pub struct Engine<R: StateReader> {
    pub(super) workers: Workers<Option<Lane<R>>>,
    pub(super) choice: Choice,
    pub(super) predictor: Arc<Predictor>,
    pub(super) spare: Arc<SpareTables>,
    is_trusted: AtomicBool,
    /// Runs for which nothing is planned, because plans came to nothing, and how many that will be next time.
    rest: Mutex<(u32, u32)>,
}

/// When more than one thread works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Where it is expected to pay.
    #[default]
    ByCost,
    /// Never.
    Serial,
    /// Always, for tests and measurements.
    Parallel,
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
            rest: Mutex::default(),
        })
    }
}

impl<R: StateReader> Engine<R> {
    /// What it knows of contracts; transactions are prepared with it.
    pub const fn predictor(&self) -> &Arc<Predictor> {
        &self.predictor
    }

    /// Whether plans rest for this run.
    pub(super) fn rests(&self) -> bool {
        let mut rest = self.rest.lock();
        let rests = rest.0 > 0;
        rest.0 = rest.0.saturating_sub(1);
        rests
    }

    /// A plan was of use, or came to nothing.
    pub(super) fn planned(&self, is_of_use: bool) {
        let mut rest = self.rest.lock();
        let next = if is_of_use { 0 } else { (rest.1 * 2).clamp(1, REST_MAX) };
        *rest = (next, next);
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
