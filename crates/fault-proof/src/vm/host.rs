//! What a run reads from outside.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{B256, keccak256};
use thiserror::Error;

/// Where the inputs of a run come from. What it gives it answers for: bytes that are not behind the key make a run that
/// nobody else has.
pub trait Host {
    /// Why a preimage is not to be had. The run cannot go on here, and its state has not changed.
    type Error;

    /// The local inputs.
    fn locals(&self) -> &[B256];

    /// The bytes behind a key of type 02.
    ///
    /// # Errors
    /// The host does not have them.
    fn preimage(&mut self, key: B256) -> Result<&[u8], Self::Error>;
}

/// A host that holds all it will be asked for.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    locals: Vec<B256>,
    preimages: BTreeMap<B256, Vec<u8>>,
}

/// Nobody has recorded the preimage of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no preimage of the key {0} was recorded")]
pub struct NotRecorded(pub B256);

impl Recorded {
    /// One that holds local inputs and nothing else.
    pub const fn new(locals: Vec<B256>) -> Self {
        Self { locals, preimages: BTreeMap::new() }
    }

    /// Takes a preimage in; its key of type 02.
    pub fn record(&mut self, preimage: Vec<u8>) -> B256 {
        let key = keccak_key(keccak256(&preimage));
        self.preimages.insert(key, preimage);
        key
    }
}

impl Host for Recorded {
    type Error = NotRecorded;

    fn locals(&self) -> &[B256] {
        &self.locals
    }

    fn preimage(&mut self, key: B256) -> Result<&[u8], NotRecorded> {
        self.preimages.get(&key).map(Vec::as_slice).ok_or(NotRecorded(key))
    }
}

/// The key of type 01 of a local input.
pub const fn local_key(number: u8) -> B256 {
    let mut key = B256::with_last_byte(number);
    key.0[0] = 1;
    key
}

/// The key of type 02 of bytes with this hash.
pub const fn keccak_key(mut hash: B256) -> B256 {
    hash.0[0] = 2;
    hash
}
