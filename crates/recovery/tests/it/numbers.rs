//! Random numbers, numbers modulo the order of the group, and signatures made of them.

use alloy_primitives::{B256, U256, uint};
use recovery::Signed;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

/// The order of the group.
pub(crate) const N: U256 =
    uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
/// The field's prime.
pub(crate) const P: U256 =
    uint!(0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f_U256);
/// A third root of one modulo N.
pub(crate) const LAMBDA: U256 =
    uint!(0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72_U256);

/// A small generator of numbers (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.word() % bound as u64).expect("below a usize")
    }

    pub(crate) fn number(&mut self) -> U256 {
        U256::from_limbs([self.word(), self.word(), self.word(), self.word()])
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }

    /// A signature that somebody made.
    pub(crate) fn signed(&mut self) -> Signed {
        let (hash, key) = (self.number(), self.number() % N);
        let key = SecretKey::from_byte_array(key.to_be_bytes()).expect("hardly ever zero");
        let message = Message::from_digest(hash.to_be_bytes());
        let (id, bytes) = SECP256K1.sign_ecdsa_recoverable(message, &key).serialize_compact();
        Signed {
            hash: hash.into(),
            r: U256::from_be_slice(&bytes[..32]),
            s: U256::from_be_slice(&bytes[32..]),
            odd_y: i32::from(id) & 1 == 1,
        }
    }

    pub(crate) fn many_signed(&mut self, count: usize) -> Vec<Signed> {
        (0..count).map(|_| self.signed()).collect()
    }
}

pub(crate) fn mul(a: U256, b: U256) -> U256 {
    a.mul_mod(b, N)
}

pub(crate) fn add(a: U256, b: U256) -> U256 {
    a.add_mod(b, N)
}

pub(crate) fn neg(a: U256) -> U256 {
    (N - a % N) % N
}

/// R = kG, by which a signature can be made whose u1 and u2 are chosen. `None` if its x is no number below N.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nonce {
    pub(crate) k: U256,
    x: U256,
    odd_y: bool,
}

impl Nonce {
    pub(crate) fn new(k: U256) -> Self {
        let key = SecretKey::from_byte_array(k.to_be_bytes()).expect("from 1 to N - 1");
        let point = PublicKey::from_secret_key(SECP256K1, &key).serialize();
        let x = U256::from_be_slice(&point[1..]);
        assert!(x < N, "nobody has seen the other case");
        Self { k, x, odd_y: point[0] & 1 == 1 }
    }

    /// The signature for which Q = u1*G + u2*R.
    pub(crate) fn signed(&self, u1: U256, u2: U256) -> Signed {
        let hash = B256::from(neg(mul(u1, self.x)));
        Signed { hash, r: self.x, s: mul(u2, self.x), odd_y: self.odd_y }
    }
}
