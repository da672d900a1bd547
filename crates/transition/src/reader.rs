//! The state after the previous claim, read from the host node by node.
//!
//! Invariant: each account and slot is looked up once; what it was is kept, because the state under it does not change
//! while a slice is executed above it.

use alloc::collections::BTreeMap;
use core::cell::RefCell;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::Decodable;
use protocol::Header;
use state::{
    Account, ByHash, PartialError, PartialState, PrecompileResult, StateDiff, StateReader,
};

use crate::{Invalid, Missing, PreimageKey, Preimages, halt::Halt};

/// The host as who knows bytes by their hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByKeccak<'a, P>(pub(crate) &'a P);

impl<P: Preimages> ByHash for ByKeccak<'_, P> {
    fn by_hash(&self, hash: &B256) -> Option<Bytes> {
        self.0.keccak(hash)
    }
}

/// Why the state could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// The host lacks bytes.
    #[error("the host lacks the bytes of {0}")]
    Missing(B256),
    /// Bytes are not what they should be.
    #[error("a node or header is malformed")]
    Malformed,
}

impl From<PartialError> for ReadError {
    fn from(error: PartialError) -> Self {
        match error {
            PartialError::Node(hash) | PartialError::Code(hash) => Self::Missing(hash),
            PartialError::BlockHash(_) | PartialError::Malformed => Self::Malformed,
        }
    }
}

/// What a failed read means for the run; `malformed` is what it means if the bytes are there.
pub(crate) const fn halt(error: ReadError, malformed: Invalid) -> Halt {
    match error {
        ReadError::Missing(hash) => Halt::Missing(Missing(PreimageKey::Keccak(hash))),
        ReadError::Malformed => Halt::Invalid(malformed),
    }
}

/// A state, and the blocks before it for `BLOCKHASH`.
#[derive(Debug)]
pub(crate) struct ChainState<'a, P> {
    host: &'a P,
    state: PartialState<ByKeccak<'a, P>>,
    accounts: RefCell<BTreeMap<Address, Option<Account>>>,
    storage_roots: RefCell<BTreeMap<Address, B256>>,
    slots: RefCell<BTreeMap<(Address, U256), U256>>,
    /// Hashes of the newest blocks by number, without a gap.
    block_hashes: RefCell<BTreeMap<u64, B256>>,
}

impl<'a, P: Preimages> ChainState<'a, P> {
    /// The state with this root, in a block whose parent has this number and hash.
    pub(crate) fn new(host: &'a P, root: B256, parent: (u64, B256)) -> Self {
        Self {
            host,
            state: PartialState::over(root, ByKeccak(host)),
            accounts: RefCell::default(),
            storage_roots: RefCell::default(),
            slots: RefCell::default(),
            block_hashes: RefCell::new([parent].into()),
        }
    }

    pub(crate) fn root_after(&self, diff: &StateDiff) -> Result<B256, ReadError> {
        Ok(self.state.root_after(diff)?)
    }

    /// The root after a diff, and that of the storage of one account.
    pub(crate) fn roots_after(
        &self,
        diff: &StateDiff,
        of: &Address,
    ) -> Result<(B256, B256), ReadError> {
        Ok(self.state.roots_after(diff, of)?)
    }

    fn storage_root(&self, address: &Address) -> Result<B256, ReadError> {
        if let Some(root) = self.storage_roots.borrow().get(address) {
            return Ok(*root);
        }
        let root = self.state.storage_root(address)?;
        self.storage_roots.borrow_mut().insert(*address, root);
        Ok(root)
    }
}

impl<P: Preimages> StateReader for ChainState<'_, P> {
    type Error = ReadError;

    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        if let Some(account) = self.accounts.borrow().get(address) {
            return Ok(*account);
        }
        let account = self.state.account(address)?;
        self.accounts.borrow_mut().insert(*address, account);
        Ok(account)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        let place = (*address, *slot);
        if let Some(value) = self.slots.borrow().get(&place) {
            return Ok(*value);
        }
        let root = self.storage_root(address)?;
        let found = self.state.trie_value(root, keccak256(slot.to_be_bytes::<32>()).as_slice())?;
        let value = found.map(|bytes| U256::decode(&mut &bytes[..])).transpose();
        let value = value.map_err(|_| ReadError::Malformed)?.unwrap_or_default();
        self.slots.borrow_mut().insert(place, value);
        Ok(value)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        if *hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        self.host.keccak(hash).ok_or(ReadError::Missing(*hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, ReadError> {
        let mut hashes = self.block_hashes.borrow_mut();
        if let Some(hash) = hashes.get(&number) {
            return Ok(*hash);
        }
        let (&oldest, &hash) = hashes.first_key_value().ok_or(ReadError::Malformed)?;
        let mut hash = hash;
        for older in (number..oldest).rev() {
            let bytes = self.host.keccak(&hash).ok_or(ReadError::Missing(hash))?;
            let header = Header::decode(&mut &bytes[..]).map_err(|_| ReadError::Malformed)?;
            hash = header.parent_hash;
            hashes.insert(older, hash);
        }
        // Above the parent there is no block yet; the EVM does not ask for one.
        hashes.get(&number).copied().ok_or(ReadError::Malformed)
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        self.host.precompile(address, gas, input)
    }
}
