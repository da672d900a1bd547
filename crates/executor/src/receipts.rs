//! Consensus receipts.

use alloc::vec::Vec;
use protocol::{Receipt, Transaction, receipt_from_parts};
use revm::context_interface::result::ExecutionResult;

use crate::HaltReason;

/// Since Canyon, a deposit's receipt commits to the nonce it used.
pub(crate) const DEPOSIT_RECEIPT_VERSION: u64 = 1;

/// The receipt of one transaction, with the logs out of its result. A failed transaction has no logs.
pub(crate) fn receipt(
    tx: &Transaction,
    result: &mut ExecutionResult<HaltReason>,
    cumulative_gas_used: u64,
    deposit_nonce: Option<u64>,
) -> Receipt {
    let logs = match result {
        ExecutionResult::Success { logs, .. } => core::mem::take(logs),
        ExecutionResult::Revert { .. } | ExecutionResult::Halt { .. } => Vec::new(),
    };
    let deposit = (deposit_nonce, deposit_nonce.map(|_| DEPOSIT_RECEIPT_VERSION));
    receipt_from_parts(tx.tx_type(), result.is_success(), cumulative_gas_used, logs, deposit)
}

/// The receipt of a transaction that did nothing but move value.
#[cfg(feature = "std")]
pub(crate) fn plain_receipt(tx: &Transaction, cumulative_gas_used: u64) -> Receipt {
    receipt_from_parts(tx.tx_type(), true, cumulative_gas_used, Vec::new(), (None, None))
}
