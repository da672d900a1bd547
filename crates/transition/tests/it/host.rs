//! A host that knows what a map holds, and one that notes what it is asked for.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount, proof::ProofRetainer};
use state::{EMPTY_ROOT, MemoryState};
use transition::{LocalInput, PrecompileResult, PreimageKey, Preimages};

/// Everything that anybody might ask for. Local inputs are added per run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) keccak: BTreeMap<B256, Bytes>,
    blobs: BTreeMap<B256, Vec<u8>>,
    /// Gives blobs their true hashes, where somebody checks them.
    pub(crate) versioned_hash: Option<fn(&[u8]) -> B256>,
}

impl Known {
    pub(crate) fn bytes(&mut self, bytes: Bytes) -> B256 {
        let hash = keccak256(&bytes);
        self.keccak.insert(hash, bytes);
        hash
    }

    pub(crate) fn header(&mut self, header: &Header) -> B256 {
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        self.bytes(bytes.into())
    }

    /// Knows a blob. No commitment is made of it unless somebody asked for true hashes, since that takes a while.
    pub(crate) fn blob(&mut self, blob: &[u8]) -> B256 {
        let mut hash = self.versioned_hash.map_or_else(|| keccak256(blob), |hash| hash(blob));
        hash[0] = 1;
        self.blobs.insert(hash, blob.to_vec());
        hash
    }

    /// All nodes of a trie.
    pub(crate) fn trie(&mut self, leaves: &BTreeMap<Vec<u8>, Vec<u8>>) -> B256 {
        if leaves.is_empty() {
            return EMPTY_ROOT;
        }
        let retainer = ProofRetainer::from_iter(leaves.keys().map(Nibbles::unpack));
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        for (key, value) in leaves {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        let root = builder.root();
        for (_, node) in builder.take_proof_nodes().into_nodes_sorted() {
            self.bytes(node);
        }
        root
    }

    /// All nodes and codes of a state.
    pub(crate) fn state(&mut self, state: &MemoryState) -> B256 {
        let mut slots: BTreeMap<_, BTreeMap<Vec<u8>, Vec<u8>>> = BTreeMap::new();
        for (address, slot, value) in state.slots() {
            let key = keccak256(B256::from(slot)).to_vec();
            slots.entry(address).or_default().insert(key, alloy_rlp::encode(value));
        }
        let mut accounts = BTreeMap::new();
        for (address, account) in state.accounts() {
            let storage_root = self.trie(slots.get(&address).unwrap_or(&BTreeMap::new()));
            let state::Account { nonce, balance, code_hash } = account;
            let account = TrieAccount { nonce, balance, storage_root, code_hash };
            accounts.insert(keccak256(address).to_vec(), alloy_rlp::encode(account));
        }
        for (_, code) in state.codes() {
            self.bytes(code.clone());
        }
        self.trie(&accounts)
    }
}

/// What a dispute pins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pins {
    pub(crate) previous: B256,
    pub(crate) batches: B256,
    pub(crate) messages: B256,
    pub(crate) l1_number: u64,
    pub(crate) l1_parent_hash: B256,
    pub(crate) parameters: B256,
    pub(crate) place: u64,
}

/// A host for one run, which notes what it was asked for.
#[derive(Debug)]
pub(crate) struct Host<'a> {
    known: &'a Known,
    pins: Pins,
    /// What it does not tell.
    pub(crate) withheld: Option<PreimageKey>,
    pub(crate) asked: RefCell<BTreeSet<PreimageKey>>,
    /// Address, gas and input of precompiled contracts that the run computed.
    pub(crate) computed: RefCell<BTreeSet<(u16, u64, Vec<u8>)>>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(known: &'a Known, pins: Pins) -> Self {
        let (asked, computed) = Default::default();
        Self { known, pins, withheld: None, asked, computed }
    }

    fn may_tell(&self, key: PreimageKey) -> Option<()> {
        self.asked.borrow_mut().insert(key);
        (self.withheld != Some(key)).then_some(())
    }
}

impl Preimages for Host<'_> {
    fn keccak(&self, hash: &B256) -> Option<Bytes> {
        self.may_tell(PreimageKey::Keccak(*hash))?;
        self.known.keccak.get(hash).cloned()
    }

    fn local(&self, input: LocalInput) -> Option<B256> {
        self.may_tell(PreimageKey::Local(input))?;
        let Pins { previous, batches, messages, l1_number, l1_parent_hash, parameters, place } =
            self.pins;
        Some(match input {
            LocalInput::PreviousClaim => previous,
            LocalInput::BatchAccumulator => batches,
            LocalInput::MessageAccumulator => messages,
            LocalInput::L1Number => U256::from(l1_number).into(),
            LocalInput::L1ParentHash => l1_parent_hash,
            LocalInput::Parameters => parameters,
            LocalInput::Place => U256::from(place).into(),
        })
    }

    fn blob_element(&self, versioned_hash: &B256, index: u32) -> Option<B256> {
        self.may_tell(PreimageKey::BlobElement { versioned_hash: *versioned_hash, index })?;
        let at = 32 * usize::try_from(index).unwrap();
        self.known.blobs.get(versioned_hash)?.get(at..at + 32).map(B256::from_slice)
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        self.computed.borrow_mut().insert((address, gas, input.to_vec()));
        None
    }
}
