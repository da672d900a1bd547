//! Blocks taken apart into the rows of the projection's tables.
//!
//! Invariant: rows depend on the block alone, so the same block always gives the same rows.

use alloy_consensus::Transaction;
use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, B256, Log, U256, keccak256};
use op_alloy_consensus::OpTxReceipt as _;
use protocol::{decode_blob_transaction, decode_transaction, is_blob_transaction};
use sqlx::PgConnection;
use state::AccountDiff;

use super::reached::reached_accounts;
use crate::{
    ConvertError,
    convert::{bigint, integer, shortest},
    copy::BinaryRows,
    index::{BlockRecord, IndexError, IndexedReceipt},
};

pub(super) struct Rows {
    transactions: BinaryRows,
    logs: BinaryRows,
    accounts: BinaryRows,
    slots: BinaryRows,
    clears: BinaryRows,
    reached: BinaryRows,
    count: usize,
}

impl Rows {
    pub(super) fn new() -> Self {
        let [transactions, logs, accounts, slots, clears, reached] =
            std::array::from_fn(|_| BinaryRows::new());
        Self { transactions, logs, accounts, slots, clears, reached, count: 0 }
    }

    /// How many transactions were added.
    pub(super) const fn transactions(&self) -> usize {
        self.count
    }

    /// How many rows each table gets.
    pub(super) const fn counts(&self) -> [(&'static str, u64); 6] {
        [
            ("transactions", self.transactions.count()),
            ("logs", self.logs.count()),
            ("account_versions", self.accounts.count()),
            ("slot_versions", self.slots.count()),
            ("storage_clears", self.clears.count()),
            ("transaction_accounts", self.reached.count()),
        ]
    }

    pub(super) fn add(&mut self, block: &BlockRecord) -> Result<(), IndexError> {
        let number = block.header.number;
        let convert = |source| IndexError::Convert { number, source };
        let block_number = bigint(number).map_err(convert)?;
        let receipts = block.receipts.iter().map(|receipt| &receipt.receipt);
        let mut reached = reached_accounts(receipts, block.access_list.as_ref()).map_err(|_| {
            IndexError::Inconsistent { number, what: "the access list does not decode" }
        })?;
        for ((raw, receipt), place) in block.bodies.iter().zip(&block.receipts).zip(0_u32..) {
            let undecodable =
                |_| IndexError::Inconsistent { number, what: "a transaction does not decode" };
            let index = integer(place).map_err(convert)?;
            let hash = keccak256(raw);
            let to = if is_blob_transaction(raw) {
                let transaction = decode_blob_transaction(raw).map_err(undecodable)?;
                self.transaction(block_number, index, hash, &transaction, receipt)
                    .map(|()| transaction.to())
            } else {
                let transaction = decode_transaction(raw).map_err(undecodable)?;
                self.transaction(block_number, index, hash, &transaction, receipt)
                    .map(|()| transaction.to())
            };
            let named = [Some(receipt.sender), to.map_err(convert)?, receipt.created];
            for account in named.into_iter().flatten() {
                reached.remove(&(place, account));
            }
            let first = receipt.first_log_index;
            for (log, place) in receipt.receipt.logs().iter().zip(first..) {
                self.log(block_number, place, index, log).map_err(convert)?;
            }
            self.count += 1;
        }
        for (index, address) in reached {
            let row = self.reached.row(3).bytes(address.as_slice()).bigint(block_number);
            row.integer(integer(index).map_err(convert)?);
        }
        for (address, change) in &block.diff.accounts {
            self.account(block_number, address, change).map_err(convert)?;
        }
        Ok(())
    }

    fn transaction(
        &mut self,
        block_number: i64,
        index: i32,
        hash: B256,
        transaction: &impl Transaction,
        receipt: &IndexedReceipt,
    ) -> Result<(), ConvertError> {
        let price = U256::from(receipt.effective_gas_price);
        // A deposit's nonce is known only after it ran.
        let nonce = receipt.receipt.deposit_nonce().unwrap_or_else(|| transaction.nonce());
        self.transactions
            .row(14)
            .bigint(block_number)
            .integer(index)
            .bytes(hash.as_slice())
            .smallint(transaction.ty().into())
            .bytes(receipt.sender.as_slice())
            .optional(transaction.to().as_ref().map(|to| to.as_slice()))
            .optional(receipt.created.as_ref().map(|created| created.as_slice()))
            .bigint(bigint(nonce)?)
            .bytes(shortest(&transaction.value().to_be_bytes()))
            .bigint(bigint(transaction.gas_limit())?)
            .bigint(bigint(receipt.gas_used)?)
            .bytes(shortest(&price.to_be_bytes()))
            .bytes(shortest(&receipt.l1_fee.to_be_bytes()))
            .boolean(receipt.receipt.status());
        Ok(())
    }

    fn log(
        &mut self,
        block_number: i64,
        place: u64,
        transaction_index: i32,
        log: &Log,
    ) -> Result<(), ConvertError> {
        let place = u32::try_from(place).map_err(|_| ConvertError::TooLarge(place))?;
        let row = self.logs.row(9).bigint(block_number).integer(integer(place)?);
        row.integer(transaction_index).bytes(log.address.as_slice());
        for topic in 0..4 {
            row.optional(log.topics().get(topic).map(B256::as_slice));
        }
        row.bytes(&log.data.data);
        Ok(())
    }

    fn account(
        &mut self,
        block_number: i64,
        address: &Address,
        change: &AccountDiff,
    ) -> Result<(), ConvertError> {
        let row = self.accounts.row(5).bytes(address.as_slice()).bigint(block_number);
        match change.account {
            Some(account) => row
                .bigint(bigint(account.nonce)?)
                .bytes(shortest(&account.balance.to_be_bytes()))
                .bytes(account.code_hash.as_slice()),
            None => row.null().null().null(),
        };
        if change.clears_storage() {
            self.clears.row(2).bytes(address.as_slice()).bigint(block_number);
        }
        for (slot, value) in &change.storage {
            self.slots
                .row(4)
                .bytes(address.as_slice())
                .bytes(&slot.to_be_bytes::<32>())
                .bigint(block_number)
                .bytes(shortest(&value.to_be_bytes()));
        }
        Ok(())
    }

    pub(super) async fn send(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let statement = "COPY transactions (block_number, transaction_index, hash, type, sender,
                         recipient, created, nonce, value, gas_limit, gas_used,
                         effective_gas_price, l1_fee, success) FROM STDIN (FORMAT binary)";
        self.transactions.send("projection_copy_transactions", connection, statement).await?;
        let statement = "COPY logs (block_number, log_index, transaction_index, address, topic0,
                         topic1, topic2, topic3, data) FROM STDIN (FORMAT binary)";
        self.logs.send("projection_copy_logs", connection, statement).await?;
        let statement = "COPY account_versions (address, block_number, nonce, balance, code_hash)
                         FROM STDIN (FORMAT binary)";
        self.accounts.send("projection_copy_accounts", connection, statement).await?;
        let statement = "COPY slot_versions (address, slot, block_number, value)
                         FROM STDIN (FORMAT binary)";
        self.slots.send("projection_copy_slots", connection, statement).await?;
        let statement = "COPY storage_clears (address, block_number) FROM STDIN (FORMAT binary)";
        self.clears.send("projection_copy_clears", connection, statement).await?;
        let statement = "COPY transaction_accounts (address, block_number, transaction_index)
                         FROM STDIN (FORMAT binary)";
        self.reached.send("projection_copy_reached", connection, statement).await
    }
}
