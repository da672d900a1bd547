//! The places of a transaction in terms of who calls, whom, with which words, and what is hashed of these: places in
//! mappings, and addresses of contracts that follow from what they are for, as those of pools from their tokens.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256, keccak256, map::HashMap};

use super::{Key, Sample};
use crate::RecoveredTransaction;

/// Words of the call data that places are looked for in.
pub(super) const INPUT_WORDS_MAX: u16 = 32;

/// How deep mappings of mappings are followed.
const DEPTH_MAX: u32 = 4;

/// Hashes of one template that addresses are made of.
const HASHES_MAX: usize = 8;

/// Members of a struct, or of a packed array, that lie behind its first slot.
const MEMBERS_MAX: u64 = 16;

/// Where transactions of one kind look and write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// What is hashed; later ones may be made of earlier ones.
    pub(super) hashes: Vec<Vec<Piece>>,
    pub(super) accounts: Vec<(Word, bool)>,
    pub(super) slots: Vec<(Word, Slot, bool)>,
}

/// A word that a transaction brings, or that is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Caller,
    To,
    /// Of the call data, behind the selector.
    Input(u16),
    /// The address in one of the template's hashes.
    Address(usize),
    Same(U256),
}

/// A part of what is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Address(Word),
    /// Two addresses, the smaller one first.
    Sorted(Word, Word),
    /// One of the template's hashes, whole.
    Hash(usize),
}

/// A transaction, and the template's hashes as they are for it.
struct Values<'a> {
    tx: &'a RecoveredTransaction,
    hashes: Vec<B256>,
}

/// How a slot is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
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
        let mut origin = Origin::new(tx, to, sample);
        let accounts = sample.accounts.iter().filter(|(of, ..)| *of != tx.sender);
        let accounts = accounts.map(|(address, _, writes)| (origin.address(*address), *writes));
        let accounts = accounts.collect();
        let slots = sample.slots.iter().map(|(address, slot, writes)| {
            (origin.address(*address), origin.slot(*slot, 0), *writes)
        });
        let slots = slots.collect();
        Self { accounts, slots, hashes: origin.hashes.into_iter().map(|(_, made)| made).collect() }
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
        let mut guess = || {
            let values = self.values(tx)?;
            let value = |word: &Word| word.value(&values);
            for (word, writes) in &self.accounts {
                keys.push(Key::Account { address: address_of(value(word)?), writes: *writes });
            }
            for (word, slot, writes) in &self.slots {
                let (address, slot) = (address_of(value(word)?), slot.value(&values)?);
                keys.push(Key::Slot { address, slot, writes: *writes });
            }
            Some(())
        };
        guess().is_some()
    }

    fn values<'a>(&self, tx: &'a RecoveredTransaction) -> Option<Values<'a>> {
        let mut values = Values { tx, hashes: Vec::with_capacity(self.hashes.len()) };
        for pieces in &self.hashes {
            let mut bytes = Vec::new();
            for piece in pieces {
                piece.write(&values, &mut bytes)?;
            }
            values.hashes.push(keccak256(&bytes));
        }
        Some(values)
    }
}

impl Piece {
    fn write(&self, values: &Values<'_>, bytes: &mut Vec<u8>) -> Option<()> {
        let address = |word: &Word| word.value(values).map(address_of);
        match self {
            Self::Bytes(same) => bytes.extend_from_slice(same),
            Self::Address(word) => bytes.extend_from_slice(address(word)?.as_slice()),
            Self::Sorted(one, other) => {
                let (one, other) = (address(one)?, address(other)?);
                bytes.extend_from_slice(std::cmp::min(one, other).as_slice());
                bytes.extend_from_slice(std::cmp::max(one, other).as_slice());
            }
            Self::Hash(number) => bytes.extend_from_slice(values.hashes.get(*number)?.as_slice()),
        }
        Some(())
    }
}

fn address_of(word: U256) -> Address {
    Address::from_word(word.into())
}

impl Word {
    fn value(self, values: &Values<'_>) -> Option<U256> {
        let tx = values.tx;
        match self {
            Self::Caller => Some(word_of(tx.sender)),
            Self::To => tx.tx.to().map(word_of),
            Self::Input(index) => input_word(tx, index),
            Self::Address(number) => Some(word_of(Address::from_word(*values.hashes.get(number)?))),
            Self::Same(word) => Some(word),
        }
    }
}

impl Slot {
    fn value(&self, values: &Values<'_>) -> Option<U256> {
        Some(match self {
            Self::Word(word) => word.value(values)?,
            Self::Mapping(key, base) => {
                let words =
                    [key.value(values)?, base.value(values)?].map(|word| word.to_be_bytes::<32>());
                keccak256(words.as_flattened()).into()
            }
            Self::Behind(slot, members) => slot.value(values)?.wrapping_add(U256::from(*members)),
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
    /// Hashes by the address in them.
    by_address: HashMap<Address, U256>,
    /// Those that the template needs, with what they are made of.
    hashes: Vec<(U256, Vec<Piece>)>,
}

impl<'a> Origin<'a> {
    fn new(tx: &'a RecoveredTransaction, to: Address, sample: &'a Sample) -> Self {
        let hashes = sample.preimages.keys();
        let by_address = hashes.map(|hash| (address_of(*hash), *hash)).collect();
        Self { tx, to, sample, by_address, hashes: Vec::new() }
    }

    /// A word that the transaction brings.
    fn given(&self, value: U256) -> Option<Word> {
        if value == word_of(self.tx.sender) {
            return Some(Word::Caller);
        }
        if value == word_of(self.to) {
            return Some(Word::To);
        }
        let mut inputs = 0..INPUT_WORDS_MAX;
        inputs.find(|index| input_word(self.tx, *index) == Some(value)).map(Word::Input)
    }

    fn word(&mut self, value: U256) -> Word {
        if let Some(given) = self.given(value) {
            return given;
        }
        let made = self.by_address.get(&address_of(value)).copied();
        let made = made.filter(|_| value.bit_len() <= 160).and_then(|hash| self.hash(hash, 0));
        made.map_or(Word::Same(value), Word::Address)
    }

    fn address(&mut self, address: Address) -> Word {
        self.word(word_of(address))
    }

    /// The number of a hash, if it is made of something that the transaction brings.
    fn hash(&mut self, hash: U256, depth: u32) -> Option<usize> {
        if let Some(known) = self.hashes.iter().position(|(of, _)| *of == hash) {
            return Some(known);
        }
        if depth == DEPTH_MAX {
            return None;
        }
        let sample = self.sample;
        let mut rest = &sample.preimages.get(&hash)?[..];
        let mut pieces = Vec::new();
        while let Some(byte) = rest.first() {
            if let Some(word) = rest.first_chunk::<32>()
                && let Some(number) = self.hash(U256::from_be_bytes(*word), depth + 1)
            {
                pieces.push(Piece::Hash(number));
                rest = &rest[32..];
            } else if let Some(address) = rest.first_chunk::<20>().map(Address::from)
                // Zeros, which small numbers begin with, are no address.
                && address.0[0..4] != [0; 4]
                && let Some(word) = self.given(word_of(address))
            {
                push_address(&mut pieces, word, |word| self.value_now(word) < address);
                rest = &rest[20..];
            } else {
                match pieces.last_mut() {
                    Some(Piece::Bytes(same)) => same.push(*byte),
                    _ => pieces.push(Piece::Bytes(vec![*byte])),
                }
                rest = &rest[1..];
            }
        }
        let is_given = pieces.iter().any(|piece| !matches!(piece, Piece::Bytes(_)));
        let has_room = self.hashes.len() < HASHES_MAX;
        (is_given && has_room).then(|| {
            self.hashes.push((hash, pieces));
            self.hashes.len() - 1
        })
    }

    /// The address that a word is in the transaction that was watched.
    fn value_now(&self, word: Word) -> Address {
        let values = Values { tx: self.tx, hashes: Vec::new() };
        word.value(&values).map(address_of).unwrap_or_default()
    }

    fn slot(&mut self, value: U256, depth: u32) -> Slot {
        if depth < DEPTH_MAX {
            for members in 0..MEMBERS_MAX {
                let Some([key, base]) = self.pair(value.wrapping_sub(U256::from(members))) else {
                    continue;
                };
                // A small base is the place of the mapping in its contract, even if the call data hold such a number.
                let base = if base.bit_len() <= 16 {
                    Slot::Word(Word::Same(base))
                } else {
                    self.slot(base, depth + 1)
                };
                let mapping = Slot::Mapping(Box::new(self.slot(key, depth + 1)), Box::new(base));
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

    /// The two words that a place in a mapping is made of.
    fn pair(&self, hash: U256) -> Option<[U256; 2]> {
        let (words, rest) = self.sample.preimages.get(&hash)?.as_chunks::<32>();
        let [key, base] = words else { return None };
        rest.is_empty().then(|| [key, base].map(|word| U256::from_be_bytes(*word)))
    }
}

/// Adds an address. Two in a row of which the first is smaller were sorted, as contracts do that treat both alike.
fn push_address(pieces: &mut Vec<Piece>, word: Word, is_smaller: impl FnOnce(Word) -> bool) {
    match pieces.last() {
        Some(Piece::Address(before)) if is_smaller(*before) => {
            let before = *before;
            pieces.pop();
            pieces.push(Piece::Sorted(before, word));
        }
        _ => pieces.push(Piece::Address(word)),
    }
}
