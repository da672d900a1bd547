//! The places of a transaction in terms of who calls, whom, and with which words.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U256, keccak256};

use super::{Key, Sample};
use crate::RecoveredTransaction;

/// Words of the call data that places are looked for in.
pub(super) const INPUT_WORDS_MAX: u16 = 32;

/// How deep mappings of mappings are followed.
const DEPTH_MAX: u32 = 4;

/// Members of a struct, or of a packed array, that lie behind its first slot.
const MEMBERS_MAX: u64 = 16;

/// Where transactions of one kind look and write.
#[derive(Debug)]
pub(super) struct Template {
    accounts: Vec<(Word, bool)>,
    slots: Vec<(Word, Slot, bool)>,
}

/// A word that a transaction brings, or that is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Caller,
    To,
    /// Of the call data, behind the selector.
    Input(u16),
    Same(U256),
}

/// How a slot is found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    Word(Word),
    /// The place of a key in a mapping.
    Mapping(Box<Self>, Box<Self>),
    /// So many slots behind another.
    Behind(Box<Self>, u64),
}

/// A word of the call data; `None`: there are not so many.
pub(super) fn input_word(tx: &RecoveredTransaction, index: u16) -> Option<U256> {
    let start = 4 + usize::from(index) * 32;
    tx.tx.input().get(start..start + 32).map(U256::from_be_slice)
}

/// An address as a word.
pub(super) fn word_of(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

impl Template {
    /// From one transaction to all of its kind.
    pub(super) fn new(tx: &RecoveredTransaction, to: Address, sample: &Sample) -> Self {
        let origin = Origin { tx, to, sample };
        let account = |(address, _, writes): &(Address, bool, bool)| {
            (origin.word(word_of(*address)), *writes)
        };
        let slot = |(address, slot, writes): &(Address, U256, bool)| {
            (origin.word(word_of(*address)), origin.slot(*slot, 0), *writes)
        };
        Self {
            accounts: sample
                .accounts
                .iter()
                .filter(|(of, ..)| *of != tx.sender)
                .map(account)
                .collect(),
            slots: sample.slots.iter().map(slot).collect(),
        }
    }

    /// Whether it names no contract but the one that is called, so that it holds wherever the same code stands.
    pub(super) fn is_general(&self) -> bool {
        let is_fixed = |word: &Word| matches!(word, Word::Same(_));
        !self.accounts.iter().any(|(word, _)| is_fixed(word))
            && !self.slots.iter().any(|(word, ..)| is_fixed(word))
    }

    /// Whether all of its kind write one place, so that one waits for the other.
    pub(super) fn is_bottleneck(&self) -> bool {
        let same = |word: &Word| matches!(word, Word::Same(_) | Word::To);
        self.accounts.iter().any(|(word, writes)| *writes && same(word))
            || self.slots.iter().any(|(word, slot, writes)| *writes && same(word) && slot.is_same())
    }

    /// Adds the places of a transaction. `false`: its call data are too short for a guess.
    pub(super) fn keys(&self, tx: &RecoveredTransaction, keys: &mut Vec<Key>) -> bool {
        let value = |word: &Word| word.value(tx);
        let mut guess = || {
            for (word, writes) in &self.accounts {
                keys.push(Key::Account { address: address_of(value(word)?), writes: *writes });
            }
            for (word, slot, writes) in &self.slots {
                let (address, slot) = (address_of(value(word)?), slot.value(tx)?);
                keys.push(Key::Slot { address, slot, writes: *writes });
            }
            Some(())
        };
        guess().is_some()
    }
}

fn address_of(word: U256) -> Address {
    Address::from_word(word.into())
}

impl Word {
    fn value(self, tx: &RecoveredTransaction) -> Option<U256> {
        match self {
            Self::Caller => Some(word_of(tx.sender)),
            Self::To => tx.tx.to().map(word_of),
            Self::Input(index) => input_word(tx, index),
            Self::Same(word) => Some(word),
        }
    }
}

impl Slot {
    fn value(&self, tx: &RecoveredTransaction) -> Option<U256> {
        Some(match self {
            Self::Word(word) => word.value(tx)?,
            Self::Mapping(key, base) => {
                let words = [key.value(tx)?, base.value(tx)?].map(|word| word.to_be_bytes::<32>());
                keccak256(words.as_flattened()).into()
            }
            Self::Behind(slot, members) => slot.value(tx)?.wrapping_add(U256::from(*members)),
        })
    }

    /// Whether it is one slot for all transactions.
    fn is_same(&self) -> bool {
        match self {
            Self::Word(word) => matches!(word, Word::Same(_) | Word::To),
            Self::Mapping(key, base) => key.is_same() && base.is_same(),
            Self::Behind(slot, _) => slot.is_same(),
        }
    }
}

/// Where the values of a sample may come from.
struct Origin<'a> {
    tx: &'a RecoveredTransaction,
    to: Address,
    sample: &'a Sample,
}

impl Origin<'_> {
    fn word(&self, value: U256) -> Word {
        if value == word_of(self.tx.sender) {
            return Word::Caller;
        }
        if value == word_of(self.to) {
            return Word::To;
        }
        let mut inputs = 0..INPUT_WORDS_MAX;
        let input = inputs.find(|index| input_word(self.tx, *index) == Some(value));
        input.map_or(Word::Same(value), Word::Input)
    }

    fn slot(&self, value: U256, depth: u32) -> Slot {
        if depth < DEPTH_MAX {
            for members in 0..MEMBERS_MAX {
                let Some([key, base]) =
                    self.sample.pairs.get(&value.wrapping_sub(U256::from(members)))
                else {
                    continue;
                };
                // A small base is the place of the mapping in its contract, even if the call data hold such a number.
                let base = if base.bit_len() <= 16 {
                    Slot::Word(Word::Same(*base))
                } else {
                    self.slot(*base, depth + 1)
                };
                let mapping = Slot::Mapping(Box::new(self.slot(*key, depth + 1)), Box::new(base));
                return match members {
                    0 => mapping,
                    _ => Slot::Behind(Box::new(mapping), members),
                };
            }
        }
        // At the outermost level a small number is a variable of the contract; within a mapping it may be a key.
        if depth == 0 && value.bit_len() <= 8 {
            return Slot::Word(Word::Same(value));
        }
        Slot::Word(self.word(value))
    }
}
