//! A transaction that passed admission, and its fees.
//!
//! Not here: whether it may be executed now, which changes while it waits.

use std::sync::Arc;

use alloy::{
    consensus::Transaction as _,
    primitives::{Address, B256, Bytes, U256},
};
use executor::parallel::PreparedTransaction;

use crate::quota::Client;

/// A transaction as it comes in, and who sent it.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The EIP-2718 encoding.
    pub raw: &'a [u8],
    /// Whose quotas it uses.
    pub client: &'a Client,
}

/// What a transaction pays per gas, in wei. Invariant: `tip ≤ cap`, which admission checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// Most that is paid per gas, base fee included.
    pub cap: u128,
    /// Most that is paid on top of the base fee.
    pub tip: u128,
}

impl Fees {
    /// The fees of a transaction; where it names one price, that price is both.
    pub fn of(tx: &protocol::Transaction) -> Self {
        let cap = tx.max_fee_per_gas();
        Self { cap, tip: tx.max_priority_fee_per_gas().unwrap_or(cap) }
    }

    /// What goes to the sequencer at this base fee; zero where the base fee is above the cap.
    pub fn effective_tip(&self, base_fee: u64) -> u128 {
        std::cmp::min(self.tip, self.cap.saturating_sub(u128::from(base_fee)))
    }

    /// The highest base fee that leaves the tip whole.
    pub const fn slack(&self) -> u128 {
        self.cap.saturating_sub(self.tip)
    }

    /// The least fees that replace these: both raised by `percent`, rounded up, and by at least one wei.
    pub fn bumped(&self, percent: u128) -> Self {
        let bump = |fee: u128| {
            let rise = fee.saturating_mul(percent).div_ceil(100);
            fee.saturating_add(std::cmp::max(rise, 1))
        };
        Self { cap: bump(self.cap), tip: bump(self.tip) }
    }
}

/// The most that a transaction may cost its sender, in wei, item by item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Gas limit at the fee cap.
    pub gas: U256,
    /// What is sent.
    pub value: U256,
    /// The L1 data fee.
    pub l1_fee: U256,
    /// The operator fee for the whole gas limit.
    pub operator_fee: U256,
}

impl Cost {
    /// All of it; the largest number where the sum does not fit.
    pub const fn total(&self) -> U256 {
        let fees = self.l1_fee.saturating_add(self.operator_fee);
        self.gas.saturating_add(self.value).saturating_add(fees)
    }
}

/// A transaction that admission let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The transaction with its sender and hash, and what it is expected to do.
    pub tx: Arc<PreparedTransaction>,
    /// Its canonical bytes, which go to the journal as they are.
    pub raw: Bytes,
    /// Its fees.
    pub fees: Fees,
    /// The most it may cost, as of admission.
    pub cost: Cost,
}

impl Admitted {
    /// Its hash.
    pub fn hash(&self) -> B256 {
        self.tx.tx.hash
    }

    /// Its sender.
    pub fn sender(&self) -> Address {
        self.tx.tx.sender
    }

    /// Its nonce.
    pub fn nonce(&self) -> u64 {
        self.tx.tx.tx.nonce()
    }

    /// Its gas limit.
    pub fn gas_limit(&self) -> u64 {
        self.tx.tx.tx.gas_limit()
    }
}

/// The account of a sender as admission read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderState {
    /// Next nonce.
    pub nonce: u64,
    /// Balance, in wei.
    pub balance: U256,
    /// The version of the pending state it was read from.
    pub version: u64,
}
