//! Signers by host call, for transactions and for the precompile.

use alloy_primitives::Address;
#[cfg(any(feature = "transactions", feature = "evm"))]
use alloy_primitives::B256;

use crate::{
    calls,
    scratch::{Four, Word},
};

/// The signer of a hash: `r` and `s`, and whether `y` is odd. As the precompile at address 1 has it: `s` may be in the
/// upper half.
pub fn recover(hash: &[u8; 32], signature: &[u8; 64], is_odd: bool) -> Option<Address> {
    let mut input = Four([[0; 32]; 4]);
    let [asked, v, r, s] = &mut input.0;
    *asked = *hash;
    v[31] = 27 + u8::from(is_odd);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    let mut signer = Word::default();
    let found = calls::recover(&input, &mut signer);
    (found == 1).then(|| Address::from_slice(&signer.0[12..]))
}

/// Recovers senders of transactions by host call from now on.
#[cfg(feature = "transactions")]
pub fn install_for_transactions() {
    use alloc::sync::Arc;
    use alloy_consensus::crypto::backend::install_default_provider;
    // Only a second one is refused, and that would be the same.
    let _ = install_default_provider(Arc::new(ByCall));
}

/// Answers the precompile at address 1 by host call from now on.
#[cfg(feature = "evm")]
pub fn install_for_evm() {
    revm::precompile::install_crypto(ByCall);
}

#[cfg(any(feature = "transactions", feature = "evm"))]
#[derive(Debug)]
struct ByCall;

#[cfg(feature = "transactions")]
impl alloy_consensus::crypto::backend::CryptoProvider for ByCall {
    fn recover_signer_unchecked(
        &self,
        signature: &[u8; 65],
        message: &[u8; 32],
    ) -> Result<Address, alloy_consensus::crypto::RecoveryError> {
        let [rs @ .., v] = signature;
        let is_odd = match v {
            0 | 27 => false,
            1 | 28 => true,
            _ => return Err(alloy_consensus::crypto::RecoveryError::new()),
        };
        recover(message, rs, is_odd).ok_or_else(alloy_consensus::crypto::RecoveryError::new)
    }

    fn verify_and_compute_signer_unchecked(
        &self,
        pubkey: &[u8; 65],
        signature: &[u8; 64],
        message: &[u8; 32],
    ) -> Result<Address, alloy_consensus::crypto::RecoveryError> {
        // A signature fits a key if one of the two keys that it can be recovered to is that key.
        let signer = Address::from_raw_public_key(&pubkey[1..]);
        [false, true]
            .into_iter()
            .find(|is_odd| recover(message, signature, *is_odd) == Some(signer))
            .map(|_| signer)
            .ok_or_else(alloy_consensus::crypto::RecoveryError::new)
    }
}

#[cfg(feature = "evm")]
impl revm::precompile::Crypto for ByCall {
    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        recid: u8,
        message: &[u8; 32],
    ) -> Result<[u8; 32], revm::precompile::PrecompileHalt> {
        recover(message, signature, recid == 1)
            .map(|signer| B256::left_padding_from(signer.as_slice()).0)
            .ok_or(revm::precompile::PrecompileHalt::Secp256k1RecoverFailed)
    }
}
