//! Why a simulation is refused, in the codes that `eth_simulateV1` has for it.

use executor::InvalidTransaction;
use jsonrpsee::types::ErrorObjectOwned;

use crate::api::errors;

const NONCE_TOO_LOW: i32 = -38_010;
const NONCE_TOO_HIGH: i32 = -38_011;
const BASE_FEE_TOO_LOW: i32 = -38_012;
const INTRINSIC_GAS: i32 = -38_013;
const INSUFFICIENT_FUNDS: i32 = -38_014;
/// The block has no gas left.
pub(super) const BLOCK_GAS: i32 = -38_015;
/// Block numbers do not rise.
pub(super) const NUMBER_ORDER: i32 = -38_020;
/// Timestamps do not rise.
pub(super) const TIME_ORDER: i32 = -38_021;
const SENDER_NOT_EOA: i32 = -38_024;
const INITCODE_SIZE: i32 = -38_025;
/// More is asked for than the node does in one simulation.
pub(super) const CLIENT_LIMIT: i32 = -38_026;
/// A call halted; stands inside a result.
pub(super) const VM_ERROR: i32 = -32_015;

/// An error with a code of its own.
pub(super) fn refused(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

/// A call that could not be a transaction in its place.
pub(super) fn invalid(reason: &InvalidTransaction) -> ErrorObjectOwned {
    let code = match reason {
        InvalidTransaction::NonceTooLow { .. } => NONCE_TOO_LOW,
        InvalidTransaction::NonceTooHigh { .. } => NONCE_TOO_HIGH,
        InvalidTransaction::FeeCapTooLow { .. } => BASE_FEE_TOO_LOW,
        InvalidTransaction::IntrinsicGas { .. } => INTRINSIC_GAS,
        InvalidTransaction::InsufficientFunds(_) => INSUFFICIENT_FUNDS,
        InvalidTransaction::BlockGas { .. } => BLOCK_GAS,
        InvalidTransaction::SenderNotEoa => SENDER_NOT_EOA,
        InvalidTransaction::InitcodeSize { .. } => INITCODE_SIZE,
        InvalidTransaction::TipAboveFeeCap { .. } | InvalidTransaction::Type(_) => {
            errors::INVALID_PARAMS
        }
        // As geth has it, though clients may repeat what comes with this code.
        InvalidTransaction::ChainId { .. }
        | InvalidTransaction::NonceMax
        | InvalidTransaction::FloorGas { .. }
        | InvalidTransaction::EmptyAuthorizations
        | InvalidTransaction::NoBlobs
        | InvalidTransaction::BlobCreation
        | InvalidTransaction::BlobHashVersion
        | InvalidTransaction::BlobFeeCapTooLow { .. }
        | InvalidTransaction::Evm(_) => errors::INTERNAL,
    };
    refused(code, format!("err: {reason}"))
}
