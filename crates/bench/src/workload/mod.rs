//! What is sent by whom: everything about a workload follows from its [`Spec`]; nothing here signs or asks.

mod draw;
mod keys;

use serde::{Deserialize, Serialize};

pub use self::{
    draw::{Draw, Planned},
    keys::{Key, KeyError, Keys},
};

/// Most senders of one workload: their addresses and nonces are held in memory.
pub const SENDERS_MAX: u32 = 10_000_000;
/// Most transactions of one workload.
pub const TRANSACTIONS_MAX: u32 = 200_000_000;

/// What kind of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Ether from sender to sender.
    Transfers,
    /// A token from sender to sender.
    Erc20,
    /// Swaps through one pair: each depends on the one before it.
    Swaps,
    /// Of ten: five transfers of ether, three of a token, two swaps.
    Mix,
}

impl Kind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Transfers, Self::Erc20, Self::Swaps, Self::Mix];

    /// Its number in a file.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Transfers => 0,
            Self::Erc20 => 1,
            Self::Swaps => 2,
            Self::Mix => 3,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Erc20 => "erc20",
            Self::Swaps => "swaps",
            Self::Mix => "mix",
        }
    }

    /// Whether senders need tokens.
    #[must_use]
    pub const fn has_tokens(self) -> bool {
        !matches!(self, Self::Transfers)
    }

    /// Whether senders have to let the pair take their tokens first.
    #[must_use]
    pub const fn has_swaps(self) -> bool {
        matches!(self, Self::Swaps | Self::Mix)
    }
}

/// One transaction's act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Ether.
    Transfer,
    /// A token.
    Token,
    /// A swap.
    Swap,
}

impl Act {
    /// The gas limit that is signed: what it uses at most, and some air.
    #[must_use]
    pub const fn gas_limit(self) -> u64 {
        match self {
            Self::Transfer => 21_000,
            Self::Token => 65_000,
            Self::Swap => 160_000,
        }
    }
}

/// All that decides a workload, but for the chain it is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// What kind of transactions.
    pub kind: Kind,
    /// Where all randomness and all keys come from.
    pub seed: u64,
    /// How many accounts send.
    pub senders: u32,
    /// How many transactions there are.
    pub transactions: u32,
    /// How unequal senders are: the n-th sends in proportion to `1 / n^zipf`. Zero: all alike.
    pub zipf: f64,
}

/// A workload that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// Too few or too many senders.
    #[error("{0} senders: there must be 1 to {SENDERS_MAX}")]
    Senders(u32),
    /// Too many transactions.
    #[error("{0} transactions: there can be 1 to {TRANSACTIONS_MAX}")]
    Transactions(u32),
    /// The exponent is not usable.
    #[error("a Zipf exponent of {0}: it must be 0 to 4")]
    Zipf(f64),
}

impl Spec {
    /// Whether it can be made.
    ///
    /// # Errors
    /// When a number is out of range.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.senders == 0 || self.senders > SENDERS_MAX {
            return Err(SpecError::Senders(self.senders));
        }
        if self.transactions == 0 || self.transactions > TRANSACTIONS_MAX {
            return Err(SpecError::Transactions(self.transactions));
        }
        if !(0.0..=4.0).contains(&self.zipf) {
            return Err(SpecError::Zipf(self.zipf));
        }
        Ok(())
    }
}
