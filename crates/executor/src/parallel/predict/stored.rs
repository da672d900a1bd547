//! What was learned, as bytes that outlive the process.
//!
//! RLP. Sums are taken apart into a tag and the values that any of its variants has; a slot is written as the steps that
//! build it. Bytes that are not understood are an error, and nothing is lost but what had been learned.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use parking_lot::RwLock;

use super::{
    CONTRACTS_MAX, COST_MIN, KINDS_MAX, Kind, Knowledge, PATIENCE_MAX, Predictor, VARIANTS_MAX,
    template::{Piece, Slot, Template, Word},
};

/// Form of the bytes.
const VERSION: u64 = 1;

/// Bytes that are kept at most; kinds beyond that are learned again.
const BYTES_MAX: usize = 8 << 20;

/// Deeper slots than any that is learned.
const STEPS_MAX: usize = 64;

/// Why something that was stored is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// Not RLP, or not of this shape.
    #[error("malformed predictions")]
    Rlp(#[source] alloy_rlp::Error),
    /// Written by another version.
    #[error("predictions of version {0}")]
    Version(u64),
    /// A value that nothing has.
    #[error("impossible {0} in stored predictions")]
    Impossible(&'static str),
}

#[derive(RlpEncodable, RlpDecodable)]
struct Stored {
    version: u64,
    contracts: Vec<StoredContract>,
    kinds: Vec<StoredKind>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredContract {
    address: Address,
    code_hash: B256,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredKind {
    code_hash: B256,
    selector: FixedBytes<4>,
    routes: Vec<u16>,
    variants: Vec<StoredVariant>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredVariant {
    /// None or one.
    to: Vec<Address>,
    words: Vec<U256>,
    number: u64,
    cost: u64,
    patience: u32,
    /// None or one.
    template: Vec<StoredTemplate>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredTemplate {
    hashes: Vec<Vec<StoredPiece>>,
    accounts: Vec<StoredPlace>,
    slots: Vec<StoredPlace>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredPlace {
    address: Step,
    /// Of a slot.
    steps: Vec<Step>,
    writes: bool,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredPiece {
    tag: u8,
    words: Vec<Step>,
    bytes: Bytes,
    number: u64,
}

/// A word, or what is done with the last ones.
#[derive(Clone, Copy, RlpEncodable, RlpDecodable)]
struct Step {
    tag: u8,
    value: U256,
}

const CALLER: u8 = 0;
const TO: u8 = 1;
const INPUT: u8 = 2;
const ADDRESS: u8 = 3;
const SAME: u8 = 4;
const MAPPING: u8 = 5;
const BEHIND: u8 = 6;

const BYTES: u8 = 0;
const ONE: u8 = 1;
const SORTED: u8 = 2;
const HASH: u8 = 3;

impl Predictor {
    /// Everything that is known.
    pub fn encode(&self) -> Vec<u8> {
        let contracts = self.contracts.read();
        let contracts = contracts.iter();
        let contracts =
            contracts.map(|(address, hash)| StoredContract { address: *address, code_hash: *hash });
        let mut stored =
            Stored { version: VERSION, contracts: contracts.collect(), kinds: Vec::new() };
        let mut room = BYTES_MAX.saturating_sub(stored.length());
        for ((code_hash, selector), kind) in self.kinds.read().iter() {
            let kind = StoredKind {
                code_hash: *code_hash,
                selector: *selector,
                routes: kind.routes.read().clone(),
                variants: kind.variants.read().iter().map(StoredVariant::of).collect(),
            };
            let Some(left) = room.checked_sub(kind.length()) else { continue };
            room = left;
            stored.kinds.push(kind);
        }
        alloy_rlp::encode(stored)
    }

    /// Takes over what another one knew, in place of everything that is known here.
    ///
    /// # Errors
    /// When the bytes are not those of a predictor; then nothing has changed.
    pub fn restore(&self, mut bytes: &[u8]) -> Result<(), StoredError> {
        let stored = Stored::decode(&mut bytes).map_err(StoredError::Rlp)?;
        if stored.version != VERSION {
            return Err(StoredError::Version(stored.version));
        }
        let contracts = stored.contracts.into_iter().take(CONTRACTS_MAX);
        let contracts = contracts.map(|contract| (contract.address, contract.code_hash)).collect();
        let mut kinds = alloy_primitives::map::HashMap::default();
        for kind in stored.kinds.into_iter().take(KINDS_MAX) {
            let mut variants = alloy_primitives::map::HashMap::default();
            for variant in kind.variants.into_iter().take(VARIANTS_MAX) {
                let route = (variant.to.first().copied(), variant.words.clone());
                variants.insert(route, Arc::new(variant.knowledge()?));
            }
            let (routes, variants) = (RwLock::new(kind.routes), RwLock::new(variants));
            kinds.insert((kind.code_hash, kind.selector), Arc::new(Kind { routes, variants }));
        }
        (*self.contracts.write(), *self.kinds.write()) = (contracts, kinds);
        Ok(())
    }
}

impl StoredVariant {
    fn of(((to, words), knowledge): (&super::Route, &Arc<Knowledge>)) -> Self {
        Self {
            to: to.iter().copied().collect(),
            words: words.clone(),
            number: knowledge.number,
            cost: knowledge.cost.load(Ordering::Relaxed),
            patience: knowledge.patience.load(Ordering::Relaxed),
            template: knowledge.template().iter().map(|known| StoredTemplate::of(known)).collect(),
        }
    }

    fn knowledge(self) -> Result<Knowledge, StoredError> {
        let template =
            self.template.into_iter().next().map(StoredTemplate::template).transpose()?;
        Ok(Knowledge {
            template: RwLock::new(template.map(Arc::new)),
            cost: AtomicU64::new(std::cmp::max(self.cost, COST_MIN)),
            patience: AtomicU32::new(std::cmp::min(self.patience, PATIENCE_MAX)),
            number: self.number,
            ..Knowledge::default()
        })
    }
}

impl StoredTemplate {
    fn of(template: &Template) -> Self {
        let accounts = template.accounts.iter();
        let slots = template.slots.iter();
        Self {
            hashes: template
                .hashes
                .iter()
                .map(|made| made.iter().map(StoredPiece::of).collect())
                .collect(),
            accounts: accounts
                .map(|(word, writes)| StoredPlace {
                    address: Step::of(*word),
                    steps: Vec::new(),
                    writes: *writes,
                })
                .collect(),
            slots: slots
                .map(|(word, slot, writes)| {
                    let mut steps = Vec::new();
                    push_steps(slot, &mut steps);
                    StoredPlace { address: Step::of(*word), steps, writes: *writes }
                })
                .collect(),
        }
    }

    fn template(self) -> Result<Template, StoredError> {
        let mut hashes = Vec::new();
        for made in self.hashes {
            // Made of earlier ones alone.
            let before = hashes.len();
            hashes
                .push(made.into_iter().map(|piece| piece.piece(before)).collect::<Result<_, _>>()?);
        }
        let count = hashes.len();
        let accounts = self.accounts.into_iter();
        let slots = self.slots.into_iter();
        Ok(Template {
            hashes,
            accounts: accounts
                .map(|place| Ok((place.address.word(count)?, place.writes)))
                .collect::<Result<_, _>>()?,
            slots: slots
                .map(|place| {
                    let slot = build(&place.steps, count)?;
                    Ok((place.address.word(count)?, slot, place.writes))
                })
                .collect::<Result<_, _>>()?,
        })
    }
}

impl StoredPiece {
    fn of(piece: &Piece) -> Self {
        let mut stored = Self { tag: BYTES, words: Vec::new(), bytes: Bytes::new(), number: 0 };
        match piece {
            Piece::Bytes(same) => stored.bytes = same.clone().into(),
            Piece::Address(word) => (stored.tag, stored.words) = (ONE, vec![Step::of(*word)]),
            Piece::Sorted(one, other) => {
                (stored.tag, stored.words) = (SORTED, vec![Step::of(*one), Step::of(*other)]);
            }
            Piece::Hash(number) => (stored.tag, stored.number) = (HASH, *number as u64),
        }
        stored
    }

    fn piece(self, hashes: usize) -> Result<Piece, StoredError> {
        let number = usize::try_from(self.number).ok().filter(|number| *number < hashes);
        Ok(match (self.tag, &self.words[..], number) {
            (BYTES, [], _) => Piece::Bytes(self.bytes.to_vec()),
            (ONE, [word], _) => Piece::Address(word.word(hashes)?),
            (SORTED, [one, other], _) => Piece::Sorted(one.word(hashes)?, other.word(hashes)?),
            (HASH, [], Some(number)) => Piece::Hash(number),
            _ => return Err(StoredError::Impossible("piece")),
        })
    }
}

impl Step {
    fn of(word: Word) -> Self {
        let (tag, value) = match word {
            Word::Caller => (CALLER, U256::ZERO),
            Word::To => (TO, U256::ZERO),
            Word::Input(index) => (INPUT, U256::from(index)),
            Word::Address(number) => (ADDRESS, U256::from(number)),
            Word::Same(value) => (SAME, value),
        };
        Self { tag, value }
    }

    fn word(self, hashes: usize) -> Result<Word, StoredError> {
        let impossible = StoredError::Impossible("word");
        Ok(match self.tag {
            CALLER => Word::Caller,
            TO => Word::To,
            INPUT => Word::Input(u16::try_from(self.value).map_err(|_| impossible)?),
            ADDRESS => {
                let number = usize::try_from(self.value).ok().filter(|number| *number < hashes);
                Word::Address(number.ok_or(impossible)?)
            }
            SAME => Word::Same(self.value),
            _ => return Err(impossible),
        })
    }
}

fn push_steps(slot: &Slot, steps: &mut Vec<Step>) {
    match slot {
        Slot::Word(word) => steps.push(Step::of(*word)),
        Slot::Mapping(key, base) => {
            push_steps(key, steps);
            push_steps(base, steps);
            steps.push(Step { tag: MAPPING, value: U256::ZERO });
        }
        Slot::Behind(slot, members) => {
            push_steps(slot, steps);
            steps.push(Step { tag: BEHIND, value: U256::from(*members) });
        }
    }
}

fn build(steps: &[Step], hashes: usize) -> Result<Slot, StoredError> {
    let impossible = || StoredError::Impossible("slot");
    if steps.len() > STEPS_MAX {
        return Err(impossible());
    }
    let mut made: Vec<Slot> = Vec::new();
    for step in steps {
        let next = match step.tag {
            MAPPING => {
                let (base, key) = (made.pop(), made.pop());
                let (Some(key), Some(base)) = (key, base) else { return Err(impossible()) };
                Slot::Mapping(Box::new(key), Box::new(base))
            }
            BEHIND => {
                let slot = made.pop().ok_or_else(impossible)?;
                let members = u64::try_from(step.value).map_err(|_| impossible())?;
                Slot::Behind(Box::new(slot), members)
            }
            _ => Slot::Word(step.word(hashes)?),
        };
        made.push(next);
    }
    let slot = made.pop().ok_or_else(impossible)?;
    if made.is_empty() { Ok(slot) } else { Err(impossible()) }
}

#[cfg(test)]
mod tests;
