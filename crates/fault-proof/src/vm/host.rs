//! What a run reads from outside.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{B256, keccak256};
use thiserror::Error;

use super::keys::{BlobElement, PrecompileCall, keccak_key};

/// Where the inputs of a run come from. What it gives it answers for: bytes that are not behind the key make a run that
/// nobody else has.
pub trait Host {
    /// Why a preimage is not to be had. The run cannot go on here, and its state has not changed.
    type Error;

    /// The local inputs.
    fn locals(&self) -> &[B256];

    /// The bytes behind a key of type 02, 05 or 06.
    ///
    /// # Errors
    /// The host does not have them.
    fn preimage(&mut self, key: B256) -> Result<&[u8], Self::Error>;
}

/// A host that can show on L1 what it gives.
pub trait Openings: Host {
    /// What shows the preimage of a key of type 05 or 06: [`BlobElement::opening`], [`PrecompileCall::opening`].
    ///
    /// # Errors
    /// The host does not have it.
    fn opening(&mut self, key: B256) -> Result<&[u8], Self::Error>;
}

/// A host that holds all it will be asked for.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    locals: Vec<B256>,
    preimages: BTreeMap<B256, Vec<u8>>,
    openings: BTreeMap<B256, Vec<u8>>,
}

/// Nobody has recorded the preimage of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no preimage of the key {0} was recorded")]
pub struct NotRecorded(pub B256);

impl Recorded {
    /// One that holds local inputs and nothing else.
    pub const fn new(locals: Vec<B256>) -> Self {
        Self { locals, preimages: BTreeMap::new(), openings: BTreeMap::new() }
    }

    /// Takes a preimage in; its key of type 02.
    pub fn record(&mut self, preimage: Vec<u8>) -> B256 {
        let key = keccak_key(keccak256(&preimage));
        self.preimages.insert(key, preimage);
        key
    }

    /// Takes an element of a blob in; its key.
    pub fn record_blob_element(&mut self, element: &BlobElement) -> B256 {
        let key = element.key();
        self.preimages.insert(key, element.value.to_vec());
        self.openings.insert(key, element.opening());
        key
    }

    /// Takes the output of a precompile in, or that the call failed; its key.
    pub fn record_precompile(&mut self, call: &PrecompileCall, output: Option<&[u8]>) -> B256 {
        let key = call.key();
        self.preimages.insert(key, PrecompileCall::preimage(output));
        self.openings.insert(key, call.opening());
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

impl Openings for Recorded {
    fn opening(&mut self, key: B256) -> Result<&[u8], NotRecorded> {
        self.openings.get(&key).map(Vec::as_slice).ok_or(NotRecorded(key))
    }
}
