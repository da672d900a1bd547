//! What to pay: first offers, replacements, and the cap above which nothing is sent. Pure arithmetic, in wei.
//!
//! Invariant: a replacement satisfies the replacement rule of the pool it is in, and no fee exceeds its cap.

use alloy::rpc::types::FeeHistory;
use serde::{Deserialize, Serialize};

use super::record::PoolKind;
use crate::{client::L1Client, error::L1Error};

/// What the next L1 block charges, as far as the last one tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeQuote {
    /// Base fee per gas of the next block, in wei.
    pub base_fee: u128,
    /// Tip per gas that recent transactions paid, in wei.
    pub tip: u128,
    /// Base fee per blob gas of the next block, in wei.
    pub blob_base_fee: u128,
}

/// Fees of one attempt, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// Most to pay per gas, tip included.
    pub fee_per_gas: u128,
    /// Tip per gas.
    pub tip_per_gas: u128,
    /// Most to pay per blob gas; 0 in an ordinary transaction.
    pub fee_per_blob_gas: u128,
}

/// How fees are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeePolicy {
    /// Smallest tip per gas, in wei.
    #[serde(deserialize_with = "small")]
    pub tip_per_gas_min: u128,
    /// Largest fee per gas, in wei. Above it transactions wait.
    #[serde(deserialize_with = "small")]
    pub fee_per_gas_cap: u128,
    /// Largest fee per blob gas, in wei. Above it blob transactions wait.
    #[serde(deserialize_with = "small")]
    pub fee_per_blob_gas_cap: u128,
    /// How much of the base fee the first offer can bear, in percent.
    #[serde(deserialize_with = "small")]
    pub base_fee_margin_percent: u128,
    /// Smallest raise of a replacement in the ordinary pool, in percent.
    #[serde(deserialize_with = "small")]
    pub plain_bump_percent: u128,
    /// Smallest raise of a replacement in the blob pool, in percent.
    #[serde(deserialize_with = "small")]
    pub blob_bump_percent: u128,
}

/// TOML has no integers beyond 64 bits, and none of these settings needs them.
fn small<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    u64::deserialize(deserializer).map(u128::from)
}

impl Default for FeePolicy {
    fn default() -> Self {
        const GWEI: u128 = 1_000_000_000;
        Self {
            tip_per_gas_min: GWEI / 10,
            fee_per_gas_cap: 500 * GWEI,
            fee_per_blob_gas_cap: 1_000 * GWEI,
            base_fee_margin_percent: 200,
            plain_bump_percent: 10,
            blob_bump_percent: 100,
        }
    }
}

/// L1 charges more than the operator is willing to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("L1 asks {needed} wei per {unit}, the cap is {cap}")]
pub struct FeeCapReached {
    /// What would have to be offered, in wei.
    pub needed: u128,
    /// The configured cap, in wei.
    pub cap: u128,
    /// `gas` or `blob gas`.
    pub unit: &'static str,
}

impl FeeQuote {
    /// Reads what the next block charges.
    pub async fn read(client: &L1Client) -> Result<Self, L1Error> {
        Self::from_history(&client.fee_history().await?)
    }

    fn from_history(history: &FeeHistory) -> Result<Self, L1Error> {
        let incomplete = L1Error::Inconsistent {
            number: history.oldest_block,
            what: "a fee history without base fee",
        };
        let base_fee = *history.base_fee_per_gas.last().ok_or(incomplete)?;
        let mut tips: Vec<u128> = history
            .reward
            .iter()
            .flatten()
            .filter_map(|rewards| rewards.first().copied())
            .filter(|tip| *tip > 0)
            .collect();
        tips.sort_unstable();
        Ok(Self {
            base_fee,
            tip: tips.get(tips.len() / 2).copied().unwrap_or(0),
            blob_base_fee: history.base_fee_per_blob_gas.last().copied().unwrap_or(1),
        })
    }
}

impl FeePolicy {
    /// Fees of a first attempt.
    pub fn first(&self, quote: &FeeQuote, kind: PoolKind) -> Result<Fees, FeeCapReached> {
        self.fit(self.wish(quote, kind), self.need(quote, kind))
    }

    /// Fees of an attempt that replaces `last` in its pool.
    pub fn replacement(
        &self,
        last: &Fees,
        quote: &FeeQuote,
        kind: PoolKind,
    ) -> Result<Fees, FeeCapReached> {
        let percent = match kind {
            PoolKind::Plain => self.plain_bump_percent,
            PoolKind::Blob => self.blob_bump_percent,
        };
        let least = Fees {
            fee_per_gas: raised(last.fee_per_gas, percent),
            tip_per_gas: raised(last.tip_per_gas, percent),
            fee_per_blob_gas: match kind {
                PoolKind::Plain => 0,
                PoolKind::Blob => raised(last.fee_per_blob_gas, percent),
            },
        };
        self.fit(larger(self.wish(quote, kind), least), larger(self.need(quote, kind), least))
    }

    /// Whether an attempt with these fees cannot be in the next block.
    #[must_use]
    pub const fn is_underpriced(&self, fees: &Fees, quote: &FeeQuote, kind: PoolKind) -> bool {
        let blob = matches!(kind, PoolKind::Blob) && fees.fee_per_blob_gas < quote.blob_base_fee;
        blob || fees.fee_per_gas < quote.base_fee
    }

    /// What should be offered so that some rise of the base fee does no harm.
    fn wish(&self, quote: &FeeQuote, kind: PoolKind) -> Fees {
        let tip = std::cmp::max(quote.tip, self.tip_per_gas_min);
        let margin = |fee: u128| percent_of(fee, std::cmp::max(self.base_fee_margin_percent, 100));
        Fees {
            fee_per_gas: margin(quote.base_fee).saturating_add(tip),
            tip_per_gas: tip,
            fee_per_blob_gas: match kind {
                PoolKind::Plain => 0,
                PoolKind::Blob => std::cmp::max(margin(quote.blob_base_fee), 1),
            },
        }
    }

    /// What must be offered to be in the next block.
    fn need(&self, quote: &FeeQuote, kind: PoolKind) -> Fees {
        Fees {
            fee_per_gas: quote.base_fee.saturating_add(self.tip_per_gas_min),
            tip_per_gas: self.tip_per_gas_min,
            fee_per_blob_gas: match kind {
                PoolKind::Plain => 0,
                PoolKind::Blob => std::cmp::max(quote.blob_base_fee, 1),
            },
        }
    }

    /// The wish under the caps, unless that is less than what is needed.
    fn fit(&self, wish: Fees, need: Fees) -> Result<Fees, FeeCapReached> {
        let (cap, blob_cap) = (self.fee_per_gas_cap, self.fee_per_blob_gas_cap);
        if need.fee_per_gas > cap {
            return Err(FeeCapReached { needed: need.fee_per_gas, cap, unit: "gas" });
        }
        if need.fee_per_blob_gas > blob_cap {
            let needed = need.fee_per_blob_gas;
            return Err(FeeCapReached { needed, cap: blob_cap, unit: "blob gas" });
        }
        let fee_per_gas = std::cmp::min(wish.fee_per_gas, cap);
        Ok(Fees {
            fee_per_gas,
            tip_per_gas: std::cmp::min(wish.tip_per_gas, fee_per_gas),
            fee_per_blob_gas: std::cmp::min(wish.fee_per_blob_gas, blob_cap),
        })
    }
}

fn percent_of(fee: u128, percent: u128) -> u128 {
    fee.saturating_mul(percent) / 100
}

/// At least `percent` more, rounded up, and at least one wei more.
fn raised(fee: u128, percent: u128) -> u128 {
    fee.saturating_add(std::cmp::max(fee.saturating_mul(percent).div_ceil(100), 1))
}

fn larger(a: Fees, b: Fees) -> Fees {
    use std::cmp::max;
    Fees {
        fee_per_gas: max(a.fee_per_gas, b.fee_per_gas),
        tip_per_gas: max(a.tip_per_gas, b.tip_per_gas),
        fee_per_blob_gas: max(a.fee_per_blob_gas, b.fee_per_blob_gas),
    }
}

#[cfg(test)]
mod tests;
