//! False inputs of a block: what L1 did not say.

use alloy::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use protocol::{BlockInputs, Header};

use super::{LieKind, forge::TrueBlock};

/// Who gains by lies: an address without a key.
pub(super) const LIAR: Address = Address::repeat_byte(0x1a);
/// What an invented deposit mints, in wei.
const MINTED: u128 = 1_000_000_000_000_000_000_000;
/// Gas of an invented deposit.
const DEPOSIT_GAS: u64 = 100_000;

/// Changes the inputs of a block, or what it takes from its parent's header; false if this block has nothing of the kind.
/// `later` are the blocks that truly follow.
pub(super) fn change(
    kind: LieKind,
    inputs: &mut BlockInputs,
    parent: &mut Header,
    later: &[TrueBlock],
    word: B256,
) -> bool {
    match kind {
        LieKind::SkippedDeposit
        | LieKind::InventedDeposit
        | LieKind::RaisedDeposit
        | LieKind::RedirectedDeposit => deposits(kind, inputs, word),
        LieKind::DroppedTransaction
        | LieKind::EarlyTransaction
        | LieKind::ReplacedTransaction
        | LieKind::ReorderedTransactions
        | LieKind::IgnoredBatch
        | LieKind::InventedBatch => transactions(kind, inputs, later),
        LieKind::WrongBaseFee => {
            let Some(fee) = &mut parent.base_fee_per_gas else { return false };
            *fee = fee.saturating_mul(2);
            true
        }
        _ => opening(kind, inputs, word),
    }
}

fn deposits(kind: LieKind, inputs: &mut BlockInputs, word: B256) -> bool {
    let deposits = &mut inputs.deposits;
    if kind == LieKind::InventedDeposit {
        deposits.push(protocol::TxDeposit {
            source_hash: word,
            from: LIAR,
            to: TxKind::Call(LIAR),
            mint: MINTED,
            value: U256::from(MINTED),
            gas_limit: DEPOSIT_GAS,
            is_system_transaction: false,
            input: Bytes::new(),
        });
        return true;
    }
    let Some(deposit) = deposits.last_mut() else { return false };
    match kind {
        LieKind::RaisedDeposit => {
            deposit.mint = deposit.mint.saturating_add(1).saturating_mul(1_000);
        }
        LieKind::RedirectedDeposit => {
            deposit.to = TxKind::Call(Address::from_word(word));
        }
        _ => {
            deposits.pop();
        }
    }
    true
}

fn transactions(kind: LieKind, inputs: &mut BlockInputs, later: &[TrueBlock]) -> bool {
    let own = &mut inputs.transactions;
    let later = later.iter().map(|block| &block.inputs.transactions);
    let next = later.clone().find_map(|transactions| transactions.first());
    match kind {
        LieKind::DroppedTransaction => own.pop().is_some(),
        LieKind::EarlyTransaction => {
            own.extend(next.cloned());
            next.is_some()
        }
        LieKind::ReplacedTransaction => {
            let (Some(last), Some(next)) = (own.last_mut(), next) else { return false };
            *last = next.clone();
            true
        }
        LieKind::ReorderedTransactions => {
            own.reverse();
            own.first() != own.last()
        }
        LieKind::IgnoredBatch => !std::mem::take(own).is_empty(),
        _ => {
            let Some(other) = later.into_iter().find(|other| !other.is_empty()) else {
                return false;
            };
            own.clone_from(other);
            true
        }
    }
}

fn opening(kind: LieKind, inputs: &mut BlockInputs, word: B256) -> bool {
    let opening = &mut inputs.opening;
    let (origin, system) = (&mut opening.origin, &mut opening.system_config);
    match kind {
        LieKind::WrongOrigin => {
            origin.number = origin.number.saturating_add(1);
            origin.hash = word;
        }
        LieKind::WrongTimestamp => opening.timestamp = opening.timestamp.saturating_add(1),
        LieKind::WrongSequenceNumber => {
            opening.sequence_number = opening.sequence_number.saturating_add(1);
        }
        LieKind::WrongL1Fee => origin.base_fee = origin.base_fee.saturating_add(1),
        LieKind::WrongFeeScalar => system.base_fee_scalar = system.base_fee_scalar.wrapping_add(1),
        LieKind::WrongOperatorFee => {
            system.operator_fee_constant = system.operator_fee_constant.saturating_add(1);
        }
        LieKind::WrongGasLimit => system.gas_limit = system.gas_limit.saturating_add(1),
        LieKind::WrongBatcher => system.batcher = LIAR,
        LieKind::WrongRandomness => origin.prev_randao = keccak256(word),
        _ => return false,
    }
    true
}

/// Whether the kind is about the inputs of a block.
pub(super) const fn is_about_inputs(kind: LieKind) -> bool {
    (kind as usize) <= LieKind::WrongRandomness as usize
}
