//! One slice of a block executed under watch: what a run reads of the state before it, and what earlier slices left.
//!
//! The state is read out of the trie itself, so that execution and proofs cannot be about two states. Invariant: what is
//! watched is what a run executes: the same inputs, cut by the same rule (`docs/spec/claims.md`, section 2).

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use executor::{
    BlockContext, ChainSpec, ExecuteError, RecoveredTransaction, SerialExecutor,
    forced_transactions,
};
use protocol::{BlockInputs, Header, predeploys::L2_TO_L1_MESSAGE_PASSER};
use state::{Account, Reads, StateDiff, StateReader, StateTrie};
use transition::{PLACES_PER_BLOCK, receipt_link, receipts_next};

use super::SegmentError;
use crate::chain::ReadState;

/// What a run of one slice reads of L2 behind the block before.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Trie nodes, codes, links of the chain of receipts, receipts.
    pub(super) preimages: Vec<Bytes>,
    /// The oldest block whose hash was asked for.
    pub(super) oldest: Option<u64>,
    /// Root of the state before the slice.
    pub(super) state_root: B256,
}

/// A block and where its slices end.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) spec: &'a ChainSpec,
    pub(super) parent: &'a Header,
    pub(super) inputs: &'a BlockInputs,
    pub(super) segment_gas: u64,
}

impl Block<'_> {
    /// Executes the slices up to `place`, the last of them under watch. `trie` is of the state before the block; `stored`
    /// gives codes and block hashes.
    pub(super) fn watch<S>(
        &self,
        mut trie: StateTrie,
        stored: &S,
        place: u64,
    ) -> Result<Reading, SegmentError>
    where
        S: StateReader<Error = ReadState>,
    {
        let mut progress = Progress::default();
        let mut codes = BTreeMap::new();
        loop {
            let watched =
                Watched { trie: &trie, stored, codes: &codes, seen: RefCell::new(Seen::default()) };
            let slice = progress.slices;
            let done = self.slice(&watched, &mut progress);
            let (diff, is_cut) = done.map_err(SegmentError::Execute)?;
            if slice == place {
                let seen = watched.seen.into_inner();
                return Ok(reading(seen, &trie, &diff, progress.before));
            }
            if !is_cut {
                return Err(SegmentError::NoSlice { place });
            }
            trie.apply(&diff);
            codes.extend(diff.codes);
        }
    }

    /// Executes the next slice; its changes, and whether the block goes on.
    fn slice<S>(
        &self,
        state: &Watched<'_, S>,
        progress: &mut Progress,
    ) -> Result<(StateDiff, bool), ExecuteError<ReadState>>
    where
        S: StateReader<Error = ReadState>,
    {
        let context = BlockContext::new(self.spec, self.parent, &self.inputs.opening);
        let mut executor = match progress.slices {
            0 => SerialExecutor::new(context, state)?,
            _ => SerialExecutor::continuing(context, state, progress.gas_used),
        };
        let forced: Vec<_> =
            forced_transactions(&self.inputs.opening, &self.inputs.deposits).collect();
        let users = &self.inputs.transactions;
        let count = (forced.len() + users.len()) as u64;
        progress.before.append(&mut progress.receipts);
        progress.slices += 1;
        let (gas_before, is_last) = (progress.gas_used, progress.slices >= PLACES_PER_BLOCK);
        let rest = usize::try_from(progress.inputs).unwrap_or(usize::MAX);
        let forced = forced.into_iter().map(Some);
        let users = users.iter().map(|raw| RecoveredTransaction::decode(raw).ok());
        for transaction in forced.chain(users).skip(rest) {
            let input = progress.inputs;
            progress.inputs += 1;
            let Some(transaction) = transaction else { continue };
            let outcome = match executor.execute(&transaction) {
                Ok(outcome) => outcome,
                Err(ExecuteError::Invalid(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut receipt = Vec::new();
            outcome.encode_receipt(&mut receipt);
            progress.included(input, receipt);
            progress.gas_used = executor.executed().gas_used;
            let is_full = progress.gas_used.saturating_sub(gas_before) >= self.segment_gas;
            if is_full && progress.inputs < count && !is_last {
                return Ok((executor.finish().diff, true));
            }
        }
        Ok((executor.finish().diff, false))
    }
}

/// How far a block is executed.
#[derive(Debug, Default)]
struct Progress {
    slices: u64,
    inputs: u64,
    gas_used: u64,
    chain: B256,
    /// Links and receipts of the slice in work.
    receipts: Vec<Bytes>,
    /// Those of the slices before.
    before: Vec<Bytes>,
}

impl Progress {
    fn included(&mut self, input: u64, receipt: Vec<u8>) {
        let link = receipt_link(self.chain, input, keccak256(&receipt));
        self.chain = receipts_next(self.chain, input, &receipt);
        self.receipts.push(link.to_vec().into());
        self.receipts.push(receipt.into());
    }
}

fn reading(seen: Seen, trie: &StateTrie, diff: &StateDiff, receipts: Vec<Bytes>) -> Reading {
    let mut reads: Reads = Reads::new();
    for address in seen.accounts.keys() {
        reads.entry(*address).or_default();
    }
    for (address, slot) in seen.slots.keys() {
        reads.entry(*address).or_default().insert(*slot);
    }
    // The claim after the block names the root of its storage.
    reads.entry(L2_TO_L1_MESSAGE_PASSER).or_default();
    let nodes: BTreeSet<Bytes> = trie.witness_with(&StateDiff::default(), &reads, diff);
    let preimages = nodes.into_iter().chain(seen.codes.into_values()).chain(receipts);
    Reading { preimages: preimages.collect(), oldest: seen.oldest, state_root: trie.root() }
}

/// A state that remembers what was read of it.
#[derive(Debug)]
struct Watched<'a, S> {
    trie: &'a StateTrie,
    stored: &'a S,
    /// Codes that earlier slices of the block brought.
    codes: &'a BTreeMap<B256, Bytes>,
    seen: RefCell<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    accounts: BTreeMap<Address, Option<Account>>,
    slots: BTreeMap<(Address, U256), U256>,
    codes: BTreeMap<B256, Bytes>,
    oldest: Option<u64>,
}

impl<S: StateReader<Error = ReadState>> StateReader for Watched<'_, S> {
    type Error = ReadState;

    fn account(&self, address: &Address) -> Result<Option<Account>, ReadState> {
        let mut seen = self.seen.borrow_mut();
        let read = || self.trie.proof(address, &[]).account;
        Ok(*seen.accounts.entry(*address).or_insert_with(read))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadState> {
        let mut seen = self.seen.borrow_mut();
        let read = || {
            let proof = self.trie.proof(address, &[*slot]);
            proof.storage.first().map(|slot| slot.value).unwrap_or_default()
        };
        Ok(*seen.slots.entry((*address, *slot)).or_insert_with(read))
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadState> {
        if *hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        let code = match self.codes.get(hash) {
            Some(code) => code.clone(),
            None => self.stored.code(hash)?,
        };
        self.seen.borrow_mut().codes.insert(*hash, code.clone());
        Ok(code)
    }

    fn block_hash(&self, number: u64) -> Result<B256, ReadState> {
        let mut seen = self.seen.borrow_mut();
        seen.oldest = Some(seen.oldest.map_or(number, |oldest| std::cmp::min(oldest, number)));
        drop(seen);
        self.stored.block_hash(number)
    }
}
