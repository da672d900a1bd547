//! Gas that a transaction uses before its first instruction, and the floor that its calldata sets (EIP-7623).
//!
//! A cheap check at the door. The executor has the last word; a transaction that passes here by mistake is
//! refused there.

use alloy::{consensus::Transaction as _, eips::eip7702::constants::PER_EMPTY_ACCOUNT_COST};
use protocol::Transaction;

const BASE_GAS: u64 = 21_000;
const CREATE_GAS: u64 = 32_000;
const INIT_CODE_WORD_GAS: u64 = 2;
const CALLDATA_ZERO_BYTE_GAS: u64 = 4;
const CALLDATA_BYTE_GAS: u64 = 16;
const ACCESS_ADDRESS_GAS: u64 = 2_400;
const ACCESS_SLOT_GAS: u64 = 1_900;
const FLOOR_TOKEN_GAS: u64 = 10;
const TOKENS_PER_BYTE: u64 = 4;

/// The greater of intrinsic and floor gas.
pub(super) fn gas_needed(tx: &Transaction) -> u64 {
    let input = tx.input();
    let zeros = count(input.iter().filter(|byte| **byte == 0).count());
    let others = count(input.len()) - zeros;
    let mut gas = BASE_GAS + zeros * CALLDATA_ZERO_BYTE_GAS + others * CALLDATA_BYTE_GAS;
    if tx.kind().is_create() {
        gas += CREATE_GAS + count(input.len().div_ceil(32)) * INIT_CODE_WORD_GAS;
    }
    for item in tx.access_list().into_iter().flat_map(|list| list.iter()) {
        gas += ACCESS_ADDRESS_GAS + count(item.storage_keys.len()) * ACCESS_SLOT_GAS;
    }
    gas += count(tx.authorization_list().map_or(0, <[_]>::len)) * PER_EMPTY_ACCOUNT_COST;
    let floor = BASE_GAS + (zeros + others * TOKENS_PER_BYTE) * FLOOR_TOKEN_GAS;
    std::cmp::max(gas, floor)
}

/// Counts of a transaction's parts are below its size, 119,000 bytes.
fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
