//! What is computed about a transaction when it is admitted: the places that it is expected to touch.

use std::sync::Arc;

use alloy_primitives::{Address, U256};

use super::{Instant, Knowledge, TIMED_SHARE, TRANSFER_COST};
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
#[derive(Clone, Debug, Default)]
pub struct Prediction {
    /// Places; the receivers of fees do not count.
    pub keys: Vec<Key>,
    /// In nanoseconds on one core.
    pub cost: u64,
    /// Transactions with the same number here all wait for one another.
    pub bottleneck: Option<u64>,
    /// What the guess is made of, which hears when it fails. `None`: nothing was known.
    pub(in crate::parallel) knowledge: Option<Arc<Knowledge>>,
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

impl Prediction {
    /// Runs the transaction at `turn`, and sometimes notes how long that takes.
    pub(in crate::parallel) fn timed<T>(&self, turn: u32, run: impl FnOnce() -> T) -> T {
        let Some(knowledge) = self.knowledge.as_ref().filter(|_| turn.is_multiple_of(TIMED_SHARE))
        else {
            return run();
        };
        let started = Instant::now();
        let done = run();
        knowledge.took(started.elapsed());
        done
    }

    /// Whether it is expected to be a plain transfer.
    pub(in crate::parallel) const fn is_transfer(&self) -> bool {
        !self.is_known() && self.cost == TRANSFER_COST
    }

    /// Whether it is made of what others of its kind did.
    pub(in crate::parallel) const fn is_known(&self) -> bool {
        self.knowledge.is_some()
    }
}

impl AsRef<Self> for PreparedTransaction {
    fn as_ref(&self) -> &Self {
        self
    }
}
