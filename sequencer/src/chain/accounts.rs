//! What explorers ask about an account, over the whole chain: the projection for older blocks, the blocks themselves for
//! those that it does not have yet.
//!
//! Invariant: pages consist of whole blocks, and no block of the range is left out.

use alloy::{consensus::Transaction as _, primitives::Address};
use db::{HISTORY_LAG_BLOCKS_MAX, HistoryError, Projection, TransactionPosition};
use op_alloy::consensus::OpTxReceipt as _;

use super::{ChainBlock, ChainView, Included, ReadError};

/// Some transactions of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// Where they are, newest first.
    pub positions: Vec<TransactionPosition>,
    /// Whether there are more in the direction of the search.
    pub more: bool,
}

impl ChainView {
    /// The newest transactions of an account in blocks before `before`, `wanted` of them or more.
    ///
    /// # Errors
    /// When Postgres does not answer, or the projection lags too far.
    pub async fn transactions_before(
        &self,
        account: Address,
        before: u64,
        wanted: usize,
    ) -> Result<AccountPage, ReadError> {
        let positions = self.gather_before(account, before, wanted).await?;
        let more = match positions.last() {
            Some(last) if positions.len() >= wanted => {
                !self.gather_before(account, last.block, 1).await?.is_empty()
            }
            _ => false,
        };
        Ok(AccountPage { positions, more })
    }

    /// The oldest transactions of an account in blocks after `after`, `wanted` of them or more.
    ///
    /// # Errors
    /// When Postgres does not answer, or the projection lags too far.
    pub async fn transactions_after(
        &self,
        account: Address,
        after: u64,
        wanted: usize,
    ) -> Result<AccountPage, ReadError> {
        let mut positions = self.gather_after(account, after, wanted).await?;
        let more = match positions.last() {
            Some(last) if positions.len() >= wanted => {
                !self.gather_after(account, last.block, 1).await?.is_empty()
            }
            _ => false,
        };
        positions.reverse();
        Ok(AccountPage { positions, more })
    }

    /// Where the transaction is that an account sent with that nonce.
    ///
    /// # Errors
    /// When Postgres does not answer, or the projection lags too far.
    pub async fn transaction_by_nonce(
        &self,
        sender: Address,
        nonce: u64,
    ) -> Result<Option<TransactionPosition>, ReadError> {
        let found = self.reader().transaction_by_nonce(sender, nonce).await;
        if let Some(found) = found.map_err(ReadError::database("a nonce"))? {
            return Ok(Some(found));
        }
        let latest = self.heads().unsafe_head().number;
        for number in self.unprojected(latest).await?..=latest {
            let block = self.require(number).await?;
            let mut all = block.transactions.iter();
            if let Some(found) = all.find(|tx| tx.sender == sender && nonce_of(tx) == nonce) {
                return Ok(Some(position(number, found.index)));
            }
        }
        Ok(None)
    }

    /// The block in which an account got code first, unless that was genesis. A delegation counts as code.
    ///
    /// # Errors
    /// When Postgres does not answer, or the projection lags too far.
    pub async fn first_code(&self, account: Address) -> Result<Option<u64>, ReadError> {
        let found = self.reader().first_code(account).await;
        if let Some(number) = found.map_err(ReadError::database("an account"))? {
            return Ok((number > 0).then_some(number));
        }
        let latest = self.heads().unsafe_head().number;
        for number in self.unprojected(latest).await?..=latest {
            let block = self.require(number).await?;
            let after = block.diff.accounts.get(&account).and_then(|change| change.account);
            if after.is_some_and(|after| after.has_code()) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The first block that the projection does not have.
    async fn unprojected(&self, latest: u64) -> Result<u64, ReadError> {
        let cursor = Projection::new(self.database().clone()).cursor().await;
        let cursor = cursor.map_err(ReadError::index("the projection"))?;
        let first = cursor.map_or(0, |cursor| cursor + 1);
        let lag = (latest + 1).saturating_sub(first);
        if lag > HISTORY_LAG_BLOCKS_MAX {
            return Err(ReadError::history(HistoryError::Lagging { number: latest, lag }));
        }
        Ok(first)
    }

    /// Newest first, whole blocks.
    async fn gather_before(
        &self,
        account: Address,
        before: u64,
        wanted: usize,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        let latest = self.heads().unsafe_head().number;
        let first = self.unprojected(latest).await?;
        let mut number = std::cmp::min(before, latest + 1);
        let mut found = Vec::new();
        while number > first && found.len() < wanted {
            number -= 1;
            let block = self.require(number).await?;
            found.extend(positions_in(&block, account).into_iter().rev());
        }
        let left = wanted.saturating_sub(found.len());
        if left > 0 {
            let limit = u32::try_from(left).unwrap_or(u32::MAX);
            let stored = self.reader().transactions_before(account, number, limit).await;
            let mut stored = stored.map_err(ReadError::database("transactions of an account"))?;
            if let Some(last) = stored.last().filter(|_| stored.len() >= left).copied() {
                stored.retain(|position| position.block != last.block);
                let block = self.require(last.block).await?;
                stored.extend(positions_in(&block, account).into_iter().rev());
            }
            found.extend(stored);
        }
        Ok(found)
    }

    /// Oldest first, whole blocks.
    async fn gather_after(
        &self,
        account: Address,
        after: u64,
        wanted: usize,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        let latest = self.heads().unsafe_head().number;
        let first = self.unprojected(latest).await?;
        let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
        let stored = self.reader().transactions_after(account, after, limit).await;
        let mut found = stored.map_err(ReadError::database("transactions of an account"))?;
        // The projection may have gone on since.
        found.retain(|position| position.block < first);
        if let Some(last) = found.last().filter(|_| found.len() >= wanted).copied() {
            found.retain(|position| position.block != last.block);
            let block = self.require(last.block).await?;
            found.extend(positions_in(&block, account));
            return Ok(found);
        }
        let mut number = std::cmp::max(first, after + 1);
        while number <= latest && found.len() < wanted {
            let block = self.require(number).await?;
            found.extend(positions_in(&block, account));
            number += 1;
        }
        Ok(found)
    }
}

/// The transactions of a block that an account sent, received, was created by, or was reached by: the same that the
/// projection finds.
fn positions_in(block: &ChainBlock, account: Address) -> Vec<TransactionPosition> {
    let receipts = block.transactions.iter().map(|included| &included.outcome.receipt);
    // A list that does not decode was refused when the block was indexed.
    let reached = db::reached_accounts(receipts, block.access_list.get()).unwrap_or_default();
    let named = |included: &Included| {
        included.sender == account
            || included.transaction.to() == Some(account)
            || included.outcome.created == Some(account)
    };
    let all = (0_u32..).zip(&block.transactions);
    let own = all.filter(|(index, tx)| named(tx) || reached.contains(&(*index, account)));
    own.map(|(index, _)| TransactionPosition { block: block.number(), index }).collect()
}

fn position(block: u64, index: u64) -> TransactionPosition {
    TransactionPosition { block, index: u32::try_from(index).unwrap_or(u32::MAX) }
}

/// A deposit's nonce is known only after it ran.
fn nonce_of(included: &Included) -> u64 {
    let receipt = &included.outcome.receipt;
    receipt.deposit_nonce().unwrap_or_else(|| included.transaction.nonce())
}
