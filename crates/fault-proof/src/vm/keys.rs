//! Keys of preimages. The first byte is the type; the other 31, the tail, say which.

use alloc::vec::Vec;
use alloy_primitives::{B256, U256, keccak256, uint};

/// Field elements of a blob.
pub const BLOB_ELEMENTS: u64 = 4_096;

const LOCAL: u8 = 1;
const KECCAK256: u8 = 2;
const BLOB: u8 = 5;
const PRECOMPILE: u8 = 6;

/// Order of the field that blobs are of.
const MODULUS: U256 =
    uint!(0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256);
/// A number of it whose powers are the points of a blob's elements: 7 to the power of (order − 1) / 4,096.
const ROOT_OF_UNITY: U256 =
    uint!(0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306_U256);

/// What the type of a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// 01: a local input; the tail is its number.
    Local(U256),
    /// 02: bytes whose hash has this tail.
    Keccak256,
    /// 05 and 06: what other bytes, whose hash has this tail, lead to.
    Opened,
    /// Anything else: a preimage of no bytes.
    Unknown,
}

impl Key {
    pub(super) fn of(key: B256) -> Self {
        match key[0] {
            LOCAL => Self::Local(U256::from_be_slice(&key[1..])),
            KECCAK256 => Self::Keccak256,
            BLOB | PRECOMPILE => Self::Opened,
            _ => Self::Unknown,
        }
    }
}

/// The key of a local input.
pub const fn local_key(number: u8) -> B256 {
    with_type(B256::with_last_byte(number), LOCAL)
}

/// The key of bytes with this hash.
pub const fn keccak_key(hash: B256) -> B256 {
    with_type(hash, KECCAK256)
}

/// A field element of a blob, with what shows that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobElement {
    /// Of the blob.
    pub versioned_hash: B256,
    /// Place in the blob, below [`BLOB_ELEMENTS`].
    pub number: u64,
    /// The element.
    pub value: B256,
    /// The blob's commitment.
    pub commitment: [u8; 48],
    /// The proof of the value at [`blob_point`].
    pub proof: [u8; 48],
}

impl BlobElement {
    /// The key of its preimage, which is the value.
    pub fn key(&self) -> B256 {
        let identity = [self.versioned_hash.as_slice(), &self.number.to_be_bytes()].concat();
        with_type(keccak256(identity), BLOB)
    }

    /// What shows it on L1.
    pub fn opening(&self) -> Vec<u8> {
        [
            self.versioned_hash.as_slice(),
            &self.number.to_be_bytes(),
            self.value.as_slice(),
            &self.commitment,
            &self.proof,
        ]
        .concat()
    }
}

/// Where the polynomial of a blob has the value of this element: the root of unity to the power of the number with its
/// twelve bits reversed.
pub fn blob_point(number: u64) -> B256 {
    let reversed = (number % BLOB_ELEMENTS).reverse_bits() >> (64 - 12);
    ROOT_OF_UNITY.pow_mod(U256::from(reversed), MODULUS).into()
}

/// A call to a precompile of L1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrecompileCall {
    /// Its address.
    pub address: u16,
    /// The gas that it gets, neither more nor less.
    pub gas: u64,
    /// What it is called with.
    pub input: Vec<u8>,
}

impl PrecompileCall {
    /// The key of its preimage, which is [`Self::preimage`].
    pub fn key(&self) -> B256 {
        with_type(keccak256(self.opening()), PRECOMPILE)
    }

    /// What shows it on L1.
    pub fn opening(&self) -> Vec<u8> {
        [&self.address.to_be_bytes()[..], &self.gas.to_be_bytes(), &self.input].concat()
    }

    /// 1 and the output, or 0 for a call that failed.
    pub fn preimage(output: Option<&[u8]>) -> Vec<u8> {
        output.map_or_else(|| [0].to_vec(), |output| [&[1], output].concat())
    }
}

const fn with_type(mut tail: B256, kind: u8) -> B256 {
    tail.0[0] = kind;
    tail
}
