//! Loads the chain: at start, and again after L1 took blocks back.
//!
//! The index gives the newest indexed block and the flat state, from which the trie is built; the journal gives
//! what was ordered after it, which is executed again. The last journaled block is sealed as it stands: what
//! was published of it was durable, so it is in there. Invariant: every block that is computed again has the
//! hash that the next one's journaled opening names, or loading fails.

mod genesis;
mod replay;
mod resume;
mod stored;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::Bytes;
use db::{CurrentState, Database, Fence, Index, Journal, JournalReader, Position, SubBlock};
use executor::ChainSpec;
use l1::L1Source;
use protocol::{BlockOpening, Heads, L2BlockRef, RollupConfig, SafetyLevel, TxDeposit};
use service::{Backoff, error_chain};
use state::{CacheLimits, StateTrie};

use replay::Replay;
pub(crate) use resume::ResumePoints;
pub(crate) use stored::{chain_block, included, opening_of};

use crate::{
    SequencerConfig, SequencerError,
    builder::{BlockEngine, WithdrawalKeeper},
    chain::{BaseState, ChainBlock, ChainStore, StoreLimits},
    node::SequencerParts,
};

/// Blocks by which the state tables are brought forward in one step.
const STATE_STEP_BLOCKS: u32 = 64;

/// How often people hear how far a restart is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Journal rows that are read at a time.
const JOURNAL_ROWS_PER_READ: u32 = 256;

/// A chain that is ready to be built on.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) store: Arc<ChainStore>,
    /// The state of the newest block.
    pub(crate) trie: StateTrie,
    /// Blocks that the index does not have yet.
    pub(crate) unindexed: Vec<Arc<ChainBlock>>,
    /// Bytes of user transactions in blocks that are not safe.
    pub(crate) unsafe_bytes: usize,
    /// Whether there was nothing but genesis.
    pub(crate) is_new: bool,
    /// User transactions of blocks that L1 took back while nobody watched, in order.
    pub(crate) returned: Vec<Bytes>,
}

/// Loads chains from one database.
#[derive(Debug)]
pub(crate) struct Loader {
    database: Database,
    index: Index,
    journal: JournalReader,
    fence: Fence,
    rollup: Arc<RollupConfig>,
    spec: ChainSpec,
    keeper: WithdrawalKeeper,
    l1: L1Source,
    store_limits: StoreLimits,
    cache_limits: CacheLimits,
    root_threads: usize,
    engine: Arc<BlockEngine>,
}

impl Loader {
    pub(crate) fn new(
        config: &SequencerConfig,
        parts: &SequencerParts,
        fence: Fence,
        engine: Arc<BlockEngine>,
    ) -> Self {
        let entries = config.readers.cache_entries_max;
        Self {
            index: Index::new(parts.database.clone()),
            journal: JournalReader::new(parts.database.clone()),
            database: parts.database.clone(),
            fence,
            spec: ChainSpec::from(parts.rollup.as_ref()),
            keeper: WithdrawalKeeper::new(parts.rollup.proposal_interval),
            rollup: parts.rollup.clone(),
            l1: parts.l1.clone(),
            store_limits: StoreLimits {
                recent_blocks_max: config.readers.recent_blocks_max,
                recent_transactions_max: config.readers.recent_transactions_max,
            },
            cache_limits: CacheLimits {
                accounts_max: entries,
                slots_max: entries,
                ..CacheLimits::default()
            },
            root_threads: config.builder.root_threads,
            engine,
        }
    }

    /// Loads the chain into `store`, or into a new one. `version` is that of the pending state.
    ///
    /// A journaled block whose deposits L1 no longer has is cut off, with those after it.
    pub(crate) async fn load(
        &self,
        store: Option<Arc<ChainStore>>,
        version: u64,
    ) -> Result<Loaded, SequencerError> {
        let mut returned = Vec::new();
        loop {
            match self.try_load(store.clone(), version).await {
                Ok(loaded) => return Ok(Loaded { returned, ..loaded }),
                Err(SequencerError::OriginGone { number, origin }) => {
                    tracing::warn!(number, origin, "L1 was reorganized below a journaled block");
                    let cause = format!("L1 no longer has origin {origin}");
                    let mut rows = self.cut(number.saturating_sub(1), &cause).await?;
                    // What is cut now stands before what was cut in an earlier round.
                    rows.append(&mut returned);
                    returned = rows;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_load(
        &self,
        store: Option<Arc<ChainStore>>,
        version: u64,
    ) -> Result<Loaded, SequencerError> {
        let tip = match self.index.tip().await.map_err(SequencerError::Index)? {
            Some(tip) => tip.header.number,
            None => self.write_genesis().await?,
        };
        self.advance_state(tip).await?;
        let newest = Arc::new(self.stored_block(tip).await?);
        let trie = self.build_trie(&newest).await?;
        let heads = self.heads(newest.reference).await?;
        let store = match store {
            Some(store) => {
                store.base().reset(tip);
                store.replace(vec![newest], heads, tip, version);
                store
            }
            None => {
                let stored = self.open_state()?;
                let base = Arc::new(BaseState::new(stored, self.cache_limits, tip));
                Arc::new(ChainStore::new(base, self.store_limits, vec![newest], heads, tip))
            }
        };
        let (trie, unindexed) = self.replay(&store, trie, tip).await?;
        let safe = store.heads().safe_head().number;
        let unsafe_bytes = self.journal.payload_bytes_above(safe).await;
        let unsafe_bytes = unsafe_bytes.map_err(SequencerError::Journal)?;
        let is_new = tip == 0 && unindexed.is_empty();
        tracing::info!(
            indexed = tip,
            replayed = unindexed.len(),
            newest = store.newest().number(),
            accounts = trie.size().accounts,
            "chain loaded"
        );
        Ok(Loaded { store, trie, unindexed, unsafe_bytes, is_new, returned: Vec::new() })
    }

    /// Cuts journal and index above `keep`; returns the removed user transactions in order.
    pub(crate) async fn cut(&self, keep: u64, cause: &str) -> Result<Vec<Bytes>, SequencerError> {
        let mut journal = Journal::new(self.database.clone());
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        // A cut whose outcome is unknown is repeated; the rows are in whichever generation moved them.
        let before = self.generations().await?;
        loop {
            match journal.truncate_from(self.fence, keep + 1, cause).await {
                Ok(_) => break,
                Err(error) if db::Classify::is_unavailable(&error) => {
                    let error = error_chain(&error);
                    tracing::warn!(%error, "cannot cut the journal, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(error) => return Err(SequencerError::Journal(error)),
            }
        }
        let mut removed = Vec::new();
        for generation in before..self.generations().await? {
            let rows = self.journal.removed(generation).await;
            for row in rows.map_err(SequencerError::ReadJournal)? {
                removed.extend(row.transactions().map_err(SequencerError::ReadJournal)?);
            }
        }
        Ok(removed)
    }

    /// How many generations the journal has had.
    async fn generations(&self) -> Result<u64, SequencerError> {
        let generations = self.journal.generations().await.map_err(SequencerError::ReadJournal)?;
        Ok(generations.last().map_or(0, |newest| newest.generation + 1))
    }

    async fn advance_state(&self, tip: u64) -> Result<(), SequencerError> {
        let current = CurrentState::new(self.database.clone());
        let mut told = Instant::now();
        loop {
            let cursor = current.advance(STATE_STEP_BLOCKS).await.map_err(SequencerError::Index)?;
            if cursor.is_some_and(|cursor| cursor >= tip) {
                return Ok(());
            }
            if told.elapsed() >= PROGRESS_INTERVAL {
                told = Instant::now();
                tracing::info!(block = cursor, tip, "bringing the state tables forward");
            }
        }
    }

    /// The heads as far as the loaded chain has them.
    async fn heads(&self, newest: L2BlockRef) -> Result<Heads, SequencerError> {
        let stored = self.stored_heads().await?;
        let clamp = |level| match &stored {
            Some(heads) if heads.head(level).number <= newest.number => heads.head(level),
            Some(_) => newest,
            None => self.genesis_reference(newest),
        };
        let (safe, finalized) = (clamp(SafetyLevel::Safe), clamp(SafetyLevel::Finalized));
        Ok(Heads::new(newest, safe, finalized).unwrap_or_else(|error| {
            tracing::warn!(%error, "stored heads do not fit the chain; they are derived again");
            Heads::at(newest)
        }))
    }

    /// Executes what the journal has after block `tip`.
    async fn replay(
        &self,
        store: &Arc<ChainStore>,
        mut trie: StateTrie,
        tip: u64,
    ) -> Result<(StateTrie, Vec<Arc<ChainBlock>>), SequencerError> {
        let (mut blocks, mut told) = (Vec::new(), Instant::now());
        let mut rows = RowReader::new(&self.journal, tip + 1);
        while let Some(rows) = rows.next_block().await? {
            let number = rows[0].position.block;
            let opening = decode_opening(&rows[0])?;
            let newest = store.newest();
            if opening.parent_hash != newest.hash {
                return Err(SequencerError::Contradiction {
                    what: "hash",
                    number: newest.number(),
                    computed: newest.hash,
                    stored: opening.parent_hash,
                });
            }
            let deposits = self.deposits(&opening).await?;
            let (store_, engine) = (store.clone(), self.engine.clone());
            let replay = Replay { spec: self.spec, keeper: self.keeper, store: store_, engine };
            let work = move || replay.block(trie, opening, &deposits, &rows);
            let done = tokio::task::spawn_blocking(work).await;
            let (next, block) =
                done.map_err(|_| SequencerError::Lost { what: "replay of the journal" })??;
            trie = next;
            let block = Arc::new(block);
            store.push_sealed(block.clone());
            store.add_durable(number, &block.transactions);
            store.set_latest(block.reference);
            blocks.push(block);
            if told.elapsed() >= PROGRESS_INTERVAL {
                told = Instant::now();
                tracing::info!(block = number, "executing the journal again");
            }
        }
        Ok((trie, blocks))
    }

    /// The deposits of a block, which the journal does not hold: L1 has them.
    async fn deposits(&self, opening: &BlockOpening) -> Result<Vec<TxDeposit>, SequencerError> {
        if opening.sequence_number != 0 {
            return Ok(Vec::new());
        }
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.l1.block(opening.origin.number).await {
                Ok(Some(block)) if block.origin.hash == opening.origin.hash => {
                    let origin = derivation::OriginBlock {
                        origin: block.origin,
                        parent_hash: block.parent_hash,
                        messages: block.messages,
                    };
                    return Ok(origin.deposits(&origin.deposit_log_indexes()));
                }
                Ok(Some(_)) => {
                    return Err(SequencerError::OriginGone {
                        number: opening.number,
                        origin: opening.origin.number,
                    });
                }
                Ok(None) => tracing::warn!(
                    block = opening.number,
                    origin = opening.origin.number,
                    "waiting for the L1 block with the deposits of a journaled block"
                ),
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "cannot read L1, trying again");
                }
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }
}

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

fn decode_opening(first: &SubBlock) -> Result<BlockOpening, SequencerError> {
    let number = first.position.block;
    let bytes = first.opening.clone().unwrap_or_default();
    BlockOpening::decode(&bytes).map_err(|source| SequencerError::Opening { number, source })
}

/// Reads the journal block by block, with few queries.
struct RowReader<'a> {
    journal: &'a JournalReader,
    from: Position,
    rows: std::collections::VecDeque<SubBlock>,
    exhausted: bool,
}

impl<'a> RowReader<'a> {
    fn new(journal: &'a JournalReader, block: u64) -> Self {
        let from = Position { block, index: 0 };
        Self { journal, from, rows: Default::default(), exhausted: false }
    }

    /// All rows of the next block.
    async fn next_block(&mut self) -> Result<Option<Vec<SubBlock>>, SequencerError> {
        loop {
            let Some(first) = self.rows.front() else {
                if self.exhausted {
                    return Ok(None);
                }
                self.read().await?;
                continue;
            };
            let number = first.position.block;
            let rows = self.rows.iter().take_while(|row| row.position.block == number).count();
            // The next block's first row shows that this one is whole.
            if rows < self.rows.len() || self.exhausted {
                return Ok(Some(self.rows.drain(..rows).collect()));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), SequencerError> {
        let reading = self.journal.rows(self.from, JOURNAL_ROWS_PER_READ);
        let rows = reading.await.map_err(SequencerError::ReadJournal)?;
        self.exhausted = rows.len() < JOURNAL_ROWS_PER_READ as usize;
        if let Some(last) = rows.last() {
            self.from = Position { index: last.position.index + 1, ..last.position };
        }
        self.rows.extend(rows);
        Ok(())
    }
}
