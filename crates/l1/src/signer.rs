//! A key in memory that signs L1 transactions. It never prints, and does not know what it signs.

use std::fmt;

use alloy::{
    consensus::SignableTransaction,
    network::TxSignerSync,
    primitives::{Address, Signature},
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};

/// Why there is no signer or no signature. Never holds the key.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// Not 32 bytes in hex, or not a key of the curve.
    #[error("the L1 key is not a valid secp256k1 key in hex")]
    BadKey,
    /// Not a mnemonic.
    #[error("the L1 mnemonic is not valid")]
    BadMnemonic,
    /// Signing failed.
    #[error("could not sign an L1 transaction")]
    Sign(#[source] alloy::signers::Error),
}

/// Signs with a key held in memory. Signatures are deterministic (RFC 6979): the same fields give the same bytes.
#[derive(Clone)]
pub struct LocalSigner {
    signer: PrivateKeySigner,
}

impl LocalSigner {
    /// From 32 bytes in hex, with or without `0x`.
    pub fn from_hex(key: &str) -> Result<Self, SignerError> {
        let signer = key.trim().parse::<PrivateKeySigner>().map_err(|_| SignerError::BadKey)?;
        Ok(Self { signer })
    }

    /// From an English mnemonic and the index of the account, as wallets count them.
    pub fn from_mnemonic(phrase: &str, index: u32) -> Result<Self, SignerError> {
        let signer = MnemonicBuilder::<English>::default()
            .phrase(phrase)
            .index(index)
            .and_then(|builder| builder.build())
            .map_err(|_| SignerError::BadMnemonic)?;
        Ok(Self { signer })
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs a transaction.
    pub(crate) fn sign(
        &self,
        tx: &mut dyn SignableTransaction<Signature>,
    ) -> Result<Signature, SignerError> {
        self.signer.sign_transaction_sync(tx).map_err(SignerError::Sign)
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalSigner({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    const MNEMONIC: &str = "test test test test test test test test test test test junk";

    #[test]
    fn key_does_not_print() {
        let signer = LocalSigner::from_hex(KEY).unwrap();
        let printed = format!("{signer:?}");
        assert!(!printed.to_lowercase().contains(&KEY[2..20]), "{printed}");
        assert!(printed.contains("0xf39F"), "{printed}");
        let error = LocalSigner::from_hex("0xac0974").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("ac0974"));
    }

    #[test]
    fn mnemonic_and_key_agree() {
        let from_key = LocalSigner::from_hex(KEY).unwrap();
        let from_mnemonic = LocalSigner::from_mnemonic(MNEMONIC, 0).unwrap();
        assert_eq!(from_key.address(), from_mnemonic.address());
        let other = LocalSigner::from_mnemonic(MNEMONIC, 1).unwrap();
        assert_ne!(from_key.address(), other.address());
    }
}
