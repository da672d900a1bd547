//! The state after an earlier block: for `eth_call`, balances, code and storage at block N.
//!
//! Answers come from what was read before, with the blocks for which it holds (`versions.rs`), and otherwise from the version tables. Where the projection lags behind N, the packed diffs in between are laid over
//! them, and code that is newer than the state tables comes from there too; how far they may lag is bounded. Invariant: the answer is the state after block N, however far the projection
//! is and however it moves meanwhile.

mod versions;

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use sqlx::Row;
use state::{Account, StateDiff, StateReader};
use tokio::runtime::Handle;

use self::versions::Versions;
use crate::{
    Classify, Database, IndexError, Severity,
    convert::{Big, Hash},
    index::{Follower, diffs_between, read_cursor},
    metrics::timed,
};

/// Blocks that the projection may lag behind before history refuses to answer: each costs a packed diff per question.
pub const HISTORY_LAG_BLOCKS_MAX: u64 = 1_024;

/// Why an earlier state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The query failed.
    #[error("cannot read the state after block {number}")]
    Read {
        /// Of which block.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The diffs above the projection could not be read.
    #[error("cannot read the diffs up to block {number}")]
    Diffs {
        /// Of which block.
        number: u64,
        /// Why.
        #[source]
        source: IndexError,
    },
    /// The index does not have that block.
    #[error("the index has no block {0}")]
    BlockUnknown(u64),
    /// The projection is too far behind.
    #[error(
        "the projection lags {lag} blocks behind block {number}, more than {HISTORY_LAG_BLOCKS_MAX}"
    )]
    Lagging {
        /// The block that was asked for.
        number: u64,
        /// How far the projection is behind it.
        lag: u64,
    },
    /// Blocks were taken back while the state was being read. Ask again.
    #[error("blocks were taken back while the state after block {number} was being read")]
    TakenBack {
        /// The block that was asked for.
        number: u64,
    },
    /// No account ever had that code.
    #[error("the state has no code {0}")]
    CodeUnknown(B256),
}

impl Classify for HistoryError {
    fn severity(&self) -> Severity {
        match self {
            Self::Read { source, .. } => source.severity(),
            Self::Diffs { source, .. } => source.severity(),
            Self::Lagging { .. } | Self::TakenBack { .. } => Severity::Temporary,
            Self::BlockUnknown(_) | Self::CodeUnknown(_) => Severity::Reset,
        }
    }
}

/// The states after all earlier blocks. Clones share what they have read.
#[derive(Debug, Clone)]
pub struct History {
    database: Database,
    versions: Arc<Versions>,
}

/// The state after one block of the past.
#[derive(Debug, Clone)]
pub struct HistoricalState {
    database: Database,
    versions: Arc<Versions>,
    number: u64,
    /// The newest block up to `number` whose versions are in the tables; what later ones changed is in `recent`.
    floor: Option<u64>,
    /// The newest block whose versions are in the tables for sure.
    known: u64,
    /// How often blocks had been taken back when this was opened; `None`: they were just being taken back, so that
    /// nothing that is read may be kept.
    round: Option<u64>,
    /// What changed in the blocks that the projection did not have when this was opened.
    recent: StateDiff,
}

impl History {
    /// That of `database`. What was read is kept in about so many bytes.
    pub fn new(database: Database, bytes_max: u64) -> Self {
        Self { database, versions: Arc::new(Versions::new(bytes_max)) }
    }

    /// Bytes that are kept, about.
    pub fn bytes(&self) -> u64 {
        self.versions.bytes()
    }

    /// Opens the state after block `number`.
    pub async fn at(&self, number: u64) -> Result<HistoricalState, HistoryError> {
        let round = self.database.unwinds();
        let known = round.and_then(|round| self.versions.known(round));
        let (floor, known, recent) = match known {
            Some(known) if known >= number => (Some(number), known, StateDiff::default()),
            _ => self.look(number, round).await?,
        };
        let (database, versions) = (self.database.clone(), self.versions.clone());
        Ok(HistoricalState { database, versions, number, floor, known, round, recent })
    }

    /// How far the tables are, and what the blocks above them changed.
    async fn look(
        &self,
        number: u64,
        round: Option<u64>,
    ) -> Result<(Option<u64>, u64, StateDiff), HistoryError> {
        let failed = |source| HistoryError::Read { number, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        let query = sqlx::query("SELECT 1 FROM blocks WHERE number = $1").bind(Big(number));
        let row = timed("history_block", query.fetch_optional(&mut *connection));
        row.await.map_err(failed)?.ok_or(HistoryError::BlockUnknown(number))?;
        // Versions come from one follower, code from the other.
        let versions = read_cursor(&mut *connection, Follower::Projection).await.map_err(failed)?;
        let codes = read_cursor(&mut *connection, Follower::State).await.map_err(failed)?;
        // `None` is below every block.
        let both = std::cmp::min(versions, codes);
        let start = both.map_or(0, |cursor| cursor + 1);
        let lag = (number + 1).saturating_sub(start);
        if lag > HISTORY_LAG_BLOCKS_MAX {
            return Err(HistoryError::Lagging { number, lag });
        }
        let diffs = diffs_between(&mut connection, start, number + 1)
            .await
            .map_err(|source| HistoryError::Diffs { number, source })?;
        let mut recent = StateDiff::default();
        for (_, diff) in &diffs {
            recent.merge(diff);
        }
        if round.is_some() && self.database.unwinds() != round {
            return Err(HistoryError::TakenBack { number });
        }
        if let (Some(round), Some(known)) = (round, both) {
            self.versions.learn(round, known);
        }
        let floor = versions.map(|cursor| std::cmp::min(cursor, number));
        Ok((floor, versions.unwrap_or_default(), recent))
    }
}

impl HistoricalState {
    /// The block after which this state stands.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The account, if that is known without asking Postgres. `None` says nothing about it.
    pub fn held_account(&self, address: &Address) -> Option<Option<Account>> {
        if let Some(change) = self.recent.accounts.get(address) {
            return Some(change.account);
        }
        let Some(floor) = self.floor else { return Some(None) };
        self.versions.account(self.round()?, *address, floor)
    }

    /// The account, or `None` where none existed.
    pub async fn account(&self, address: &Address) -> Result<Option<Account>, HistoryError> {
        if let Some(account) = self.held_account(address) {
            return Ok(account);
        }
        let Some(floor) = self.floor else { return Ok(None) };
        let found = versions::read_account(self.database.pool(), *address, floor, self.known);
        let span = found.await.map_err(|source| HistoryError::Read { number: self.number, source });
        let (span, round) = (span?, self.undisturbed()?);
        if let Some(round) = round {
            self.versions.keep_account(round, *address, span);
        }
        Ok(span.value)
    }

    /// The value of a slot, if that is known without asking Postgres.
    pub fn held_storage(&self, address: &Address, slot: &U256) -> Option<U256> {
        if let Some(change) = self.recent.accounts.get(address) {
            if let Some(value) = change.storage.get(slot) {
                return Some(*value);
            }
            if change.clears_storage() {
                return Some(U256::ZERO);
            }
        }
        let Some(floor) = self.floor else { return Some(U256::ZERO) };
        self.versions.slot(self.round()?, *address, *slot, floor)
    }

    /// The value of a slot; zero where nothing was written.
    pub async fn storage(&self, address: &Address, slot: &U256) -> Result<U256, HistoryError> {
        if let Some(value) = self.held_storage(address, slot) {
            return Ok(value);
        }
        let Some(floor) = self.floor else { return Ok(U256::ZERO) };
        let found = versions::read_slot(self.database.pool(), *address, *slot, floor, self.known);
        let span = found.await.map_err(|source| HistoryError::Read { number: self.number, source });
        let (span, round) = (span?, self.undisturbed()?);
        if let Some(round) = round {
            self.versions.keep_slot(round, *address, *slot, span);
        }
        Ok(span.value)
    }

    /// The code of that hash, if it is known without asking Postgres.
    pub fn held_code(&self, hash: &B256) -> Option<Bytes> {
        if *hash == KECCAK256_EMPTY {
            return Some(Bytes::new());
        }
        if let Some(code) = self.recent.codes.get(hash) {
            return Some(code.clone());
        }
        self.versions.code(self.round()?, *hash)
    }

    /// The code of that hash. Code is kept by its hash, so this is the same at every block.
    pub async fn code(&self, hash: &B256) -> Result<Bytes, HistoryError> {
        if let Some(code) = self.held_code(hash) {
            return Ok(code);
        }
        let failed = |source| HistoryError::Read { number: self.number, source };
        let query = sqlx::query("SELECT code FROM codes WHERE hash = $1").bind(Hash(*hash));
        let row = timed("history_code", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?
            .ok_or(HistoryError::CodeUnknown(*hash))?;
        let code = Bytes::from(row.try_get::<Vec<u8>, _>(0).map_err(failed)?);
        if let Some(round) = self.undisturbed()? {
            self.versions.keep_code(round, *hash, code.clone());
        }
        Ok(code)
    }

    /// The hash of an earlier block.
    pub async fn block_hash(&self, number: u64) -> Result<B256, HistoryError> {
        if let Some(hash) = self.round().and_then(|round| self.versions.block_hash(round, number)) {
            return Ok(hash);
        }
        let failed = |source| HistoryError::Read { number, source };
        let query = sqlx::query("SELECT hash FROM blocks WHERE number = $1").bind(Big(number));
        let row = timed("history_block_hash", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?
            .ok_or(HistoryError::BlockUnknown(number))?;
        let hash = row.try_get::<Hash, _>(0).map_err(failed)?.0;
        if let Some(round) = self.undisturbed()? {
            self.versions.keep_block_hash(round, number, hash);
        }
        Ok(hash)
    }

    /// The round of this state, as long as nothing has been taken back since.
    fn round(&self) -> Option<u64> {
        self.round.filter(|round| self.database.unwinds() == Some(*round))
    }

    /// The same after a read, which is of no one state where something has been.
    fn undisturbed(&self) -> Result<Option<u64>, HistoryError> {
        match (self.round, self.round()) {
            (Some(_), None) => Err(HistoryError::TakenBack { number: self.number }),
            (_, round) => Ok(round),
        }
    }

    /// The same for an executor that blocks. Its thread must not be one of the runtime's workers: use
    /// `spawn_blocking` or a thread of your own.
    pub const fn blocking(self, runtime: Handle) -> BlockingHistory {
        BlockingHistory { state: self, runtime }
    }
}

/// A state of the past behind the executor's trait.
#[derive(Debug, Clone)]
pub struct BlockingHistory {
    state: HistoricalState,
    runtime: Handle,
}

impl BlockingHistory {
    /// The state, for whoever does not block.
    pub const fn state(&self) -> &HistoricalState {
        &self.state
    }
}

impl StateReader for BlockingHistory {
    type Error = HistoryError;

    fn account(&self, address: &Address) -> Result<Option<Account>, HistoryError> {
        self.runtime.block_on(self.state.account(address))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, HistoryError> {
        self.runtime.block_on(self.state.storage(address, slot))
    }

    fn code(&self, hash: &B256) -> Result<Bytes, HistoryError> {
        self.runtime.block_on(self.state.code(hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, HistoryError> {
        self.runtime.block_on(self.state.block_hash(number))
    }
}

#[cfg(test)]
mod tests;
