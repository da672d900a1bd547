//! The state after an earlier block: for `eth_call`, balances, code and storage at block N.
//!
//! Answers come from the version tables. Where the projection lags behind N, the packed diffs in between are laid over
//! them, and code that is newer than the state tables comes from there too; how far they may lag is bounded. Invariant: the answer is the state after block N, however far the projection
//! is and however it moves meanwhile.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use sqlx::Row;
use state::{Account, StateDiff, StateReader};
use tokio::runtime::Handle;

use crate::{
    Classify, Database, IndexError, Severity,
    convert::{Addr, Amount, Big, Hash, Slot},
    index::{Follower, diffs_between, merge, read_cursor},
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
    /// No account ever had that code.
    #[error("the state has no code {0}")]
    CodeUnknown(B256),
}

impl Classify for HistoryError {
    fn severity(&self) -> Severity {
        match self {
            Self::Read { source, .. } => source.severity(),
            Self::Diffs { source, .. } => source.severity(),
            Self::Lagging { .. } => Severity::Temporary,
            Self::BlockUnknown(_) | Self::CodeUnknown(_) => Severity::Reset,
        }
    }
}

/// The state after one block of the past.
#[derive(Debug, Clone)]
pub struct HistoricalState {
    database: Database,
    number: u64,
    hash: B256,
    /// What changed in the blocks that the projection did not have when this was opened.
    recent: StateDiff,
}

impl HistoricalState {
    /// Opens the state after block `number`.
    pub async fn open(database: &Database, number: u64) -> Result<Self, HistoryError> {
        let failed = |source| HistoryError::Read { number, source };
        let mut connection = database.pool().acquire().await.map_err(failed)?;
        let query = sqlx::query("SELECT hash FROM blocks WHERE number = $1").bind(Big(number));
        let row = timed("history_block", query.fetch_optional(&mut *connection));
        let row = row.await.map_err(failed)?.ok_or(HistoryError::BlockUnknown(number))?;
        let hash = row.try_get::<Hash, _>(0).map_err(failed)?.0;
        // Versions come from one follower, code from the other.
        let versions = read_cursor(&mut *connection, Follower::Projection).await.map_err(failed)?;
        let codes = read_cursor(&mut *connection, Follower::State).await.map_err(failed)?;
        // `None` is below every block.
        let start = std::cmp::min(versions, codes).map_or(0, |cursor| cursor + 1);
        let lag = (number + 1).saturating_sub(start);
        if lag > HISTORY_LAG_BLOCKS_MAX {
            return Err(HistoryError::Lagging { number, lag });
        }
        let diffs = diffs_between(&mut connection, start, number + 1)
            .await
            .map_err(|source| HistoryError::Diffs { number, source })?;
        let recent = merge(diffs).map(|(_, merged)| merged).unwrap_or_default();
        Ok(Self { database: database.clone(), number, hash, recent })
    }

    /// The block after which this state stands.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its hash.
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// The account, or `None` where none existed.
    pub async fn account(&self, address: &Address) -> Result<Option<Account>, HistoryError> {
        if let Some(change) = self.recent.accounts.get(address) {
            return Ok(change.account);
        }
        let failed = |source| HistoryError::Read { number: self.number, source };
        let query = sqlx::query(
            "SELECT nonce, balance, code_hash FROM account_versions
             WHERE address = $1 AND block_number <= $2 ORDER BY block_number DESC LIMIT 1",
        )
        .bind(Addr(*address))
        .bind(Big(self.number));
        let row = timed("history_account", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let Some(nonce) = row.try_get::<Option<Big>, _>(0).map_err(failed)? else {
            return Ok(None);
        };
        Ok(Some(Account {
            nonce: nonce.0,
            balance: row.try_get::<Amount, _>(1).map_err(failed)?.0,
            code_hash: row.try_get::<Hash, _>(2).map_err(failed)?.0,
        }))
    }

    /// The value of a slot; zero where nothing was written.
    pub async fn storage(&self, address: &Address, slot: &U256) -> Result<U256, HistoryError> {
        if let Some(change) = self.recent.accounts.get(address) {
            if let Some(value) = change.storage.get(slot) {
                return Ok(*value);
            }
            if change.clears_storage() {
                return Ok(U256::ZERO);
            }
        }
        let failed = |source| HistoryError::Read { number: self.number, source };
        // A version that is older than the newest clearing counts for nothing; one of the same block was written after it.
        let query = sqlx::query(
            "SELECT value FROM slot_versions
             WHERE address = $1 AND slot = $2 AND block_number <= $3
               AND block_number >= COALESCE(
                   (SELECT max(block_number) FROM storage_clears
                    WHERE address = $1 AND block_number <= $3), 0)
             ORDER BY block_number DESC LIMIT 1",
        )
        .bind(Addr(*address))
        .bind(Slot(*slot))
        .bind(Big(self.number));
        let row = timed("history_slot", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?;
        let value = row.map(|row| row.try_get::<Amount, _>(0)).transpose().map_err(failed)?;
        Ok(value.map_or(U256::ZERO, |value| value.0))
    }

    /// The code of that hash. Code is kept by its hash, so this is the same at every block.
    pub async fn code(&self, hash: &B256) -> Result<Bytes, HistoryError> {
        if *hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        if let Some(code) = self.recent.codes.get(hash) {
            return Ok(code.clone());
        }
        let failed = |source| HistoryError::Read { number: self.number, source };
        let query = sqlx::query("SELECT code FROM codes WHERE hash = $1").bind(Hash(*hash));
        let row = timed("history_code", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?
            .ok_or(HistoryError::CodeUnknown(*hash))?;
        Ok(Bytes::from(row.try_get::<Vec<u8>, _>(0).map_err(failed)?))
    }

    /// The hash of an earlier block.
    pub async fn block_hash(&self, number: u64) -> Result<B256, HistoryError> {
        let failed = |source| HistoryError::Read { number, source };
        let query = sqlx::query("SELECT hash FROM blocks WHERE number = $1").bind(Big(number));
        let row = timed("history_block_hash", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?
            .ok_or(HistoryError::BlockUnknown(number))?;
        Ok(row.try_get::<Hash, _>(0).map_err(failed)?.0)
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
