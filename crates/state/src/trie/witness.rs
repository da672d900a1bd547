//! The nodes that somebody without the state needs to execute a block: those that lead to what it reads and writes, and
//! those that its deletions uncover.
//!
//! A branch that keeps one child is no branch any more: what is left of it is merged with that child, which nobody may
//! have read. So the last child of every branch that may shrink so far is shown too.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{HashBuilder, Nibbles, nodes::TrieNode, proof::ProofRetainer};

use super::{StateTrie, nibbles::nibble, outlook::listed};
use crate::{AccountDiff, StateDiff};

/// Accounts, and slots of each.
pub type Reads = BTreeMap<Address, BTreeSet<U256>>;

/// What is asked of one trie, by hashed key.
#[derive(Debug, Default)]
struct Wanted {
    looks: BTreeSet<B256>,
    /// Those of them that may not be there afterwards.
    removed: BTreeSet<B256>,
}

impl StateTrie {
    /// The nodes of the state after a diff, which is not applied, that it takes to read all of `reads`, to apply `next`
    /// and to find the root: each once.
    pub fn witness_with(
        &self,
        diff: &StateDiff,
        reads: &Reads,
        next: &StateDiff,
    ) -> BTreeSet<Bytes> {
        let touched: BTreeSet<&Address> = reads.keys().chain(next.accounts.keys()).collect();
        let mut accounts = Wanted::default();
        for address in &touched {
            let key = keccak256(address);
            if next.accounts.get(*address).is_some_and(|change| change.account.is_none()) {
                accounts.removed.insert(key);
            }
            accounts.looks.insert(key);
        }
        let mut nodes = shown(accounts, |builder, looks| self.feed(builder, diff, looks));
        for address in touched {
            let slots = slots(reads.get(address), next.accounts.get(address));
            if !slots.looks.is_empty() {
                let (key, change) = (keccak256(address), diff.accounts.get(address));
                nodes.append(&mut shown(slots, |builder, looks| {
                    self.feed_storage(builder, &key, change, looks);
                }));
            }
        }
        nodes
    }
}

fn slots(read: Option<&BTreeSet<U256>>, change: Option<&AccountDiff>) -> Wanted {
    let hashed = |slot: &U256| keccak256(slot.to_be_bytes::<32>());
    let mut wanted = Wanted::default();
    wanted.looks.extend(read.into_iter().flatten().map(hashed));
    for (slot, value) in change.into_iter().flat_map(|change| &change.storage) {
        let key = hashed(slot);
        wanted.looks.insert(key);
        if value.is_zero() {
            wanted.removed.insert(key);
        }
    }
    wanted
}

/// The nodes of one trie; `feed` hands it to a hash builder with the ways to some keys opened.
fn shown(mut wanted: Wanted, feed: impl Fn(&mut HashBuilder, BTreeSet<B256>)) -> BTreeSet<Bytes> {
    let build = |looks: &BTreeSet<B256>| {
        let retainer = ProofRetainer::from_iter(looks.iter().map(Nibbles::unpack));
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        feed(&mut builder, looks.clone());
        builder.root();
        builder.take_proof_nodes().into_nodes_sorted()
    };
    let mut nodes = build(&wanted.looks);
    let uncovered = uncovered(&nodes, &wanted.removed);
    if !uncovered.is_empty() {
        wanted.looks.extend(uncovered);
        nodes = build(&wanted.looks);
    }
    listed(nodes).into_iter().collect()
}

/// Keys below the children that branches are left with when all of `removed` is gone.
fn uncovered(nodes: &[(Nibbles, Bytes)], removed: &BTreeSet<B256>) -> Vec<B256> {
    let last = nodes.iter().filter_map(|(path, node)| {
        let Ok(TrieNode::Branch(branch)) = TrieNode::decode(&mut &node[..]) else { return None };
        let below = removed.range(padded(path, None)..);
        let below = below.take_while(|key| {
            (0..path.len()).all(|at| Some(nibble(key, at)) == path.get(at).map(usize::from))
        });
        let gone = below.fold(0_u16, |gone, key| gone | 1 << nibble(key, path.len()));
        let left = branch.state_mask.get() & !gone;
        (gone != 0 && left.is_power_of_two()).then(|| padded(path, Some(left.trailing_zeros())))
    });
    last.collect()
}

/// The lowest key that begins with a path, and then with a nibble.
fn padded(path: &Nibbles, then: Option<u32>) -> B256 {
    let mut key = B256::ZERO;
    let nibbles = path.iter().chain(then.and_then(|nibble| u8::try_from(nibble).ok()));
    for (at, nibble) in nibbles.enumerate() {
        key[at / 2] |= if at.is_multiple_of(2) { nibble << 4 } else { nibble };
    }
    key
}
