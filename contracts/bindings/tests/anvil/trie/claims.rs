//! Claims that a trie holds a value, with proofs that are good, and with others.

use alloy::primitives::{B256, Bytes, keccak256};
use rand::{Rng, rngs::StdRng};

use super::{
    NODE_BYTES_EMBEDDED_MAX,
    tries::{Trie, value, word},
};

/// Damages of each kind per key.
const ROUNDS: usize = 3;

/// That the trie with this root holds a value.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) root: B256,
    pub(super) key: B256,
    pub(super) value: Bytes,
    pub(super) proof: Vec<Bytes>,
}

/// Claims about each of the trie's chosen keys.
pub(super) fn about(trie: &Trie, dice: &mut StdRng) -> Vec<Claim> {
    let mut claims = Vec::new();
    for key in &trie.keys {
        let way = trie.way(*key);
        let is_embedded = |node: &Bytes| node.len() <= NODE_BYTES_EMBEDDED_MAX;
        let proof: Vec<_> = way.iter().filter(|node| !is_embedded(node)).cloned().collect();
        // What is not there is claimed all the same, with a value that is there.
        let other = trie.slots.values().next().expect("no trie is empty");
        let held = trie.slots.get(key).unwrap_or(other).clone();
        let good = Claim { root: trie.root, key: *key, value: held, proof };

        claims.push(Claim { value: value(dice), ..good.clone() });
        claims.push(Claim { value: Bytes::new(), ..good.clone() });
        claims
            .push(Claim { key: trie.keys[dice.random_range(0..trie.keys.len())], ..good.clone() });
        claims.push(Claim { root: word(dice), ..good.clone() });
        claims.push(Claim { proof: Vec::new(), ..good.clone() });
        for copies in good.proof.len()..=way.len() {
            // Some of the copies, and all of them.
            let proof = way[..copies].to_vec();
            claims.push(Claim { proof, ..good.clone() });
        }
        let with_copies = Claim { proof: way, ..good.clone() };
        for _ in 0..ROUNDS {
            damaged(&good, dice, &mut claims);
            damaged(&with_copies, dice, &mut claims);
        }
        claims.push(good);
    }
    claims
}

/// One of each kind of damage, and those within a node also with hashes that fit.
fn damaged(good: &Claim, dice: &mut StdRng, claims: &mut Vec<Claim>) {
    let count = good.proof.len();
    let (one, other) = (dice.random_range(0..count), dice.random_range(0..count));
    let mut change = |change: &dyn Fn(&mut Vec<Bytes>)| {
        let mut proof = good.proof.clone();
        change(&mut proof);
        claims.push(Claim { proof, ..good.clone() });
    };
    change(&|proof| proof.swap(one, other));
    change(&|proof| proof.insert(other, good.proof[one].clone()));
    change(&|proof| proof.push(good.proof[one].clone()));
    change(&|proof| proof.push(Bytes::from_static(&[0x80])));
    change(&|proof| drop(proof.remove(one)));
    change(&|proof| drop(proof.pop()));

    let node = &good.proof[one];
    let mut flipped = node.to_vec();
    flipped[dice.random_range(0..node.len())] ^= 1 << dice.random_range(0..8);
    let mut longer = node.to_vec();
    longer.push(dice.random());
    let shorter = node[..dice.random_range(0..node.len())].to_vec();
    let mut nodes = vec![flipped, longer, shorter];
    nodes.extend(non_canonical(node, dice));
    for changed in nodes {
        let mut proof = good.proof.clone();
        proof[one] = changed.into();
        claims.push(Claim { proof: proof.clone(), ..good.clone() });
        let root = rehash(&good.proof, &mut proof, one);
        claims.push(Claim { root, proof, ..good.clone() });
    }
}

/// The same node, of which the list's head or one byte of its content is not written as it must be.
fn non_canonical(node: &[u8], dice: &mut StdRng) -> Vec<Vec<u8>> {
    let (head, length) = match node[0] {
        first @ 0xc0..=0xf7 => (1, u16::from(first - 0xc0)),
        0xf8 => (2, u16::from(node[1])),
        0xf9 => (3, u16::from_be_bytes([node[1], node[2]])),
        first => panic!("no node begins with {first}"),
    };
    let content = &node[head..];
    let with_head = |length: u16, content: &[u8]| {
        let [high, low] = length.to_be_bytes();
        [&[0xf9, high, low][..], content].concat()
    };
    let mut padded = vec![0xfa, 0];
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(content);
    // A byte that stands for itself, with a length before it.
    let at = dice.random_range(0..content.len());
    let wrapped = [&content[..at], &[0x81], &content[at..]].concat();
    vec![with_head(length, content), padded, with_head(length + 1, &wrapped)]
}

/// Makes the hashes above a changed node fit again, as far as they are found, and gives the root's.
fn rehash(before: &[Bytes], proof: &mut [Bytes], changed: usize) -> B256 {
    for index in (1..=changed).rev() {
        let (old, new) = (keccak256(&before[index]), keccak256(&proof[index]));
        let mut parent = proof[index - 1].to_vec();
        if let Some(at) = parent.windows(32).position(|word| word == old.as_slice()) {
            parent[at..at + 32].copy_from_slice(new.as_slice());
        }
        proof[index - 1] = parent.into();
    }
    keccak256(&proof[0])
}
