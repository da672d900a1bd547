//! The preimages that are known so far, and the native run over them.
//!
//! Invariant: everything is kept under the hash that was computed of it here, so no source of bytes has to be believed.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet, sync::Arc};

use alloy::primitives::{B256, Bytes, U256, keccak256};
use protocol::blob::BLOB_BYTES;
use transition::{LocalInput, PrecompileResult, PreimageKey, Preimages};

/// Bytes of an element of a blob.
const ELEMENT_BYTES: usize = 32;

/// Blobs by versioned hash.
pub(super) type Blobs = BTreeMap<B256, Bytes>;

/// Address, gas and input of calls to precompiled contracts.
pub(super) type Calls = BTreeSet<(u16, u64, Vec<u8>)>;

/// Preimages, and the words that the dispute fixes.
#[derive(Debug, Clone)]
pub(super) struct Known {
    locals: [B256; LocalInput::ALL.len()],
    keccak: BTreeMap<B256, Bytes>,
    blobs: Arc<Blobs>,
}

impl Known {
    pub(super) const fn new(locals: [B256; LocalInput::ALL.len()], blobs: Arc<Blobs>) -> Self {
        Self { locals, keccak: BTreeMap::new(), blobs }
    }

    /// The words, by number.
    pub(super) const fn locals(&self) -> &[B256] {
        &self.locals
    }

    /// Takes bytes in.
    pub(super) fn add(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.keccak.insert(keccak256(&bytes), bytes);
    }

    /// Takes a blob in, which whoever fetched it has checked against its hash.
    pub(super) fn add_blob(&mut self, versioned_hash: B256, blob: Bytes) {
        if blob.len() == BLOB_BYTES {
            Arc::make_mut(&mut self.blobs).insert(versioned_hash, blob);
        }
    }

    pub(super) fn blobs(&self) -> Arc<Blobs> {
        self.blobs.clone()
    }

    pub(super) fn has(&self, key: &PreimageKey) -> bool {
        match key {
            PreimageKey::Keccak(hash) => self.keccak.contains_key(hash),
            PreimageKey::Local(_) => true,
            PreimageKey::BlobElement { versioned_hash, .. } => {
                self.blobs.contains_key(versioned_hash)
            }
        }
    }

    pub(super) fn keccak(&self, hash: &B256) -> Option<&Bytes> {
        self.keccak.get(hash)
    }

    pub(super) fn element(&self, versioned_hash: &B256, index: u32) -> Option<B256> {
        let at = usize::try_from(index).ok()?.checked_mul(ELEMENT_BYTES)?;
        let element = self.blobs.get(versioned_hash)?.get(at..at.checked_add(ELEMENT_BYTES)?)?;
        Some(B256::from_slice(element))
    }
}

/// The words that the dispute fixes, in their order.
pub(super) fn locals(
    previous: B256,
    pins: &super::Pins,
    parameters: B256,
    place: u64,
) -> [B256; LocalInput::ALL.len()] {
    LocalInput::ALL.map(|input| match input {
        LocalInput::PreviousClaim => previous,
        LocalInput::BatchAccumulator => pins.batch_accumulator,
        LocalInput::MessageAccumulator => pins.message_accumulator,
        LocalInput::L1Number => U256::from(pins.l1_number).into(),
        LocalInput::L1ParentHash => pins.l1_parent_hash,
        LocalInput::Parameters => parameters,
        LocalInput::Place => U256::from(place).into(),
    })
}

/// A host that notes what it is asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    known: &'a Known,
    pub(super) asked: RefCell<BTreeSet<PreimageKey>>,
    /// Calls to precompiled contracts that the run computed, and that the machine reads.
    pub(super) computed: RefCell<Calls>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(known: &'a Known) -> Self {
        Self { known, asked: RefCell::default(), computed: RefCell::default() }
    }
}

impl Preimages for Asked<'_> {
    fn keccak(&self, hash: &B256) -> Option<Bytes> {
        self.asked.borrow_mut().insert(PreimageKey::Keccak(*hash));
        self.known.keccak.get(hash).cloned()
    }

    fn local(&self, input: LocalInput) -> Option<B256> {
        self.known.locals.get(usize::from(input as u8)).copied()
    }

    fn blob_element(&self, versioned_hash: &B256, index: u32) -> Option<B256> {
        let versioned_hash = *versioned_hash;
        self.asked.borrow_mut().insert(PreimageKey::BlobElement { versioned_hash, index });
        self.known.element(&versioned_hash, index)
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        self.computed.borrow_mut().insert((address, gas, input.to_vec()));
        None
    }
}
