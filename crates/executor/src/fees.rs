//! What a user transaction pays, and to whom. Amounts only; the handler moves them.
//!
//! Invariant: what the sender loses is what the vaults gain. Nothing is burned.

use alloc::boxed::Box;
use alloy_eips::eip4844::DATA_GAS_PER_BLOB;
use alloy_primitives::{Address, U256};
use protocol::predeploys;
use revm::{context_interface::Block, context_interface::Transaction};

use crate::{InvalidTransaction, Shortfall};

/// What one transaction paid, by receiver, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// Gas used times base fee, to the base fee vault.
    pub base: U256,
    /// Gas used times tip, to the sequencer fee vault.
    pub tip: U256,
    /// L1 data fee, to the L1 fee vault.
    pub l1: U256,
    /// Operator fee for the gas used, to the operator fee vault.
    pub operator: U256,
}

/// Who receives the fees besides the block's beneficiary, to whom the tip goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FeeRouting {
    /// `None` burns the base fee, as on Ethereum.
    pub base: Option<Address>,
    /// Receives the L1 data fee.
    pub l1: Address,
    /// Receives the operator fee.
    pub operator: Address,
}

impl FeeRouting {
    /// The fee vaults of every L2 block.
    pub(crate) const VAULTS: Self = Self {
        base: Some(predeploys::BASE_FEE_VAULT),
        l1: predeploys::L1_FEE_VAULT,
        operator: predeploys::OPERATOR_FEE_VAULT,
    };

    /// Ethereum burns the base fee, and has no other fees.
    pub(crate) const ETHEREUM: Self = Self { base: None, ..Self::VAULTS };
}

/// The most that a user transaction can cost, and what it pays before it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    /// Gas limit times maximum fee, and the same for blobs.
    pub gas_at_most: U256,
    /// What is paid for gas and blobs before the transaction runs.
    pub gas_now: U256,
    /// L1 data fee.
    pub l1_fee: U256,
    /// Operator fee for the gas limit.
    pub operator_fee: U256,
    /// What the transaction sends.
    pub value: U256,
}

impl Charge {
    /// `operator_fee` is for the whole gas limit.
    pub(crate) fn new(
        tx: &impl Transaction,
        block: &impl Block,
        l1_fee: U256,
        operator_fee: U256,
    ) -> Self {
        let gas_limit = tx.gas_limit();
        let price = tx.effective_gas_price(u128::from(block.basefee()));
        let (blobs_at_most, blobs_now) = blob_costs(tx, block);
        Self {
            gas_at_most: gas_cost(gas_limit, tx.max_fee_per_gas()).saturating_add(blobs_at_most),
            gas_now: gas_cost(gas_limit, price).saturating_add(blobs_now),
            l1_fee,
            operator_fee,
            value: tx.value(),
        }
    }

    /// A deposit pays nothing but its value.
    pub(crate) const fn of_value(value: U256) -> Self {
        Self {
            gas_at_most: U256::ZERO,
            gas_now: U256::ZERO,
            l1_fee: U256::ZERO,
            operator_fee: U256::ZERO,
            value,
        }
    }

    /// The balance that is left once everything but the value is paid, if the sender has enough for the worst case.
    pub(crate) fn take_from(&self, have: U256) -> Result<U256, InvalidTransaction> {
        let want = [self.l1_fee, self.operator_fee, self.value]
            .into_iter()
            .try_fold(self.gas_at_most, U256::checked_add);
        match want {
            Some(want) if want <= have => Ok(have - self.gas_now - self.l1_fee - self.operator_fee),
            _ => Err(InvalidTransaction::InsufficientFunds(Box::new(Shortfall {
                have,
                want: want.unwrap_or(U256::MAX),
                l2_gas: self.gas_at_most,
                l1_fee: self.l1_fee,
                operator_fee: self.operator_fee,
                value: self.value,
            }))),
        }
    }
}

/// What the blobs of a transaction may cost, and what they cost in this block; none of it comes back.
fn blob_costs(tx: &impl Transaction, block: &impl Block) -> (U256, U256) {
    let blobs = tx.blob_versioned_hashes().len() as u64;
    if blobs == 0 {
        return (U256::ZERO, U256::ZERO);
    }
    let gas = blobs.saturating_mul(DATA_GAS_PER_BLOB);
    let max_fee = tx.max_fee_per_blob_gas();
    let price = core::cmp::min(block.blob_gasprice().unwrap_or(0), max_fee);
    (gas_cost(gas, max_fee), gas_cost(gas, price))
}

/// Splits what the used gas costs into base fee and tip.
pub(crate) fn split_gas_fee(price: u128, base_fee: u64, gas_used: u64) -> (U256, U256) {
    let base_fee = core::cmp::min(u128::from(base_fee), price);
    (gas_cost(gas_used, base_fee), gas_cost(gas_used, price - base_fee))
}

/// Gas at a price. 64 bits times 128 bits do not leave 256 bits; mostly 128 are enough, and quicker.
pub(crate) fn gas_cost(gas: u64, price: u128) -> U256 {
    match u128::from(gas).checked_mul(price) {
        Some(cost) => U256::from(cost),
        None => U256::from(gas) * U256::from(price),
    }
}
