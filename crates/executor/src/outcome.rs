//! What came of a transaction and of a block.

use alloc::vec::Vec;
use alloy_consensus::{Eip2718EncodableReceipt, TxReceipt};
use alloy_primitives::{Address, Bloom, Bytes, U256};
use protocol::{Receipt, Transaction};
use revm::context_interface::result::ExecutionResult;
use state::StateDiff;

use crate::{Executed, HaltReason, receipts::receipt};

/// Result of one included transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionOutcome {
    /// The consensus receipt, with cumulative gas and logs; its bloom follows from these.
    pub receipt: Receipt,
    /// Gas used by this transaction alone.
    pub gas_used: u64,
    /// Address of the contract that the transaction itself created.
    pub created: Option<Address>,
    /// Returned bytes, or revert data.
    pub output: Bytes,
    /// L1 data fee paid, in wei.
    pub l1_fee: U256,
    /// Operator fee paid, after the refund for unused gas, in wei.
    pub operator_fee: U256,
    /// Price paid per gas, in wei; zero for a deposit.
    pub effective_gas_price: u128,
    /// Why it failed, if neither success nor `REVERT`.
    pub halt: Option<HaltReason>,
}

impl TransactionOutcome {
    /// The outcome of a transaction of a block that had used `gas_before`.
    pub(crate) fn new<C>(tx: &Transaction, executed: Executed<C>, gas_before: u64) -> Self {
        let Executed { mut result, fees, effective_gas_price, deposit_nonce, .. } = executed;
        let gas_used = result.tx_gas_used();
        let receipt = receipt(tx, &mut result, gas_before.saturating_add(gas_used), deposit_nonce);
        let halt = match &result {
            ExecutionResult::Halt { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        Self {
            receipt,
            gas_used,
            created: result.created_address(),
            output: result.into_output().unwrap_or_default(),
            l1_fee: fees.l1,
            operator_fee: fees.operator,
            effective_gas_price,
            halt,
        }
    }
}

impl TransactionOutcome {
    /// Appends the receipt as the block's trie holds it, and returns its bloom.
    pub fn encode_receipt(&self, out: &mut Vec<u8>) -> Bloom {
        let bloom = self.receipt.bloom();
        self.receipt.eip2718_encode_with_bloom(&bloom, out);
        bloom
    }
}

/// Result of a block's transactions, before it is sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutedBlock {
    /// The included transactions in order; skipped ones are not here.
    pub transactions: Vec<Transaction>,
    /// One per included transaction.
    pub outcomes: Vec<TransactionOutcome>,
    /// What the block did to the state, system calls included.
    pub diff: StateDiff,
    /// Sum over all included transactions.
    pub gas_used: u64,
}
