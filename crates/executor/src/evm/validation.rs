//! The rules that a transaction must meet before it runs. Nothing here changes anything.

use revm::{
    context_interface::{Block, Cfg, Transaction, cfg::gas::InitialAndFloorGas},
    state::AccountInfo,
};

use super::{Checks, Terms};
use crate::InvalidTransaction;

/// Type byte of a blob transaction.
const TYPE_BLOB: u8 = 0x03;
/// Most significant byte of the hash that a blob transaction carries (EIP-4844).
const BLOB_HASH_VERSION: u8 = 0x01;

/// Type byte of an EIP-7702 transaction.
const TYPE_SET_CODE: u8 = 0x04;

/// Rules of a user transaction that need no state.
pub(super) fn check_user(
    tx: &impl Transaction,
    block: &impl Block,
    cfg: &impl Cfg,
    terms: &Terms,
) -> Result<(), InvalidTransaction> {
    match tx.chain_id() {
        Some(have) if have != cfg.chain_id() => {
            return Err(InvalidTransaction::ChainId { have, want: cfg.chain_id() });
        }
        _ => {}
    }
    if tx.gas_limit() > terms.gas_left {
        return Err(InvalidTransaction::BlockGas {
            gas_limit: tx.gas_limit(),
            gas_left: terms.gas_left,
        });
    }
    let max_fee = tx.max_fee_per_gas();
    if let Some(tip) = tx.max_priority_fee_per_gas()
        && tip > max_fee
    {
        return Err(InvalidTransaction::TipAboveFeeCap { tip, max_fee });
    }
    let is_free = terms.checks == Checks::Funds && max_fee == 0;
    if max_fee < u128::from(block.basefee()) && !is_free {
        return Err(InvalidTransaction::FeeCapTooLow { max_fee, base_fee: block.basefee() });
    }
    if tx.tx_type() == TYPE_SET_CODE && tx.authorization_list_len() == 0 {
        return Err(InvalidTransaction::EmptyAuthorizations);
    }
    if tx.tx_type() == TYPE_BLOB {
        check_blobs(tx, block, terms)?;
    }
    Ok(())
}

/// Rules of a blob transaction. Users of this chain cannot send one, but simulated calls may be one.
fn check_blobs(
    tx: &impl Transaction,
    block: &impl Block,
    terms: &Terms,
) -> Result<(), InvalidTransaction> {
    let hashes = tx.blob_versioned_hashes();
    if tx.kind().is_create() {
        return Err(InvalidTransaction::BlobCreation);
    }
    if hashes.is_empty() {
        return Err(InvalidTransaction::NoBlobs);
    }
    if hashes.iter().any(|hash| hash[0] != BLOB_HASH_VERSION) {
        return Err(InvalidTransaction::BlobHashVersion);
    }
    let (max_fee, base_fee) = (tx.max_fee_per_blob_gas(), block.blob_gasprice().unwrap_or(0));
    let is_free = terms.checks == Checks::Funds && max_fee == 0;
    if max_fee < base_fee && !is_free {
        return Err(InvalidTransaction::BlobFeeCapTooLow { max_fee, base_fee });
    }
    Ok(())
}

/// Rules of every transaction that need no state. Gives the gas that is charged before execution.
pub(super) fn check_intrinsic(
    tx: &impl Transaction,
    cfg: &impl Cfg,
) -> Result<InitialAndFloorGas, InvalidTransaction> {
    let (size, limit) = (tx.input().len(), cfg.max_initcode_size());
    if tx.kind().is_create() && size > limit {
        return Err(InvalidTransaction::InitcodeSize { size, limit });
    }
    let gas = cfg.gas_params().initial_tx_gas_for_tx(tx, None);
    let gas_limit = tx.gas_limit();
    if gas.initial_total_gas() > gas_limit {
        return Err(InvalidTransaction::IntrinsicGas {
            gas_limit,
            needed: gas.initial_total_gas(),
        });
    }
    if gas.floor_gas() > gas_limit {
        return Err(InvalidTransaction::FloorGas { gas_limit, floor: gas.floor_gas() });
    }
    Ok(gas)
}

/// Nonce (EIP-2681) and absence of code (EIP-3607) of a user transaction's sender, as far as they are to be checked.
/// `sender` was loaded with its code.
pub(super) fn check_sender(
    tx: &impl Transaction,
    sender: &AccountInfo,
    checks: Checks,
) -> Result<(), InvalidTransaction> {
    if checks == Checks::Funds {
        return Ok(());
    }
    let (next, tx) = (sender.nonce, tx.nonce());
    if tx < next {
        return Err(InvalidTransaction::NonceTooLow { next, tx });
    }
    if tx > next {
        return Err(InvalidTransaction::NonceTooHigh { next, tx });
    }
    if next == u64::MAX {
        return Err(InvalidTransaction::NonceMax);
    }
    match &sender.code {
        Some(code) if checks == Checks::All && !code.is_empty() && !code.is_eip7702() => {
            Err(InvalidTransaction::SenderNotEoa)
        }
        _ => Ok(()),
    }
}
