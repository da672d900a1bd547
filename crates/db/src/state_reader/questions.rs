//! What callers want to know, merged into one query per kind, and the answers sorted back to them.
//!
//! Invariant: answers stand in the order of the questions, one for each.

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, B256Map, HashMap},
};
use sqlx::{PgConnection, Row};
use state::Account;

use crate::{
    convert::{Addr, Amount, Big, Hash, Slot},
    metrics::timed,
};

/// Questions of one or many callers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) accounts: Vec<Address>,
    pub(super) slots: Vec<(Address, U256)>,
    pub(super) codes: Vec<B256>,
    pub(super) blocks: Vec<u64>,
}

/// The answers to one caller's questions; absent code and blocks are `None`.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) accounts: Vec<Option<Account>>,
    pub(super) slots: Vec<U256>,
    pub(super) codes: Vec<Option<Bytes>>,
    pub(super) blocks: Vec<Option<B256>>,
}

/// Everything that was found for merged questions.
#[derive(Debug, Default)]
pub(super) struct Found {
    accounts: AddressMap<Account>,
    slots: HashMap<(Address, U256), U256>,
    codes: B256Map<Bytes>,
    blocks: HashMap<u64, B256>,
}

impl Questions {
    pub(super) const fn len(&self) -> usize {
        self.accounts.len() + self.slots.len() + self.codes.len() + self.blocks.len()
    }

    pub(super) fn merge<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut merged = Self::default();
        for questions in all {
            merged.accounts.extend(&questions.accounts);
            merged.slots.extend(&questions.slots);
            merged.codes.extend(&questions.codes);
            merged.blocks.extend(&questions.blocks);
        }
        merged
    }

    /// Asks Postgres; kinds that nobody asked for cost nothing.
    pub(super) async fn ask(&self, connection: &mut PgConnection) -> Result<Found, sqlx::Error> {
        let mut found = Found::default();
        if !self.accounts.is_empty() {
            found.accounts = accounts(connection, &self.accounts).await?;
        }
        if !self.slots.is_empty() {
            found.slots = slots(connection, &self.slots).await?;
        }
        if !self.codes.is_empty() {
            found.codes = codes(connection, &self.codes).await?;
        }
        if !self.blocks.is_empty() {
            found.blocks = block_hashes(connection, &self.blocks).await?;
        }
        Ok(found)
    }
}

impl Found {
    /// The answers to the questions of one caller.
    pub(super) fn select(&self, questions: &Questions) -> Answers {
        let Questions { accounts, slots, codes, blocks } = questions;
        let slot = |key| self.slots.get(key).copied().unwrap_or_default();
        Answers {
            accounts: accounts.iter().map(|key| self.accounts.get(key).copied()).collect(),
            slots: slots.iter().map(slot).collect(),
            codes: codes.iter().map(|key| self.codes.get(key).cloned()).collect(),
            blocks: blocks.iter().map(|key| self.blocks.get(key).copied()).collect(),
        }
    }
}

async fn accounts(
    connection: &mut PgConnection,
    keys: &[Address],
) -> Result<AddressMap<Account>, sqlx::Error> {
    let keys: Vec<_> = keys.iter().map(|address| Addr(*address)).collect();
    let query = sqlx::query(
        "SELECT address, nonce, balance, code_hash FROM accounts WHERE address = ANY($1)",
    )
    .bind(keys);
    let rows = timed("state_read_accounts", query.fetch_all(connection)).await?;
    rows.iter()
        .map(|row| {
            let account = Account {
                nonce: row.try_get::<Big, _>(1)?.0,
                balance: row.try_get::<Amount, _>(2)?.0,
                code_hash: row.try_get::<Hash, _>(3)?.0,
            };
            Ok((row.try_get::<Addr, _>(0)?.0, account))
        })
        .collect()
}

async fn slots(
    connection: &mut PgConnection,
    keys: &[(Address, U256)],
) -> Result<HashMap<(Address, U256), U256>, sqlx::Error> {
    let (addresses, keys): (Vec<_>, Vec<_>) =
        keys.iter().map(|(address, slot)| (Addr(*address), Slot(*slot))).unzip();
    // A join with the keys would leave the planner to guess their number; a look-up for each key is what we want.
    let query = sqlx::query(
        "SELECT wanted.address, wanted.slot, found.value
         FROM UNNEST($1::bytea[], $2::bytea[]) AS wanted (address, slot)
         CROSS JOIN LATERAL (
             SELECT value FROM slots
             WHERE slots.address = wanted.address AND slots.slot = wanted.slot
             OFFSET 0
         ) AS found",
    )
    .bind(addresses)
    .bind(keys);
    let rows = timed("state_read_slots", query.fetch_all(connection)).await?;
    rows.iter()
        .map(|row| {
            let key = (row.try_get::<Addr, _>(0)?.0, row.try_get::<Slot, _>(1)?.0);
            Ok((key, row.try_get::<Amount, _>(2)?.0))
        })
        .collect()
}

async fn codes(
    connection: &mut PgConnection,
    keys: &[B256],
) -> Result<B256Map<Bytes>, sqlx::Error> {
    let keys: Vec<_> = keys.iter().map(|hash| Hash(*hash)).collect();
    let query = sqlx::query("SELECT hash, code FROM codes WHERE hash = ANY($1)").bind(keys);
    let rows = timed("state_read_codes", query.fetch_all(connection)).await?;
    rows.iter()
        .map(|row| {
            let code = Bytes::from(row.try_get::<Vec<u8>, _>(1)?);
            Ok((row.try_get::<Hash, _>(0)?.0, code))
        })
        .collect()
}

async fn block_hashes(
    connection: &mut PgConnection,
    keys: &[u64],
) -> Result<HashMap<u64, B256>, sqlx::Error> {
    let keys: Vec<_> = keys.iter().map(|number| Big(*number)).collect();
    let query = sqlx::query("SELECT number, hash FROM blocks WHERE number = ANY($1)").bind(keys);
    let rows = timed("state_read_block_hashes", query.fetch_all(connection)).await?;
    rows.iter().map(|row| Ok((row.try_get::<Big, _>(0)?.0, row.try_get::<Hash, _>(1)?.0))).collect()
}
