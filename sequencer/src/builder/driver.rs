//! The thread that executes: opens blocks, takes sub-blocks from the mempool at every tick, closes blocks when
//! their time has come.
//!
//! It never waits for L1, and for Postgres only where memory does not have a state yet. When the journal or the
//! index falls behind, it takes no more transactions until they have caught up. Not here: what becomes of a
//! block after it is closed. Invariant: rows and sealed blocks reach the journal queue in the order of execution.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use derivation::{DerivedHead, OriginSelector};
use executor::{BlockContext, ChainSpec};
use protocol::{BlockInputs, Header, L1Origin, L2BlockRef, RollupConfig};
use service::{Clock, Component, UnixMillis};
use state::StateDiff;
use tokio::sync::mpsc;

use super::{
    Attempt, BlockEngine, Command, ExecutedSubBlock, Exit, JournalItem, JournalRow, OpenBlock,
    OriginView, RootWorker,
    engine::tell_conflicts,
    origin::{NextOrigin, open_next},
    posting::Posting,
    prefetch::prefetch,
    root::RootGone,
};
use crate::{
    chain::ChainStore,
    config::BuilderConfig,
    mempool::{Mempool, TakeLimits},
    metrics,
};

/// Longest pause between two looks at the commands and the clock.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Pause while something else has to catch up.
const BEHIND_PAUSE: Duration = Duration::from_millis(5);

/// Queue places that one turn may need: an opening row, a sub-block, a sealed block.
const JOURNAL_ROOM_MIN: usize = 3;

/// What the driver works with.
#[derive(Debug)]
pub struct DriverParts {
    /// Its settings.
    pub config: BuilderConfig,
    /// The chain's rules.
    pub rollup: Arc<RollupConfig>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The chain in memory.
    pub store: Arc<ChainStore>,
    /// Where transactions come from.
    pub mempool: Arc<Mempool>,
    /// Where origins come from.
    pub origins: Arc<OriginView>,
    /// Where executed rows and sealed blocks go.
    pub journal: mpsc::Sender<JournalItem>,
    /// What executes.
    pub engine: Arc<BlockEngine>,
    /// The state root.
    pub root: RootWorker,
    /// Where it shows that it lives.
    pub health: Component,
    /// What it is told.
    pub commands: Receiver<Command>,
    /// Whether it builds blocks of its own from the start.
    pub lead: bool,
    /// Version of the pending state so far.
    pub version: u64,
    /// Bytes of user transactions in blocks of the store that are not safe.
    pub unsafe_bytes: usize,
}

/// The executing thread's state.
#[derive(Debug)]
pub struct Driver {
    parts: DriverParts,
    spec: ChainSpec,
    selector: OriginSelector,
    head: DerivedHead,
    header: Header,
    origin: Option<L1Origin>,
    open: Option<Open>,
    posting: Posting,
}

#[derive(Debug)]
struct Open {
    block: OpenBlock,
    /// Bytes of user transactions that it may still take.
    bytes_left: usize,
    ticked: bool,
    next_tick: UnixMillis,
    opened: Instant,
}

impl Driver {
    /// A driver that goes on from the newest block of the store.
    pub fn new(parts: DriverParts) -> Self {
        let newest = parts.store.newest();
        let spec = ChainSpec::from(parts.rollup.as_ref());
        let selector = OriginSelector::new(&parts.rollup);
        let window = parts.rollup.sequencing_window;
        let posting = Posting::new(window, newest.number(), parts.unsafe_bytes);
        // Block 0 was not opened with an L1 block, so its origin is known to L1 alone.
        let origin = (newest.number() > 0).then_some(newest.opening.origin);
        let head =
            DerivedHead { block: newest.reference, system_config: newest.opening.system_config };
        Self {
            parts,
            spec,
            selector,
            head,
            header: newest.header.clone(),
            origin,
            open: None,
            posting,
        }
    }

    /// Runs until it is told to end. Returns the version of the pending state, and what it borrowed.
    pub fn run(mut self) -> (Exit, u64, RootWorker) {
        let exit = loop {
            if let Err(exit) = self.turn() {
                break exit;
            }
        };
        (exit, self.parts.version, self.parts.root)
    }

    fn turn(&mut self) -> Result<(), Exit> {
        let Some(open) = &self.open else { return self.try_open() };
        let now = self.parts.clock.now();
        let due = UnixMillis::from_seconds(open.block.opening().timestamp);
        if now >= due {
            // A block that was opened late takes what is ready once, and makes way for the next.
            if !open.ticked {
                self.sub_block()?;
            }
            return self.seal();
        }
        let next = std::cmp::min(due, open.next_tick);
        if now < next {
            return self.pause(now.until(next));
        }
        self.sub_block()
    }

    /// Waits, but not past a command.
    fn pause(&mut self, pause: Duration) -> Result<(), Exit> {
        match self.parts.commands.recv_timeout(std::cmp::min(pause, PAUSE_MAX)) {
            Ok(command) => self.obey(command),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => self.obey(Command::Stop),
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), Exit> {
        match command {
            Command::Lead => {
                self.parts.lead = true;
                Ok(())
            }
            Command::Build { inputs, answer } => {
                let follows = inputs.opening.parent_hash == self.head.block.hash;
                let built = if follows && self.open.is_none() && !self.parts.lead {
                    self.build(&inputs)?
                } else {
                    None
                };
                // The follower asks again if it has gone meanwhile.
                let _ = answer.send(built);
                Ok(())
            }
            Command::Reset { keep, cause, lead } => Err(Exit::Reset { keep, cause, lead }),
            Command::Rebuild { keep, cause } => {
                Err(Exit::Reset { keep, cause, lead: self.parts.lead })
            }
            Command::Stop => {
                if self.open.is_some() {
                    self.seal()?;
                }
                Err(Exit::Stopped)
            }
        }
    }

    fn try_open(&mut self) -> Result<(), Exit> {
        let start = UnixMillis::from_seconds(self.head.block.timestamp);
        let early = self.parts.clock.now().until(start);
        if !self.parts.lead || early > Duration::ZERO {
            return self.pause(if self.parts.lead { early } else { PAUSE_MAX });
        }
        if self.is_behind() {
            return self.pause(BEHIND_PAUSE);
        }
        let chosen = self.parts.origins.choose(&self.selector, &self.head, self.origin.as_ref());
        let Some(origin) = chosen else { return self.pause(PAUSE_MAX) };
        let inputs = open_next(&self.parts.rollup, &self.head, &origin);
        self.open(&inputs, &origin)
    }

    fn open(&mut self, inputs: &BlockInputs, origin: &NextOrigin) -> Result<(), Exit> {
        let Some(block) = self.begin(inputs)? else { return self.pause(PAUSE_MAX) };
        let l1_head = self.parts.origins.l1_head().unwrap_or(self.head.block.origin.number);
        let room = self.posting.room(&self.parts.store.heads().safe_head(), l1_head);
        self.parts.mempool.open_block(block.context().base_fee, room.mempool_bytes_max);
        self.parts.health.up(format!("building block {}", inputs.opening.number));
        self.open = Some(Open {
            block,
            bytes_left: if origin.user_transactions { room.bytes } else { 0 },
            ticked: false,
            next_tick: self.parts.clock.now(),
            opened: Instant::now(),
        });
        // An early seal may have left commands waiting; none of them may be starved by a full mempool.
        self.pause(Duration::ZERO)
    }

    /// Opens a block and sends its opening row. `None` if the state could not be read now.
    fn begin(&mut self, inputs: &BlockInputs) -> Result<Option<OpenBlock>, Exit> {
        let context = BlockContext::new(&self.spec, &self.header, &inputs.opening);
        let Some(state) = self.parts.store.state_after(self.head.block.number) else {
            return Err(Exit::Lost("state of the newest block"));
        };
        match OpenBlock::open(context, state, &inputs.deposits, &self.parts.engine) {
            Ok((block, sub_block)) => {
                self.emit(&block, sub_block, Vec::new())?;
                Ok(Some(block))
            }
            Err(error) => {
                interrupted(&error, inputs.opening.number);
                Ok(None)
            }
        }
    }

    /// Takes and executes one sub-block.
    fn sub_block(&mut self) -> Result<(), Exit> {
        let interval = self.parts.config.sub_block_interval;
        let now = self.parts.clock.now();
        let behind = self.is_behind();
        let Some(open) = &mut self.open else { return Ok(()) };
        open.ticked = true;
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        open.next_tick = UnixMillis(now.0.saturating_add(millis));
        if open.bytes_left == 0 || behind {
            return Ok(());
        }
        let started = Instant::now();
        let limits = TakeLimits {
            block_gas_left: open.block.gas_left(),
            bytes_left: open.bytes_left,
            gas_max: self.parts.config.sub_block_gas_max,
            transactions_max: self.parts.config.sub_block_transactions_max,
        };
        let taken = self.parts.mempool.take(limits);
        if taken.is_empty() {
            return Ok(());
        }
        let bytes: usize = taken.iter().map(|admitted| admitted.raw.len()).sum();
        open.bytes_left = open.bytes_left.saturating_sub(bytes);
        prefetch(&self.parts.store, &taken);
        let time_max = self.parts.config.sub_block_time_max;
        let Attempt { sub_block, dropped, interrupted: stopped } =
            open.block.execute(&taken, move || started.elapsed() < time_max);
        metrics::executed(started.elapsed(), taken.len());
        if let Some(error) = stopped {
            interrupted(&error, open.block.opening().number);
        }
        let Some(sub_block) = sub_block else {
            let nothing = Arc::new(StateDiff::default());
            let version = self.next_version();
            self.parts.mempool.settle(version, &nothing, dropped);
            return Ok(());
        };
        let Some(open) = self.open.take() else { return Ok(()) };
        let sent = self.emit(&open.block, sub_block, dropped);
        self.open = Some(open);
        sent
    }

    /// Closes and seals the open block.
    fn seal(&mut self) -> Result<(), Exit> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let opened = open.opened;
        self.finish(open.block, opened)?;
        Ok(())
    }

    fn finish(&mut self, block: OpenBlock, opened: Instant) -> Result<L2BlockRef, Exit> {
        let closing = Instant::now();
        let gone = |RootGone| Exit::Lost("state root thread");
        let sealed = Arc::new(self.parts.root.seal(block.close()).map_err(gone)?);
        metrics::block_built(closing.elapsed(), opened.elapsed(), &sealed);
        tracing::info!(
            block = sealed.number(),
            hash = %sealed.hash,
            transactions = sealed.transactions.len(),
            gas = sealed.header.gas_used,
            sub_blocks = sealed.sub_block_lengths.len(),
            apart = sealed.execution.apart,
            ahead = sealed.execution.ahead,
            again = sealed.execution.again,
            critical_gas = sealed.execution.critical_gas,
            origin = sealed.reference.origin.number,
            seal_us = closing.elapsed().as_micros(),
            "sealed block"
        );
        tell_conflicts(sealed.number(), &sealed.execution);
        self.posting.sealed(sealed.number(), sealed.raw.iter().map(|raw| raw.len()).sum());
        self.parts.store.push_sealed(sealed.clone());
        self.send(JournalItem::Sealed(sealed.clone()))?;
        self.head =
            DerivedHead { block: sealed.reference, system_config: sealed.opening.system_config };
        self.header = sealed.header.clone();
        self.origin = Some(sealed.opening.origin);
        Ok(sealed.reference)
    }

    /// Builds a block that L1 dictates. `None` if the state could not be read.
    fn build(&mut self, inputs: &BlockInputs) -> Result<Option<L2BlockRef>, Exit> {
        while self.is_behind() {
            std::thread::sleep(BEHIND_PAUSE);
            if self.parts.journal.is_closed() {
                return Err(Exit::Lost("journal writer"));
            }
        }
        let opened = Instant::now();
        let Some(mut block) = self.begin(inputs)? else { return Ok(None) };
        // The row that opened the block is out, so this block it must be.
        let sub_block = block.execute_derived(&inputs.transactions, |error| {
            interrupted(error, inputs.opening.number);
            std::thread::sleep(PAUSE_MAX);
        });
        if let Some(sub_block) = sub_block {
            self.emit(&block, sub_block, Vec::new())?;
        }
        self.finish(block, opened).map(Some)
    }

    /// A sub-block was executed: readers, the root thread, the mempool and the journal are told.
    fn emit(
        &mut self,
        block: &OpenBlock,
        sub_block: ExecutedSubBlock,
        dropped: crate::mempool::Left,
    ) -> Result<(), Exit> {
        let version = self.next_version();
        self.parts.store.set_pending(Arc::new(block.pending(version)));
        let applied = self.parts.root.apply(&sub_block);
        applied.map_err(|RootGone| Exit::Lost("state root thread"))?;
        self.parts.mempool.settle(version, &sub_block.diff, dropped);
        let (opening, base_fee) = (*block.opening(), block.context().base_fee);
        self.send(JournalItem::SubBlock(Box::new(JournalRow { opening, base_fee, sub_block })))
    }

    /// Sends to the journal; [`Self::is_behind`] has made sure that there is room.
    fn send(&self, item: JournalItem) -> Result<(), Exit> {
        self.parts.journal.blocking_send(item).map_err(|_| Exit::Lost("journal writer"))
    }

    /// Whether journal or index have to catch up before more is built.
    fn is_behind(&self) -> bool {
        let config = &self.parts.config;
        if self.parts.journal.capacity() < JOURNAL_ROOM_MIN || self.parts.store.is_projection_full()
        {
            return true;
        }
        let (blocks, bytes) = self.parts.store.index_lag();
        metrics::index_lag(blocks, bytes);
        blocks > config.index_lag_blocks_max || bytes > config.index_lag_bytes_max
    }

    const fn next_version(&mut self) -> u64 {
        self.parts.version += 1;
        self.parts.version
    }
}

/// Execution stopped because a state could not be read: tried again at the next turn.
fn interrupted(error: &(dyn std::error::Error + 'static), block: u64) {
    metrics::interrupted();
    tracing::warn!(block, error = %service::error_chain(error), "execution interrupted");
}
