//! Plain transfers between accounts without code, without an EVM.
//!
//! Only what always succeeds once it is valid is done here; [`Transfer::of`] and [`Transfer::run`] hand everything
//! else back, and the EVM decides. Differential tests hold the two together.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use protocol::Transaction;
use state::Account;

use crate::{
    Fees, RecoveredTransaction, TransactionOutcome,
    changes::AccountChange,
    evm::Environment,
    fees::{Charge, gas_cost, split_gas_fee},
    receipts::plain_receipt,
};

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;

/// Precompiled contracts live at addresses below this, system ones included (EIP-1352).
const PRECOMPILES_END: u64 = 0xffff;

/// A transaction that looks like a plain transfer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer<'a> {
    pub tx: &'a RecoveredTransaction,
    pub from: Address,
    pub to: Address,
    value: U256,
}

/// What a transfer does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transferred {
    pub sender: Account,
    /// `None`: nothing happens to the recipient.
    pub recipient: Option<AccountChange>,
    pub fees: Fees,
    pub effective_gas_price: u128,
}

impl Transferred {
    pub(super) const fn sender_change(&self) -> AccountChange {
        AccountChange { after: Some(self.sender), clears_storage: false }
    }
}

impl<'a> Transfer<'a> {
    /// The transfer, if the transaction cannot be anything else whatever the state is, but for code at either end.
    pub(super) fn of(tx: &'a RecoveredTransaction) -> Option<Self> {
        let is_plain = match &tx.tx {
            Transaction::Legacy(_) | Transaction::Eip1559(_) => true,
            Transaction::Eip2930(signed) => signed.tx().access_list.is_empty(),
            _ => false,
        };
        let TxKind::Call(to) = tx.tx.kind() else { return None };
        let is_plain = is_plain
            && tx.tx.input().is_empty()
            && tx.tx.gas_limit() >= TRANSFER_GAS
            && tx.tx.access_list().is_none_or(|list| list.is_empty())
            && !is_precompile(&to);
        is_plain.then(|| Self { tx, from: tx.sender, to, value: tx.tx.value() })
    }

    /// Makes the transfer between two accounts as they are, without looking at the block's gas. `None`: the EVM has to
    /// decide, because there is code, or because the transaction is not valid.
    pub(super) fn run(
        &self,
        rules: &Environment,
        sender: Option<Account>,
        recipient: Option<Account>,
    ) -> Option<Transferred> {
        let tx = &self.tx.tx;
        let mut sender = sender?;
        if sender.has_code() || recipient.is_some_and(|account| account.has_code()) {
            return None;
        }
        let base_fee = rules.block.basefee;
        let is_valid = tx.chain_id().is_none_or(|id| id == rules.chain_id)
            && tx.max_fee_per_gas() >= u128::from(base_fee)
            && tx.max_priority_fee_per_gas().is_none_or(|tip| tip <= tx.max_fee_per_gas())
            && tx.nonce() == sender.nonce
            && sender.nonce != u64::MAX;
        if !is_valid {
            return None;
        }
        let price = tx.effective_gas_price(Some(base_fee));
        let operator_fee = |gas| rules.l1_fees.map_or(U256::ZERO, |fees| fees.operator_fee(gas));
        let l1 = rules.l1_fees.map_or(U256::ZERO, |fees| fees.l1_fee(self.tx.data_size));
        let operator_at_most = operator_fee(tx.gas_limit());
        let charge = Charge {
            gas_at_most: gas_cost(tx.gas_limit(), tx.max_fee_per_gas()),
            gas_now: gas_cost(TRANSFER_GAS, price),
            l1_fee: l1,
            operator_fee: operator_at_most,
            value: self.value,
        };
        let operator = operator_fee(TRANSFER_GAS);
        // What is left of the operator fee for the gas limit comes back, as the gas does.
        let left = charge.take_from(sender.balance).ok()? + (operator_at_most - operator);
        sender.nonce += 1;
        let (base, tip) = split_gas_fee(price, base_fee, TRANSFER_GAS);
        let fees = Fees { base, tip, l1, operator };
        let (balance, recipient) = self.move_value(left, recipient)?;
        sender.balance = balance;
        Some(Transferred { sender, recipient, fees, effective_gas_price: price })
    }

    /// The outcome of a transfer that was made, as if it were alone in its block.
    pub(super) fn outcome(&self, done: &Transferred) -> TransactionOutcome {
        TransactionOutcome {
            receipt: plain_receipt(&self.tx.tx, TRANSFER_GAS),
            gas_used: TRANSFER_GAS,
            created: None,
            output: Bytes::new(),
            l1_fee: done.fees.l1,
            operator_fee: done.fees.operator,
            effective_gas_price: done.effective_gas_price,
            halt: None,
        }
    }

    /// The sender's balance and the recipient after the value has moved. `None` if the recipient cannot hold it.
    fn move_value(
        &self,
        balance: U256,
        recipient: Option<Account>,
    ) -> Option<(U256, Option<AccountChange>)> {
        if self.from == self.to {
            return Some((balance, None));
        }
        let left = balance.checked_sub(self.value)?;
        let change = match recipient {
            // A touched account that is empty goes away (EIP-161); only one put there by hand can be.
            Some(account) if self.value.is_zero() && account.is_empty() => {
                Some(AccountChange { after: None, clears_storage: true })
            }
            _ if self.value.is_zero() => None,
            account => {
                let account = account.unwrap_or_default();
                let balance = account.balance.checked_add(self.value)?;
                let after = Some(Account { balance, ..account });
                Some(AccountChange { after, clears_storage: false })
            }
        };
        Some((left, change))
    }
}

/// Whether an address may be that of a precompiled contract.
fn is_precompile(address: &Address) -> bool {
    address.as_slice()[..12].iter().all(|byte| *byte == 0)
        && u64::from_be_bytes(*address.as_slice()[12..].first_chunk().unwrap_or(&[0; 8]))
            <= PRECOMPILES_END
}
