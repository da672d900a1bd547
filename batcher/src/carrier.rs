//! Calldata or blobs: what carrying a payload costs on L1 now, and which carrier is cheaper. Pure.
//!
//! Gas rules: EIP-2028 and the floor of EIP-7623 for calldata, EIP-4844 for blobs.

use alloy::primitives::U256;
use protocol::{
    CALLDATA_BATCH_BYTES_MAX,
    blob::{BLOB_BYTES_USABLE, LENGTH_PREFIX_BYTES, blobs_needed},
};
use serde::Deserialize;

/// Gas of any transaction.
const TRANSACTION_GAS: u64 = 21_000;
/// Gas per token of calldata, where a zero byte is one token and any other four.
const CALLDATA_TOKEN_GAS: u64 = 4;
/// Floor per token (EIP-7623).
const CALLDATA_FLOOR_TOKEN_GAS: u64 = 10;
/// The most gas that a byte of calldata takes.
pub(crate) const CALLDATA_BYTE_GAS_MAX: u64 = 4 * CALLDATA_FLOOR_TOKEN_GAS;
/// What `BatchInbox` itself uses: checks, two stores, one event. Measured by its gas snapshot, rounded up.
const INBOX_GAS: u64 = 60_000;
/// Emitting one byte of a log.
const LOG_BYTE_GAS: u64 = 8;
/// Hashing one 32-byte word.
const KECCAK_WORD_GAS: u64 = 6;
/// Blob gas of one blob.
const BLOB_GAS: u64 = 131_072;
/// Bytes of ABI around the payload in `postBatchCalldata`.
const CALLDATA_ABI_BYTES: u64 = 4 + 4 * 32;

/// Where the bytes of a batch go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// Arguments of the call.
    Calldata,
    /// Blobs of the transaction.
    Blobs,
}

/// Which carriers may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarrierPolicy {
    /// Whichever is cheaper now.
    #[default]
    Auto,
    /// Calldata only.
    Calldata,
    /// Blobs only.
    Blobs,
}

/// Prices on L1 now, in wei per unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L1Prices {
    /// Base fee plus tip.
    pub gas: u128,
    /// Price of blob gas.
    pub blob_gas: u128,
}

/// The cost of posting `payload` as calldata, in wei.
pub fn calldata_cost(payload: &[u8], prices: L1Prices) -> U256 {
    let zeros = payload.iter().filter(|byte| **byte == 0).count() as u64;
    let length = payload.len() as u64;
    let tokens = zeros + 4 * (length - zeros) + CALLDATA_ABI_BYTES;
    let execution = INBOX_GAS + length * LOG_BYTE_GAS + length.div_ceil(32) * KECCAK_WORD_GAS;
    let ordinary = TRANSACTION_GAS + tokens * CALLDATA_TOKEN_GAS + execution;
    let floor = TRANSACTION_GAS + tokens * CALLDATA_FLOOR_TOKEN_GAS;
    U256::from(std::cmp::max(ordinary, floor)) * U256::from(prices.gas)
}

/// The cost of posting `length` bytes in blobs, in wei.
pub fn blobs_cost(length: usize, prices: L1Prices) -> U256 {
    let blobs = blobs_needed(length) as u64;
    U256::from(TRANSACTION_GAS + INBOX_GAS) * U256::from(prices.gas)
        + U256::from(blobs * BLOB_GAS) * U256::from(prices.blob_gas)
}

/// Bytes of payload that one transaction carries.
pub(crate) const fn capacity(carrier: Carrier, blobs_max: usize) -> usize {
    match carrier {
        Carrier::Calldata => CALLDATA_BATCH_BYTES_MAX,
        Carrier::Blobs => (blobs_max * BLOB_BYTES_USABLE).saturating_sub(LENGTH_PREFIX_BYTES),
    }
}

/// The carrier for `payload`; `None` if no allowed one can hold it.
pub fn choose(
    payload: &[u8],
    prices: L1Prices,
    policy: CarrierPolicy,
    blobs_max: usize,
) -> Option<Carrier> {
    let fits_calldata = payload.len() <= CALLDATA_BATCH_BYTES_MAX;
    let fits_blobs = blobs_needed(payload.len()) <= blobs_max;
    match policy {
        CarrierPolicy::Calldata => fits_calldata.then_some(Carrier::Calldata),
        CarrierPolicy::Blobs => fits_blobs.then_some(Carrier::Blobs),
        CarrierPolicy::Auto => match (fits_calldata, fits_blobs) {
            (true, true) => {
                let calldata = calldata_cost(payload, prices);
                let blobs = blobs_cost(payload.len(), prices);
                Some(if calldata <= blobs { Carrier::Calldata } else { Carrier::Blobs })
            }
            (true, false) => Some(Carrier::Calldata),
            (false, true) => Some(Carrier::Blobs),
            (false, false) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP_BLOBS: L1Prices = L1Prices { gas: 10_000_000_000, blob_gas: 1 };
    const DEAR_BLOBS: L1Prices = L1Prices { gas: 1_000_000_000, blob_gas: 8_000_000_000_000 };

    #[test]
    fn the_cheaper_carrier_is_chosen() {
        let payload = vec![7; 50_000];
        assert_eq!(choose(&payload, CHEAP_BLOBS, CarrierPolicy::Auto, 6), Some(Carrier::Blobs));
        assert_eq!(choose(&payload, DEAR_BLOBS, CarrierPolicy::Auto, 6), Some(Carrier::Calldata));
        assert_eq!(choose(&payload, DEAR_BLOBS, CarrierPolicy::Blobs, 6), Some(Carrier::Blobs));
    }

    #[test]
    fn the_floor_price_counts() {
        let prices = L1Prices { gas: 1, blob_gas: 1 };
        let tokens = 4 * 100_000 + CALLDATA_ABI_BYTES;
        let floor = TRANSACTION_GAS + tokens * CALLDATA_FLOOR_TOKEN_GAS;
        assert_eq!(calldata_cost(&vec![1; 100_000], prices), U256::from(floor));
        // A small payload is dominated by what the contract does.
        assert!(calldata_cost(&[1; 10], prices) > U256::from(TRANSACTION_GAS + INBOX_GAS));
    }

    #[test]
    fn what_fits_nowhere_is_refused() {
        let payload = vec![1; CALLDATA_BATCH_BYTES_MAX + 1];
        assert_eq!(choose(&payload, CHEAP_BLOBS, CarrierPolicy::Calldata, 6), None);
        assert_eq!(choose(&payload, CHEAP_BLOBS, CarrierPolicy::Auto, 0), None);
        assert_eq!(choose(&payload, DEAR_BLOBS, CarrierPolicy::Auto, 1), Some(Carrier::Blobs));
    }
}
