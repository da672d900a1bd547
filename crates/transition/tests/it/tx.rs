//! Signed transactions of all kinds, good and bad.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{
    Address, B256, Bytes, Signature, TxKind, U256, address, bytes, hex, keccak256,
};
use proptest::prelude::*;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

pub(crate) const CHAIN_ID: u64 = 42_069;
pub(crate) const KEYS: usize = 4;

/// `slot 0 += 1`.
pub(crate) const COUNTER: Address = address!("00000000000000000000000000000000000000c0");
/// Stores the hash of the block three before it under its number.
pub(crate) const HASHER: Address = address!("00000000000000000000000000000000000000c1");
/// Writes the second word of its input to the slot that the first one names.
pub(crate) const WRITER: Address = address!("00000000000000000000000000000000000000c2");
/// Writes and reverts.
pub(crate) const REVERTER: Address = address!("00000000000000000000000000000000000000c3");
/// Runs until its gas is gone.
pub(crate) const BURNER: Address = address!("00000000000000000000000000000000000000c4");
/// Logs a topic.
pub(crate) const LOGGER: Address = address!("00000000000000000000000000000000000000c5");

/// Calls what the first word of its input names with the rest, and logs what comes of it.
pub(crate) const CALLER: Address = address!("00000000000000000000000000000000000000c6");

/// The codes of these contracts.
pub(crate) fn contracts() -> [(Address, Bytes); 7] {
    [
        (COUNTER, bytes!("5f546001015f5500")),
        (HASHER, bytes!("600343034043550000")),
        (WRITER, writer()),
        (REVERTER, bytes!("60015f555f5ffd")),
        (BURNER, bytes!("5b5f56")),
        (LOGGER, bytes!("60015f5fa100")),
        (CALLER, bytes!("602036038060205f375f5f825f5f355afa3d5f5f3e3d5fa100")),
    ]
}

/// A true signature on secp256r1 with its hash and key, as `P256VERIFY` takes them (from the tests of RIP-7212).
pub(crate) const P256_SIGNATURE: [u8; 160] = hex!(
    "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
    "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
    "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
    "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
    "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
);

/// A call of a precompiled contract through [`CALLER`].
pub(crate) fn call_precompile(address: u16, input: &[u8]) -> Act {
    let data = [B256::left_padding_from(&address.to_be_bytes()).as_slice(), input].concat();
    Act::CallWith(CALLER, data.into(), 400_000)
}

pub(crate) fn writer() -> Bytes {
    bytes!("6020355f355500")
}

/// What somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Transfer(u8, u64),
    /// Fills the place of one's next contract, so that it exists before.
    FundNextContract,
    Call(Address, u64),
    /// The same with data.
    CallWith(Address, Bytes, u64),
    /// To the writer, or the message passer.
    Write(bool, u8, u8),
    /// Deploys a contract of one byte.
    Deploy,
    /// Creates a contract that destroys itself in the same transaction.
    CreateAndDestroy,
    Delegate(u8, Address),
    LegacyWithoutChainId,
    /// Its nonce is wrong by this.
    WrongNonce(u8),
    TooExpensive,
    TooLittleGas,
    ForOtherChainOrNobody(u64),
    MoreGasThanTheBlock,
}

pub(crate) fn act() -> impl Strategy<Value = Act> {
    let callee = prop::sample::select(vec![COUNTER, HASHER, REVERTER, BURNER, LOGGER]);
    prop_oneof![
        3 => (any::<u8>(), 0_u64..1_000).prop_map(|(to, value)| Act::Transfer(to, value)),
        1 => Just(Act::FundNextContract),
        4 => (callee.clone(), 30_000_u64..200_000).prop_map(|(to, gas)| Act::Call(to, gas)),
        5 => (any::<bool>(), 0_u8..12, 0_u8..2).prop_map(|(passer, slot, value)| Act::Write(passer, slot, value)),
        1 => Just(Act::Deploy),
        2 => Just(Act::CreateAndDestroy),
        2 => (0_u8..4, callee).prop_map(|(who, to)| Act::Delegate(who, to)),
        1 => Just(Act::LegacyWithoutChainId),
        1 => (1_u8..4).prop_map(Act::WrongNonce),
        1 => Just(Act::TooExpensive),
        1 => Just(Act::TooLittleGas),
        1 => any::<u64>().prop_map(Act::ForOtherChainOrNobody),
        1 => Just(Act::MoreGasThanTheBlock),
    ]
}

/// A private key.
#[derive(Clone, Debug)]
pub(crate) struct Key(SecretKey);

impl Key {
    pub(crate) fn new(number: usize) -> Self {
        Self(SecretKey::from_byte_array(keccak256(number.to_be_bytes()).0).unwrap())
    }

    pub(crate) fn address(&self) -> Address {
        let public = PublicKey::from_secret_key(SECP256K1, &self.0).serialize_uncompressed();
        Address::from_raw_public_key(&public[1..])
    }

    fn sign(&self, hash: B256) -> Signature {
        let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &self.0);
        let (recovery_id, bytes) = signature.serialize_compact();
        Signature::from_bytes_and_parity(&bytes, i32::from(recovery_id) == 1)
    }

    fn authorize(&self, to: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: to, nonce };
        let signature = self.sign(authorization.signature_hash());
        authorization.into_signed(signature)
    }

    /// The raw transaction, and whether it uses up the nonce, so far as one can tell.
    pub(crate) fn act(&self, act: &Act, nonce: u64) -> (Bytes, bool) {
        let create = |code| self.simple(nonce, TxKind::Create, 0, code, 300_000);
        let raw = match act {
            Act::Transfer(to, value) => {
                let to = TxKind::Call(Address::repeat_byte(*to));
                self.simple(nonce, to, *value, Bytes::new(), 21_000)
            }
            Act::FundNextContract => {
                let to = TxKind::Call(self.address().create(nonce + 1));
                self.simple(nonce, to, 5, Bytes::new(), 21_000)
            }
            Act::CallWith(to, data, gas) => {
                self.simple(nonce, TxKind::Call(*to), 0, data.clone(), *gas)
            }
            Act::Call(to, gas) => self.simple(nonce, TxKind::Call(*to), 0, Bytes::new(), *gas),
            Act::Write(passer, slot, value) => {
                let passer = passer.then_some(protocol::predeploys::L2_TO_L1_MESSAGE_PASSER);
                let mut input = [0; 64];
                (input[31], input[63]) = (*slot, *value);
                let to = TxKind::Call(passer.unwrap_or(WRITER));
                self.simple(nonce, to, 0, Bytes::copy_from_slice(&input), 100_000)
            }
            Act::Deploy => create(bytes!("60015f5360015ff3")),
            Act::CreateAndDestroy => create(bytes!("60015f5533ff")),
            Act::Delegate(who, to) => return (self.delegate(*who, *to, nonce), true),
            Act::LegacyWithoutChainId => self.legacy(nonce),
            Act::WrongNonce(by) => {
                let nonce = nonce.wrapping_add(u64::from(*by));
                return (self.simple(nonce, TxKind::Create, 0, Bytes::new(), 60_000), false);
            }
            Act::TooExpensive => {
                let to = TxKind::Call(COUNTER);
                return (self.simple(nonce, to, u64::MAX, Bytes::new(), 100_000), false);
            }
            Act::TooLittleGas => {
                return (self.simple(nonce, TxKind::Call(COUNTER), 0, Bytes::new(), 20_000), false);
            }
            Act::ForOtherChainOrNobody(seed) => return (nobodys(*seed), false),
            Act::MoreGasThanTheBlock => {
                let gas = 80_000_000;
                return (self.simple(nonce, TxKind::Call(COUNTER), 0, Bytes::new(), gas), false);
            }
        };
        (raw, true)
    }

    fn simple(&self, nonce: u64, to: TxKind, value: u64, input: Bytes, gas_limit: u64) -> Bytes {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit,
            max_fee_per_gas: 10_000_000,
            max_priority_fee_per_gas: 3,
            to,
            value: U256::from(value),
            access_list: Default::default(),
            input,
        };
        let signature = self.sign(tx.signature_hash());
        tx.into_signed(signature).encoded_2718().into()
    }

    fn legacy(&self, nonce: u64) -> Bytes {
        let tx = TxLegacy {
            chain_id: None,
            nonce,
            gas_price: 20_000_000,
            gas_limit: 60_000,
            to: TxKind::Call(COUNTER),
            ..Default::default()
        };
        let signature = self.sign(tx.signature_hash());
        tx.into_signed(signature).encoded_2718().into()
    }

    /// Somebody becomes a contract; the nonce is right only if nothing of theirs stands before it in the block.
    fn delegate(&self, who: u8, to: Address, nonce: u64) -> Bytes {
        let who = Self::new(usize::from(who));
        let own = if who.address() == self.address() { nonce + 1 } else { nonce };
        let tx = TxEip7702 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 200_000,
            max_fee_per_gas: 10_000_000,
            max_priority_fee_per_gas: 0,
            to: who.address(),
            value: U256::ZERO,
            access_list: Default::default(),
            authorization_list: vec![who.authorize(to, own)],
            input: Bytes::new(),
        };
        let signature = self.sign(tx.signature_hash());
        tx.into_signed(signature).encoded_2718().into()
    }
}

/// A canonical transaction with a signature out of the air.
fn nobodys(seed: u64) -> Bytes {
    let word =
        |salt: u8| U256::from_be_bytes(keccak256([&seed.to_be_bytes()[..], &[salt]].concat()).0);
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce: seed,
        to: TxKind::Create,
        ..Default::default()
    };
    tx.into_signed(Signature::new(word(0), word(1), seed.is_multiple_of(2))).encoded_2718().into()
}
