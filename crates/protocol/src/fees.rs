//! What a user transaction pays besides gas: L1 data fee (Fjord formula over the FastLZ size) and operator
//! fee (Isthmus formula). Not who pays whom, which the executor does.
//!
//! Invariant: the fee depends on the signed transaction's bytes and the block's L1 attributes only.

use alloy_primitives::U256;
use op_alloy_flz::{
    L1_COST_FASTLZ_COEF, L1_COST_INTERCEPT, MIN_TX_SIZE_SCALED, NON_ZERO_BYTE_COST,
    flz_compress_len,
};

use crate::{block::BlockOpening, l1_attributes::L1Attributes};

/// Up to this many raw bytes a transaction pays for the least size, whatever is in it: FastLZ adds at most
/// one byte per 32, and the formula's floor holds up to a FastLZ length of 170.
pub const DATA_SIZE_SHORTCUT_BYTES: usize = 164;
/// Sizes are in millionths of a byte.
const SIZE_SCALE: u64 = 1_000_000;
/// The L1 fee is sizes in millionths times scalars in millionths.
const L1_FEE_DIVISOR: u64 = 1_000_000_000_000;
/// The operator fee's scalar is per million gas.
const OPERATOR_FEE_DIVISOR: u64 = 1_000_000;

/// Estimated size of a transaction on L1, in millionths of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataSize(u64);

impl DataSize {
    /// The least size that any transaction pays for: 100 bytes.
    pub const MIN: Self = Self(MIN_TX_SIZE_SCALED);

    /// Size of a transaction whose FastLZ length is known.
    pub fn from_fastlz_len(len: u32) -> Self {
        let scaled = u64::from(len) * L1_COST_FASTLZ_COEF;
        Self(core::cmp::max(MIN_TX_SIZE_SCALED, scaled.saturating_sub(L1_COST_INTERCEPT)))
    }

    /// In millionths of a byte.
    pub const fn scaled(self) -> u64 {
        self.0
    }

    /// The receipt's `l1GasUsed`, what the bytes would cost as calldata.
    pub const fn l1_gas_used(self) -> u64 {
        // At most 2^32 · 836,500 · 16, which is below 2^56.
        self.0 * NON_ZERO_BYTE_COST / SIZE_SCALE
    }
}

/// Estimated size of a signed transaction, from its raw bytes.
pub fn data_size(raw: &[u8]) -> DataSize {
    if raw.len() <= DATA_SIZE_SHORTCUT_BYTES {
        return DataSize::MIN;
    }
    DataSize::from_fastlz_len(flz_compress_len(raw))
}

/// What a block's transactions pay for L1 data and to the operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1FeeParams {
    /// Base fee of the L1 origin, in wei.
    pub base_fee: U256,
    /// Blob base fee of the L1 origin, in wei.
    pub blob_base_fee: U256,
    /// Weight of the base fee, in millionths.
    pub base_fee_scalar: u32,
    /// Weight of the blob base fee, in millionths.
    pub blob_base_fee_scalar: u32,
    /// Operator fee per million gas, in wei.
    pub operator_fee_scalar: u32,
    /// Operator fee per transaction, in wei.
    pub operator_fee_constant: u64,
}

impl L1FeeParams {
    /// Parameters of the block that an opening begins.
    pub fn from_opening(opening: &BlockOpening) -> Self {
        Self::from_attributes(&opening.l1_attributes())
    }

    /// Parameters of a block whose L1 attributes are known.
    pub const fn from_attributes(attributes: &L1Attributes) -> Self {
        Self {
            base_fee: attributes.base_fee,
            blob_base_fee: attributes.blob_base_fee,
            base_fee_scalar: attributes.base_fee_scalar,
            blob_base_fee_scalar: attributes.blob_base_fee_scalar,
            operator_fee_scalar: attributes.operator_fee_scalar,
            operator_fee_constant: attributes.operator_fee_constant,
        }
    }

    /// L1 data fee in wei. Saturates, which needs an L1 base fee above 2^180 wei.
    pub fn l1_fee(&self, size: DataSize) -> U256 {
        self.l1_fee_in_128_bits(size).map_or_else(|| self.l1_fee_in_256_bits(size), U256::from)
    }

    /// The fee where every step fits 128 bits, as it does at any price that L1 has seen: several times quicker.
    fn l1_fee_in_128_bits(&self, size: DataSize) -> Option<u128> {
        let (base_fee, blob_base_fee) =
            (u64::try_from(self.base_fee).ok()?, u64::try_from(self.blob_base_fee).ok()?);
        // 64 + 32 + 4 bits, and 64 + 32 bits.
        let calldata =
            u128::from(base_fee) * u128::from(u64::from(self.base_fee_scalar) * NON_ZERO_BYTE_COST);
        let price = calldata + u128::from(blob_base_fee) * u128::from(self.blob_base_fee_scalar);
        let scaled = price.checked_mul(u128::from(size.0))?;
        // The compiler divides 64 bits by a constant without dividing.
        Some(match u64::try_from(scaled) {
            Ok(scaled) => u128::from(scaled / L1_FEE_DIVISOR),
            Err(_) => scaled / u128::from(L1_FEE_DIVISOR),
        })
    }

    fn l1_fee_in_256_bits(&self, size: DataSize) -> U256 {
        let calldata = self
            .base_fee
            .saturating_mul(U256::from(u64::from(self.base_fee_scalar) * NON_ZERO_BYTE_COST));
        let blob = self.blob_base_fee.saturating_mul(U256::from(self.blob_base_fee_scalar));
        let price = calldata.saturating_add(blob);
        price.saturating_mul(U256::from(size.0)) / U256::from(L1_FEE_DIVISOR)
    }

    /// Operator fee in wei for an amount of gas.
    pub fn operator_fee(&self, gas: u64) -> U256 {
        // Both terms fit 128 bits: 64 + 32 bits and 64 bits.
        let scaled = u128::from(gas) * u128::from(self.operator_fee_scalar);
        let by_gas = match u64::try_from(scaled) {
            Ok(scaled) => u128::from(scaled / OPERATOR_FEE_DIVISOR),
            Err(_) => scaled / u128::from(OPERATOR_FEE_DIVISOR),
        };
        U256::from(by_gas + u128::from(self.operator_fee_constant))
    }
}

#[cfg(test)]
mod tests;
