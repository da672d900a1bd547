//! The senders' keys, from a seed. Whoever knows the seed has them: what they hold is worth nothing.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, transaction::RlpEcdsaEncodableTx},
    primitives::{Address, B256, Bytes, Signature, U256, keccak256},
};
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

/// What seeds are hashed with, so that no other program makes the same keys of a small number.
const DOMAIN: &[u8] = b"braid bench sender";

/// A key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a number below the order of the curve.
    #[error("not a private key")]
    NotAKey(#[source] secp256k1::Error),
}

/// The keys of the senders of a seed.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    seed: u64,
}

impl Keys {
    /// Of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The key of a sender.
    ///
    /// # Errors
    /// When the hash is none, which happens once in 2^128.
    pub fn sender(self, index: u32) -> Result<Key, KeyError> {
        let parts = [DOMAIN, &self.seed.to_be_bytes(), &index.to_be_bytes()];
        Key::new(keccak256(parts.concat()))
    }
}

/// One account's key.
#[derive(Clone, Copy)]
pub struct Key(SecretKey);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.address())
    }
}

impl Key {
    /// Of a number.
    ///
    /// # Errors
    /// When it is zero or too large.
    pub fn new(secret: B256) -> Result<Self, KeyError> {
        SecretKey::from_byte_array(secret.0).map(Self).map_err(KeyError::NotAKey)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        let public = PublicKey::from_secret_key(SECP256K1, &self.0).serialize_uncompressed();
        Address::from_slice(&keccak256(&public[1..])[12..])
    }

    /// Signs; the bytes that are sent.
    #[must_use]
    pub fn sign(&self, tx: &TxEip1559) -> Bytes {
        let message = Message::from_digest(tx.signature_hash().0);
        let (id, bytes) = SECP256K1.sign_ecdsa_recoverable(message, &self.0).serialize_compact();
        let (r, s) = bytes.split_at(32);
        let is_odd = i32::from(id) & 1 == 1;
        let signature = Signature::new(U256::from_be_slice(r), U256::from_be_slice(s), is_odd);
        let mut raw = Vec::with_capacity(tx.eip2718_encoded_length(&signature));
        tx.eip2718_encode(&signature, &mut raw);
        raw.into()
    }
}

#[cfg(test)]
mod tests {
    use alloy::{
        consensus::{TxEnvelope, transaction::SignerRecoverable},
        eips::Decodable2718,
    };

    use super::*;

    #[test]
    fn what_is_signed_is_the_senders() {
        for index in 0..20 {
            let key = Keys::new(5).sender(index).unwrap();
            let tx = TxEip1559 { chain_id: 9, nonce: u64::from(index), ..Default::default() };
            let raw = key.sign(&tx);
            let decoded = TxEnvelope::decode_2718_exact(&raw).unwrap();
            assert_eq!(decoded.recover_signer().unwrap(), key.address());
        }
    }

    #[test]
    fn other_seeds_are_other_people() {
        let address = |seed| Keys::new(seed).sender(0).unwrap().address();
        assert_ne!(address(0), address(1));
        assert_eq!(address(1), address(1));
    }
}
