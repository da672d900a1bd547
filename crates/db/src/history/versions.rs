//! What was read of earlier states, each with the blocks for which it holds, within a number of bytes.
//!
//! ```text
//!   rows of an account      10          25            40
//!   read at block 30                    |------x-------|        holds for 25..40
//!   read at block 50                                   |---x--) holds for 40..=newest block that was projected
//! ```
//! So one read answers for many blocks. Invariant: what is kept was read in the round under which it is kept; after blocks
//! were taken back it is found no more, and makes room as it is not used.

use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{Address, B256, Bytes, U256};
use quick_cache::{Weighter, sync::Cache};
use sqlx::{PgPool, Row, postgres::PgRow};
use state::Account;

use crate::{
    convert::{Addr, Amount, Big, Hash, Slot},
    metrics::timed,
};

/// Spans that are kept of one account or slot; the one that was read first leaves first.
const SPANS_MAX: usize = 32;
/// What an entry takes besides its spans or its code: key, counts, place in the table.
const ENTRY_BYTES: usize = 200;
/// Spans of a usual entry, for a first guess of how many entries there will be.
const ENTRY_BYTES_USUAL: u64 = 400;

/// A value, and the blocks after which it stands: from the first, until before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<T> {
    from: u64,
    until: u64,
    pub(super) value: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Account(Address),
    Slot(Address, U256),
    Code(B256),
    BlockHash(u64),
}

#[derive(Debug, Clone)]
enum Kept {
    Account(Arc<[Span<Option<Account>>]>),
    Slot(Arc<[Span<U256>]>),
    Code(Bytes),
    BlockHash(B256),
}

/// The bytes of an entry.
#[derive(Debug, Clone, Copy)]
struct Bytewise;

impl Weighter<(u64, Place), Kept> for Bytewise {
    fn weight(&self, _: &(u64, Place), kept: &Kept) -> u64 {
        let bytes = match kept {
            Kept::Account(spans) => size_of_val(&**spans),
            Kept::Slot(spans) => size_of_val(&**spans),
            Kept::Code(code) => code.len(),
            Kept::BlockHash(_) => 0,
        };
        (ENTRY_BYTES + bytes) as u64
    }
}

/// What was read.
#[derive(Debug)]
pub(super) struct Versions {
    kept: Cache<(u64, Place), Kept, Bytewise>,
    /// In which round, and up to which block, the tables are known to be complete.
    known: Mutex<Option<(u64, u64)>>,
}

impl Versions {
    pub(super) fn new(bytes_max: u64) -> Self {
        let entries = usize::try_from(bytes_max / ENTRY_BYTES_USUAL).unwrap_or(usize::MAX);
        Self { kept: Cache::with_weighter(entries, bytes_max, Bytewise), known: Mutex::new(None) }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.kept.weight()
    }

    /// The newest block up to which the tables are known to be complete.
    pub(super) fn known(&self, round: u64) -> Option<u64> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(of, _)| *of == round).map(|(_, newest)| newest)
    }

    /// The tables are complete up to this block.
    pub(super) fn learn(&self, round: u64, newest: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = std::cmp::max(*known, Some((round, newest)));
    }

    pub(super) fn account(&self, round: u64, of: Address, block: u64) -> Option<Option<Account>> {
        match self.kept.get(&(round, Place::Account(of)))? {
            Kept::Account(spans) => value_at(&spans, block),
            _ => None,
        }
    }

    pub(super) fn keep_account(&self, round: u64, of: Address, span: Span<Option<Account>>) {
        let key = (round, Place::Account(of));
        let before = match self.kept.peek(&key) {
            Some(Kept::Account(spans)) => spans,
            _ => Arc::default(),
        };
        self.kept.insert(key, Kept::Account(with(&before, span)));
    }

    pub(super) fn slot(&self, round: u64, of: Address, slot: U256, block: u64) -> Option<U256> {
        match self.kept.get(&(round, Place::Slot(of, slot)))? {
            Kept::Slot(spans) => value_at(&spans, block),
            _ => None,
        }
    }

    pub(super) fn keep_slot(&self, round: u64, of: Address, slot: U256, span: Span<U256>) {
        let key = (round, Place::Slot(of, slot));
        let before = match self.kept.peek(&key) {
            Some(Kept::Slot(spans)) => spans,
            _ => Arc::default(),
        };
        self.kept.insert(key, Kept::Slot(with(&before, span)));
    }

    pub(super) fn code(&self, round: u64, hash: B256) -> Option<Bytes> {
        match self.kept.get(&(round, Place::Code(hash)))? {
            Kept::Code(code) => Some(code),
            _ => None,
        }
    }

    pub(super) fn keep_code(&self, round: u64, hash: B256, code: Bytes) {
        self.kept.insert((round, Place::Code(hash)), Kept::Code(code));
    }

    pub(super) fn block_hash(&self, round: u64, number: u64) -> Option<B256> {
        match self.kept.get(&(round, Place::BlockHash(number)))? {
            Kept::BlockHash(hash) => Some(hash),
            _ => None,
        }
    }

    pub(super) fn keep_block_hash(&self, round: u64, number: u64, hash: B256) {
        self.kept.insert((round, Place::BlockHash(number)), Kept::BlockHash(hash));
    }
}

fn value_at<T: Copy>(spans: &[Span<T>], block: u64) -> Option<T> {
    let of = |span: &&Span<T>| span.from <= block && block < span.until;
    spans.iter().rev().find(of).map(|span| span.value)
}

/// The spans with another one, which takes the place of what began at the same block.
fn with<T: Copy>(spans: &[Span<T>], span: Span<T>) -> Arc<[Span<T>]> {
    let others: Vec<_> = spans.iter().filter(|other| other.from != span.from).copied().collect();
    let excess = (others.len() + 1).saturating_sub(SPANS_MAX);
    others[excess..].iter().copied().chain([span]).collect()
}

/// The account after block `floor`, up to which and on to block `known` the tables are complete.
pub(super) async fn read_account(
    pool: &PgPool,
    address: Address,
    floor: u64,
    known: u64,
) -> Result<Span<Option<Account>>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT (SELECT min(block_number) FROM account_versions
                 WHERE address = $1 AND block_number > $2),
                newest.*
         FROM (SELECT) AS always LEFT JOIN LATERAL
              (SELECT block_number, nonce, balance, code_hash FROM account_versions
               WHERE address = $1 AND block_number <= $2
               ORDER BY block_number DESC LIMIT 1) AS newest ON TRUE",
    )
    .bind(Addr(address))
    .bind(Big(floor));
    let row = timed("history_account", query.fetch_one(pool)).await?;
    let value = match row.try_get::<Option<Big>, _>(2)? {
        Some(nonce) => Some(Account {
            nonce: nonce.0,
            balance: row.try_get::<Amount, _>(3)?.0,
            code_hash: row.try_get::<Hash, _>(4)?.0,
        }),
        None => None,
    };
    let from = block_at(&row, 1)?.unwrap_or_default();
    Ok(Span { from, until: block_at(&row, 0)?.unwrap_or(known + 1), value })
}

/// The value of a slot after block `floor`; the same with `known`.
pub(super) async fn read_slot(
    pool: &PgPool,
    address: Address,
    slot: U256,
    floor: u64,
    known: u64,
) -> Result<Span<U256>, sqlx::Error> {
    let query = sqlx::query(
        "SELECT LEAST((SELECT min(block_number) FROM slot_versions
                       WHERE address = $1 AND slot = $2 AND block_number > $3),
                      (SELECT min(block_number) FROM storage_clears
                       WHERE address = $1 AND block_number > $3)),
                (SELECT max(block_number) FROM storage_clears
                 WHERE address = $1 AND block_number <= $3),
                newest.*
         FROM (SELECT) AS always LEFT JOIN LATERAL
              (SELECT block_number, value FROM slot_versions
               WHERE address = $1 AND slot = $2 AND block_number <= $3
               ORDER BY block_number DESC LIMIT 1) AS newest ON TRUE",
    )
    .bind(Addr(address))
    .bind(Slot(slot))
    .bind(Big(floor));
    let row = timed("history_slot", query.fetch_one(pool)).await?;
    let until = block_at(&row, 0)?.unwrap_or(known + 1);
    let (cleared, written) = (block_at(&row, 1)?, block_at(&row, 2)?);
    // A version that is older than the newest clearing counts for nothing; one of the same block was written after it.
    let (from, value) = match written {
        Some(written) if cleared <= Some(written) => (written, row.try_get::<Amount, _>(3)?.0),
        _ => (cleared.unwrap_or_default(), U256::ZERO),
    };
    Ok(Span { from, until, value })
}

fn block_at(row: &PgRow, column: usize) -> Result<Option<u64>, sqlx::Error> {
    Ok(row.try_get::<Option<Big>, _>(column)?.map(|number| number.0))
}

#[cfg(test)]
mod tests;
