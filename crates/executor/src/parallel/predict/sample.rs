//! One transaction as it was watched: what it looked at and wrote, and what it hashed on the way to its slots.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256, map::HashMap};
use revm::{
    Inspector,
    bytecode::opcode::KECCAK256,
    interpreter::{
        Interpreter,
        interpreter::EthInterpreter,
        interpreter_types::{Jumps, MemoryTr},
    },
    state::EvmState,
};

use super::{super::schedule::Cost, template};
use crate::{RecoveredTransaction, changes::AccountChange};

/// Hashes that are noted of one transaction, and bytes that one of them is made of: enough for the address of a contract
/// (EIP-1014).
const HASHES_MAX: usize = 256;
const HASHED_BYTES_MAX: usize = 96;

/// Places of one transaction that a template is made of; one that touches more is too much to guess.
const PLACES_MAX: usize = 96;

/// What one transaction did.
#[derive(Debug, Default)]
pub(in crate::parallel) struct Sample {
    /// Code of the contract that was called.
    pub code_hash: Option<B256>,
    /// Accounts, whether they have code, and whether they changed.
    pub accounts: Vec<(Address, bool, bool)>,
    /// Slots, and whether they changed.
    pub slots: Vec<(Address, U256, bool)>,
    /// What was hashed, by its hash: two words for a place in a mapping, the names of a contract for its address.
    pub preimages: HashMap<U256, Vec<u8>>,
    /// How long it took, in nanoseconds.
    pub cost: Cost,
}

impl Sample {
    /// What a watched transaction left behind. `None`: it touched too much.
    pub(in crate::parallel) fn new(
        changes: &EvmState,
        watcher: Watcher,
        to: Address,
        is_vault: impl Fn(&Address) -> bool,
    ) -> Option<Self> {
        let mut sample = Self { preimages: watcher.preimages, ..Self::default() };
        for (address, account) in changes.iter().filter(|(address, _)| !is_vault(address)) {
            let is_written = AccountChange::of(account).is_some() && account.is_changed();
            let has_code = !account.info.is_empty_code_hash();
            sample.accounts.push((*address, has_code, is_written));
            for (slot, value) in &account.storage {
                sample.slots.push((*address, *slot, value.is_changed()));
            }
        }
        sample.code_hash = changes.get(&to).map(|account| account.info.code_hash);
        (sample.accounts.len() + sample.slots.len() <= PLACES_MAX).then_some(sample)
    }

    /// The same with how long the transaction took.
    pub(in crate::parallel) fn with_time(self, elapsed: Duration) -> Self {
        Self { cost: Cost::try_from(elapsed.as_nanos()).unwrap_or(Cost::MAX), ..self }
    }

    /// Words of the call data that name contracts.
    pub(super) fn contract_words(&self, tx: &RecoveredTransaction) -> Vec<u16> {
        let is_contract = |word: U256| {
            self.accounts
                .iter()
                .any(|(address, has_code, _)| *has_code && word == template::word_of(*address))
        };
        (0..template::INPUT_WORDS_MAX)
            .filter(|word| template::input_word(tx, *word).is_some_and(is_contract))
            .collect()
    }
}

/// Watches what is hashed.
#[derive(Debug, Default)]
pub(in crate::parallel) struct Watcher {
    preimages: HashMap<U256, Vec<u8>>,
    /// The memory range of a hash that is being made: offset and length.
    pending: Option<(usize, usize)>,
}

impl<C> Inspector<C, EthInterpreter> for Watcher {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut C) {
        if interpreter.bytecode.opcode() != KECCAK256 || self.preimages.len() >= HASHES_MAX {
            return;
        }
        let word = |place| usize::try_from(interpreter.stack.peek(place).ok()?).ok();
        self.pending = word(0).zip(word(1)).filter(|(_, length)| *length <= HASHED_BYTES_MAX);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut C) {
        let Some((offset, length)) = self.pending.take() else { return };
        // Out of gas: nothing was hashed, and the memory may not reach that far.
        let end = offset.checked_add(length).filter(|end| *end <= interpreter.memory.size());
        let (Some(_), Ok(hash)) = (end, interpreter.stack.peek(0)) else { return };
        self.preimages.insert(hash, interpreter.memory.slice_len(offset, length).to_vec());
    }
}
