//! Random storage tries, such as have embedded nodes.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, Bytes, U256},
    rlp,
};
use alloy_trie::{
    HashBuilder, Nibbles,
    proof::{ProofNodes, ProofRetainer},
};
use rand::{Rng, RngCore, rngs::StdRng, seq::IteratorRandom};

const NIBBLES: usize = 64;
const PRESENT: usize = 6;

/// A trie, and keys with what leads to them.
pub(super) struct Trie {
    pub(super) root: B256,
    /// Values in RLP, as a leaf holds them.
    pub(super) slots: BTreeMap<B256, Bytes>,
    /// Some that are there and some that are not.
    pub(super) keys: Vec<B256>,
    nodes: ProofNodes,
}

impl Trie {
    /// Keys come in families with a common beginning: where that is long, leaves and branches are embedded.
    pub(super) fn random(dice: &mut StdRng) -> Self {
        let count = [1, 2, 3, 10, 50, 300].into_iter().choose(dice).expect("not empty");
        let mut slots = BTreeMap::new();
        while slots.len() < count {
            let first = word(dice);
            let shared = if dice.random() { dice.random_range(0..NIBBLES) } else { 58 };
            for _ in 0..dice.random_range(1..=9) {
                slots.insert(sibling(first, shared, dice), value(dice));
            }
        }
        let mut keys: Vec<_> = slots.keys().copied().choose_multiple(dice, PRESENT);
        let near = keys.iter().map(|key| sibling(*key, dice.random_range(0..NIBBLES), dice));
        let near: Vec<_> = near.take(2).collect();
        keys.extend(near);
        keys.push(word(dice));

        let targets = keys.iter().map(Nibbles::unpack);
        let retainer = ProofRetainer::from_iter(targets);
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        for (key, value) in &slots {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        let root = builder.root();
        Self { root, slots, keys, nodes: builder.take_proof_nodes() }
    }

    /// All nodes on the way to one of `keys`, those that are embedded in their parents too.
    pub(super) fn way(&self, key: B256) -> Vec<Bytes> {
        let nodes = self.nodes.matching_nodes_sorted(&Nibbles::unpack(key));
        nodes.into_iter().map(|(_, node)| node).collect()
    }
}

/// A key that begins with `shared` nibbles of another.
fn sibling(of: B256, shared: usize, dice: &mut StdRng) -> B256 {
    let mut nibbles = Nibbles::unpack(of).to_vec();
    for nibble in &mut nibbles[shared..] {
        *nibble = dice.random_range(0..16);
    }
    B256::from_slice(&Nibbles::from_nibbles(nibbles).pack())
}

/// Any 32 bytes.
pub(super) fn word(dice: &mut StdRng) -> B256 {
    B256::from(dice.random::<[u8; 32]>())
}

/// Of 1 to 32 bytes, often short.
pub(super) fn value(dice: &mut StdRng) -> Bytes {
    let length = if dice.random() { 1 } else { dice.random_range(1..=32) };
    let mut bytes = vec![0; length];
    dice.fill_bytes(&mut bytes);
    if bytes[0] == 0 {
        bytes[0] = 1;
    }
    rlp::encode(U256::from_be_slice(&bytes)).into()
}
