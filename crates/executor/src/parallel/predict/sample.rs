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

/// Hashes that are noted of one transaction.
const HASHES_MAX: usize = 256;

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
    /// What was hashed from two words, as for a place in a mapping.
    pub pairs: HashMap<U256, [U256; 2]>,
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
        let mut sample = Self { pairs: watcher.pairs, ..Self::default() };
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
    pairs: HashMap<U256, [U256; 2]>,
    /// The memory range of a hash that is being made.
    pending: Option<usize>,
}

impl<C> Inspector<C, EthInterpreter> for Watcher {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut C) {
        if interpreter.bytecode.opcode() != KECCAK256 || self.pairs.len() >= HASHES_MAX {
            return;
        }
        let (offset, length) = (interpreter.stack.peek(0), interpreter.stack.peek(1));
        if let (Ok(offset), Ok(length)) = (offset, length)
            && length == U256::from(64)
        {
            self.pending = usize::try_from(offset).ok();
        }
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut C) {
        let Some(offset) = self.pending.take() else { return };
        // Out of gas: nothing was hashed, and the memory may not reach that far.
        let end = offset.checked_add(64).filter(|end| *end <= interpreter.memory.size());
        let (Some(_), Ok(hash)) = (end, interpreter.stack.peek(0)) else { return };
        let bytes = interpreter.memory.slice_len(offset, 64);
        let word = |from: usize| U256::from_be_slice(&bytes[from..from + 32]);
        self.pairs.insert(hash, [word(0), word(32)]);
    }
}
