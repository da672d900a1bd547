//! Multicall3: many reads in one call. Clients expect it at one address on every chain.
//!
//! The code is not ours: alloy carries its creation code, and its deployment was signed once, by a key
//! that nobody has, for every chain. Sending those signed bytes puts it at the same address anywhere.

use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TxLegacy},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, b256},
    providers::bindings::IMulticall3,
};

/// Where Multicall3 stands on every chain.
pub const ADDRESS: Address = address!("0xcA11bde05977b3631167028862bE2a173976CA11");

/// Who signed the deployment. It must hold [`DEPLOYMENT_COST`] before the deployment is sent.
pub const DEPLOYER: Address = address!("0x05f32b3cC3888453ff71B01135B34FF8e41263F2");

const GAS_PRICE: u128 = 100_000_000_000;
const GAS_LIMIT: u64 = 1_000_000;

/// What [`DEPLOYER`] needs, in wei: its gas limit at its gas price.
pub const DEPLOYMENT_COST: u128 = GAS_PRICE * GAS_LIMIT as u128;

/// Bytes of the creation code in front of the code it returns.
const CREATION_PREFIX_BYTES: usize = 32;

const SIGNATURE_R: B256 =
    b256!("0xedce47092c0f398cebf3ffc267f05c8e7076e3b89445e0fe50f6332273d4569b");
const SIGNATURE_S: B256 =
    b256!("0x1b0b9d000e19b24c5869b0fc3b22b0d6fa47cd63316875cbbd577d76e6fde086");

/// The code that stands on chain.
pub fn runtime_code() -> Bytes {
    IMulticall3::BYTECODE.slice(CREATION_PREFIX_BYTES..)
}

/// The signed deployment, ready for `eth_sendRawTransaction`. It names no chain (it is older than
/// EIP-155's use for this), so a node that takes only protected transactions refuses it.
pub fn signed_deployment() -> Bytes {
    signed_transaction().encoded_2718().into()
}

fn signed_transaction() -> TxEnvelope {
    let transaction = TxLegacy {
        chain_id: None,
        nonce: 0,
        gas_price: GAS_PRICE,
        gas_limit: GAS_LIMIT,
        to: TxKind::Create,
        value: U256::ZERO,
        input: IMulticall3::BYTECODE.clone(),
    };
    let signature = Signature::from_scalars_and_parity(SIGNATURE_R, SIGNATURE_S, true);
    transaction.into_signed(signature).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{consensus::transaction::SignerRecoverable, primitives::keccak256};

    #[test]
    fn signature_is_the_known_deployers_and_leads_to_the_known_address() {
        assert_eq!(signed_transaction().recover_signer().unwrap(), DEPLOYER);
        assert_eq!(DEPLOYER.create(0), ADDRESS);
    }

    #[test]
    fn runtime_code_is_the_canonical_one() {
        // The code hash that every chain reports for the address.
        assert_eq!(
            keccak256(runtime_code()),
            b256!("0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891")
        );
        assert_eq!(runtime_code().len(), 3_808);
    }
}
