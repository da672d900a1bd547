//! Loads the chain at start, and finds the points that derivation can begin from.
//!
//! The newest remembered L1 block with its safe head is where derivation resumes. Blocks of the index above that head are
//! the part of an L1 block that was cut short: they are taken back and derived again. Whether L1 still has that L1 block
//! is not asked here: derivation reads it again and says so.
//! Invariant: the trie that is built from the stored state has the root that the head's header names, or loading fails.

use std::sync::Arc;

use alloy::primitives::B256;
use db::{CurrentState, Database, Fence, Index, StateScan, WithdrawalNodes};
use derivation::{Cursor, Derivation, DerivedHead};
use executor::{ChainSpec, parallel::ListedExecutor};
use protocol::{BlockId, Header, L1Attributes, RollupConfig, SystemConfig, Transaction, block_ref};
use state::{CacheLimits, ReadCache, StateTrie, StateTrieBuilder};
use tokio::sync::mpsc;
use transition::BlockClaim;

use crate::{
    VerifierConfig, VerifierError,
    chain::{Chain, StoredState, output_of},
    claims::{block_claim, claims_of},
    writer::genesis_record,
};

/// Blocks by which the state tables are brought forward in one step.
const STATE_STEP_BLOCKS: u32 = 64;

/// Chunks of the state that wait to be put into the trie.
const SCAN_CHUNKS_MAX: usize = 4;

/// A chain that is ready to go on.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) chain: Chain,
    pub(crate) derivation: Derivation,
    /// The safe head.
    pub(crate) head: DerivedHead,
    /// The output root of block 0.
    pub(crate) genesis_output: B256,
}

/// A block that is in the index, with what derivation needs to go on from it.
#[derive(Debug)]
pub(crate) struct StoredHead {
    pub(crate) head: DerivedHead,
    pub(crate) header: Header,
    /// What stands after it.
    pub(crate) claim: BlockClaim,
}

/// Reads points to begin from.
#[derive(Debug, Clone)]
pub(crate) struct Points {
    rollup: Arc<RollupConfig>,
    index: Index,
    tables: db::VerifierStore,
}

impl Points {
    pub(crate) fn new(rollup: Arc<RollupConfig>, database: &Database) -> Self {
        let (index, tables) =
            (Index::new(database.clone()), db::VerifierStore::new(database.clone()));
        Self { rollup, index, tables }
    }

    /// The block as a head.
    pub(crate) async fn head(&self, number: u64) -> Result<StoredHead, VerifierError> {
        let block = self.index.block(number).await.map_err(VerifierError::Index)?;
        let block = block.ok_or(VerifierError::BlockMissing { number })?;
        if number == 0 {
            let head = DerivedHead::genesis(&self.rollup, block.hash);
            let cursor = Cursor::genesis(self.rollup.genesis.l1.number);
            let claim = block_claim(&head.block, &block.header, cursor);
            return Ok(StoredHead { head, header: block.header, claim });
        }
        let row = self.tables.derived(number).await.map_err(VerifierError::Tables)?;
        let row = row.filter(|row| row.block.hash == block.hash);
        let row = row.ok_or(VerifierError::BlockMissing { number })?;
        let claim = claims_of(&row, &block.header)?.claim;
        let broken = || VerifierError::Attributes { number };
        let first = block.bodies.own.first().ok_or_else(broken)?;
        let first = protocol::decode_transaction(first).map_err(|_| broken())?;
        let Transaction::Deposit(deposit) = first else { return Err(broken()) };
        let attributes = L1Attributes::decode(&deposit.input).map_err(|_| broken())?;
        let reference = block_ref(&block.header, block.hash, &deposit).map_err(|_| broken())?;
        let system_config = SystemConfig::from_attributes(&attributes, block.header.gas_limit);
        Ok(StoredHead {
            head: DerivedHead { block: reference, system_config },
            header: block.header,
            claim,
        })
    }

    /// The newest remembered L1 block at or below `l1_max`, and the number of the safe head after it. `None`: nothing
    /// was processed yet, so the chain begins with genesis.
    pub(crate) async fn newest(
        &self,
        l1_max: u64,
    ) -> Result<Option<(BlockId, u64)>, VerifierError> {
        let found = self.tables.l1_blocks(l1_max, 1).await.map_err(VerifierError::Tables)?;
        let Some(l1) = found.first().copied() else { return Ok(None) };
        let head = self.tables.head_at(l1.number).await.map_err(VerifierError::Tables)?;
        Ok(Some((l1, head.map_or(0, |row| row.block.number))))
    }

    /// Derivation that goes on behind L1 block `start`, after which `head` was the safe head.
    pub(crate) fn derivation(
        &self,
        start: Option<BlockId>,
        head: DerivedHead,
    ) -> Result<Derivation, VerifierError> {
        let rollup = self.rollup.clone();
        match start {
            None => Ok(Derivation::genesis(rollup, head.block.hash)),
            Some(l1) => Derivation::resume(rollup, head, l1).map_err(VerifierError::Resume),
        }
    }
}

/// Loads the chain, or begins one.
pub(crate) async fn load(
    rollup: &Arc<RollupConfig>,
    database: &Database,
    fence: Fence,
    config: &VerifierConfig,
) -> Result<Loaded, VerifierError> {
    let index = Index::new(database.clone());
    let genesis = genesis_record(rollup);
    let genesis_output = output_of(&genesis.header, genesis.hash);
    match index.block(0).await.map_err(VerifierError::Index)? {
        Some(stored) if stored.hash == genesis.hash => {}
        Some(stored) => {
            let (stored, computed) = (stored.hash, genesis.hash);
            return Err(VerifierError::OtherChain { stored, computed });
        }
        None => {
            let packed = genesis.pack().map_err(VerifierError::Index)?;
            index
                .write(fence, &packed, &WithdrawalNodes::default())
                .await
                .map_err(VerifierError::Index)?;
            tracing::info!(hash = %genesis.hash, "genesis written");
        }
    }
    let points = Points::new(rollup.clone(), database);
    forget_unclaimed(&points.tables, fence).await?;
    let point = points.newest(u64::MAX).await?;
    let (start, number) = point.map_or((None, 0), |(l1, number)| (Some(l1), number));
    let tip = index.tip().await.map_err(VerifierError::Index)?;
    if tip.is_some_and(|tip| tip.header.number > number) {
        index.unwind_to(fence, number).await.map_err(VerifierError::Index)?;
    }
    advance_state(database, number).await?;
    let StoredHead { head, header, claim } = points.head(number).await?;
    let trie = build_trie(database, number, config.trie_threads).await?;
    let accounts = trie.size().accounts;
    let stored = open_state(database, config)?;
    let spec = ChainSpec::from(rollup.as_ref());
    let listed = ListedExecutor::start(config.execution_threads)
        .map_err(|source| VerifierError::Thread { name: "execution", source })?;
    let rules = (spec, config.segment_gas);
    let chain = Chain::new(rules, (header, claim), trie, stored, listed);
    let (computed, stored) = chain.roots();
    if computed != stored {
        return Err(VerifierError::StateRoot { number, computed, stored });
    }
    let l1_block = start.map_or(rollup.genesis.l1.number, |l1| l1.number);
    tracing::info!(block = number, l1_block, accounts, "chain loaded");
    let derivation = points.derivation(start, head)?;
    Ok(Loaded { chain, derivation, head, genesis_output })
}

/// Forgets what an earlier version derived without noting where derivation stood after each block: it cannot be claimed, and
/// nothing but deriving anew tells. The blocks go with it, since they are executed again.
async fn forget_unclaimed(tables: &db::VerifierStore, fence: Fence) -> Result<(), VerifierError> {
    if tables.has_claims().await.map_err(VerifierError::Tables)? {
        return Ok(());
    }
    tracing::warn!("the stored chain is of an earlier version, without claims: deriving it anew");
    tables.unwind(fence, 0).await.map_err(VerifierError::Tables)
}

async fn advance_state(database: &Database, target: u64) -> Result<(), VerifierError> {
    let current = CurrentState::new(database.clone());
    let mut cursor = current.cursor().await.map_err(VerifierError::Index)?;
    while cursor.is_none_or(|cursor| cursor < target) {
        cursor = current.advance(STATE_STEP_BLOCKS).await.map_err(VerifierError::Index)?;
    }
    Ok(())
}

fn open_state(database: &Database, config: &VerifierConfig) -> Result<StoredState, VerifierError> {
    let thread = |source| VerifierError::Thread { name: "state-reader", source };
    let reader = db::PgStateReader::start(database.clone()).map_err(thread)?;
    let limits = CacheLimits {
        accounts_max: config.cache_entries_max,
        slots_max: config.cache_entries_max,
        ..CacheLimits::default()
    };
    Ok(Arc::new(ReadCache::new(reader, limits)))
}

/// A piece of the state on its way into the trie.
enum Chunk {
    Accounts(Vec<(alloy::primitives::Address, state::Account)>),
    Slots(Vec<(alloy::primitives::Address, alloy::primitives::U256, alloy::primitives::U256)>),
}

/// Reads the whole state after block `number` into a trie.
async fn build_trie(
    database: &Database,
    number: u64,
    threads: usize,
) -> Result<StateTrie, VerifierError> {
    let scan = StateScan::begin(database).await.map_err(VerifierError::Scan)?;
    if scan.block() != Some(number) {
        return Err(VerifierError::Lost { what: "the stored state of the head" });
    }
    scan_trie(scan, threads).await
}

/// Reads the whole state of a scan into a trie; hashing goes on while Postgres reads.
pub(crate) async fn scan_trie(
    mut scan: StateScan,
    threads: usize,
) -> Result<StateTrie, VerifierError> {
    let (sender, mut chunks) = mpsc::channel(SCAN_CHUNKS_MAX);
    let build = tokio::task::spawn_blocking(move || {
        let mut builder = StateTrieBuilder::new(threads);
        while let Some(chunk) = chunks.blocking_recv() {
            match chunk {
                Chunk::Accounts(accounts) => {
                    accounts
                        .into_iter()
                        .for_each(|(address, account)| builder.account(address, account));
                }
                Chunk::Slots(slots) => {
                    slots
                        .into_iter()
                        .for_each(|(address, slot, value)| builder.slot(address, slot, value));
                }
            }
        }
        let mut trie = builder.finish();
        trie.set_threads(threads);
        trie
    });
    let lost = VerifierError::Lost { what: "building of the trie" };
    loop {
        let accounts = scan.accounts().await.map_err(VerifierError::Scan)?;
        if accounts.is_empty() {
            break;
        }
        if sender.send(Chunk::Accounts(accounts)).await.is_err() {
            return Err(lost);
        }
    }
    loop {
        let slots = scan.slots().await.map_err(VerifierError::Scan)?;
        if slots.is_empty() {
            break;
        }
        if sender.send(Chunk::Slots(slots)).await.is_err() {
            return Err(lost);
        }
    }
    drop(sender);
    build.await.map_err(|_| lost)
}
