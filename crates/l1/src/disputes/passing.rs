//! Whether the oracle has to be told that it can look past decided proposals (`passDecided`).
//!
//! It looks past 64 places along with other calls. Where the next open dispute is further away, what stands between is not
//! final though its time has come, and the dispute cannot be resolved against its proposal, until somebody calls it. The
//! contract does not show how far it has looked, but that shows in what it holds for final.

use alloy::primitives::{B256, U256};
use bindings::{
    DisputeOracle::{WINDOWCall, proposalCall},
    IDisputeOracle,
};

use super::{DisputeNames, Disputes, is_final};
use crate::error::L1Error;

/// Places that are searched before a proposal in dispute.
const PLACES_BACK_MAX: u64 = 1_024;

impl Disputes {
    /// Whether a proposal in an open dispute is held up like that, if no earlier one is in one. Without an earlier
    /// dispute it never is.
    pub(super) async fn is_held_up(
        &self,
        names: &DisputeNames,
        (id, proposal): (u64, &IDisputeOracle::Proposal),
        time: u64,
        block_hash: B256,
    ) -> Result<bool, L1Error> {
        let is_open = !proposal.tournament.is_zero() && !proposal.decided;
        if !is_open || names.disputed().all(|other| other >= id) {
            return Ok(false);
        }
        let window = self.view(WINDOWCall {}, block_hash).await?;
        let first = proposal.index.saturating_sub(PLACES_BACK_MAX);
        let (mut low, mut high, mut newest) = (first, proposal.index, None);
        // Windows pass in the order of the list, but for what a dispute has decided, and that is final too.
        while low < high {
            let middle = low.midpoint(high);
            let index = U256::from(middle);
            let before = self.view(proposalCall { index }, block_hash).await?;
            if before.decided || time > before.timestamp.saturating_add(window) {
                (low, newest) = (middle + 1, Some(before));
            } else {
                high = middle;
            }
        }
        match newest {
            Some(passed) => Ok(!self.view(is_final(&passed), block_hash).await?),
            None => Ok(false),
        }
    }
}
