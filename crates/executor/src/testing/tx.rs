//! Transactions for tests. Most need no signature; those that do are signed with keys made from a number.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use protocol::{Transaction, TxDeposit};
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

use super::{BASE_FEE, CHAIN_ID};
use crate::RecoveredTransaction;

/// An EIP-1559 transaction that pays the base fee and no tip, unless changed.
#[derive(Clone, Debug)]
pub(crate) struct Tx {
    pub from: Address,
    pub inner: TxEip1559,
}

impl Tx {
    pub(crate) fn new(from: Address, nonce: u64, to: TxKind) -> Self {
        let inner = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 1_000_000,
            max_fee_per_gas: u128::from(BASE_FEE),
            max_priority_fee_per_gas: 0,
            to,
            ..Default::default()
        };
        Self { from, inner }
    }

    pub(crate) fn call(from: Address, nonce: u64, to: Address) -> Self {
        Self::new(from, nonce, TxKind::Call(to))
    }

    pub(crate) fn create(from: Address, nonce: u64, initcode: impl Into<Bytes>) -> Self {
        Self::new(from, nonce, TxKind::Create).input(initcode)
    }

    pub(crate) fn value(mut self, value: impl Into<U128>) -> Self {
        self.inner.value = value.into().0;
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Bytes>) -> Self {
        self.inner.input = input.into();
        self
    }

    pub(crate) const fn gas(mut self, gas_limit: u64) -> Self {
        self.inner.gas_limit = gas_limit;
        self
    }

    pub(crate) const fn fee(mut self, max_fee: u128, tip: u128) -> Self {
        self.inner.max_fee_per_gas = max_fee;
        self.inner.max_priority_fee_per_gas = tip;
        self
    }

    pub(crate) const fn chain(mut self, chain_id: u64) -> Self {
        self.inner.chain_id = chain_id;
        self
    }

    pub(crate) fn warm(mut self, address: Address, slots: &[u64]) -> Self {
        let storage_keys = slots.iter().map(|slot| B256::from(U256::from(*slot))).collect();
        self.inner.access_list = AccessList(vec![AccessListItem { address, storage_keys }]);
        self
    }

    /// With a signature that nobody looks at.
    pub(crate) fn build(self) -> RecoveredTransaction {
        let tx = self.inner.into_signed(Signature::test_signature());
        RecoveredTransaction::from_parts(Transaction::Eip1559(tx), self.from)
    }

    /// With a type-4 authorization list.
    pub(crate) fn set_code(self, list: Vec<SignedAuthorization>) -> RecoveredTransaction {
        let from = self.from;
        let tx = self.into_type_4(list).into_signed(Signature::test_signature());
        RecoveredTransaction::from_parts(Transaction::Eip7702(tx), from)
    }

    /// The same, really signed: the raw bytes.
    pub(crate) fn sign_set_code(self, key: &Key, list: Vec<SignedAuthorization>) -> Bytes {
        assert_eq!(self.from, key.address());
        let tx = self.into_type_4(list);
        let signature = key.sign(tx.signature_hash());
        Transaction::Eip7702(tx.into_signed(signature)).encoded_2718().into()
    }

    fn into_type_4(self, list: Vec<SignedAuthorization>) -> TxEip7702 {
        let tx = self.inner;
        TxEip7702 {
            chain_id: tx.chain_id,
            nonce: tx.nonce,
            gas_limit: tx.gas_limit,
            max_fee_per_gas: tx.max_fee_per_gas,
            max_priority_fee_per_gas: tx.max_priority_fee_per_gas,
            to: *tx.to.to().expect("a delegation is a call"),
            value: tx.value,
            access_list: tx.access_list,
            authorization_list: list,
            input: tx.input,
        }
    }

    /// Really signed: the raw bytes.
    pub(crate) fn sign(self, key: &Key) -> Bytes {
        assert_eq!(self.from, key.address());
        let signature = key.sign(self.inner.signature_hash());
        Transaction::Eip1559(self.inner.into_signed(signature)).encoded_2718().into()
    }
}

/// A plain number as a value.
#[derive(Debug)]
pub(crate) struct U128(U256);

impl From<u64> for U128 {
    fn from(value: u64) -> Self {
        Self(U256::from(value))
    }
}

impl From<i32> for U128 {
    fn from(value: i32) -> Self {
        Self(U256::from(u64::try_from(value).unwrap()))
    }
}

impl From<U256> for U128 {
    fn from(value: U256) -> Self {
        Self(value)
    }
}

/// A legacy transaction from before EIP-155, signed.
pub(crate) fn legacy_without_chain_id(key: &Key, nonce: u64, to: Address) -> Bytes {
    let tx = TxLegacy {
        chain_id: None,
        nonce,
        gas_price: u128::from(BASE_FEE),
        gas_limit: 21_000,
        to: TxKind::Call(to),
        ..Default::default()
    };
    let signature = key.sign(tx.signature_hash());
    Transaction::Legacy(tx.into_signed(signature)).encoded_2718().into()
}

/// A deposit of `mint` and `value` from `from`, with a million gas.
pub(crate) fn deposit(from: Address, to: TxKind, mint: u128, value: u64) -> TxDeposit {
    TxDeposit {
        source_hash: B256::repeat_byte(0xd0),
        from,
        to,
        mint,
        value: U256::from(value),
        gas_limit: 1_000_000,
        is_system_transaction: false,
        input: Bytes::new(),
    }
}

/// A private key.
#[derive(Clone, Debug)]
pub(crate) struct Key(SecretKey);

impl Key {
    pub(crate) fn new(number: u64) -> Self {
        let bytes = keccak256(number.to_be_bytes());
        Self(SecretKey::from_byte_array(bytes.0).unwrap())
    }

    pub(crate) fn address(&self) -> Address {
        let public = PublicKey::from_secret_key(SECP256K1, &self.0).serialize_uncompressed();
        Address::from_raw_public_key(&public[1..])
    }

    pub(crate) fn sign(&self, hash: B256) -> Signature {
        let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &self.0);
        let (recovery_id, bytes) = signature.serialize_compact();
        Signature::from_bytes_and_parity(&bytes, i32::from(recovery_id) == 1)
    }

    /// Lets `to` run as this account.
    pub(crate) fn authorize(&self, to: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: to, nonce };
        let signature = self.sign(authorization.signature_hash());
        authorization.into_signed(signature)
    }
}
