//! How patient the sender is, how much it has in flight, and what it pays.

use std::time::Duration;

use serde::Deserialize;

use super::fees::FeePolicy;
use crate::kzg::SidecarForm;

/// Settings of a [`super::TxSender`].
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TxConfig {
    /// Pause between two looks at L1.
    #[serde(with = "humantime_serde")]
    pub l1_poll_interval: Duration,
    /// How long an attempt may stay unmined before it is broadcast again or replaced.
    #[serde(with = "humantime_serde")]
    pub resubmission_timeout: Duration,
    /// Blocks that must hold a transaction, its own included, before its record is closed. Must not be 0.
    pub confirmations: u64,
    /// Transactions that hold a nonce and are not mined. Nodes take at most 16 blob transactions of one account.
    pub in_flight_max: usize,
    /// What to add to an estimated gas limit, in percent.
    pub gas_margin_percent: u64,
    /// Fees and caps.
    pub fees: FeePolicy,
    /// Form of blob proofs.
    pub blob_sidecar: SidecarForm,
}

impl Default for TxConfig {
    fn default() -> Self {
        Self {
            l1_poll_interval: Duration::from_secs(4),
            resubmission_timeout: Duration::from_secs(48),
            confirmations: 10,
            in_flight_max: 8,
            gas_margin_percent: 20,
            fees: FeePolicy::default(),
            blob_sidecar: SidecarForm::Auto,
        }
    }
}

impl TxConfig {
    /// Settings for a local anvil with short blocks.
    #[must_use]
    pub fn for_anvil() -> Self {
        Self {
            l1_poll_interval: Duration::from_millis(100),
            resubmission_timeout: Duration::from_secs(4),
            confirmations: 1,
            ..Self::default()
        }
    }
}
