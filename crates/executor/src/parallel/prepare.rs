//! What is computed about a transaction when it is admitted: the places that it is expected to touch.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U256};

use super::{
    native::Transfer,
    plan::{TRANSFER_COST, UNKNOWN_COST, coarse_keys},
};
use crate::RecoveredTransaction;

/// A transaction with a guess of what it will do. The guess never changes the result.
#[derive(Clone, Debug)]
pub struct PreparedTransaction {
    /// The transaction.
    pub tx: RecoveredTransaction,
    /// The guess.
    pub prediction: Prediction,
}

/// What a transaction is expected to touch, and how long it is expected to take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// Places; the receivers of fees do not count.
    pub keys: Vec<Key>,
    /// In nanoseconds on one core.
    pub cost: u64,
}

/// A place that a transaction is expected to touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nonce, balance or code of an account.
    Account {
        /// Whose.
        address: Address,
        /// Whether they change.
        writes: bool,
    },
    /// A slot.
    Slot {
        /// Whose.
        address: Address,
        /// Which.
        slot: U256,
        /// Whether it changes.
        writes: bool,
    },
    /// Anything of a contract about which nothing more is known.
    Contract {
        /// Which.
        address: Address,
    },
}

/// Guesses what transactions will do.
#[derive(Debug, Default)]
pub struct Predictor {}

impl Predictor {
    /// Computes what can be known of a transaction before its turn comes.
    pub fn prepare(&self, tx: RecoveredTransaction) -> PreparedTransaction {
        let is_plain = Transfer::of(&tx).is_some();
        let keys = coarse_keys(tx.sender, tx.tx.to(), is_plain);
        let cost = if is_plain { TRANSFER_COST } else { UNKNOWN_COST };
        PreparedTransaction { tx, prediction: Prediction { keys, cost } }
    }
}

impl AsRef<Self> for PreparedTransaction {
    fn as_ref(&self) -> &Self {
        self
    }
}
