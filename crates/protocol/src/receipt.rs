//! Consensus receipts without their bloom, which follows from the logs and is computed where it is needed.

use alloc::vec::Vec;
use alloy_consensus::Receipt as EthereumReceipt;
use alloy_primitives::Log;
use op_alloy_consensus::{OpDepositReceipt, OpReceipt, OpTxType};

/// Puts a receipt together. `deposit` is the nonce and the version of a deposit's receipt.
pub fn receipt_from_parts(
    tx_type: OpTxType,
    success: bool,
    cumulative_gas_used: u64,
    logs: Vec<Log>,
    deposit: (Option<u64>, Option<u64>),
) -> OpReceipt {
    let inner = EthereumReceipt { status: success.into(), cumulative_gas_used, logs };
    match tx_type {
        OpTxType::Legacy => OpReceipt::Legacy(inner),
        OpTxType::Eip2930 => OpReceipt::Eip2930(inner),
        OpTxType::Eip1559 => OpReceipt::Eip1559(inner),
        OpTxType::Eip7702 => OpReceipt::Eip7702(inner),
        OpTxType::PostExec => OpReceipt::PostExec(inner),
        OpTxType::Deposit => {
            let (deposit_nonce, deposit_receipt_version) = deposit;
            OpReceipt::Deposit(OpDepositReceipt { inner, deposit_nonce, deposit_receipt_version })
        }
    }
}
