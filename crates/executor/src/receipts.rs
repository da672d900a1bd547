//! Consensus receipts.

use alloc::vec::Vec;
use alloy_primitives::Log;
use op_alloy_consensus::OpReceiptEnvelope;
use protocol::{Receipt, Transaction};
use revm::context_interface::result::ExecutionResult;

use crate::HaltReason;

/// Since Canyon, a deposit's receipt commits to the nonce it used.
pub(crate) const DEPOSIT_RECEIPT_VERSION: u64 = 1;

/// The receipt of one transaction. A failed transaction has no logs.
pub(crate) fn receipt(
    tx: &Transaction,
    result: &ExecutionResult<HaltReason>,
    cumulative_gas_used: u64,
    deposit_nonce: Option<u64>,
) -> Receipt {
    let logs: Vec<&Log> =
        if result.is_success() { result.logs().iter().collect() } else { Vec::new() };
    OpReceiptEnvelope::from_parts(
        result.is_success(),
        cumulative_gas_used,
        logs,
        tx.tx_type(),
        deposit_nonce,
        deposit_nonce.map(|_| DEPOSIT_RECEIPT_VERSION),
    )
}
